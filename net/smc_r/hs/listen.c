// SPDX-License-Identifier: GPL-2.0
/*
 * Listening sockets. Their TCP listener is drained by a work item; each
 * connection becomes a child socket, which does its handshake in a work item
 * of its own and then waits in the ready list for accept().
 *
 * No handshake starts while the ready list is longer than the backlog. Those
 * under way have a limit of their own, as half-open connections of TCP have,
 * lest silent peers use up a short backlog; they may join the list later. What
 * is above stays in TCP's own queue, and TCP applies its own limits there.
 *
 * A child that has not spoken yet costs a timer, not a thread: its work runs
 * when the first byte arrives.
 */
#include "hs.h"

#include <net/tcp.h>
#include <net/tcp_states.h>

#include "../compat/tcp_option.h"

/* of one listener at a time, or as many as its backlog if that is more */
#define HANDSHAKES_PER_LISTENER	256
/* with SMC_LIMIT_HS: from here on the others are served by TCP at once */
#define CONGESTED		(HANDSHAKES_PER_LISTENER / 2)
/* until there may be memory for the next one */
#define ACCEPT_PAUSE		(HZ / 10)

static u32 most_handshakes(const struct smcr_sock *smc)
{
	return max_t(u32, HANDSHAKES_PER_LISTENER,
		     READ_ONCE(smc->sk.sk_max_ack_backlog));
}

/*
 * TCP has a connection for us. The TCP listener is there: smcr_hs_listen_stop()
 * takes the listener's lock when the mode is another one.
 */
static bool has_queued_locked(const struct smcr_sock *smc)
{
	return smcr_mode(smc) == SMCR_MODE_LISTEN &&
	       !reqsk_queue_empty(&inet_csk(smc->clcsock->sk)->icsk_accept_queue);
}

/* account for a child in advance; false if there is none, or there are enough */
static bool reserve_child(struct smcr_sock *smc)
{
	struct smcr_listener *l = &smc->listener;
	u32 backlog = READ_ONCE(smc->sk.sk_max_ack_backlog);
	bool room;

	spin_lock_bh(&l->lock);
	room = has_queued_locked(smc) &&
	       l->ready_count <= backlog &&
	       l->handshakes < most_handshakes(smc);
	if (room)
		WRITE_ONCE(l->handshakes, l->handshakes + 1);
	spin_unlock_bh(&l->lock);
	return room;
}

/* a child leaves the handshake; true if it is now in the ready list */
static bool unreserve_child(struct smcr_sock *smc, struct smcr_sock *child)
{
	struct smcr_listener *l = &smc->listener;
	bool keep;

	spin_lock_bh(&l->lock);
	WRITE_ONCE(l->handshakes, l->handshakes - 1);
	keep = child && smcr_mode(smc) == SMCR_MODE_LISTEN;
	if (keep) {
		list_add_tail(&child->accept_node, &l->ready);
		WRITE_ONCE(l->ready_count, l->ready_count + 1);
	}
	spin_unlock_bh(&l->lock);
	return keep;
}

/* there may be room for the next one: who found none does not come back */
static void accept_next(struct smcr_sock *smc)
{
	struct smcr_listener *l = &smc->listener;
	bool has_queued;

	spin_lock_bh(&l->lock);
	has_queued = has_queued_locked(smc);
	spin_unlock_bh(&l->lock);
	if (has_queued)
		smcr_hs_queue_accept(smc, 0);
}

/* nobody will ever accept this child */
static void discard(struct smcr_sock *child)
{
	struct smcr_conn *conn = child->conn;
	struct sock *sk = &child->sk;

	/* maybe under its listener's lock */
	lock_sock_nested(sk, SINGLE_DEPTH_NESTING);
	sock_orphan(sk);
	if (smcr_mode(child) == SMCR_MODE_SMC) {
		WRITE_ONCE(child->conn, NULL);
		smcr_conn_close(conn, true);
	}
	/* a reset, as TCP does to those that nobody accepted */
	sock_no_linger(child->clcsock->sk);
	smcr_hs_release_clcsock(child);
	release_sock(sk);
	sock_put(sk);
}

/* hand a child over to accept(), or to nobody */
static void child_done(struct smcr_sock *child, bool keep)
{
	struct smcr_sock *parent = child->parent;

	child->parent = NULL;
	if (unreserve_child(parent, keep ? child : NULL))
		parent->sk.sk_data_ready(&parent->sk);
	else
		discard(child);
	accept_next(parent);
	sock_put(&parent->sk);
}

static void deferred_data_ready(struct sock *sk)
{
	/* RCU keeps the memory, not the socket */
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	smcr_hs_queue(smcr_sk(sk), 0);
	sock_put(sk);
}

static bool has_data(const struct smcr_sock *child)
{
	const struct sock *clcsk = child->clcsock->sk;

	if (smcr_mode(child) == SMCR_MODE_SMC)
		return smcr_rx_unread(child->conn) ||
		       READ_ONCE(child->sk.sk_shutdown) ||
		       READ_ONCE(child->conn->rx_urgent.state);
	return !skb_queue_empty_lockless(&clcsk->sk_receive_queue) ||
	       inet_sk_state_load(clcsk) != TCP_ESTABLISHED;
}

/* what has no listener any more need not wait */
static void note_deferred(struct smcr_sock *parent, struct smcr_sock *child)
{
	struct smcr_listener *l = &parent->listener;
	bool is_listening;

	spin_lock_bh(&l->lock);
	is_listening = smcr_mode(parent) == SMCR_MODE_LISTEN;
	if (is_listening)
		list_add_tail(&child->accept_node, &l->deferred);
	spin_unlock_bh(&l->lock);
	if (!is_listening)
		smcr_hs_queue(child, 0);
}

static void forget_deferred(struct smcr_sock *parent, struct smcr_sock *child)
{
	struct smcr_listener *l = &parent->listener;

	spin_lock_bh(&l->lock);
	list_del_init(&child->accept_node);
	spin_unlock_bh(&l->lock);
}

static void end_deferred(struct smcr_listener *l)
{
	struct smcr_sock *child;

	spin_lock_bh(&l->lock);
	list_for_each_entry(child, &l->deferred, accept_node)
		smcr_hs_queue(child, 0);
	spin_unlock_bh(&l->lock);
}

/*
 * TCP_DEFER_ACCEPT: come back when data arrives or the time is over. Clients
 * that say nothing do not keep the others out.
 */
static bool defer(struct smcr_sock *child)
{
	const struct smcr_sock *parent = child->parent;

	if (!child->defer_secs || READ_ONCE(parent->listener.handshakes) >=
				  most_handshakes(parent) / 2)
		return false;
	child->is_deferred = true;
	smcr_hs_queue(child, child->defer_secs * HZ);
	note_deferred(child->parent, child);
	if (smcr_mode(child) == SMCR_MODE_SMC)
		WRITE_ONCE(child->sk.sk_data_ready, deferred_data_ready);
	else
		smcr_hs_hook(child);
	if (has_data(child))
		smcr_hs_queue(child, 0);
	return true;
}

static void undefer(struct smcr_sock *child)
{
	child->is_deferred = false;
	forget_deferred(child->parent, child);
	if (smcr_mode(child) == SMCR_MODE_TCP)
		smcr_hs_hook_errors(child);
	WRITE_ONCE(child->sk.sk_data_ready, child->parent->sk.sk_data_ready);
	child_done(child, true);
}

static void serve(struct smcr_sock *child)
{
	struct smcr_hs_result res = {};

	smcr_hs_serve(child, &res);
	lock_sock(&child->sk);
	smcr_hs_apply_result(child, &res);
	release_sock(&child->sk);
	if (!res.err && defer(child))
		return;
	child_done(child, !res.err);
}

/* the time for a PROPOSAL is over (wire.md 2.11) */
static bool is_silent(const struct smcr_sock *child)
{
	const struct sock *clcsk = child->clcsock->sk;

	return inet_sk_state_load(clcsk) == TCP_ESTABLISHED &&
	       skb_queue_empty_lockless(&clcsk->sk_receive_queue);
}

/**
 * smcr_hs_child_work() - an accepted socket has something to do
 * @child: the socket
 *
 * Called when the first byte arrives or when the peer has been silent for
 * too long; the handshake itself tells the two apart. A later call finds
 * another mode.
 *
 * Context: process, sleeps for a bounded time.
 */
void smcr_hs_child_work(struct smcr_sock *child)
{
	if (child->is_deferred) {
		undefer(child);
		return;
	}
	if (smcr_mode(child) != SMCR_MODE_HANDSHAKE || !child->parent)
		return;
	smcr_hs_unhook(child);
	if (is_silent(child)) {
		smcr_stats_failed(sock_net(&child->sk), SMCR_SERVER);
		child_done(child, false);
		return;
	}
	serve(child);
}

/* what TCP copies from a listener to its children, for the outer socket */
static void inherit(struct smcr_sock *child, const struct smcr_sock *parent)
{
	const struct sock *from = &parent->sk;
	struct sock *to = &child->sk;

	to->sk_sndbuf = READ_ONCE(from->sk_sndbuf);
	to->sk_rcvbuf = READ_ONCE(from->sk_rcvbuf);
	smcr_hs_copy_options(to, from);
	child->defer_secs = READ_ONCE(parent->defer_secs);
}

/* not to the work item that accepts it */
static void give_to_owner(struct socket *clcsock, struct socket *listener)
{
	SOCK_INODE(clcsock)->i_uid = SOCK_INODE(listener)->i_uid;
	SOCK_INODE(clcsock)->i_gid = SOCK_INODE(listener)->i_gid;
	WRITE_ONCE(clcsock->sk->sk_uid, listener->sk->sk_uid);
}

/* the TCP child was cloned from the listener, our callbacks included */
static void restore_callbacks(struct sock *clcsk,
			      const struct smcr_sock *parent)
{
	write_lock_bh(&clcsk->sk_callback_lock);
	clcsk->sk_state_change = parent->saved.state_change;
	clcsk->sk_data_ready = parent->saved.data_ready;
	clcsk->sk_error_report = parent->saved.error_report;
	rcu_assign_sk_user_data(clcsk, NULL);
	write_unlock_bh(&clcsk->sk_callback_lock);
}

/* the work may run, and end the child, as soon as it is queued */
static void start_handshake(struct smcr_sock *child)
{
	struct sock *clcsk = child->clcsock->sk;

	sock_hold(&child->sk);
	sock_hold(clcsk);
	smcr_hs_set_mode(child, SMCR_MODE_HANDSHAKE);
	/* the ACK of PROPOSAL goes along with ACCEPT, that of CONFIRM with a FIN */
	tcp_sock_set_quickack(clcsk, 0);
	/* before the callbacks, which ask for less delay */
	smcr_hs_queue(child, SMCR_HS_CLC_TIMEOUT);
	smcr_hs_hook(child);
	/* what arrived before the callbacks were in place */
	if (!skb_queue_empty_lockless(&clcsk->sk_receive_queue) ||
	    inet_sk_state_load(clcsk) != TCP_ESTABLISHED)
		smcr_hs_queue(child, 0);
	sock_put(clcsk);
	sock_put(&child->sk);
}

static void start_child(struct smcr_sock *child)
{
	struct sock *clcsk = child->clcsock->sk;
	struct smcr_sock *parent = child->parent;

	if (parent->fallback_reason || !smcr_tcp_option_agreed(clcsk)) {
		lock_sock_nested(&child->sk, SINGLE_DEPTH_NESTING);
		smcr_fb_switch(child, parent->fallback_reason ?:
			       SMCR_DECLINE_PEER_NO_SMC);
		release_sock(&child->sk);
		child_done(child, true);
		return;
	}
	start_handshake(child);
}

/*
 * -EAGAIN: there is none; -ENOMEM: there may be one; -ENOBUFS: one that there was
 * no memory for got a reset.
 */
static int accept_one(struct smcr_sock *smc)
{
	struct smcr_sock *child;
	struct socket *clcsock;
	int ret = kernel_accept(smc->clcsock, &clcsock, O_NONBLOCK);

	if (ret)
		return ret;
	restore_callbacks(clcsock->sk, smc);
	child = smcr_hs_child_alloc(smc);
	if (!child) {
		sock_no_linger(clcsock->sk);
		sock_release(clcsock);
		return -ENOBUFS;
	}
	child->role = SMCR_SERVER;
	give_to_owner(clcsock, smc->clcsock);
	/* for those who list sockets */
	smp_store_release(&child->clcsock, clcsock);
	/* what was set after listen() is news to the TCP socket */
	smcr_hs_init_mirror(child);
	inherit(child, smc);
	sock_hold(&smc->sk);
	child->parent = smc;
	start_child(child);
	return 0;
}

/* what TCP has does not announce itself twice */
static void accept_all(struct smcr_sock *smc)
{
	int ret = 0;

	while (!ret && reserve_child(smc)) {
		ret = accept_one(smc);
		if (ret)
			unreserve_child(smc, NULL);
	}
	if (ret == -ENOMEM || ret == -ENOBUFS)
		smcr_hs_queue_accept(smc, ACCEPT_PAUSE);
}

/**
 * smcr_hs_accept_work() - work: the TCP listener has connections
 * @work: embedded in a listener; its reference is dropped
 *
 * Context: process, may sleep. Never runs twice at a time, and the TCP
 * listener stays as long as it runs: smcr_hs_listen_stop() waits for it.
 */
void smcr_hs_accept_work(struct work_struct *work)
{
	struct smcr_sock *smc = container_of(to_delayed_work(work),
					     struct smcr_sock,
					     listener.accept_work);

	accept_all(smc);
	sock_put(&smc->sk);
}

/* RCU keeps the listener's memory */
static bool is_congested(const struct sock *clcsk)
{
	const struct smcr_sock *smc = rcu_dereference_sk_user_data(clcsk);

	return smc && READ_ONCE(smc->listener.handshakes) >= CONGESTED;
}

/**
 * smcr_hs_listen_start() - the TCP socket is a listener now
 * @smc: the socket, mode LISTEN
 *
 * Context: process; socket lock held.
 */
void smcr_hs_listen_start(struct smcr_sock *smc)
{
	smcr_hs_hook(smc);
	if (READ_ONCE(smc->limit_hs))
		smcr_tcp_option_limit(smc->clcsock->sk, is_congested);
	smcr_hs_queue_accept(smc, 0);
}

/*
 * What is left in TCP's queue ends with the listener, or goes to another one of
 * the port (net.ipv4.tcp_migrate_req), whose owner knows nothing of us.
 */
static void restore_queued(const struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;
	struct request_sock_queue *queue = &inet_csk(clcsk)->icsk_accept_queue;
	struct request_sock *req;

	if (!rcu_access_pointer(clcsk->sk_reuseport_cb))
		return;
	/* those that TCP clones just now have our callbacks as well */
	synchronize_rcu_expedited();
	spin_lock_bh(&queue->rskq_lock);
	for (req = queue->rskq_accept_head; req; req = req->dl_next)
		restore_callbacks(req->sk, smc);
	spin_unlock_bh(&queue->rskq_lock);
}

/**
 * smcr_hs_listen_stop() - no more connections are accepted
 * @smc: the socket, its mode is not LISTEN any more
 *
 * Children in handshake end by themselves; those that only wait for data end
 * now, as those of TCP do.
 *
 * Context: process, sleeps; socket lock held.
 */
void smcr_hs_listen_stop(struct smcr_sock *smc)
{
	struct smcr_sock *child;

	smcr_tcp_option_limit(smc->clcsock->sk, NULL);
	smcr_hs_unhook(smc);
	if (cancel_delayed_work_sync(&smc->listener.accept_work))
		sock_put(&smc->sk);
	restore_queued(smc);
	end_deferred(&smc->listener);
	while ((child = smcr_hs_dequeue(smc)))
		discard(child);
}

/**
 * smcr_hs_dequeue() - take a socket from the ready list
 * @smc: the listener
 *
 * Context: process.
 * Return: the socket, its reference is the caller's; NULL if there is none.
 */
struct smcr_sock *smcr_hs_dequeue(struct smcr_sock *smc)
{
	struct smcr_listener *l = &smc->listener;
	struct smcr_sock *child;

	spin_lock_bh(&l->lock);
	child = list_first_entry_or_null(&l->ready, struct smcr_sock,
					 accept_node);
	if (child) {
		list_del_init(&child->accept_node);
		WRITE_ONCE(l->ready_count, l->ready_count - 1);
	}
	spin_unlock_bh(&l->lock);
	if (child)
		accept_next(smc);
	return child;
}

/**
 * smcr_hs_has_ready() - would accept() find something?
 * @smc: the listener
 *
 * Context: any.
 * Return: true if it would.
 */
bool smcr_hs_has_ready(const struct smcr_sock *smc)
{
	return READ_ONCE(smc->listener.ready_count) > 0;
}
