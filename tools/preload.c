// SPDX-License-Identifier: GPL-2.0
/*
 * libsmc-preload.so - turn the TCP sockets of a program into SMC sockets
 *
 * Overrides socket() and nothing else: an SMC socket takes the same calls as a
 * TCP socket.  A program must never fail because of this library, so a kernel
 * without SMC gives it the TCP socket it has asked for.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "smc_family.h"

/*
 * Asking for a family the kernel does not have makes it run modprobe.  A
 * program that opens many sockets shall not pay that for each of them, yet
 * notice within this time that the module has come.
 */
#define RETRY_SECONDS 10

/*
 * Time of the last refusal by the kernel in seconds, plus one; 0: none.  One
 * for IPv4 and one for IPv6: the latter can be missing alone.
 */
static time_t refused_at[2];

/* secure_getenv: a set-uid program must not write to descriptors at the whim of its caller. */
static const char *env(const char *name)
{
	return secure_getenv(name);
}

static bool debug_is_on(void)
{
	const char *value = env(SMC_ENV_DEBUG);

	return value && *value && *value != '0';
}

__attribute__((format(printf, 1, 2)))
static void debug(const char *fmt, ...)
{
	char line[200];
	va_list ap;
	int len;

	if (!debug_is_on())
		return;
	len = snprintf(line, sizeof(line), "libsmc-preload: ");
	va_start(ap, fmt);
	len += vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 1)
		len = sizeof(line) - 1;
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/*
 * The next definition in load order, not the one in libc: other wrappers may
 * follow.  Two threads may look it up at once; both find the same.
 */
static int next_socket(int domain, int type, int protocol)
{
	static smc_socket_fn *cached;
	smc_socket_fn *fn = __atomic_load_n(&cached, __ATOMIC_ACQUIRE);

	if (!fn) {
		fn = (smc_socket_fn *)dlsym(RTLD_NEXT, "socket");
		__atomic_store_n(&cached, fn, __ATOMIC_RELEASE);
	}
	if (!fn)
		return syscall(SYS_socket, domain, type, protocol);
	return fn(domain, type, protocol);
}

static bool is_tcp(int domain, int type, int protocol)
{
	return (domain == AF_INET || domain == AF_INET6) &&
	       (type & 0xf) == SOCK_STREAM &&
	       (protocol == 0 || protocol == IPPROTO_TCP);
}

static time_t now(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec + 1;
}

static bool is_recent(time_t at)
{
	return at && now() - at < RETRY_SECONDS;
}

static int convert(int domain, int type)
{
	enum smc_family family = SMC_FAMILY_SMC;
	const char *how;
	int fd;

	/* An unknown word is as good as none here: smc_run has checked it. */
	smc_parse_family(env(SMC_ENV_FAMILY), &family);
	fd = smc_socket(family, domain, type, next_socket, &how);
	if (fd >= 0)
		debug("socket %d: AF_INET%s converted to %s\n", fd,
		      domain == AF_INET6 ? "6" : "", how);
	return fd;
}

static void set_buffer(int fd, int option, const char *name)
{
	const char *text = env(name);
	long size;
	int value;

	if (!text || !*text)
		return;
	size = smc_parse_size(text);
	value = (int)size;
	if (size < 0)
		debug("socket %d: %s=%s is no size, ignored\n", fd, name, text);
	else if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) < 0)
		debug("socket %d: setting %s failed: %s\n", fd, name, strerror(errno));
}

/**
 * socket() - replacement of the libc function
 * @domain: AF_INET and AF_INET6 may be converted
 * @type: SOCK_STREAM may be converted, flags are kept
 * @protocol: 0 and IPPROTO_TCP may be converted
 *
 * Return: as socket(2).
 */
__attribute__((visibility("default")))
int socket(int domain, int type, int protocol)
{
	time_t *refused = &refused_at[domain == AF_INET6];
	int saved_errno = errno;
	time_t last;
	int fd;

	if (!is_tcp(domain, type, protocol))
		return next_socket(domain, type, protocol);
	last = __atomic_load_n(refused, __ATOMIC_RELAXED);
	if (is_recent(last))
		return next_socket(domain, type, protocol);

	fd = convert(domain, type);
	if (fd < 0) {
		if (!smc_errno_is_missing(errno))
			return fd;
		if (!last)
			debug("SMC is not available (%s), using TCP\n", strerror(errno));
		__atomic_store_n(refused, now(), __ATOMIC_RELAXED);
		errno = saved_errno;
		return next_socket(domain, type, protocol);
	}
	__atomic_store_n(refused, 0, __ATOMIC_RELAXED);
	set_buffer(fd, SO_SNDBUF, SMC_ENV_SNDBUF);
	set_buffer(fd, SO_RCVBUF, SMC_ENV_RCVBUF);
	errno = saved_errno;
	return fd;
}
