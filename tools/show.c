// SPDX-License-Identifier: GPL-2.0
/*
 * smcr info, linkgroup, link, device, ueid: lists of what the kernel tells.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/smc.h>

#include "gen.h"
#include "rdma.h"
#include "smcr.h"
#include "text.h"

#define MAX_FILTERS 4

/* A list, and which of its objects are wanted. */
struct list {
	const char *name;
	json_object *(*get)(void);
	const struct column *columns;
	int details;
	bool is_json;
	/* one "key : value" line for each member */
	bool is_block;
	struct filter {
		const char *key;
		const char *value;
	} filters[MAX_FILTERS];
	int filters_count;
};

/* --- columns --- */

static void show_vlan(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%#x", (unsigned int)count(row, key));
}

static void show_yes(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%s", count(row, key) ? "Yes" : "No");
}

static void show_pnetid(json_object *row, const char *key, char *cell)
{
	const char *pnetid = member(row, key);

	snprintf(cell, CELL_LEN, "%s%s", *pnetid && count(row, "pnetid_by_user") ? "*" : "",
		 pnetid);
}

static void show_type(json_object *row, const char *key, char *cell)
{
	static const struct {
		int id;
		const char *name;
	} types[] = {
		{ 0x1004, "RoCE_Express" }, { 0x1016, "RoCE_Express2" },
		{ 0x101e, "RoCE_Express3" },
	};
	int id = (int)count(row, key);
	size_t i;

	snprintf(cell, CELL_LEN, "0x%04x", (unsigned int)id);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].id == id)
			snprintf(cell, CELL_LEN, "%s", types[i].name);
}

static void show_hex4(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%04x", (unsigned int)count(row, key));
}

/* Never empty: scripts count columns. */
static void show_pci_id(json_object *row, const char *key, char *cell)
{
	const char *id = member(row, key);

	snprintf(cell, CELL_LEN, "%s", *id ? id : "n/a");
}

static const struct column group_columns[] = {
	{ "LG-ID", "lg_id", -8 },
	{ "LG-Role", "role", -8 },
	{ "LG-Type", "type", -8 },
	{ "VLAN", "vlan", 4, .show = show_vlan },
	{ "#Conns", "conns", 6 },
	{ "PNET-ID", "pnetid", -16 },
	{ }
}, group_block[] = {
	{ "LG-ID", "lg_id" },
	{ "LG-Role", "role" },
	{ "LG-Type", "type" },
	{ "VLAN", "vlan", .show = show_vlan },
	{ "PNET-ID", "pnetid" },
	{ "Version", "version" },
	{ "Peer-Rel", "peer_release" },
	{ "Peer-Host", "peer_host" },
	{ "Peer-OS", "peer_os" },
	{ "Direct", "direct", .show = show_yes },
	{ "EID", "eid" },
	{ "#Conns", "conns" },
	{ "Sndbuf", "sndbuf_bytes" },
	{ "RMB", "rmb_bytes" },
	{ }
}, link_columns[] = {
	{ "LG-ID", "lg_id", -8 },
	{ "LG-Role", "role", -8 },
	{ "LG-Type", "type", -8 },
	{ "Net-Dev", "net_dev", -15, .cut = true, .missing = "n/a" },
	{ "Link-State", "state", -15 },
	{ "#Conns", "conns", 6 },
	{ "Link-UID", "link_uid", -8, .level = 1 },
	{ "Peer-UID", "peer_uid", -8, .level = 1 },
	{ "IB-Dev", "ib_dev", -8, .cut = true, .level = 1 },
	{ "IB-P", "ib_port", 4, .level = 1 },
	{ "Local-GID", "gid", -40, .level = 2 },
	{ "Peer-GID", "peer_gid", -40, .level = 2 },
	{ }
}, device_columns[] = {
	{ "Net-Dev", "net_dev", -15, .cut = true, .missing = "n/a" },
	{ "IB-Dev", "ib_dev", -8, .cut = true },
	{ "IB-P", "ib_port", 4 },
	{ "IB-State", "state", 8 },
	{ "Type", "pci_device", -13, .show = show_type },
	{ "Crit", "critical", 4, .show = show_yes },
	{ "FID", "pci_fid", 4, .show = show_hex4, .level = 1 },
	{ "PCI-ID", "pci_id", -16, .show = show_pci_id, .level = 1 },
	{ "PCHID", "pci_chid", -5, .show = show_hex4, .level = 1 },
	{ "#Links", "links", 6 },
	{ "PNET-ID", "pnetid", -17, .show = show_pnetid },
	{ }
};

/* EIDs are padded with blanks, which scripts may count on. */
static void show_eid(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%-*s", SMC_MAX_EID_LEN, member(row, key));
}

/* --- lists --- */

static bool is_wanted(const struct list *list, json_object *row)
{
	const struct filter *filter;

	for (filter = list->filters; filter < list->filters + list->filters_count; filter++)
		if (strcmp(member(row, filter->key), filter->value) != 0)
			return false;
	return true;
}

static json_object *wanted_rows(const struct list *list)
{
	json_object *all = list->get(), *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(all); i++) {
		json_object *row = json_object_array_get_idx(all, i);

		if (is_wanted(list, row))
			json_object_array_add(rows, json_object_get(row));
	}
	json_object_put(all);
	return rows;
}

static void print_blocks(const struct list *list, json_object *rows)
{
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		if (i)
			putchar('\n');
		table_block(list->columns, json_object_array_get_idx(rows, i));
	}
}

static int show_list(void *arg)
{
	const struct list *list = arg;
	json_object *rows = wanted_rows(list);

	if (list->is_json) {
		print_json_as(list->name, rows);
		return 0;
	}
	if (list->is_block)
		print_blocks(list, rows);
	else
		table_print(list->columns, list->details, rows);
	json_object_put(rows);
	return 0;
}

static void add_filter(struct list *list, const char *key, const char *value)
{
	if (list->filters_count == MAX_FILTERS)
		die(2, "too many conditions");
	list->filters[list->filters_count++] = (struct filter){ key, value };
}

/* The low byte of a group's number is that of a link. */
static void filter_by_group(struct list *list, const char *word)
{
	static char id[9];
	char *end;
	unsigned long value = strtoul(word, &end, 16);

	if (!isxdigit((unsigned char)*word) || *end || value > 0xffffffff)
		die(2, "'%s' is neither a link group's number nor a condition", word);
	snprintf(id, sizeof(id), "%08lx", value & ~0xfful);
	add_filter(list, "lg_id", id);
}

/* [all | LG-ID] [CONDITION VALUE]...; each condition is the key of a member. */
static void parse_filters(struct list *list, struct request *request, bool has_groups,
			  const char *const *words, const char *const *keys)
{
	char **next = request->words;
	int found;

	for (; *next; next++) {
		found = pick(*next, words);
		if (strcmp(*next, "all") == 0)
			continue;
		if (found >= 0 && !next[1])
			die(2, "%s needs a name", words[found]);
		if (found >= 0)
			add_filter(list, keys[found], *++next);
		else if (has_groups)
			filter_by_group(list, *next);
		else
			die(2, "unknown word '%s'; try 'smcr --help'", *next);
	}
}

static struct list list_of(const struct request *request, const char *name,
			   json_object *(*get)(void), const struct column *columns)
{
	return (struct list){
		.name = name, .get = get, .columns = columns,
		.details = request->details, .is_json = request->is_json,
	};
}

static const char *const device_words[] = { "ibdev", "netdev", NULL };
static const char *const device_keys[] = { "ib_dev", "net_dev" };
static const char *const only_show[] = { "show", NULL };

static int list_links(struct request *request)
{
	struct list list = list_of(request, "links", gen_links, link_columns);

	parse_filters(&list, request, true, device_words, device_keys);
	return watch(request->watch, show_list, &list);
}

int smcr_link(struct request *request)
{
	if (*request->words && pick(*request->words, only_show) == 0)
		request->words++;
	return list_links(request);
}

int smcr_linkgroup(struct request *request)
{
	static const char *const forms[] = { "show", "link-show", NULL };
	static const char *const words[] = { "peer", "pnetid", NULL };
	static const char *const keys[] = { "peer_host", "pnetid" };
	struct list list = list_of(request, "linkgroups", gen_groups, group_columns);
	int form = *request->words ? pick(*request->words, forms) : -1;

	if (form >= 0)
		request->words++;
	if (form == 1)
		return list_links(request);
	if (request->details) {
		list.is_block = true;
		list.columns = group_block;
	}
	parse_filters(&list, request, true, words, keys);
	return watch(request->watch, show_list, &list);
}

int smcr_device(struct request *request)
{
	struct list list = list_of(request, "devices", gen_devices, device_columns);

	if (*request->words && pick(*request->words, only_show) == 0)
		request->words++;
	parse_filters(&list, request, false, device_words, device_keys);
	return watch(request->watch, show_list, &list);
}

static void no_more_words(const struct request *request)
{
	if (*request->words)
		die(2, "unknown word '%s'; try 'smcr --help'", *request->words);
}

/* --- user EIDs --- */

static const char *eid_error(int err)
{
	switch (err) {
	case EINVAL:
		return "the kernel rejected it; an EID is up to 32 letters A-Z, digits, '.' and '-', "
		       "and begins with a letter or a digit";
	case ERANGE:
		return "the table is full, it has room for 4";
	case EEXIST:
		return "it is defined already";
	case ENOENT:
		return "it is not defined";
	}
	return error_text(err);
}

/* The kernel wants all 32 characters. */
static int change_eid(const char *what, int cmd, const char *eid)
{
	char padded[SMC_MAX_EID_LEN + 1];
	int rc;

	if (strlen(eid) > SMC_MAX_EID_LEN)
		die(STATUS_CHANGE_FAILED, "ueid %s: %s", what, eid_error(EINVAL));
	snprintf(padded, sizeof(padded), "%-*s", SMC_MAX_EID_LEN, eid);
	rc = gen_change(cmd, padded);
	if (rc == -EAGAIN)
		printf("This was the last user EID, the system EID is in use now.\n");
	else if (rc)
		die(STATUS_CHANGE_FAILED, "ueid %s: %s", what, eid_error(-rc));
	return 0;
}

static int flush_eids(void)
{
	int rc = gen_change(SMC_NETLINK_FLUSH_UEID, NULL);

	if (rc)
		die(STATUS_CHANGE_FAILED, "ueid flush: %s", eid_error(-rc));
	return 0;
}

/* No heading: scripts read the lines. */
static int show_eids(void *arg)
{
	const struct request *request = arg;
	json_object *rows = gen_ueids();
	char cell[CELL_LEN];
	size_t i;

	if (request->is_json) {
		print_json_as("ueids", rows);
		return 0;
	}
	for (i = 0; i < json_object_array_length(rows); i++) {
		show_eid(json_object_array_get_idx(rows, i), "eid", cell);
		puts(cell);
	}
	json_object_put(rows);
	return 0;
}

int smcr_ueid(struct request *request)
{
	static const char *const forms[] = { "show", "add", "del", "flush", NULL };
	int form = *request->words ? take_word(request, forms) : 0;
	const char *eid = NULL;

	if (form == 1 || form == 2) {
		eid = *request->words;
		if (!eid)
			die(2, "ueid %s needs an EID", forms[form]);
		request->words++;
	}
	no_more_words(request);
	switch (form) {
	case 1:
		return change_eid("add", SMC_NETLINK_ADD_UEID, eid);
	case 2:
		return change_eid("del", SMC_NETLINK_REMOVE_UEID, eid);
	case 3:
		return flush_eids();
	}
	return watch(request->watch, show_eids, request);
}

/* --- info --- */

static const char *versions(json_object *info, const char *key, const char *v2_key)
{
	if (!count(info, key))
		return "n/a";
	return count(info, v2_key) ? "v1 v2" : "v1";
}

static int show_info(void *arg)
{
	const struct request *request = arg;
	json_object *info = gen_info();
	const char *seid = member(info, "seid");

	json_object_object_add(info, "smcr", json_object_new_boolean(true));
	json_object_object_add(info, "roce", rdma_roce_versions());
	if (request->is_json) {
		print_json_as("info", info);
		return 0;
	}
	printf("Kernel Capabilities\n");
	printf("Module:           %s\n", member(info, "module"));
	printf("SMC Version:      %s.%s\n", member(info, "version"), member(info, "release"));
	printf("SMC Hostname:     %s\n", member(info, "hostname"));
	printf("SMC-D Features:   %s\n", versions(info, "smcd", "version"));
	printf("SMC-R Features:   %s\n", versions(info, "smcr", "smcr_v2"));
	printf("\nHardware Capabilities\n");
	printf("SEID:             %s\n", *seid ? seid : "n/a");
	printf("ISM:              %s\n", versions(info, "ism_v2", "ism_v2"));
	printf("RoCE:             %s\n", *member(info, "roce") ? member(info, "roce") : "n/a");
	json_object_put(info);
	return 0;
}

int smcr_info(struct request *request)
{
	if (*request->words)
		take_word(request, only_show);
	no_more_words(request);
	return watch(request->watch, show_info, request);
}
