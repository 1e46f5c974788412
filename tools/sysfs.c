// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /sys and /proc.
 */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

#define GET_PATH(path, format) do { \
	va_list args; \
	va_start(args, format); \
	vsnprintf(path, sizeof(path), format, args); \
	va_end(args); \
} while (0)

static bool read_line(char *line, const char *path)
{
	FILE *file = fopen(path, "re");
	bool good;

	line[0] = 0;
	if (!file)
		return false;
	good = fgets(line, SYSFS_LEN, file) != NULL;
	line[strcspn(line, "\n")] = 0;
	fclose(file);
	return good;
}

bool sysfs_read(char *line, const char *format, ...)
{
	char path[PATH_MAX];

	GET_PATH(path, format);
	return read_line(line, path);
}

long sysfs_number(const char *format, ...)
{
	char path[PATH_MAX], line[SYSFS_LEN], *end;
	long value;

	GET_PATH(path, format);
	if (!read_line(line, path))
		return -1;
	if (strcmp(line, "max") == 0)
		return LONG_MAX;
	value = strtol(line, &end, 10);
	return end == line ? -1 : value;
}

bool sysfs_exists(const char *format, ...)
{
	char path[PATH_MAX];

	GET_PATH(path, format);
	return access(path, F_OK) == 0;
}

void sysfs_list(void (*each)(const char *name, void *data), void *data, const char *format, ...)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int i, n;

	GET_PATH(path, format);
	n = scandir(path, &entries, NULL, versionsort);
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			each(entries[i]->d_name, data);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}
