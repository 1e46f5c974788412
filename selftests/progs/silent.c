// SPDX-License-Identifier: GPL-2.0
/*
 * silent - plain TCP peers that do not speak
 *
 * To an SMC socket they are peers without SMC, or peers that have stopped.
 * What becomes of each connection is printed, so that a scenario can check who
 * ended it and how.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "endpoint.h"

#define MAX_CONNS 4096

struct options {
	struct endpoint ep;
	int count;
	int seconds;
	bool never_accepts;
	bool reads_data;
	bool resets;
	bool ends_with_input;
};

static struct pollfd pfds[MAX_CONNS + 3];
static int n_pfds;

static void add(int fd)
{
	if (n_pfds == MAX_CONNS + 3)
		die("too many connections");
	pfds[n_pfds].fd = fd;
	pfds[n_pfds].events = POLLIN | POLLRDHUP;
	n_pfds++;
}

/* Return: true if the connection has ended. */
static bool look(int index, int fd, bool reads_data, long long start_us)
{
	double seconds = (double)(now_us() - start_us) / 1e6;
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | (reads_data ? 0 : MSG_PEEK));

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n > 0) {
		printf("%d: %zd bytes after %.3f s\n", index, n, seconds);
		/* Left unread, it would be reported for ever. */
		return !reads_data;
	}
	printf("%d: %s after %.3f s\n", index, n == 0 ? "end" : strerror(errno), seconds);
	return true;
}

static void watch_until_end(const struct options *o, int first, int lfd)
{
	long long start = now_us();
	long long end = start + o->seconds * 1000000LL;
	int i;

	for (;;) {
		long long left = (end - now_us()) / 1000;

		if (o->seconds && left <= 0)
			return;
		if (poll(pfds, n_pfds, o->seconds ? (int)left + 1 : -1) < 0 && errno != EINTR)
			die("poll");
		/* The first two: signals and input. */
		if (pfds[0].revents || pfds[1].revents)
			return;
		if (lfd >= 0 && !o->never_accepts && pfds[2].revents) {
			int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0) {
				add(fd);
				printf("%d: accepted\n", n_pfds - 1 - first);
			}
		}
		for (i = first; i < n_pfds; i++) {
			if (pfds[i].revents &&
			    look(i - first, pfds[i].fd, o->reads_data, start))
				pfds[i].fd = -pfds[i].fd;
		}
		fflush(stdout);
	}
}

static void end_all(const struct options *o, int first)
{
	struct linger off = { .l_onoff = 1, .l_linger = 0 };
	int i;

	for (i = first; i < n_pfds; i++) {
		int fd = abs(pfds[i].fd);

		if (o->resets)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
		close(fd);
	}
}

static int run(const struct options *o, const char *host, int port)
{
	struct address addr;
	sigset_t set;
	int lfd = -1;
	int first;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	add(signalfd(-1, &set, SFD_CLOEXEC));
	add(o->ends_with_input ? STDIN_FILENO : -1);
	if (!host) {
		lfd = endpoint_listen(&o->ep, port, 4096);
		if (lfd < 0)
			die("cannot listen on port %d", port);
		add(lfd);
		/* Nobody takes the connections, so they must not wake the loop either. */
		if (o->never_accepts)
			pfds[2].events = 0;
		printf("ready on port %d\n", port);
	} else {
		endpoint_resolve(&o->ep, host, port, &addr);
	}
	first = n_pfds;
	for (i = 0; host && i < o->count; i++) {
		int fd = endpoint_connect(&o->ep, &addr);

		if (fd < 0)
			die("connection %d", i);
		add(fd);
	}
	if (host)
		printf("connected %d\n", o->count);
	fflush(stdout);
	watch_until_end(o, first, lfd);
	end_all(o, first);
	return 0;
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: silent connect [-6] [-n COUNT] [-d] [-w SECONDS] [-R] [-i] HOST PORT\n"
		"       silent listen [-6] [-A] [-d] [-w SECONDS] [-R] [-i] PORT\n"
		"\n"
		"Plain TCP; sends nothing.  Ends after SECONDS or by SIGTERM or SIGINT.\n"
		"\n"
		"  -n  connections; default 1\n"
		"  -A  never accept\n"
		"  -d  read what comes; default: leave it unread, then\n"
		"      the end of that connection is not reported\n"
		"  -i  also end at input or its end\n"
		"  -R  end with a reset\n");
	exit(status);
}

int main(int argc, char **argv)
{
	struct options o = { .count = 1 };
	bool is_listener;
	int opt;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	is_listener = strcmp(argv[1], "listen") == 0;
	if (!is_listener && strcmp(argv[1], "connect") != 0)
		usage(2);
	optind = 2;
	while ((opt = getopt(argc, argv, "6n:Adw:Rih")) != -1) {
		switch (opt) {
		case '6':
			o.ep.is_v6 = true;
			break;
		case 'n':
			o.count = (int)parse_count(optarg);
			break;
		case 'A':
			o.never_accepts = true;
			break;
		case 'd':
			o.reads_data = true;
			break;
		case 'w':
			o.seconds = (int)parse_count(optarg);
			break;
		case 'i':
			o.ends_with_input = true;
			break;
		case 'R':
			o.resets = true;
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (argc - optind != (is_listener ? 1 : 2) || o.count < 1 || o.count > MAX_CONNS)
		usage(2);
	if (is_listener)
		return run(&o, NULL, parse_port(argv[optind]));
	return run(&o, argv[optind], parse_port(argv[optind + 1]));
}
