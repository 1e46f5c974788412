// SPDX-License-Identifier: GPL-2.0
/* Per network namespace counters. */
#include "stats.h"

#include <linux/slab.h>
#include <net/netns/generic.h>

static unsigned int stats_net_id;

/**
 * smcr_stats() - counters of a network namespace
 * @net: the namespace
 *
 * Context: any.
 * Return: the counters, never NULL while the module is loaded.
 */
struct smcr_stats *smcr_stats(const struct net *net)
{
	return net_generic(net, stats_net_id);
}

/**
 * smcr_stats_success() - count a connection that uses SMC
 * @net: its namespace
 * @role: our role in the handshake
 * @version: of SMC, 1 or 2
 *
 * Context: any; takes smcr_stats.lock.
 */
void smcr_stats_success(const struct net *net, enum smcr_role role,
			u8 version)
{
	struct smcr_stats *stats = smcr_stats(net);

	spin_lock_bh(&stats->lock);
	stats->success[role][version - 1]++;
	spin_unlock_bh(&stats->lock);
}

/**
 * smcr_stats_failed() - count a handshake that lost its connection
 * @net: its namespace
 * @role: our role in the handshake
 *
 * Context: any; takes smcr_stats.lock.
 */
void smcr_stats_failed(const struct net *net, enum smcr_role role)
{
	struct smcr_stats *stats = smcr_stats(net);

	spin_lock_bh(&stats->lock);
	stats->failed[role]++;
	spin_unlock_bh(&stats->lock);
}

static struct smcr_stats_reason *find_reason(struct smcr_stats *stats,
					     enum smcr_role role,
					     enum smcr_decline reason)
{
	struct smcr_stats_reason *slot = stats->reason[role];
	int i;

	for (i = 0; i < SMCR_STATS_REASONS; i++, slot++)
		if (slot->reason == reason || !slot->count)
			return slot;
	return NULL;
}

/**
 * smcr_stats_fallback() - count a fallback to TCP
 * @net: the namespace of the socket
 * @role: our role in the handshake
 * @reason: why
 *
 * When all slots hold other reasons, only the total rises.
 *
 * Context: any; takes smcr_stats.lock.
 */
void smcr_stats_fallback(const struct net *net, enum smcr_role role,
			 enum smcr_decline reason)
{
	struct smcr_stats *stats = smcr_stats(net);
	struct smcr_stats_reason *slot;

	spin_lock_bh(&stats->lock);
	stats->fallback[role]++;
	slot = find_reason(stats, role, reason);
	if (slot) {
		slot->reason = reason;
		/* not a free slot again; the 16 bits that are told are 0 */
		if (!++slot->count)
			slot->count = U16_MAX + 1;
	}
	spin_unlock_bh(&stats->lock);
}

/**
 * smcr_stats_sum_path() - add up the data path counters of all CPUs
 * @net: the namespace
 * @sum: overwritten with the result
 *
 * Context: any.
 */
void smcr_stats_sum_path(const struct net *net, struct smcr_stats_path *sum)
{
	const struct smcr_stats *stats = smcr_stats(net);
	u64 *to = (u64 *)sum;
	size_t i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const u64 *from = (const u64 *)per_cpu_ptr(stats->path, cpu);

		for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
			to[i] += READ_ONCE(from[i]);
	}
	/* one CPU has added what another is about to subtract */
	for (i = 0; i < SMCR_STATS_DIRS; i++)
		if ((s64)sum->side[i].ring_bytes < 0)
			sum->side[i].ring_bytes = 0;
}

/**
 * smcr_stats_get_totals() - copy the counters of handshakes
 * @net: the namespace
 * @totals: overwritten
 *
 * Context: any; takes smcr_stats.lock.
 */
void smcr_stats_get_totals(const struct net *net,
			   struct smcr_stats_totals *totals)
{
	struct smcr_stats *stats = smcr_stats(net);

	spin_lock_bh(&stats->lock);
	memcpy(totals->success, stats->success, sizeof(totals->success));
	memcpy(totals->failed, stats->failed, sizeof(totals->failed));
	memcpy(totals->fallback, stats->fallback, sizeof(totals->fallback));
	spin_unlock_bh(&stats->lock);
}

/**
 * smcr_stats_get_reason() - copy one recorded fallback reason
 * @net: the namespace
 * @role: whose
 * @idx: in order of first occurrence, below SMCR_STATS_REASONS
 * @slot: overwritten
 *
 * Context: any; takes smcr_stats.lock.
 * Return: false when there are fewer reasons.
 */
bool smcr_stats_get_reason(const struct net *net, enum smcr_role role,
			   unsigned int idx, struct smcr_stats_reason *slot)
{
	struct smcr_stats *stats = smcr_stats(net);

	spin_lock_bh(&stats->lock);
	*slot = stats->reason[role][idx];
	spin_unlock_bh(&stats->lock);
	return slot->count;
}

static int __net_init init_net_stats(struct net *net)
{
	struct smcr_stats *stats = smcr_stats(net);

	spin_lock_init(&stats->lock);
	stats->path = alloc_percpu(struct smcr_stats_path);
	return stats->path ? 0 : -ENOMEM;
}

static void __net_exit exit_net_stats(struct net *net)
{
	free_percpu(smcr_stats(net)->path);
}

static struct pernet_operations stats_net_ops = {
	.init = init_net_stats,
	.exit = exit_net_stats,
	.id = &stats_net_id,
	.size = sizeof(struct smcr_stats),
};

/**
 * smcr_stats_init() - create the counters of all namespaces
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_stats_init(void)
{
	return register_pernet_subsys(&stats_net_ops);
}

/**
 * smcr_stats_exit() - undo smcr_stats_init()
 *
 * Context: module exit, after the last user.
 */
void smcr_stats_exit(void)
{
	unregister_pernet_subsys(&stats_net_ops);
}
