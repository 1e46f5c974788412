// SPDX-License-Identifier: GPL-2.0
/*
 * socks - sockets in the states that a script asks for
 *
 *   socks STEP[,STEP...] ...
 *
 * Each argument makes a socket and takes it through its steps:
 *
 *   smc, smc6, inet, inet6, tcp       what it is; first; inet is IPPROTO_SMC
 *   *N                                N of them, alike; second
 *   bind=PORT, listen=PORT            to any address
 *   connect=ADDRESS:PORT              IPv6, or IPv4, as an IPv4-mapped one for smc6, inet6
 *   fail=ADDRESS:PORT                 connect, which has to fail
 *   reuseport                         set SO_REUSEPORT
 *   backlog=N                         of a listener
 *   defer=SECONDS                     set TCP_DEFER_ACCEPT
 *   accept                            go on with an accepted one
 *   fastopen                          set TCP_FASTOPEN
 *   nodelay, cork, uncork             set or clear the TCP option
 *   sndbuf=N, rcvbuf=N, dev=NAME      set SO_SNDBUF, SO_RCVBUF, SO_BINDTODEVICE
 *   send=N, recv=N                    bytes, all of them, up to 1 MiB at a time
 *   splice=N                          up to so many, by one call
 *   unread=N                          until so many are there
 *   oob, recvoob                      send or receive one, MSG_OOB
 *   shut=r, shut=w, shut=rw
 *   wait                              until the peer ends its stream
 *   close
 *
 * An argument uid=N changes the user for those behind it. Prints a line "N inode I
 * cookie C" (SO_COOKIE) for each argument, of its last socket, and "ready", and then
 * keeps what is open until it gets SIGTERM. A step that fails ends it with status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "endpoint.h"

struct sock {
	int fd;
	bool is_ip6;
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

__attribute__((noreturn))
static void fail(const char *what)
{
	fprintf(stderr, "socks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sock make(const char *what)
{
	static const struct kind {
		const char *name;
		int domain, protocol;
		bool is_ip6;
	} kinds[] = {
		{ "smc", AF_SMC, 0, false },
		{ "smc6", AF_SMC, 1, true },
		{ "inet", AF_INET, IPPROTO_SMC, false },
		{ "inet6", AF_INET6, IPPROTO_SMC, true },
		{ "tcp", AF_INET, 0, false },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(what, kinds[i].name))
			return (struct sock){
				.fd = socket(kinds[i].domain, SOCK_STREAM, kinds[i].protocol),
				.is_ip6 = kinds[i].is_ip6,
			};
	errno = EINVAL;
	fail(what);
}

static void set_address(struct sock *s, const char *host, int port)
{
	struct sockaddr_in *ip4 = (void *)&s->addr;
	struct sockaddr_in6 *ip6 = (void *)&s->addr;
	char mapped[64];
	int ok = 1;

	memset(&s->addr, 0, sizeof(s->addr));
	if (s->is_ip6) {
		ip6->sin6_family = AF_INET6;
		ip6->sin6_port = htons(port);
		snprintf(mapped, sizeof(mapped), "%s%s",
			 host && strchr(host, ':') ? "" : "::ffff:", host ?: "");
		if (host)
			ok = inet_pton(AF_INET6, mapped, &ip6->sin6_addr);
		s->addr_len = sizeof(*ip6);
	} else {
		ip4->sin_family = AF_INET;
		ip4->sin_port = htons(port);
		if (host)
			ok = inet_pton(AF_INET, host, &ip4->sin_addr);
		s->addr_len = sizeof(*ip4);
	}
	if (ok != 1) {
		errno = EINVAL;
		fail(host);
	}
}

static int bind_to(struct sock *s, int port)
{
	int on = 1;

	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	set_address(s, NULL, port);
	return bind(s->fd, (void *)&s->addr, s->addr_len);
}

static int connect_to(struct sock *s, char *where)
{
	char *colon = strrchr(where, ':');

	if (!colon) {
		errno = EINVAL;
		return -1;
	}
	*colon = 0;
	set_address(s, where, atoi(colon + 1));
	return connect(s->fd, (void *)&s->addr, s->addr_len);
}

static int transfer(int fd, long left, bool is_send)
{
	static char buf[1 << 20];
	ssize_t n;

	while (left > 0) {
		size_t part = left < (long)sizeof(buf) ? (size_t)left : sizeof(buf);

		n = is_send ? send(fd, buf, part, 0) : recv(fd, buf, part, 0);
		if (n <= 0)
			return -1;
		left -= n;
	}
	return 0;
}

/* How much there is says no event. */
static int wait_unread(int fd, int wanted)
{
	int unread = 0;

	while (!ioctl(fd, FIONREAD, &unread) && unread < wanted)
		usleep(5000);
	return unread < wanted ? -1 : 0;
}

static int splice_out(int fd, size_t len)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends))
		return -1;
	n = splice(fd, NULL, ends[1], NULL, len, 0);
	close(ends[0]);
	close(ends[1]);
	return n > 0 ? 0 : -1;
}

static int recv_urgent(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };
	char byte;

	return poll(&pfd, 1, -1) == 1 && recv(fd, &byte, 1, MSG_OOB) == 1 ? 0 : -1;
}

static int wait_eof(int fd)
{
	char buf[4096];
	ssize_t n;

	do
		n = recv(fd, buf, sizeof(buf), 0);
	while (n > 0);
	return n;
}

static int set_socket(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

static int set_tcp(int fd, int option, int value)
{
	return setsockopt(fd, SOL_TCP, option, &value, sizeof(value));
}

static int take(struct sock *s, const char *step, char *value)
{
	if (!strcmp(step, "bind"))
		return bind_to(s, atoi(value));
	if (!strcmp(step, "listen"))
		return bind_to(s, atoi(value)) ?: listen(s->fd, 128);
	if (!strcmp(step, "reuseport"))
		return set_socket(s->fd, SO_REUSEPORT, 1);
	if (!strcmp(step, "backlog"))
		return listen(s->fd, atoi(value));
	if (!strcmp(step, "connect"))
		return connect_to(s, value);
	if (!strcmp(step, "fail"))
		return connect_to(s, value) ? 0 : -1;
	if (!strcmp(step, "accept")) {
		s->fd = accept(s->fd, NULL, NULL);
		return s->fd < 0 ? -1 : 0;
	}
	if (!strcmp(step, "defer"))
		return set_tcp(s->fd, TCP_DEFER_ACCEPT, atoi(value));
	if (!strcmp(step, "fastopen"))
		return set_tcp(s->fd, TCP_FASTOPEN, 5);
	if (!strcmp(step, "nodelay"))
		return set_tcp(s->fd, TCP_NODELAY, 1);
	if (!strcmp(step, "cork"))
		return set_tcp(s->fd, TCP_CORK, 1);
	if (!strcmp(step, "uncork"))
		return set_tcp(s->fd, TCP_CORK, 0);
	if (!strcmp(step, "sndbuf"))
		return set_socket(s->fd, SO_SNDBUF, atoi(value));
	if (!strcmp(step, "rcvbuf"))
		return set_socket(s->fd, SO_RCVBUF, atoi(value));
	if (!strcmp(step, "dev"))
		return setsockopt(s->fd, SOL_SOCKET, SO_BINDTODEVICE, value, strlen(value));
	if (!strcmp(step, "send"))
		return transfer(s->fd, atol(value), true);
	if (!strcmp(step, "recv"))
		return transfer(s->fd, atol(value), false);
	if (!strcmp(step, "splice"))
		return splice_out(s->fd, atol(value));
	if (!strcmp(step, "unread"))
		return wait_unread(s->fd, atoi(value));
	if (!strcmp(step, "oob"))
		return send(s->fd, "!", 1, MSG_OOB) == 1 ? 0 : -1;
	if (!strcmp(step, "recvoob"))
		return recv_urgent(s->fd);
	if (!strcmp(step, "shut"))
		return shutdown(s->fd, value[1] ? SHUT_RDWR : value[0] == 'r' ?
				SHUT_RD : SHUT_WR);
	if (!strcmp(step, "wait"))
		return wait_eof(s->fd);
	if (!strcmp(step, "close"))
		return close(s->fd);
	errno = EINVAL;
	return -1;
}

static struct sock run(const char *text, int *count)
{
	char *steps = strdup(text), *step, *value, *save;
	struct sock s;

	step = strtok_r(steps, ",", &save);
	s = make(step ?: "");
	if (s.fd < 0)
		fail(step);
	while ((step = strtok_r(NULL, ",", &save))) {
		if (*step == '*') {
			*count = atoi(step + 1);
			continue;
		}
		value = strchr(step, '=');
		if (value)
			*value++ = 0;
		if (take(&s, step, value ?: (char[]){ "" }))
			fail(step);
	}
	free(steps);
	return s;
}

/* Zeros of one that is closed. */
static void print_names(int number, int fd)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;
	struct stat st;

	if (fstat(fd, &st))
		st.st_ino = 0;
	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	printf("%d inode %lu cookie %" PRIu64 "\n", number, (unsigned long)st.st_ino, cookie);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 65536, 65536 };

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 1; i < argc; i++) {
		int count = 1;
		struct sock s;

		if (!strncmp(argv[i], "uid=", 4)) {
			if (setuid(atoi(argv[i] + 4)))
				fail(argv[i]);
			continue;
		}
		s = run(argv[i], &count);
		while (--count > 0)
			s = run(argv[i], &(int){ 0 });
		print_names(i, s.fd);
	}
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}
