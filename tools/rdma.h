/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RDMA devices, as sysfs tells them.
 */
#ifndef SMC_TOOLS_RDMA_H
#define SMC_TOOLS_RDMA_H

#include <json-c/json.h>

/*
 * Array of GIDs: ib_dev, ib_port, state of the port, gid, type, and net_dev if that
 * interface is in this network namespace, or is_elsewhere if it is in another one.
 */
json_object *rdma_gids(void);

/**
 * rdma_name_interface() - "net_dev" in place of "ifindex"
 * @row: a link, with gid, or a port, without; with ib_dev and ib_port
 * @gids: of rdma_gids()
 *
 * The index is that of the interface in its own network namespace. There is no name
 * unless it is known to be ours.
 */
void rdma_name_interface(json_object *row, json_object *gids);

/* "v1", "v2" or both: versions of RoCE that GIDs of this host have; NULL: none. */
json_object *rdma_roce_versions(void);

#endif
