// SPDX-License-Identifier: GPL-2.0
/*
 * What the tools print.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

const char *member(json_object *row, const char *key)
{
	json_object *value = json_object_object_get(row, key);

	return value ? json_object_get_string(value) : "";
}

int64_t count(json_object *row, const char *key)
{
	return json_object_get_int64(json_object_object_get(row, key));
}

/* It would be no JSON otherwise, nothing for Prometheus, and could steer the terminal. */
json_object *foreign_text(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	json_object *object;
	size_t i;

	if (!copy)
		die(1, "out of memory");
	for (i = 0; i < len; i++)
		copy[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	object = json_object_new_string_len(copy, (int)len);
	free(copy);
	return object;
}

void add_text(json_object *row, const char *key, const char *text)
{
	json_object_object_add(row, key, json_object_new_string(text));
}

static void cell_text(const struct column *column, json_object *row, char *cell)
{
	json_object *value = json_object_object_get(row, column->key);

	snprintf(cell, CELL_LEN, "%s", column->missing ? column->missing : "");
	if (value && column->show)
		column->show(row, column->key, cell);
	else if (value)
		snprintf(cell, CELL_LEN, "%s", json_object_get_string(value));
}

/* Blanks at the end of a line are no use to anybody. */
static void print_cells(const struct column *columns, int level, json_object *row)
{
	const struct column *column;
	char line[1024] = "";
	size_t len = 0;

	for (column = columns; column->head; column++) {
		char cell[CELL_LEN];

		if (column->level > level)
			continue;
		if (row)
			cell_text(column, row, cell);
		else
			snprintf(cell, sizeof(cell), "%s", column->head);
		if (column->cut && (int)strlen(cell) > abs(column->width))
			cell[abs(column->width)] = 0;
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%*s",
					len ? " " : "", column->width, cell);
	}
	while (len && line[len - 1] == ' ')
		line[--len] = 0;
	puts(line);
}

void table_head(const struct column *columns, int level)
{
	print_cells(columns, level, NULL);
}

void table_row(const struct column *columns, int level, json_object *row)
{
	print_cells(columns, level, row);
}

void table_block(const struct column *columns, json_object *row)
{
	const struct column *column;

	for (column = columns; column->head; column++) {
		char cell[CELL_LEN];

		if (!json_object_object_get(row, column->key))
			continue;
		cell_text(column, row, cell);
		printf("%-9s: %s\n", column->head, cell);
	}
}

void table_print(const struct column *columns, int level, json_object *rows)
{
	size_t i, n = json_object_array_length(rows);

	if (n)
		table_head(columns, level);
	for (i = 0; i < n; i++)
		table_row(columns, level, json_object_array_get_idx(rows, i));
}

void print_json(json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

void print_json_as(const char *name, json_object *object)
{
	json_object *outer = json_object_new_object();

	json_object_object_add(outer, name, object);
	print_json(outer);
}

void (*before_dying)(void);

void die(int status, const char *format, ...)
{
	va_list args;

	if (before_dying)
		before_dying();
	fflush(stdout);
	va_start(args, format);
	fputs("Error: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

const char *error_text(int err)
{
	switch (err) {
	case EPERM:
		return "Operation not permitted: this needs CAP_NET_ADMIN (be root)";
	case EOPNOTSUPP:
		return "Operation not supported by the SMC module of this kernel";
	}
	return strerror(err);
}

void print_version(const char *program)
{
	printf("%s (smc_r) %s\n", program, VERSION);
}

void print_help(const char *text)
{
	fputs(text, stdout);
}

void die_usage(const char *program)
{
	fprintf(stderr, "Try '%s --help'.\n", program);
	exit(2);
}

long parse_number(const char *what, const char *text, long least, long most)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < least || value > most)
		die(2, "%s must be a number from %ld to %ld, not '%s'", what, least, most, text);
	return value;
}

static void begin_screen(void)
{
	time_t now = time(NULL);
	char text[32];

	strftime(text, sizeof(text), "%F %T", localtime(&now));
	printf("\033[H\033[J%s\n\n", text);
}

/* A full disk, or a reader that has gone. */
static int show_all(int (*show)(void *arg), void *arg)
{
	int status = show(arg);

	if (fflush(stdout) || ferror(stdout))
		die(1, "the output cannot be written: %s", strerror(errno));
	return status;
}

int watch(int seconds, int (*show)(void *arg), void *arg)
{
	int status = show_all(show, arg);

	while (seconds) {
		sleep((unsigned int)seconds);
		if (isatty(STDOUT_FILENO))
			begin_screen();
		status = show_all(show, arg);
	}
	return status;
}
