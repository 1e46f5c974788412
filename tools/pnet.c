// SPDX-License-Identifier: GPL-2.0
/*
 * The table of PNET IDs: generic netlink family SMC_PNETID.
 */
#include <errno.h>
#include <string.h>

#include <linux/smc.h>

#include "nl.h"
#include "pnet.h"

static const struct nl_field fields[] = {
	{ SMC_PNETID_NAME, "pnetid", nl_text },
	{ SMC_PNETID_ETHNAME, "net_dev", nl_text },
	{ SMC_PNETID_IBNAME, "ib_dev", nl_text },
	{ SMC_PNETID_IBPORT, "ib_port", nl_uint },
	{ }
};

static struct nl *family(void)
{
	static struct nl *nl;

	if (!nl)
		nl = nl_open(SMCR_GENL_FAMILY_NAME);
	return nl;
}

bool pnet_exists(void)
{
	return family() != NULL;
}

/* The half that an entry has not is "n/a", with port 255. */
static void drop_missing(json_object *row, const char *key)
{
	const char *name = json_object_get_string(json_object_object_get(row, key));

	if (!name || strcmp(name, "n/a") != 0)
		return;
	json_object_object_del(row, key);
	if (strcmp(key, "ib_dev") == 0)
		json_object_object_del(row, "ib_port");
}

static int on_entry(const struct nlmsghdr *nlh, void *data)
{
	json_object *row = json_object_new_object();

	nl_fill(row, nlh, fields);
	drop_missing(row, "net_dev");
	drop_missing(row, "ib_dev");
	json_object_array_add(data, row);
	return MNL_CB_OK;
}

int pnet_entries(json_object **rows)
{
	struct nl *nl = family();

	*rows = json_object_new_array();
	return nl ? nl_dump(nl, SMC_PNETID_GET, on_entry, *rows) : -errno;
}

static int change(int cmd, const struct pnet_change *what)
{
	struct nl *nl = family();
	struct nlmsghdr *nlh;

	if (!nl)
		return -errno;
	nlh = nl_request(nl, cmd, NLM_F_ACK);
	if (what->name)
		mnl_attr_put_strz(nlh, SMC_PNETID_NAME, what->name);
	if (what->net_dev)
		mnl_attr_put_strz(nlh, SMC_PNETID_ETHNAME, what->net_dev);
	if (what->ib_dev) {
		mnl_attr_put_strz(nlh, SMC_PNETID_IBNAME, what->ib_dev);
		mnl_attr_put_u8(nlh, SMC_PNETID_IBPORT, (uint8_t)what->ib_port);
	}
	return nl_send(nl, nlh, NULL, NULL);
}

int pnet_add(const struct pnet_change *what)
{
	return change(SMC_PNETID_ADD, what);
}

int pnet_delete(const char *name)
{
	struct pnet_change what = { .name = name };

	return change(SMC_PNETID_DEL, &what);
}

int pnet_flush(void)
{
	struct pnet_change what = { 0 };

	return change(SMC_PNETID_FLUSH, &what);
}
