/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SMCR_RDMA_SNAPSHOT_H
#define SMCR_RDMA_SNAPSHOT_H

#include <linux/types.h>

#include "../base/stats.h"

struct smcr_dev_info;
struct smcr_group_info;
struct smcr_link_info;
struct smcr_path;

bool smcr_rdma_snapshot(u32 from_id, struct smcr_group_info *info);
bool smcr_rdma_snapshot_dev(u64 after, struct smcr_dev_info *info);
bool smcr_rdma_snapshot_link(struct smcr_path *path,
			     struct smcr_link_info *info, enum smcr_role *role);

#endif
