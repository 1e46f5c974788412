// SPDX-License-Identifier: GPL-2.0
/*
 * Conversion by seccomp user notification, for programs that a preloaded
 * library does not reach.
 *
 * A filter, inherited by all that the program starts, holds each socket() that
 * asks for TCP until a supervisor has answered.  The supervisor makes an SMC
 * socket and puts it into the caller's table of descriptors, or lets the call
 * go on as it was.  What the filter looks at are numbers, not memory, so
 * nothing can change between the look and the answer; nor is this a fence: a
 * caller that wants TCP gets it.
 *
 * The program is executed in place of smc_run, so that its process ID, parent,
 * exit status and signals are what they would be.  The supervisor is therefore
 * no child of it, but an orphan, and ends with the last process that has the
 * filter.
 */
#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Headers of Linux 5.19 have it. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#endif

/* The lower half of an argument of a call: those of socket() are of type int. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#else
#define ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n) + 4)
#endif

/* An unavailable SMC is asked for again after this time, as by the library. */
#define RETRY_SECONDS 10

struct supervisor {
	const struct supervise_options *options;
	int listener;
	/* what the listener gives, in the kernel's size, which may be larger than ours */
	struct seccomp_notif *call;
	size_t call_size;
	int proc;
	/* our network namespace */
	int home;
	struct stat home_id;
	time_t refused_at[2];
};

/* What is known of the thread that made the call. */
struct caller {
	int net_fd;
	uid_t fsuid;
	gid_t fsgid;
};

static time_t now(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec + 1;
}

static bool was_refused(const struct supervisor *super, int domain)
{
	time_t at = super->refused_at[domain == AF_INET6];

	return at && now() - at < RETRY_SECONDS;
}

static bool read_ids(int proc, unsigned int pid, struct caller *caller)
{
	bool has_uid = false, has_gid = false;
	char name[32];
	char line[200];
	FILE *f;
	int fd;

	snprintf(name, sizeof(name), "%u/status", pid);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		has_uid |= sscanf(line, "Uid: %*u %*u %*u %u", &caller->fsuid) == 1;
		has_gid |= sscanf(line, "Gid: %*u %*u %*u %u", &caller->fsgid) == 1;
	}
	fclose(f);
	return has_uid && has_gid;
}

/* Of a thread we may not look at, the namespace is unknown: it gets no socket of ours. */
static bool look_at(const struct supervisor *super, const struct seccomp_notif *call,
		    struct caller *caller)
{
	char name[32];

	snprintf(name, sizeof(name), "%u/ns/net", call->pid);
	caller->net_fd = openat(super->proc, name, O_RDONLY | O_CLOEXEC);
	if (caller->net_fd < 0)
		return false;
	/* The call is still held: so it was this thread, and none that got its ID later. */
	if (read_ids(super->proc, call->pid, caller) &&
	    ioctl(super->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0)
		return true;
	close(caller->net_fd);
	return false;
}

static bool is_home(const struct supervisor *super, int net_fd)
{
	struct stat id;

	return fstat(net_fd, &id) == 0 && id.st_dev == super->home_id.st_dev &&
	       id.st_ino == super->home_id.st_ino;
}

/* Firewalls match the owner of a socket. */
static int make_as(struct supervisor *super, const struct caller *caller, int domain, int type,
		   const char **how)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd;

	setfsgid(caller->fsgid);
	setfsuid(caller->fsuid);
	fd = smc_socket(super->options->family, domain, type, socket, how);
	if (fd < 0 && smc_errno_is_missing(errno))
		super->refused_at[domain == AF_INET6] = now();
	setfsuid(uid);
	setfsgid(gid);
	return fd;
}

/* A socket belongs to the namespace of whoever makes it. */
static int make_in(struct supervisor *super, const struct caller *caller, int domain, int type,
		   const char **how)
{
	int fd;

	if (is_home(super, caller->net_fd))
		return make_as(super, caller, domain, type, how);
	if (setns(caller->net_fd, CLONE_NEWNET) < 0)
		return -1;
	fd = make_as(super, caller, domain, type, how);
	/* Not to stay: who is in a namespace keeps it.  What was allowed just now is still. */
	if (setns(super->home, CLONE_NEWNET) < 0)
		_exit(1);
	return fd;
}

static void set_buffer(int fd, int option, int value)
{
	if (value)
		setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

/* As if the caller had made it; -1 if that cannot be done. */
static int make_socket(struct supervisor *super, const struct seccomp_notif *call, const char **how)
{
	int domain = (int)call->data.args[0];
	int type = (int)call->data.args[1] | SOCK_CLOEXEC;
	struct caller caller;
	int fd;

	if (was_refused(super, domain) || !look_at(super, call, &caller))
		return -1;
	fd = make_in(super, &caller, domain, type, how);
	close(caller.net_fd);
	return fd;
}

/*
 * Three steps, as our own reference has to be gone before the program goes on:
 * otherwise its close() may not be the last one.  Only its death ends the call
 * meanwhile (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV).
 */
static void give(struct supervisor *super, const struct seccomp_notif *call, int fd,
		 const char *how)
{
	struct seccomp_notif_addfd add = {
		.id = call->id,
		.srcfd = (uint32_t)fd,
		.newfd_flags = (call->data.args[1] & SOCK_CLOEXEC) ? O_CLOEXEC : 0,
	};
	struct seccomp_notif_resp answer = { .id = call->id };
	int remote = ioctl(super->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	if (remote < 0) {
		/* its table is full, as it would be without us */
		answer.error = -errno;
	} else {
		answer.val = remote;
		if (super->options->is_debug)
			dprintf(STDERR_FILENO,
				"smc_run: process %u, socket %d: AF_INET%s converted to %s\n",
				call->pid, remote, call->data.args[0] == AF_INET6 ? "6" : "", how);
	}
	close(fd);
	ioctl(super->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static void go_on(struct supervisor *super, const struct seccomp_notif *call)
{
	struct seccomp_notif_resp answer = {
		.id = call->id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	ioctl(super->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static void answer_call(struct supervisor *super, const struct seccomp_notif *call)
{
	const struct supervise_options *options = super->options;
	const char *how = NULL;
	int fd = make_socket(super, call, &how);

	if (fd < 0) {
		if (options->is_debug)
			dprintf(STDERR_FILENO, "smc_run: process %u: a socket stays TCP\n",
				call->pid);
		go_on(super, call);
		return;
	}
	set_buffer(fd, SO_SNDBUF, options->sndbuf);
	set_buffer(fd, SO_RCVBUF, options->rcvbuf);
	give(super, call, fd, how);
}

/* Until no process has the filter.  Who dies after the poll() leaves nothing to receive. */
static void serve(struct supervisor *super)
{
	struct pollfd listener = { .fd = super->listener, .events = POLLIN };

	for (;;) {
		if (poll(&listener, 1, -1) < 0)
			continue;
		if (!(listener.revents & POLLIN))
			return;
		memset(super->call, 0, super->call_size);
		if (ioctl(super->listener, SECCOMP_IOCTL_NOTIF_RECV, super->call) == 0)
			answer_call(super, super->call);
	}
}

static bool alloc_call(struct supervisor *super)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return false;
	super->call_size = sizes.seccomp_notif;
	if (super->call_size < sizeof(*super->call))
		super->call_size = sizeof(*super->call);
	super->call = malloc(super->call_size);
	return super->call;
}

static bool send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(to, &msg, MSG_NOSIGNAL) == 1;
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd = -1;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* False if /proc is not there or shows other processes than those we know by their IDs. */
static bool open_proc(struct supervisor *super)
{
	char self[16] = "";

	super->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return super->proc >= 0 &&
	       readlinkat(super->proc, "self", self, sizeof(self) - 1) > 0 &&
	       atoi(self) == getpid() &&
	       (super->home = openat(super->proc, "self/ns/net", O_RDONLY | O_CLOEXEC)) >= 0 &&
	       fstat(super->home, &super->home_id) == 0;
}

/* Keep nothing of what the program may wait to be closed, and live as long as it does. */
static void detach(int keep, bool keeps_stderr)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int sig;

	/* it may be one of the first three */
	keep = fcntl(keep, F_DUPFD, STDERR_FILENO + 1);
	setsid();
	if (chdir("/") < 0)
		_exit(1);
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!keeps_stderr)
		dup2(null, STDERR_FILENO);
	dup2(keep, STDERR_FILENO + 1);
	syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0);
}

__attribute__((noreturn))
static void supervise(int channel, const struct supervise_options *options)
{
	struct supervisor super = { .options = options };

	detach(channel, options->is_debug);
	channel = STDERR_FILENO + 1;
	/* The byte says that there will be somebody to answer. */
	if (!open_proc(&super) || !alloc_call(&super) || write(channel, "", 1) != 1)
		_exit(1);
	super.listener = receive_fd(channel);
	close(channel);
	if (super.listener >= 0)
		serve(&super);
	_exit(0);
}

/* As fork(), but the parent gets no SIGCHLD: the program's signals are its own. */
static pid_t fork_silently(void)
{
	/* their order differs between architectures, zero does not */
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

/* The supervisor's end of the channel is ours in the child only. */
static bool start_supervisor(int channel, const struct supervise_options *options)
{
	pid_t pid = fork_silently();

	if (pid < 0)
		return false;
	if (pid == 0) {
		/* The program shall not find a child that it did not make. */
		pid = fork_silently();
		if (pid == 0)
			supervise(channel, options);
		_exit(pid < 0);
	}
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return true;
}

#ifdef ARCH

static int install(unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
#ifdef __x86_64__
		/* 32 bits: the call of its own, not the one of many purposes */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 359, 4, 13),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 12),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __x86_64__
		/* x32 has the same number and a bit */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~0x40000000U),
#else
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 9),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG(1)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG(2)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Before 5.19, a signal that comes during a call can cost the program a descriptor. */
static int install_best(void)
{
	int fd = install(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	return fd < 0 && errno == EINVAL ? install(0) : fd;
}

/* Without privilege, only those may who cannot gain any. */
static int install_filter(void)
{
	int fd = install_best();

	if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = install_best();
	return fd;
}

#else

static int install_filter(void)
{
	errno = ENOSYS;
	return -1;
}

#endif

/**
 * supervise_begin() - have this process's calls of socket() converted
 * @options: how
 *
 * From here on, for this process and all that come of it.  Without privilege
 * (CAP_SYS_ADMIN), set-uid programs lose theirs.
 *
 * Return: 0, or -1 and errno: nothing is converted.  The process ends if it has
 * the filter and nobody who would answer.
 */
int supervise_begin(const struct supervise_options *options)
{
	int channel[2];
	int listener;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		return -1;
	if (!start_supervisor(channel[1], options)) {
		close(channel[0]);
		close(channel[1]);
		return -1;
	}
	close(channel[1]);
	if (read(channel[0], &byte, 1) != 1) {
		close(channel[0]);
		errno = ESRCH;
		return -1;
	}
	listener = install_filter();
	if (listener >= 0) {
		if (!send_fd(channel[0], listener)) {
			perror("smc_run: lost the supervisor");
			exit(1);
		}
		close(listener);
	}
	close(channel[0]);
	return listener < 0 ? -1 : 0;
}
