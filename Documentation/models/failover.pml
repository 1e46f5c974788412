/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection moves to another link. Host A sends a stream to host B and
 * closes; B reads, says how far, and closes, too. CUTS links break, one after
 * the other, each at any moment, and one is left. Checked: each byte is read
 * once and in order, nobody aborts, both sides end.
 *
 * A byte is the number of its place in the stream, so a ring shows what it
 * holds. What stands for what:
 *
 *	send, post		push_one_locked(), post_tx_locked(),
 *				smcr_bundle_gather_locked(); a bundle has one entry
 *	take_ack		on_sent(), on_tx_done()
 *	arrive			the device of B: data is in memory, the message in
 *				the completion queue, an acknowledgment under way
 *	handle			on_recv(), rx_message_locked(), on_rx_plain(),
 *				smcr_bundle_rx(); rx_link: is_stale_locked()
 *	b			recv_loop(), consume()
 *	post_back		push_one_locked(), update_is_due_locked()
 *	handle_back		on_rx(), check_rx_locked() of A
 *	a_notice, b_notice	smcr_link_fail(), and what smcr_failover() begins
 *				with: smcr_link_close(), smcr_link_stop()
 *	a_move, b_move		on_way_lost(), smcr_tx_rewind_locked(),
 *				validate_locked() (wire.md 8.7)
 *	a_go, b_go		finish_locked()
 *
 * When a link breaks, what is under way on it may still arrive while the
 * receiver's queue pair lives, or only the data of it, or nothing; behind what
 * was lost, nothing arrives. With PROMPT it is lost at once. With ALONE each
 * side moves as soon as it notices, and aborts are no errors: of hosts that
 * do not wait for each other, one may miss what had been acknowledged. So does
 * smcr_failover(), except that it waits SETTLE_MS for what was acknowledged to
 * be handled. With SPLIT, B begins on another link than A.
 *
 * Left out: urgent data, several entries in a bundle, and LLC: a side knows at
 * once that the other one has closed a link.
 */

#ifndef CUTS
#define CUTS	1
#endif
#define LINKS	(CUTS + 1)
/* bytes of the stream, of B's ring, of A's send ring */
#ifndef BYTES
#define BYTES	3
#endif
#ifndef RING
#define RING	2
#endif
#define TX_RING	RING
#define DEPTH	3

mtype = { CDC, PLAIN, BUNDLE, FAILOVER };

/* kind, sequence number, first byte, byte behind the last, final flag */
chan wire[LINKS] = [DEPTH] of { mtype, byte, byte, byte, bool };
chan cq[LINKS] = [DEPTH] of { mtype, byte, byte, byte, bool };
/* consumer cursor, final flag */
chan back[LINKS] = [DEPTH] of { byte, bool };
chan back_cq[LINKS] = [DEPTH] of { byte, bool };

byte cuts;
bool is_cut[LINKS];
/* something was lost, so all that follows is */
bool is_lossy[LINKS], is_back_lossy[LINKS];
/* queue pairs that A and B have closed */
bool a_closed[LINKS], b_closed[LINKS];
bool is_aborted;

/* host A; "done" is what a completion or the peer's cursor covers */
byte a_link;
byte tx_seq, tx_sent, tx_cons, tx_done, done_seq;
bool a_fin, a_fin_done, a_got_fin, a_gone;
/* acknowledgments under way to A */
byte ack_seq, ack_pos;
bool ack_fin;

/* host B */
#ifdef SPLIT
byte b_link = 1;
#else
byte b_link;
#endif
byte rx_link, rx_seq, rx_prod, rx_cons, rx_announced;
byte ring[RING];
bool b_fin, b_fin_done, b_got_fin, b_gone, ack_b_fin;

#if defined(ALONE) || defined(BREAK_WAIT)
#define abort()		is_aborted = true
#define may_leave_a(l)	a_closed[l]
#define may_leave_b(l)	b_closed[l]
#else
#define abort()		assert(false)
/* the other side's DELETE LINK came: it has closed, and handled all before */
#define may_leave_a(l)	(a_closed[l] && b_closed[l] && empty(cq[l]))
#define may_leave_b(l)	(b_closed[l] && a_closed[l] && empty(back_cq[l]))
#endif

#ifdef BREAK_DETACH
#define a_may_go	(a_fin && a_got_fin)
#define b_may_go	(b_fin && b_got_fin)
#else
#define a_may_go	(a_fin_done && a_got_fin)
#define b_may_go	(b_fin_done && b_got_fin)
#endif

/* -- host A -------------------------------------------------------------- */

inline post(ln, what, first, end)
{
	tx_seq++;
	if
	:: is_lossy[ln]
	:: else -> wire[ln]!what, tx_seq, first, end, a_fin
	fi
}

/* room in B's ring, in ours, in the send queue */
#define can_send(n)	(!a_fin && !a_closed[a_link] && \
			 tx_sent + n <= BYTES && \
			 tx_sent + n - tx_cons <= RING && \
			 tx_sent + n - tx_done <= TX_RING && \
			 nfull(wire[a_link]))

inline send(n)
{
	if
	:: post(a_link, CDC, tx_sent, tx_sent + n)
#ifndef BREAK_ROLLBACK
	:: post(a_link, PLAIN, tx_sent, tx_sent + n)
	:: post(a_link, BUNDLE, tx_sent, tx_sent + n);
#ifdef BREAK_BUNDLE_DONE
	   if
	   :: tx_done == tx_sent -> tx_done = tx_sent + n
	   :: else
	   fi
#endif
#endif
	:: tx_sent + n == BYTES ->
	   a_fin = true;
	   post(a_link, CDC, tx_sent, tx_sent + n)
	fi;
	tx_sent = tx_sent + n
}

inline take_ack()
{
	done_seq = ack_seq;
	if
	:: ack_pos > tx_done -> tx_done = ack_pos
	:: else
	fi;
	a_fin_done = ack_fin
}

inline a_notice(l)
{
	a_closed[l] = true;
	if
	:: l == a_link ->
#ifdef BREAK_FLUSHED
	   done_seq = tx_seq;
	   tx_done = tx_sent;
#endif
	   /* what did not come by now does not come */
	   ack_seq = done_seq;
	   ack_pos = 0;
	   ack_fin = a_fin_done
	:: else
	fi
}

#define a_can_move(l)	(!a_gone && may_leave_a(a_link) && !a_closed[l])

inline a_move(l)
{
	a_link = l;
#ifdef BREAK_SEQ
	done_seq = tx_seq;
#endif
	if
	:: is_lossy[l]
	:: else -> wire[l]!FAILOVER, done_seq, 0, 0, false
	fi;
#if defined(BREAK_PLAIN)
	if
	:: tx_done < tx_sent && !a_fin -> post(l, PLAIN, tx_done, tx_sent)
	:: else -> post(l, CDC, tx_done, tx_sent)
	fi
#elif defined(BREAK_ROLLBACK)
	tx_sent = tx_done;
	a_fin = false
#elif defined(BREAK_REWRITE)
	post(l, CDC, tx_sent, tx_sent)
#else
	post(l, CDC, tx_done, tx_sent)
#endif
}

inline handle_back(l)
{
	back_cq[l]?cursor, fin;
	if
	:: a_gone
	:: else ->
	   if
	   :: cursor > tx_sent -> abort()
	   :: cursor <= tx_sent && cursor > tx_cons -> tx_cons = cursor
	   :: else
	   fi;
	   if
	   :: tx_cons > tx_done -> tx_done = tx_cons
	   :: else
	   fi;
	   a_got_fin = a_got_fin || fin
	fi;
	cursor = 0;
	fin = false
}

active proctype a()
{
	do
	:: atomic { !is_aborted && can_send(1) -> send(1) }
	/* the application closes later than it writes */
	:: atomic { !is_aborted && !a_fin && tx_sent == BYTES &&
		    !a_closed[a_link] && nfull(wire[a_link]) ->
		a_fin = true;
		post(a_link, CDC, tx_sent, tx_sent) }
	:: atomic { !is_aborted && !a_closed[a_link] &&
		    (ack_seq > done_seq || ack_fin != a_fin_done) ->
		take_ack() }
	:: atomic { !is_aborted && a_can_move(1) -> a_move(1) }
#if CUTS > 1
	:: atomic { !is_aborted && a_can_move(2) -> a_move(2) }
#endif
	:: atomic { !a_gone && a_may_go -> a_gone = true }
	od
}

/* -- host B -------------------------------------------------------------- */

inline post_back()
{
	rx_announced = rx_cons;
	if
	:: is_back_lossy[b_link]
	:: else -> back[b_link]!rx_cons, b_fin
	fi
}

/* n bytes of the stream, from first on, into the ring, from place at on */
inline put(at, first, n)
{
	i = 0;
	do
	:: i < n ->
	   ring[(at + i) % RING] = first + i;
	   i++
	:: else -> break
	od;
	i = 0
}

inline come_to(pos)
{
	if
	:: pos > rx_announced + RING -> abort()
	:: else -> rx_prod = pos
	fi
}

inline handle(l)
{
	cq[l]?kind, seq, from, to, fin;
#ifdef BREAK_OLD_LINK
	if
	:: kind == CDC -> is_ours = true
	:: else -> is_ours = (l == rx_link)
	fi;
#elif defined(BREAK_ANY_LINK)
	is_ours = true;
#else
	is_ours = (l == rx_link);
#endif
	if
	:: b_gone
	:: !b_gone && kind == CDC && is_ours && seq >= rx_seq ->
	   rx_seq = seq;
	   if
	   :: to > rx_prod -> come_to(to)
	   :: else
	   fi;
	   b_got_fin = b_got_fin || fin
	:: !b_gone && (kind == PLAIN || kind == BUNDLE) && is_ours ->
	   rx_seq++;
	   if
	   :: kind == BUNDLE -> put(rx_prod, from, to - from)
	   :: else
	   fi;
	   come_to(rx_prod + to - from)
	:: !b_gone && kind == FAILOVER ->
	   rx_link = l;
	   if
#ifdef BREAK_CHECK
	   :: false
#else
	   :: seq > rx_seq -> abort()
#endif
	   :: else
	   fi
	:: else
	fi;
	kind = 0; seq = 0; from = 0; to = 0;
	fin = false; is_ours = false
}

inline b_notice(l)
{
	b_closed[l] = true;
	if
	:: l == b_link -> ack_b_fin = b_fin_done
	:: else
	fi
}

#define b_can_move(l)	(!b_gone && may_leave_b(b_link) && !b_closed[l])

inline b_move(l)
{
	b_link = l;
#ifdef BREAK_RX_LINK
	rx_link = l;
#endif
#ifndef BREAK_UPDATE
	post_back()
#endif
}

#define b_can_post	(!b_closed[b_link] && nfull(back[b_link]))

active proctype b()
{
	do
	:: atomic { !is_aborted && rx_cons < rx_prod ->
		assert(ring[rx_cons % RING] == rx_cons);
		rx_cons++ }
	:: atomic { !is_aborted && rx_cons != rx_announced && b_can_post ->
		post_back() }
	:: atomic { !is_aborted && b_got_fin && !b_fin &&
		    rx_cons == rx_prod && b_can_post ->
		assert(rx_cons == BYTES);
		b_fin = true;
		post_back() }
	:: atomic { !b_closed[b_link] && ack_b_fin && !b_fin_done ->
		b_fin_done = true }
	:: atomic { !is_aborted && b_can_move(1) -> b_move(1) }
#if CUTS > 1
	:: atomic { !is_aborted && b_can_move(2) -> b_move(2) }
#endif
	:: atomic { !b_gone && b_may_go -> b_gone = true }
	od
}

/* -- a link and its two queue pairs --------------------------------------- */

inline arrive(l)
{
	wire[l]?kind, seq, from, to, fin;
	if
	:: kind == CDC || kind == PLAIN -> put(from, from, to - from)
	:: else
	fi;
	cq[l]!kind, seq, from, to, fin;
	if
	:: is_cut[l] || kind == FAILOVER
	:: else ->
	   ack_seq = seq;
	   ack_pos = to;
	   ack_fin = ack_fin || fin
	fi;
	kind = 0; seq = 0; from = 0; to = 0;
	fin = false
}

inline lose(l)
{
	is_lossy[l] = true;
	if
	:: wire[l]?[CDC, seq, from, to, fin] && !b_closed[l] ->
	   wire[l]?CDC, seq, from, to, fin;
	   put(from, from, to - from)
	:: wire[l]?[PLAIN, seq, from, to, fin] && !b_closed[l] ->
	   wire[l]?PLAIN, seq, from, to, fin;
	   put(from, from, to - from)
	:: true
	fi;
	do
	:: wire[l]?kind, seq, from, to, fin
	:: empty(wire[l]) -> break
	od;
	kind = 0; seq = 0; from = 0; to = 0;
	fin = false
}

inline lose_back(l)
{
	is_back_lossy[l] = true;
	do
	:: back[l]?cursor, fin
	:: empty(back[l]) -> break
	od;
	cursor = 0;
	fin = false
}

proctype link(byte l)
{
	mtype kind;
	byte seq, from, to, cursor, i;
	bool fin, is_ours;

	do
	:: atomic { nempty(wire[l]) && nfull(cq[l]) &&
		    !b_closed[l] -> arrive(l) }
	:: atomic { nempty(back[l]) && nfull(back_cq[l]) &&
		    !a_closed[l] ->
		back[l]?cursor, fin;
		back_cq[l]!cursor, fin;
		if
		:: fin && !is_cut[l] -> ack_b_fin = true
		:: else
		fi;
		cursor = 0;
		fin = false }
	:: atomic { !is_aborted && nempty(cq[l]) -> handle(l) }
	:: atomic { !is_aborted && nempty(back_cq[l]) -> handle_back(l) }
	:: atomic { cuts < CUTS && cuts == l ->
		cuts++;
		is_cut[l] = true;
#ifdef PROMPT
		lose(l);
		lose_back(l)
#endif
	   }
#ifndef PROMPT
	:: atomic { is_cut[l] && !is_lossy[l] -> lose(l) }
	:: atomic { is_cut[l] && !is_back_lossy[l] -> lose_back(l) }
#endif
	:: atomic { is_cut[l] && !a_closed[l] -> a_notice(l) }
	:: atomic { is_cut[l] && !b_closed[l] -> b_notice(l) }
	od
}

init {
	atomic {
		run link(0);
		run link(1);
#if CUTS > 1
		run link(2)
#endif
	};
	timeout ->
	assert(is_aborted || (a_gone && b_gone))
}
