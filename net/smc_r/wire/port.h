/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one file of wire/ and logic/ that differs between kernel and user
 * space: fixed-width types, errno values, byte-wise loads and stores.
 * Everything else in these two folders is plain C and is compiled as it is
 * into the module, the unit tests and the fuzzers.
 */
#ifndef SMCR_WIRE_PORT_H
#define SMCR_WIRE_PORT_H

#ifdef __KERNEL__

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

#endif

static inline u16 smcr_load_be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 smcr_load_be24(const u8 *p)
{
	return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

static inline u32 smcr_load_be32(const u8 *p)
{
	return (u32)p[0] << 24 | smcr_load_be24(p + 1);
}

static inline u64 smcr_load_be64(const u8 *p)
{
	return (u64)smcr_load_be32(p) << 32 | smcr_load_be32(p + 4);
}

static inline u16 smcr_load_le16(const u8 *p)
{
	return (u16)(p[1] << 8 | p[0]);
}

static inline void smcr_store_be16(u8 *p, u16 v)
{
	p[0] = v >> 8 & 0xff;
	p[1] = v & 0xff;
}

static inline void smcr_store_be24(u8 *p, u32 v)
{
	p[0] = v >> 16 & 0xff;
	smcr_store_be16(p + 1, v & 0xffff);
}

static inline void smcr_store_be32(u8 *p, u32 v)
{
	smcr_store_be16(p, v >> 16 & 0xffff);
	smcr_store_be16(p + 2, v & 0xffff);
}

static inline void smcr_store_be64(u8 *p, u64 v)
{
	smcr_store_be32(p, (u32)(v >> 32));
	smcr_store_be32(p + 4, (u32)v);
}

static inline void smcr_store_le16(u8 *p, u16 v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8 & 0xff;
}

#endif
