// SPDX-License-Identifier: GPL-2.0
/*
 * lulls - connections that are not busy all the time
 *
 * Each connection is of a kind, has a writer and a reader, and prints how it went
 * when it is over. Kinds:
 *
 *	recv, poll, epoll	the reader waits in that call; both write after SIGUSR1
 *	trickle			a few bytes now and then, until SIGTERM
 *	half			the reader has ended its own stream a second before; pieces
 *				now and then until SIGTERM
 *	urgent			an urgent byte is read, and one sent after SIGUSR1
 *	unread			the same, but the first is read after SIGUSR1
 *	blocked			the writer's call waits for room until SIGUSR1 at the reader
 *	close			both close at SIGUSR2
 *	shut			both end their stream at SIGUSR2, and wait for the other
 *
 * What is sent is a sequence that the other end knows, and the last byte before the
 * end of the stream is the inverted one: nothing gets lost, comes twice or is left
 * out without notice.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

#define MAX_CONNS	256
#define DEFAULT_TIMEOUT	60
#define GREETING	100
#define MESSAGE		10000
/* before and behind an urgent byte */
#define AROUND		1000
#define TRICKLE		100
#define PIECE		16000
#define MAX_PAUSE_MS	20
#define HALF_CLOSED_MS	1000
#define FULL_MS		500
#define EXCESS		(1 << 20)
/* those that close do so one after the other, to meet what happens then */
#define CLOSE_STEP_MS	20
#define CLOSE_STEPS	16

enum { GO_ON = SIGUSR1, CLOSE = SIGUSR2, ENOUGH = SIGTERM };

struct conn;

struct kind {
	const char *name;
	bool (*write)(struct conn *c);
	bool (*read)(struct conn *c);
	/* of a reader */
	bool (*wait)(struct conn *c);
};

struct conn {
	const struct kind *kind;
	int fd;
	int index;
	bool is_writer;
	bool is_set;
	bool is_over;
	uint64_t sent;
	uint64_t received;
	bool has_last;
	long long since_us;
	long long gap_us;
	const char *fault;
	int err;
};

/* What the client tells first of each connection. */
struct request {
	uint8_t kind;
	uint8_t index;
};

static struct conn conns[MAX_CONNS];
static pthread_t threads[MAX_CONNS];
static int count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static atomic_bool has_come[NSIG];

static void wait_for(int sig)
{
	pthread_mutex_lock(&lock);
	while (!has_come[sig])
		pthread_cond_wait(&came, &lock);
	pthread_mutex_unlock(&lock);
}

static bool fail(struct conn *c, const char *what)
{
	c->fault = what;
	c->err = errno;
	return false;
}

static bool wrong(struct conn *c, const char *what)
{
	errno = EBADMSG;
	return fail(c, what);
}

static bool early_end(struct conn *c)
{
	errno = ENODATA;
	return fail(c, "early end");
}

/* the time until now was no pause */
static void start_clock(struct conn *c)
{
	c->since_us = now_us();
	c->gap_us = 0;
}

static void note_arrival(struct conn *c)
{
	const long long now = now_us();

	if (now - c->since_us > c->gap_us)
		c->gap_us = now - c->since_us;
	c->since_us = now;
}

/* this end waits, or is about to, for what is to happen */
static bool set(struct conn *c)
{
	int i;

	start_clock(c);
	pthread_mutex_lock(&lock);
	c->is_set = true;
	for (i = 0; i < count && conns[i].is_set; i++)
		;
	if (i == count) {
		printf("set\n");
		fflush(stdout);
	}
	pthread_mutex_unlock(&lock);
	return true;
}

/* --- the sequences --- */

static uint8_t byte_at(const struct conn *c, bool of_writer, uint64_t at)
{
	uint32_t x = (uint32_t)at + (c->index * 2 + of_writer) * 0x9e3779b9u;

	x = (x ^ x >> 16) * 0x85ebca6b;
	x = (x ^ x >> 13) * 0xc2b2ae35;
	return x >> 24;
}

static void fill(const struct conn *c, uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = byte_at(c, c->is_writer, c->sent + i);
}

static bool put(struct conn *c, size_t len)
{
	uint8_t buf[PIECE];

	while (len) {
		size_t n = len < sizeof(buf) ? len : sizeof(buf);

		fill(c, buf, n);
		if (write_full(c->fd, buf, n))
			return fail(c, "send");
		c->sent += n;
		len -= n;
	}
	return true;
}

static bool put_end(struct conn *c)
{
	uint8_t last;

	fill(c, &last, 1);
	last = ~last;
	if (write_full(c->fd, &last, 1))
		return fail(c, "send of the last byte");
	return !shutdown(c->fd, SHUT_WR) || fail(c, "shutdown");
}

static bool check(struct conn *c, const uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		uint8_t expected = byte_at(c, !c->is_writer, c->received++);

		if (c->has_last)
			return wrong(c, "more than the last byte");
		if (buf[i] == expected)
			continue;
		if ((buf[i] ^ expected) != 0xff)
			return wrong(c, "wrong byte");
		c->has_last = true;
	}
	return true;
}

/* One call. Return: bytes, 0 at the end, -1 after a fault. */
static ssize_t take(struct conn *c, size_t most)
{
	uint8_t buf[65536];
	ssize_t n = recv(c->fd, buf, most < sizeof(buf) ? most : sizeof(buf), 0);

	if (n < 0)
		fail(c, "receive");
	else
		note_arrival(c);
	return n > 0 && !check(c, buf, n) ? -1 : n;
}

static bool get(struct conn *c, size_t len)
{
	while (len) {
		ssize_t n = take(c, len);

		if (n <= 0)
			return n < 0 ? false : early_end(c);
		len -= n;
	}
	return true;
}

static bool get_end(struct conn *c)
{
	ssize_t n;

	while ((n = take(c, SIZE_MAX)) > 0)
		;
	return !n && (c->has_last || early_end(c));
}

static bool greet(struct conn *c)
{
	return c->is_writer ? put(c, GREETING) && get(c, GREETING) :
			      get(c, GREETING) && put(c, GREETING);
}

static bool part(struct conn *c)
{
	return put_end(c) && get_end(c);
}

/* --- quiet ones --- */

static bool wait_in_recv(struct conn *c)
{
	(void)c;
	return true;
}

static bool has_data(struct conn *c)
{
	return recv(c->fd, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ||
	       fail(c, "woken without data");
}

static bool wait_in_poll(struct conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

	return (poll(&pfd, 1, -1) == 1 && pfd.revents == POLLIN) ? has_data(c) : fail(c, "poll");
}

static bool wait_in_epoll(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0);
	int n;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev))
		return fail(c, "epoll_ctl");
	n = epoll_wait(ep, &ev, 1, -1);
	close(ep);
	return (n == 1 && ev.events == EPOLLIN) ? has_data(c) : fail(c, "epoll_wait");
}

static bool write_quiet(struct conn *c)
{
	if (!greet(c) || !set(c))
		return false;
	wait_for(GO_ON);
	start_clock(c);
	return put(c, 1 + MESSAGE) && get(c, MESSAGE) && part(c);
}

static bool read_quiet(struct conn *c)
{
	if (!greet(c) || !set(c) || !c->kind->wait(c) || !get(c, 1))
		return false;
	/* when it was sent is known there */
	start_clock(c);
	return get(c, MESSAGE) && put(c, MESSAGE) && part(c);
}

/* --- streams with pauses --- */

static bool stream(struct conn *c, int most)
{
	unsigned int seed = c->index;

	while (!has_come[ENOUGH]) {
		if (!put(c, 1 + rand_r(&seed) % most))
			return false;
		sleep_ms(1 + rand_r(&seed) % MAX_PAUSE_MS);
	}
	return put_end(c);
}

static bool write_trickle(struct conn *c)
{
	if (!greet(c) || !set(c) || !stream(c, TRICKLE))
		return false;
	start_clock(c);
	return get_end(c);
}

static bool read_trickle(struct conn *c)
{
	return greet(c) && set(c) && get_end(c) && put_end(c);
}

static bool write_half(struct conn *c)
{
	if (!greet(c) || !get_end(c))
		return false;
	sleep_ms(HALF_CLOSED_MS);
	return set(c) && stream(c, PIECE);
}

static bool read_half(struct conn *c)
{
	return greet(c) && put_end(c) && set(c) && get_end(c);
}

/* --- urgent data --- */

static bool send_urgent(struct conn *c, char byte)
{
	if (!put(c, AROUND))
		return false;
	if (send(c->fd, &byte, 1, MSG_OOB) != 1)
		return fail(c, "send MSG_OOB");
	return put(c, AROUND);
}

static bool wait_urgent(struct conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLPRI };

	return (poll(&pfd, 1, -1) == 1 && pfd.revents == POLLPRI) || fail(c, "poll for urgent data");
}

static bool is_at_mark(struct conn *c, int expected)
{
	int is_there = -1;

	ioctl(c->fd, SIOCATMARK, &is_there);
	return is_there == expected || wrong(c, expected ? "no mark" : "mark");
}

static bool get_urgent(struct conn *c, char expected)
{
	const uint64_t mark = c->received + AROUND;
	char byte = 0;
	ssize_t n;

	if (!wait_urgent(c) || !is_at_mark(c, 0))
		return false;
	/* the byte comes behind what announces it */
	while ((n = recv(c->fd, &byte, 1, MSG_OOB)) < 0 && errno == EAGAIN)
		sleep_ms(2);
	if (n != 1)
		return fail(c, "receive MSG_OOB");
	if (byte != expected)
		return wrong(c, "wrong urgent byte");
	while (c->received < mark)
		if (take(c, SIZE_MAX) <= 0)
			return c->fault ? false : early_end(c);
	if (c->received > mark)
		return wrong(c, "read across the mark");
	return is_at_mark(c, 1) && get(c, AROUND) && is_at_mark(c, 0);
}

static bool write_urgent(struct conn *c)
{
	if (!greet(c) || !send_urgent(c, 'a') || !get(c, 1) || !set(c))
		return false;
	wait_for(GO_ON);
	start_clock(c);
	return send_urgent(c, 'b') && part(c);
}

static bool read_urgent(struct conn *c)
{
	if (!greet(c) || !get_urgent(c, 'a') || !put(c, 1) || !set(c))
		return false;
	if (!wait_urgent(c))
		return false;
	start_clock(c);
	return get_urgent(c, 'b') && part(c);
}

static bool write_unread(struct conn *c)
{
	if (!greet(c) || !send_urgent(c, 'a') || !set(c) || !get(c, 1))
		return false;
	start_clock(c);
	return send_urgent(c, 'b') && part(c);
}

static bool read_unread(struct conn *c)
{
	if (!greet(c) || !wait_urgent(c) || !set(c))
		return false;
	wait_for(GO_ON);
	start_clock(c);
	return get_urgent(c, 'a') && put(c, 1) && get_urgent(c, 'b') && part(c);
}

/* --- no room --- */

/* Until there is none for a while. */
static bool put_all_that_fits(struct conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLOUT };
	uint8_t buf[PIECE];
	ssize_t n;

	do {
		fill(c, buf, sizeof(buf));
		while ((n = send(c->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
			c->sent += n;
			fill(c, buf, sizeof(buf));
		}
		if (errno != EAGAIN)
			return fail(c, "send MSG_DONTWAIT");
	} while (poll(&pfd, 1, FULL_MS) == 1);
	return true;
}

static bool write_blocked(struct conn *c)
{
	/* more than a larger ring would take */
	if (!greet(c) || !put_all_that_fits(c) || !set(c) || !put(c, EXCESS) || !part(c))
		return false;
	/* how long it took is known to the reader, who knows when it went on */
	start_clock(c);
	return true;
}

static bool read_blocked(struct conn *c)
{
	if (!greet(c) || !set(c))
		return false;
	wait_for(GO_ON);
	start_clock(c);
	return get_end(c) && put_end(c);
}

/* --- both close --- */

static bool wait_to_close(struct conn *c)
{
	if (!greet(c) || !set(c))
		return false;
	wait_for(CLOSE);
	sleep_ms(c->index % CLOSE_STEPS * CLOSE_STEP_MS);
	start_clock(c);
	return true;
}

static bool do_close(struct conn *c)
{
	if (!wait_to_close(c))
		return false;
	close(c->fd);
	c->fd = -1;
	note_arrival(c);
	return true;
}

static bool do_shut(struct conn *c)
{
	return wait_to_close(c) && part(c);
}

static const struct kind kinds[] = {
	{ "recv", write_quiet, read_quiet, wait_in_recv },
	{ "poll", write_quiet, read_quiet, wait_in_poll },
	{ "epoll", write_quiet, read_quiet, wait_in_epoll },
	{ "trickle", write_trickle, read_trickle },
	{ "half", write_half, read_half },
	{ "urgent", write_urgent, read_urgent },
	{ "unread", write_unread, read_unread },
	{ "blocked", write_blocked, read_blocked },
	{ "close", do_close, do_close },
	{ "shut", do_shut, do_shut },
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* --- both ends --- */

static const char *role(const struct conn *c)
{
	return c->is_writer ? "writer" : "reader";
}

/* Links of a group take turns: of four connections, the client writes to one on each. */
static void describe(struct conn *c, const struct request *req, int fd, bool is_client)
{
	c->kind = &kinds[req->kind];
	c->index = req->index;
	c->fd = fd;
	c->is_writer = is_client == !(req->index & 2);
	start_clock(c);
}

static void *play(void *arg)
{
	struct conn *c = arg;
	bool is_good = c->is_writer ? c->kind->write(c) : c->kind->read(c);

	pthread_mutex_lock(&lock);
	printf("[%d] %s %s: ", c->index, c->kind->name, role(c));
	if (!is_good)
		printf("%s: %s, sent %llu, received %llu, ", c->fault, strerrorname_np(c->err),
		       (unsigned long long)c->sent, (unsigned long long)c->received);
	printf("%s, longest gap %lld ms\n", is_good ? "ok" : "FAILED", c->gap_us / 1000);
	fflush(stdout);
	c->is_over = true;
	pthread_mutex_unlock(&lock);
	if (c->fd >= 0)
		close(c->fd);
	return (void *)(intptr_t)is_good;
}

static void say_late(void)
{
	int i;

	for (i = 0; i < count; i++)
		if (!conns[i].is_over)
			printf("[%d] %s %s: FAILED, too late, sent %llu, received %llu\n",
			       conns[i].index, conns[i].kind ? conns[i].kind->name : "?",
			       role(&conns[i]), (unsigned long long)conns[i].sent,
			       (unsigned long long)conns[i].received);
	fflush(stdout);
	_exit(1);
}

static void *follow(void *arg)
{
	int sig;

	while (!sigwait(arg, &sig)) {
		if (sig == SIGALRM)
			say_late();
		pthread_mutex_lock(&lock);
		has_come[sig] = true;
		pthread_cond_broadcast(&came);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void start_following(int timeout)
{
	static sigset_t signals;
	pthread_t thread;

	sigemptyset(&signals);
	sigaddset(&signals, GO_ON);
	sigaddset(&signals, CLOSE);
	sigaddset(&signals, ENOUGH);
	sigaddset(&signals, SIGALRM);
	/* no call of a connection is interrupted */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(timeout);
	if (pthread_create(&thread, NULL, follow, &signals))
		die("thread");
}

/* Return: exit status. */
static int finish(void)
{
	int failed = 0;
	void *is_good;
	int i;

	for (i = 0; i < count; i++) {
		pthread_join(threads[i], &is_good);
		failed += !is_good;
	}
	printf("%s: %d connections, %d failed\n", failed ? "FAILED" : "ok", count, failed);
	return failed != 0;
}

static void start(int i)
{
	if (pthread_create(&threads[i], NULL, play, &conns[i]))
		die("thread");
}

static int serve(const struct endpoint *ep, int port)
{
	int lfd = endpoint_listen(ep, port, MAX_CONNS);
	struct request req;
	int i;

	if (lfd < 0)
		die("cannot listen on port %d", port);
	printf("ready on port %d\n", port);
	fflush(stdout);
	for (i = 0; i < count; i++) {
		int fd = accept(lfd, NULL, NULL);

		if (fd < 0)
			die("accept");
		if (read_full(fd, &req, sizeof(req)) || req.kind >= KINDS)
			die("no request");
		describe(&conns[i], &req, fd, false);
		start(i);
	}
	close(lfd);
	return finish();
}

/* Links take turns only if connections do. */
static void connect_one(const struct endpoint *ep, const struct address *addr, int kind,
			const char *wanted)
{
	struct request req = { .kind = (uint8_t)kind, .index = (uint8_t)count };
	struct conn *c = &conns[count++];
	int fd = endpoint_connect(ep, addr);

	if (fd < 0)
		die("connect");
	if (wanted && strcmp(wanted, socket_is_smc(fd) ? "smc" : "tcp"))
		die("a connection does not use %s", wanted);
	if (write_full(fd, &req, sizeof(req)))
		die("sending the request");
	describe(c, &req, fd, true);
	printf("[%d] %s %s port %d\n", c->index, c->kind->name, role(c), socket_port(fd));
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: lulls server -m tcp|smc|inet [-6] -n COUNT [-T SECONDS] PORT\n"
		"       lulls client -m tcp|smc|inet [-6] [-k tcp|smc] [-T SECONDS]\n"
		"             HOST PORT KIND=COUNT...\n"
		"\n"
		"  -n  connections of all kinds\n"
		"  -k  fail if a connection does not use this, falling back or not\n"
		"  -T  time limit; default %d\n"
		"\n"
		"Each end says \"set\" when all its connections are quiet or under way. Exit\n"
		"status: 0 if every byte has arrived once and in order, and each stream has\n"
		"ended as it should.\n",
		DEFAULT_TIMEOUT);
	exit(status);
}

static void connect_kind(const struct endpoint *ep, const struct address *addr, char *arg,
			 const char *wanted)
{
	char *number = strchr(arg, '=');
	long long left;
	int kind = 0;

	if (!number)
		usage(2);
	*number++ = 0;
	while (kind < KINDS && strcmp(arg, kinds[kind].name))
		kind++;
	left = parse_count(number);
	if (kind == KINDS || count + left > MAX_CONNS)
		usage(2);
	while (left--)
		connect_one(ep, addr, kind, wanted);
}

int main(int argc, char **argv)
{
	int timeout = time_limit(DEFAULT_TIMEOUT);
	struct endpoint ep = { 0 };
	const char *wanted = NULL;
	struct address addr;
	bool has_mode = false;
	bool is_server;
	int opt;
	int i;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	is_server = strcmp(argv[1], "server") == 0;
	if (!is_server && strcmp(argv[1], "client") != 0)
		usage(2);
	optind = 2;
	while ((opt = getopt(argc, argv, "m:6n:k:T:h")) != -1) {
		switch (opt) {
		case 'm':
			if (!endpoint_parse_mode(&ep, optarg))
				usage(2);
			has_mode = true;
			break;
		case '6':
			ep.is_v6 = true;
			break;
		case 'n':
			count = (int)parse_count(optarg);
			break;
		case 'k':
			if (!endpoint_parse_mode(&(struct endpoint){ 0 }, optarg))
				usage(2);
			wanted = optarg;
			break;
		case 'T':
			timeout = time_limit((int)parse_count(optarg));
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (!has_mode || count > MAX_CONNS || (is_server ? argc - optind != 1 || count < 1 :
							  argc - optind < 3 || count))
		usage(2);
	start_following(timeout);
	if (is_server)
		return serve(&ep, parse_port(argv[optind]));
	endpoint_resolve(&ep, argv[optind], parse_port(argv[optind + 1]), &addr);
	for (i = optind + 2; i < argc; i++)
		connect_kind(&ep, &addr, argv[i], wanted);
	for (i = 0; i < count; i++)
		start(i);
	return finish();
}
