// SPDX-License-Identifier: GPL-2.0
/*
 * Going on over TCP. The descriptor keeps its socket, which passes every
 * call on to the TCP socket inside. What a program could tell the
 * difference by is mirrored: the wait queue that pollers sleep on, pending
 * errors, the answers to SO_DOMAIN and SO_PROTOCOL.
 *
 * The alternative, letting the open file point to the TCP socket, means
 * exchanging what concurrent users of the file hold.
 */
#include "hs.h"

#include "../base/stats.h"
#include "../base/trace.h"
#include "../compat/tcp_option.h"

/**
 * smcr_fb_adopt_wait_queue() - TCP's wake-ups and signals reach the program
 * @smc: in mode TCP, or about to be; nothing is done without a struct socket
 *
 * The wait queue belongs to the outer struct socket, which is freed after an
 * RCU grace period and only when the TCP socket has been released. The open
 * file, whose owner gets SIGURG, is taken back before that, too:
 * smcr_hs_release_clcsock().
 *
 * Context: process; socket lock held. Takes TCP's.
 */
void smcr_fb_adopt_wait_queue(struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;

	if (!smc->sk.sk_socket)
		return;
	write_lock_bh(&clcsk->sk_callback_lock);
	rcu_assign_pointer(clcsk->sk_wq, &smc->sk.sk_socket->wq);
	WRITE_ONCE(smc->clcsock->file, smc->sk.sk_socket->file);
	write_unlock_bh(&clcsk->sk_callback_lock);
	/* fcntl() sets the flag of the outer socket only; the list is shared */
	lock_sock(clcsk);
	sock_set_flag(clcsk, SOCK_FASYNC);
	release_sock(clcsk);
}

/**
 * smcr_fb_errors_out() - show TCP's pending error on the outer socket
 * @smc: the socket
 * @clcsk: its TCP socket
 *
 * Context: any.
 */
void smcr_fb_errors_out(struct smcr_sock *smc, const struct sock *clcsk)
{
	int err = READ_ONCE(clcsk->sk_err);

	WRITE_ONCE(smc->mirrored_err, err);
	WRITE_ONCE(smc->sk.sk_err, err);
}

/**
 * smcr_fb_errors_in() - an error taken by SO_ERROR is gone for TCP, too
 * @smc: the socket
 *
 * Context: any.
 */
void smcr_fb_errors_in(struct smcr_sock *smc)
{
	if (!READ_ONCE(smc->mirrored_err) || READ_ONCE(smc->sk.sk_err))
		return;
	WRITE_ONCE(smc->mirrored_err, 0);
	WRITE_ONCE(smc->clcsock->sk->sk_err, 0);
}

/**
 * smcr_fb_rcvlowat() - let TCP have the low water mark
 * @smc: in mode TCP, or about to be
 *
 * Not before: it is the application's, and a handshake message may be shorter.
 * And then at once, as poll() is not preceded by a sync of the options.
 *
 * Context: process; takes the TCP socket's lock.
 */
void smcr_fb_rcvlowat(struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;

	lock_sock(clcsk);
	smc->clcsock->ops->set_rcvlowat(clcsk, READ_ONCE(smc->sk.sk_rcvlowat));
	release_sock(clcsk);
}

/**
 * smcr_fb_rule_out() - the application wants something SMC cannot do
 * @smc: in mode IDLE
 *
 * Context: process; socket lock held.
 */
void smcr_fb_rule_out(struct smcr_sock *smc)
{
	smcr_fb_switch(smc, SMCR_DECLINE_TCP_OPTION);
}

/**
 * smcr_fb_switch() - the one door to TCP
 * @smc: the socket; all calls go to its TCP socket from now on
 * @reason: why; counted
 *
 * Nothing is lost: the next byte on the TCP connection is the application's.
 *
 * Context: process; socket lock held, or nobody knows the socket yet.
 */
void smcr_fb_switch(struct smcr_sock *smc, enum smcr_decline reason)
{
	struct sock *clcsk = smc->clcsock->sk;
	struct sock *sk = &smc->sk;

	if (WARN_ON_ONCE(smcr_mode(smc) == SMCR_MODE_TCP))
		return;
	/* what the messages did not need, the program may */
	if (smcr_mode(smc) == SMCR_MODE_HANDSHAKE && smcr_tcp_option_agreed(clcsk))
		tcp_sock_set_quickack(clcsk, 1);
	/* not when it listens or, once dissolved, connects again, either */
	smcr_tcp_option_offer(clcsk, false);
	WRITE_ONCE(smc->fallback_reason, reason);
	smcr_stats_fallback(sock_net(sk), smc->role, reason);
	trace_smc_switch_to_fallback(sk, clcsk, sock_net(sk)->net_cookie,
				     reason);
	smcr_hs_sync_options(smc);
	if (sk->sk_rcvlowat > 1)
		smcr_fb_rcvlowat(smc);
	smcr_hs_hook_errors(smc);
	WRITE_ONCE(sk->sk_state, SMCR_ACTIVE);
	smcr_hs_prepare_inet6(smc);
	WRITE_ONCE(sk->sk_family, clcsk->sk_family);
	WRITE_ONCE(sk->sk_protocol, IPPROTO_TCP);
	/* before anybody can sleep in a call of TCP, on a queue of its own */
	smcr_fb_adopt_wait_queue(smc);
	smcr_hs_set_mode(smc, SMCR_MODE_TCP);
	smcr_fb_errors_out(smc, clcsk);
	/* what TCP reported before the wait queue was adopted */
	sk->sk_state_change(sk);
}
