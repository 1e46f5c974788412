// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

/**
 * ring_open() - set up a ring
 * @ring: filled; it is closed with its descriptor
 *
 * Return: whether the kernel has any.
 */
bool ring_open(struct ring *ring)
{
	struct io_uring_params p = {};
	char *rings;

	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &p);
	if (ring->fd < 0)
		return false;
	rings = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*ring->cqes) + p.sq_off.array,
		     PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, p.sq_entries * sizeof(*ring->sqes), PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (rings == MAP_FAILED || ring->sqes == MAP_FAILED) {
		close(ring->fd);
		return false;
	}
	ring->sq_tail = (void *)(rings + p.sq_off.tail);
	ring->sq_array = (void *)(rings + p.sq_off.array);
	ring->cq_head = (void *)(rings + p.cq_off.head);
	ring->cq_tail = (void *)(rings + p.cq_off.tail);
	ring->cqes = (void *)(rings + p.cq_off.cqes);
	return true;
}

/**
 * ring_request() - begin a call
 * @ring: a ring
 *
 * Return: its struct io_uring_sqe, zero, to be filled. Untyped, as Debian's
 * headers do not know all calls.
 */
void *ring_request(struct ring *ring)
{
	return memset(&ring->sqes[0], 0, sizeof(ring->sqes[0]));
}

/**
 * ring_call() - make the call that was begun
 * @ring: a ring
 *
 * Return: what it returned, a negative error of it or of the ring.
 */
int ring_call(struct ring *ring)
{
	ring->sq_array[*ring->sq_tail & 3] = 0;
	__atomic_store_n(ring->sq_tail, *ring->sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return ring->cqes[(*ring->cq_head)++ & 7].res;
}
