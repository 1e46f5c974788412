// SPDX-License-Identifier: GPL-2.0
/*
 * ulpstorm - convert TCP sockets while others reach for them
 *
 *	ulpstorm SECONDS HAMMER...
 *
 * Makes sockets, converts each by setsockopt(TCP_ULP, "smc"), uses and closes
 * it, all under the same descriptor number. Meanwhile each hammer, a process
 * or, "thread", a thread of this one, does to that descriptor what it can:
 *
 *	steal	pidfd_getfd(), then calls, epoll, SCM_RIGHTS, conversion
 *	proc	/proc/PID/fdinfo, links, O_PATH and fchownat()
 *	diag	dumps of TCP and SMC sockets, /proc/net/tcp
 *	kcmp	compares descriptors
 *	thread	calls, dup(), close(), epoll and SCM_RIGHTS of the same process
 *
 * Prints how often setsockopt() gave 0, EBUSY, EISCONN (a hammer had connected
 * the socket) and something else, how many converted sockets were not what they
 * should be, and what the hammers got hold of.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/smc_diag.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ulp.h"

#define MAX_HAMMERS 8

struct counts {
	long converted, busy, connected, other, wrong, reached;
};

/* shared by all processes */
static struct counts *counts;
static pid_t victim;
static int victim_fd;
static struct sockaddr_in server;

static long read_all(const char *path)
{
	char buf[4096];
	long total = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return 0;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		total += n;
	close(fd);
	return total;
}

static void pass_on(int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, c = 'x';
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(pair[1], &msg, 0) == 1 && recvmsg(pair[0], &msg, 0) == 1 &&
	    CMSG_FIRSTHDR(&msg)) {
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
		protocol_of(fd);
		close(fd);
	}
	close(pair[0]);
	close(pair[1]);
}

/* none of it waits */
static void use(int fd, unsigned int turn)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct sockaddr_in closed = { .sin_family = AF_INET, .sin_port = htons(1),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage addr;
	struct epoll_event event = { .events = EPOLLIN };
	socklen_t len = sizeof(addr);
	int one = 1;

	switch (turn % 8) {
	case 0:
		getsockname(fd, (struct sockaddr *)&addr, &len);
		protocol_of(fd);
		break;
	case 1:
		poll(&pollfd, 1, 0);
		break;
	case 2:
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		setsockopt(fd, IPPROTO_TCP, 1, &one, sizeof(one));
		break;
	case 3:
		one = epoll_create1(0);
		epoll_ctl(one, EPOLL_CTL_ADD, fd, &event);
		epoll_wait(one, &event, 1, 0);
		close(one);
		break;
	case 4:
		pass_on(fd);
		break;
	case 5:
		send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 6:
		/* the victim may have closed it: then it is ours to convert */
		set_ulp(fd, "smc");
		break;
	default:
		if (turn % 64 == 7 && fcntl(fd, F_GETFL) >= 0) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			connect(fd, (struct sockaddr *)&closed, sizeof(closed));
		}
		break;
	}
}

static long steal(unsigned int turn)
{
	static int pidfd = -1;
	int fd;

	if (pidfd < 0)
		pidfd = (int)syscall(SYS_pidfd_open, victim, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, victim_fd, 0);
	if (fd < 0)
		return 0;
	use(fd, turn);
	close(fd);
	return 1;
}

static long look(unsigned int turn)
{
	char path[64], target[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", victim, victim_fd);
	if (turn % 2)
		return read_all(path) > 0;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", victim, victim_fd);
	if (readlink(path, target, sizeof(target)) < 0)
		return 0;
	fd = open(path, O_PATH);
	if (fd < 0)
		return 0;
	fchownat(fd, "", turn & 1023, 0, AT_EMPTY_PATH);
	close(fd);
	return 1;
}

static long dump(int family)
{
	struct {
		struct nlmsghdr nlh;
		union {
			struct inet_diag_req_v2 inet;
			struct smc_diag_req smc;
		};
	} req = {
		.nlh = { .nlmsg_len = sizeof(req), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	struct timeval limit = { 1, 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	char buf[16384];
	struct nlmsghdr *nlh;
	long total = 0;
	ssize_t n;

	if (family == 43) {
		req.smc.diag_family = 43;
		req.smc.diag_ext = 0xff;
	} else {
		req.inet.sdiag_family = family;
		req.inet.sdiag_protocol = IPPROTO_TCP;
		req.inet.idiag_ext = 0xff;
		req.inet.idiag_states = ~0U;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, &req, sizeof(req), 0) < 0)
		fail("netlink");
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		nlh = (struct nlmsghdr *)buf;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			break;
		total += n;
	}
	close(fd);
	return total > 0;
}

static long diag(unsigned int turn)
{
	switch (turn % 4) {
	case 0:
		return dump(AF_INET);
	case 1:
		return dump(43);
	case 2:
		return dump(AF_INET6);
	default:
		return read_all("/proc/net/tcp") > 0;
	}
}

static long compare(unsigned int turn)
{
	(void)turn;
	return syscall(SYS_kcmp, victim, getpid(), KCMP_FILE, victim_fd, 0) >= 0;
}

static void *thread(void *arg)
{
	unsigned int turn;
	int fd;

	for (turn = 0; ; turn++) {
		use(victim_fd, turn);
		fd = turn % 3 ? -1 : dup(victim_fd);
		if (fd >= 0)
			close(fd);
		if (turn % 16 == 5)
			close(victim_fd);
		__atomic_fetch_add(&counts->reached, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

static const struct {
	const char *name;
	long (*hit)(unsigned int turn);
} hammers[] = {
	{ "steal", steal },
	{ "proc", look },
	{ "diag", diag },
	{ "kcmp", compare },
};

static void swing(const char *name)
{
	unsigned int turn;
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	for (i = 0; strcmp(hammers[i].name, name); i++)
		if (i + 1 == sizeof(hammers) / sizeof(hammers[0]))
			fail(name);
	for (turn = 0; ; turn++)
		__atomic_fetch_add(&counts->reached, hammers[i].hit(turn), __ATOMIC_RELAXED);
}

/* the end of what a TCP client has to say */
static void serve(int lfd)
{
	char c;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((fd = accept(lfd, NULL, NULL)) >= 0) {
		if (recv(fd, &c, 1, 0) == 1)
			send(fd, &c, 1, MSG_NOSIGNAL);
		close(fd);
	}
	exit(1);
}

static bool is_smc(int fd)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	return protocol_of(fd) == IPPROTO_SMC_NUM &&
	       !getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len) && !strcmp(name, "smc");
}

/* a thief may have connected it, or changed its flags */
static void converse(int fd)
{
	struct timeval limit = { 1, 0 };
	char c = 'x';

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
		return;
	if (send(fd, &c, 1, MSG_NOSIGNAL) != 1 || recv(fd, &c, 1, 0) != 1 || c != 'x')
		return;
}

static void attempt(unsigned int turn, bool is_shared)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int err;

	if (fd < 0)
		return;
	/* a thread had closed the one before: another number for a while */
	if (fd != victim_fd) {
		dup2(fd, victim_fd);
		close(fd);
		fd = victim_fd;
	}
	err = set_ulp(fd, "smc");
	switch (err) {
	case 0:
		counts->converted++;
		break;
	case EBUSY:
		counts->busy++;
		break;
	case EISCONN:
		counts->connected++;
		break;
	default:
		/* a thread closed it, and may have got the number for something else */
		if (is_shared)
			break;
		fprintf(stderr, "ulpstorm: %s\n", strerror(err));
		counts->other++;
		break;
	}
	if (!err && !is_smc(fd))
		counts->wrong++;
	if (turn % 8 == 0)
		converse(fd);
	close(fd);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static pid_t child(void (*run)(const char *), const char *arg)
{
	pid_t pid = need(fork(), "fork");

	if (pid)
		return pid;
	run(arg);
	exit(1);
}

int main(int argc, char **argv)
{
	double end = now() + (argc > 1 ? atof(argv[1]) : 1);
	pid_t pids[MAX_HAMMERS + 1];
	socklen_t len = sizeof(server);
	bool is_shared = false;
	pthread_t thread_id;
	unsigned int turn;
	int count = 0;
	int lfd, i;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (counts == MAP_FAILED)
		fail("mmap");
	victim = getpid();
	signal(SIGPIPE, SIG_IGN);
	lfd = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(bind(lfd, (struct sockaddr *)&server, len), "bind");
	need(listen(lfd, 64), "listen");
	getsockname(lfd, (struct sockaddr *)&server, &len);
	victim_fd = lfd + 1;
	pids[count] = need(fork(), "fork");
	if (!pids[count++])
		serve(lfd);
	for (i = 2; i < argc && count <= MAX_HAMMERS; i++) {
		if (strcmp(argv[i], "thread"))
			pids[count++] = child(swing, argv[i]);
		else
			is_shared = !pthread_create(&thread_id, NULL, thread, NULL);
	}
	for (turn = 0; now() < end; turn++)
		attempt(turn, is_shared);
	printf("converted=%ld busy=%ld connected=%ld other=%ld wrong=%ld reached=%ld\n",
	       counts->converted, counts->busy, counts->connected, counts->other, counts->wrong,
	       counts->reached);
	fflush(stdout);
	while (count--) {
		kill(pids[count], SIGKILL);
		waitpid(pids[count], NULL, 0);
	}
	_exit(0);
}
