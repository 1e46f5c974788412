// SPDX-License-Identifier: GPL-2.0
/*
 * The peer of sockbeh: a server that obeys the commands of a case, and the
 * side of the control connection that gives them.  Both ends are builds for
 * one architecture, so commands travel in host order.
 */
#define _GNU_SOURCE
#include "beh.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than any case may take: ends a handler whose case is gone. */
#define HANDLER_SECONDS 180
#define PEER_CHUNK 65536

/* --- commanding side --- */

static int ctl = -1;
static struct beh_reply last_reply;

/**
 * beh_peer_open() - get a peer process for this case
 * @host: of the server
 * @port: of the server
 */
void beh_peer_open(const char *host, int port)
{
	struct endpoint plain = { .is_v6 = beh_ep.is_v6 };

	endpoint_resolve(&plain, host, port, &beh_peer_addr);
	ctl = endpoint_connect(&plain, &beh_peer_addr);
	if (ctl < 0)
		beh_broken("control connection");
	beh_set_int(ctl, IPPROTO_TCP, TCP_NODELAY, 1);
}

/**
 * beh_peer_start() - give a command without waiting for its end
 * @op: command
 * @a: first argument
 * @b: second argument
 */
void beh_peer_start(enum beh_op op, int a, int b)
{
	struct beh_cmd cmd = { .op = op, .a = a, .b = b };

	if (write_full(ctl, &cmd, sizeof(cmd)) < 0)
		beh_broken("command");
}

/**
 * beh_peer_wait() - wait for the end of the oldest command not waited for
 *
 * Return: its result; negative: errno tells.
 */
long beh_peer_wait(void)
{
	if (read_full(ctl, &last_reply, sizeof(last_reply)) < 0)
		beh_broken("peer is gone");
	if (last_reply.mismatches)
		beh_out("DATA_MISMATCH(peer)");
	errno = last_reply.err;
	return (long)last_reply.ret;
}

/**
 * beh_peer() - give a command and wait for its end
 * @op: command
 * @a: first argument
 * @b: second argument
 *
 * Return: its result; negative: errno tells.
 */
long beh_peer(enum beh_op op, int a, int b)
{
	beh_peer_start(op, a, b);
	return beh_peer_wait();
}

/**
 * beh_peer_res() - wait for a command and record its result
 * @what: name in the output
 *
 * An error after some bytes shows as "100+ECONNRESET".
 */
void beh_peer_res(const char *what)
{
	long rc = beh_peer_wait();

	if (rc > 0 && last_reply.err)
		beh_out("%s=%ld+%s", what, rc, beh_errname(last_reply.err));
	else
		beh_res(what, rc);
}

/**
 * beh_peer_do() - give a command, wait for its end and record the result
 * @what: name in the output
 * @op: command
 * @a: first argument
 * @b: second argument
 */
void beh_peer_do(const char *what, enum beh_op op, int a, int b)
{
	beh_peer_start(op, a, b);
	beh_peer_res(what);
}

/* --- obeying side --- */

struct handler {
	struct endpoint ep;
	int ctl;
	int lfd;
	int fd;
	uint64_t tx;
	uint64_t rx;
	int mismatches;
};

static void stream_start(struct handler *h, int fd)
{
	h->fd = fd;
	h->tx = 0;
	h->rx = 0;
}

static long op_listen(struct handler *h, int backlog, bool is_plain)
{
	struct endpoint ep = h->ep;

	if (is_plain)
		ep.is_smc = false;
	h->lfd = endpoint_listen(&ep, 0, backlog);
	return h->lfd < 0 ? -1 : socket_port(h->lfd);
}

static long op_accept(struct handler *h)
{
	int fd = accept4(h->lfd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	stream_start(h, fd);
	return 0;
}

static long op_connect(struct handler *h, int port)
{
	struct address addr = { .len = sizeof(addr.ss) };
	int fd;

	if (getpeername(h->ctl, (struct sockaddr *)&addr.ss, &addr.len) < 0)
		return -1;
	address_set_port(&addr, port);
	fd = endpoint_connect(&h->ep, &addr);
	if (fd < 0)
		return -1;
	stream_start(h, fd);
	return 0;
}

static long op_send(struct handler *h, long len, int flags)
{
	static uint8_t buf[PEER_CHUNK];
	long done = 0;

	while (done < len) {
		long want = len - done < PEER_CHUNK ? len - done : PEER_CHUNK;
		long rc;

		beh_pattern_fill(buf, want, h->tx);
		rc = send(h->fd, buf, want, flags | MSG_NOSIGNAL);
		if (rc < 0)
			return done ? done : -1;
		h->tx += rc;
		done += rc;
	}
	errno = 0;
	return done;
}

static long recv_one(struct handler *h, long len, int flags)
{
	static uint8_t buf[PEER_CHUNK];
	long want = len < PEER_CHUNK ? len : PEER_CHUNK;
	long rc = recv(h->fd, buf, want, flags);

	if (rc > 0) {
		h->mismatches += (int)beh_pattern_check(buf, rc, h->rx);
		h->rx += rc;
	}
	return rc;
}

static long op_recv(struct handler *h, long len)
{
	long done = 0;

	while (done < len) {
		long rc = recv_one(h, len - done, 0);

		if (rc < 0)
			return done ? done : -1;
		if (rc == 0)
			break;
		done += rc;
	}
	errno = 0;
	return done;
}

static long op_recv_all(struct handler *h, int ms, int sleeps)
{
	long done = 0;

	for (;;) {
		long rc;

		if (sleeps-- > 0)
			sleep_ms(ms);
		rc = recv_one(h, PEER_CHUNK, 0);
		if (rc < 0)
			return done ? done : -1;
		if (rc == 0)
			break;
		done += rc;
	}
	errno = 0;
	return done;
}

static long op_echo(struct handler *h, long len)
{
	long rc = op_recv(h, len);

	if (rc != len)
		return rc;
	return op_send(h, len, 0);
}

static long op_reset(struct handler *h)
{
	struct linger off = { .l_onoff = 1, .l_linger = 0 };

	if (setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off)) < 0)
		return -1;
	return close(h->fd);
}

static long op_wait_in(struct handler *h, int bytes)
{
	beh_wait_in(h->fd, bytes);
	return beh_inq(h->fd);
}

static long op_free_port(struct handler *h)
{
	struct endpoint plain = { .is_v6 = h->ep.is_v6 };
	int fd = endpoint_listen(&plain, 0, 1);
	int port = socket_port(fd);

	close(fd);
	return port;
}

static long op_peer_port(struct handler *h)
{
	struct address addr = { .len = sizeof(addr.ss) };

	if (getpeername(h->fd, (struct sockaddr *)&addr.ss, &addr.len) < 0)
		return -1;
	return address_port(&addr);
}

static long op_so_error(struct handler *h)
{
	int err = -1;
	socklen_t len = sizeof(err);

	if (getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -1;
	if (err == 0)
		return 0;
	errno = err;
	return -1;
}

static long obey(struct handler *h, const struct beh_cmd *cmd)
{
	switch ((enum beh_op)cmd->op) {
	case OP_LISTEN:
		return op_listen(h, cmd->a, cmd->b);
	case OP_ACCEPT:
		return op_accept(h);
	case OP_CONNECT:
		return op_connect(h, cmd->a);
	case OP_SEND:
		return op_send(h, cmd->a, cmd->b);
	case OP_RECV:
		return op_recv(h, cmd->a);
	case OP_RECV_ALL:
		return op_recv_all(h, cmd->a, cmd->b);
	case OP_RECV_ONE:
		return recv_one(h, cmd->a, cmd->b);
	case OP_ECHO:
		return op_echo(h, cmd->a);
	case OP_SHUTDOWN:
		return shutdown(h->fd, cmd->a);
	case OP_CLOSE:
		return close(h->fd);
	case OP_RESET:
		return op_reset(h);
	case OP_CLOSE_LISTENER:
		return close(h->lfd);
	case OP_EXIT:
		_exit(0);
	case OP_KILL:
		kill(getpid(), SIGKILL);
		return -1;
	case OP_SLEEP:
		sleep_ms(cmd->a);
		return 0;
	case OP_WAIT_IN:
		return op_wait_in(h, cmd->a);
	case OP_MASK:
		return beh_settle(h->fd, cmd->a);
	case OP_FREE_PORT:
		return op_free_port(h);
	case OP_PEER_PORT:
		return op_peer_port(h);
	case OP_SO_ERROR:
		return op_so_error(h);
	case OP_SOCKOPT:
		return beh_set_int(h->fd, SOL_SOCKET, cmd->a, cmd->b) ? 0 : -1;
	}
	errno = ENOSYS;
	return -1;
}

static void handle(const struct endpoint *ep, int fd)
{
	struct handler h = { .ep = *ep, .ctl = fd, .lfd = -1, .fd = -1 };
	struct beh_cmd cmd;

	beh_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	while (read_full(fd, &cmd, sizeof(cmd)) == 0) {
		struct beh_reply reply;

		alarm(HANDLER_SECONDS);
		errno = 0;
		h.mismatches = 0;
		reply.ret = obey(&h, &cmd);
		reply.err = errno;
		reply.mismatches = h.mismatches;
		if (write_full(fd, &reply, sizeof(reply)) < 0)
			break;
	}
	_exit(0);
}

/**
 * beh_serve() - wait for cases and give each a peer process
 * @ep: kind of the data connections; the control connection is plain TCP
 * @port: of the control connection
 *
 * Return: does not, unless listening fails.
 */
int beh_serve(const struct endpoint *ep, int port)
{
	struct endpoint plain = { .is_v6 = ep->is_v6 };
	int lfd = endpoint_listen(&plain, port, 64);
	int probe;

	if (lfd < 0)
		die("cannot listen on port %d", port);
	probe = endpoint_socket(ep, 0);
	if (probe < 0)
		die("cannot create a socket of the wanted kind");
	close(probe);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	printf("ready on port %d\n", port);
	fflush(stdout);
	for (;;) {
		int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(lfd);
			handle(ep, fd);
		}
		close(fd);
	}
}
