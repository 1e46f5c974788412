// SPDX-License-Identifier: GPL-2.0
/*
 * xfer - move much data and prove that it has arrived unchanged
 *
 * The data is a pseudo-random sequence both ends can make.  A receiver checks
 * it against the sequence, which tells where it goes wrong, and both ends
 * compute the SHA-256 of what they have sent and received; the client compares
 * and prints them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "digest.h"
#include "endpoint.h"

#define MAGIC 0x78666572u
#define MAX_SIZE (16 << 20)
#define RANDOM_MAX 65536
#define DEFAULT_TIMEOUT 300
/* Traffic for some time is there to be disturbed, for which a slow host needs its
 * time, too: between receives, between connections, for each time that it is slower.
 */
#define SLOW_RECEIVE_US 5000
#define SLOW_CONNECT_US 150000

enum { DIR_UP = 1, DIR_DOWN = 2 };

/* Who closes when all is moved: one of the two and then the other, or both at once. */
enum closer { CLIENT_FIRST, SERVER_FIRST, AT_ONCE };

/* What the client tells the server first; both ends are builds for one architecture. */
struct request {
	uint32_t magic;
	uint32_t dirs;
	uint64_t bytes;
	uint64_t seed;
	/* Bytes per call; 0: random. */
	uint32_t write_size;
	uint32_t read_size;
	uint32_t sleep_us;
	uint32_t timeout;
	/* Senders stop after so long at the latest, 0 for not before all is sent; each piece has
	 * its length in front then.
	 */
	uint32_t stop_ms;
	/* enum closer */
	uint32_t closer;
};

/* What an end has sent or received. */
struct half {
	uint64_t bytes;
	/* Position of the first wrong byte; UINT64_MAX: none. */
	uint64_t first_bad;
	/* Of a receiver: the longest time from bytes to the next ones. */
	uint32_t gap_ms;
	int32_t err;
	char sha256[DIGEST_TEXT];
};

/* The server's two halves, sent after the data. */
struct report {
	uint32_t magic;
	struct half sent;
	struct half received;
};

struct transfer {
	int fd;
	const struct request *req;
	uint64_t seed;
	struct half half;
};

/* Senders that have a time to stop at stop now: SIGUSR1, or the peer's sender did. */
static volatile sig_atomic_t has_enough;

static void on_enough(int sig)
{
	(void)sig;
	has_enough = 1;
}

/* --- the sequence --- */

struct sequence {
	uint64_t state;
	uint8_t word[8];
	unsigned int left;
};

static uint64_t next_word(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static void sequence_start(struct sequence *s, uint64_t seed)
{
	/* The generator must not start from zero. */
	s->state = seed * 2 + 1;
	s->left = 0;
}

static void sequence_fill(struct sequence *s, uint8_t *buf, size_t len)
{
	while (len) {
		size_t n;

		if (!s->left) {
			uint64_t x;

			while (len >= 8) {
				x = next_word(&s->state);
				memcpy(buf, &x, 8);
				buf += 8;
				len -= 8;
			}
			if (!len)
				return;
			x = next_word(&s->state);
			memcpy(s->word, &x, 8);
			s->left = 8;
		}
		n = len < s->left ? len : s->left;
		memcpy(buf, s->word + 8 - s->left, n);
		s->left -= n;
		buf += n;
		len -= n;
	}
}

static size_t piece(uint64_t *random, uint32_t size, uint64_t left)
{
	uint64_t n = size ? size : 1 + next_word(random) % RANDOM_MAX;

	return n < left ? n : left;
}

/* --- moving --- */

static uint8_t *buffer(uint32_t size)
{
	uint8_t *buf = malloc(size > RANDOM_MAX ? size : RANDOM_MAX);

	if (!buf)
		die("no memory");
	return buf;
}

static int send_piece(int fd, const void *buf, size_t len, uint64_t *done)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, (const char *)buf + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EPIPE;
		sent += n;
		*done += n;
	}
	return 0;
}

static bool is_time_over(const struct transfer *t, long long end)
{
	return t->req->stop_ms && (has_enough || now_us() >= end);
}

/* Of the piece that follows, 0 for an end before all is sent. */
static int send_length(const struct transfer *t, uint32_t len)
{
	return t->req->stop_ms ? send_piece(t->fd, &len, sizeof(len), &(uint64_t){ 0 }) : 0;
}

static void *send_all(void *arg)
{
	struct transfer *t = arg;
	uint8_t *buf = buffer(t->req->write_size);
	uint64_t random = t->seed ^ 0x5555;
	const long long end = now_us() + t->req->stop_ms * 1000LL;
	struct sequence seq;
	struct digest sha;

	sequence_start(&seq, t->seed);
	digest_start(&sha);
	while (t->half.bytes < t->req->bytes && !t->half.err && !is_time_over(t, end)) {
		size_t want = piece(&random, t->req->write_size, t->req->bytes - t->half.bytes);
		uint64_t done = 0;

		sequence_fill(&seq, buf, want);
		t->half.err = send_length(t, want);
		if (!t->half.err)
			t->half.err = send_piece(t->fd, buf, want, &done);
		digest_add(&sha, buf, done);
		t->half.bytes += done;
	}
	if (!t->half.err && t->half.bytes < t->req->bytes)
		t->half.err = send_length(t, 0);
	digest_end(&sha, t->half.sha256);
	free(buf);
	return NULL;
}

/* Bytes have come.  @last: when some did before, or could at the earliest. */
static void note_arrival(struct half *half, long long *last)
{
	const long long now = now_us();

	if (now - *last > half->gap_ms * 1000LL)
		half->gap_ms = (uint32_t)((now - *last) / 1000);
	*last = now;
}

static void *receive_all(void *arg)
{
	struct transfer *t = arg;
	uint8_t *buf = buffer(t->req->read_size);
	uint8_t *expected = buffer(t->req->read_size);
	uint64_t random = t->seed ^ 0xaaaa;
	long long last = now_us();
	uint32_t left = 0;
	struct sequence seq;
	struct digest sha;

	sequence_start(&seq, t->seed);
	digest_start(&sha);
	t->half.first_bad = UINT64_MAX;
	while (t->half.bytes < t->req->bytes) {
		size_t want = piece(&random, t->req->read_size, t->req->bytes - t->half.bytes);
		ssize_t n;
		ssize_t i;

		if (t->req->stop_ms && !left) {
			if (read_full(t->fd, &left, sizeof(left)) < 0) {
				t->half.err = errno;
				break;
			}
			if (!left) {
				has_enough = 1;
				break;
			}
		}
		if (t->req->stop_ms && want > left)
			want = left;
		if (t->req->sleep_us)
			usleep(t->req->sleep_us);
		n = recv(t->fd, buf, want, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			t->half.err = n < 0 ? errno : ENODATA;
			break;
		}
		note_arrival(&t->half, &last);
		if (t->req->stop_ms)
			left -= n;
		sequence_fill(&seq, expected, n);
		if (t->half.first_bad == UINT64_MAX && memcmp(buf, expected, n)) {
			for (i = 0; buf[i] == expected[i]; i++)
				;
			t->half.first_bad = t->half.bytes + i;
		}
		digest_add(&sha, buf, n);
		t->half.bytes += n;
	}
	digest_end(&sha, t->half.sha256);
	free(buf);
	free(expected);
	return NULL;
}

/* Both directions at once if asked for; @tx_dir is the one this end sends in. */
static void move(int fd, const struct request *req, unsigned int tx_dir, struct half *sent,
		 struct half *received)
{
	const unsigned int rx_dir = tx_dir == DIR_UP ? DIR_DOWN : DIR_UP;
	struct transfer tx = { .fd = fd, .req = req, .seed = req->seed * 4 + tx_dir };
	struct transfer rx = { .fd = fd, .req = req, .seed = req->seed * 4 + rx_dir };
	const bool sends = req->dirs & tx_dir;
	const bool receives = req->dirs & rx_dir;
	pthread_t thread;

	rx.half.first_bad = UINT64_MAX;
	if (sends && pthread_create(&thread, NULL, send_all, &tx))
		die("thread");
	if (receives)
		receive_all(&rx);
	if (sends)
		pthread_join(thread, NULL);
	*sent = tx.half;
	*received = rx.half;
}

/* A connection that ended before its time: what its program was told. */
static void print_cut(const char *who, const struct half *sent, const struct half *received)
{
	const int errs[] = { sent->err, received->err };

	printf("%s cut: send=%s receive=%s received=%llu %s\n", who, strerrorname_np(errs[0]),
	       errs[1] == ENODATA ? "EOF" : strerrorname_np(errs[1]),
	       (unsigned long long)received->bytes,
	       received->first_bad == UINT64_MAX ? "good" : "WRONG");
	fflush(stdout);
}

static void print_signal(int status)
{
	if (!WIFSIGNALED(status))
		return;
	printf("a connection ended by signal %d%s\n", WTERMSIG(status),
	       WTERMSIG(status) == SIGALRM ? " (timeout)" : "");
	fflush(stdout);
}

/* --- server --- */

static bool is_request_good(const struct request *req)
{
	return req->magic == MAGIC && req->dirs >= 1 && req->dirs <= 3 &&
	       req->write_size <= MAX_SIZE && req->read_size <= MAX_SIZE &&
	       req->closer <= AT_ONCE;
}

__attribute__((noreturn))
static void serve_one(int fd)
{
	struct report report = { .magic = MAGIC };
	struct request req;
	bool is_cut;

	if (read_full(fd, &req, sizeof(req)) < 0)
		die("server: no request");
	if (!is_request_good(&req))
		die("server: invalid request");
	alarm(req.timeout);
	move(fd, &req, DIR_DOWN, &report.sent, &report.received);
	is_cut = report.sent.err || report.received.err;
	if (is_cut)
		print_cut("server:", &report.sent, &report.received);
	if (write_full(fd, &report, sizeof(report)) < 0) {
		if (is_cut)
			_exit(1);
		die("server: sending the report (sent %llu, received %llu)",
		    (unsigned long long)report.sent.bytes,
		    (unsigned long long)report.received.bytes);
	}
	if (req.closer == CLIENT_FIRST && read(fd, &(char){ 0 }, 1) != 0)
		die("server: no end of the connection");
	_exit(0);
}

static int serve(const struct endpoint *ep, int port)
{
	int lfd = endpoint_listen(ep, port, 256);

	if (lfd < 0)
		die("cannot listen on port %d", port);
	signal(SIGPIPE, SIG_IGN);
	printf("ready on port %d\n", port);
	fflush(stdout);
	for (;;) {
		int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
		int status;

		while (waitpid(-1, &status, WNOHANG) > 0)
			print_signal(status);
		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			die("accept");
		}
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(lfd);
			serve_one(fd);
		}
		close(fd);
	}
}

/* --- client --- */

/* The server's report is read.  Return: false if the server does not end as it should. */
static bool end_connection(int fd, enum closer closer)
{
	bool is_good = true;

	if (closer == CLIENT_FIRST)
		shutdown(fd, SHUT_WR);
	if (closer != AT_ONCE)
		is_good = read(fd, &(char){ 0 }, 1) == 0;
	close(fd);
	return is_good;
}

static bool print_direction(int index, const char *name, const struct half *sent,
			    const struct half *received, uint64_t bytes)
{
	const bool is_good = sent->bytes == bytes && received->bytes == bytes && !sent->err &&
			     !received->err && received->first_bad == UINT64_MAX &&
			     strcmp(sent->sha256, received->sha256) == 0;

	printf("[%d] %s sent=%llu sha256=%s\n", index, name, (unsigned long long)sent->bytes,
	       sent->sha256);
	printf("[%d] %s received=%llu sha256=%s\n", index, name,
	       (unsigned long long)received->bytes, received->sha256);
	printf("[%d] %s longest gap %u ms\n", index, name, received->gap_ms);
	if (sent->err)
		printf("[%d] %s send error: %s\n", index, name, strerror(sent->err));
	if (received->err)
		printf("[%d] %s receive error: %s\n", index, name,
		       received->err == ENODATA ? "early end of the connection" :
						  strerror(received->err));
	if (received->first_bad != UINT64_MAX)
		printf("[%d] %s first wrong byte at %llu\n", index, name,
		       (unsigned long long)received->first_bad);
	printf("[%d] %s %s\n", index, name, is_good ? "ok" : "FAILED");
	return is_good;
}

/*
 * Data of the first connections is not to slow down the handshakes of the others:
 * the end of the pipe comes when each has closed its side of it, or has failed.
 */
static void wait_for_all(const int gate[2])
{
	char none;

	close(gate[1]);
	while (read(gate[0], &none, 1) < 0)
		if (errno != EINTR)
			die("read");
}

/* Return: exit status.  @wanted: name of the transport to insist on, or NULL. */
static int client_one(const struct endpoint *ep, const struct address *addr,
		      const struct request *req, int index, const char *wanted,
		      const int gate[2])
{
	struct half sent;
	struct half received;
	struct report report;
	long long start;
	const char *transport;
	double seconds;
	bool is_good = true;
	int fd;

	alarm(req->timeout);
	fd = endpoint_connect(ep, addr);
	/* not for the time that others need */
	alarm(0);
	if (fd < 0)
		die("[%d] connect", index);
	transport = socket_is_smc(fd) ? "smc" : "tcp";
	wait_for_all(gate);
	alarm(req->timeout);
	if (write_full(fd, req, sizeof(*req)) < 0)
		die("[%d] sending the request", index);
	start = now_us();
	move(fd, req, DIR_UP, &sent, &received);
	if (sent.err || received.err) {
		char who[16];

		snprintf(who, sizeof(who), "[%d]", index);
		print_cut(who, &sent, &received);
		return 1;
	}
	if (read_full(fd, &report, sizeof(report)) < 0)
		die("[%d] no report of the server (sent %llu, received %llu)", index,
		    (unsigned long long)sent.bytes, (unsigned long long)received.bytes);
	if (report.magic != MAGIC)
		die("[%d] not a report", index);
	seconds = (double)(now_us() - start) / 1e6;
	if (!end_connection(fd, req->closer)) {
		printf("[%d] no end of the connection (last error: %s)\n", index,
		       strerror(errno));
		is_good = false;
	}
	if (req->dirs & DIR_UP)
		is_good &= print_direction(index, "up", &sent, &report.received,
					   req->stop_ms ? sent.bytes : req->bytes);
	if (req->dirs & DIR_DOWN)
		is_good &= print_direction(index, "down", &report.sent, &received,
					   req->stop_ms ? report.sent.bytes : req->bytes);
	printf("[%d] transport=%s %.3f s, %.1f MB/s\n", index, transport, seconds,
	       (double)(sent.bytes + received.bytes) / 1e6 / seconds);
	if (wanted && strcmp(wanted, transport)) {
		printf("[%d] FAILED: the transport should be %s\n", index, wanted);
		is_good = false;
	}
	fflush(stdout);
	return !is_good;
}

static int run_clients(const struct endpoint *ep, const struct address *addr,
		       const struct request *req, int count, const char *wanted)
{
	int failed = 0;
	int gate[2];
	int i;

	if (pipe(gate) < 0)
		die("pipe");
	for (i = 0; i < count; i++) {
		pid_t pid;

		if (i && req->stop_ms)
			usleep((time_limit(1) - 1) * SLOW_CONNECT_US);
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			struct request own = *req;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			own.seed += i;
			signal(SIGUSR1, on_enough);
			exit(client_one(ep, addr, &own, i, wanted, gate));
		}
	}
	close(gate[1]);
	for (i = 0; i < count; i++) {
		int status = -1;

		if (wait(&status) < 0)
			die("wait");
		print_signal(status);
		failed += status != 0;
	}
	printf("%s: %d connections, %d failed, seed %llu\n", failed ? "FAILED" : "ok", count,
	       failed, (unsigned long long)req->seed);
	return failed != 0;
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: xfer server -m tcp|smc|inet [-6] [-F] [-M] [-I] PORT\n"
		"       xfer client -m tcp|smc|inet [-6] [-F] [-M] [-I] -n BYTES [-w SIZE]\n"
		"            [-r SIZE] [-s USEC] [-d up|down|both] [-c COUNT] [-k tcp|smc] [-S SEED]\n"
		"            [-E SECONDS] [-C client|server|both] [-T SECONDS] HOST PORT\n"
		"\n"
		"  -n  bytes to move in each direction; k, m, g may be appended\n"
		"  -w  bytes per send, or rand; default 65536\n"
		"  -r  bytes per receive, or rand; default 65536\n"
		"  -s  the receiver sleeps before each receive\n"
		"  -d  direction as seen from the client; default up\n"
		"  -c  parallel connections; default 1\n"
		"  -k  fail if the connection does not use this, falling back or not\n"
		"  -F  with TCP Fast Open\n"
		"  -M  with TCP MD5 signatures\n"
		"  -I  with an IPsec policy\n"
		"  -S  seed of the data; default: of the day\n"
		"  -E  senders stop after so long, wherever they are; those of the client at\n"
		"      SIGUSR1, and each when the one of its peer has\n"
		"  -C  who closes first; default client\n"
		"  -T  time limit; default %d\n"
		"\n"
		"Exit status of the client: 0 if every byte has arrived unchanged.\n",
		DEFAULT_TIMEOUT);
	exit(status);
}

static uint32_t parse_size(const char *text)
{
	long long size;

	if (strcmp(text, "rand") == 0)
		return 0;
	size = parse_count(text);
	if (size < 1 || size > MAX_SIZE)
		die("invalid size: %s", text);
	return (uint32_t)size;
}

static uint32_t parse_dirs(const char *text)
{
	if (strcmp(text, "up") == 0)
		return DIR_UP;
	if (strcmp(text, "down") == 0)
		return DIR_DOWN;
	if (strcmp(text, "both") == 0)
		return DIR_UP | DIR_DOWN;
	usage(2);
}

static enum closer parse_closer(const char *text)
{
	if (strcmp(text, "client") == 0)
		return CLIENT_FIRST;
	if (strcmp(text, "server") == 0)
		return SERVER_FIRST;
	if (strcmp(text, "both") == 0)
		return AT_ONCE;
	usage(2);
}

int main(int argc, char **argv)
{
	struct request req = {
		.magic = MAGIC, .dirs = DIR_UP, .write_size = 65536, .read_size = 65536,
		.timeout = (uint32_t)time_limit(DEFAULT_TIMEOUT),
	};
	struct endpoint ep = { 0 };
	struct address addr;
	bool has_mode = false;
	bool has_bytes = false;
	const char *wanted = NULL;
	bool is_server;
	int count = 1;
	int opt;

	req.seed = (uint64_t)now_us() & 0xffffff;
	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	is_server = strcmp(argv[1], "server") == 0;
	if (!is_server && strcmp(argv[1], "client") != 0)
		usage(2);
	optind = 2;
	while ((opt = getopt(argc, argv, "m:6FMIn:w:r:s:d:c:k:S:E:C:T:h")) != -1) {
		switch (opt) {
		case 'm':
			if (!endpoint_parse_mode(&ep, optarg))
				usage(2);
			has_mode = true;
			break;
		case '6':
			ep.is_v6 = true;
			break;
		case 'F':
			ep.has_fastopen = true;
			break;
		case 'M':
			ep.has_md5 = true;
			break;
		case 'I':
			ep.has_policy = true;
			break;
		case 'n':
			req.bytes = (uint64_t)parse_count(optarg);
			has_bytes = true;
			break;
		case 'w':
			req.write_size = parse_size(optarg);
			break;
		case 'r':
			req.read_size = parse_size(optarg);
			break;
		case 's':
			req.sleep_us = (uint32_t)parse_count(optarg);
			break;
		case 'd':
			req.dirs = parse_dirs(optarg);
			break;
		case 'c':
			count = (int)parse_count(optarg);
			break;
		case 'k':
			if (!endpoint_parse_mode(&(struct endpoint){ 0 }, optarg))
				usage(2);
			wanted = optarg;
			break;
		case 'S':
			req.seed = (uint64_t)parse_count(optarg);
			break;
		case 'E':
			req.stop_ms = (uint32_t)parse_count(optarg) * 1000;
			break;
		case 'C':
			req.closer = parse_closer(optarg);
			break;
		case 'T':
			req.timeout = (uint32_t)time_limit((int)parse_count(optarg));
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (!has_mode || argc - optind != (is_server ? 1 : 2))
		usage(2);
	if (is_server)
		return serve(&ep, parse_port(argv[optind]));
	if (!has_bytes || count < 1)
		usage(2);
	if (req.stop_ms && !req.sleep_us)
		req.sleep_us = (uint32_t)(time_limit(1) - 1) * SLOW_RECEIVE_US;
	signal(SIGPIPE, SIG_IGN);
	/* for those that send */
	signal(SIGUSR1, SIG_IGN);
	endpoint_resolve(&ep, argv[optind], parse_port(argv[optind + 1]), &addr);
	return run_clients(&ep, &addr, &req, count, wanted);
}
