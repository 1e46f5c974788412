/* SPDX-License-Identifier: GPL-2.0 */
/* What the rest of the module knows of the RDMA transport. */
#ifndef SMCR_RDMA_TRANSPORT_H
#define SMCR_RDMA_TRANSPORT_H

#include "../base/transport.h"

extern const struct smcr_transport_ops smcr_rdma_transport;

int smcr_rdma_init(void);
void smcr_rdma_exit(void);

#endif
