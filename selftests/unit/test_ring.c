// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of logic/ring.c, in its order. The model counts bytes one by one:
 * byte number n of a stream is at offset n % size, after n / size wraps.
 */
#include "ring.h"
#include "test.h"

#define WRAPS	65536ull

/* Starts of streams, in wraps: fresh, and around the wrap of the wrap. */
static const u64 eras[] = { 0, 1, WRAPS - 2, WRAPS - 1, WRAPS, 3 * WRAPS - 1 };

static struct smcr_cursor at(u64 total, u32 size)
{
	return (struct smcr_cursor){ .total = total,
				     .count = (u32)(total % size),
				     .wrap = (u16)(total / size % WRAPS) };
}

static struct smcr_cdc_cursor wire_at(u64 total, u32 size)
{
	return (struct smcr_cdc_cursor){ .wrap = (u16)(total / size % WRAPS),
					 .count = (u32)(total % size) };
}

static void check_at(const struct smcr_cursor *cur, u64 total, u32 size)
{
	CHECK_EQ(cur->total, total);
	CHECK_EQ(cur->count, total % size);
	CHECK_EQ(cur->wrap, total / size % WRAPS);
}

static void cursor_to_wire__fields(void)
{
	struct smcr_cursor cur = { .total = 1, .count = 0x89abcdef,
				   .wrap = 0xfedc };
	struct smcr_cdc_cursor wire = smcr_cursor_to_wire(&cur);

	CHECK_EQ(wire.count, 0x89abcdef);
	CHECK_EQ(wire.wrap, 0xfedc);
}

static void cursor_add__small_rings(void)
{
	struct smcr_cursor cur;
	u32 size, off, len;
	size_t e;

	for (e = 0; e < ARRAY_SIZE(eras); e++)
		for (size = 1; size <= 8; size++)
			for (off = 0; off < size; off++)
				for (len = 0; len <= size; len++) {
					u64 start = eras[e] * size + off;

					cur = at(start, size);
					smcr_cursor_add(&cur, len, size);
					check_at(&cur, start + len, size);
				}
}

static void cursor_sub__small_rings(void)
{
	struct smcr_cursor cur;
	u32 size, off, len;
	size_t e;

	for (e = 0; e < ARRAY_SIZE(eras); e++)
		for (size = 1; size <= 8; size++)
			for (off = 0; off < size; off++)
				for (len = 0; len <= size; len++) {
					u64 start = eras[e] * size + off;

					cur = at(start + len, size);
					smcr_cursor_sub(&cur, len, size);
					check_at(&cur, start, size);
				}
}

/* wire.md 8.2: a full 64 KiB write into an empty ring is wrap 1, count 0. */
static void cursor_add__full_ring(void)
{
	struct smcr_cursor cur = {};

	smcr_cursor_add(&cur, 65536, 65536);
	CHECK_EQ(cur.total, 65536);
	CHECK_EQ(cur.count, 0);
	CHECK_EQ(cur.wrap, 1);
}

/* The largest ring of wire.md 7.2: sums stay within 32 bits. */
static void cursor_add__largest_ring(void)
{
	const u32 size = 16384u << 15;
	struct smcr_cursor cur = { .total = size - 1, .count = size - 1 };

	smcr_cursor_add(&cur, size, size);
	CHECK_EQ(cur.count, size - 1);
	CHECK_EQ(cur.wrap, 1);
	smcr_cursor_add(&cur, 1, size);
	CHECK_EQ(cur.count, 0);
	CHECK_EQ(cur.wrap, 2);
	CHECK_EQ(cur.total, 2ull * size);
}

static void cursor_add__wrap_after_65535(void)
{
	struct smcr_cursor cur = { .count = 16383, .wrap = 65535 };

	smcr_cursor_add(&cur, 1, 16384);
	CHECK_EQ(cur.count, 0);
	CHECK_EQ(cur.wrap, 0);
	CHECK_EQ(cur.total, 1);
}

/* One update: what it returns and leaves behind. */
static void try_update(u64 from, u64 to, u32 size, u64 max_total)
{
	struct smcr_cdc_cursor wire = wire_at(to, size);
	struct smcr_cursor cur = at(from, size);
	int ret = smcr_cursor_update(&cur, &wire, size, max_total);

	if (to <= from) {
		CHECK_EQ(ret, 0);
		check_at(&cur, from, size);
	} else if (to > max_total) {
		CHECK_EQ(ret, -EPROTO);
		check_at(&cur, from, size);
	} else {
		CHECK_EQ(ret, to - from);
		check_at(&cur, to, size);
	}
}

static void cursor_update__small_rings(void)
{
	u64 start, from, to, max;
	size_t e;
	u32 size;

	for (e = 0; e < ARRAY_SIZE(eras); e++)
		for (size = 1; size <= 5; size++) {
			start = eras[e] * size;
			for (from = start; from <= start + 2 * size; from++)
				for (to = start; to <= start + 3 * size; to++)
					for (max = from ? from - 1 : 0;
					     max <= from + size; max++)
						try_update(from, to, size, max);
		}
}

static void cursor_update__count_outside_ring(void)
{
	static const u32 counts[] = { 16384, 16385, 65536, 0x80000000,
				      0xffffffff };
	struct smcr_cursor cur = at(20000, 16384);
	struct smcr_cdc_cursor wire;
	unsigned int wrap;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++)
		for (wrap = 0; wrap < WRAPS; wrap += 257) {
			wire = (struct smcr_cdc_cursor){ (u16)wrap, counts[i] };
			CHECK_EQ(smcr_cursor_update(&cur, &wire, 16384, ~0ull),
				 -EPROTO);
		}
	check_at(&cur, 20000, 16384);
	wire = (struct smcr_cdc_cursor){ 1, 16383 };
	CHECK_EQ(smcr_cursor_update(&cur, &wire, 16384, 32767), 32767 - 20000);
}

/* From the RFC's side: no peer may be a ring ahead of what it was told. */
static void cursor_update__beyond_limit(void)
{
	struct smcr_cursor cur = at(100, 65536);
	struct smcr_cdc_cursor wire = wire_at(65636 + 1, 65536);

	CHECK_EQ(smcr_cursor_update(&cur, &wire, 65536, 65636), -EPROTO);
	check_at(&cur, 100, 65536);
	wire = wire_at(65636, 65536);
	CHECK_EQ(smcr_cursor_update(&cur, &wire, 65536, 65636), 65536);
	check_at(&cur, 65636, 65536);
}

/* Half of all wraps is ahead of us, the other half is old. */
static void cursor_update__far_wraps(void)
{
	const u32 size = 16384u << 15;
	unsigned int step;

	for (step = 1; step < WRAPS; step++) {
		struct smcr_cursor cur = at(5ull * size + 7, size);
		struct smcr_cdc_cursor wire = { (u16)(5 + step), 7 };

		CHECK_EQ(smcr_cursor_update(&cur, &wire, size, cur.total + size),
			 step == 1 ? (int)size : step < 32768 ? -EPROTO : 0);
		check_at(&cur, (5ull + (step == 1)) * size + 7, size);
	}
}

/* Where both rings are, byte by byte; a piece ends where one of them does. */
static void check_spans(u32 src, u32 src_size, u32 dst, u32 dst_size, u32 len)
{
	/* exactly as large as promised: the sanitizer sees a fourth piece */
	struct smcr_span *span = malloc(SMCR_RING_MAX_SPANS * sizeof(*span));
	struct smcr_span want[SMCR_RING_MAX_SPANS + 1] = {};
	int count = 0, got;
	u32 i;

	if (!span)
		abort();
	for (i = 0; i < len; i++) {
		u32 s = (u32)(((u64)src + i) % src_size);
		u32 d = (u32)(((u64)dst + i) % dst_size);

		if (!i || !s || !d)
			want[count++] = (struct smcr_span){ s, d, 0 };
		want[count - 1].len++;
	}
	got = smcr_ring_spans(src, src_size, dst, dst_size, len, span);
	if (CHECK_EQ(got, count))
		CHECK_MEM(span, want, (size_t)count * sizeof(*span));
	free(span);
}

static void ring_spans__small_rings(void)
{
	u32 src, src_size, dst, dst_size, len;

	for (src_size = 1; src_size <= 8; src_size++)
		for (dst_size = 1; dst_size <= 8; dst_size++)
			for (src = 0; src < src_size; src++)
				for (dst = 0; dst < dst_size; dst++)
					for (len = 0; len <= src_size &&
					     len <= dst_size; len++)
						check_spans(src, src_size, dst,
							    dst_size, len);
}

static void ring_spans__real_sizes(void)
{
	static const u32 sizes[] = { 16384, 65536 };
	static const u32 back[] = { 1, 2, 100, 8191, 16384 };
	size_t a, b, i, j;

	for (a = 0; a < ARRAY_SIZE(sizes); a++)
		for (b = 0; b < ARRAY_SIZE(sizes); b++)
			for (i = 0; i < ARRAY_SIZE(back); i++)
				for (j = 0; j < ARRAY_SIZE(back); j++)
					check_spans(sizes[a] - back[i],
						    sizes[a],
						    sizes[b] - back[j],
						    sizes[b], 16384);
}

static void ring_spans__literal(void)
{
	static const struct smcr_span want[] = {
		{ 6, 2, 2 }, { 0, 4, 4 }, { 4, 0, 1 },
	};
	struct smcr_span span[SMCR_RING_MAX_SPANS] = {};

	CHECK_EQ(smcr_ring_spans(6, 8, 2, 8, 7, span), 3);
	CHECK_MEM(span, want, sizeof(want));
}

/* The thresholds of wire.md 8.5 for a ring of 64 KiB: a tenth and a half. */
static void ring_wants_update__thresholds(void)
{
	static const struct {
		u32 unannounced, used;
		bool is_blocked, want;
	} row[] = {
		/* nothing was read */
		{ 0, 0, false, false },
		{ 0, 65536, false, false },
		{ 0, 0, true, false },
		{ 0, 65536, true, false },
		/* all was read */
		{ 1, 1, false, false },
		{ 1, 1, true, true },
		{ 6553, 6553, true, true },
		{ 65536, 65536, true, true },
		{ 65536, 65536, false, true },
		/* the peer waits, more than a tenth counts */
		{ 1, 2, true, false },
		{ 6553, 6554, true, false },
		{ 6554, 6555, true, true },
		{ 6553, 65536, true, false },
		{ 6554, 65536, true, true },
		/* the peer does not wait: half of the ring counts, too */
		{ 6553, 65536, false, false },
		{ 6554, 65536, false, true },
		{ 6554, 32768, false, true },
		{ 6554, 32767, false, false },
		{ 32767, 32767, false, false },
		{ 32768, 32768, false, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++)
		if (!CHECK_EQ(smcr_ring_wants_update(row[i].unannounced,
						     row[i].used, 65536,
						     row[i].is_blocked),
			      row[i].want))
			printf("# row %zu\n", i);
}

/* A message that says nothing new is never due, in any ring. */
static void ring_wants_update__nothing_read(void)
{
	unsigned int code;
	u32 size;

	for (code = 0; code < 16; code++) {
		size = smcr_ring_code_size((u8)code);
		CHECK(!smcr_ring_wants_update(0, 0, size, false));
		CHECK(!smcr_ring_wants_update(0, 0, size, true));
		CHECK(!smcr_ring_wants_update(0, size, size, true));
	}
}

/*
 * A writer with more data than room, a reader of @step bytes: whatever the
 * step, the writer must never see a full ring while the reader finds nothing.
 */
static void check_progress(u32 size, u32 step)
{
	u64 written = 0, consumed = 0, announced = 0;
	bool is_blocked = false;
	int rounds;

	for (rounds = 0; rounds < 200; rounds++) {
		u64 room = size - (written - announced);

		if (room) {
			written += room;
			is_blocked = true;
		}
		if (!CHECK(consumed < written)) {
			printf("# size %u, step %u, round %d\n", size, step,
			       rounds);
			return;
		}
		consumed += written - consumed < step ? written - consumed :
							step;
		if (smcr_ring_wants_update((u32)(consumed - announced),
					   (u32)(written - announced), size,
					   is_blocked))
			announced = consumed;
	}
}

static void ring_wants_update__no_deadlock(void)
{
	u32 size, step;

	for (size = 1; size <= 64; size++)
		for (step = 1; step <= size; step++)
			check_progress(size, step);
	for (step = 1; step <= 16384; step += 37)
		check_progress(16384, step);
}

/* wire.md 7.2 */
static void ring_code_size__table(void)
{
	static const u32 size[16] = {
		16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152,
		4194304, 8388608, 16777216, 33554432, 67108864, 134217728,
		268435456, 536870912,
	};
	unsigned int code;

	for (code = 0; code < 16; code++)
		CHECK_EQ(smcr_ring_code_size((u8)code), size[code]);
	/* four bits are the code, whatever is in the others */
	CHECK_EQ(smcr_ring_code_size(0xf2), 65536);
}

static void ring_size_code__boundaries(void)
{
	unsigned int code;
	u32 size;

	CHECK_EQ(smcr_ring_size_code(0), 0);
	CHECK_EQ(smcr_ring_size_code(1), 0);
	for (code = 0; code < 16; code++) {
		size = 16384u << code;
		CHECK_EQ(smcr_ring_size_code(size - 1), code);
		CHECK_EQ(smcr_ring_size_code(size), code);
		CHECK_EQ(smcr_ring_size_code(size + 1), code < 15 ? code + 1 :
								    15);
	}
	CHECK_EQ(smcr_ring_size_code(0x80000000), 15);
	CHECK_EQ(smcr_ring_size_code(0xffffffff), 15);
}

static const struct test_case cases[] = {
	CASE(cursor_to_wire__fields),
	CASE(cursor_add__small_rings),
	CASE(cursor_sub__small_rings),
	CASE(cursor_add__full_ring),
	CASE(cursor_add__largest_ring),
	CASE(cursor_add__wrap_after_65535),
	CASE(cursor_update__small_rings),
	CASE(cursor_update__count_outside_ring),
	CASE(cursor_update__beyond_limit),
	CASE(cursor_update__far_wraps),
	CASE(ring_spans__small_rings),
	CASE(ring_spans__real_sizes),
	CASE(ring_spans__literal),
	CASE(ring_wants_update__thresholds),
	CASE(ring_wants_update__nothing_read),
	CASE(ring_wants_update__no_deadlock),
	CASE(ring_code_size__table),
	CASE(ring_size_code__boundaries),
};

TEST_MAIN(cases)
