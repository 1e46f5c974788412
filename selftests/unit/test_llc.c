// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of wire/llc.c, in its order. The messages are written down byte by
 * byte with the offsets of wire.md section 6, independently of the codec.
 */
#include "llc.h"
#include "roundtrip.h"
#include "test.h"

/* too large for the stack of a test with many of them */
static struct smcr_llc msg;
static u8 buf[SMCR_LLC_MAX_LEN];
static u8 out[SMCR_LLC_MAX_LEN];

/* @count distinct bytes, different for each @seed. */
static void fill(void *p, size_t count, u8 seed)
{
	u8 *b = p;
	size_t i;

	for (i = 0; i < count; i++)
		b[i] = (u8)(seed + 7 * i + i / 256 + 1);
}

/* Byte 0 to 3 of a message of this version; the rest is zero. */
static void header(u8 version, u8 type, u8 flags, size_t len)
{
	memset(buf, 0, sizeof(buf));
	buf[0] = (u8)((version == 2 ? 0x20 : 0) | type);
	buf[1] = (u8)len;
	if (version == 2)
		buf[2] = (u8)(len >> 8);
	buf[3] = flags;
}

/* Decode from a buffer of exact size into a struct full of rubbish. */
static int decode(size_t len)
{
	u8 *exact = test_copy(buf, len);
	int rc;

	memset(&msg, 0xa5, sizeof(msg));
	rc = smcr_llc_decode(exact, len, &msg);
	free(exact);
	return rc;
}

/* Encode @msg and compare with the message that has been built. */
static void check_encode(size_t len)
{
	memset(out, 0xa5, sizeof(out));
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), len);
	CHECK_MEM(out, buf, len);
	CHECK_EQ(out[len], 0xa5);
}

/* ------------------------------------------------------------- header */

static void decode__types(void)
{
	/* as bits: the types of version 1 and 2 */
	static const unsigned int known[3] = { 0, 0x3de, 0x2f6 };
	unsigned int first, type, version;
	bool exists;

	for (first = 0; first < 256; first++) {
		header(1, 0, 0, 44);
		buf[0] = (u8)first;
		type = first & 15;
		version = first >> 4 == 0 ? 1 : first >> 4 == 2 ? 2 : 0;
		exists = known[version] >> type & 1;
		if (exists && type == 2 && version == 2)
			buf[3] = 0xc0;
		CHECK_EQ(decode(44), exists ? 0 : -EOPNOTSUPP);
		if (!exists)
			continue;
		CHECK_EQ(msg.version, version);
		CHECK_EQ(msg.type, type);
	}
}

static void decode__too_short(void)
{
	static const u8 types[] = { 1, 2, 3, 4, 6, 7, 8, 9,
				    0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x29 };
	size_t i, len;

	for (i = 0; i < sizeof(types); i++)
		for (len = 0; len < 44; len++) {
			header(1, 0, 0, 44);
			buf[0] = types[i];
			CHECK_EQ(decode(len), -EMSGSIZE);
		}
}

static void decode__length_byte_v1(void)
{
	unsigned int v;

	for (v = 0; v < 256; v++) {
		header(1, 7, 0, v);
		CHECK_EQ(decode(44), v == 44 ? 0 : -EPROTO);
	}
}

/* Any value in either byte order; only the received length counts. */
static void decode__length_field_v2(void)
{
	unsigned int v;

	for (v = 0; v < 65536; v += 11) {
		header(2, 7, 0, v);
		CHECK_EQ(decode(44), 0);
	}
	header(2, 7, 0, 0x2c00);
	CHECK_EQ(decode(44), 0);
}

static void decode__response_flag(void)
{
	static const u8 types[] = { 1, 2, 3, 4, 6, 7, 8, 9,
				    0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x29 };
	size_t i;

	for (i = 0; i < sizeof(types); i++) {
		header(1, 0, 0, 44);
		buf[0] = types[i];
		CHECK_EQ(decode(72), 0);
		CHECK_EQ(msg.is_response, false);
		buf[3] = 0x80;
		CHECK_EQ(decode(72), 0);
		CHECK_EQ(msg.is_response, true);
	}
}

/* Receive buffers are longer than the messages in them. */
static void decode__bytes_behind(void)
{
	header(1, 7, 0, 44);
	fill(buf + 4, 16, 1);
	memset(buf + 44, 0xff, 100);
	CHECK_EQ(decode(144), 0);
	CHECK_MEM(msg.u.test_link.user_data, buf + 4, 16);
}

/* ------------------------------------------------------- confirm link */

static void confirm_link__fields(void)
{
	const struct smcr_llc_confirm_link *m = &msg.u.confirm_link;
	u8 i;

	/* both versions, request and response */
	for (i = 0; i < 4; i++) {
		header(1 + (i & 1), 1, i & 2 ? 0x83 : 0x03, 44);
		fill(buf + 4, 32, 0x10);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(msg.type, SMCR_LLC_CONFIRM_LINK);
		CHECK_MEM(m->mac, buf + 4, 6);
		CHECK_MEM(m->gid, buf + 10, 16);
		CHECK_EQ(m->qpn, smcr_load_be24(buf + 26));
		CHECK_EQ(m->link_num, buf[29]);
		CHECK_MEM(m->link_uid, buf + 30, 4);
		CHECK_EQ(m->max_links, buf[34]);
		CHECK_EQ(m->max_conns, buf[35]);
		CHECK_EQ(m->no_eyecatcher, true);
		check_encode(44);
	}
}

/* One of the two bits is enough; both are sent. */
static void confirm_link__eyecatcher(void)
{
	unsigned int flags;

	for (flags = 0; flags < 256; flags++) {
		header(2, 1, (u8)flags, 44);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(msg.u.confirm_link.no_eyecatcher, (flags & 3) != 0);
		CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 44);
		CHECK_EQ(out[3], (flags & 0x80) | (flags & 3 ? 3 : 0));
	}
}

static void confirm_link__invalid(void)
{
	header(2, 1, 3, 44);
	CHECK_EQ(decode(44), 0);
	msg.u.confirm_link.qpn = 0xffffff;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 44);
	msg.u.confirm_link.qpn = 0x1000000;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
}

/* ----------------------------------------------------------- add link */

/* An ADD LINK; in version 2 with @k rkeys unless it is a reject. */
static size_t build_add_link(u8 version, u8 flags, unsigned int k)
{
	size_t len = 44;

	if (version == 2 && (flags & 0xc0) != 0xc0)
		len = 72 + 16 * k;
	header(version, 2, flags, len);
	fill(buf + 4, 6, 0x10);
	fill(buf + 12, 20, 0x20);
	buf[32] = 3;
	fill(buf + 33, 3, 0x30);
	if (len == 44)
		return len;
	buf[44] = 0x80;
	fill(buf + 46, 16, 0x40);
	buf[70] = (u8)k;
	fill(buf + 72, 16 * k, 0x50);
	return len;
}

static void check_add_link(void)
{
	const struct smcr_llc_add_link *m = &msg.u.add_link;

	CHECK_MEM(m->mac, buf + 4, 6);
	CHECK_MEM(m->gid, buf + 12, 16);
	CHECK_EQ(m->qpn, smcr_load_be24(buf + 28));
	CHECK_EQ(m->link_num, buf[31]);
	CHECK_EQ(m->mtu_code, 3);
	CHECK_EQ(m->psn, smcr_load_be24(buf + 33));
}

static void check_pair(const struct smcr_llc_rtoken_pair *pair, const u8 *p)
{
	CHECK_EQ(pair->rkey, smcr_load_be32(p));
	CHECK_EQ(pair->new_rkey, smcr_load_be32(p + 4));
	CHECK_EQ(pair->new_vaddr, smcr_load_be64(p + 8));
}

static void add_link__v1(void)
{
	static const u8 flags[] = { 0x00, 0x80, 0xc0 };
	size_t i, len;

	for (i = 0; i < sizeof(flags); i++) {
		len = build_add_link(1, flags[i], 0);
		if (flags[i] == 0xc0)
			buf[2] = SMCR_LLC_REJECT_NO_ALT_PATH;
		CHECK_EQ(len, 44);
		CHECK_EQ(decode(len), 0);
		check_add_link();
		CHECK_EQ(msg.u.add_link.is_rejected, flags[i] == 0xc0);
		CHECK_EQ(msg.u.add_link.reject_reason, flags[i] == 0xc0);
		CHECK_EQ(msg.u.add_link.is_direct, false);
		CHECK_EQ(msg.u.add_link.rtoken_count, 0);
		check_encode(44);
	}
}

/* All numbers of rkeys, in requests and positive responses. */
static void add_link__v2_rkeys(void)
{
	unsigned int k, i;
	size_t len;

	for (k = 0; k <= 255; k++) {
		len = build_add_link(2, k & 1 ? 0x80 : 0, k);
		CHECK_EQ(decode(len), 0);
		check_add_link();
		CHECK_EQ(msg.u.add_link.is_rejected, false);
		CHECK_EQ(msg.u.add_link.is_direct, true);
		CHECK_MEM(msg.u.add_link.target_gid, buf + 46, 16);
		CHECK_EQ(msg.u.add_link.rtoken_count, k);
		for (i = 0; i < k; i++)
			check_pair(&msg.u.add_link.rtoken[i],
				   buf + 72 + 16 * i);
		check_encode(len);
	}
	CHECK_EQ(len, 4152);
}

static void check_count(u8 lo, u8 hi, unsigned int room)
{
	unsigned int want = !hi ? lo : !lo ? hi : 255;

	if (want > room)
		want = room;
	build_add_link(2, 0, 0);
	buf[70] = lo;
	buf[71] = hi;
	if (!CHECK_EQ(decode(72 + 16 * room + (room & 15)), 0))
		return;
	if (!CHECK_EQ(msg.u.add_link.rtoken_count, want))
		printf("#   count %02x %02x, room for %u\n", lo, hi, room);
}

/* The count in either byte order, against the number received. */
static void add_link__v2_count(void)
{
	static const u8 values[] = { 0, 1, 2, 3, 44, 127, 128, 254, 255 };
	static const unsigned int rooms[] = { 0, 1, 2, 3, 128, 254, 255, 256,
					      400 };
	size_t lo, hi, room;

	for (room = 0; room < ARRAY_SIZE(rooms); room++)
		for (lo = 0; lo < sizeof(values); lo++)
			for (hi = 0; hi < sizeof(values); hi++)
				check_count(values[lo], values[hi],
					    rooms[room]);
}

/* A big-endian peer's message decodes as the little-endian one. */
static void add_link__v2_big_endian(void)
{
	size_t len = build_add_link(2, 0, 3);

	buf[1] = (u8)(len >> 8);
	buf[2] = (u8)len;
	buf[70] = 0;
	buf[71] = 3;
	CHECK_EQ(decode(len), 0);
	CHECK_EQ(msg.u.add_link.rtoken_count, 3);
	check_pair(&msg.u.add_link.rtoken[2], buf + 72 + 32);
}

/* A big-endian peer shows by short messages what it is, and gets what it can read. */
static void add_link__v2_for_big_endian(void)
{
	size_t len = build_add_link(2, 0, 3);
	u8 out[SMCR_LLC_MAX_LEN];

	CHECK_EQ(decode(len), 0);
	CHECK(!msg.is_be);
	msg.is_be = true;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), len);
	CHECK_EQ(smcr_load_be16(out + 1), len);
	CHECK_EQ(smcr_load_be16(out + 70), 3);
	header(2, 7, 0, 44);
	CHECK_EQ(decode(44), 0);
	CHECK(!msg.is_be);
	smcr_store_be16(buf + 1, 44);
	CHECK_EQ(decode(44), 0);
	CHECK(msg.is_be);
	/* version 1 has no such length */
	buf[0] = 7;
	buf[1] = 44;
	CHECK_EQ(decode(44), 0);
	CHECK(!msg.is_be);
}

static void add_link__v2_truncated(void)
{
	size_t len;

	for (len = 44; len <= 72 + 16 * 3; len++) {
		build_add_link(2, 0, 3);
		CHECK_EQ(decode(len), len < 72 ? -EMSGSIZE : 0);
		if (len >= 72)
			CHECK_EQ(msg.u.add_link.rtoken_count, (len - 72) / 16);
	}
}

static void add_link__v2_reject(void)
{
	u8 reason;

	for (reason = 0; reason < 16; reason++) {
		build_add_link(2, 0xc0 | reason, 0);
		CHECK_EQ(decode(44), 0);
		check_add_link();
		CHECK_EQ(msg.u.add_link.is_rejected, true);
		CHECK_EQ(msg.u.add_link.reject_reason, reason);
		CHECK_EQ(msg.u.add_link.rtoken_count, 0);
		CHECK_EQ(msg.u.add_link.is_direct, false);
		check_encode(44);
	}
}

/* Only responses reject; without reject there is no reason. */
static void add_link__flags_of_requests(void)
{
	build_add_link(2, 0x00, 0);
	buf[3] = 0x4f;
	CHECK_EQ(decode(72), 0);
	CHECK_EQ(msg.u.add_link.is_rejected, false);
	CHECK_EQ(msg.u.add_link.reject_reason, 0);

	build_add_link(1, 0x00, 0);
	buf[2] = 0x0f;
	CHECK_EQ(decode(44), 0);
	CHECK_EQ(msg.u.add_link.reject_reason, 0);
}

static void add_link__reserved_is_ignored(void)
{
	build_add_link(2, 0, 1);
	fill(buf + 10, 2, 1);
	buf[32] |= 0xf0;
	fill(buf + 36, 8, 2);
	buf[44] |= 0x7f;
	buf[45] = 0xff;
	fill(buf + 62, 8, 3);
	CHECK_EQ(decode(88), 0);
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 88);
	build_add_link(2, 0, 1);
	CHECK_MEM(out, buf, 88);
}

static void add_link__invalid(void)
{
	struct smcr_llc_add_link *m = &msg.u.add_link;

#define CHECK_INVALID(change)						\
do {									\
	build_add_link(2, 0x80, 1);					\
	CHECK_EQ(decode(88), 0);					\
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 88);		\
	change;								\
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);	\
} while (0)

	CHECK_INVALID(m->qpn = 0x1000000);
	CHECK_INVALID(m->psn = 0x1000000);
	CHECK_INVALID(m->mtu_code = 16);
	CHECK_INVALID(m->reject_reason = 1);
	CHECK_INVALID(m->is_rejected = true; m->reject_reason = 16);
	CHECK_INVALID(m->is_rejected = true; msg.is_response = false);
#undef CHECK_INVALID
}

/* ----------------------------------------------- add link continuation */

static void add_link_cont__fields(void)
{
	const struct smcr_llc_add_link_cont *m = &msg.u.add_link_cont;
	static const struct smcr_llc_rtoken_pair none;
	unsigned int remaining;

	for (remaining = 0; remaining < 256; remaining++) {
		header(1, 3, remaining & 1 ? 0x80 : 0, 44);
		buf[4] = 7;
		buf[5] = (u8)remaining;
		fill(buf + 8, 16 * (remaining < 2 ? remaining : 2), 0x10);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(m->link_num, 7);
		CHECK_EQ(m->remaining, remaining);
		if (remaining > 0)
			check_pair(&m->rtoken[0], buf + 8);
		else
			CHECK_MEM(&m->rtoken[0], &none, sizeof(none));
		if (remaining > 1)
			check_pair(&m->rtoken[1], buf + 24);
		else
			CHECK_MEM(&m->rtoken[1], &none, sizeof(none));
		check_encode(44);
	}
}

/* What stands behind the last rkey is nothing. */
static void add_link_cont__unused_pairs(void)
{
	header(1, 3, 0, 44);
	buf[5] = 1;
	fill(buf + 8, 32, 0x10);
	CHECK_EQ(decode(44), 0);
	CHECK_EQ(msg.u.add_link_cont.rtoken[1].rkey, 0);
	CHECK_EQ(msg.u.add_link_cont.rtoken[1].new_vaddr, 0);
}

/* -------------------------------------------------------- delete link */

static void delete_link__fields(void)
{
	const struct smcr_llc_delete_link *m = &msg.u.delete_link;
	u8 i, flags;

	/* both versions, all combinations of the three flags */
	for (i = 0; i < 16; i++) {
		flags = i & 7;
		header(1 + (i >> 3), 4, (u8)(flags << 5), 44);
		buf[4] = 9;
		fill(buf + 5, 4, 0x80);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(msg.is_response, flags >> 2);
		CHECK_EQ(m->is_all, flags >> 1 & 1);
		CHECK_EQ(m->is_orderly, flags & 1);
		CHECK_EQ(m->link_num, 9);
		CHECK_EQ(m->reason, smcr_load_be32(buf + 5));
		check_encode(44);
	}
}

/* --------------------------------------------------- request add link */

static void req_add_link__gids(void)
{
	const struct smcr_llc_req_add_link *m = &msg.u.req_add_link;
	unsigned int c, want, i;
	size_t len;

	for (c = 0; c < 256; c++) {
		len = 28 + 16 * c < 44 ? 44 : 28 + 16 * c;
		header(2, 5, 0, len);
		buf[24] = (u8)c;
		fill(buf + 28, 16 * c, 0x10);
		CHECK_EQ(decode(len), 0);
		want = c < 8 ? c : 8;
		CHECK_EQ(m->gid_count, want);
		for (i = 0; i < want; i++)
			CHECK_MEM(m->gid[i], buf + 28 + 16 * i, 16);
		if (c <= 8)
			check_encode(len);
	}
}

static void req_add_link__truncated(void)
{
	size_t len;

	for (len = 44; len < 80; len++) {
		header(2, 5, 0, 60);
		buf[24] = 2;
		CHECK_EQ(decode(len), len < 60 ? -EMSGSIZE : 0);
	}
}

static void req_add_link__response(void)
{
	header(2, 5, 0x80, 44);
	buf[24] = 2;
	CHECK_EQ(decode(44), 0);
	CHECK_EQ(msg.is_response, true);
	CHECK_EQ(msg.u.req_add_link.gid_count, 0);
	buf[24] = 0;
	check_encode(44);
}

static void req_add_link__invalid(void)
{
	header(2, 5, 0, 44);
	CHECK_EQ(decode(44), 0);
	msg.u.req_add_link.gid_count = 9;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
	msg.u.req_add_link.gid_count = 1;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 44);
	msg.is_response = true;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
}

/* ------------------------------------------------------- confirm rkey */

/* With all three entries and @n announced. */
static void build_confirm_rkey(u8 version, u8 flags, unsigned int n)
{
	header(version, 6, flags, 44);
	buf[4] = (u8)n;
	fill(buf + 5, 12, 0x10);
	fill(buf + 17, 13 * (n < 2 ? n : 2), 0x20);
}

static void check_entry(const struct smcr_llc_rtoken *rtoken, const u8 *p)
{
	CHECK_EQ(rtoken->link_num, p[0]);
	CHECK_EQ(rtoken->rkey, smcr_load_be32(p + 1));
	CHECK_EQ(rtoken->vaddr, smcr_load_be64(p + 5));
}

static void check_confirm_rkey(u8 version, u8 flags, unsigned int n)
{
	const struct smcr_llc_confirm_rkey *m = &msg.u.confirm_rkey;
	unsigned int i;

	build_confirm_rkey(version, flags, n);
	CHECK_EQ(decode(44), 0);
	CHECK_EQ(m->announced, n);
	CHECK_EQ(m->count, 1 + (n < 2 ? n : 2));
	CHECK_EQ(m->rtoken[0].link_num, 0);
	CHECK_EQ(m->rtoken[0].rkey, smcr_load_be32(buf + 5));
	CHECK_EQ(m->rtoken[0].vaddr, smcr_load_be64(buf + 9));
	for (i = 1; i < m->count; i++)
		check_entry(&m->rtoken[i], buf + 17 + 13 * (i - 1));
	check_encode(44);
}

static void confirm_rkey__fields(void)
{
	unsigned int n;

	for (n = 0; n < 256; n++) {
		check_confirm_rkey(1, 0, n);
		check_confirm_rkey(1, 0x80, n);
		check_confirm_rkey(2, 0, n);
		check_confirm_rkey(2, 0x80, n);
	}
}

static void confirm_rkey__flags(void)
{
	const struct smcr_llc_confirm_rkey *m = &msg.u.confirm_rkey;
	unsigned int flags;

	for (flags = 0; flags < 4; flags++) {
		build_confirm_rkey(2, (u8)(0x80 | flags << 4), 0);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(m->is_negative, flags >> 1);
		CHECK_EQ(m->is_retry, flags & 1);
		check_encode(44);
		/* they mean nothing in a request */
		buf[3] &= 0x7f;
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(m->is_negative, false);
		CHECK_EQ(m->is_retry, false);
	}
}

static void confirm_rkey__invalid(void)
{
	struct smcr_llc_confirm_rkey *m = &msg.u.confirm_rkey;
	static const u8 count[] = { 1, 2, 3, 3, 3 };
	u8 i;

	for (i = 0; i < sizeof(count); i++) {
		build_confirm_rkey(2, 0, 0);
		CHECK_EQ(decode(44), 0);
		m->announced = i;
		for (m->count = 0; m->count < 6; m->count++)
			CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)),
				 m->count == count[i] ? 44 : -EINVAL);
	}
	build_confirm_rkey(2, 0, 0);
	CHECK_EQ(decode(44), 0);
	m->is_negative = true;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
	m->is_negative = false;
	m->is_retry = true;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
	msg.is_response = true;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 44);
}

static void confirm_rkey_cont__fields(void)
{
	const struct smcr_llc_confirm_rkey *m = &msg.u.confirm_rkey;
	unsigned int n, i;

	for (n = 0; n < 256; n++) {
		header(1, 8, 0, 44);
		buf[4] = (u8)n;
		fill(buf + 5, 13 * (n < 3 ? n : 3), 0x30);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(m->announced, n);
		CHECK_EQ(m->count, n < 3 ? n : 3);
		for (i = 0; i < m->count; i++)
			check_entry(&m->rtoken[i], buf + 5 + 13 * i);
		check_encode(44);
	}
}

/* -------------------------------------------------------- delete rkey */

static void check_delete_rkey_v1(bool is_response, unsigned int k)
{
	const struct smcr_llc_delete_rkey *m = &msg.u.delete_rkey;
	unsigned int i;

	header(1, 9, is_response ? 0xa0 : 0, 44);
	buf[4] = (u8)k;
	buf[5] = is_response ? 0x41 : 0;
	fill(buf + 8, 4 * (k < 8 ? k : 8), 0x10);
	CHECK_EQ(decode(44), k <= 8 ? 0 : -EPROTO);
	if (k > 8)
		return;
	CHECK_EQ(m->count, k);
	for (i = 0; i < k; i++)
		CHECK_EQ(m->rkey[i], smcr_load_be32(buf + 8 + 4 * i));
	CHECK_EQ(m->is_negative, is_response);
	CHECK_EQ(m->error_mask, is_response ? 0x41 : 0);
	check_encode(44);
}

static void delete_rkey__v1(void)
{
	unsigned int k;

	for (k = 0; k < 256; k++) {
		check_delete_rkey_v1(false, k);
		check_delete_rkey_v1(true, k);
	}
}

static void delete_rkey__v2_request(void)
{
	const struct smcr_llc_delete_rkey *m = &msg.u.delete_rkey;
	unsigned int k, i;
	size_t len, cut;

	for (k = 0; k < 256; k++) {
		len = 8 + 4 * k < 44 ? 44 : 8 + 4 * k;
		header(2, 9, 0, len);
		buf[4] = (u8)k;
		fill(buf + 8, 4 * k, 0x10);
		CHECK_EQ(decode(len), 0);
		CHECK_EQ(m->count, k);
		for (i = 0; i < k; i++)
			CHECK_EQ(m->rkey[i], smcr_load_be32(buf + 8 + 4 * i));
		CHECK_EQ(m->is_negative, false);
		check_encode(len);
		for (cut = 44; cut < len; cut += k < 20 ? 1 : 61)
			CHECK_EQ(decode(cut), -EMSGSIZE);
	}
}

/* 44 bytes whatever the count says; no rkey from outside of them. */
static void delete_rkey__v2_response(void)
{
	const struct smcr_llc_delete_rkey *m = &msg.u.delete_rkey;
	unsigned int k, i;

	for (k = 0; k < 256; k++) {
		header(2, 9, 0xa0, 44);
		buf[4] = (u8)k;
		buf[5] = 3;
		fill(buf + 8, 4 * (k < 9 ? k : 9), 0x10);
		CHECK_EQ(decode(44), 0);
		CHECK_EQ(m->count, k);
		CHECK_EQ(m->is_negative, true);
		CHECK_EQ(m->error_mask, 3);
		for (i = 0; i < 255; i++)
			CHECK_EQ(m->rkey[i], i < k && i < 9 ?
				 smcr_load_be32(buf + 8 + 4 * i) : 0);
		check_encode(44);
	}
}

static void delete_rkey__flags_of_requests(void)
{
	header(2, 9, 0x20, 44);
	buf[5] = 0xff;
	CHECK_EQ(decode(44), 0);
	CHECK_EQ(msg.u.delete_rkey.is_negative, false);
	CHECK_EQ(msg.u.delete_rkey.error_mask, 0);
}

static void delete_rkey__invalid(void)
{
	struct smcr_llc_delete_rkey *m = &msg.u.delete_rkey;

	header(1, 9, 0, 44);
	CHECK_EQ(decode(44), 0);
	m->count = 9;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
	m->count = 8;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), 44);
	m->error_mask = 1;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
	m->error_mask = 0;
	m->is_negative = true;
	CHECK_EQ(smcr_llc_encode(&msg, out, sizeof(out)), -EINVAL);
}

/* ---------------------------------------------------------- test link */

static void test_link__fields(void)
{
	u8 i;

	/* both versions, request and response */
	for (i = 0; i < 4; i++) {
		header(1 + (i & 1), 7, i & 2 ? 0x80 : 0, 44);
		fill(buf + 4, 16, 0x10);
		CHECK_EQ(decode(44), 0);
		CHECK_MEM(msg.u.test_link.user_data, buf + 4, 16);
		check_encode(44);
	}
}

/* ---------------------------------------------------------- encoding */

static void encode__types(void)
{
	static const unsigned int known[4] = { 0, 0x3de, 0x2f6, 0 };
	unsigned int i, version, type;
	int rc;

	for (i = 0; i < 4 * 256; i++) {
		version = i >> 8;
		type = i & 0xff;
		memset(&msg, 0, sizeof(msg));
		msg.version = (u8)version;
		msg.type = (u8)type;
		if (type == 6)
			msg.u.confirm_rkey.count = 1;
		rc = smcr_llc_encode(&msg, out, sizeof(out));
		if (type < 16 && known[version] >> type & 1)
			CHECK(rc == 44 || (rc == 72 && type == 2));
		else
			CHECK_EQ(rc, -EINVAL);
	}
}

static void check_caps(size_t len)
{
	u8 *exact;
	size_t cap;

	CHECK_EQ(decode(len), 0);
	for (cap = 0; cap <= len; cap++) {
		exact = test_copy(buf, cap);
		CHECK_EQ(smcr_llc_encode(&msg, exact, cap),
			 cap < len ? -ENOSPC : (int)len);
		free(exact);
	}
}

static void encode__too_small(void)
{
	static const u8 v1[] = { 1, 2, 3, 4, 6, 7, 8, 9 };
	static const u8 v2[] = { 1, 4, 5, 6, 7, 9 };
	size_t i;

	for (i = 0; i < sizeof(v1); i++) {
		header(1, v1[i], 0, 44);
		check_caps(44);
	}
	for (i = 0; i < sizeof(v2); i++) {
		header(2, v2[i], 0, 44);
		check_caps(44);
	}
	check_caps(build_add_link(2, 0xc0, 0));
	check_caps(build_add_link(2, 0, 0));
	check_caps(build_add_link(2, 0, 255));
	header(2, 5, 0, 156);
	buf[24] = 8;
	check_caps(156);
	header(2, 9, 0, 1028);
	buf[4] = 255;
	check_caps(1028);
}

static const struct test_case cases[] = {
	CASE(decode__types),
	CASE(decode__too_short),
	CASE(decode__length_byte_v1),
	CASE(decode__length_field_v2),
	CASE(decode__response_flag),
	CASE(decode__bytes_behind),
	CASE(confirm_link__fields),
	CASE(confirm_link__eyecatcher),
	CASE(confirm_link__invalid),
	CASE(add_link__v1),
	CASE(add_link__v2_rkeys),
	CASE(add_link__v2_count),
	CASE(add_link__v2_big_endian),
	CASE(add_link__v2_for_big_endian),
	CASE(add_link__v2_truncated),
	CASE(add_link__v2_reject),
	CASE(add_link__flags_of_requests),
	CASE(add_link__reserved_is_ignored),
	CASE(add_link__invalid),
	CASE(add_link_cont__fields),
	CASE(add_link_cont__unused_pairs),
	CASE(delete_link__fields),
	CASE(req_add_link__gids),
	CASE(req_add_link__truncated),
	CASE(req_add_link__response),
	CASE(req_add_link__invalid),
	CASE(confirm_rkey__fields),
	CASE(confirm_rkey__flags),
	CASE(confirm_rkey__invalid),
	CASE(confirm_rkey_cont__fields),
	CASE(delete_rkey__v1),
	CASE(delete_rkey__v2_request),
	CASE(delete_rkey__v2_response),
	CASE(delete_rkey__flags_of_requests),
	CASE(delete_rkey__invalid),
	CASE(test_link__fields),
	CASE(encode__types),
	CASE(encode__too_small),
};

TEST_MAIN(cases)
