// SPDX-License-Identifier: GPL-2.0
/*
 * Encode and decode the Link Layer Control messages (wire.md section 6).
 *
 * Messages of both versions have one layout per type, apart from what version
 * 2 appends, so each type has one pair of functions. The received length is
 * the only length that counts: the one inside a version 2 message is in the
 * byte order of its sender and stock receivers do not depend on it. It tells
 * that byte order, which the number of rkeys in ADD LINK has as well.
 *
 * struct smcr_llc is too large for a kernel stack and is never copied here;
 * a decoder touches nothing but the union member of the type it found.
 */
#include "llc.h"

/* wire.md 6.1 */
enum {
	HDR_TYPE = 0,
	HDR_LEN = 1,
	HDR_REASON_V1 = 2,
	HDR_FLAGS = 3,
	HDR_V2 = 0x20,

	FLAG_RESPONSE = 0x80,
	FLAG_REJECT = 0x40,
	FLAG_ALL = 0x40,
	FLAG_ORDERLY = 0x20,
	FLAG_NEGATIVE = 0x20,
	FLAG_RETRY = 0x10,
	FLAG_REASON_MASK = 0x0f,
	FLAG_NO_EYECATCHER = 0x03,
};

/* CONFIRM LINK, wire.md 6.2 */
enum {
	CL_MAC = 4,
	CL_GID = 10,
	CL_QPN = 26,
	CL_LINK_NUM = 29,
	CL_LINK_UID = 30,
	CL_LINK_UID_LEN = 4,
	CL_MAX_LINKS = 34,
	CL_MAX_CONNS = 35,
};

/* ADD LINK, wire.md 6.3; PAIR_ is also used by its continuation */
enum {
	AL_MAC = 4,
	AL_GID = 12,
	AL_QPN = 28,
	AL_LINK_NUM = 31,
	AL_MTU = 32,
	AL_PSN = 33,
	AL_FLAGS = 44,
	AL_FLAG_DIRECT = 0x80,
	AL_TARGET_GID = 46,
	AL_COUNT = 70,
	AL_RTOKENS = 72,

	PAIR_RKEY = 0,
	PAIR_NEW_RKEY = 4,
	PAIR_NEW_VADDR = 8,
	PAIR_LEN = 16,
};

/* ADD LINK CONTINUATION, wire.md 6.4 */
enum {
	AC_LINK_NUM = 4,
	AC_REMAINING = 5,
	AC_RTOKENS = 8,
	AC_MAX = 2,
};

/* DELETE LINK, wire.md 6.5 */
enum {
	DL_LINK_NUM = 4,
	DL_REASON = 5,
};

/* REQUEST ADD LINK, wire.md 6.6 */
enum {
	RL_COUNT = 24,
	RL_GIDS = 28,
};

/* CONFIRM RKEY and its continuation, wire.md 6.7 */
enum {
	CR_COUNT = 4,
	CR_RKEY = 5,
	CR_VADDR = 9,
	CR_OTHERS = 17,
	CR_MAX_OTHERS = 2,
	CC_ENTRIES = 5,

	ENTRY_LINK_NUM = 0,
	ENTRY_RKEY = 1,
	ENTRY_VADDR = 5,
	ENTRY_LEN = 13,
};

/* DELETE RKEY, wire.md 6.8 */
enum {
	DR_COUNT = 4,
	DR_ERROR = 5,
	DR_RKEYS = 8,
	DR_RKEY_LEN = 4,
	DR_MAX_V1 = 8,
	/* what fits into the 44 bytes of a response */
	DR_MAX_SHORT = (SMCR_LLC_LEN - DR_RKEYS) / DR_RKEY_LEN,
};

/* TEST LINK, wire.md 6.9 */
enum {
	TL_USER_DATA = 4,
	TL_USER_DATA_LEN = 16,
};

static size_t min_len(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool type_exists(u8 version, u8 type)
{
	switch (type) {
	case SMCR_LLC_CONFIRM_LINK:
	case SMCR_LLC_ADD_LINK:
	case SMCR_LLC_DELETE_LINK:
	case SMCR_LLC_CONFIRM_RKEY:
	case SMCR_LLC_TEST_LINK:
	case SMCR_LLC_DELETE_RKEY:
		return version == 1 || version == 2;
	case SMCR_LLC_ADD_LINK_CONT:
	case SMCR_LLC_CONFIRM_RKEY_CONT:
		return version == 1;
	case SMCR_LLC_REQ_ADD_LINK:
		return version == 2;
	default:
		return false;
	}
}

static void load_pair(const u8 *p, struct smcr_llc_rtoken_pair *pair)
{
	pair->rkey = smcr_load_be32(p + PAIR_RKEY);
	pair->new_rkey = smcr_load_be32(p + PAIR_NEW_RKEY);
	pair->new_vaddr = smcr_load_be64(p + PAIR_NEW_VADDR);
}

static void store_pair(u8 *p, const struct smcr_llc_rtoken_pair *pair)
{
	smcr_store_be32(p + PAIR_RKEY, pair->rkey);
	smcr_store_be32(p + PAIR_NEW_RKEY, pair->new_rkey);
	smcr_store_be64(p + PAIR_NEW_VADDR, pair->new_vaddr);
}

static void load_entry(const u8 *p, struct smcr_llc_rtoken *rtoken)
{
	rtoken->link_num = p[ENTRY_LINK_NUM];
	rtoken->rkey = smcr_load_be32(p + ENTRY_RKEY);
	rtoken->vaddr = smcr_load_be64(p + ENTRY_VADDR);
}

static void store_entry(u8 *p, const struct smcr_llc_rtoken *rtoken)
{
	p[ENTRY_LINK_NUM] = rtoken->link_num;
	smcr_store_be32(p + ENTRY_RKEY, rtoken->rkey);
	smcr_store_be64(p + ENTRY_VADDR, rtoken->vaddr);
}

static void load_confirm_link(const u8 *buf, struct smcr_llc_confirm_link *m)
{
	memcpy(m->mac, buf + CL_MAC, SMCR_MAC_LEN);
	memcpy(m->gid, buf + CL_GID, SMCR_GID_LEN);
	m->qpn = smcr_load_be24(buf + CL_QPN);
	m->link_num = buf[CL_LINK_NUM];
	memcpy(m->link_uid, buf + CL_LINK_UID, CL_LINK_UID_LEN);
	m->max_links = buf[CL_MAX_LINKS];
	m->max_conns = buf[CL_MAX_CONNS];
	m->no_eyecatcher = buf[HDR_FLAGS] & FLAG_NO_EYECATCHER;
}

static int store_confirm_link(const struct smcr_llc_confirm_link *m, u8 *buf)
{
	if (m->qpn > 0xffffff)
		return -EINVAL;
	memcpy(buf + CL_MAC, m->mac, SMCR_MAC_LEN);
	memcpy(buf + CL_GID, m->gid, SMCR_GID_LEN);
	smcr_store_be24(buf + CL_QPN, m->qpn);
	buf[CL_LINK_NUM] = m->link_num;
	memcpy(buf + CL_LINK_UID, m->link_uid, CL_LINK_UID_LEN);
	buf[CL_MAX_LINKS] = m->max_links;
	buf[CL_MAX_CONNS] = m->max_conns;
	if (m->no_eyecatcher)
		buf[HDR_FLAGS] |= FLAG_NO_EYECATCHER;
	return 0;
}

/* Number of rkeys in either byte order. At most 255 exist, so one of the two
 * bytes is 0 and the other is the number. If neither is, the sender is odd
 * and everything it included is taken.
 */
static u8 rtoken_count(const u8 *buf, size_t len)
{
	size_t room = min_len((len - AL_RTOKENS) / PAIR_LEN,
			      SMCR_LLC_MAX_RTOKENS);
	size_t count = SMCR_LLC_MAX_RTOKENS;

	if (!buf[AL_COUNT + 1])
		count = buf[AL_COUNT];
	else if (!buf[AL_COUNT])
		count = buf[AL_COUNT + 1];
	return (u8)min_len(count, room);
}

static int load_add_link(const u8 *buf, size_t len, const struct smcr_llc *msg,
			 struct smcr_llc_add_link *m)
{
	u8 reason = msg->version == 1 ? buf[HDR_REASON_V1] : buf[HDR_FLAGS];
	bool is_rejected = msg->is_response && buf[HDR_FLAGS] & FLAG_REJECT;
	bool has_v2 = msg->version == 2 && !is_rejected;
	u8 i;

	if (has_v2 && len < AL_RTOKENS)
		return -EMSGSIZE;

	/* without the array, of which only valid entries are defined */
	memset(m, 0, offsetof(struct smcr_llc_add_link, rtoken));
	memcpy(m->mac, buf + AL_MAC, SMCR_MAC_LEN);
	memcpy(m->gid, buf + AL_GID, SMCR_GID_LEN);
	m->qpn = smcr_load_be24(buf + AL_QPN);
	m->link_num = buf[AL_LINK_NUM];
	m->mtu_code = buf[AL_MTU] & 0x0f;
	m->psn = smcr_load_be24(buf + AL_PSN);
	m->is_rejected = is_rejected;
	if (is_rejected)
		m->reject_reason = reason & FLAG_REASON_MASK;
	if (!has_v2)
		return 0;

	m->is_direct = buf[AL_FLAGS] & AL_FLAG_DIRECT;
	memcpy(m->target_gid, buf + AL_TARGET_GID, SMCR_GID_LEN);
	m->rtoken_count = rtoken_count(buf, len);
	for (i = 0; i < m->rtoken_count; i++)
		load_pair(buf + AL_RTOKENS + PAIR_LEN * i, &m->rtoken[i]);
	return 0;
}

static void store16(u8 *buf, u16 value, bool is_be)
{
	if (is_be)
		smcr_store_be16(buf, value);
	else
		smcr_store_le16(buf, value);
}

static int store_add_link(const struct smcr_llc *msg,
			  const struct smcr_llc_add_link *m, u8 *buf)
{
	u8 i;

	if (m->qpn > 0xffffff || m->psn > 0xffffff || m->mtu_code > 0x0f ||
	    m->reject_reason > FLAG_REASON_MASK)
		return -EINVAL;
	if (m->is_rejected ? !msg->is_response : m->reject_reason)
		return -EINVAL;
	memcpy(buf + AL_MAC, m->mac, SMCR_MAC_LEN);
	memcpy(buf + AL_GID, m->gid, SMCR_GID_LEN);
	smcr_store_be24(buf + AL_QPN, m->qpn);
	buf[AL_LINK_NUM] = m->link_num;
	buf[AL_MTU] = m->mtu_code;
	smcr_store_be24(buf + AL_PSN, m->psn);
	if (m->is_rejected) {
		buf[HDR_FLAGS] |= FLAG_REJECT;
		if (msg->version == 1)
			buf[HDR_REASON_V1] = m->reject_reason;
		else
			buf[HDR_FLAGS] |= m->reject_reason;
		return 0;
	}
	if (msg->version == 1)
		return 0;

	if (m->is_direct)
		buf[AL_FLAGS] = AL_FLAG_DIRECT;
	memcpy(buf + AL_TARGET_GID, m->target_gid, SMCR_GID_LEN);
	store16(buf + AL_COUNT, m->rtoken_count, msg->is_be);
	for (i = 0; i < m->rtoken_count; i++)
		store_pair(buf + AL_RTOKENS + PAIR_LEN * i, &m->rtoken[i]);
	return 0;
}

static void load_add_link_cont(const u8 *buf, struct smcr_llc_add_link_cont *m)
{
	u8 i;

	memset(m, 0, sizeof(*m));
	m->link_num = buf[AC_LINK_NUM];
	m->remaining = buf[AC_REMAINING];
	for (i = 0; i < AC_MAX && i < m->remaining; i++)
		load_pair(buf + AC_RTOKENS + PAIR_LEN * i, &m->rtoken[i]);
}

static void store_add_link_cont(const struct smcr_llc_add_link_cont *m, u8 *buf)
{
	u8 i;

	buf[AC_LINK_NUM] = m->link_num;
	buf[AC_REMAINING] = m->remaining;
	for (i = 0; i < AC_MAX && i < m->remaining; i++)
		store_pair(buf + AC_RTOKENS + PAIR_LEN * i, &m->rtoken[i]);
}

static void load_delete_link(const u8 *buf, struct smcr_llc_delete_link *m)
{
	m->link_num = buf[DL_LINK_NUM];
	m->is_all = buf[HDR_FLAGS] & FLAG_ALL;
	m->is_orderly = buf[HDR_FLAGS] & FLAG_ORDERLY;
	m->reason = smcr_load_be32(buf + DL_REASON);
}

static void store_delete_link(const struct smcr_llc_delete_link *m, u8 *buf)
{
	buf[DL_LINK_NUM] = m->link_num;
	if (m->is_all)
		buf[HDR_FLAGS] |= FLAG_ALL;
	if (m->is_orderly)
		buf[HDR_FLAGS] |= FLAG_ORDERLY;
	smcr_store_be32(buf + DL_REASON, m->reason);
}

/* A response has no content. */
static int load_req_add_link(const u8 *buf, size_t len, bool is_response,
			     struct smcr_llc_req_add_link *m)
{
	u8 i;

	if (!is_response &&
	    len < RL_GIDS + (size_t)SMCR_GID_LEN * buf[RL_COUNT])
		return -EMSGSIZE;
	memset(m, 0, sizeof(*m));
	if (is_response)
		return 0;
	m->gid_count = (u8)min_len(buf[RL_COUNT], SMCR_CLC_MAX_GIDS);
	for (i = 0; i < m->gid_count; i++)
		memcpy(m->gid[i], buf + RL_GIDS + SMCR_GID_LEN * i,
		       SMCR_GID_LEN);
	return 0;
}

static int store_req_add_link(const struct smcr_llc_req_add_link *m,
			      bool is_response, u8 *buf)
{
	u8 i;

	if (m->gid_count > (is_response ? 0 : SMCR_CLC_MAX_GIDS))
		return -EINVAL;
	buf[RL_COUNT] = m->gid_count;
	for (i = 0; i < m->gid_count; i++)
		memcpy(buf + RL_GIDS + SMCR_GID_LEN * i, m->gid[i],
		       SMCR_GID_LEN);
	return 0;
}

/* Entries in a message that announces this many. */
static u8 confirm_rkey_count(u8 type, u8 announced)
{
	if (type == SMCR_LLC_CONFIRM_RKEY_CONT)
		return (u8)min_len(announced, SMCR_LLC_MAX_LINKS);
	return (u8)(1 + min_len(announced, CR_MAX_OTHERS));
}

static void load_confirm_rkey(const u8 *buf, const struct smcr_llc *msg,
			      struct smcr_llc_confirm_rkey *m)
{
	const u8 *p = buf + CC_ENTRIES;
	u8 i = 0;

	memset(m, 0, sizeof(*m));
	m->announced = buf[CR_COUNT];
	m->count = confirm_rkey_count(msg->type, m->announced);
	if (msg->is_response) {
		m->is_negative = buf[HDR_FLAGS] & FLAG_NEGATIVE;
		m->is_retry = buf[HDR_FLAGS] & FLAG_RETRY;
	}
	if (msg->type == SMCR_LLC_CONFIRM_RKEY) {
		m->rtoken[0].rkey = smcr_load_be32(buf + CR_RKEY);
		m->rtoken[0].vaddr = smcr_load_be64(buf + CR_VADDR);
		p = buf + CR_OTHERS;
		i = 1;
	}
	for (; i < m->count; i++, p += ENTRY_LEN)
		load_entry(p, &m->rtoken[i]);
}

static int store_confirm_rkey(const struct smcr_llc *msg,
			      const struct smcr_llc_confirm_rkey *m, u8 *buf)
{
	u8 *p = buf + CC_ENTRIES;
	u8 i = 0;

	if (m->count != confirm_rkey_count(msg->type, m->announced))
		return -EINVAL;
	if (!msg->is_response && (m->is_negative || m->is_retry))
		return -EINVAL;
	buf[CR_COUNT] = m->announced;
	if (m->is_negative)
		buf[HDR_FLAGS] |= FLAG_NEGATIVE;
	if (m->is_retry)
		buf[HDR_FLAGS] |= FLAG_RETRY;
	if (msg->type == SMCR_LLC_CONFIRM_RKEY) {
		smcr_store_be32(buf + CR_RKEY, m->rtoken[0].rkey);
		smcr_store_be64(buf + CR_VADDR, m->rtoken[0].vaddr);
		p = buf + CR_OTHERS;
		i = 1;
	}
	for (; i < m->count; i++, p += ENTRY_LEN)
		store_entry(p, &m->rtoken[i]);
	return 0;
}

/* rkeys in a DELETE RKEY. A version 2 response keeps the count of the
 * request, but is 44 bytes long.
 */
static size_t delete_rkey_count(const struct smcr_llc *msg, u8 count)
{
	return msg->is_response ? min_len(count, DR_MAX_SHORT) : count;
}

static int load_delete_rkey(const u8 *buf, size_t len,
			    const struct smcr_llc *msg,
			    struct smcr_llc_delete_rkey *m)
{
	size_t count, i;

	if (msg->version == 1 && buf[DR_COUNT] > DR_MAX_V1)
		return -EPROTO;
	count = delete_rkey_count(msg, buf[DR_COUNT]);
	if (len < DR_RKEYS + DR_RKEY_LEN * count)
		return -EMSGSIZE;

	memset(m, 0, sizeof(*m));
	m->count = buf[DR_COUNT];
	if (msg->is_response) {
		m->is_negative = buf[HDR_FLAGS] & FLAG_NEGATIVE;
		m->error_mask = buf[DR_ERROR];
	}
	for (i = 0; i < count; i++)
		m->rkey[i] = smcr_load_be32(buf + DR_RKEYS + DR_RKEY_LEN * i);
	return 0;
}

static int store_delete_rkey(const struct smcr_llc *msg,
			     const struct smcr_llc_delete_rkey *m, u8 *buf)
{
	size_t count = delete_rkey_count(msg, m->count);
	size_t i;

	if (msg->version == 1 && m->count > DR_MAX_V1)
		return -EINVAL;
	if (!msg->is_response && (m->is_negative || m->error_mask))
		return -EINVAL;
	buf[DR_COUNT] = m->count;
	buf[DR_ERROR] = m->error_mask;
	if (m->is_negative)
		buf[HDR_FLAGS] |= FLAG_NEGATIVE;
	for (i = 0; i < count; i++)
		smcr_store_be32(buf + DR_RKEYS + DR_RKEY_LEN * i, m->rkey[i]);
	return 0;
}

/**
 * smcr_llc_decode() - decode an LLC message
 * @buf: received message
 * @len: received length; the length inside a version 2 message is ignored
 * @msg: receives the message; undefined after an error. Only the union member
 *	of the type is filled, and of its arrays only the valid entries.
 *
 * wire.md section 6. Counts fit their arrays and the received length: ADD
 * LINK rkeys are cut to those received (stock may announce more), GIDs to
 * their array; other lists have to be complete. Flags and reasons that only
 * responses have read as 0 in requests. A DELETE RKEY response keeps the
 * count of its request, but has no more than nine rkeys; the others read 0.
 *
 * Return: 0, -EMSGSIZE when @len is less than 44 or less than the message
 * announces, -EPROTO when it is malformed, -EOPNOTSUPP when the version has
 * no such type, which a receiver has to ignore.
 */
int smcr_llc_decode(const u8 *buf, size_t len, struct smcr_llc *msg)
{
	if (len < SMCR_LLC_LEN)
		return -EMSGSIZE;
	switch (buf[HDR_TYPE] & 0xf0) {
	case 0:
		msg->version = 1;
		break;
	case HDR_V2:
		msg->version = 2;
		break;
	default:
		return -EOPNOTSUPP;
	}
	msg->type = buf[HDR_TYPE] & 0x0f;
	if (!type_exists(msg->version, msg->type))
		return -EOPNOTSUPP;
	if (msg->version == 1 && buf[HDR_LEN] != SMCR_LLC_LEN)
		return -EPROTO;
	msg->is_response = buf[HDR_FLAGS] & FLAG_RESPONSE;
	msg->is_be = msg->version == 2 && len == SMCR_LLC_LEN &&
		     smcr_load_be16(buf + HDR_LEN) == SMCR_LLC_LEN;

	switch (msg->type) {
	case SMCR_LLC_CONFIRM_LINK:
		load_confirm_link(buf, &msg->u.confirm_link);
		return 0;
	case SMCR_LLC_ADD_LINK:
		return load_add_link(buf, len, msg, &msg->u.add_link);
	case SMCR_LLC_ADD_LINK_CONT:
		load_add_link_cont(buf, &msg->u.add_link_cont);
		return 0;
	case SMCR_LLC_DELETE_LINK:
		load_delete_link(buf, &msg->u.delete_link);
		return 0;
	case SMCR_LLC_REQ_ADD_LINK:
		return load_req_add_link(buf, len, msg->is_response,
					 &msg->u.req_add_link);
	case SMCR_LLC_CONFIRM_RKEY:
	case SMCR_LLC_CONFIRM_RKEY_CONT:
		load_confirm_rkey(buf, msg, &msg->u.confirm_rkey);
		return 0;
	case SMCR_LLC_DELETE_RKEY:
		return load_delete_rkey(buf, len, msg, &msg->u.delete_rkey);
	case SMCR_LLC_TEST_LINK:
	default:
		memcpy(msg->u.test_link.user_data, buf + TL_USER_DATA,
		       TL_USER_DATA_LEN);
		return 0;
	}
}

/* What version 2 messages append; everything else is 44 bytes. */
static size_t message_len(const struct smcr_llc *msg)
{
	size_t len = SMCR_LLC_LEN;

	if (msg->version == 1)
		return len;
	if (msg->type == SMCR_LLC_ADD_LINK && !msg->u.add_link.is_rejected)
		len = AL_RTOKENS + PAIR_LEN * msg->u.add_link.rtoken_count;
	else if (msg->type == SMCR_LLC_REQ_ADD_LINK)
		len = RL_GIDS + SMCR_GID_LEN * msg->u.req_add_link.gid_count;
	else if (msg->type == SMCR_LLC_DELETE_RKEY && !msg->is_response)
		len = DR_RKEYS + DR_RKEY_LEN * msg->u.delete_rkey.count;
	return len < SMCR_LLC_LEN ? SMCR_LLC_LEN : len;
}

/**
 * smcr_llc_encode() - encode an LLC message
 * @msg: what to send; only the union member of the type is looked at
 * @buf: receives the message; undefined after an error
 * @cap: size of @buf; SMCR_LLC_MAX_LEN is always enough
 *
 * wire.md section 6. Length and number of rkeys of version 2 are in the byte
 * order that @msg says, which is to be that of the receiver. ADD LINK carries
 * rkeys only in version 2, and not when rejected. In CONFIRM RKEY count has to
 * be what announced leaves room for in the message; the link number of its
 * first entry is not sent. Negative flags, errors and rejects need
 * is_response.
 *
 * Return: length of the message, -EINVAL when @msg contradicts itself or a
 * value does not fit its field, -ENOSPC when @cap is too small.
 */
int smcr_llc_encode(const struct smcr_llc *msg, u8 *buf, size_t cap)
{
	size_t len;
	int rc = 0;

	if (!type_exists(msg->version, msg->type))
		return -EINVAL;
	len = message_len(msg);
	if (cap < len)
		return -ENOSPC;

	memset(buf, 0, len);
	buf[HDR_TYPE] = msg->type;
	if (msg->version == 1) {
		buf[HDR_LEN] = SMCR_LLC_LEN;
	} else {
		buf[HDR_TYPE] |= HDR_V2;
		store16(buf + HDR_LEN, (u16)len, msg->is_be);
	}
	if (msg->is_response)
		buf[HDR_FLAGS] = FLAG_RESPONSE;

	switch (msg->type) {
	case SMCR_LLC_CONFIRM_LINK:
		rc = store_confirm_link(&msg->u.confirm_link, buf);
		break;
	case SMCR_LLC_ADD_LINK:
		rc = store_add_link(msg, &msg->u.add_link, buf);
		break;
	case SMCR_LLC_ADD_LINK_CONT:
		store_add_link_cont(&msg->u.add_link_cont, buf);
		break;
	case SMCR_LLC_DELETE_LINK:
		store_delete_link(&msg->u.delete_link, buf);
		break;
	case SMCR_LLC_REQ_ADD_LINK:
		rc = store_req_add_link(&msg->u.req_add_link,
					msg->is_response, buf);
		break;
	case SMCR_LLC_CONFIRM_RKEY:
	case SMCR_LLC_CONFIRM_RKEY_CONT:
		rc = store_confirm_rkey(msg, &msg->u.confirm_rkey, buf);
		break;
	case SMCR_LLC_DELETE_RKEY:
		rc = store_delete_rkey(msg, &msg->u.delete_rkey, buf);
		break;
	case SMCR_LLC_TEST_LINK:
	default:
		memcpy(buf + TL_USER_DATA, msg->u.test_link.user_data,
		       TL_USER_DATA_LEN);
		break;
	}
	return rc ? rc : (int)len;
}
