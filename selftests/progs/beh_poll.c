// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of sockbeh: readiness.
 *
 * The masks handed to beh_settle_out() are what TCP shows; they only end the
 * waiting early, what is recorded is what was seen.
 */
#define _GNU_SOURCE
#include "beh.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

/* Time in which nothing must be reported. */
#define QUIET_MS 150

static void mask_life(void)
{
	int fd = beh_connected();

	beh_settle_out("idle", fd, M_IDLE);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_settle_out("data", fd, M_DATA);
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("read", fd, M_IDLE);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle_out("data_eof", fd, M_EOF);
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("eof", fd, M_EOF);
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("eof_read", fd, M_EOF);
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_settle_out("both", fd, M_DEAD);
	RES("recv", beh_recv(fd, 10, 0));
}

static void mask_peer_closed(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("closed", fd, M_EOF);
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("eof_read", fd, M_EOF);
}

static void mask_peer_closed_data(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("closed", fd, M_EOF);
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("data_read", fd, M_EOF);
	RES("recv", beh_recv(fd, 10, 0));
}

static void mask_own_shut_wr(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_WR));
	sleep_ms(200);
	beh_settle_out("wr", fd, M_OUT);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_settle_out("data", fd, M_DATA);
	RES("recv", beh_recv(fd, 10, 0));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("closed", fd, M_DEAD);
}

static void mask_own_shut_rd(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_RD));
	beh_settle_out("rd", fd, M_EOF);
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_settle_out("both", fd, M_DEAD);
}

static void mask_own_shut_rdwr(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_RDWR));
	beh_settle_out("rdwr", fd, M_DEAD);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	sleep_ms(200);
	beh_settle_out("closed", fd, M_DEAD);
}

static void mask_reset(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	beh_settle_out("reset", fd, M_RESET);
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("error_read", fd, M_DEAD);
	RES("recv", beh_recv(fd, 10, 0));
}

static void mask_reset_data(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	beh_settle_out("reset", fd, M_RESET);
	RES("recv", beh_recv(fd, 10, 0));
	RES("recv", beh_recv(fd, 10, 0));
	beh_settle_out("error_read", fd, M_DEAD);
}

static void mask_full(void)
{
	int fd = beh_connected();

	beh_fill(fd);
	beh_out_mask("full", beh_mask(fd));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_settle_out("full_data", fd, M_IN);
}

static void mask_peer_view(void)
{
	int fd = beh_connected();

	beh_out_mask("idle", (int)beh_peer(OP_MASK, M_IDLE, 0));
	RES("send", beh_send(fd, 10, 0));
	beh_out_mask("data", (int)beh_peer(OP_MASK, M_DATA, 0));
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_out_mask("eof", (int)beh_peer(OP_MASK, M_EOF, 0));
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_out_mask("both", (int)beh_peer(OP_MASK, M_DEAD, 0));
	beh_settle_out("own", fd, M_DEAD);
}

static void listener_masks(void)
{
	int lfd = beh_listener(5);

	beh_settle_out("idle", lfd, 0);
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	beh_settle_out("one", lfd, M_IN);
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	beh_out("accept=%s", accept(lfd, NULL, NULL) < 0 ? beh_errname(errno) : "0");
	beh_settle_out("second", lfd, M_IN);
	beh_out("accept=%s", accept(lfd, NULL, NULL) < 0 ? beh_errname(errno) : "0");
	beh_settle_out("idle", lfd, 0);
}

/* A sleeping poll must be woken by each kind of event. */
static void poll_wakes(void)
{
	int fd = beh_connected();
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_SEND, 10, 0);
	RES("poll", poll(&pfd, 1, -1));
	beh_out_mask("data", pfd.revents);
	beh_peer_wait();
	beh_peer_wait();
	beh_recv_full(fd, 10);

	pfd.events = POLLRDHUP;
	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_SHUTDOWN, SHUT_WR, 0);
	RES("poll", poll(&pfd, 1, -1));
	beh_out_mask("rdhup", pfd.revents);
	beh_peer_wait();
	beh_peer_wait();

	beh_fill(fd);
	pfd.events = POLLOUT;
	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_RECV_ALL, 0, 0);
	RES("poll", poll(&pfd, 1, -1));
	beh_out_mask("out", pfd.revents);

	pfd.events = 0;
	RES("shutdown", shutdown(fd, SHUT_WR));
	RES("poll", poll(&pfd, 1, -1));
	beh_out_mask("hup", pfd.revents);
}

static void poll_wakes_reset(void)
{
	int fd = beh_connected();
	struct pollfd pfd = { .fd = fd, .events = 0 };

	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_RESET, 0, 0);
	RES("poll", poll(&pfd, 1, -1));
	beh_out_mask("reset", pfd.revents);
}

static void poll_wakes_listener(void)
{
	int lfd = beh_listener(5);
	struct pollfd pfd = { .fd = lfd, .events = POLLIN };

	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_CONNECT, socket_port(lfd), 0);
	RES("poll", poll(&pfd, 1, -1));
	beh_out_mask("connection", pfd.revents);
}

static void poll_timeout(void)
{
	int fd = beh_connected();
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	long long start = now_us();

	RES("poll", poll(&pfd, 1, 200));
	beh_out_waited(start, 200);
	beh_alarm(200, 0);
	RES("interrupted", poll(&pfd, 1, -1));
}

static void ppoll_signals(void)
{
	int fd = beh_connected();
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec ts = { .tv_sec = 5 };
	sigset_t blocked;
	sigset_t none;

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	beh_alarm(50, 0);
	sleep_ms(100);
	RES("interrupted", ppoll(&pfd, 1, &ts, &none));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	RES("data", ppoll(&pfd, 1, &ts, &none));
	beh_out_mask("events", pfd.revents);
}

/* As ppoll_signals: the pending signal is let in for the time of the wait. */
static void pselect_signals(void)
{
	int fd = beh_connected();
	struct timespec ts = { .tv_sec = 10 };
	sigset_t all, none;
	fd_set r;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, NULL);
	beh_alarm(50, 0);
	sleep_ms(100);
	FD_ZERO(&r);
	FD_SET(fd, &r);
	RES("interrupted", pselect(fd + 1, &r, NULL, NULL, &ts, &none));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	FD_SET(fd, &r);
	RES("data", pselect(fd + 1, &r, NULL, NULL, &ts, &none));
	beh_out("r=%d", !!FD_ISSET(fd, &r));
}

static void out_select(const char *what, int fd)
{
	struct timeval tv = { 0 };
	fd_set r, w, e;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	FD_SET(fd, &e);
	RES(what, select(fd + 1, &r, &w, &e, &tv));
	beh_out("r=%d w=%d e=%d", !!FD_ISSET(fd, &r), !!FD_ISSET(fd, &w), !!FD_ISSET(fd, &e));
}

static void select_sets(void)
{
	int fd = beh_connected();

	out_select("idle", fd);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	out_select("data", fd);
	RES("recv", beh_recv(fd, 10, 0));
	beh_fill(fd);
	out_select("full", fd);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle(fd, M_IN | POLLRDHUP);
	out_select("eof", fd);
}

static void select_reset(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	beh_settle(fd, M_RESET);
	out_select("reset", fd);
}

static void select_wakes(void)
{
	int fd = beh_connected();
	struct timeval tv = { .tv_sec = 10 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(fd, &r);
	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_SEND, 10, 0);
	RES("select", select(fd + 1, &r, NULL, NULL, &tv));
}

/* --- epoll --- */

static int epoll_on(int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		beh_broken("epoll");
	return ep;
}

static void out_event(const char *what, int ep, int timeout_ms)
{
	struct epoll_event ev = { 0 };
	int rc = epoll_wait(ep, &ev, 1, timeout_ms);

	if (rc < 0)
		beh_res(what, rc);
	else
		beh_out_mask(what, rc ? (int)ev.events : 0);
}

/* Wait until the last of several events that arrive one by one is there. */
static void out_event_settled(const char *what, int ep, int fd, int hint)
{
	beh_settle(fd, hint);
	out_event(what, ep, 1000 * beh_time_factor);
}

static void rearm(int ep, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events };

	RES("mod", epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev));
}

static void epoll_level(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLRDHUP);

	out_event("idle", ep, 0);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", ep, 10000);
	out_event("again", ep, 0);
	RES("recv", beh_recv(fd, 5, 0));
	out_event("rest", ep, 0);
	RES("recv", beh_recv(fd, 5, 0));
	out_event("idle", ep, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	out_event("eof", ep, 10000);
	out_event("again", ep, 0);
	rearm(ep, fd, EPOLLOUT);
	out_event("out", ep, 0);
	rearm(ep, fd, 0);
	out_event("none", ep, 0);
	RES("shutdown", shutdown(fd, SHUT_WR));
	out_event("hup", ep, 10000);
}

static void epoll_edge_in(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);

	out_event("idle", ep, QUIET_MS);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", ep, 10000);
	out_event("no_repeat", ep, QUIET_MS);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("more_data", ep, 10000);
	RES("recv_part", beh_recv(fd, 5, 0));
	out_event("no_repeat", ep, QUIET_MS);
	RES("recv", beh_recv(fd, 100, 0));
	RES("empty", beh_recv(fd, 100, MSG_DONTWAIT));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", ep, 10000);
	RES("recv", beh_recv(fd, 100, 0));
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	out_event("eof", ep, 10000);
	out_event("no_repeat", ep, QUIET_MS);
	RES("recv", beh_recv(fd, 100, 0));
}

/* MOD reports what is there, also what was reported before. */
static void epoll_edge_rearm(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLET);

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", ep, 10000);
	out_event("no_repeat", ep, QUIET_MS);
	rearm(ep, fd, EPOLLIN | EPOLLOUT | EPOLLET);
	out_event("rearmed", ep, 10000);
	out_event("no_repeat", ep, QUIET_MS);
}

static void epoll_edge_out(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLOUT | EPOLLET);
	long filled;
	int i;

	out_event("idle", ep, 10000);
	out_event("no_repeat", ep, QUIET_MS);
	for (i = 0; i < 2; i++) {
		filled = beh_fill(fd);
		RES("full", beh_send(fd, 1, MSG_DONTWAIT));
		/* Space that came and went while filling may have been reported. */
		epoll_wait(ep, &(struct epoll_event){ 0 }, 1, 0);
		out_event("full", ep, QUIET_MS);
		beh_peer_start(OP_SLEEP, 100, 0);
		beh_peer_start(OP_RECV, (int)filled, 0);
		out_event("space", ep, 10000);
		beh_peer_wait();
		beh_out("drained=%s", beh_peer_wait() == filled ? "all" : "LOST");
		beh_settle_out("mask", fd, M_OUT);
	}
}

/* A sender that sleeps in epoll each time the connection is full; nothing may get lost. */
static void epoll_edge_sender(void)
{
	const long total = 8000000;
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLOUT | EPOLLET);
	long done = 0;

	beh_peer_start(OP_RECV, (int)total, 0);
	while (done < total) {
		struct epoll_event ev;
		long want = total - done < 100000 ? total - done : 100000;
		long rc = beh_send(fd, want, MSG_DONTWAIT);

		if (rc > 0) {
			done += rc;
			continue;
		}
		if (errno != EAGAIN || epoll_wait(ep, &ev, 1, 10000) != 1) {
			beh_out("stuck=%s", beh_errname(errno));
			break;
		}
	}
	beh_out("done=%ld", done);
	beh_peer_res("peer_recv");
}

static void epoll_edge_receiver(void)
{
	const long total = 8000000;
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLET);
	long done = 0;

	beh_peer_start(OP_SEND, (int)total, 0);
	while (done < total) {
		struct epoll_event ev;
		long rc = beh_recv(fd, 30000, MSG_DONTWAIT);

		if (rc > 0) {
			done += rc;
			continue;
		}
		if (rc == 0 || errno != EAGAIN || epoll_wait(ep, &ev, 1, 10000) != 1) {
			beh_out("stuck=%s", beh_errname(errno));
			break;
		}
	}
	beh_out("done=%ld", done);
	beh_peer_res("peer_send");
}

static void epoll_edge_reset(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);

	out_event("idle", ep, 10000);
	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	out_event_settled("reset", ep, fd, M_RESET);
	out_event("no_repeat", ep, QUIET_MS);
}

static void epoll_edge_close(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);

	out_event("idle", ep, 10000);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	out_event_settled("close", ep, fd, M_EOF);
	out_event("no_repeat", ep, QUIET_MS);
	RES("recv", beh_recv(fd, 1, 0));
}

static void epoll_edge_own_shutdown(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);

	out_event("idle", ep, QUIET_MS);
	RES("shutdown", shutdown(fd, SHUT_RD));
	out_event("rd", ep, 1000);
	RES("shutdown", shutdown(fd, SHUT_RDWR));
	out_event("rdwr", ep, 1000);
}

static void epoll_edge_listener(void)
{
	int lfd = beh_listener(10);
	int ep = epoll_on(lfd, EPOLLIN | EPOLLET);
	int i;

	beh_set_nonblock(lfd, true);
	out_event("idle", ep, QUIET_MS);
	for (i = 0; i < 3; i++) {
		beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
		out_event("connection", ep, 10000);
		out_event("no_repeat", ep, QUIET_MS);
	}
	for (i = 0; i < 4; i++)
		beh_out("accept=%s", accept(lfd, NULL, NULL) < 0 ? beh_errname(errno) : "0");
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	out_event("connection", ep, 10000);
}

static void epoll_oneshot(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN | EPOLLONESHOT);

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", ep, 10000);
	out_event("off", ep, QUIET_MS);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("still_off", ep, QUIET_MS);
	rearm(ep, fd, EPOLLIN | EPOLLONESHOT);
	out_event("rearmed", ep, 10000);
	RES("recv", beh_recv_full(fd, 20));
	rearm(ep, fd, EPOLLIN | EPOLLONESHOT);
	out_event("idle", ep, QUIET_MS);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	out_event("eof", ep, 10000);
}

static void epoll_two_waiters(void)
{
	int fd = beh_connected();
	int a = epoll_on(fd, EPOLLIN | EPOLLET);
	int b = epoll_on(fd, EPOLLIN);

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("a", a, 10000);
	out_event("b", b, 10000);
	RES("recv", beh_recv(fd, 10, 0));
	out_event("a", a, 0);
	out_event("b", b, 0);
}

static void epoll_exclusive(void)
{
	int fd = beh_connected();
	int a = epoll_on(fd, EPOLLIN | EPOLLEXCLUSIVE);
	int b = epoll_on(fd, EPOLLIN | EPOLLEXCLUSIVE);

	out_event("idle", a, QUIET_MS);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	/* A waiter would keep the event from the other one. */
	beh_wait_in(fd, 10);
	out_event("a", a, 10000);
	out_event("b", b, 10000);
	RES("recv", beh_recv(fd, 10, 0));
	out_event("a", a, 0);
	out_event("b", b, 0);
}

static void epoll_pwait_signals(void)
{
	int fd = beh_connected();
	int ep = epoll_on(fd, EPOLLIN);
	struct epoll_event ev = { 0 };
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, NULL);
	beh_alarm(50, 0);
	sleep_ms(100);
	RES("interrupted", epoll_pwait(ep, &ev, 1, 10000, &none));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	RES("data", epoll_pwait(ep, &ev, 1, 10000, &none));
	beh_out_mask("events", (int)ev.events);
}

static void epoll_nested(void)
{
	int fd = beh_connected();
	int inner = epoll_on(fd, EPOLLIN);
	int outer = epoll_on(inner, EPOLLIN);

	out_event("idle", outer, QUIET_MS);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", outer, 10000);
	RES("recv", beh_recv(fd, 10, 0));
	out_event("idle", outer, 0);
}

/* Registered with epoll before the connection is there: the file must stay the same one. */
static void epoll_before_connect(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 0);
	int fd = beh_socket(0);
	int ep = epoll_on(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);

	beh_stream_reset();
	/* What a fresh socket reports may differ, so it is thrown away. */
	epoll_wait(ep, &(struct epoll_event){ 0 }, 1, 0);
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	epoll_wait(ep, &(struct epoll_event){ 0 }, 1, 0);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	out_event("data", ep, 10000);
	RES("recv", beh_recv(fd, 10, 0));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	out_event_settled("close", ep, fd, M_EOF);
	RES("del", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
}

static void sigio(void)
{
	sigset_t set;
	struct timespec ts = { .tv_sec = 5 };
	int fd = beh_connected();

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	RES("setown", fcntl(fd, F_SETOWN, getpid()));
	beh_out("getown=%s", fcntl(fd, F_GETOWN) == getpid() ? "ok" : "WRONG");
	RES("async", fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_out("data=%s", sigtimedwait(&set, NULL, &ts) == SIGIO ? "SIGIO" : "nothing");
	RES("recv", beh_recv_full(fd, 10));
	sleep_ms(100);
	while (sigtimedwait(&set, NULL, &(struct timespec){ 0 }) == SIGIO)
		;
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_out("eof=%s", sigtimedwait(&set, NULL, &ts) == SIGIO ? "SIGIO" : "nothing");
}

static void sigio_listener(void)
{
	sigset_t set;
	struct timespec ts = { .tv_sec = 5 };
	int lfd = beh_listener(5);

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	RES("setown", fcntl(lfd, F_SETOWN, getpid()));
	RES("async", fcntl(lfd, F_SETFL, fcntl(lfd, F_GETFL) | O_ASYNC));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	beh_out("connection=%s", sigtimedwait(&set, NULL, &ts) == SIGIO ? "SIGIO" : "nothing");
}

const struct beh_case beh_poll_cases[] = {
	{ "mask_life", mask_life },
	{ "mask_peer_closed", mask_peer_closed },
	{ "mask_peer_closed_data", mask_peer_closed_data },
	{ "mask_own_shut_wr", mask_own_shut_wr },
	{ "mask_own_shut_rd", mask_own_shut_rd },
	{ "mask_own_shut_rdwr", mask_own_shut_rdwr },
	{ "mask_reset", mask_reset },
	{ "mask_reset_data", mask_reset_data },
	{ "mask_full", mask_full },
	{ "mask_peer_view", mask_peer_view },
	{ "listener_masks", listener_masks },
	{ "poll_wakes", poll_wakes },
	{ "poll_wakes_reset", poll_wakes_reset },
	{ "poll_wakes_listener", poll_wakes_listener },
	{ "poll_timeout", poll_timeout },
	{ "ppoll_signals", ppoll_signals },
	{ "pselect_signals", pselect_signals },
	{ "select_sets", select_sets },
	{ "select_reset", select_reset },
	{ "select_wakes", select_wakes },
	{ "epoll_level", epoll_level },
	{ "epoll_edge_in", epoll_edge_in },
	{ "epoll_edge_rearm", epoll_edge_rearm },
	{ "epoll_edge_out", epoll_edge_out },
	{ "epoll_edge_sender", epoll_edge_sender },
	{ "epoll_edge_receiver", epoll_edge_receiver },
	{ "epoll_edge_reset", epoll_edge_reset },
	{ "epoll_edge_close", epoll_edge_close },
	{ "epoll_edge_own_shutdown", epoll_edge_own_shutdown },
	{ "epoll_edge_listener", epoll_edge_listener },
	{ "epoll_oneshot", epoll_oneshot },
	{ "epoll_two_waiters", epoll_two_waiters },
	{ "epoll_exclusive", epoll_exclusive },
	{ "epoll_pwait_signals", epoll_pwait_signals },
	{ "epoll_nested", epoll_nested },
	{ "epoll_before_connect", epoll_before_connect },
	{ "sigio", sigio },
	{ "sigio_listener", sigio_listener },
	{ 0 }
};
