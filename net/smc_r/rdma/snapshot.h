/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SMCR_RDMA_SNAPSHOT_H
#define SMCR_RDMA_SNAPSHOT_H

#include <linux/types.h>

struct smcr_group_info;

bool smcr_rdma_snapshot(u32 from_id, struct smcr_group_info *info);

#endif
