// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: sockets shared by processes and threads, and their sudden end. */
#define _GNU_SOURCE
#include "beh.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void out_echo(const char *what, int fd)
{
	beh_peer_start(OP_ECHO, 100, 0);
	beh_out("%s:", what);
	RES("send", beh_send(fd, 100, 0));
	RES("recv", beh_recv_full(fd, 100));
	beh_peer_res("peer_echo");
}

static void reap(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) < 0)
		beh_broken("waitpid");
	if (WIFEXITED(status))
		beh_out("child=%d", WEXITSTATUS(status));
	else
		beh_out("child=signal%d", WTERMSIG(status));
}

/* The child reads what the peer sends while the parent writes. */
static void fork_share(void)
{
	int fd = beh_connected();
	pid_t pid;

	beh_peer_start(OP_SEND, 500000, 0);
	beh_peer_start(OP_RECV, 500000, 0);
	pid = fork();
	if (pid == 0)
		_exit(beh_recv_full(fd, 500000) == 500000 ? 0 : 1);
	RES("send", beh_send(fd, 500000, 0));
	reap(pid);
	beh_peer_res("peer_send");
	beh_peer_res("peer_recv");
}

/* The usual server: the child takes the accepted connection, the parent closes its copy. */
static void fork_server(void)
{
	int lfd = beh_listener(5);
	pid_t pid;
	int fd;

	beh_stream_reset();
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	fd = accept(lfd, NULL, NULL);
	pid = fork();
	if (pid == 0) {
		close(lfd);
		_exit(beh_send(fd, 1000, 0) == 1000 && beh_recv_full(fd, 1000) == 1000 ? 0 : 1);
	}
	close(fd);
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	reap(pid);
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

static void fork_accept(void)
{
	int lfd = beh_listener(5);
	pid_t pids[2];
	int i;

	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(accept(lfd, NULL, NULL) < 0);
	}
	sleep_ms(200);
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	reap(pids[0]);
	reap(pids[1]);
}

static void close_shared(void)
{
	int fd = beh_connected();
	pid_t pid = fork();

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	reap(pid);
	out_echo("after", fd);
	RES("close", close(fd));
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

/* shutdown() works on the connection, whoever else holds it. */
static void shutdown_shared(void)
{
	int fd = beh_connected();
	pid_t pid = fork();

	if (pid == 0)
		_exit(shutdown(fd, SHUT_WR) != 0);
	reap(pid);
	RES("send", beh_send(fd, 1, MSG_NOSIGNAL));
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

static void dup_share(void)
{
	int fd = beh_connected();
	int other = dup(fd);

	RES("send", beh_send(other, 50, 0));
	RES("close", close(fd));
	RES("send", beh_send(other, 50, 0));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
	out_echo("dup", other);
	/* Into a low number, as shells do. */
	RES("dup2", dup2(other, 99));
	close(other);
	out_echo("dup2", 99);
	RES("close", close(99));
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

/* dup before the connection: all descriptors must show it. */
static void dup_before_connect(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 0);
	int fd = beh_socket(0);
	int other = dup(fd);

	beh_stream_reset();
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	beh_settle_out("mask", other, M_IDLE);
	out_echo("dup", other);
	close(fd);
	out_echo("dup", other);
}

static void send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	memset(control, 0, sizeof(control));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) != 1)
		beh_broken("passing the descriptor");
}

static int recv_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))];
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(sock, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void pass_fd(void)
{
	int fd = beh_connected();
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		beh_broken("socketpair");
	pid = fork();
	if (pid == 0) {
		int got;

		close(fd);
		got = recv_fd(pair[1]);
		_exit(beh_send(got, 1000, 0) == 1000 && beh_recv_full(got, 1000) == 1000 ? 0 : 1);
	}
	send_fd(pair[0], fd);
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	reap(pid);
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

/* Nobody has the socket but the message; then the message is dropped. */
static void pass_fd_dropped(void)
{
	int fd = beh_connected();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		beh_broken("socketpair");
	send_fd(pair[0], fd);
	RES("close", close(fd));
	close(pair[0]);
	close(pair[1]);
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

static void exec_keeps(void)
{
	int fd = beh_connected();
	pid_t pid = fork();

	if (pid == 0) {
		dup2(fd, 1);
		execlp("echo", "echo", "-n", "", NULL);
		_exit(1);
	}
	reap(pid);
	out_echo("after", fd);
	pid = fork();
	if (pid == 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		execlp("cat", "cat", NULL);
		_exit(1);
	}
	close(fd);
	/* Back through cat, so both positions advance together. */
	beh_peer_do("peer_send", OP_SEND, 5000, 0);
	beh_peer_do("peer_recv", OP_RECV, 5000, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	reap(pid);
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

static void killed(bool has_unread)
{
	int fd = beh_connected();
	pid_t pid;

	if (has_unread) {
		beh_peer_do("peer_send", OP_SEND, 100, 0);
		beh_wait_in(fd, 100);
	}
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	RES("kill", kill(pid, SIGKILL));
	reap(pid);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void killed_idle(void)
{
	killed(false);
}

static void killed_unread(void)
{
	killed(true);
}

/* Killed while it sleeps in a call. */
static void killed_in_recv(void)
{
	int fd = beh_connected();
	pid_t pid = fork();

	if (pid == 0) {
		beh_recv(fd, 1, 0);
		_exit(0);
	}
	close(fd);
	sleep_ms(200);
	RES("kill", kill(pid, SIGKILL));
	reap(pid);
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void killed_in_send(void)
{
	int fd = beh_connected();
	long long start;
	pid_t pid;
	int i;

	pid = fork();
	if (pid == 0) {
		beh_send(fd, 32 << 20, 0);
		_exit(0);
	}
	close(fd);
	/* It has much data to make before it sends. */
	for (i = 0; i < 10 && beh_peer(OP_WAIT_IN, 1, 0) <= 0; i++)
		;
	sleep_ms(300);
	start = now_us();
	RES("kill", kill(pid, SIGKILL));
	reap(pid);
	beh_out("took=%s", now_us() - start < 3000000LL * beh_time_factor ? "short" : "LONG");
	/* How much has left is a matter of buffers; it must end in order. */
	beh_out("peer=%s", beh_peer(OP_RECV_ALL, 0, 0) > 0 ? "data" : "NOTHING");
	beh_peer_do("then", OP_RECV, 1, 0);
}

static void peer_exits(enum beh_op op)
{
	int fd = beh_connected();

	beh_peer_start(op, 0, 0);
	beh_settle_out("mask", fd, M_EOF);
	RES("recv", beh_recv(fd, 1, 0));
	RES("recv", beh_recv(fd, 1, 0));
}

static void peer_exit(void)
{
	peer_exits(OP_EXIT);
}

static void peer_killed(void)
{
	peer_exits(OP_KILL);
}

static void peer_killed_unread(void)
{
	int fd = beh_connected();

	RES("send", beh_send(fd, 100, 0));
	beh_peer_do("peer_wait", OP_WAIT_IN, 100, 0);
	beh_peer_start(OP_KILL, 0, 0);
	beh_settle_out("mask", fd, M_RESET);
	RES("recv", beh_recv(fd, 1, 0));
	RES("recv", beh_recv(fd, 1, 0));
}

static void peer_killed_wakes(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_KILL, 0, 0);
	RES("recv", beh_recv(fd, 1, 0));
}

struct blocked {
	int fd;
	size_t len;
	long rc;
	int err;
};

static void *recv_thread(void *arg)
{
	struct blocked *b = arg;

	b->rc = beh_recv_full(b->fd, b->len);
	b->err = errno;
	return NULL;
}

static void *send_thread(void *arg)
{
	struct blocked *b = arg;

	b->rc = beh_send(b->fd, b->len, MSG_NOSIGNAL);
	b->err = errno;
	return NULL;
}

static pthread_t start_blocked(void *(*fn)(void *), struct blocked *b)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, b))
		beh_broken("thread");
	sleep_ms(200);
	return thread;
}

static void join_blocked(const char *what, pthread_t thread, struct blocked *b)
{
	pthread_join(thread, NULL);
	errno = b->err;
	beh_res(what, b->rc);
}

static void thread_recv_send(void)
{
	struct blocked b = { .fd = beh_connected(), .len = 300000 };
	pthread_t thread = start_blocked(recv_thread, &b);

	beh_peer_start(OP_SEND, 300000, 0);
	beh_peer_start(OP_RECV, 300000, 0);
	RES("send", beh_send(b.fd, 300000, 0));
	join_blocked("recv", thread, &b);
	beh_peer_res("peer_send");
	beh_peer_res("peer_recv");
}

static void thread_recv_shutdown(int how)
{
	struct blocked b = { .fd = beh_connected(), .len = 10 };
	pthread_t thread = start_blocked(recv_thread, &b);

	RES("shutdown", shutdown(b.fd, how));
	join_blocked("recv", thread, &b);
}

static void thread_recv_shutdown_rd(void)
{
	thread_recv_shutdown(SHUT_RD);
}

static void thread_recv_shutdown_rdwr(void)
{
	thread_recv_shutdown(SHUT_RDWR);
}

static void thread_send_shutdown(void)
{
	struct blocked b = { .fd = beh_connected(), .len = 10 };
	pthread_t thread;

	beh_fill(b.fd);
	thread = start_blocked(send_thread, &b);
	RES("shutdown", shutdown(b.fd, SHUT_WR));
	join_blocked("send", thread, &b);
}

/* close() does not end a call that runs. */
static void thread_recv_close(void)
{
	struct blocked b = { .fd = beh_connected(), .len = 10 };
	pthread_t thread = start_blocked(recv_thread, &b);

	RES("close", close(b.fd));
	sleep_ms(100);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	join_blocked("recv", thread, &b);
	beh_peer_do("peer_eof", OP_RECV, 1, 0);
}

static void *poll_thread(void *arg)
{
	struct blocked *b = arg;
	struct pollfd pfd = { .fd = b->fd, .events = POLLIN };

	b->rc = poll(&pfd, 1, 10000);
	b->err = errno;
	return NULL;
}

static void thread_poll_shutdown(void)
{
	struct blocked b = { .fd = beh_connected() };
	pthread_t thread = start_blocked(poll_thread, &b);

	RES("shutdown", shutdown(b.fd, SHUT_RD));
	join_blocked("poll", thread, &b);
}

/* Two readers: each byte goes to one of them. */
static void thread_two_readers(void)
{
	int fd = beh_connected();
	static char bufs[2][100];
	pid_t pids[2];
	int i;

	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(recv(fd, bufs[i], 50, MSG_WAITALL) == 50 ? 0 : 1);
	}
	sleep_ms(200);
	beh_peer_do("peer_send", OP_SEND, 100, 0);
	reap(pids[0]);
	reap(pids[1]);
	RES("rest", beh_recv(fd, 1, MSG_DONTWAIT));
}

const struct beh_case beh_process_cases[] = {
	{ "fork_share", fork_share },
	{ "fork_server", fork_server },
	{ "fork_accept", fork_accept },
	{ "close_shared", close_shared },
	{ "shutdown_shared", shutdown_shared },
	{ "dup_share", dup_share },
	{ "dup_before_connect", dup_before_connect },
	{ "pass_fd", pass_fd },
	{ "pass_fd_dropped", pass_fd_dropped },
	{ "exec_keeps", exec_keeps },
	{ "killed_idle", killed_idle },
	{ "killed_unread", killed_unread },
	{ "killed_in_recv", killed_in_recv },
	{ "killed_in_send", killed_in_send },
	{ "peer_exit", peer_exit },
	{ "peer_killed", peer_killed },
	{ "peer_killed_unread", peer_killed_unread },
	{ "peer_killed_wakes", peer_killed_wakes },
	{ "thread_recv_send", thread_recv_send },
	{ "thread_recv_shutdown_rd", thread_recv_shutdown_rd },
	{ "thread_recv_shutdown_rdwr", thread_recv_shutdown_rdwr },
	{ "thread_send_shutdown", thread_send_shutdown },
	{ "thread_recv_close", thread_recv_close },
	{ "thread_poll_shutdown", thread_poll_shutdown },
	{ "thread_two_readers", thread_two_readers },
	{ 0 }
};
