// SPDX-License-Identifier: GPL-2.0
/* Tests of wire/imm.h, the values of Documentation/imm.md. */
#include "imm.h"
#include "test.h"

static void make__documented_bits(void)
{
	CHECK_EQ(smcr_imm_make(0x01, false, 1), 0x01000001);
	CHECK_EQ(smcr_imm_make(0xff, false, SMCR_IMM_MAX_LEN), 0xff7fffff);
	CHECK_EQ(smcr_imm_make(0x01, true, 1), 0x01800001);
}

static void make__takes_the_slot_of_the_token(void)
{
	CHECK_EQ(smcr_imm_make(0x12345678, false, 5), 0x78000005);
}

static void make__comes_apart_again(void)
{
	static const u32 lens[] = { 0, 1, 0x10000, SMCR_IMM_MAX_LEN };
	u32 slot, blocked;
	size_t i;

	for (slot = 1; slot <= 255; slot++)
		for (blocked = 0; blocked <= 1; blocked++)
			for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
				u32 imm = smcr_imm_make(slot, blocked, lens[i]);

				CHECK_EQ(smcr_imm_slot(imm), slot);
				CHECK_EQ(smcr_imm_is_blocked(imm), blocked);
				CHECK_EQ(smcr_imm_len(imm), lens[i]);
			}
}

static void offer__needs_release_and_all_bytes(void)
{
	struct smcr_clc_proposal prop = { .release = 1 };

	CHECK_EQ(smcr_imm_offered(&prop), 0);
	smcr_imm_offer(&prop);
	CHECK_EQ(smcr_imm_offered(&prop), SMCR_IMM_EXTENSIONS);
	CHECK_EQ(smcr_load_be32(prop.vendor), 0x02535205);
	prop.release = 0;
	CHECK_EQ(smcr_imm_offered(&prop), 0);
	prop.release = 1;
	prop.vendor[3] = 0xff;
	CHECK_EQ(smcr_imm_offered(&prop), SMCR_IMM_EXTENSIONS);
	prop.vendor[0] = 0;
	CHECK_EQ(smcr_imm_offered(&prop), 0);
}

static void offer__bundles_need_plain_writes(void)
{
	struct smcr_clc_proposal prop = { .release = 1 };

	smcr_imm_offer(&prop);
	prop.vendor[3] = SMCR_VENDOR_BUNDLE;
	CHECK_EQ(smcr_imm_offered(&prop), 0);
	prop.vendor[3] = SMCR_VENDOR_IMM;
	CHECK_EQ(smcr_imm_offered(&prop), SMCR_VENDOR_IMM);
}

static void agree__needs_release_and_all_bytes(void)
{
	struct smcr_clc_fce fce = { .release = 1 };

	CHECK_EQ(smcr_imm_agreed(&fce), 0);
	smcr_imm_agree(&fce, 0);
	CHECK_EQ(smcr_load_be32(fce.vendor), 0);
	smcr_imm_agree(&fce, SMCR_IMM_EXTENSIONS);
	CHECK_EQ(smcr_imm_agreed(&fce), SMCR_IMM_EXTENSIONS);
	CHECK_EQ(smcr_load_be32(fce.vendor), 0x53520005);
	fce.release = 0;
	CHECK_EQ(smcr_imm_agreed(&fce), 0);
	fce.release = 1;
	fce.vendor[3] = 0;
	CHECK_EQ(smcr_imm_agreed(&fce), 0);
	fce.vendor[3] = 1;
	CHECK_EQ(smcr_imm_agreed(&fce), SMCR_VENDOR_IMM);
	fce.vendor[1] = 0;
	CHECK_EQ(smcr_imm_agreed(&fce), 0);
}

static const struct test_case cases[] = {
	CASE(make__documented_bits),
	CASE(make__takes_the_slot_of_the_token),
	CASE(make__comes_apart_again),
	CASE(offer__needs_release_and_all_bytes),
	CASE(offer__bundles_need_plain_writes),
	CASE(agree__needs_release_and_all_bytes),
};

TEST_MAIN(cases)
