/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of hosts, and the way to them.
 */
#ifndef SMC_TOOLS_ROUTE_H
#define SMC_TOOLS_ROUTE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/**
 * struct target - who is to be reached, and how
 * @name: of the host, as typed
 * @port: 0: none was given
 * @address: of the host; IPv4 in IPv6 is IPv4 here
 * @text: @address in words
 * @ifindex: interface of the route
 * @ifname: its name
 * @source: address of this host for the connection, in words
 * @source4: the same; 0 if it is IPv6
 * @has_gateway: the host is behind one
 */
struct target {
	char name[256];
	int port;
	struct sockaddr_storage address;
	char text[INET6_ADDRSTRLEN];
	int ifindex;
	char ifname[IF_NAMESIZE];
	char source[INET6_ADDRSTRLEN];
	struct in_addr source4;
	bool has_gateway;
};

/* HOST, HOST:PORT, [IPV6]:PORT; ends the program if it is none or unknown. */
void target_parse(struct target *target, const char *text);

/* Find the route. Return: 0 or a negative errno. */
int target_route(struct target *target);

/* Has the interface an address with these two in its subnet? */
bool in_one_subnet(const char *ifname, in_addr_t one, in_addr_t other);

#endif
