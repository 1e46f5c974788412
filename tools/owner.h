/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which process has a socket.
 */
#ifndef SMC_TOOLS_OWNER_H
#define SMC_TOOLS_OWNER_H

#include <json-c/json.h>

struct owners;

/* What /proc lets the caller see now; to be freed by owners_free(). */
struct owners *owners_find(void);

/* Add "process" and "pid" to a row with an "inode", if they are known. */
void owners_add(const struct owners *owners, json_object *row);

void owners_free(struct owners *owners);

#endif
