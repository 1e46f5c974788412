// SPDX-License-Identifier: GPL-2.0
/*
 * obey - SMC sockets that do what their peer says
 *
 * Each connection prints one line when it is over:
 *
 *	sees NUMBER RESULT	by the peer's number, or - if it gave none
 *	sees tcp RESULT		it fell back
 *	sees nobody ERRNO	it could not be made
 *
 * RESULT is "eof", the errno of the call that failed, or "silence" if nothing
 * happened for too long. See obey.h for what can be said.
 */
#define _GNU_SOURCE
#include "obey.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "endpoint.h"

#define DEFAULT_PATIENCE	20
#define STACK_SIZE	(128 * 1024)

struct options {
	struct endpoint ep;
	struct address addr;
	int patience;
	long count;
	long jobs;
	pthread_mutex_t lock;
};

struct conn {
	struct options *opt;
	int fd;
};

/* 0 at the end; what was read otherwise, or -1 */
static ssize_t read_some(int fd, uint8_t *buf, size_t len)
{
	ssize_t n;

	do
		n = recv(fd, buf, len, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Return: 0 or an errno. */
static int read_all(int fd, bool echoes)
{
	uint8_t buf[8192];
	ssize_t n;

	while ((n = read_some(fd, buf, sizeof(buf))) > 0)
		if (echoes && write_full(fd, buf, n))
			return errno;
	return n < 0 ? errno : 0;
}

static void make_up(uint8_t *buf, size_t len, uint64_t at)
{
	while (len--)
		*buf++ = obey_byte(at++);
}

static int write_units(int fd, int units)
{
	uint8_t buf[OBEY_UNIT];
	int i;

	for (i = 0; i < units; i++) {
		make_up(buf, sizeof(buf), (uint64_t)i * sizeof(buf));
		if (write_full(fd, buf, sizeof(buf)))
			return errno;
	}
	return 0;
}

static int write_much(int fd, int units)
{
	int err = write_units(fd, units);

	if (err)
		return err;
	shutdown(fd, SHUT_WR);
	return read_all(fd, false);
}

static int write_urgent(int fd, int units)
{
	int err = write_units(fd, units);
	uint8_t buf[1 + OBEY_BEHIND];

	if (err)
		return err;
	make_up(buf, sizeof(buf), (uint64_t)units * OBEY_UNIT);
	if (send(fd, buf, 1, MSG_OOB) != 1 || write_full(fd, buf + 1, OBEY_BEHIND))
		return errno;
	return read_all(fd, false);
}

/* with both directions shut there is a hang-up before the error */
static bool wait_for_error(int fd)
{
	const long long end_us = now_us() + time_limit(DEFAULT_PATIENCE) * 1000000LL;
	struct pollfd pfd = { .fd = fd };

	while (poll(&pfd, 1, 10) >= 0 && !(pfd.revents & POLLERR)) {
		if (now_us() > end_us)
			return false;
		if (pfd.revents)
			sleep_ms(10);
	}
	return true;
}

/* the peer ends, and then breaks off */
static int stay(int fd, bool shuts)
{
	int err = read_all(fd, false);
	socklen_t len = sizeof(err);
	uint8_t byte = obey_byte(0);

	if (err)
		return err;
	if (shuts)
		shutdown(fd, SHUT_WR);
	else if (write_full(fd, &byte, 1))
		return errno;
	if (!wait_for_error(fd))
		return EAGAIN;
	/* what came behind the end does not take it back */
	if (read_some(fd, &byte, 1))
		return errno;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

/* dentries and the like, and idle rings */
static int drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, "2", 1) != 1 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int reset(int fd)
{
	struct linger off = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	return 0;
}

static int do_order(int fd, const uint8_t *head)
{
	switch (head[0]) {
	case 'e':
		return read_all(fd, true);
	case 's':
		return read_all(fd, false);
	case 'w':
		return write_much(fd, head[1]);
	case 'n':
		sleep_ms(head[1] * 100);
		return 0;
	case 'd':
		shutdown(fd, SHUT_WR);
		return read_all(fd, false);
	case 'r':
		return reset(fd);
	case 'u':
		return write_urgent(fd, head[1]);
	case 'k':
		return stay(fd, head[1]);
	case 'm':
		return drop_caches() ?: read_all(fd, false);
	}
	return 0;
}

static void tell(struct options *opt, const char *who, int err)
{
	const char *result = !err ? "eof" : err == EAGAIN ? "silence" : strerrorname_np(err);

	pthread_mutex_lock(&opt->lock);
	printf("sees %s %s\n", who, result);
	fflush(stdout);
	pthread_mutex_unlock(&opt->lock);
}

static void serve(struct options *opt, int fd)
{
	struct timeval patience = { .tv_sec = opt->patience };
	uint8_t head[OBEY_HEAD];
	bool is_smc = socket_is_smc(fd);
	char who[16] = "-";
	int err = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (read_full(fd, head, sizeof(head))) {
		err = errno == ENODATA ? 0 : errno;
	} else {
		snprintf(who, sizeof(who), "%d", head[2] << 8 | head[3]);
		err = do_order(fd, head);
	}
	close(fd);
	tell(opt, is_smc ? who : "tcp", err);
}

static void *serve_one(void *arg)
{
	struct conn *conn = arg;

	serve(conn->opt, conn->fd);
	free(conn);
	return NULL;
}

static int run_server(struct options *opt, int port, const pthread_attr_t *attr)
{
	int lfd = endpoint_listen(&opt->ep, port, 512);

	if (lfd < 0)
		die("cannot listen on port %d", port);
	printf("ready on port %d\n", port);
	fflush(stdout);
	for (;;) {
		struct conn *conn = malloc(sizeof(*conn));
		pthread_t thread;

		if (!conn)
			die("no memory");
		conn->opt = opt;
		conn->fd = accept(lfd, NULL, NULL);
		/* one that ended in the backlog is no failure of ours */
		if (conn->fd < 0) {
			free(conn);
			continue;
		}
		if (pthread_create(&thread, attr, serve_one, conn))
			die("no thread");
		pthread_detach(thread);
	}
}

static void *connect_some(void *arg)
{
	struct options *opt = arg;

	for (;;) {
		bool is_due;
		int fd;

		pthread_mutex_lock(&opt->lock);
		is_due = opt->count-- > 0;
		pthread_mutex_unlock(&opt->lock);
		if (!is_due)
			return NULL;
		fd = endpoint_connect(&opt->ep, &opt->addr);
		if (fd < 0)
			tell(opt, "nobody", errno);
		else
			serve(opt, fd);
	}
}

static int run_client(struct options *opt, const pthread_attr_t *attr)
{
	pthread_t *threads = calloc(opt->jobs, sizeof(*threads));
	long i;

	if (!threads)
		die("no memory");
	for (i = 0; i < opt->jobs; i++)
		if (pthread_create(&threads[i], attr, connect_some, opt))
			die("no thread");
	for (i = 0; i < opt->jobs; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return 0;
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: obey server [-m tcp|smc|inet] [-T SECONDS] PORT\n"
		"       obey client [-m tcp|smc|inet] [-T SECONDS] -n COUNT [-j COUNT] HOST PORT\n"
		"\n"
		"  -m  kind of socket; default smc\n"
		"  -T  patience with a connection that does nothing; default %d\n"
		"  -n  connections to make\n"
		"  -j  of these at a time; default all\n"
		"\n"
		"Each connection does what the peer's first bytes say, see obey.h.\n",
		DEFAULT_PATIENCE);
	exit(status);
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	int c;

	optind = 2;
	while ((c = getopt(argc, argv, "m:T:n:j:h")) != -1) {
		switch (c) {
		case 'm':
			if (!endpoint_parse_mode(&opt->ep, optarg))
				usage(2);
			break;
		case 'T':
			opt->patience = (int)parse_count(optarg);
			break;
		case 'n':
			opt->count = (long)parse_count(optarg);
			break;
		case 'j':
			opt->jobs = (long)parse_count(optarg);
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (!opt->jobs)
		opt->jobs = opt->count;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.ep.is_smc = true,
		.patience = DEFAULT_PATIENCE,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	pthread_attr_t attr;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	parse_options(&opt, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (strcmp(argv[1], "server") == 0 && argc == optind + 1)
		return run_server(&opt, parse_port(argv[optind]), &attr);
	if (strcmp(argv[1], "client") != 0 || argc != optind + 2 || !opt.count)
		usage(2);
	endpoint_resolve(&opt.ep, argv[optind], parse_port(argv[optind + 1]), &opt.addr);
	return run_client(&opt, &attr);
}
