// SPDX-License-Identifier: GPL-2.0
/* rdmapeer: messages over the queue pair, made as the script says. */
#include "rdma_play.h"

#include <string.h>

#include "bundle.h"
#include "cdc.h"
#include "imm.h"
#include "llc.h"
#include "obey.h"
#include "rdma_message.h"

#define SETTLE_TRIES	5
/* data of a bundle that is to be wrong */
#define BUNDLED		10

/**
 * play_load_cdc() - make the next CDC message, which says what is so
 * @p: the case; the message is in p->msg then
 */
void play_load_cdc(struct play *p)
{
	struct conn *conn = p->conn;
	struct smcr_cdc msg = {
		.seq = ++conn->seq,
		.token = conn->peer.token,
		.state_flags = conn->state,
	};

	msg.prod.wrap = (uint16_t)(conn->prod / play_ring_size(conn));
	msg.prod.count = (uint32_t)(conn->prod % play_ring_size(conn));
	msg.cons.wrap = (uint16_t)(conn->cons / OUR_RING);
	msg.cons.count = (uint32_t)(conn->cons % OUR_RING);
	smcr_cdc_encode(&msg, p->msg);
	p->len = SMCR_CDC_LEN;
}

/**
 * play_load_bundle() - make a bundle (Documentation/imm.md)
 * @p: the case; the message is in p->msg then
 * @len: of the next made-up bytes, which do not count as put
 */
void play_load_bundle(struct play *p, size_t len)
{
	const struct conn *conn = p->conn;
	uint32_t at = smcr_bundle_add_entry(p->msg, 0, smcr_imm_make(conn->peer.token, false, len));
	size_t i;

	for (i = 0; i < len; i++)
		p->msg[at + i] = obey_byte(conn->put + i);
	p->len = at + len;
	smcr_bundle_finish(p->msg, p->len);
}

bool cmd_load(struct play *p, const struct rdma_command *cmd)
{
	int len;

	if (!p->link->qp)
		return play_fail(p, "there is no link");
	if (strcmp(cmd->word[1], "cdc") == 0) {
		play_load_cdc(p);
		return true;
	}
	if (strcmp(cmd->word[1], "bundle") == 0) {
		play_load_bundle(p, BUNDLED);
		return true;
	}
	len = rdma_message_build(cmd->word[1], p->link, p->msg, sizeof(p->msg));
	if (len < 0)
		return play_fail(p, "%s cannot be made", cmd->word[1]);
	p->len = len;
	return true;
}

bool cmd_answer(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	memcpy(p->msg, p->last.data, p->last.len);
	p->len = p->last.len;
	p->msg[3] |= 0x80;
	if (rdma_message_type("confirm_link") != (p->msg[0] & 0x0f))
		return true;
	/* the one response that says something of its own */
	rdma_message_build("confirm_link", p->link, p->msg, sizeof(p->msg));
	p->msg[3] |= 0x80;
	p->msg[29] = p->last.data[29];
	return true;
}

static bool replace(struct play *p, size_t at, const uint8_t *bytes, size_t len)
{
	if (at + len > p->len)
		return play_fail(p, "behind the end of the message");
	memcpy(p->msg + at, bytes, len);
	return true;
}

bool cmd_set(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[256];
	size_t len = play_hex(cmd, 2, bytes, sizeof(bytes));

	return replace(p, play_number(p, cmd, 1, 0), bytes, len);
}

bool cmd_byte(struct play *p, const struct rdma_command *cmd)
{
	uint8_t byte = (uint8_t)play_number(p, cmd, 2, 0);

	return replace(p, play_number(p, cmd, 1, 0), &byte, 1);
}

bool cmd_half(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[2];

	smcr_store_be16(bytes, (uint16_t)play_number(p, cmd, 2, 0));
	return replace(p, play_number(p, cmd, 1, 0), bytes, sizeof(bytes));
}

bool cmd_word(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[4];

	smcr_store_be32(bytes, (uint32_t)play_number(p, cmd, 2, 0));
	return replace(p, play_number(p, cmd, 1, 0), bytes, sizeof(bytes));
}

bool cmd_cut(struct play *p, const struct rdma_command *cmd)
{
	p->len = play_number(p, cmd, 1, 0);
	return true;
}

bool cmd_pad(struct play *p, const struct rdma_command *cmd)
{
	size_t len = play_number(p, cmd, 1, 0);

	if (len > sizeof(p->msg))
		return play_fail(p, "too long");
	if (len > p->len)
		memset(p->msg + p->len, 0, len - p->len);
	p->len = len;
	return true;
}

bool cmd_send(struct play *p, const struct rdma_command *cmd)
{
	long long left = play_number(p, cmd, 1, 1);

	if (!play_send(p, p->msg, p->len))
		return false;
	while (--left > 0) {
		if (!play_pump(p))
			return false;
		/* the buffer is the same, or "answer" has changed it */
		if (memcmp(p->link->out, p->msg, p->len) && !play_send(p, p->msg, p->len))
			return false;
		if (!rdma_link_send(p->link, p->len))
			return play_fail(p, "cannot send, %lld left", left);
	}
	/* whether it was refused is what the next commands are about */
	rdma_link_flush(p->link, PATIENCE * 1000);
	return true;
}

bool cmd_types(struct play *p, const struct rdma_command *cmd)
{
	long long type, last = play_number(p, cmd, 2, 0);

	for (type = play_number(p, cmd, 1, 0); type <= last; type++) {
		p->msg[0] = (uint8_t)type;
		if (!play_send(p, p->msg, p->len))
			return false;
	}
	return true;
}

bool cmd_expect(struct play *p, const struct rdma_command *cmd)
{
	bool wants_response = strcmp(cmd->word[0], "expect_answer") == 0;

	return play_expect(p, cmd->word[1], wants_response, play_number(p, cmd, 2, PATIENCE));
}

bool cmd_has(struct play *p, const struct rdma_command *cmd)
{
	uint8_t bytes[64];
	size_t len = play_hex(cmd, 2, bytes, sizeof(bytes));
	size_t at = play_number(p, cmd, 1, 0);

	if (at + len > p->last.len || memcmp(p->last.data + at, bytes, len))
		return play_fail(p, "%s expected at %zu, 0x%02x came", cmd->word[2], at,
				 p->last.data[at]);
	return true;
}

bool cmd_has_word(struct play *p, const struct rdma_command *cmd)
{
	uint32_t wanted = (uint32_t)play_number(p, cmd, 2, 0);
	size_t at = play_number(p, cmd, 1, 0);

	if (at + 4 > p->last.len || smcr_load_be32(p->last.data + at) != wanted)
		return play_fail(p, "0x%08x expected at %zu, 0x%08x came", wanted, at,
				 smcr_load_be32(p->last.data + at));
	return true;
}

bool cmd_is_long(struct play *p, const struct rdma_command *cmd)
{
	return p->last.len == play_number(p, cmd, 1, 0) ||
	       play_fail(p, "%u bytes came", p->last.len);
}

bool cmd_alive(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_LLC_MAX_LEN];
	int len = rdma_message_build("test_link", p->link, raw, sizeof(raw));

	(void)cmd;
	if (!play_send(p, raw, len) || !play_expect(p, "test_link", true, PATIENCE))
		return false;
	raw[3] |= 0x80;
	return memcmp(raw, p->last.data, len) == 0 || play_fail(p, "a wrong answer to TEST LINK");
}

bool cmd_quiet(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = now_us() + play_number(p, cmd, 1, 0) * 1000;
	long before = p->arrivals;

	while (now_us() < end_us) {
		if (!play_pump(p))
			return false;
		play_step();
	}
	return p->arrivals == before || play_fail(p, "%ld messages came", p->arrivals - before);
}

bool cmd_mute(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->is_mute = true;
	return true;
}

bool cmd_deaf(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->link->is_deaf = true;
	return true;
}

static bool is_answer(const struct rdma_arrival *in, uint8_t mark)
{
	return in->len && (in->data[0] & 0x0f) == SMCR_LLC_TEST_LINK && (in->data[3] & 0x80) &&
	       in->data[4] == mark;
}

/* the answer to a question of our own comes behind all others */
bool cmd_settle(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_LLC_MAX_LEN];
	int len = rdma_message_build("test_link", p->link, raw, sizeof(raw));
	int tries;

	(void)cmd;
	for (tries = 1; tries <= SETTLE_TRIES; tries++) {
		const long long end_us = play_deadline(1);

		/* an answer may get lost while others fill the queue */
		raw[4] = (uint8_t)tries;
		if (!play_send(p, raw, len))
			return false;
		while (now_us() < end_us) {
			p->n_queued = 0;
			if (!play_pump(p))
				return false;
			if (is_answer(&p->newest, (uint8_t)tries)) {
				p->n_queued = 0;
				return true;
			}
			play_step();
		}
	}
	return play_fail(p, "TEST LINK is not answered");
}

bool cmd_wait(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = now_us() + play_number(p, cmd, 1, 0) * 1000;

	while (now_us() < end_us) {
		if (!play_pump(p))
			return false;
		play_step();
	}
	return true;
}
