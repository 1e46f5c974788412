// SPDX-License-Identifier: GPL-2.0
/*
 * socktest - make sockets and tell what they are
 *
 * Arguments are DOMAIN,TYPE,PROTOCOL as numbers, or sleep=SECONDS, or limit_hs=N
 * for the option of that name, or netns for the number of the network namespace.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		int domain, type, protocol, seconds, value;
		int fd;

		if (sscanf(argv[i], "sleep=%d", &seconds) == 1) {
			sleep(seconds);
			continue;
		}
		if (sscanf(argv[i], "limit_hs=%d", &value) == 1) {
			limit_hs(value);
			continue;
		}
		if (!strcmp(argv[i], "netns")) {
			print_netns();
			continue;
		}
		if (sscanf(argv[i], "%d,%d,%d", &domain, &type, &protocol) != 3)
			return 2;
		/* A value no call gives: it must survive a success. */
		errno = 4000;
		fd = socket(domain, type, protocol);
		if (fd < 0) {
			printf("%s: errno=%d\n", argv[i], errno);
			continue;
		}
		printf("%s: errno=%d domain=%d protocol=%d nonblock=%d cloexec=%d sndbuf=%d rcvbuf=%d\n",
		       argv[i], errno, option(fd, SO_DOMAIN), option(fd, SO_PROTOCOL),
		       !!(fcntl(fd, F_GETFL) & O_NONBLOCK), !!(fcntl(fd, F_GETFD) & FD_CLOEXEC),
		       option(fd, SO_SNDBUF), option(fd, SO_RCVBUF));
		close(fd);
	}
	return 0;
}
