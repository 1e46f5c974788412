// SPDX-License-Identifier: GPL-2.0
/*
 * Moving connections off a lost link (wire.md 8.7). Each side moves its own
 * direction by itself; what of that concerns the rings is in conn/tx.c.
 */
#include "rdma.h"

#include <linux/delay.h>

/*
 * What the peer's device has acknowledged, the peer has seen by then, on any
 * CPU: only a message that it has not seen breaks a connection.
 */
#define SETTLE_MS	20

static void move_from(struct smcr_link *link, u8 slot)
{
	struct smcr_rdma_path *rp;
	struct smcr_path *path;

	rcu_read_lock();
	local_bh_disable();
	path = smcr_group_find_slot(link->group, slot);
	rp = path ? READ_ONCE(path->priv) : NULL;
	if (rp && READ_ONCE(rp->link) == link)
		path->events->way_lost(path);
	local_bh_enable();
	rcu_read_unlock();
}

/**
 * smcr_failover() - connections of a lost link go to another one
 * @link: not up any more; the group has another link, or dies
 *
 * Context: process, sleeps.
 */
void smcr_failover(struct smcr_link *link)
{
	int i;

	smcr_link_close(link);
	/* nothing may land late, where newer data is by then */
	smcr_link_stop(link);
	/* completions that were taken from it are told by then, see on_sent() */
	synchronize_rcu();
	msleep(SETTLE_MS);
	/* pairs with the barrier in smcr_group_attach() */
	smp_mb();
	for (i = 1; i <= SMCR_GROUP_MAX_CONNS; i++)
		move_from(link, i);
}
