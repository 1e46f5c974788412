// SPDX-License-Identifier: GPL-2.0
/*
 * smcr - show and change what SMC-R has in the kernel
 *
 * Here is the command line; each command has a function of its own elsewhere.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smcr.h"
#include "smcr.help.h"
#include "text.h"

/* In the order in which short forms find them. */
static const struct command {
	const char *name;
	int (*run)(struct request *request);
	bool can_watch;
	bool has_output;
} commands[] = {
	{ "info", smcr_info, .can_watch = true },
	{ "linkgroup", smcr_linkgroup, .can_watch = true },
	{ "device", smcr_device, .can_watch = true },
	{ "stats", smcr_stats, .can_watch = true },
	{ "ueid", smcr_ueid, .can_watch = true },
	{ "link", smcr_link, .can_watch = true },
	{ "doctor", smcr_doctor },
	{ "metrics", smcr_metrics, .can_watch = true, .has_output = true },
	{ "top", smcr_top, .can_watch = true },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

int pick(const char *word, const char *const *names)
{
	int i;

	for (i = 0; names[i]; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	for (i = 0; names[i]; i++)
		if (*word && strncmp(word, names[i], strlen(word)) == 0)
			return i;
	return -1;
}

int take_word(struct request *request, const char *const *names)
{
	int found = pick(*request->words, names);

	if (found < 0)
		die(2, "unknown word '%s'; try 'smcr --help'", *request->words);
	request->words++;
	return found;
}

static const struct command *command_of(const char *word)
{
	const char *names[COMMANDS + 1] = { NULL };
	size_t i;
	int found;

	for (i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	found = pick(word, names);
	if (found < 0)
		die(2, "unknown command '%s'; try 'smcr --help'", word);
	return &commands[found];
}

static void parse_options(struct request *request, int argc, char **argv)
{
	static const struct option options[] = {
		{ "absolute", no_argument, NULL, 'a' },
		{ "details", no_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "watch", required_argument, NULL, 'w' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	/* Long forms may have one dash. */
	while ((option = getopt_long_only(argc, argv, "adjo:w:vh", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			request->is_absolute = true;
			break;
		case 'd':
			request->details++;
			break;
		case 'j':
			request->is_json = true;
			break;
		case 'o':
			request->output = optarg;
			break;
		case 'w':
			request->watch = (int)parse_number("--watch", optarg, 1, INT_MAX);
			break;
		case 'v':
			print_version("smcr");
			exit(0);
		case 'h':
			print_help(help_text);
			exit(0);
		default:
			die_usage("smcr");
		}
	}
	request->words = argv + optind;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct request request = { 0 };

	parse_options(&request, argc, argv);
	if (!*request.words) {
		print_help(help_text);
		return 2;
	}
	command = command_of(*request.words++);
	if (request.watch && !command->can_watch)
		die(2, "%s has no --watch", command->name);
	if (request.output && !command->has_output)
		die(2, "%s has no --output", command->name);
	return command->run(&request);
}
