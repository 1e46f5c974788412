/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The zero point of statistics: the kernel never resets its counters, so what
 * "smcr stats reset" saw is kept in a file and taken off later, for each user
 * and network namespace.
 */
#ifndef SMC_TOOLS_ZERO_H
#define SMC_TOOLS_ZERO_H

#include <json-c/json.h>

/* A counter of gen_stats(): outer is NULL if it is not in a nest of its own. */
struct counter {
	const char *outer;
	const char *key;
	/* name in "smcr stats json" */
	char name[48];
	/* goes down, too */
	int is_gauge;
};

#define COUNTERS 65

/* All of a technology (SMC-R), in the order of "smcr stats json". */
const struct counter *counters(void);

/* Of a technology's object. */
int64_t counter_of(json_object *tech, const struct counter *counter);

/* Take the zero point off. A kernel that started again has none. */
void zero_apply(json_object *stats);

/* Make this the zero point; ends the program if that fails. */
void zero_store(json_object *stats);

#endif
