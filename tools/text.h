/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tools print: tables and JSON of the same objects, errors, and both
 * again and again with -w.
 */
#ifndef SMC_TOOLS_TEXT_H
#define SMC_TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#define CELL_LEN 64

/**
 * struct column - one member of an object in a table
 * @head: heading
 * @key: of the member
 * @width: at least; negative: left-aligned
 * @cut: text that is longer than @width is cut
 * @show: text of the member @key of a row, at most CELL_LEN bytes; called only
 *	if the row has that member.  NULL: as JSON has it
 * @missing: cell of a row without that member; NULL: empty
 * @level: of detail (-d) from which on there is such a column
 *
 * A table ends with a column without heading.
 */
struct column {
	const char *head;
	const char *key;
	int width;
	bool cut;
	void (*show)(json_object *row, const char *key, char *cell);
	const char *missing;
	int level;
};

/* Headings or cells that are as wide as the columns say, one blank between. */
void table_head(const struct column *columns, int level);
void table_row(const struct column *columns, int level, json_object *row);
/* "Heading : cell" on a line each; members that are missing are left out. */
void table_block(const struct column *columns, json_object *row);
/* All objects of an array, under headings if there are any. */
void table_print(const struct column *columns, int level, json_object *rows);

/* Text of a member; "" if there is none. */
const char *member(json_object *row, const char *key);
/* Number of a member; 0 if there is none. */
int64_t count(json_object *row, const char *key);
/* Text that somebody else has chosen: a byte that is no printable ASCII is a '?'. */
json_object *foreign_text(const char *text, size_t len);
/* Add a member that is text. */
void add_text(json_object *row, const char *key, const char *text);

/* Print on one line. Takes over the reference. */
void print_json(json_object *object);
/* The same under a name: {"NAME": OBJECT}. */
void print_json_as(const char *name, json_object *object);

/* Called by die() before it says why, if set: whoever has the screen gives it back. */
extern void (*before_dying)(void);
/* "Error: ..." on standard error; ends the program with this status. */
void die(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
/* A text for an errno that comes from the kernel's SMC. */
const char *error_text(int err);

/* --version and --help of a program. */
void print_version(const char *program);
void print_help(const char *text);
/* After a bad option, which getopt has told. */
void die_usage(const char *program) __attribute__((noreturn));

/**
 * parse_number() - a decimal number within limits
 * @what: for the message of the error, which ends the program with status 2
 * @text: the number
 * @least: smallest that is allowed
 * @most: largest that is allowed
 */
long parse_number(const char *what, const char *text, long least, long most);

/**
 * watch() - call a function once, or again and again
 * @seconds: between the calls; 0: once
 * @show: prints
 * @arg: for @show
 *
 * Return: what @show returned last.
 */
int watch(int seconds, int (*show)(void *arg), void *arg);

#endif
