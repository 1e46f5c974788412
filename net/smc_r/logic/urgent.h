/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The urgent byte of a stream, as its reader sees it (wire.md 8.6). There is
 * one at a time. Reads stop before it. Unless the application wants it in
 * line it is kept apart for MSG_OOB, and taken out of the ring as soon as all
 * before it has been read: a stock peer waits for that.
 */
#ifndef SMCR_LOGIC_URGENT_H
#define SMCR_LOGIC_URGENT_H

#include "../wire/port.h"

/**
 * enum smcr_urgent_state - what is known of the urgent byte
 * @SMCR_URGENT_NONE: there is none, or it lies behind the reader
 * @SMCR_URGENT_ANNOUNCED: the peer has one, but could not yet send it
 * @SMCR_URGENT_HELD: it is here and was not read by MSG_OOB
 * @SMCR_URGENT_TAKEN: it was, but its place in the stream is still known
 */
enum smcr_urgent_state {
	SMCR_URGENT_NONE,
	SMCR_URGENT_ANNOUNCED,
	SMCR_URGENT_HELD,
	SMCR_URGENT_TAKEN,
};

/**
 * struct smcr_urgent - the urgent byte
 * @state: what is known
 * @byte: its value, in states HELD and TAKEN
 * @end: position in the stream right behind it, in states HELD and TAKEN
 */
struct smcr_urgent {
	enum smcr_urgent_state state;
	u8 byte;
	u64 end;
};

bool smcr_urgent_announce(struct smcr_urgent *u);
void smcr_urgent_arrive(struct smcr_urgent *u, u64 end, u8 byte);
void smcr_urgent_take(struct smcr_urgent *u);
bool smcr_urgent_is_next(const struct smcr_urgent *u, u64 pos);
bool smcr_urgent_is_at_mark(const struct smcr_urgent *u, u64 pos,
			    bool is_inline);
u32 smcr_urgent_clip(const struct smcr_urgent *u, u64 pos, u32 len);
void smcr_urgent_pass(struct smcr_urgent *u, u64 pos, bool is_inline);

#endif
