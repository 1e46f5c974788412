/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame of the socket behaviour test (sockbeh).
 *
 * A case is a function that runs in a process of its own, drives one local
 * socket, commands a peer process on the other host over a plain TCP control
 * connection, and records every result as text.  The text must be free of
 * timing, sizes of buffers and port numbers: the text of a TCP run is the
 * reference for that of an SMC run.
 */
#ifndef BEH_H
#define BEH_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "endpoint.h"

struct beh_case {
	const char *name;
	void (*run)(void);
	/* Why SMC may differ from TCP here; NULL: it must not.  Such cases run with -x only. */
	const char *exempt;
	/* Seconds until the case counts as hung; 0: the default. */
	int timeout;
};

extern const struct beh_case beh_connect_cases[];
extern const struct beh_case beh_accept_cases[];
extern const struct beh_case beh_data_cases[];
extern const struct beh_case beh_urgent_cases[];
extern const struct beh_case beh_poll_cases[];
extern const struct beh_case beh_close_cases[];
extern const struct beh_case beh_option_cases[];
extern const struct beh_case beh_process_cases[];

/* Commands to the peer; a and b are the arguments. */
enum beh_op {
	/* Listen with backlog a (b: always plain TCP); returns the port. */
	OP_LISTEN,
	/* Accept, becomes the current connection. */
	OP_ACCEPT,
	/* Connect to port a of the commanding host, becomes the current connection. */
	OP_CONNECT,
	/* Send a bytes of the pattern with flags b; returns bytes sent. */
	OP_SEND,
	/* Receive until a bytes, end or error; returns bytes. */
	OP_RECV,
	/* Receive until end or error; sleep a ms before each of the first b reads. */
	OP_RECV_ALL,
	/* One receive of at most a bytes with flags b. */
	OP_RECV_ONE,
	/* Receive a bytes and send as many. */
	OP_ECHO,
	OP_SHUTDOWN,
	OP_CLOSE,
	/* Close with SO_LINGER 0. */
	OP_RESET,
	OP_CLOSE_LISTENER,
	OP_EXIT,
	OP_KILL,
	/* Sleep a ms. */
	OP_SLEEP,
	/* Wait until a bytes are readable. */
	OP_WAIT_IN,
	/* Wait until the poll mask equals a; returns the mask. */
	OP_MASK,
	/* Returns a port nobody listens on. */
	OP_FREE_PORT,
	/* Returns the peer port the current connection shows. */
	OP_PEER_PORT,
	/* Returns and clears SO_ERROR. */
	OP_SO_ERROR,
	/* Set option a of SOL_SOCKET to b. */
	OP_SOCKOPT,
};

struct beh_cmd {
	uint32_t op;
	int32_t a;
	int32_t b;
};

struct beh_reply {
	int64_t ret;
	int32_t err;
	/* Bytes that did not match the pattern. */
	int32_t mismatches;
};

/* Test parameters, constant once the cases run. */
extern struct endpoint beh_ep;
extern bool beh_is_reversed;
extern struct address beh_peer_addr;
extern int beh_time_factor;

extern volatile sig_atomic_t beh_sigpipes;
extern volatile sig_atomic_t beh_alarms;

/* Recording */
__attribute__((format(printf, 1, 2)))
void beh_out(const char *fmt, ...);
long beh_res(const char *what, long rc);
void beh_out_mask(const char *what, int mask);
void beh_out_sigpipe(void);
void beh_out_waited(long long start_us, int expected_ms);
__attribute__((noreturn, format(printf, 1, 2)))
void beh_broken(const char *fmt, ...);
const char *beh_errname(int err);

/* Record the result of a call by its name. */
#define RES(what, expr) beh_res((what), (errno = 0, (long)(expr)))

/* Peer */
void beh_peer_open(const char *host, int port);
void beh_peer_start(enum beh_op op, int a, int b);
long beh_peer_wait(void);
long beh_peer(enum beh_op op, int a, int b);
void beh_peer_res(const char *what);
void beh_peer_do(const char *what, enum beh_op op, int a, int b);
int beh_serve(const struct endpoint *ep, int port);

/* Connections */
int beh_socket(int flags);
int beh_listener(int backlog);
int beh_connect_to(int fd, int port);
int beh_connected(void);
int beh_blackhole(void);

/* Data.  The pattern has one position per direction of the connection of a case. */
uint8_t beh_pattern(uint64_t pos);
void beh_pattern_fill(uint8_t *buf, size_t len, uint64_t pos);
size_t beh_pattern_check(const uint8_t *buf, size_t len, uint64_t pos);
void beh_stream_reset(void);
extern uint64_t beh_tx_pos;
extern uint64_t beh_rx_pos;
void beh_check_rx(const void *buf, long len);
long beh_send(int fd, size_t len, int flags);
long beh_recv(int fd, size_t len, int flags);
long beh_recv_full(int fd, size_t len);
long beh_fill(int fd);

/* Waiting for an effect, bounded */
int beh_inq(int fd);
void beh_wait_in(int fd, int bytes);
int beh_mask(int fd);
int beh_settle(int fd, int hint);
void beh_settle_out(const char *what, int fd, int hint);
void beh_alarm(int ms, int flags);
bool beh_set_int(int fd, int level, int option, int value);
void beh_set_nonblock(int fd, bool on);
void beh_set_timeout(int fd, int option, int ms);

/* Poll bits in the order they are printed. */
#define M_ALL (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM | \
	       POLLRDBAND | POLLRDHUP)
#define M_IN (POLLIN | POLLRDNORM)
#define M_OUT (POLLOUT | POLLWRNORM)
#define M_IDLE M_OUT
#define M_DATA (M_IN | M_OUT)
#define M_EOF (M_IN | M_OUT | POLLRDHUP)
#define M_DEAD (M_IN | M_OUT | POLLRDHUP | POLLHUP)
#define M_RESET (M_DEAD | POLLERR)

#endif
