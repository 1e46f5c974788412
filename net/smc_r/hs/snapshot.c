// SPDX-License-Identifier: GPL-2.0
/*
 * All SMC sockets, for those who list them. They are numbered, and kept in
 * the order of their numbers, so that a list which is read in pieces shows
 * each socket once, whatever comes and goes meanwhile.
 *
 * Nothing here takes a socket lock: its holder may wait for the peer. What
 * is copied is what was true at some moment.
 */
#include <linux/module.h>
#include <linux/sock_diag.h>
#include <net/inet_sock.h>
#include <net/tcp_states.h>

#include "../base/snapshot.h"
#include "../compat/compat.h"
#include "hs.h"

/* guards the tree and the numbers; leaf, taken in softirq as well */
static DEFINE_SPINLOCK(socks_lock);
static struct rb_root socks = RB_ROOT;
static u64 last_serial;

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct smcr_sock, node)->serial <
	       rb_entry(b, struct smcr_sock, node)->serial;
}

/* nobody has a reference any more; the memory stays for RCU readers */
static void unlist_sock(struct sock *sk)
{
	spin_lock_bh(&socks_lock);
	rb_erase(&smcr_sk(sk)->node, &socks);
	spin_unlock_bh(&socks_lock);
}

/**
 * smcr_hs_list_sock() - a new socket is shown, until its end
 * @smc: family and namespace are set
 *
 * Context: process; takes socks_lock.
 */
void smcr_hs_list_sock(struct smcr_sock *smc)
{
	smc->family = smc->sk.sk_family;
	smc->sk.sk_destruct = unlist_sock;
	spin_lock_bh(&socks_lock);
	smc->serial = ++last_serial;
	rb_add(&smc->node, &socks, is_before);
	spin_unlock_bh(&socks_lock);
}

static struct smcr_sock *first_after_locked(u64 after)
{
	struct rb_node *node = socks.rb_node;
	struct smcr_sock *found = NULL;

	lockdep_assert_held(&socks_lock);
	while (node) {
		struct smcr_sock *smc = rb_entry(node, struct smcr_sock, node);

		if (smc->serial > after) {
			found = smc;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* the next one of a namespace, referenced; those that just end are passed by */
static struct smcr_sock *get_next(const struct net *net, u64 after)
{
	struct smcr_sock *smc;
	struct rb_node *node;

	spin_lock_bh(&socks_lock);
	smc = first_after_locked(after);
	while (smc && !(net_eq(sock_net(&smc->sk), net) &&
			refcount_inc_not_zero(&smc->sk.sk_refcnt))) {
		node = rb_next(&smc->node);
		smc = node ? rb_entry(node, struct smcr_sock, node) : NULL;
	}
	spin_unlock_bh(&socks_lock);
	return smc;
}

/* the TCP socket inside, referenced; NULL once the socket is closed */
static struct sock *get_clcsk(const struct smcr_sock *smc)
{
	struct socket *clcsock;
	struct sock *clcsk = NULL;

	rcu_read_lock();
	clcsock = READ_ONCE(smc->clcsock);
	if (clcsock)
		clcsk = READ_ONCE(clcsock->sk);
	/* TCP's memory is used again at once: look whether it is still this */
	if (clcsk && !refcount_inc_not_zero(&clcsk->sk_refcnt))
		clcsk = NULL;
	if (clcsk && READ_ONCE(clcsock->sk) != clcsk) {
		sock_put(clcsk);
		clcsk = NULL;
	}
	rcu_read_unlock();
	return clcsk;
}

#if IS_ENABLED(CONFIG_IPV6)
static void copy_in6(__be32 to[4], const struct in6_addr *from)
{
	/* half of another address is better than TCP's lock */
	data_race(memcpy(to, from, sizeof(*from)));
}
#endif

static void copy_addresses(const struct sock *clcsk,
			   struct smcr_sock_info *info)
{
	const struct inet_sock *inet = inet_sk(clcsk);

	info->sport = READ_ONCE(inet->inet_sport);
	info->dport = READ_ONCE(inet->inet_dport);
	info->ifindex = READ_ONCE(clcsk->sk_bound_dev_if);
#if IS_ENABLED(CONFIG_IPV6)
	if (READ_ONCE(clcsk->sk_family) == AF_INET6) {
		copy_in6(info->src, &clcsk->sk_v6_rcv_saddr);
		copy_in6(info->dst, &clcsk->sk_v6_daddr);
		return;
	}
#endif
	info->src[0] = READ_ONCE(inet->inet_rcv_saddr);
	info->dst[0] = READ_ONCE(inet->inet_daddr);
}

/* userspace-abi.md 1.4, for a socket whose calls are TCP's */
static enum smcr_state tcp_state(const struct sock *clcsk)
{
	switch (READ_ONCE(clcsk->sk_state)) {
	case TCP_LISTEN:
		return SMCR_LISTEN;
	case TCP_SYN_SENT:
		return SMCR_INIT;
	case TCP_CLOSE:
		return READ_ONCE(inet_sk(clcsk)->inet_dport) ? SMCR_CLOSED :
							       SMCR_INIT;
	default:
		return SMCR_ACTIVE;
	}
}

static void copy_state(struct smcr_sock *smc, const struct sock *clcsk,
		       struct smcr_sock_info *info)
{
	struct smcr_conn *conn;

	info->shutdown = READ_ONCE(smc->sk.sk_shutdown);
	switch (smcr_mode(smc)) {
	case SMCR_MODE_TCP:
		info->state = tcp_state(clcsk);
		info->shutdown = READ_ONCE(clcsk->sk_shutdown);
		break;
	case SMCR_MODE_LISTEN:
		info->state = SMCR_LISTEN;
		break;
	case SMCR_MODE_FAILED:
		info->state = SMCR_CLOSED;
		break;
	case SMCR_MODE_SMC:
		info->state = SMCR_CLOSED;
		rcu_read_lock();
		conn = READ_ONCE(smc->conn);
		if (conn)
			smcr_conn_snapshot(conn, info);
		rcu_read_unlock();
		break;
	default:
		info->state = SMCR_INIT;
		break;
	}
}

static void copy_sock(struct smcr_sock *smc, const struct sock *clcsk,
		      struct smcr_sock_info *info)
{
	struct sock *sk = &smc->sk;

	memset(info, 0, sizeof(*info));
	info->serial = smc->serial;
	info->family = smc->family;
	sock_diag_save_cookie(sk, info->cookie);
	info->uid = sock_i_uid(sk);
	info->inode = sock_i_ino(sk);
	info->reason = READ_ONCE(smc->fallback_reason);
	/* of a listener, its children's */
	info->is_tcp = info->reason;
	info->peer_diagnosis = READ_ONCE(smc->peer_diagnosis);
	copy_addresses(clcsk, info);
	copy_state(smc, clcsk, info);
}

/**
 * smcr_sock_snapshot() - copy the socket that comes next
 * @net: namespace of the socket
 * @after: smcr_sock_info.serial of the one before, 0 for the first one
 * @info: filled in
 *
 * A socket that is there from the first to the last call of a series is
 * found once. Closed ones are not.
 *
 * Context: process; takes socks_lock and conn->lock, one after another.
 * Return: false when there is none.
 */
bool smcr_sock_snapshot(const struct net *net, u64 after,
			struct smcr_sock_info *info)
{
	struct smcr_sock *smc;
	struct sock *clcsk;

	while ((smc = get_next(net, after))) {
		after = smc->serial;
		clcsk = get_clcsk(smc);
		if (clcsk) {
			copy_sock(smc, clcsk, info);
			sock_put(clcsk);
		}
		sock_put(&smc->sk);
		if (clcsk)
			return true;
	}
	return false;
}
EXPORT_SYMBOL_NS_GPL(smcr_sock_snapshot, SMCR_SYMBOL_NS);
