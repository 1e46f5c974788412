// SPDX-License-Identifier: GPL-2.0
/* What the cases of sockbeh share: see beh.h. */
#define _GNU_SOURCE
#include "beh.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "beh_record.h"

/* An effect that has not come after this time does not come. */
#define SETTLE_MS 2000
/* Send space that has not come back after this time stays used until the peer reads. */
#define FULL_MS 400

struct endpoint beh_ep;
bool beh_is_reversed;
struct address beh_peer_addr;
int beh_time_factor = 1;
volatile sig_atomic_t beh_sigpipes;
volatile sig_atomic_t beh_alarms;
uint64_t beh_tx_pos;
uint64_t beh_rx_pos;

/* The peer has none to show, but shares code that could write to it. */
static struct beh_record unseen;
struct beh_record *beh_record = &unseen;

/**
 * beh_out() - add a word to the result of the running case
 * @fmt: as printf
 */
void beh_out(const char *fmt, ...)
{
	size_t used = strlen(beh_record->text);
	size_t room = sizeof(beh_record->text) - used;
	va_list ap;

	if (room > 1)
		beh_record->text[used++] = ' ', room--;
	va_start(ap, fmt);
	vsnprintf(beh_record->text + used, room, fmt, ap);
	va_end(ap);
}

/**
 * beh_broken() - end the case: what it needs before the point of the test failed
 * @fmt: as printf
 */
void beh_broken(const char *fmt, ...)
{
	char text[200];
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	beh_out("BROKEN(%s: %s)", text, beh_errname(err));
	_exit(3);
}

/**
 * beh_errname() - symbolic name of an error
 * @err: errno
 *
 * Return: the name, or the number as text in a static buffer.
 */
const char *beh_errname(int err)
{
#define E(name) case name: return #name
	static char number[16];

	switch (err) {
	case 0: return "0";
	E(EPERM); E(ENOENT); E(EINTR); E(EIO); E(EBADF); E(EAGAIN); E(ENOMEM); E(EACCES);
	E(EFAULT); E(EBUSY); E(EEXIST); E(ENODEV); E(EINVAL); E(ENOTTY); E(ESPIPE); E(EPIPE);
	E(ENOSYS); E(ENODATA); E(ETIME); E(EPROTO); E(ENOTSOCK); E(EDESTADDRREQ); E(EMSGSIZE);
	E(EPROTOTYPE); E(ENOPROTOOPT); E(EPROTONOSUPPORT); E(ESOCKTNOSUPPORT); E(EOPNOTSUPP);
	E(EPFNOSUPPORT); E(EAFNOSUPPORT); E(EADDRINUSE); E(EADDRNOTAVAIL); E(ENETDOWN);
	E(ENETUNREACH); E(ENETRESET); E(ECONNABORTED); E(ECONNRESET); E(ENOBUFS); E(EISCONN);
	E(ENOTCONN); E(ESHUTDOWN); E(ETIMEDOUT); E(ECONNREFUSED); E(EHOSTDOWN); E(EHOSTUNREACH);
	E(EALREADY); E(EINPROGRESS); E(EDOM);
	}
	snprintf(number, sizeof(number), "E%d", err);
	return number;
#undef E
}

/**
 * beh_res() - record the result of a call
 * @what: its name in the output
 * @rc: its value; negative: errno tells
 *
 * Return: @rc.
 */
long beh_res(const char *what, long rc)
{
	int err = errno;

	if (rc < 0)
		beh_out("%s=-%s", what, beh_errname(err));
	else
		beh_out("%s=%ld", what, rc);
	errno = err;
	return rc;
}

/**
 * beh_out_mask() - record a poll mask
 * @what: its name in the output
 * @mask: bits of poll(2)
 */
void beh_out_mask(const char *what, int mask)
{
	static const struct {
		int bit;
		const char *name;
	} bits[] = {
		{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" }, { POLLERR, "ERR" },
		{ POLLHUP, "HUP" }, { POLLNVAL, "NVAL" }, { POLLRDNORM, "RDNORM" },
		{ POLLRDBAND, "RDBAND" }, { POLLWRNORM, "WRNORM" }, { POLLRDHUP, "RDHUP" },
	};
	char text[100] = "";
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (!(mask & bits[i].bit))
			continue;
		if (*text)
			strcat(text, "|");
		strcat(text, bits[i].name);
	}
	beh_out("%s=%s", what, *text ? text : "none");
}

/**
 * beh_out_sigpipe() - record and forget how many SIGPIPE have come
 */
void beh_out_sigpipe(void)
{
	beh_out("sigpipe=%d", (int)beh_sigpipes);
	beh_sigpipes = 0;
}

/**
 * beh_out_waited() - record whether a call took the time it should
 * @start_us: now_us() before the call
 * @expected_ms: the time
 *
 * A loaded host may add seconds; only a gross excess is a result.
 */
void beh_out_waited(long long start_us, int expected_ms)
{
	long long ms = (now_us() - start_us) / 1000;

	if (ms < expected_ms * 9LL / 10)
		beh_out("waited=early");
	else if (ms > expected_ms + 5000LL * beh_time_factor)
		beh_out("waited=late");
	else
		beh_out("waited=ok");
}

/**
 * beh_pattern() - byte of the test data
 * @pos: position in the stream
 *
 * Return: the byte; no short period, so that shifted and repeated data is found.
 */
uint8_t beh_pattern(uint64_t pos)
{
	uint64_t x = pos * 0x9e3779b97f4a7c15ULL;

	return (uint8_t)(x >> 56);
}

/**
 * beh_pattern_fill() - make test data
 * @buf: destination
 * @len: bytes
 * @pos: position of the first byte in the stream
 */
void beh_pattern_fill(uint8_t *buf, size_t len, uint64_t pos)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = beh_pattern(pos + i);
}

/**
 * beh_pattern_check() - count the bytes that are not the test data
 * @buf: received data
 * @len: bytes
 * @pos: position of the first byte in the stream
 *
 * Return: the number, 0 is good.
 */
size_t beh_pattern_check(const uint8_t *buf, size_t len, uint64_t pos)
{
	size_t bad = 0;
	size_t i;

	for (i = 0; i < len; i++)
		bad += buf[i] != beh_pattern(pos + i);
	return bad;
}

/**
 * beh_stream_reset() - a new connection starts: both positions are zero
 */
void beh_stream_reset(void)
{
	beh_tx_pos = 0;
	beh_rx_pos = 0;
}

/**
 * beh_check_rx() - check received data and advance
 * @buf: data
 * @len: bytes; negative and zero do nothing
 */
void beh_check_rx(const void *buf, long len)
{
	if (len <= 0)
		return;
	if (beh_pattern_check(buf, len, beh_rx_pos))
		beh_out("DATA_MISMATCH(local)");
	beh_rx_pos += len;
}

/**
 * beh_send() - one send(2) of test data
 * @fd: connection
 * @len: bytes
 * @flags: as send(2)
 *
 * Return: as send(2).
 */
long beh_send(int fd, size_t len, int flags)
{
	uint8_t *buf = malloc(len + 1);
	long rc;
	int err;

	beh_pattern_fill(buf, len, beh_tx_pos);
	errno = 0;
	rc = send(fd, buf, len, flags);
	err = errno;
	if (rc > 0)
		beh_tx_pos += rc;
	free(buf);
	errno = err;
	return rc;
}

/**
 * beh_recv() - one recv(2) of test data
 * @fd: connection
 * @len: room
 * @flags: as recv(2)
 *
 * Return: as recv(2).
 */
long beh_recv(int fd, size_t len, int flags)
{
	uint8_t *buf = malloc(len + 1);
	long rc;
	int err;

	errno = 0;
	rc = recv(fd, buf, len, flags);
	err = errno;
	beh_check_rx(buf, rc);
	if (rc > 0 && (flags & MSG_PEEK))
		beh_rx_pos -= rc;
	free(buf);
	errno = err;
	return rc;
}

/**
 * beh_recv_full() - receive until @len bytes, end or error
 * @fd: blocking connection
 * @len: bytes
 *
 * Return: bytes if any, else as recv(2).
 */
long beh_recv_full(int fd, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t want = len - done < 65536 ? len - done : 65536;
		long rc = beh_recv(fd, want, 0);

		if (rc <= 0)
			return done ? (long)done : rc;
		done += rc;
	}
	return (long)done;
}

/**
 * beh_fill() - send until not a single byte can be sent while the peer does not read
 * @fd: connection, blocking or not
 *
 * Large pieces first; TCP takes single bytes long after it has refused those.
 *
 * Return: bytes sent; not for the output, it depends on buffers.
 */
long beh_fill(int fd)
{
	const uint64_t start = beh_tx_pos;
	size_t piece = 16384;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };

		if (beh_send(fd, piece, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			continue;
		if (errno != EAGAIN)
			beh_broken("fill");
		if (piece > 1) {
			piece = piece > 256 ? 256 : 1;
			continue;
		}
		if (poll(&pfd, 1, FULL_MS * beh_time_factor) == 0 &&
		    beh_send(fd, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return (long)(beh_tx_pos - start);
		piece = 16384;
	}
}

/**
 * beh_inq() - readable bytes
 * @fd: connection
 *
 * Return: the number, -1 on errors.
 */
int beh_inq(int fd)
{
	int n = -1;

	if (ioctl(fd, SIOCINQ, &n) < 0)
		return -1;
	return n;
}

/**
 * beh_wait_in() - wait until data has come, bounded
 * @fd: connection
 * @bytes: wanted
 */
void beh_wait_in(int fd, int bytes)
{
	long long end = now_us() + SETTLE_MS * 1000LL * beh_time_factor;

	while (beh_inq(fd) < bytes && now_us() < end)
		usleep(1000);
}

/**
 * beh_mask() - poll mask now, with every bit asked for
 * @fd: socket
 *
 * Return: the mask.
 */
int beh_mask(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = (short)M_ALL };

	if (poll(&pfd, 1, 0) < 0)
		beh_broken("poll");
	return (unsigned short)pfd.revents;
}

/**
 * beh_settle() - wait until the mask is the one TCP has, bounded
 * @fd: socket
 * @hint: that mask; only saves time, the result is the mask seen
 *
 * Return: the last mask.
 */
int beh_settle(int fd, int hint)
{
	long long end = now_us() + SETTLE_MS * 1000LL * beh_time_factor;
	int mask = beh_mask(fd);

	while (mask != hint && now_us() < end) {
		usleep(1000);
		mask = beh_mask(fd);
	}
	return mask;
}

/**
 * beh_settle_out() - beh_settle() and record
 * @what: name in the output
 * @fd: socket
 * @hint: expected mask
 */
void beh_settle_out(const char *what, int fd, int hint)
{
	beh_out_mask(what, beh_settle(fd, hint));
}

static void on_alarm(int sig)
{
	(void)sig;
	beh_alarms++;
}

/**
 * beh_alarm() - have SIGALRM come later
 * @ms: when
 * @flags: of sigaction: 0 or SA_RESTART
 */
void beh_alarm(int ms, int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval it = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

/**
 * beh_set_int() - set an option that is an int
 * @fd: socket
 * @level: of setsockopt
 * @option: of setsockopt
 * @value: of setsockopt
 *
 * Return: false and errno if it failed.
 */
bool beh_set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/**
 * beh_set_nonblock() - change O_NONBLOCK
 * @fd: socket
 * @on: new value
 */
void beh_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

/**
 * beh_set_timeout() - set SO_RCVTIMEO or SO_SNDTIMEO
 * @fd: socket
 * @option: which
 * @ms: value
 */
void beh_set_timeout(int fd, int option, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) < 0)
		beh_broken("timeout option");
}

/**
 * beh_socket() - socket of the tested kind
 * @flags: SOCK_NONBLOCK, SOCK_CLOEXEC
 *
 * Return: the socket; ends the case on failure.
 */
int beh_socket(int flags)
{
	int fd = endpoint_socket(&beh_ep, flags);

	if (fd < 0)
		beh_broken("socket");
	return fd;
}

/**
 * beh_listener() - local listener of the tested kind
 * @backlog: of listen(2)
 *
 * Return: the socket; ends the case on failure.
 */
int beh_listener(int backlog)
{
	int fd = endpoint_listen(&beh_ep, 0, backlog);

	if (fd < 0)
		beh_broken("listen");
	return fd;
}

/**
 * beh_connect_to() - connect(2) to the host of the peer
 * @fd: socket
 * @port: host order
 *
 * Return: as connect(2).
 */
int beh_connect_to(int fd, int port)
{
	struct address addr = beh_peer_addr;

	address_set_port(&addr, port);
	errno = 0;
	return connect(fd, (struct sockaddr *)&addr.ss, addr.len);
}

/**
 * beh_connected() - blocking connection with the peer
 *
 * The local end connects, with -r it accepts.
 *
 * Return: the socket; ends the case on failure.
 */
int beh_connected(void)
{
	int lfd;
	int fd;

	beh_stream_reset();
	if (beh_is_reversed) {
		lfd = beh_listener(5);
		beh_peer_start(OP_CONNECT, socket_port(lfd), 0);
		fd = accept(lfd, NULL, NULL);
		if (fd < 0)
			beh_broken("accept");
		close(lfd);
	} else {
		int port = (int)beh_peer(OP_LISTEN, 5, 0);

		if (port < 0)
			beh_broken("peer listen");
		beh_peer_start(OP_ACCEPT, 0, 0);
		fd = beh_socket(0);
		if (beh_connect_to(fd, port) < 0)
			beh_broken("connect");
	}
	if (beh_peer_wait() < 0)
		beh_broken("peer side of the connection");
	return fd;
}

/**
 * beh_blackhole() - find a port where connect() neither succeeds nor fails
 *
 * A plain TCP listener with a full queue drops further connection requests.
 *
 * Return: the port.
 */
int beh_blackhole(void)
{
	struct endpoint plain = { .is_v6 = beh_ep.is_v6 };
	int port = (int)beh_peer(OP_LISTEN, 0, 1);
	int i;

	if (port < 0)
		beh_broken("peer listen");
	for (i = 0; i < 4; i++) {
		int fd = endpoint_socket(&plain, SOCK_NONBLOCK);

		if (beh_connect_to(fd, port) < 0 && errno != EINPROGRESS)
			beh_broken("filling the queue");
		sleep_ms(100);
	}
	return port;
}
