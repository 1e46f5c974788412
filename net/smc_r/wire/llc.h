/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Link Layer Control messages, sent over the queue pair (wire.md section 6).
 * One struct serves all of them: a kind, the common flags and a union.
 */
#ifndef SMCR_WIRE_LLC_H
#define SMCR_WIRE_LLC_H

#include "port.h"
#include "clc.h"

#define SMCR_LLC_LEN		44	/* every v1 message, most v2 messages */
#define SMCR_LLC_MAX_LEN	8192	/* the longest v2 message */
#define SMCR_LLC_MAX_RTOKENS	255
#define SMCR_LLC_MAX_LINKS	3	/* links in one CONFIRM RKEY */

enum smcr_llc_type {
	SMCR_LLC_CONFIRM_LINK = 1,
	SMCR_LLC_ADD_LINK = 2,
	SMCR_LLC_ADD_LINK_CONT = 3,	/* v1 only */
	SMCR_LLC_DELETE_LINK = 4,
	SMCR_LLC_REQ_ADD_LINK = 5,	/* v2 only */
	SMCR_LLC_CONFIRM_RKEY = 6,
	SMCR_LLC_TEST_LINK = 7,
	SMCR_LLC_CONFIRM_RKEY_CONT = 8,	/* v1 only */
	SMCR_LLC_DELETE_RKEY = 9,
};

/* reasons in DELETE LINK */
enum smcr_llc_reason {
	SMCR_LLC_REASON_OK = 0,
	SMCR_LLC_REASON_LOST_PATH = 0x00010000,
	SMCR_LLC_REASON_OPERATOR = 0x00020000,
	SMCR_LLC_REASON_PROGRAM = 0x00030000,
	SMCR_LLC_REASON_PROTOCOL = 0x00040000,
	SMCR_LLC_REASON_NO_ASYM = 0x00050000,
	SMCR_LLC_REASON_UNKNOWN_LINK = 0x00100000,
	SMCR_LLC_REASON_UNKNOWN_GROUP = 0x00200000,
};

/* reject reason of ADD LINK */
#define SMCR_LLC_REJECT_NO_ALT_PATH	1

struct smcr_llc_confirm_link {
	u8 mac[SMCR_MAC_LEN];
	u8 gid[SMCR_GID_LEN];
	u32 qpn;
	u8 link_num;
	u8 link_uid[4];
	u8 max_links;
	u8 max_conns;
	bool no_eyecatcher;	/* at least one of the bits 0x03 is set */
};

/* one RMB of the sender: its keys on the current and on the new link */
struct smcr_llc_rtoken_pair {
	u32 rkey;
	u32 new_rkey;
	u64 new_vaddr;
};

/**
 * struct smcr_llc_add_link - ADD LINK (wire.md 6.3)
 * @mac: sender's MAC of the new link
 * @gid: sender's GID of the new link
 * @qpn: 24 bit QP number of the new link
 * @link_num: of the new link, assigned by the server
 * @mtu_code: QP MTU code, enum ib_mtu numbering, as sent; 0 is possible
 * @psn: 24 bit initial packet sequence number of the sender
 * @is_rejected: response with the reject flag
 * @reject_reason: where the version has a place for it
 * @is_direct: v2
 * @target_gid: v2
 * @rtoken_count: v2, number of valid entries in @rtoken: what the sender
 *	announced, bounded by the received length
 * @rtoken: v2; filled by the decoder as far as the caller's buffer reaches
 */
struct smcr_llc_add_link {
	u8 mac[SMCR_MAC_LEN];
	u8 gid[SMCR_GID_LEN];
	u32 qpn;
	u8 link_num;
	u8 mtu_code;
	u32 psn;
	bool is_rejected;
	u8 reject_reason;
	bool is_direct;
	u8 target_gid[SMCR_GID_LEN];
	u8 rtoken_count;
	struct smcr_llc_rtoken_pair rtoken[SMCR_LLC_MAX_RTOKENS];
};

struct smcr_llc_add_link_cont {
	u8 link_num;
	u8 remaining;		/* including those in this message */
	struct smcr_llc_rtoken_pair rtoken[2];
};

struct smcr_llc_delete_link {
	u8 link_num;
	bool is_all;
	bool is_orderly;
	u32 reason;		/* enum smcr_llc_reason */
};

struct smcr_llc_req_add_link {
	u8 gid_count;		/* valid entries in @gid; more are cut */
	u8 gid[SMCR_CLC_MAX_GIDS][SMCR_GID_LEN];
};

struct smcr_llc_rtoken {
	u8 link_num;		/* 0 in the first entry: the carrying link */
	u32 rkey;
	u64 vaddr;
};

/**
 * struct smcr_llc_confirm_rkey - CONFIRM RKEY (wire.md 6.7)
 * @count: valid entries in @rtoken, at least 1; the first is for the link
 *	that carries the message. For the CONT form @count may be 0.
 * @announced: other links announced (request), even if they do not fit here
 * @rtoken: rkey and address of the new RMB on each link
 * @is_negative: response, the request failed
 * @is_retry: response, the sender may retry with another set of rkeys
 */
struct smcr_llc_confirm_rkey {
	u8 announced;
	u8 count;
	struct smcr_llc_rtoken rtoken[SMCR_LLC_MAX_LINKS];
	bool is_negative;
	bool is_retry;
};

struct smcr_llc_delete_rkey {
	u8 count;		/* valid entries in @rkey */
	u32 rkey[SMCR_LLC_MAX_RTOKENS];
	bool is_negative;
	u8 error_mask;		/* v1: mask, MSB first; v2: number invalid */
};

struct smcr_llc_test_link {
	u8 user_data[16];
};

/**
 * struct smcr_llc - one decoded LLC message
 * @version: 1 or 2, from the type byte
 * @type: enum smcr_llc_type
 * @is_response: response flag
 * @is_be: version 2: length, and number of rkeys in ADD LINK, are big-endian.
 *	Known of received messages of 44 bytes only, false for others
 * @u: content, the member named by @type
 */
struct smcr_llc {
	u8 version;
	u8 type;
	bool is_response;
	bool is_be;
	union {
		struct smcr_llc_confirm_link confirm_link;
		struct smcr_llc_add_link add_link;
		struct smcr_llc_add_link_cont add_link_cont;
		struct smcr_llc_delete_link delete_link;
		struct smcr_llc_req_add_link req_add_link;
		struct smcr_llc_confirm_rkey confirm_rkey;
		struct smcr_llc_delete_rkey delete_rkey;
		struct smcr_llc_test_link test_link;
	} u;
};

int smcr_llc_decode(const u8 *buf, size_t len, struct smcr_llc *msg);
int smcr_llc_encode(const struct smcr_llc *msg, u8 *buf, size_t cap);

#endif
