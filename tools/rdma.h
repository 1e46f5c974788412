/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RDMA devices, as sysfs tells them.
 */
#ifndef SMC_TOOLS_RDMA_H
#define SMC_TOOLS_RDMA_H

#include <json-c/json.h>

/* Array of GIDs: ib_dev, ib_port, state of the port, gid, type, net_dev. */
json_object *rdma_gids(void);

/* "v1", "v2" or both: versions of RoCE that GIDs of this host have; NULL: none. */
json_object *rdma_roce_versions(void);

#endif
