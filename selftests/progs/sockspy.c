// SPDX-License-Identifier: GPL-2.0
/*
 * sockspy.so - stands between a program and the kernel for tests of the
 * preload library and of the programs in this directory
 *
 * Appends each socket() call to the file SOCKSPY_LOG.  Requests for SMC sockets
 * do not reach the kernel: SOCKSPY_SMC (AF_SMC, IPv4), SOCKSPY_SMC6 (AF_SMC,
 * IPv6) and SOCKSPY_INET (IPPROTO_SMC) hold the error number to answer with; 0
 * or unset makes a TCP socket in their place.
 *
 * SOCKSPY_FLIP is the position of a byte, counted over all that recv() gives,
 * to be changed: it shows that the other programs notice.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void record(int domain, int type, int protocol)
{
	const char *path = getenv("SOCKSPY_LOG");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%d,%d,%d\n", domain, type, protocol);
	fclose(f);
}

/**
 * socket() - record and pass on, or answer in place of the kernel
 * @domain: as socket(2)
 * @type: as socket(2)
 * @protocol: as socket(2)
 *
 * Return: as socket(2).
 */
int socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	int saved = errno;
	const char *answer;

	record(domain, type, protocol);
	errno = saved;
	if (domain == 43)
		answer = getenv(protocol == 1 ? "SOCKSPY_SMC6" : "SOCKSPY_SMC");
	else if (protocol == 256)
		answer = getenv("SOCKSPY_INET");
	else
		return next(domain, type, protocol);
	if (answer && atoi(answer)) {
		errno = atoi(answer);
		return -1;
	}
	return next(AF_INET, type, 0);
}

/**
 * recv() - pass on, perhaps with a byte changed
 * @fd: as recv(2)
 * @buf: as recv(2)
 * @len: as recv(2)
 * @flags: as recv(2)
 *
 * Return: as recv(2).
 */
ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	static ssize_t (*next)(int, void *, size_t, int);
	static long long position;
	const char *flip = getenv("SOCKSPY_FLIP");
	long long at = flip ? atoll(flip) : -1;
	ssize_t n;

	if (!next)
		next = (ssize_t (*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
	n = next(fd, buf, len, flags);
	if (n > 0 && at >= position && at < position + n)
		((char *)buf)[at - position] ^= 0x10;
	if (n > 0)
		position += n;
	return n;
}
