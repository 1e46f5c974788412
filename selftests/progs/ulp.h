/* SPDX-License-Identifier: GPL-2.0 */
/* setsockopt(TCP_ULP, "smc"), for ulp.c and ulpstorm.c. */
#ifndef ULP_H
#define ULP_H

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#define IPPROTO_SMC_NUM 256

/* 0 or the error number */
static inline int set_ulp(int fd, const char *name)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, (socklen_t)strlen(name)) ? errno : 0;
}

static inline int int_option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, name, &value, &len);
	return value;
}

static inline int protocol_of(int fd)
{
	return int_option(fd, SOL_SOCKET, SO_PROTOCOL);
}

__attribute__((noreturn))
static inline void fail(const char *what)
{
	perror(what);
	exit(1);
}

static inline int need(int ret, const char *what)
{
	if (ret < 0)
		fail(what);
	return ret;
}

#endif
