// SPDX-License-Identifier: GPL-2.0
/*
 * What SMC_GEN_NETLINK tells, as JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/smc.h>

#include "gen.h"
#include "nl.h"
#include "rdma.h"
#include "reason.h"
#include "text.h"

/* Newer than the headers of Debian 12. */
enum {
	LGR_R_SNDBUF_ALLOC = SMC_NLA_LGR_R_BUF_TYPE + 1,
	LGR_R_RMB_ALLOC,
	LGR_R_V2_MAX_CONNS = SMC_NLA_LGR_R_V2_DIRECT + 1,
	LGR_R_V2_MAX_LINKS,
	STATS_T_RX_RMB_USAGE = SMC_NLA_STATS_T_TX_CNT + 1,
	STATS_T_TX_RMB_USAGE,
};

static const char *const roles[] = { "CLNT", "SERV", NULL };
static const char *const types[] = { "NONE", "SINGLE", "SYM", "ASYMP", "ASYML", NULL };
static const char *const systems[] = { "unknown", "z/OS", "Linux", "AIX", NULL };
static const char *const buffers[] = { "physical", "virtual", "mixed", NULL };
static const char *const link_states[] = {
	"LINK_UNUSED", "LINK_INACTIVE", "LINK_ACTIVATING", "LINK_ACTIVE", NULL
};
static const char *const port_states[] = { "INACTIVE", "ACTIVE", NULL };

static const struct nl_field info_fields[] = {
	{ SMC_NLA_SYS_VER, "version", nl_uint },
	{ SMC_NLA_SYS_REL, "release", nl_uint },
	{ SMC_NLA_SYS_LOCAL_HOST, "hostname", nl_text },
	{ SMC_NLA_SYS_SEID, "seid", nl_text },
	{ SMC_NLA_SYS_IS_ISM_V2, "ism_v2", nl_bool },
	{ SMC_NLA_SYS_IS_SMCR_V2, "smcr_v2", nl_bool },
	{ }
}, info_top[] = {
	{ SMC_GEN_SYS_INFO, NULL, nl_nest, info_fields },
	{ }
};

static const struct nl_field common_fields[] = {
	{ SMC_NLA_LGR_V2_VER, "version", nl_uint },
	{ SMC_NLA_LGR_V2_REL, "peer_release", nl_uint },
	{ SMC_NLA_LGR_V2_PEER_HOST, "peer_host", nl_text },
	{ SMC_NLA_LGR_V2_OS, "peer_os", nl_name, systems },
	{ SMC_NLA_LGR_V2_NEG_EID, "eid", nl_text },
	{ }
}, v2_fields[] = {
	{ SMC_NLA_LGR_R_V2_DIRECT, "direct", nl_bool },
	{ LGR_R_V2_MAX_CONNS, "max_conns", nl_uint },
	{ LGR_R_V2_MAX_LINKS, "max_links", nl_uint },
	{ }
}, group_fields[] = {
	{ SMC_NLA_LGR_R_ID, "lg_id", nl_hex },
	{ SMC_NLA_LGR_R_ROLE, "role", nl_name, roles },
	{ SMC_NLA_LGR_R_TYPE, "type", nl_name, types },
	{ SMC_NLA_LGR_R_VLAN_ID, "vlan", nl_uint },
	{ SMC_NLA_LGR_R_PNETID, "pnetid", nl_text },
	{ SMC_NLA_LGR_R_V2_COMMON, NULL, nl_nest, common_fields },
	{ SMC_NLA_LGR_R_V2, NULL, nl_nest, v2_fields },
	{ SMC_NLA_LGR_R_CONNS_NUM, "conns", nl_uint },
	{ SMC_NLA_LGR_R_NET_COOKIE, "net_cookie", nl_uint },
	{ SMC_NLA_LGR_R_BUF_TYPE, "buf_type", nl_name, buffers },
	{ LGR_R_SNDBUF_ALLOC, "sndbuf_bytes", nl_uint },
	{ LGR_R_RMB_ALLOC, "rmb_bytes", nl_uint },
	{ }
}, group_top[] = {
	{ SMC_GEN_LGR_SMCR, NULL, nl_nest, group_fields },
	{ }
};

static const struct nl_field link_fields[] = {
	{ SMC_NLA_LINK_ID, "link_id", nl_uint },
	{ SMC_NLA_LINK_NET_DEV, "ifindex", nl_uint },
	{ SMC_NLA_LINK_UID, "link_uid", nl_uid },
	{ SMC_NLA_LINK_PEER_UID, "peer_uid", nl_uid },
	{ SMC_NLA_LINK_IB_DEV, "ib_dev", nl_text },
	{ SMC_NLA_LINK_IB_PORT, "ib_port", nl_uint },
	{ SMC_NLA_LINK_GID, "gid", nl_text },
	{ SMC_NLA_LINK_PEER_GID, "peer_gid", nl_text },
	{ SMC_NLA_LINK_STATE, "state", nl_name, link_states },
	{ SMC_NLA_LINK_CONN_CNT, "conns", nl_uint },
	{ }
}, link_top[] = {
	{ SMC_GEN_LINK_SMCR, NULL, nl_nest, link_fields },
	{ }
};

static const struct nl_field port_fields[] = {
	{ SMC_NLA_DEV_PORT_NETDEV, "ifindex", nl_uint },
	{ SMC_NLA_DEV_PORT_STATE, "state", nl_name, port_states },
	{ SMC_NLA_DEV_PORT_LNK_CNT, "links", nl_uint },
	{ SMC_NLA_DEV_PORT_PNETID, "pnetid", nl_text },
	{ SMC_NLA_DEV_PORT_PNET_USR, "pnetid_by_user", nl_bool },
	{ SMC_NLA_DEV_PORT_VALID, "valid", nl_bool },
	{ }
}, device_fields[] = {
	{ SMC_NLA_DEV_IB_NAME, "ib_dev", nl_text },
	{ SMC_NLA_DEV_IS_CRIT, "critical", nl_bool },
	{ SMC_NLA_DEV_PCI_FID, "pci_fid", nl_uint },
	{ SMC_NLA_DEV_PCI_CHID, "pci_chid", nl_uint },
	{ SMC_NLA_DEV_PCI_VENDOR, "pci_vendor", nl_uint },
	{ SMC_NLA_DEV_PCI_DEVICE, "pci_device", nl_uint },
	{ SMC_NLA_DEV_PCI_ID, "pci_id", nl_text },
	{ SMC_NLA_DEV_PORT, "1", nl_nest, port_fields },
	{ SMC_NLA_DEV_PORT2, "2", nl_nest, port_fields },
	{ }
}, device_top[] = {
	{ SMC_GEN_DEV_SMCR, NULL, nl_nest, device_fields },
	{ }
};

static const struct nl_field sizes_fields[] = {
	{ SMC_NLA_STATS_PLOAD_8K, "8K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_16K, "16K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_32K, "32K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_64K, "64K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_128K, "128K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_256K, "256K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_512K, "512K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_1024K, "1024K", nl_uint },
	{ SMC_NLA_STATS_PLOAD_G_1024K, "G_1024K", nl_uint },
	{ }
}, events_fields[] = {
	{ SMC_NLA_STATS_RMB_SIZE_SM_PEER_CNT, "too_small_peer", nl_uint },
	{ SMC_NLA_STATS_RMB_SIZE_SM_CNT, "too_small", nl_uint },
	{ SMC_NLA_STATS_RMB_FULL_PEER_CNT, "full_peer", nl_uint },
	{ SMC_NLA_STATS_RMB_FULL_CNT, "full", nl_uint },
	{ SMC_NLA_STATS_RMB_REUSE_CNT, "reused", nl_uint },
	{ SMC_NLA_STATS_RMB_ALLOC_CNT, "allocated", nl_uint },
	{ SMC_NLA_STATS_RMB_DGRADE_CNT, "downgraded", nl_uint },
	{ }
}, tech_fields[] = {
	{ SMC_NLA_STATS_T_CLNT_V1_SUCC, "client_v1", nl_uint },
	{ SMC_NLA_STATS_T_CLNT_V2_SUCC, "client_v2", nl_uint },
	{ SMC_NLA_STATS_T_SRV_V1_SUCC, "server_v1", nl_uint },
	{ SMC_NLA_STATS_T_SRV_V2_SUCC, "server_v2", nl_uint },
	{ SMC_NLA_STATS_T_RX_BYTES, "rx_bytes", nl_uint },
	{ SMC_NLA_STATS_T_TX_BYTES, "tx_bytes", nl_uint },
	{ SMC_NLA_STATS_T_RX_CNT, "rx_requests", nl_uint },
	{ SMC_NLA_STATS_T_TX_CNT, "tx_requests", nl_uint },
	{ STATS_T_RX_RMB_USAGE, "rx_buf_bytes", nl_uint },
	{ STATS_T_TX_RMB_USAGE, "tx_buf_bytes", nl_uint },
	{ SMC_NLA_STATS_T_SENDPAGE_CNT, "sendpage", nl_uint },
	{ SMC_NLA_STATS_T_SPLICE_CNT, "splice", nl_uint },
	{ SMC_NLA_STATS_T_CORK_CNT, "cork", nl_uint },
	{ SMC_NLA_STATS_T_NDLY_CNT, "nodelay", nl_uint },
	{ SMC_NLA_STATS_T_URG_DATA_CNT, "urgent", nl_uint },
	{ SMC_NLA_STATS_T_RX_RMB_SIZE, "rx_buf_sizes", nl_nest, sizes_fields },
	{ SMC_NLA_STATS_T_TX_RMB_SIZE, "tx_buf_sizes", nl_nest, sizes_fields },
	{ SMC_NLA_STATS_T_RXPLOAD_SIZE, "rx_request_sizes", nl_nest, sizes_fields },
	{ SMC_NLA_STATS_T_TXPLOAD_SIZE, "tx_request_sizes", nl_nest, sizes_fields },
	{ SMC_NLA_STATS_T_RX_RMB_STATS, "rx_buf", nl_nest, events_fields },
	{ SMC_NLA_STATS_T_TX_RMB_STATS, "tx_buf", nl_nest, events_fields },
	{ }
}, stats_fields[] = {
	{ SMC_NLA_STATS_SMCR_TECH, "smcr", nl_nest, tech_fields },
	{ SMC_NLA_STATS_CLNT_HS_ERR_CNT, "client_handshake_errors", nl_uint },
	{ SMC_NLA_STATS_SRV_HS_ERR_CNT, "server_handshake_errors", nl_uint },
	{ }
}, stats_top[] = {
	{ SMC_GEN_STATS, NULL, nl_nest, stats_fields },
	{ }
};

static const struct nl_field fallback_fields[] = {
	{ SMC_NLA_FBACK_STATS_TYPE, "type", nl_uint },
	{ SMC_NLA_FBACK_STATS_SRV_CNT, "server_fallbacks", nl_uint },
	{ SMC_NLA_FBACK_STATS_CLNT_CNT, "client_fallbacks", nl_uint },
	{ SMC_NLA_FBACK_STATS_RSN_CODE, "code", nl_uint },
	{ SMC_NLA_FBACK_STATS_RSN_CNT, "count", nl_uint },
	{ }
}, fallback_top[] = {
	{ SMC_GEN_FBACK_STATS, NULL, nl_nest, fallback_fields },
	{ }
};

static const struct nl_field ueid_top[] = {
	{ SMC_NLA_EID_TABLE_ENTRY, "eid", nl_text },
	{ }
};

static struct nl *family(void)
{
	static struct nl *nl;

	if (!nl)
		nl = nl_open(SMC_GENL_FAMILY_NAME);
	return nl;
}

bool gen_exists(void)
{
	return family() != NULL;
}

static struct nl *open_family(void)
{
	struct nl *nl = family();

	if (!nl && errno == ENOENT)
		die(1, GEN_MISSING);
	if (!nl)
		die(1, "the kernel's SMC cannot be asked: %s", error_text(errno));
	return nl;
}

static void dump(int cmd, mnl_cb_t on_message, void *data)
{
	int rc = nl_dump(open_family(), cmd, on_message, data);

	if (rc && rc != -EOPNOTSUPP)
		die(1, "the kernel's SMC does not tell: %s", error_text(-rc));
}

int gen_change(int cmd, const char *text)
{
	struct nl *nl = open_family();
	struct nlmsghdr *nlh = nl_request(nl, cmd, NLM_F_ACK);

	if (text)
		mnl_attr_put_strz(nlh, SMC_NLA_EID_TABLE_ENTRY, text);
	return nl_send(nl, nlh, NULL, NULL);
}

static json_object *row_of(const struct nlmsghdr *nlh, const struct nl_field *fields)
{
	json_object *row = json_object_new_object();

	nl_fill(row, nlh, fields);
	return row;
}

static int on_info(const struct nlmsghdr *nlh, void *data)
{
	nl_fill(data, nlh, info_top);
	return MNL_CB_OK;
}

/* smc_r has SMC-R only. */
static const char *module_name(void)
{
	if (access("/sys/module/smc_r", F_OK) == 0)
		return "smc_r";
	return "smc";
}

json_object *gen_info(void)
{
	json_object *info = json_object_new_object();
	const char *module = module_name();

	dump(SMC_NETLINK_GET_SYS_INFO, on_info, info);
	add_text(info, "module", module);
	json_object_object_add(info, "smcd", json_object_new_boolean(strcmp(module, "smc") == 0));
	return info;
}

static int on_group(const struct nlmsghdr *nlh, void *data)
{
	json_object *row = row_of(nlh, group_top);

	/* The version of a group comes with version 2 only. */
	if (!json_object_object_get(row, "version"))
		json_object_object_add(row, "version", json_object_new_int(1));
	json_object_array_add(data, row);
	return MNL_CB_OK;
}

json_object *gen_groups(void)
{
	json_object *rows = json_object_new_array();

	dump(SMC_NETLINK_GET_LGR_SMCR, on_group, rows);
	return rows;
}

struct links {
	json_object *rows;
	/* the message before those of its links */
	json_object *group;
};

static void copy_member(json_object *to, json_object *from, const char *key)
{
	json_object_object_add(to, key, json_object_get(json_object_object_get(from, key)));
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	json_object *group = row_of(nlh, group_top), *link = row_of(nlh, link_top), *row;
	struct links *links = data;

	if (json_object_object_length(group)) {
		json_object_put(links->group);
		links->group = json_object_get(group);
	} else if (json_object_object_length(link)) {
		row = json_object_new_object();
		copy_member(row, links->group, "lg_id");
		copy_member(row, links->group, "role");
		copy_member(row, links->group, "type");
		json_object_object_foreach(link, key, value)
			json_object_object_add(row, key, json_object_get(value));
		json_object_array_add(links->rows, row);
	}
	json_object_put(group);
	json_object_put(link);
	return MNL_CB_OK;
}

static void name_interfaces(json_object *rows)
{
	json_object *gids;
	size_t i;

	if (!json_object_array_length(rows))
		return;
	gids = rdma_gids();
	for (i = 0; i < json_object_array_length(rows); i++)
		rdma_name_interface(json_object_array_get_idx(rows, i), gids);
	json_object_put(gids);
}

json_object *gen_links(void)
{
	struct links links = { .rows = json_object_new_array() };

	dump(SMC_NETLINK_GET_LINK_SMCR, on_link, &links);
	json_object_put(links.group);
	name_interfaces(links.rows);
	return links.rows;
}

/* Devices of software RDMA have no PCI attributes with the kernel's own smc. */
static void add_missing_pci(json_object *device)
{
	static const char *const numbers[] = { "pci_fid", "pci_chid", "pci_vendor", "pci_device" };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!json_object_object_get(device, numbers[i]))
			json_object_object_add(device, numbers[i], json_object_new_int(0));
	if (!json_object_object_get(device, "pci_id"))
		add_text(device, "pci_id", "");
}

/* A row for each port; what the device has goes into each. */
static void add_port(json_object *rows, json_object *device, const char *number)
{
	json_object *port = json_object_object_get(device, number), *row;

	if (!port || !json_object_get_boolean(json_object_object_get(port, "valid")))
		return;
	row = json_object_new_object();
	json_object_object_foreach(port, key, value)
		if (strcmp(key, "valid") != 0)
			json_object_object_add(row, key, json_object_get(value));
	json_object_object_add(row, "ib_port", json_object_new_int(*number - '0'));
	json_object_object_foreach(device, name, part)
		if (strlen(name) > 1)
			json_object_object_add(row, name, json_object_get(part));
	json_object_array_add(rows, row);
}

static int on_device(const struct nlmsghdr *nlh, void *data)
{
	json_object *device = row_of(nlh, device_top);

	add_missing_pci(device);
	add_port(data, device, "1");
	add_port(data, device, "2");
	json_object_put(device);
	return MNL_CB_OK;
}

json_object *gen_devices(void)
{
	json_object *rows = json_object_new_array();

	dump(SMC_NETLINK_GET_DEV_SMCR, on_device, rows);
	name_interfaces(rows);
	return rows;
}

static int on_ueid(const struct nlmsghdr *nlh, void *data)
{
	json_object *row = row_of(nlh, ueid_top);

	if (json_object_object_length(row))
		json_object_array_add(data, row);
	else
		json_object_put(row);
	return MNL_CB_OK;
}

json_object *gen_ueids(void)
{
	json_object *rows = json_object_new_array();

	dump(SMC_NETLINK_DUMP_UEID, on_ueid, rows);
	return rows;
}

static int on_stats(const struct nlmsghdr *nlh, void *data)
{
	nl_fill(data, nlh, stats_top);
	return MNL_CB_OK;
}

/* The totals come with the first message only. */
static int on_fallback(const struct nlmsghdr *nlh, void *data)
{
	json_object *row = row_of(nlh, fallback_top), *reason, *stats = data;
	uint32_t code = (uint32_t)count(row, "code");
	char text[12];

	if (json_object_object_get(row, "server_fallbacks"))
		copy_member(stats, row, "server_fallbacks");
	if (json_object_object_get(row, "client_fallbacks"))
		copy_member(stats, row, "client_fallbacks");
	/* slots that are free have none; a count may just be 65536 */
	if (code) {
		reason = json_object_new_object();
		add_text(reason, "side", count(row, "type") ? "server" : "client");
		snprintf(text, sizeof(text), "0x%08x", code);
		add_text(reason, "code", text);
		add_text(reason, "label", reason_of(code)->label);
		add_text(reason, "text", reason_of(code)->text);
		copy_member(reason, row, "count");
		json_object_array_add(json_object_object_get(stats, "fallback_reasons"), reason);
	}
	json_object_put(row);
	return MNL_CB_OK;
}

json_object *gen_stats(void)
{
	json_object *stats = json_object_new_object();

	json_object_object_add(stats, "server_fallbacks", json_object_new_int(0));
	json_object_object_add(stats, "client_fallbacks", json_object_new_int(0));
	json_object_object_add(stats, "fallback_reasons", json_object_new_array());
	dump(SMC_NETLINK_GET_FBACK_STATS, on_fallback, stats);
	dump(SMC_NETLINK_GET_STATS, on_stats, stats);
	return stats;
}
