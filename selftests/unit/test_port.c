// SPDX-License-Identifier: GPL-2.0
/* Tests of wire/port.h: widths, order, and no byte more than named. */
#include "port.h"
#include "test.h"

static const u8 bytes[10] = {
	0x00, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x00
};

static void load_be__order(void)
{
	CHECK_EQ(smcr_load_be16(bytes + 1), 0x8192);
	CHECK_EQ(smcr_load_be24(bytes + 1), 0x8192a3);
	CHECK_EQ(smcr_load_be32(bytes + 1), 0x8192a3b4);
	CHECK_EQ(smcr_load_be64(bytes + 1), 0x8192a3b4c5d6e7f8ULL);
}

static void load_le__order(void)
{
	CHECK_EQ(smcr_load_le16(bytes + 1), 0x9281);
}

/* The top bit of every byte is set: sign extension would show. */
static void load__no_sign_extension(void)
{
	const u8 ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	CHECK_EQ(smcr_load_be16(ones), 0xffff);
	CHECK_EQ(smcr_load_be24(ones), 0xffffff);
	CHECK_EQ(smcr_load_be32(ones), 0xffffffff);
	CHECK_EQ(smcr_load_be64(ones), 0xffffffffffffffffULL);
	CHECK_EQ(smcr_load_le16(ones), 0xffff);
}

static void load__reads_only_its_bytes(void)
{
	u8 *p;

	p = test_copy(bytes, 2);
	CHECK_EQ(smcr_load_be16(p), 0x0081);
	CHECK_EQ(smcr_load_le16(p), 0x8100);
	free(p);
	p = test_copy(bytes, 3);
	CHECK_EQ(smcr_load_be24(p), 0x008192);
	free(p);
	p = test_copy(bytes, 4);
	CHECK_EQ(smcr_load_be32(p), 0x008192a3);
	free(p);
	p = test_copy(bytes, 8);
	CHECK_EQ(smcr_load_be64(p), 0x008192a3b4c5d6e7ULL);
	free(p);
}

/* Stores in the middle of a pattern and compares with the pattern around. */
#define CHECK_STORE(store, value, ...)					\
do {									\
	const u8 want[] = { 0xee, __VA_ARGS__, 0xee };			\
	u8 got[sizeof(want)];						\
									\
	memset(got, 0xee, sizeof(got));					\
	store(got + 1, value);						\
	CHECK_MEM(got, want, sizeof(want));				\
} while (0)

static void store_be__order(void)
{
	CHECK_STORE(smcr_store_be16, 0x8192, 0x81, 0x92);
	CHECK_STORE(smcr_store_be24, 0x8192a3, 0x81, 0x92, 0xa3);
	CHECK_STORE(smcr_store_be32, 0x8192a3b4, 0x81, 0x92, 0xa3, 0xb4);
	CHECK_STORE(smcr_store_be64, 0x8192a3b4c5d6e7f8ULL, 0x81, 0x92, 0xa3,
		    0xb4, 0xc5, 0xd6, 0xe7, 0xf8);
}

static void store_be24__drops_the_top_byte(void)
{
	CHECK_STORE(smcr_store_be24, 0x778192a3, 0x81, 0x92, 0xa3);
}

static void store_le__order(void)
{
	CHECK_STORE(smcr_store_le16, 0x8192, 0x92, 0x81);
}

static const struct test_case cases[] = {
	CASE(load_be__order),
	CASE(load_le__order),
	CASE(load__no_sign_extension),
	CASE(load__reads_only_its_bytes),
	CASE(store_be__order),
	CASE(store_be24__drops_the_top_byte),
	CASE(store_le__order),
};

TEST_MAIN(cases)
