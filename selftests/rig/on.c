// SPDX-License-Identifier: GPL-2.0
/*
 * Run a shell script in a guest of the test rig: the host side of agent.c.
 *
 *   rig-on DIR SECONDS SCRIPT
 *
 * DIR holds one unix socket per port, port0 and up. Output and exit status
 * are the script's own; 124 when it took too long, 125 when the guest does
 * not answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto.h"

/* How long a living guest may take to notice that a command is over. */
#define GRACE_MS	15000

static long long deadline;

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void no_answer(const char *why)
{
	fprintf(stderr, "rig-on: %s\n", why);
	exit(125);
}

/* A port belongs to whoever holds the lock of its file, until exit. */
static int connect_port(const char *dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	for (;;) {
		for (int i = 0; i < RIG_PORTS; i++) {
			int lock, fd;

			snprintf(addr.sun_path, sizeof(addr.sun_path),
				 "%s/port%d.lock", dir, i);
			lock = open(addr.sun_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
			if (lock < 0)
				no_answer("no such guest");
			if (flock(lock, LOCK_EX | LOCK_NB)) {
				close(lock);
				continue;
			}
			snprintf(addr.sun_path, sizeof(addr.sun_path),
				 "%s/port%d", dir, i);
			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
			if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
				no_answer("guest is gone");
			return fd;
		}
		if (now_ms() >= deadline)
			no_answer("all ports busy");
		usleep(20000);
	}
}

static void receive(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		long long left = deadline - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&pfd, 1, left) == 0)
			no_answer("no answer from the guest");
		n = read(fd, p, len);
		if (n == 0 || (n < 0 && errno != EINTR))
			no_answer("guest went away");
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static void put(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		/* Output nobody reads: the guest command still counts. */
		if (n <= 0)
			return;
		buf += n;
		len -= n;
	}
}

/* Skip remains of an earlier exchange, up to the start frame of ours. */
static void await_start(int fd, uint64_t token)
{
	struct rig_start start;
	char c;
	size_t at = 0;

	for (;;) {
		receive(fd, &c, 1);
		if (c != RIG_MAGIC[at]) {
			at = c == RIG_MAGIC[0];
			continue;
		}
		if (++at < RIG_MAGIC_LEN)
			continue;
		at = 0;
		receive(fd, &start.token, sizeof(start.token));
		if (start.token == token)
			return;
	}
}

int main(int argc, char **argv)
{
	struct rig_request req = { 0 };
	struct rig_frame frame;
	char buf[RIG_DATA_MAX];
	int32_t status;
	size_t len;
	int fd;

	if (argc != 4 || atof(argv[2]) <= 0) {
		fprintf(stderr, "usage: rig-on DIR SECONDS SCRIPT\n");
		return 125;
	}
	len = strlen(argv[3]);
	if (len > RIG_SCRIPT_MAX)
		no_answer("script too long");
	memcpy(req.magic, RIG_MAGIC, RIG_MAGIC_LEN);
	if (getrandom(&req.token, sizeof(req.token), 0) < 0)
		no_answer("no random numbers");
	req.timeout_ms = atof(argv[2]) * 1000;
	req.script_len = len;
	deadline = now_ms() + req.timeout_ms + GRACE_MS;

	fd = connect_port(argv[1]);
	if (send(fd, &req, sizeof(req), MSG_NOSIGNAL) != sizeof(req))
		no_answer("guest is gone");
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, argv[3] + at, len - at, MSG_NOSIGNAL);

		if (n <= 0)
			no_answer("guest is gone");
		at += n;
	}
	await_start(fd, req.token);
	for (;;) {
		receive(fd, &frame, sizeof(frame));
		if (frame.len > sizeof(buf))
			no_answer("bad frame");
		receive(fd, buf, frame.len);
		switch (frame.type) {
		case RIG_STDOUT:
			put(STDOUT_FILENO, buf, frame.len);
			break;
		case RIG_STDERR:
			put(STDERR_FILENO, buf, frame.len);
			break;
		case RIG_EXIT:
			memcpy(&status, buf, sizeof(status));
			if (status == RIG_TIMED_OUT)
				fprintf(stderr, "rig-on: timed out after %s s\n",
					argv[2]);
			return status;
		}
	}
}
