// SPDX-License-Identifier: GPL-2.0
/*
 * See rdma_script.h. Definitions and $i are replaced as text, so what remains
 * is a list of commands for each case. A script that is wrong ends the program.
 */
#define _GNU_SOURCE
#include "rdma_script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "script_text.h"

#define MAX_DEFS	64
#define MAX_DEPTH	8
#define TEXT_LEN	4096

struct parser {
	const char *path;
	int line;
	struct rdma_script *script;
	struct {
		char *name;
		char *body;
	} defs[MAX_DEFS];
	int n_defs;
};

static int split(const struct parser *p, char *text, char **words)
{
	char *word, *rest = text;
	int n = 0;

	while ((word = strtok_r(rest, " \t", &rest))) {
		if (n == RDMA_MAX_WORDS)
			script_wrong(p->path, p->line, "too many words: %s", word);
		words[n++] = word;
	}
	return n;
}

/* "$1" to "$9" are @words, nothing if there are less; "$i" is @i */
static const char *value_of(const struct parser *p, char letter, const char *i, char **words, int n)
{
	if (words && letter >= '1' && letter <= '9')
		return letter - '0' < n ? words[letter - '0'] : "";
	if (letter != 'i' || (!i && !words))
		script_wrong(p->path, p->line, "unknown: $%c", letter);
	return i ?: "$i";
}

static void replace(const struct parser *p, const char *from, const char *i, char **words, int n,
		    char *to)
{
	size_t at = 0;

	while (*from) {
		const char *text = from;
		size_t len = strcspn(from, "$");

		from += len;
		if (!len) {
			text = value_of(p, from[1], i, words, n);
			len = strlen(text);
			from += 2;
		}
		if (at + len >= TEXT_LEN)
			script_wrong(p->path, p->line, "too long");
		memcpy(to + at, text, len);
		at += len;
	}
	to[at] = 0;
}

static void add_command(const struct parser *p, struct rdma_case *c, char **words, int n)
{
	struct rdma_command *cmd;
	int i;

	c->commands = script_grow(c->commands, c->n, sizeof(*c->commands));
	cmd = &c->commands[c->n++];
	cmd->line = p->line;
	cmd->n = n;
	for (i = 0; i < n; i++)
		cmd->word[i] = script_copy(words[i]);
}

static void add_commands(const struct parser *p, struct rdma_case *c, const char *text, int depth)
{
	char *all = script_copy(text);
	char *part, *rest = all;

	if (depth > MAX_DEPTH)
		script_wrong(p->path, p->line, "definitions without end");
	while ((part = strsep(&rest, ";"))) {
		char body[TEXT_LEN];
		char *words[RDMA_MAX_WORDS];
		int n = split(p, part, words);
		int i;

		if (!n)
			continue;
		for (i = 0; i < p->n_defs; i++)
			if (strcmp(p->defs[i].name, words[0]) == 0)
				break;
		if (i == p->n_defs) {
			add_command(p, c, words, n);
			continue;
		}
		replace(p, p->defs[i].body, NULL, words, n, body);
		add_commands(p, c, body, depth + 1);
	}
	free(all);
}

static void add_case(struct parser *p, const char *title, const char *i, const char *body)
{
	char text[TEXT_LEN];
	struct rdma_case *c;

	replace(p, body, i, NULL, 0, text);
	p->script->cases = script_grow(p->script->cases, p->script->n, sizeof(*c));
	c = &p->script->cases[p->script->n++];
	if (asprintf(&c->title, i ? "%s, i=%s" : "%s", title, i) < 0)
		die("no memory");
	add_commands(p, c, text, 0);
	if (!c->n)
		script_wrong(p->path, p->line, "an empty case");
}

static void take_case(struct parser *p, char *head, const char *body)
{
	char *range = strstr(head, " i=");
	long first, last, i;
	char number[24];
	int end;

	if (!range) {
		add_case(p, script_strip(head), NULL, body);
		return;
	}
	if (sscanf(range, " i=%ld..%ld%n", &first, &last, &end) != 2 || range[end] || first > last)
		script_wrong(p->path, p->line, "no range: %s", range);
	*range = 0;
	for (i = first; i <= last; i++) {
		snprintf(number, sizeof(number), "%ld", i);
		add_case(p, script_strip(head), number, body);
	}
}

static void take_line(struct parser *p, char *text)
{
	char *body = strchr(text, ':');
	char *head;

	if (!body)
		script_wrong(p->path, p->line, "no colon");
	*body++ = 0;
	head = script_strip(text);
	if (strncmp(head, "case ", 5) == 0) {
		take_case(p, head + 5, body);
		return;
	}
	if (strncmp(head, "def ", 4) != 0 || p->n_defs == MAX_DEFS)
		script_wrong(p->path, p->line, "neither def nor case: %s", head);
	p->defs[p->n_defs].name = script_copy(script_strip(head + 4));
	p->defs[p->n_defs++].body = script_copy(body);
}

static void read_lines(struct parser *p, FILE *file)
{
	char whole[TEXT_LEN] = "";
	char *line = NULL;
	size_t cap = 0;
	int number = 0;

	while (getline(&line, &cap, file) >= 0) {
		number++;
		line[strcspn(line, "#\n")] = 0;
		if (!*script_strip(line))
			continue;
		if (!isspace((unsigned char)*line) && *whole) {
			take_line(p, whole);
			*whole = 0;
		}
		if (!*whole)
			p->line = number;
		if (strlen(whole) + strlen(line) >= sizeof(whole))
			script_wrong(p->path, p->line, "too long");
		strcat(whole, line);
	}
	if (*whole)
		take_line(p, whole);
	free(line);
}

/**
 * rdma_script_read() - read a script, or exit
 * @path: file
 * @script: result, never freed
 */
void rdma_script_read(const char *path, struct rdma_script *script)
{
	struct parser p = { .path = path, .script = script };
	FILE *file = fopen(path, "r");

	if (!file)
		die("cannot open %s", path);
	memset(script, 0, sizeof(*script));
	read_lines(&p, file);
	fclose(file);
}
