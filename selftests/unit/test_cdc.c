// SPDX-License-Identifier: GPL-2.0
/* Tests of wire/cdc.c, in its order. Offsets are those of wire.md 8.1, 10.3. */
#include "cdc.h"
#include "roundtrip.h"
#include "test.h"

static const u8 message[44] = {
	0xfe, 44, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0, 0,
	0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0, 0,
	0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0xa8, 0x40,
};

static void decode__fields(void)
{
	struct smcr_cdc m;

	memset(&m, 0xa5, sizeof(m));
	CHECK_EQ(smcr_cdc_decode(message, 44, &m), 0);
	CHECK_EQ(m.seq, 0x8182);
	CHECK_EQ(m.token, 0x83848586);
	CHECK_EQ(m.prod.wrap, 0x8788);
	CHECK_EQ(m.prod.count, 0x898a8b8c);
	CHECK_EQ(m.cons.wrap, 0x8d8e);
	CHECK_EQ(m.cons.count, 0x8f909192);
	CHECK_EQ(m.prod_flags, SMCR_CDC_WRITE_BLOCKED | SMCR_CDC_URG_PRESENT |
			       SMCR_CDC_FAILOVER);
	CHECK_EQ(m.state_flags, SMCR_CDC_CLOSED);
}

static void decode__truncated(void)
{
	struct smcr_cdc m;
	size_t len;
	u8 *cut;

	for (len = 0; len <= 44; len++) {
		cut = test_copy(message, len);
		CHECK_EQ(smcr_cdc_decode(cut, len, &m),
			 len < 26 ? -EMSGSIZE : 0);
		free(cut);
	}
}

/* v2 receive buffers are longer than the message. */
static void decode__bytes_behind(void)
{
	struct smcr_cdc m;
	u8 b[8192];

	memset(b, 0xff, sizeof(b));
	memcpy(b, message, sizeof(message));
	CHECK_EQ(smcr_cdc_decode(b, sizeof(b), &m), 0);
	CHECK_EQ(m.seq, 0x8182);
}

static void decode__type_and_length_byte(void)
{
	struct smcr_cdc m;
	unsigned int v;
	u8 b[44];

	memcpy(b, message, sizeof(b));
	for (v = 0; v < 256; v++) {
		b[0] = (u8)v;
		CHECK_EQ(smcr_cdc_decode(b, 44, &m), v == 0xfe ? 0 : -EPROTO);
	}
	b[0] = 0xfe;
	for (v = 0; v < 256; v++) {
		b[1] = (u8)v;
		CHECK_EQ(smcr_cdc_decode(b, 44, &m), v == 44 ? 0 : -EPROTO);
	}
}

static void decode__reserved_is_ignored(void)
{
	struct smcr_cdc clean, dirty;
	u8 b[44];

	memset(&clean, 0, sizeof(clean));
	memset(&dirty, 0, sizeof(dirty));
	memcpy(b, message, sizeof(b));
	CHECK_EQ(smcr_cdc_decode(b, 44, &clean), 0);
	memset(b + 8, 0xff, 2);
	memset(b + 16, 0xff, 2);
	b[24] |= 0x07;
	b[25] |= 0x1f;
	memset(b + 26, 0xff, 18);
	CHECK_EQ(smcr_cdc_decode(b, 44, &dirty), 0);
	CHECK_MEM(&dirty, &clean, sizeof(clean));
}

static void encode__all_bytes(void)
{
	struct smcr_cdc m;
	u8 b[46];

	CHECK_EQ(smcr_cdc_decode(message, 44, &m), 0);
	memset(b, 0xa5, sizeof(b));
	smcr_cdc_encode(&m, b + 1);
	CHECK_MEM(b + 1, message, 44);
	CHECK_EQ(b[0], 0xa5);
	CHECK_EQ(b[45], 0xa5);
}

static void encode__every_flag(void)
{
	static const u8 prod[] = { 0x80, 0x40, 0x20, 0x10, 0x08 };
	static const u8 state[] = { 0x80, 0x40, 0x20 };
	struct smcr_cdc m, again;
	u8 b[44];
	size_t i;

	for (i = 0; i < sizeof(prod); i++) {
		memset(&m, 0, sizeof(m));
		m.prod_flags = prod[i];
		smcr_cdc_encode(&m, b);
		CHECK_EQ(b[24], prod[i]);
		CHECK_EQ(b[25], 0);
		CHECK_EQ(smcr_cdc_decode(b, 44, &again), 0);
		CHECK_EQ(again.prod_flags, prod[i]);
		CHECK_EQ(again.state_flags, 0);
	}
	for (i = 0; i < sizeof(state); i++) {
		memset(&m, 0, sizeof(m));
		m.state_flags = state[i];
		smcr_cdc_encode(&m, b);
		CHECK_EQ(b[24], 0);
		CHECK_EQ(b[25], state[i]);
		CHECK_EQ(smcr_cdc_decode(b, 44, &again), 0);
		CHECK_EQ(again.prod_flags, 0);
		CHECK_EQ(again.state_flags, state[i]);
	}
}

static void encode__limits(void)
{
	struct smcr_cdc m, again;
	u8 b[44];

	memset(&m, 0, sizeof(m));
	memset(&again, 0, sizeof(again));
	m.seq = 0xffff;
	m.token = 0xffffffff;
	m.prod.wrap = 0xffff;
	m.prod.count = 0xffffffff;
	m.cons.wrap = 0xffff;
	m.cons.count = 0xffffffff;
	smcr_cdc_encode(&m, b);
	CHECK_EQ(smcr_cdc_decode(b, 44, &again), 0);
	CHECK_MEM(&again, &m, sizeof(m));
}

/* The area as this host writes it: offsets checked by native accesses. */
static void build_area(u8 *b)
{
	const u16 prod_wrap = 0x8182, cons_wrap = 0x8788;
	const u32 prod_count = 0x83848586, cons_count = 0x898a8b8c;

	memset(b, 0, 32);
	b[0] = 0xfe;
	memcpy(b + 8, &prod_wrap, 2);
	memcpy(b + 10, &prod_count, 4);
	memcpy(b + 16, &cons_wrap, 2);
	memcpy(b + 18, &cons_count, 4);
	b[22] = 0xf0;
	b[23] = 0xc0;
}

static void decode_area__fields(void)
{
	struct smcr_cdc m;
	u8 b[32];

	build_area(b);
	memset(&m, 0xa5, sizeof(m));
	CHECK_EQ(smcr_cdc_decode_area(b, 32, &m), 0);
	CHECK_EQ(m.seq, 0);
	CHECK_EQ(m.token, 0);
	CHECK_EQ(m.prod.wrap, 0x8182);
	CHECK_EQ(m.prod.count, 0x83848586);
	CHECK_EQ(m.cons.wrap, 0x8788);
	CHECK_EQ(m.cons.count, 0x898a8b8c);
	CHECK_EQ(m.prod_flags, 0xf0);
	CHECK_EQ(m.state_flags, 0xc0);
}

static void decode_area__truncated(void)
{
	struct smcr_cdc m;
	u8 b[32], *cut;
	size_t len;

	build_area(b);
	for (len = 0; len <= 32; len++) {
		cut = test_copy(b, len);
		CHECK_EQ(smcr_cdc_decode_area(cut, len, &m),
			 len < 32 ? -EMSGSIZE : 0);
		free(cut);
	}
}

/* A fresh DMB is zero. */
static void decode_area__type(void)
{
	struct smcr_cdc m;
	unsigned int v;
	u8 b[32];

	build_area(b);
	for (v = 0; v < 256; v++) {
		b[0] = (u8)v;
		CHECK_EQ(smcr_cdc_decode_area(b, 32, &m),
			 v == 0xfe ? 0 : -EPROTO);
	}
}

static void decode_area__reserved_is_ignored(void)
{
	struct smcr_cdc clean, dirty;
	u8 b[32];

	memset(&clean, 0, sizeof(clean));
	memset(&dirty, 0, sizeof(dirty));
	build_area(b);
	CHECK_EQ(smcr_cdc_decode_area(b, 32, &clean), 0);
	memset(b + 1, 0xff, 7);
	memset(b + 14, 0xff, 2);
	b[22] |= 0x07;
	b[23] |= 0x1f;
	memset(b + 24, 0xff, 8);
	CHECK_EQ(smcr_cdc_decode_area(b, 32, &dirty), 0);
	CHECK_MEM(&dirty, &clean, sizeof(clean));
}

static void encode_area__all_bytes(void)
{
	struct smcr_cdc m;
	u8 want[32], b[34];

	build_area(want);
	CHECK_EQ(smcr_cdc_decode_area(want, 32, &m), 0);
	/* neither is part of the area */
	m.seq = 0x1234;
	m.token = 0x12345678;
	memset(b, 0xa5, sizeof(b));
	smcr_cdc_encode_area(&m, b + 1);
	CHECK_MEM(b + 1, want, 32);
	CHECK_EQ(b[0], 0xa5);
	CHECK_EQ(b[33], 0xa5);
}

static void age__numbers_wrap(void)
{
	unsigned int last, ahead;

	CHECK_EQ(smcr_cdc_age(1, 0), 1);
	CHECK_EQ(smcr_cdc_age(0, 0xffff), 1);
	CHECK_EQ(smcr_cdc_age(0xffff, 0), -1);
	CHECK_EQ(smcr_cdc_age(0x8000, 1), 0x7fff);
	CHECK_EQ(smcr_cdc_age(0x8000, 0), -0x8000);
	for (last = 0; last < 0x10000; last += 255) {
		for (ahead = 0; ahead < 0x8000; ahead++) {
			u16 seq = (u16)(last + ahead);

			CHECK_EQ(smcr_cdc_age(seq, (u16)last), (int)ahead);
			CHECK_EQ(smcr_cdc_age((u16)last, seq), -(int)ahead);
		}
	}
}

static const struct test_case cases[] = {
	CASE(age__numbers_wrap),
	CASE(decode__fields),
	CASE(decode__truncated),
	CASE(decode__bytes_behind),
	CASE(decode__type_and_length_byte),
	CASE(decode__reserved_is_ignored),
	CASE(encode__all_bytes),
	CASE(encode__every_flag),
	CASE(encode__limits),
	CASE(decode_area__fields),
	CASE(decode_area__truncated),
	CASE(decode_area__type),
	CASE(decode_area__reserved_is_ignored),
	CASE(encode_area__all_bytes),
};

TEST_MAIN(cases)
