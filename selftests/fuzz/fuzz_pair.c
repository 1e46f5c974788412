// SPDX-License-Identifier: GPL-2.0
/*
 * Two connections of net/smc_r/conn against each other. Each side has a task
 * that writes and one that reads, with calls that wait; the input decides who
 * runs and when messages, completions and room arrive.
 *
 * When nothing more can happen, everybody must be done: whoever sleeps then
 * would sleep for ever. Both streams must have arrived, unless one side
 * closed early or the link was lost.
 */
#include "conn_model.h"

#include <linux/uio.h>

#define MAX_STEPS	2000
#define SIDES		2

/**
 * struct side - a program with a connection
 * @end: its end
 * @peer: the other side
 * @in: what its tasks do
 * @writes: write calls to make
 * @reads: read calls to make before it closes early; -1 for up to the end
 * @tasks: of its own that run
 * @pos: bytes read
 * @is_eof: and there is no more
 * @got_error: a call failed
 * @buf: where it reads to
 */
struct side {
	struct end end;
	struct side *peer;
	struct input in;
	int writes;
	int reads;
	int tasks;
	u64 pos;
	bool is_eof;
	bool got_error;
	u8 buf[MAX_LEN];
};

static struct side sides[SIDES];
static struct input in;
static bool is_lost;
static bool closes_early;

/* -- the programs --------------------------------------------------------- */

static void note_end_of_task(struct side *s)
{
	if (--s->tasks)
		return;
	lock_sock(&s->end.sk);
	release_sock(&s->end.sk);
	end_close(&s->end, false);
}

static void may_fail(struct side *s)
{
	s->got_error = true;
	SHIM_ASSERT(is_lost || closes_early);
}

static int write_some(struct side *s)
{
	u32 size = s->end.conn->path.tx_size;
	u8 kind = input_u8(&s->in);
	u32 len = input_len(&s->in, size) + 1;
	unsigned int flags = MSG_NOSIGNAL;
	int ret;

	if (kind & 1)
		flags |= MSG_MORE;
	if (kind & 2)
		flags |= MSG_DONTWAIT;
	if ((kind & 0x3c) == 0x3c)
		flags |= MSG_OOB;
	lock_sock(&s->end.sk);
	if ((kind & 0xc0) == 0xc0)
		smcr_tx_set_cork(s->end.conn, kind & 8);
	ret = end_send(&s->end, len, flags);
	release_sock(&s->end.sk);
	return ret;
}

/* a few times around the smaller ring */
static bool is_enough(const struct side *s)
{
	const struct smcr_path *path = &s->end.conn->path;

	return input_is_over(&s->in) ||
	       s->end.written > 6 * min(path->tx_size, path->peer_size);
}

static void writer(void *arg)
{
	struct side *s = arg;
	int ret = 0;

	while (s->writes-- && (ret >= 0 || ret == -EAGAIN) &&
	       !is_enough(s))
		ret = write_some(s);
	if (ret < 0 && ret != -EAGAIN)
		may_fail(s);
	lock_sock(&s->end.sk);
	if (input_u8(&s->in) & 1)
		smcr_conn_wait_drained(s->end.conn, &s->end.sk,
				       closes_early ? HZ :
				       MAX_SCHEDULE_TIMEOUT);
	s->end.sk.sk_shutdown |= SEND_SHUTDOWN;
	smcr_conn_shutdown_write(s->end.conn);
	release_sock(&s->end.sk);
	note_end_of_task(s);
}

static int read_some(struct side *s, unsigned int flags)
{
	u32 size = s->end.conn->path.rx_size;
	u32 len = input_is_over(&s->in) ? size : input_len(&s->in, size) + 1;
	struct msghdr msg = {};
	int ret;

	/* as with TCP, more than that may never be there to be peeked at */
	if ((flags & MSG_PEEK) && (flags & MSG_WAITALL))
		len = min(len, size / 2);
	msg.msg_iter.mem = s->buf;
	msg.msg_iter.len = len;
	lock_sock(&s->end.sk);
	ret = smcr_rx_recvmsg(s->end.conn, &s->end.sk, &msg, len, flags);
	if (ret > 0) {
		u64 pos = check_stream(s->buf, ret, s->pos,
				       &s->peer->end.urgents);

		if (!(flags & MSG_PEEK))
			s->pos = pos;
	}
	release_sock(&s->end.sk);
	return ret;
}

static void read_urgent(struct side *s)
{
	u8 byte;
	struct msghdr msg = { .msg_iter = { &byte, 1 } };

	lock_sock(&s->end.sk);
	if (smcr_rx_recv_urgent(s->end.conn, &s->end.sk, &msg, 1, 0) == 1)
		SHIM_ASSERT(is_urgent_byte(&s->peer->end.urgents, byte));
	release_sock(&s->end.sk);
}

/* who reads no more does not write for long either */
static void shutdown_all(struct side *s)
{
	lock_sock(&s->end.sk);
	s->end.sk.sk_shutdown = SHUTDOWN_MASK;
	s->end.conn->rx_is_shut = true;
	smcr_conn_shutdown_write(s->end.conn);
	s->end.sk.sk_state_change(&s->end.sk);
	release_sock(&s->end.sk);
}

static void reader(void *arg)
{
	struct side *s = arg;
	u8 kind;
	int ret = 1;

	while (ret > 0 && s->reads--) {
		kind = input_u8(&s->in);
		if ((kind & 0xf0) == 0xf0)
			read_urgent(s);
		/* who peeks reads as well, or nothing would go on */
		if ((kind & 7) == 7)
			ret = read_some(s, MSG_PEEK |
					(kind & 8 ? MSG_WAITALL : 0));
		/* an error is told once */
		if (ret < 0)
			break;
		ret = read_some(s, kind & 8 ? MSG_WAITALL : 0);
	}
	if (ret < 0)
		may_fail(s);
	s->is_eof = !ret;
	if (ret > 0)
		shutdown_all(s);
	note_end_of_task(s);
}

/* -- what happens outside of them --------------------------------------------- */

/* the bytes land; a bundle's come with its message */
static const u8 *land(struct side *to, const struct entry *entry)
{
	const struct end *from = &to->peer->end;
	const u8 *data = bundled_data(&entry->tx, entry->pos);
	u64 pos = entry->pos;
	bool is_again = from->has_moved &&
			pos + entry->tx.len <= from->conn->tx_resend_end;
	int i;

	for (i = 0; i < entry->tx.spans && !data; i++) {
		const struct smcr_span *s = &entry->tx.span[i];

		SHIM_ASSERT(s->dst + s->len <= to->end.conn->path.rx_size);
		/* nobody gives his ring away while something new may come */
		SHIM_ASSERT(!to->end.is_detached || is_again);
		memcpy(to->end.conn->path.rx_mem + s->dst, stream_at(pos),
		       s->len);
		pos += s->len;
	}
	return data;
}

static const void *via(const struct side *from, int way)
{
	return &from->end.queue[way % 2];
}

static bool deliver(struct side *from)
{
	struct side *to = from->peer;
	struct entry entry;
	const u8 *data;

	if (!take_entry(&from->end, &entry))
		return false;
	SHIM_ASSERT(!to->end.is_detached || from->end.has_moved);
	data = land(to, &entry);
	if (!entry.tx.is_plain && !is_validation(&entry.tx) &&
	    !to->end.is_detached) {
		const struct smcr_cdc_cursor *cons = &entry.tx.msg.cons;
		u32 size = to->end.conn->path.peer_size;

		to->end.cons_told += (u32)(cons->count +
					   (u16)(cons->wrap - to->end.wrap) *
					   size - (u32)to->end.cons_told);
	}
	report_rx(&to->end, &entry.tx, data, via(from, from->end.way));
	return true;
}

/*
 * Of what is under way, some arrives but is not reported, some lands without
 * its message, and one plain write that arrived may be seen too late.
 */
static void lose_way(struct side *s, u8 how)
{
	int arrive = how & 7, lands = how >> 3 & 7, i;
	bool has_late = false;
	struct entry late;

	if (!s->end.can_move || s->end.is_dead || s->end.is_detached)
		return;
	while (arrive-- && deliver(s))
		;
	for (i = 0; i < s->end.queued && i < lands; i++)
		land(s->peer, &s->end.queue[i]);
	if (s->end.queued && s->end.queue[0].tx.is_plain && how & 0x40) {
		late = s->end.queue[0];
		has_late = true;
	}
	report_way_lost(&s->end);
	/* the failover message overtakes it */
	if (!has_late || !s->end.queued || !is_validation(&s->end.queue[0].tx))
		return;
	deliver(s);
	if (how & 0x80)
		deliver(s);
	report_rx(&s->peer->end, &late.tx, bundled_data(&late.tx, late.pos),
		  via(s, s->end.way - 1));
}

static bool run_event(u8 which)
{
	struct side *s = &sides[which & 1];

	if (which >> 4 == 15)
		return report_shrink(&s->end);
	switch (which >> 1 & 3) {
	case 0:
		return deliver(s);
	case 1:
		return report_done(&s->end);
	case 2:
		return report_room(&s->end);
	default:
		return shim_run_timer(which >> 3 & 1);
	}
}

static int preempt_after;
static u8 preempt_event;

static void preempt(void)
{
	if (preempt_after && !--preempt_after)
		run_event(preempt_event);
}

static void lose_link(void)
{
	is_lost = true;
	report_dead(&sides[0].end);
	report_dead(&sides[1].end);
}

static void lose(u8 which)
{
	if (which == 1)
		lose_link();
	else if (which & 2)
		lose_way(&sides[which & 1], input_u8(&in));
}

static void check_both(void)
{
	check_end(&sides[0].end);
	check_end(&sides[1].end);
}

static void step(void)
{
	u8 b = input_u8(&in);

	if (b & 0x40) {
		run_event(b);
	} else {
		preempt_after = b >> 2 & 7;
		if (preempt_after)
			preempt_event = input_u8(&in);
		if (b & 0x80 || (b & 0x3f) != 0x3f)
			shim_run_task(b & 3);
		else
			lose(input_u8(&in));
		preempt_after = 0;
	}
	check_both();
}

/* until nothing is left that could happen */
static void run_all(void)
{
	int tries = 100000;
	bool more = true;
	int i;

	while (more) {
		SHIM_ASSERT(tries--);
		more = false;
		for (i = 0; i < 8; i++) {
			if (!run_event(i))
				continue;
			more = true;
			check_both();
		}
		more |= shim_run_task(0);
		check_both();
		more = more || shim_run_expiry(0, false);
	}
}

/* -- a run --------------------------------------------------------------------- */

static void begin(const u8 *data, size_t size)
{
	static const u32 sizes[] = { 64, 128, 256, 2048 };
	struct end_config cfg[SIDES];
	u8 flags = input_u8(&in);
	int i;

	closes_early = flags & 1;
	is_lost = false;
	for (i = 0; i < SIDES; i++) {
		u8 a = input_u8(&in);
		u8 b = input_u8(&in);

		cfg[i] = (struct end_config){
			.tx_size = sizes[a & 3],
			.tx_want = sizes[a & 3] << (a & 4 ? 2 : 0),
			.rx_size = sizes[a >> 3 & 3],
			.depth = 1 + (b & 31) % (QUEUE - 1),
			.has_imm = flags & 2,
			.wrap = flags & 4 ? 0xfffe : 0,
			.seq = flags & 8 ? 0xfff0 : 0,
		};
		sides[i].peer = &sides[!i];
		sides[i].writes = input_u8(&in) & 31;
		sides[i].reads = closes_early ? input_u8(&in) & 15 : -1;
		sides[i].pos = 0;
		sides[i].is_eof = false;
		sides[i].got_error = false;
		/* both programs go their own way through the same bytes */
		sides[i].in = (struct input){ data + size / 4 * i,
					      data + size };
		end_init(&sides[i].end, &cfg[i]);
		sides[i].end.sk.is_inline = b & 0x80;
		sides[i].end.can_move = flags & 0x10;
	}
	for (i = 0; i < SIDES; i++)
		smp_store_release(&sides[i].end.conn->path.peer_size,
				  cfg[!i].rx_size);
	for (i = 0; i < SIDES; i++) {
		smcr_conn_establish(sides[i].end.conn);
		sides[i].tasks = 2;
		shim_spawn(writer, &sides[i]);
		shim_spawn(reader, &sides[i]);
	}
}

static void finish(struct side *s)
{
	u64 end = s->peer->end.written;

	SHIM_ASSERT(!s->tasks);
	if (!is_lost && !closes_early) {
		SHIM_ASSERT(s->is_eof && !s->got_error);
		while (s->pos < end && is_urgent_pos(&s->peer->end.urgents,
						     s->pos))
			s->pos++;
		SHIM_ASSERT(s->pos == end);
	}
	end_exit(&s->end);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int steps = MAX_STEPS;

	stream_init();
	in = (struct input){ data, data + size };
	begin(data, size);
	shim_preempt = preempt;
	while (!input_is_over(&in) && steps--)
		step();
	run_all();
	/* nobody sleeps where nothing can wake him */
	SHIM_ASSERT(!shim_tasks());
	finish(&sides[0]);
	finish(&sides[1]);
	SHIM_ASSERT(!smcr_conn_count());
	shim_reset();
	return 0;
}
