// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: urgent data. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sockios.h>

#include "beh.h"

static volatile sig_atomic_t sigurgs;

static void on_sigurg(int sig)
{
	(void)sig;
	sigurgs++;
}

/* SIOCATMARK, and what SIOCINQ says at the time */
static void out_mark(int fd)
{
	int mark = -1;

	RES("atmark", ioctl(fd, SIOCATMARK, &mark));
	beh_out("mark=%d inq=%d", mark, beh_inq(fd));
}

/* one byte by MSG_OOB; pos is its place in the pattern */
static void out_oob(int fd, int flags, uint64_t pos)
{
	char c = 0;
	long rc = RES("oob", recv(fd, &c, 1, MSG_OOB | flags));

	if (rc == 1)
		beh_out("byte=%s", (uint8_t)c == beh_pattern(pos) ? "ok" : "WRONG");
}

/* until the peer's urgent byte can be read */
static void wait_pri(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	if (poll(&pfd, 1, 3000 * beh_time_factor) != 1 || !(pfd.revents & POLLPRI))
		beh_broken("no POLLPRI");
}

static void urgent_recv(void)
{
	int fd = beh_connected();

	out_oob(fd, 0, 0);
	beh_peer_do("peer_send", OP_SEND, 5, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_peer_do("peer_send", OP_SEND, 5, 0);
	beh_wait_in(fd, 5);
	beh_settle_out("mask", fd, M_DATA | POLLPRI);
	out_oob(fd, 0, 5);
	out_oob(fd, 0, 5);
	out_mark(fd);
	RES("before", beh_recv(fd, 100, 0));
	out_mark(fd);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 5));
	out_mark(fd);
	out_oob(fd, 0, 5);
	beh_settle_out("mask", fd, M_IDLE);
}

static void urgent_inline(void)
{
	int fd = beh_connected();

	beh_set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	beh_peer_do("peer_send", OP_SEND, 5, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_peer_do("peer_send", OP_SEND, 5, 0);
	beh_wait_in(fd, 11);
	beh_settle_out("mask", fd, M_DATA | POLLPRI);
	out_oob(fd, 0, 5);
	RES("before", beh_recv(fd, 100, 0));
	out_mark(fd);
	RES("after", beh_recv_full(fd, 6));
	out_mark(fd);
	beh_settle_out("mask", fd, M_IDLE);
}

static void urgent_send(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 5, 0));
	RES("oob", beh_send(fd, 1, MSG_OOB));
	beh_peer_do("peer_recv", OP_RECV, 5, 0);
	beh_out_mask("peer_mask", (int)beh_peer(OP_MASK, M_OUT | POLLPRI, 0));
}

/* nothing but the byte */
static void urgent_alone(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	wait_pri(fd);
	beh_settle_out("mask", fd, M_OUT | POLLPRI);
	out_mark(fd);
	RES("recv", beh_recv(fd, 10, MSG_DONTWAIT));
	out_oob(fd, 0, 0);
	out_mark(fd);
	beh_settle_out("mask", fd, M_OUT);
	beh_peer_do("peer_send", OP_SEND, 3, 0);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 3));
	out_mark(fd);
}

/* a program that never asks for it */
static void urgent_ignored(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	wait_pri(fd);
	beh_peer_do("peer_send", OP_SEND, 5, 0);
	beh_settle_out("mask", fd, M_DATA | POLLPRI);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 5));
	beh_settle_out("mask", fd, M_IDLE);
	out_oob(fd, 0, 0);
}

/* the peer's byte wakes a reader that waits for more than what is before it */
static void urgent_waitall(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 4, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_peer_do("peer_send", OP_SEND, 4, 0);
	wait_pri(fd);
	RES("before", beh_recv(fd, 20, MSG_WAITALL));
	out_mark(fd);
	beh_rx_pos++;
	RES("after", beh_recv(fd, 4, MSG_WAITALL));
}

/* the byte comes while the reader waits, and nothing behind it */
static void urgent_ends_waiting(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 4, 0);
	beh_peer_start(OP_SLEEP, 300, 0);
	beh_peer_start(OP_SEND, 1, MSG_OOB);
	RES("before", beh_recv(fd, 20, MSG_WAITALL));
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_oob");
	out_mark(fd);
	out_oob(fd, 0, 4);
}

static void urgent_peek(void)
{
	int fd = beh_connected();
	char buf[20];

	beh_peer_do("peer_send", OP_SEND, 3, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_peer_do("peer_send", OP_SEND, 3, 0);
	wait_pri(fd);
	beh_settle_out("mask", fd, M_DATA | POLLPRI);
	RES("peek", recv(fd, buf, sizeof(buf), MSG_PEEK));
	out_oob(fd, MSG_PEEK, 3);
	out_oob(fd, MSG_PEEK, 3);
	RES("recv", beh_recv(fd, 3, 0));
	RES("peek", recv(fd, buf, sizeof(buf), MSG_PEEK));
	out_oob(fd, 0, 3);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 3));
}

static void urgent_no_room(void)
{
	int fd = beh_connected();
	char c;

	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	wait_pri(fd);
	RES("empty", recv(fd, &c, 0, MSG_OOB | MSG_PEEK));
	RES("trunc", recv(fd, &c, 1, MSG_OOB | MSG_TRUNC | MSG_PEEK));
	out_oob(fd, 0, 0);
}

static void urgent_sigurg(void)
{
	int fd = beh_connected();
	struct sigaction action = { .sa_handler = on_sigurg };
	int i;

	sigaction(SIGURG, &action, NULL);
	RES("setown", fcntl(fd, F_SETOWN, getpid()));
	beh_peer_do("peer_send", OP_SEND, 3, 0);
	beh_wait_in(fd, 3);
	beh_out("signals=%d", (int)sigurgs);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	for (i = 0; i < 100 * beh_time_factor && !sigurgs; i++)
		usleep(20000);
	beh_out("signals=%d", (int)sigurgs);
}

static int handler_fd;
static long handler_got;
static char handler_byte;

static void on_sigurg_recv(int sig)
{
	(void)sig;
	handler_got = recv(handler_fd, &handler_byte, 1, MSG_OOB);
}

/* as telnet does it: blocked in recv(), the handler reads the byte */
static void urgent_in_handler(void)
{
	struct sigaction action = { .sa_handler = on_sigurg_recv };
	int fd = beh_connected();

	handler_fd = fd;
	sigaction(SIGURG, &action, NULL);
	RES("setown", fcntl(fd, F_SETOWN, getpid()));
	beh_peer_start(OP_SLEEP, 300, 0);
	beh_peer_start(OP_SEND, 1, MSG_OOB);
	RES("recv", beh_recv(fd, 10, 0));
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_oob");
	beh_out("handler=%ld byte=%s", handler_got,
		(uint8_t)handler_byte == beh_pattern(0) ? "ok" : "WRONG");
	out_mark(fd);
}

static void urgent_select(void)
{
	int fd = beh_connected();
	struct timeval limit = { .tv_sec = 3 * beh_time_factor };
	fd_set in, except;

	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	FD_ZERO(&in);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &except);
	RES("select", select(fd + 1, &in, NULL, &except, &limit));
	beh_out("in=%d except=%d", !!FD_ISSET(fd, &in), !!FD_ISSET(fd, &except));
	out_oob(fd, 0, 0);
}

static void urgent_eof(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 2, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	wait_pri(fd);
	RES("before", beh_recv_full(fd, 2));
	out_oob(fd, 0, 2);
	RES("eof", beh_recv(fd, 10, 0));
	out_oob(fd, 0, 2);
}

/* only the last byte of a send is urgent */
static void urgent_last_of_many(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_oob", OP_SEND, 1000, MSG_OOB);
	wait_pri(fd);
	beh_wait_in(fd, 999);
	RES("before", beh_recv_full(fd, 999));
	out_mark(fd);
	out_oob(fd, 0, 999);
}

/* as above, by a send that is cut into several messages */
static void urgent_last_of_very_many(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_RECV, 33999, 0);
	RES("oob", beh_send(fd, 34000, MSG_OOB));
	beh_peer_res("peer_recv");
	beh_out_mask("peer_mask", (int)beh_peer(OP_MASK, M_OUT | POLLPRI, 0));
}

/* it cannot even be sent before the reader makes room */
static void urgent_behind_much(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SEND, 350000, 0);
	beh_peer_start(OP_SEND, 1, MSG_OOB);
	beh_peer_start(OP_SEND, 5, 0);
	/* all buffers are full then, those of SMC at least */
	usleep(300000);
	RES("before", beh_recv_full(fd, 350000));
	beh_peer_res("peer_send");
	beh_peer_res("peer_oob");
	beh_peer_res("peer_send");
	/* sent is not arrived */
	wait_pri(fd);
	out_mark(fd);
	out_oob(fd, 0, 350000);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 5));
	out_mark(fd);
}

/* the first of two is an ordinary byte again */
static void urgent_twice(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 2, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_wait_in(fd, 2);
	wait_pri(fd);
	beh_peer_do("peer_send", OP_SEND, 2, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_wait_in(fd, 5);
	RES("before", beh_recv(fd, 100, 0));
	out_mark(fd);
	out_oob(fd, 0, 5);
}

static void urgent_inline_changes(void)
{
	int fd = beh_connected();

	beh_set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	beh_peer_do("peer_send", OP_SEND, 2, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_peer_do("peer_send", OP_SEND, 2, 0);
	beh_wait_in(fd, 5);
	RES("before", beh_recv(fd, 100, 0));
	beh_set_int(fd, SOL_SOCKET, SO_OOBINLINE, 0);
	out_mark(fd);
	out_oob(fd, 0, 2);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 2));
}

/* not in line any more, and nothing behind it: the peer may go on */
static void urgent_inline_ends(void)
{
	int fd = beh_connected();

	beh_set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	beh_peer_do("peer_send", OP_SEND, 2, 0);
	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	beh_wait_in(fd, 3);
	RES("before", beh_recv(fd, 100, 0));
	beh_set_int(fd, SOL_SOCKET, SO_OOBINLINE, 0);
	RES("nothing", beh_recv(fd, 10, MSG_DONTWAIT));
	beh_peer_do("peer_send", OP_SEND, 4, 0);
	beh_rx_pos++;
	RES("after", beh_recv_full(fd, 4));
}

static void urgent_empty_recv(void)
{
	int fd = beh_connected();
	char c;

	beh_peer_do("peer_oob", OP_SEND, 1, MSG_OOB);
	wait_pri(fd);
	RES("recv", recv(fd, &c, 0, 0));
	out_oob(fd, 0, 0);
}

/* both ways, many times, with data around: the marks do not block */
static void urgent_often(void)
{
	int fd = beh_connected();
	int i;

	for (i = 0; i < 20; i++) {
		beh_peer(OP_SEND, 7, 0);
		beh_peer(OP_SEND, 1, MSG_OOB);
		wait_pri(fd);
		if (beh_recv_full(fd, 7) != 7)
			beh_broken("round %d", i);
		out_oob(fd, 0, beh_rx_pos);
		beh_rx_pos++;
		if (beh_send(fd, 3, 0) != 3 || beh_peer(OP_RECV, 3, 0) != 3)
			beh_broken("way back of round %d", i);
	}
	beh_settle_out("mask", fd, M_IDLE);
}

const struct beh_case beh_urgent_cases[] = {
	{ "urgent_recv", urgent_recv },
	{ "urgent_inline", urgent_inline },
	{ "urgent_send", urgent_send },
	{ "urgent_alone", urgent_alone },
	{ "urgent_ignored", urgent_ignored },
	{ "urgent_waitall", urgent_waitall },
	{ "urgent_ends_waiting", urgent_ends_waiting },
	{ "urgent_peek", urgent_peek },
	{ "urgent_no_room", urgent_no_room },
	{ "urgent_sigurg", urgent_sigurg },
	{ "urgent_in_handler", urgent_in_handler },
	{ "urgent_select", urgent_select },
	{ "urgent_eof", urgent_eof },
	{ "urgent_last_of_many", urgent_last_of_many },
	{ "urgent_last_of_very_many", urgent_last_of_very_many },
	{ "urgent_behind_much", urgent_behind_much },
	{ "urgent_twice", urgent_twice },
	{ "urgent_inline_changes", urgent_inline_changes },
	{ "urgent_inline_ends", urgent_inline_ends },
	{ "urgent_empty_recv", urgent_empty_recv },
	{ "urgent_often", urgent_often },
	{ NULL }
};
