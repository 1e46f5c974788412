/* SPDX-License-Identifier: GPL-2.0 */
/* io_uring without its library: one call at a time. */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <stdbool.h>

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

bool ring_open(struct ring *ring);
void *ring_request(struct ring *ring);
int ring_call(struct ring *ring);

#endif
