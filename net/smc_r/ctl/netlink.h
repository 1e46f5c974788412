/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family SMC_GEN_NETLINK: numbers that user space knows
 * (userspace-abi.md 4.2 to 4.9). None may change.
 */
#ifndef SMCR_CTL_NETLINK_H
#define SMCR_CTL_NETLINK_H

#define SMCR_NL_FAMILY		"SMC_GEN_NETLINK"
#define SMCR_NL_VERSION		1

enum smcr_nl_cmd {
	SMCR_NL_CMD_SYS_INFO = 1,
	SMCR_NL_CMD_GROUPS = 2,
	SMCR_NL_CMD_LINKS = 3,
	SMCR_NL_CMD_SMCD_GROUPS = 4,
	SMCR_NL_CMD_SMCD_DEVS = 5,
	SMCR_NL_CMD_DEVS = 6,
	SMCR_NL_CMD_STATS = 7,
	SMCR_NL_CMD_FALLBACKS = 8,
	SMCR_NL_CMD_UEID_DUMP = 9,
	SMCR_NL_CMD_UEID_ADD = 10,
	SMCR_NL_CMD_UEID_REMOVE = 11,
	SMCR_NL_CMD_UEID_FLUSH = 12,
	SMCR_NL_CMD_SEID_DUMP = 13,
	SMCR_NL_CMD_SEID_ENABLE = 14,
	SMCR_NL_CMD_SEID_DISABLE = 15,
	SMCR_NL_CMD_LIMIT_HS_DUMP = 16,
	SMCR_NL_CMD_LIMIT_HS_ENABLE = 17,
	SMCR_NL_CMD_LIMIT_HS_DISABLE = 18,
	/* commands from here on are checked strictly by the core */
	SMCR_NL_CMD_STRICT = 19,
};

/* top level, each a nest */
enum smcr_nl_top {
	SMCR_NL_SYS_INFO = 1,
	SMCR_NL_GROUP = 2,
	SMCR_NL_LINK = 3,
	SMCR_NL_DEV = 6,
	SMCR_NL_STATS = 7,
	SMCR_NL_FALLBACK = 8,
};

/* top level of the UEID commands, not a nest */
enum smcr_nl_ueid {
	SMCR_NL_UEID_NAME = 1,
	SMCR_NL_UEID_MAX = SMCR_NL_UEID_NAME,
};

/* top level of the commands about limited handshakes, not a nest */
enum smcr_nl_limit_hs {
	SMCR_NL_LIMIT_HS_IS_ON = 1,
};

/* never add 7 to 10: existing tools write past their table */
enum smcr_nl_sys_info {
	SMCR_NL_SYS_VERSION = 1,
	SMCR_NL_SYS_RELEASE = 2,
	SMCR_NL_SYS_IS_ISM_V2 = 3,
	SMCR_NL_SYS_LOCAL_HOST = 4,
	SMCR_NL_SYS_SEID = 5,
	SMCR_NL_SYS_IS_SMCR_V2 = 6,
};

enum smcr_nl_group {
	SMCR_NL_GROUP_ID = 1,
	SMCR_NL_GROUP_ROLE = 2,
	SMCR_NL_GROUP_TYPE = 3,
	SMCR_NL_GROUP_PNETID = 4,
	SMCR_NL_GROUP_VLAN_ID = 5,
	SMCR_NL_GROUP_CONNS = 6,
	SMCR_NL_GROUP_V2_COMMON = 7,
	SMCR_NL_GROUP_V2 = 8,
	SMCR_NL_GROUP_NET_COOKIE = 9,
	SMCR_NL_GROUP_PAD = 10,
	SMCR_NL_GROUP_BUF_TYPE = 11,
	SMCR_NL_GROUP_TX_BYTES = 12,
	SMCR_NL_GROUP_RX_BYTES = 13,
};

/* values of SMCR_NL_GROUP_TYPE are enum smcr_group_type */

/* starts at 0, which is data here */
enum smcr_nl_v2_common {
	SMCR_NL_V2_VERSION = 0,
	SMCR_NL_V2_RELEASE = 1,
	SMCR_NL_V2_OS = 2,
	SMCR_NL_V2_EID = 3,
	SMCR_NL_V2_PEER_HOST = 4,
};

enum smcr_nl_v2 {
	SMCR_NL_V2_IS_DIRECT = 1,
	SMCR_NL_V2_MAX_CONNS = 2,
	SMCR_NL_V2_MAX_LINKS = 3,
};

enum smcr_nl_link {
	SMCR_NL_LINK_ID = 1,
	SMCR_NL_LINK_DEV = 2,
	SMCR_NL_LINK_PORT = 3,
	SMCR_NL_LINK_GID = 4,
	SMCR_NL_LINK_PEER_GID = 5,
	SMCR_NL_LINK_CONNS = 6,
	SMCR_NL_LINK_IFINDEX = 7,
	SMCR_NL_LINK_UID = 8,
	SMCR_NL_LINK_PEER_UID = 9,
	SMCR_NL_LINK_STATE = 10,
};

/* value of SMCR_NL_LINK_STATE */
#define SMCR_NL_STATE_ACTIVE	3

enum smcr_nl_dev {
	SMCR_NL_DEV_IS_CRITICAL = 2,
	SMCR_NL_DEV_PCI_FID = 3,
	SMCR_NL_DEV_PCI_CHID = 4,
	SMCR_NL_DEV_PCI_VENDOR = 5,
	SMCR_NL_DEV_PCI_DEVICE = 6,
	SMCR_NL_DEV_PCI_ID = 7,
	SMCR_NL_DEV_PORT = 8,
	SMCR_NL_DEV_PORT2 = 9,
	SMCR_NL_DEV_NAME = 10,
};

enum smcr_nl_port {
	SMCR_NL_PORT_PNET_BY_USER = 1,
	SMCR_NL_PORT_PNETID = 2,
	SMCR_NL_PORT_IFINDEX = 3,
	SMCR_NL_PORT_IS_ACTIVE = 4,
	SMCR_NL_PORT_IS_VALID = 5,
	SMCR_NL_PORT_LINKS = 6,
};

enum smcr_nl_stats {
	SMCR_NL_STATS_SMCD = 1,
	SMCR_NL_STATS_SMCR = 2,
	SMCR_NL_STATS_CLIENT_ERRORS = 3,
	SMCR_NL_STATS_SERVER_ERRORS = 4,
};

enum smcr_nl_tech {
	SMCR_NL_TECH_PAD = 0,
	SMCR_NL_TECH_TX_RING_SIZE = 1,
	SMCR_NL_TECH_RX_RING_SIZE = 2,
	SMCR_NL_TECH_TX_CALL_SIZE = 3,
	SMCR_NL_TECH_RX_CALL_SIZE = 4,
	SMCR_NL_TECH_TX_RING = 5,
	SMCR_NL_TECH_RX_RING = 6,
	SMCR_NL_TECH_CLIENT_V1 = 7,
	SMCR_NL_TECH_CLIENT_V2 = 8,
	SMCR_NL_TECH_SERVER_V1 = 9,
	SMCR_NL_TECH_SERVER_V2 = 10,
	SMCR_NL_TECH_SENDPAGES = 11,
	SMCR_NL_TECH_SPLICES = 12,
	SMCR_NL_TECH_UNCORKS = 13,
	SMCR_NL_TECH_NODELAYS = 14,
	SMCR_NL_TECH_URGENT_CALLS = 15,
	SMCR_NL_TECH_RX_BYTES = 16,
	SMCR_NL_TECH_TX_BYTES = 17,
	SMCR_NL_TECH_RX_CALLS = 18,
	SMCR_NL_TECH_TX_CALLS = 19,
	SMCR_NL_TECH_RX_RING_BYTES = 20,
	SMCR_NL_TECH_TX_RING_BYTES = 21,
};

/*
 * A histogram has attributes 1 to SMCR_STATS_SIZES, a nest of ring events
 * 1 to SMCR_RING_EVENTS.
 */

enum smcr_nl_fallback {
	SMCR_NL_FALLBACK_PAD = 0,
	SMCR_NL_FALLBACK_ROLE = 1,
	SMCR_NL_FALLBACK_SERVER = 2,
	SMCR_NL_FALLBACK_CLIENT = 3,
	SMCR_NL_FALLBACK_REASON = 4,
	SMCR_NL_FALLBACK_COUNT = 5,
};

struct smcr_transport_ops;

int smcr_nl_init(const struct smcr_transport_ops *const *transports);
void smcr_nl_exit(void);

#endif
