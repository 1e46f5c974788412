/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of PNET IDs, see userspace-abi.md 4.1.
 */
#ifndef SMC_TOOLS_PNET_H
#define SMC_TOOLS_PNET_H

#include <stdbool.h>

#include <json-c/json.h>

/* Most characters of a PNET ID. */
#define PNETID_LEN 16

/**
 * struct pnet_change - what is added or deleted
 * @name: PNET ID
 * @net_dev: interface; NULL: none
 * @ib_dev: RDMA device; NULL: none
 * @ib_port: of @ib_dev
 */
struct pnet_change {
	const char *name;
	const char *net_dev;
	const char *ib_dev;
	int ib_port;
};

/**
 * pnet_entries() - the whole table
 * @rows: result, an array: pnetid with net_dev, or with ib_dev and ib_port
 *
 * Return: 0 or a negative errno; -ENOENT if no module has such a table.
 */
int pnet_entries(json_object **rows);

/* Change the table. Return: 0 or a negative errno. */
int pnet_add(const struct pnet_change *change);
int pnet_delete(const char *name);
int pnet_flush(void);

/* Is there a module with such a table? Asking loads it, if it can be. */
bool pnet_exists(void);

#endif
