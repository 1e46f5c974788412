// SPDX-License-Identifier: GPL-2.0
/*
 * ulp.so - has a program convert its TCP sockets by setsockopt(TCP_ULP, "smc")
 *
 * Replaces socket() by LD_PRELOAD. What became of each goes to the file
 * ULP_LOG: 0 or the error number.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "ulp.h"

static void record(int err)
{
	const char *path = getenv("ULP_LOG");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%d\n", err);
	fclose(f);
}

/**
 * socket() - convert what the kernel gives
 * @domain: as socket(2)
 * @type: as socket(2)
 * @protocol: as socket(2)
 *
 * Return: as socket(2); a socket that cannot be converted stays one of TCP.
 */
int socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	int fd = next(domain, type, protocol);
	int saved = errno;

	if (fd >= 0 && (domain == AF_INET || domain == AF_INET6) &&
	    (type & 0xf) == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP))
		record(set_ulp(fd, "smc"));
	errno = saved;
	return fd;
}
