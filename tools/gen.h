/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What SMC_GEN_NETLINK tells, as JSON, see userspace-abi.md 4.
 *
 * Who calls these functions gets an own reference. Without an SMC module, and
 * on errors, they end the program; -EOPNOTSUPP, which older modules give for
 * what they do not have, counts as nothing to tell.
 */
#ifndef SMC_TOOLS_GEN_H
#define SMC_TOOLS_GEN_H

#include <stdbool.h>

#include <json-c/json.h>

#define GEN_MISSING "SMC module not loaded (modprobe smc_r)"

/* Is there a module that has the family? Asking loads it, if it can be. */
bool gen_exists(void);

/* Version, release, host name, what the module and the hardware can. */
json_object *gen_info(void);
/* Arrays of link groups, links, ports of RDMA devices, user EIDs. */
json_object *gen_groups(void);
json_object *gen_links(void);
json_object *gen_devices(void);
json_object *gen_ueids(void);
/* Counters of SMC-R, fallbacks and their reasons. */
json_object *gen_stats(void);

/**
 * gen_change() - change something
 * @cmd: SMC_NETLINK_...
 * @text: first attribute; NULL: none
 *
 * Return: 0 or a negative errno.
 */
int gen_change(int cmd, const char *text);

#endif
