/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TCP option that says "I can do SMC" (wire.md section 1). Kernels with
 * CONFIG_SMC carry it in their TCP core, switched by a static key.
 */
#ifndef SMCR_COMPAT_TCP_OPTION_H
#define SMCR_COMPAT_TCP_OPTION_H

#include <linux/jump_label.h>
#include <linux/tcp.h>
#include <linux/version.h>
#include <net/tcp.h>

#if !IS_ENABLED(CONFIG_SMC)
#error "this kernel's TCP does not know the SMC option (CONFIG_SMC is off)"
#endif

/**
 * smcr_tcp_option_enable() - let TCP send and recognise the option
 *
 * Context: module init.
 */
static inline void smcr_tcp_option_enable(void)
{
	static_branch_enable(&tcp_have_smc);
}

/**
 * smcr_tcp_option_disable() - undo smcr_tcp_option_enable()
 *
 * Context: module exit.
 */
static inline void smcr_tcp_option_disable(void)
{
	static_branch_disable(&tcp_have_smc);
}

/**
 * smcr_tcp_option_offer() - offer SMC on the SYN, or answer to it as listener
 * @clcsk: TCP socket before connect or listen
 * @offer: whether to
 *
 * Context: process.
 */
static inline void smcr_tcp_option_offer(struct sock *clcsk, bool offer)
{
	tcp_sk(clcsk)->syn_smc = offer;
}

/**
 * smcr_tcp_option_limit() - ask before a SYN-ACK answers to the option
 * @clcsk: TCP socket that listens
 * @is_congested: true leaves the option out; called in softirq under
 *	rcu_read_lock. NULL: nobody is asked.
 *
 * 5.18 has the hook; before, the option is always answered.
 *
 * Context: process.
 */
static inline void
smcr_tcp_option_limit(struct sock *clcsk,
		      bool (*is_congested)(const struct sock *sk))
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
	WRITE_ONCE(tcp_sk(clcsk)->smc_hs_congested, is_congested);
#endif
}

/**
 * smcr_tcp_option_agreed() - did both sides send the option?
 * @clcsk: established TCP socket, connected or accepted
 *
 * Context: any.
 * Return: true if CLC must follow.
 */
static inline bool smcr_tcp_option_agreed(const struct sock *clcsk)
{
	return tcp_sk(clcsk)->syn_smc;
}

#endif
