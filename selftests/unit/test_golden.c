// SPDX-License-Identifier: GPL-2.0
/*
 * Every message of golden.txt (77 recorded and constructed messages) through
 * the codecs. For each record:
 *
 *   fields      all field lines, against the bytes and against the decoded
 *               struct. A field name without an entry in the table below
 *               fails, so that nothing is skipped silently.
 *   reencode    encoding the decoded struct gives the same bytes. golden.txt
 *               names ADD LINK rejects and CONFIRM RKEY responses as
 *               exceptions that echo request content; what they echo are
 *               fields of the message, so they need no exception here.
 *   truncate    every shorter length, in a buffer of exactly that size
 *   flip        every value of every byte: whatever is accepted survives a
 *               round trip
 *
 * TCP options have no codec here; only their field lines are checked.
 */
#include "roundtrip.h"
#include "test.h"

enum class {
	C_TCPOPT = 1 << 0,
	C_PROPOSAL_V1 = 1 << 1,
	C_PROPOSAL_V2 = 1 << 2,
	C_ACCEPT_R = 1 << 3,
	C_ACCEPT_D = 1 << 4,
	C_DECLINE = 1 << 5,
	C_CONFIRM_LINK = 1 << 6,
	C_ADD_LINK = 1 << 7,
	C_ADD_LINK_CONT = 1 << 8,
	C_DELETE_LINK = 1 << 9,
	C_REQ_ADD_LINK = 1 << 10,
	C_CONFIRM_RKEY = 1 << 11,
	C_DELETE_RKEY = 1 << 12,
	C_TEST_LINK = 1 << 13,
	C_CDC = 1 << 14,
	C_AREA = 1 << 15,

	C_PROPOSAL = C_PROPOSAL_V1 | C_PROPOSAL_V2,
	C_ACCEPT = C_ACCEPT_R | C_ACCEPT_D,
	C_CLC = C_PROPOSAL | C_ACCEPT | C_DECLINE,
	C_LLC = C_CONFIRM_LINK | C_ADD_LINK | C_ADD_LINK_CONT |
		C_DELETE_LINK | C_REQ_ADD_LINK | C_CONFIRM_RKEY |
		C_DELETE_RKEY | C_TEST_LINK,
};

union message {
	struct smcr_clc_proposal proposal;
	struct smcr_clc_accept accept;
	struct smcr_clc_decline decline;
	struct smcr_llc llc;
	struct smcr_cdc cdc;
};

enum how {
	/* format only: the comparison with the bytes is the check */
	WIRE,
	/* unsigned integer in host order */
	INT,
	/* byte array */
	BYTES,
	/* bool: whether the field is not zero */
	FLAG,
	/* one bit of a flag byte */
	BIT,
	/* version nibble of LLC: 0 is version 1 */
	LLC_VERSION,
};

struct accessor {
	const char *name;
	unsigned int classes;
	enum how how;
	size_t offset;
	size_t size;
	u8 bit;
};

#define AT(type, member)						\
	offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define PROP(member) AT(smcr_clc_proposal, member), 0
#define ACC(member) AT(smcr_clc_accept, member), 0
#define DECL(member) AT(smcr_clc_decline, member), 0
#define LLC(member) AT(smcr_llc, member), 0
#define CDC(member) AT(smcr_cdc, member), 0
#define CDCBIT(member, bit) AT(smcr_cdc, member), bit
#define NOTHING 0, 0, 0

static const struct accessor accessors[] = {
	{ "nop_padding", C_TCPOPT, WIRE, NOTHING },
	{ "option_kind", C_TCPOPT, WIRE, NOTHING },
	{ "option_length", C_TCPOPT, WIRE, NOTHING },
	{ "exid", C_TCPOPT, WIRE, NOTHING },

	{ "eyecatcher", C_CLC, WIRE, NOTHING },
	{ "length", C_CLC | C_LLC | C_CDC, WIRE, NOTHING },
	{ "length_v2", C_LLC, WIRE, NOTHING },
	{ "trailer", C_CLC, WIRE, NOTHING },

	{ "type", C_PROPOSAL | C_DECLINE | C_CDC | C_AREA, WIRE, NOTHING },
	{ "version", C_PROPOSAL, INT, PROP(version) },
	{ "typev1", C_PROPOSAL, INT, PROP(typev1) },
	{ "typev2", C_PROPOSAL_V1, WIRE, NOTHING },
	{ "typev2", C_PROPOSAL_V2, INT, PROP(typev2) },
	{ "peer_id", C_PROPOSAL, BYTES, PROP(peer_id) },
	{ "gid_v1", C_PROPOSAL, BYTES, PROP(gid_v1) },
	{ "mac", C_PROPOSAL, BYTES, PROP(mac) },
	{ "iparea_offset", C_PROPOSAL, WIRE, NOTHING },
	{ "smcd_ism_gid_v1", C_PROPOSAL, INT, PROP(ism_gid) },
	{ "smcd_ism_chid_v1", C_PROPOSAL, INT, PROP(ism_chid) },
	{ "v2_ext_offset", C_PROPOSAL, WIRE, NOTHING },
	{ "vendor_oui", C_PROPOSAL, BYTES,
	  offsetof(struct smcr_clc_proposal, vendor), 3, 0 },
	{ "vendor_exp_options", C_PROPOSAL, BYTES,
	  offsetof(struct smcr_clc_proposal, vendor) + 3, 5, 0 },
	{ "outgoing_subnet", C_PROPOSAL, BYTES, PROP(ip4_subnet) },
	{ "prefix_len", C_PROPOSAL, INT, PROP(ip4_prefix_len) },
	{ "ipv6_prefix_cnt", C_PROPOSAL, INT, PROP(ip6_count) },
	{ "ipv6_prefix_0", C_PROPOSAL, BYTES, PROP(ip6[0].addr) },
	{ "ipv6_prefix_len_0", C_PROPOSAL, INT, PROP(ip6[0].len) },
	{ "v2_eid_cnt", C_PROPOSAL_V2, INT, PROP(eid_count) },
	{ "v2_gid_cnt", C_PROPOSAL_V2, INT, PROP(ism_count) },
	{ "v2_release", C_PROPOSAL_V2, INT, PROP(release) },
	{ "v2_seid", C_PROPOSAL_V2, FLAG, PROP(has_seid) },
	{ "v2_smcd_ext_offset", C_PROPOSAL_V2, WIRE, NOTHING },
	{ "v2_roce_gid", C_PROPOSAL_V2, BYTES, PROP(roce_gid) },
	{ "v2_max_conns", C_PROPOSAL_V2, INT, PROP(max_conns) },
	{ "v2_max_links", C_PROPOSAL_V2, INT, PROP(max_links) },
	{ "v2_feature_mask", C_PROPOSAL_V2, INT, PROP(feature_mask) },
	{ "v2_ueid_0", C_PROPOSAL_V2, BYTES, PROP(eid[0]) },
	{ "v2_ueid_1", C_PROPOSAL_V2, BYTES, PROP(eid[1]) },
	{ "v2d_system_eid", C_PROPOSAL_V2, BYTES, PROP(seid) },
	{ "v2d_gid_0", C_PROPOSAL_V2, INT, PROP(ism[0].gid) },
	{ "v2d_chid_0", C_PROPOSAL_V2, INT, PROP(ism[0].chid) },
	{ "v2d_gid_1", C_PROPOSAL_V2, INT, PROP(ism[1].gid) },
	{ "v2d_chid_1", C_PROPOSAL_V2, INT, PROP(ism[1].chid) },

	{ "type", C_ACCEPT, INT, ACC(type) },
	{ "version", C_ACCEPT, INT, ACC(version) },
	{ "first_contact", C_ACCEPT, FLAG, ACC(is_first_contact) },
	{ "typev1", C_ACCEPT, INT, ACC(mode) },
	{ "peer_id", C_ACCEPT_R, BYTES, ACC(r.peer_id) },
	{ "gid", C_ACCEPT_R, BYTES, ACC(r.gid) },
	{ "mac", C_ACCEPT_R, BYTES, ACC(r.mac) },
	{ "qpn", C_ACCEPT_R, INT, ACC(r.qpn) },
	{ "rmb_rkey", C_ACCEPT_R, INT, ACC(r.rkey) },
	{ "rmbe_idx", C_ACCEPT_R, INT, ACC(r.rmbe_idx) },
	{ "alert_token", C_ACCEPT_R, INT, ACC(r.token) },
	{ "rmbe_size_code", C_ACCEPT_R, INT, ACC(r.size_code) },
	{ "qp_mtu_code", C_ACCEPT_R, INT, ACC(r.mtu_code) },
	{ "rmb_vaddr", C_ACCEPT_R, INT, ACC(r.vaddr) },
	{ "initial_psn", C_ACCEPT_R, INT, ACC(r.psn) },
	{ "ism_gid", C_ACCEPT_D, INT, ACC(d.gid) },
	{ "dmb_token", C_ACCEPT_D, INT, ACC(d.token) },
	{ "dmbe_idx", C_ACCEPT_D, INT, ACC(d.dmbe_idx) },
	{ "dmbe_size_code", C_ACCEPT_D, INT, ACC(d.size_code) },
	{ "link_id", C_ACCEPT_D, BYTES, ACC(d.link_id) },
	{ "chid", C_ACCEPT_D, INT, ACC(d.chid) },
	{ "ism_gid_ext", C_ACCEPT_D, INT, ACC(d.gid_ext) },
	{ "negotiated_eid", C_ACCEPT, BYTES, ACC(eid) },
	{ "fce_v2_direct", C_ACCEPT, FLAG, ACC(fce.is_direct) },
	{ "fce_os_type", C_ACCEPT, INT, ACC(fce.os) },
	{ "fce_release", C_ACCEPT, INT, ACC(fce.release) },
	{ "fce_hostname", C_ACCEPT, BYTES, ACC(fce.host) },
	{ "fce_max_conns", C_ACCEPT, INT, ACC(fce.max_conns) },
	{ "fce_max_links", C_ACCEPT, INT, ACC(fce.max_links) },
	{ "fce_feature_mask", C_ACCEPT, INT, ACC(fce.feature_mask) },
	{ "fce_vendor_exp_options", C_ACCEPT, BYTES, ACC(fce.vendor) },
	{ "gidlist_cnt", C_ACCEPT_R, INT, ACC(gid_count) },
	{ "gidlist_0", C_ACCEPT_R, BYTES, ACC(gid[0]) },
	{ "gidlist_1", C_ACCEPT_R, BYTES, ACC(gid[1]) },

	{ "version", C_DECLINE, INT, DECL(version) },
	{ "out_of_sync", C_DECLINE, FLAG, DECL(is_out_of_sync) },
	{ "peer_id", C_DECLINE, BYTES, DECL(peer_id) },
	{ "diagnosis", C_DECLINE, INT, DECL(diagnosis) },
	{ "os_type", C_DECLINE, INT, DECL(os) },
	{ "diagnosis_v2_0", C_DECLINE, WIRE, NOTHING },
	{ "diagnosis_v2_1", C_DECLINE, WIRE, NOTHING },
	{ "diagnosis_v2_2", C_DECLINE, WIRE, NOTHING },
	{ "diagnosis_v2_3", C_DECLINE, WIRE, NOTHING },

	{ "llc_version", C_LLC, LLC_VERSION, LLC(version) },
	{ "llc_type", C_LLC, INT, LLC(type) },
	{ "flag_response", C_LLC, FLAG, LLC(is_response) },

	{ "flag_no_rmbe_eyecatcher", C_CONFIRM_LINK, FLAG,
	  LLC(u.confirm_link.no_eyecatcher) },
	{ "sender_mac", C_CONFIRM_LINK, BYTES, LLC(u.confirm_link.mac) },
	{ "sender_gid", C_CONFIRM_LINK, BYTES, LLC(u.confirm_link.gid) },
	{ "sender_qpn", C_CONFIRM_LINK, INT, LLC(u.confirm_link.qpn) },
	{ "link_num", C_CONFIRM_LINK, INT, LLC(u.confirm_link.link_num) },
	{ "link_uid", C_CONFIRM_LINK, BYTES, LLC(u.confirm_link.link_uid) },
	{ "max_links", C_CONFIRM_LINK, INT, LLC(u.confirm_link.max_links) },
	{ "max_conns", C_CONFIRM_LINK, INT, LLC(u.confirm_link.max_conns) },

	{ "flag_reject", C_ADD_LINK, FLAG, LLC(u.add_link.is_rejected) },
	{ "reject_reason", C_ADD_LINK, INT, LLC(u.add_link.reject_reason) },
	{ "reject_reason_v2", C_ADD_LINK, INT, LLC(u.add_link.reject_reason) },
	{ "sender_mac", C_ADD_LINK, BYTES, LLC(u.add_link.mac) },
	{ "sender_gid", C_ADD_LINK, BYTES, LLC(u.add_link.gid) },
	{ "sender_qpn", C_ADD_LINK, INT, LLC(u.add_link.qpn) },
	{ "link_num", C_ADD_LINK, INT, LLC(u.add_link.link_num) },
	{ "qp_mtu_code", C_ADD_LINK, INT, LLC(u.add_link.mtu_code) },
	{ "initial_psn", C_ADD_LINK, INT, LLC(u.add_link.psn) },
	{ "v2_direct", C_ADD_LINK, FLAG, LLC(u.add_link.is_direct) },
	{ "client_target_gid", C_ADD_LINK, BYTES, LLC(u.add_link.target_gid) },
	{ "num_rkeys", C_ADD_LINK, INT, LLC(u.add_link.rtoken_count) },
	{ "rt0_rkey_current_link", C_ADD_LINK, INT,
	  LLC(u.add_link.rtoken[0].rkey) },
	{ "rt0_rkey_new_link", C_ADD_LINK, INT,
	  LLC(u.add_link.rtoken[0].new_rkey) },
	{ "rt0_vaddr_new_link", C_ADD_LINK, INT,
	  LLC(u.add_link.rtoken[0].new_vaddr) },
	{ "rt1_rkey_current_link", C_ADD_LINK, INT,
	  LLC(u.add_link.rtoken[1].rkey) },
	{ "rt1_rkey_new_link", C_ADD_LINK, INT,
	  LLC(u.add_link.rtoken[1].new_rkey) },
	{ "rt1_vaddr_new_link", C_ADD_LINK, INT,
	  LLC(u.add_link.rtoken[1].new_vaddr) },

	{ "link_num", C_ADD_LINK_CONT, INT, LLC(u.add_link_cont.link_num) },
	{ "num_rkeys_remaining", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.remaining) },
	{ "rt0_rkey_current_link", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.rtoken[0].rkey) },
	{ "rt0_rkey_new_link", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.rtoken[0].new_rkey) },
	{ "rt0_vaddr_new_link", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.rtoken[0].new_vaddr) },
	{ "rt1_rkey_current_link", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.rtoken[1].rkey) },
	{ "rt1_rkey_new_link", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.rtoken[1].new_rkey) },
	{ "rt1_vaddr_new_link", C_ADD_LINK_CONT, INT,
	  LLC(u.add_link_cont.rtoken[1].new_vaddr) },

	{ "flag_all", C_DELETE_LINK, FLAG, LLC(u.delete_link.is_all) },
	{ "flag_orderly", C_DELETE_LINK, FLAG, LLC(u.delete_link.is_orderly) },
	{ "link_num", C_DELETE_LINK, INT, LLC(u.delete_link.link_num) },
	{ "reason", C_DELETE_LINK, INT, LLC(u.delete_link.reason) },

	{ "gid_cnt", C_REQ_ADD_LINK, INT, LLC(u.req_add_link.gid_count) },
	{ "gid_0", C_REQ_ADD_LINK, BYTES, LLC(u.req_add_link.gid[0]) },
	{ "gid_1", C_REQ_ADD_LINK, BYTES, LLC(u.req_add_link.gid[1]) },

	{ "flag_negative", C_CONFIRM_RKEY, FLAG,
	  LLC(u.confirm_rkey.is_negative) },
	{ "flag_retry", C_CONFIRM_RKEY, FLAG, LLC(u.confirm_rkey.is_retry) },
	{ "num_other_links", C_CONFIRM_RKEY, INT,
	  LLC(u.confirm_rkey.announced) },
	{ "rkey_this_link", C_CONFIRM_RKEY, INT,
	  LLC(u.confirm_rkey.rtoken[0].rkey) },
	{ "vaddr_this_link", C_CONFIRM_RKEY, INT,
	  LLC(u.confirm_rkey.rtoken[0].vaddr) },
	{ "link_num_1", C_CONFIRM_RKEY, INT,
	  LLC(u.confirm_rkey.rtoken[1].link_num) },
	{ "rkey_1", C_CONFIRM_RKEY, INT, LLC(u.confirm_rkey.rtoken[1].rkey) },
	{ "vaddr_1", C_CONFIRM_RKEY, INT,
	  LLC(u.confirm_rkey.rtoken[1].vaddr) },

	{ "flag_negative", C_DELETE_RKEY, FLAG,
	  LLC(u.delete_rkey.is_negative) },
	{ "num_rkeys", C_DELETE_RKEY, INT, LLC(u.delete_rkey.count) },
	{ "num_inval_rkeys", C_DELETE_RKEY, INT,
	  LLC(u.delete_rkey.error_mask) },
	{ "err_mask", C_DELETE_RKEY, INT, LLC(u.delete_rkey.error_mask) },
	{ "rkey_0", C_DELETE_RKEY, INT, LLC(u.delete_rkey.rkey[0]) },
	{ "rkey_1", C_DELETE_RKEY, INT, LLC(u.delete_rkey.rkey[1]) },

	{ "user_data", C_TEST_LINK, BYTES, LLC(u.test_link.user_data) },

	{ "seqno", C_CDC, INT, CDC(seq) },
	{ "alert_token_of_receiver", C_CDC, INT, CDC(token) },
	{ "prod_wrap", C_CDC | C_AREA, INT, CDC(prod.wrap) },
	{ "prod_count", C_CDC | C_AREA, INT, CDC(prod.count) },
	{ "unused_in_prod", C_AREA, WIRE, NOTHING },
	{ "cons_wrap", C_CDC | C_AREA, INT, CDC(cons.wrap) },
	{ "cons_count", C_CDC | C_AREA, INT, CDC(cons.count) },
	{ "prod_flags", C_AREA, INT, CDC(prod_flags) },
	{ "conn_state_flags", C_AREA, INT, CDC(state_flags) },
	{ "write_blocked", C_CDC, BIT,
	  CDCBIT(prod_flags, SMCR_CDC_WRITE_BLOCKED) },
	{ "urg_data_pending", C_CDC, BIT,
	  CDCBIT(prod_flags, SMCR_CDC_URG_PENDING) },
	{ "urg_data_present", C_CDC, BIT,
	  CDCBIT(prod_flags, SMCR_CDC_URG_PRESENT) },
	{ "cons_curs_upd_req", C_CDC, BIT,
	  CDCBIT(prod_flags, SMCR_CDC_WANT_UPDATE) },
	{ "failover_validation", C_CDC, BIT,
	  CDCBIT(prod_flags, SMCR_CDC_FAILOVER) },
	{ "peer_done_writing", C_CDC, BIT,
	  CDCBIT(state_flags, SMCR_CDC_DONE_WRITING) },
	{ "peer_conn_closed", C_CDC, BIT,
	  CDCBIT(state_flags, SMCR_CDC_CLOSED) },
	{ "peer_conn_abort", C_CDC, BIT,
	  CDCBIT(state_flags, SMCR_CDC_ABORT) },
};

static bool accessor_used[ARRAY_SIZE(accessors)];

#define MAX_RECORDS 128
#define MAX_FIELDS 64
#define MAX_BYTES 512
/* what golden.txt holds; a record that gets lost is noticed */
#define EXPECTED_RECORDS 77

struct field {
	size_t offset;
	size_t len;
	bool is_number;
	char enc[4];
	bool has_mask;
	u64 mask;
	char name[40];
	u64 number;
	u8 bytes[64];
	int line;
};

struct record {
	char name[64];
	char kind[16];
	size_t length;
	u8 bytes[MAX_BYTES];
	size_t len;
	struct field fields[MAX_FIELDS];
	size_t field_count;
	enum class class;
};

static struct record records[MAX_RECORDS];
static size_t record_count;

static void fail_line(int line, const char *why)
{
	printf("Bail out! %s:%d: %s\n", GOLDEN_FILE, line, why);
	exit(2);
}

static size_t parse_hex(const char *text, u8 *bytes, size_t cap, int line)
{
	size_t len = 0;
	unsigned int value;
	int used;

	for (; *text; text += 2) {
		if (len == cap)
			fail_line(line, "too many bytes");
		used = 0;
		if (sscanf(text, "%2x%n", &value, &used) != 1 || used != 2)
			fail_line(line, "not hex");
		bytes[len++] = (u8)value;
	}
	return len;
}

static void parse_field(struct record *record, char *text, int line)
{
	struct field *field;
	char mask[20], value[160];
	size_t len;

	if (record->field_count == MAX_FIELDS)
		fail_line(line, "too many fields");
	field = &record->fields[record->field_count++];
	if (sscanf(text, "%*s %zu %zu %3s %19s %39s %159[^\n]",
		   &field->offset, &field->len, field->enc, mask,
		   field->name, value) != 6)
		fail_line(line, "bad field line");
	field->line = line;
	if (field->offset + field->len > record->len)
		fail_line(line, "field outside of the message");
	if (!strcmp(field->enc, "be") || !strcmp(field->enc, "le")) {
		field->is_number = true;
		field->number = strtoull(value, NULL, 0);
		field->mask = ~0ULL;
		field->has_mask = strcmp(mask, "-");
		if (field->has_mask)
			field->mask = strtoull(mask, NULL, 16);
		if (field->len > 8 || !field->mask)
			fail_line(line, "bad number");
		return;
	}
	if (strcmp(mask, "-") || field->len > sizeof(field->bytes))
		fail_line(line, "bad byte field");
	if (!strcmp(field->enc, "raw")) {
		if (parse_hex(value, field->bytes, field->len, line) !=
		    field->len)
			fail_line(line, "length of the value");
	} else if (!strcmp(field->enc, "str")) {
		len = strlen(value);
		if (len != field->len + 2 || value[0] != '"' ||
		    value[len - 1] != '"')
			fail_line(line, "length of the string");
		memcpy(field->bytes, value + 1, field->len);
	} else {
		fail_line(line, "unknown encoding");
	}
}

static enum class classify(const struct record *record)
{
	static const enum class llc[] = {
		0, C_CONFIRM_LINK, C_ADD_LINK, C_ADD_LINK_CONT, C_DELETE_LINK,
		C_REQ_ADD_LINK, C_CONFIRM_RKEY, C_TEST_LINK, 0, C_DELETE_RKEY,
	};
	const u8 *b = record->bytes;

	if (!strcmp(record->kind, "tcpopt"))
		return C_TCPOPT;
	if (!strcmp(record->kind, "cdc"))
		return C_CDC;
	if (!strcmp(record->kind, "smcd-cdc"))
		return C_AREA;
	if (!strcmp(record->kind, "llc"))
		return (b[0] & 15) < ARRAY_SIZE(llc) ? llc[b[0] & 15] : 0;
	if (strcmp(record->kind, "clc") || record->len < 8)
		return 0;
	switch (b[4]) {
	case SMCR_CLC_PROPOSAL:
		return b[7] >> 4 == 1 ? C_PROPOSAL_V1 : C_PROPOSAL_V2;
	case SMCR_CLC_ACCEPT:
	case SMCR_CLC_CONFIRM:
		return b[7] & 3 ? C_ACCEPT_D : C_ACCEPT_R;
	case SMCR_CLC_DECLINE:
		return C_DECLINE;
	default:
		return 0;
	}
}

static void finish_record(struct record *record, int line)
{
	size_t i;

	if (!record->field_count || !record->len ||
	    record->len != record->length)
		fail_line(line, "incomplete record, or wrong length");
	record->class = classify(record);
	if (!record->class)
		fail_line(line, "record of unknown kind");
	for (i = 0; &records[i] != record; i++)
		if (!strcmp(records[i].name, record->name))
			fail_line(line, "name used twice");
}

static void parse_golden(void)
{
	struct record *record = NULL;
	char text[512];
	int line = 0;
	FILE *file;

	file = fopen(GOLDEN_FILE, "r");
	if (!file)
		fail_line(0, "cannot be read");
	while (fgets(text, sizeof(text), file)) {
		line++;
		if (!strchr(text, '\n'))
			fail_line(line, "line too long");
		text[strcspn(text, "\n")] = '\0';
		if (!text[0] || text[0] == '#')
			continue;
		if (text[0] == '[') {
			if (record)
				finish_record(record, line);
			if (record_count == MAX_RECORDS)
				fail_line(line, "too many records");
			record = &records[record_count++];
			if (sscanf(text, "[%63[^]]]", record->name) != 1)
				fail_line(line, "bad record name");
			continue;
		}
		if (!record)
			fail_line(line, "outside of a record");
		if (!strncmp(text, "hex = ", 6))
			record->len += parse_hex(text + 6,
						 record->bytes + record->len,
						 MAX_BYTES - record->len, line);
		else if (!strncmp(text, "f ", 2) || !strncmp(text, "fv ", 3))
			parse_field(record, text, line);
		else if (!strncmp(text, "kind = ", 7))
			snprintf(record->kind, sizeof(record->kind), "%.15s",
				 text + 7);
		else if (!strncmp(text, "length = ", 9))
			record->length = strtoul(text + 9, NULL, 10);
		else if (strncmp(text, "origin = ", 9) &&
			 strncmp(text, "sender = ", 9) &&
			 strncmp(text, "note = ", 7))
			fail_line(line, "unknown line");
	}
	fclose(file);
	if (record)
		finish_record(record, line);
}

static bool host_is_little_endian(void)
{
	const u16 one = 1;
	u8 first;

	memcpy(&first, &one, 1);
	return first;
}

static int decode(enum class class, const u8 *buf, size_t len,
		  union message *m)
{
	if (class & C_PROPOSAL)
		return smcr_clc_decode_proposal(buf, len, &m->proposal);
	if (class & C_ACCEPT)
		return smcr_clc_decode_accept(buf, len, &m->accept);
	if (class & C_DECLINE)
		return smcr_clc_decode_decline(buf, len, &m->decline);
	if (class & C_LLC)
		return smcr_llc_decode(buf, len, &m->llc);
	if (class & C_CDC)
		return smcr_cdc_decode(buf, len, &m->cdc);
	return smcr_cdc_decode_area(buf, len, &m->cdc);
}

static int encode(enum class class, const union message *m, u8 *buf,
		  size_t cap)
{
	if (class & C_PROPOSAL)
		return smcr_clc_encode_proposal(&m->proposal, buf, cap);
	if (class & C_ACCEPT)
		return smcr_clc_encode_accept(&m->accept, buf, cap);
	if (class & C_DECLINE)
		return smcr_clc_encode_decline(&m->decline, buf, cap);
	if (class & C_LLC)
		return smcr_llc_encode(&m->llc, buf, cap);
	if (class & C_CDC)
		return encode_cdc(&m->cdc, buf, cap);
	return encode_cdc_area(&m->cdc, buf, cap);
}

static const char *roundtrip(enum class class, const u8 *buf, size_t len,
			     int *rc)
{
	if (class & C_PROPOSAL)
		return roundtrip_proposal(buf, len, rc);
	if (class & C_ACCEPT)
		return roundtrip_accept(buf, len, rc);
	if (class & C_DECLINE)
		return roundtrip_decline(buf, len, rc);
	if (class & C_LLC)
		return roundtrip_llc(buf, len, rc);
	if (class & C_CDC)
		return roundtrip_cdc(buf, len, rc);
	return roundtrip_cdc_area(buf, len, rc);
}

static u64 number_on_wire(const struct record *record,
			  const struct field *field)
{
	bool is_le = !strcmp(field->enc, "le");
	u64 value = 0;
	size_t i;

	for (i = 0; i < field->len; i++)
		value = value << 8 |
			record->bytes[field->offset +
				      (is_le ? field->len - 1 - i : i)];
	return (value & field->mask) >> __builtin_ctzll(field->mask);
}

static u64 load_host(const void *p, size_t size)
{
	u64 v64;
	u32 v32;
	u16 v16;

	switch (size) {
	case 1:
		return *(const u8 *)p;
	case 2:
		memcpy(&v16, p, 2);
		return v16;
	case 4:
		memcpy(&v32, p, 4);
		return v32;
	case 8:
		memcpy(&v64, p, 8);
		return v64;
	default:
		abort();
	}
}

/* The field as the sequence of bytes that a big-endian reader sees. */
static void field_bytes(const struct field *field, u8 *bytes)
{
	size_t i;

	for (i = 0; i < field->len; i++)
		bytes[i] = field->is_number ?
			   (u8)(field->number >> 8 * (field->len - 1 - i)) :
			   field->bytes[i];
}

static bool field_matches(const struct field *field,
			  const struct accessor *a, const union message *m)
{
	const u8 *member = (const u8 *)m + a->offset;
	u8 want[64];
	u64 number = 0;
	size_t i;

	field_bytes(field, want);
	if (field->is_number)
		number = field->number;
	else
		for (i = 0; i < field->len; i++)
			number = number << 8 | want[i];

	switch (a->how) {
	case WIRE:
		return true;
	case INT:
		return field->len <= 8 &&
		       load_host(member, a->size) == number;
	case BYTES:
		return field->len == a->size && !field->has_mask &&
		       !memcmp(member, want, a->size);
	case FLAG:
		return a->size == sizeof(bool) && *member == !!number;
	case BIT:
		return !!(*member & a->bit) == number;
	case LLC_VERSION:
		return *member == (number ? number : 1);
	}
	return false;
}

static void check_field(const struct record *record,
			const struct field *field, const union message *m)
{
	size_t i;

	if (field->is_number)
		CHECK_EQ(number_on_wire(record, field), field->number);
	else
		CHECK_MEM(record->bytes + field->offset, field->bytes,
			  field->len);

	for (i = 0; i < ARRAY_SIZE(accessors); i++)
		if (accessors[i].classes & record->class &&
		    !strcmp(accessors[i].name, field->name))
			break;
	if (!CHECK(i < ARRAY_SIZE(accessors))) {
		printf("#   line %d: no accessor for \"%s\"\n", field->line,
		       field->name);
		return;
	}
	accessor_used[i] = true;
	if (!CHECK(field_matches(field, &accessors[i], m)))
		printf("#   line %d: \"%s\" differs in the struct\n",
		       field->line, field->name);
}

static void test_fields(const struct record *record)
{
	union message m;
	size_t i;

	memset(&m, 0x5a, sizeof(m));
	if (record->class != C_TCPOPT &&
	    !CHECK_EQ(decode(record->class, record->bytes, record->len, &m),
		      0))
		return;
	for (i = 0; i < record->field_count; i++)
		check_field(record, &record->fields[i], &m);
	if (record->class == C_PROPOSAL_V1)
		CHECK_EQ(m.proposal.typev2, SMCR_CLC_MODE_NONE);
}

static void test_reencode(const struct record *record)
{
	u8 buf[MAX_BYTES];
	union message m;
	size_t cap;
	u8 *exact;

	/* whatever the struct held before must not get onto the wire */
	memset(&m, 0x5a, sizeof(m));
	CHECK_EQ(decode(record->class, record->bytes, record->len, &m), 0);
	memset(buf, 0xa5, sizeof(buf));
	CHECK_EQ(encode(record->class, &m, buf, sizeof(buf)), record->len);
	CHECK_MEM(buf, record->bytes, record->len);
	for (cap = 0; cap < record->len; cap++) {
		exact = test_copy(buf, cap);
		CHECK_EQ(encode(record->class, &m, exact, cap), -ENOSPC);
		free(exact);
	}
	exact = test_copy(buf, record->len);
	CHECK_EQ(encode(record->class, &m, exact, record->len), record->len);
	CHECK_MEM(exact, record->bytes, record->len);
	free(exact);
}

/* What decoding the first @len bytes of a valid message has to return. */
static int truncated_result(const struct record *record, size_t len)
{
	switch (record->class) {
	case C_CDC:
		return len < 26 ? -EMSGSIZE : 0;
	case C_ADD_LINK:
		/* the number of rkeys is cut to those received */
		return len < 72 ? -EMSGSIZE : 0;
	default:
		return -EMSGSIZE;
	}
}

/* The same for a CLC message whose length field and trailer are put right. */
static int shortened_result(const struct record *record, size_t len)
{
	const u8 *b = record->bytes;

	if (len < 28 || !(record->class & C_ACCEPT_R) || b[7] >> 4 == 1)
		return -EPROTO;
	if (!(b[7] & 8))
		return len < 108 ? -EPROTO : 0;
	/* first contact: release 0 may leave out the end of the extension */
	return len < (b[105] & 15 ? 160 : 144) ? -EPROTO : 0;
}

static void test_truncate(const struct record *record)
{
	const char *wrong;
	union message m;
	size_t len;
	int want;
	u8 *cut;

	for (len = 0; len < record->len; len++) {
		cut = test_copy(record->bytes, len);
		want = truncated_result(record, len);
		if (!CHECK_EQ(decode(record->class, cut, len, &m), want))
			printf("#   length %zu\n", len);
		if (!want && record->class == C_ADD_LINK)
			CHECK_EQ(m.llc.u.add_link.rtoken_count,
				 (len - 72) / 16);
		wrong = roundtrip(record->class, cut, len, NULL);
		if (!CHECK(!wrong))
			printf("#   length %zu: %s\n", len, wrong);

		if (record->class & C_CLC && len >= 8) {
			smcr_store_be16(cut + 5, (u16)len);
			/* but not over the header */
			if (len >= 12)
				memcpy(cut + len - 4, record->bytes, 4);
			want = shortened_result(record, len);
			if (!CHECK_EQ(decode(record->class, cut, len, &m),
				      want))
				printf("#   shortened to %zu\n", len);
			wrong = roundtrip(record->class, cut, len, NULL);
			if (!CHECK(!wrong))
				printf("#   shortened to %zu: %s\n", len,
				       wrong);
		}
		free(cut);
	}
}

static void test_flip(const struct record *record)
{
	u8 *exact = test_copy(record->bytes, record->len);
	unsigned long refused = 0, accepted = 0;
	const char *wrong;
	unsigned int flip;
	size_t i;
	int rc;

	for (i = 0; i < record->len; i++) {
		for (flip = 1; flip < 256; flip++) {
			exact[i] ^= flip;
			rc = 1;
			wrong = roundtrip(record->class, exact, record->len,
					  &rc);
			if (!CHECK(!wrong))
				printf("#   byte %zu xor 0x%02x: %s\n", i,
				       flip, wrong);
			CHECK(rc == 0 || rc == -EPROTO || rc == -EMSGSIZE ||
			      rc == -EOPNOTSUPP);
			if (rc)
				refused++;
			else
				accepted++;
			exact[i] ^= flip;
		}
	}
	CHECK_MEM(exact, record->bytes, record->len);
	CHECK(refused > 0);
	CHECK(accepted > 0);
	free(exact);
}

static size_t run(const char *what,
		  void (*test)(const struct record *record))
{
	size_t i, count = 0;
	char name[96];

	for (i = 0; i < record_count; i++) {
		if (records[i].class == C_TCPOPT && test != test_fields)
			continue;
		test_begin();
		test(&records[i]);
		snprintf(name, sizeof(name), "golden_%s__%s", what,
			 records[i].name);
		test_end(name);
		count++;
	}
	return count;
}

int main(void)
{
	size_t i, with_codec = 0, planned;

	parse_golden();
	if (!host_is_little_endian()) {
		/* the record of the SMC-D area is in the byte order of x86 */
		printf("Bail out! needs a little-endian host\n");
		return 2;
	}
	for (i = 0; i < record_count; i++)
		with_codec += records[i].class != C_TCPOPT;
	planned = 2 + record_count + 3 * with_codec;
	test_plan(planned);

	test_begin();
	CHECK_EQ(record_count, EXPECTED_RECORDS);
	test_end("golden_file__all_records");

	run("fields", test_fields);

	test_begin();
	for (i = 0; i < ARRAY_SIZE(accessors); i++)
		if (!CHECK(accessor_used[i]))
			printf("#   \"%s\" occurs in no record\n",
			       accessors[i].name);
	test_end("golden_file__all_accessors_used");

	run("reencode", test_reencode);
	run("truncate", test_truncate);
	run("flip", test_flip);
	return test_exit(planned);
}
