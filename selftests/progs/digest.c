// SPDX-License-Identifier: GPL-2.0
/* See digest.h. */
#define _GNU_SOURCE
#include "digest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "endpoint.h"

/**
 * digest_start() - start the program, or exit
 * @d: to be ended with digest_end()
 */
void digest_start(struct digest *d)
{
	int in[2];
	int out[2];

	/* Close-on-exec: no second program may hold the writing end of this one. */
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("pipe");
	d->pid = fork();
	if (d->pid < 0)
		die("fork");
	if (d->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("sha256sum", "sha256sum", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	d->to = in[1];
	d->from = out[0];
}

/**
 * digest_add() - add data
 * @d: digest
 * @buf: data
 * @len: bytes
 */
void digest_add(struct digest *d, const void *buf, size_t len)
{
	if (write_full(d->to, buf, len) < 0)
		die("sha256sum does not take data");
}

/**
 * digest_end() - finish and get the result
 * @d: digest
 * @text: 64 hexadecimal digits
 */
void digest_end(struct digest *d, char text[DIGEST_TEXT])
{
	int status = -1;

	close(d->to);
	if (read_full(d->from, text, DIGEST_TEXT - 1) < 0)
		die("sha256sum gives no result");
	text[DIGEST_TEXT - 1] = '\0';
	close(d->from);
	if (waitpid(d->pid, &status, 0) != d->pid || status != 0 ||
	    strspn(text, "0123456789abcdef") != DIGEST_TEXT - 1)
		die("sha256sum failed");
}
