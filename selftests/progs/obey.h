/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What obey is told by the first four bytes of a connection: an order, its
 * parameter, and a number of two bytes, BE, by which the peer knows it.
 *
 *	e	echo until the end
 *	s	read until the end
 *	w	write PARAMETER * 16 KiB, shut down writing, read until the end
 *	n	read nothing for PARAMETER * 100 ms
 *	c	nothing
 *	d	shut down writing, read until the end
 *	r	nothing, and close by a reset
 *	u	write PARAMETER * 16 KiB, an urgent byte and ten more, read until the end
 *	k	read until the end; write a byte, or shut down writing if PARAMETER is 1;
 *		wait for an error, and read again, which is to find the end
 *	m	have the kernel free what it can do without; read until the end
 *
 * Then it closes, and prints how that went.
 */
#ifndef OBEY_H
#define OBEY_H

#include <stdint.h>

#define OBEY_HEAD	4
#define OBEY_UNIT	16384
/* bytes behind an urgent one */
#define OBEY_BEHIND	10

/* byte number @at of all data that is made up */
static inline uint8_t obey_byte(uint64_t at)
{
	return (uint8_t)(at * 7 + (at >> 8));
}

#endif
