/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings and their cursors (wire.md 8.2). A cursor on the wire is a wrap
 * count and an offset; here it also carries the number of all bytes that
 * ever passed it, so that distances are plain subtractions.
 */
#ifndef SMCR_LOGIC_RING_H
#define SMCR_LOGIC_RING_H

#include "../wire/cdc.h"

/* both rings may wrap inside one copy */
#define SMCR_RING_MAX_SPANS	3

/**
 * struct smcr_cursor - a position in a ring
 * @total: bytes that passed since the start
 * @count: offset in the ring, below its size
 * @wrap: times the ring was passed, modulo 65536
 */
struct smcr_cursor {
	u64 total;
	u32 count;
	u16 wrap;
};

/**
 * struct smcr_span - a piece without wrap in either ring
 * @src: offset in the source ring
 * @dst: offset in the target ring
 * @len: bytes
 */
struct smcr_span {
	u32 src;
	u32 dst;
	u32 len;
};

/**
 * smcr_cursor_to_wire() - the form a CDC message carries
 * @cur: a cursor
 *
 * Return: its wire form.
 */
static inline struct smcr_cdc_cursor
smcr_cursor_to_wire(const struct smcr_cursor *cur)
{
	return (struct smcr_cdc_cursor){ .wrap = cur->wrap,
					 .count = cur->count };
}

void smcr_cursor_add(struct smcr_cursor *cur, u32 len, u32 size);
void smcr_cursor_sub(struct smcr_cursor *cur, u32 len, u32 size);
int smcr_cursor_update(struct smcr_cursor *cur,
		       const struct smcr_cdc_cursor *wire, u32 size,
		       u64 max_total);
int smcr_ring_spans(u32 src, u32 src_size, u32 dst, u32 dst_size, u32 len,
		    struct smcr_span span[SMCR_RING_MAX_SPANS]);
bool smcr_ring_wants_update(u32 unannounced, u32 used, u32 size,
			    bool is_blocked);
u8 smcr_ring_size_code(u32 size);

/**
 * smcr_ring_code_size() - element size of a size code (wire.md 7.2)
 * @code: 0 to 15
 *
 * Return: bytes.
 */
static inline u32 smcr_ring_code_size(u8 code)
{
	return 16384u << (code & 0x0f);
}

#endif
