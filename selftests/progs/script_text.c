// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "script_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

/**
 * script_wrong() - the script is wrong: say where, and end
 * @path: of the script
 * @line: number in it
 * @fmt: what is wrong, as for printf()
 */
void script_wrong(const char *path, int line, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", path, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/**
 * script_grow() - room for one more element, zeroed
 * @array: may move; NULL at first
 * @count: elements that it has
 * @size: of one
 *
 * Return: the array.
 */
void *script_grow(void *array, int count, size_t size)
{
	array = realloc(array, (size_t)(count + 1) * size);
	if (!array)
		die("no memory");
	memset((char *)array + (size_t)count * size, 0, size);
	return array;
}

/**
 * script_copy() - strdup() that succeeds
 * @text: to be copied
 *
 * Return: the copy.
 */
char *script_copy(const char *text)
{
	char *result = strdup(text);

	if (!result)
		die("no memory");
	return result;
}

/**
 * script_strip() - cut white space off both ends
 * @text: changed
 *
 * Return: where the rest begins.
 */
char *script_strip(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	return text;
}
