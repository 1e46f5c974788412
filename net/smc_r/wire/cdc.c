// SPDX-License-Identifier: GPL-2.0
/*
 * Encode and decode CDC messages (wire.md 8.1) and the control area at the
 * start of a DMB that replaces them in SMC-D (10.3). Both say the same thing,
 * but the area is in the host's own byte order and needs neither token nor
 * sequence number. Whether a cursor fits its ring is checked in logic/.
 */
#include "cdc.h"

enum {
	MSG_TYPE = 0,
	MSG_LEN = 1,
	MSG_SEQ = 2,
	MSG_TOKEN = 4,
	MSG_PROD_WRAP = 10,
	MSG_PROD_COUNT = 12,
	MSG_CONS_WRAP = 18,
	MSG_CONS_COUNT = 20,
	MSG_PROD_FLAGS = 24,
	MSG_STATE_FLAGS = 25,
	/* the rest is reserved and may be missing */
	MSG_MIN_LEN = 26,
};

enum {
	AREA_TYPE = 0,
	AREA_PROD_WRAP = 8,
	AREA_PROD_COUNT = 10,
	AREA_CONS_WRAP = 16,
	AREA_CONS_COUNT = 18,
	AREA_PROD_FLAGS = 22,
	AREA_STATE_FLAGS = 23,
};

enum {
	PROD_FLAGS = SMCR_CDC_WRITE_BLOCKED | SMCR_CDC_URG_PENDING |
		     SMCR_CDC_URG_PRESENT | SMCR_CDC_WANT_UPDATE |
		     SMCR_CDC_FAILOVER,
	STATE_FLAGS = SMCR_CDC_DONE_WRITING | SMCR_CDC_CLOSED |
		      SMCR_CDC_ABORT,
};

/**
 * smcr_cdc_decode() - decode a CDC message
 * @buf: received message
 * @len: received length
 * @msg: filled on success only; reserved flag bits read as 0
 *
 * wire.md 8.1 and the last paragraph of 8.4. The cursors are as sent and have
 * to be checked against the ring; with SMCR_CDC_FAILOVER set they mean
 * nothing (8.7).
 *
 * Return: 0, -EMSGSIZE when @len is less than 26, -EPROTO when the type or
 * the length byte is wrong.
 */
int smcr_cdc_decode(const u8 *buf, size_t len, struct smcr_cdc *msg)
{
	if (len < MSG_MIN_LEN)
		return -EMSGSIZE;
	if (buf[MSG_TYPE] != SMCR_CDC_TYPE || buf[MSG_LEN] != SMCR_CDC_LEN)
		return -EPROTO;

	msg->seq = smcr_load_be16(buf + MSG_SEQ);
	msg->token = smcr_load_be32(buf + MSG_TOKEN);
	msg->prod.wrap = smcr_load_be16(buf + MSG_PROD_WRAP);
	msg->prod.count = smcr_load_be32(buf + MSG_PROD_COUNT);
	msg->cons.wrap = smcr_load_be16(buf + MSG_CONS_WRAP);
	msg->cons.count = smcr_load_be32(buf + MSG_CONS_COUNT);
	msg->prod_flags = buf[MSG_PROD_FLAGS] & PROD_FLAGS;
	msg->state_flags = buf[MSG_STATE_FLAGS] & STATE_FLAGS;
	return 0;
}

/**
 * smcr_cdc_encode() - encode a CDC message
 * @msg: what to send
 * @buf: receives all SMCR_CDC_LEN bytes
 *
 * wire.md 8.1.
 */
void smcr_cdc_encode(const struct smcr_cdc *msg, u8 buf[SMCR_CDC_LEN])
{
	memset(buf, 0, SMCR_CDC_LEN);
	buf[MSG_TYPE] = SMCR_CDC_TYPE;
	buf[MSG_LEN] = SMCR_CDC_LEN;
	smcr_store_be16(buf + MSG_SEQ, msg->seq);
	smcr_store_be32(buf + MSG_TOKEN, msg->token);
	smcr_store_be16(buf + MSG_PROD_WRAP, msg->prod.wrap);
	smcr_store_be32(buf + MSG_PROD_COUNT, msg->prod.count);
	smcr_store_be16(buf + MSG_CONS_WRAP, msg->cons.wrap);
	smcr_store_be32(buf + MSG_CONS_COUNT, msg->cons.count);
	buf[MSG_PROD_FLAGS] = msg->prod_flags;
	buf[MSG_STATE_FLAGS] = msg->state_flags;
}

static void load_native(struct smcr_cdc_cursor *cursor, const u8 *wrap,
			const u8 *count)
{
	memcpy(&cursor->wrap, wrap, sizeof(cursor->wrap));
	memcpy(&cursor->count, count, sizeof(cursor->count));
}

static void store_native(const struct smcr_cdc_cursor *cursor, u8 *wrap,
			 u8 *count)
{
	memcpy(wrap, &cursor->wrap, sizeof(cursor->wrap));
	memcpy(count, &cursor->count, sizeof(cursor->count));
}

/**
 * smcr_cdc_decode_area() - decode the control area of a DMB
 * @buf: private copy of the area; the peer may write into the area itself at
 *	any time, so the caller copies its 8 byte words one access each
 * @len: number of bytes in @buf
 * @msg: filled on success only; sequence number and token are 0, reserved
 *	flag bits read as 0
 *
 * wire.md 10.3. The cursors are as sent and have to be checked against the
 * ring.
 *
 * Return: 0, -EMSGSIZE when @len is less than SMCR_CDC_AREA_LEN, -EPROTO
 * when the type is wrong, e.g. because the peer has not written yet.
 */
int smcr_cdc_decode_area(const u8 *buf, size_t len, struct smcr_cdc *msg)
{
	if (len < SMCR_CDC_AREA_LEN)
		return -EMSGSIZE;
	if (buf[AREA_TYPE] != SMCR_CDC_TYPE)
		return -EPROTO;

	msg->seq = 0;
	msg->token = 0;
	load_native(&msg->prod, buf + AREA_PROD_WRAP, buf + AREA_PROD_COUNT);
	load_native(&msg->cons, buf + AREA_CONS_WRAP, buf + AREA_CONS_COUNT);
	msg->prod_flags = buf[AREA_PROD_FLAGS] & PROD_FLAGS;
	msg->state_flags = buf[AREA_STATE_FLAGS] & STATE_FLAGS;
	return 0;
}

/**
 * smcr_cdc_encode_area() - encode the control area of a DMB
 * @msg: what to send; sequence number and token are not
 * @buf: receives all SMCR_CDC_AREA_LEN bytes
 *
 * wire.md 10.3.
 */
void smcr_cdc_encode_area(const struct smcr_cdc *msg,
			  u8 buf[SMCR_CDC_AREA_LEN])
{
	memset(buf, 0, SMCR_CDC_AREA_LEN);
	buf[AREA_TYPE] = SMCR_CDC_TYPE;
	store_native(&msg->prod, buf + AREA_PROD_WRAP, buf + AREA_PROD_COUNT);
	store_native(&msg->cons, buf + AREA_CONS_WRAP, buf + AREA_CONS_COUNT);
	buf[AREA_PROD_FLAGS] = msg->prod_flags;
	buf[AREA_STATE_FLAGS] = msg->state_flags;
}
