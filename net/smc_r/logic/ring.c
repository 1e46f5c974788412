// SPDX-License-Identifier: GPL-2.0
/* Rings and their cursors (wire.md 7.2, 8.2, 8.5). */
#include "ring.h"

/**
 * smcr_cursor_add() - advance a cursor
 * @cur: the cursor
 * @len: bytes, at most @size
 * @size: size of the ring in bytes
 */
void smcr_cursor_add(struct smcr_cursor *cur, u32 len, u32 size)
{
	WRITE_ONCE(cur->total, cur->total + len);
	if (len >= size - cur->count) {
		cur->count = len - (size - cur->count);
		cur->wrap++;
	} else {
		cur->count += len;
	}
}

/**
 * smcr_cursor_sub() - set a cursor back
 * @cur: the cursor
 * @len: bytes, at most @size and no more than ever passed
 * @size: size of the ring in bytes
 */
void smcr_cursor_sub(struct smcr_cursor *cur, u32 len, u32 size)
{
	cur->total -= len;
	if (len > cur->count) {
		cur->count += size - len;
		cur->wrap--;
	} else {
		cur->count -= len;
	}
}

/**
 * smcr_cursor_update() - take over a cursor that the peer sent
 * @cur: what is known so far
 * @wire: what the peer sent, unchecked
 * @size: size of the ring in bytes
 * @max_total: how far the cursor may have come at most
 *
 * Older cursors are ignored: messages are rolled back after a link change.
 *
 * Return: bytes by which @cur moved, 0 if @wire is old or equal, -EPROTO if
 * it is outside the ring or beyond @max_total; @cur is unchanged then.
 */
int smcr_cursor_update(struct smcr_cursor *cur,
		       const struct smcr_cdc_cursor *wire, u32 size,
		       u64 max_total)
{
	s16 wraps = (s16)(wire->wrap - cur->wrap);
	s64 delta;

	if (wire->count >= size)
		return -EPROTO;
	delta = (s64)wraps * size + wire->count - cur->count;
	if (delta <= 0)
		return 0;
	if (cur->total + (u64)delta > max_total)
		return -EPROTO;
	WRITE_ONCE(cur->total, cur->total + (u64)delta);
	cur->count = wire->count;
	cur->wrap = wire->wrap;
	return (int)delta;
}

/**
 * smcr_ring_spans() - cut a copy from ring to ring where either one wraps
 * @src: offset in the source ring
 * @src_size: its size
 * @dst: offset in the target ring
 * @dst_size: its size
 * @len: bytes, at most the smaller of both sizes
 * @span: receives the pieces in order
 *
 * Return: number of pieces, 0 for @len 0.
 */
int smcr_ring_spans(u32 src, u32 src_size, u32 dst, u32 dst_size, u32 len,
		    struct smcr_span span[SMCR_RING_MAX_SPANS])
{
	int n = 0;

	while (len) {
		u32 part = len;

		if (part > src_size - src)
			part = src_size - src;
		if (part > dst_size - dst)
			part = dst_size - dst;
		span[n++] = (struct smcr_span){ src, dst, part };
		len -= part;
		src = src + part == src_size ? 0 : src + part;
		dst = dst + part == dst_size ? 0 : dst + part;
	}
	return n;
}

/**
 * smcr_ring_wants_update() - does the peer need a consumer cursor now?
 * @unannounced: bytes read since the last cursor that the peer got
 * @used: bytes in the ring as the peer sees it, @unannounced included
 * @size: size of the ring
 * @is_blocked: the peer said that it waits for room
 *
 * The thresholds of wire.md 8.5: comparable to what stock peers expect, and
 * no message for exchanges that stay small, as answers carry the cursor.
 *
 * Return: true if a message is due.
 */
bool smcr_ring_wants_update(u32 unannounced, u32 used, u32 size,
			    bool is_blocked)
{
	u32 limit = size / 10;

	if (!unannounced)
		return false;
	/* nothing left to read: what the peer waits for is this update */
	if (is_blocked && used == unannounced)
		return true;
	if (unannounced <= limit)
		return false;
	return is_blocked || size - used <= size / 2;
}

/**
 * smcr_ring_size_code() - size code for a wanted size (wire.md 7.2)
 * @size: wanted bytes
 *
 * Return: the code of the smallest element that is not smaller, at most 15.
 */
u8 smcr_ring_size_code(u32 size)
{
	u8 code = 0;

	while (code < 15 && smcr_ring_code_size(code) < size)
		code++;
	return code;
}
