// SPDX-License-Identifier: GPL-2.0
/*
 * From sendmsg to the peer's ring (wire.md 8.4).
 *
 * Bytes are copied into the send ring under the socket lock and pushed from
 * there under conn->lock, by whoever finds that something can go: the
 * sender, a message from the peer that made room, a completion.
 *
 * A completion costs more than it tells, so it is asked for only when it is
 * needed: for each quarter of the send ring, and when the peer has said
 * nothing since the last send. As long as it answers (request and response),
 * nothing completes. The final flag asks for one, as the connection is given
 * back only when that has arrived. While a completion is under way, small
 * writes gather in the ring and leave with it.
 */
#include "conn.h"

#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "../base/stats.h"
#include "../base/sysctl.h"
#include "../base/trace.h"
#include "../compat/compat.h"

/* each is a message: few for a large write, but copying and sending overlap */
#define COPY_CHUNK	(32u * 1024)

/* A quarter of the ring is worth a completion, and a writer's wake-up. */
static u32 piece(const struct smcr_conn *conn)
{
	return conn->path.tx_size / 4;
}

/* memory that was short may still be */
#define GROW_PAUSE	HZ

/* TCP sends what was corked after this time at the latest */
#define CORK_TIMEOUT	msecs_to_jiffies(200)

static u32 unsent_locked(const struct smcr_conn *conn)
{
	return conn->tx_written - conn->tx_sent.total;
}

static u32 peer_room_locked(const struct smcr_conn *conn)
{
	return conn->path.peer_size -
	       (u32)(conn->tx_sent.total - conn->tx_cons.total);
}

/*
 * The device may still read what was sent; what was sent again even if the peer
 * has it from the first time.
 */
static bool is_under_way_locked(const struct smcr_conn *conn)
{
	return conn->tx_done != conn->tx_sent.total ||
	       (conn->tx_resend_end && conn->tx_pending);
}

static u32 free_locked(const struct smcr_conn *conn)
{
	if (conn->tx_is_growing && is_under_way_locked(conn))
		return 0;
	return conn->path.tx_size - (u32)(conn->tx_written - conn->tx_done);
}

/* the next write gets a larger ring, or the room that there is */
static bool can_grow_locked(const struct smcr_conn *conn)
{
	return conn->tx_is_growing && !is_under_way_locked(conn);
}

static void arm_cork_timer(struct smcr_conn *conn)
{
	if (timer_pending(&conn->cork_timer))
		return;
	smcr_path_get(&conn->path);
	if (mod_timer(&conn->cork_timer, jiffies + CORK_TIMEOUT))
		smcr_conn_put(conn);
}

static bool holds_back_locked(struct smcr_conn *conn, u32 len,
			      enum smcr_push push)
{
	u32 enough = min(piece(conn), conn->path.peer_size / 4);

	if (push == SMCR_PUSH_NOW || len >= enough)
		return false;
	if (conn->tx_pending && len < READ_ONCE(conn->autocork))
		return true;
	if (push == SMCR_PUSH_MORE || conn->is_corked) {
		arm_cork_timer(conn);
		return true;
	}
	return false;
}

static bool is_resending_locked(const struct smcr_conn *conn)
{
	return conn->tx_sent.total < conn->tx_resend_end;
}

/*
 * After a failover the peer compares tx_done_seq to its own number, with a sign:
 * it must not fall behind by half of the 16 bits, even if only cursors are sent.
 */
#define MAX_SEQ_LAG	8192

static bool is_seq_old_locked(const struct smcr_conn *conn)
{
	return !conn->tx_pending &&
	       (u16)(conn->tx_seq - conn->tx_done_seq) >= MAX_SEQ_LAG;
}

static bool wants_done_locked(const struct smcr_conn *conn, u32 len)
{
	if (is_seq_old_locked(conn) || conn->tx_wants_done)
		return true;
	if (!len)
		return false;
	return !conn->is_answered || is_resending_locked(conn) || conn->tx_is_growing ||
	       conn->tx_unasked + len > piece(conn) ||
	       free_locked(conn) < piece(conn);
}

/* everything that a message says besides the data */
static void fill_message_locked(struct smcr_conn *conn, struct smcr_tx *tx,
				u8 flags, u8 state)
{
	tx->msg.seq = conn->tx_seq + 1;
	tx->msg.prod = smcr_cursor_to_wire(&conn->tx_sent);
	tx->msg.cons = smcr_cursor_to_wire(&conn->rx_cons);
	tx->msg.prod_flags = flags;
	tx->msg.state_flags = state;
}

static bool update_is_due_locked(const struct smcr_conn *conn)
{
	if (conn->rx_cons.total == conn->rx_announced)
		return false;
	if (conn->rx_is_due || conn->rx_announced < conn->rx_asked_end)
		return true;
	return (conn->rx_flags & SMCR_CDC_WRITE_BLOCKED) &&
	       smcr_rx_wants_update_locked(conn);
}

static void note_sent_locked(struct smcr_conn *conn, const struct smcr_tx *tx)
{
	conn->tx_seq++;
	conn->tx_flags = tx->msg.prod_flags;
	if (conn->tx_flags & SMCR_CDC_URG_PRESENT) {
		conn->tx_flags &= SMCR_CDC_WRITE_BLOCKED;
		conn->tx_is_urgent = false;
	}
	if (!tx->is_plain) {
		conn->rx_announced = conn->rx_cons.total;
		conn->rx_is_due = false;
		conn->tx_is_due = false;
	}
	if (tx->len) {
		conn->is_answered = false;
		conn->tx_unasked += tx->len;
	}
	if (tx->is_done) {
		conn->tx_done = tx->done_total;
		conn->tx_done_seq = conn->tx_seq;
	} else if (tx->want_done) {
		conn->tx_pending++;
	} else {
		return;
	}
	conn->tx_unasked = 0;
	conn->tx_wants_done = false;
}

/* bytes to send now; a message does not go beyond the urgent byte */
static u32 len_to_send_locked(struct smcr_conn *conn, u32 unsent, u32 room,
			      enum smcr_push push)
{
	u32 len = min(unsent, room);

	if (conn->tx_is_urgent)
		return min_t(u64, len,
			     conn->tx_urgent_end - conn->tx_sent.total);
	if (len && holds_back_locked(conn, len, push))
		return 0;
	return len;
}

static u8 prod_flags_locked(const struct smcr_conn *conn, u32 len,
			    bool is_blocked)
{
	u8 flags = conn->tx_flags;

	if (len)
		flags = is_blocked ? SMCR_CDC_WRITE_BLOCKED : 0;
	if (conn->tx_is_urgent)
		flags |= SMCR_CDC_URG_PENDING;
	if (conn->tx_is_urgent && conn->tx_sent.total + len == conn->tx_urgent_end)
		flags |= SMCR_CDC_URG_PRESENT;
	return flags;
}

/* true if an urgent byte kept back what follows it */
static bool push_one_locked(struct smcr_conn *conn, enum smcr_push push)
{
	struct smcr_cursor sent = conn->tx_sent;
	u32 unsent = unsent_locked(conn);
	u32 room = peer_room_locked(conn);
	u32 len = len_to_send_locked(conn, unsent, room, push);
	bool is_resending = is_resending_locked(conn);
	u8 state = smcr_close_due(&conn->close, len == unsent);
	u8 flags, urgent;
	struct smcr_tx tx;
	bool has_news;

	if (state & SMCR_CDC_ABORT)
		len = 0;
	flags = prod_flags_locked(conn, len, unsent >= room);
	urgent = flags & (SMCR_CDC_URG_PENDING | SMCR_CDC_URG_PRESENT);
	has_news = state != conn->close.sent || update_is_due_locked(conn) ||
		   (urgent && len) || (urgent & ~conn->tx_flags) ||
		   conn->tx_is_due;
	if (!len && !has_news)
		return false;

	tx.len = len;
	tx.spans = smcr_ring_spans(conn->tx_off, conn->path.tx_size,
				   sent.count, conn->path.peer_size, len,
				   tx.span);
	tx.want_done = wants_done_locked(conn, len) ||
		       (state & SMCR_CLOSE_FINAL);
	tx.is_only = !is_under_way_locked(conn);
	tx.is_done = false;
	smcr_cursor_add(&conn->tx_sent, len, conn->path.peer_size);
	tx.done_total = conn->tx_sent.total;
	tx.is_plain = !has_news && !is_resending;
	fill_message_locked(conn, &tx, flags, state);
	if (conn->path.ops->send(&conn->path, &tx)) {
		/* tx_room or dead will call again */
		conn->tx_sent = sent;
		return false;
	}
	conn->tx_off += len;
	if (conn->tx_off >= conn->path.tx_size)
		conn->tx_off -= conn->path.tx_size;
	note_sent_locked(conn, &tx);
	conn->close.sent = state;
	return (urgent & SMCR_CDC_URG_PRESENT) && len < unsent;
}

/*
 * The peer checks that it has all messages up to the one that is known to have
 * arrived (wire.md 8.7), and learns where data comes from now on. The next
 * message says where we are, so that plain writes can follow.
 */
static bool validate_locked(struct smcr_conn *conn)
{
	struct smcr_tx tx = {
		.msg.seq = conn->tx_done_seq,
		.msg.prod_flags = SMCR_CDC_FAILOVER,
	};

	if (conn->path.ops->send(&conn->path, &tx))
		return false;
	conn->tx_is_moved = false;
	conn->tx_is_due = true;
	return true;
}

/**
 * smcr_tx_push_locked() - send what can and should go now
 * @conn: the connection; conn->lock held
 * @push: whether data may be held back
 *
 * One message: data as far as the peer has room, the consumer cursor, flags
 * that are due. Two if there is an urgent byte, which ends a message.
 *
 * Context: any, bottom halves disabled.
 */
void smcr_tx_push_locked(struct smcr_conn *conn, enum smcr_push push)
{
	lockdep_assert_held(&conn->lock);
	if (conn->is_dead || conn->is_detached ||
	    (conn->close.sent & SMCR_CLOSE_FINAL))
		return;
	/* pairs with the release where the transport learns the peer's ring */
	if (!smp_load_acquire(&conn->path.peer_size))
		return;
	if (conn->tx_is_moved && !validate_locked(conn))
		return;
	if (push_one_locked(conn, push))
		push_one_locked(conn, push);
}

/**
 * smcr_tx_rewind_locked() - what was sent may be lost
 * @conn: the connection, which sends another way from now on; conn->lock held
 *
 * What is not known to have arrived is to be sent again (wire.md 8.7), state
 * flags and the urgent byte, too. Completions of the sends before do not come
 * any more.
 *
 * Context: any, bottom halves disabled.
 */
void smcr_tx_rewind_locked(struct smcr_conn *conn)
{
	u32 back = conn->tx_sent.total - conn->tx_done;
	u32 peer_size = READ_ONCE(conn->path.peer_size);

	lockdep_assert_held(&conn->lock);
	if (!peer_size)
		return;
	conn->tx_resend_end = max(conn->tx_resend_end, conn->tx_sent.total);
	smcr_cursor_sub(&conn->tx_sent, back, peer_size);
	conn->tx_off = (conn->tx_off - back) & (conn->path.tx_size - 1);
	conn->tx_pending = 0;
	conn->tx_unasked = 0;
	if (conn->tx_urgent_end > conn->tx_done)
		conn->tx_is_urgent = true;
	conn->close.sent = 0;
	conn->tx_is_moved = true;
}

/**
 * smcr_tx_skip_locked() - the peer has read what was to be sent again
 * @conn: the connection; conn->lock held
 *
 * Context: any, bottom halves disabled.
 */
void smcr_tx_skip_locked(struct smcr_conn *conn)
{
	lockdep_assert_held(&conn->lock);
	if (conn->tx_cons.total <= conn->tx_sent.total)
		return;
	conn->tx_off += conn->tx_cons.total - conn->tx_sent.total;
	conn->tx_off &= conn->path.tx_size - 1;
	conn->tx_sent = conn->tx_cons;
	if (conn->tx_urgent_end <= conn->tx_sent.total)
		conn->tx_is_urgent = false;
}

/**
 * smcr_tx_push() - send what can and should go now
 * @conn: the connection
 * @push: whether data may be held back
 *
 * Context: any; takes conn->lock.
 */
void smcr_tx_push(struct smcr_conn *conn, enum smcr_push push)
{
	spin_lock_bh(&conn->lock);
	smcr_tx_push_locked(conn, push);
	smcr_conn_unlock(conn);
}

/**
 * smcr_tx_cork_expired() - timer: data was held back for long enough
 * @timer: embedded in the connection; its reference is dropped
 *
 * Context: softirq; takes conn->lock.
 */
void smcr_tx_cork_expired(struct timer_list *timer)
{
	struct smcr_conn *conn = container_of(timer, struct smcr_conn,
					      cork_timer);

	smcr_tx_push(conn, SMCR_PUSH_NOW);
	smcr_conn_put(conn);
}

/**
 * smcr_tx_set_cork() - TCP_CORK
 * @conn: the connection
 * @cork: hold small writes back from now on, or send them
 *
 * Context: process; takes conn->lock.
 */
void smcr_tx_set_cork(struct smcr_conn *conn, bool cork)
{
	spin_lock_bh(&conn->lock);
	conn->is_corked = cork;
	if (!cork)
		smcr_tx_push_locked(conn, SMCR_PUSH_NOW);
	smcr_conn_unlock(conn);
}

static u32 free_room(struct smcr_conn *conn)
{
	u32 len;

	spin_lock_bh(&conn->lock);
	len = free_locked(conn);
	spin_unlock_bh(&conn->lock);
	return len;
}

/**
 * smcr_tx_is_writable() - is it worth waking a writer?
 * @conn: the connection
 *
 * As with TCP, a good part of the buffer must be free: a quarter.
 *
 * Context: any; takes conn->lock.
 * Return: true if it is.
 */
bool smcr_tx_is_writable(struct smcr_conn *conn)
{
	bool is_writable;

	spin_lock_bh(&conn->lock);
	is_writable = can_grow_locked(conn) || free_locked(conn) >= piece(conn);
	spin_unlock_bh(&conn->lock);
	return is_writable;
}

/**
 * smcr_tx_ask_for_room() - somebody wants to be woken when there is room
 * @sk: the socket
 *
 * Room that came before woke nobody: look again after this.
 *
 * Context: process; @sk has a struct socket.
 */
void smcr_tx_ask_for_room(struct sock *sk)
{
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* pairs with the lock under which room is made, and looked for */
	smp_mb__after_atomic();
}

/**
 * smcr_tx_unsent() - bytes not yet written to the peer (SIOCOUTQNSD)
 * @conn: the connection
 *
 * Context: any; takes conn->lock.
 * Return: bytes.
 */
u32 smcr_tx_unsent(struct smcr_conn *conn)
{
	u32 len;

	spin_lock_bh(&conn->lock);
	len = unsent_locked(conn);
	spin_unlock_bh(&conn->lock);
	return len;
}

/**
 * smcr_tx_unconfirmed() - bytes not known to be with the peer (SIOCOUTQ)
 * @conn: the connection
 *
 * A sender that waits for zero must get there although nothing else is
 * sent, so data that no completion was requested for counts as delivered
 * once the transport has it: that is reliable.
 *
 * Context: any; takes conn->lock.
 * Return: bytes.
 */
u32 smcr_tx_unconfirmed(struct smcr_conn *conn)
{
	u32 len;

	spin_lock_bh(&conn->lock);
	if (conn->tx_pending)
		len = conn->tx_written - conn->tx_done;
	else
		len = unsent_locked(conn);
	spin_unlock_bh(&conn->lock);
	return len;
}

static int copy_in(struct smcr_conn *conn, struct msghdr *msg, u32 len)
{
	u32 mask = conn->path.tx_size - 1;
	/* only the socket owner moves tx_written */
	u32 off = (u32)conn->tx_written & mask;
	u32 part = min(len, conn->path.tx_size - off);

	if (!copy_from_iter_full(conn->path.tx_mem + off, part, &msg->msg_iter))
		return -EFAULT;
	if (len > part &&
	    !copy_from_iter_full(conn->path.tx_mem, len - part, &msg->msg_iter))
		return -EFAULT;
	return 0;
}

/* all that a writer finds wrong; changes under conn->lock at any time */
static bool is_write_over(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) ||
	       (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN);
}

static int wait_for_room(struct smcr_conn *conn, struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = 0;

	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		smcr_tx_ask_for_room(sk);
		if (smcr_tx_is_writable(conn))
			break;
		if (is_write_over(sk)) {
			ret = -EPIPE;
			break;
		}
		if (!*timeo) {
			ret = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			ret = sock_intr_errno(*timeo);
			break;
		}
		sk_wait_event(sk, timeo,
			      is_write_over(sk) || smcr_tx_is_writable(conn),
			      &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return ret;
}

/* the peer's application is gone: TCP would send, and get a reset */
static bool peer_closed(struct smcr_conn *conn)
{
	return READ_ONCE(conn->close.rcvd) & SMCR_CLOSE_FINAL;
}

static void commit(struct smcr_conn *conn, u32 len, enum smcr_push push,
		   bool is_urgent)
{
	spin_lock_bh(&conn->lock);
	conn->tx_written += len;
	if (is_urgent) {
		conn->tx_is_urgent = true;
		conn->tx_urgent_end = conn->tx_written;
	}
	smcr_tx_push_locked(conn, push);
	smcr_conn_unlock(conn);
}

static bool may_grow(const struct smcr_conn *conn)
{
	return conn->path.tx_size < conn->path.tx_want &&
	       !(conn->tx_has_shrunk &&
		 jiffies - conn->tx_short_at < GROW_PAUSE);
}

/*
 * A connection begins with a small send ring. Who fills it gets a larger one
 * as soon as no send is under way: what is left to send is copied. Each send
 * has a completion from now on, so that moment comes, even if the peer does
 * not read.
 */
static void ask_for_growth(struct smcr_conn *conn)
{
	spin_lock_bh(&conn->lock);
	if (may_grow(conn) && !conn->tx_unasked)
		conn->tx_is_growing = true;
	spin_unlock_bh(&conn->lock);
}

/* who writes much at a time gets it as well, if the ring happens to be empty */
static bool wants_larger(struct smcr_conn *conn, size_t len)
{
	u32 size = conn->path.tx_size;
	bool wants;

	if (!may_grow(conn))
		return false;
	spin_lock_bh(&conn->lock);
	wants = can_grow_locked(conn) ||
		(len > size / 2 && free_locked(conn) == size);
	spin_unlock_bh(&conn->lock);
	return wants;
}

/* to the same places of the stream; a larger ring does not wrap more often */
static void copy_unsent_locked(struct smcr_conn *conn)
{
	const struct smcr_path *path = &conn->path;
	struct smcr_span span[SMCR_RING_MAX_SPANS];
	u32 to = (u32)conn->tx_sent.total & (path->tx_next_size - 1);
	int i, n;

	n = smcr_ring_spans(conn->tx_off, path->tx_size, to,
			    path->tx_next_size, unsent_locked(conn), span);
	for (i = 0; i < n; i++)
		memcpy(path->tx_next_mem + span[i].dst,
		       path->tx_mem + span[i].src, span[i].len);
	conn->tx_off = to;
}

/* the one before counts as a ring that was used */
static void count_next_locked(const struct smcr_conn *conn)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;

	this_cpu_add(stats->side[SMCR_STATS_TX].ring_bytes,
		     -(u64)conn->path.tx_size);
	smcr_conn_count_ring(conn, SMCR_STATS_TX, conn->path.tx_next_size,
			     &conn->path.tx_origin);
}

static void switch_ring_locked(struct smcr_conn *conn)
{
	copy_unsent_locked(conn);
	count_next_locked(conn);
	conn->path.ops->switch_ring(&conn->path);
}

/* one attempt; but memory that was short comes back */
static void end_growth_locked(struct smcr_conn *conn)
{
	conn->tx_is_growing = false;
	if (conn->tx_has_shrunk && conn->path.tx_size < conn->path.tx_want) {
		conn->tx_short_at = jiffies;
		return;
	}
	conn->tx_has_shrunk = false;
	conn->path.tx_want = conn->path.tx_size;
}

static void grow(struct smcr_conn *conn)
{
	bool has_larger = conn->path.ops->grow(&conn->path);
	u32 size = conn->path.tx_size;

	spin_lock_bh(&conn->lock);
	if (has_larger && !is_under_way_locked(conn))
		switch_ring_locked(conn);
	if (!has_larger || conn->path.tx_size > size)
		end_growth_locked(conn);
	spin_unlock_bh(&conn->lock);
}

/**
 * smcr_tx_shrink_locked() - memory is short: send from a smaller ring
 * @conn: nobody has its socket lock, so that nobody writes into the ring
 * @ring: the smaller one, the transport's
 *
 * Only a ring without data gives way. Whether data has arrived that needed no
 * completion is asked for now, and known the next time. Who fills the small ring
 * gets a large one again.
 *
 * Context: any, bottom halves disabled; conn->lock is held.
 * Return: whether the connection has @ring now.
 */
bool smcr_tx_shrink_locked(struct smcr_conn *conn, void *ring)
{
	u32 size = conn->path.tx_size;

	lockdep_assert_held(&conn->lock);
	if (!conn->is_counted || conn->is_dead || conn->is_detached ||
	    conn->tx_is_growing || conn->tx_pending || unsent_locked(conn))
		return false;
	if (conn->tx_done != conn->tx_sent.total) {
		conn->tx_wants_done = true;
		conn->tx_is_due = true;
		smcr_tx_push_locked(conn, SMCR_PUSH_NOW);
		return false;
	}
	if (!conn->path.ops->take_ring(&conn->path, ring))
		return false;
	switch_ring_locked(conn);
	conn->path.tx_want = max(conn->path.tx_want, size);
	conn->tx_has_shrunk = true;
	conn->tx_short_at = jiffies - GROW_PAUSE;
	return true;
}

/* a writer has to wait */
static void count_full(struct smcr_conn *conn)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;
	bool is_peer_full;

	spin_lock_bh(&conn->lock);
	is_peer_full = !peer_room_locked(conn);
	spin_unlock_bh(&conn->lock);
	this_cpu_inc(stats->side[SMCR_STATS_TX].events[SMCR_RING_FULL]);
	if (is_peer_full)
		this_cpu_inc(stats->side[SMCR_STATS_TX].events[SMCR_RING_FULL_PEER]);
}

static int send_loop(struct smcr_conn *conn, struct sock *sk,
		     struct msghdr *msg, size_t *copied)
{
	enum smcr_push push = msg->msg_flags & MSG_MORE ? SMCR_PUSH_MORE :
							  SMCR_PUSH_AUTO;
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	bool is_urgent;
	u32 len;
	int ret;

	for (;;) {
		/* first: having nothing to send is no excuse */
		if (is_write_over(sk))
			return -EPIPE;
		if (!msg_data_left(msg))
			return 0;
		if (peer_closed(conn)) {
			*copied += msg_data_left(msg);
			smcr_conn_reset(conn, EPIPE);
			return 0;
		}
		if (wants_larger(conn, msg_data_left(msg)))
			grow(conn);
		len = min(free_room(conn), COPY_CHUNK);
		len = min_t(size_t, len, msg_data_left(msg));
		if (!len) {
			ask_for_growth(conn);
			count_full(conn);
			smcr_tx_push(conn, SMCR_PUSH_NOW);
			ret = wait_for_room(conn, sk, &timeo);
			if (ret)
				return ret;
			continue;
		}
		ret = copy_in(conn, msg, len);
		if (ret)
			return ret;
		*copied += len;
		trace_smc_tx_sendmsg(sk, conn->net->net_cookie, len,
				     conn->path.dev_name);
		/* only the last byte of all is urgent */
		is_urgent = (msg->msg_flags & MSG_OOB) && !msg_data_left(msg);
		commit(conn, len, push, is_urgent);
	}
}

static void count_call(struct smcr_conn *conn, size_t len, size_t copied,
		       bool is_urgent)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;
	struct smcr_stats_side __percpu *tx = &stats->side[SMCR_STATS_TX];
	/* one that can still grow is not too small */
	u32 size = max(conn->path.tx_size, conn->path.tx_want);

	this_cpu_inc(stats->tx_calls);
	if (is_urgent)
		this_cpu_inc(stats->urgent_calls);
	if (unlikely(len > size))
		this_cpu_inc(tx->events[SMCR_RING_SMALL]);
	if (unlikely(len > conn->path.peer_size))
		this_cpu_inc(tx->events[SMCR_RING_SMALL_PEER]);
	if (!copied)
		return;
	this_cpu_add(stats->tx_bytes, copied);
	this_cpu_inc(tx->calls[smcr_stats_size(len)]);
}

/**
 * smcr_tx_sendmsg() - send
 * @conn: established
 * @sk: its socket; locked by the caller, unlocked while waiting for room
 * @msg: data and flags; MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL and MSG_OOB
 *	have the meaning they have for TCP
 * @len: bytes in @msg
 *
 * Context: process, may sleep.
 * Return: bytes taken, or -EAGAIN, -EPIPE (with SIGPIPE unless
 * MSG_NOSIGNAL), -EFAULT, the socket's error, or what an interrupted wait
 * gives.
 */
int smcr_tx_sendmsg(struct smcr_conn *conn, struct sock *sk,
		    struct msghdr *msg, size_t len)
{
	size_t copied = 0;
	int ret;

	WRITE_ONCE(conn->autocork, READ_ONCE(smcr_sysctl(conn->net)->autocork));
	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	ret = send_loop(conn, sk, msg, &copied);
	count_call(conn, len, copied, msg->msg_flags & MSG_OOB);
	if (copied)
		return copied;
	return ret ? sk_stream_error(sk, msg->msg_flags, ret) : 0;
}
