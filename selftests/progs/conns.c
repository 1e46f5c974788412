// SPDX-License-Identifier: GPL-2.0
/*
 * conns - many connections
 *
 * The server echoes.  The client opens connections all at once (-p), one after
 * another (-s) or to be held idle (-H), lets each echo some bytes and fails if
 * any does not do what it should.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "endpoint.h"

#define MESSAGE 64
#define DEFAULT_TIMEOUT 120
#define MAX_EVENTS 256
#define MAX_ERRNO 256

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int signals_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* --- server --- */

struct echo_stats {
	long accepted;
	long ended;
	long errors;
	long bytes;
};

static void watch(int ep, int fd, unsigned int events, void *ptr)
{
	struct epoll_event ev = { .events = events };

	/* Descriptors in the server, connections in the client. */
	if (ptr)
		ev.data.ptr = ptr;
	else
		ev.data.fd = fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

static void accept_all(int ep, int lfd, struct echo_stats *stats)
{
	for (;;) {
		int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EAGAIN)
				return;
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			die("accept");
		}
		stats->accepted++;
		watch(ep, fd, EPOLLIN, NULL);
	}
}

/*
 * A client has at most one message on the way, so what comes in fits out again.
 * Return: true if the connection goes on.
 */
static bool echo(int fd, struct echo_stats *stats)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0) {
		if (send(fd, buf, n, MSG_NOSIGNAL) == n) {
			stats->bytes += n;
			return true;
		}
		n = -1;
	}
	stats->errors += n < 0;
	return false;
}

/* @ends: after a message, which comes in one piece or after a while */
static void serve_one(int fd, bool ends, struct echo_stats *stats)
{
	int unread = 0;

	if (ends && (ioctl(fd, FIONREAD, &unread) < 0 || (unread > 0 && unread < MESSAGE)))
		return;
	if (echo(fd, stats) && !(ends && unread))
		return;
	stats->ended++;
	close(fd);
}

static int serve(const struct endpoint *endpoint, int port, int backlog, bool ends)
{
	struct epoll_event events[MAX_EVENTS];
	struct echo_stats stats = { 0 };
	int lfd = endpoint_listen(endpoint, port, backlog);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int sig = signals_fd();
	bool has_to_end = false;

	if (lfd < 0)
		die("cannot listen on port %d", port);
	watch(ep, sig, EPOLLIN, NULL);
	watch(ep, lfd, EPOLLIN, NULL);
	if (fcntl(lfd, F_SETFL, fcntl(lfd, F_GETFL) | O_NONBLOCK) < 0)
		die("non-blocking listener");
	printf("ready on port %d\n", port);
	fflush(stdout);
	while (!has_to_end) {
		int n = epoll_wait(ep, events, MAX_EVENTS, -1);
		int i;

		for (i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == sig)
				has_to_end = true;
			else if (fd == lfd)
				accept_all(ep, lfd, &stats);
			else
				serve_one(fd, ends, &stats);
		}
	}
	printf("accepted=%ld ended=%ld errors=%ld bytes=%ld\n", stats.accepted, stats.ended,
	       stats.errors, stats.bytes);
	return 0;
}

/* --- client --- */

enum phase {
	CONNECTING,
	ECHOING,
	/* Waits for the others. */
	HOLDING,
	FAILED,
};

struct conn {
	int fd;
	int index;
	enum phase phase;
	long long started_us;
	long long connect_us;
	size_t received;
	int rounds;
};

struct plan {
	struct endpoint endpoint;
	struct address addr;
	int count;
	int timeout;
	/* How many may be on their way to a connection. */
	int batch;
	/* 'p', 's' or 'H', as the options. */
	int how;
	bool ends_with_input;
	/* Who ends a connection of 's': 'c'lient, 's'erver, 'b'oth at once. */
	char closer;
	/* "smc", "tcp" or NULL */
	const char *wanted;
};

struct tally {
	int count;
	int connected;
	/* Of these, by SMC rather than by TCP. */
	int smc;
	int failed;
	int shown;
	/* failed, by errno */
	int errors[MAX_ERRNO];
};

static void message(uint8_t *buf, int index, int round)
{
	int i;

	for (i = 0; i < MESSAGE; i++)
		buf[i] = (uint8_t)(index * 31 + round * 7 + i);
}

static void fail(struct conn *c, struct tally *tally, const char *what)
{
	int err = errno;

	/* A few tell enough. */
	if (tally->shown++ < 10)
		fprintf(stderr, "connection %d: %s: %s after %.3f s\n", c->index, what,
			strerror(err), (double)(now_us() - c->started_us) / 1e6);
	tally->failed++;
	tally->errors[err % MAX_ERRNO]++;
	c->phase = FAILED;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void start_round(struct conn *c, struct tally *tally)
{
	uint8_t buf[MESSAGE];

	message(buf, c->index, c->rounds);
	c->received = 0;
	c->phase = ECHOING;
	if (send(c->fd, buf, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
		fail(c, tally, "send");
}

static void finish_connect(struct conn *c, struct tally *tally)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		errno = err;
		fail(c, tally, "connect");
		return;
	}
	c->connect_us = now_us() - c->started_us;
	tally->connected++;
	tally->smc += socket_is_smc(c->fd);
	start_round(c, tally);
}

static void take_echo(struct conn *c, struct tally *tally)
{
	uint8_t expected[MESSAGE];
	uint8_t buf[MESSAGE];
	ssize_t n = recv(c->fd, buf, MESSAGE - c->received, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (n == 0)
			errno = ENODATA;
		fail(c, tally, "receive");
		return;
	}
	message(expected, c->index, c->rounds);
	if (memcmp(buf, expected + c->received, n)) {
		errno = EBADMSG;
		fail(c, tally, "wrong data");
		return;
	}
	c->received += n;
	if (c->received == MESSAGE) {
		c->rounds++;
		c->phase = HOLDING;
	}
}

static void open_one(struct conn *c, const struct plan *plan, int ep, struct tally *tally)
{
	c->started_us = now_us();
	c->fd = endpoint_socket(&plan->endpoint, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c->fd < 0) {
		fail(c, tally, "socket");
		return;
	}
	if (connect(c->fd, (const struct sockaddr *)&plan->addr.ss, plan->addr.len) < 0 &&
	    errno != EINPROGRESS) {
		fail(c, tally, "connect");
		return;
	}
	watch(ep, c->fd, EPOLLOUT, c);
}

static void handle(struct conn *c, unsigned int events, int ep, struct tally *tally)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	switch (c->phase) {
	case CONNECTING:
		finish_connect(c, tally);
		if (c->fd >= 0)
			epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
		break;
	case ECHOING:
		take_echo(c, tally);
		break;
	case HOLDING:
		/* Nothing is due: data or an end is a fault. */
		errno = events & EPOLLERR ? EIO : EPROTO;
		fail(c, tally, "event on an idle connection");
		break;
	case FAILED:
		break;
	}
}

/*
 * Until of the first @count connections all but @most hold or have failed.
 * Return: false at the time limit.
 */
static bool settle(struct conn *conns, int count, int most, int ep, struct tally *tally,
		   long long end_us)
{
	struct epoll_event events[MAX_EVENTS];

	for (;;) {
		int busy = 0;
		int n;
		int i;

		for (i = 0; i < count; i++)
			busy += conns[i].phase == CONNECTING || conns[i].phase == ECHOING;
		if (busy <= most)
			return true;
		if (now_us() > end_us) {
			fprintf(stderr, "time limit: %d connections not done\n", busy);
			for (i = 0; i < count; i++) {
				errno = ETIMEDOUT;
				if (conns[i].phase == CONNECTING)
					fail(&conns[i], tally, "connect");
				else if (conns[i].phase == ECHOING)
					fail(&conns[i], tally, "echo");
			}
			return false;
		}
		n = epoll_wait(ep, events, MAX_EVENTS, 500);
		for (i = 0; i < n; i++)
			handle(events[i].data.ptr, events[i].events, ep, tally);
	}
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a;
	long long y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static void print_times(const struct conn *conns, const struct tally *tally, long long total_us)
{
	long long *times = calloc(tally->count, sizeof(*times));
	int n = 0;
	int i;

	for (i = 0; i < tally->count; i++)
		if (conns[i].connect_us)
			times[n++] = conns[i].connect_us;
	qsort(times, n, sizeof(*times), compare);
	if (n)
		printf("connect_ms fastest=%.1f median=%.1f slowest=%.1f\n", times[0] / 1e3,
		       times[n / 2] / 1e3, times[n - 1] / 1e3);
	printf("total=%.3f s, %.1f connections/s\n", total_us / 1e6,
	       tally->connected / (total_us / 1e6));
	free(times);
}

static void print_errors(const struct tally *tally)
{
	int err;

	for (err = 0; err < MAX_ERRNO; err++)
		if (tally->errors[err])
			printf("failed %s %d\n", strerrorname_np(err) ?: "?", tally->errors[err]);
}

/* Return: exit status.  @wanted: name of the transport to insist on, or NULL. */
static int verdict(const struct tally *tally, const char *wanted)
{
	const int tcp = tally->connected - tally->smc;
	bool is_good = tally->failed == 0 && tally->connected == tally->count;

	if (wanted && (strcmp(wanted, "smc") == 0 ? tcp : tally->smc)) {
		fprintf(stderr, "not all connections use %s\n", wanted);
		is_good = false;
	}
	print_errors(tally);
	printf("%s: asked=%d connected=%d failed=%d smc=%d tcp=%d\n", is_good ? "ok" : "FAILED",
	       tally->count, tally->connected, tally->failed, tally->smc, tcp);
	return !is_good;
}

static void hold(const struct tally *tally, bool ends_with_input)
{
	struct pollfd pfds[2] = {
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = ends_with_input ? STDIN_FILENO : -1, .events = POLLIN },
	};

	printf("holding %d\n", tally->connected - tally->failed);
	fflush(stdout);
	while (poll(pfds, 2, -1) < 0 && errno == EINTR)
		;
}

static int run_parallel(const struct plan *plan)
{
	struct conn *conns = calloc(plan->count, sizeof(*conns));
	struct tally tally = { .count = plan->count };
	long long start = now_us();
	long long end = start + plan->timeout * 1000000LL;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	long long total;
	int rc;
	int i;

	if (!conns || ep < 0)
		die("no memory");
	for (i = 0; i < plan->count; i++) {
		if (plan->batch && !settle(conns, i, plan->batch - 1, ep, &tally, end))
			break;
		conns[i].index = i;
		conns[i].phase = CONNECTING;
		open_one(&conns[i], plan, ep, &tally);
	}
	settle(conns, plan->count, 0, ep, &tally, end);
	total = now_us() - start;
	if (plan->how == 'H')
		hold(&tally, plan->ends_with_input);
	/* All are open now: each must work among the others. */
	for (i = 0; i < plan->count; i++)
		if (conns[i].phase == HOLDING)
			start_round(&conns[i], &tally);
	settle(conns, plan->count, 0, ep, &tally, now_us() + plan->timeout * 1000000LL);
	for (i = 0; i < plan->count; i++)
		if (conns[i].fd >= 0)
			close(conns[i].fd);
	print_times(conns, &tally, total);
	rc = verdict(&tally, plan->wanted);
	free(conns);
	return rc;
}

static void sequential_one(struct conn *c, const struct plan *plan, struct tally *tally)
{
	c->started_us = now_us();
	c->fd = endpoint_connect(&plan->endpoint, &plan->addr);
	if (c->fd < 0) {
		fail(c, tally, "connect");
		return;
	}
	c->connect_us = now_us() - c->started_us;
	tally->connected++;
	tally->smc += socket_is_smc(c->fd);
	start_round(c, tally);
	while (c->phase == ECHOING)
		take_echo(c, tally);
	if (c->phase == FAILED)
		return;
	if (plan->closer == 'c')
		shutdown(c->fd, SHUT_WR);
	if (plan->closer != 'b' && recv(c->fd, &(char){ 0 }, 1, 0) != 0) {
		fail(c, tally, "end of the connection");
		return;
	}
	close(c->fd);
}

static int run_sequential(const struct plan *plan)
{
	struct conn *conns = calloc(plan->count, sizeof(*conns));
	struct tally tally = { .count = plan->count };
	long long start = now_us();
	int rc;
	int i;

	if (!conns)
		die("no memory");
	alarm(plan->timeout);
	for (i = 0; i < plan->count; i++) {
		conns[i].index = i;
		sequential_one(&conns[i], plan, &tally);
	}
	alarm(0);
	print_times(conns, &tally, now_us() - start);
	rc = verdict(&tally, plan->wanted);
	free(conns);
	return rc;
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: conns server -m tcp|smc|inet [-6] [-l BACKLOG] [-L] [-1] PORT\n"
		"       conns client -m tcp|smc|inet [-6] -n COUNT -p|-s|-H [-b COUNT] [-i]\n"
		"             [-k tcp|smc] [-e client|server|both] [-T SECONDS] HOST PORT\n"
		"\n"
		"  -p  all at once; each echoes, all are held open, each echoes again\n"
		"  -s  one after another; each echoes %d bytes\n"
		"  -H  as -p, but hold them idle until SIGTERM or SIGINT\n"
		"  -b  with -p and -H: open so many at a time\n"
		"  -i  hold until input or its end, too\n"
		"  -L  with SMC_LIMIT_HS\n"
		"  -1  close each connection after its first echo\n"
		"  -e  who closes a connection of -s first; default client\n"
		"  -k  fail if a connection does not use this, falling back or not\n"
		"  -T  time limit; default %d\n"
		"\n"
		"The server prints its counts at SIGTERM or SIGINT.  Exit status of the\n"
		"client: 0 if all connections worked.\n",
		MESSAGE, DEFAULT_TIMEOUT);
	exit(status);
}

int main(int argc, char **argv)
{
	struct plan plan = { .timeout = time_limit(DEFAULT_TIMEOUT), .closer = 'c' };
	int backlog = 4096;
	bool has_mode = false;
	bool is_server;
	bool ends = false;
	int opt;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	is_server = strcmp(argv[1], "server") == 0;
	if (!is_server && strcmp(argv[1], "client") != 0)
		usage(2);
	optind = 2;
	while ((opt = getopt(argc, argv, "m:6l:L1n:psHb:ie:k:T:h")) != -1) {
		switch (opt) {
		case 'm':
			if (!endpoint_parse_mode(&plan.endpoint, optarg))
				usage(2);
			has_mode = true;
			break;
		case '6':
			plan.endpoint.is_v6 = true;
			break;
		case 'l':
			backlog = (int)parse_count(optarg);
			break;
		case 'L':
			plan.endpoint.limits_handshakes = true;
			break;
		case '1':
			ends = true;
			break;
		case 'n':
			plan.count = (int)parse_count(optarg);
			break;
		case 'p':
		case 's':
		case 'H':
			plan.how = opt;
			break;
		case 'b':
			plan.batch = (int)parse_count(optarg);
			break;
		case 'i':
			plan.ends_with_input = true;
			break;
		case 'e':
			if (!strchr("csb", *optarg))
				usage(2);
			plan.closer = *optarg;
			break;
		case 'k':
			if (!endpoint_parse_mode(&(struct endpoint){ 0 }, optarg))
				usage(2);
			plan.wanted = optarg;
			break;
		case 'T':
			plan.timeout = time_limit((int)parse_count(optarg));
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (!has_mode || argc - optind != (is_server ? 1 : 2))
		usage(2);
	raise_descriptor_limit();
	if (is_server)
		return serve(&plan.endpoint, parse_port(argv[optind]), backlog, ends);
	if (plan.count < 1 || !plan.how)
		usage(2);
	endpoint_resolve(&plan.endpoint, argv[optind], parse_port(argv[optind + 1]),
			 &plan.addr);
	return plan.how == 's' ? run_sequential(&plan) : run_parallel(&plan);
}
