// SPDX-License-Identifier: GPL-2.0
/*
 * Names of hosts, and the way to them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "nl.h"
#include "route.h"
#include "text.h"

/* Two colons and no bracket: an IPv6 address without port. */
static void split(struct target *target, const char *text)
{
	const char *end = *text == '[' ? strchr(text, ']') : NULL;
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	if (*text == '[' && (!end || (end[1] && end[1] != ':')))
		die(2, "'%s' is no HOST, HOST:PORT or [IPV6]:PORT", text);
	if (end) {
		colon = end[1] ? end + 1 : NULL;
		len = (size_t)(end - text) - 1;
		text++;
	} else if (colon && strchr(text, ':') == colon) {
		len = (size_t)(colon - text);
	} else {
		colon = NULL;
	}
	if (!len || len >= sizeof(target->name))
		die(2, "there is no host in '%s'", text);
	memcpy(target->name, text, len);
	target->name[len] = 0;
	if (colon)
		target->port = (int)parse_number("the port", colon + 1, 1, 65535);
}

/* ::ffff:a.b.c.d goes by IPv4 on the wire. */
static void unmap(struct target *target)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&target->address;
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (v6->sin6_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return;
	memcpy(&v4.sin_addr, &v6->sin6_addr.s6_addr[12], sizeof(v4.sin_addr));
	memset(&target->address, 0, sizeof(target->address));
	memcpy(&target->address, &v4, sizeof(v4));
}

static const void *raw_address(const struct sockaddr_storage *address, size_t *len)
{
	bool is_v6 = address->ss_family == AF_INET6;

	*len = is_v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	return is_v6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr :
		       (const void *)&((const struct sockaddr_in *)address)->sin_addr;
}

static void set_port(struct target *target)
{
	in_port_t port = htons((uint16_t)target->port);

	if (target->address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&target->address)->sin6_port = port;
	else
		((struct sockaddr_in *)&target->address)->sin_port = port;
}

void target_parse(struct target *target, const char *text)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	size_t len;
	int rc;

	split(target, text);
	rc = getaddrinfo(target->name, NULL, &hints, &found);
	if (rc)
		die(2, "%s: %s", target->name, gai_strerror(rc));
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	unmap(target);
	set_port(target);
	inet_ntop(target->address.ss_family, raw_address(&target->address, &len), target->text,
		  sizeof(target->text));
}

static int on_attr(const struct nlattr *attr, void *data)
{
	struct target *target = data;

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		target->ifindex = (int)mnl_attr_get_u32(attr);
		if_indextoname((unsigned int)target->ifindex, target->ifname);
		break;
	case RTA_PREFSRC:
		inet_ntop(target->address.ss_family, mnl_attr_get_payload(attr), target->source,
			  sizeof(target->source));
		if (target->address.ss_family == AF_INET)
			target->source4.s_addr = mnl_attr_get_u32(attr);
		break;
	case RTA_GATEWAY:
	case RTA_VIA:
		target->has_gateway = true;
		break;
	}
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *data)
{
	if (nlh->nlmsg_type == RTM_NEWROUTE)
		mnl_attr_parse(nlh, sizeof(struct rtmsg), on_attr, data);
	return MNL_CB_OK;
}

int target_route(struct target *target)
{
	struct nl *nl = nl_open_protocol(NETLINK_ROUTE);
	struct nlmsghdr *nlh;
	struct rtmsg *msg;
	const void *raw;
	size_t len;
	int rc;

	if (!nl)
		return -errno;
	raw = raw_address(&target->address, &len);
	nlh = nl_message(nl, RTM_GETROUTE, NLM_F_ACK);
	msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	msg->rtm_family = (unsigned char)target->address.ss_family;
	msg->rtm_dst_len = (unsigned char)(len * 8);
	mnl_attr_put(nlh, RTA_DST, len, raw);
	if (msg->rtm_family == AF_INET6 && ((struct sockaddr_in6 *)&target->address)->sin6_scope_id)
		mnl_attr_put_u32(nlh, RTA_OIF,
				 ((struct sockaddr_in6 *)&target->address)->sin6_scope_id);
	rc = nl_send(nl, nlh, on_route, target);
	nl_close(nl);
	return rc;
}

static in_addr_t ip4_of(const struct sockaddr *address)
{
	return ((const struct sockaddr_in *)address)->sin_addr.s_addr;
}

bool in_one_subnet(const char *ifname, in_addr_t one, in_addr_t other)
{
	struct ifaddrs *list, *at;
	in_addr_t own, mask;
	bool found = false;

	if (getifaddrs(&list))
		return false;
	for (at = list; at; at = at->ifa_next) {
		if (strcmp(at->ifa_name, ifname) != 0 || !at->ifa_addr ||
		    at->ifa_addr->sa_family != AF_INET)
			continue;
		own = ip4_of(at->ifa_addr);
		mask = ip4_of(at->ifa_netmask);
		found = found || !(((one ^ own) | (other ^ own)) & mask);
	}
	freeifaddrs(list);
	return found;
}
