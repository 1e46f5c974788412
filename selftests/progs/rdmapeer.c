// SPDX-License-Identifier: GPL-2.0
/*
 * rdmapeer - a peer that speaks SMC-R itself, by a script
 *
 * It does the handshake over plain TCP, as clcpeer does, and then speaks LLC
 * and CDC over a queue pair of its own, right or wrong, as the script says. The
 * other side's sockets are those of obey; what they have to see is printed, to
 * be compared with what obey prints.
 *
 * The handshake. Each command is the client's or the server's half of it:
 *	propose		make the next connection of the group, PROPOSAL
 *	accept		ACCEPT
 *	confirm		CONFIRM; the queue pair is ready then
 *	patch AT HEX	replace bytes of the next of these messages
 *	smc		it is over, and the connection uses SMC
 *	declined CODE [SECONDS]	the other side falls back to TCP
 *	lost [SECONDS]	the other side ends the TCP connection
 *
 * Messages over the queue pair:
 *	load NAME	a request, see rdma_message.h; "cdc": what is so
 *	answer		the response to what was expected last
 *	set AT HEX; byte, half, word AT NUMBER	replace what is there
 *	cut LEN; pad LEN	change the length
 *	send [COUNT]	send it
 *	expect NAME [SECONDS], expect_answer NAME [SECONDS]	the next one is that
 *	has AT HEX	the one expected last has these bytes
 *	alive		TEST LINK is answered
 *	quiet MS	nothing comes
 *	wait MS		whatever comes
 *	forget		whatever came
 *	mute		do not answer TEST LINK
 *	deaf		post no more receives
 *
 * Data of the connection made last, or chosen by "use NUMBER":
 *	order LETTER PARAMETER	tell obey what to do
 *	put LEN		write, and tell by CDC
 *	plain LEN	write, and tell by the immediate value
 *	write AT LEN [KEY]	write anywhere; KEY is added to the remote key
 *	imm VALUE LEN	write at the start of the ring, with an immediate value
 *	move NUMBER	have the producer cursor go there, without data
 *	get LEN [COUNT]	wait for data, check it, free its room
 *	echo LEN COUNT [MS]	put and get, with pauses
 *	full		wait until our ring is full
 *	news		tell our cursors and flags by CDC
 *	state FLAGS	the same with connection state flags
 *	flags FLAGS	wait for connection state flags
 *
 * The end:
 *	sees RESULT [WHO]	what the other side's socket is told
 *	dead [SECONDS]	the other side ends the link group
 *	vanish		go without a word
 * Without the last two, the group is ended in order, and has to end.
 *
 * NUMBER is a number, or one of ring (size of the other side's), mine (of
 * ours), prod, cons, token, slot, with +NUMBER or -NUMBER behind it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdc.h"
#include "clc.h"
#include "clc_message.h"
#include "clc_script.h"
#include "endpoint.h"
#include "imm.h"
#include "llc.h"
#include "obey.h"
#include "rdma_link.h"
#include "rdma_message.h"
#include "rdma_script.h"

#define DEFAULT_EID	"SMC-R-DEFAULT-EID"
#define DEFAULT_DEVICE	"rxe0"
#define DEFAULT_JOBS	8
/* seconds for what should come at once, on a busy host */
#define PATIENCE	5
#define MAX_CONNS	2
#define MAX_PATCHES	4
#define MAX_QUEUED	32
/* our rings, size code 0 */
#define OUR_RING	16384
#define ACCEPT_PATIENCE_MS	60000

struct run {
	struct rdma_script script;
	struct endpoint ep;
	struct rdma_device dev;
	const char *dev_name;
	int lfd;
	struct address addr;
	uint8_t eid[SMCR_EID_LEN];
	long jobs;
	uint64_t seed;
	pthread_mutex_t lock;
	int next;
	int failed;
	long smc;
	long declined;
	long lost;
	long long slowest_us;
};

/**
 * struct conn - a connection
 * @fd: its TCP connection
 * @token: by which the other side calls it
 * @peer: what the other side said of itself
 * @has_smc: the handshake is over
 * @prod: bytes that we wrote, and told
 * @cons: bytes that we read, and told
 * @peer_prod: the other side's word
 * @peer_cons: the other side's word
 * @seq: of the last CDC we sent, and those of the other side
 * @state: our connection state flags, and those of the other side
 * @put: made-up bytes that went out, without the order
 * @got: made-up bytes that came
 */
struct conn {
	int fd;
	uint32_t token;
	struct smcr_clc_rdma peer;
	bool has_smc;
	uint64_t prod;
	uint64_t cons;
	uint64_t peer_prod;
	uint64_t peer_cons;
	uint16_t seq;
	uint16_t peer_seq;
	uint8_t state;
	uint8_t peer_state;
	uint64_t put;
	uint64_t got;
};

/**
 * struct play - a case that runs
 * @number: by which obey knows it
 * @msg: what is to be sent, @len bytes
 * @last: what was expected last
 * @queue: LLC messages that came, @n_queued of them; more are counted only
 * @arrivals: whatever came
 * @is_dead: the group has ended
 * @failed: the command that went wrong, the number of commands for none
 * @why: what went wrong
 */
struct play {
	struct run *run;
	const struct rdma_case *c;
	int number;
	struct clc_facts facts;
	struct rdma_link link;
	struct conn conns[MAX_CONNS];
	int n_conns;
	struct conn *conn;
	struct {
		size_t at;
		uint8_t bytes[64];
		size_t len;
	} patch[MAX_PATCHES];
	int n_patches;
	uint8_t msg[RDMA_SEND_MAX];
	size_t len;
	struct rdma_arrival last;
	struct rdma_arrival queue[MAX_QUEUED];
	int n_queued;
	long arrivals;
	bool is_mute;
	bool is_dead;
	bool has_vanished;
	long declined;
	long lost;
	int failed;
	char why[200];
};

__attribute__((format(printf, 2, 3)))
static bool fail(struct play *p, const char *fmt, ...)
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

static bool is_server(const struct play *p)
{
	return p->run->lfd >= 0;
}

static uint32_t ring_size(const struct conn *conn)
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
		{ "ring", ring_size(conn) },
		{ "mine", OUR_RING },
		{ "prod", conn->prod % ring_size(conn) },
		{ "cons", conn->cons % OUR_RING },
		{ "token", conn->peer.token },
		{ "slot", conn->peer.token & 0xff },
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

static long long number(const struct play *p, const struct rdma_command *cmd, int which,
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

static size_t hex(const struct rdma_command *cmd, int which, uint8_t *buf, size_t cap)
{
	int len = clc_parse_hex(cmd->word[which], buf, cap);

	if (len < 1)
		die("line %d: no bytes: %s", cmd->line, cmd->word[which]);
	return len;
}

/* --- what comes over the queue pair --- */

static bool send_bytes(struct play *p, const uint8_t *bytes, size_t len)
{
	if (!p->link.qp || p->is_dead)
		return fail(p, "there is no link");
	/* what is under way may still be read */
	rdma_link_flush(&p->link, PATIENCE * 1000);
	memcpy(p->link.out, bytes, len);
	return rdma_link_send(&p->link, len) || fail(p, "cannot send");
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
static bool take_cursor(struct play *p, const char *what, const struct smcr_cdc_cursor *wire,
			uint32_t size, uint64_t limit, uint64_t *total)
{
	int16_t wraps = (int16_t)(wire->wrap - (uint16_t)(*total / size));
	int64_t next = ((int64_t)(*total / size) + wraps) * size + wire->count;

	if (wire->count >= size || next < (int64_t)*total || next > (int64_t)limit)
		return fail(p, "wrong %s cursor: %u/%u behind %llu, limit %llu", what, wire->wrap,
			    wire->count, (unsigned long long)*total, (unsigned long long)limit);
	*total = next;
	return true;
}

static bool take_cdc(struct play *p, const struct rdma_arrival *in)
{
	struct smcr_cdc msg;
	struct conn *conn;

	if (in->len != SMCR_CDC_LEN || smcr_cdc_decode(in->data, in->len, &msg))
		return fail(p, "a wrong CDC message");
	conn = find_conn(p, msg.token, ~0u);
	if (!conn)
		return fail(p, "CDC for token 0x%x", msg.token);
	if (msg.seq != (uint16_t)(conn->peer_seq + 1))
		return fail(p, "CDC %u behind %u", msg.seq, conn->peer_seq);
	conn->peer_seq = msg.seq;
	if ((conn->peer_state & ~msg.state_flags) & ~SMCR_CDC_CLOSED)
		return fail(p, "state flags 0x%02x behind 0x%02x", msg.state_flags,
			    conn->peer_state);
	conn->peer_state |= msg.state_flags;
	return take_cursor(p, "producer", &msg.prod, OUR_RING, conn->cons + OUR_RING,
			   &conn->peer_prod) &&
	       take_cursor(p, "consumer", &msg.cons, ring_size(conn), conn->prod,
			   &conn->peer_cons);
}

static bool take_imm(struct play *p, const struct rdma_arrival *in)
{
	struct conn *conn = find_conn(p, smcr_imm_slot(in->imm), 0xff);

	if (!conn)
		return fail(p, "immediate value 0x%08x for nobody", in->imm);
	conn->peer_seq++;
	conn->peer_prod += smcr_imm_len(in->imm);
	if (conn->peer_prod > conn->cons + OUR_RING)
		return fail(p, "immediate value 0x%08x beyond our ring", in->imm);
	return true;
}

static bool is_response(const struct rdma_arrival *in)
{
	return in->data[3] & 0x80;
}

static bool is_delete_all(const struct rdma_arrival *in)
{
	return (in->data[0] & 0x0f) == SMCR_LLC_DELETE_LINK && !is_response(in) &&
	       (in->data[3] & 0x40);
}

static bool take_llc(struct play *p, struct rdma_arrival *in)
{
	struct smcr_llc msg;

	if (in->len > RDMA_RECV_LEN || smcr_llc_decode(in->data, in->len, &msg))
		return fail(p, "a wrong LLC message, type 0x%02x", in->data[0]);
	if (msg.version != 2)
		return fail(p, "an LLC message of version 1");
	if (msg.type == SMCR_LLC_TEST_LINK && !msg.is_response && !p->is_mute) {
		in->data[3] |= 0x80;
		return send_bytes(p, in->data, in->len);
	}
	if (p->n_queued < MAX_QUEUED)
		p->queue[p->n_queued++] = *in;
	return true;
}

/* take all that has come; false if some of it is wrong */
static bool pump(struct play *p)
{
	struct rdma_arrival in;
	bool is_good = true;

	while (is_good && p->link.qp && rdma_link_poll(&p->link, &in)) {
		p->arrivals++;
		if (in.has_imm)
			is_good = take_imm(p, &in);
		else if (in.len && in.data[0] == SMCR_CDC_TYPE)
			is_good = take_cdc(p, &in);
		else
			is_good = take_llc(p, &in);
	}
	return is_good;
}

static void step(void)
{
	usleep(300);
}

static long long from_now(double seconds)
{
	return now_us() + (long long)(seconds * 1e6);
}

/* the next LLC message */
static bool take_next(struct play *p, long seconds)
{
	const long long end_us = from_now(seconds);

	while (!p->n_queued) {
		if (!pump(p))
			return false;
		if (p->n_queued)
			break;
		if (p->link.error)
			return fail(p, "the link is lost: %s",
				    ibv_wc_status_str(p->link.error));
		if (now_us() > end_us)
			return fail(p, "no message for %ld s", seconds);
		step();
	}
	p->last = p->queue[0];
	memmove(p->queue, p->queue + 1, --p->n_queued * sizeof(p->queue[0]));
	return true;
}

static bool expect_type(struct play *p, const char *name, bool wants_response, long seconds)
{
	const char *kind = wants_response ? "answer" : "request";

	if (!take_next(p, seconds))
		return false;
	if ((p->last.data[0] & 0x0f) != rdma_message_type(name) ||
	    is_response(&p->last) != wants_response)
		return fail(p, "%s %s expected, 0x%02x with flags 0x%02x came", kind, name,
			    p->last.data[0], p->last.data[3]);
	return true;
}

/* --- handshake --- */

static bool receive(struct play *p, uint8_t *buf, size_t len, long long end_us)
{
	while (len) {
		struct pollfd pfd = { .fd = p->conn->fd, .events = POLLIN };
		ssize_t n;

		/* the other side may want something over the link first */
		if (!pump(p))
			return false;
		if (now_us() > end_us)
			return fail(p, "nothing over TCP");
		if (poll(&pfd, 1, 2) <= 0)
			continue;
		n = recv(p->conn->fd, buf, len, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return fail(p, "the TCP connection ended");
		buf += n;
		len -= n;
	}
	return true;
}

static bool receive_clc(struct play *p, int type, uint8_t *raw, struct smcr_clc_hdr *hdr,
			long seconds)
{
	const long long end_us = from_now(seconds);

	if (!receive(p, raw, SMCR_CLC_HDR_LEN, end_us))
		return false;
	if (smcr_clc_decode_hdr(raw, SMCR_CLC_HDR_LEN, hdr) || hdr->len > SMCR_CLC_MAX_LEN)
		return fail(p, "nonsense over TCP");
	if (!receive(p, raw + SMCR_CLC_HDR_LEN, hdr->len - SMCR_CLC_HDR_LEN, end_us))
		return false;
	if (hdr->type == type)
		return true;
	if (hdr->type == SMCR_CLC_DECLINE)
		return fail(p, "DECLINE 0x%08x came", smcr_load_be32(raw + 16));
	return fail(p, "CLC message %d expected, %d came", type, hdr->type);
}

static bool send_clc(struct play *p, uint8_t *raw, int len)
{
	int i;

	if (len < 0)
		return fail(p, "the message cannot be made");
	for (i = 0; i < p->n_patches; i++) {
		if (p->patch[i].at + p->patch[i].len > (size_t)len)
			return fail(p, "patch behind the end");
		memcpy(raw + p->patch[i].at, p->patch[i].bytes, p->patch[i].len);
	}
	p->n_patches = 0;
	return send(p->conn->fd, raw, len, MSG_NOSIGNAL) == len || fail(p, "cannot send over TCP");
}

static bool open_tcp(struct play *p)
{
	struct pollfd pfd = { .fd = p->run->lfd, .events = POLLIN };
	int one = 1;

	if (!is_server(p))
		p->conn->fd = endpoint_connect(&p->run->ep, &p->run->addr);
	else if (poll(&pfd, 1, ACCEPT_PATIENCE_MS) > 0)
		p->conn->fd = accept4(p->run->lfd, NULL, NULL, SOCK_CLOEXEC);
	if (p->conn->fd < 0)
		return fail(p, "no connection: %s", strerror(errno));
	setsockopt(p->conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

static bool propose(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_proposal msg;
	struct smcr_clc_hdr hdr;

	(void)cmd;
	if (p->n_conns == MAX_CONNS)
		return fail(p, "too many connections");
	p->conn = &p->conns[p->n_conns++];
	p->conn->fd = -1;
	p->conn->token = 0x5200 + p->n_conns;
	if (!open_tcp(p))
		return false;
	if (!is_server(p))
		return send_clc(p, raw, clc_message_build("proposal", &p->facts, raw, sizeof(raw)));
	if (!receive_clc(p, SMCR_CLC_PROPOSAL, raw, &hdr, PATIENCE))
		return false;
	if (smcr_clc_decode_proposal(raw, hdr.len, &msg) || !msg.eid_count)
		return fail(p, "a wrong PROPOSAL");
	memcpy(p->facts.eid, msg.eid[0], SMCR_EID_LEN);
	return true;
}

/* in an ACCEPT or CONFIRM: wire.md 2.4 */
static void describe(const struct play *p, uint8_t *raw)
{
	const struct rdma_link *link = &p->link;

	memcpy(raw + 16, link->dev->gid, SMCR_GID_LEN);
	memcpy(raw + 32, link->dev->mac, SMCR_MAC_LEN);
	smcr_store_be24(raw + 38, link->qp->qp_num);
	smcr_store_be32(raw + 41, link->ring_mr->rkey);
	raw[45] = (uint8_t)(p->conn - p->conns + 1);
	smcr_store_be32(raw + 46, p->conn->token);
	raw[50] = (uint8_t)link->dev->mtu;
	smcr_store_be64(raw + 52, (uintptr_t)link->ring);
	smcr_store_be24(raw + 61, link->psn);
}

static bool is_first(const struct play *p)
{
	return p->n_conns == 1;
}

static bool send_own(struct play *p, const char *first, const char *later)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	int len = clc_message_build(is_first(p) ? first : later, &p->facts, raw, sizeof(raw));

	if (len > 0)
		describe(p, raw);
	return send_clc(p, raw, len);
}

static bool take_theirs(struct play *p, int type)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_hdr hdr;

	if (!receive_clc(p, type, raw, &hdr, PATIENCE))
		return false;
	if (smcr_clc_decode_accept(raw, hdr.len, &p->facts.accept))
		return fail(p, "a wrong ACCEPT or CONFIRM");
	if (p->facts.accept.is_first_contact != is_first(p))
		return fail(p, "first contact: %d", p->facts.accept.is_first_contact);
	p->conn->peer = p->facts.accept.r;
	return true;
}

static bool connect_link(struct play *p)
{
	const struct smcr_clc_rdma *r = &p->conn->peer;

	return !is_first(p) ||
	       rdma_link_connect(&p->link, r->qpn, r->psn, r->mtu_code, r->gid) ||
	       fail(p, "the queue pair cannot be connected");
}

static bool accept_smc(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	if (is_first(p))
		rdma_link_create(&p->link, &p->run->dev, MAX_CONNS * OUR_RING);
	if (is_server(p))
		return send_own(p, "accept", "accept_later");
	return take_theirs(p, SMCR_CLC_ACCEPT);
}

static bool confirm_smc(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	if (is_server(p))
		return take_theirs(p, SMCR_CLC_CONFIRM) && connect_link(p);
	return connect_link(p) && send_own(p, "confirm", "confirm_later");
}

static bool add_patch(struct play *p, const struct rdma_command *cmd)
{
	if (p->n_patches == MAX_PATCHES)
		return fail(p, "too many patches");
	p->patch[p->n_patches].at = number(p, cmd, 1, 0);
	p->patch[p->n_patches].len = hex(cmd, 2, p->patch[p->n_patches].bytes,
					 sizeof(p->patch[0].bytes));
	p->n_patches++;
	return true;
}

static bool be_declined(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_hdr hdr;
	uint32_t code;

	if (!receive_clc(p, SMCR_CLC_DECLINE, raw, &hdr, number(p, cmd, 2, 0) + PATIENCE))
		return false;
	code = smcr_load_be32(raw + 16);
	if (code != number(p, cmd, 1, 0))
		return fail(p, "DECLINE 0x%08x came", code);
	p->declined++;
	close(p->conn->fd);
	p->conn->fd = -1;
	return true;
}

static bool be_lost(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = from_now(number(p, cmd, 1, 0) + PATIENCE);
	struct pollfd pfd = { .fd = p->conn->fd, .events = POLLIN };
	uint8_t byte;

	while (poll(&pfd, 1, 2) <= 0) {
		if (!pump(p))
			return false;
		if (now_us() > end_us)
			return fail(p, "the TCP connection did not end");
	}
	if (recv(p->conn->fd, &byte, 1, MSG_DONTWAIT) > 0)
		return fail(p, "a byte over TCP");
	p->lost++;
	return true;
}

/* --- messages --- */

static bool load_cdc(struct play *p)
{
	struct conn *conn = p->conn;
	struct smcr_cdc msg = {
		.seq = ++conn->seq,
		.token = conn->peer.token,
		.state_flags = conn->state,
	};

	msg.prod.wrap = (uint16_t)(conn->prod / ring_size(conn));
	msg.prod.count = (uint32_t)(conn->prod % ring_size(conn));
	msg.cons.wrap = (uint16_t)(conn->cons / OUR_RING);
	msg.cons.count = (uint32_t)(conn->cons % OUR_RING);
	smcr_cdc_encode(&msg, p->msg);
	p->len = SMCR_CDC_LEN;
	return true;
}

static bool load(struct play *p, const struct rdma_command *cmd)
{
	int len;

	if (!p->link.qp)
		return fail(p, "there is no link");
	if (strcmp(cmd->word[1], "cdc") == 0)
		return load_cdc(p);
	len = rdma_message_build(cmd->word[1], &p->link, p->msg, sizeof(p->msg));
	if (len < 0)
		return fail(p, "%s cannot be made", cmd->word[1]);
	p->len = len;
	return true;
}

static bool answer(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	memcpy(p->msg, p->last.data, p->last.len);
	p->len = p->last.len;
	p->msg[3] |= 0x80;
	if (rdma_message_type("confirm_link") != (p->msg[0] & 0x0f))
		return true;
	/* the one response that says something of its own */
	rdma_message_build("confirm_link", &p->link, p->msg, sizeof(p->msg));
	p->msg[3] |= 0x80;
	p->msg[29] = p->last.data[29];
	return true;
}

static bool replace(struct play *p, size_t at, const uint8_t *bytes, size_t len)
{
	if (at + len > p->len)
		return fail(p, "behind the end of the message");
	memcpy(p->msg + at, bytes, len);
	return true;
}

static bool set(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[256];
	size_t len = hex(cmd, 2, bytes, sizeof(bytes));

	return replace(p, number(p, cmd, 1, 0), bytes, len);
}

static bool set_byte(struct play *p, const struct rdma_command *cmd)
{
	uint8_t byte = (uint8_t)number(p, cmd, 2, 0);

	return replace(p, number(p, cmd, 1, 0), &byte, 1);
}

static bool set_half(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[2];

	smcr_store_be16(bytes, (uint16_t)number(p, cmd, 2, 0));
	return replace(p, number(p, cmd, 1, 0), bytes, sizeof(bytes));
}

static bool set_word(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[4];

	smcr_store_be32(bytes, (uint32_t)number(p, cmd, 2, 0));
	return replace(p, number(p, cmd, 1, 0), bytes, sizeof(bytes));
}

static bool cut(struct play *p, const struct rdma_command *cmd)
{
	p->len = number(p, cmd, 1, 0);
	return true;
}

static bool pad(struct play *p, const struct rdma_command *cmd)
{
	size_t len = number(p, cmd, 1, 0);

	if (len > sizeof(p->msg))
		return fail(p, "too long");
	if (len > p->len)
		memset(p->msg + p->len, 0, len - p->len);
	p->len = len;
	return true;
}

static bool send_msg(struct play *p, const struct rdma_command *cmd)
{
	long long left = number(p, cmd, 1, 1);

	if (!send_bytes(p, p->msg, p->len))
		return false;
	while (--left > 0) {
		if (!pump(p))
			return false;
		/* the buffer is the same, or "answer" has changed it */
		if (memcmp(p->link.out, p->msg, p->len) && !send_bytes(p, p->msg, p->len))
			return false;
		if (!rdma_link_send(&p->link, p->len))
			return fail(p, "cannot send, %lld left", left);
	}
	/* whether it was refused is what the next commands are about */
	rdma_link_flush(&p->link, PATIENCE * 1000);
	return true;
}

static bool expect(struct play *p, const struct rdma_command *cmd)
{
	bool wants_response = strcmp(cmd->word[0], "expect_answer") == 0;

	return expect_type(p, cmd->word[1], wants_response, number(p, cmd, 2, PATIENCE));
}

static bool has(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[64];
	size_t len = hex(cmd, 2, bytes, sizeof(bytes));
	size_t at = number(p, cmd, 1, 0);

	if (at + len > p->last.len || memcmp(p->last.data + at, bytes, len))
		return fail(p, "%s expected at %zu, 0x%02x came", cmd->word[2], at,
			    p->last.data[at]);
	return true;
}

static bool alive(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_LLC_MAX_LEN];
	int len = rdma_message_build("test_link", &p->link, raw, sizeof(raw));

	(void)cmd;
	if (!send_bytes(p, raw, len) || !expect_type(p, "test_link", true, PATIENCE))
		return false;
	raw[3] |= 0x80;
	return memcmp(raw, p->last.data, len) == 0 || fail(p, "a wrong answer to TEST LINK");
}

static bool quiet(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = now_us() + number(p, cmd, 1, 0) * 1000;
	long before = p->arrivals;

	while (now_us() < end_us) {
		if (!pump(p))
			return false;
		step();
	}
	return p->arrivals == before || fail(p, "%ld messages came", p->arrivals - before);
}

static bool mute(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->is_mute = true;
	return true;
}

static bool deaf(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->link.is_deaf = true;
	return true;
}

static bool forget(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	if (!pump(p))
		return false;
	p->n_queued = 0;
	return true;
}

static bool pause_ms(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = now_us() + number(p, cmd, 1, 0) * 1000;

	while (now_us() < end_us) {
		if (!pump(p))
			return false;
		step();
	}
	return true;
}

/* --- data --- */

static bool send_news(struct play *p)
{
	return load_cdc(p) && send_bytes(p, p->msg, p->len);
}

static uint64_t room(const struct conn *conn)
{
	return ring_size(conn) - (conn->prod - conn->peer_cons);
}

static bool write_bytes(struct play *p, uint64_t at, uint32_t key, size_t len, const uint32_t *imm)
{
	const struct smcr_clc_rdma *r = &p->conn->peer;
	uint64_t addr = r->vaddr + (uint64_t)(r->rmbe_idx - 1) * ring_size(p->conn) + at;

	if (!p->link.qp || p->is_dead)
		return fail(p, "there is no link");
	return rdma_link_write(&p->link, addr, r->rkey + key, len, imm) ||
	       fail(p, "cannot write");
}

static bool fill_out(struct play *p, const uint8_t *bytes, size_t len)
{
	size_t i;

	rdma_link_flush(&p->link, PATIENCE * 1000);
	for (i = 0; i < len; i++)
		p->link.out[i] = bytes ? bytes[i] : obey_byte(p->conn->put++);
	return true;
}

/* write what the ring has room for, up to its end; 0 if something is wrong */
static size_t write_some(struct play *p, const uint8_t *bytes, size_t len, bool is_plain)
{
	const long long end_us = from_now(PATIENCE);
	struct conn *conn = p->conn;
	uint32_t imm;

	while (!room(conn)) {
		if (!pump(p))
			return 0;
		if (now_us() > end_us) {
			fail(p, "no room for %zu bytes", len);
			return 0;
		}
		step();
	}
	if (len > room(conn))
		len = room(conn);
	if (len > ring_size(conn) - conn->prod % ring_size(conn))
		len = ring_size(conn) - conn->prod % ring_size(conn);
	if (len > RDMA_SEND_MAX)
		len = RDMA_SEND_MAX;
	fill_out(p, bytes, len);
	imm = smcr_imm_make(conn->peer.token, false, (uint32_t)len);
	if (!write_bytes(p, conn->prod % ring_size(conn), 0, len, is_plain ? &imm : NULL))
		return 0;
	conn->prod += len;
	if (is_plain)
		conn->seq++;
	return is_plain || send_news(p) ? len : 0;
}

static bool write_all(struct play *p, const uint8_t *bytes, size_t len, bool is_plain)
{
	while (len) {
		size_t n = write_some(p, bytes, len, is_plain);

		if (!n)
			return false;
		if (bytes)
			bytes += n;
		len -= n;
	}
	return true;
}

static bool put(struct play *p, const struct rdma_command *cmd)
{
	return write_all(p, NULL, number(p, cmd, 1, 0), strcmp(cmd->word[0], "plain") == 0);
}

static bool order(struct play *p, const struct rdma_command *cmd)
{
	const uint8_t head[OBEY_HEAD] = {
		(uint8_t)cmd->word[1][0], (uint8_t)number(p, cmd, 2, 0),
		(uint8_t)(p->number >> 8), (uint8_t)p->number,
	};

	return write_all(p, head, sizeof(head), false);
}

static bool write_anywhere(struct play *p, const struct rdma_command *cmd)
{
	size_t len = number(p, cmd, 2, 0);
	uint64_t kept = p->conn->put;

	fill_out(p, NULL, len);
	p->conn->put = kept;
	if (!write_bytes(p, number(p, cmd, 1, 0), (uint32_t)number(p, cmd, 3, 0), len, NULL))
		return false;
	/* whether it was refused is what the next commands are about */
	rdma_link_flush(&p->link, PATIENCE * 1000);
	return true;
}

static bool write_imm(struct play *p, const struct rdma_command *cmd)
{
	uint32_t imm = (uint32_t)number(p, cmd, 1, 0);

	if (!write_bytes(p, 0, 0, number(p, cmd, 2, 0), &imm))
		return false;
	rdma_link_flush(&p->link, PATIENCE * 1000);
	return true;
}

static bool move_cursor(struct play *p, const struct rdma_command *cmd)
{
	p->conn->prod += number(p, cmd, 1, 0);
	return true;
}

static bool take_data(struct play *p, size_t len)
{
	const long long end_us = from_now(PATIENCE);
	struct conn *conn = p->conn;
	const uint8_t *ring = p->link.ring + (conn - p->conns) * OUR_RING;

	while (conn->peer_prod - conn->cons < len) {
		if (!pump(p))
			return false;
		if (p->link.error)
			return fail(p, "the link is lost: %s",
				    ibv_wc_status_str(p->link.error));
		if (now_us() > end_us)
			return fail(p, "%llu of %zu bytes came",
				    (unsigned long long)(conn->peer_prod - conn->cons), len);
		step();
	}
	for (; len; len--, conn->cons++, conn->got++)
		if (ring[conn->cons % OUR_RING] != obey_byte(conn->got))
			return fail(p, "byte %llu is wrong", (unsigned long long)conn->got);
	return send_news(p);
}

static bool get(struct play *p, const struct rdma_command *cmd)
{
	long long left = number(p, cmd, 2, 1);

	while (left--)
		if (!take_data(p, number(p, cmd, 1, 0)))
			return false;
	return true;
}

static void note_slowest(struct run *run, long long us)
{
	pthread_mutex_lock(&run->lock);
	if (us > run->slowest_us)
		run->slowest_us = us;
	pthread_mutex_unlock(&run->lock);
}

static bool echo(struct play *p, const struct rdma_command *cmd)
{
	long long left = number(p, cmd, 2, 1);
	size_t len = number(p, cmd, 1, 0);

	while (left--) {
		long long begin_us = now_us();

		if (!write_all(p, NULL, len, false) || !take_data(p, len))
			return false;
		note_slowest(p->run, now_us() - begin_us);
		sleep_ms((int)number(p, cmd, 3, 0));
	}
	return true;
}

static bool be_full(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = from_now(PATIENCE);

	(void)cmd;
	while (p->conn->peer_prod - p->conn->cons < OUR_RING) {
		if (!pump(p))
			return false;
		if (now_us() > end_us)
			return fail(p, "our ring is not full");
		step();
	}
	return true;
}

static bool news(struct play *p, const struct rdma_command *cmd)
{
	p->conn->state |= (uint8_t)number(p, cmd, 1, 0);
	return send_news(p);
}

static bool flags(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = from_now(number(p, cmd, 2, PATIENCE));
	uint8_t wanted = (uint8_t)number(p, cmd, 1, 0);

	while (p->conn->peer_state != wanted) {
		if (!pump(p))
			return false;
		if (now_us() > end_us)
			return fail(p, "state flags are 0x%02x", p->conn->peer_state);
		step();
	}
	return true;
}

static bool use(struct play *p, const struct rdma_command *cmd)
{
	long long which = number(p, cmd, 1, 0);

	if (which < 0 || which >= p->n_conns)
		return fail(p, "no such connection");
	p->conn = &p->conns[which];
	return true;
}

/* --- the end --- */

static bool is_over(struct play *p)
{
	int i;

	if (p->link.error)
		return true;
	for (i = 0; i < p->n_queued; i++)
		if (is_delete_all(&p->queue[i]))
			return true;
	return false;
}

static bool wait_for_end(struct play *p, long seconds)
{
	const long long end_us = from_now(seconds);

	while (!is_over(p)) {
		if (!pump(p))
			return false;
		if (now_us() > end_us)
			return fail(p, "the link group does not end");
		step();
	}
	p->is_dead = true;
	return true;
}

static bool dead(struct play *p, const struct rdma_command *cmd)
{
	return wait_for_end(p, number(p, cmd, 1, 0) + PATIENCE);
}

static bool vanish(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->has_vanished = true;
	return true;
}

static bool sees(struct play *p, const struct rdma_command *cmd)
{
	pthread_mutex_lock(&p->run->lock);
	if (cmd->n > 2)
		printf("sees %s %s\n", cmd->word[2], cmd->word[1]);
	else
		printf("sees %d %s\n", p->number, cmd->word[1]);
	pthread_mutex_unlock(&p->run->lock);
	return true;
}

static bool count_smc(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->conn->has_smc = true;
	return true;
}

static bool say_goodbye(struct play *p)
{
	uint8_t raw[SMCR_LLC_MAX_LEN];
	int len;

	if (!p->link.qp || p->is_dead || p->has_vanished || p->link.error)
		return true;
	len = rdma_message_build("delete_all", &p->link, raw, sizeof(raw));
	p->n_queued = 0;
	return send_bytes(p, raw, len) && wait_for_end(p, PATIENCE);
}

static const struct {
	const char *name;
	int min;
	int max;
	bool (*perform)(struct play *p, const struct rdma_command *cmd);
} table[] = {
	{ "propose", 0, 0, propose },
	{ "accept", 0, 0, accept_smc },
	{ "confirm", 0, 0, confirm_smc },
	{ "patch", 2, 2, add_patch },
	{ "declined", 1, 2, be_declined },
	{ "lost", 0, 1, be_lost },
	{ "smc", 0, 0, count_smc },
	{ "load", 1, 1, load },
	{ "answer", 0, 0, answer },
	{ "set", 2, 2, set },
	{ "byte", 2, 2, set_byte },
	{ "half", 2, 2, set_half },
	{ "word", 2, 2, set_word },
	{ "cut", 1, 1, cut },
	{ "pad", 1, 1, pad },
	{ "send", 0, 1, send_msg },
	{ "expect", 1, 2, expect },
	{ "expect_answer", 1, 2, expect },
	{ "has", 2, 2, has },
	{ "alive", 0, 0, alive },
	{ "quiet", 1, 1, quiet },
	{ "mute", 0, 0, mute },
	{ "deaf", 0, 0, deaf },
	{ "forget", 0, 0, forget },
	{ "wait", 1, 1, pause_ms },
	{ "order", 1, 2, order },
	{ "put", 1, 1, put },
	{ "plain", 1, 1, put },
	{ "write", 2, 3, write_anywhere },
	{ "imm", 2, 2, write_imm },
	{ "move", 1, 1, move_cursor },
	{ "get", 1, 2, get },
	{ "echo", 2, 3, echo },
	{ "full", 0, 0, be_full },
	{ "news", 0, 0, news },
	{ "state", 1, 1, news },
	{ "flags", 1, 2, flags },
	{ "use", 1, 1, use },
	{ "sees", 1, 2, sees },
	{ "dead", 0, 1, dead },
	{ "vanish", 0, 0, vanish },
};

static size_t find_command(const struct rdma_command *cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].name, cmd->word[0]))
			continue;
		if (cmd->n - 1 < table[i].min || cmd->n - 1 > table[i].max)
			die("line %d: arguments of %s", cmd->line, cmd->word[0]);
		return i;
	}
	die("line %d: unknown: %s", cmd->line, cmd->word[0]);
}

/* --- runs --- */

static bool perform_all(struct play *p)
{
	int i;

	for (i = 0; i < p->c->n; i++) {
		const struct rdma_command *cmd = &p->c->commands[i];

		if (table[find_command(cmd)].perform(p, cmd))
			continue;
		p->failed = i;
		return false;
	}
	return true;
}

static void run_case(struct run *run, int at)
{
	struct play *p = calloc(1, sizeof(*p));
	bool is_good;
	int i;

	if (!p)
		die("no memory");
	p->run = run;
	p->c = &run->script.cases[at];
	p->number = at + 1;
	p->conn = &p->conns[0];
	p->facts.id = run->seed + at;
	memcpy(p->facts.gid, run->dev.gid, SMCR_GID_LEN);
	memcpy(p->facts.eid, run->eid, SMCR_EID_LEN);
	p->failed = p->c->n;
	is_good = perform_all(p);
	is_good = say_goodbye(p) && is_good;
	rdma_link_destroy(&p->link);
	pthread_mutex_lock(&run->lock);
	for (i = 0; i < p->n_conns; i++) {
		if (p->conns[i].fd >= 0)
			close(p->conns[i].fd);
		run->smc += p->conns[i].has_smc;
	}
	run->declined += p->declined;
	run->lost += p->lost;
	run->failed += !is_good;
	if (!is_good)
		printf("case %d, %s: command %d, %s: %s\n", p->number, p->c->title,
		       p->failed + 1,
		       p->failed < p->c->n ? p->c->commands[p->failed].word[0] : "its end", p->why);
	fflush(stdout);
	pthread_mutex_unlock(&run->lock);
	free(p);
}

static void *worker(void *arg)
{
	struct run *run = arg;

	for (;;) {
		int at;

		pthread_mutex_lock(&run->lock);
		at = run->next++;
		pthread_mutex_unlock(&run->lock);
		if (at >= run->script.n)
			return NULL;
		run_case(run, at);
	}
}

static int run_all(struct run *run)
{
	pthread_t *threads;
	long i;

	/* those whom a server does not answer in time have done nothing wrong */
	if (run->lfd >= 0 || run->jobs > run->script.n)
		run->jobs = run->script.n;
	threads = calloc(run->jobs, sizeof(*threads));
	if (!threads)
		die("no memory");
	for (i = 0; i < run->jobs; i++)
		if (pthread_create(&threads[i], NULL, worker, run))
			die("no thread");
	for (i = 0; i < run->jobs; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	printf("cases=%d failed=%d\n", run->script.n, run->failed);
	printf("smc=%ld declined=%ld lost=%ld\n", run->smc, run->declined, run->lost);
	if (run->slowest_us)
		printf("slowest_ms=%lld\n", run->slowest_us / 1000);
	return run->failed != 0;
}

/* Return: the connections that it makes. */
static int check_script(const struct rdma_script *script)
{
	int conns = 0;
	int i, j;

	for (i = 0; i < script->n; i++) {
		const struct rdma_case *c = &script->cases[i];

		for (j = 0; j < c->n; j++)
			conns += table[find_command(&c->commands[j])].perform == propose;
	}
	return conns;
}

static int play(struct run *run, const char *host, int port)
{
	run->lfd = -1;
	/* above zero, and not that of the run before */
	run->seed = ((uint64_t)now_us() << 16) + 1;
	pthread_mutex_init(&run->lock, NULL);
	rdma_device_open(&run->dev, run->dev_name);
	if (host) {
		endpoint_resolve(&run->ep, host, port, &run->addr);
		return run_all(run);
	}
	run->lfd = endpoint_listen(&run->ep, port, 512);
	if (run->lfd < 0)
		die("cannot listen on port %d", port);
	printf("ready on port %d\n", port);
	fflush(stdout);
	return run_all(run);
}

static void set_eid(struct run *run, const char *eid)
{
	if (strlen(eid) > SMCR_EID_LEN)
		die("too long: %s", eid);
	memset(run->eid, ' ', SMCR_EID_LEN);
	memcpy(run->eid, eid, strlen(eid));
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: rdmapeer client [-e EID] [-d DEVICE] [-j COUNT] SCRIPT HOST PORT\n"
		"       rdmapeer server [-e EID] [-d DEVICE] SCRIPT PORT\n"
		"       rdmapeer check SCRIPT\n"
		"\n"
		"  -e  user EID; default %s\n"
		"  -d  RDMA device; default %s\n"
		"  -j  cases at a time; default %d, as server all\n"
		"\n"
		"Cases that do not go by the script are told.  Exit status: 0 if all did.\n"
		"The language of scripts is explained in rdmapeer.c and rdma_script.h.\n",
		DEFAULT_EID, DEFAULT_DEVICE, DEFAULT_JOBS);
	exit(status);
}

static void parse_options(struct run *run, int argc, char **argv)
{
	int opt;

	optind = 2;
	while ((opt = getopt(argc, argv, "e:d:j:h")) != -1) {
		switch (opt) {
		case 'e':
			set_eid(run, optarg);
			break;
		case 'd':
			run->dev_name = optarg;
			break;
		case 'j':
			run->jobs = (long)parse_count(optarg);
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (run->jobs < 1)
		usage(2);
}

int main(int argc, char **argv)
{
	struct run run = { .jobs = DEFAULT_JOBS, .dev_name = DEFAULT_DEVICE };
	char **args;
	int conns;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	set_eid(&run, DEFAULT_EID);
	parse_options(&run, argc, argv);
	argc -= optind;
	args = argv + optind;
	if (argc < 1)
		usage(2);
	rdma_script_read(args[0], &run.script);
	conns = check_script(&run.script);
	if (strcmp(argv[1], "check") == 0 && argc == 1) {
		printf("cases=%d connections=%d\n", run.script.n, conns);
		return 0;
	}
	if (strcmp(argv[1], "client") == 0 && argc == 3)
		return play(&run, args[1], parse_port(args[2]));
	if (strcmp(argv[1], "server") == 0 && argc == 2)
		return play(&run, NULL, parse_port(args[1]));
	usage(2);
}
