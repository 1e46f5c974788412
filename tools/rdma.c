// SPDX-License-Identifier: GPL-2.0
/*
 * RDMA devices, as sysfs tells them:
 * /sys/class/infiniband/DEVICE/ports/N/{state,gids/I,gid_attrs/{types,ndevs}/I}
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma.h"
#include "sysfs.h"
#include "text.h"

#define TOP "/sys/class/infiniband"
#define NO_GID "0000:0000:0000:0000:0000:0000:0000:0000"

static void add_gid(json_object *rows, const char *device, const char *port, const char *index)
{
	char state[SYSFS_LEN], gid[SYSFS_LEN], type[SYSFS_LEN], net_dev[SYSFS_LEN];
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
	add_text(row, "net_dev", net_dev);
	json_object_array_add(rows, row);
}

struct walk {
	json_object *rows;
	const char *device;
	const char *port;
};

static void on_index(const char *index, void *data)
{
	struct walk *walk = data;

	add_gid(walk->rows, walk->device, walk->port, index);
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

	sysfs_list(on_device, &walk, TOP);
	return walk.rows;
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
