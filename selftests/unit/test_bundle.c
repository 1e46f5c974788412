// SPDX-License-Identifier: GPL-2.0
/* Tests of wire/bundle.c, the layout of Documentation/imm.md. */
#include "bundle.h"
#include "imm.h"
#include "test.h"

static u32 add(u8 *buf, u32 len, u8 slot, const char *text)
{
	u32 size = strlen(text);

	len = smcr_bundle_add_entry(buf, len, smcr_imm_make(slot, false, size));
	memcpy(buf + len, text, size);
	return len + size;
}

static void finish__documented_bytes(void)
{
	static const u8 expected[] = {
		0xf5, 0, 0, 17,
		7, 0, 0, 3, 'a', 'b', 'c',
		255, 0, 0, 2, 'd', 'e',
	};
	u8 buf[64];
	u32 len;

	len = add(buf, 0, 7, "abc");
	len = add(buf, len, 255, "de");
	smcr_bundle_finish(buf, len);
	CHECK_EQ(len, sizeof(expected));
	CHECK(!memcmp(buf, expected, sizeof(expected)));
	CHECK_EQ(smcr_bundle_validate(buf, len), 0);
}

static void next__comes_apart_again(void)
{
	struct smcr_bundle_entry e;
	u32 pos = 0;
	u8 buf[64];
	u32 len;

	len = add(buf, 0, 7, "abc");
	len = add(buf, len, 255, "de");
	smcr_bundle_finish(buf, len);
	CHECK(smcr_bundle_next(buf, len, &pos, &e));
	CHECK_EQ(smcr_imm_slot(e.imm), 7);
	CHECK_EQ(e.len, 3);
	CHECK(!memcmp(buf + e.at, "abc", 3));
	CHECK(smcr_bundle_next(buf, len, &pos, &e));
	CHECK_EQ(smcr_imm_slot(e.imm), 255);
	CHECK_EQ(e.len, 2);
	CHECK(!memcmp(buf + e.at, "de", 2));
	CHECK(!smcr_bundle_next(buf, len, &pos, &e));
}

static void validate__every_shorter_length(void)
{
	u8 buf[64];
	u32 len, i;

	len = add(buf, 0, 7, "abc");
	len = add(buf, len, 255, "de");
	smcr_bundle_finish(buf, len);
	for (i = 0; i < len; i++)
		CHECK_EQ(smcr_bundle_validate(buf, i), -EBADMSG);
	/* and with a header that knows */
	for (i = 0; i < len; i++) {
		smcr_bundle_finish(buf, i);
		CHECK_EQ(smcr_bundle_validate(buf, i), i == 11 ? 0 : -EBADMSG);
	}
}

static void validate__wrong_header(void)
{
	u8 buf[64];
	u32 len = add(buf, 0, 7, "abc");

	smcr_bundle_finish(buf, len);
	buf[0] = 0xfe;
	CHECK_EQ(smcr_bundle_validate(buf, len), -EBADMSG);
	smcr_bundle_finish(buf, len + 1);
	CHECK_EQ(smcr_bundle_validate(buf, len), -EBADMSG);
}

static void validate__entry_without_data(void)
{
	u8 buf[64];
	u32 len = add(buf, 0, 7, "");

	smcr_bundle_finish(buf, len);
	CHECK_EQ(smcr_bundle_validate(buf, len), -EBADMSG);
	len = add(buf, len, 8, "x");
	smcr_bundle_finish(buf, len);
	CHECK_EQ(smcr_bundle_validate(buf, len), -EBADMSG);
}

static void validate__longest(void)
{
	static u8 buf[SMCR_BUNDLE_MAX_LEN + 1];
	u32 size = SMCR_BUNDLE_MAX_LEN - 8;

	smcr_bundle_add_entry(buf, 0, smcr_imm_make(1, true, size));
	smcr_bundle_finish(buf, SMCR_BUNDLE_MAX_LEN);
	CHECK_EQ(smcr_bundle_validate(buf, SMCR_BUNDLE_MAX_LEN), 0);
	smcr_bundle_add_entry(buf, 0, smcr_imm_make(1, true, size + 1));
	smcr_bundle_finish(buf, SMCR_BUNDLE_MAX_LEN + 1);
	CHECK_EQ(smcr_bundle_validate(buf, SMCR_BUNDLE_MAX_LEN + 1), -EBADMSG);
}

static const struct test_case cases[] = {
	CASE(finish__documented_bytes),
	CASE(next__comes_apart_again),
	CASE(validate__every_shorter_length),
	CASE(validate__wrong_header),
	CASE(validate__entry_without_data),
	CASE(validate__longest),
};

TEST_MAIN(cases)
