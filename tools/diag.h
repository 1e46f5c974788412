/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SMC sockets, as sock_diag tells them.
 */
#ifndef SMC_TOOLS_DIAG_H
#define SMC_TOOLS_DIAG_H

#include <json-c/json.h>

/* Extensions of a request. */
#define DIAG_CONN	0x01
#define DIAG_LINK	0x02
#define DIAG_DMB	0x08

/**
 * diag_each() - pass on each SMC socket of this network namespace
 * @extensions: what is wanted beyond the base: DIAG_CONN, DIAG_LINK, DIAG_DMB
 * @each: gets the socket as an object, which is gone afterwards
 * @data: for @each
 *
 * Return: 0 or a negative errno; -ENOENT if there is no module for it.
 */
int diag_each(int extensions, void (*each)(json_object *row, void *data), void *data);

/* Numbers of SMC sockets: connected ones by mode, others by state; NULL if nobody tells. */
json_object *diag_kinds(void);

/* Why diag_each() found no module, and what to do. */
const char *diag_missing(void);

#endif
