// SPDX-License-Identifier: GPL-2.0
/*
 * ulp - convert TCP sockets by setsockopt(TCP_ULP, "smc")
 *
 *	ulp		each case in which that is refused, and some in which it is not
 *	ulp -6		those that are not, with AF_INET6
 *	ulp options	what was set before, as seen before and after it
 *	ulp hold	keeps one converted socket until it is ended
 *
 * A case prints what setsockopt() answered, the protocol of the socket then,
 * and whether it still carries a byte both ways; for what somebody else held
 * also what it answers once he has let go.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "ulp.h"

#define ULP "smc"

static int family = AF_INET;

static int tcp_socket(void)
{
	return need(socket(family, SOCK_STREAM, 0), "socket");
}

static const char *name_of(int err)
{
	return err ? strerrorname_np(err) : "0";
}

static socklen_t loopback(struct sockaddr_storage *addr, int port)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *sin = (struct sockaddr_in *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		sin6->sin6_addr = in6addr_loopback;
		sin6->sin6_port = htons(port);
		return sizeof(*sin6);
	}
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin->sin_port = htons(port);
	return sizeof(*sin);
}

static int listener(struct sockaddr_storage *addr, socklen_t *len)
{
	int fd = tcp_socket();

	*len = loopback(addr, 0);
	need(bind(fd, (struct sockaddr *)addr, *len), "bind");
	need(listen(fd, 8), "listen");
	getsockname(fd, (struct sockaddr *)addr, len);
	return fd;
}

static bool carries(int from, int to)
{
	char c = 'x';

	return send(from, &c, 1, MSG_NOSIGNAL) == 1 && recv(to, &c, 1, 0) == 1 && c == 'x';
}

static bool both_ways(int one, int other)
{
	return carries(one, other) && carries(other, one);
}

/* an unconnected socket connects to a TCP listener */
static bool works_as_client(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int lfd = listener(&addr, &len);
	bool works = false;
	int peer;

	if (!connect(fd, (struct sockaddr *)&addr, len)) {
		peer = accept(lfd, NULL, NULL);
		works = both_ways(fd, peer);
		close(peer);
	}
	close(lfd);
	return works;
}

static bool works_as_server(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int client = tcp_socket();
	bool works = false;
	int peer;

	getsockname(fd, (struct sockaddr *)&addr, &len);
	if (!connect(client, (struct sockaddr *)&addr, len)) {
		peer = accept(fd, NULL, NULL);
		works = both_ways(client, peer);
		close(peer);
	}
	close(client);
	return works;
}

static void tell(const char *name, int fd, int err, bool works)
{
	printf("%s: %s %d %s\n", name, name_of(err), protocol_of(fd), works ? "works" : "BROKEN");
	fflush(stdout);
}

/* what stays a TCP socket does so for good: try another one after release() */
static void tell_held(const char *name, int fd, int err, void (*release)(int), int arg)
{
	printf("%s: %s %d", name, name_of(err), protocol_of(fd));
	if (release)
		release(arg);
	err = set_ulp(fd, ULP);
	printf(", then %s %d", name_of(err), protocol_of(fd));
	printf(" %s\n", works_as_client(fd) ? "works" : "BROKEN");
	fflush(stdout);
	close(fd);
}

static void close_fd(int fd)
{
	close(fd);
}

static void fresh(void)
{
	struct sockaddr_storage addr;
	socklen_t len = loopback(&addr, 0);
	int fd = tcp_socket();
	char name[16] = "?";
	socklen_t name_len = sizeof(name);
	int err = set_ulp(fd, ULP);

	getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &name_len);
	printf("fresh: %s domain=%d protocol=%d ulp=%s\n", name_of(err),
	       int_option(fd, SOL_SOCKET, SO_DOMAIN), protocol_of(fd), name);
	printf("again: %s\n", name_of(set_ulp(fd, ULP)));
	printf("tls: %s\n", name_of(set_ulp(fd, "tls")));
	printf("fresh %s\n", works_as_client(fd) ? "works" : "BROKEN");
	close(fd);

	fd = tcp_socket();
	need(bind(fd, (struct sockaddr *)&addr, len), "bind");
	err = set_ulp(fd, ULP);
	need(listen(fd, 8), "listen");
	tell("bound", fd, err, works_as_server(fd));
	close(fd);
}

static void dissolved(void)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	int fd = tcp_socket();
	int err;

	works_as_client(fd);
	need(connect(fd, &unspec, sizeof(unspec)), "connect to nobody");
	err = set_ulp(fd, ULP);
	printf("its error: %s\n", name_of(int_option(fd, SOL_SOCKET, SO_ERROR)));
	tell("dissolved", fd, err, works_as_client(fd));
	need(connect(fd, &unspec, sizeof(unspec)), "connect to nobody");
	printf("dissolved again: %s\n", works_as_client(fd) ? "works" : "BROKEN");
	close(fd);
}

static void states(void)
{
	struct sockaddr_storage addr;
	struct sockaddr_in away = { .sin_family = AF_INET, .sin_port = htons(9),
				    .sin_addr.s_addr = htonl(0x0a000063) };
	socklen_t len;
	int lfd = listener(&addr, &len);
	int fd = tcp_socket();
	int err = set_ulp(lfd, ULP);

	tell("listening", lfd, err, works_as_server(lfd));
	need(connect(fd, (struct sockaddr *)&addr, len), "connect");
	err = set_ulp(fd, ULP);
	tell("connected", fd, err, both_ways(fd, accept(lfd, NULL, NULL)));
	close(fd);
	close(lfd);

	/* the guests' network, where nobody has it */
	fd = need(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
	if (connect(fd, (struct sockaddr *)&away, sizeof(away)) && errno != EINPROGRESS)
		fail("connect to nowhere");
	printf("connecting: %s %d\n", name_of(set_ulp(fd, ULP)), protocol_of(fd));
	close(fd);

	fd = need(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	printf("udp: %s\n", name_of(set_ulp(fd, ULP)));
	close(fd);
	fd = need(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	printf("unix: %s\n", name_of(set_ulp(fd, ULP)));
	close(fd);
	fd = need(socket(43, SOCK_STREAM, 0), "socket");
	printf("AF_SMC: %s %s\n", name_of(set_ulp(fd, ULP)), name_of(set_ulp(fd, "tls")));
	close(fd);
}

static void ruled_out(const char *name, int level, int option)
{
	int fd = tcp_socket();
	int one = 1;
	int err;

	need(setsockopt(fd, level, option, &one, sizeof(one)), name);
	err = set_ulp(fd, ULP);
	tell(name, fd, err, works_as_client(fd));
	close(fd);
}

static void under_repair(void)
{
	int fd = tcp_socket();
	int one = 1, zero = 0;
	int err;

	need(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &one, sizeof(one)), "TCP_REPAIR");
	err = set_ulp(fd, ULP);
	need(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &zero, sizeof(zero)), "end of TCP_REPAIR");
	tell("repair", fd, err, works_as_client(fd));
	close(fd);
}

/* with a peer that is not asked for anything here */
static void signed_segments(void)
{
	struct tcp_md5sig md5 = { .tcpm_keylen = 3, .tcpm_key = "key" };
	struct sockaddr_in *peer = (struct sockaddr_in *)&md5.tcpm_addr;
	int fd = tcp_socket();
	int err;

	peer->sin_family = AF_INET;
	peer->sin_addr.s_addr = htonl(0x0a000063);
	need(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &md5, sizeof(md5)), "TCP_MD5SIG");
	err = set_ulp(fd, ULP);
	tell("signatures", fd, err, works_as_client(fd));
	close(fd);
}

static void let_child_go(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void duplicates(void)
{
	int fd = tcp_socket();
	int other = dup(fd);
	pid_t pid;

	tell_held("dup", fd, set_ulp(fd, ULP), close_fd, other);

	fd = tcp_socket();
	pid = need(fork(), "fork");
	if (!pid)
		for (;;)
			pause();
	tell_held("child", fd, set_ulp(fd, ULP), let_child_go, pid);
}

static int queue[2];

static void receive(int fd)
{
	char control[CMSG_SPACE(sizeof(int))], c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };

	need((int)recvmsg(queue[0], &msg, 0), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	close(fd);
}

static void in_flight(void)
{
	int fd = tcp_socket();
	char control[CMSG_SPACE(sizeof(int))] = {}, c = 'x';
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, queue), "socketpair");
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	need((int)sendmsg(queue[1], &msg, 0), "sendmsg");
	tell_held("in flight", fd, set_ulp(fd, ULP), receive, -1);
	close(queue[0]);
	close(queue[1]);
}

static void *sleeper(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) < 0 ? arg : NULL;
}

/* his table goes a little later than pthread_join() returns */
static void let_thread_go(int fd)
{
	struct timespec pause = { 0, 100000000 };

	close(fd);
	nanosleep(&pause, NULL);
}

static void threads(void)
{
	int fd = tcp_socket();
	pthread_t thread;
	int ends[2];
	int err;

	need(pipe(ends), "pipe");
	if (pthread_create(&thread, NULL, sleeper, &ends[0]))
		fail("pthread_create");
	err = set_ulp(fd, ULP);
	need((int)write(ends[1], "x", 1), "write");
	pthread_join(thread, NULL);
	tell_held("thread", fd, err, let_thread_go, ends[0]);
	close(ends[1]);
}

static void no_signal(int fd)
{
	need(fcntl(fd, F_SETFL, 0), "fcntl");
}

static void watched(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = tcp_socket();
	int epoll = need(epoll_create1(0), "epoll_create1");
	int on = 1;

	need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	tell_held("epoll", fd, set_ulp(fd, ULP), close_fd, epoll);

	fd = tcp_socket();
	need(ioctl(fd, FIOASYNC, &on), "FIOASYNC");
	tell_held("SIGIO", fd, set_ulp(fd, ULP), no_signal, fd);
}

/* a path to the socket gives no way into it */
static void path(void)
{
	char name[64];
	int fd = tcp_socket();
	int opath, err;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	opath = need(open(name, O_PATH), name);
	err = set_ulp(fd, ULP);
	printf("path: %s %d, owner %s\n", name_of(err), protocol_of(fd),
	       fchownat(opath, "", 1, 1, AT_EMPTY_PATH) ? name_of(errno) : "changed");
	close(opath);
	close(fd);
}

/* --- io_uring --- */

/*
 * IORING_OP_URING_CMD, SOCKET_URING_OP_SETSOCKOPT: of 6.7, and newer than
 * Debian's headers.
 */
static int ring_set_ulp(struct ring *ring, int fd, int flags)
{
	char *sqe = ring_request(ring);
	uint32_t words[] = { 3, IPPROTO_TCP, TCP_ULP, strlen(ULP) };
	uint64_t value = (uintptr_t)ULP;

	sqe[0] = 46;
	sqe[1] = (char)flags;
	memcpy(sqe + 4, &fd, 4);
	memcpy(sqe + 8, &words[0], 4);
	memcpy(sqe + 16, &words[1], 8);
	memcpy(sqe + 44, &words[3], 4);
	memcpy(sqe + 48, &value, 8);
	return -ring_call(ring);
}

static void uring(void)
{
	struct ring ring;
	int fd, other;

	if (!ring_open(&ring)) {
		printf("io_uring: none\n");
		return;
	}
	fd = tcp_socket();
	need((int)syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1),
	     "io_uring_register");
	printf("registered: %s %d\n", name_of(set_ulp(fd, ULP)), protocol_of(fd));
	close(fd);
	/* now only the ring has it: one reference, and not that of a table */
	printf("by the ring alone: %s\n", name_of(ring_set_ulp(&ring, 0, IOSQE_FIXED_FILE)));
	fd = tcp_socket();
	printf("by the ring: %s %d\n", name_of(ring_set_ulp(&ring, fd, 0)), protocol_of(fd));
	other = set_ulp(fd, ULP);
	printf("after the ring: %s %d\n", name_of(other), protocol_of(fd));
	close(fd);
	close(ring.fd);
}

static void options(void)
{
	struct linger linger = { 1, 7 };
	struct timeval time = { 3, 0 };
	socklen_t len = sizeof(time);
	int fd = tcp_socket();
	int one = 1, size = 50000, secs = 5, tos = 16;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &secs, sizeof(secs));
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
	setsockopt(fd, SOL_SOCKET, SO_MARK, &secs, sizeof(secs));
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &secs, sizeof(secs));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &secs, sizeof(secs));
	setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	for (int converted = 0; converted < 2; converted++) {
		time.tv_sec = 0;
		linger.l_linger = 0;
		getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &len);
		len = sizeof(linger);
		getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
		len = sizeof(time);
		printf("buffers %d %d reuse %d %d keepalive %d inline %d linger %d timeout %ld ",
		       int_option(fd, SOL_SOCKET, SO_SNDBUF), int_option(fd, SOL_SOCKET, SO_RCVBUF),
		       int_option(fd, SOL_SOCKET, SO_REUSEADDR),
		       int_option(fd, SOL_SOCKET, SO_REUSEPORT),
		       int_option(fd, SOL_SOCKET, SO_KEEPALIVE),
		       int_option(fd, SOL_SOCKET, SO_OOBINLINE), linger.l_linger, time.tv_sec);
		printf("lowat %d device %d mark %d priority %d nodelay %d defer %d tos %d\n",
		       int_option(fd, SOL_SOCKET, SO_RCVLOWAT),
		       int_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX),
		       int_option(fd, SOL_SOCKET, SO_MARK), int_option(fd, SOL_SOCKET, SO_PRIORITY),
		       int_option(fd, IPPROTO_TCP, TCP_NODELAY),
		       int_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT),
		       int_option(fd, IPPROTO_IP, IP_TOS));
		if (!converted && set_ulp(fd, ULP))
			fail("setsockopt");
	}
}

int main(int argc, char **argv)
{
	/* those who hang shall not hang the scenario */
	alarm(60);
	if (argc > 1 && !strcmp(argv[1], "options")) {
		options();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "hold")) {
		printf("%s\n", name_of(set_ulp(tcp_socket(), ULP)));
		fflush(stdout);
		pause();
	}
	if (argc > 1 && !strcmp(argv[1], "-6"))
		family = AF_INET6;
	fresh();
	if (family == AF_INET6)
		return 0;
	dissolved();
	states();
	ruled_out("fast open", IPPROTO_TCP, TCP_FASTOPEN_CONNECT);
	ruled_out("zero copy", SOL_SOCKET, SO_ZEROCOPY);
	ruled_out("locked filter", SOL_SOCKET, SO_LOCK_FILTER);
	under_repair();
	signed_segments();
	duplicates();
	in_flight();
	threads();
	watched();
	path();
	uring();
	return 0;
}
