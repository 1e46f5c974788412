// SPDX-License-Identifier: GPL-2.0
/*
 * SMC sockets, as sock_diag tells them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>

#include "diag.h"
#include "nl.h"
#include "reason.h"
#include "smc_family.h"
#include "text.h"

#define MAX_EXTENSION 8

struct dump {
	void (*each)(json_object *row, void *data);
	void *data;
	const struct nlattr *at[MAX_EXTENSION + 1];
};

static void add_number(json_object *row, const char *key, uint64_t value)
{
	json_object_object_add(row, key, json_object_new_uint64(value));
}

static void add_hex(json_object *row, const char *key, const char *format, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), format, value);
	add_text(row, key, text);
}

static void add_state(json_object *row, uint8_t state)
{
	static const char *const names[] = {
		[1] = "ACTIVE",
		[2] = "INIT",
		[7] = "CLOSED",
		[10] = "LISTEN",
		[20] = "PEERCLOSEWAIT1",
		[21] = "PEERCLOSEWAIT2",
		[22] = "APPCLOSEWAIT1",
		[23] = "APPCLOSEWAIT2",
		[24] = "APPFINCLOSEWAIT1",
		[25] = "PEERFINCLOSEWAIT",
		[26] = "PEERABORTWAIT",
		[27] = "PROCESSABORT",
	};

	if (state < sizeof(names) / sizeof(names[0]) && names[state])
		add_text(row, "state", names[state]);
	else
		add_hex(row, "state", "%#lx?", state);
}

/* IPv4 is in the first word.  "::" of an AF_SMC socket cannot be told from 0.0.0.0. */
static void add_address(json_object *row, const char *key, int family, const __be32 words[4])
{
	char text[INET6_ADDRSTRLEN];

	if (family != AF_INET6 && !words[1] && !words[2] && !words[3])
		family = AF_INET;
	else
		family = AF_INET6;
	inet_ntop(family, words, text, sizeof(text));
	add_text(row, key, text);
}

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = {
		[SMC_DIAG_MODE_SMCR] = "SMCR",
		[SMC_DIAG_MODE_FALLBACK_TCP] = "TCP",
		[SMC_DIAG_MODE_SMCD] = "SMCD",
	};

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "?";
}

static void add_reasons(json_object *row, const struct nlattr *attr)
{
	const struct smc_diag_fallback *fallback = mnl_attr_get_payload(attr);

	add_hex(row, "reason", "0x%08lx", fallback->reason);
	add_text(row, "reason_text", reason_of(fallback->reason)->text);
	if (!fallback->peer_diagnosis)
		return;
	add_hex(row, "peer_reason", "0x%08lx", fallback->peer_diagnosis);
	add_text(row, "peer_reason_text", reason_of(fallback->peer_diagnosis)->text);
}

static void add_cursor(json_object *row, const char *key, const struct smc_diag_cursor *cursor)
{
	char text[16];

	snprintf(text, sizeof(text), "%04x:%08x", cursor->wrap, cursor->count);
	add_text(row, key, text);
}

static void add_flags(json_object *row, const char *key, uint8_t producer, uint8_t state)
{
	char text[8];

	snprintf(text, sizeof(text), "%02x:%02x", producer, state);
	add_text(row, key, text);
}

static void add_conn(json_object *row, const struct nlattr *attr)
{
	const struct smc_diag_conninfo *conn = mnl_attr_get_payload(attr);

	add_hex(row, "token", "%08lx", conn->token);
	add_number(row, "sndbuf", conn->sndbuf_size);
	add_number(row, "rcvbuf", conn->rmbe_size);
	add_number(row, "peerbuf", conn->peer_rmbe_size);
	add_cursor(row, "rx_prod", &conn->rx_prod);
	add_cursor(row, "rx_cons", &conn->rx_cons);
	add_flags(row, "rx_flags", conn->rx_prod_flags, conn->rx_conn_state_flags);
	add_cursor(row, "tx_prod", &conn->tx_prod);
	add_cursor(row, "tx_cons", &conn->tx_cons);
	add_flags(row, "tx_flags", conn->tx_prod_flags, conn->tx_conn_state_flags);
	add_cursor(row, "tx_prep", &conn->tx_prep);
	add_cursor(row, "tx_sent", &conn->tx_sent);
	add_cursor(row, "tx_fin", &conn->tx_fin);
}

static void add_string(json_object *row, const char *key, const __u8 *text, size_t cap)
{
	json_object_object_add(row, key,
			       json_object_new_string_len((const char *)text,
							  (int)strnlen((const char *)text, cap)));
}

static void add_link(json_object *row, const struct nlattr *attr)
{
	const struct smc_diag_lgrinfo *group = mnl_attr_get_payload(attr);
	const struct smc_diag_linkinfo *link = &group->lnk[0];

	add_text(row, "role", group->role ? "SERV" : "CLNT");
	add_string(row, "ib_dev", link->ibname, sizeof(link->ibname));
	add_number(row, "ib_port", link->ibport);
	add_number(row, "link_id", link->link_id);
	add_string(row, "gid", link->gid, sizeof(link->gid));
	add_string(row, "peer_gid", link->peer_gid, sizeof(link->peer_gid));
}

static void add_dmb(json_object *row, const struct nlattr *attr)
{
	const struct smcd_diag_dmbinfo *dmb = mnl_attr_get_payload(attr);

	add_hex(row, "gid", "%016lx", dmb->my_gid);
	add_hex(row, "token", "%016lx", dmb->token);
	add_hex(row, "peer_gid", "%016lx", dmb->peer_gid);
	add_hex(row, "peer_token", "%016lx", dmb->peer_token);
	add_hex(row, "link_id", "%08lx", dmb->linkid);
}

/* What the kernel knows of a socket depends on its state, see userspace-abi.md 8.1. */
static void add_ends(json_object *row, const struct smc_diag_msg *msg, const struct dump *dump)
{
	const char *state = member(row, "state");
	const struct nlattr *const *at = dump->at;

	if (strcmp(state, "INIT") == 0)
		return;
	add_address(row, "local_address", msg->diag_family, msg->id.idiag_src);
	add_number(row, "local_port", ntohs(msg->id.idiag_sport));
	if (strcmp(state, "LISTEN") == 0)
		return;
	add_address(row, "peer_address", msg->diag_family, msg->id.idiag_dst);
	add_number(row, "peer_port", ntohs(msg->id.idiag_dport));
	add_number(row, "ifindex", msg->id.idiag_if);
	if (strcmp(state, "CLOSED") == 0)
		return;
	add_text(row, "mode", mode_name(msg->diag_mode));
	if (msg->diag_mode == SMC_DIAG_MODE_FALLBACK_TCP) {
		if (at[SMC_DIAG_FALLBACK])
			add_reasons(row, at[SMC_DIAG_FALLBACK]);
		return;
	}
	if (at[SMC_DIAG_SHUTDOWN])
		add_number(row, "shutdown", mnl_attr_get_u8(at[SMC_DIAG_SHUTDOWN]));
	if (at[SMC_DIAG_CONNINFO])
		add_conn(row, at[SMC_DIAG_CONNINFO]);
	if (at[SMC_DIAG_LGRINFO])
		add_link(row, at[SMC_DIAG_LGRINFO]);
	if (at[SMC_DIAG_DMBINFO])
		add_dmb(row, at[SMC_DIAG_DMBINFO]);
}

/* Extensions that are too short are as good as missing. */
static int keep_extension(const struct nlattr *attr, void *data)
{
	static const uint16_t least[MAX_EXTENSION + 1] = {
		[SMC_DIAG_CONNINFO] = sizeof(struct smc_diag_conninfo),
		[SMC_DIAG_LGRINFO] = sizeof(struct smc_diag_lgrinfo),
		[SMC_DIAG_SHUTDOWN] = 1,
		[SMC_DIAG_DMBINFO] = sizeof(struct smcd_diag_dmbinfo),
		[SMC_DIAG_FALLBACK] = sizeof(struct smc_diag_fallback),
	};
	struct dump *dump = data;
	int type = mnl_attr_get_type(attr);

	if (type <= MAX_EXTENSION && least[type] && mnl_attr_get_payload_len(attr) >= least[type])
		dump->at[type] = attr;
	return MNL_CB_OK;
}

static int on_socket(const struct nlmsghdr *nlh, void *data)
{
	const struct smc_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct dump *dump = data;
	json_object *row;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return MNL_CB_OK;
	memset(dump->at, 0, sizeof(dump->at));
	mnl_attr_parse(nlh, sizeof(*msg), keep_extension, dump);
	row = json_object_new_object();
	add_state(row, msg->diag_state);
	add_number(row, "uid", msg->diag_uid);
	add_number(row, "inode", msg->diag_inode);
	add_ends(row, msg, dump);
	dump->each(row, dump->data);
	json_object_put(row);
	return MNL_CB_OK;
}

int diag_each(int extensions, void (*each)(json_object *row, void *data), void *data)
{
	struct nl *nl = nl_open_protocol(NETLINK_SOCK_DIAG);
	struct dump dump = { .each = each, .data = data };
	struct smc_diag_req *req;
	struct nlmsghdr *nlh;
	int rc;

	if (!nl)
		return -errno;
	nlh = nl_message(nl, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->diag_family = AF_SMC;
	req->diag_ext = (uint8_t)extensions;
	rc = nl_send(nl, nlh, on_socket, &dump);
	nl_close(nl);
	return rc;
}

static void count_kind(json_object *row, void *data)
{
	const char *mode = member(row, "mode"), *kind = *mode ? mode : member(row, "state");
	json_object *kinds = data;

	json_object_object_add(kinds, kind, json_object_new_int64(count(kinds, kind) + 1));
}

json_object *diag_kinds(void)
{
	json_object *kinds = json_object_new_object();

	if (!diag_each(0, count_kind, kinds))
		return kinds;
	json_object_put(kinds);
	return NULL;
}

const char *diag_missing(void)
{
	if (access("/sys/module/smc_r", F_OK) == 0)
		return "SMC sockets cannot be listed: module smc_r_diag not loaded (modprobe smc_r_diag)";
	if (access("/sys/module/smc", F_OK) == 0)
		return "SMC sockets cannot be listed: module smc_diag not loaded (modprobe smc_diag)";
	return "SMC module not loaded (modprobe smc_r)";
}
