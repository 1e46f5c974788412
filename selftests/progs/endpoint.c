// SPDX-License-Identifier: GPL-2.0
/* See endpoint.h. */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef SOL_SMC
#define SOL_SMC 286
#endif
#define SMC_LIMIT_HS 1

/**
 * die() - report a failure of the test set-up and exit with status 2
 * @fmt: as printf
 */
void die(const char *fmt, ...)
{
	int err = errno;
	char text[512];
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* at once: others may write to the same file */
	fprintf(stderr, "%s (last error: %s)\n", text, strerror(err));
	exit(2);
}

/**
 * endpoint_parse_mode() - set the kind of socket from the argument of -m
 * @ep: changed if the word is known
 * @word: "tcp", "smc" or, for SMC by IPPROTO_SMC, "inet"
 *
 * Return: false if the word is unknown.
 */
bool endpoint_parse_mode(struct endpoint *ep, const char *word)
{
	ep->is_inet = strcmp(word, "inet") == 0;
	ep->is_smc = ep->is_inet || strcmp(word, "smc") == 0;
	return ep->is_smc || strcmp(word, "tcp") == 0;
}

/**
 * endpoint_socket() - create a stream socket
 * @ep: kind of socket
 * @flags: SOCK_NONBLOCK, SOCK_CLOEXEC
 *
 * Return: as socket(2).
 */
int endpoint_socket(const struct endpoint *ep, int flags)
{
	if (ep->is_smc && !ep->is_inet)
		return socket(AF_SMC, SOCK_STREAM | flags, ep->is_v6 ? 1 : 0);
	return socket(ep->is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | flags,
		      ep->is_smc ? IPPROTO_SMC : 0);
}

/**
 * endpoint_any() - make the wildcard address
 * @ep: chooses the address family
 * @port: host order
 * @addr: result
 */
void endpoint_any(const struct endpoint *ep, int port, struct address *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->ss.ss_family = ep->is_v6 ? AF_INET6 : AF_INET;
	addr->len = ep->is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	address_set_port(addr, port);
}

/**
 * endpoint_resolve() - translate a host name or address, or exit
 * @ep: chooses the address family
 * @host: name or number
 * @port: host order
 * @addr: result
 */
void endpoint_resolve(const struct endpoint *ep, const char *host, int port,
		      struct address *addr)
{
	struct addrinfo hints = {
		.ai_family = ep->is_v6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	int rc = getaddrinfo(host, NULL, &hints, &found);

	if (rc)
		die("cannot resolve %s: %s", host, gai_strerror(rc));
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->ss, found->ai_addr, found->ai_addrlen);
	addr->len = found->ai_addrlen;
	freeaddrinfo(found);
	address_set_port(addr, port);
}

static void sign(int fd, const struct address *peer, int prefix_len)
{
	struct tcp_md5sig md5 = {
		.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
		.tcpm_prefixlen = (uint8_t)prefix_len,
		.tcpm_keylen = 3,
		.tcpm_key = "key",
	};

	memcpy(&md5.tcpm_addr, &peer->ss, peer->len);
	if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &md5, sizeof(md5)) < 0)
		die("TCP_MD5SIG_EXT");
}

static void set_policy(int fd)
{
	struct xfrm_userpolicy_info policy = {
		.lft = {
			.soft_byte_limit = XFRM_INF,
			.hard_byte_limit = XFRM_INF,
			.soft_packet_limit = XFRM_INF,
			.hard_packet_limit = XFRM_INF,
		},
		.sel.family = AF_INET,
		.dir = XFRM_POLICY_OUT,
		.action = XFRM_POLICY_ALLOW,
	};

	if (setsockopt(fd, SOL_IP, IP_XFRM_POLICY, &policy, sizeof(policy)) < 0)
		die("IP_XFRM_POLICY");
}

/**
 * endpoint_listen() - create a listener on all addresses
 * @ep: kind of socket
 * @port: host order; 0 lets the kernel choose
 * @backlog: as listen(2)
 *
 * Return: the socket, or -1 and errno.
 */
int endpoint_listen(const struct endpoint *ep, int port, int backlog)
{
	struct address addr;
	int one = 1;
	int fd;

	endpoint_any(ep, port, &addr);
	fd = endpoint_socket(ep, SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ep->has_fastopen &&
	    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof(backlog)) < 0)
		die("TCP_FASTOPEN");
	/* whoever it is */
	if (ep->has_md5)
		sign(fd, &addr, 0);
	if (ep->has_policy)
		set_policy(fd);
	if (ep->limits_handshakes &&
	    setsockopt(fd, SOL_SMC, SMC_LIMIT_HS, &one, sizeof(one)) < 0)
		die("SMC_LIMIT_HS");
	if (bind(fd, (struct sockaddr *)&addr.ss, addr.len) < 0 || listen(fd, backlog) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/**
 * endpoint_connect() - create a socket and connect it
 * @ep: kind of socket
 * @addr: peer
 *
 * Return: the socket, or -1 and errno.
 */
int endpoint_connect(const struct endpoint *ep, const struct address *addr)
{
	int fd = endpoint_socket(ep, SOCK_CLOEXEC);
	int one = 1;

	if (fd < 0)
		return -1;
	if (ep->has_fastopen &&
	    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)) < 0)
		die("TCP_FASTOPEN_CONNECT");
	if (ep->has_md5)
		sign(fd, addr, ep->is_v6 ? 128 : 32);
	if (ep->has_policy)
		set_policy(fd);
	if (connect(fd, (const struct sockaddr *)&addr->ss, addr->len) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/**
 * address_port() - port of an address
 * @addr: IPv4 or IPv6
 *
 * Return: host order, -1 for other families.
 */
int address_port(const struct address *addr)
{
	if (addr->ss.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&addr->ss)->sin6_port);
	if (addr->ss.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&addr->ss)->sin_port);
	return -1;
}

/**
 * address_set_port() - replace the port of an address
 * @addr: IPv4 or IPv6
 * @port: host order
 */
void address_set_port(struct address *addr, int port)
{
	if (addr->ss.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&addr->ss)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&addr->ss)->sin_port = htons(port);
}

/**
 * socket_port() - local port of a socket
 * @fd: bound socket
 *
 * Return: host order, -1 on errors.
 */
int socket_port(int fd)
{
	struct address addr = { .len = sizeof(addr.ss) };

	if (getsockname(fd, (struct sockaddr *)&addr.ss, &addr.len) < 0)
		return -1;
	return address_port(&addr);
}

/**
 * socket_is_smc() - tell whether a connection uses SMC
 * @fd: connected socket
 *
 * A connection that has fallen back to TCP shows the family and protocol of TCP.
 *
 * Return: true if it does.
 */
bool socket_is_smc(int fd)
{
	socklen_t len = sizeof(int);
	int protocol = -1;
	int domain = -1;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
	       (domain == AF_SMC || protocol == IPPROTO_SMC);
}

/**
 * parse_port() - translate a port number, or exit
 * @text: decimal
 *
 * Return: 1 to 65535.
 */
int parse_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*end || end == text || port < 1 || port > 65535)
		die("invalid port: %s", text);
	return (int)port;
}

/**
 * parse_count() - translate a number, or exit
 * @text: decimal, then optionally k, m or g (powers of 1024)
 *
 * Return: the number, not negative.
 */
long long parse_count(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	int shift = 0;

	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	}
	if (shift)
		end++;
	if (*end || end == text || n < 0 || n > (1LL << 62) >> shift)
		die("invalid number: %s", text);
	return n << shift;
}

/**
 * time_limit() - what a limit in seconds is on this host
 * @seconds: for a host that is as slow as guests usually are
 *
 * The rig says in $RIG_SLOW how many times slower a debug kernel may be.
 */
int time_limit(int seconds)
{
	const char *slow = getenv("RIG_SLOW");

	return slow ? seconds * (int)parse_count(slow) : seconds;
}

/**
 * read_full() - read exactly @len bytes
 * @fd: blocking descriptor
 * @buf: destination
 * @len: bytes
 *
 * Return: 0, or -1 and errno; ENODATA at an early end.
 */
int read_full(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0) {
			errno = ENODATA;
			return -1;
		}
		p += n;
		len -= n;
	}
	return 0;
}

/**
 * write_full() - write exactly @len bytes
 * @fd: blocking descriptor
 * @buf: source
 * @len: bytes
 *
 * Return: 0, or -1 and errno.
 */
int write_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/**
 * now_us() - monotonic time
 *
 * Return: microseconds.
 */
long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/**
 * sleep_ms() - sleep, also across signals
 * @ms: milliseconds
 */
void sleep_ms(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}
