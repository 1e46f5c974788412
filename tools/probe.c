// SPDX-License-Identifier: GPL-2.0
/*
 * A connection that is made to see what becomes of it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "gen.h"
#include "probe.h"
#include "reason.h"
#include "smc_family.h"
#include "text.h"

/* A handshake may take 6 seconds when the peer is silent. */
#define LIMIT_MS 10000
#define TCP_LIMIT_MS 3000

static int connect_to(int fd, const struct target *target, int limit_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0, rc;

	if (connect(fd, (const struct sockaddr *)&target->address, sizeof(target->address)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	rc = poll(&pollfd, 1, limit_ms);
	if (rc <= 0)
		return rc ? errno : ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

/*
 * smc_run, or what it has attached, may turn what is asked for into an SMC
 * socket.  TCP fast open rules SMC out; this is the option of it that means
 * nothing to a socket that connects.
 */
static int plain_tcp_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int queue = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	return fd;
}

/* What becomes of a connection by TCP: 0 or an errno. */
static int connect_by_tcp(const struct target *target, int limit_ms)
{
	int fd = plain_tcp_socket(target->address.ss_family);
	int err = fd < 0 ? errno : connect_to(fd, target, limit_ms);

	if (fd >= 0)
		close(fd);
	return err;
}

static bool has_peer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

/* After fallback, all calls reach the TCP socket. */
static bool has_fallen_back(int fd)
{
	socklen_t len = sizeof(int);
	int protocol = IPPROTO_TCP;

	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
	return protocol == IPPROTO_TCP;
}

struct search {
	int64_t inode;
	struct probe *probe;
};

static void on_socket(json_object *row, void *data)
{
	struct search *search = data;

	if (count(row, "inode") != search->inode)
		return;
	search->probe->reason = reason_code(member(row, "reason"));
	search->probe->peer_reason = reason_code(member(row, "peer_reason"));
}

static void ask_diag(struct probe *probe, int fd)
{
	struct search search = { .probe = probe };
	struct stat info;

	if (fstat(fd, &info))
		return;
	search.inode = (int64_t)info.st_ino;
	diag_each(0, on_socket, &search);
}

static int64_t reason_count(json_object *stats, const char *code)
{
	json_object *reasons = json_object_object_get(stats, "fallback_reasons");
	size_t i;

	for (i = 0; i < json_object_array_length(reasons); i++) {
		json_object *row = json_object_array_get_idx(reasons, i);

		if (!strcmp(member(row, "side"), "client") && !strcmp(member(row, "code"), code))
			return count(row, "count");
	}
	return 0;
}

/* Where there is no sock_diag: the reason whose counter has changed. */
static void compare_stats(struct probe *probe, json_object *before)
{
	json_object *after = gen_stats(), *reasons, *row;
	size_t i;

	reasons = json_object_object_get(after, "fallback_reasons");
	for (i = 0; i < json_object_array_length(reasons); i++) {
		row = json_object_array_get_idx(reasons, i);
		if (!strcmp(member(row, "side"), "client") &&
		    count(row, "count") != reason_count(before, member(row, "code")))
			probe->reason = reason_code(member(row, "code"));
	}
	json_object_put(after);
}

void probe_run(struct probe *probe, const struct target *target)
{
	bool is_v6 = target->address.ss_family == AF_INET6;
	json_object *before = gen_stats();
	int fd;

	memset(probe, 0, sizeof(*probe));
	fd = socket(AF_SMC, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    is_v6 ? SMC_PROTO_V6 : SMC_PROTO_V4);
	if (fd < 0) {
		probe->err = errno;
		json_object_put(before);
		return;
	}
	tap_open(&probe->tap, target);
	probe->err = connect_to(fd, target, LIMIT_MS);
	tap_close(&probe->tap, target);
	/* the kernel's own SMC may lose the error of its TCP socket */
	if (!probe->err && !has_peer(fd))
		probe->err = connect_by_tcp(target, LIMIT_MS) ?: ENOTCONN;
	probe->has_smc = !probe->err && !has_fallen_back(fd);
	if (!probe->err && !probe->has_smc) {
		ask_diag(probe, fd);
		if (!probe->reason)
			compare_stats(probe, before);
		if (!probe->peer_reason)
			probe->peer_reason = probe->tap.decline;
	}
	if (probe->err == ETIMEDOUT && probe->tap.answer == SEEN_NOTHING)
		probe->tcp_answers = connect_by_tcp(target, TCP_LIMIT_MS) == 0;
	close(fd);
	json_object_put(before);
}
