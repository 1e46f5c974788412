/* SPDX-License-Identifier: GPL-2.0 */
/* What can be told of a program before it runs. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>

/**
 * struct program - a command as the kernel will find it
 * @needs_supervisor: it makes its system calls without a libc that could be
 *	preloaded: linked statically, or written in Go
 * @gains_privilege: set-uid, set-gid or with file capabilities
 */
struct program {
	bool needs_supervisor;
	bool gains_privilege;
};

void program_look(const char *command, struct program *program);

#endif
