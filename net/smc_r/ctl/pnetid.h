/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family SMC_PNETID: numbers that user space knows
 * (userspace-abi.md 4.1). None may change.
 */
#ifndef SMCR_CTL_PNETID_H
#define SMCR_CTL_PNETID_H

#define SMCR_PNETID_FAMILY	"SMC_PNETID"
#define SMCR_PNETID_VERSION	1

enum smcr_pnetid_cmd {
	SMCR_PNETID_CMD_GET = 1,
	SMCR_PNETID_CMD_ADD = 2,
	SMCR_PNETID_CMD_DEL = 3,
	SMCR_PNETID_CMD_FLUSH = 4,
	/* commands from here on are checked strictly by the core */
	SMCR_PNETID_CMD_STRICT = 5,
};

enum smcr_pnetid_attr {
	SMCR_PNETID_NAME = 1,
	SMCR_PNETID_NETDEV = 2,
	SMCR_PNETID_RDMA = 3,
	SMCR_PNETID_PORT = 4,
	SMCR_PNETID_MAX = SMCR_PNETID_PORT,
};

int smcr_pnetid_init(void);
void smcr_pnetid_exit(void);

#endif
