/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of smcr get.
 */
#ifndef SMC_TOOLS_SMCR_H
#define SMC_TOOLS_SMCR_H

#include <stdbool.h>

/* Of a change that failed; scripts know it. */
#define STATUS_CHANGE_FAILED 255

/**
 * struct request - a command line
 * @details: how often -d was given
 * @is_absolute: -a: statistics since the module was loaded
 * @is_json: --json
 * @watch: seconds between two outputs; 0: only one
 * @output: file of -o; NULL: standard output
 * @words: what follows the name of the command; ends with NULL
 */
struct request {
	int details;
	bool is_absolute;
	bool is_json;
	int watch;
	const char *output;
	char **words;
};

/**
 * pick() - find a word that may be shortened
 * @word: as typed
 * @names: in the order in which a short form finds them; ends with NULL
 *
 * Return: index, or -1.  The whole name always finds its own.
 */
int pick(const char *word, const char *const *names);

/* The next of the words is @names[result]; ends the program if it is none. */
int take_word(struct request *request, const char *const *names);

/* The commands. Return: exit status. */
int smcr_info(struct request *request);
int smcr_linkgroup(struct request *request);
int smcr_link(struct request *request);
int smcr_device(struct request *request);
int smcr_stats(struct request *request);
int smcr_ueid(struct request *request);
int smcr_doctor(struct request *request);
int smcr_metrics(struct request *request);
int smcr_top(struct request *request);

#endif
