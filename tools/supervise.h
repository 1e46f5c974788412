/* SPDX-License-Identifier: GPL-2.0 */
/* Conversion by seccomp user notification. */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>

#include "smc_family.h"

/**
 * struct supervise_options - how the supervisor makes sockets
 * @family: how it asks for SMC
 * @sndbuf: SO_SNDBUF of converted sockets, bytes; 0 leaves it alone
 * @rcvbuf: SO_RCVBUF
 * @is_debug: a line on standard error for each socket
 */
struct supervise_options {
	enum smc_family family;
	int sndbuf;
	int rcvbuf;
	bool is_debug;
};

int supervise_begin(const struct supervise_options *options);

#endif
