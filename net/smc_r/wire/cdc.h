/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connection Data Control: the cursors and flags of one connection
 * (wire.md section 8.1), and the area that carries them in SMC-D (10.3).
 */
#ifndef SMCR_WIRE_CDC_H
#define SMCR_WIRE_CDC_H

#include "port.h"

#define SMCR_CDC_LEN		44
#define SMCR_CDC_TYPE		0xfe
#define SMCR_CDC_AREA_LEN	32

/* producer flags */
#define SMCR_CDC_WRITE_BLOCKED	0x80
#define SMCR_CDC_URG_PENDING	0x40
#define SMCR_CDC_URG_PRESENT	0x20
#define SMCR_CDC_WANT_UPDATE	0x10
#define SMCR_CDC_FAILOVER	0x08

/* connection state flags */
#define SMCR_CDC_DONE_WRITING	0x80
#define SMCR_CDC_CLOSED		0x40
#define SMCR_CDC_ABORT		0x20

struct smcr_cdc_cursor {
	u16 wrap;
	u32 count;
};

/**
 * struct smcr_cdc - a CDC message
 * @seq: sequence number
 * @token: alert token of the receiving side's connection
 * @prod: next byte the sender will write into the receiver's ring
 * @cons: next byte the sender will read from its own ring
 * @prod_flags: SMCR_CDC_WRITE_BLOCKED ...
 * @state_flags: SMCR_CDC_DONE_WRITING ...
 */
struct smcr_cdc {
	u16 seq;
	u32 token;
	struct smcr_cdc_cursor prod;
	struct smcr_cdc_cursor cons;
	u8 prod_flags;
	u8 state_flags;
};

int smcr_cdc_decode(const u8 *buf, size_t len, struct smcr_cdc *msg);
void smcr_cdc_encode(const struct smcr_cdc *msg, u8 buf[SMCR_CDC_LEN]);
int smcr_cdc_decode_area(const u8 *buf, size_t len, struct smcr_cdc *msg);
void smcr_cdc_encode_area(const struct smcr_cdc *msg,
			  u8 buf[SMCR_CDC_AREA_LEN]);

/**
 * smcr_cdc_age() - how much newer is a message? (wire.md 8.3)
 * @seq: its sequence number
 * @last: that of the last one
 *
 * Return: negative if it is older; numbers wrap.
 */
static inline s16 smcr_cdc_age(u16 seq, u16 last)
{
	return (s16)(u16)(seq - last);
}

#endif
