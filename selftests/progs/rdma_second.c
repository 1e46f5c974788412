// SPDX-License-Identifier: GPL-2.0
/* rdmapeer: a second link of the group. */
#include "rdma_play.h"

#include <string.h>

#include "llc.h"
#include "rdma_message.h"

/* in ADD LINK: wire.md 6.3 */
static void describe(const struct rdma_link *link, uint8_t *msg)
{
	memcpy(msg + 12, link->dev->gid, SMCR_GID_LEN);
	smcr_store_be24(msg + 28, link->qp->qp_num);
	smcr_store_be24(msg + 33, link->psn);
	memcpy(msg + 46, link->dev->gid, SMCR_GID_LEN);
}

bool cmd_second(struct play *p, const struct rdma_command *cmd)
{
	struct rdma_link *link = &p->links[1];
	int len;

	(void)cmd;
	if (!p->run->second.ctx || link->qp)
		return play_fail(p, "no second link is possible");
	rdma_link_create(link, &p->run->second, OUR_RING);
	/* the ring and its key are those of the first */
	len = rdma_message_build("add_link", p->link, p->msg, sizeof(p->msg));
	if (len < 0)
		return play_fail(p, "ADD LINK cannot be made");
	p->len = len;
	describe(link, p->msg);
	return true;
}

static void take_keys(struct play *p, const struct smcr_llc_add_link *add)
{
	struct conn *conn;
	int i;

	for (conn = p->conns; conn < p->conns + p->n_conns; conn++)
		for (i = 0; i < add->rtoken_count; i++) {
			if (add->rtoken[i].rkey != conn->places[0].rkey)
				continue;
			conn->places[1].rkey = add->rtoken[i].new_rkey;
			conn->places[1].vaddr = add->rtoken[i].new_vaddr;
		}
}

bool cmd_join(struct play *p, const struct rdma_command *cmd)
{
	const struct smcr_llc_add_link *add;
	struct smcr_llc msg;

	(void)cmd;
	if (smcr_llc_decode(p->last.data, p->last.len, &msg) || msg.type != SMCR_LLC_ADD_LINK)
		return play_fail(p, "no answer to ADD LINK");
	add = &msg.u.add_link;
	if (add->is_rejected)
		return play_fail(p, "ADD LINK is rejected");
	take_keys(p, add);
	return rdma_link_connect(&p->links[1], add->qpn, add->psn, add->mtu_code, add->gid) ||
	       play_fail(p, "the queue pair cannot be connected");
}

bool cmd_via(struct play *p, const struct rdma_command *cmd)
{
	long long which = play_number(p, cmd, 1, 0);

	if (which < 0 || which >= MAX_LINKS || !p->links[which].qp)
		return play_fail(p, "no such link");
	p->link = &p->links[which];
	return true;
}

bool cmd_moved(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(PATIENCE);

	(void)cmd;
	while (!p->conn->has_moved) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "the connection does not move");
		play_step();
	}
	return true;
}
