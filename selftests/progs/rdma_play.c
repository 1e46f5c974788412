// SPDX-License-Identifier: GPL-2.0
/* See rdma_play.h: what all commands need. */
#define _GNU_SOURCE
#include "rdma_play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdc.h"
#include "clc_script.h"
#include "imm.h"
#include "llc.h"
#include "rdma_message.h"

/**
 * play_fail() - note what went wrong
 * @p: the case
 * @fmt: as printf; the first reason counts
 *
 * Return: false.
 */
__attribute__((format(printf, 2, 3)))
bool play_fail(struct play *p, const char *fmt, ...)
{
	va_list ap;

	/* the first reason counts */
	if (*p->why)
		return false;
	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return false;
}

/**
 * play_is_server() - do we play the server?
 * @p: the case
 *
 * Return: true if we do.
 */
bool play_is_server(const struct play *p)
{
	return p->run->lfd >= 0;
}

/**
 * play_ring_size() - the other side's ring
 * @conn: its handshake is over
 *
 * Return: bytes.
 */
uint32_t play_ring_size(const struct conn *conn)
{
	return 16384u << conn->peer.size_code;
}

/* --- arguments --- */

/* a cursor's name is where it is in the ring */
static bool find_name(const struct play *p, const char *name, size_t len, long long *value)
{
	const struct conn *conn = p->conn;
	const struct {
		const char *name;
		long long value;
	} names[] = {
		{ "ring", play_ring_size(conn) },
		{ "mine", OUR_RING },
		{ "prod", conn->prod % play_ring_size(conn) },
		{ "cons", conn->cons % OUR_RING },
		{ "token", conn->peer.token },
		{ "imm", (long long)(conn->peer.token & 0xff) << 24 },
		{ "rkey", conn->places[p->link - p->links].rkey },
		{ "key", p->links[0].ring_mr ? p->links[0].ring_mr->rkey : 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i].name) != len || strncmp(name, names[i].name, len))
			continue;
		*value = names[i].value;
		return true;
	}
	return false;
}

/**
 * play_number() - an argument, or exit
 * @p: the case
 * @cmd: the command
 * @which: word of it
 * @fallback: if it is missing
 *
 * Return: its value.
 */
long long play_number(const struct play *p, const struct rdma_command *cmd, int which,
		      long long fallback)
{
	const char *text;
	long long value = 0, offset = 0;
	size_t len;
	char *end;

	if (which >= cmd->n)
		return fallback;
	text = cmd->word[which];
	len = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	if (len && !find_name(p, text, len, &value))
		die("line %d: unknown: %s", cmd->line, text);
	text += len;
	if (*text || !len)
		offset = strtoll(text, &end, 0);
	else
		end = (char *)text;
	if (*end)
		die("line %d: no number: %s", cmd->line, cmd->word[which]);
	return value + offset;
}

/**
 * play_hex() - an argument of bytes, or exit
 * @cmd: the command
 * @which: word of it
 * @buf: result
 * @cap: size of @buf
 *
 * Return: how many.
 */
size_t play_hex(const struct rdma_command *cmd, int which, uint8_t *buf, size_t cap)
{
	int len = clc_parse_hex(cmd->word[which], buf, cap);

	if (len < 1)
		die("line %d: no bytes: %s", cmd->line, cmd->word[which]);
	return len;
}

/* --- what comes over the queue pair --- */

static bool send_by(struct play *p, struct rdma_link *link, const uint8_t *bytes, size_t len)
{
	if (!link->qp || p->is_dead)
		return play_fail(p, "there is no link");
	/* what is under way may still be read */
	rdma_link_flush(link, PATIENCE * 1000);
	memcpy(link->out, bytes, len);
	return rdma_link_send(link, len) || play_fail(p, "cannot send");
}

/**
 * play_send() - send a message
 * @p: the case
 * @bytes: the message, copied
 * @len: its length
 *
 * Return: false if there is no link any more.
 */
bool play_send(struct play *p, const uint8_t *bytes, size_t len)
{
	return send_by(p, p->link, bytes, len);
}

static struct conn *find_conn(struct play *p, uint32_t token, uint32_t mask)
{
	int i;

	for (i = 0; i < p->n_conns; i++)
		if (((p->conns[i].token ^ token) & mask) == 0)
			return &p->conns[i];
	return NULL;
}

/* a cursor of theirs can only have come closer than a ring's size */
static bool take_cursor(struct play *p, const struct conn *conn, const char *what,
			const struct smcr_cdc_cursor *wire, uint32_t size, uint64_t limit,
			uint64_t *total)
{
	int16_t wraps = (int16_t)(wire->wrap - (uint16_t)(*total / size));
	int64_t next = ((int64_t)(*total / size) + wraps) * size + wire->count;

	/* who moved says some of it again */
	if (conn->has_moved && wire->count < size && next < (int64_t)*total)
		return true;
	if (wire->count >= size || next < (int64_t)*total || next > (int64_t)limit)
		return play_fail(p, "wrong %s cursor: %u/%u behind %llu, limit %llu", what,
				 wire->wrap, wire->count, (unsigned long long)*total,
				 (unsigned long long)limit);
	*total = next;
	return true;
}

/* reserved, or of no meaning in some messages */
static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len && !*bytes) {
		bytes++;
		len--;
	}
	return !len;
}

/* wire.md 8.7: number and flag, by another link, and no cursors nor states */
static bool take_failover(struct play *p, const struct rdma_link *link, struct conn *conn,
			  const struct smcr_cdc *msg, const uint8_t *raw)
{
	if (raw[24] != SMCR_CDC_FAILOVER || !is_zero(raw + 8, 16) || !is_zero(raw + 25, 19))
		return play_fail(p, "more than a number in a failover message");
	if (link == conn->via)
		return play_fail(p, "a failover message by the same link");
	conn->via = link;
	if ((int16_t)(conn->peer_seq - msg->seq) < 0)
		return play_fail(p, "CDC %u is the last, %u would be lost", conn->peer_seq,
				 msg->seq);
	conn->has_moved = true;
	conn->is_moving = true;
	return true;
}

/* those behind the last complete one may be lost with the link */
static bool is_next(struct conn *conn, uint16_t seq)
{
	int16_t step = (int16_t)(seq - conn->peer_seq);

	return step == 1 || (conn->is_moving && step > 1);
}

static bool take_prod_flags(struct play *p, struct conn *conn, uint8_t flags)
{
	if ((flags & SMCR_CDC_URG_PRESENT) && !(flags & SMCR_CDC_URG_PENDING))
		return play_fail(p, "producer flags 0x%02x", flags);
	if (flags & SMCR_CDC_URG_PRESENT)
		conn->peer_urgent = conn->peer_prod;
	conn->peer_flags = flags;
	return true;
}

static bool take_cdc(struct play *p, const struct rdma_link *link, const struct rdma_arrival *in)
{
	struct smcr_cdc msg;
	struct conn *conn;

	if (in->len != SMCR_CDC_LEN || smcr_cdc_decode(in->data, in->len, &msg))
		return play_fail(p, "a wrong CDC message");
	conn = find_conn(p, msg.token, ~0u);
	if (!conn)
		return play_fail(p, "CDC for token 0x%x", msg.token);
	if (msg.prod_flags & SMCR_CDC_FAILOVER)
		return take_failover(p, link, conn, &msg, in->data);
	if (!is_zero(in->data + 8, 2) || !is_zero(in->data + 16, 2) || !is_zero(in->data + 26, 18))
		return play_fail(p, "CDC %u with something in reserved fields", msg.seq);
	if (!is_next(conn, msg.seq))
		return play_fail(p, "CDC %u behind %u", msg.seq, conn->peer_seq);
	conn->peer_seq = msg.seq;
	conn->is_moving = false;
	conn->via = link;
	if ((conn->peer_state & ~msg.state_flags) & ~SMCR_CDC_CLOSED)
		return play_fail(p, "state flags 0x%02x behind 0x%02x", msg.state_flags,
				 conn->peer_state);
	conn->peer_state |= msg.state_flags;
	return take_cursor(p, conn, "producer", &msg.prod, OUR_RING, conn->cons + OUR_RING,
			   &conn->peer_prod) &&
	       take_cursor(p, conn, "consumer", &msg.cons, play_ring_size(conn), conn->prod,
			   &conn->peer_cons) &&
	       take_prod_flags(p, conn, msg.prod_flags);
}

static bool take_imm(struct play *p, const struct rdma_arrival *in)
{
	struct conn *conn = find_conn(p, smcr_imm_slot(in->imm), 0xff);

	if (!conn)
		return play_fail(p, "immediate value 0x%08x for nobody", in->imm);
	conn->peer_seq++;
	conn->peer_prod += smcr_imm_len(in->imm);
	if (conn->peer_prod > conn->cons + OUR_RING)
		return play_fail(p, "immediate value 0x%08x beyond our ring", in->imm);
	return true;
}

static bool is_response(const struct rdma_arrival *in)
{
	return in->data[3] & 0x80;
}

/**
 * play_is_delete_all() - does this end the group?
 * @in: an LLC message
 *
 * Return: true if it is a DELETE LINK request for all links.
 */
bool play_is_delete_all(const struct rdma_arrival *in)
{
	return (in->data[0] & 0x0f) == SMCR_LLC_DELETE_LINK && !is_response(in) &&
	       (in->data[3] & 0x40);
}

static bool take_llc(struct play *p, struct rdma_link *link, struct rdma_arrival *in)
{
	struct smcr_llc msg;

	if (in->len > RDMA_RECV_LEN || smcr_llc_decode(in->data, in->len, &msg))
		return play_fail(p, "a wrong LLC message, type 0x%02x", in->data[0]);
	if (msg.type == SMCR_LLC_TEST_LINK && !msg.is_response && !p->is_mute) {
		in->data[3] |= 0x80;
		return send_by(p, link, in->data, in->len);
	}
	p->newest = *in;
	if (p->n_queued < MAX_QUEUED)
		p->queue[p->n_queued++] = *in;
	return true;
}

static bool take_all(struct play *p, struct rdma_link *link)
{
	struct rdma_arrival in;
	bool is_good = true;

	while (is_good && link->qp && rdma_link_poll(link, &in)) {
		p->arrivals++;
		if (in.has_imm)
			is_good = take_imm(p, &in);
		else if (in.len && in.data[0] == SMCR_CDC_TYPE)
			is_good = take_cdc(p, link, &in);
		else
			is_good = take_llc(p, link, &in);
	}
	return is_good;
}

/**
 * play_pump() - take all that has come
 * @p: the case
 *
 * Cursors and flags are noted, LLC messages kept, TEST LINK is answered.
 *
 * Return: false if something was wrong.
 */
bool play_pump(struct play *p)
{
	int i;

	for (i = 0; i < MAX_LINKS; i++)
		if (!take_all(p, &p->links[i]))
			return false;
	return true;
}

/**
 * play_step() - let some time pass
 */
void play_step(void)
{
	usleep(300);
}

/**
 * play_deadline() - when a wait ends
 * @seconds: from now on
 *
 * Return: as now_us().
 */
long long play_deadline(double seconds)
{
	return now_us() + (long long)(seconds * 1e6);
}

/**
 * play_next() - wait for an LLC message
 * @p: the case; the message is in p->last then
 * @seconds: at most
 *
 * Return: false if none came.
 */
bool play_next(struct play *p, long seconds)
{
	const long long end_us = play_deadline(seconds);

	while (!p->n_queued) {
		if (!play_pump(p))
			return false;
		if (p->n_queued)
			break;
		if (p->link->error)
			return play_fail(p, "the link is lost: %s",
					 ibv_wc_status_str(p->link->error));
		if (now_us() > end_us)
			return play_fail(p, "no message for %ld s", seconds);
		play_step();
	}
	p->last = p->queue[0];
	memmove(p->queue, p->queue + 1, --p->n_queued * sizeof(p->queue[0]));
	return true;
}

/**
 * play_expect() - wait for a certain LLC message
 * @p: the case; the message is in p->last then
 * @name: of rdma_message.h
 * @wants_response: a response, not a request
 * @seconds: at most
 *
 * Return: false if nothing or another one came.
 */
bool play_expect(struct play *p, const char *name, bool wants_response, long seconds)
{
	const char *kind = wants_response ? "answer" : "request";

	if (!play_next(p, seconds))
		return false;
	if ((p->last.data[0] & 0x0f) != rdma_message_type(name) ||
	    is_response(&p->last) != wants_response)
		return play_fail(p, "%s %s expected, 0x%02x with flags 0x%02x came", kind, name,
				 p->last.data[0], p->last.data[3]);
	return true;
}
