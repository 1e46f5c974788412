/* SPDX-License-Identifier: GPL-2.0 */
/* What the parsers of scripts have in common. All of it ends the program when
 * something is wrong.
 */
#ifndef SCRIPT_TEXT_H
#define SCRIPT_TEXT_H

#include <stddef.h>

__attribute__((noreturn, format(printf, 3, 4)))
void script_wrong(const char *path, int line, const char *fmt, ...);
void *script_grow(void *array, int count, size_t size);
char *script_copy(const char *text);
char *script_strip(char *text);

#endif
