// SPDX-License-Identifier: GPL-2.0
/*
 * smc_pnet - show and change the table of PNET IDs
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pnet.h"
#include "smc_pnet.help.h"
#include "text.h"

struct request {
	/* 's', 'a', 'd' or 'f'; 0: none given */
	int action;
	bool is_json;
	int watch;
	struct pnet_change what;
};

/* The texts that scripts know. */
static const char *pnet_error(int err)
{
	switch (err) {
	case ENOENT:
		return "Object not found";
	case EEXIST:
		return "Object exists";
	case EINVAL:
		return "Invalid input data or parameter";
	}
	return error_text(err);
}

static void show_entry(json_object *row)
{
	const char *net_dev = member(row, "net_dev"), *ib_dev = member(row, "ib_dev");

	printf("%s %s %s %d\n", member(row, "pnetid"), *net_dev ? net_dev : "n/a",
	       *ib_dev ? ib_dev : "n/a", *ib_dev ? (int)count(row, "ib_port") : 255);
}

/* A short list of one name may be cut by the kernel, the whole table is not. */
static int show(void *arg)
{
	const struct request *request = arg;
	json_object *all, *rows = json_object_new_array();
	int rc = pnet_entries(&all);
	size_t i;

	if (rc)
		die(1, "%s", pnet_error(-rc));
	for (i = 0; i < json_object_array_length(all); i++) {
		json_object *row = json_object_array_get_idx(all, i);

		if (!request->what.name || !strcmp(member(row, "pnetid"), request->what.name))
			json_object_array_add(rows, json_object_get(row));
	}
	json_object_put(all);
	if (request->is_json) {
		print_json_as("pnetids", rows);
		return 0;
	}
	for (i = 0; i < json_object_array_length(rows); i++)
		show_entry(json_object_array_get_idx(rows, i));
	json_object_put(rows);
	return 0;
}

static void set_action(struct request *request, int action)
{
	if (request->action)
		die(2, "only one of -s, -a, -d and -f can be given");
	request->action = action;
}

/* The kernel keeps upper case, and does not fold what it looks for. */
static void set_name(struct request *request, char *name)
{
	char *c;

	if (request->what.name)
		die(2, "only one PNET ID can be given: '%s'", name);
	for (c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	request->what.name = name;
}

static void check(const struct request *request)
{
	const struct pnet_change *what = &request->what;
	bool has_device = what->net_dev || what->ib_dev;

	if ((request->action == 'a' || request->action == 'd') && !what->name)
		die(2, "-%c needs a PNET ID", request->action);
	if (request->action == 'f' && what->name)
		die(2, "-f takes no PNET ID: it removes all; try -d %s", what->name);
	if (request->action == 'a' && !has_device)
		die(2, "-a needs an interface (-I) or an RDMA device (-D)");
	if (request->action != 'a' && has_device)
		die(2, "-I and -D go with -a only");
	if (request->watch && request->action != 's')
		die(2, "--watch goes with -s only");
}

static struct request parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "show", no_argument, NULL, 's' },
		{ "add", no_argument, NULL, 'a' },
		{ "delete", no_argument, NULL, 'd' },
		{ "flush", no_argument, NULL, 'f' },
		{ "interface", required_argument, NULL, 'I' },
		{ "ibdevice", required_argument, NULL, 'D' },
		{ "ibport", required_argument, NULL, 'P' },
		{ "json", no_argument, NULL, 'j' },
		{ "watch", required_argument, NULL, 'w' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct request request = { .what.ib_port = 1 };
	int option;

	while ((option = getopt_long(argc, argv, "sadfI:D:P:jw:vh", options, NULL)) != -1) {
		switch (option) {
		case 's':
		case 'a':
		case 'd':
		case 'f':
			set_action(&request, option);
			break;
		case 'I':
			request.what.net_dev = optarg;
			break;
		case 'D':
			request.what.ib_dev = optarg;
			break;
		case 'P':
			request.what.ib_port = (int)parse_number("--ibport", optarg, 0, 2);
			break;
		case 'j':
			request.is_json = true;
			break;
		case 'w':
			request.watch = (int)parse_number("--watch", optarg, 1, INT_MAX);
			break;
		case 'v':
			print_version("smc_pnet");
			exit(0);
		case 'h':
			print_help(help_text);
			exit(0);
		default:
			die_usage("smc_pnet");
		}
	}
	for (; optind < argc; optind++)
		set_name(&request, argv[optind]);
	if (!request.action)
		request.action = 's';
	if (!request.what.ib_port)
		request.what.ib_port = 1;
	return request;
}

int main(int argc, char **argv)
{
	struct request request = parse_options(argc, argv);
	int rc;

	check(&request);
	if (!pnet_exists())
		die(1,
		    errno == ENOENT ? "SMC_PNETID not found: no SMC module loaded (modprobe smc_r)"
				    : "%s",
		    error_text(errno));
	switch (request.action) {
	case 'a':
		rc = pnet_add(&request.what);
		break;
	case 'd':
		rc = pnet_delete(request.what.name);
		break;
	case 'f':
		rc = pnet_flush();
		break;
	default:
		return watch(request.watch, show, &request);
	}
	if (rc)
		die(1, "%s", pnet_error(-rc));
	return 0;
}
