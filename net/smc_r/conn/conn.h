/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection that uses SMC: two rings, their cursors, and how it ends.
 * Created by the handshake, owned by its socket until that is closed, then
 * by itself until the peer has everything and both sides have said so.
 *
 * Socket calls are serialised by the socket lock. Everything that the peer's
 * messages may change is under conn->lock, a spinlock taken from softirq as
 * well, so that no message ever waits for a sleeping socket owner.
 */
#ifndef SMCR_CONN_CONN_H
#define SMCR_CONN_CONN_H

#include <linux/spinlock.h>
#include <linux/timer.h>
#include <net/sock.h>

#include "../base/transport.h"
#include "../logic/close.h"
#include "../logic/ring.h"
#include "../logic/urgent.h"

struct smcr_sock_info;

/**
 * struct smcr_conn - a connection
 * @path: what the transport sees; first, so that events find the rest
 * @net: namespace of the socket; only compared and used for counters
 * @lock: guards everything below; taken under the socket lock and in softirq
 * @sk: the socket, NULL once it is closed; read under RCU for wake-ups
 * @tx_written: bytes that the application put into the send ring
 * @tx_off: offset in the send ring of the next byte to write to the peer
 * @tx_sent: producer cursor in the peer's ring
 * @tx_cons: the peer's consumer cursor
 * @tx_done: bytes of the send ring that may be overwritten
 * @tx_pending: sends with want_done under way
 * @tx_unasked: bytes sent since the last want_done
 * @tx_is_growing: a larger send ring is due once no send is under way
 * @tx_wants_done: the next message has a completion
 * @tx_has_shrunk: the send ring was larger, while memory was not short
 * @tx_short_at: jiffies, when there was no memory for as much again
 * @is_answered: the peer said something since our last send
 * @tx_seq: sequence number of the last message sent
 * @tx_done_seq: of the last message known to have arrived
 * @tx_resend_end: what is sent below this position was sent before, and has
 *	to be announced by a cursor: the peer may have it
 * @tx_is_moved: a failover message is due
 * @tx_is_due: a message is due, even if it has no news
 * @tx_flags: producer flags of the last message sent, those for urgent data
 *	once it was sent excepted
 * @tx_is_urgent: there is an urgent byte, and the peer was not sent it
 * @tx_urgent_end: position in the stream behind it
 * @rx_prod: the peer's producer cursor, validated
 * @rx_cons: our consumer cursor
 * @rx_announced: rx_cons.total as the peer knows it
 * @rx_seq: sequence number of the last message received
 * @rx_via: where the peer sends; NULL until it has sent something
 * @rx_cut_via: where data was dropped that came late, so that what follows it
 *	there is not taken, or NULL
 * @rx_flags: producer flags of the last message received
 * @rx_is_due: a reader made room that the peer should know of
 * @rx_asked_end: the peer wants to know how far we have read, until it knows
 *	that we have read up to here
 * @rx_is_cut: the peer broke the protocol before it had ended its stream
 * @rx_urgent: the peer's urgent byte
 * @close: progress of closing
 * @rx_is_shut: the program has said that it reads no more
 * @is_corked: TCP_CORK is set
 * @is_dead: the transport lost the peer
 * @is_detached: given back to the transport
 * @is_counted: its rings are in the counters
 * @autocork: setting autocorking_size, as the last writer saw it
 * @holds_module: the module may not go before the data has
 * @cork_timer: pushes what MSG_MORE or TCP_CORK held back for too long;
 *	a pending one holds a reference to @path
 * @rcu: the memory outlives softirq readers
 */
struct smcr_conn {
	struct smcr_path path;
	struct net *net;

	spinlock_t lock;	/* guards what follows */
	struct sock __rcu *sk;
	u64 tx_written;
	u32 tx_off;
	struct smcr_cursor tx_sent;
	struct smcr_cursor tx_cons;
	u64 tx_done;
	u32 tx_pending;
	u32 tx_unasked;
	bool tx_is_growing;
	bool tx_wants_done;
	bool tx_has_shrunk;
	unsigned long tx_short_at;
	bool is_answered;
	u16 tx_seq;
	u16 tx_done_seq;
	u64 tx_resend_end;
	bool tx_is_moved;
	bool tx_is_due;
	u8 tx_flags;
	bool tx_is_urgent;
	u64 tx_urgent_end;
	struct smcr_cursor rx_prod;
	struct smcr_cursor rx_cons;
	u64 rx_announced;
	u16 rx_seq;
	const void *rx_via;
	const void *rx_cut_via;
	u8 rx_flags;
	bool rx_is_due;
	u64 rx_asked_end;
	bool rx_is_cut;
	bool rx_is_shut;
	struct smcr_urgent rx_urgent;
	struct smcr_close close;
	bool is_corked;
	bool is_dead;
	bool is_detached;
	bool is_counted;
	u32 autocork;
	bool holds_module;
	struct timer_list cork_timer;
	struct rcu_head rcu;
};

/* why a push may or may not hold data back */
enum smcr_push {
	SMCR_PUSH_AUTO,		/* gather while an earlier send is under way */
	SMCR_PUSH_MORE,		/* the application said that more follows */
	SMCR_PUSH_NOW,
};

int smcr_conn_count(void);
struct smcr_conn *smcr_conn_create(struct sock *sk, u32 tx_first, u32 tx_want,
				   u32 rx_want);
void smcr_conn_abandon(struct smcr_conn *conn, bool lost);
void smcr_conn_establish(struct smcr_conn *conn);
void smcr_conn_shutdown_write(struct smcr_conn *conn);
void smcr_conn_reset(struct smcr_conn *conn, int err);
void smcr_conn_wait_drained(struct smcr_conn *conn, struct sock *sk, long timeo);
void smcr_conn_close(struct smcr_conn *conn, bool reset);
void smcr_conn_unlock(struct smcr_conn *conn) __releases(&conn->lock);
bool smcr_conn_is_over(struct smcr_conn *conn);
void smcr_conn_count_ring(const struct smcr_conn *conn, enum smcr_stats_dir dir,
			  u32 size, const struct smcr_ring_origin *origin);
void smcr_conn_snapshot(struct smcr_conn *conn, struct smcr_sock_info *info);
void smcr_conn_exit(void);

void smcr_tx_push_locked(struct smcr_conn *conn, enum smcr_push push);
void smcr_tx_rewind_locked(struct smcr_conn *conn);
void smcr_tx_skip_locked(struct smcr_conn *conn);
void smcr_tx_push(struct smcr_conn *conn, enum smcr_push push);
void smcr_tx_set_cork(struct smcr_conn *conn, bool cork);
void smcr_tx_cork_expired(struct timer_list *timer);
bool smcr_tx_shrink_locked(struct smcr_conn *conn, void *ring);
bool smcr_tx_is_writable(struct smcr_conn *conn);
void smcr_tx_ask_for_room(struct sock *sk);
u32 smcr_tx_unsent(struct smcr_conn *conn);
u32 smcr_tx_unconfirmed(struct smcr_conn *conn);
int smcr_tx_sendmsg(struct smcr_conn *conn, struct sock *sk,
		    struct msghdr *msg, size_t len);

u32 smcr_rx_unread(const struct smcr_conn *conn);
bool smcr_rx_wants_update_locked(const struct smcr_conn *conn);
int smcr_rx_recvmsg(struct smcr_conn *conn, struct sock *sk,
		    struct msghdr *msg, size_t len, int flags);

bool smcr_rx_announce_urgent_locked(struct smcr_conn *conn);
void smcr_rx_take_urgent_locked(struct smcr_conn *conn);
void smcr_rx_pass_mark_locked(struct smcr_conn *conn);
bool smcr_rx_is_at_mark(struct smcr_conn *conn, u32 peeked);
void smcr_rx_give_up_urgent(struct smcr_conn *conn);
u32 smcr_rx_up_to_mark(struct smcr_conn *conn, u32 *peeked, u32 len);
u32 smcr_rx_inq(struct smcr_conn *conn);
bool smcr_rx_is_readable(struct smcr_conn *conn, u32 lowat);
int smcr_rx_recv_urgent(struct smcr_conn *conn, const struct sock *sk,
			struct msghdr *msg, size_t len, int flags);

/**
 * smcr_conn_of() - the connection around a path
 * @path: embedded in a connection
 *
 * Return: the connection.
 */
static inline struct smcr_conn *smcr_conn_of(struct smcr_path *path)
{
	return container_of(path, struct smcr_conn, path);
}

static inline void smcr_conn_put(struct smcr_conn *conn)
{
	smcr_path_put(&conn->path);
}

#endif
