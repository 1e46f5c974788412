// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of logic/close.c, in its order, and of its states against the tables
 * of wire.md 9.1.
 */
#include "close.h"
#include "test.h"

#define D	SMCR_CDC_DONE_WRITING
#define C	SMCR_CDC_CLOSED
#define A	SMCR_CDC_ABORT

/* every subset of the three flags, as byte number 0 to 7 */
static u8 subset(unsigned int i)
{
	return (u8)(i << 5);
}

static void close_local__shut_wr(void)
{
	unsigned int w, s;

	for (w = 0; w < 8; w++)
		for (s = 0; s < 8; s++) {
			struct smcr_close c = { subset(w), subset(s), C, true };

			smcr_close_local(&c, SMCR_CLOSE_SHUT_WR);
			CHECK_EQ(c.want, subset(w) | D);
			CHECK_EQ(c.sent, subset(s));
			CHECK_EQ(c.rcvd, C);
			CHECK(c.is_passive);
		}
}

/* The first final flag is the last word: an abort is not taken back. */
static void close_local__close(void)
{
	unsigned int w, s;

	for (w = 0; w < 8; w++)
		for (s = 0; s < 8; s++) {
			struct smcr_close c = { subset(w), subset(s), D, true };

			smcr_close_local(&c, SMCR_CLOSE_CLOSE);
			CHECK_EQ(c.want, subset(w) & (C | A) ? subset(w) :
							       subset(w) | C);
			CHECK_EQ(c.sent, subset(s));
			CHECK_EQ(c.rcvd, D);
		}
}

/* ... but a close that is not on the wire yet becomes an abort. */
static void close_local__reset(void)
{
	unsigned int w, s;

	for (w = 0; w < 8; w++)
		for (s = 0; s < 8; s++) {
			struct smcr_close c = { subset(w), subset(s), D, true };

			smcr_close_local(&c, SMCR_CLOSE_RESET);
			CHECK_EQ(c.want, subset(s) & (C | A) ? subset(w) :
						(subset(w) & D) | A);
			CHECK_EQ(c.sent, subset(s));
			CHECK_EQ(c.rcvd, D);
		}
}

static void close_remote__all_flags(void)
{
	unsigned int r, s, byte;

	for (r = 0; r < 8; r++)
		for (s = 0; s < 8; s++)
			for (byte = 0; byte < 256; byte++) {
				struct smcr_close c = {
					.want = D, .sent = subset(s),
					.rcvd = subset(r),
				};
				u8 news = byte & (D | C | A) & ~subset(r);

				CHECK_EQ(smcr_close_remote(&c, (u8)byte), news);
				CHECK_EQ(c.rcvd, subset(r) | news);
				CHECK_EQ(c.want, D);
				CHECK_EQ(c.sent, subset(s));
				CHECK_EQ(c.is_passive, news && !r && !s);
			}
}

/* Flags come again with every message: the second time they are not news. */
static void close_remote__repeated(void)
{
	struct smcr_close c = {};

	CHECK_EQ(smcr_close_remote(&c, D), D);
	CHECK_EQ(smcr_close_remote(&c, D), 0);
	CHECK_EQ(smcr_close_remote(&c, D | C), C);
	CHECK_EQ(smcr_close_remote(&c, D | C), 0);
	CHECK_EQ(smcr_close_remote(&c, 0), 0);
	CHECK_EQ(c.rcvd, D | C);
	CHECK(c.is_passive);
}

/* All that can be wanted, sent and received, with and without data left. */
static void close_due__all_combinations(void)
{
	unsigned int w, s, r, drained;

	for (w = 0; w < 8; w++)
	for (s = 0; s < 8; s++)
	for (r = 0; r < 8; r++)
	for (drained = 0; drained < 2; drained++) {
		struct smcr_close c = { subset(w), subset(s), subset(r),
					false };
		u8 due = smcr_close_due(&c, drained);
		u8 fresh = due & ~c.sent;
		/* nobody is left to read the data that a close waits for */
		bool gives_up = (c.rcvd & (C | A)) && (c.want & (C | A)) &&
				!drained;

		/* what was said is said again */
		CHECK_EQ(due & c.sent, c.sent);
		/* D and C follow the data; an abort takes them back */
		if (!drained || (c.want & A))
			CHECK_EQ(fresh & (D | C), 0);
		else
			CHECK_EQ(due & (D | C), (c.sent | c.want) & (D | C));
		/* an abort waits for nothing */
		CHECK_EQ(!!(due & A), !!((c.sent | c.want) & A) || gives_up);
		CHECK_EQ(due & ~(D | C | A), 0);
	}
}

static void close_due__literal(void)
{
	static const struct {
		u8 want, sent, rcvd;
		bool is_drained;
		u8 due;
	} row[] = {
		{ 0, 0, 0, true, 0 },
		{ D, 0, 0, false, 0 },
		{ D, 0, 0, true, D },
		{ D | C, D, 0, false, D },
		{ D | C, D, 0, true, D | C },
		{ C, 0, D, false, 0 },
		/* the peer closed: what it does not have, it will not read */
		{ C, 0, C, false, A },
		{ C, 0, D | C, false, A },
		{ D, 0, C, false, 0 },
		{ A, 0, 0, false, A },
		/* the data before D is lost, so D does not come */
		{ D | A, 0, 0, false, A },
		{ D | A, 0, 0, true, A },
		{ D | A, D, 0, false, D | A },
		/* answers to an abort: see Documentation/states.md */
		{ C, 0, A, true, C },
		{ C, 0, A, false, A },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		struct smcr_close c = { row[i].want, row[i].sent, row[i].rcvd,
					false };

		if (!CHECK_EQ(smcr_close_due(&c, row[i].is_drained),
			      row[i].due))
			printf("# row %zu\n", i);
	}
}

/*
 * The tables of wire.md 9.1. Cells that depend on more than the state have
 * their states split:
 *
 *	PCW1_D, PCW2_D	only D sent so far	PCW1_F, PCW2_F	C or A sent
 *	ACW1_D, ACW2_D	only D received		ACW1_C, ACW2_C	C received
 */
enum ref {
	ACT, PCW1_D, PCW1_F, PCW2_D, PCW2_F, ACW1_D, ACW1_C, ACW2_D, ACW2_C,
	AFCW, PFCW, PAW, PA, CLOSED, REFS,
};

static const enum smcr_state name_of[REFS] = {
	[ACT] = SMCR_ACTIVE,
	[PCW1_D] = SMCR_PEERCLOSEWAIT1, [PCW1_F] = SMCR_PEERCLOSEWAIT1,
	[PCW2_D] = SMCR_PEERCLOSEWAIT2, [PCW2_F] = SMCR_PEERCLOSEWAIT2,
	[ACW1_D] = SMCR_APPCLOSEWAIT1, [ACW1_C] = SMCR_APPCLOSEWAIT1,
	[ACW2_D] = SMCR_APPCLOSEWAIT2, [ACW2_C] = SMCR_APPCLOSEWAIT2,
	[AFCW] = SMCR_APPFINCLOSEWAIT,
	[PFCW] = SMCR_PEERFINCLOSEWAIT,
	[PAW] = SMCR_PEERABORTWAIT,
	[PA] = SMCR_PROCESSABORT,
	[CLOSED] = SMCR_CLOSED,
};

/* a final flag of ours is C or, with unread data, A: the columns close, reset */
enum event { SHUT, CLOSE, RESET, RCV_D, RCV_C, RCV_DC, RCV_A, EVENTS };

static const char *const event_name[EVENTS] = {
	"shutdown", "close", "reset", "rcv D", "rcv C", "rcv D+C", "rcv A",
};

/* pairs that wire.md does not list leave the state as it is */
static const enum ref table[REFS][EVENTS] = {
	/*	     SHUT    CLOSE   RESET   RCV_D   RCV_C   RCV_DC  RCV_A */
	[ACT]    = { PCW1_D, PCW1_F, PCW1_F, ACW1_D, ACW1_C, ACW1_C, PA },
	[PCW1_D] = { PCW1_D, PCW1_F, PCW1_F, PCW2_D, AFCW,   AFCW,   PA },
	[PCW1_F] = { PCW1_F, PCW1_F, PCW1_F, PCW2_F, CLOSED, CLOSED, CLOSED },
	[PCW2_D] = { PCW2_D, PCW2_F, PCW2_F, PCW2_D, AFCW,   AFCW,   PA },
	[PCW2_F] = { PCW2_F, PCW2_F, PCW2_F, PCW2_F, CLOSED, CLOSED, CLOSED },
	[ACW1_D] = { ACW2_D, PFCW,   PFCW,   ACW1_D, ACW1_C, ACW1_C, PA },
	[ACW1_C] = { ACW2_C, CLOSED, CLOSED, ACW1_C, ACW1_C, ACW1_C, PA },
	[ACW2_D] = { ACW2_D, PFCW,   PFCW,   ACW2_D, ACW2_C, ACW2_C, CLOSED },
	[ACW2_C] = { ACW2_C, CLOSED, CLOSED, ACW2_C, ACW2_C, ACW2_C, CLOSED },
	[AFCW]   = { AFCW,   CLOSED, CLOSED, AFCW,   AFCW,   AFCW,   PA },
	[PFCW]   = { PFCW,   PFCW,   PFCW,   PFCW,   CLOSED, CLOSED, CLOSED },
	[PAW]    = { PAW,    CLOSED, CLOSED, PAW,    PAW,    PAW,    CLOSED },
	[PA]     = { PA,     CLOSED, CLOSED, PA,     PA,     PA,     PA },
	[CLOSED] = { CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED },
};

/*
 * Where we differ, and why. Each of them is in Documentation/states.md.
 */
static const struct difference {
	enum ref state;
	enum event event;
	enum ref ours;
} differences[] = {
	/* an abort of ours has its own name; the table calls it a close */
	{ ACT, RESET, PAW },
	{ PCW1_D, RESET, PAW },
	{ PCW2_D, RESET, PAW },
	{ ACW1_D, RESET, PAW },
	{ ACW2_D, RESET, PAW },
	/* it waits for the peer's final flag, as the ring is in use until then */
	{ PAW, CLOSE, PAW },
	{ PAW, RESET, PAW },
	/* ... which may be C as well, if both flags were under way */
	{ PAW, RCV_C, CLOSED },
	{ PAW, RCV_DC, CLOSED },
	/* the application has not closed: it still has to, as in APPCLOSEWAIT1 */
	{ ACW2_D, RCV_A, PA },
	{ ACW2_C, RCV_A, PA },
};

static const struct difference *find_difference(enum ref state,
						enum event event)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(differences); i++)
		if (differences[i].state == state &&
		    differences[i].event == event)
			return &differences[i];
	return NULL;
}

static enum ref next_ref(enum ref state, enum event event)
{
	const struct difference *diff = find_difference(state, event);

	return diff ? diff->ours : table[state][event];
}

static void apply(struct smcr_close *c, enum event event)
{
	static const u8 flags[EVENTS] = {
		[RCV_D] = D, [RCV_C] = C, [RCV_DC] = D | C, [RCV_A] = A,
	};

	if (event <= RESET)
		smcr_close_local(c, (enum smcr_close_event)event);
	else
		smcr_close_remote(c, flags[event]);
	/* as smcr_tx_push_locked(): nothing follows a final flag */
	if (!(c->sent & SMCR_CLOSE_FINAL))
		c->sent = smcr_close_due(c, true);
}

static bool was_seen[REFS][EVENTS];

static void print_path(const enum event *path, int len)
{
	int i;

	printf("#   after");
	for (i = 0; i < len; i++)
		printf(" [%s]", event_name[path[i]]);
	printf("\n");
}

static void walk(struct smcr_close c, enum ref ref, enum event *path, int len,
		 int max)
{
	int e;

	if (!CHECK_EQ(smcr_close_state(&c), name_of[ref])) {
		print_path(path, len);
		return;
	}
	if (len == max)
		return;
	for (e = 0; e < EVENTS; e++) {
		struct smcr_close next = c;

		was_seen[ref][e] = true;
		path[len] = (enum event)e;
		apply(&next, (enum event)e);
		walk(next, next_ref(ref, (enum event)e), path, len + 1, max);
	}
}

/* Every order of events up to this length, from a fresh connection. */
static void close_state__all_paths(void)
{
	enum event path[4];
	struct smcr_close fresh = {};

	walk(fresh, ACT, path, 0, 4);
}

/* ... comes through every cell of the table. */
static void close_state__every_cell(void)
{
	enum event path[4];
	struct smcr_close fresh = {};
	int s, e;

	memset(was_seen, 0, sizeof(was_seen));
	walk(fresh, ACT, path, 0, 4);
	for (s = 0; s < REFS; s++)
		for (e = 0; e < EVENTS; e++)
			if (!CHECK(was_seen[s][e]))
				printf("# state %d, %s\n", s, event_name[e]);
}

/* A difference that is none would hide a cell of the table. */
static void close_state__differences_differ(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(differences); i++) {
		const struct difference *d = &differences[i];

		CHECK(name_of[d->ours] != name_of[table[d->state][d->event]]);
		CHECK(find_difference(d->state, d->event) == d);
	}
}

/* What we decided on counts, not what is on the wire. */
static void close_state__data_left(void)
{
	struct smcr_close c = {};

	smcr_close_local(&c, SMCR_CLOSE_SHUT_WR);
	CHECK_EQ(smcr_close_due(&c, false), 0);
	CHECK_EQ(smcr_close_state(&c), SMCR_PEERCLOSEWAIT1);
	smcr_close_local(&c, SMCR_CLOSE_CLOSE);
	CHECK_EQ(smcr_close_due(&c, false), 0);
	CHECK_EQ(smcr_close_state(&c), SMCR_PEERCLOSEWAIT1);
	smcr_close_local(&c, SMCR_CLOSE_RESET);
	CHECK_EQ(smcr_close_due(&c, false), A);
	CHECK_EQ(smcr_close_state(&c), SMCR_PEERABORTWAIT);
}

/* Who is passive is decided on the wire: the first flag to get there. */
static void close_state__overtaken(void)
{
	struct smcr_close c = {};

	smcr_close_local(&c, SMCR_CLOSE_SHUT_WR);
	CHECK_EQ(smcr_close_remote(&c, D), D);
	CHECK(c.is_passive);
	CHECK_EQ(smcr_close_state(&c), SMCR_APPCLOSEWAIT2);
	smcr_close_local(&c, SMCR_CLOSE_CLOSE);
	CHECK_EQ(smcr_close_state(&c), SMCR_PEERFINCLOSEWAIT);
	smcr_close_remote(&c, D | C);
	CHECK_EQ(smcr_close_state(&c), SMCR_CLOSED);
	/* its reader is gone: what is left is given up, and the peer told */
	CHECK_EQ(smcr_close_due(&c, false), A);
}

/* Messages on the wire, see the exchanges at the end of wire.md 9.1. */
static void close__exchanges(void)
{
	static const struct {
		enum event event[3];
		int count;
		u8 sent;
	} row[] = {
		{ { CLOSE }, 1, C },
		{ { CLOSE, RCV_C }, 2, C },
		{ { RCV_C, CLOSE }, 2, C },
		{ { SHUT }, 1, D },
		{ { SHUT, RCV_C, CLOSE }, 3, D | C },
		{ { RCV_D, CLOSE }, 2, C },
		{ { RESET }, 1, A },
		{ { RESET, CLOSE }, 2, A },
		{ { CLOSE, RESET }, 2, C },
		{ { SHUT, RESET }, 2, D | A },
		/* nothing is sent in answer to a remote event */
		{ { RCV_D }, 1, 0 },
		{ { RCV_C }, 1, 0 },
		{ { RCV_DC }, 1, 0 },
		{ { RCV_A }, 1, 0 },
	};
	size_t i;
	int e;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		struct smcr_close c = {};

		for (e = 0; e < row[i].count; e++)
			apply(&c, row[i].event[e]);
		if (!CHECK_EQ(c.sent, row[i].sent))
			printf("# row %zu\n", i);
	}
}

static void close_is_finished__all_combinations(void)
{
	unsigned int w, s, r;

	for (w = 0; w < 8; w++)
		for (s = 0; s < 8; s++)
			for (r = 0; r < 8; r++) {
				struct smcr_close c = { subset(w), subset(s),
							subset(r), false };

				CHECK_EQ(smcr_close_is_finished(&c),
					 (s & 3) && (r & 3));
			}
}

/*
 * Two sides against each other: each closes once, in one of three ways, has
 * data left or not, and messages take their time. All orders are tried; in
 * the end both must be finished, or one would wait for ever.
 */
struct side {
	struct smcr_close close;
	bool has_shut;
	bool has_closed;
	bool is_drained;
	u8 queue[4];
	int head, tail;
};

static unsigned long ends;

static void push(struct side *from, struct side *to)
{
	u8 due = smcr_close_due(&from->close, from->is_drained);

	if ((from->close.sent & SMCR_CLOSE_FINAL) || due == from->close.sent)
		return;
	from->close.sent = due;
	to->queue[to->tail++] = due;
}

static bool do_local(struct side *me, struct side *peer,
		     enum smcr_close_event how)
{
	if (me->has_closed || (how == SMCR_CLOSE_SHUT_WR && me->has_shut))
		return false;
	me->has_shut = true;
	me->has_closed = how != SMCR_CLOSE_SHUT_WR;
	smcr_close_local(&me->close, how);
	push(me, peer);
	return true;
}

static bool do_receive(struct side *me, struct side *peer)
{
	if (me->head == me->tail)
		return false;
	smcr_close_remote(&me->close, me->queue[me->head++]);
	push(me, peer);
	return true;
}

/* the rest finds room in the peer's ring, unless its reader ran away */
static bool do_drain(struct side *me, struct side *peer)
{
	if (me->is_drained || (peer->close.want & A))
		return false;
	me->is_drained = true;
	push(me, peer);
	return true;
}

enum { STEP_RECEIVE = SMCR_CLOSE_RESET + 1, STEP_DRAIN, STEPS };

static bool do_step(struct side *me, struct side *peer, int step)
{
	if (step == STEP_RECEIVE)
		return do_receive(me, peer);
	if (step == STEP_DRAIN)
		return do_drain(me, peer);
	return do_local(me, peer, (enum smcr_close_event)step);
}

static void explore(const struct side *side)
{
	bool is_end = true;
	int i, step;

	for (i = 0; i < 2; i++)
		for (step = 0; step < STEPS; step++) {
			struct side next[2] = { side[0], side[1] };

			if (!do_step(&next[i], &next[!i], step))
				continue;
			is_end = false;
			explore(next);
		}
	if (!is_end)
		return;
	ends++;
	for (i = 0; i < 2; i++) {
		CHECK(smcr_close_is_finished(&side[i].close));
		CHECK_EQ(smcr_close_state(&side[i].close), SMCR_CLOSED);
	}
}

static void close__two_sides(void)
{
	int drained;

	for (drained = 0; drained < 4; drained++) {
		struct side side[2] = {};

		side[0].is_drained = drained & 1;
		side[1].is_drained = drained & 2;
		ends = 0;
		explore(side);
		CHECK(ends > 100);
	}
}

static const struct test_case cases[] = {
	CASE(close_local__shut_wr),
	CASE(close_local__close),
	CASE(close_local__reset),
	CASE(close_remote__all_flags),
	CASE(close_remote__repeated),
	CASE(close_due__all_combinations),
	CASE(close_due__literal),
	CASE(close_state__all_paths),
	CASE(close_state__every_cell),
	CASE(close_state__differences_differ),
	CASE(close_state__data_left),
	CASE(close_state__overtaken),
	CASE(close__exchanges),
	CASE(close_is_finished__all_combinations),
	CASE(close__two_sides),
};

TEST_MAIN(cases)
