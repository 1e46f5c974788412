/* SPDX-License-Identifier: GPL-2.0 */
/* The IPv4 side of a TCP connection's addresses. */
#ifndef SMCR_BASE_ADDR_H
#define SMCR_BASE_ADDR_H

#include <net/ipv6.h>
#include <net/sock.h>

/**
 * smcr_local_ip4() - the IPv4 address of our end of a TCP connection
 * @clcsk: established TCP socket
 *
 * Context: any.
 * Return: the address, 0 for plain IPv6.
 */
static inline __be32 smcr_local_ip4(const struct sock *clcsk)
{
	if (clcsk->sk_family == AF_INET)
		return clcsk->sk_rcv_saddr;
#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6_addr_v4mapped(&clcsk->sk_v6_rcv_saddr))
		return clcsk->sk_v6_rcv_saddr.s6_addr32[3];
#endif
	return 0;
}

#endif
