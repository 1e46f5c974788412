// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: socket(2), bind(2), connect(2), names. */
#define _GNU_SOURCE
#include "beh.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void out_so_error(int fd)
{
	int err = -1;
	socklen_t len = sizeof(err);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	beh_out("so_error=%s", beh_errname(err));
}

static void out_name(const char *what, int fd, int (*get)(int, struct sockaddr *, socklen_t *),
		     int port)
{
	struct address addr = { .len = sizeof(addr.ss) };

	if (RES(what, get(fd, (struct sockaddr *)&addr.ss, &addr.len)) < 0)
		return;
	/* Not the family as number: the same text for IPv4 and IPv6 is easier to read. */
	beh_out("family=%s len=%s port=%s",
		addr.ss.ss_family == beh_peer_addr.ss.ss_family ? "ok" : "WRONG",
		addr.len == beh_peer_addr.len ? "ok" : "WRONG",
		address_port(&addr) == port ? "ok" : "WRONG");
}

/* Proves that a connection works in both directions. */
static void out_echo(int fd)
{
	beh_stream_reset();
	beh_peer_start(OP_ECHO, 100, 0);
	RES("send", beh_send(fd, 100, 0));
	RES("recv", beh_recv_full(fd, 100));
	beh_peer_res("peer_echo");
}

static long disconnect(int fd)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	return connect(fd, &sa, sizeof(sa));
}

static int listening_peer(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 0);

	if (port < 0)
		beh_broken("peer listen");
	return port;
}

static void socket_flags(void)
{
	int fd = beh_socket(SOCK_NONBLOCK | SOCK_CLOEXEC);

	beh_out("nonblock=%d cloexec=%d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK),
		!!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	fd = beh_socket(0);
	beh_out("nonblock=%d cloexec=%d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK),
		!!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
}

static void socket_file(void)
{
	int fd = beh_connected();
	struct stat st;
	char c;

	RES("fstat", fstat(fd, &st));
	beh_out("is_socket=%d", S_ISSOCK(st.st_mode));
	RES("lseek", lseek(fd, 0, SEEK_SET));
	RES("pread", pread(fd, &c, 1, 0));
	RES("pwrite", pwrite(fd, "x", 1, 0));
	RES("fsync", fsync(fd));
	RES("ftruncate", ftruncate(fd, 0));
}

static void connect_ok(void)
{
	int port = listening_peer();
	int fd = beh_socket(0);

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	out_name("getpeername", fd, getpeername, port);
	out_name("getsockname", fd, getsockname, (int)beh_peer(OP_PEER_PORT, 0, 0));
	out_echo(fd);
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

/* An option that is set before must not get in the way of the connection. */
static int connected_with(int level, int option, int value)
{
	int port = listening_peer();
	int fd = beh_socket(0);
	int now = 0;

	beh_set_int(fd, level, option, value);
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	RES("getsockopt", getsockopt(fd, level, option, &now, &(socklen_t){ sizeof(now) }));
	beh_out("value=%d", now);
	return fd;
}

static void connect_rcvlowat(void)
{
	/* more than a message of a handshake has */
	int fd = connected_with(SOL_SOCKET, SO_RCVLOWAT, 5000);

	beh_set_int(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
	out_echo(fd);
}

static void connect_corked(void)
{
	out_echo(connected_with(IPPROTO_TCP, TCP_CORK, 1));
}

static void connect_twice(void)
{
	int fd = beh_connected();

	RES("connect", beh_connect_to(fd, 1));
	beh_set_nonblock(fd, true);
	RES("connect_nb", beh_connect_to(fd, 1));
	beh_set_nonblock(fd, false);
	out_echo(fd);
}

static void connect_refused(void)
{
	int refused = (int)beh_peer(OP_FREE_PORT, 0, 0);
	int port = listening_peer();
	int fd = beh_socket(0);

	RES("connect", beh_connect_to(fd, refused));
	out_so_error(fd);
	RES("again", beh_connect_to(fd, refused));
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("good", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	out_echo(fd);
}

static void connect_refused_then_io(void)
{
	int refused = (int)beh_peer(OP_FREE_PORT, 0, 0);
	int fd = beh_socket(0);

	RES("connect", beh_connect_to(fd, refused));
	RES("recv", beh_recv(fd, 1, 0));
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("shutdown", shutdown(fd, SHUT_RDWR));
	RES("getpeername", getpeername(fd, (struct sockaddr *)&(struct sockaddr_storage){ 0 },
				       &(socklen_t){ sizeof(struct sockaddr_storage) }));
}

static void connect_nb_refused(void)
{
	int fd = beh_socket(SOCK_NONBLOCK);

	RES("connect", beh_connect_to(fd, (int)beh_peer(OP_FREE_PORT, 0, 0)));
	beh_settle_out("mask", fd, M_RESET);
	out_so_error(fd);
	out_so_error(fd);
	beh_settle_out("mask", fd, M_DEAD);
	RES("recv", beh_recv(fd, 1, 0));
	RES("send", beh_send(fd, 1, MSG_NOSIGNAL));
}

/* The same error fetched by the next call in place of SO_ERROR. */
static void connect_nb_refused_recv(void)
{
	int fd = beh_socket(SOCK_NONBLOCK);

	RES("connect", beh_connect_to(fd, (int)beh_peer(OP_FREE_PORT, 0, 0)));
	beh_settle_out("mask", fd, M_RESET);
	RES("recv", beh_recv(fd, 1, 0));
	RES("recv", beh_recv(fd, 1, 0));
	out_so_error(fd);
}

static void connect_nb_refused_reuse(void)
{
	int refused = (int)beh_peer(OP_FREE_PORT, 0, 0);
	int port = listening_peer();
	int fd = beh_socket(SOCK_NONBLOCK);

	RES("connect", beh_connect_to(fd, refused));
	beh_settle(fd, M_RESET);
	RES("connect", beh_connect_to(fd, refused));
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect_good", beh_connect_to(fd, port));
	beh_settle_out("mask", fd, M_IDLE);
	beh_peer_res("peer_accept");
	beh_set_nonblock(fd, false);
	out_echo(fd);
}

static void connect_nb_ok(void)
{
	int port = listening_peer();
	int fd = beh_socket(SOCK_NONBLOCK);

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_settle_out("mask", fd, M_IDLE);
	out_so_error(fd);
	RES("connect", beh_connect_to(fd, port));
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	RES("recv", beh_recv(fd, 1, 0));
	beh_set_nonblock(fd, false);
	out_echo(fd);
}

/*
 * Where each answer of the peer takes 250 ms, a handshake has sent its last
 * message by then, and has not heard the peer's.
 */
static void connect_nb_shutdown(void)
{
	int port = listening_peer();
	int fd = beh_socket(SOCK_NONBLOCK);

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	usleep(625000);
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_peer_res("peer_accept");
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_send", OP_SEND, 50, 0);
	beh_set_nonblock(fd, false);
	RES("recv", beh_recv_full(fd, 50));
}

static void connect_nb_unspec(void)
{
	int port = listening_peer();
	int fd = beh_socket(SOCK_NONBLOCK);

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	usleep(625000);
	RES("disconnect", disconnect(fd));
	beh_peer_res("peer_accept");
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

/* The usual way of event loops: edge triggered, before the connect. */
static void connect_nb_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int port = listening_peer();
	int fd = beh_socket(SOCK_NONBLOCK);
	int ep = epoll_create1(0);

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	RES("epoll_ctl", epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	memset(&ev, 0, sizeof(ev));
	RES("epoll_wait", epoll_wait(ep, &ev, 1, 10000));
	beh_out_mask("events", ev.events);
	beh_peer_res("peer_accept");
	out_so_error(fd);
	beh_set_nonblock(fd, false);
	out_echo(fd);
}

static void connect_nb_refused_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLOUT };
	int fd = beh_socket(SOCK_NONBLOCK);
	int ep = epoll_create1(0);

	RES("connect", beh_connect_to(fd, (int)beh_peer(OP_FREE_PORT, 0, 0)));
	RES("epoll_ctl", epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	memset(&ev, 0, sizeof(ev));
	RES("epoll_wait", epoll_wait(ep, &ev, 1, 10000));
	beh_out_mask("events", ev.events);
	out_so_error(fd);
}

static void connect_pending(void)
{
	int port = beh_blackhole();
	int fd = beh_socket(SOCK_NONBLOCK);

	RES("connect", beh_connect_to(fd, port));
	RES("connect", beh_connect_to(fd, port));
	beh_settle_out("mask", fd, 0);
	out_so_error(fd);
	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("recv", beh_recv(fd, 1, 0));
	RES("getpeername", getpeername(fd, (struct sockaddr *)&(struct sockaddr_storage){ 0 },
				       &(socklen_t){ sizeof(struct sockaddr_storage) }));
	RES("listen", listen(fd, 1));
	RES("close", close(fd));
}

static void connect_pending_shutdown(void)
{
	int port = beh_blackhole();
	int fd = beh_socket(SOCK_NONBLOCK);

	RES("connect", beh_connect_to(fd, port));
	RES("shutdown", shutdown(fd, SHUT_RDWR));
	RES("send", beh_send(fd, 1, MSG_NOSIGNAL));
}

static void connect_alarm(void)
{
	int port = beh_blackhole();
	int fd = beh_socket(0);
	long long start = now_us();

	beh_alarm(500, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_out_waited(start, 500);
	beh_out("alarms=%d", (int)beh_alarms);
	beh_set_nonblock(fd, true);
	RES("connect_nb", beh_connect_to(fd, port));
}

static void connect_sndtimeo(void)
{
	int port = beh_blackhole();
	int fd = beh_socket(0);
	long long start = now_us();

	beh_set_timeout(fd, SO_SNDTIMEO, 500);
	RES("connect", beh_connect_to(fd, port));
	beh_out_waited(start, 500);
	start = now_us();
	RES("connect", beh_connect_to(fd, port));
	beh_out_waited(start, 500);
}

/* Peers without SMC exist in both runs. */
static void connect_plain_peer(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 1);
	int fd = beh_socket(0);

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	out_echo(fd);
	beh_settle_out("mask", fd, M_IDLE);
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_send", OP_SEND, 50, 0);
	RES("recv", beh_recv_full(fd, 50));
}

static void connect_bad_address(void)
{
	struct sockaddr_storage ss;
	int fd = beh_socket(0);

	memset(&ss, 0, sizeof(ss));
	RES("len0", connect(fd, (struct sockaddr *)&ss, 0));
	ss.ss_family = beh_peer_addr.ss.ss_family;
	RES("len1", connect(fd, (struct sockaddr *)&ss, 1));
	RES("len8", connect(fd, (struct sockaddr *)&ss, 8));
	ss.ss_family = AF_UNIX;
	RES("family", connect(fd, (struct sockaddr *)&ss, beh_peer_addr.len));
	RES("fault", connect(fd, NULL, beh_peer_addr.len));
}

static void connect_listener(void)
{
	int fd = beh_listener(1);

	RES("connect", beh_connect_to(fd, listening_peer()));
}

/* The socket is used again, after its error was fetched. */
static void out_second_life(int fd)
{
	int port = listening_peer();

	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("again", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	out_name("getpeername", fd, getpeername, port);
	out_echo(fd);
}

static void connect_unspec(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 1, MSG_NOSIGNAL));
	RES("disconnect", disconnect(fd));
	out_so_error(fd);
	RES("send", beh_send(fd, 1, MSG_NOSIGNAL));
	RES("recv", beh_recv(fd, 1, MSG_DONTWAIT));
	RES("getpeername", getpeername(fd, (struct sockaddr *)&(struct sockaddr_storage){ 0 },
				       &(socklen_t){ sizeof(struct sockaddr_storage) }));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_stream_reset();
	out_second_life(fd);
	RES("disconnect", disconnect(fd));
	RES("disconnect", disconnect(fd));
	/* without taking the error */
	beh_stream_reset();
	out_second_life(fd);
}

static void connect_unspec_pending(void)
{
	int port = beh_blackhole();
	int fd = beh_socket(SOCK_NONBLOCK);

	RES("connect", beh_connect_to(fd, port));
	RES("disconnect", disconnect(fd));
	out_so_error(fd);
	beh_set_nonblock(fd, false);
	out_second_life(fd);
}

static void connect_unspec_listener(void)
{
	int fd = beh_listener(1);

	RES("disconnect", disconnect(fd));
	out_so_error(fd);
	RES("accept", accept4(fd, NULL, NULL, SOCK_NONBLOCK));
	out_second_life(fd);
}

static void connect_bound(void)
{
	struct address addr;
	int port = listening_peer();
	int fd = beh_socket(0);
	int local;

	endpoint_any(&beh_ep, 0, &addr);
	RES("bind", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	local = socket_port(fd);
	beh_out("port=%s", local > 0 ? "ok" : "WRONG");
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	out_name("getsockname", fd, getsockname, local);
	beh_out("peer_sees=%s", beh_peer(OP_PEER_PORT, 0, 0) == local ? "ok" : "WRONG");
}

static void bind_errors(void)
{
	struct address addr;
	int fd = beh_socket(0);
	int other = beh_listener(1);
	int bound = beh_socket(0);

	endpoint_any(&beh_ep, socket_port(other), &addr);
	RES("in_use", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	address_set_port(&addr, 0);
	RES("short", bind(fd, (struct sockaddr *)&addr.ss, 8));
	RES("len0", bind(fd, (struct sockaddr *)&addr.ss, 0));
	RES("first", bind(bound, (struct sockaddr *)&addr.ss, addr.len));
	RES("second", bind(bound, (struct sockaddr *)&addr.ss, addr.len));
	addr.ss.ss_family = AF_UNIX;
	RES("family", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	addr.ss.ss_family = beh_peer_addr.ss.ss_family;
	RES("connected", bind(beh_connected(), (struct sockaddr *)&addr.ss, addr.len));
}

static void bind_foreign_address(void)
{
	struct address addr;
	int fd = beh_socket(0);

	endpoint_resolve(&beh_ep, beh_ep.is_v6 ? "2001:db8::77" : "192.0.2.77", 0, &addr);
	RES("bind", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
}

/* The port of a closed listener with no connections is free at once. */
static void bind_again(void)
{
	struct address addr;
	int lfd = beh_listener(1);
	int port = socket_port(lfd);
	int fd = beh_socket(0);

	endpoint_any(&beh_ep, port, &addr);
	RES("while_used", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	RES("close", close(lfd));
	RES("after_close", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
}

static void names_fresh(void)
{
	struct address addr = { .len = sizeof(addr.ss) };
	int fd = beh_socket(0);

	out_name("getsockname", fd, getsockname, 0);
	RES("getpeername", getpeername(fd, (struct sockaddr *)&addr.ss, &addr.len));
	fd = beh_listener(1);
	RES("getpeername", getpeername(fd, (struct sockaddr *)&addr.ss, &addr.len));
	out_name("getsockname", fd, getsockname, socket_port(fd));
}

static void names_short_buffer(void)
{
	struct address addr = { .len = 4 };
	int fd = beh_connected();

	RES("getsockname", getsockname(fd, (struct sockaddr *)&addr.ss, &addr.len));
	beh_out("len=%s", addr.len == beh_peer_addr.len ? "full" : "WRONG");
	addr.len = -1;
	RES("negative", getsockname(fd, (struct sockaddr *)&addr.ss, &addr.len));
	addr.len = sizeof(addr.ss);
	RES("fault", getpeername(fd, NULL, &addr.len));
}

static void names_after_close(void)
{
	struct address addr = { .len = sizeof(addr.ss) };
	int fd = beh_connected();
	int i;

	RES("shutdown", shutdown(fd, SHUT_WR));
	RES("getpeername", getpeername(fd, (struct sockaddr *)&addr.ss, &addr.len));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("mask", fd, M_DEAD);
	/* The mask changes a moment before the state does. */
	for (i = 0; i < 1000 && !getpeername(fd, (struct sockaddr *)&addr.ss, &addr.len); i++)
		usleep(1000);
	RES("getpeername", getpeername(fd, (struct sockaddr *)&addr.ss, &addr.len));
	RES("getsockname", getsockname(fd, (struct sockaddr *)&addr.ss, &addr.len));
}

static void names_peer_closed(void)
{
	struct address addr = { .len = sizeof(addr.ss) };
	int fd = beh_connected();

	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	beh_settle_out("mask", fd, M_EOF);
	RES("getpeername", getpeername(fd, (struct sockaddr *)&addr.ss, &addr.len));
}

static void fresh_recv(void)
{
	int fd = beh_socket(0);

	RES("recv", beh_recv(fd, 1, 0));
	RES("read", read(fd, &(char){ 0 }, 1));
	RES("shutdown", shutdown(fd, SHUT_RDWR));
	RES("accept", accept(fd, NULL, NULL));
	out_so_error(fd);
}

static void fresh_send(void)
{
	int fd = beh_socket(0);

	RES("send", beh_send(fd, 1, 0));
	beh_out_sigpipe();
	RES("nosignal", beh_send(fd, 1, MSG_NOSIGNAL));
	beh_out_sigpipe();
}

static void fresh_mask(void)
{
	beh_out_mask("mask", beh_mask(beh_socket(0)));
}

const struct beh_case beh_connect_cases[] = {
	{ "socket_flags", socket_flags },
	{ "socket_file", socket_file },
	{ "connect_ok", connect_ok },
	{ "connect_rcvlowat", connect_rcvlowat },
	{ "connect_corked", connect_corked },
	{ "connect_twice", connect_twice },
	{ "connect_refused", connect_refused },
	{ "connect_refused_then_io", connect_refused_then_io },
	{ "connect_nb_refused", connect_nb_refused },
	{ "connect_nb_refused_recv", connect_nb_refused_recv },
	{ "connect_nb_refused_reuse", connect_nb_refused_reuse },
	{ "connect_nb_ok", connect_nb_ok },
	{ "connect_nb_shutdown", connect_nb_shutdown },
	{ "connect_nb_unspec", connect_nb_unspec },
	{ "connect_nb_epoll", connect_nb_epoll },
	{ "connect_nb_refused_epoll", connect_nb_refused_epoll },
	{ "connect_pending", connect_pending },
	{ "connect_pending_shutdown", connect_pending_shutdown },
	{ "connect_alarm", connect_alarm },
	{ "connect_sndtimeo", connect_sndtimeo },
	{ "connect_plain_peer", connect_plain_peer },
	{ "connect_bad_address", connect_bad_address },
	{ "connect_listener", connect_listener },
	{ "connect_unspec", connect_unspec },
	{ "connect_unspec_pending", connect_unspec_pending },
	{ "connect_unspec_listener", connect_unspec_listener },
	{ "connect_bound", connect_bound },
	{ "bind_errors", bind_errors },
	{ "bind_foreign_address", bind_foreign_address },
	{ "bind_again", bind_again },
	{ "names_fresh", names_fresh },
	{ "names_short_buffer", names_short_buffer },
	{ "names_after_close", names_after_close },
	{ "names_peer_closed", names_peer_closed },
	{ "fresh_recv", fresh_recv },
	{ "fresh_send", fresh_send, "AF_SMC: ENOTCONN without SIGPIPE where TCP has EPIPE" },
	{ "fresh_mask", fresh_mask, "AF_SMC: no bits where TCP has OUT and HUP" },
	{ 0 }
};
