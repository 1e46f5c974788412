// SPDX-License-Identifier: GPL-2.0
/*
 * One connection of net/smc_r/conn against a peer that is a model: socket
 * calls, what the transport does, and messages, in any order. The peer is
 * honest until the input wants something else of it. What has to hold after
 * each step is in conn_model.h.
 *
 * In the end the socket is closed, and the peer reads everything and closes as
 * well: the connection must be gone then.
 */
#include "conn_model.h"

#include <linux/uio.h>

#define MAX_STEPS	300
/* messages of the peer that are under way */
#define PEER_QUEUE	16

/**
 * struct peer - the other end
 * @out: its messages, the oldest first
 * @outs: how many
 * @size: of its receive ring
 * @seq: of its last message
 * @sent: bytes that it wrote
 * @room_end: how far it may write
 * @rcvd: bytes that came
 * @read: bytes of them that its application has read
 * @state: state flags that it sent
 * @rx_state: state flags that it got
 * @urgents: positions of its urgent bytes
 */
struct peer {
	struct smcr_tx out[PEER_QUEUE];
	u64 out_pos[PEER_QUEUE];
	int outs;
	u32 size;
	u16 seq;
	u64 sent;
	u64 room_end;
	u64 rcvd;
	u64 read;
	u8 state;
	u8 rx_state;
	struct urgents urgents;
};

static struct input in;
static struct end end;
static struct peer peer;
static u64 reader_pos;
static u8 buf[MAX_LEN];

/* a softirq that comes in the middle of a call: after so many locks */
static int preempt_after;
static u8 preempt_event;

/* -- the peer --------------------------------------------------------------- */

static void store_wire(struct smcr_cdc_cursor *wire, u64 total, u32 size)
{
	wire->count = total % size;
	wire->wrap = (u16)(end.wrap + total / size);
}

static void peer_queue(u32 len, u8 prod_flags, bool is_plain)
{
	struct smcr_tx *tx;

	if (peer.outs == PEER_QUEUE)
		return;
	peer.out_pos[peer.outs] = peer.sent;
	tx = &peer.out[peer.outs++];
	memset(tx, 0, sizeof(*tx));
	peer.sent += len;
	tx->len = len;
	tx->is_plain = is_plain;
	tx->msg.seq = ++peer.seq;
	store_wire(&tx->msg.prod, peer.sent, end.conn->path.rx_size);
	store_wire(&tx->msg.cons, peer.read, peer.size);
	tx->msg.prod_flags = prod_flags;
	tx->msg.state_flags = peer.state;
}

static bool peer_is_final(void)
{
	return peer.state & SMCR_CLOSE_FINAL;
}

static void peer_write(u32 len, u8 kind)
{
	u64 room = peer.room_end - peer.sent;
	u8 flags = len >= room ? SMCR_CDC_WRITE_BLOCKED : 0;

	if (peer.state || peer.outs == PEER_QUEUE)
		return;
	len = min_t(u64, len, min_t(u64, room, MAX_LEN));
	if (!len && !flags)
		return;
	if ((kind & 3) == 1 && end.has_imm && len) {
		peer_queue(len, flags, true);
		return;
	}
	if ((kind & 3) == 2)
		flags |= SMCR_CDC_WANT_UPDATE;
	if ((kind & 3) == 3 && peer.urgents.count < MAX_URGENT) {
		flags |= SMCR_CDC_URG_PENDING;
		if (len) {
			flags |= SMCR_CDC_URG_PRESENT;
			peer.urgents.pos[peer.urgents.count++] =
				peer.sent + len - 1;
		}
	}
	peer_queue(len, flags, false);
}

static void peer_read(u32 len, bool tells)
{
	len = min_t(u64, len, peer.rcvd - peer.read);
	peer.read += len;
	if (tells && !peer_is_final())
		peer_queue(0, 0, false);
}

static void peer_state(u8 flags)
{
	if (peer_is_final() || peer.outs == PEER_QUEUE)
		return;
	/* one of both */
	if ((flags & SMCR_CLOSE_FINAL) == SMCR_CLOSE_FINAL)
		flags &= ~SMCR_CDC_CLOSED;
	peer.state |= flags & SMCR_CLOSE_FLAGS;
	peer_queue(0, 0, false);
}

/* one message of the peer's arrives, with the data before it */
static bool deliver_to_end(void)
{
	const u8 *data;
	struct smcr_tx tx;
	u64 pos;
	u32 off, i;

	if (!peer.outs)
		return false;
	tx = peer.out[0];
	pos = peer.out_pos[0];
	peer.outs--;
	memmove(peer.out, peer.out + 1, peer.outs * sizeof(*peer.out));
	memmove(peer.out_pos, peer.out_pos + 1,
		peer.outs * sizeof(*peer.out_pos));
	if (end.is_dead)
		return true;
	/* who has sent his final flag sends no more, and nobody else goes */
	SHIM_ASSERT(!end.is_detached || end.is_wild);
	if (end.is_detached)
		return true;
	off = pos % end.conn->path.rx_size;
	data = bundled_data(&tx, pos);
	for (i = 0; i < tx.len && !data; i++)
		end.conn->path.rx_mem[(off + i) % end.conn->path.rx_size] =
			*stream_at(pos + i);
	if (end.conn->path.peer_size && !tx.is_plain && !end.is_wild)
		end.cons_told += (u32)(tx.msg.cons.count +
				       (u16)(tx.msg.cons.wrap - end.wrap) *
				       peer.size - (u32)end.cons_told);
	report_rx(&end, &tx, data, &end);
	SHIM_ASSERT(end.conn->rx_seq == tx.msg.seq || end.is_wild);
	return true;
}

/* how far the connection has read, from a cursor it sent */
static void peer_learn_room(const struct smcr_cdc *msg)
{
	u32 size = end.conn->path.rx_size;
	u64 cons = peer.room_end - size;

	cons += (u32)(msg->cons.count + (u16)(msg->cons.wrap - end.wrap) *
		      size - (u32)cons);
	SHIM_ASSERT(cons <= peer.sent);
	peer.room_end = cons + size;
}

static bool deliver_to_peer(void)
{
	struct entry entry;

	if (!take_entry(&end, &entry))
		return false;
	if (end.is_wild)
		return true;
	peer.rcvd += entry.tx.len;
	SHIM_ASSERT(peer.rcvd - peer.read <= peer.size);
	if (!entry.tx.is_plain) {
		peer_learn_room(&entry.tx.msg);
		peer.rx_state = entry.tx.msg.state_flags;
	}
	return true;
}

/* mostly one that is possible, or nearly so */
static void wild_cursor(struct smcr_cdc_cursor *wire,
			const struct smcr_cursor *now, u32 size)
{
	u8 kind = input_u8(&in);

	if ((kind & 7) == 7) {
		wire->wrap = (u16)(now->wrap + (s8)input_u8(&in));
		wire->count = kind & 8 ? input_u32(&in) : input_u16(&in);
	} else if (kind & 4) {
		store_wire(wire, now->total + input_len(&in, size), size);
	} else {
		store_wire(wire, now->total + (kind >> 3), size);
	}
}

/* a message with whatever is in it */
static void wild_message(void)
{
	struct smcr_conn *c = end.conn;
	struct smcr_tx tx = {};
	u8 kind = input_u8(&in);

	end.is_wild = true;
	tx.is_plain = kind & 1;
	if (tx.is_plain) {
		tx.len = kind & 2 ? input_u32(&in) :
				    input_len(&in, c->path.rx_size);
	} else {
		tx.msg.seq = (u16)(c->rx_seq +
				   (kind & 6 ? 1 : (s8)input_u8(&in)));
		wild_cursor(&tx.msg.prod, &c->rx_prod, c->path.rx_size);
		wild_cursor(&tx.msg.cons, &c->tx_cons, c->path.peer_size);
		tx.msg.prod_flags = input_u8(&in);
		tx.msg.state_flags = input_u8(&in);
	}
	report_rx(&end, &tx, bundled_data(&tx, 0), &end);
}

/* -- the connection ----------------------------------------------------------- */

static bool run_event(u8 which)
{
	switch (which % 7) {
	case 0:
		return deliver_to_end();
	case 1:
		return deliver_to_peer();
	case 2:
		return report_done(&end);
	case 3:
		return report_room(&end);
	case 4:
		return shim_run_timer(0);
	case 5:
		return report_shrink(&end);
	default:
		return deliver_to_peer() && report_done(&end);
	}
}

static void preempt(void)
{
	if (preempt_after && !--preempt_after)
		run_event(preempt_event);
}

static u32 reader_len(void)
{
	return min_t(u32, input_len(&in, end.conn->path.rx_size), MAX_LEN);
}

static void check_read(int ret, unsigned int flags)
{
	u64 pos = reader_pos;

	if (end.is_wild)
		return;
	if (ret > 0 && !(flags & MSG_TRUNC))
		pos = check_stream(buf, ret, pos, &peer.urgents);
	if (flags & MSG_PEEK)
		return;
	if (flags & MSG_TRUNC && ret > 0)
		pos += ret;
	SHIM_ASSERT(pos <= end.conn->rx_cons.total);
	/* what was left out was urgent */
	for (; !(flags & MSG_TRUNC) && pos < end.conn->rx_cons.total; pos++)
		SHIM_ASSERT(is_urgent_pos(&peer.urgents, pos));
	reader_pos = end.conn->rx_cons.total;
}

static int do_recv(u32 len, unsigned int flags)
{
	struct msghdr msg = { .msg_iter = { buf, len } };
	int ret;

	ret = smcr_rx_recvmsg(end.conn, &end.sk, &msg, len,
			      flags | MSG_DONTWAIT);
	SHIM_ASSERT(ret <= (int)len);
	check_read(ret, flags);
	return ret;
}

static void do_recv_urgent(unsigned int flags)
{
	struct msghdr msg = { .msg_iter = { buf, 1 } };
	int ret = smcr_rx_recv_urgent(end.conn, &end.sk, &msg, 1, flags);

	SHIM_ASSERT(ret <= 1);
	/* it was sent as urgent */
	if (ret == 1 && !(flags & MSG_TRUNC) && !end.is_wild)
		SHIM_ASSERT(is_urgent_byte(&peer.urgents, *buf));
}

static void ask_questions(void)
{
	struct smcr_conn *c = end.conn;
	u32 unread = smcr_rx_unread(c);

	SHIM_ASSERT(smcr_rx_inq(c) <= smcr_rx_unread(c));
	SHIM_ASSERT(smcr_rx_is_readable(c, 1) >= (unread && !c->rx_urgent.state));
	SHIM_ASSERT(smcr_tx_unsent(c) <= c->path.tx_size);
	SHIM_ASSERT(smcr_tx_unconfirmed(c) <= c->path.tx_size);
	smcr_rx_is_at_mark(c, 0);
	smcr_tx_is_writable(c);
	smcr_conn_is_over(c);
	smcr_close_state(&c->close);
}

static unsigned int send_flags(u8 b)
{
	return MSG_DONTWAIT | (b & 1 ? MSG_MORE : 0) | (b & 6 ? 0 : MSG_OOB);
}

static unsigned int recv_flags(u8 b)
{
	return (b & 3 ? 0 : MSG_PEEK) | (b & 12 ? 0 : MSG_TRUNC) |
	       (b & 16 ? MSG_WAITALL : 0);
}

/* what a program does */
static void socket_step(u8 op)
{
	u32 len;

	switch (op) {
	case 0:
	case 1:
		len = input_len(&in, end.conn->path.tx_size);
		end_send(&end, len, send_flags(op ? 2 : input_u8(&in)));
		break;
	case 2:
		do_recv(reader_len(), 0);
		break;
	case 3:
		len = reader_len();
		do_recv(len, recv_flags(input_u8(&in)));
		break;
	case 4:
		do_recv_urgent(recv_flags(input_u8(&in)) & ~MSG_WAITALL);
		break;
	case 5:
		end.sk.sk_shutdown |= SEND_SHUTDOWN;
		smcr_conn_shutdown_write(end.conn);
		break;
	case 6:
		end_close(&end, input_u8(&in) & 1);
		break;
	case 7:
		smcr_tx_set_cork(end.conn, input_u8(&in) & 1);
		break;
	case 8:
		ask_questions();
		break;
	case 9:
		end.sk.is_inline = input_u8(&in) & 1;
		break;
	default:
		if (input_u8(&in) == 1)
			smcr_conn_reset(end.conn, ECONNABORTED);
		break;
	}
}

static void peer_step(u8 op)
{
	u32 len;

	switch (op) {
	case 0:
	case 1:
		len = input_len(&in, end.conn->path.rx_size);
		peer_write(len, op ? 0 : input_u8(&in));
		break;
	case 2:
	case 3:
		peer_read(input_len(&in, peer.size), op == 2);
		break;
	case 4:
		peer_state(input_u8(&in));
		break;
	case 5:
		if (input_u8(&in) & 1)
			wild_message();
		break;
	case 6:
		if (input_u8(&in) == 1)
			report_dead(&end);
		break;
	default:
		if (input_u8(&in) == 1)
			end.fails_next = true;
		break;
	}
}

static void step(void)
{
	u8 b = input_u8(&in);
	u8 op = b & 31;

	preempt_after = b >> 5;
	if (preempt_after)
		preempt_event = input_u8(&in);
	if (op < 11 && !end.is_closed) {
		end.sk.owner.is_held = true;
		socket_step(op);
		end.sk.owner.is_held = false;
	} else if (op >= 11 && op < 19) {
		peer_step(op - 11);
	} else {
		run_event(op);
	}
	preempt_after = 0;
	/* the break that a send found out about follows at once */
	if (end.is_broken)
		report_dead(&end);
	/* unread data and such may be given up by a reset */
	check_end(&end);
}

/* -- a run --------------------------------------------------------------------- */

static void begin(void)
{
	static const u32 sizes[] = { 64, 256, 2048, 16384 };
	u8 a = input_u8(&in);
	u8 b = input_u8(&in);
	struct end_config cfg = {
		.tx_size = sizes[a & 3],
		.tx_want = sizes[a & 3] << (a & 4 ? 2 : 0),
		.rx_size = sizes[a >> 3 & 3],
		.depth = 1 + b % (QUEUE - 1),
		.has_imm = a & 0x80,
		.wrap = b & 0x40 ? 0xfffe : 0,
		.seq = b & 0x80 ? 0xfff0 : 0,
	};

	memset(&peer, 0, sizeof(peer));
	peer.size = sizes[a >> 5 & 3];
	peer.seq = cfg.seq;
	peer.room_end = cfg.rx_size;
	reader_pos = 0;
	end_init(&end, &cfg);
}

/* a fast peer speaks before its ring is known */
static void speak_early(void)
{
	int count = input_u8(&in) & 3;

	while (count--)
		peer_step(input_u8(&in) & 1 ? 4 : 0);
	while (deliver_to_end())
		;
}

/* everything that is due happens, until there is nothing more */
static void run_all_events(void)
{
	bool more = true;
	int i, tries = 10000;

	while (more) {
		SHIM_ASSERT(tries--);
		more = false;
		for (i = 0; i < 5; i++)
			more |= run_event(i);
		check_end(&end);
	}
}

/* both sides want to end, and have what it takes */
static void wind_up_honestly(void)
{
	int tries = 10000;
	u64 before;

	do {
		SHIM_ASSERT(tries--);
		before = peer.rcvd + peer.sent + end.conn->rx_cons.total;
		run_all_events();
		peer_read(peer.size, true);
		if (!end.is_closed)
			while (do_recv(MAX_LEN, 0) > 0)
				;
		run_all_events();
	} while (before != peer.rcvd + peer.sent + end.conn->rx_cons.total);

	if (!end.is_dead && !peer_is_final() &&
	    !(end.tx_state & SMCR_CDC_ABORT)) {
		SHIM_ASSERT(peer.rcvd == end.written);
		SHIM_ASSERT(peer.read == end.written);
	}
	end_close(&end, false);
	run_all_events();
	peer_state(SMCR_CDC_CLOSED);
	run_all_events();
}

/* the peer has done what it should not: it goes, as far as it is understood */
static void wind_up_wildly(void)
{
	struct smcr_tx tx = {};

	end_close(&end, false);
	if (!end.is_detached) {
		tx.msg.seq = (u16)(end.conn->rx_seq + 1);
		tx.msg.prod = smcr_cursor_to_wire(&end.conn->rx_prod);
		tx.msg.cons = smcr_cursor_to_wire(&end.conn->tx_cons);
		tx.msg.state_flags = SMCR_CDC_ABORT;
		report_rx(&end, &tx, NULL, &end);
	}
	run_all_events();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int steps = MAX_STEPS;

	stream_init();
	in = (struct input){ data, data + size };
	begin();
	speak_early();
	if (input_u8(&in) == 0xff) {
		end.is_closed = true;
		smcr_conn_abandon(end.conn, input_u8(&in) & 1);
		end_exit(&end);
		shim_reset();
		return 0;
	}
	smp_store_release(&end.conn->path.peer_size, peer.size);
	smcr_conn_establish(end.conn);
	check_end(&end);
	shim_preempt = preempt;
	while (!input_is_over(&in) && steps--)
		step();
	end.fails_next = false;
	if (end.is_wild)
		wind_up_wildly();
	else
		wind_up_honestly();
	/* corked data, and completions of those who are gone */
	while (shim_run_timer(0) || deliver_to_peer() || report_done(&end))
		;
	SHIM_ASSERT(end.is_detached);
	end_exit(&end);
	SHIM_ASSERT(!smcr_conn_count());
	shim_reset();
	return 0;
}
