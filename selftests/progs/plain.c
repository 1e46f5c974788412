// SPDX-License-Identifier: GPL-2.0
/*
 * plain - a server and a client that know TCP only, and no libc that could be
 * preloaded
 *
 * Built twice: with musl, statically; and as plain-raw, which calls the kernel
 * itself as programs in Go do.  "storm" makes sockets from several threads and
 * processes while signals come and processes are killed, and tells what is left
 * of them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 16384
#define MAX_THREADS 16

static struct sockaddr_storage address;
static socklen_t address_len;
static long bytes;
static int storm_calls;

static int open_socket(int flags)
{
#ifdef RAW
	return (int)syscall(SYS_socket, (long)address.ss_family, (long)(SOCK_STREAM | flags), 0L);
#else
	return socket(address.ss_family, SOCK_STREAM | flags, 0);
#endif
}

__attribute__((noreturn))
static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

static void describe(int fd)
{
	printf("domain=%d protocol=%d nonblock=%d cloexec=%d sndbuf=%d\n", option(fd, SO_DOMAIN),
	       option(fd, SO_PROTOCOL), !!(fcntl(fd, F_GETFL) & O_NONBLOCK),
	       !!(fcntl(fd, F_GETFD) & FD_CLOEXEC), option(fd, SO_SNDBUF));
	fflush(stdout);
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			fail("write");
		data += n;
		len -= (size_t)n;
	}
}

static void *echo(void *arg)
{
	int fd = (int)(long)arg;
	char data[CHUNK];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		write_all(fd, data, (size_t)n);
	close(fd);
	return NULL;
}

static int serve(void)
{
	int lfd = open_socket(SOCK_CLOEXEC);

	if (lfd < 0)
		fail("socket");
	setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(lfd, (struct sockaddr *)&address, address_len) < 0 || listen(lfd, 64) < 0)
		fail("listen");
	for (;;) {
		int fd = accept(lfd, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			fail("accept");
		if (pthread_create(&thread, NULL, echo, (void *)(long)fd))
			fail("thread");
		pthread_detach(thread);
	}
}

/* One chunk there and back at a time; each byte has to be what was sent. */
static void *talk(void *arg)
{
	int fd = open_socket(0);
	char out[CHUNK], in[CHUNK];
	long left, i;

	if (fd < 0)
		fail("socket");
	if (connect(fd, (struct sockaddr *)&address, address_len) < 0)
		fail("connect");
	for (left = bytes; left > 0; left -= CHUNK) {
		long got = 0;

		for (i = 0; i < CHUNK; i++)
			out[i] = (char)(left / CHUNK * 31 + i * 7 + (long)arg);
		write_all(fd, out, CHUNK);
		while (got < CHUNK) {
			ssize_t n = read(fd, in + got, (size_t)(CHUNK - got));

			if (n <= 0)
				fail("read");
			got += n;
		}
		if (memcmp(in, out, CHUNK)) {
			fprintf(stderr, "wrong data\n");
			exit(1);
		}
	}
	describe(fd);
	close(fd);
	return NULL;
}

static void in_threads(void *(*run)(void *), int count)
{
	pthread_t threads[MAX_THREADS];
	int i;

	for (i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)(long)i))
			fail("thread");
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* As many connections by threads, then by a child. */
static int connect_all(int count)
{
	int status;
	pid_t pid;

	in_threads(talk, count);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		in_threads(talk, count);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		return 1;
	/* That was the only child. */
	return waitpid(-1, &status, 0) != -1 || errno != ECHILD;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void *make_sockets(void *arg)
{
	long *failed = arg;
	int i;

	for (i = 0; i < storm_calls; i++) {
		int fd = open_socket(i % 2 ? SOCK_CLOEXEC : SOCK_NONBLOCK);

		if (fd >= 0)
			close(fd);
		else if (errno != EINTR)
			__atomic_add_fetch(failed, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		fail("/proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void kill_some(int count)
{
	int i;

	for (i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;)
				close(open_socket(0));
		}
		usleep(500 + (i * 37) % 1500);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static int storm(int count)
{
	/* Handlers without SA_RESTART: a call that is disturbed returns. */
	struct sigaction sa = { .sa_handler = on_signal };
	struct itimerval often = { { 0, 700 }, { 0, 700 } };
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	int before = open_descriptors();
	pthread_t threads[4];
	long failed = 0;
	int i;

	storm_calls = count;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, make_sockets, &failed))
			fail("thread");
	for (i = 0; i < 4; i++)
		while (pthread_join(threads[i], NULL) == EINTR)
			;
	setitimer(ITIMER_REAL, &never, NULL);
	kill_some(count / 10);
	printf("failed=%ld left=%d\n", failed, open_descriptors() - before);
	describe(open_socket(SOCK_CLOEXEC));
	return 0;
}

static void set_address(const char *host, int port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		address_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		address_len = sizeof(*v6);
	} else {
		fprintf(stderr, "no address: %s\n", host);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 4 && !strcmp(what, "server")) {
		set_address(argv[2], atoi(argv[3]));
		return serve();
	}
	if (argc == 6 && !strcmp(what, "client") && atoi(argv[4]) <= MAX_THREADS) {
		set_address(argv[2], atoi(argv[3]));
		bytes = atol(argv[5]);
		return connect_all(atoi(argv[4]));
	}
	if (argc == 4 && !strcmp(what, "storm")) {
		set_address(argv[2], 1);
		return storm(atoi(argv[3]));
	}
	/* as the interpreter of a script it gets the paths of that */
	if (argc >= 3 && !strcmp(what, "socket")) {
		set_address(argv[2][0] == '/' ? "127.0.0.1" : argv[2], 1);
		describe(open_socket(SOCK_CLOEXEC | SOCK_NONBLOCK));
		return 0;
	}
	fprintf(stderr,
		"Usage: plain server ADDRESS PORT\n"
		"       plain client ADDRESS PORT CONNECTIONS BYTES\n"
		"       plain storm ADDRESS COUNT\n"
		"       plain socket ADDRESS\n");
	return 2;
}
