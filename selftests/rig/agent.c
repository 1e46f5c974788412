// SPDX-License-Identifier: GPL-2.0
/*
 * Guest agent of the test rig, and process 1 of the guest once /init has run.
 * One worker process per virtio-serial port runs shell commands for the host,
 * so the network under test carries nothing but the test. Process 1 itself
 * reaps orphans and replaces workers.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto.h"

static char ports[RIG_PORTS][300];
static pid_t workers[RIG_PORTS];

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Data and the news of a host connecting travel in different queues: a port
 * may look hung up for a moment while its first bytes are there already. So
 * the host is gone only when it has been gone for a while.
 */
static int host_gone(int fd)
{
	struct pollfd pfd = { .fd = fd };

	for (int i = 0; i < 50; i++) {
		poll(&pfd, 1, 0);
		if (!(pfd.revents & POLLHUP))
			return 0;
		usleep(10000);
	}
	return 1;
}

/* The host may be gone: then there is nobody left to tell. */
static int send_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, p, len);

		if (n > 0) {
			p += n;
			len -= n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		poll(&pfd, 1, 1000);
		if ((pfd.revents & POLLHUP) && host_gone(fd))
			return -1;
	}
	return 0;
}

static int send_frame(int fd, uint32_t type, const void *data, uint32_t len)
{
	char buf[sizeof(struct rig_frame) + RIG_DATA_MAX];
	struct rig_frame frame = { .type = type, .len = len };

	memcpy(buf, &frame, sizeof(frame));
	memcpy(buf + sizeof(frame), data, len);
	return send_all(fd, buf, sizeof(frame) + len);
}

/* Read exactly len bytes; -1 when the host closed its end. */
static int receive(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n > 0) {
			p += n;
			len -= n;
		} else if (n == 0) {
			if (host_gone(fd))
				return -1;
		} else if (errno == EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLIN };

			poll(&pfd, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int receive_magic(int fd)
{
	char c;
	int at = 0;

	while (at < RIG_MAGIC_LEN) {
		if (receive(fd, &c, 1))
			return -1;
		if (c == RIG_MAGIC[at])
			at++;
		else
			at = c == RIG_MAGIC[0];
	}
	return 0;
}

static pid_t spawn(const char *script, int *out, int *err)
{
	int po[2], pe[2];
	pid_t pid;

	if (pipe2(po, O_CLOEXEC))
		return -1;
	if (pipe2(pe, O_CLOEXEC)) {
		close(po[0]);
		close(po[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		setpgid(0, 0);
		signal(SIGPIPE, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(po[1], 1);
		dup2(pe[1], 2);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		setpgid(pid, pid);
	close(po[1]);
	close(pe[1]);
	*out = po[0];
	*err = pe[0];
	return pid;
}

/* Forward what the pipe holds; closes it at its end. */
static int forward(int port, uint32_t type, int *fd)
{
	char buf[RIG_DATA_MAX];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0)
		return send_frame(port, type, buf, n);
	if (n == 0) {
		close(*fd);
		*fd = -1;
	}
	return 0;
}

/* Without a host a port is readable as well, and is so for that moment. */
static int is_stopped(int port, short revents)
{
	if (revents & POLLHUP)
		return host_gone(port);
	return revents & POLLIN;
}

/*
 * The command is over when its shell is. A background process that still
 * holds the pipes does not keep it open, what was written before is not lost.
 */
static int run(int port, const char *script, long long deadline)
{
	int out, err, status, done = 0, timed_out = 0, broken = 0;
	pid_t pid = spawn(script, &out, &err);

	if (pid < 0)
		return 126;
	for (;;) {
		struct pollfd pfd[3] = {
			{ .fd = out, .events = POLLIN },
			{ .fd = err, .events = POLLIN },
			{ .fd = broken ? -1 : port, .events = POLLIN },
		};
		int left = deadline - now_ms();

		if (!done)
			done = waitpid(pid, &status, WNOHANG) == pid;
		/* Open pipes: wake often enough to notice the shell's end. */
		if (poll(pfd, 3, done ? 0 : left < 20 ? left > 0 ? left : 0 : 20) < 0)
			continue;
		if (pfd[0].revents && forward(port, RIG_STDOUT, &out))
			broken = 1;
		if (pfd[1].revents && forward(port, RIG_STDERR, &err))
			broken = 1;
		if (done && !pfd[0].revents && !pfd[1].revents)
			break;
		if (is_stopped(port, pfd[2].revents))
			broken = 1;
		if (!done && (broken || now_ms() >= deadline)) {
			timed_out = 1;
			kill(-pid, SIGKILL);
			/* A task stuck in the kernel outlives its SIGKILL. */
			for (int i = 0; i < 100; i++) {
				if (waitpid(pid, &status, WNOHANG) == pid)
					break;
				usleep(10000);
			}
			break;
		}
		/* Both pipes closed by a shell that goes on. */
		if (out < 0 && err < 0 && !done)
			usleep(5000);
	}
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	if (timed_out)
		return RIG_TIMED_OUT;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void serve(int fd)
{
	struct rig_request req;
	struct rig_start start;
	char *script;
	int32_t status;

	if (receive_magic(fd) ||
	    receive(fd, (char *)&req + RIG_MAGIC_LEN, sizeof(req) - RIG_MAGIC_LEN))
		return;
	if (req.script_len > RIG_SCRIPT_MAX)
		return;
	script = calloc(1, req.script_len + 1);
	if (!script || receive(fd, script, req.script_len))
		goto free;
	memcpy(start.magic, RIG_MAGIC, RIG_MAGIC_LEN);
	start.token = req.token;
	send_frame(fd, RIG_START, &start, sizeof(start));
	status = run(fd, script, now_ms() + req.timeout_ms);
	send_frame(fd, RIG_EXIT, &status, sizeof(status));
free:
	free(script);
}

static void worker(const char *path)
{
	struct timespec limit = { .tv_sec = 2 };
	sigset_t sigio;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&sigio);
	sigaddset(&sigio, SIGIO);
	sigprocmask(SIG_BLOCK, &sigio, NULL);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		_exit(1);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		poll(&pfd, 1, -1);
		/* Without a host, poll never blocks; SIGIO tells that one came. */
		if (pfd.revents & POLLHUP)
			sigtimedwait(&sigio, NULL, &limit);
		else if (pfd.revents & POLLIN)
			serve(fd);
	}
}

static int find_ports(void)
{
	char path[300], name[32];
	struct dirent *entry;
	int found = 0, idx;
	DIR *dir;

	dir = opendir("/sys/class/virtio-ports");
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%31s", name) == 1 &&
		    sscanf(name, RIG_PORT_NAME "%d", &idx) == 1 &&
		    idx >= 0 && idx < RIG_PORTS) {
			snprintf(ports[idx], sizeof(ports[idx]), "/dev/%s",
				 entry->d_name);
			found++;
		}
		fclose(f);
	}
	closedir(dir);
	return found;
}

int main(void)
{
	/* The names arrive by control messages after the driver is bound. */
	for (int tries = 0; find_ports() < RIG_PORTS; tries++) {
		if (tries == 500) {
			fprintf(stderr, "agent: no virtio-serial ports\n");
			return 1;
		}
		usleep(10000);
	}
	printf("agent: ready\n");
	fflush(stdout);
	for (;;) {
		pid_t pid;

		for (int i = 0; i < RIG_PORTS; i++) {
			if (workers[i])
				continue;
			workers[i] = fork();
			if (workers[i] == 0)
				worker(ports[i]);
		}
		pid = wait(NULL);
		for (int i = 0; i < RIG_PORTS; i++)
			if (workers[i] == pid)
				workers[i] = 0;
	}
}
