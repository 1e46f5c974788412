/* SPDX-License-Identifier: GPL-2.0 */
/* Per network namespace counters; every failure has one. */
#ifndef SMCR_BASE_STATS_H
#define SMCR_BASE_STATS_H

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

/**
 * struct smcr_stats_path - data path counters, one per CPU
 * @tx_bytes: bytes taken from applications
 * @rx_bytes: bytes handed to applications
 * @tx_calls: send calls, failed ones included
 * @rx_calls: receive calls, failed ones included
 * @urgent_calls: those of both kinds that were for urgent data
 */
struct smcr_stats_path {
	u64 tx_bytes;
	u64 rx_bytes;
	u64 tx_calls;
	u64 rx_calls;
	u64 urgent_calls;
};

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

struct smcr_stats_reason {
	enum smcr_decline reason;
	u16 count;
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
