// SPDX-License-Identifier: GPL-2.0
/* See clc_script.h. A script that is wrong ends the program. */
#define _GNU_SOURCE
#include "clc_script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clc.h"
#include "clc_message.h"
#include "endpoint.h"
#include "script_text.h"

#define MAX_WORDS	12
#define MAX_DEPTH	8
#define MAX_INDEX	65535

/*
 * @args: what follows the name, one letter each; those behind a '?' may be
 * left out
 *	m	name of a message
 *	n	number
 *	h	bytes
 *	t	type of a message; CODE behind a decline
 *	e	name of an errno
 */
static const struct syntax {
	const char *name;
	enum clc_op_code code;
	const char *args;
} syntax[] = {
	{ "load", CLC_OP_LOAD, "m" },
	{ "stamp", CLC_OP_STAMP, "" },
	{ "set", CLC_OP_SET, "nh" },
	{ "byte", CLC_OP_BYTE, "nn" },
	{ "flip", CLC_OP_FLIP, "nh" },
	{ "cut", CLC_OP_CUT, "n" },
	{ "add", CLC_OP_ADD, "h" },
	{ "pad", CLC_OP_PAD, "n" },
	{ "seal", CLC_OP_SEAL, "" },
	{ "data", CLC_OP_DATA, "" },
	{ "send", CLC_OP_SEND, "?n" },
	{ "split", CLC_OP_SPLIT, "nn" },
	{ "wait", CLC_OP_WAIT, "n" },
	{ "expect", CLC_OP_EXPECT, "t?n" },
	{ "has", CLC_OP_HAS, "nh" },
	{ "has_byte", CLC_OP_HAS_BYTE, "nn" },
	{ "has_length", CLC_OP_HAS_LENGTH, "n" },
	{ "end", CLC_OP_END, "" },
	{ "tcp", CLC_OP_TCP, "?nn" },
	{ "lost", CLC_OP_LOST, "?ne" },
	{ "settle", CLC_OP_SETTLE, "?n" },
	{ "reset", CLC_OP_RESET, "" },
};

static const char *const errno_names[] = { "EPROTO", "ETIMEDOUT", "ECONNRESET" };

struct definition {
	char *name;
	char *body;
};

struct parser {
	const char *path;
	int line;
	struct clc_script *script;
	bool has_role;
	struct definition *defs;
	int n_defs;
};

/**
 * clc_parse_hex() - translate hexadecimal digits
 * @text: an even number of them
 * @buf: result
 * @cap: size of @buf
 *
 * Return: number of bytes, or -1 if @text is something else or too long.
 */
int clc_parse_hex(const char *text, uint8_t *buf, size_t cap)
{
	size_t len = strlen(text);
	size_t i;

	if (len % 2 || len / 2 > cap || strspn(text, "0123456789abcdefABCDEF") != len)
		return -1;
	for (i = 0; i < len / 2; i++) {
		const char digits[] = { text[2 * i], text[2 * i + 1], 0 };

		buf[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return (int)(len / 2);
}

/* --- arguments of a command --- */

static long parse_integer(const struct parser *p, const char *text)
{
	char *end;
	long value = strtol(text, &end, 0);

	if (*end || end == text || value < 0)
		script_wrong(p->path, p->line, "no number: %s", text);
	return value;
}

static void take_number(const struct parser *p, const char *text, const struct clc_case *c,
			struct clc_op *op)
{
	struct clc_number *n = &op->number[op->n_numbers++];

	if (strncmp(text, "$i", 2) != 0) {
		n->value = parse_integer(p, text);
		return;
	}
	if (!c->has_index)
		script_wrong(p->path, p->line, "the case has no i: %s", text);
	n->is_index = true;
	if (text[2] == '+')
		n->value = parse_integer(p, text + 3);
	else if (text[2] == '-')
		n->value = -parse_integer(p, text + 3);
	else if (text[2])
		script_wrong(p->path, p->line, "no number: %s", text);
}

static void take_bytes(const struct parser *p, const char *text, struct clc_op *op)
{
	int len;

	op->bytes = malloc(strlen(text) / 2 + 1);
	if (!op->bytes)
		die("no memory");
	len = clc_parse_hex(text, op->bytes, strlen(text) / 2);
	if (len < 1 || (op->code == CLC_OP_FLIP && len != 1))
		script_wrong(p->path, p->line, "no bytes: %s", text);
	op->len = len;
}

static void take_errno(const struct parser *p, const char *text, struct clc_op *op)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errno_names); i++)
		if (strcmp(text, errno_names[i]) == 0)
			op->word = script_copy(text);
	if (!op->word)
		script_wrong(p->path, p->line, "unknown errno: %s", text);
}

/* Return: the words used up, 2 for a decline and its code. */
static int take_type(const struct parser *p, char **words, int left, const struct clc_case *c,
		     struct clc_op *op)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{ "proposal", SMCR_CLC_PROPOSAL },
		{ "accept", SMCR_CLC_ACCEPT },
		{ "confirm", SMCR_CLC_CONFIRM },
		{ "decline", SMCR_CLC_DECLINE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(words[0], types[i].name) == 0)
			op->type = types[i].type;
	if (!op->type)
		script_wrong(p->path, p->line, "unknown message: %s", words[0]);
	/* so that the numbers are the same for all types */
	if (op->type != SMCR_CLC_DECLINE) {
		op->n_numbers++;
		return 1;
	}
	if (left < 2)
		script_wrong(p->path, p->line, "a decline has a code");
	take_number(p, words[1], c, op);
	return 2;
}

static void take_arguments(const struct parser *p, char **words, int count,
			   const struct syntax *s, const struct clc_case *c, struct clc_op *op)
{
	bool is_optional = false;
	const char *arg;
	int at = 1;

	for (arg = s->args; *arg; arg++) {
		if (*arg == '?') {
			is_optional = true;
			continue;
		}
		if (at == count && is_optional)
			return;
		if (at == count)
			script_wrong(p->path, p->line, "%s: too few arguments", s->name);
		if (*arg == 't') {
			at += take_type(p, words + at, count - at, c, op);
			continue;
		}
		if (*arg == 'n')
			take_number(p, words[at], c, op);
		else if (*arg == 'h')
			take_bytes(p, words[at], op);
		else if (*arg == 'e')
			take_errno(p, words[at], op);
		else if (clc_message_exists(words[at]))
			op->word = script_copy(words[at]);
		else
			script_wrong(p->path, p->line, "unknown message: %s", words[at]);
		at++;
	}
	if (at < count)
		script_wrong(p->path, p->line, "%s: too many arguments", s->name);
}

/* --- commands --- */

static void add_commands(struct parser *p, struct clc_case *c, const char *text, int depth);

static char *join(char **words, int count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int i;

	if (!out)
		die("no memory");
	for (i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? " " : "", words[i]);
	fclose(out);
	return text;
}

static void add_op(struct parser *p, struct clc_case *c, char **words, int count)
{
	const struct syntax *s = NULL;
	struct clc_op *op;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(syntax); i++)
		if (strcmp(words[0], syntax[i].name) == 0)
			s = &syntax[i];
	if (!s)
		script_wrong(p->path, p->line, "unknown command: %s", words[0]);
	if (c->n_ops && c->ops[c->n_ops - 1].code >= CLC_OP_TCP)
		script_wrong(p->path, p->line, "%s: behind the end of the case", words[0]);
	c->ops = script_grow(c->ops, c->n_ops, sizeof(*c->ops));
	op = &c->ops[c->n_ops++];
	op->code = s->code;
	op->line = p->line;
	op->text = join(words, count);
	take_arguments(p, words, count, s, c, op);
}

/* the body of a definition, its arguments in place */
static char *fill_in(const struct parser *p, const struct definition *def, char **words, int count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *at;
	int used = 0;

	if (!out)
		die("no memory");
	for (at = def->body; *at; at++) {
		int n = at[0] == '$' && isdigit((unsigned char)at[1]) ? at[1] - '0' : -1;

		if (n < 0) {
			fputc(*at, out);
			continue;
		}
		if (n == 0 || n >= count)
			script_wrong(p->path, p->line, "%s: no argument $%d", def->name, n);
		if (n > used)
			used = n;
		fputs(words[n], out);
		at++;
	}
	fclose(out);
	if (count - 1 > used)
		script_wrong(p->path, p->line, "%s: too many arguments", def->name);
	return text;
}

static void add_command(struct parser *p, struct clc_case *c, char *text, int depth)
{
	char *words[MAX_WORDS];
	int count = 0;
	char *save = NULL;
	char *word;
	int i;

	for (word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (count == MAX_WORDS)
			script_wrong(p->path, p->line, "too many words");
		words[count++] = word;
	}
	if (!count)
		script_wrong(p->path, p->line, "empty command");
	for (i = 0; i < p->n_defs; i++) {
		char *body;

		if (strcmp(words[0], p->defs[i].name) != 0)
			continue;
		if (depth == MAX_DEPTH)
			script_wrong(p->path, p->line, "%s: defined by itself", words[0]);
		body = fill_in(p, &p->defs[i], words, count);
		add_commands(p, c, body, depth + 1);
		free(body);
		return;
	}
	add_op(p, c, words, count);
}

static void add_commands(struct parser *p, struct clc_case *c, const char *text, int depth)
{
	char *all = script_copy(text);
	char *rest = all;
	char *command;

	while ((command = strsep(&rest, ";")))
		add_command(p, c, script_strip(command), depth);
	free(all);
}

/* --- lines --- */

static void take_role(struct parser *p, const char *role)
{
	if (p->has_role || p->script->n_cases)
		script_wrong(p->path, p->line, "one role, before all cases");
	p->has_role = true;
	p->script->is_server = strcmp(role, "server") == 0;
	if (!p->script->is_server && strcmp(role, "client") != 0)
		script_wrong(p->path, p->line, "unknown role: %s", role);
}

static void take_definition(struct parser *p, const char *name, const char *body)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(syntax); i++)
		if (strcmp(name, syntax[i].name) == 0)
			script_wrong(p->path, p->line, "%s is a command", name);
	p->defs = script_grow(p->defs, p->n_defs, sizeof(*p->defs));
	p->defs[p->n_defs].name = script_copy(name);
	p->defs[p->n_defs].body = script_copy(body);
	p->n_defs++;
}

/* cut " i=FROM..TO" off the title */
static void take_range(const struct parser *p, char *title, struct clc_case *c)
{
	char *range = strstr(title, " i=");
	char *dots;

	if (!range)
		return;
	*range = 0;
	range += strlen(" i=");
	dots = strstr(range, "..");
	if (!dots)
		script_wrong(p->path, p->line, "no range: %s", range);
	*dots = 0;
	c->has_index = true;
	c->first = parse_integer(p, range);
	c->last = parse_integer(p, dots + 2);
	if (c->first > c->last || c->last > MAX_INDEX)
		script_wrong(p->path, p->line, "empty or too long: %s..%s", range, dots + 2);
}

static void take_case(struct parser *p, char *title, const char *body)
{
	struct clc_script *script = p->script;
	struct clc_case *c;

	if (!p->has_role)
		script_wrong(p->path, p->line, "role is missing");
	script->cases = script_grow(script->cases, script->n_cases, sizeof(*script->cases));
	c = &script->cases[script->n_cases++];
	take_range(p, title, c);
	c->title = script_copy(script_strip(title));
	add_commands(p, c, body, 0);
	if (c->ops[c->n_ops - 1].code < CLC_OP_TCP)
		script_wrong(p->path, p->line, "the case has no end");
}

static void take_line(struct parser *p, char *line)
{
	char *rest = line;
	char *word = strsep(&rest, " \t");
	char *name;

	if (!rest)
		script_wrong(p->path, p->line, "unknown line: %s", word);
	if (strcmp(word, "role") == 0) {
		take_role(p, script_strip(rest));
		return;
	}
	if (strcmp(word, "def") != 0 && strcmp(word, "case") != 0)
		script_wrong(p->path, p->line, "unknown line: %s", word);
	name = strsep(&rest, ":");
	if (!rest)
		script_wrong(p->path, p->line, "no colon");
	if (word[0] == 'd')
		take_definition(p, script_strip(name), script_strip(rest));
	else
		take_case(p, script_strip(name), script_strip(rest));
}

/* appends to @line; Return: false when the next line belongs to something else */
static bool continues(char **line, const char *next)
{
	char *joined;

	if (*line && !isspace((unsigned char)next[0]))
		return false;
	if (asprintf(&joined, "%s%s", *line ?: "", next) < 0)
		die("no memory");
	free(*line);
	*line = joined;
	return true;
}

static void end_line(struct parser *p, char **line)
{
	if (*line)
		take_line(p, script_strip(*line));
	free(*line);
	*line = NULL;
}

/**
 * clc_script_read() - read a script, or exit
 * @path: the file
 * @script: zeroed; filled in, never freed
 */
void clc_script_read(const char *path, struct clc_script *script)
{
	struct parser p = { .path = path, .script = script };
	FILE *file = fopen(path, "r");
	char *line = NULL;
	char *raw = NULL;
	size_t cap = 0;
	int number = 0;

	if (!file)
		die("%s", path);
	while (getline(&raw, &cap, file) >= 0) {
		number++;
		raw[strcspn(raw, "#\n")] = 0;
		if (!raw[strspn(raw, " \t")])
			continue;
		if (!continues(&line, raw)) {
			end_line(&p, &line);
			continues(&line, raw);
		}
		/* the last one of a statement is good enough for messages */
		p.line = number;
	}
	end_line(&p, &line);
	if (!script->n_cases)
		script_wrong(p.path, p.line, "no case");
	free(raw);
	fclose(file);
}

/**
 * clc_script_conns() - how many connections a script is about
 * @script: as read
 *
 * Return: their number.
 */
long clc_script_conns(const struct clc_script *script)
{
	long count = 0;
	int i;

	for (i = 0; i < script->n_cases; i++)
		count += script->cases[i].last - script->cases[i].first + 1;
	return count;
}

/**
 * clc_script_print() - print a script as it was understood
 * @script: as read
 */
void clc_script_print(const struct clc_script *script)
{
	int i, k;

	for (i = 0; i < script->n_cases; i++) {
		const struct clc_case *c = &script->cases[i];

		printf("%s", c->title);
		if (c->has_index)
			printf(" i=%ld..%ld", c->first, c->last);
		for (k = 0; k < c->n_ops; k++)
			printf("%s %s", k ? ";" : ":", c->ops[k].text);
		putchar('\n');
	}
}
