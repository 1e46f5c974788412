// SPDX-License-Identifier: GPL-2.0
/* Tests of logic/urgent.c: the mark in a stream (wire.md 8.6). */
#include "urgent.h"
#include "test.h"

/* five bytes, the urgent one at position 5, more behind it */
static struct smcr_urgent held(void)
{
	struct smcr_urgent u = { 0 };

	smcr_urgent_arrive(&u, 6, 'x');
	return u;
}

static void announce__is_news_once(void)
{
	struct smcr_urgent u = { 0 };

	CHECK(smcr_urgent_announce(&u));
	CHECK(!smcr_urgent_announce(&u));
	CHECK_EQ(u.state, SMCR_URGENT_ANNOUNCED);
	smcr_urgent_arrive(&u, 1, 'x');
	CHECK_EQ(u.state, SMCR_URGENT_HELD);
	CHECK(smcr_urgent_announce(&u));
}

static void announce__has_no_place(void)
{
	struct smcr_urgent u = held();
	u64 pos;

	smcr_urgent_announce(&u);
	for (pos = 0; pos < 10; pos++) {
		CHECK(!smcr_urgent_is_next(&u, pos));
		CHECK(!smcr_urgent_is_at_mark(&u, pos, false));
		CHECK(!smcr_urgent_is_at_mark(&u, pos, true));
		CHECK_EQ(smcr_urgent_clip(&u, pos, 100), 100);
		smcr_urgent_pass(&u, pos, false);
		CHECK_EQ(u.state, SMCR_URGENT_ANNOUNCED);
	}
}

static void none__changes_nothing(void)
{
	struct smcr_urgent u = { 0 };

	CHECK(!smcr_urgent_is_next(&u, (u64)-1));
	CHECK(!smcr_urgent_is_at_mark(&u, 0, false));
	CHECK_EQ(smcr_urgent_clip(&u, 0, 7), 7);
}

static void clip__stops_before_the_byte(void)
{
	struct smcr_urgent u = held();

	CHECK_EQ(smcr_urgent_clip(&u, 0, 5), 5);
	CHECK_EQ(smcr_urgent_clip(&u, 0, 6), 5);
	CHECK_EQ(smcr_urgent_clip(&u, 0, 0xffffffff), 5);
	CHECK_EQ(smcr_urgent_clip(&u, 4, 100), 1);
	/* the byte itself, if somebody asks for it, and what follows */
	CHECK_EQ(smcr_urgent_clip(&u, 5, 100), 100);
	CHECK_EQ(smcr_urgent_clip(&u, 6, 100), 100);
}

static void mark__is_behind_a_byte_that_was_taken_out(void)
{
	struct smcr_urgent u = held();

	CHECK(!smcr_urgent_is_at_mark(&u, 4, false));
	CHECK(smcr_urgent_is_at_mark(&u, 5, false));
	CHECK(smcr_urgent_is_at_mark(&u, 6, false));
	CHECK(!smcr_urgent_is_at_mark(&u, 7, false));
}

static void mark__is_before_a_byte_in_line(void)
{
	struct smcr_urgent u = held();

	CHECK(!smcr_urgent_is_at_mark(&u, 4, true));
	CHECK(smcr_urgent_is_at_mark(&u, 5, true));
	CHECK(!smcr_urgent_is_at_mark(&u, 6, true));
}

static void next__is_the_byte_alone(void)
{
	struct smcr_urgent u = held();
	u64 pos;

	for (pos = 0; pos < 10; pos++)
		CHECK_EQ(smcr_urgent_is_next(&u, pos), pos == 5);
	u.state = SMCR_URGENT_TAKEN;
	CHECK(smcr_urgent_is_next(&u, 5));
}

static void pass__forgets_what_lies_behind(void)
{
	struct smcr_urgent u = held();

	smcr_urgent_pass(&u, 5, true);
	CHECK_EQ(u.state, SMCR_URGENT_HELD);
	smcr_urgent_pass(&u, 6, true);
	CHECK_EQ(u.state, SMCR_URGENT_NONE);

	u = held();
	smcr_urgent_pass(&u, 6, false);
	CHECK_EQ(u.state, SMCR_URGENT_HELD);
	smcr_urgent_pass(&u, 7, false);
	CHECK_EQ(u.state, SMCR_URGENT_NONE);
}

static void first_byte__can_be_urgent(void)
{
	struct smcr_urgent u = { 0 };

	smcr_urgent_arrive(&u, 1, 'x');
	CHECK(smcr_urgent_is_next(&u, 0));
	CHECK(smcr_urgent_is_at_mark(&u, 0, true));
	CHECK_EQ(smcr_urgent_clip(&u, 0, 3), 3);
}

static const struct test_case cases[] = {
	CASE(announce__is_news_once),
	CASE(announce__has_no_place),
	CASE(none__changes_nothing),
	CASE(clip__stops_before_the_byte),
	CASE(mark__is_behind_a_byte_that_was_taken_out),
	CASE(mark__is_before_a_byte_in_line),
	CASE(next__is_the_byte_alone),
	CASE(pass__forgets_what_lies_behind),
	CASE(first_byte__can_be_urgent),
};

TEST_MAIN(cases)
