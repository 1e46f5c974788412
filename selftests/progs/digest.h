/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-256 of a stream, computed by the sha256sum program at the end of a pipe. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <sys/types.h>

#define DIGEST_TEXT 65

struct digest {
	pid_t pid;
	int to;
	int from;
};

void digest_start(struct digest *d);
void digest_add(struct digest *d, const void *buf, size_t len);
void digest_end(struct digest *d, char text[DIGEST_TEXT]);

#endif
