// SPDX-License-Identifier: GPL-2.0
/*
 * From the receive ring to recvmsg (wire.md 8.5). The peer's writes are in
 * memory before the message that announces them is seen, so a reader only
 * has to look at the producer cursor.
 */
#include "conn.h"

#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "../base/stats.h"
#include "../base/trace.h"
#include "../compat/compat.h"

/**
 * smcr_rx_unread() - bytes that can be read now
 * @conn: the connection
 *
 * Context: any; a snapshot unless conn->lock is held. Pairs with the updates
 * of both cursors under conn->lock.
 * Return: bytes.
 */
u32 smcr_rx_unread(const struct smcr_conn *conn)
{
	u32 cons = READ_ONCE(conn->rx_cons.total);
	u32 prod;

	/* the other way round, the reader might seem to be ahead */
	smp_rmb();
	prod = READ_ONCE(conn->rx_prod.total);
	/* do not read the ring ahead of the cursor */
	smp_rmb();
	return prod - cons;
}

static int copy_out(struct smcr_conn *conn, struct msghdr *msg, u32 skip,
		    u32 len)
{
	u32 mask = conn->path.rx_size - 1;
	u32 off = ((u32)conn->rx_cons.total + skip) & mask;
	u32 part = min(len, conn->path.rx_size - off);

	if (copy_to_iter(conn->path.rx_mem + off, part, &msg->msg_iter) != part)
		return -EFAULT;
	len -= part;
	if (copy_to_iter(conn->path.rx_mem, len, &msg->msg_iter) != len)
		return -EFAULT;
	return 0;
}

/**
 * smcr_rx_wants_update_locked() - does the peer need our consumer cursor now?
 * @conn: the connection; conn->lock held
 *
 * Context: any, bottom halves disabled.
 * Return: true if a message is due.
 */
bool smcr_rx_wants_update_locked(const struct smcr_conn *conn)
{
	return smcr_ring_wants_update(conn->rx_cons.total - conn->rx_announced,
				      conn->rx_prod.total - conn->rx_announced,
				      conn->path.rx_size,
				      conn->rx_flags & SMCR_CDC_WRITE_BLOCKED);
}

/*
 * Free ring space, and tell the peer if it should know at once. When data
 * comes is not the time to look, unless the peer waits: the reader will free
 * more.
 */
static void consume(struct smcr_conn *conn, u32 len)
{
	spin_lock_bh(&conn->lock);
	smcr_cursor_add(&conn->rx_cons, len, conn->path.rx_size);
	smcr_rx_pass_mark_locked(conn);
	if (smcr_rx_wants_update_locked(conn))
		conn->rx_is_due = true;
	smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	smcr_conn_unlock(conn);
}

/*
 * Who peeks and waits for more frees nothing: the little that the peer was not
 * told of may be what it has no room for.
 */
static void announce_room(struct smcr_conn *conn)
{
	spin_lock_bh(&conn->lock);
	if (conn->rx_cons.total != conn->rx_announced)
		conn->rx_is_due = true;
	smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	smcr_conn_unlock(conn);
}

/* what a reader that found nothing has to know, all from one moment */
struct view {
	u32 unread;
	bool has_error;
	bool is_eof;
	bool is_fin;
};

static struct view take_view(struct smcr_conn *conn, const struct sock *sk)
{
	struct view view;

	spin_lock_bh(&conn->lock);
	view.unread = smcr_rx_unread(conn);
	/* SO_ERROR takes it without a lock */
	view.has_error = READ_ONCE(sk->sk_err);
	view.is_eof = sk->sk_shutdown & RCV_SHUTDOWN;
	view.is_fin = !conn->rx_is_cut &&
		      (conn->close.rcvd & (SMCR_CDC_DONE_WRITING |
					   SMCR_CDC_CLOSED));
	spin_unlock_bh(&conn->lock);
	return view;
}

/* why a reader without data returns; 1: it waits */
static int reader_status(struct sock *sk, const struct view *view, long timeo)
{
	/* as with TCP, what came behind a FIN does not take it back */
	if (view->is_fin)
		return 0;
	if (view->has_error)
		return sock_error(sk);
	if (view->is_eof)
		return 0;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return 1;
}

/* a reader that has something does not wait behind the mark */
static void wait_for_data(struct smcr_conn *conn, struct sock *sk, u32 peeked,
			  bool has_some, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	sk_wait_event(sk, timeo,
		      smcr_rx_unread(conn) > peeked || READ_ONCE(sk->sk_err) ||
		      (has_some && smcr_rx_is_at_mark(conn, peeked)) ||
		      (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN), &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
}

static int recv_loop(struct smcr_conn *conn, struct sock *sk,
		     struct msghdr *msg, size_t len, int flags, size_t *copied)
{
	size_t target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct view view;
	u32 peeked = 0;
	u32 part;
	int ret;

	do {
		if (unlikely(smcr_rx_is_at_mark(conn, peeked))) {
			if (*copied || !len)
				return 0;
			/* its handler shall see the urgent byte first */
			if (signal_pending(current))
				return timeo ? sock_intr_errno(timeo) : -EAGAIN;
			if (!(flags & MSG_PEEK))
				smcr_rx_give_up_urgent(conn);
		}
		view.unread = smcr_rx_unread(conn);
		if (view.unread <= peeked)
			view = take_view(conn, sk);
		/* another reader may have taken what we had peeked at */
		peeked = min(peeked, view.unread);
		if (view.unread == peeked) {
			if (*copied >= target)
				return 0;
			if (*copied && (view.has_error || !timeo))
				return 0;
			ret = reader_status(sk, &view, timeo);
			if (ret <= 0)
				return ret;
			if (peeked)
				announce_room(conn);
			wait_for_data(conn, sk, peeked, *copied, &timeo);
			continue;
		}
		part = min_t(size_t, view.unread - peeked, len - *copied);
		part = smcr_rx_up_to_mark(conn, &peeked, part);
		if (!part)
			continue;
		if (!(flags & MSG_TRUNC)) {
			ret = copy_out(conn, msg, peeked, part);
			if (ret)
				return ret;
		}
		*copied += part;
		trace_smc_rx_recvmsg(sk, conn->net->net_cookie, part,
				     conn->path.dev_name);
		if (flags & MSG_PEEK)
			peeked += part;
		else
			consume(conn, part);
	} while (*copied < len);
	return 0;
}

static void count_unread(const struct smcr_conn *conn, size_t len)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;
	struct smcr_stats_side __percpu *rx = &stats->side[SMCR_STATS_RX];
	u32 unread = smcr_rx_unread(conn);

	if (unread > len)
		this_cpu_inc(rx->events[SMCR_RING_SMALL]);
	if (unread == conn->path.rx_size)
		this_cpu_inc(rx->events[SMCR_RING_FULL]);
}

/**
 * smcr_rx_recvmsg() - receive
 * @conn: established
 * @sk: its socket; locked by the caller, unlocked while waiting for data
 * @msg: where to put the data
 * @len: bytes that fit
 * @flags: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL and MSG_TRUNC have the
 *	meaning they have for TCP
 *
 * Context: process, may sleep.
 * Return: bytes received, 0 at the end of the stream, or -EAGAIN, -EFAULT,
 * -ENOTCONN, the socket's error, or what an interrupted wait gives.
 */
int smcr_rx_recvmsg(struct smcr_conn *conn, struct sock *sk,
		    struct msghdr *msg, size_t len, int flags)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;
	size_t copied = 0;
	int ret;

	count_unread(conn, len);
	ret = recv_loop(conn, sk, msg, len, flags, &copied);
	this_cpu_inc(stats->rx_calls);
	if (!copied)
		return ret;
	this_cpu_inc(stats->side[SMCR_STATS_RX].calls[smcr_stats_size(copied)]);
	if (!(flags & MSG_PEEK))
		this_cpu_add(stats->rx_bytes, copied);
	return copied;
}
