// SPDX-License-Identifier: GPL-2.0
/* See clc_message.h. */
#include "clc_message.h"

#include <string.h>

#include "clc_script.h"
#include "endpoint.h"
#include "golden_clc.h"

#define CONFIGURATION_ERROR	0x03000000

static const uint8_t mac[SMCR_MAC_LEN] = { 0x52, 0x54, 0x00, 0x00, 0x00, 0x02 };

/**
 * clc_message_stamp() - make a peer ID
 * @facts: of the connection
 * @peer_id: result, 8 bytes
 *
 * Handshakes of one peer wait for each other's link group: the connections of
 * a script are peers of their own.
 */
void clc_message_stamp(const struct clc_facts *facts, uint8_t *peer_id)
{
	smcr_store_be64(peer_id, facts->id);
}

static int build_proposal(const struct clc_facts *facts, uint8_t release, uint8_t *buf, size_t cap)
{
	struct smcr_clc_proposal msg = {
		.version = 2,
		.typev1 = SMCR_CLC_MODE_NONE,
		.typev2 = SMCR_CLC_MODE_R,
		.has_smcd_area = true,
		.has_v2 = true,
		.eid_count = 1,
		.release = release,
		.max_conns = release ? 255 : 0,
		/* so that no server offers a second link */
		.max_links = release ? 1 : 0,
	};

	clc_message_stamp(facts, msg.peer_id);
	memcpy(msg.eid[0], facts->eid, SMCR_EID_LEN);
	memcpy(msg.roce_gid, facts->gid, SMCR_GID_LEN);
	return smcr_clc_encode_proposal(&msg, buf, cap);
}

static int proposal(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_proposal(facts, 1, buf, cap);
}

static int proposal_v20(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_proposal(facts, 0, buf, cap);
}

/* the queue pair exists nowhere: nobody will answer to what is sent there */
static void fill_rdma(const struct clc_facts *facts, struct smcr_clc_rdma *r)
{
	clc_message_stamp(facts, r->peer_id);
	memcpy(r->gid, facts->gid, SMCR_GID_LEN);
	memcpy(r->mac, mac, SMCR_MAC_LEN);
	r->qpn = 0x800000 | (facts->id & 0x7fffff);
	r->rkey = 0x1234;
	r->rmbe_idx = 1;
	r->token = 1;
	r->size_code = 2;
	r->mtu_code = 3;
	r->vaddr = 0x10000000;
	r->psn = 0x4711;
}

static int build_accept(const struct clc_facts *facts, uint8_t type, bool is_first, uint8_t *buf,
			size_t cap)
{
	struct smcr_clc_accept msg = {
		.type = type,
		.version = 2,
		.mode = SMCR_CLC_MODE_R,
		.is_first_contact = is_first,
		.has_fce = is_first,
	};

	fill_rdma(facts, &msg.r);
	memcpy(msg.eid, facts->eid, SMCR_EID_LEN);
	if (is_first) {
		msg.fce.is_direct = true;
		msg.fce.os = SMCR_CLC_OS_LINUX;
		msg.fce.release = 1;
		msg.fce.max_conns = 255;
		msg.fce.max_links = 1;
		memset(msg.fce.host, ' ', sizeof(msg.fce.host));
	}
	if (is_first && type == SMCR_CLC_CONFIRM) {
		msg.gid_count = 1;
		memcpy(msg.gid[0], facts->gid, SMCR_GID_LEN);
	}
	/* a client repeats what the server has chosen */
	if (type == SMCR_CLC_CONFIRM && facts->accept.has_fce) {
		memcpy(msg.eid, facts->accept.eid, SMCR_EID_LEN);
		msg.fce.release = facts->accept.fce.release;
		msg.fce.max_conns = facts->accept.fce.max_conns;
		msg.fce.max_links = facts->accept.fce.max_links;
	}
	return smcr_clc_encode_accept(&msg, buf, cap);
}

static int accept_first(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_accept(facts, SMCR_CLC_ACCEPT, true, buf, cap);
}

static int accept_later(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_accept(facts, SMCR_CLC_ACCEPT, false, buf, cap);
}

static int confirm_first(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_accept(facts, SMCR_CLC_CONFIRM, true, buf, cap);
}

static int confirm_later(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_accept(facts, SMCR_CLC_CONFIRM, false, buf, cap);
}

static int build_decline(const struct clc_facts *facts, uint8_t version, uint8_t *buf, size_t cap)
{
	struct smcr_clc_decline msg = {
		.version = version,
		.diagnosis = CONFIGURATION_ERROR,
		.os = version > 1 ? SMCR_CLC_OS_LINUX : 0,
	};

	clc_message_stamp(facts, msg.peer_id);
	return smcr_clc_encode_decline(&msg, buf, cap);
}

static int decline(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_decline(facts, 2, buf, cap);
}

static int decline_v1(const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	return build_decline(facts, 1, buf, cap);
}

static const struct {
	const char *name;
	int (*build)(const struct clc_facts *facts, uint8_t *buf, size_t cap);
} builders[] = {
	{ "proposal", proposal },
	{ "proposal_v20", proposal_v20 },
	{ "accept", accept_first },
	{ "accept_later", accept_later },
	{ "confirm", confirm_first },
	{ "confirm_later", confirm_later },
	{ "decline", decline },
	{ "decline_v1", decline_v1 },
};

/**
 * clc_message_build() - make a message
 * @name: of clc_message.h
 * @facts: of the connection; recorded messages do not depend on them
 * @buf: result
 * @cap: size of @buf
 *
 * Return: its length, negative if there is no such message or it does not fit.
 */
int clc_message_build(const char *name, const struct clc_facts *facts, uint8_t *buf, size_t cap)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(builders); i++)
		if (strcmp(name, builders[i].name) == 0)
			return builders[i].build(facts, buf, cap);
	for (i = 0; i < ARRAY_SIZE(golden_clc); i++)
		if (strcmp(name, golden_clc[i].name) == 0)
			return clc_parse_hex(golden_clc[i].hex, buf, cap);
	return -1;
}

/**
 * clc_message_exists() - is there such a message?
 * @name: of clc_message.h
 *
 * Return: true if there is.
 */
bool clc_message_exists(const char *name)
{
	static const struct clc_facts none;
	uint8_t buf[SMCR_CLC_MAX_LEN];

	return clc_message_build(name, &none, buf, sizeof(buf)) > 0;
}

/**
 * clc_message_set_eid() - an EID as messages carry it; ends the program if it
 *	is too long
 * @to: result, padded with blanks
 * @eid: text
 */
void clc_message_set_eid(uint8_t to[SMCR_EID_LEN], const char *eid)
{
	if (strlen(eid) > SMCR_EID_LEN)
		die("too long: %s", eid);
	memset(to, ' ', SMCR_EID_LEN);
	memcpy(to, eid, strlen(eid));
}
