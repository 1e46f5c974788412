// SPDX-License-Identifier: GPL-2.0
/*
 * The peer's urgent byte (wire.md 8.6). Its value is kept apart, and it leaves
 * the ring as soon as it is the next one there, unless the application wants
 * it in line: a stock peer sends nothing more before.
 */
#include "conn.h"

#include "../base/stats.h"

static bool is_inline_locked(const struct smcr_conn *conn)
{
	const struct sock *sk;

	sk = rcu_dereference_protected(conn->sk, lockdep_is_held(&conn->lock));
	return sk && sock_flag(sk, SOCK_URGINLINE);
}

static void skip_locked(struct smcr_conn *conn)
{
	if (!smcr_urgent_is_next(&conn->rx_urgent, conn->rx_cons.total) ||
	    is_inline_locked(conn))
		return;
	/* pairs with smcr_rx_unread() */
	smp_wmb();
	smcr_cursor_add(&conn->rx_cons, 1, conn->path.rx_size);
}

/**
 * smcr_rx_announce_urgent_locked() - the peer has an urgent byte
 * @conn: the connection; conn->lock held
 *
 * Context: softirq, before the byte itself is seen.
 * Return: true if the application is to get SIGURG, before the byte as well.
 */
bool smcr_rx_announce_urgent_locked(struct smcr_conn *conn)
{
	bool is_news;

	lockdep_assert_held(&conn->lock);
	is_news = smcr_urgent_announce(&conn->rx_urgent);
	/* who sees the new producer cursor knows that there is a mark */
	smp_wmb();
	return is_news;
}

/**
 * smcr_rx_take_urgent_locked() - the byte before the producer cursor is urgent
 * @conn: the connection, to which it was announced; conn->lock held
 *
 * Context: softirq.
 */
void smcr_rx_take_urgent_locked(struct smcr_conn *conn)
{
	u64 end = conn->rx_prod.total;
	u32 off = (u32)(end - 1) & (conn->path.rx_size - 1);

	lockdep_assert_held(&conn->lock);
	smcr_urgent_arrive(&conn->rx_urgent, end, conn->path.rx_mem[off]);
	skip_locked(conn);
}

/**
 * smcr_rx_pass_mark_locked() - the reader has moved
 * @conn: the connection; conn->lock held
 *
 * Context: process, bottom halves disabled.
 */
void smcr_rx_pass_mark_locked(struct smcr_conn *conn)
{
	lockdep_assert_held(&conn->lock);
	if (likely(!conn->rx_urgent.state))
		return;
	skip_locked(conn);
	smcr_urgent_pass(&conn->rx_urgent, conn->rx_cons.total,
			 is_inline_locked(conn));
}

/**
 * smcr_rx_is_at_mark() - is the urgent byte the next thing? (SIOCATMARK)
 * @conn: the connection
 * @peeked: bytes that count as read although they are not
 *
 * Context: any; takes conn->lock.
 * Return: true if it is.
 */
bool smcr_rx_is_at_mark(struct smcr_conn *conn, u32 peeked)
{
	bool ret;

	/* pairs with smcr_rx_announce_urgent_locked() */
	if (likely(!READ_ONCE(conn->rx_urgent.state)))
		return false;
	spin_lock_bh(&conn->lock);
	ret = smcr_urgent_is_at_mark(&conn->rx_urgent,
				     conn->rx_cons.total + peeked,
				     is_inline_locked(conn));
	spin_unlock_bh(&conn->lock);
	return ret;
}

/**
 * smcr_rx_give_up_urgent() - a read begins at the mark
 * @conn: the connection
 *
 * As over TCP, this is the end of a byte that was kept apart, even if nothing
 * follows yet.
 *
 * Context: process; takes conn->lock.
 */
void smcr_rx_give_up_urgent(struct smcr_conn *conn)
{
	spin_lock_bh(&conn->lock);
	if (!is_inline_locked(conn))
		smcr_urgent_pass(&conn->rx_urgent, conn->rx_cons.total + 1,
				 false);
	spin_unlock_bh(&conn->lock);
}

/**
 * smcr_rx_up_to_mark() - how much one read may take
 * @conn: the connection
 * @peeked: bytes of the ring that it has seen; grows if the urgent byte is
 *	next and has to be left out
 * @len: bytes that are there
 *
 * Context: process; socket lock held, takes conn->lock.
 * Return: bytes; 0 if the last one has just left the ring.
 */
u32 smcr_rx_up_to_mark(struct smcr_conn *conn, u32 *peeked, u32 len)
{
	u64 pos;

	if (likely(!READ_ONCE(conn->rx_urgent.state)))
		return len;
	spin_lock_bh(&conn->lock);
	if (!*peeked)
		skip_locked(conn);
	pos = conn->rx_cons.total + *peeked;
	if (smcr_urgent_is_next(&conn->rx_urgent, pos) &&
	    !is_inline_locked(conn)) {
		++*peeked;
		pos++;
	}
	len = min_t(u64, len, conn->rx_prod.total - pos);
	len = smcr_urgent_clip(&conn->rx_urgent, pos, len);
	/* a stock peer may wait to hear of what was skipped */
	smcr_tx_push_locked(conn, SMCR_PUSH_AUTO);
	smcr_conn_unlock(conn);
	return len;
}

/**
 * smcr_rx_inq() - bytes that can be read, not across the mark (SIOCINQ)
 * @conn: the connection
 *
 * Context: any; takes conn->lock.
 * Return: bytes.
 */
u32 smcr_rx_inq(struct smcr_conn *conn)
{
	u32 len;

	spin_lock_bh(&conn->lock);
	len = smcr_rx_unread(conn);
	if (!is_inline_locked(conn)) {
		u64 pos = conn->rx_cons.total;

		if (smcr_urgent_is_at_mark(&conn->rx_urgent, pos, false))
			len = 0;
		else
			len = smcr_urgent_clip(&conn->rx_urgent, pos, len);
	}
	spin_unlock_bh(&conn->lock);
	return len;
}

/**
 * smcr_rx_is_readable() - is there enough for a reader?
 * @conn: the connection
 * @lowat: bytes that make it worth waking
 *
 * Context: any; takes conn->lock if there is a mark, as a byte that is about
 * to leave the ring does not count.
 * Return: true if there is.
 */
bool smcr_rx_is_readable(struct smcr_conn *conn, u32 lowat)
{
	u32 len = smcr_rx_unread(conn);

	if (likely(len < lowat || !READ_ONCE(conn->rx_urgent.state)))
		return len >= lowat;
	spin_lock_bh(&conn->lock);
	len = smcr_rx_unread(conn);
	spin_unlock_bh(&conn->lock);
	return len >= lowat;
}

static struct smcr_urgent take_byte(struct smcr_conn *conn, bool keep)
{
	struct smcr_urgent urgent;

	spin_lock_bh(&conn->lock);
	urgent = conn->rx_urgent;
	if (is_inline_locked(conn))
		urgent.state = SMCR_URGENT_NONE;
	else if (urgent.state == SMCR_URGENT_HELD && !keep)
		smcr_urgent_take(&conn->rx_urgent);
	spin_unlock_bh(&conn->lock);
	return urgent;
}

/**
 * smcr_rx_recv_urgent() - receive the urgent byte (MSG_OOB)
 * @conn: established
 * @sk: its socket
 * @msg: where to put it
 * @len: bytes that fit
 * @flags: MSG_PEEK and MSG_TRUNC have the meaning they have for TCP
 *
 * Never waits, as TCP does not.
 *
 * Context: process; socket lock held, takes conn->lock.
 * Return: 1, 0 if nothing fits or the stream has ended, -EINVAL if there is
 * none to be had, -EAGAIN if it is on its way, -EFAULT.
 */
int smcr_rx_recv_urgent(struct smcr_conn *conn, const struct sock *sk,
			struct msghdr *msg, size_t len, int flags)
{
	struct smcr_stats_path __percpu *stats = smcr_stats(conn->net)->path;
	struct smcr_urgent urgent = take_byte(conn, flags & MSG_PEEK);

	this_cpu_inc(stats->rx_calls);
	this_cpu_inc(stats->urgent_calls);
	if (urgent.state == SMCR_URGENT_ANNOUNCED)
		return READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN ? 0 : -EAGAIN;
	if (urgent.state != SMCR_URGENT_HELD)
		return -EINVAL;
	msg->msg_flags |= MSG_OOB;
	if (!len) {
		msg->msg_flags |= MSG_TRUNC;
		return 0;
	}
	if (!(flags & MSG_TRUNC) && memcpy_to_msg(msg, &urgent.byte, 1))
		return -EFAULT;
	if (!(flags & MSG_PEEK))
		this_cpu_inc(stats->rx_bytes);
	return 1;
}
