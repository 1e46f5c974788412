// SPDX-License-Identifier: GPL-2.0
/*
 * clcpeer - a peer that does the handshake of SMC by a script
 *
 * The connections are plain TCP, so the other side finds whatever the script
 * says: messages that are wrong, cut, slow or missing. It says as well what
 * has to become of each connection; see clc_script.h. All connections of a
 * script are made at once, so that their time limits pass together.
 *
 * The SMC option has to be set by somebody else: kmod/smcr_syn.c.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clc.h"
#include "clc_message.h"
#include "clc_script.h"
#include "endpoint.h"

#define DEFAULT_EID	"SMC-R-DEFAULT-EID"
#define DEFAULT_JOBS	200
#define DEFAULT_SLACK	3
/* seconds that anything may be early */
#define EARLY		2.0
/* of application data, in each direction; that of conns */
#define DATA_LEN	64
/* the longest message, and data behind it */
#define BUF_LEN		(65535 + DATA_LEN)
/* how long a connection that fell back may stay open */
#define IDLE_LIMIT	90
#define MAX_SHOWN	20
#define MAX_OUTCOMES	64
#define STACK_SIZE	(256 * 1024)

/**
 * struct run - a run of a script
 * @script: what to do
 * @lfd: listener, -1 as client
 * @addr: peer, as client
 * @eid: user EID, blank padded
 * @slack: seconds that anything may be late
 * @jobs: connections at a time
 * @seed: of this run's peer IDs
 * @lock: guards the rest
 * @next: connection that is due
 * @failed: connections that did not go by the script
 * @outcomes: what became of the others, and how often
 */
struct run {
	struct clc_script script;
	struct endpoint ep;
	int lfd;
	struct address addr;
	uint8_t eid[SMCR_EID_LEN];
	int slack;
	long jobs;
	uint64_t seed;
	pthread_mutex_t lock;
	long next;
	long failed;
	struct {
		char text[32];
		long count;
	} outcomes[MAX_OUTCOMES];
};

/**
 * struct conn - a connection
 * @index: $i of its case
 * @buf: what is to be sent, @len bytes
 * @mark_us: when the last send began
 * @heard_us: when the last bytes had come before that
 * @has_sent_data: application data went behind a message
 * @offer_version: of our PROPOSAL or ACCEPT; 0 before
 * @offer: our PROPOSAL, if it was valid; zero otherwise
 * @sent: our ACCEPT, likewise
 * @last: the message that was expected and came last, @last_len bytes
 * @peer_id: of the other side, as its first message of another type has it
 * @code: of the DECLINE that came last
 * @why: what went wrong
 * @outcome: how it ended
 */
struct conn {
	struct run *run;
	const struct clc_case *c;
	long index;
	int fd;
	uint8_t *buf;
	size_t len;
	struct clc_facts facts;
	long long mark_us;
	long long heard_us;
	bool has_sent_data;
	uint8_t offer_version;
	struct smcr_clc_proposal offer;
	struct smcr_clc_accept sent;
	uint8_t last[SMCR_CLC_MAX_LEN];
	size_t last_len;
	uint8_t peer_id[SMCR_PEER_ID_LEN];
	uint32_t code;
	char why[200];
	char outcome[32];
};

enum got {
	GOT_ALL,
	/* its end, in order or by a reset */
	GOT_END,
	GOT_NOTHING,
	GOT_NONSENSE,
};

/* a message from the other side */
struct incoming {
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_hdr hdr;
	union {
		struct smcr_clc_proposal proposal;
		struct smcr_clc_accept accept;
		struct smcr_clc_decline decline;
	};
};

__attribute__((format(printf, 2, 3)))
static bool fail(struct conn *conn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(conn->why, sizeof(conn->why), fmt, ap);
	va_end(ap);
	return false;
}

__attribute__((format(printf, 2, 3)))
static bool ends_as(struct conn *conn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(conn->outcome, sizeof(conn->outcome), fmt, ap);
	va_end(ap);
	return true;
}

static long value(const struct conn *conn, const struct clc_op *op, int which)
{
	const struct clc_number *n = &op->number[which];

	return n->value + (n->is_index ? conn->index : 0);
}

/* The other side's time runs since it has spoken, which we may have seen late. */
static void mark(struct conn *conn)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	conn->mark_us = now_us();
	conn->heard_us = conn->mark_us - info.tcpi_last_data_recv * 1000LL;
}

static double elapsed(const struct conn *conn)
{
	return (double)(now_us() - conn->mark_us) / 1e6;
}

static long long deadline_from(const struct conn *conn, long long us, long seconds)
{
	return us + (seconds + conn->run->slack) * 1000000LL;
}

static long long deadline(const struct conn *conn, long seconds)
{
	return deadline_from(conn, conn->mark_us, seconds);
}

/* --- receiving --- */

static enum got receive(struct conn *conn, uint8_t *buf, size_t len, long long end_us)
{
	size_t at = 0;

	while (at < len) {
		struct pollfd pfd = { .fd = conn->fd, .events = POLLIN };
		long long left = end_us - now_us();
		ssize_t n;

		if (left <= 0)
			return GOT_NOTHING;
		if (poll(&pfd, 1, (int)(left / 1000) + 1) <= 0)
			continue;
		n = recv(conn->fd, buf + at, len - at, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return at ? GOT_NONSENSE : GOT_END;
		at += n;
	}
	return GOT_ALL;
}

/* what is valid and has nothing in places that are reserved comes out as it went in */
static bool decode(struct incoming *in)
{
	uint8_t again[SMCR_CLC_MAX_LEN];
	int len = -1;

	switch (in->hdr.type) {
	case SMCR_CLC_PROPOSAL:
		if (!smcr_clc_decode_proposal(in->raw, in->hdr.len, &in->proposal))
			len = smcr_clc_encode_proposal(&in->proposal, again, sizeof(again));
		break;
	case SMCR_CLC_ACCEPT:
	case SMCR_CLC_CONFIRM:
		if (!smcr_clc_decode_accept(in->raw, in->hdr.len, &in->accept))
			len = smcr_clc_encode_accept(&in->accept, again, sizeof(again));
		break;
	case SMCR_CLC_DECLINE:
		if (!smcr_clc_decode_decline(in->raw, in->hdr.len, &in->decline))
			len = smcr_clc_encode_decline(&in->decline, again, sizeof(again));
		break;
	}
	return len == in->hdr.len && memcmp(again, in->raw, len) == 0;
}

static enum got receive_message(struct conn *conn, struct incoming *in, long long end_us)
{
	enum got got = receive(conn, in->raw, SMCR_CLC_HDR_LEN, end_us);

	if (got != GOT_ALL)
		return got;
	if (smcr_clc_decode_hdr(in->raw, SMCR_CLC_HDR_LEN, &in->hdr) ||
	    in->hdr.len > sizeof(in->raw))
		return GOT_NONSENSE;
	got = receive(conn, in->raw + SMCR_CLC_HDR_LEN, in->hdr.len - SMCR_CLC_HDR_LEN, end_us);
	if (got != GOT_ALL)
		return GOT_NONSENSE;
	return decode(in) ? GOT_ALL : GOT_NONSENSE;
}

static const char *type_name(int type)
{
	static const char *const names[] = { "nothing", "PROPOSAL", "ACCEPT", "CONFIRM", "DECLINE" };

	return names[type];
}

static bool unexpected(struct conn *conn, const char *wanted, enum got got,
		       const struct incoming *in)
{
	double after = elapsed(conn);

	switch (got) {
	case GOT_END:
		return fail(conn, "%s expected, its end came after %.1f s", wanted, after);
	case GOT_NOTHING:
		return fail(conn, "%s expected, nothing came for %.1f s", wanted, after);
	case GOT_NONSENSE:
		return fail(conn, "%s expected, nonsense came after %.1f s", wanted, after);
	case GOT_ALL:
		break;
	}
	if (in->hdr.type == SMCR_CLC_DECLINE)
		return fail(conn, "%s expected, DECLINE 0x%08x came after %.1f s", wanted,
			    in->decline.diagnosis, after);
	return fail(conn, "%s expected, %s came after %.1f s", wanted, type_name(in->hdr.type),
		    after);
}

static bool is_early(struct conn *conn, long seconds)
{
	double after = (double)(now_us() - conn->heard_us) / 1e6;

	if (after >= (double)seconds - EARLY)
		return false;
	fail(conn, "too early, after %.1f s", after);
	return true;
}

/* wire.md 3.1: the same in each message, but for offers, which may have none */
static bool take_peer_id(struct conn *conn, const uint8_t *peer_id)
{
	static const uint8_t none[SMCR_PEER_ID_LEN];

	if (!memcmp(conn->peer_id, none, sizeof(none)))
		memcpy(conn->peer_id, peer_id, sizeof(none));
	else if (memcmp(conn->peer_id, peer_id, sizeof(none)))
		return fail(conn, "another peer ID than before");
	return true;
}

/* wire.md 2.8; the code itself is the caller's business */
static bool take_decline(struct conn *conn, const struct smcr_clc_decline *msg)
{
	conn->code = msg->diagnosis;
	if (msg->is_out_of_sync != (msg->diagnosis == 0x04000000))
		return fail(conn, "DECLINE 0x%08x with a wrong out-of-sync bit", msg->diagnosis);
	if (conn->offer_version && msg->version != conn->offer_version)
		return fail(conn, "DECLINE 0x%08x of version %d", msg->diagnosis, msg->version);
	if (msg->version > 1 && msg->os != SMCR_CLC_OS_LINUX)
		return fail(conn, "DECLINE 0x%08x of OS %d", msg->diagnosis, msg->os);
	return take_peer_id(conn, msg->peer_id);
}

/* wire.md 2.6: of a host of ours, which has no feature to agree on */
static bool take_fce(struct conn *conn, const struct smcr_clc_accept *msg)
{
	const char *name = type_name(msg->type);

	if (!msg->has_fce)
		return true;
	if (msg->fce.os != SMCR_CLC_OS_LINUX)
		return fail(conn, "%s of OS %d", name, msg->fce.os);
	if (msg->fce.feature_mask)
		return fail(conn, "%s with features 0x%04x", name, msg->fce.feature_mask);
	return true;
}

static bool offers_mode(uint8_t offer, uint8_t mode)
{
	return offer == mode || offer == SMCR_CLC_MODE_BOTH;
}

static bool offers_eid(const struct smcr_clc_proposal *offer, const uint8_t *eid)
{
	int i;

	for (i = 0; i < offer->eid_count; i++)
		if (!memcmp(offer->eid[i], eid, SMCR_EID_LEN))
			return true;
	return false;
}

/* wire.md 2.6, step 2; its own limits are the script's business */
static bool take_limits(struct conn *conn, const struct smcr_clc_fce *fce)
{
	const struct smcr_clc_proposal *offer = &conn->offer;

	if (fce->release != (offer->release ? 1 : 0))
		return fail(conn, "ACCEPT of release %d", fce->release);
	if (!fce->release)
		return true;
	if (fce->max_conns < 16 || fce->max_conns > offer->max_conns)
		return fail(conn, "ACCEPT with %d connections", fce->max_conns);
	if (fce->max_links < 1 || fce->max_links > offer->max_links)
		return fail(conn, "ACCEPT with %d links", fce->max_links);
	return true;
}

/* wire.md 2.4, 2.6 and 4.1: what a server may say to a peer it does not know */
static bool take_accept(struct conn *conn, const struct smcr_clc_accept *msg)
{
	const struct smcr_clc_proposal *offer = &conn->offer;

	if (!offer->version)
		return fail(conn, "ACCEPT of a PROPOSAL that is wrong");
	if (!offers_mode(msg->version > 1 ? offer->typev2 : offer->typev1, msg->mode))
		return fail(conn, "ACCEPT of a mode that was not offered");
	if (msg->version > 1 && !offers_eid(offer, msg->eid))
		return fail(conn, "ACCEPT with an EID of its own");
	if (!msg->is_first_contact)
		return fail(conn, "ACCEPT of a link group that nobody has");
	if (!msg->r.qpn || !msg->r.token)
		return fail(conn, "ACCEPT without queue pair or token");
	if (msg->has_fce && !take_limits(conn, &msg->fce))
		return false;
	return take_fce(conn, msg) && take_peer_id(conn, msg->r.peer_id);
}

/* wire.md 2.4, 2.6 and 2.7: what a client repeats, and says of its own */
static bool take_confirm(struct conn *conn, const struct smcr_clc_accept *msg)
{
	const struct smcr_clc_accept *sent = &conn->sent;

	if (!sent->version)
		return fail(conn, "CONFIRM of an ACCEPT that is wrong");
	if (msg->version != sent->version || msg->mode != sent->mode ||
	    msg->is_first_contact != sent->is_first_contact ||
	    memcmp(msg->eid, sent->eid, SMCR_EID_LEN))
		return fail(conn, "CONFIRM does not repeat the ACCEPT");
	if (msg->fce.release != sent->fce.release || msg->fce.max_conns != sent->fce.max_conns ||
	    msg->fce.max_links != sent->fce.max_links)
		return fail(conn, "CONFIRM has limits of its own");
	if (msg->r.mtu_code > sent->r.mtu_code)
		return fail(conn, "CONFIRM has a larger MTU");
	if (!msg->r.qpn || !msg->r.token)
		return fail(conn, "CONFIRM has no queue pair or no token");
	if (msg->has_fce &&
	    (!msg->gid_count || memcmp(msg->gid[0], msg->r.gid, SMCR_GID_LEN)))
		return fail(conn, "CONFIRM does not list its GID first");
	return take_fce(conn, msg) && take_peer_id(conn, msg->r.peer_id);
}

static bool take_message(struct conn *conn, const struct incoming *in)
{
	switch (in->hdr.type) {
	case SMCR_CLC_PROPOSAL:
		if (in->proposal.eid_count)
			memcpy(conn->facts.eid, in->proposal.eid[0], SMCR_EID_LEN);
		return take_peer_id(conn, in->proposal.peer_id);
	case SMCR_CLC_ACCEPT:
		conn->facts.accept = in->accept;
		return take_accept(conn, &in->accept);
	case SMCR_CLC_CONFIRM:
		return take_confirm(conn, &in->accept);
	}
	return take_decline(conn, &in->decline);
}

static bool expect(struct conn *conn, const struct clc_op *op)
{
	long seconds = value(conn, op, 1);
	struct incoming in;
	enum got got = receive_message(conn, &in, deadline(conn, seconds));

	if (got != GOT_ALL || in.hdr.type != op->type)
		return unexpected(conn, type_name(op->type), got, &in);
	if (in.hdr.type == SMCR_CLC_DECLINE && in.decline.diagnosis != value(conn, op, 0))
		return unexpected(conn, op->text, got, &in);
	memcpy(conn->last, in.raw, in.hdr.len);
	conn->last_len = in.hdr.len;
	return !is_early(conn, seconds) && take_message(conn, &in);
}

static bool has_bytes(struct conn *conn, size_t at, const uint8_t *bytes, size_t len)
{
	size_t i;

	if (at + len > conn->last_len)
		return fail(conn, "message of %zu bytes came, none at %zu", conn->last_len,
			    at + len - 1);
	for (i = 0; i < len; i++)
		if (conn->last[at + i] != bytes[i])
			return fail(conn, "0x%02x expected at %zu, 0x%02x came", bytes[i],
				    at + i, conn->last[at + i]);
	return true;
}

static bool has_byte(struct conn *conn, const struct clc_op *op)
{
	uint8_t byte = (uint8_t)value(conn, op, 1);

	return has_bytes(conn, value(conn, op, 0), &byte, 1);
}

static bool has_length(struct conn *conn, size_t len)
{
	if (conn->last_len != len)
		return fail(conn, "%zu bytes expected, %zu came", len, conn->last_len);
	return true;
}

/* --- sending --- */

static void fill_data(const struct conn *conn, uint8_t *buf)
{
	int i;

	for (i = 0; i < DATA_LEN; i++)
		buf[i] = (uint8_t)(conn->facts.id * 7 + i);
}

static bool put(struct conn *conn, size_t at, const uint8_t *bytes, size_t len)
{
	if (at + len > BUF_LEN)
		return fail(conn, "the message is too long");
	if (bytes)
		memcpy(conn->buf + at, bytes, len);
	else
		memset(conn->buf + at, 0, len);
	if (at + len > conn->len)
		conn->len = at + len;
	return true;
}

static bool load(struct conn *conn, const char *name)
{
	int len = clc_message_build(name, &conn->facts, conn->buf, BUF_LEN);

	if (len < 0)
		return fail(conn, "%s cannot be made", name);
	conn->len = len;
	return true;
}

static bool stamp(struct conn *conn)
{
	uint8_t peer_id[SMCR_PEER_ID_LEN];

	clc_message_stamp(&conn->facts, peer_id);
	return put(conn, 8, peer_id, sizeof(peer_id));
}

static bool replace(struct conn *conn, const struct clc_op *op)
{
	size_t at = value(conn, op, 0);
	size_t len = op->code == CLC_OP_SET ? op->len : 1;

	if (at + len > conn->len)
		return fail(conn, "behind the end of the message");
	if (op->code == CLC_OP_SET)
		memcpy(conn->buf + at, op->bytes, len);
	else if (op->code == CLC_OP_BYTE)
		conn->buf[at] = (uint8_t)value(conn, op, 1);
	else
		conn->buf[at] ^= op->bytes[0];
	return true;
}

static bool cut(struct conn *conn, size_t len)
{
	if (len > conn->len)
		return fail(conn, "nothing to cut");
	conn->len = len;
	return true;
}

static bool seal(struct conn *conn)
{
	static const uint8_t trailer[] = { 0xe2, 0xd4, 0xc3, 0xd9 };
	bool fits = put(conn, conn->len, trailer, sizeof(trailer));

	if (fits && conn->len >= SMCR_CLC_HDR_LEN)
		smcr_store_be16(conn->buf + 5, (uint16_t)conn->len);
	return fits;
}

static bool add_data(struct conn *conn)
{
	uint8_t data[DATA_LEN];

	fill_data(conn, data);
	conn->has_sent_data = true;
	return put(conn, conn->len, data, sizeof(data));
}

/* until the other side has had enough, which the next command is about */
static void send_slowly(struct conn *conn, long ms)
{
	struct pollfd pfd = { .fd = conn->fd, .events = POLLRDHUP };
	size_t i;

	for (i = 0; i < conn->len; i++) {
		if (send(conn->fd, conn->buf + i, 1, MSG_NOSIGNAL) != 1 ||
		    poll(&pfd, 1, (int)ms) > 0)
			return;
	}
}

/* what an answer is compared with */
static void note_offer(struct conn *conn)
{
	size_t len = conn->len < SMCR_CLC_MAX_LEN ? conn->len : SMCR_CLC_MAX_LEN;
	struct smcr_clc_hdr hdr;

	if (smcr_clc_decode_hdr(conn->buf, conn->len, &hdr) ||
	    (hdr.type != SMCR_CLC_PROPOSAL && hdr.type != SMCR_CLC_ACCEPT))
		return;
	conn->offer_version = hdr.version > 2 ? 2 : hdr.version;
	memset(&conn->offer, 0, sizeof(conn->offer));
	memset(&conn->sent, 0, sizeof(conn->sent));
	/* both leave zeros where nothing is valid */
	if (hdr.type == SMCR_CLC_PROPOSAL)
		smcr_clc_decode_proposal(conn->buf, len, &conn->offer);
	else
		smcr_clc_decode_accept(conn->buf, len, &conn->sent);
}

static bool send_message(struct conn *conn, long ms)
{
	note_offer(conn);
	mark(conn);
	/* the other side may have gone: what follows will tell */
	if (ms)
		send_slowly(conn, ms);
	else if (conn->len)
		send(conn->fd, conn->buf, conn->len, MSG_NOSIGNAL);
	return true;
}

static bool split_message(struct conn *conn, size_t at, long ms)
{
	if (at > conn->len)
		return fail(conn, "nothing to split");
	note_offer(conn);
	mark(conn);
	send(conn->fd, conn->buf, at, MSG_NOSIGNAL);
	sleep_ms((int)ms);
	send(conn->fd, conn->buf + at, conn->len - at, MSG_NOSIGNAL);
	return true;
}

/* --- the end of a case --- */

static bool is_over(struct conn *conn, long long end_us)
{
	uint8_t byte;
	enum got got = receive(conn, &byte, 1, end_us);

	if (got == GOT_ALL)
		return fail(conn, "a byte too many: 0x%02x", byte);
	if (got == GOT_NOTHING)
		return fail(conn, "no end after %.1f s", elapsed(conn));
	return true;
}

static bool no_data(struct conn *conn, enum got got)
{
	const char *what = got == GOT_NOTHING ? "no data" : "end instead of data";

	return fail(conn, "%s after %.1f s", what, elapsed(conn));
}

/* the other side echoes */
static bool use_tcp_client(struct conn *conn, long seconds)
{
	uint8_t data[DATA_LEN];
	uint8_t echo[DATA_LEN];
	enum got got;

	fill_data(conn, data);
	if (!conn->has_sent_data && send(conn->fd, data, DATA_LEN, MSG_NOSIGNAL) != DATA_LEN)
		return fail(conn, "data cannot be sent: %s", strerror(errno));
	got = receive(conn, echo, DATA_LEN, deadline_from(conn, now_us(), seconds));
	if (got != GOT_ALL)
		return no_data(conn, got);
	if (memcmp(data, echo, DATA_LEN))
		return fail(conn, "wrong data: %02x%02x%02x%02x...", echo[0], echo[1], echo[2],
			    echo[3]);
	shutdown(conn->fd, SHUT_WR);
	return is_over(conn, deadline_from(conn, now_us(), 0));
}

/* we echo, until the other side has had enough */
static bool use_tcp_server(struct conn *conn, long seconds)
{
	uint8_t data[DATA_LEN];
	enum got got = receive(conn, data, DATA_LEN, deadline_from(conn, now_us(), seconds));
	const long long end = now_us() + IDLE_LIMIT * 1000000LL;

	if (got != GOT_ALL)
		return no_data(conn, got);
	while (got == GOT_ALL) {
		if (send(conn->fd, data, DATA_LEN, MSG_NOSIGNAL) != DATA_LEN)
			return fail(conn, "data cannot be sent: %s", strerror(errno));
		got = receive(conn, data, DATA_LEN, end);
	}
	if (got == GOT_NOTHING)
		return fail(conn, "never closed");
	return true;
}

static bool use_tcp(struct conn *conn, uint32_t code, long seconds)
{
	bool is_good = conn->run->lfd < 0 ? use_tcp_client(conn, seconds) :
					    use_tcp_server(conn, seconds);

	return is_good && ends_as(conn, "tcp 0x%08x", code);
}

static bool be_lost(struct conn *conn, const struct clc_op *op)
{
	long seconds = value(conn, op, 0);
	struct incoming in;
	enum got got = receive_message(conn, &in, deadline(conn, seconds));

	if (got != GOT_END)
		return unexpected(conn, "end", got, &in);
	if (is_early(conn, seconds))
		return false;
	return ends_as(conn, "lost %s", op->word ?: seconds ? "ETIMEDOUT" : "EPROTO");
}

/* With a CONFIRM, the other side waits for CONFIRM LINK first. */
static bool refuse(struct conn *conn, const struct incoming *in)
{
	bool is_confirm = in->hdr.type == SMCR_CLC_CONFIRM;

	conn->has_sent_data = false;
	if (!load(conn, "decline"))
		return false;
	send_message(conn, 0);
	return use_tcp(conn, is_confirm ? 0x02010000 : 0x05000000, is_confirm ? 4 : 0);
}

static bool settle(struct conn *conn, long seconds)
{
	struct incoming in;
	enum got got = receive_message(conn, &in, deadline(conn, seconds));

	if (got == GOT_END)
		return ends_as(conn, "lost any");
	if (got != GOT_ALL)
		return unexpected(conn, "end or a message", got, &in);
	if (!take_message(conn, &in))
		return false;
	if (in.hdr.type != SMCR_CLC_DECLINE)
		return refuse(conn, &in);
	return use_tcp(conn, conn->code, 0);
}

static bool reset(struct conn *conn)
{
	struct linger off = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	return ends_as(conn, "lost ECONNRESET");
}

/* --- cases --- */

static bool perform(struct conn *conn, const struct clc_op *op)
{
	switch (op->code) {
	case CLC_OP_LOAD:
		return load(conn, op->word);
	case CLC_OP_STAMP:
		return stamp(conn);
	case CLC_OP_SET:
	case CLC_OP_BYTE:
	case CLC_OP_FLIP:
		return replace(conn, op);
	case CLC_OP_CUT:
		return cut(conn, value(conn, op, 0));
	case CLC_OP_ADD:
		return put(conn, conn->len, op->bytes, op->len);
	case CLC_OP_PAD:
		return put(conn, conn->len, NULL, value(conn, op, 0));
	case CLC_OP_SEAL:
		return seal(conn);
	case CLC_OP_DATA:
		return add_data(conn);
	case CLC_OP_SEND:
		return send_message(conn, value(conn, op, 0));
	case CLC_OP_SPLIT:
		return split_message(conn, value(conn, op, 0), value(conn, op, 1));
	case CLC_OP_WAIT:
		sleep_ms((int)value(conn, op, 0));
		return true;
	case CLC_OP_EXPECT:
		return expect(conn, op);
	case CLC_OP_HAS:
		return has_bytes(conn, value(conn, op, 0), op->bytes, op->len);
	case CLC_OP_HAS_BYTE:
		return has_byte(conn, op);
	case CLC_OP_HAS_LENGTH:
		return has_length(conn, value(conn, op, 0));
	case CLC_OP_END:
		shutdown(conn->fd, SHUT_WR);
		return true;
	case CLC_OP_TCP:
		return use_tcp(conn, op->n_numbers ? value(conn, op, 0) : conn->code,
			       value(conn, op, 1));
	case CLC_OP_LOST:
		return be_lost(conn, op);
	case CLC_OP_SETTLE:
		return settle(conn, value(conn, op, 0));
	case CLC_OP_RESET:
		return reset(conn);
	}
	return fail(conn, "unknown command");
}

/* the GID of a host is its IPv4 address */
static void fill_gid(struct conn *conn)
{
	struct address addr = { .len = sizeof(addr.ss) };
	const struct sockaddr_in *in = (const struct sockaddr_in *)&addr.ss;
	uint8_t *gid = conn->facts.gid;

	getsockname(conn->fd, (struct sockaddr *)&addr.ss, &addr.len);
	gid[10] = 0xff;
	gid[11] = 0xff;
	if (in->sin_family == AF_INET)
		memcpy(gid + 12, &in->sin_addr, 4);
}

static int open_conn(const struct run *run)
{
	struct pollfd pfd = { .fd = run->lfd, .events = POLLIN };

	if (run->lfd < 0)
		return endpoint_connect(&run->ep, &run->addr);
	if (poll(&pfd, 1, IDLE_LIMIT * 1000) <= 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return accept4(run->lfd, NULL, NULL, SOCK_CLOEXEC);
}

static bool run_case(struct conn *conn)
{
	int one = 1;
	int i;

	conn->fd = open_conn(conn->run);
	if (conn->fd < 0)
		return fail(conn, "no connection: %s", strerror(errno));
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fill_gid(conn);
	mark(conn);
	for (i = 0; i < conn->c->n_ops; i++)
		if (!perform(conn, &conn->c->ops[i]))
			break;
	close(conn->fd);
	return i == conn->c->n_ops;
}

/* --- runs --- */

static void count_locked(struct run *run, const char *outcome)
{
	int i;

	for (i = 0; i < MAX_OUTCOMES; i++) {
		if (!run->outcomes[i].count)
			strcpy(run->outcomes[i].text, outcome);
		if (strcmp(run->outcomes[i].text, outcome) == 0) {
			run->outcomes[i].count++;
			return;
		}
	}
	die("too many different outcomes");
}

static void show_failure(const struct run *run, const struct conn *conn)
{
	if (run->failed > MAX_SHOWN)
		return;
	if (conn->c->has_index)
		printf("%s, i=%ld: %s\n", conn->c->title, conn->index, conn->why);
	else
		printf("%s: %s\n", conn->c->title, conn->why);
}

/* false: all are done or under way */
static bool take_next(struct run *run, struct conn *conn)
{
	const struct clc_script *script = &run->script;
	long at;
	int i;

	pthread_mutex_lock(&run->lock);
	at = run->next++;
	pthread_mutex_unlock(&run->lock);
	memset(conn, 0, sizeof(*conn));
	conn->run = run;
	conn->facts.id = run->seed + at;
	memcpy(conn->facts.eid, run->eid, SMCR_EID_LEN);
	for (i = 0; i < script->n_cases; i++) {
		const struct clc_case *c = &script->cases[i];

		if (at <= c->last - c->first) {
			conn->c = c;
			conn->index = c->first + at;
			return true;
		}
		at -= c->last - c->first + 1;
	}
	return false;
}

static void *worker(void *arg)
{
	struct run *run = arg;
	uint8_t *buf = malloc(BUF_LEN);
	struct conn conn;

	if (!buf)
		die("no memory");
	while (take_next(run, &conn)) {
		bool is_good;

		conn.buf = buf;
		is_good = run_case(&conn);
		pthread_mutex_lock(&run->lock);
		if (is_good) {
			count_locked(run, conn.outcome);
		} else {
			run->failed++;
			show_failure(run, &conn);
		}
		pthread_mutex_unlock(&run->lock);
	}
	free(buf);
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int print_result(struct run *run)
{
	int count = 0;
	int i;

	while (count < MAX_OUTCOMES && run->outcomes[count].count)
		count++;
	/* the text comes first */
	qsort(run->outcomes, count, sizeof(run->outcomes[0]), by_text);
	printf("connections=%ld failed=%ld\n", clc_script_conns(&run->script), run->failed);
	for (i = 0; i < count; i++)
		printf("%s %ld\n", run->outcomes[i].text, run->outcomes[i].count);
	return run->failed != 0;
}

static int run_all(struct run *run)
{
	long count = clc_script_conns(&run->script);
	pthread_t *threads;
	pthread_attr_t attr;
	long i;

	/* those whom a server does not answer in time have done nothing wrong */
	if (run->lfd >= 0 || run->jobs > count)
		run->jobs = count;
	threads = calloc(run->jobs, sizeof(*threads));
	if (!threads)
		die("no memory");
	pthread_mutex_init(&run->lock, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (i = 0; i < run->jobs; i++)
		if (pthread_create(&threads[i], &attr, worker, run))
			die("no thread");
	for (i = 0; i < run->jobs; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return print_result(run);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int play(struct run *run, const char *host, int port)
{
	raise_descriptor_limit();
	run->lfd = -1;
	/* above zero, and not that of the run before */
	run->seed = ((uint64_t)now_us() << 16) + 1;
	if (host && run->script.is_server)
		die("the script is that of a server");
	if (!host && !run->script.is_server)
		die("the script is that of a client");
	if (host) {
		endpoint_resolve(&run->ep, host, port, &run->addr);
		return run_all(run);
	}
	run->lfd = endpoint_listen(&run->ep, port, 4096);
	if (run->lfd < 0)
		die("cannot listen on port %d", port);
	printf("ready on port %d\n", port);
	fflush(stdout);
	return run_all(run);
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: clcpeer client [-6] [-e EID] [-j COUNT] [-t SECONDS] SCRIPT HOST PORT\n"
		"       clcpeer server [-6] [-e EID] [-t SECONDS] SCRIPT PORT\n"
		"       clcpeer check SCRIPT\n"
		"\n"
		"  -6  over IPv6\n"
		"  -e  user EID; default %s\n"
		"  -j  connections at a time; default %d\n"
		"  -t  how late anything may be; default %d\n"
		"\n"
		"Connections that do not go by the script are told, and their number; what\n"
		"became of the others is counted.  Exit status: 0 if all went by it.\n"
		"check prints the script as it was understood.  The language of scripts is\n"
		"explained in clc_script.h.\n",
		DEFAULT_EID, DEFAULT_JOBS, DEFAULT_SLACK);
	exit(status);
}

static void parse_options(struct run *run, int argc, char **argv)
{
	int opt;

	optind = 2;
	while ((opt = getopt(argc, argv, "6e:j:t:h")) != -1) {
		switch (opt) {
		case '6':
			run->ep.is_v6 = true;
			break;
		case 'e':
			clc_message_set_eid(run->eid, optarg);
			break;
		case 'j':
			run->jobs = (long)parse_count(optarg);
			break;
		case 't':
			run->slack = time_limit((int)parse_count(optarg));
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (run->jobs < 1 || run->slack < 1)
		usage(2);
}

int main(int argc, char **argv)
{
	struct run run = { .jobs = DEFAULT_JOBS, .slack = time_limit(DEFAULT_SLACK) };
	char **args;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	clc_message_set_eid(run.eid, DEFAULT_EID);
	parse_options(&run, argc, argv);
	argc -= optind;
	args = argv + optind;
	if (argc < 1)
		usage(2);
	clc_script_read(args[0], &run.script);
	if (strcmp(argv[1], "check") == 0 && argc == 1) {
		clc_script_print(&run.script);
		printf("cases=%d connections=%ld\n", run.script.n_cases,
		       clc_script_conns(&run.script));
		return 0;
	}
	if (strcmp(argv[1], "client") == 0 && argc == 3)
		return play(&run, args[1], parse_port(args[2]));
	if (strcmp(argv[1], "server") == 0 && argc == 2)
		return play(&run, NULL, parse_port(args[1]));
	usage(2);
}
