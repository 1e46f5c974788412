// SPDX-License-Identifier: GPL-2.0
/*
 * smcss - list SMC sockets
 *
 * Scripts split the lines at blanks, so columns only ever come behind those
 * that there are: without -d, -R, -D and -p the lines are those of smc-tools.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "owner.h"
#include "smcss.help.h"
#include "text.h"

enum { OPT_PORT = 256, OPT_ADDRESS, OPT_NAME };

struct wanted {
	bool is_all, is_listening, is_debug, is_smcr, is_smcd, is_json, has_owners;
	int watch;
	int port;
	const char *address;
	const char *name;
	/* what is found, for JSON */
	json_object *rows;
	struct owners *owners;
};

static bool is_wide;

static void show_uid(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%05u", (unsigned int)count(row, key));
}

static void show_inode(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%07llu", (unsigned long long)count(row, key));
}

#define ADDRESS_WIDTH 23

/* The port is always to be seen. */
static void show_end(const char *address, int64_t port, char *cell)
{
	char tail[16];
	int room;

	snprintf(tail, sizeof(tail), ":%u", (unsigned int)(port & 0xffff));
	room = ADDRESS_WIDTH - (int)strlen(tail);
	if (is_wide || (int)strlen(address) <= room)
		snprintf(cell, CELL_LEN, "%s%s", address, tail);
	else
		snprintf(cell, CELL_LEN, "%.*s..%s", room - 2, address, tail);
}

static void show_local(json_object *row, const char *key, char *cell)
{
	show_end(member(row, key), count(row, "local_port"), cell);
}

static void show_peer(json_object *row, const char *key, char *cell)
{
	show_end(member(row, key), count(row, "peer_port"), cell);
}

static void show_hex2(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%02x", (unsigned int)count(row, key));
}

static void show_hex4(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%04x", (unsigned int)count(row, key));
}

static void show_hex8(json_object *row, const char *key, char *cell)
{
	snprintf(cell, CELL_LEN, "%08x", (unsigned int)count(row, key));
}

static void show_mode(json_object *row, const char *key, char *cell)
{
	const char *peer = member(row, "peer_reason");

	if (strcmp(member(row, key), "TCP") == 0)
		snprintf(cell, CELL_LEN, "TCP %s%s%s", member(row, "reason"), *peer ? "/" : "",
			 peer);
	else
		snprintf(cell, CELL_LEN, "%s", member(row, key));
}

static void show_shutdown(json_object *row, const char *key, char *cell)
{
	static const char *const names[] = { "<->", "R->", "<-W", "R-W" };

	snprintf(cell, CELL_LEN, "%s", names[count(row, key) & 3]);
}

static const struct column base_columns[] = {
	{ "State", "state", -14 },
	{ "UID", "uid", -5, .show = show_uid },
	{ "Inode", "inode", -7, .show = show_inode },
	{ "Local Address", "local_address", -ADDRESS_WIDTH, .show = show_local },
	{ "Peer Address", "peer_address", -ADDRESS_WIDTH, .show = show_peer },
	{ "Intf", "ifindex", -4, .show = show_hex4 },
	{ "Mode", "mode", -4, .show = show_mode },
	{ }
}, debug_columns[] = {
	{ "Shutd", "shutdown", -5, .show = show_shutdown },
	{ "Token", "token", -8 },
	{ "Sndbuf", "sndbuf", -8, .show = show_hex8 },
	{ "Rcvbuf", "rcvbuf", -8, .show = show_hex8 },
	{ "Peerbuf", "peerbuf", -8, .show = show_hex8 },
	{ "rxprod-Cursor", "rx_prod", -13 },
	{ "rxcons-Cursor", "rx_cons", -13 },
	{ "rxFlags", "rx_flags", -7 },
	{ "txprod-Cursor", "tx_prod", -13 },
	{ "txcons-Cursor", "tx_cons", -13 },
	{ "txFlags", "tx_flags", -7 },
	{ "txprep-Cursor", "tx_prep", -13 },
	{ "txsent-Cursor", "tx_sent", -13 },
	{ "txfin-Cursor", "tx_fin", -13 },
	{ }
}, smcr_columns[] = {
	{ "Role", "role", -4 },
	{ "IB-device", "ib_dev", -15 },
	{ "Port", "ib_port", -4, .show = show_hex2 },
	{ "Linkid", "link_id", -6, .show = show_hex2 },
	{ "GID", "gid", -40 },
	{ "Peer-GID", "peer_gid", -40 },
	{ }
}, smcd_columns[] = {
	{ "GID", "gid", -16 },
	{ "Token", "token", -16 },
	{ "Peer-GID", "peer_gid", -16 },
	{ "Peer-Token", "peer_token", -16 },
	{ "Linkid", "link_id", -8 },
	{ }
}, owner_columns[] = {
	{ "Process", "process", -15 },
	{ }
};

#define MAX_COLUMNS 40

static struct column columns[MAX_COLUMNS];

static void add_columns(const struct column *more)
{
	struct column *end = columns;

	while (end->head)
		end++;
	while (more->head)
		*end++ = *more++;
}

static void choose_columns(const struct wanted *wanted)
{
	add_columns(base_columns);
	if (wanted->is_debug)
		add_columns(debug_columns);
	if (wanted->is_smcr)
		add_columns(smcr_columns);
	if (wanted->is_smcd)
		add_columns(smcd_columns);
	if (wanted->has_owners)
		add_columns(owner_columns);
}

static bool has_wanted_state(const struct wanted *wanted, const char *state)
{
	bool is_listening = strcmp(state, "LISTEN") == 0;

	if (wanted->is_listening)
		return is_listening;
	return wanted->is_all || (!is_listening && strcmp(state, "INIT") != 0);
}

static bool has_wanted_mode(const struct wanted *wanted, const char *mode)
{
	if (wanted->is_smcr)
		return strcmp(mode, "SMCR") == 0;
	if (wanted->is_smcd)
		return strcmp(mode, "SMCD") == 0;
	return true;
}

/* A socket of IPv6 may have an address of IPv4. */
static bool has_address(json_object *row, const char *key, const char *wanted)
{
	static const char mapped[] = "::ffff:";
	const char *address = member(row, key);

	return !strcmp(address, wanted) ||
	       (!strncmp(address, mapped, strlen(mapped)) &&
		!strcmp(address + strlen(mapped), wanted));
}

static bool is_wanted(const struct wanted *wanted, json_object *row)
{
	if (!has_wanted_state(wanted, member(row, "state")) ||
	    !has_wanted_mode(wanted, member(row, "mode")))
		return false;
	if (wanted->port && count(row, "local_port") != wanted->port &&
	    count(row, "peer_port") != wanted->port)
		return false;
	return !wanted->address || has_address(row, "local_address", wanted->address) ||
	       has_address(row, "peer_address", wanted->address);
}

static void on_socket(json_object *row, void *data)
{
	struct wanted *wanted = data;

	if (!is_wanted(wanted, row))
		return;
	if (wanted->owners)
		owners_add(wanted->owners, row, wanted->name);
	if (wanted->name && strcmp(member(row, "process"), wanted->name) != 0)
		return;
	if (wanted->rows)
		json_object_array_add(wanted->rows, json_object_get(row));
	else
		table_row(columns, 0, row);
}

/* JSON has everything, the text is as wide as was asked for. */
static int extensions(const struct wanted *wanted)
{
	int all = DIAG_CONN | DIAG_LINK | DIAG_DMB;

	if (wanted->is_json)
		return all;
	return (wanted->is_debug ? DIAG_CONN : 0) | (wanted->is_smcr ? DIAG_LINK : 0) |
	       (wanted->is_smcd ? DIAG_DMB : 0);
}

static int show(void *arg)
{
	struct wanted *wanted = arg;
	int rc;

	if (wanted->has_owners || wanted->name)
		wanted->owners = owners_find();
	if (wanted->is_json)
		wanted->rows = json_object_new_array();
	else
		table_head(columns, 0);
	rc = diag_each(extensions(wanted), on_socket, wanted);
	if (rc == -ENOENT)
		die(1, "%s", diag_missing());
	if (rc)
		die(1, "SMC sockets cannot be listed: %s", error_text(-rc));
	if (wanted->is_json)
		print_json_as("sockets", wanted->rows);
	wanted->rows = NULL;
	owners_free(wanted->owners);
	wanted->owners = NULL;
	return 0;
}

/* In the form that the kernel's addresses are printed in. */
static const char *parse_address(const char *text)
{
	static char address[INET6_ADDRSTRLEN];
	uint8_t bytes[sizeof(struct in6_addr)];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, bytes) != 1)
		die(2, "'%s' is no IPv4 or IPv6 address", text);
	inet_ntop(family, bytes, address, sizeof(address));
	return address;
}

static struct wanted parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "listening", no_argument, NULL, 'l' },
		{ "debug", no_argument, NULL, 'd' },
		{ "smcr", no_argument, NULL, 'R' },
		{ "smcd", no_argument, NULL, 'D' },
		{ "wide", no_argument, NULL, 'W' },
		{ "process", no_argument, NULL, 'p' },
		{ "port", required_argument, NULL, OPT_PORT },
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "name", required_argument, NULL, OPT_NAME },
		{ "json", no_argument, NULL, 'j' },
		{ "watch", required_argument, NULL, 'w' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct wanted wanted = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "aldRDWpjw:vh", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			wanted.is_all = true;
			break;
		case 'l':
			wanted.is_listening = true;
			break;
		case 'd':
			wanted.is_debug = true;
			break;
		case 'R':
			wanted.is_smcr = true;
			break;
		case 'D':
			wanted.is_smcd = true;
			break;
		case 'W':
			is_wide = true;
			break;
		case 'p':
			wanted.has_owners = true;
			break;
		case OPT_PORT:
			wanted.port = (int)parse_number("--port", optarg, 1, 65535);
			break;
		case OPT_ADDRESS:
			wanted.address = parse_address(optarg);
			break;
		case OPT_NAME:
			wanted.name = optarg;
			break;
		case 'j':
			wanted.is_json = true;
			break;
		case 'w':
			wanted.watch = (int)parse_number("--watch", optarg, 1, INT_MAX);
			break;
		case 'v':
			print_version("smcss");
			exit(0);
		case 'h':
			print_help(help_text);
			exit(0);
		default:
			die_usage("smcss");
		}
	}
	if (optind < argc)
		die(2, "smcss takes no argument: '%s'", argv[optind]);
	return wanted;
}

int main(int argc, char **argv)
{
	struct wanted wanted = parse_options(argc, argv);

	if (wanted.is_smcr && wanted.is_smcd)
		die(2, "-R and -D exclude each other");
	if (wanted.is_listening &&
	    (wanted.is_all || wanted.is_debug || wanted.is_smcr || wanted.is_smcd))
		die(2, "-l excludes -a, -d, -R and -D");
	choose_columns(&wanted);
	return watch(wanted.watch, show, &wanted);
}
