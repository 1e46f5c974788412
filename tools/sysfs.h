/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of /sys and /proc that hold one word or number.
 */
#ifndef SMC_TOOLS_SYSFS_H
#define SMC_TOOLS_SYSFS_H

#include <stdbool.h>

#define SYSFS_LEN 256

/* The first line of a file, without its end; "" and false if there is none. */
bool sysfs_read(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number in a file; -1 if there is none. "max" is LONG_MAX. */
long sysfs_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool sysfs_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Pass on each entry of a directory, sorted by name. */
void sysfs_list(void (*each)(const char *name, void *data), void *data,
		const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
