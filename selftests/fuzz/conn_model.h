/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model transport below real connections, and what has to hold for each of
 * these at any time. A write reads the send ring when it is delivered, not when
 * it is posted, as the hardware does.
 *
 * What is written is a fixed stream of bytes, so that each byte shows where it
 * belongs.
 */
#ifndef SMCR_FUZZ_CONN_MODEL_H
#define SMCR_FUZZ_CONN_MODEL_H

#include "../base/sysctl.h"
#include "conn.h"

#include "input.h"
#include "sock.h"

#define QUEUE		32
#define MAX_LEN		32768
#define MAX_URGENT	64
/* no power of two, so that a ring's size away is something else */
#define PERIOD		65521

struct entry {
	struct smcr_tx tx;
	const u8 *mem;
	u64 pos;
};

struct done {
	u64 total;
	u16 seq;
};

/* bytes that were sent as urgent: they may be missing in the stream */
struct urgents {
	u64 pos[MAX_URGENT];
	int count;
};

/**
 * struct end - one end of a connection, as the model sees it
 * @conn: the real one; the harness has a reference
 * @sk: its socket
 * @sock: the file side of it
 * @wrap: wrap counts of both rings at the start
 * @has_imm: plain writes are agreed on
 * @depth: writes and completions that the transport takes at a time
 * @queue: writes that were not delivered, the oldest first
 * @queued: how many
 * @done: completions to report, the oldest first
 * @dones: how many
 * @wants_room: a send was refused
 * @fails_next: the next send finds the link broken
 * @is_broken: and one has
 * @is_dead: the connection was told
 * @is_closed: the socket is gone
 * @is_detached: the connection was given back
 * @is_final_sent: it may not send any more
 * @tx_state: state flags that it sent
 * @tx_seq: of its last message
 * @sent: bytes that it handed over
 * @cons_told: the peer's consumer cursor as it was delivered
 * @written: bytes of the application
 * @urgents: those of them that were urgent
 * @is_wild: its peer breaks the protocol
 * @can_move: the link may get lost, and another one take its place
 * @has_moved: that has happened
 * @way: number of the link that it sends on
 * @small_size: of the send ring that it began with
 * @next_mem: another send ring, got but not used yet
 * @old_mem: send rings that were exchanged for it
 */
struct end {
	struct smcr_conn *conn;
	struct sock sk;
	struct socket sock;
	u16 wrap;
	bool has_imm;
	int depth;
	struct entry queue[QUEUE];
	int queued;
	struct done done[QUEUE];
	int dones;
	bool wants_room;
	bool fails_next;
	bool is_broken;
	bool is_dead;
	bool is_closed;
	bool is_detached;
	bool is_final_sent;
	u8 tx_state;
	u16 tx_seq;
	u64 sent;
	u64 cons_told;
	u64 written;
	struct urgents urgents;
	bool is_wild;
	bool can_move;
	bool has_moved;
	int way;
	u32 small_size;
	u8 *next_mem;
	u8 *old_mem[2];
};

static struct smcr_stats_path model_path_stats;
static struct smcr_stats model_stats = { .path = &model_path_stats };
static struct net model_net;
static u8 stream_table[PERIOD + MAX_LEN];

/* whatever is held back, it is by the rules of the defaults */
const struct smcr_sysctl *smcr_sysctl(const struct net *net)
{
	static const struct smcr_sysctl settings = { .autocork = 65536 };

	(void)net;
	return &settings;
}

struct smcr_stats *smcr_stats(const struct net *net)
{
	SHIM_ASSERT(net == &model_net);
	return &model_stats;
}

static inline const u8 *stream_at(u64 pos)
{
	return stream_table + pos % PERIOD;
}

/* what is odd comes in bundles */
static inline const u8 *bundled_data(const struct smcr_tx *tx, u64 pos)
{
	return tx->is_plain && (tx->len & 1) && tx->len <= MAX_LEN ?
	       stream_at(pos) : NULL;
}

/* neighbours differ, so that a byte left out is seen */
static inline void stream_init(void)
{
	u32 x = 1;
	int i;

	if (stream_table[0] || stream_table[1])
		return;
	for (i = 0; i < PERIOD; i++) {
		x = x * 1664525 + 1013904223;
		stream_table[i] = (x >> 24 & 0xf8) | (i & 7);
	}
	memcpy(stream_table + PERIOD, stream_table, MAX_LEN);
}

static inline bool is_urgent_pos(const struct urgents *u, u64 pos)
{
	int i;

	for (i = 0; i < u->count; i++)
		if (u->pos[i] == pos)
			return true;
	return false;
}

/* a softirq may have brought the next one meanwhile: any of them will do */
static inline bool is_urgent_byte(const struct urgents *u, u8 byte)
{
	int i;

	for (i = 0; i < u->count; i++)
		if (*stream_at(u->pos[i]) == byte)
			return true;
	return false;
}

/* what was read at @pos; urgent bytes may be left out. The new position. */
static inline u64 check_stream(const u8 *buf, size_t len, u64 pos,
			       const struct urgents *u)
{
	size_t i;

	if (!u->count && !memcmp(buf, stream_at(pos), len))
		return pos + len;
	for (i = 0; i < len; i++, pos++) {
		while (buf[i] != *stream_at(pos) && is_urgent_pos(u, pos))
			pos++;
		SHIM_ASSERT(buf[i] == *stream_at(pos));
	}
	return pos;
}

/* -- what has to hold ------------------------------------------------------ */

static inline void check_cursor(const struct end *e,
				const struct smcr_cursor *c, u32 size)
{
	SHIM_ASSERT(c->count == c->total % size);
	SHIM_ASSERT(c->wrap == (u16)(e->wrap + c->total / size));
}

static inline void check_wire(const struct end *e,
			      const struct smcr_cdc_cursor *wire, u64 total,
			      u32 size)
{
	SHIM_ASSERT(wire->count == total % size);
	SHIM_ASSERT(wire->wrap == (u16)(e->wrap + total / size));
}

static inline u32 want_dones(const struct end *e)
{
	u32 count = e->dones;
	int i;

	for (i = 0; i < e->queued; i++)
		count += e->queue[i].tx.want_done;
	return count;
}

static inline void check_refs(const struct end *e)
{
	int refs = 1 + !e->is_closed + !e->is_detached + e->wants_room +
		   want_dones(e) + e->conn->cork_timer.is_pending;

	SHIM_ASSERT(refcount_read(&e->conn->path.refs) == refs);
}

static inline void check_tx(const struct end *e)
{
	const struct smcr_conn *c = e->conn;

	SHIM_ASSERT(c->tx_cons.total <= c->tx_sent.total);
	SHIM_ASSERT(c->tx_sent.total <= c->tx_written);
	SHIM_ASSERT(c->tx_sent.total == e->sent);
	SHIM_ASSERT(c->tx_done <= c->tx_sent.total);
	SHIM_ASSERT(c->tx_cons.total <= c->tx_done);
	SHIM_ASSERT(c->tx_written - c->tx_done <= c->path.tx_size);
	SHIM_ASSERT(c->tx_sent.total - c->tx_cons.total <= c->path.peer_size);
	SHIM_ASSERT(c->tx_off == c->tx_sent.total % c->path.tx_size);
	check_cursor(e, &c->tx_sent, c->path.peer_size);
	check_cursor(e, &c->tx_cons, c->path.peer_size);
	if (!e->is_dead)
		SHIM_ASSERT(c->tx_pending == want_dones(e));
	/* of a message with data that nobody wants, the cursor is not looked at */
	if (c->rx_is_shut)
		SHIM_ASSERT(e->is_wild || c->tx_cons.total <= e->cons_told);
	else if (!e->is_wild)
		SHIM_ASSERT(c->tx_cons.total == e->cons_told);
}

static inline void check_rx(const struct end *e)
{
	const struct smcr_conn *c = e->conn;

	SHIM_ASSERT(c->rx_announced <= c->rx_cons.total);
	SHIM_ASSERT(c->rx_cons.total <= c->rx_prod.total);
	SHIM_ASSERT(c->rx_prod.total <= c->rx_announced + c->path.rx_size);
	check_cursor(e, &c->rx_prod, c->path.rx_size);
	check_cursor(e, &c->rx_cons, c->path.rx_size);
}

static inline void check_close(const struct end *e)
{
	const struct smcr_conn *c = e->conn;
	bool is_finished = smcr_close_is_finished(&c->close);

	SHIM_ASSERT(c->close.sent == e->tx_state);
	SHIM_ASSERT((c->close.sent & SMCR_CLOSE_FINAL) != SMCR_CLOSE_FINAL);
	SHIM_ASSERT(c->is_detached == e->is_detached);
	SHIM_ASSERT(c->is_dead == e->is_dead || e->is_detached);
	/* whoever may go has gone; the final flag is the last to complete */
	SHIM_ASSERT(e->is_detached ==
		    (e->is_closed &&
		     (e->is_dead || (is_finished && !want_dones(e)))));
	/* what is sent again does not keep the module */
	if (!e->has_moved)
		SHIM_ASSERT(c->holds_module == (e->is_closed && !e->is_dead &&
						!e->is_final_sent));
}

/* what can go has been sent, unless an event is still to come */
static inline void check_nothing_forgotten(const struct end *e)
{
	const struct smcr_conn *c = e->conn;
	u64 unsent = c->tx_written - c->tx_sent.total;
	u64 room = c->path.peer_size - (c->tx_sent.total - c->tx_cons.total);

	if (e->is_dead || e->is_broken || e->is_detached || e->is_final_sent ||
	    e->wants_room)
		return;
	SHIM_ASSERT(smcr_close_due(&c->close, !unsent) == c->close.sent);
	SHIM_ASSERT(!c->rx_is_due || c->rx_cons.total == c->rx_announced);
	if (!c->tx_pending && !c->cork_timer.is_pending)
		SHIM_ASSERT(!unsent || !room);
}

static inline void check_end(const struct end *e)
{
	shim_check_idle();
	SHIM_ASSERT(!e->conn->lock.is_held);
	check_tx(e);
	check_rx(e);
	check_close(e);
	check_refs(e);
	check_nothing_forgotten(e);
}

/* -- the transport --------------------------------------------------------- */

static inline void check_spans(const struct end *e, const struct smcr_tx *tx)
{
	const struct smcr_path *path = &e->conn->path;
	u64 pos = e->sent;
	int i;

	SHIM_ASSERT(tx->spans >= 0 && tx->spans <= SMCR_RING_MAX_SPANS);
	for (i = 0; i < tx->spans; i++) {
		const struct smcr_span *s = &tx->span[i];

		SHIM_ASSERT(s->len && s->len <= path->tx_size);
		SHIM_ASSERT(s->src <= path->tx_size - s->len);
		SHIM_ASSERT(s->len <= path->peer_size);
		SHIM_ASSERT(s->dst <= path->peer_size - s->len);
		SHIM_ASSERT(s->dst == pos % path->peer_size);
		pos += s->len;
	}
	SHIM_ASSERT(pos == e->sent + tx->len);
	if (!e->is_wild && !e->conn->rx_is_shut)
		SHIM_ASSERT(pos - e->cons_told <= path->peer_size);
}

static inline void check_message(const struct end *e, const struct smcr_tx *tx)
{
	const struct smcr_conn *c = e->conn;
	u8 state = tx->msg.state_flags;

	SHIM_ASSERT(tx->msg.seq == (u16)(e->tx_seq + 1));
	check_wire(e, &tx->msg.prod, e->sent + tx->len, c->path.peer_size);
	check_wire(e, &tx->msg.cons, c->rx_cons.total, c->path.rx_size);
	SHIM_ASSERT(!(e->tx_state & ~state));
	if (!(state & SMCR_CDC_ABORT) && (state & ~e->tx_state))
		SHIM_ASSERT(e->sent + tx->len == c->tx_written);
	SHIM_ASSERT(tx->done_total == e->sent + tx->len);
	if (tx->is_plain)
		SHIM_ASSERT(tx->len && state == e->tx_state &&
			    !(tx->msg.prod_flags & ~SMCR_CDC_WRITE_BLOCKED));
}

/* every byte once, and in its place */
static void check_bytes(const struct end *e, const struct entry *entry)
{
	u64 pos = entry->pos;
	int i;

	for (i = 0; i < entry->tx.spans && !e->is_wild; i++) {
		const struct smcr_span *s = &entry->tx.span[i];

		SHIM_ASSERT(!memcmp(entry->mem + s->src, stream_at(pos),
				    s->len));
		pos += s->len;
	}
}

/* the ring may be used again up to here: nothing before is under way */
static void check_only(const struct end *e, const struct smcr_tx *tx)
{
	int i;

	for (i = 0; i < e->queued && tx->is_only && !e->is_wild; i++)
		SHIM_ASSERT(e->queue[i].tx.is_done || !e->queue[i].tx.len);
}

static inline bool is_validation(const struct smcr_tx *tx)
{
	return tx->msg.prod_flags & SMCR_CDC_FAILOVER;
}

/* the peer has read on: that much is not sent again */
static inline void note_skipped(struct end *e)
{
	if (e->has_moved && e->sent < e->conn->tx_cons.total)
		e->sent = e->conn->tx_cons.total;
}

static int model_send(struct smcr_path *path, struct smcr_tx *tx)
{
	struct end *e = path->priv;
	struct entry *entry;

	lockdep_assert_held(&e->conn->lock);
	SHIM_ASSERT(shim_context.spins == 1);
	SHIM_ASSERT(!e->is_dead && !e->is_detached && !e->is_final_sent);
	note_skipped(e);
	check_spans(e, tx);
	if (!is_validation(tx))
		check_message(e, tx);
	else
		SHIM_ASSERT(e->has_moved && !tx->len);
	check_only(e, tx);
	if (e->fails_next || e->is_broken) {
		e->is_broken = true;
		return -EPIPE;
	}
	if (e->queued + e->dones >= e->depth) {
		if (!e->wants_room)
			smcr_path_get(path);
		e->wants_room = true;
		return -EAGAIN;
	}
	if (!e->has_imm)
		tx->is_plain = false;
	entry = &e->queue[e->queued++];
	*entry = (struct entry){ *tx, path->tx_mem, e->sent };
	if (tx->is_only && !e->can_move && bundled_data(tx, e->sent)) {
		/* copied: it may be overwritten from now on */
		check_bytes(e, entry);
		tx->is_done = true;
		entry->tx.is_done = true;
		entry->tx.want_done = false;
	}
	if (entry->tx.want_done)
		smcr_path_get(path);
	if (is_validation(tx))
		return 0;
	e->sent += tx->len;
	e->tx_seq++;
	e->tx_state = tx->msg.state_flags;
	e->is_final_sent = e->tx_state & SMCR_CLOSE_FINAL;
	return 0;
}

static void model_detach(struct smcr_path *path, bool lost)
{
	struct end *e = path->priv;

	(void)lost;
	SHIM_ASSERT(!shim_context.spins && !e->is_detached);
	e->is_detached = true;
	if (e->wants_room) {
		e->wants_room = false;
		smcr_path_put(path);
	}
	/* others may use the rings now */
	memset(path->tx_mem, 0xee, path->tx_size);
	memset(path->rx_mem, 0xdd, path->rx_size);
	smcr_path_put(path);
}

/* with some depths there is no memory for it */
static bool model_grow(struct smcr_path *path)
{
	struct end *e = path->priv;

	shim_might_sleep();
	SHIM_ASSERT(!e->is_detached && path->tx_want > path->tx_size);
	if (!e->next_mem && e->depth % 8 != 7)
		e->next_mem = kzalloc(path->tx_want, GFP_KERNEL);
	/* it takes its time */
	cond_resched();
	local_bh_disable();
	local_bh_enable();
	if (!e->next_mem)
		return false;
	path->tx_next_mem = e->next_mem;
	path->tx_next_size = path->tx_want;
	return true;
}

static bool model_take_ring(struct smcr_path *path, void *ring)
{
	struct end *e = path->priv;

	lockdep_assert_held(&e->conn->lock);
	SHIM_ASSERT(!e->is_detached);
	if (e->next_mem || e->small_size >= path->tx_size)
		return false;
	e->next_mem = ring;
	path->tx_next_mem = ring;
	path->tx_next_size = e->small_size;
	return true;
}

static void model_switch_ring(struct smcr_path *path)
{
	struct end *e = path->priv;
	u8 **old = e->old_mem[0] ? &e->old_mem[1] : &e->old_mem[0];
	int i;

	lockdep_assert_held(&e->conn->lock);
	SHIM_ASSERT(e->next_mem && !*old);
	/* who lies about what he has read gets what there is then */
	for (i = 0; i < e->queued && !e->is_wild; i++)
		SHIM_ASSERT(e->queue[i].tx.is_done || !e->queue[i].tx.len);
	*old = path->tx_mem;
	path->tx_mem = e->next_mem;
	path->tx_size = path->tx_next_size;
	e->next_mem = NULL;
	if (e->is_wild)
		return;
	kfree(*old);
	*old = NULL;
}

/* the model's view goes back as well, before anything is sent again */
static bool model_move(struct smcr_path *path)
{
	struct end *e = path->priv;

	lockdep_assert_held(&e->conn->lock);
	SHIM_ASSERT(e->can_move && !e->queued && !e->dones);
	e->sent = e->conn->tx_done;
	e->tx_state = 0;
	e->is_final_sent = false;
	e->has_moved = true;
	e->way++;
	return true;
}

static const struct smcr_transport_ops model_ops = {
	.name = "model",
	.detach = model_detach,
	.send = model_send,
	.move = model_move,
	.grow = model_grow,
	.take_ring = model_take_ring,
	.switch_ring = model_switch_ring,
};

static inline void event_begin(void)
{
	shim_softirq_enter();
	rcu_read_lock();
}

static inline void event_end(void)
{
	rcu_read_unlock();
	shim_softirq_exit();
}

/* the oldest write leaves; false if there is none */
static inline bool take_entry(struct end *e, struct entry *entry)
{
	if (!e->queued || e->is_dead)
		return false;
	*entry = e->queue[0];
	e->queued--;
	memmove(e->queue, e->queue + 1, e->queued * sizeof(*e->queue));
	if (entry->tx.want_done)
		e->done[e->dones++] = (struct done){ entry->tx.done_total,
						     entry->tx.msg.seq };
	/* what the peer has already goes to where nobody reads */
	if (!entry->tx.is_done && !e->is_detached &&
	    !(e->has_moved && entry->pos < e->conn->tx_done))
		check_bytes(e, entry);
	return true;
}

static inline bool report_done(struct end *e)
{
	struct smcr_path *path = &e->conn->path;
	struct done done = e->done[0];

	if (!e->dones || e->is_dead)
		return false;
	event_begin();
	e->dones--;
	memmove(e->done, e->done + 1, e->dones * sizeof(*e->done));
	path->events->tx_done(path, done.total, done.seq);
	smcr_path_put(path);
	event_end();
	return true;
}

static inline bool report_room(struct end *e)
{
	struct smcr_path *path = &e->conn->path;

	if (!e->wants_room || e->is_dead || e->queued + e->dones >= e->depth)
		return false;
	event_begin();
	e->wants_room = false;
	path->events->tx_room(path);
	smcr_path_put(path);
	event_end();
	return true;
}

/* nothing under way is reported any more */
static inline void drop_all(struct end *e)
{
	struct smcr_path *path = &e->conn->path;

	while (e->dones) {
		e->dones--;
		smcr_path_put(path);
	}
	while (e->queued)
		if (e->queue[--e->queued].tx.want_done)
			smcr_path_put(path);
	if (e->wants_room)
		smcr_path_put(path);
	e->wants_room = false;
}

/* memory is short */
static inline bool report_shrink(struct end *e)
{
	void *ring;
	bool is_taken;

	if (e->is_dead || e->is_detached || e->old_mem[0])
		return false;
	ring = kzalloc(e->small_size, GFP_KERNEL);
	if (!ring)
		return false;
	event_begin();
	is_taken = e->conn->path.events->shrink(&e->conn->path, ring);
	event_end();
	if (!is_taken)
		kfree(ring);
	return is_taken;
}

/* a link is lost, and there is another one */
static inline bool report_way_lost(struct end *e)
{
	if (e->is_dead || e->is_detached || !e->can_move)
		return false;
	event_begin();
	drop_all(e);
	e->conn->path.events->way_lost(&e->conn->path);
	event_end();
	return true;
}

/* the last link is lost */
static inline bool report_dead(struct end *e)
{
	struct smcr_path *path = &e->conn->path;

	if (e->is_dead)
		return false;
	event_begin();
	e->is_dead = true;
	drop_all(e);
	if (!e->is_detached)
		path->events->dead(path);
	event_end();
	return true;
}

/*
 * A message comes; whoever gave his token back does not get it. @data is what
 * a bundle brings, NULL if it is in the ring or there is none.
 */
static inline void report_rx(struct end *e, const struct smcr_tx *tx,
			     const u8 *data, const void *via)
{
	struct smcr_path *path = &e->conn->path;
	/* who was not told of an urgent byte takes none */
	bool is_ordinary = !e->conn->rx_urgent.state && !tx->is_plain &&
			   smcr_cdc_age(tx->msg.seq, e->conn->rx_seq) <= 0;

	if (e->is_dead || e->is_detached)
		return;
	event_begin();
	if (tx->is_plain)
		path->events->rx_plain(path, data, tx->len,
				       tx->msg.prod_flags &
				       SMCR_CDC_WRITE_BLOCKED, via);
	else
		path->events->rx(path, &tx->msg, via);
	SHIM_ASSERT(!is_ordinary || !e->conn->rx_urgent.state);
	note_skipped(e);
	event_end();
}

/* -- life ------------------------------------------------------------------- */

struct end_config {
	u32 tx_size;
	u32 tx_want;
	u32 rx_size;
	int depth;
	u16 wrap;
	u16 seq;
	bool has_imm;
};

/* attached, but the peer's ring is not known */
static inline void end_init(struct end *e, const struct end_config *cfg)
{
	struct smcr_conn *conn;

	/* not the queues: they are large */
	e->queued = 0;
	memset(&e->dones, 0, sizeof(*e) - offsetof(struct end, dones));
	memset(&e->sk, 0, sizeof(e->sk));
	memset(&e->sock, 0, sizeof(e->sock));
	shim_init_sock(&e->sk, &e->sock, &model_net);
	conn = smcr_conn_create(&e->sk, cfg->tx_size, cfg->tx_want,
				cfg->rx_size);
	SHIM_ASSERT(conn);
	smcr_path_get(&conn->path);
	e->conn = conn;
	e->wrap = cfg->wrap;
	e->has_imm = cfg->has_imm;
	e->depth = cfg->depth;
	e->tx_seq = cfg->seq;
	conn->tx_seq = cfg->seq;
	conn->tx_done_seq = cfg->seq;
	conn->rx_seq = cfg->seq;
	conn->tx_sent.wrap = cfg->wrap;
	conn->tx_cons.wrap = cfg->wrap;
	conn->rx_prod.wrap = cfg->wrap;
	conn->rx_cons.wrap = cfg->wrap;
	conn->path.priv = e;
	conn->path.tx_mem = kzalloc(cfg->tx_size, GFP_KERNEL);
	conn->path.tx_size = cfg->tx_size;
	e->small_size = cfg->tx_size;
	conn->path.rx_mem = kzalloc(cfg->rx_size, GFP_KERNEL);
	conn->path.rx_size = cfg->rx_size;
	/* that of the slot */
	smcr_path_get(&conn->path);
	conn->path.ops = &model_ops;
}

static inline void end_close(struct end *e, bool reset)
{
	if (e->is_closed)
		return;
	e->is_closed = true;
	smcr_conn_close(e->conn, reset);
	e->sk.sk_socket = NULL;
}

/* nobody else has a reference any more */
static inline void end_exit(struct end *e)
{
	struct smcr_path *path = &e->conn->path;

	SHIM_ASSERT(e->is_closed && e->is_detached);
	SHIM_ASSERT(refcount_read(&path->refs) == 1);
	kfree(path->tx_mem);
	kfree(path->rx_mem);
	kfree(e->next_mem);
	kfree(e->old_mem[0]);
	kfree(e->old_mem[1]);
	smcr_conn_put(e->conn);
	shim_grace_period();
}

/* -- socket calls ------------------------------------------------------------ */

static inline int end_send(struct end *e, u32 len, unsigned int flags)
{
	struct msghdr msg = { .msg_flags = flags };
	u64 before = e->conn->tx_written;
	int ret;

	len = min_t(u32, len, MAX_LEN);
	if (e->urgents.count == MAX_URGENT)
		msg.msg_flags &= ~MSG_OOB;
	if (len && (msg.msg_flags & MSG_OOB))
		e->urgents.pos[e->urgents.count++] = before + len - 1;
	msg.msg_iter.mem = (u8 *)stream_at(before);
	msg.msg_iter.len = len;
	ret = smcr_tx_sendmsg(e->conn, &e->sk, &msg, len);
	SHIM_ASSERT(ret <= (int)len);
	e->written = e->conn->tx_written;
	/* what is sent after the peer closed is taken, but goes nowhere */
	if (ret > 0 && !(e->conn->close.rcvd & SMCR_CLOSE_FINAL))
		SHIM_ASSERT(e->written - before == (u64)ret);
	return ret;
}

#endif
