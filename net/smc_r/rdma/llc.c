// SPDX-License-Identifier: GPL-2.0
/*
 * LLC messages of a link group (wire.md section 6).
 *
 * What the peer asks for is answered from the receive completion, over the
 * link that it came on, if the answer need not sleep; what adds a link is for
 * links.c. Of our own exchanges there is one at a time; who starts it says
 * beforehand what it waits for.
 */
#include "rdma.h"

#include <linux/delay.h>
#include <linux/slab.h>

/**
 * smcr_llc_init_flow() - initialise
 * @flow: zeroed
 */
void smcr_llc_init_flow(struct smcr_llc_flow *flow)
{
	mutex_init(&flow->queue);
	mutex_init(&flow->lock);
	init_waitqueue_head(&flow->unlocked);
	spin_lock_init(&flow->spin);
	init_completion(&flow->done);
	init_completion(&flow->test_done);
}

/**
 * smcr_llc_expect() - announce what will be waited for
 * @link: on which it will come; the group's flow lock is held, or nobody else
 *	can use the group yet
 * @type: enum smcr_llc_type
 * @is_response: wait for a response, not for a request
 * @link_num: number of the link that CONFIRM LINK, ADD LINK or ADD LINK
 *	CONTINUATION has to name; 0: any
 *
 * Context: process.
 */
void smcr_llc_expect(struct smcr_link *link, u8 type, bool is_response,
		     u8 link_num)
{
	struct smcr_llc_flow *flow = &link->group->flow;

	spin_lock_bh(&flow->spin);
	reinit_completion(&flow->done);
	flow->link = link;
	flow->type = type;
	flow->is_response = is_response;
	flow->link_num = link_num;
	flow->has_got = false;
	spin_unlock_bh(&flow->spin);
}

/**
 * smcr_llc_end_flow() - nothing is waited for any more
 * @group: its flow lock is held, and dropped
 *
 * What could not be sent gets no answer either.
 *
 * Context: process.
 */
void smcr_llc_end_flow(struct smcr_group *group)
{
	spin_lock_bh(&group->flow.spin);
	group->flow.type = 0;
	spin_unlock_bh(&group->flow.spin);
	mutex_unlock(&group->flow.lock);
	wake_up(&group->flow.unlocked);
}

/**
 * smcr_llc_wait() - wait for what was announced
 * @group: the group
 * @timeo: jiffies to wait at most
 *
 * Context: process, sleeps.
 * Return: true if the message came; it is in group->flow.got then.
 */
bool smcr_llc_wait(struct smcr_group *group, long timeo)
{
	struct smcr_llc_flow *flow = &group->flow;
	bool has_got;

	if (READ_ONCE(group->state) != SMCR_GROUP_DEAD)
		wait_for_completion_timeout(&flow->done, timeo);
	spin_lock_bh(&flow->spin);
	flow->type = 0;
	has_got = flow->has_got;
	spin_unlock_bh(&flow->spin);
	return has_got;
}

/**
 * smcr_llc_abort() - nothing will come any more
 * @group: dead
 *
 * Context: process.
 */
void smcr_llc_abort(struct smcr_group *group)
{
	/* neither before who is about to wait begins, nor in the middle of it */
	spin_lock_bh(&group->flow.spin);
	complete_all(&group->flow.done);
	complete_all(&group->flow.test_done);
	spin_unlock_bh(&group->flow.spin);
}

/**
 * smcr_llc_lose_link() - nothing will come on this link any more
 * @link: lost
 *
 * Context: any.
 */
void smcr_llc_lose_link(struct smcr_link *link)
{
	struct smcr_llc_flow *flow = &link->group->flow;

	spin_lock_bh(&flow->spin);
	if (flow->link == link)
		complete(&flow->done);
	if (flow->tested == link)
		complete(&flow->test_done);
	spin_unlock_bh(&flow->spin);
}

/* 0 is no link's number */
static bool is_about(const struct smcr_llc_flow *flow, u8 link_num)
{
	return link_num && (!flow->link_num || link_num == flow->link_num);
}

/* what is about another link or key answers another question, late or wrong */
static bool has_right_subject(const struct smcr_llc_flow *flow,
			      const struct smcr_llc *msg)
{
	switch (msg->type) {
	case SMCR_LLC_CONFIRM_LINK:
		return is_about(flow, msg->u.confirm_link.link_num);
	case SMCR_LLC_ADD_LINK:
		return is_about(flow, msg->u.add_link.link_num);
	case SMCR_LLC_ADD_LINK_CONT:
		return is_about(flow, msg->u.add_link_cont.link_num);
	case SMCR_LLC_CONFIRM_RKEY:
		return msg->u.confirm_rkey.rtoken[0].rkey == flow->rkey;
	default:
		return true;
	}
}

static bool is_awaited(const struct smcr_llc_flow *flow,
		       const struct smcr_link *link,
		       const struct smcr_llc *msg)
{
	return flow->link == link && flow->type == msg->type &&
	       flow->is_response == msg->is_response &&
	       has_right_subject(flow, msg);
}

static void deliver(struct smcr_link *link, const struct smcr_llc *msg)
{
	struct smcr_llc_flow *flow = &link->group->flow;

	spin_lock_bh(&flow->spin);
	/* duplicates and what nobody waits for is dropped (wire.md 6.11) */
	if (is_awaited(flow, link, msg)) {
		flow->got = *msg;
		flow->has_got = true;
		flow->type = 0;
		complete(&flow->done);
	}
	spin_unlock_bh(&flow->spin);
}

static void end_test(struct smcr_link *link)
{
	struct smcr_llc_flow *flow = &link->group->flow;

	spin_lock_bh(&flow->spin);
	if (flow->tested == link) {
		flow->tested = NULL;
		complete(&flow->test_done);
	}
	spin_unlock_bh(&flow->spin);
}

static void respond(struct smcr_link *link, struct smcr_llc *msg)
{
	msg->is_response = true;
	smcr_link_send_llc(link, msg);
}

static void answer_confirm_rkey(struct smcr_link *link, struct smcr_llc *msg)
{
	bool is_noted = smcr_rtoken_confirm(link, &msg->u.confirm_rkey);

	msg->u.confirm_rkey.is_negative = !is_noted;
	msg->u.confirm_rkey.is_retry = !is_noted;
	respond(link, msg);
}

/* keys that are not known are told by a mask in version 1, else by number */
static void answer_delete_rkey(struct smcr_link *link, struct smcr_llc *msg)
{
	struct smcr_llc_delete_rkey *del = &msg->u.delete_rkey;
	int i;

	del->error_mask = 0;
	for (i = 0; i < del->count; i++)
		if (!smcr_rtoken_delete(link, del->rkey[i]))
			del->error_mask += msg->version > 1 ? 1 : 0x80 >> i;
	del->is_negative = del->error_mask;
	/* the keys are not echoed in version 2, so that 44 bytes do */
	if (msg->version > 1)
		memset(del->rkey, 0, sizeof(del->rkey));
	respond(link, msg);
}

/**
 * smcr_llc_refuse_add_link() - there is no second path (wire.md 6.3)
 * @link: for the answer
 * @msg: the server's request; overwritten
 *
 * Context: any.
 */
void smcr_llc_refuse_add_link(struct smcr_link *link, struct smcr_llc *msg)
{
	msg->u.add_link.is_rejected = true;
	msg->u.add_link.reject_reason = SMCR_LLC_REJECT_NO_ALT_PATH;
	msg->u.add_link.rtoken_count = 0;
	respond(link, msg);
}

/* from the client, a hint that it has got another port */
static void on_add_link(struct smcr_link *link, struct smcr_llc *msg)
{
	if (link->group->role == SMCR_SERVER)
		smcr_group_want_link(link->group);
	else if (!msg->u.add_link.mtu_code || !msg->u.add_link.link_num ||
		 msg->version != link->group->peer.version)
		smcr_llc_refuse_add_link(link, msg);
	else
		smcr_group_note_add_req(link, msg);
}

/* the answer is ADD LINK, if there is a port for it */
static void on_req_add_link(struct smcr_link *link, const struct smcr_llc *msg)
{
	const struct smcr_llc_req_add_link *req = &msg->u.req_add_link;

	if (link->group->role != SMCR_SERVER)
		return;
	smcr_group_note_peer_gids(link->group, req->gid, req->gid_count, true);
	smcr_group_want_link(link->group);
}

/*
 * A server repeats what its client asks for, as it is the one to delete; a
 * client answers, but not if all links go (wire.md 6.12).
 */
static void repeat_or_respond(struct smcr_link *link, struct smcr_llc *msg,
			      enum smcr_llc_reason reason)
{
	if (link->group->role == SMCR_SERVER) {
		smcr_link_send_llc(link, msg);
		return;
	}
	if (msg->u.delete_link.is_all)
		return;
	msg->u.delete_link.reason = reason;
	respond(link, msg);
}

static void answer_delete_link(struct smcr_link *link, struct smcr_llc *msg)
{
	struct smcr_llc_delete_link *del = &msg->u.delete_link;
	struct smcr_group *group = link->group;
	struct smcr_link *lost;

	/* both sides may say so at a time, and once more */
	if (READ_ONCE(group->state) == SMCR_GROUP_DEAD)
		return;
	lost = smcr_group_find_link(group, del->link_num);
	if (del->is_all) {
		del->is_orderly = true;
		repeat_or_respond(link, msg, SMCR_LLC_REASON_OK);
		smcr_group_kill(group, SMCR_LLC_REASON_PROGRAM);
	} else if (lost) {
		repeat_or_respond(link, msg, SMCR_LLC_REASON_OK);
		smcr_group_lose_link(lost, SMCR_LLC_REASON_LOST_PATH, true);
	} else if (group->role == SMCR_CLIENT) {
		repeat_or_respond(link, msg, SMCR_LLC_REASON_UNKNOWN_LINK);
	}
}

static void on_request(struct smcr_link *link, struct smcr_llc *msg)
{
	switch (msg->type) {
	case SMCR_LLC_CONFIRM_LINK:
	case SMCR_LLC_ADD_LINK_CONT:
		deliver(link, msg);
		break;
	case SMCR_LLC_ADD_LINK:
		on_add_link(link, msg);
		break;
	case SMCR_LLC_DELETE_LINK:
		answer_delete_link(link, msg);
		break;
	case SMCR_LLC_REQ_ADD_LINK:
		on_req_add_link(link, msg);
		break;
	case SMCR_LLC_CONFIRM_RKEY:
		answer_confirm_rkey(link, msg);
		break;
	case SMCR_LLC_DELETE_RKEY:
		answer_delete_rkey(link, msg);
		break;
	case SMCR_LLC_TEST_LINK:
		respond(link, msg);
		break;
	default:
		break;
	}
}

/**
 * smcr_llc_rx() - an LLC message came
 * @link: on which it came
 * @buf: the message
 * @len: its length in bytes, from the completion
 *
 * Context: softirq, from the receive completion queue of the link.
 */
void smcr_llc_rx(struct smcr_link *link, const u8 *buf, u32 len)
{
	struct smcr_llc *msg = link->rx_llc;

	if (smcr_llc_decode(buf, len, msg))
		return;
	if (msg->is_be)
		WRITE_ONCE(link->group->peer_is_be, true);
	if (!msg->is_response)
		on_request(link, msg);
	else if (msg->type == SMCR_LLC_TEST_LINK)
		end_test(link);
	else
		deliver(link, msg);
}

/**
 * smcr_llc_alloc() - an empty message, which is too large for the stack
 * @group: for its version
 * @type: of the message
 *
 * Context: process.
 * Return: the message, freed by kfree(), or NULL.
 */
struct smcr_llc *smcr_llc_alloc(const struct smcr_group *group,
				enum smcr_llc_type type)
{
	struct smcr_llc *msg = kzalloc(sizeof(*msg), GFP_KERNEL);

	if (!msg)
		return NULL;
	msg->version = group->peer.version;
	msg->type = type;
	return msg;
}

/**
 * smcr_llc_send_confirm_link() - CONFIRM LINK (wire.md 6.2)
 * @link: the link that is to be confirmed
 * @is_response: answer the server's request
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int smcr_llc_send_confirm_link(struct smcr_link *link, bool is_response)
{
	const struct smcr_group *group = link->group;
	struct smcr_llc *msg = smcr_llc_alloc(group, SMCR_LLC_CONFIRM_LINK);
	struct smcr_llc_confirm_link *cl;
	int ret;

	if (!msg)
		return -ENOMEM;
	msg->is_response = is_response;
	cl = &msg->u.confirm_link;
	memcpy(cl->mac, link->port.mac, SMCR_MAC_LEN);
	memcpy(cl->gid, link->port.gid, SMCR_GID_LEN);
	cl->qpn = link->qp->qp_num;
	cl->link_num = link->num;
	memcpy(cl->link_uid, link->uid, sizeof(cl->link_uid));
	cl->max_links = group->release ? group->max_links : 2;
	cl->max_conns = group->release ? group->max_conns : 0;
	cl->no_eyecatcher = true;
	ret = smcr_link_send_llc(link, msg);
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_add_no_link() - the ADD LINK that a client waits for
 * @link: its first contact is over; server
 *
 * A client that was granted two links waits for this message, for 3 s if need
 * be (wire.md 6.10), and we have no second path. An MTU code of 0 makes
 * clients refuse (6.3); whatever they answer changes nothing.
 *
 * Context: process.
 */
void smcr_llc_add_no_link(struct smcr_link *link)
{
	struct smcr_llc *msg = smcr_llc_alloc(link->group, SMCR_LLC_ADD_LINK);
	struct smcr_llc_add_link *add;

	if (!msg)
		return;
	add = &msg->u.add_link;
	memcpy(add->mac, link->port.mac, SMCR_MAC_LEN);
	memcpy(add->gid, link->port.gid, SMCR_GID_LEN);
	memcpy(add->target_gid, link->port.gid, SMCR_GID_LEN);
	add->link_num = link->num + 1;
	add->is_direct = true;
	smcr_link_send_llc(link, msg);
	kfree(msg);
}

/**
 * smcr_llc_decline_req_add_link() - the server has no port for another link
 * @link: for the answer
 *
 * Context: process.
 */
void smcr_llc_decline_req_add_link(struct smcr_link *link)
{
	struct smcr_llc *msg = smcr_llc_alloc(link->group,
					      SMCR_LLC_REQ_ADD_LINK);

	if (!msg)
		return;
	respond(link, msg);
	kfree(msg);
}

/**
 * smcr_llc_req_add_link() - tell the server that there is another port
 * @link: for the message; client
 * @gid: of the port
 *
 * REQUEST ADD LINK, in version 1 an ADD LINK without content (wire.md 6.6).
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int smcr_llc_req_add_link(struct smcr_link *link, const u8 gid[SMCR_GID_LEN])
{
	bool is_v1 = link->group->peer.version < 2;
	struct smcr_llc *msg = smcr_llc_alloc(link->group,
					      is_v1 ? SMCR_LLC_ADD_LINK :
						      SMCR_LLC_REQ_ADD_LINK);
	struct smcr_llc_req_add_link *req;
	int ret;

	if (!msg)
		return -ENOMEM;
	if (is_v1) {
		memcpy(msg->u.add_link.mac, link->port.mac, SMCR_MAC_LEN);
		memcpy(msg->u.add_link.gid, gid, SMCR_GID_LEN);
	} else {
		req = &msg->u.req_add_link;
		req->gid_count = 2;
		memcpy(req->gid[0], gid, SMCR_GID_LEN);
		memcpy(req->gid[1], link->port.gid, SMCR_GID_LEN);
	}
	ret = smcr_link_send_long(link, msg);
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_send_patiently() - send a message
 * @link: the link
 * @msg: the message
 *
 * The send queue may be full of data for a moment.
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno, see smcr_link_send_llc().
 */
int smcr_llc_send_patiently(struct smcr_link *link, const struct smcr_llc *msg)
{
	int tries = SMCR_LINK_FULL_TRIES;
	int ret;

	while ((ret = smcr_link_send_llc(link, msg)) == -EAGAIN && --tries)
		usleep_range(1000, 2000);
	return ret;
}

/* -- exchanges of keys --------------------------------------------------- */

/* the ring's key on the link that carries the message, then on others */
static void fill_confirm_rkey(const struct smcr_link *via,
			      const struct smcr_buf *buf,
			      struct smcr_llc_confirm_rkey *cr)
{
	const struct smcr_buf_map *map = &buf->map[via->slot];
	struct smcr_group *group = via->group;
	struct smcr_link *link;

	cr->rtoken[0].rkey = map->mr->rkey;
	cr->rtoken[0].vaddr = map->mr->iova;
	cr->count = 1;
	smcr_for_each_link(link, group) {
		map = &buf->map[link->slot];
		if (link == via || !READ_ONCE(link->is_up) || !map->is_ready)
			continue;
		cr->rtoken[cr->count].link_num = link->num;
		cr->rtoken[cr->count].rkey = map->mr->rkey;
		cr->rtoken[cr->count].vaddr = map->mr->iova;
		cr->count++;
	}
	cr->announced = cr->count - 1;
}

static void fill_delete_rkey(const struct smcr_link *via,
			     const struct smcr_buf *buf,
			     struct smcr_llc_delete_rkey *del)
{
	del->count = 1;
	del->rkey[0] = buf->map[via->slot].mr->rkey;
}

/* a link on which the peer may know the ring */
static struct smcr_link *link_for(struct smcr_group *group,
				  const struct smcr_buf *buf)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up) && buf->map[link->slot].is_ready)
			return link;
	return NULL;
}

static bool is_registered(const struct smcr_buf *buf)
{
	int i;

	for (i = 0; i < SMCR_GROUP_LINKS; i++)
		if (READ_ONCE(buf->map[i].is_ready))
			return true;
	return false;
}

static int ask_locked(struct smcr_link *via, const struct smcr_llc *msg,
		      u32 rkey)
{
	struct smcr_llc_flow *flow = &via->group->flow;
	int ret;

	lockdep_assert_held(&flow->lock);
	spin_lock_bh(&flow->spin);
	flow->rkey = rkey;
	spin_unlock_bh(&flow->spin);
	smcr_llc_expect(via, msg->type, true, 0);
	/* lost before that, it would not end the wait */
	if (!READ_ONCE(via->is_up))
		return -EIO;
	ret = smcr_llc_send_patiently(via, msg);
	if (ret)
		return ret;
	if (!smcr_llc_wait(via->group, SMCR_LLC_RKEY_TIMEOUT))
		return -ETIMEDOUT;
	if (msg->type == SMCR_LLC_CONFIRM_RKEY)
		return flow->got.u.confirm_rkey.is_negative ? -EPROTO : 0;
	return flow->got.u.delete_rkey.is_negative ? -EPROTO : 0;
}

/* again over another link if the first one is lost meanwhile */
static int ask_over_a_link_locked(struct smcr_group *group,
				  struct smcr_llc *msg,
				  const struct smcr_buf *buf)
{
	struct smcr_link *via;
	int ret;

	do {
		via = link_for(group, buf);
		if (!via)
			return -EIO;
		if (msg->type == SMCR_LLC_CONFIRM_RKEY)
			fill_confirm_rkey(via, buf, &msg->u.confirm_rkey);
		else
			fill_delete_rkey(via, buf, &msg->u.delete_rkey);
		ret = ask_locked(via, msg, buf->map[via->slot].mr->rkey);
	} while (ret && !READ_ONCE(via->is_up));
	return ret;
}

/*
 * The exchange for a second link holds the lock, for long when the peer does not
 * answer.
 */
static bool lock_until(struct smcr_llc_flow *flow, unsigned long deadline)
{
	long left = deadline - jiffies;

	return wait_event_timeout(flow->unlocked, mutex_trylock(&flow->lock),
				  max(left, 0L));
}

static int take_turn(struct smcr_llc_flow *flow, u32 misses,
		     unsigned long deadline)
{
	/* those before us may each have waited for a slow answer */
	mutex_lock(&flow->queue);
	if (flow->misses == misses && time_before(jiffies, deadline) &&
	    lock_until(flow, deadline))
		return 0;
	mutex_unlock(&flow->queue);
	return -EIO;
}

/*
 * One at a time (wire.md 6.11). When the peer does not answer a CONFIRM RKEY,
 * those who wait for their turn would only find out the same, one after another:
 * they fail with it. Returns -EPROTO if it refuses, -ETIMEDOUT if it does not
 * answer.
 */
static int exchange_rkey(struct smcr_group *group, struct smcr_buf *buf,
			 enum smcr_llc_type type, unsigned long deadline)
{
	struct smcr_llc_flow *flow = &group->flow;
	struct smcr_llc *msg = smcr_llc_alloc(group, type);
	u32 misses = READ_ONCE(flow->misses);
	int ret;

	if (!msg)
		return -ENOMEM;
	ret = take_turn(flow, misses, deadline);
	if (ret)
		goto free;
	/* a link may have come since the ring was made ready */
	if (type == SMCR_LLC_CONFIRM_RKEY)
		smcr_buf_make_ready_everywhere(group, buf);
	ret = ask_over_a_link_locked(group, msg, buf);
	if (ret == -ETIMEDOUT && type == SMCR_LLC_CONFIRM_RKEY)
		WRITE_ONCE(flow->misses, misses + 1);
	WRITE_ONCE(buf->is_known, !ret && type == SMCR_LLC_CONFIRM_RKEY);
	smcr_llc_end_flow(group);
	mutex_unlock(&flow->queue);
free:
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_confirm_rkey() - tell the peer about a ring (wire.md 6.7)
 * @group: active
 * @buf: receive ring, ready on at least one link
 * @deadline: jiffies until which to wait for the turn
 *
 * Context: process, sleeps; takes the flow lock.
 * Return: 0, -EPROTO when the peer refuses, or what else went wrong.
 */
int smcr_llc_confirm_rkey(struct smcr_group *group, struct smcr_buf *buf,
			  unsigned long deadline)
{
	if (READ_ONCE(buf->is_known))
		return 0;
	return exchange_rkey(group, buf, SMCR_LLC_CONFIRM_RKEY, deadline);
}

/**
 * smcr_llc_delete_rkey() - tell the peer that a ring goes (wire.md 6.8)
 * @group: active
 * @buf: receive ring that no connection uses
 *
 * A peer that does not know the ring has nothing to forget.
 *
 * Context: process, sleeps; takes the flow lock.
 * Return: 0, -ETIMEDOUT when the peer does not answer; another negative errno
 * when it was not told.
 */
int smcr_llc_delete_rkey(struct smcr_group *group, struct smcr_buf *buf)
{
	int ret;

	/* one that it knows of a link that is gone may just be made ready again */
	if (!READ_ONCE(buf->is_known) && !is_registered(buf))
		return 0;
	ret = exchange_rkey(group, buf, SMCR_LLC_DELETE_RKEY,
			    jiffies + SMCR_LLC_TRIM_TIMEOUT);
	return ret == -EPROTO ? 0 : ret;
}

static void expect_test(struct smcr_link *link)
{
	struct smcr_llc_flow *flow = &link->group->flow;

	spin_lock_bh(&flow->spin);
	reinit_completion(&flow->test_done);
	flow->tested = link;
	spin_unlock_bh(&flow->spin);
}

static bool wait_for_test(struct smcr_group *group, long timeo)
{
	struct smcr_llc_flow *flow = &group->flow;
	bool is_answered;

	if (READ_ONCE(group->state) != SMCR_GROUP_DEAD)
		wait_for_completion_timeout(&flow->test_done, timeo);
	spin_lock_bh(&flow->spin);
	is_answered = !flow->tested;
	flow->tested = NULL;
	spin_unlock_bh(&flow->spin);
	return is_answered;
}

/**
 * smcr_llc_test_link() - is the peer still there? (wire.md 6.9)
 * @link: up
 * @timeo: jiffies to wait for the answer
 *
 * No exchange waits for it, nor it for one (wire.md 6.11).
 *
 * Context: process, sleeps; test_work of the group only.
 * Return: 0, -EIO when there is no answer, -EAGAIN when there was no room for
 * the question.
 */
int smcr_llc_test_link(struct smcr_link *link, long timeo)
{
	struct smcr_group *group = link->group;
	struct smcr_llc *msg = smcr_llc_alloc(group, SMCR_LLC_TEST_LINK);
	int ret;

	/* that says nothing of the peer */
	if (!msg)
		return 0;
	expect_test(link);
	ret = smcr_llc_send_patiently(link, msg);
	if (!ret && !wait_for_test(group, timeo))
		ret = -EIO;
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_flush() - wait until all that was sent before has arrived
 * @group: active
 *
 * A TEST LINK on each link, whose answer nobody waits for: requests complete
 * in order.
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, or -EIO.
 */
int smcr_llc_flush(struct smcr_group *group)
{
	static const long patience = HZ / 2;
	struct smcr_llc *msg = smcr_llc_alloc(group, SMCR_LLC_TEST_LINK);
	struct smcr_link *link;
	int ret = 0;

	if (!msg)
		return -ENOMEM;
	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up))
			ret = smcr_link_send_llc_wait(link, msg, patience) ?:
			      ret;
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_send_delete_link() - tell the peer that a link is lost
 * @group: active; has another link
 * @num: number of the lost one
 * @reason: for the message (wire.md 6.5)
 *
 * Nobody waits for an answer: the link is not used any more.
 *
 * Context: process, sleeps.
 */
void smcr_llc_send_delete_link(struct smcr_group *group, u8 num,
			       enum smcr_llc_reason reason)
{
	struct smcr_llc *msg = smcr_llc_alloc(group, SMCR_LLC_DELETE_LINK);

	if (!msg)
		return;
	msg->u.delete_link.link_num = num;
	msg->u.delete_link.is_orderly = true;
	msg->u.delete_link.reason = reason;
	smcr_llc_send_patiently(smcr_group_any_link(group), msg);
	kfree(msg);
}

/**
 * smcr_llc_send_delete_all() - tell the peer that the group ends
 * @group: dying; its links may be closed already
 * @reason: for the message (wire.md 6.5)
 *
 * Waits a little until the message has left: the queue pair goes next.
 *
 * Context: process, sleeps.
 */
void smcr_llc_send_delete_all(struct smcr_group *group,
			      enum smcr_llc_reason reason)
{
	/* there may be much data before it; who is lost gets less time */
	long patience = reason == SMCR_LLC_REASON_LOST_PATH ? HZ / 2 : 2 * HZ;
	struct smcr_llc *msg = smcr_llc_alloc(group, SMCR_LLC_DELETE_LINK);

	if (!msg)
		return;
	msg->u.delete_link.is_all = true;
	msg->u.delete_link.is_orderly = group->is_idle;
	msg->u.delete_link.reason = reason;
	smcr_link_send_llc_wait(smcr_group_any_link(group), msg, patience);
	kfree(msg);
}
