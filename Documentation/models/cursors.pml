/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection from its establishment to its end: two hosts, each with one
 * application, rings that wrap, a link that keeps order. Host 0 writes first
 * and reads then, host 1 the other way round. Checked: bytes are read once, in
 * order, and all of them before an end that is no reset; nobody sleeps for
 * ever; both connections are given back, in state CLOSED, through states that
 * follow one another in Documentation/states.md.
 *
 * A byte is the number of its place in the stream. What stands for what:
 *
 *	push			push_one_locked() with what it calls:
 *				holds_back_locked(), wants_done_locked(),
 *				update_is_due_locked(), note_sent_locked()
 *	deliver			the devices: data moves from ring to ring, a
 *				completion is under way if it was asked for
 *	on_rx			on_rx(), on_rx_plain(), rx_message_locked(),
 *				check_rx_locked(), smcr_cursor_update()
 *	on_tx_done		on_tx_done()
 *	on_tx_room		on_tx_room()
 *	apply_close		apply_close_locked()
 *	tell			tell_socket(), tell_writer(), after the lock is
 *				dropped
 *	unlock			smcr_conn_unlock(), finish_locked()
 *	WRITES, ASKS, LOOKS, SLEEPS
 *				send_loop(), wait_for_room()
 *	READS, PEEKS, DOZES	recv_loop(), consume(), wait_for_data()
 *	LINGERS, SEES, LIES	smcr_conn_wait_drained()
 *	close_local		smcr_close_local()
 *	close_remote		smcr_close_remote()
 *	close_due		smcr_close_due()
 *	state_of		smcr_close_state()
 *	wants_update		smcr_ring_wants_update()
 *
 * Left out: urgent data, larger send rings, bundles, the loss of the link
 * (failover.pml).
 */

/* bytes that each host writes */
#ifndef BYTES_0
#define BYTES_0	5
#endif
#ifndef BYTES_1
#define BYTES_1	0
#endif
/* sizes of receive and send rings; thresholds, which small rings round to 0 */
#ifndef RX
#define RX	4
#endif
#ifndef TX
#define TX	4
#endif
#ifndef PIECE
#define PIECE	(TX / 4)
#endif
#ifndef ENOUGH
#define ENOUGH	(RX / 4)
#endif
#ifndef LIMIT
#define LIMIT	(RX / 10)
#endif
/* entries of the send queue */
#define DEPTH	2
/* cursors on the wire: the wrap count goes up to 3 */
#define WRAPS	4

#define MIN(a, b)	((a) < (b) -> (a) : (b))
#define MAX(a, b)	((a) > (b) -> (a) : (b))

/* state flags, as in logic/close.h */
#define D	1
#define C	2
#define A	4
#define FINAL	(C | A)

#ifdef MAY_STOP
#define MAY_RESET	true
#else
#define MAY_RESET	false
#endif

/* how a push is meant, enum smcr_push */
#define AUTO	0
#define MORE	1
#define NOW	2
/* no push */
#define NOBODY	3

mtype = { ACTIVE, PCW1, PCW2, ACW1, ACW2, AFCW, PFCW, PAW, PABORT, CLOSED };

/* fields named as those of struct smcr_conn, smcr_close, sock */
typedef conn {
	byte tx_written, tx_sent, tx_cons, tx_done, tx_off;
	byte tx_pending, tx_unasked;
	bool tx_blocked, is_answered;
	byte tx[TX];
	byte rx_prod, rx_cons, rx_announced;
	bool rx_blocked, rx_is_due;
	byte rx[RX];
	byte want, sent, rcvd;
	bool is_passive, is_detached;
	mtype state;
	/* with the transport; the timer runs */
	bool waits_for_room, has_timer;
	/* the socket: gone, error, shut down, who sleeps on it */
	bool is_closed, err, no_read, no_write, nospace, waits, woken;
	/* the application has ended */
	bool is_over
}

conn c[2];

/*
 * to a host: plain?, cursors, blocked, state flags, place in the send ring and
 * in the receive ring, bytes, position to report or NONE
 */
chan wire[2] = [DEPTH] of { bool, byte, byte, bool, byte, byte, byte, byte,
			    byte };
chan done[2] = [DEPTH] of { byte };
#define NONE	255

/* cursors of host m, the functions of conn/tx.c and logic/ring.c of that name */
#define to_wire(total)	((total) % (WRAPS * RX))
#define unsent(m)	(c[m].tx_written - c[m].tx_sent)
#define room(m)		(RX - (c[m].tx_sent - c[m].tx_cons))
#define free(m)		(TX - (c[m].tx_written - c[m].tx_done))
#define is_writable(m)	(free(m) >= PIECE)

#define unannounced(m)	(c[m].rx_cons - c[m].rx_announced)
#define used(m)		(c[m].rx_prod - c[m].rx_announced)
#define wants_update(m)	(unannounced(m) && \
			 (c[m].rx_blocked && used(m) == unannounced(m) || \
			  unannounced(m) > LIMIT && \
			  (c[m].rx_blocked || RX - used(m) <= RX / 2)))
#ifdef BREAK_UPDATE
#define update_is_due(m) false
#else
#define update_is_due(m) (unannounced(m) && \
			  (c[m].rx_is_due || \
			   c[m].rx_blocked && wants_update(m)))
#endif

/* -- logic/close.c -------------------------------------------------------- */

#define active_state(m)	((c[m].rcvd & C) -> AFCW : \
			 ((c[m].rcvd & D) -> PCW2 : PCW1))
#define final_state(m)	((c[m].rcvd & C) -> CLOSED : \
			 ((own & A) -> PAW : \
			  (c[m].is_passive -> PFCW : active_state(m))))
#define live_state(m)	((own & FINAL) -> final_state(m) : \
			 ((own & D) -> \
			  (c[m].is_passive -> ACW2 : active_state(m)) : \
			  (c[m].rcvd -> ACW1 : ACTIVE)))
#define state_of(m)	((c[m].rcvd & A) -> \
			 ((own & FINAL) -> CLOSED : PABORT) : live_state(m))

/* the figure of Documentation/states.md */
#define may_follow(old, new) \
	(old == new || old == ACTIVE || \
	 new == CLOSED && old != ACTIVE || \
	 new == PAW && old != PABORT || \
	 new == PABORT && old != PFCW && old != PAW || \
	 old == PCW1 && (new == PCW2 || new == AFCW) || \
	 old == PCW2 && new == AFCW || \
	 old == ACW1 && (new == ACW2 || new == PFCW) || \
	 old == ACW2 && new == PFCW || \
	 old == PCW1 && (new == ACW2 || new == PFCW))

inline see_state(m)
{
	own = c[m].want | c[m].sent;
	next = state_of(m);
	assert(c[m].state == next || c[m].state != CLOSED);
	assert(may_follow(c[m].state, next));
	c[m].state = next;
	own = 0; next = 0
}

inline close_local(m, what)
{
	if
	:: what == D -> c[m].want = c[m].want | D
	:: what == C && !(c[m].want & FINAL) -> c[m].want = c[m].want | C
	:: what == A && !(c[m].sent & FINAL) -> c[m].want = (c[m].want & D) | A
	:: else
	fi;
	see_state(m)
}

inline close_remote(m)
{
	fresh = flags & ~c[m].rcvd;
	if
#ifndef BREAK_PASSIVE
	:: fresh && !c[m].rcvd && !c[m].sent -> c[m].is_passive = true
#endif
	:: else
	fi;
	c[m].rcvd = c[m].rcvd | fresh;
	see_state(m)
}

inline close_due(m)
{
	due = c[m].sent;
	if
#ifdef BREAK_ABORT
	:: c[m].want & A -> due = c[m].sent | c[m].want
#else
	:: c[m].want & A -> due = c[m].sent | A
#endif
#ifdef BREAK_DRAIN
	:: !(c[m].want & A) -> due = c[m].sent | c[m].want
#else
	:: !(c[m].want & A) && n == unsent(m) -> due = c[m].sent | c[m].want
	:: !(c[m].want & A) && n != unsent(m) &&
	   (c[m].rcvd & FINAL) && (c[m].want & FINAL) -> due = c[m].sent | A
	:: else
#endif
	fi
}

/* -- sending -------------------------------------------------------------- */

#ifdef BREAK_COMPLETION
#define wants_done(m)	false
#else
#define wants_done(m)	(n && (!c[m].is_answered || \
			       c[m].tx_unasked + n > PIECE || free(m) < PIECE))
#endif

/* holds_back_locked(): small, and a completion will push it, or the timer */
#define is_small	(n && n < MIN(PIECE, ENOUGH))

inline push(m)
{
	if
	:: how == NOBODY || c[m].is_detached || (c[m].sent & FINAL)
	:: else ->
	   n = MIN(unsent(m), room(m));
	   if
	   :: is_small && how != NOW && c[m].tx_pending -> n = 0
	   :: is_small && how == MORE && !c[m].tx_pending ->
	      c[m].has_timer = true;
	      n = 0
	   :: else
	   fi;
	   close_due(m);
	   if
	   :: due & A -> n = 0
	   :: else
	   fi;
	   has_news = (due != c[m].sent) || update_is_due(m);
	   if
	   :: !n && !has_news
	   :: (n || has_news) && full(wire[1 - m]) ->
	      c[m].waits_for_room = true
	   :: (n || has_news) && nfull(wire[1 - m]) -> post(m)
	   fi;
	   n = 0; due = 0; has_news = 0
	fi;
	how = 0
}

inline post(m)
{
	if
	:: n -> c[m].tx_blocked = unsent(m) >= room(m)
	:: else
	fi;
	report = (wants_done(m) -> c[m].tx_sent + n : NONE);
	wire[1 - m]!1 - has_news, to_wire(c[m].tx_sent + n), to_wire(c[m].rx_cons),
		c[m].tx_blocked, due, c[m].tx_off,
		c[m].tx_sent % RX, n, report;
	c[m].tx_sent = c[m].tx_sent + n;
	c[m].tx_off = (c[m].tx_off + n) % TX;
	c[m].sent = due;
	if
	:: has_news ->
	   c[m].rx_announced = c[m].rx_cons;
	   c[m].rx_is_due = false
	:: else
	fi;
	if
	:: n ->
	   c[m].is_answered = false;
	   c[m].tx_unasked = (report == NONE -> c[m].tx_unasked + n : 0);
	   c[m].tx_pending = c[m].tx_pending + (report == NONE -> 0 : 1)
	:: else
	fi;
#ifdef BREAK_EARLY_DONE
	c[m].tx_done = c[m].tx_sent;
#endif
	report = 0
}

inline unlock(m)
{
	if
#ifdef BREAK_FINISH
	:: c[m].is_closed && (c[m].sent & FINAL) -> c[m].is_detached = true
#else
	:: c[m].is_closed && (c[m].sent & FINAL) && (c[m].rcvd & FINAL) ->
	   c[m].is_detached = true
#endif
	:: else
	fi
}

inline fail_socket(m)
{
	/* nobody gave a reason for a reset */
	assert(MAY_RESET);
	if
	:: !c[m].is_closed ->
	   c[m].err = true;
	   c[m].no_read = true;
	   c[m].no_write = true
	:: else
	fi
}

/* -- events --------------------------------------------------------------- */

/* bytes from the old to the new cursor, 0 if the new one is old */
#define ahead(old, new)	((new + WRAPS * RX - to_wire(old)) % (WRAPS * RX))
#define delta(old, new)	(ahead(old, new) < WRAPS * RX / 2 -> \
			 ahead(old, new) : 0)

inline apply_close(m)
{
	close_remote(m);
	if
	:: fresh -> is_state = true
	:: else
	fi;
	if
	:: !fresh || c[m].is_closed
	:: fresh && !c[m].is_closed &&
	   (fresh & C) && c[m].tx_written != c[m].tx_cons ->
	   close_local(m, A);
	   fail_socket(m)
	:: fresh && !c[m].is_closed && (fresh & A) -> fail_socket(m)
	:: else -> c[m].no_read = true
	fi;
	fresh = 0
}

inline on_message(m)
{
	n = delta(c[m].rx_prod, prod);
	is_readable = n > 0;
	c[m].rx_prod = c[m].rx_prod + n;
	assert(c[m].rx_prod <= c[m].rx_announced + RX);
	n = delta(c[m].tx_cons, cons);
	is_room = n > 0;
	c[m].tx_cons = c[m].tx_cons + n;
	assert(c[m].tx_cons <= c[m].tx_sent);
	c[m].tx_done = MAX(c[m].tx_done, c[m].tx_cons);
	c[m].rx_blocked = blocked;
	apply_close(m)
}

inline on_plain(m)
{
	is_readable = true;
	c[m].rx_prod = c[m].rx_prod + n;
	assert(c[m].rx_prod <= c[m].rx_announced + RX);
	c[m].rx_blocked = blocked
}

/* the data leaves the send ring only now */
inline deliver(m)
{
	wire[m]?plain, prod, cons, blocked, flags, src, dst, n, report;
	assert(!n || !c[m].is_detached);
	fresh = n;
	do
	:: fresh ->
	   fresh--;
	   c[m].rx[(dst + fresh) % RX] = c[1 - m].tx[(src + fresh) % TX]
	:: else -> break
	od;
	if
	:: report != NONE -> done[1 - m]!report
	:: else
	fi;
	src = 0; dst = 0; report = 0
}

inline on_rx(m)
{
	deliver(m);
	if
	:: c[m].is_detached
	:: else ->
	   c[m].is_answered = true;
	   if
	   :: plain -> on_plain(m)
	   :: else -> on_message(m)
	   fi;
	   n = 0;
	   if
	   :: is_readable && c[m].is_closed -> close_local(m, A)
	   :: else
	   fi
	fi;
	how = AUTO;
	plain = false; prod = 0; cons = 0; blocked = false; flags = 0; n = 0
}

inline on_tx_done(m)
{
	done[m]?n;
	is_room = true;
	c[m].tx_pending--;
	c[m].tx_done = MAX(c[m].tx_done, n);
#ifdef BREAK_GATHER
	how = NOBODY;
#else
	how = AUTO;
#endif
	n = 0
}

inline on_tx_room(m)
{
	c[m].waits_for_room = false;
#ifdef BREAK_ROOM
	how = NOBODY
#else
	is_room = true;
	how = AUTO
#endif
}

inline wake(m)
{
	c[m].woken = c[m].waits
}

/* after the lock was dropped */
inline tell(m)
{
	if
	:: !c[m].is_closed && (is_readable || is_state) -> wake(m)
	:: else
	fi;
	if
	:: !c[m].is_closed && is_room && c[m].nospace && is_writable(m) ->
	   c[m].nospace = false;
	   wake(m)
	:: else
	fi;
	is_readable = false; is_state = false; is_room = false
}

proctype events(byte m)
{
	byte how, n, due, report, prod, cons, flags, src, dst, fresh, own;
	bool has_news, plain, blocked, is_readable, is_state, is_room;
	mtype next;

	do
	:: atomic {
		if
		:: nempty(wire[m]) && nfull(done[1 - m]) -> on_rx(m)
		:: nempty(done[m]) -> on_tx_done(m)
		:: c[m].waits_for_room && nfull(wire[1 - m]) -> on_tx_room(m)
		:: c[m].has_timer ->
		   c[m].has_timer = false;
		   how = NOW
		fi;
		push(m);
		unlock(m) };
	   atomic { tell(m) }
	od
}

/* -- applications --------------------------------------------------------- */

#define total(m)	(m -> BYTES_1 : BYTES_0)
#define has_unread(m)	(c[m].rx_cons < c[m].rx_prod)
#define is_fin(m)	(c[m].rcvd & (D | C))
#define is_drained(m)	((c[m].rcvd & FINAL) || unsent(m) == 0)
#define may_write(m)	(!c[m].err && !c[m].no_write)
#define has_read_all(m)	(!has_unread(m) && (is_fin(m) || c[m].no_read))
#if defined(DUPLEX) && !defined(MAY_STOP)
#define may_end(m)	(m == 0 || has_read_all(m))
#else
#define may_end(m)	true
#endif
#define is_done(m)	(c[m].tx_written == total(m))

inline copy_in(m)
{
	n = MIN(free(m), total(m) - c[m].tx_written);
	if
	:: n > 1 -> n = 1
	:: true
	fi;
	do
	:: n ->
	   c[m].tx[c[m].tx_written % TX] = c[m].tx_written;
	   c[m].tx_written++;
	   n--
	:: else -> break
	od;
	if
	:: how = AUTO
#ifdef MAY_HOLD
	:: how = MORE
#endif
	fi
}

inline consume(m)
{
	n = c[m].rx_prod - c[m].rx_cons;
	if
	:: n > 1 -> n = 1
	:: true
	fi;
	do
	:: n ->
	   assert(c[m].rx[c[m].rx_cons % RX] == c[m].rx_cons);
	   c[m].rx_cons++;
	   n--
	:: else -> break
	od;
	if
	:: wants_update(m) -> c[m].rx_is_due = true
	:: else
	fi;
	how = AUTO
}

inline close(m)
{
	c[m].is_closed = true;
	if
	:: has_unread(m) -> close_local(m, A)
#ifdef MAY_STOP
	/* linger time 0 */
	:: close_local(m, A)
#endif
	:: !has_unread(m) -> close_local(m, C)
	fi
}

/* what the application is at; a writer and a closer ask to be woken, look, sleep */
mtype = { WRITES, ASKS, LOOKS, SLEEPS, READS, PEEKS, DOZES, ENDS,
	  LINGERS, SEES, LIES, CLOSES, GONE };

/* calls that take the lock, and push at the end */
inline call(m)
{
	if
	:: at == WRITES && !is_done(m) && may_write(m) && (c[m].rcvd & FINAL) ->
	   /* nobody will read that */
	   close_local(m, A);
	   fail_socket(m);
	   how = NOW
	:: at == WRITES && !is_done(m) && may_write(m) &&
	   !(c[m].rcvd & FINAL) && free(m) -> copy_in(m)
	:: at == WRITES && !is_done(m) && may_write(m) &&
	   !(c[m].rcvd & FINAL) && !free(m) ->
	   c[m].waits = true;
#ifdef BREAK_ASK
	   at = LOOKS;
#else
	   at = ASKS;
#endif
	   how = NOW
	:: at == READS && has_unread(m) -> consume(m)
#ifdef MAY_STOP
	:: at == ENDS ->
#else
	:: at == ENDS && m == 0 ->
#endif
	   c[m].no_write = true;
	   close_local(m, D);
	   at = (m -> CLOSES : READS);
	   how = NOW
#if defined(MAY_STOP) || BYTES_1 == 0
	:: at == ENDS ->
#else
	:: at == ENDS && m == 1 ->
#endif
	   c[m].waits = true;
	   at = LINGERS;
	   how = NOW
	:: at == CLOSES ->
	   close(m);
	   at = GONE;
	   c[m].is_over = true;
	   how = NOW
	fi;
	push(m);
	unlock(m)
}

proctype application(byte m)
{
	byte how, n, due, report, own;
	bool has_news;
	mtype next;
	mtype at = (m -> READS : WRITES);

	do
	:: atomic { call(m) }
#ifdef MAY_STOP
	:: atomic { at == WRITES || at == READS -> at = ENDS }
	/* host 1 does not wait for room for ever */
	:: atomic { at == SLEEPS && m == 1 ->
		c[m].waits = false;
		c[m].woken = false;
		at = ENDS }
	/* nor does anybody linger for ever */
	:: atomic { at == LIES ->
		c[m].waits = false;
		c[m].woken = false;
		at = CLOSES }
#endif
#if defined(MAY_STOP) || BYTES_1 == 0
	:: atomic { at == ENDS -> at = CLOSES }
#else
	:: atomic { at == ENDS && m == 1 -> at = CLOSES }
#endif
	:: atomic { at == WRITES && (is_done(m) || !may_write(m)) &&
		    may_end(m) -> at = ENDS }
#ifdef DUPLEX
	/* host 1 need not wait for the end to write */
	:: atomic { at == READS && m == 1 && !is_done(m) -> at = WRITES }
	:: atomic { at == WRITES && m == 1 && is_done(m) &&
		    !has_read_all(m) -> at = READS }
#endif
	:: atomic { at == ASKS ->
		c[m].nospace = true;
#ifdef BREAK_ASK
		at = SLEEPS }
#else
		at = LOOKS }
#endif
	:: atomic { at == LOOKS ->
		if
		:: is_writable(m) || !may_write(m) ->
		   c[m].waits = false;
		   c[m].woken = false;
		   at = WRITES
#ifdef BREAK_ASK
		:: else -> at = ASKS
#else
		:: else -> at = SLEEPS
#endif
		fi }
	:: atomic { at == SLEEPS && c[m].woken ->
		c[m].woken = false;
#ifdef BREAK_ASK
		at = LOOKS }
#else
		at = ASKS }
#endif
	:: atomic { at == READS && !has_unread(m) && is_fin(m) ->
		assert(c[m].rx_cons == c[1 - m].tx_written);
		at = (m -> WRITES : CLOSES) }
	:: atomic { at == READS && !has_unread(m) && !is_fin(m) ->
		if
		:: c[m].err || c[m].no_read -> at = (m -> WRITES : CLOSES)
		:: else ->
		   c[m].waits = true;
		   at = PEEKS
		fi }
	:: atomic { at == PEEKS ->
		if
		:: has_unread(m) || c[m].err || c[m].no_read ->
		   c[m].waits = false;
		   c[m].woken = false;
		   at = READS
		:: else -> at = DOZES
		fi }
	:: atomic { at == DOZES && c[m].woken ->
		c[m].waits = false;
		c[m].woken = false;
		at = READS }
	:: atomic { at == LINGERS ->
		c[m].nospace = true;
		at = SEES }
	:: atomic { at == SEES ->
		if
		:: is_drained(m) ->
		   c[m].waits = false;
		   c[m].woken = false;
		   at = CLOSES
		:: else -> at = LIES
		fi }
	:: atomic { at == LIES && c[m].woken ->
		c[m].woken = false;
		at = LINGERS }
	od
}

#define has_ended(m)	(c[m].is_over && c[m].is_detached && \
			 c[m].state == CLOSED)

init {
	atomic {
		c[0].state = ACTIVE;
		c[1].state = ACTIVE;
		c[0].is_answered = true;
		c[1].is_answered = true;
		run events(0);
		run events(1);
		run application(0);
		run application(1)
	};
	timeout ->
	assert(has_ended(0) && has_ended(1))
}
