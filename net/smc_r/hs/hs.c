// SPDX-License-Identifier: GPL-2.0
/*
 * The common part of the handshake: what starts it, where it runs, and the
 * callbacks of the TCP socket inside.
 *
 * A handshake runs in a work item and may wait there for its peer. It holds
 * no lock meanwhile, so a slow peer delays only itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "hs.h"

#include <linux/module.h>
#include <linux/slab.h>
#include <net/netns/generic.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "../base/sysctl.h"
#include "../base/trace.h"
#include "../compat/compat.h"
#include "../compat/tcp_option.h"

/*
 * One stream is faster the larger the rings are. As long as there are not many
 * connections, they get large ones; many shall not use up the memory.
 */
#define RING_FIRST	(32 * 1024)
#define RING_LARGE	(256 * 1024)
#define MAX_LARGE	32

/* of one role that may wait for their peers at a time, in each namespace */
#define MAX_HANDSHAKES	512

const struct smcr_transport_ops *const *smcr_hs_transports;

/*
 * Works of one kind may wait for works of another on the same host: client
 * handshakes for server handshakes, these for the accept work. Only the last
 * one does not wait for peers: those that stop delay their own namespace.
 */
static struct workqueue_struct *accept_wq;

struct hs_net {
	struct workqueue_struct *wq[2];		/* by role */
};

static unsigned int hs_net_id;

static void __net_exit exit_hs_net(struct net *net)
{
	struct hs_net *hn = net_generic(net, hs_net_id);
	int role;

	for (role = 0; role < ARRAY_SIZE(hn->wq); role++)
		if (hn->wq[role])
			destroy_workqueue(hn->wq[role]);
}

static int __net_init init_hs_net(struct net *net)
{
	struct hs_net *hn = net_generic(net, hs_net_id);

	hn->wq[SMCR_CLIENT] = alloc_workqueue("smcr_client", WQ_UNBOUND,
					      MAX_HANDSHAKES);
	hn->wq[SMCR_SERVER] = alloc_workqueue("smcr_server", WQ_UNBOUND,
					      MAX_HANDSHAKES);
	if (hn->wq[SMCR_CLIENT] && hn->wq[SMCR_SERVER])
		return 0;
	exit_hs_net(net);
	return -ENOMEM;
}

static struct pernet_operations hs_net_ops = {
	.init = init_hs_net,
	.exit = exit_hs_net,
	.id = &hs_net_id,
	.size = sizeof(struct hs_net),
};

/**
 * smcr_hs_init() - get ready for handshakes
 * @transports: in order of preference, NULL terminated, kept by reference
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_hs_init(const struct smcr_transport_ops *const *transports)
{
	int ret;

	smcr_hs_transports = transports;
	accept_wq = alloc_workqueue("smcr_accept", WQ_UNBOUND, 0);
	if (!accept_wq)
		return -ENOMEM;
	ret = register_pernet_subsys(&hs_net_ops);
	if (ret)
		destroy_workqueue(accept_wq);
	return ret;
}

/**
 * smcr_hs_exit() - undo smcr_hs_init()
 *
 * Context: module exit; no socket exists any more.
 */
void smcr_hs_exit(void)
{
	unregister_pernet_subsys(&hs_net_ops);
	destroy_workqueue(accept_wq);
}

/**
 * smcr_hs_set_mode() - the one place where the mode of a socket changes
 * @smc: the socket
 * @mode: new mode
 *
 * Context: process; socket lock held, or nobody else knows the socket.
 */
void smcr_hs_set_mode(struct smcr_sock *smc, enum smcr_mode mode)
{
	/* whoever sees the new mode sees what belongs to it */
	smp_store_release(&smc->mode, mode);
}

/**
 * smcr_hs_queue() - let the handshake work run
 * @smc: the socket; the work holds a reference to it
 * @delay: jiffies; an earlier deadline replaces a later one
 *
 * Context: any.
 */
void smcr_hs_queue(struct smcr_sock *smc, unsigned long delay)
{
	struct hs_net *hn = net_generic(sock_net(&smc->sk), hs_net_id);

	sock_hold(&smc->sk);
	if (mod_delayed_work(hn->wq[READ_ONCE(smc->role)], &smc->hs_work,
			     delay))
		sock_put(&smc->sk);
}

/**
 * smcr_hs_queue_accept() - let the accept work of a listener run
 * @smc: the listener; the work holds a reference to it
 * @delay: jiffies; nothing if it waits already
 *
 * Context: any.
 */
void smcr_hs_queue_accept(struct smcr_sock *smc, unsigned long delay)
{
	sock_hold(&smc->sk);
	if (!queue_delayed_work(accept_wq, &smc->listener.accept_work, delay))
		sock_put(&smc->sk);
}

static struct smcr_sock *get_owner(struct sock *clcsk)
{
	struct smcr_sock *smc = rcu_dereference_sk_user_data(clcsk);

	if (!smc || !refcount_inc_not_zero(&smc->sk.sk_refcnt))
		return NULL;
	return smc;
}

/* TCP connected, failed to, or has something to read: the work looks */
static void kick_owner(struct sock *clcsk)
{
	struct smcr_sock *smc;

	rcu_read_lock();
	smc = get_owner(clcsk);
	rcu_read_unlock();
	if (!smc)
		return;
	if (smcr_mode(smc) == SMCR_MODE_LISTEN)
		smcr_hs_queue_accept(smc, 0);
	else if (inet_sk_state_load(clcsk) != TCP_SYN_SENT)
		smcr_hs_queue(smc, 0);
	sock_put(&smc->sk);
}

static void clc_error_report(struct sock *clcsk)
{
	void (*orig)(struct sock *sk) = NULL;
	struct smcr_sock *smc;

	rcu_read_lock();
	smc = get_owner(clcsk);
	rcu_read_unlock();
	if (!smc)
		return;
	orig = READ_ONCE(smc->saved.error_report);
	if (smcr_mode(smc) == SMCR_MODE_TCP)
		smcr_fb_errors_out(smc, clcsk);
	if (orig)
		orig(clcsk);
	sock_put(&smc->sk);
}

/**
 * smcr_hs_hook() - put our callbacks into the TCP socket
 * @smc: the socket; smcr_hs_unhook() must follow before its TCP socket goes
 *
 * Context: process.
 */
void smcr_hs_hook(struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;

	write_lock_bh(&clcsk->sk_callback_lock);
	if (!smc->saved.is_hooked) {
		smc->saved.is_hooked = true;
		smc->saved.state_change = clcsk->sk_state_change;
		smc->saved.data_ready = clcsk->sk_data_ready;
		WRITE_ONCE(smc->saved.error_report, clcsk->sk_error_report);
	}
	clcsk->sk_state_change = kick_owner;
	clcsk->sk_data_ready = kick_owner;
	clcsk->sk_error_report = clc_error_report;
	__rcu_assign_sk_user_data_with_flags(clcsk, smc, SK_USER_DATA_NOCOPY);
	write_unlock_bh(&clcsk->sk_callback_lock);
}

/**
 * smcr_hs_hook_errors() - learn of TCP's errors, leave the rest to TCP
 * @smc: the socket, about to fall back
 *
 * Context: process.
 */
void smcr_hs_hook_errors(struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;

	smcr_hs_hook(smc);
	write_lock_bh(&clcsk->sk_callback_lock);
	clcsk->sk_state_change = smc->saved.state_change;
	clcsk->sk_data_ready = smc->saved.data_ready;
	write_unlock_bh(&clcsk->sk_callback_lock);
}

/**
 * smcr_hs_unhook() - give the TCP socket its own callbacks back
 * @smc: the socket
 *
 * Context: process.
 */
void smcr_hs_unhook(struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;

	write_lock_bh(&clcsk->sk_callback_lock);
	if (smc->saved.is_hooked) {
		clcsk->sk_state_change = smc->saved.state_change;
		clcsk->sk_data_ready = smc->saved.data_ready;
		clcsk->sk_error_report = smc->saved.error_report;
		smc->saved.is_hooked = false;
		rcu_assign_sk_user_data(clcsk, NULL);
	}
	write_unlock_bh(&clcsk->sk_callback_lock);
}

/* flags that mean something to TCP; SO_KEEPALIVE goes through the proto */
static const int mirrored_flags[] = {
	SOCK_LINGER, SOCK_URGINLINE, SOCK_DBG, SOCK_LOCALROUTE,
	SOCK_RCVTSTAMP, SOCK_RCVTSTAMPNS, SOCK_TSTAMP_NEW, SOCK_ZEROCOPY,
};

/* a bitfield on some kernels, without the lock of its byte */
#define READ_BITS(bits)	data_race((int)(bits))

/* without lock: what was set meanwhile is for the next look */
static struct smcr_mirror look(const struct sock *sk)
{
	int locks = READ_BITS(sk->sk_userlocks);
	struct smcr_mirror m;
	size_t i;

	/* compared as a whole, padding included */
	memset(&m, 0, sizeof(m));
	for (i = 0; i < ARRAY_SIZE(mirrored_flags); i++)
		if (sock_flag(sk, mirrored_flags[i]))
			m.flags |= BIT(mirrored_flags[i]);
	m.lingertime = READ_ONCE(sk->sk_lingertime);
	m.sndtimeo = READ_ONCE(sk->sk_sndtimeo);
	m.rcvtimeo = READ_ONCE(sk->sk_rcvtimeo);
	m.bound_dev_if = READ_ONCE(sk->sk_bound_dev_if);
	m.sndbuf = locks & SOCK_SNDBUF_LOCK ? READ_ONCE(sk->sk_sndbuf) : 0;
	m.rcvbuf = locks & SOCK_RCVBUF_LOCK ? READ_ONCE(sk->sk_rcvbuf) : 0;
	m.mark = READ_ONCE(sk->sk_mark);
	m.priority = READ_ONCE(sk->sk_priority);
	m.reuse = READ_BITS(sk->sk_reuse);
	m.reuseport = READ_BITS(sk->sk_reuseport);
	return m;
}

static void copy_flags(struct sock *clcsk, unsigned long flags)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mirrored_flags); i++)
		sock_valbool_flag(clcsk, mirrored_flags[i],
				  flags & BIT(mirrored_flags[i]));
}

static void copy_changes(struct sock *clcsk, const struct smcr_mirror *old,
			 const struct smcr_mirror *new)
{
	if (new->flags != old->flags)
		copy_flags(clcsk, new->flags);
	clcsk->sk_lingertime = new->lingertime;
	WRITE_ONCE(clcsk->sk_sndtimeo, new->sndtimeo);
	WRITE_ONCE(clcsk->sk_rcvtimeo, new->rcvtimeo);
	clcsk->sk_reuse = new->reuse;
	clcsk->sk_reuseport = new->reuseport;
	/* TCP itself binds what has a link-local peer, or belongs to a VRF */
	if (new->bound_dev_if != old->bound_dev_if)
		WRITE_ONCE(clcsk->sk_bound_dev_if, new->bound_dev_if);
	if (new->mark != old->mark)
		WRITE_ONCE(clcsk->sk_mark, new->mark);
	/* they choose the route, as the core knows of the outer one */
	if (new->bound_dev_if != old->bound_dev_if || new->mark != old->mark)
		sk_dst_reset(clcsk);
	if (new->priority != old->priority)
		WRITE_ONCE(clcsk->sk_priority, new->priority);
	if (new->sndbuf && new->sndbuf != old->sndbuf) {
		clcsk->sk_userlocks |= SOCK_SNDBUF_LOCK;
		WRITE_ONCE(clcsk->sk_sndbuf, new->sndbuf);
	}
	if (new->rcvbuf && new->rcvbuf != old->rcvbuf) {
		clcsk->sk_userlocks |= SOCK_RCVBUF_LOCK;
		WRITE_ONCE(clcsk->sk_rcvbuf, new->rcvbuf);
	}
}

/**
 * smcr_hs_copy_options() - SOL_SOCKET options of one socket for another
 * @to: an SMC socket that nobody uses yet
 * @from: a listener, or the TCP socket inside; buffers that nobody has sized
 *	are left alone
 *
 * Context: any; options of a listener may be set meanwhile.
 */
void smcr_hs_copy_options(struct sock *to, const struct sock *from)
{
	to->sk_userlocks = READ_BITS(from->sk_userlocks) &
			   (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK);
	if (to->sk_userlocks & SOCK_SNDBUF_LOCK)
		to->sk_sndbuf = READ_ONCE(from->sk_sndbuf);
	if (to->sk_userlocks & SOCK_RCVBUF_LOCK)
		to->sk_rcvbuf = READ_ONCE(from->sk_rcvbuf);
	to->sk_sndtimeo = READ_ONCE(from->sk_sndtimeo);
	to->sk_rcvtimeo = READ_ONCE(from->sk_rcvtimeo);
	to->sk_rcvlowat = READ_ONCE(from->sk_rcvlowat);
	to->sk_mark = READ_ONCE(from->sk_mark);
	to->sk_priority = READ_ONCE(from->sk_priority);
	to->sk_bound_dev_if = READ_ONCE(from->sk_bound_dev_if);
	to->sk_reuse = READ_BITS(from->sk_reuse);
	to->sk_reuseport = READ_BITS(from->sk_reuseport);
	to->sk_lingertime = READ_ONCE(from->sk_lingertime);
	to->sk_flags = READ_ONCE(from->sk_flags) &
		       (BIT(SOCK_LINGER) | BIT(SOCK_KEEPOPEN) |
			BIT(SOCK_URGINLINE) | BIT(SOCK_DBG) |
			BIT(SOCK_LOCALROUTE));
	sock_set_flag(to, SOCK_RCU_FREE);
}

/**
 * smcr_hs_init_mirror() - the TCP socket agrees with the outer one
 * @smc: a new socket
 *
 * Context: any.
 */
void smcr_hs_init_mirror(struct smcr_sock *smc)
{
	smc->mirror = look(&smc->sk);
}

/**
 * smcr_hs_sync_options() - copy SOL_SOCKET options to the TCP socket
 * @smc: the socket
 *
 * The core applies them to the outer socket without asking us.
 *
 * Context: process; takes the TCP socket's lock if something has changed.
 */
void smcr_hs_sync_options(struct smcr_sock *smc)
{
	struct smcr_mirror now = look(&smc->sk);
	struct sock *clcsk = smc->clcsock->sk;

	/* a lost race copies once more */
	if (!data_race(memcmp(&now, &smc->mirror, sizeof(now))))
		return;
	lock_sock(clcsk);
	/* another call may have copied newer ones meanwhile */
	now = look(&smc->sk);
	copy_changes(clcsk, &smc->mirror, &now);
	smc->mirror = now;
	release_sock(clcsk);
}

static void set_file(struct smcr_sock *smc, struct file *file)
{
	struct sock *clcsk = smc->clcsock->sk;

	write_lock_bh(&clcsk->sk_callback_lock);
	WRITE_ONCE(smc->clcsock->file, file);
	write_unlock_bh(&clcsk->sk_callback_lock);
}

/**
 * smcr_hs_lend_file() - rules of netfilter ask the TCP socket for its owner
 * @smc: its TCP socket sends something from now on; has a struct socket
 *
 * They know it by the open file. It is taken back before that is freed:
 * smcr_hs_take_file(), smcr_hs_release_clcsock().
 *
 * Context: process; socket lock held.
 */
void smcr_hs_lend_file(struct smcr_sock *smc)
{
	set_file(smc, smc->sk.sk_socket->file);
}

/**
 * smcr_hs_take_file() - undo smcr_hs_lend_file()
 * @smc: its TCP socket outlives the open file
 *
 * Context: process; socket lock held, takes the TCP socket's lock.
 */
void smcr_hs_take_file(struct smcr_sock *smc)
{
	/* what is being sent is sent then: some kernels look without a lock */
	lock_sock(smc->clcsock->sk);
	set_file(smc, NULL);
	release_sock(smc->clcsock->sk);
}

/**
 * smcr_hs_release_clcsock() - let go of the TCP socket
 * @smc: the socket, orphaned or never seen by anybody
 *
 * Context: process, may sleep; socket lock held or nobody knows the socket.
 */
void smcr_hs_release_clcsock(struct smcr_sock *smc)
{
	struct socket *clcsock = smc->clcsock;

	if (!clcsock)
		return;
	smcr_hs_unhook(smc);
	/* first: who lists sockets may look at it until RCU has freed it */
	WRITE_ONCE(smc->clcsock, NULL);
	/* its last packets have an owner; what has a file is not freed */
	clcsock->ops->release(clcsock);
	WRITE_ONCE(clcsock->file, NULL);
	sock_release(clcsock);
}

/**
 * smcr_hs_check_policy() - may this connection bypass the IP stack?
 * @smc: its socket
 *
 * Context: any.
 * Return: SMCR_DECLINE_IPSEC if the socket has an IPsec policy.
 */
enum smcr_decline smcr_hs_check_policy(const struct smcr_sock *smc)
{
#ifdef CONFIG_XFRM
	const struct sock *clcsk = smc->clcsock->sk;

	if (rcu_access_pointer(clcsk->sk_policy[0]) ||
	    rcu_access_pointer(clcsk->sk_policy[1]))
		return SMCR_DECLINE_IPSEC;
#endif
	return SMCR_DECLINE_NONE;
}

/**
 * smcr_hs_memcg() - the cgroup that pays for a connection's memory
 * @smc: its socket, in handshake
 *
 * Handshakes and accepted sockets are the business of work items, which are
 * in no cgroup: it is that of the program that connects or listens.
 *
 * Context: the work of the handshake.
 * Return: the cgroup, which stays during the handshake, or NULL.
 */
struct mem_cgroup *smcr_hs_memcg(const struct smcr_sock *smc)
{
	const struct smcr_sock *owner = smc->parent ?: smc;

	return smcr_compat_memcg_of(&owner->sk);
}

/* nobody has chosen a size: neither the program nor the administrator */
static bool is_ours_to_choose(u32 size, unsigned int is_set)
{
	return !is_set && size == SMCR_RING_DEFAULT;
}

/**
 * smcr_hs_new_conn() - a connection with the rings that the socket asks for
 * @smc: the socket
 *
 * sk_sndbuf and sk_rcvbuf are stored doubled, as for every socket. As with
 * TCP, buffers that nobody has set are sized by us: that for sending grows
 * when it is used.
 *
 * Context: process, may sleep.
 * Return: the connection or NULL.
 */
struct smcr_conn *smcr_hs_new_conn(struct smcr_sock *smc)
{
	const struct sock *sk = &smc->sk;
	int locks = READ_BITS(sk->sk_userlocks);
	bool is_large = smcr_conn_count() < MAX_LARGE;
	u32 tx_want = READ_ONCE(sk->sk_sndbuf) / 2;
	u32 rx_want = READ_ONCE(sk->sk_rcvbuf) / 2;
	u32 tx_first = tx_want;
	struct smcr_conn *conn;

	if (is_ours_to_choose(tx_want, locks & SOCK_SNDBUF_LOCK)) {
		tx_first = RING_FIRST;
		if (is_large)
			tx_want = RING_LARGE;
	}
	if (is_ours_to_choose(rx_want, locks & SOCK_RCVBUF_LOCK) &&
	    is_large)
		rx_want = RING_LARGE;
	conn = smcr_conn_create(&smc->sk, tx_first, tx_want, rx_want);
	if (conn)
		conn->path.deadline = jiffies + SMCR_HS_SETUP_TIME;
	return conn;
}

/**
 * smcr_hs_decline() - end a handshake by a DECLINE of ours
 * @smc: the socket
 * @res: result of the handshake; its connection is given up
 * @reason: why
 * @version: SMC version of the handshake
 * @patience: jiffies that the peer gets to decline first, as two crossing
 *	DECLINEs would be taken for data (wire.md 2.12)
 *
 * Context: process, may sleep; not under the socket lock.
 */
void smcr_hs_decline(struct smcr_sock *smc, struct smcr_hs_result *res,
		     enum smcr_decline reason, u8 version, long patience)
{
	bool declined = false;
	int ret = -ETIMEDOUT;

	res->reason = reason;
	if (patience)
		ret = smcr_clc_recv(smc, SMCR_CLC_DECLINE, patience, NULL,
				    &declined);
	if (ret == -ETIMEDOUT)
		ret = smcr_clc_send_decline(smc, reason, version);
	res->err = ret;
	/* after that: the end of a new group must not overtake the DECLINE */
	if (res->conn)
		smcr_conn_abandon(res->conn, true);
	res->conn = NULL;
}

static void count_result(const struct smcr_sock *smc,
			 const struct smcr_hs_result *res)
{
	if (res->err)
		smcr_stats_failed(sock_net(&smc->sk), smc->role);
	else if (res->conn)
		smcr_stats_success(sock_net(&smc->sk), smc->role,
				   res->version);
}

/* the handshake took the connection down with it */
static void fail(struct smcr_sock *smc, int err)
{
	struct sock *sk = &smc->sk;

	kernel_sock_shutdown(smc->clcsock, SHUT_RDWR);
	smcr_hs_set_mode(smc, SMCR_MODE_FAILED);
	WRITE_ONCE(sk->sk_state, SMCR_CLOSED);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	WRITE_ONCE(sk->sk_err, -err);
}

static const void *peer_of(const struct smcr_sock *smc,
			   struct sockaddr_storage *peer)
{
	memset(peer, 0, sizeof(*peer));
	kernel_getpeername(smc->clcsock, (struct sockaddr *)peer);
	return peer;
}

/* What the tracepoint has not: who the peer is. Asked only if it is printed. */
static void debug_result(const struct smcr_sock *smc,
			 const struct smcr_hs_result *res)
{
	struct sockaddr_storage peer;

	pr_debug("%s handshake with %pISpc: version %u, error %d, reason 0x%08x\n",
		 smc->role == SMCR_SERVER ? "server" : "client",
		 peer_of(smc, &peer), res->version, res->err, res->reason);
}

/**
 * smcr_hs_apply_result() - the handshake is over
 * @smc: the socket; changes its mode
 * @res: how it ended
 *
 * Context: process; socket lock held.
 */
void smcr_hs_apply_result(struct smcr_sock *smc, struct smcr_hs_result *res)
{
	count_result(smc, res);
	trace_smcr_handshake(&smc->sk, sock_net(&smc->sk)->net_cookie,
			     smc->role == SMCR_SERVER, res->version, res->err,
			     res->reason);
	debug_result(smc, res);
	if (res->err) {
		fail(smc, res->err);
	} else if (res->conn) {
		WRITE_ONCE(smc->conn, res->conn);
		smcr_hs_set_mode(smc, SMCR_MODE_SMC);
		smcr_tx_set_cork(smc->conn,
				 READ_BITS(tcp_sk(smc->clcsock->sk)->nonagle) &
				 TCP_NAGLE_CORK);
		smcr_conn_establish(smc->conn);
	} else {
		smcr_fb_switch(smc, res->reason);
	}
}

/**
 * smcr_hs_shutdown() - shutdown() of a connection that uses SMC
 * @smc: the socket, in mode SMC
 * @how: SHUT_RD, SHUT_WR or SHUT_RDWR
 *
 * Context: process; socket lock held.
 */
void smcr_hs_shutdown(struct smcr_sock *smc, int how)
{
	int shut = how + 1;	/* RCV_SHUTDOWN, SEND_SHUTDOWN or both */
	struct sock *sk = &smc->sk;

	spin_lock_bh(&smc->conn->lock);
	smc->conn->rx_is_shut |= shut & RCV_SHUTDOWN;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | shut);
	spin_unlock_bh(&smc->conn->lock);
	if (shut & SEND_SHUTDOWN)
		smcr_conn_shutdown_write(smc->conn);
	sk->sk_state_change(sk);
}

/* nobody waits for the result any more */
static void drop_result(struct smcr_sock *smc, struct smcr_hs_result *res)
{
	if (res->conn)
		smcr_conn_close(res->conn, true);
	smcr_hs_release_clcsock(smc);
}

static void finish_connect(struct smcr_sock *smc, struct smcr_hs_result *res)
{
	struct sock *sk = &smc->sk;

	lock_sock(sk);
	if (sock_flag(sk, SOCK_DEAD)) {
		drop_result(smc, res);
	} else {
		smcr_hs_apply_result(smc, res);
		/* TCP has heard of it, the connection has not */
		if (smc->mode == SMCR_MODE_SMC && smc->shut_early)
			smcr_hs_shutdown(smc, smc->shut_early - 1);
		sk->sk_state_change(sk);
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
	}
	release_sock(sk);
}

/**
 * smcr_hs_tcp_ended() - TCP did not connect, or nobody wants it any more
 * @smc: in mode HANDSHAKE; TCP is in state CLOSE, or the socket is dead
 *
 * The next connect() on the TCP socket says why.
 *
 * Context: process; socket lock held.
 */
void smcr_hs_tcp_ended(struct smcr_sock *smc)
{
	struct sock *sk = &smc->sk;

	smcr_hs_unhook(smc);
	if (sock_flag(sk, SOCK_DEAD)) {
		smcr_hs_release_clcsock(smc);
		return;
	}
	smcr_hs_set_mode(smc, SMCR_MODE_IDLE);
	smcr_fb_errors_out(smc, smc->clcsock->sk);
	sk->sk_state_change(sk);
	sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
}

/* true if TCP is established and the handshake is ours to run */
static bool begin_client(struct smcr_sock *smc, bool *failed)
{
	u8 tcp_state = READ_ONCE(smc->clcsock->sk->sk_state);

	if (smc->mode != SMCR_MODE_HANDSHAKE)
		return false;
	/* nobody else releases the TCP socket of one that is closed */
	*failed = tcp_state == TCP_CLOSE || sock_flag(&smc->sk, SOCK_DEAD);
	if (*failed || tcp_state == TCP_SYN_SENT || tcp_state == TCP_SYN_RECV)
		return false;
	smcr_hs_unhook(smc);
	return true;
}

/* a work left over from an earlier connect() finds nothing to do */
static void client_work(struct smcr_sock *smc)
{
	struct smcr_hs_result res = {};
	bool failed = false;
	bool begins = false;

	lock_sock(&smc->sk);
	if (smc->clcsock)
		begins = begin_client(smc, &failed);
	if (failed)
		smcr_hs_tcp_ended(smc);
	release_sock(&smc->sk);
	if (!begins)
		return;
	smcr_hs_connect(smc, &res);
	finish_connect(smc, &res);
}

/*
 * TCP cut our messages from a page fragment of this thread. Idle threads of a
 * workqueue stay for minutes, and hundreds of handshakes at a time make as
 * many: do not leave 32 KiB with each.
 */
static void drop_page_frag(void)
{
	struct page_frag *frag = &current->task_frag;

	if (!frag->page)
		return;
	put_page(frag->page);
	frag->page = NULL;
}

/*
 * Runs once for each time somebody saw a reason to; what there is to do
 * follows from the socket.
 */
static void hs_work(struct work_struct *work)
{
	struct smcr_sock *smc = container_of(to_delayed_work(work),
					     struct smcr_sock, hs_work);

	if (READ_ONCE(smc->role) == SMCR_SERVER)
		smcr_hs_child_work(smc);
	else
		client_work(smc);
	sock_put(&smc->sk);
	drop_page_frag();
}

/**
 * smcr_hs_prepare_sock() - initialise the handshake part of a socket
 * @smc: zeroed but for smc->sk
 *
 * Context: any.
 */
void smcr_hs_prepare_sock(struct smcr_sock *smc)
{
	INIT_DELAYED_WORK(&smc->hs_work, hs_work);
	INIT_DELAYED_WORK(&smc->listener.accept_work, smcr_hs_accept_work);
	INIT_LIST_HEAD(&smc->listener.ready);
	INIT_LIST_HEAD(&smc->listener.deferred);
	INIT_LIST_HEAD(&smc->accept_node);
	spin_lock_init(&smc->listener.lock);
	smcr_hs_list_sock(smc);
}
