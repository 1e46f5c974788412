// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: shutdown(2), close(2), linger, reset. */
#define _GNU_SOURCE
#include "beh.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void out_so_error(int fd)
{
	int err = -1;
	socklen_t len = sizeof(err);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	beh_out("so_error=%s", beh_errname(err));
}

static void set_linger(int fd, int on, int seconds)
{
	struct linger l = { .l_onoff = on, .l_linger = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) < 0)
		beh_broken("SO_LINGER");
}

static void shutdown_wr(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 100, 0));
	RES("shutdown", shutdown(fd, SHUT_WR));
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("nosignal", beh_send(fd, 1, MSG_NOSIGNAL));
	beh_out_sigpipe();
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
	beh_peer_do("peer_send", OP_SEND, 200, 0);
	RES("recv", beh_recv_full(fd, 200));
	RES("dontwait", beh_recv(fd, 1, MSG_DONTWAIT));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	RES("recv", beh_recv(fd, 1, 0));
}

static void shutdown_rd(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_RD));
	RES("recv", beh_recv(fd, 10, 0));
	RES("dontwait", beh_recv(fd, 10, MSG_DONTWAIT));
	RES("send", beh_send(fd, 100, 0));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("recv", beh_recv(fd, 10, 0));
	RES("recv", beh_recv(fd, 10, 0));
}

static void shutdown_rd_unread(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("shutdown", shutdown(fd, SHUT_RD));
	RES("recv", beh_recv(fd, 10, 0));
	RES("recv", beh_recv(fd, 10, 0));
}

static void shutdown_rdwr(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 100, 0));
	RES("shutdown", shutdown(fd, SHUT_RDWR));
	RES("recv", beh_recv(fd, 10, 0));
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
	out_so_error(fd);
}

static void data_arrives(int fd)
{
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	sleep_ms(300);
	out_so_error(fd);
}

static void shutdown_rdwr_data(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_RDWR));
	data_arrives(fd);
	RES("recv", beh_recv(fd, 10, 0));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

static void shutdown_rd_data(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_RD));
	data_arrives(fd);
	RES("recv", beh_recv(fd, 10, 0));
	RES("recv", beh_recv(fd, 10, 0));
	RES("shutdown", shutdown(fd, SHUT_WR));
	data_arrives(fd);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
}

static void shutdown_again(void)
{
	int fd = beh_connected();

	RES("wr", shutdown(fd, SHUT_WR));
	RES("wr", shutdown(fd, SHUT_WR));
	RES("rd", shutdown(fd, SHUT_RD));
	RES("rdwr", shutdown(fd, SHUT_RDWR));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	sleep_ms(300);
	RES("rdwr", shutdown(fd, SHUT_RDWR));
}

static void shutdown_invalid(void)
{
	int fd = beh_connected();

	RES("3", shutdown(fd, 3));
	RES("-1", shutdown(fd, -1));
	RES("fresh", shutdown(beh_socket(0), SHUT_WR));
	RES("send", beh_send(fd, 10, 0));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

static void half_close_both(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 1000, 0));
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_peer_do("peer_send", OP_SEND, 2000, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	RES("recv", beh_recv_full(fd, 5000));
	RES("recv", beh_recv(fd, 1, 0));
	beh_peer_do("peer_recv", OP_RECV, 5000, 0);
	RES("close", close(fd));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
}

static void half_close_peer_first(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle(fd, M_EOF);
	beh_peer_start(OP_RECV, 300000, 0);
	RES("send", beh_send(fd, 300000, 0));
	beh_peer_res("peer_recv");
	RES("recv", beh_recv_full(fd, 5000));
	RES("recv", beh_recv(fd, 1, 0));
	RES("send", beh_send(fd, 10, 0));
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
}

static void half_close_large(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_RECV_ALL, 100, 10);
	RES("send", beh_send(fd, 3000000, 0));
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_peer_res("peer_recv");
	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	RES("recv", beh_recv_full(fd, 1000));
}

static void close_peer_reads_eof(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 1000, 0));
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 5000, 0);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void close_unread(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_wait_in(fd, 100);
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void close_unread_part(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_wait_in(fd, 100);
	RES("recv", beh_recv(fd, 50, 0));
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void close_peer_unread(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 100, 0));
	beh_peer_do("peer_wait", OP_WAIT_IN, 100, 0);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("mask", fd, M_RESET);
	RES("recv", beh_recv(fd, 1, 0));
	RES("recv", beh_recv(fd, 1, 0));
	out_so_error(fd);
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("nosignal", beh_send(fd, 1, MSG_NOSIGNAL));
	beh_out_sigpipe();
	beh_settle_out("mask", fd, M_DEAD);
}

static void reset_so_error(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	beh_settle_out("mask", fd, M_RESET);
	out_so_error(fd);
	out_so_error(fd);
	RES("recv", beh_recv(fd, 1, 0));
}

static void reset_send(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	beh_settle_out("mask", fd, M_RESET);
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("nosignal", beh_send(fd, 1, MSG_NOSIGNAL));
	beh_out_sigpipe();
	RES("recv", beh_recv(fd, 1, 0));
	RES("shutdown", shutdown(fd, SHUT_RDWR));
	RES("close", close(fd));
}

static void reset_wakes_recv(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_RESET, 0, 0);
	RES("recv", beh_recv(fd, 1, 0));
	RES("recv", beh_recv(fd, 1, 0));
}

static void reset_wakes_send(void)
{
	int fd = beh_connected();

	beh_fill(fd);
	beh_peer_start(OP_SLEEP, 300, 0);
	beh_peer_start(OP_RESET, 0, 0);
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
}

static void reset_by_linger(void)
{
	int fd = beh_connected();

	set_linger(fd, 1, 0);
	RES("close", close(fd));
	beh_out_mask("peer_mask", (int)beh_peer(OP_MASK, M_RESET, 0));
	beh_peer_do("peer_error", OP_SO_ERROR, 0, 0);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_send", OP_SEND, 1, 0);
}

/* What becomes of data that was delivered before the reset. */
static void reset_after_data(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 100, 0));
	beh_peer_do("peer_wait", OP_WAIT_IN, 100, 0);
	set_linger(fd, 1, 0);
	RES("close", close(fd));
	beh_out_mask("peer_mask", (int)beh_peer(OP_MASK, M_RESET, 0));
	beh_peer_do("peer_recv", OP_RECV_ONE, 1000, 0);
	beh_peer_do("peer_recv", OP_RECV_ONE, 1000, 0);
}

/* Sending to a peer that has closed: fine once, it does not know yet. */
static void send_after_peer_close(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("mask", fd, M_EOF);
	RES("recv", beh_recv(fd, 1, 0));
	RES("send", beh_send(fd, 10, MSG_NOSIGNAL));
	beh_settle_out("mask", fd, M_RESET);
	RES("send", beh_send(fd, 10, 0));
	beh_out_sigpipe();
	RES("recv", beh_recv(fd, 1, 0));
	out_so_error(fd);
}

static void linger_delivers(void)
{
	int fd = beh_connected();

	set_linger(fd, 1, 20);
	RES("send", beh_send(fd, 1000, 0));
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 5000, 0);
}

/* More than fits on the way: close() waits for the reader. */
static void linger_waits(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);
	long long start;

	set_linger(fd, 1, 20);
	beh_peer_start(OP_SLEEP, 1000, 0);
	beh_peer_start(OP_RECV_ALL, 0, 0);
	start = now_us();
	RES("close", close(fd));
	beh_out_waited(start, 1000);
	beh_peer_wait();
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
}

static void linger_expires(void)
{
	int fd = beh_connected();
	long long start;

	beh_fill(fd);
	set_linger(fd, 1, 1);
	start = now_us();
	RES("close", close(fd));
	beh_out_waited(start, 1000);
}

static void linger_nonblock(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);
	long long start;

	set_linger(fd, 1, 2);
	beh_set_nonblock(fd, true);
	beh_peer_start(OP_SLEEP, 500, 0);
	beh_peer_start(OP_RECV_ALL, 0, 0);
	start = now_us();
	RES("close", close(fd));
	beh_out_waited(start, 400);
	beh_peer_wait();
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
}

/* close() returns at once, yet every byte arrives however slow the reader. */
static void close_slow_reader(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);
	long long start = now_us();

	beh_peer_start(OP_RECV_ALL, 1000, 5);
	RES("close", close(fd));
	beh_out("close_took=%s", now_us() - start < 1000000LL * beh_time_factor ? "short" : "LONG");
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
	beh_out("then=%ld", beh_peer(OP_RECV, 1, 0));
}

static void close_very_slow_reader(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);

	beh_peer_start(OP_SLEEP, 6000, 0);
	beh_peer_start(OP_RECV_ALL, 200, 10);
	RES("close", close(fd));
	beh_peer_wait();
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
}

static void shutdown_slow_reader(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);

	beh_peer_start(OP_RECV_ALL, 1000, 4);
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
	beh_peer_do("peer_send", OP_SEND, 100, 0);
	RES("recv", beh_recv_full(fd, 100));
}

static void shutdown_close_slow_reader(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);

	beh_peer_start(OP_RECV_ALL, 1000, 4);
	RES("shutdown", shutdown(fd, SHUT_WR));
	RES("close", close(fd));
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
}

/* The process that has sent is gone before the reader starts. */
static void slow_reader_after(bool is_killed)
{
	int fd = beh_connected();
	long filled;
	int status = 0;
	int p[2];
	pid_t pid;

	if (pipe(p) < 0)
		beh_broken("pipe");
	pid = fork();
	if (pid == 0) {
		filled = beh_fill(fd);
		if (write(p[1], &filled, sizeof(filled)) != sizeof(filled))
			_exit(1);
		if (is_killed)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	/* The child holds the only descriptor now. */
	close(fd);
	/* Who fills while somebody reads may never end. */
	if (read_full(p[0], &filled, sizeof(filled)) < 0)
		beh_broken("child");
	waitpid(pid, &status, 0);
	beh_out("killed=%d", WIFSIGNALED(status));
	beh_peer_start(OP_SLEEP, 2500, 0);
	beh_peer_start(OP_RECV_ALL, 1000, 4);
	beh_peer_wait();
	beh_out("peer=%s", beh_peer_wait() == filled ? "all" : "LOST");
}

static void exit_slow_reader(void)
{
	slow_reader_after(false);
}

static void kill_slow_reader(void)
{
	slow_reader_after(true);
}

/* Both close with data still on the way to the other. */
static void close_both_full(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	RES("send", beh_send(fd, 1000, 0));
	beh_wait_in(fd, 1000);
	beh_peer_do("peer_wait", OP_WAIT_IN, 1000, 0);
	RES("close", close(fd));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
}

/* The peer half-closes, we have unread data and close. */
static void close_unread_after_eof(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle(fd, M_EOF);
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void peer_close_then_ours(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle(fd, M_EOF);
	RES("recv", beh_recv_full(fd, 100));
	RES("recv", beh_recv(fd, 1, 0));
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_settle_out("mask", fd, M_DEAD);
	RES("recv", beh_recv(fd, 1, 0));
	out_so_error(fd);
	RES("close", close(fd));
}

const struct beh_case beh_close_cases[] = {
	{ "shutdown_wr", shutdown_wr },
	{ "shutdown_rd", shutdown_rd },
	{ "shutdown_rd_unread", shutdown_rd_unread },
	{ "shutdown_rdwr", shutdown_rdwr },
	{ "shutdown_rdwr_data", shutdown_rdwr_data },
	{ "shutdown_rd_data", shutdown_rd_data },
	{ "shutdown_again", shutdown_again },
	{ "shutdown_invalid", shutdown_invalid },
	{ "half_close_both", half_close_both },
	{ "half_close_peer_first", half_close_peer_first },
	{ "half_close_large", half_close_large },
	{ "close_peer_reads_eof", close_peer_reads_eof },
	{ "close_unread", close_unread },
	{ "close_unread_part", close_unread_part },
	{ "close_peer_unread", close_peer_unread },
	{ "reset_so_error", reset_so_error },
	{ "reset_send", reset_send },
	{ "reset_wakes_recv", reset_wakes_recv },
	{ "reset_wakes_send", reset_wakes_send },
	{ "reset_by_linger", reset_by_linger },
	{ "reset_after_data", reset_after_data },
	{ "send_after_peer_close", send_after_peer_close },
	{ "linger_delivers", linger_delivers },
	{ "linger_waits", linger_waits },
	{ "linger_expires", linger_expires },
	{ "linger_nonblock", linger_nonblock },
	{ "close_slow_reader", close_slow_reader },
	{ "close_very_slow_reader", close_very_slow_reader, NULL, 60 },
	{ "shutdown_slow_reader", shutdown_slow_reader },
	{ "shutdown_close_slow_reader", shutdown_close_slow_reader },
	{ "exit_slow_reader", exit_slow_reader },
	{ "kill_slow_reader", kill_slow_reader },
	{ "close_both_full", close_both_full },
	{ "close_unread_after_eof", close_unread_after_eof },
	{ "peer_close_then_ours", peer_close_then_ours },
	{ 0 }
};
