/* SPDX-License-Identifier: GPL-2.0 */
/*
 * LLC messages that a valid peer could send, for scripts to change:
 *
 *	confirm_link, add_link, delete_link, delete_all, req_add_link,
 *	confirm_rkey, confirm_rkey_cont, delete_rkey, test_link
 *
 * All are requests, of version 2 if it has them.
 */
#ifndef RDMA_MESSAGE_H
#define RDMA_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "rdma_link.h"

int rdma_message_build(const char *name, const struct rdma_link *link, uint8_t *buf, size_t cap);
int rdma_message_type(const char *name);

#endif
