// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a connection, and what the transport reports about it.
 *
 * Events run in softirq. They take conn->lock, change the connection, drop
 * the lock and then wake the socket; the socket's memory is protected by
 * RCU (SOCK_RCU_FREE), a socket that was just closed takes the wake-up for
 * nothing.
 */
#include "conn.h"

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../base/snapshot.h"
#include "../base/stats.h"
#include "../base/sysctl.h"
#include "../compat/compat.h"

/* connections whose memory is in use, for module exit */
static atomic_t live_conns = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(live_wait);

/* what an event found out while it held the lock */
struct news {
	bool readable;
	bool writable;
	bool state;
};

/* a writer is woken only if one was turned away, and for a good part */
static void tell_writer(struct smcr_conn *conn, struct sock *sk)
{
	struct socket *sock = READ_ONCE(sk->sk_socket);

	if (!sock || !test_bit(SOCK_NOSPACE, &sock->flags) ||
	    !smcr_tx_is_writable(conn))
		return;
	clear_bit(SOCK_NOSPACE, &sock->flags);
	sk->sk_write_space(sk);
}

/* users in the kernel put their own there */
static void tell_reader(struct sock *sk)
{
	void (*data_ready)(struct sock *sk) = READ_ONCE(sk->sk_data_ready);

	data_ready(sk);
}

static void tell_socket(struct smcr_conn *conn, const struct news *news)
{
	struct sock *sk = rcu_dereference(conn->sk);

	if (!sk)
		return;
	/* with time between them, who polls by edges would see two */
	local_bh_disable();
	if (news->state)
		sk->sk_state_change(sk);
	if (news->readable || news->state)
		tell_reader(sk);
	local_bh_enable();
	if (news->writable)
		tell_writer(conn, sk);
}

/* the one place where a socket learns that its connection broke */
static void fail_socket_locked(struct smcr_conn *conn, int err)
{
	struct sock *sk = rcu_dereference_protected(conn->sk,
						    lockdep_is_held(&conn->lock));

	if (!sk || sk->sk_state == SMCR_CLOSED)
		return;
	WRITE_ONCE(sk->sk_err, err);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	WRITE_ONCE(sk->sk_state, SMCR_CLOSED);
	/* pairs with the barrier in sock_poll_wait() */
	smp_wmb();
}

/*
 * Our final flag is the last message. Until it has arrived its link may be
 * lost, and then only we can send it again: the peer would wait for it. The
 * device is through with the send ring by then, too.
 */
static bool has_final_arrived_locked(const struct smcr_conn *conn)
{
	return conn->tx_done_seq == conn->tx_seq;
}

/* true if the caller must detach the connection after unlocking */
static bool finish_locked(struct smcr_conn *conn)
{
	lockdep_assert_held(&conn->lock);
	if (rcu_access_pointer(conn->sk) || conn->is_detached)
		return false;
	if (!conn->is_dead && !(smcr_close_is_finished(&conn->close) &&
				has_final_arrived_locked(conn)))
		return false;
	conn->is_detached = true;
	return true;
}

/* true once nothing of the application's data is left to send */
static bool release_module_locked(struct smcr_conn *conn)
{
	bool is_done = conn->is_dead ||
		       (conn->close.sent & SMCR_CLOSE_FINAL);

	if (!conn->holds_module || !is_done)
		return false;
	conn->holds_module = false;
	return true;
}

/**
 * smcr_conn_unlock() - drop conn->lock and do what the state now asks for
 * @conn: the connection; may be detached afterwards, and gone if the caller
 *	has no reference
 *
 * The module cannot go between module_put() and the return: module exit
 * waits for the transports, and these for all connections.
 *
 * Context: any.
 */
void smcr_conn_unlock(struct smcr_conn *conn)
	__releases(&conn->lock)
{
	bool finished = finish_locked(conn);
	bool put_module = release_module_locked(conn);

	spin_unlock_bh(&conn->lock);
	if (put_module)
		module_put(THIS_MODULE);
	if (finished)
		conn->path.ops->detach(&conn->path, false);
}

static int check_rx_locked(struct smcr_conn *conn, const struct smcr_cdc *msg,
			   struct news *news)
{
	u64 rx_limit = conn->rx_announced + conn->path.rx_size;
	u64 sent = max(conn->tx_sent.total, conn->tx_resend_end);
	int ret;

	/* software RDMA may have written it; pairs with smcr_rx_unread() */
	smp_wmb();
	ret = smcr_cursor_update(&conn->rx_prod, &msg->prod,
				 conn->path.rx_size, rx_limit);
	if (ret < 0)
		return ret;
	news->readable = ret > 0;
	/*
	 * Of what was not announced, as the message is no news, a reader may
	 * be about to take the byte: then it is one like any other.
	 */
	if (ret > 0 && (msg->prod_flags & SMCR_CDC_URG_PRESENT) &&
	    conn->rx_urgent.state == SMCR_URGENT_ANNOUNCED)
		smcr_rx_take_urgent_locked(conn);

	/* a fast peer sends before its ACCEPT or CONFIRM told us its ring */
	if (!READ_ONCE(conn->path.peer_size))
		return 0;
	ret = smcr_cursor_update(&conn->tx_cons, &msg->cons,
				 conn->path.peer_size, sent);
	if (ret < 0)
		return ret;
	if (ret > 0) {
		conn->tx_done = max(conn->tx_done, conn->tx_cons.total);
		smcr_tx_skip_locked(conn);
		/* the push that follows may be what a closer waits for */
		news->writable = true;
	}
	return 0;
}

/* data that the peer had not read when it sent its last cursor */
static bool has_undelivered_locked(const struct smcr_conn *conn)
{
	return conn->tx_written != conn->tx_cons.total;
}

static void apply_close_locked(struct smcr_conn *conn, u8 flags,
			       struct news *news)
{
	bool is_close_wait = conn->close.rcvd &&
			     !(conn->close.want & SMCR_CDC_DONE_WRITING);
	u8 fresh = smcr_close_remote(&conn->close, flags);
	struct sock *sk = rcu_dereference_protected(conn->sk,
						    lockdep_is_held(&conn->lock));

	if (!fresh)
		return;
	news->state = true;
	if (!sk)
		return;
	if ((fresh & SMCR_CDC_CLOSED) && has_undelivered_locked(conn)) {
		/* nobody will read that: TCP would get a reset behind the FIN */
		smcr_close_local(&conn->close, SMCR_CLOSE_RESET);
		fail_socket_locked(conn, EPIPE);
		return;
	}
	if (fresh & SMCR_CDC_ABORT)
		/* TCP reports a reset behind a FIN as a broken pipe */
		fail_socket_locked(conn, is_close_wait ? EPIPE : ECONNRESET);
	else
		WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
}

/*
 * The peer breaks the protocol: end this connection only. What it says from
 * now on does not make a clean end of it.
 */
static void break_off_locked(struct smcr_conn *conn, struct news *news)
{
	if (!conn->close.rcvd)
		conn->rx_is_cut = true;
	smcr_close_local(&conn->close, SMCR_CLOSE_RESET);
	fail_socket_locked(conn, ECONNRESET);
	news->state = true;
}

static void rx_message_locked(struct smcr_conn *conn,
			      const struct smcr_cdc *msg, const void *via,
			      struct news *news)
{
	s16 age = smcr_cdc_age(msg->seq, conn->rx_seq);

	if (!conn->rx_via)
		conn->rx_via = via;
	if (msg->prod_flags & SMCR_CDC_FAILOVER) {
		conn->rx_via = via;
		if (conn->rx_cut_via == via)
			conn->rx_cut_via = NULL;
		/* wire.md 8.7: something newer than what we have got lost */
		if (age > 0)
			break_off_locked(conn, news);
		return;
	}
	if (age < 0 || via == conn->rx_cut_via)
		return;
	conn->rx_seq = msg->seq;
	if (check_rx_locked(conn, msg, news)) {
		break_off_locked(conn, news);
		return;
	}
	conn->rx_flags = msg->prod_flags;
	/* the next message may not repeat it */
	if (msg->prod_flags & (SMCR_CDC_WANT_UPDATE | SMCR_CDC_URG_PENDING |
			       SMCR_CDC_URG_PRESENT))
		conn->rx_asked_end = conn->rx_prod.total;
	apply_close_locked(conn, msg->state_flags, news);
}

static bool is_over_locked(const struct smcr_conn *conn)
{
	return conn->is_dead || conn->is_detached;
}

/* data for a closed socket: nobody will read it, TCP answers with a reset */
static void refuse_data_locked(struct smcr_conn *conn, const struct news *news)
{
	if (news->readable && !rcu_access_pointer(conn->sk))
		smcr_close_local(&conn->close, SMCR_CLOSE_RESET);
}

/* both ways: the same answer, and nobody is to get the data */
static bool is_shut_locked(const struct smcr_conn *conn)
{
	return conn->rx_is_shut && (conn->close.want & SMCR_CDC_DONE_WRITING);
}

/* more than 0: new data; 0: none; negative: the cursor is wrong */
static int look_ahead_locked(const struct smcr_conn *conn,
			     const struct smcr_cdc *msg)
{
	struct smcr_cursor prod = conn->rx_prod;

	return smcr_cursor_update(&prod, &msg->prod, conn->path.rx_size,
				  conn->rx_announced + conn->path.rx_size);
}

/* sent again after a link was lost, and announced the first time */
static bool is_old_urgent_locked(const struct smcr_conn *conn,
				 const struct smcr_cdc *msg)
{
	return (msg->prod_flags & SMCR_CDC_URG_PRESENT) &&
	       !look_ahead_locked(conn, msg);
}

/*
 * Its cursor does not count, and so each message that follows is ahead as well:
 * the one that ends the connection, too.
 */
static void refuse_message_locked(struct smcr_conn *conn,
				  const struct smcr_cdc *msg, struct news *news)
{
	break_off_locked(conn, news);
	apply_close_locked(conn, msg->state_flags, news);
}

/*
 * SIGURG is there before the mark can be seen, or a reader might pass it. The
 * lock is held until the byte can be had, as the handler may ask for it.
 */
static void announce_urgent_locked(struct smcr_conn *conn,
				   const struct smcr_cdc *msg)
{
	struct sock *sk = rcu_dereference_protected(conn->sk,
						    lockdep_is_held(&conn->lock));

	if (smcr_cdc_age(msg->seq, conn->rx_seq) <= 0 ||
	    is_old_urgent_locked(conn, msg) ||
	    !smcr_rx_announce_urgent_locked(conn) || !sk)
		return;
	/* the open file goes after sock_orphan(), which waits for this */
	read_lock(&sk->sk_callback_lock);
	sk_send_sigurg(sk);
	read_unlock(&sk->sk_callback_lock);
}

static void on_rx(struct smcr_path *path, const struct smcr_cdc *msg,
		  const void *via)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	struct news news = {};

	spin_lock_bh(&conn->lock);
	if (!is_over_locked(conn)) {
		if (unlikely(msg->prod_flags &
			     (SMCR_CDC_URG_PENDING | SMCR_CDC_URG_PRESENT)))
			announce_urgent_locked(conn, msg);
		conn->is_answered = true;
		if (is_shut_locked(conn) && look_ahead_locked(conn, msg) > 0)
			refuse_message_locked(conn, msg, &news);
		else
			rx_message_locked(conn, msg, via, &news);
		refuse_data_locked(conn, &news);
		smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	}
	smcr_conn_unlock(conn);
	tell_socket(conn, &news);
}

/* into the ring, where the peer would have written it */
static void put_data_locked(struct smcr_conn *conn, const u8 *data, u32 len)
{
	u32 off = conn->rx_prod.count;
	u32 part = min(len, conn->path.rx_size - off);

	memcpy(conn->path.rx_mem + off, data, part);
	memcpy(conn->path.rx_mem, data + part, len - part);
	/* before the cursor moves; pairs with smcr_rx_unread() */
	smp_wmb();
}

/* what comes late from where the peer does not send any more is sent again */
static bool is_stale_locked(struct smcr_conn *conn, const void *via)
{
	if (!conn->rx_via)
		conn->rx_via = via;
	return conn->rx_via != via;
}

/* what follows on that way may count data that was never put into the ring */
static void drop_stale_locked(struct smcr_conn *conn, const u8 *data,
			      const void *via)
{
	if (data && is_stale_locked(conn, via))
		conn->rx_cut_via = via;
}

static void on_rx_plain(struct smcr_path *path, const u8 *data, u32 len,
			bool is_blocked, const void *via)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	struct news news = { .readable = true };
	u64 room;

	spin_lock_bh(&conn->lock);
	if (!is_over_locked(conn) && !is_stale_locked(conn, via)) {
		conn->is_answered = true;
		conn->rx_seq++;
		conn->rx_flags = is_blocked ? SMCR_CDC_WRITE_BLOCKED : 0;
		room = conn->rx_announced + conn->path.rx_size -
		       conn->rx_prod.total;
		if (len > room || (len && is_shut_locked(conn))) {
			break_off_locked(conn, &news);
		} else {
			if (data)
				put_data_locked(conn, data, len);
			smcr_cursor_add(&conn->rx_prod, len,
					conn->path.rx_size);
		}
		refuse_data_locked(conn, &news);
		smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	} else {
		drop_stale_locked(conn, data, via);
	}
	smcr_conn_unlock(conn);
	tell_socket(conn, &news);
}

static void on_tx_done(struct smcr_path *path, u64 done_total, u16 seq)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	/* even if nothing got free, somebody may wait for the ring to drain */
	struct news news = { .writable = true };

	spin_lock_bh(&conn->lock);
	conn->tx_pending--;
	if (done_total > conn->tx_done)
		conn->tx_done = done_total;
	if (smcr_cdc_age(seq, conn->tx_done_seq) > 0)
		conn->tx_done_seq = seq;
	smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	smcr_conn_unlock(conn);
	tell_socket(conn, &news);
}

static void on_tx_room(struct smcr_path *path)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	struct news news = { .writable = true };

	spin_lock_bh(&conn->lock);
	smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	smcr_conn_unlock(conn);
	tell_socket(conn, &news);
}

/*
 * A peer that has closed, as we have, may have given its ring to another of our
 * connections, and nobody would read what is written there. Before, it may be
 * reading. What it gives away in this moment is written once more, too, but behind
 * that come, on the same link, the writes of the next connection.
 */
static bool may_resend_locked(const struct smcr_conn *conn)
{
	return !smcr_close_is_finished(&conn->close) ||
	       conn->tx_done == conn->tx_sent.total;
}

static void on_way_lost(struct smcr_path *path)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	/* even if nothing got free, somebody may wait for the ring to drain */
	struct news news = { .writable = true };

	spin_lock_bh(&conn->lock);
	if (!is_over_locked(conn)) {
		bool can_resend = may_resend_locked(conn);

		can_resend &= conn->path.ops->move(path);
		smcr_tx_rewind_locked(conn);
		if (!can_resend) {
			/* not as if the stream had come to its end */
			conn->close.want &= ~SMCR_CDC_DONE_WRITING;
			break_off_locked(conn, &news);
		}
		smcr_tx_push_locked(conn, SMCR_PUSH_NOW);
	}
	smcr_conn_unlock(conn);
	tell_socket(conn, &news);
}

/* who has the socket lock may just fill the ring */
static bool on_shrink(struct smcr_path *path, void *ring)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	struct sock *sk = rcu_dereference(conn->sk);
	bool has_taken = false;

	if (!sk)
		return false;
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk)) {
		spin_lock_bh(&conn->lock);
		has_taken = smcr_tx_shrink_locked(conn, ring);
		spin_unlock_bh(&conn->lock);
	}
	bh_unlock_sock(sk);
	return has_taken;
}

static void on_dead(struct smcr_path *path)
{
	struct smcr_conn *conn = smcr_conn_of(path);
	struct news news = { .state = true };

	spin_lock_bh(&conn->lock);
	conn->is_dead = true;
	fail_socket_locked(conn, ECONNRESET);
	smcr_conn_unlock(conn);
	tell_socket(conn, &news);
}

static void on_release(struct smcr_path *path)
{
	struct smcr_conn *conn = smcr_conn_of(path);

	kfree_rcu(conn, rcu);
	if (atomic_dec_and_test(&live_conns))
		wake_up(&live_wait);
}

static const struct smcr_path_events conn_events = {
	.rx = on_rx,
	.rx_plain = on_rx_plain,
	.tx_done = on_tx_done,
	.tx_room = on_tx_room,
	.way_lost = on_way_lost,
	.shrink = on_shrink,
	.dead = on_dead,
	.release = on_release,
};

/**
 * smcr_conn_count() - how many connections there are
 *
 * Context: any.
 * Return: all of this host, those that are being closed included.
 */
int smcr_conn_count(void)
{
	return atomic_read(&live_conns);
}

/**
 * smcr_conn_create() - create a connection for a handshake
 * @sk: the socket it is for
 * @tx_first: wanted send ring, bytes
 * @tx_want: wanted send ring once that was full, bytes
 * @rx_want: wanted receive ring, bytes
 *
 * The caller passes conn->path to a transport and then calls either
 * smcr_conn_establish() or smcr_conn_abandon().
 *
 * Context: process, may sleep.
 * Return: the connection or NULL without memory.
 */
struct smcr_conn *smcr_conn_create(struct sock *sk, u32 tx_first, u32 tx_want,
				   u32 rx_want)
{
	struct smcr_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	smcr_path_init(&conn->path, &conn_events);
	spin_lock_init(&conn->lock);
	timer_setup(&conn->cork_timer, smcr_tx_cork_expired, 0);
	conn->net = sock_net(sk);
	conn->autocork = READ_ONCE(smcr_sysctl(conn->net)->autocork);
	conn->is_answered = true;
	conn->path.tx_first = tx_first;
	conn->path.tx_want = tx_want;
	conn->path.rx_want = rx_want;
	RCU_INIT_POINTER(conn->sk, sk);
	atomic_inc(&live_conns);
	return conn;
}

/**
 * smcr_conn_abandon() - give up a connection whose handshake failed
 * @conn: never established; its owner's reference is dropped
 * @lost: the peer may believe in it, and write
 *
 * Context: process.
 */
void smcr_conn_abandon(struct smcr_conn *conn, bool lost)
{
	bool attached;

	spin_lock_bh(&conn->lock);
	RCU_INIT_POINTER(conn->sk, NULL);
	attached = conn->path.ops && !conn->is_detached;
	conn->is_detached = true;
	spin_unlock_bh(&conn->lock);
	if (attached)
		conn->path.ops->detach(&conn->path, lost);
	smcr_conn_put(conn);
}

/**
 * smcr_conn_count_ring() - a connection got a ring
 * @conn: its socket exists, and so does its namespace
 * @dir: what the ring is for
 * @size: bytes
 * @origin: where it comes from
 *
 * Context: any.
 */
void smcr_conn_count_ring(const struct smcr_conn *conn, enum smcr_stats_dir dir,
			  u32 size, const struct smcr_ring_origin *origin)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;
	enum smcr_ring_event event = origin->is_reused ? SMCR_RING_REUSED :
							 SMCR_RING_ALLOCATED;

	this_cpu_inc(stats->side[dir].rings[smcr_stats_size(size)]);
	this_cpu_inc(stats->side[dir].events[event]);
	if (origin->is_downgraded)
		this_cpu_inc(stats->side[dir].events[SMCR_RING_DOWNGRADED]);
	this_cpu_add(stats->side[dir].ring_bytes, size);
}

static void count_rings_locked(struct smcr_conn *conn)
{
	const struct smcr_path *path = &conn->path;

	lockdep_assert_held(&conn->lock);
	conn->is_counted = true;
	smcr_conn_count_ring(conn, SMCR_STATS_TX, path->tx_size,
			     &path->tx_origin);
	smcr_conn_count_ring(conn, SMCR_STATS_RX, path->rx_size,
			     &path->rx_origin);
}

/* it keeps them for a while, but its namespace may be gone by then */
static void uncount_rings_locked(struct smcr_conn *conn)
{
	struct smcr_stats_path __percpu *stats;

	lockdep_assert_held(&conn->lock);
	if (!conn->is_counted)
		return;
	conn->is_counted = false;
	stats = smcr_stats(conn->net)->path;
	this_cpu_add(stats->side[SMCR_STATS_TX].ring_bytes,
		     -(u64)conn->path.tx_size);
	this_cpu_add(stats->side[SMCR_STATS_RX].ring_bytes,
		     -(u64)conn->path.rx_size);
}

/**
 * smcr_conn_establish() - the handshake is over, data may flow
 * @conn: attached to a transport
 *
 * What the peer sent before is replayed to the socket, which may have
 * missed the wake-ups.
 *
 * Context: process; socket lock held.
 */
void smcr_conn_establish(struct smcr_conn *conn)
{
	struct news news = { .state = true };
	struct sock *sk;

	spin_lock_bh(&conn->lock);
	sk = rcu_dereference_protected(conn->sk,
				       lockdep_is_held(&conn->lock));
	WRITE_ONCE(sk->sk_state, SMCR_ACTIVE);
	count_rings_locked(conn);
	if (conn->is_dead || (conn->close.rcvd & SMCR_CDC_ABORT))
		fail_socket_locked(conn, ECONNRESET);
	else if (conn->close.rcvd)
		WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	spin_unlock_bh(&conn->lock);
	rcu_read_lock();
	tell_socket(conn, &news);
	rcu_read_unlock();
}

/**
 * smcr_conn_shutdown_write() - the application writes no more
 * @conn: established
 *
 * The peer is told once all data before is in its ring.
 *
 * Context: process; takes conn->lock.
 */
void smcr_conn_shutdown_write(struct smcr_conn *conn)
{
	spin_lock_bh(&conn->lock);
	conn->is_corked = false;
	smcr_close_local(&conn->close, SMCR_CLOSE_SHUT_WR);
	smcr_tx_push_locked(conn, SMCR_PUSH_NOW);
	smcr_conn_unlock(conn);
}

/**
 * smcr_conn_reset() - end a connection as if the peer had sent a TCP reset
 * @conn: established
 * @err: positive errno for the socket
 *
 * Context: process; takes conn->lock.
 */
void smcr_conn_reset(struct smcr_conn *conn, int err)
{
	spin_lock_bh(&conn->lock);
	smcr_close_local(&conn->close, SMCR_CLOSE_RESET);
	fail_socket_locked(conn, err);
	smcr_tx_push_locked(conn, SMCR_PUSH_NOW);
	smcr_conn_unlock(conn);
}

static bool is_drained(struct smcr_conn *conn)
{
	bool drained;

	spin_lock_bh(&conn->lock);
	drained = conn->is_dead || (conn->close.rcvd & SMCR_CLOSE_FINAL) ||
		  conn->tx_sent.total == conn->tx_written;
	spin_unlock_bh(&conn->lock);
	return drained;
}

/**
 * smcr_conn_wait_drained() - wait until the transport has all data
 * @conn: established
 * @sk: its socket, locked by the caller; the lock is dropped while waiting
 * @timeo: jiffies to wait at most
 *
 * What SO_LINGER promises. Ends early on a signal or a broken connection.
 *
 * Context: process, sleeps.
 */
void smcr_conn_wait_drained(struct smcr_conn *conn, struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	smcr_tx_set_cork(conn, false);
	add_wait_queue(sk_sleep(sk), &wait);
	while (timeo && !signal_pending(current) && !is_drained(conn)) {
		/* the write space callback only wakes those who ask */
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		sk_wait_event(sk, &timeo, is_drained(conn), &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
}

/**
 * smcr_conn_close() - the socket goes away
 * @conn: established; the socket's reference is dropped
 * @reset: discard what was not sent and tell the peer that data is lost
 *
 * Without @reset the connection lives on until all data is in the peer's
 * ring and both sides have closed, or the transport lost the peer. Until
 * the data is out, the module cannot be unloaded.
 *
 * Context: process; takes conn->lock.
 */
void smcr_conn_close(struct smcr_conn *conn, bool reset)
{
	spin_lock_bh(&conn->lock);
	RCU_INIT_POINTER(conn->sk, NULL);
	conn->is_corked = false;
	uncount_rings_locked(conn);
	/* nobody will read that: TCP would answer it with a reset */
	reset |= smcr_rx_unread(conn) > 0;
	smcr_close_local(&conn->close,
			 reset ? SMCR_CLOSE_RESET : SMCR_CLOSE_CLOSE);
	if (!conn->is_dead) {
		conn->holds_module = true;
		__module_get(THIS_MODULE);
	}
	smcr_tx_push_locked(conn, SMCR_PUSH_NOW);
	smcr_conn_unlock(conn);
	smcr_conn_put(conn);
}

/**
 * smcr_conn_is_over() - have both sides ended their direction?
 * @conn: established
 *
 * Context: any; takes conn->lock.
 * Return: true if they have.
 */
bool smcr_conn_is_over(struct smcr_conn *conn)
{
	bool is_over;

	spin_lock_bh(&conn->lock);
	is_over = conn->is_dead || (conn->close.sent && conn->close.rcvd);
	spin_unlock_bh(&conn->lock);
	return is_over;
}

/* where a position in the stream is in a ring */
static struct smcr_cursor place(u64 total, u32 size)
{
	return (struct smcr_cursor){
		.total = total,
		.count = (u32)total & (size - 1),
		.wrap = total >> ilog2(size),
	};
}

static void copy_conn_locked(const struct smcr_conn *conn,
			     struct smcr_conn_info *info)
{
	u32 tx_size = conn->path.tx_size;

	info->token = conn->path.token;
	info->tx_size = tx_size;
	info->rx_size = conn->path.rx_size;
	info->peer_size = conn->path.peer_size;
	info->rx_prod = conn->rx_prod;
	info->rx_cons = conn->tx_cons;
	info->tx_prod = conn->tx_sent;
	info->tx_cons = place(conn->rx_announced, info->rx_size);
	info->rx_flags = conn->rx_flags;
	info->rx_state = conn->close.rcvd;
	info->tx_flags = conn->tx_flags;
	info->tx_state = conn->close.sent;
	info->written = place(conn->tx_written, tx_size);
	info->sent = place(conn->tx_sent.total, tx_size);
	info->confirmed = place(conn->tx_done, tx_size);
}

/**
 * smcr_conn_snapshot() - copy what user space may see
 * @conn: established, may be over
 * @info: @state, @conn and @link are filled in
 *
 * Context: any; takes conn->lock.
 */
void smcr_conn_snapshot(struct smcr_conn *conn, struct smcr_sock_info *info)
{
	const struct smcr_transport_ops *ops;

	spin_lock_bh(&conn->lock);
	info->state = conn->is_dead ? SMCR_CLOSED :
				      smcr_close_state(&conn->close);
	info->has_conn = !conn->is_detached;
	if (info->has_conn) {
		ops = conn->path.ops;
		copy_conn_locked(conn, &info->conn);
		info->has_link = ops->snapshot_link &&
				 ops->snapshot_link(&conn->path, &info->link,
						    &info->role);
	}
	spin_unlock_bh(&conn->lock);
}

/**
 * smcr_conn_exit() - wait until the last connection is gone
 *
 * Context: module exit; no socket and no transport is left, only timers.
 */
void smcr_conn_exit(void)
{
	wait_event(live_wait, !atomic_read(&live_conns));
	/* on_release() may still be returning */
	synchronize_rcu();
}
