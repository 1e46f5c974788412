/* SPDX-License-Identifier: GPL-2.0 */
/* Per network namespace counters; every failure has one. */
#ifndef SMCR_BASE_STATS_H
#define SMCR_BASE_STATS_H

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>

#include "decline.h"

/* distinct fallback reasons remembered for each role (userspace-abi.md 4.7) */
#define SMCR_STATS_REASONS	36

enum smcr_role {
	SMCR_CLIENT = 0,
	SMCR_SERVER = 1,
};

/* classes of sizes: up to 8 KiB, 16 KiB, ..., 1 MiB, more */
#define SMCR_STATS_SIZES	9

/* what befalls a ring (userspace-abi.md 4.6) */
enum smcr_ring_event {
	SMCR_RING_SMALL_PEER,	/* a send was longer than the peer's ring */
	SMCR_RING_SMALL,	/* ... than ours; more was there than asked for */
	SMCR_RING_FULL_PEER,	/* a writer waits, the peer has no room */
	SMCR_RING_FULL,		/* a writer waits; a reader found it full */
	SMCR_RING_REUSED,	/* given to a connection, after another one */
	SMCR_RING_ALLOCATED,	/* given to a connection, new */
	SMCR_RING_DOWNGRADED,	/* smaller than was asked for */
	SMCR_RING_EVENTS,
};

/**
 * struct smcr_stats_side - counters of one direction, one per CPU
 * @calls: successful calls by the size that was to be sent, or was received
 * @rings: rings that connections got, by size
 * @events: enum smcr_ring_event
 * @ring_bytes: rings that connections have now; of all CPUs together only
 */
struct smcr_stats_side {
	u64 calls[SMCR_STATS_SIZES];
	u64 rings[SMCR_STATS_SIZES];
	u64 events[SMCR_RING_EVENTS];
	u64 ring_bytes;
};

enum smcr_stats_dir {
	SMCR_STATS_TX,
	SMCR_STATS_RX,
	SMCR_STATS_DIRS,
};

/**
 * struct smcr_stats_path - data path counters, one per CPU
 * @tx_bytes: bytes taken from applications
 * @rx_bytes: bytes handed to applications
 * @tx_calls: send calls, failed ones included
 * @rx_calls: receive calls, failed ones included
 * @urgent_calls: those of both kinds that were for urgent data
 * @splices: receive calls by splice()
 * @uncorks: TCP_CORK was cleared
 * @nodelays: TCP_NODELAY was set
 * @side: by direction
 *
 * Nothing but u64: smcr_stats_sum_path().
 */
struct smcr_stats_path {
	u64 tx_bytes;
	u64 rx_bytes;
	u64 tx_calls;
	u64 rx_calls;
	u64 urgent_calls;
	u64 splices;
	u64 uncorks;
	u64 nodelays;
	struct smcr_stats_side side[SMCR_STATS_DIRS];
};

/**
 * smcr_stats_size() - the class of a size
 * @len: bytes
 *
 * Return: index below SMCR_STATS_SIZES.
 */
static inline unsigned int smcr_stats_size(u64 len)
{
	if (len <= 8192)
		return 0;
	return min(ilog2((len - 1) >> 13) + 1, SMCR_STATS_SIZES - 1);
}

/**
 * struct smcr_stats_totals - a copy of the counters of handshakes
 * @success: see struct smcr_stats
 * @failed: see struct smcr_stats
 * @fallback: see struct smcr_stats
 */
struct smcr_stats_totals {
	u64 success[2][2];
	u64 failed[2];
	u64 fallback[2];
};

/**
 * struct smcr_stats_reason - a fallback reason
 * @reason: which
 * @count: how often; 0 marks a free slot. User space is told 16 bits of it.
 */
struct smcr_stats_reason {
	enum smcr_decline reason;
	u32 count;
};

/**
 * struct smcr_stats - counters of one network namespace
 * @path: data path
 * @lock: guards everything below; leaf, taken in any context
 * @success: connections that use SMC-R, by role and version (1 is at 0)
 * @failed: handshakes that ended in an error, not in a fallback, by role
 * @fallback: all fallbacks, by role
 * @reason: distinct reasons in order of first occurrence, by role
 */
struct smcr_stats {
	struct smcr_stats_path __percpu *path;
	spinlock_t lock;	/* guards what follows */
	u64 success[2][2];
	u64 failed[2];
	u64 fallback[2];
	struct smcr_stats_reason reason[2][SMCR_STATS_REASONS];
};

int smcr_stats_init(void);
void smcr_stats_exit(void);
struct smcr_stats *smcr_stats(const struct net *net);
void smcr_stats_success(const struct net *net, enum smcr_role role,
			u8 version);
void smcr_stats_failed(const struct net *net, enum smcr_role role);
void smcr_stats_fallback(const struct net *net, enum smcr_role role,
			 enum smcr_decline reason);
void smcr_stats_sum_path(const struct net *net, struct smcr_stats_path *sum);
void smcr_stats_get_totals(const struct net *net,
			   struct smcr_stats_totals *totals);
bool smcr_stats_get_reason(const struct net *net, enum smcr_role role,
			   unsigned int idx, struct smcr_stats_reason *slot);

#endif
