// SPDX-License-Identifier: GPL-2.0
/*
 * The links of a group: lost ones are taken down, and where a second path
 * exists, a second one is added (wire.md 6.3, 6.12). All of it is done by one
 * work item for each group; add_link.c has the exchange of messages.
 *
 * The server adds links. It tries when the group is new, when a link was lost,
 * when a port came, some time after it has failed, and when the client asks for
 * it, which a client does when it has got another port, and some time after it
 * had no memory for its end of a link.
 */
#include "rdma.h"

/* -- losing -------------------------------------------------------------- */

static struct smcr_link *find_lost(struct smcr_group *group)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (READ_ONCE(link->port.dev) && READ_ONCE(link->is_lost))
			return link;
	return NULL;
}

/* nobody uses the hardware any more, and the number means nothing */
static void free_link(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	struct smcr_dev *dev = link->port.dev;

	down_write(&group->hw_lock);
	WRITE_ONCE(link->num, 0);
	if (link->has_hw)
		smcr_link_destroy(link);
	smcr_rtoken_forget_link(link);
	smcr_group_free_link(link);
	up_write(&group->hw_lock);
	smcr_dev_put(dev);
}

static void take_down(struct smcr_link *link)
{
	smcr_failover(link);
	if (!READ_ONCE(link->is_told))
		smcr_llc_send_delete_link(link->group, link->num,
					  link->lost_reason);
	free_link(link);
}

/* -- which port ---------------------------------------------------------- */

static bool is_peer_gid_used(const struct smcr_group *group, const u8 *gid)
{
	const struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up) && !smcr_link_is_spare(link) &&
		    !memcmp(link->peer_gid, gid, SMCR_GID_LEN))
			return true;
	return false;
}

static struct smcr_link *find_spare(struct smcr_group *group)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (smcr_link_is_spare(link))
			return link;
	return NULL;
}

/* two that are independent of each other are enough */
static bool is_complete(struct smcr_group *group)
{
	return group->max_links < 2 || READ_ONCE(group->links_up) > 2 ||
	       (READ_ONCE(group->links_up) > 1 && !find_spare(group));
}

static int take_port_of(struct smcr_link *link, struct smcr_port *port)
{
	*port = link->port;
	smcr_dev_get(port->dev);
	return 0;
}

/*
 * Best is a port of ours and one of the client's that are both not in use; what
 * only a spare link uses may be taken, as that one goes then. In version 1 the
 * client's are not known: it will tell.
 */
static int choose_as_server(struct smcr_group *group, struct smcr_port *port)
{
	struct smcr_link *via = smcr_group_any_link(group);
	bool has_two = READ_ONCE(group->links_up) > 1;
	u8 gid[SMCR_CLC_MAX_GIDS][SMCR_GID_LEN];
	u8 count, i;

	if (via->route.has_gateway)
		return -ENODEV;
	if (group->peer.version < 2) {
		if (!smcr_port_find_alt(group, NULL, port))
			return 0;
		return has_two ? -ENODEV : take_port_of(via, port);
	}
	count = smcr_group_get_peer_gids(group, gid);
	for (i = 0; i < count; i++)
		if (!is_peer_gid_used(group, gid[i]) &&
		    !smcr_port_find_alt(group, gid[i], port))
			return 0;
	if (has_two)
		return -ENODEV;
	for (i = 0; i < count; i++)
		if (!smcr_port_find_alt(group, gid[i], port))
			return 0;
	for (i = 0; i < count; i++)
		if (!is_peer_gid_used(group, gid[i]) &&
		    smcr_port_reaches(&via->port, gid[i]))
			return take_port_of(via, port);
	return -ENODEV;
}

/* as above, for a port that the server has chosen */
static int choose_as_client(struct smcr_group *group,
			    const struct smcr_llc_add_link *add,
			    struct smcr_port *port)
{
	struct smcr_link *via = smcr_group_any_link(group);
	bool is_used = is_peer_gid_used(group, add->gid);

	if (is_complete(group) || via->route.has_gateway)
		return -ENODEV;
	if (READ_ONCE(group->links_up) > 1)
		return is_used ? -ENODEV :
				 smcr_port_find_alt(group, add->gid, port);
	if (!smcr_port_find_alt(group, add->gid, port))
		return 0;
	if (is_used || !smcr_port_reaches(&via->port, add->gid))
		return -ENODEV;
	return take_port_of(via, port);
}

/* -- adding -------------------------------------------------------------- */

/* whoever set up the link failed, or it was lost meanwhile */
static void give_up(struct smcr_link *link, bool peer_knows)
{
	u8 num = link->num;

	smcr_link_close(link);
	if (peer_knows)
		smcr_llc_send_delete_link(link->group, num,
					  SMCR_LLC_REASON_LOST_PATH);
	free_link(link);
}

/*
 * Rings that were made during the exchange are not mapped yet; those that are
 * made from now on are mapped for this link as well.
 */
static void complete_link(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	int ret;

	down_read(&group->hw_lock);
	mutex_lock(&group->flow.lock);
	ret = group->has_hw ? smcr_buf_make_all_ready(link) : 0;
	smcr_llc_end_flow(group);
	up_read(&group->hw_lock);
	if (ret)
		smcr_link_fail(link);
}

static void drop_spare(struct smcr_group *group)
{
	struct smcr_link *link = find_spare(group);

	if (link && group->role == SMCR_SERVER &&
	    READ_ONCE(group->links_up) > 2)
		smcr_group_lose_link(link, SMCR_LLC_REASON_NO_ASYM, false);
}

/* a slot with a port, if there is one that is worth an attempt */
static struct smcr_link *begin_as_server(struct smcr_group *group)
{
	struct smcr_link *link;
	struct smcr_port port;

	if (is_complete(group) || choose_as_server(group, &port))
		return NULL;
	link = smcr_group_take_slot(group, &port, 0);
	smcr_dev_put(port.dev);
	return link;
}

/* a client that was granted two links waits for the first offer */
static void offer_nothing(struct smcr_group *group, bool is_asked)
{
	struct smcr_link *via = smcr_group_any_link(group);

	if (is_asked)
		smcr_llc_decline_req_add_link(via);
	else if (!group->was_offered && group->max_links > 1)
		smcr_llc_add_no_link(via);
}

static void add_as_server(struct smcr_group *group, bool is_asked)
{
	struct smcr_link *link = begin_as_server(group);
	int ret;

	if (!link)
		offer_nothing(group, is_asked);
	group->was_offered = true;
	if (!link)
		return;
	ret = smcr_add_link_server(link);
	if (ret) {
		give_up(link, ret != -ECONNREFUSED && ret != -EAGAIN);
		/* a client that does not want one will ask when it does */
		if (ret != -ECONNREFUSED)
			smcr_group_retry_link(group);
		return;
	}
	smcr_group_end_retries(group);
	complete_link(link);
	drop_spare(group);
}

static void ask_as_client(struct smcr_group *group)
{
	struct smcr_port port;

	if (is_complete(group))
		return;
	/* what was refused may have used the same port of ours */
	if (smcr_port_find_alt(group, NULL, &port) &&
	    (!group->has_refused ||
	     take_port_of(smcr_group_any_link(group), &port)))
		return;
	smcr_dev_put(port.dev);
	if (smcr_llc_req_add_link(smcr_group_any_link(group), port.gid))
		smcr_group_retry_link(group);
}

static void add_as_client(struct smcr_link *via, struct smcr_link *link,
			  struct smcr_llc *req)
{
	struct smcr_group *group = link->group;
	int ret = smcr_add_link_client(via, link, req);

	group->has_refused = ret == -EAGAIN;
	if (ret) {
		give_up(link, false);
		/* a server that was refused waits until it is asked */
		if (ret == -EAGAIN)
			smcr_group_retry_link(group);
		return;
	}
	smcr_group_end_retries(group);
	complete_link(link);
}

static void answer_server(struct smcr_link *via, struct smcr_llc *req)
{
	struct smcr_group *group = via->group;
	struct smcr_link *link = NULL;
	struct smcr_port port;

	if (!choose_as_client(group, &req->u.add_link, &port)) {
		link = smcr_group_take_slot(group, &port,
					    req->u.add_link.link_num);
		smcr_dev_put(port.dev);
	}
	if (link)
		add_as_client(via, link, req);
	else
		smcr_llc_refuse_add_link(via, req);
}

/* a peer that asks for more gets no more of it */
static void pause_adding(struct smcr_group *group)
{
	group->next_add = jiffies + SMCR_LINK_ADD_PAUSE;
}

/**
 * smcr_links_work() - bring the links of a group into order
 * @work: link_work of the group
 *
 * Context: process, sleeps; waits for the peer for a bounded time.
 */
void smcr_links_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(to_delayed_work(work),
						struct smcr_group, link_work);
	struct smcr_llc *req = &group->work_llc;
	struct smcr_link *link;
	bool is_asked;

	while (READ_ONCE(group->state) == SMCR_GROUP_ACTIVE &&
	       (link = find_lost(group)))
		take_down(link);
	if (READ_ONCE(group->state) != SMCR_GROUP_ACTIVE ||
	    !smcr_group_may_add(group))
		return;
	link = smcr_group_take_add_req(group, req);
	if (link) {
		answer_server(link, req);
		pause_adding(group);
	}
	if (!smcr_group_take_wish(group, &is_asked))
		return;
	if (group->role == SMCR_SERVER) {
		add_as_server(group, is_asked);
		pause_adding(group);
	} else {
		ask_as_client(group);
	}
}
