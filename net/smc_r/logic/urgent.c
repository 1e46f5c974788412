// SPDX-License-Identifier: GPL-2.0
/* The urgent byte of a stream (wire.md 8.6). */
#include "urgent.h"

static bool has_place(const struct smcr_urgent *u)
{
	return u->state == SMCR_URGENT_HELD || u->state == SMCR_URGENT_TAKEN;
}

/**
 * smcr_urgent_announce() - the peer said that an urgent byte will come
 * @u: what is known; an earlier byte becomes one like any other
 *
 * Return: true if that is news for the application.
 */
bool smcr_urgent_announce(struct smcr_urgent *u)
{
	if (u->state == SMCR_URGENT_ANNOUNCED)
		return false;
	WRITE_ONCE(u->state, SMCR_URGENT_ANNOUNCED);
	return true;
}

/**
 * smcr_urgent_arrive() - an urgent byte is in the ring
 * @u: what is known; an earlier byte becomes one like any other
 * @end: position in the stream right behind it, at least 1
 * @byte: its value
 */
void smcr_urgent_arrive(struct smcr_urgent *u, u64 end, u8 byte)
{
	u->end = end;
	u->byte = byte;
	WRITE_ONCE(u->state, SMCR_URGENT_HELD);
}

/**
 * smcr_urgent_take() - the application has read the byte by MSG_OOB
 * @u: in state HELD
 */
void smcr_urgent_take(struct smcr_urgent *u)
{
	WRITE_ONCE(u->state, SMCR_URGENT_TAKEN);
}

/**
 * smcr_urgent_is_next() - is the next byte in the ring the urgent one?
 * @u: what is known
 * @pos: position of the reader
 *
 * Return: true if it is.
 */
bool smcr_urgent_is_next(const struct smcr_urgent *u, u64 pos)
{
	return has_place(u) && pos == u->end - 1;
}

/**
 * smcr_urgent_is_at_mark() - has everything before the byte been read?
 * @u: what is known
 * @pos: position of the reader
 * @is_inline: the application wants the byte in line (SO_OOBINLINE); if not,
 *	it has been taken out of the ring when the reader came to it
 *
 * Return: true if so, and nothing behind it has been read (SIOCATMARK).
 */
bool smcr_urgent_is_at_mark(const struct smcr_urgent *u, u64 pos,
			    bool is_inline)
{
	return smcr_urgent_is_next(u, pos) ||
	       (!is_inline && has_place(u) && pos == u->end);
}

/**
 * smcr_urgent_clip() - do not read across the urgent byte
 * @u: what is known
 * @pos: position of the reader
 * @len: bytes that are to be read
 *
 * Return: @len, or less if the byte is among these and not their first.
 */
u32 smcr_urgent_clip(const struct smcr_urgent *u, u64 pos, u32 len)
{
	u64 place = u->end - 1;

	if (!has_place(u) || pos >= place || pos + len <= place)
		return len;
	return place - pos;
}

/**
 * smcr_urgent_pass() - the reader has moved
 * @u: what is known; forgotten when it lies behind
 * @pos: position of the reader
 * @is_inline: as in smcr_urgent_is_at_mark()
 */
void smcr_urgent_pass(struct smcr_urgent *u, u64 pos, bool is_inline)
{
	if (has_place(u) && pos >= u->end + !is_inline)
		WRITE_ONCE(u->state, SMCR_URGENT_NONE);
}
