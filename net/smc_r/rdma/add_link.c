// SPDX-License-Identifier: GPL-2.0
/*
 * The messages that add a link to a group, in both roles and both versions
 * (wire.md 6.3, 6.4, 6.12). The flow lock is held from the first message to
 * the last, so that no ring is confirmed meanwhile: the peer learns of those
 * that it knows by these messages, and of later ones for both links.
 */
#include "rdma.h"

#include <linux/slab.h>

#define PAIRS	2	/* in one ADD LINK CONTINUATION */

static bool is_same_port(const struct smcr_port *a, const struct smcr_port *b)
{
	return a->dev == b->dev && a->num == b->num;
}

/* wire.md 4.3 */
static bool shares_port(const struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	const struct smcr_link *other;

	smcr_for_each_link(other, group) {
		if (other == link || !READ_ONCE(other->is_up) ||
		    smcr_link_is_spare(other))
			continue;
		if (is_same_port(&other->port, &link->port) ||
		    !memcmp(other->peer_gid, link->peer_gid, SMCR_GID_LEN))
			return true;
	}
	return false;
}

static void fill(struct smcr_llc *msg, const struct smcr_link *via,
		 struct smcr_link *link, u8 mtu_code)
{
	struct smcr_llc_add_link *add = &msg->u.add_link;

	memset(add, 0, sizeof(*add));
	/* it takes over no key if it reads their number as 0 (wire.md 6.3) */
	msg->is_be = READ_ONCE(link->group->peer_is_be);
	memcpy(add->mac, link->port.mac, SMCR_MAC_LEN);
	memcpy(add->gid, link->port.gid, SMCR_GID_LEN);
	memcpy(add->target_gid, link->port.gid, SMCR_GID_LEN);
	add->qpn = link->qp->qp_num;
	add->link_num = link->num;
	add->mtu_code = mtu_code;
	add->psn = link->psn;
	add->is_direct = true;
	if (msg->version > 1)
		add->rtoken_count = smcr_buf_list_keys(via, link, add->rtoken);
}

/* what the peer said of its end */
static void adopt(struct smcr_link *via, struct smcr_link *link,
		  const struct smcr_llc_add_link *add)
{
	memcpy(link->peer_gid, add->gid, SMCR_GID_LEN);
	memcpy(link->peer_mac, add->mac, SMCR_MAC_LEN);
	link->peer_qpn = add->qpn;
	link->peer_psn = add->psn;
	link->peer_mtu = add->mtu_code;
	WRITE_ONCE(link->is_asymmetric, shares_port(link));
	smcr_rtoken_add_link(via, link, add->rtoken, add->rtoken_count);
}

static int prepare(struct smcr_link *link)
{
	int ret = smcr_link_create(link, link->group);

	return ret ?: smcr_buf_map_all(link);
}

static int ready_to_send(struct smcr_link *link)
{
	int ret = smcr_link_to_rts(link);

	return ret ?: smcr_buf_make_all_ready(link);
}

/* eyecatchers would be in the rings of the whole group (wire.md 7.3) */
static int take_confirm(struct smcr_link *link)
{
	const struct smcr_llc_confirm_link *got =
		&link->group->flow.got.u.confirm_link;

	if (!got->no_eyecatcher)
		return -EPROTO;
	memcpy(link->peer_uid, got->link_uid, sizeof(link->peer_uid));
	return 0;
}

/* -- keys in version 1 --------------------------------------------------- */

/* for all of the exchange: a peer may say that there is more, for ever */
#define KEYS_TIMEOUT	(4 * HZ)

struct keys {
	struct smcr_llc_rtoken_pair pair[SMCR_LLC_MAX_RTOKENS];
	u32 count;
	u32 next;
	unsigned long deadline;
};

static int send_cont(struct smcr_link *via, struct smcr_link *link,
		     struct keys *keys, bool is_response)
{
	struct smcr_llc *msg = smcr_llc_alloc(via->group,
					      SMCR_LLC_ADD_LINK_CONT);
	struct smcr_llc_add_link_cont *cont;
	int ret, i;

	if (!msg)
		return -ENOMEM;
	msg->is_response = is_response;
	cont = &msg->u.add_link_cont;
	cont->link_num = link->num;
	cont->remaining = keys->count - keys->next;
	for (i = 0; i < PAIRS && keys->next < keys->count; i++)
		cont->rtoken[i] = keys->pair[keys->next++];
	ret = smcr_llc_send_patiently(via, msg);
	kfree(msg);
	return ret;
}

static bool wait_cont(struct smcr_link *link, const struct keys *keys)
{
	return time_before(jiffies, keys->deadline) &&
	       smcr_llc_wait(link->group, SMCR_LLC_SERVER_TIMEOUT);
}

/* true if more of the peer's are to come */
static bool take_cont(struct smcr_link *via, struct smcr_link *link)
{
	const struct smcr_llc_add_link_cont *cont =
		&link->group->flow.got.u.add_link_cont;

	smcr_rtoken_add_link(via, link, cont->rtoken,
			     min_t(u32, cont->remaining, PAIRS));
	return cont->remaining > PAIRS;
}

static int exchange_keys_server(struct smcr_link *via, struct smcr_link *link,
				struct keys *keys)
{
	bool has_more;
	int ret;

	do {
		smcr_llc_expect(via, SMCR_LLC_ADD_LINK_CONT, true, link->num);
		ret = send_cont(via, link, keys, false);
		if (ret)
			return ret;
		if (!wait_cont(link, keys))
			return -ETIMEDOUT;
		has_more = take_cont(via, link);
	} while (has_more || keys->next < keys->count);
	return 0;
}

/* what follows the last answer may come at once */
static int exchange_keys_client(struct smcr_link *via, struct smcr_link *link,
				struct keys *keys)
{
	bool has_more;
	int ret;

	do {
		if (!wait_cont(link, keys))
			return -ETIMEDOUT;
		has_more = take_cont(via, link) ||
			   keys->count - keys->next > PAIRS;
		if (has_more)
			smcr_llc_expect(via, SMCR_LLC_ADD_LINK_CONT, false,
					link->num);
		else
			smcr_llc_expect(link, SMCR_LLC_CONFIRM_LINK, false,
					link->num);
		ret = send_cont(via, link, keys, true);
	} while (!ret && has_more);
	return ret;
}

static int exchange_keys(struct smcr_link *via, struct smcr_link *link)
{
	struct keys *keys;
	int ret;

	if (link->group->peer.version > 1)
		return 0;
	keys = kzalloc(sizeof(*keys), GFP_KERNEL);
	if (!keys)
		return -ENOMEM;
	keys->count = smcr_buf_list_keys(via, link, keys->pair);
	keys->deadline = jiffies + KEYS_TIMEOUT;
	if (link->group->role == SMCR_SERVER)
		ret = exchange_keys_server(via, link, keys);
	else
		ret = exchange_keys_client(via, link, keys);
	kfree(keys);
	return ret;
}

/* -- server -------------------------------------------------------------- */

/* as smcr_add_link_server() */
static int offer(struct smcr_link *via, struct smcr_link *link,
		 struct smcr_llc *msg)
{
	const struct smcr_llc_add_link *got = &link->group->flow.got.u.add_link;
	int ret;

	fill(msg, via, link, link->port.mtu);
	smcr_llc_expect(via, SMCR_LLC_ADD_LINK, true, link->num);
	ret = smcr_link_send_long(via, msg);
	/* what has no completion may arrive */
	if (ret)
		return ret == -EIO ? -ETIMEDOUT : -EAGAIN;
	/* the client may be about to accept it */
	if (!smcr_llc_wait(link->group, SMCR_LLC_SERVER_TIMEOUT))
		return -ETIMEDOUT;
	if (got->is_rejected)
		return -ECONNREFUSED;
	adopt(via, link, got);
	return 0;
}

static int confirm_server(struct smcr_link *link)
{
	int ret;

	smcr_llc_expect(link, SMCR_LLC_CONFIRM_LINK, true, link->num);
	if (smcr_llc_send_confirm_link(link, false) ||
	    !smcr_llc_wait(link->group, SMCR_LLC_SERVER_TIMEOUT))
		return -ETIMEDOUT;
	ret = take_confirm(link);
	if (ret)
		return ret;
	return smcr_group_put_up(link) ? 0 : -EIO;
}

/* the client has said yes, and waits: it has to be told of a failure */
static bool set_up_server(struct smcr_link *via, struct smcr_link *link)
{
	return !smcr_link_to_rtr(link) && !ready_to_send(link) &&
	       !exchange_keys(via, link) && !confirm_server(link);
}

static int add_server_locked(struct smcr_link *link, struct smcr_llc *msg)
{
	struct smcr_link *via = smcr_group_any_link(link->group);
	int ret;

	if (!link->group->has_hw || prepare(link))
		return -EAGAIN;
	ret = offer(via, link, msg);
	if (ret)
		return ret;
	return set_up_server(via, link) ? 0 : -EIO;
}

/**
 * smcr_add_link_server() - offer the client a link, and set it up
 * @link: a slot with port and number
 *
 * Context: process, sleeps; takes hw_lock and flow lock, waits for the peer.
 * Return: 0 with the link up, -ECONNREFUSED when the client does not want it,
 * -EAGAIN when it was not asked, for want of something here, or another negative
 * errno.
 */
int smcr_add_link_server(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	struct smcr_llc *msg = smcr_llc_alloc(group, SMCR_LLC_ADD_LINK);
	int ret;

	if (!msg)
		return -EAGAIN;
	down_read(&group->hw_lock);
	mutex_lock(&group->flow.lock);
	ret = add_server_locked(link, msg);
	smcr_llc_end_flow(group);
	up_read(&group->hw_lock);
	kfree(msg);
	return ret;
}

/* -- client -------------------------------------------------------------- */

static int accept(struct smcr_link *via, struct smcr_link *link,
		  struct smcr_llc *msg)
{
	u8 mtu = min(link->port.mtu, link->peer_mtu);

	fill(msg, via, link, mtu);
	msg->is_response = true;
	if (msg->version > 1)
		smcr_llc_expect(link, SMCR_LLC_CONFIRM_LINK, false, link->num);
	else
		smcr_llc_expect(via, SMCR_LLC_ADD_LINK_CONT, false, link->num);
	return smcr_link_send_long(via, msg);
}

static int confirm_client(struct smcr_link *link)
{
	int ret;

	if (!smcr_llc_wait(link->group, SMCR_LLC_LINK_TIMEOUT))
		return -ETIMEDOUT;
	ret = take_confirm(link);
	if (!ret)
		ret = ready_to_send(link);
	if (ret)
		return ret;
	/* the server may use the link as soon as it has the response */
	if (!smcr_group_put_up(link))
		return -EIO;
	if (smcr_llc_send_confirm_link(link, true))
		smcr_link_fail(link);
	return 0;
}

static int add_client_locked(struct smcr_link *via, struct smcr_link *link,
			     struct smcr_llc *msg)
{
	int ret = -ENODEV;

	if (link->group->has_hw)
		ret = prepare(link);
	if (!ret) {
		adopt(via, link, &msg->u.add_link);
		ret = smcr_link_to_rtr(link);
	}
	if (ret) {
		smcr_llc_refuse_add_link(via, msg);
		return -EAGAIN;
	}
	if (accept(via, link, msg) || exchange_keys(via, link) ||
	    confirm_client(link))
		return -EIO;
	return 0;
}

/**
 * smcr_add_link_client() - accept the server's link, and set it up
 * @via: link that the request came on
 * @link: a slot with port and number
 * @msg: the server's request; overwritten
 *
 * Context: process, sleeps; takes hw_lock and flow lock, waits for the peer.
 * Return: 0 with the link up, -EAGAIN when it was refused for want of something
 * here, or another negative errno.
 */
int smcr_add_link_client(struct smcr_link *via, struct smcr_link *link,
			 struct smcr_llc *msg)
{
	struct smcr_group *group = link->group;
	int ret;

	down_read(&group->hw_lock);
	mutex_lock(&group->flow.lock);
	ret = add_client_locked(via, link, msg);
	smcr_llc_end_flow(group);
	up_read(&group->hw_lock);
	return ret;
}
