/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a connection ends (wire.md section 9, Documentation/states.md). What
 * was announced and what was received decides everything; the RFC's state
 * names are derived from it in one place, for those who ask.
 */
#ifndef SMCR_LOGIC_CLOSE_H
#define SMCR_LOGIC_CLOSE_H

#include "../wire/cdc.h"

#define SMCR_CLOSE_FINAL	(SMCR_CDC_CLOSED | SMCR_CDC_ABORT)
#define SMCR_CLOSE_FLAGS	(SMCR_CDC_DONE_WRITING | SMCR_CLOSE_FINAL)

/* numbers of userspace-abi.md 1.4 */
enum smcr_state {
	SMCR_ACTIVE = 1,
	SMCR_INIT = 2,
	SMCR_CLOSED = 7,
	SMCR_LISTEN = 10,
	SMCR_PEERCLOSEWAIT1 = 20,
	SMCR_PEERCLOSEWAIT2 = 21,
	SMCR_APPCLOSEWAIT1 = 22,
	SMCR_APPCLOSEWAIT2 = 23,
	SMCR_APPFINCLOSEWAIT = 24,
	SMCR_PEERFINCLOSEWAIT = 25,
	SMCR_PEERABORTWAIT = 26,
	SMCR_PROCESSABORT = 27,
};

/**
 * struct smcr_close - progress of closing
 * @want: flags that our side decided on; sent once the data before them is
 * @sent: flags that the peer has been told
 * @rcvd: flags received from the peer
 * @is_passive: the peer was first
 */
struct smcr_close {
	u8 want;
	u8 sent;
	u8 rcvd;
	bool is_passive;
};

/* local events */
enum smcr_close_event {
	SMCR_CLOSE_SHUT_WR,	/* no more data from the application */
	SMCR_CLOSE_CLOSE,	/* the application is gone */
	SMCR_CLOSE_RESET,	/* ... and data is or will be lost */
};

void smcr_close_local(struct smcr_close *c, enum smcr_close_event event);
u8 smcr_close_remote(struct smcr_close *c, u8 flags);
u8 smcr_close_due(const struct smcr_close *c, bool is_drained);
enum smcr_state smcr_close_state(const struct smcr_close *c);

/**
 * smcr_close_is_finished() - have both sides said their last?
 * @c: progress
 *
 * The peer may write into our ring until its final flag came, and waits
 * with its own until ours did. Then token and rings can be given away, once
 * our flag is known to have arrived.
 *
 * Return: true if both final flags have been exchanged.
 */
static inline bool smcr_close_is_finished(const struct smcr_close *c)
{
	return (c->sent & SMCR_CLOSE_FINAL) && (c->rcvd & SMCR_CLOSE_FINAL);
}

#endif
