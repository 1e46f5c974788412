// SPDX-License-Identifier: GPL-2.0
/*
 * socktest - make sockets and tell what they are
 *
 * Arguments are DOMAIN,TYPE,PROTOCOL as numbers, or sleep=SECONDS, or limit_hs=N
 * for the option of that name, or netns for the number of the network namespace.
 * comm=NAME renames the process; behind thread=NAME, a thread of this name goes on.
 * ring=DOMAIN,TYPE,PROTOCOL asks io_uring for the socket; nodump keeps others from
 * looking into the process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

static void print_netns(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len);
	printf("%llu\n", (unsigned long long)cookie);
	close(fd);
}

static void limit_hs(int value)
{
	int fd = socket(43, SOCK_STREAM, 0);
	int before = -1, after = -1;
	socklen_t len = sizeof(before);

	getsockopt(fd, 286, 1, &before, &len);
	if (setsockopt(fd, 286, 1, &value, sizeof(value)) < 0)
		printf("limit_hs: errno=%d\n", errno);
	len = sizeof(after);
	getsockopt(fd, 286, 1, &after, &len);
	printf("limit_hs: before=%d after=%d len=%u", before, after, len);
	printf(" short=%d", setsockopt(fd, 286, 1, &value, 3) ? errno : 0);
	printf(" unknown=%d", setsockopt(fd, 286, 2, &value, sizeof(value)) ? errno : 0);
	printf(" unknown=%d\n", getsockopt(fd, 286, 2, &value, &len) ? errno : 0);
	close(fd);
}

/* IORING_OP_SOCKET. Returns the descriptor, or sets errno. */
static int ring_socket(int domain, int type, int protocol)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int fd;

	if (!ring_open(&ring))
		return -1;
	sqe = ring_request(&ring);
	sqe->opcode = IORING_OP_SOCKET;
	sqe->fd = domain;
	sqe->off = (unsigned int)type;
	sqe->len = (unsigned int)protocol;
	fd = ring_call(&ring);
	close(ring.fd);
	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

static void make_socket(const char *text, int domain, int type, int protocol)
{
	int fd;

	/* A value no call gives: it must survive a success. */
	errno = 4000;
	fd = *text == 'r' ? ring_socket(domain, type, protocol) : socket(domain, type, protocol);
	if (fd < 0) {
		printf("%s: errno=%d\n", text, errno);
		return;
	}
	printf("%s: errno=%d domain=%d protocol=%d nonblock=%d cloexec=%d sndbuf=%d rcvbuf=%d\n",
	       text, errno, option(fd, SO_DOMAIN), option(fd, SO_PROTOCOL),
	       !!(fcntl(fd, F_GETFL) & O_NONBLOCK), !!(fcntl(fd, F_GETFD) & FD_CLOEXEC),
	       option(fd, SO_SNDBUF), option(fd, SO_RCVBUF));
	close(fd);
}

static void *run_thread(void *args);

/* The first argument is its name, the others are for it. */
static int go_on_in_thread(char **args)
{
	void *has_failed = NULL;
	pthread_t thread;

	return pthread_create(&thread, NULL, run_thread, args) ||
	       pthread_join(thread, &has_failed) || has_failed;
}

/* Returns 2 if an argument is not known. */
static int run(char **args)
{
	int domain, type, protocol, value;

	for (; *args; args++) {
		if (sscanf(*args, "sleep=%d", &value) == 1)
			sleep(value);
		else if (sscanf(*args, "limit_hs=%d", &value) == 1)
			limit_hs(value);
		else if (!strcmp(*args, "netns"))
			print_netns();
		else if (!strncmp(*args, "comm=", 5))
			prctl(PR_SET_NAME, *args + 5);
		else if (!strncmp(*args, "thread=", 7))
			return go_on_in_thread(args);
		else if (!strcmp(*args, "nodump"))
			prctl(PR_SET_DUMPABLE, 0);
		else if (sscanf(*args, "%d,%d,%d", &domain, &type, &protocol) == 3 ||
			 sscanf(*args, "ring=%d,%d,%d", &domain, &type, &protocol) == 3)
			make_socket(*args, domain, type, protocol);
		else
			return 2;
	}
	return 0;
}

static void *run_thread(void *args)
{
	char **list = args;

	prctl(PR_SET_NAME, *list + 7);
	return run(list + 1) ? list : NULL;
}

int main(int argc, char **argv)
{
	return argc ? run(argv + 1) : 2;
}
