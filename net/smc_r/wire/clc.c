// SPDX-License-Identifier: GPL-2.0
/*
 * Encode and decode the Connection Layer Control messages (wire.md section 2).
 *
 * A decoder first finds where the parts of a message are and proves that all
 * of them lie in front of the trailer; only then is anything loaded into the
 * caller's struct. In this file "end" is always the offset of the trailer:
 * the bytes in front of it belong to the message.
 */
#include "clc.h"

/* header and trailer, wire.md 2.2 */
enum {
	HDR_EYECATCHER = 0,
	HDR_TYPE = 4,
	HDR_LEN = 5,
	HDR_VERSION = 7,
	TRAILER_LEN = 4,
	/* a version 1 DECLINE */
	MIN_LEN = 28,
};

/* byte 7 */
enum {
	FLAG_MODE_MASK = 0x03,
	FLAG_TYPEV2_SHIFT = 2,
	FLAG_FIRST_CONTACT = 0x08,
	FLAG_OUT_OF_SYNC = 0x08,
};

/* PROPOSAL, wire.md 2.3; IP_, V2_ and DV2_ are relative to their area */
enum {
	PROP_PEER_ID = 8,
	PROP_GID = 16,
	PROP_MAC = 32,
	PROP_IP_OFFSET = 38,
	PROP_IP_BASE = 40,
	PROP_ISM_GID = 40,
	PROP_ISM_CHID = 48,
	PROP_V2_OFFSET = 50,
	PROP_V2_BASE = 52,
	PROP_VENDOR = 52,
	PROP_VENDOR_LEN = 8,
	PROP_SMCD_LEN = 40,
	PROP_SMCD_END = PROP_IP_BASE + PROP_SMCD_LEN,
	PROP_V2_OFFSET_MAX = 172,

	IP_SUBNET = 0,
	IP_SUBNET_LEN = 4,
	IP_PREFIX_LEN = 4,
	IP_COUNT = 7,
	IP_LEN = 8,
	IP6_ADDR_LEN = 16,
	IP6_LEN = 17,

	V2_EID_COUNT = 0,
	V2_ISM_COUNT = 1,
	V2_RELEASE = 3,
	V2_SMCD_OFFSET = 6,
	V2_SMCD_BASE = 8,
	V2_ROCE_GID = 8,
	V2_MAX_CONNS = 24,
	V2_MAX_LINKS = 25,
	V2_FEATURES = 26,
	V2_LEN = 40,
	V2_FLAG_SEID = 0x01,

	DV2_SEID = 0,
	DV2_LEN = 48,
	DV2_ISM_GID = 0,
	DV2_ISM_CHID = 8,
	DV2_ISM_LEN = 10,

	IP4_MAX_PREFIX = 32,
	IP6_MAX_PREFIX = 128,
};

/* ACCEPT and CONFIRM: R_ wire.md 2.4, D_ 2.5, FCE_ 2.6, LIST_ 2.7 */
enum {
	R_PEER_ID = 8,
	R_GID = 16,
	R_MAC = 32,
	R_QPN = 38,
	R_RKEY = 41,
	R_RMBE_IDX = 45,
	R_TOKEN = 46,
	R_CODES = 50,
	R_VADDR = 52,
	R_PSN = 61,
	R_V1_END = 64,
	R_EID = 64,
	R_V2_END = 104,

	D_GID = 8,
	D_TOKEN = 16,
	D_DMBE_IDX = 24,
	D_SIZE_CODE = 25,
	D_LINK_ID = 28,
	D_LINK_ID_LEN = 4,
	D_V1_END = 44,
	D_CHID = 32,
	D_EID = 34,
	D_GID_EXT = 66,
	D_V2_END = 74,

	FCE_FLAGS = 0,
	FCE_OS_RELEASE = 1,
	FCE_HOST = 4,
	FCE_V20_LEN = 36,
	FCE_MAX_CONNS = 36,
	FCE_MAX_LINKS = 37,
	FCE_FEATURES = 38,
	FCE_VENDOR = 40,
	FCE_VENDOR_LEN = 4,
	FCE_LEN = 52,
	FCE_FLAG_DIRECT = 0x80,

	LIST_COUNT = R_V2_END + FCE_LEN,
	LIST_GID = LIST_COUNT + 4,
};

/* DECLINE, wire.md 2.8 */
enum {
	DECL_PEER_ID = 8,
	DECL_DIAGNOSIS = 16,
	DECL_OS = 20,
	DECL_V1_LEN = 28,
	DECL_V2_LEN = 44,
};

static const u8 eyecatcher_smcr[4] = { 0xe2, 0xd4, 0xc3, 0xd9 };
static const u8 eyecatcher_smcd[4] = { 0xe2, 0xd4, 0xc3, 0xc4 };

static bool is_eyecatcher(const u8 *p)
{
	return !memcmp(p, eyecatcher_smcr, sizeof(eyecatcher_smcr)) ||
	       !memcmp(p, eyecatcher_smcd, sizeof(eyecatcher_smcd));
}

static bool mode_has_smcd(u8 mode)
{
	return mode == SMCR_CLC_MODE_D || mode == SMCR_CLC_MODE_BOTH;
}

static u8 mode_without_smcd(u8 mode)
{
	if (mode == SMCR_CLC_MODE_D)
		return SMCR_CLC_MODE_NONE;
	if (mode == SMCR_CLC_MODE_BOTH)
		return SMCR_CLC_MODE_R;
	return mode;
}

static u8 limit_u8(u8 value, u8 limit)
{
	return value < limit ? value : limit;
}

/**
 * smcr_clc_decode_hdr() - decode the header of any CLC message
 * @buf: received bytes
 * @len: number of bytes in @buf, at least SMCR_CLC_HDR_LEN
 * @hdr: filled on success only
 *
 * Tells a reader which message arrives and how many bytes belong to it. The
 * reader hands at most SMCR_CLC_MAX_LEN of them to the decoder and discards
 * the rest: only ACCEPT and CONFIRM of a later release can be longer, and
 * their decoder copes with the cut. See wire.md 2.2 and 2.9.
 *
 * Return: 0, -EMSGSIZE when @len is too short for a header, -EPROTO when it
 * is not a header of a CLC message.
 */
int smcr_clc_decode_hdr(const u8 *buf, size_t len, struct smcr_clc_hdr *hdr)
{
	u8 type, version;
	u16 msg_len;

	if (len < SMCR_CLC_HDR_LEN)
		return -EMSGSIZE;
	if (!is_eyecatcher(buf + HDR_EYECATCHER))
		return -EPROTO;
	type = buf[HDR_TYPE];
	if (type < SMCR_CLC_PROPOSAL || type > SMCR_CLC_DECLINE)
		return -EPROTO;
	msg_len = smcr_load_be16(buf + HDR_LEN);
	if (msg_len < MIN_LEN)
		return -EPROTO;
	version = buf[HDR_VERSION] >> 4;
	if (!version)
		return -EPROTO;

	hdr->type = type;
	hdr->len = msg_len;
	hdr->version = version;
	hdr->flags = buf[HDR_VERSION] & 0x0f;
	return 0;
}

/* Later versions than 2 are taken for 2 from here on. */
static int open_message(const u8 *buf, size_t len, struct smcr_clc_hdr *hdr,
			size_t *end)
{
	int rc;

	rc = smcr_clc_decode_hdr(buf, len, hdr);
	if (rc)
		return rc;
	if (hdr->version > 2)
		hdr->version = 2;

	*end = hdr->len - TRAILER_LEN;
	if (len >= hdr->len) {
		/* stock sends a trailer in DECLINE, but does not look at it */
		if (hdr->type == SMCR_CLC_DECLINE)
			return 0;
		return is_eyecatcher(buf + *end) ? 0 : -EPROTO;
	}
	if (len < SMCR_CLC_MAX_LEN)
		return -EMSGSIZE;
	/* the reader discarded the excess, and the trailer with it */
	if (*end > len)
		*end = len;
	return 0;
}

/* Zero the message, so that no encoder has to care for reserved bytes. */
static void store_frame(u8 *buf, size_t len, u8 type, u8 version, u8 flags,
			const u8 *eyecatcher)
{
	memset(buf, 0, len);
	memcpy(buf + HDR_EYECATCHER, eyecatcher, TRAILER_LEN);
	buf[HDR_TYPE] = type;
	smcr_store_be16(buf + HDR_LEN, (u16)len);
	buf[HDR_VERSION] = (u8)(version << 4 | flags);
	memcpy(buf + len - TRAILER_LEN, eyecatcher, TRAILER_LEN);
}

/* Where the parts of a PROPOSAL are: offsets in the message, 0 when the part
 * is absent. The modes are those whose parts have been found.
 */
struct proposal_map {
	u8 typev1;
	u8 typev2;
	size_t smcd;
	size_t ip;
	size_t v2;
	size_t smcd_v2;
};

/* Size of the IP area at @ip, or negative. That the prefixes are inside the
 * message follows from its exact length, which the callers check.
 */
static int measure_ip(const u8 *buf, size_t end, size_t ip)
{
	if (ip + IP_LEN > end || buf[ip + IP_COUNT] > SMCR_CLC_MAX_IP6)
		return -EPROTO;
	return IP_LEN + IP6_LEN * buf[ip + IP_COUNT];
}

static int map_proposal_v1(const u8 *buf, size_t end, u16 ip_offset,
			   struct proposal_map *map)
{
	int ip_len;

	if (map->typev1 == SMCR_CLC_MODE_NONE)
		return -EPROTO;
	map->typev2 = SMCR_CLC_MODE_NONE;
	map->ip = PROP_IP_BASE + ip_offset;
	ip_len = measure_ip(buf, end, map->ip);
	if (ip_len < 0)
		return ip_len;
	if (end != map->ip + ip_len)
		return -EPROTO;
	if (ip_offset == PROP_SMCD_LEN) {
		map->smcd = PROP_ISM_GID;
		return 0;
	}
	/* RFC layout: SMC-D cannot be meant without its area */
	map->typev1 = mode_without_smcd(map->typev1);
	return map->typev1 == SMCR_CLC_MODE_NONE ? -EPROTO : 0;
}

/* Size of the version 2 extensions, or negative. */
static int map_proposal_v2_ext(const u8 *buf, size_t end,
			       struct proposal_map *map)
{
	size_t v2, smcd_v2;
	u16 offset;
	int len, smcd_len;

	offset = smcr_load_be16(buf + PROP_V2_OFFSET);
	if (!offset || offset > PROP_V2_OFFSET_MAX)
		return -EPROTO;
	v2 = PROP_V2_BASE + offset;
	if (v2 + V2_LEN > end || buf[v2 + V2_EID_COUNT] > SMCR_CLC_MAX_EIDS)
		return -EPROTO;
	len = V2_LEN + SMCR_EID_LEN * buf[v2 + V2_EID_COUNT];
	if (v2 + len > end)
		return -EPROTO;
	map->v2 = v2;
	if (!mode_has_smcd(map->typev2))
		return len;

	if (buf[v2 + V2_ISM_COUNT] > SMCR_CLC_MAX_ISM)
		return -EPROTO;
	smcd_len = DV2_LEN + DV2_ISM_LEN * buf[v2 + V2_ISM_COUNT];
	offset = smcr_load_be16(buf + v2 + V2_SMCD_OFFSET);
	if (offset) {
		smcd_v2 = v2 + V2_SMCD_BASE + offset;
		if (smcd_v2 + smcd_len > end)
			return -EPROTO;
		map->smcd_v2 = smcd_v2;
	} else {
		map->typev2 = mode_without_smcd(map->typev2);
		if (map->typev2 == SMCR_CLC_MODE_NONE)
			map->v2 = 0;
	}
	return len + smcd_len;
}

static int map_proposal_v2(const u8 *buf, size_t end, u16 ip_offset,
			   struct proposal_map *map)
{
	size_t want = PROP_SMCD_END;
	int len;

	if (end < PROP_SMCD_END)
		return -EPROTO;
	map->smcd = PROP_ISM_GID;
	if (map->typev1 != SMCR_CLC_MODE_NONE) {
		map->ip = PROP_IP_BASE + ip_offset;
		len = measure_ip(buf, end, map->ip);
		if (len < 0)
			return len;
		want += len;
	}
	if (mode_has_smcd(map->typev1) && ip_offset != PROP_SMCD_LEN) {
		/* no SMC-D area, hence no way to the version 2 extension */
		if (map->typev2 != SMCR_CLC_MODE_NONE)
			return -EPROTO;
		map->smcd = 0;
		map->typev1 = mode_without_smcd(map->typev1);
		if (map->typev1 == SMCR_CLC_MODE_NONE)
			map->ip = 0;
	}
	if (map->typev2 != SMCR_CLC_MODE_NONE) {
		len = map_proposal_v2_ext(buf, end, map);
		if (len < 0)
			return len;
		want += len;
	}
	return end == want ? 0 : -EPROTO;
}

static int map_proposal(const u8 *buf, const struct smcr_clc_hdr *hdr,
			size_t end, struct proposal_map *map)
{
	u16 ip_offset;

	memset(map, 0, sizeof(*map));
	map->typev1 = hdr->flags & FLAG_MODE_MASK;
	map->typev2 = hdr->flags >> FLAG_TYPEV2_SHIFT;
	if (end < PROP_IP_BASE)
		return -EPROTO;
	ip_offset = smcr_load_be16(buf + PROP_IP_OFFSET);
	if (ip_offset > PROP_SMCD_LEN)
		return -EPROTO;
	if (hdr->version == 1)
		return map_proposal_v1(buf, end, ip_offset, map);
	return map_proposal_v2(buf, end, ip_offset, map);
}

static void load_ip(const u8 *p, struct smcr_clc_proposal *msg)
{
	u8 i;

	msg->has_ip = true;
	memcpy(msg->ip4_subnet, p + IP_SUBNET, IP_SUBNET_LEN);
	msg->ip4_prefix_len = limit_u8(p[IP_PREFIX_LEN], IP4_MAX_PREFIX);
	msg->ip6_count = p[IP_COUNT];
	p += IP_LEN;
	for (i = 0; i < msg->ip6_count; i++, p += IP6_LEN) {
		memcpy(msg->ip6[i].addr, p, IP6_ADDR_LEN);
		msg->ip6[i].len = limit_u8(p[IP6_ADDR_LEN], IP6_MAX_PREFIX);
	}
}

static void load_v2(const u8 *p, struct smcr_clc_proposal *msg)
{
	u8 i;

	msg->has_v2 = true;
	msg->eid_count = p[V2_EID_COUNT];
	msg->release = p[V2_RELEASE] >> 4;
	msg->has_seid = p[V2_RELEASE] & V2_FLAG_SEID;
	memcpy(msg->roce_gid, p + V2_ROCE_GID, SMCR_GID_LEN);
	/* reserved in release 0 */
	if (msg->release) {
		msg->max_conns = p[V2_MAX_CONNS];
		msg->max_links = p[V2_MAX_LINKS];
		msg->feature_mask = smcr_load_be16(p + V2_FEATURES);
	}
	for (i = 0; i < msg->eid_count; i++)
		memcpy(msg->eid[i], p + V2_LEN + SMCR_EID_LEN * i,
		       SMCR_EID_LEN);
}

static void load_smcd_v2(const u8 *p, u8 count, struct smcr_clc_proposal *msg)
{
	u8 i;

	msg->has_smcd_v2 = true;
	memcpy(msg->seid, p + DV2_SEID, SMCR_EID_LEN);
	msg->ism_count = count;
	p += DV2_LEN;
	for (i = 0; i < count; i++, p += DV2_ISM_LEN) {
		msg->ism[i].gid = smcr_load_be64(p + DV2_ISM_GID);
		msg->ism[i].chid = smcr_load_be16(p + DV2_ISM_CHID);
	}
}

/**
 * smcr_clc_decode_proposal() - decode a PROPOSAL
 * @buf: the whole message; bytes behind it are not looked at
 * @len: number of bytes in @buf
 * @msg: filled on success only
 *
 * wire.md 2.3 and 2.9. Beyond the checks of a stock receiver all parts have
 * to lie inside the message. The decoded struct keeps these promises:
 * @has_ip follows from @typev1, @has_v2 and @has_smcd_v2 from @typev2;
 * a version 2 message has an SMC-D area; a mode whose area the message
 * does not contain is taken out of @typev1 or @typev2; all counts fit their
 * arrays; prefix lengths are cut to 32 and 128; version is 1 or 2, later
 * ones read as 2; the v2.1 fields are 0 in release 0.
 *
 * The byte that stock takes for a prefix count even when there is no IP area
 * (the trap in 2.9) is not checked here.
 *
 * Return: 0, -EMSGSIZE when @len is shorter than the message, -EPROTO when
 * it is malformed or not a PROPOSAL.
 */
int smcr_clc_decode_proposal(const u8 *buf, size_t len,
			     struct smcr_clc_proposal *msg)
{
	struct smcr_clc_hdr hdr;
	struct proposal_map map;
	size_t end;
	int rc;

	rc = open_message(buf, len, &hdr, &end);
	if (rc)
		return rc;
	if (hdr.type != SMCR_CLC_PROPOSAL)
		return -EPROTO;
	rc = map_proposal(buf, &hdr, end, &map);
	if (rc)
		return rc;

	memset(msg, 0, sizeof(*msg));
	msg->version = hdr.version;
	msg->typev1 = map.typev1;
	msg->typev2 = map.typev2;
	memcpy(msg->peer_id, buf + PROP_PEER_ID, SMCR_PEER_ID_LEN);
	memcpy(msg->gid_v1, buf + PROP_GID, SMCR_GID_LEN);
	memcpy(msg->mac, buf + PROP_MAC, SMCR_MAC_LEN);
	msg->has_smcd_area = map.smcd || hdr.version > 1;
	if (map.smcd) {
		msg->ism_gid = smcr_load_be64(buf + PROP_ISM_GID);
		msg->ism_chid = smcr_load_be16(buf + PROP_ISM_CHID);
		memcpy(msg->vendor, buf + PROP_VENDOR, PROP_VENDOR_LEN);
	}
	if (map.ip)
		load_ip(buf + map.ip, msg);
	if (map.v2)
		load_v2(buf + map.v2, msg);
	if (map.smcd_v2)
		load_smcd_v2(buf + map.smcd_v2, buf[map.v2 + V2_ISM_COUNT],
			     msg);
	return 0;
}

static bool ip_is_valid(const struct smcr_clc_proposal *msg)
{
	u8 i;

	if (msg->ip4_prefix_len > IP4_MAX_PREFIX ||
	    msg->ip6_count > SMCR_CLC_MAX_IP6)
		return false;
	for (i = 0; i < msg->ip6_count; i++)
		if (msg->ip6[i].len > IP6_MAX_PREFIX)
			return false;
	return true;
}

static bool proposal_is_valid(const struct smcr_clc_proposal *msg)
{
	bool offers_v1 = msg->typev1 != SMCR_CLC_MODE_NONE;
	bool offers_v2 = msg->typev2 != SMCR_CLC_MODE_NONE;

	if (msg->version < 1 || msg->version > 2)
		return false;
	if (msg->typev1 > SMCR_CLC_MODE_BOTH ||
	    msg->typev2 > SMCR_CLC_MODE_BOTH)
		return false;
	if (msg->version == 1 && (!offers_v1 || offers_v2))
		return false;
	if (!msg->has_smcd_area &&
	    (msg->version > 1 || mode_has_smcd(msg->typev1)))
		return false;
	if (msg->has_ip != offers_v1 || msg->has_v2 != offers_v2 ||
	    msg->has_smcd_v2 != mode_has_smcd(msg->typev2))
		return false;
	if (msg->has_ip && !ip_is_valid(msg))
		return false;
	if (msg->has_v2 &&
	    (msg->eid_count > SMCR_CLC_MAX_EIDS || msg->release > 0x0f))
		return false;
	return !msg->has_smcd_v2 || msg->ism_count <= SMCR_CLC_MAX_ISM;
}

static void store_ip(u8 *p, const struct smcr_clc_proposal *msg)
{
	u8 i;

	memcpy(p + IP_SUBNET, msg->ip4_subnet, IP_SUBNET_LEN);
	p[IP_PREFIX_LEN] = msg->ip4_prefix_len;
	p[IP_COUNT] = msg->ip6_count;
	p += IP_LEN;
	for (i = 0; i < msg->ip6_count; i++, p += IP6_LEN) {
		memcpy(p, msg->ip6[i].addr, IP6_ADDR_LEN);
		p[IP6_ADDR_LEN] = msg->ip6[i].len;
	}
}

static void store_v2(u8 *p, const struct smcr_clc_proposal *msg)
{
	u8 i;

	p[V2_EID_COUNT] = msg->eid_count;
	p[V2_RELEASE] = (u8)(msg->release << 4);
	if (msg->has_seid)
		p[V2_RELEASE] |= V2_FLAG_SEID;
	memcpy(p + V2_ROCE_GID, msg->roce_gid, SMCR_GID_LEN);
	if (msg->release) {
		p[V2_MAX_CONNS] = msg->max_conns;
		p[V2_MAX_LINKS] = msg->max_links;
		smcr_store_be16(p + V2_FEATURES, msg->feature_mask);
	}
	for (i = 0; i < msg->eid_count; i++)
		memcpy(p + V2_LEN + SMCR_EID_LEN * i, msg->eid[i],
		       SMCR_EID_LEN);
}

static void store_smcd_v2(u8 *p, const struct smcr_clc_proposal *msg)
{
	u8 i;

	memcpy(p + DV2_SEID, msg->seid, SMCR_EID_LEN);
	p += DV2_LEN;
	for (i = 0; i < msg->ism_count; i++, p += DV2_ISM_LEN) {
		smcr_store_be64(p + DV2_ISM_GID, msg->ism[i].gid);
		smcr_store_be16(p + DV2_ISM_CHID, msg->ism[i].chid);
	}
}

/**
 * smcr_clc_encode_proposal() - encode a PROPOSAL
 * @msg: what to send; the has_... flags must agree with the modes as
 *	smcr_clc_decode_proposal() promises
 * @buf: receives the message
 * @cap: size of @buf
 *
 * wire.md 2.3. The v2.1 fields are not sent in release 0. When @typev1 is
 * SMCR_CLC_MODE_NONE, @ism_gid should be 0: stock receivers would take its
 * last byte for a prefix count (2.9).
 *
 * Return: length of the message, -EINVAL when @msg contradicts itself,
 * -ENOSPC when @cap is too small.
 */
int smcr_clc_encode_proposal(const struct smcr_clc_proposal *msg, u8 *buf,
			     size_t cap)
{
	size_t ip = 0, v2 = 0, smcd_v2 = 0;
	size_t end = PROP_IP_BASE;
	size_t len;
	u8 flags;

	if (!proposal_is_valid(msg))
		return -EINVAL;
	if (msg->has_smcd_area)
		end += PROP_SMCD_LEN;
	if (msg->has_ip) {
		ip = end;
		end += IP_LEN + IP6_LEN * msg->ip6_count;
	}
	if (msg->has_v2) {
		v2 = end;
		end += V2_LEN + SMCR_EID_LEN * msg->eid_count;
	}
	if (msg->has_smcd_v2) {
		smcd_v2 = end;
		end += DV2_LEN + DV2_ISM_LEN * msg->ism_count;
	}
	len = end + TRAILER_LEN;
	if (cap < len)
		return -ENOSPC;

	flags = msg->typev1;
	if (msg->version > 1)
		flags |= msg->typev2 << FLAG_TYPEV2_SHIFT;
	store_frame(buf, len, SMCR_CLC_PROPOSAL, msg->version, flags,
		    eyecatcher_smcr);
	memcpy(buf + PROP_PEER_ID, msg->peer_id, SMCR_PEER_ID_LEN);
	memcpy(buf + PROP_GID, msg->gid_v1, SMCR_GID_LEN);
	memcpy(buf + PROP_MAC, msg->mac, SMCR_MAC_LEN);
	if (msg->has_smcd_area) {
		smcr_store_be64(buf + PROP_ISM_GID, msg->ism_gid);
		smcr_store_be16(buf + PROP_ISM_CHID, msg->ism_chid);
		memcpy(buf + PROP_VENDOR, msg->vendor, PROP_VENDOR_LEN);
	}
	if (msg->has_ip) {
		smcr_store_be16(buf + PROP_IP_OFFSET,
				(u16)(ip - PROP_IP_BASE));
		store_ip(buf + ip, msg);
	}
	if (msg->has_v2) {
		smcr_store_be16(buf + PROP_V2_OFFSET,
				(u16)(v2 - PROP_V2_BASE));
		store_v2(buf + v2, msg);
	}
	if (msg->has_smcd_v2) {
		smcr_store_be16(buf + v2 + V2_SMCD_OFFSET,
				(u16)(smcd_v2 - v2 - V2_SMCD_BASE));
		buf[v2 + V2_ISM_COUNT] = msg->ism_count;
		store_smcd_v2(buf + smcd_v2, msg);
	}
	return (int)len;
}

static void load_rdma(const u8 *buf, struct smcr_clc_rdma *r)
{
	memcpy(r->peer_id, buf + R_PEER_ID, SMCR_PEER_ID_LEN);
	memcpy(r->gid, buf + R_GID, SMCR_GID_LEN);
	memcpy(r->mac, buf + R_MAC, SMCR_MAC_LEN);
	r->qpn = smcr_load_be24(buf + R_QPN);
	r->rkey = smcr_load_be32(buf + R_RKEY);
	r->rmbe_idx = buf[R_RMBE_IDX];
	r->token = smcr_load_be32(buf + R_TOKEN);
	r->size_code = buf[R_CODES] >> 4;
	r->mtu_code = buf[R_CODES] & 0x0f;
	r->vaddr = smcr_load_be64(buf + R_VADDR);
	r->psn = smcr_load_be24(buf + R_PSN);
}

static void load_ism(const u8 *buf, struct smcr_clc_ism *d)
{
	d->gid = smcr_load_be64(buf + D_GID);
	d->token = smcr_load_be64(buf + D_TOKEN);
	d->dmbe_idx = buf[D_DMBE_IDX];
	d->size_code = buf[D_SIZE_CODE] >> 4;
	memcpy(d->link_id, buf + D_LINK_ID, D_LINK_ID_LEN);
}

/* A release 0 message may end before the fields that release 1 added. */
static bool fce_is_complete(const u8 *buf, size_t fce, size_t end)
{
	if (fce + FCE_V20_LEN > end)
		return false;
	return !(buf[fce + FCE_OS_RELEASE] & 0x0f) || fce + FCE_LEN <= end;
}

static void load_fce(const u8 *p, struct smcr_clc_fce *fce)
{
	fce->is_direct = p[FCE_FLAGS] & FCE_FLAG_DIRECT;
	fce->os = p[FCE_OS_RELEASE] >> 4;
	fce->release = p[FCE_OS_RELEASE] & 0x0f;
	memcpy(fce->host, p + FCE_HOST, SMCR_CLC_HOST_LEN);
	if (fce->release) {
		fce->max_conns = p[FCE_MAX_CONNS];
		fce->max_links = p[FCE_MAX_LINKS];
		fce->feature_mask = smcr_load_be16(p + FCE_FEATURES);
		memcpy(fce->vendor, p + FCE_VENDOR, FCE_VENDOR_LEN);
	}
}

/**
 * smcr_clc_host_is_valid() - can a host name be shown?
 * @host: of a first contact extension
 *
 * wire.md 2.6: a name with a byte that is not ASCII is ignored.
 *
 * Return: true if it can.
 */
bool smcr_clc_host_is_valid(const u8 host[SMCR_CLC_HOST_LEN])
{
	int i;

	for (i = 0; i < SMCR_CLC_HOST_LEN; i++)
		if (host[i] & 0x80)
			return false;
	return true;
}

/* Nobody depends on the list, so it is cut to what is there, not refused. */
static void load_gids(const u8 *buf, size_t end, struct smcr_clc_accept *msg)
{
	size_t room;
	u8 i;

	if (end < LIST_GID)
		return;
	room = (end - LIST_GID) / SMCR_GID_LEN;
	msg->gid_count = limit_u8(buf[LIST_COUNT], SMCR_CLC_MAX_GIDS);
	if (msg->gid_count > room)
		msg->gid_count = (u8)room;
	for (i = 0; i < msg->gid_count; i++)
		memcpy(msg->gid[i], buf + LIST_GID + SMCR_GID_LEN * i,
		       SMCR_GID_LEN);
}

/**
 * smcr_clc_decode_accept() - decode an ACCEPT or a CONFIRM
 * @buf: the whole message, or its first SMCR_CLC_MAX_LEN bytes; bytes behind
 *	it are not looked at
 * @len: number of bytes in @buf
 * @msg: filled on success only
 *
 * wire.md 2.4 to 2.7 and 2.9. Bytes between the known content of a version 2
 * message and its trailer are skipped. In a message that was cut because it
 * is longer than SMCR_CLC_MAX_LEN the trailer is not checked. The decoded
 * struct keeps these promises: @has_fce is set exactly in version 2 with
 * @is_first_contact; rmbe_idx is not 0; the GID list is cut to its array and
 * to the message; version is 1 or 2, later ones read as 2; what the version,
 * release or mode does not have is 0.
 *
 * Return: 0, -EMSGSIZE when @len is shorter than the message, -EPROTO when
 * it is malformed or neither ACCEPT nor CONFIRM.
 */
int smcr_clc_decode_accept(const u8 *buf, size_t len,
			   struct smcr_clc_accept *msg)
{
	bool is_first_contact, has_fce;
	struct smcr_clc_hdr hdr;
	size_t v1_end, v2_end, end;
	u8 mode;
	int rc;

	rc = open_message(buf, len, &hdr, &end);
	if (rc)
		return rc;
	if (hdr.type != SMCR_CLC_ACCEPT && hdr.type != SMCR_CLC_CONFIRM)
		return -EPROTO;
	mode = hdr.flags & FLAG_MODE_MASK;
	if (mode != SMCR_CLC_MODE_R && mode != SMCR_CLC_MODE_D)
		return -EPROTO;
	v1_end = mode == SMCR_CLC_MODE_R ? R_V1_END : D_V1_END;
	v2_end = mode == SMCR_CLC_MODE_R ? R_V2_END : D_V2_END;
	if (hdr.version == 1 ? end != v1_end : end < v2_end)
		return -EPROTO;
	is_first_contact = hdr.flags & FLAG_FIRST_CONTACT;
	has_fce = is_first_contact && hdr.version > 1;
	if (has_fce && !fce_is_complete(buf, v2_end, end))
		return -EPROTO;
	if (mode == SMCR_CLC_MODE_R && !buf[R_RMBE_IDX])
		return -EPROTO;

	memset(msg, 0, sizeof(*msg));
	msg->type = hdr.type;
	msg->version = hdr.version;
	msg->mode = mode;
	msg->is_first_contact = is_first_contact;
	if (mode == SMCR_CLC_MODE_R)
		load_rdma(buf, &msg->r);
	else
		load_ism(buf, &msg->d);
	if (hdr.version == 1)
		return 0;

	if (mode == SMCR_CLC_MODE_R) {
		memcpy(msg->eid, buf + R_EID, SMCR_EID_LEN);
	} else {
		memcpy(msg->eid, buf + D_EID, SMCR_EID_LEN);
		msg->d.chid = smcr_load_be16(buf + D_CHID);
		msg->d.gid_ext = smcr_load_be64(buf + D_GID_EXT);
	}
	if (has_fce) {
		msg->has_fce = true;
		load_fce(buf + v2_end, &msg->fce);
		if (mode == SMCR_CLC_MODE_R && hdr.type == SMCR_CLC_CONFIRM)
			load_gids(buf, end, msg);
	}
	return 0;
}

static bool rdma_is_valid(const struct smcr_clc_rdma *r)
{
	return r->qpn <= 0xffffff && r->psn <= 0xffffff && r->rmbe_idx &&
	       r->size_code <= 0x0f && r->mtu_code <= 0x0f;
}

/* Only the first CONFIRM of an SMC-R version 2 link group has a GID list. */
static bool has_gid_list(const struct smcr_clc_accept *msg)
{
	return msg->has_fce && msg->mode == SMCR_CLC_MODE_R &&
	       msg->type == SMCR_CLC_CONFIRM;
}

static bool accept_is_valid(const struct smcr_clc_accept *msg)
{
	if (msg->type != SMCR_CLC_ACCEPT && msg->type != SMCR_CLC_CONFIRM)
		return false;
	if (msg->version < 1 || msg->version > 2)
		return false;
	if (msg->mode == SMCR_CLC_MODE_R) {
		if (!rdma_is_valid(&msg->r))
			return false;
	} else if (msg->mode != SMCR_CLC_MODE_D || msg->d.size_code > 0x0f) {
		return false;
	}
	if (msg->has_fce != (msg->version > 1 && msg->is_first_contact))
		return false;
	if (msg->has_fce && (msg->fce.os > 0x0f || msg->fce.release > 0x0f))
		return false;
	return msg->gid_count <= (has_gid_list(msg) ? SMCR_CLC_MAX_GIDS : 0);
}

static size_t accept_len(const struct smcr_clc_accept *msg)
{
	bool is_rdma = msg->mode == SMCR_CLC_MODE_R;
	size_t end;

	if (msg->version == 1)
		return (is_rdma ? R_V1_END : D_V1_END) + TRAILER_LEN;
	end = is_rdma ? R_V2_END : D_V2_END;
	if (msg->has_fce)
		end += is_rdma || msg->fce.release ? FCE_LEN : FCE_V20_LEN;
	if (has_gid_list(msg))
		end = LIST_GID + SMCR_GID_LEN * msg->gid_count;
	return end + TRAILER_LEN;
}

static void store_rdma(u8 *buf, const struct smcr_clc_rdma *r)
{
	memcpy(buf + R_PEER_ID, r->peer_id, SMCR_PEER_ID_LEN);
	memcpy(buf + R_GID, r->gid, SMCR_GID_LEN);
	memcpy(buf + R_MAC, r->mac, SMCR_MAC_LEN);
	smcr_store_be24(buf + R_QPN, r->qpn);
	smcr_store_be32(buf + R_RKEY, r->rkey);
	buf[R_RMBE_IDX] = r->rmbe_idx;
	smcr_store_be32(buf + R_TOKEN, r->token);
	buf[R_CODES] = (u8)(r->size_code << 4 | r->mtu_code);
	smcr_store_be64(buf + R_VADDR, r->vaddr);
	smcr_store_be24(buf + R_PSN, r->psn);
}

static void store_ism(u8 *buf, const struct smcr_clc_ism *d)
{
	smcr_store_be64(buf + D_GID, d->gid);
	smcr_store_be64(buf + D_TOKEN, d->token);
	buf[D_DMBE_IDX] = d->dmbe_idx;
	buf[D_SIZE_CODE] = (u8)(d->size_code << 4);
	memcpy(buf + D_LINK_ID, d->link_id, D_LINK_ID_LEN);
}

static void store_fce(u8 *p, const struct smcr_clc_fce *fce)
{
	if (fce->is_direct)
		p[FCE_FLAGS] = FCE_FLAG_DIRECT;
	p[FCE_OS_RELEASE] = (u8)(fce->os << 4 | fce->release);
	memcpy(p + FCE_HOST, fce->host, SMCR_CLC_HOST_LEN);
	if (fce->release) {
		p[FCE_MAX_CONNS] = fce->max_conns;
		p[FCE_MAX_LINKS] = fce->max_links;
		smcr_store_be16(p + FCE_FEATURES, fce->feature_mask);
		memcpy(p + FCE_VENDOR, fce->vendor, FCE_VENDOR_LEN);
	}
}

static void store_gids(u8 *buf, const struct smcr_clc_accept *msg)
{
	u8 i;

	buf[LIST_COUNT] = msg->gid_count;
	for (i = 0; i < msg->gid_count; i++)
		memcpy(buf + LIST_GID + SMCR_GID_LEN * i, msg->gid[i],
		       SMCR_GID_LEN);
}

/**
 * smcr_clc_encode_accept() - encode an ACCEPT or a CONFIRM
 * @msg: what to send; @has_fce and @gid_count must agree with the other
 *	fields as smcr_clc_decode_accept() promises
 * @buf: receives the message
 * @cap: size of @buf
 *
 * wire.md 2.4 to 2.7. Only the half named by @mode is looked at. What the
 * version or release has no place for is not sent.
 *
 * Return: length of the message, -EINVAL when @msg contradicts itself or a
 * value does not fit its field, -ENOSPC when @cap is too small.
 */
int smcr_clc_encode_accept(const struct smcr_clc_accept *msg, u8 *buf,
			   size_t cap)
{
	bool is_rdma = msg->mode == SMCR_CLC_MODE_R;
	size_t len;
	u8 flags;

	if (!accept_is_valid(msg))
		return -EINVAL;
	len = accept_len(msg);
	if (cap < len)
		return -ENOSPC;

	flags = msg->mode;
	if (msg->is_first_contact)
		flags |= FLAG_FIRST_CONTACT;
	store_frame(buf, len, msg->type, msg->version, flags,
		    is_rdma ? eyecatcher_smcr : eyecatcher_smcd);
	if (is_rdma)
		store_rdma(buf, &msg->r);
	else
		store_ism(buf, &msg->d);
	if (msg->version == 1)
		return (int)len;

	if (is_rdma) {
		memcpy(buf + R_EID, msg->eid, SMCR_EID_LEN);
	} else {
		memcpy(buf + D_EID, msg->eid, SMCR_EID_LEN);
		smcr_store_be16(buf + D_CHID, msg->d.chid);
		smcr_store_be64(buf + D_GID_EXT, msg->d.gid_ext);
	}
	if (msg->has_fce)
		store_fce(buf + (is_rdma ? R_V2_END : D_V2_END), &msg->fce);
	if (has_gid_list(msg))
		store_gids(buf, msg);
	return (int)len;
}

/**
 * smcr_clc_decode_decline() - decode a DECLINE
 * @buf: the whole message; bytes behind it are not looked at
 * @len: number of bytes in @buf
 * @msg: filled on success only
 *
 * wire.md 2.8 and 2.9. The trailer is not checked, as in stock. Version is 1
 * or 2, later ones read as 2.
 *
 * Return: 0, -EMSGSIZE when @len is shorter than the message, -EPROTO when
 * it is malformed or not a DECLINE.
 */
int smcr_clc_decode_decline(const u8 *buf, size_t len,
			    struct smcr_clc_decline *msg)
{
	struct smcr_clc_hdr hdr;
	size_t end;
	int rc;

	rc = open_message(buf, len, &hdr, &end);
	if (rc)
		return rc;
	if (hdr.type != SMCR_CLC_DECLINE)
		return -EPROTO;
	if (hdr.len != (hdr.version == 1 ? DECL_V1_LEN : DECL_V2_LEN))
		return -EPROTO;

	memset(msg, 0, sizeof(*msg));
	msg->version = hdr.version;
	msg->is_out_of_sync = hdr.flags & FLAG_OUT_OF_SYNC;
	memcpy(msg->peer_id, buf + DECL_PEER_ID, SMCR_PEER_ID_LEN);
	msg->diagnosis = smcr_load_be32(buf + DECL_DIAGNOSIS);
	if (hdr.version > 1)
		msg->os = buf[DECL_OS] >> 4;
	return 0;
}

/**
 * smcr_clc_encode_decline() - encode a DECLINE
 * @msg: what to send; @os is not sent in version 1
 * @buf: receives the message
 * @cap: size of @buf
 *
 * wire.md 2.8.
 *
 * Return: length of the message, -EINVAL when the version or @os does not
 * exist, -ENOSPC when @cap is too small.
 */
int smcr_clc_encode_decline(const struct smcr_clc_decline *msg, u8 *buf,
			    size_t cap)
{
	size_t len;

	if (msg->version < 1 || msg->version > 2 || msg->os > 0x0f)
		return -EINVAL;
	len = msg->version == 1 ? DECL_V1_LEN : DECL_V2_LEN;
	if (cap < len)
		return -ENOSPC;

	store_frame(buf, len, SMCR_CLC_DECLINE, msg->version,
		    msg->is_out_of_sync ? FLAG_OUT_OF_SYNC : 0,
		    eyecatcher_smcr);
	memcpy(buf + DECL_PEER_ID, msg->peer_id, SMCR_PEER_ID_LEN);
	smcr_store_be32(buf + DECL_DIAGNOSIS, msg->diagnosis);
	if (msg->version > 1)
		buf[DECL_OS] = (u8)(msg->os << 4);
	return (int)len;
}
