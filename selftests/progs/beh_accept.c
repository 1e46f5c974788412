// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: listen(2) and accept(2). */
#define _GNU_SOURCE
#include "beh.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* A local listener with one connection of the peer waiting. */
static int listener_with_connection(void)
{
	int lfd = beh_listener(5);

	beh_stream_reset();
	if (beh_peer(OP_CONNECT, socket_port(lfd), 0) < 0)
		beh_broken("peer connect");
	beh_settle_out("listener", lfd, M_IN);
	return lfd;
}

static void out_flags(int fd)
{
	beh_out("nonblock=%d cloexec=%d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK),
		!!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
}

/* Descriptor numbers say nothing. */
static int res_fd(const char *what, int fd)
{
	beh_res(what, fd < 0 ? -1 : 0);
	return fd;
}

static void accept_blocking(void)
{
	struct address addr = { .len = sizeof(addr.ss) };
	int lfd = beh_listener(5);
	int fd;

	beh_stream_reset();
	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_CONNECT, socket_port(lfd), 0);
	fd = res_fd("accept", accept(lfd, (struct sockaddr *)&addr.ss, &addr.len));
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_connect");
	beh_out("family=%s len=%s", addr.ss.ss_family == beh_peer_addr.ss.ss_family ? "ok" : "WRONG",
		addr.len == beh_peer_addr.len ? "ok" : "WRONG");
	beh_out("local_port=%s", socket_port(fd) == socket_port(lfd) ? "ok" : "WRONG");
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	RES("recv", beh_recv_full(fd, 10));
	RES("send", beh_send(fd, 10, 0));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

static void accept_rcvlowat(void)
{
	int lfd = beh_listener(5);
	int value = 0;
	int fd;

	beh_stream_reset();
	beh_set_int(lfd, SOL_SOCKET, SO_RCVLOWAT, 5000);
	beh_peer_start(OP_CONNECT, socket_port(lfd), 0);
	fd = res_fd("accept", accept(lfd, NULL, NULL));
	beh_peer_res("peer_connect");
	RES("getsockopt", getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &value,
				     &(socklen_t){ sizeof(value) }));
	beh_out("value=%d", value);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	RES("recv", beh_recv_full(fd, 10));
}

static void accept_nonblock(void)
{
	int lfd = beh_listener(5);

	beh_set_nonblock(lfd, true);
	RES("empty", accept(lfd, NULL, NULL));
	if (beh_peer(OP_CONNECT, socket_port(lfd), 0) < 0)
		beh_broken("peer connect");
	beh_settle_out("listener", lfd, M_IN);
	out_flags(res_fd("accept", accept(lfd, NULL, NULL)));
	RES("empty", accept(lfd, NULL, NULL));
	beh_settle_out("listener", lfd, 0);
}

static void accept_flags(void)
{
	int lfd = listener_with_connection();
	int fd = res_fd("accept4", accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));

	out_flags(fd);
	RES("recv", beh_recv(fd, 1, 0));
	RES("invalid", accept4(lfd, NULL, NULL, 1));
}

static void accept_not_listening(void)
{
	int fd = beh_socket(0);
	struct address addr;

	RES("fresh", accept(fd, NULL, NULL));
	endpoint_any(&beh_ep, 0, &addr);
	RES("bind", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	RES("bound", accept(fd, NULL, NULL));
	RES("connected", accept(beh_connected(), NULL, NULL));
}

static void accept_rcvtimeo(void)
{
	int lfd = beh_listener(5);
	long long start = now_us();

	beh_set_timeout(lfd, SO_RCVTIMEO, 300);
	RES("accept", accept(lfd, NULL, NULL));
	beh_out_waited(start, 300);
}

static void accept_signal(void)
{
	int lfd = beh_listener(5);

	beh_alarm(200, 0);
	RES("accept", accept(lfd, NULL, NULL));
	beh_out("alarms=%d", (int)beh_alarms);
}

static void accept_signal_restart(void)
{
	int lfd = beh_listener(5);

	beh_alarm(200, SA_RESTART);
	beh_peer_start(OP_SLEEP, 500, 0);
	beh_peer_start(OP_CONNECT, socket_port(lfd), 0);
	res_fd("accept", accept(lfd, NULL, NULL));
	beh_out("alarms=%d", (int)beh_alarms);
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_connect");
}

static void accept_many(void)
{
	int lfd = beh_listener(10);
	int i;

	for (i = 0; i < 5; i++)
		beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	for (i = 0; i < 5; i++)
		res_fd("accept", accept(lfd, NULL, NULL));
	beh_set_nonblock(lfd, true);
	RES("accept", accept(lfd, NULL, NULL));
}

/* Data and end are there before accept. */
static void accept_late(void)
{
	int lfd = listener_with_connection();
	int fd;

	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	sleep_ms(300);
	fd = res_fd("accept", accept(lfd, NULL, NULL));
	RES("recv", beh_recv_full(fd, 1000));
	RES("recv", beh_recv(fd, 1, 0));
	RES("send", beh_send(fd, 1000, 0));
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
}

static void accept_closed_peer(void)
{
	int lfd = listener_with_connection();
	int fd;

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	sleep_ms(300);
	fd = res_fd("accept", accept(lfd, NULL, NULL));
	RES("recv", beh_recv_full(fd, 100));
	RES("recv", beh_recv(fd, 1, 0));
}

static void accept_reset_peer(void)
{
	int lfd = listener_with_connection();
	int fd;

	beh_peer_do("peer_reset", OP_RESET, 0, 0);
	sleep_ms(300);
	fd = res_fd("accept", accept(lfd, NULL, NULL));
	RES("recv", beh_recv(fd, 1, 0));
	RES("recv", beh_recv(fd, 1, 0));
}

static int accept_result;

static void *accept_thread(void *arg)
{
	int rc = accept(*(int *)arg, NULL, NULL);

	accept_result = rc < 0 ? -errno : 0;
	return NULL;
}

static void listener_shutdown(int how)
{
	int lfd = beh_listener(5);
	pthread_t thread;

	pthread_create(&thread, NULL, accept_thread, &lfd);
	sleep_ms(300);
	RES("shutdown", shutdown(lfd, how));
	pthread_join(thread, NULL);
	beh_out("woken=-%s", beh_errname(-accept_result));
	RES("accept", accept(lfd, NULL, NULL));
	beh_settle_out("mask", lfd, M_IDLE | POLLHUP);
}

static void listener_shutdown_rd(void)
{
	listener_shutdown(SHUT_RD);
}

static void listener_shutdown_rdwr(void)
{
	listener_shutdown(SHUT_RDWR);
}

static void listener_shutdown_wr(void)
{
	int lfd = beh_listener(5);

	RES("shutdown", shutdown(lfd, SHUT_WR));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	res_fd("accept", accept(lfd, NULL, NULL));
}

static void listener_shutdown_relisten(void)
{
	int lfd = beh_listener(5);

	RES("shutdown", shutdown(lfd, SHUT_RDWR));
	RES("listen", listen(lfd, 5));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	res_fd("accept", accept(lfd, NULL, NULL));
}

static void listener_shutdown_poll(void)
{
	int lfd = beh_listener(5);

	RES("shutdown", shutdown(lfd, SHUT_RD));
	beh_settle_out("mask", lfd, M_IDLE | POLLHUP);
}

/* Connections nobody has accepted are reset. */
static void listener_close_pending(void)
{
	int lfd = listener_with_connection();

	RES("close", close(lfd));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void listener_close_refuses(void)
{
	int lfd = beh_listener(5);
	int port = socket_port(lfd);

	RES("close", close(lfd));
	beh_peer_do("peer_connect", OP_CONNECT, port, 0);
}

/* The connections live on without their listener. */
static void listener_close_keeps(void)
{
	int lfd = listener_with_connection();
	int fd = res_fd("accept", accept(lfd, NULL, NULL));

	RES("close", close(lfd));
	beh_peer_start(OP_ECHO, 100, 0);
	RES("send", beh_send(fd, 100, 0));
	RES("recv", beh_recv_full(fd, 100));
	beh_peer_res("peer_echo");
}

static void listener_io(void)
{
	int lfd = beh_listener(5);

	beh_settle_out("mask", lfd, 0);
	RES("recv", beh_recv(lfd, 1, 0));
	RES("send", beh_send(lfd, 1, 0));
	beh_out_sigpipe();
	RES("send_nosignal", beh_send(lfd, 1, MSG_NOSIGNAL));
	beh_out_sigpipe();
}

static void listen_errors(void)
{
	int fd = beh_socket(0);

	RES("unbound", listen(fd, 5));
	beh_out("port=%s", socket_port(fd) > 0 ? "ok" : "WRONG");
	RES("twice", listen(fd, 10));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(fd), 0);
	res_fd("accept", accept(fd, NULL, NULL));
	RES("connected", listen(beh_connected(), 5));
}

const struct beh_case beh_accept_cases[] = {
	{ "accept_blocking", accept_blocking },
	{ "accept_rcvlowat", accept_rcvlowat },
	{ "accept_nonblock", accept_nonblock },
	{ "accept_flags", accept_flags },
	{ "accept_not_listening", accept_not_listening },
	{ "accept_rcvtimeo", accept_rcvtimeo },
	{ "accept_signal", accept_signal },
	{ "accept_signal_restart", accept_signal_restart },
	{ "accept_many", accept_many },
	{ "accept_late", accept_late },
	{ "accept_closed_peer", accept_closed_peer },
	{ "accept_reset_peer", accept_reset_peer },
	{ "listener_shutdown_rd", listener_shutdown_rd },
	{ "listener_shutdown_rdwr", listener_shutdown_rdwr },
	{ "listener_shutdown_wr", listener_shutdown_wr },
	{ "listener_shutdown_relisten", listener_shutdown_relisten },
	{ "listener_shutdown_poll", listener_shutdown_poll },
	{ "listener_close_pending", listener_close_pending },
	{ "listener_close_refuses", listener_close_refuses },
	{ "listener_close_keeps", listener_close_keeps },
	{ "listener_io", listener_io },
	{ "listen_errors", listen_errors },
	{ 0 }
};
