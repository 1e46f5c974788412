/* SPDX-License-Identifier: GPL-2.0 */
/* The input of a stateful target: decisions, one after another. */
#ifndef SMCR_FUZZ_INPUT_H
#define SMCR_FUZZ_INPUT_H

#include "kernel.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
	const u8 *at;
	const u8 *end;
};

static inline bool input_is_over(const struct input *in)
{
	return in->at == in->end;
}

/* zero once it is over */
static inline u8 input_u8(struct input *in)
{
	return input_is_over(in) ? 0 : *in->at++;
}

static inline u16 input_u16(struct input *in)
{
	u8 high = input_u8(in);

	return (u16)(high << 8 | input_u8(in));
}

static inline u32 input_u32(struct input *in)
{
	u32 high = input_u16(in);

	return high << 16 | input_u16(in);
}

/* a length up to about twice @size, small ones and those near it alike */
static inline u32 input_len(struct input *in, u32 size)
{
	u8 b = input_u8(in);

	switch (b >> 6) {
	case 0:
		return b;
	case 1:
		return size - min(size, (u32)(b & 63));
	case 2:
		return size / 64 * (b & 63) + 1;
	default:
		return size + (b & 63) * (size / 64);
	}
}

#endif
