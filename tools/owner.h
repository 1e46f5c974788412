/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes have a socket.
 */
#ifndef SMC_TOOLS_OWNER_H
#define SMC_TOOLS_OWNER_H

#include <json-c/json.h>

struct owners;

/* What /proc lets the caller see now; to be freed by owners_free(). */
struct owners *owners_find(void);

/**
 * owners_add() - add "process" and "pid" to a row with an "inode"
 * @owners: of owners_find()
 * @row: gets nothing if nobody is known to have the socket
 * @name: who is added if the socket is also of others; NULL: the one with the
 *	lowest PID, as always where nobody of this name has it
 */
void owners_add(const struct owners *owners, json_object *row, const char *name);

void owners_free(struct owners *owners);

#endif
