// SPDX-License-Identifier: GPL-2.0
/*
 * socktest - make sockets and tell what they are
 *
 * Arguments are DOMAIN,TYPE,PROTOCOL as numbers, or sleep=SECONDS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		int domain, type, protocol, seconds;
		int fd;

		if (sscanf(argv[i], "sleep=%d", &seconds) == 1) {
			sleep(seconds);
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
