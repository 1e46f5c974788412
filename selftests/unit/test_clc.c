// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of wire/clc.c, in its order. The messages are written down byte by
 * byte with the offsets of wire.md section 2, independently of the codec.
 */
#include "clc.h"
#include "roundtrip.h"
#include "test.h"

static const u8 smcr[4] = { 0xe2, 0xd4, 0xc3, 0xd9 };
static const u8 smcd[4] = { 0xe2, 0xd4, 0xc3, 0xc4 };

/* Header and trailer of a message of @len bytes; the rest stays. */
static void frame(u8 *buf, size_t len, u8 type, u8 byte7)
{
	memcpy(buf, smcr, 4);
	buf[4] = type;
	buf[5] = (u8)(len >> 8);
	buf[6] = (u8)len;
	buf[7] = byte7;
	memcpy(buf + len - 4, smcr, 4);
}

/* @count distinct bytes, different for each @seed. */
static void fill(void *p, size_t count, u8 seed)
{
	u8 *b = p;
	size_t i;

	for (i = 0; i < count; i++)
		b[i] = (u8)(seed + 7 * i + 1);
}

static void be16(u8 *p, unsigned int v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* ------------------------------------------------------------- header */

static void decode_hdr__fields(void)
{
	struct smcr_clc_hdr hdr;
	u8 b[8];

	memcpy(b, smcr, 4);
	b[4] = 2;
	b[5] = 0x12;
	b[6] = 0x34;
	b[7] = 0x2d;
	CHECK_EQ(smcr_clc_decode_hdr(b, 8, &hdr), 0);
	CHECK_EQ(hdr.type, SMCR_CLC_ACCEPT);
	CHECK_EQ(hdr.len, 0x1234);
	CHECK_EQ(hdr.version, 2);
	CHECK_EQ(hdr.flags, 0x0d);
}

static void decode_hdr__either_eyecatcher(void)
{
	struct smcr_clc_hdr hdr;
	unsigned int i, flip;
	u8 b[28];

	memset(b, 0, sizeof(b));
	frame(b, 28, 4, 0x10);
	CHECK_EQ(smcr_clc_decode_hdr(b, 8, &hdr), 0);
	for (i = 0; i < 4; i++) {
		for (flip = 1; flip < 256; flip++) {
			b[i] ^= flip;
			CHECK_EQ(smcr_clc_decode_hdr(b, 8, &hdr),
				 memcmp(b, smcd, 4) ? -EPROTO : 0);
			b[i] ^= flip;
		}
	}
}

static void decode_hdr__truncated(void)
{
	struct smcr_clc_hdr hdr;
	u8 b[28], *cut;
	size_t len;

	memset(b, 0, sizeof(b));
	frame(b, 28, 4, 0x10);
	for (len = 0; len < 8; len++) {
		cut = test_copy(b, len);
		CHECK_EQ(smcr_clc_decode_hdr(cut, len, &hdr), -EMSGSIZE);
		free(cut);
	}
}

static void decode_hdr__types(void)
{
	struct smcr_clc_hdr hdr;
	unsigned int type;
	u8 b[28];

	memset(b, 0, sizeof(b));
	for (type = 0; type < 256; type++) {
		frame(b, 28, (u8)type, 0x10);
		CHECK_EQ(smcr_clc_decode_hdr(b, 8, &hdr),
			 type >= 1 && type <= 4 ? 0 : -EPROTO);
	}
}

static void decode_hdr__versions(void)
{
	struct smcr_clc_hdr hdr;
	unsigned int version;
	u8 b[28];

	memset(b, 0, sizeof(b));
	for (version = 0; version < 16; version++) {
		frame(b, 28, 4, (u8)(version << 4));
		CHECK_EQ(smcr_clc_decode_hdr(b, 8, &hdr),
			 version ? 0 : -EPROTO);
		if (version)
			CHECK_EQ(hdr.version, version);
	}
}

static void decode_hdr__lengths(void)
{
	struct smcr_clc_hdr hdr;
	unsigned int len;
	u8 b[28];

	memset(b, 0, sizeof(b));
	frame(b, 28, 4, 0x10);
	for (len = 0; len < 65536; len++) {
		be16(b + 5, len);
		CHECK_EQ(smcr_clc_decode_hdr(b, 8, &hdr),
			 len < 28 ? -EPROTO : 0);
	}
}

/* ----------------------------------------------------------- proposal */

/* Offsets in a message built by build_proposal(). */
struct layout {
	size_t ip;
	size_t v2;
	size_t smcd_v2;
	size_t len;
};

/*
 * A stock style version 2 PROPOSAL full of distinct bytes: @typev1, @typev2
 * as on the wire, @n IPv6 prefixes, @e EIDs, @g GIDs.
 */
static struct layout build_proposal(u8 *b, u8 typev1, u8 typev2,
				    unsigned int n, unsigned int e,
				    unsigned int g)
{
	struct layout at = { 0 };
	size_t end = 80;
	unsigned int i;

	memset(b, 0, 1024);
	fill(b + 8, 30, 0x10);
	fill(b + 40, 10, 0x20);
	b[47] = 3;
	fill(b + 52, 8, 0x30);
	if (typev1 != 2) {
		at.ip = end;
		be16(b + 38, (unsigned int)(end - 40));
		fill(b + end, 4, 0x40);
		b[end + 4] = 24;
		b[end + 7] = (u8)n;
		for (i = 0; i < n; i++) {
			fill(b + end + 8 + 17 * i, 16, (u8)(0x50 + i));
			b[end + 24 + 17 * i] = (u8)(64 + i);
		}
		end += 8 + 17 * n;
	}
	if (typev2 != 2) {
		at.v2 = end;
		be16(b + 50, (unsigned int)(end - 52));
		b[end] = (u8)e;
		b[end + 1] = (u8)g;
		b[end + 3] = 0x11;
		fill(b + end + 8, 16, 0x60);
		b[end + 24] = 200;
		b[end + 25] = 2;
		be16(b + end + 26, 0x8001);
		for (i = 0; i < e; i++)
			fill(b + end + 40 + 32 * i, 32, (u8)(0x70 + i));
		end += 40 + 32 * e;
	}
	if (typev2 == 1 || typev2 == 3) {
		at.smcd_v2 = end;
		be16(b + at.v2 + 6, (unsigned int)(end - at.v2 - 8));
		fill(b + end, 32, 0x80);
		for (i = 0; i < g; i++)
			fill(b + end + 48 + 10 * i, 10, (u8)(0x90 + i));
		end += 48 + 10 * g;
	}
	at.len = end + 4;
	frame(b, at.len, 1, (u8)(0x20 | typev2 << 2 | typev1));
	return at;
}

static void check_proposal(const struct smcr_clc_proposal *m, const u8 *b,
			   const struct layout *at, unsigned int n,
			   unsigned int e, unsigned int g)
{
	unsigned int i;

	CHECK_EQ(m->version, 2);
	CHECK_EQ(m->typev1, b[7] & 3);
	CHECK_EQ(m->typev2, b[7] >> 2 & 3);
	CHECK_MEM(m->peer_id, b + 8, 8);
	CHECK_MEM(m->gid_v1, b + 16, 16);
	CHECK_MEM(m->mac, b + 32, 6);
	CHECK_EQ(m->has_smcd_area, true);
	CHECK_EQ(m->ism_gid, smcr_load_be64(b + 40));
	CHECK_EQ(m->ism_chid, smcr_load_be16(b + 48));
	CHECK_MEM(m->vendor, b + 52, 8);
	CHECK_EQ(m->has_ip, at->ip != 0);
	CHECK_EQ(m->ip6_count, at->ip ? n : 0);
	if (at->ip) {
		CHECK_MEM(m->ip4_subnet, b + at->ip, 4);
		CHECK_EQ(m->ip4_prefix_len, 24);
		for (i = 0; i < n; i++) {
			CHECK_MEM(m->ip6[i].addr, b + at->ip + 8 + 17 * i, 16);
			CHECK_EQ(m->ip6[i].len, 64 + i);
		}
	}
	CHECK_EQ(m->has_v2, at->v2 != 0);
	CHECK_EQ(m->eid_count, at->v2 ? e : 0);
	if (at->v2) {
		CHECK_EQ(m->release, 1);
		CHECK_EQ(m->has_seid, true);
		CHECK_MEM(m->roce_gid, b + at->v2 + 8, 16);
		CHECK_EQ(m->max_conns, 200);
		CHECK_EQ(m->max_links, 2);
		CHECK_EQ(m->feature_mask, 0x8001);
		for (i = 0; i < e; i++)
			CHECK_MEM(m->eid[i], b + at->v2 + 40 + 32 * i, 32);
	}
	CHECK_EQ(m->has_smcd_v2, at->smcd_v2 != 0);
	CHECK_EQ(m->ism_count, at->smcd_v2 ? g : 0);
	if (at->smcd_v2) {
		const u8 *p = b + at->smcd_v2;

		CHECK_MEM(m->seid, p, 32);
		for (i = 0; i < g; i++) {
			CHECK_EQ(m->ism[i].gid,
				 smcr_load_be64(p + 48 + 10 * i));
			CHECK_EQ(m->ism[i].chid,
				 smcr_load_be16(p + 56 + 10 * i));
		}
	}
}

/* Contents and byte identity; the length, or 0 if refused. */
static size_t check_layout(u8 typev1, u8 typev2, unsigned int n,
			   unsigned int e, unsigned int g)
{
	bool valid = n <= 8 && e <= 8 && g <= 8;
	struct smcr_clc_proposal m;
	u8 b[1024], out[1024], *exact;
	struct layout at;
	int rc;

	at = build_proposal(b, typev1, typev2, n, e, g);
	exact = test_copy(b, at.len);
	memset(&m, 0xa5, sizeof(m));
	rc = smcr_clc_decode_proposal(exact, at.len, &m);
	if (!CHECK_EQ(rc, valid ? 0 : -EPROTO))
		printf("#   typev1 %u typev2 %u n %u e %u g %u\n", typev1,
		       typev2, n, e, g);
	free(exact);
	if (rc)
		return 0;
	check_proposal(&m, b, &at, n, e, g);
	memset(out, 0xa5, sizeof(out));
	CHECK_EQ(smcr_clc_encode_proposal(&m, out, sizeof(out)), at.len);
	CHECK_MEM(out, b, at.len);
	return at.len;
}

/* All counts up to one above the limit; the greatest length accepted. */
static size_t check_counts(u8 typev1, u8 typev2)
{
	unsigned int max_n = typev1 == 2 ? 0 : 9;
	unsigned int max_e = typev2 == 2 ? 0 : 9;
	unsigned int max_g = typev2 & 1 ? 9 : 0;
	size_t len, longest = 0;
	unsigned int n, e, g;

	for (n = 0; n <= max_n; n++) {
		for (e = 0; e <= max_e; e++) {
			for (g = 0; g <= max_g; g++) {
				len = check_layout(typev1, typev2, n, e, g);
				if (len > longest)
					longest = len;
			}
		}
	}
	return longest;
}

static void decode_proposal__all_layouts(void)
{
	size_t len, longest = 0;
	u8 types;

	for (types = 0; types < 16; types++) {
		len = check_counts(types & 3, types >> 2);
		if (len > longest)
			longest = len;
	}
	/* the receive buffer of stock is made for this one */
	CHECK_EQ(longest, 652);
}

static void decode_proposal__wrong_type(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], type;

	at = build_proposal(b, 0, 0, 0, 1, 0);
	for (type = 2; type <= 4; type++) {
		b[4] = type;
		CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), -EPROTO);
	}
}

static void decode_proposal__trailer(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024];
	size_t i;

	at = build_proposal(b, 0, 0, 0, 1, 0);
	memcpy(b + at.len - 4, smcd, 4);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	for (i = at.len - 4; i < at.len; i++) {
		b[i] ^= 0x40;
		CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), -EPROTO);
		b[i] ^= 0x40;
	}
}

/* A reader may have peeked at more than the message. */
static void decode_proposal__bytes_behind(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024];

	at = build_proposal(b, 0, 0, 0, 1, 0);
	memset(b + at.len, 0xff, 100);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len + 100, &m), 0);
	check_proposal(&m, b, &at, 0, 1, 0);
}

static void decode_proposal__truncated(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], *cut;
	size_t len;

	at = build_proposal(b, 3, 3, 8, 8, 8);
	for (len = 0; len < at.len; len++) {
		cut = test_copy(b, len);
		CHECK_EQ(smcr_clc_decode_proposal(cut, len, &m), -EMSGSIZE);
		free(cut);
	}
}

/* Any other length field than that of the formula is refused. */
static void decode_proposal__exact_length(void)
{
	struct smcr_clc_proposal m;
	u8 b[2048], typev2;
	struct layout at;
	unsigned int len;

	for (typev2 = 0; typev2 < 4; typev2++) {
		memset(b, 0, sizeof(b));
		at = build_proposal(b, 0, typev2, 1, 2, 2);
		for (len = 28; len < 1500; len++) {
			u8 *exact = test_copy(b, len);

			frame(exact, len, 1, b[7]);
			if (!CHECK_EQ(smcr_clc_decode_proposal(exact, len, &m),
				      len == at.len ? 0 : -EPROTO))
				printf("#   length %u\n", len);
			free(exact);
		}
	}
}

/* Length field above the receive buffer: the reader cuts the message. */
static void decode_proposal__cut_is_refused(void)
{
	struct smcr_clc_proposal m;
	u8 b[1024];

	build_proposal(b, 3, 3, 8, 8, 8);
	be16(b + 5, 1025);
	CHECK_EQ(smcr_clc_decode_proposal(b, 1024, &m), -EPROTO);
	be16(b + 5, 65535);
	CHECK_EQ(smcr_clc_decode_proposal(b, 1024, &m), -EPROTO);
}

static void decode_proposal__later_version_is_2(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	unsigned int version;
	u8 b[1024];

	at = build_proposal(b, 0, 0, 0, 1, 0);
	for (version = 3; version < 16; version++) {
		b[7] = (u8)(version << 4);
		CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
		check_proposal(&m, b, &at, 0, 1, 0);
	}
}

/*
 * Every value of the three offsets, in a buffer of exact size: accepted only
 * where the area lies inside; nothing outside is read.
 */
static void decode_proposal__any_offset(void)
{
	unsigned int off, accepted;
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], *exact;
	int rc;

	at = build_proposal(b, 0, 3, 0, 1, 2);
	exact = test_copy(b, at.len);

	for (off = 0; off < 65536; off++) {
		be16(exact + 38, off);
		rc = smcr_clc_decode_proposal(exact, at.len, &m);
		/* any prefix count but 0 does not fit the length */
		CHECK_EQ(rc, off <= 40 && !exact[47 + off] ? 0 : -EPROTO);
	}
	be16(exact + 38, 40);

	accepted = 0;
	for (off = 0; off < 65536; off++) {
		be16(exact + 50, off);
		rc = smcr_clc_decode_proposal(exact, at.len, &m);
		if (!off || off > 172)
			CHECK_EQ(rc, -EPROTO);
		accepted += !rc;
	}
	CHECK(accepted >= 1);
	be16(exact + 50, (unsigned int)at.v2 - 52);

	for (off = 0; off < 65536; off++) {
		size_t end = at.v2 + 8 + off + 48 + 20;

		be16(exact + at.v2 + 6, off);
		rc = smcr_clc_decode_proposal(exact, at.len, &m);
		CHECK_EQ(rc, !off || end <= at.len - 4 ? 0 : -EPROTO);
	}
	be16(exact + at.v2 + 6, (unsigned int)(at.smcd_v2 - at.v2 - 8));
	CHECK_EQ(smcr_clc_decode_proposal(exact, at.len, &m), 0);
	free(exact);
}

/*
 * As in stock the offsets decide where an area is. The length leaves no room
 * for gaps, so areas that are moved overlap; that is odd, but not refused.
 */
static void decode_proposal__offsets_are_followed(void)
{
	struct layout at, moved;
	struct smcr_clc_proposal m;
	u8 b[1024], s[1024];

	at = build_proposal(b, 2, 3, 0, 1, 1);
	moved = at;
	moved.v2 = at.v2 + 10;
	memcpy(s, b, sizeof(s));
	memset(s + at.v2, 0, 10);
	memcpy(s + moved.v2, b + at.v2, 72);
	memcpy(s + at.smcd_v2, b + at.smcd_v2, 58);
	be16(s + 50, (unsigned int)moved.v2 - 52);
	be16(s + moved.v2 + 6, (unsigned int)(at.smcd_v2 - moved.v2 - 8));
	CHECK_EQ(smcr_clc_decode_proposal(s, at.len, &m), 0);
	check_proposal(&m, s, &moved, 0, 1, 1);
}

/* The right length, but the last EID or GID would be behind the trailer. */
static void decode_proposal__area_sticks_out(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], *exact;
	size_t shift;

	for (shift = 1; shift <= 30; shift++) {
		at = build_proposal(b, 2, 0, 0, 1, 0);
		memmove(b + at.v2 + shift, b + at.v2, 40);
		be16(b + 50, (unsigned int)(at.v2 + shift - 52));
		exact = test_copy(b, at.len);
		CHECK_EQ(smcr_clc_decode_proposal(exact, at.len, &m),
			 -EPROTO);
		free(exact);

		at = build_proposal(b, 2, 1, 0, 1, 1);
		be16(b + at.v2 + 6,
		     (unsigned int)(at.smcd_v2 + shift - at.v2 - 8));
		exact = test_copy(b, at.len);
		CHECK_EQ(smcr_clc_decode_proposal(exact, at.len, &m),
			 -EPROTO);
		free(exact);
	}
}

/* The trap of wire.md 2.9: without IP area byte 47 is not a count. */
static void decode_proposal__byte_47(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024];

	at = build_proposal(b, 2, 0, 0, 1, 0);
	b[47] = 0xff;
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	check_proposal(&m, b, &at, 0, 1, 0);
}

static void decode_proposal__v2_ext_is_needed(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], typev2;

	for (typev2 = 0; typev2 < 4; typev2++) {
		at = build_proposal(b, 0, typev2, 0, 1, 1);
		be16(b + 50, 0);
		CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m),
			 typev2 == 2 ? 0 : -EPROTO);
	}
}

/* Offset 0: no SMC-Dv2 extension, so SMC-Dv2 is not offered. */
static void decode_proposal__smcd_v2_not_found(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024];

	at = build_proposal(b, 0, 3, 0, 1, 2);
	be16(b + at.v2 + 6, 0);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	CHECK_EQ(m.typev2, SMCR_CLC_MODE_R);
	CHECK_EQ(m.has_v2, true);
	CHECK_EQ(m.eid_count, 1);
	CHECK_EQ(m.has_smcd_v2, false);
	CHECK_EQ(m.ism_count, 0);
	CHECK(!roundtrip_proposal(b, at.len, NULL));

	at = build_proposal(b, 0, 1, 0, 1, 2);
	be16(b + at.v2 + 6, 0);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	CHECK_EQ(m.typev2, SMCR_CLC_MODE_NONE);
	CHECK_EQ(m.has_v2, false);
	CHECK_EQ(m.eid_count, 0);
	CHECK_EQ(m.has_smcd_v2, false);
	CHECK(!roundtrip_proposal(b, at.len, NULL));
}

/* SMC-Dv1 with another IP offset than 40: the SMC-D area is not there. */
static void decode_proposal__smcd_area_not_found(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], typev1;

	for (typev1 = 0; typev1 < 4; typev1++) {
		at = build_proposal(b, typev1, 2, 0, 0, 0);
		memset(b + 40, 0, 40);
		be16(b + 38, 0);
		b[48] = 0x77;
		if (!CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0))
			continue;
		CHECK_EQ(m.typev1, typev1 == 3 ? 0 : typev1 == 1 ? 2 : typev1);
		CHECK_EQ(m.has_ip, m.typev1 != SMCR_CLC_MODE_NONE);
		CHECK_EQ(m.has_smcd_area, true);
		CHECK_EQ(m.ism_chid, typev1 & 1 ? 0 : 0x7700);
		CHECK(!roundtrip_proposal(b, at.len, NULL));
	}
	/* and the version 2 extension cannot be found through it */
	for (typev1 = 0; typev1 < 4; typev1++) {
		at = build_proposal(b, typev1, 0, 0, 1, 0);
		be16(b + 38, 20);
		CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m),
			 typev1 & 1 ? -EPROTO : 0);
	}
}

/* The v2.1 fields are reserved in release 0. */
static void decode_proposal__release_0(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], out[1024];

	at = build_proposal(b, 2, 0, 0, 1, 0);
	b[at.v2 + 3] = 0x01;
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	CHECK_EQ(m.release, 0);
	CHECK_EQ(m.max_conns, 0);
	CHECK_EQ(m.max_links, 0);
	CHECK_EQ(m.feature_mask, 0);
	m.max_conns = 9;
	m.max_links = 9;
	m.feature_mask = 9;
	CHECK_EQ(smcr_clc_encode_proposal(&m, out, sizeof(out)), at.len);
	CHECK_EQ(out[at.v2 + 24], 0);
	CHECK_EQ(out[at.v2 + 25], 0);
	CHECK_EQ(smcr_load_be16(out + at.v2 + 26), 0);
}

static void decode_proposal__reserved_is_ignored(void)
{
	struct smcr_clc_proposal clean, dirty;
	struct layout at;
	u8 b[1024];

	at = build_proposal(b, 0, 3, 2, 2, 2);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &clean), 0);
	fill(b + 60, 20, 0x11);
	fill(b + at.ip + 5, 2, 0x22);
	b[at.v2 + 2] = 0x33;
	b[at.v2 + 3] |= 0x0e;
	fill(b + at.v2 + 4, 2, 0x44);
	fill(b + at.v2 + 28, 12, 0x55);
	fill(b + at.smcd_v2 + 32, 16, 0x66);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &dirty), 0);
	CHECK_MEM(&dirty, &clean, sizeof(clean));
}

static void decode_proposal__prefix_lengths(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	unsigned int len;
	u8 b[1024];

	at = build_proposal(b, 0, 2, 2, 0, 0);
	for (len = 0; len < 256; len++) {
		b[at.ip + 4] = (u8)len;
		b[at.ip + 8 + 17 + 16] = (u8)len;
		CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
		CHECK_EQ(m.ip4_prefix_len, len < 32 ? len : 32);
		CHECK_EQ(m.ip6[0].len, 64);
		CHECK_EQ(m.ip6[1].len, len < 128 ? len : 128);
	}
}

/* Version 1 with this many bytes in front of the IP area. */
static void check_v1(u8 typev1, unsigned int area, unsigned int n)
{
	bool valid = typev1 != 2 && n <= 8 && (typev1 != 1 || area == 40);
	size_t len = 52 + area + 17 * n;
	struct smcr_clc_proposal m;
	u8 b[1024], out[1024];
	struct layout at;

	at = build_proposal(b, 0, 2, n, 0, 0);
	memmove(b + 40 + area, b + at.ip, 8 + 17 * n);
	be16(b + 38, area);
	frame(b, len, 1, 0x10 | typev1);
	if (!CHECK_EQ(smcr_clc_decode_proposal(b, len, &m),
		      valid ? 0 : -EPROTO))
		printf("#   typev1 %u area %u n %u\n", typev1, area, n);
	if (!valid)
		return;
	CHECK_EQ(m.version, 1);
	CHECK_EQ(m.typev1, typev1 == 3 && area < 40 ? 0 : typev1);
	CHECK_EQ(m.typev2, SMCR_CLC_MODE_NONE);
	CHECK_EQ(m.has_ip, true);
	CHECK_EQ(m.ip6_count, n);
	CHECK_MEM(m.ip4_subnet, b + 40 + area, 4);
	if (n)
		CHECK_MEM(m.ip6[n - 1].addr,
			  b + 40 + area + 8 + 17 * (n - 1), 16);
	CHECK_EQ(m.has_smcd_area, area == 40);
	CHECK_EQ(m.ism_gid, area == 40 ? smcr_load_be64(b + 40) : 0);
	CHECK_EQ(m.has_v2, false);
	CHECK(!roundtrip_proposal(b, len, NULL));
	/* the two layouts that are sent; one of them can name an extension */
	if (area == 40)
		be16(b + 50, 0);
	else if (area || typev1)
		return;
	CHECK_EQ(smcr_clc_encode_proposal(&m, out, sizeof(out)), len);
	CHECK_MEM(out, b, len);
}

static void decode_proposal__v1(void)
{
	unsigned int area, n;
	u8 typev1;

	for (typev1 = 0; typev1 < 4; typev1++)
		for (area = 0; area <= 40; area++)
			for (n = 0; n < 10; n++)
				check_v1(typev1, area, n);
}

static void decode_proposal__v1_has_no_typev2(void)
{
	struct smcr_clc_proposal m;
	u8 b[1024], typev2;

	for (typev2 = 0; typev2 < 4; typev2++) {
		memset(b, 0, sizeof(b));
		frame(b, 52, 1, (u8)(0x10 | typev2 << 2));
		CHECK_EQ(smcr_clc_decode_proposal(b, 52, &m), 0);
		CHECK_EQ(m.typev2, SMCR_CLC_MODE_NONE);
		CHECK_EQ(m.has_v2, false);
	}
}

static struct smcr_clc_proposal good_proposal(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024];

	at = build_proposal(b, 3, 3, 2, 2, 2);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	return m;
}

static void encode_proposal__invalid(void)
{
	struct smcr_clc_proposal m;
	u8 b[1024];

#define CHECK_INVALID(change)						\
do {									\
	m = good_proposal();						\
	CHECK(smcr_clc_encode_proposal(&m, b, sizeof(b)) > 0);		\
	change;								\
	CHECK_EQ(smcr_clc_encode_proposal(&m, b, sizeof(b)), -EINVAL);	\
} while (0)

	CHECK_INVALID(m.version = 0);
	CHECK_INVALID(m.version = 3);
	CHECK_INVALID(m.version = 1);
	CHECK_INVALID(m.typev1 = 4);
	CHECK_INVALID(m.typev2 = 4);
	CHECK_INVALID(m.typev1 = SMCR_CLC_MODE_NONE);
	CHECK_INVALID(m.typev2 = SMCR_CLC_MODE_NONE);
	CHECK_INVALID(m.typev2 = SMCR_CLC_MODE_R);
	CHECK_INVALID(m.has_smcd_area = false);
	CHECK_INVALID(m.has_ip = false);
	CHECK_INVALID(m.has_v2 = false);
	CHECK_INVALID(m.has_smcd_v2 = false);
	CHECK_INVALID(m.ip4_prefix_len = 33);
	CHECK_INVALID(m.ip6_count = 9);
	CHECK_INVALID(m.ip6[1].len = 129);
	CHECK_INVALID(m.eid_count = 9);
	CHECK_INVALID(m.release = 16);
	CHECK_INVALID(m.ism_count = 9);
#undef CHECK_INVALID
}

static void encode_proposal__v1_invalid(void)
{
	struct smcr_clc_proposal m;
	u8 b[1024];

	memset(&m, 0, sizeof(m));
	m.version = 1;
	m.typev2 = SMCR_CLC_MODE_NONE;
	m.has_ip = true;
	CHECK_EQ(smcr_clc_encode_proposal(&m, b, sizeof(b)), 52);
	m.typev1 = SMCR_CLC_MODE_D;
	CHECK_EQ(smcr_clc_encode_proposal(&m, b, sizeof(b)), -EINVAL);
	m.has_smcd_area = true;
	CHECK_EQ(smcr_clc_encode_proposal(&m, b, sizeof(b)), 92);
	m.typev1 = SMCR_CLC_MODE_NONE;
	m.has_ip = false;
	CHECK_EQ(smcr_clc_encode_proposal(&m, b, sizeof(b)), -EINVAL);
}

static void encode_proposal__too_small(void)
{
	struct smcr_clc_proposal m;
	struct layout at;
	u8 b[1024], *exact;
	size_t cap;

	at = build_proposal(b, 3, 3, 8, 8, 8);
	CHECK_EQ(smcr_clc_decode_proposal(b, at.len, &m), 0);
	for (cap = 0; cap <= at.len; cap++) {
		exact = test_copy(b, cap);
		CHECK_EQ(smcr_clc_encode_proposal(&m, exact, cap),
			 cap < at.len ? -ENOSPC : (int)at.len);
		free(exact);
	}
}

/* --------------------------------------------------- accept, confirm */

/* Lengths of the known content, without trailer. */
#define R_V1 64
#define R_V2 104
#define R_FCE 156
#define D_V1 44
#define D_V2 74
#define D_FCE20 110
#define D_FCE 126

/*
 * A message of @len bytes full of distinct bytes, with all reserved fields
 * zero as a sender has to leave them.
 */
static void build_accept(u8 *b, size_t len, u8 type, u8 byte7)
{
	bool is_d = byte7 & 1, v2 = byte7 >> 4 > 1, first = byte7 & 8;
	size_t fce = is_d ? D_V2 : R_V2;

	memset(b, 0, 1024);
	if (is_d) {
		fill(b + 8, 17, 0x10);
		b[25] = 0x60;
		fill(b + 28, 4, 0x20);
		if (v2)
			fill(b + 32, 42, 0x30);
	} else {
		fill(b + 8, 43, 0x10);
		b[50] = 0x53;
		fill(b + 52, 8, 0x20);
		fill(b + 61, 3, 0x30);
		if (v2)
			fill(b + 64, 32, 0x40);
	}
	if (v2 && first) {
		if (!is_d)
			b[fce] = 0x80;
		b[fce + 1] = 0x21;
		fill(b + fce + 4, 40, 0x50);
	}
	frame(b, len, type, byte7);
	if (is_d) {
		memcpy(b, smcd, 4);
		memcpy(b + len - 4, smcd, 4);
	}
}

static void check_rdma(const struct smcr_clc_rdma *r, const u8 *b)
{
	CHECK_MEM(r->peer_id, b + 8, 8);
	CHECK_MEM(r->gid, b + 16, 16);
	CHECK_MEM(r->mac, b + 32, 6);
	CHECK_EQ(r->qpn, smcr_load_be24(b + 38));
	CHECK_EQ(r->rkey, smcr_load_be32(b + 41));
	CHECK_EQ(r->rmbe_idx, b[45]);
	CHECK_EQ(r->token, smcr_load_be32(b + 46));
	CHECK_EQ(r->size_code, 5);
	CHECK_EQ(r->mtu_code, 3);
	CHECK_EQ(r->vaddr, smcr_load_be64(b + 52));
	CHECK_EQ(r->psn, smcr_load_be24(b + 61));
}

static void check_ism(const struct smcr_clc_ism *d, const u8 *b, bool v2)
{
	CHECK_EQ(d->gid, smcr_load_be64(b + 8));
	CHECK_EQ(d->token, smcr_load_be64(b + 16));
	CHECK_EQ(d->dmbe_idx, b[24]);
	CHECK_EQ(d->size_code, 6);
	CHECK_MEM(d->link_id, b + 28, 4);
	CHECK_EQ(d->chid, v2 ? smcr_load_be16(b + 32) : 0);
	CHECK_EQ(d->gid_ext, v2 ? smcr_load_be64(b + 66) : 0);
}

static void check_fce(const struct smcr_clc_fce *fce, const u8 *p)
{
	CHECK_EQ(fce->is_direct, p[0] == 0x80);
	CHECK_EQ(fce->os, SMCR_CLC_OS_LINUX);
	CHECK_EQ(fce->release, 1);
	CHECK_MEM(fce->host, p + 4, 32);
	CHECK_EQ(fce->max_conns, p[36]);
	CHECK_EQ(fce->max_links, p[37]);
	CHECK_EQ(fce->feature_mask, smcr_load_be16(p + 38));
	CHECK_MEM(fce->vendor, p + 40, 4);
}

/* Both types, modes, versions, with and without first contact. */
static void decode_accept__all_layouts(void)
{
	unsigned int i, type, mode, version, first;
	struct smcr_clc_accept m;
	u8 b[1024], out[1024], *exact;
	size_t end, len;
	bool has_fce, has_list;

	for (i = 0; i < 16; i++) {
		type = 2 + (i >> 3);
		mode = i >> 2 & 1;
		version = 1 + (i >> 1 & 1);
		first = i & 1;
		has_fce = version == 2 && first;
		has_list = has_fce && !mode && type == 3;
		end = mode ? D_V1 : R_V1;
		if (version == 2)
			end = mode ? D_V2 : R_V2;
		if (has_fce)
			end = mode ? D_FCE : R_FCE;
		if (has_list)
			end += 4;
		len = end + 4;
		build_accept(b, len, (u8)type,
			     (u8)(version << 4 | first << 3 | mode));
		exact = test_copy(b, len);
		memset(&m, 0xa5, sizeof(m));
		if (!CHECK_EQ(smcr_clc_decode_accept(exact, len, &m), 0))
			printf("#   type %u mode %u version %u first %u\n",
			       type, mode, version, first);
		free(exact);
		CHECK_EQ(m.type, type);
		CHECK_EQ(m.mode, mode);
		CHECK_EQ(m.version, version);
		CHECK_EQ(m.is_first_contact, first);
		CHECK_EQ(m.has_fce, has_fce);
		CHECK_EQ(m.gid_count, 0);
		if (mode)
			check_ism(&m.d, b, version == 2);
		else
			check_rdma(&m.r, b);
		if (version == 2)
			CHECK_MEM(m.eid, b + (mode ? 34 : 64), 32);
		if (has_fce)
			check_fce(&m.fce, b + (mode ? D_V2 : R_V2));
		memset(out, 0xa5, sizeof(out));
		CHECK_EQ(smcr_clc_encode_accept(&m, out, sizeof(out)), len);
		CHECK_MEM(out, b, len);
	}
}

static void decode_accept__absent_parts_are_zero(void)
{
	static const struct smcr_clc_accept zero;
	struct smcr_clc_accept m;
	u8 b[1024];

	build_accept(b, 68, 2, 0x18);
	memset(&m, 0xa5, sizeof(m));
	CHECK_EQ(smcr_clc_decode_accept(b, 68, &m), 0);
	CHECK_MEM(&m.d, &zero.d, sizeof(m.d));
	CHECK_MEM(m.eid, zero.eid, sizeof(m.eid));
	CHECK_MEM(&m.fce, &zero.fce, sizeof(m.fce));
	CHECK_MEM(m.gid, zero.gid, sizeof(m.gid));

	build_accept(b, 48, 2, 0x19);
	memset(&m, 0xa5, sizeof(m));
	CHECK_EQ(smcr_clc_decode_accept(b, 48, &m), 0);
	CHECK_MEM(&m.r, &zero.r, sizeof(m.r));
	CHECK_EQ(m.d.chid, 0);
	CHECK_EQ(m.d.gid_ext, 0);
}

static void decode_accept__wrong_type(void)
{
	struct smcr_clc_accept m;
	u8 b[1024];

	build_accept(b, 68, 1, 0x10);
	CHECK_EQ(smcr_clc_decode_accept(b, 68, &m), -EPROTO);
	build_accept(b, 68, 4, 0x10);
	CHECK_EQ(smcr_clc_decode_accept(b, 68, &m), -EPROTO);
}

static void decode_accept__modes(void)
{
	struct smcr_clc_accept m;
	u8 b[1024], mode;

	for (mode = 0; mode < 4; mode++) {
		build_accept(b, 108, 2, 0x20);
		b[7] = 0x20 | mode;
		CHECK_EQ(smcr_clc_decode_accept(b, 108, &m),
			 mode < 2 ? 0 : -EPROTO);
	}
}

/* The reserved bit of byte 7 is ignored. */
static void decode_accept__reserved_flag(void)
{
	struct smcr_clc_accept m;
	u8 b[1024];

	build_accept(b, 108, 2, 0x20);
	b[7] |= 0x04;
	CHECK_EQ(smcr_clc_decode_accept(b, 108, &m), 0);
	CHECK_EQ(m.is_first_contact, false);
	CHECK_EQ(m.mode, SMCR_CLC_MODE_R);
}

static void decode_accept__eyecatcher_is_not_the_mode(void)
{
	struct smcr_clc_accept m;
	u8 b[1024];

	build_accept(b, 108, 2, 0x20);
	memcpy(b, smcd, 4);
	memcpy(b + 104, smcd, 4);
	CHECK_EQ(smcr_clc_decode_accept(b, 108, &m), 0);
	CHECK_EQ(m.mode, SMCR_CLC_MODE_R);
	b[105] ^= 1;
	CHECK_EQ(smcr_clc_decode_accept(b, 108, &m), -EPROTO);
}

static void decode_accept__rmbe_idx(void)
{
	struct smcr_clc_accept m;
	unsigned int idx;
	u8 b[1024];

	build_accept(b, 68, 2, 0x18);
	for (idx = 0; idx < 256; idx++) {
		b[45] = (u8)idx;
		CHECK_EQ(smcr_clc_decode_accept(b, 68, &m),
			 idx ? 0 : -EPROTO);
	}
	/* the DMBE index counts from 0 */
	build_accept(b, 48, 2, 0x19);
	b[24] = 0;
	CHECK_EQ(smcr_clc_decode_accept(b, 48, &m), 0);
}

struct length_row {
	u8 byte7;
	u8 release;
	size_t least;
	bool is_exact;
};

/* In a buffer of exact size. */
static void check_accept_length(const struct length_row *row, u8 type,
				size_t len)
{
	bool is_v1 = row->byte7 >> 4 == 1;
	struct smcr_clc_accept m;
	u8 b[1024], *exact;
	bool valid;

	build_accept(b, 1024, type, row->byte7);
	if (row->byte7 & 8 && !is_v1)
		b[(row->byte7 & 1 ? D_V2 : R_V2) + 1] = row->release;
	exact = test_copy(b, len);
	frame(exact, len, type, row->byte7);
	valid = len == row->least || (len > row->least && !row->is_exact);
	if (!CHECK_EQ(smcr_clc_decode_accept(exact, len, &m),
		      valid ? 0 : -EPROTO))
		printf("#   byte 7 0x%02x release %u length %zu\n",
		       row->byte7, row->release, len);
	if (valid) {
		CHECK_EQ(m.version, is_v1 ? 1 : 2);
		CHECK(!roundtrip_accept(exact, len, NULL));
	}
	free(exact);
}

static void decode_accept__lengths(void)
{
	static const struct length_row rows[] = {
		{ 0x10, 0, 68, true },
		{ 0x18, 0, 68, true },
		{ 0x11, 0, 48, true },
		{ 0x19, 0, 48, true },
		{ 0x20, 0, 108, false },
		{ 0x21, 0, 78, false },
		{ 0x28, 0, 144, false },
		{ 0x29, 0, 114, false },
		{ 0x28, 1, 160, false },
		{ 0x29, 1, 130, false },
		{ 0x38, 2, 160, false },
		{ 0xf9, 15, 130, false },
	};
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (len = 28; len <= 1024; len++) {
			check_accept_length(&rows[i], SMCR_CLC_ACCEPT, len);
			check_accept_length(&rows[i], SMCR_CLC_CONFIRM, len);
		}
	}
}

/* What a later release puts in front of the trailer changes nothing. */
static void decode_accept__extra_bytes_are_skipped(void)
{
	struct smcr_clc_accept plain, extended;
	u8 b[1024];

	build_accept(b, 160, 2, 0x28);
	CHECK_EQ(smcr_clc_decode_accept(b, 160, &plain), 0);
	fill(b + 156, 100, 0x99);
	frame(b, 256, 2, 0x28);
	CHECK_EQ(smcr_clc_decode_accept(b, 256, &extended), 0);
	CHECK_MEM(&extended, &plain, sizeof(plain));

	build_accept(b, 78, 3, 0x21);
	CHECK_EQ(smcr_clc_decode_accept(b, 78, &plain), 0);
	fill(b + 74, 100, 0x99);
	frame(b, 178, 3, 0x21);
	CHECK_EQ(smcr_clc_decode_accept(b, 178, &extended), 0);
	CHECK_MEM(&extended, &plain, sizeof(plain));
}

/* Longer than the receive buffer: decoded without its end and trailer. */
static void decode_accept__cut(void)
{
	struct smcr_clc_accept plain, cut;
	u8 b[1024], *exact;
	size_t len;

	build_accept(b, 160, 2, 0x28);
	CHECK_EQ(smcr_clc_decode_accept(b, 160, &plain), 0);
	memset(b + 156, 0x99, 1024 - 156);
	for (len = 1025; len < 65536; len += 37) {
		be16(b + 5, (unsigned int)len);
		exact = test_copy(b, 1024);
		CHECK_EQ(smcr_clc_decode_accept(exact, 1024, &cut), 0);
		CHECK_MEM(&cut, &plain, sizeof(plain));
		CHECK_EQ(smcr_clc_decode_accept(exact, 1023, &cut), -EMSGSIZE);
		free(exact);
	}
	/* a cut message cannot be one of exact length */
	b[7] = 0x18;
	CHECK_EQ(smcr_clc_decode_accept(b, 1024, &cut), -EPROTO);
}

static void decode_accept__truncated(void)
{
	struct smcr_clc_accept m;
	u8 b[1024], *cut;
	size_t len;

	build_accept(b, 164, 3, 0x28);
	for (len = 0; len < 164; len++) {
		cut = test_copy(b, len);
		CHECK_EQ(smcr_clc_decode_accept(cut, len, &m), -EMSGSIZE);
		free(cut);
	}
}

/* Release 0: the fields of v2.1 are reserved, or not there. */
static void decode_accept__release_0(void)
{
	struct smcr_clc_accept m;
	u8 b[1024], out[1024];

	build_accept(b, 160, 2, 0x28);
	b[105] = 0x20;
	CHECK_EQ(smcr_clc_decode_accept(b, 160, &m), 0);
	CHECK_EQ(m.has_fce, true);
	CHECK_EQ(m.fce.release, 0);
	CHECK_EQ(m.fce.max_conns, 0);
	CHECK_EQ(m.fce.max_links, 0);
	CHECK_EQ(m.fce.feature_mask, 0);
	CHECK_EQ(smcr_load_be32(m.fce.vendor), 0);
	m.fce.max_conns = 9;
	CHECK_EQ(smcr_clc_encode_accept(&m, out, sizeof(out)), 160);
	memset(b + 140, 0, 16);
	CHECK_MEM(out, b, 160);

	build_accept(b, 114, 2, 0x29);
	b[75] = 0x20;
	memcpy(b + 110, smcd, 4);
	CHECK_EQ(smcr_clc_decode_accept(b, 114, &m), 0);
	CHECK_EQ(m.has_fce, true);
	CHECK_MEM(m.fce.host, b + 78, 32);
	CHECK_EQ(smcr_clc_encode_accept(&m, out, sizeof(out)), 114);
	CHECK_MEM(out, b, 114);
}

static void host_is_valid__ascii(void)
{
	unsigned int i, c;
	u8 host[32];

	for (i = 0; i < 32; i++) {
		for (c = 0; c < 256; c++) {
			memset(host, 'h', 32);
			host[i] = (u8)c;
			CHECK_EQ(smcr_clc_host_is_valid(host), c < 0x80);
		}
	}
}

/* A list that announces @count entries and has room for @room. */
static void check_gid_list(unsigned int count, unsigned int room)
{
	size_t len = 164 + 16 * room + (room & 3);
	unsigned int want = count < room ? count : room;
	struct smcr_clc_accept m;
	u8 b[1024], out[1024], *exact;
	unsigned int i;

	if (want > 8)
		want = 8;
	build_accept(b, len, 3, 0x28);
	b[156] = (u8)count;
	fill(b + 160, 16 * room, 0x66);
	exact = test_copy(b, len);
	CHECK_EQ(smcr_clc_decode_accept(exact, len, &m), 0);
	free(exact);
	CHECK_EQ(m.gid_count, want);
	for (i = 0; i < want; i++)
		CHECK_MEM(m.gid[i], b + 160 + 16 * i, 16);
	CHECK_EQ(smcr_clc_encode_accept(&m, out, sizeof(out)),
		 164 + 16 * want);
	CHECK_EQ(out[156], want);
	CHECK_MEM(out + 160, b + 160, 16 * want);
}

static void decode_accept__gid_list(void)
{
	unsigned int count, room;

	for (room = 0; room <= 12; room++)
		for (count = 0; count < 256; count++)
			check_gid_list(count, room);
}

/* Not required, and nowhere else than in the first SMC-Rv2 CONFIRM. */
static void decode_accept__no_gid_list(void)
{
	struct smcr_clc_accept m;
	u8 b[1024];

	build_accept(b, 160, 3, 0x28);
	CHECK_EQ(smcr_clc_decode_accept(b, 160, &m), 0);
	CHECK_EQ(m.gid_count, 0);

	build_accept(b, 180, 2, 0x28);
	b[156] = 1;
	CHECK_EQ(smcr_clc_decode_accept(b, 180, &m), 0);
	CHECK_EQ(m.gid_count, 0);

	build_accept(b, 180, 3, 0x20);
	b[156] = 1;
	CHECK_EQ(smcr_clc_decode_accept(b, 180, &m), 0);
	CHECK_EQ(m.gid_count, 0);

	build_accept(b, 180, 3, 0x29);
	b[156] = 1;
	CHECK_EQ(smcr_clc_decode_accept(b, 180, &m), 0);
	CHECK_EQ(m.gid_count, 0);
}

static void decode_accept__reserved_is_ignored(void)
{
	struct smcr_clc_accept clean, dirty;
	u8 b[1024];

	build_accept(b, 180, 3, 0x28);
	b[156] = 1;
	CHECK_EQ(smcr_clc_decode_accept(b, 180, &clean), 0);
	b[51] = 0x11;
	b[60] = 0x22;
	fill(b + 96, 8, 0x33);
	b[104] |= 0x7f;
	fill(b + 106, 2, 0x44);
	fill(b + 148, 8, 0x55);
	fill(b + 157, 3, 0x66);
	CHECK_EQ(smcr_clc_decode_accept(b, 180, &dirty), 0);
	CHECK_MEM(&dirty, &clean, sizeof(clean));

	build_accept(b, 48, 2, 0x19);
	CHECK_EQ(smcr_clc_decode_accept(b, 48, &clean), 0);
	b[25] |= 0x0f;
	fill(b + 26, 2, 0x11);
	fill(b + 32, 12, 0x22);
	CHECK_EQ(smcr_clc_decode_accept(b, 48, &dirty), 0);
	CHECK_MEM(&dirty, &clean, sizeof(clean));
}

static struct smcr_clc_accept good_confirm(void)
{
	struct smcr_clc_accept m;
	u8 b[1024];

	build_accept(b, 180, 3, 0x28);
	b[156] = 1;
	CHECK_EQ(smcr_clc_decode_accept(b, 180, &m), 0);
	return m;
}

static void encode_accept__invalid(void)
{
	struct smcr_clc_accept m;
	u8 b[1024];

#define CHECK_INVALID(change)						\
do {									\
	m = good_confirm();						\
	CHECK_EQ(smcr_clc_encode_accept(&m, b, sizeof(b)), 180);	\
	change;								\
	CHECK_EQ(smcr_clc_encode_accept(&m, b, sizeof(b)), -EINVAL);	\
} while (0)

	CHECK_INVALID(m.type = SMCR_CLC_PROPOSAL);
	CHECK_INVALID(m.type = SMCR_CLC_DECLINE);
	/* an ACCEPT has no list */
	CHECK_INVALID(m.type = SMCR_CLC_ACCEPT);
	CHECK_INVALID(m.version = 0);
	CHECK_INVALID(m.version = 1);
	CHECK_INVALID(m.version = 3);
	CHECK_INVALID(m.mode = SMCR_CLC_MODE_NONE);
	CHECK_INVALID(m.mode = SMCR_CLC_MODE_BOTH);
	CHECK_INVALID(m.mode = SMCR_CLC_MODE_D);
	CHECK_INVALID(m.is_first_contact = false);
	CHECK_INVALID(m.has_fce = false);
	CHECK_INVALID(m.r.qpn = 0x1000000);
	CHECK_INVALID(m.r.psn = 0x1000000);
	CHECK_INVALID(m.r.rmbe_idx = 0);
	CHECK_INVALID(m.r.size_code = 16);
	CHECK_INVALID(m.r.mtu_code = 16);
	CHECK_INVALID(m.fce.os = 16);
	CHECK_INVALID(m.fce.release = 16);
	CHECK_INVALID(m.gid_count = 9);
	CHECK_INVALID(m.mode = SMCR_CLC_MODE_D; m.gid_count = 0;
		      m.d.size_code = 16);
#undef CHECK_INVALID
}

static void encode_accept__most_gids(void)
{
	struct smcr_clc_accept m = good_confirm(), again;
	u8 b[1024];

	m.gid_count = 8;
	fill(m.gid, sizeof(m.gid), 0x77);
	CHECK_EQ(smcr_clc_encode_accept(&m, b, sizeof(b)), 164 + 128);
	CHECK_EQ(smcr_clc_decode_accept(b, 164 + 128, &again), 0);
	CHECK_MEM(&again, &m, sizeof(m));
}

static void encode_accept__too_small(void)
{
	struct smcr_clc_accept m = good_confirm();
	u8 *exact, zero[180] = { 0 };
	size_t cap;

	for (cap = 0; cap <= 180; cap++) {
		exact = test_copy(zero, cap);
		CHECK_EQ(smcr_clc_encode_accept(&m, exact, cap),
			 cap < 180 ? -ENOSPC : 180);
		free(exact);
	}
}

/* ------------------------------------------------------------ decline */

static void build_decline(u8 *b, size_t len, u8 byte7)
{
	memset(b, 0, 64);
	fill(b + 8, 12, 0x10);
	b[20] = 0x20;
	frame(b, len, 4, byte7);
}

static void decode_decline__fields(void)
{
	struct smcr_clc_decline m;
	unsigned int version;
	u8 b[64], out[64];
	size_t len;

	for (version = 1; version < 16; version++) {
		len = version == 1 ? 28 : 44;
		build_decline(b, len, (u8)(version << 4));
		memset(&m, 0xa5, sizeof(m));
		CHECK_EQ(smcr_clc_decode_decline(b, len, &m), 0);
		CHECK_EQ(m.version, version == 1 ? 1 : 2);
		CHECK_EQ(m.is_out_of_sync, false);
		CHECK_MEM(m.peer_id, b + 8, 8);
		CHECK_EQ(m.diagnosis, smcr_load_be32(b + 16));
		CHECK_EQ(m.os, version == 1 ? 0 : SMCR_CLC_OS_LINUX);

		b[7] |= 0x08;
		CHECK_EQ(smcr_clc_decode_decline(b, len, &m), 0);
		CHECK_EQ(m.is_out_of_sync, true);
		if (version > 2)
			continue;
		if (version == 1)
			b[20] = 0;
		memset(out, 0xa5, sizeof(out));
		CHECK_EQ(smcr_clc_encode_decline(&m, out, sizeof(out)), len);
		CHECK_MEM(out, b, len);
	}
}

static void decode_decline__any_diagnosis(void)
{
	static const u32 codes[] = { 0, 1, 0x03030000, 0x04000000, 0xffffffff };
	struct smcr_clc_decline m;
	u8 b[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		build_decline(b, 44, 0x20);
		smcr_store_be32(b + 16, codes[i]);
		CHECK_EQ(smcr_clc_decode_decline(b, 44, &m), 0);
		CHECK_EQ(m.diagnosis, codes[i]);
	}
}

static void decode_decline__lengths(void)
{
	static const size_t valid[] = { 0, 28, 44, 44 };
	struct smcr_clc_decline m;
	unsigned int version;
	u8 b[64], *exact;
	size_t len;

	for (version = 1; version < 4; version++) {
		for (len = 28; len < 64; len++) {
			build_decline(b, len, (u8)(version << 4));
			exact = test_copy(b, len);
			CHECK_EQ(smcr_clc_decode_decline(exact, len, &m),
				 len == valid[version] ? 0 : -EPROTO);
			free(exact);
		}
	}
}

static void decode_decline__truncated(void)
{
	struct smcr_clc_decline m;
	u8 b[64], *cut;
	size_t len;

	build_decline(b, 44, 0x20);
	for (len = 0; len < 44; len++) {
		cut = test_copy(b, len);
		CHECK_EQ(smcr_clc_decode_decline(cut, len, &m), -EMSGSIZE);
		free(cut);
	}
}

/* Payload may follow directly, and stock does not check this trailer. */
static void decode_decline__what_follows(void)
{
	struct smcr_clc_decline m;
	u8 b[64];

	build_decline(b, 28, 0x10);
	memset(b + 24, 0x99, 40);
	CHECK_EQ(smcr_clc_decode_decline(b, 64, &m), 0);
	CHECK_EQ(m.version, 1);
}

static void decode_decline__wrong_type(void)
{
	struct smcr_clc_decline m;
	u8 b[64], type;

	build_decline(b, 28, 0x10);
	for (type = 1; type < 4; type++) {
		b[4] = type;
		CHECK_EQ(smcr_clc_decode_decline(b, 28, &m), -EPROTO);
	}
}

static void encode_decline__invalid(void)
{
	struct smcr_clc_decline m;
	u8 b[64];

	memset(&m, 0, sizeof(m));
	CHECK_EQ(smcr_clc_encode_decline(&m, b, sizeof(b)), -EINVAL);
	m.version = 3;
	CHECK_EQ(smcr_clc_encode_decline(&m, b, sizeof(b)), -EINVAL);
	m.version = 2;
	CHECK_EQ(smcr_clc_encode_decline(&m, b, sizeof(b)), 44);
	m.os = 16;
	CHECK_EQ(smcr_clc_encode_decline(&m, b, sizeof(b)), -EINVAL);
}

static void encode_decline__v1_has_no_os(void)
{
	struct smcr_clc_decline m;
	u8 b[64];

	memset(&m, 0, sizeof(m));
	m.version = 1;
	m.os = SMCR_CLC_OS_LINUX;
	CHECK_EQ(smcr_clc_encode_decline(&m, b, sizeof(b)), 28);
	CHECK_EQ(b[20], 0);
}

static void encode_decline__too_small(void)
{
	u8 zero[44] = { 0 }, version, *exact;
	struct smcr_clc_decline m;
	size_t cap, len;

	memset(&m, 0, sizeof(m));
	for (version = 1; version <= 2; version++) {
		m.version = version;
		len = version == 1 ? 28 : 44;
		for (cap = 0; cap <= len; cap++) {
			exact = test_copy(zero, cap);
			CHECK_EQ(smcr_clc_encode_decline(&m, exact, cap),
				 cap < len ? -ENOSPC : (int)len);
			free(exact);
		}
	}
}

static const struct test_case cases[] = {
	CASE(decode_hdr__fields),
	CASE(decode_hdr__either_eyecatcher),
	CASE(decode_hdr__truncated),
	CASE(decode_hdr__types),
	CASE(decode_hdr__versions),
	CASE(decode_hdr__lengths),
	CASE(decode_proposal__all_layouts),
	CASE(decode_proposal__wrong_type),
	CASE(decode_proposal__trailer),
	CASE(decode_proposal__bytes_behind),
	CASE(decode_proposal__truncated),
	CASE(decode_proposal__exact_length),
	CASE(decode_proposal__cut_is_refused),
	CASE(decode_proposal__later_version_is_2),
	CASE(decode_proposal__any_offset),
	CASE(decode_proposal__offsets_are_followed),
	CASE(decode_proposal__area_sticks_out),
	CASE(decode_proposal__byte_47),
	CASE(decode_proposal__v2_ext_is_needed),
	CASE(decode_proposal__smcd_v2_not_found),
	CASE(decode_proposal__smcd_area_not_found),
	CASE(decode_proposal__release_0),
	CASE(decode_proposal__reserved_is_ignored),
	CASE(decode_proposal__prefix_lengths),
	CASE(decode_proposal__v1),
	CASE(decode_proposal__v1_has_no_typev2),
	CASE(encode_proposal__invalid),
	CASE(encode_proposal__v1_invalid),
	CASE(encode_proposal__too_small),
	CASE(decode_accept__all_layouts),
	CASE(decode_accept__absent_parts_are_zero),
	CASE(decode_accept__wrong_type),
	CASE(decode_accept__modes),
	CASE(decode_accept__reserved_flag),
	CASE(decode_accept__eyecatcher_is_not_the_mode),
	CASE(decode_accept__rmbe_idx),
	CASE(decode_accept__lengths),
	CASE(decode_accept__extra_bytes_are_skipped),
	CASE(decode_accept__cut),
	CASE(decode_accept__truncated),
	CASE(decode_accept__release_0),
	CASE(host_is_valid__ascii),
	CASE(decode_accept__gid_list),
	CASE(decode_accept__no_gid_list),
	CASE(decode_accept__reserved_is_ignored),
	CASE(encode_accept__invalid),
	CASE(encode_accept__most_gids),
	CASE(encode_accept__too_small),
	CASE(decode_decline__fields),
	CASE(decode_decline__any_diagnosis),
	CASE(decode_decline__lengths),
	CASE(decode_decline__truncated),
	CASE(decode_decline__what_follows),
	CASE(decode_decline__wrong_type),
	CASE(encode_decline__invalid),
	CASE(encode_decline__v1_has_no_os),
	CASE(encode_decline__too_small),
};

TEST_MAIN(cases)
