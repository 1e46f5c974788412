// SPDX-License-Identifier: GPL-2.0
/*
 * RDMA devices, as sysfs tells them:
 * /sys/class/infiniband/DEVICE/ports/N/{state,gids/I,gid_attrs/{types,ndevs}/I}
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma.h"
#include "sysfs.h"
#include "text.h"

#define TOP "/sys/class/infiniband"
#define NO_GID "0000:0000:0000:0000:0000:0000:0000:0000"

struct walk {
	json_object *rows;
	/* of this network namespace */
	struct ifaddrs *addresses;
	const char *device;
	const char *port;
};

static bool is_of_hardware(const struct in6_addr *gid, const struct sockaddr_ll *address)
{
	const unsigned char *mac = address->sll_addr;
	const uint8_t made[16] = {
		0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5],
	};

	/* of a tunnel none, which counts as zero */
	return (address->sll_halen == 6 || !address->sll_halen) &&
	       !memcmp(gid, made, sizeof(made));
}

/* What GIDs are made of: addresses of an interface, and that of its hardware. */
static bool is_made_of(const struct in6_addr *gid, const struct sockaddr *address)
{
	switch (address->sa_family) {
	case AF_INET:
		return IN6_IS_ADDR_V4MAPPED(gid) &&
		       gid->s6_addr32[3] ==
		       ((const struct sockaddr_in *)address)->sin_addr.s_addr;
	case AF_INET6:
		return !memcmp(gid, &((const struct sockaddr_in6 *)address)->sin6_addr,
			       sizeof(*gid));
	case AF_PACKET:
		return is_of_hardware(gid, (const struct sockaddr_ll *)address);
	}
	return false;
}

/* An address of IPv4 may have a label, which begins with the name: "eth0:1". */
static bool is_of_interface(const struct ifaddrs *address, const char *name)
{
	return !strncmp(address->ifa_name, name, strlen(name));
}

/*
 * sysfs names the interface of a GID whatever network namespace that is in. The one
 * of that name in ours may be another.
 */
static bool is_here(const struct walk *walk, const char *net_dev, const char *gid)
{
	const struct ifaddrs *at;
	struct in6_addr raw;

	if (inet_pton(AF_INET6, gid, &raw) != 1)
		return false;
	for (at = walk->addresses; at; at = at->ifa_next)
		if (at->ifa_addr && is_of_interface(at, net_dev) && is_made_of(&raw, at->ifa_addr))
			return true;
	return false;
}

static void add_gid(const struct walk *walk, const char *index)
{
	char state[SYSFS_LEN], gid[SYSFS_LEN], type[SYSFS_LEN], net_dev[SYSFS_LEN];
	const char *device = walk->device, *port = walk->port;
	json_object *row;

	if (!sysfs_read(gid, TOP "/%s/ports/%s/gids/%s", device, port, index) ||
	    !strcmp(gid, NO_GID) ||
	    !sysfs_read(type, TOP "/%s/ports/%s/gid_attrs/types/%s", device, port, index))
		return;
	sysfs_read(state, TOP "/%s/ports/%s/state", device, port);
	sysfs_read(net_dev, TOP "/%s/ports/%s/gid_attrs/ndevs/%s", device, port, index);
	row = json_object_new_object();
	add_text(row, "ib_dev", device);
	json_object_object_add(row, "ib_port", json_object_new_int(atoi(port)));
	add_text(row, "state", state);
	add_text(row, "gid", gid);
	add_text(row, "type", type);
	if (is_here(walk, net_dev, gid))
		add_text(row, "net_dev", net_dev);
	else if (*net_dev)
		json_object_object_add(row, "is_elsewhere", json_object_new_boolean(true));
	json_object_array_add(walk->rows, row);
}

static void on_index(const char *index, void *data)
{
	add_gid(data, index);
}

static void on_port(const char *port, void *data)
{
	struct walk *walk = data;

	walk->port = port;
	sysfs_list(on_index, walk, TOP "/%s/ports/%s/gids", walk->device, port);
}

static void on_device(const char *device, void *data)
{
	struct walk *walk = data;

	walk->device = device;
	sysfs_list(on_port, walk, TOP "/%s/ports", device);
}

json_object *rdma_gids(void)
{
	struct walk walk = { .rows = json_object_new_array() };

	if (getifaddrs(&walk.addresses))
		walk.addresses = NULL;
	sysfs_list(on_device, &walk, TOP);
	freeifaddrs(walk.addresses);
	return walk.rows;
}

/* Of a link its own; of a port any. */
static bool is_gid_of(json_object *gid, json_object *row)
{
	const char *own = member(row, "gid");

	return !strcmp(member(gid, "ib_dev"), member(row, "ib_dev")) &&
	       count(gid, "ib_port") == count(row, "ib_port") &&
	       (!*own || !strcmp(member(gid, "gid"), own));
}

/*
 * The interface of a GID, or the one below it: the kernel's own SMC tells that of the
 * port, where GIDs are those of a VLAN or a bond.
 */
static bool is_on(json_object *gid, const char *name)
{
	const char *net_dev = member(gid, "net_dev");

	return !strcmp(net_dev, name) ||
	       (*net_dev && sysfs_exists("/sys/class/net/%s/lower_%s", net_dev, name));
}

void rdma_name_interface(json_object *row, json_object *gids)
{
	bool is_link = *member(row, "gid");
	char name[IF_NAMESIZE] = "";
	size_t i;

	if_indextoname((unsigned int)count(row, "ifindex"), name);
	json_object_object_del(row, "ifindex");
	for (i = 0; *name && i < json_object_array_length(gids); i++) {
		json_object *gid = json_object_array_get_idx(gids, i);

		if (!is_gid_of(gid, row))
			continue;
		if (is_on(gid, name)) {
			add_text(row, "net_dev", name);
			return;
		}
		/* the first GID of a port is of its own interface, others need not be */
		if (!is_link)
			return;
	}
}

json_object *rdma_roce_versions(void)
{
	json_object *gids = rdma_gids();
	bool has_v1 = false, has_v2 = false;
	size_t i;

	for (i = 0; i < json_object_array_length(gids); i++) {
		const char *type = member(json_object_array_get_idx(gids, i), "type");

		has_v1 = has_v1 || !strcmp(type, "IB/RoCE v1");
		has_v2 = has_v2 || !strcmp(type, "RoCE v2");
	}
	json_object_put(gids);
	if (!has_v1 && !has_v2)
		return NULL;
	return json_object_new_string(!has_v1 ? "v2" : has_v2 ? "v1 v2" : "v1");
}
