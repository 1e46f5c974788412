// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: moving data with every call there is. */
#define _GNU_SOURCE
#include "beh.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#define MEGA (1 << 20)

static const int sizes[] = {
	1, 2, 3, 7, 64, 100, 1000, 1460, 4095, 4096, 4097, 16384, 65535, 65536, 100000, 262144,
	1000000, 3000000,
};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void send_sizes(void)
{
	int fd = beh_connected();
	size_t i;

	for (i = 0; i < N_SIZES; i++) {
		beh_peer_start(OP_RECV, sizes[i], 0);
		RES("send", beh_send(fd, sizes[i], 0));
		beh_peer_res("peer");
	}
}

static void recv_sizes(void)
{
	int fd = beh_connected();
	size_t i;

	for (i = 0; i < N_SIZES; i++) {
		beh_peer_start(OP_SEND, sizes[i], 0);
		RES("recv", beh_recv_full(fd, sizes[i]));
		beh_peer_res("peer");
	}
}

/* Many small pieces: the ring wraps at odd places. */
static void send_pieces(void)
{
	int fd = beh_connected();
	long total = 0;
	int i;

	for (i = 0; i < 3000; i++)
		total += 1 + i * 7919 % 997;
	beh_peer_start(OP_RECV, (int)total, 0);
	for (i = 0; i < 3000; i++) {
		long want = 1 + i * 7919 % 997;

		if (beh_send(fd, want, 0) != want) {
			beh_out("short at %d", i);
			break;
		}
	}
	beh_peer_res("peer_recv");
}

static void recv_pieces(void)
{
	int fd = beh_connected();
	long left = 2000000;
	int i = 0;

	beh_peer_start(OP_SEND, (int)left, 0);
	while (left > 0) {
		long want = 1 + i++ * 7919 % 9973;
		long rc = beh_recv(fd, want < left ? want : left, 0);

		if (rc <= 0) {
			beh_res("recv", rc);
			break;
		}
		left -= rc;
	}
	beh_out("left=%ld", left);
	beh_peer_res("peer_send");
}

/* Both directions at once, more than the buffers hold. */
static void echo_large(void)
{
	int fd = beh_connected();
	int i;

	for (i = 0; i < 5; i++) {
		beh_peer_start(OP_ECHO, 200000, 0);
		RES("send", beh_send(fd, 200000, 0));
		RES("recv", beh_recv_full(fd, 200000));
		beh_peer_res("peer_echo");
	}
}

static void recv_part(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_wait_in(fd, 100);
	RES("recv30", beh_recv(fd, 30, 0));
	beh_out("inq=%d", beh_inq(fd));
	RES("recv1000", beh_recv(fd, 1000, 0));
	beh_out("inq=%d", beh_inq(fd));
	RES("empty", beh_recv(fd, 1, MSG_DONTWAIT));
}

static void peek(void)
{
	int fd = beh_connected();

	RES("empty", beh_recv(fd, 10, MSG_PEEK | MSG_DONTWAIT));
	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_wait_in(fd, 100);
	RES("peek10", beh_recv(fd, 10, MSG_PEEK));
	RES("peek50", beh_recv(fd, 50, MSG_PEEK));
	RES("peek500", beh_recv(fd, 500, MSG_PEEK));
	beh_out("inq=%d", beh_inq(fd));
	beh_settle_out("mask", fd, M_DATA);
	RES("recv40", beh_recv(fd, 40, 0));
	RES("peek", beh_recv(fd, 500, MSG_PEEK));
	RES("recv", beh_recv(fd, 500, 0));
	RES("empty", beh_recv(fd, 10, MSG_PEEK | MSG_DONTWAIT));
}

static void peek_blocks(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_SEND, 20, 0);
	RES("peek", beh_recv(fd, 100, MSG_PEEK));
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_send");
	RES("recv", beh_recv(fd, 100, 0));
}

static void peek_eof(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 20, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle_out("mask", fd, M_EOF);
	RES("peek", beh_recv(fd, 100, MSG_PEEK));
	RES("recv", beh_recv(fd, 100, 0));
	RES("peek", beh_recv(fd, 100, MSG_PEEK));
	RES("recv", beh_recv(fd, 100, 0));
}

static void dontwait_recv(void)
{
	int fd = beh_connected();

	RES("dontwait", beh_recv(fd, 1, MSG_DONTWAIT));
	beh_set_nonblock(fd, true);
	RES("nonblock", beh_recv(fd, 1, 0));
	RES("read", read(fd, &(char){ 0 }, 1));
	beh_set_nonblock(fd, false);
	RES("fionbio", ioctl(fd, FIONBIO, &(int){ 1 }));
	RES("recv", beh_recv(fd, 1, 0));
	RES("fionbio", ioctl(fd, FIONBIO, &(int){ 0 }));
	beh_out("nonblock=%d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

/* Full, then the peer reads all: space comes back and nothing is lost. */
static void dontwait_send(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);

	RES("dontwait", beh_send(fd, 1, MSG_DONTWAIT));
	beh_out_mask("full", beh_mask(fd));
	beh_set_nonblock(fd, true);
	RES("nonblock", beh_send(fd, 1, 0));
	beh_peer_start(OP_RECV, (int)filled, 0);
	beh_out("drained=%s", beh_peer_wait() == filled ? "all" : "LOST");
	beh_settle_out("mask", fd, M_IDLE);
	RES("send", beh_send(fd, 100, 0));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
}

static void send_blocks(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);

	beh_peer_start(OP_SLEEP, 300, 0);
	beh_peer_start(OP_RECV, (int)filled + 100000, 0);
	RES("send", beh_send(fd, 100000, 0));
	beh_peer_res("peer_sleep");
	beh_out("drained=%s", beh_peer_wait() == filled + 100000 ? "all" : "LOST");
}

static void waitall_pieces(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SEND, 10, 0);
	beh_peer_start(OP_SLEEP, 150, 0);
	beh_peer_start(OP_SEND, 20, 0);
	beh_peer_start(OP_SLEEP, 150, 0);
	beh_peer_start(OP_SEND, 30, 0);
	RES("recv", beh_recv(fd, 60, MSG_WAITALL));
	while (beh_rx_pos < 60)
		beh_recv(fd, 60, 0);
	beh_peer_res("peer");
	beh_peer_res("peer");
	beh_peer_res("peer");
	beh_peer_res("peer");
	beh_peer_res("peer");
}

static void waitall_large(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SEND, 2000000, 0);
	RES("recv", beh_recv(fd, 2000000, MSG_WAITALL));
	beh_peer_res("peer_send");
}

static void waitall_eof(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SEND, 30, 0);
	beh_peer_start(OP_SLEEP, 150, 0);
	beh_peer_start(OP_SHUTDOWN, SHUT_WR, 0);
	RES("recv", beh_recv(fd, 100, MSG_WAITALL));
	RES("recv", beh_recv(fd, 100, MSG_WAITALL));
	beh_peer_res("peer");
	beh_peer_res("peer");
	beh_peer_res("peer");
}

static void waitall_timeout(void)
{
	int fd = beh_connected();

	beh_set_timeout(fd, SO_RCVTIMEO, 300);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("recv", beh_recv(fd, 20, MSG_WAITALL));
	RES("recv", beh_recv(fd, 20, MSG_WAITALL));
}

static void waitall_signal(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	beh_alarm(200, 0);
	RES("recv", beh_recv(fd, 20, MSG_WAITALL));
	beh_alarm(200, 0);
	RES("recv", beh_recv(fd, 20, MSG_WAITALL));
}

static void waitall_reset(void)
{
	int fd = beh_connected();

	beh_peer_start(OP_SEND, 10, 0);
	beh_peer_start(OP_SLEEP, 200, 0);
	beh_peer_start(OP_RESET, 0, 0);
	RES("recv", beh_recv(fd, 20, MSG_WAITALL));
	RES("recv", beh_recv(fd, 20, 0));
	RES("recv", beh_recv(fd, 20, 0));
}

static void waitall_peek(void)
{
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 20, 0);
	beh_wait_in(fd, 20);
	RES("peek", beh_recv(fd, 20, MSG_WAITALL | MSG_PEEK));
	RES("dontwait", beh_recv(fd, 50, MSG_WAITALL | MSG_DONTWAIT));
}

static void msg_more(void)
{
	int fd = beh_connected();

	RES("more", beh_send(fd, 10, MSG_MORE));
	RES("more", beh_send(fd, 10, MSG_MORE));
	RES("last", beh_send(fd, 10, 0));
	beh_peer_do("peer_recv", OP_RECV, 30, 0);
}

/* Held back for a time only. */
static void msg_more_alone(void)
{
	int fd = beh_connected();

	RES("more", beh_send(fd, 10, MSG_MORE));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

static void msg_more_shutdown(void)
{
	int fd = beh_connected();

	RES("more", beh_send(fd, 10, MSG_MORE));
	RES("shutdown", shutdown(fd, SHUT_WR));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
}

static void cork(void)
{
	int fd = beh_connected();

	beh_set_int(fd, IPPROTO_TCP, TCP_CORK, 1);
	RES("send", beh_send(fd, 10, 0));
	RES("send", beh_send(fd, 20, 0));
	beh_set_int(fd, IPPROTO_TCP, TCP_CORK, 0);
	beh_peer_do("peer_recv", OP_RECV, 30, 0);
}

static void cork_close(void)
{
	int fd = beh_connected();

	beh_set_int(fd, IPPROTO_TCP, TCP_CORK, 1);
	RES("send", beh_send(fd, 10, 0));
	RES("close", close(fd));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
}

static void cork_large(void)
{
	int fd = beh_connected();

	beh_set_int(fd, IPPROTO_TCP, TCP_CORK, 1);
	beh_peer_start(OP_RECV, 500000, 0);
	RES("send", beh_send(fd, 500000, 0));
	beh_set_int(fd, IPPROTO_TCP, TCP_CORK, 0);
	beh_peer_res("peer_recv");
}

static void msg_trunc(void)
{
	uint8_t buf[60];
	int fd = beh_connected();
	size_t touched = 0;
	size_t i;
	long rc;

	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_wait_in(fd, 100);
	memset(buf, 0xee, sizeof(buf));
	rc = RES("trunc", recv(fd, buf, 50, MSG_TRUNC));
	for (i = 0; i < sizeof(buf); i++)
		touched += buf[i] != 0xee;
	beh_out("buffer=%s", touched ? "written" : "untouched");
	if (rc > 0)
		beh_rx_pos += rc;
	RES("recv", beh_recv(fd, 100, MSG_DONTWAIT));
}

static void zero_length(void)
{
	int fd = beh_connected();

	RES("send0", beh_send(fd, 0, 0));
	RES("write0", write(fd, "", 0));
	RES("read0", read(fd, "", 0));
	RES("recv0", beh_recv(fd, 0, MSG_DONTWAIT));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("recv0", beh_recv(fd, 0, 0));
	RES("recv0_peek", beh_recv(fd, 0, MSG_PEEK));
	RES("recv", beh_recv(fd, 100, 0));
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle(fd, M_EOF);
	RES("recv0_eof", beh_recv(fd, 0, 0));
	RES("send", beh_send(fd, 10, 0));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

static void zero_length_dead(void)
{
	int fd = beh_connected();

	RES("shutdown", shutdown(fd, SHUT_RDWR));
	RES("send0", beh_send(fd, 0, 0));
	RES("write0", write(fd, "", 0));
	beh_out_sigpipe();
	RES("recv0", beh_recv(fd, 0, 0));
}

static void iovec_write(void)
{
	uint8_t buf[6000];
	struct iovec iov[] = {
		{ buf, 10 }, { buf + 10, 0 }, { buf + 10, 1 }, { buf + 11, 5000 }, { buf + 5011, 100 },
	};
	int fd = beh_connected();

	beh_pattern_fill(buf, sizeof(buf), 0);
	RES("writev", writev(fd, iov, 5));
	beh_peer_do("peer_recv", OP_RECV, 5111, 0);
	RES("none", writev(fd, iov, 0));
	iov[0].iov_len = 0;
	RES("empty", writev(fd, iov, 1));
}

static void iovec_read(void)
{
	uint8_t buf[6000];
	struct iovec iov[] = {
		{ buf, 10 }, { buf + 10, 0 }, { buf + 10, 1 }, { buf + 11, 5000 }, { buf + 5011, 100 },
	};
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 5111, 0);
	beh_wait_in(fd, 5111);
	beh_check_rx(buf, RES("readv", readv(fd, iov, 5)));
	beh_peer_do("peer_send", OP_SEND, 11, 0);
	beh_wait_in(fd, 11);
	beh_check_rx(buf, RES("readv", readv(fd, iov, 5)));
}

static void message_write(void)
{
	uint8_t buf[3000];
	struct iovec iov[] = { { buf, 1000 }, { buf + 1000, 0 }, { buf + 1000, 2000 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	int fd = beh_connected();

	beh_pattern_fill(buf, sizeof(buf), 0);
	RES("sendmsg", sendmsg(fd, &msg, 0));
	beh_peer_do("peer_recv", OP_RECV, 3000, 0);
	msg.msg_iovlen = 0;
	RES("sendmsg0", sendmsg(fd, &msg, 0));
	beh_pattern_fill(buf, sizeof(buf), 3000);
	/* A connected stream ignores the address. */
	msg.msg_iovlen = 1;
	msg.msg_name = &beh_peer_addr.ss;
	msg.msg_namelen = beh_peer_addr.len;
	RES("sendmsg_to", sendmsg(fd, &msg, 0));
	beh_peer_do("peer_recv", OP_RECV, 1000, 0);
}

static void message_read(void)
{
	uint8_t buf[3000];
	struct sockaddr_storage name;
	char control[100];
	struct iovec iov[] = { { buf, 1000 }, { buf + 1000, 0 }, { buf + 1000, 2000 } };
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 3, .msg_name = &name, .msg_namelen = sizeof(name),
		.msg_control = control, .msg_controllen = sizeof(control), .msg_flags = -1,
	};
	int fd = beh_connected();

	beh_peer_do("peer_send", OP_SEND, 3000, 0);
	beh_wait_in(fd, 3000);
	beh_check_rx(buf, RES("recvmsg", recvmsg(fd, &msg, 0)));
	beh_out("flags=%#x namelen=%d controllen=%d", msg.msg_flags, (int)msg.msg_namelen,
		(int)msg.msg_controllen);
	beh_peer_do("peer_send", OP_SEND, 100, 0);
	beh_wait_in(fd, 100);
	msg.msg_namelen = sizeof(name);
	RES("peek", recvmsg(fd, &msg, MSG_PEEK));
	beh_check_rx(buf, RES("recvmsg", recvmsg(fd, &msg, MSG_CMSG_CLOEXEC)));
	beh_out("flags=%#x", msg.msg_flags);
}

static void address_calls(void)
{
	struct address addr = { .len = sizeof(addr.ss) };
	uint8_t buf[100];
	int fd = beh_connected();

	beh_pattern_fill(buf, sizeof(buf), 0);
	RES("sendto", sendto(fd, buf, 100, 0, (struct sockaddr *)&beh_peer_addr.ss,
			     beh_peer_addr.len));
	beh_peer_do("peer_recv", OP_RECV, 100, 0);
	beh_peer_do("peer_send", OP_SEND, 50, 0);
	beh_wait_in(fd, 50);
	beh_check_rx(buf, RES("recvfrom", recvfrom(fd, buf, 100, 0, (struct sockaddr *)&addr.ss,
						   &addr.len)));
	beh_out("addrlen=%d", (int)addr.len);
}

static void many_messages(void)
{
	uint8_t buf[300];
	struct iovec iov[] = { { buf, 100 }, { buf + 100, 100 }, { buf + 200, 100 } };
	struct mmsghdr msgs[3] = { 0 };
	int fd = beh_connected();
	int i;

	for (i = 0; i < 3; i++) {
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	beh_pattern_fill(buf, sizeof(buf), 0);
	RES("sendmmsg", sendmmsg(fd, msgs, 3, 0));
	beh_peer_do("peer_recv", OP_RECV, 300, 0);
	beh_peer_do("peer_send", OP_SEND, 300, 0);
	beh_wait_in(fd, 300);
	RES("recvmmsg", recvmmsg(fd, msgs, 3, MSG_DONTWAIT, NULL));
	beh_check_rx(buf, 300);
	RES("recvmmsg", recvmmsg(fd, msgs, 3, MSG_DONTWAIT, NULL));
}

static void bad_pointers(void)
{
	int fd = beh_connected();

	RES("send", send(fd, NULL, 10, 0));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("recv", recv(fd, NULL, 10, 0));
	RES("recv", beh_recv(fd, 10, MSG_DONTWAIT));
	RES("errqueue", beh_recv(fd, 10, MSG_ERRQUEUE));
	RES("send", beh_send(fd, 10, 0));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

/* A temporary file with the pattern. */
static int pattern_file(size_t len)
{
	FILE *f = tmpfile();
	uint8_t *buf = malloc(len);

	if (!f || !buf)
		beh_broken("temporary file");
	beh_pattern_fill(buf, len, 0);
	if (write_full(fileno(f), buf, len) < 0)
		beh_broken("temporary file");
	lseek(fileno(f), 0, SEEK_SET);
	free(buf);
	return fileno(f);
}

static long sendfile_all(int fd, int file, long len)
{
	long done = 0;

	while (done < len) {
		long rc = sendfile(fd, file, NULL, len - done);

		if (rc <= 0)
			return done ? done : rc;
		done += rc;
	}
	return done;
}

static void sendfile_small(void)
{
	int fd = beh_connected();
	int file = pattern_file(1);

	RES("sendfile", sendfile(fd, file, NULL, 1));
	RES("at_end", sendfile(fd, file, NULL, 1));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
}

static void sendfile_beyond_end(void)
{
	int fd = beh_connected();
	int file = pattern_file(10);

	RES("sendfile", sendfile(fd, file, NULL, 100));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

static void sendfile_large(void)
{
	int fd = beh_connected();
	int file = pattern_file(MEGA);

	beh_peer_start(OP_RECV, MEGA, 0);
	RES("sendfile", sendfile_all(fd, file, MEGA));
	beh_peer_res("peer_recv");
}

static void sendfile_offset(void)
{
	int fd = beh_connected();
	int file = pattern_file(MEGA);
	off_t off = 0;
	long done = 0;

	beh_peer_start(OP_RECV, 300000, 0);
	while (done < 300000) {
		/* Odd pieces: page fragments of all kinds. */
		long want = 300000 - done < 4999 ? 300000 - done : 4999;
		long rc = sendfile(fd, file, &off, want);

		if (rc <= 0)
			break;
		done += rc;
	}
	beh_out("sendfile=%ld off=%ld", done, (long)off);
	beh_out("position=%ld", (long)lseek(file, 0, SEEK_CUR));
	beh_peer_res("peer_recv");
}

/* What is sent is the file as it was, also if written to afterwards by less than the page. */
static void sendfile_then_send(void)
{
	int fd = beh_connected();
	int file = pattern_file(10000);

	beh_peer_start(OP_RECV, 10500, 0);
	RES("sendfile", sendfile_all(fd, file, 10000));
	beh_tx_pos = 10000;
	RES("send", beh_send(fd, 500, 0));
	beh_peer_res("peer_recv");
}

static void sendfile_full(void)
{
	int fd = beh_connected();
	int file = pattern_file(MEGA);
	long filled = beh_fill(fd);

	beh_set_nonblock(fd, true);
	RES("sendfile", sendfile(fd, file, NULL, MEGA));
	beh_out("drained=%s", beh_peer(OP_RECV, (int)filled, 0) == filled ? "all" : "LOST");
}

/* From a pipe: the pages come without a file behind them. */
static long splice_all(int from, int to, long len)
{
	long done = 0;

	while (done < len) {
		long rc = splice(from, NULL, to, NULL, len - done, 0);

		if (rc <= 0)
			return done ? done : rc;
		done += rc;
	}
	return done;
}

static void splice_out(void)
{
	int fd = beh_connected();
	int file = pattern_file(MEGA);
	long done = 0;
	int p[2];

	if (pipe(p) < 0)
		beh_broken("pipe");
	beh_peer_start(OP_RECV, MEGA, 0);
	while (done < MEGA) {
		long got = splice(file, NULL, p[1], NULL, 65536, 0);

		if (got <= 0 || splice_all(p[0], fd, got) != got)
			break;
		done += got;
	}
	beh_out("splice=%ld", done);
	beh_peer_res("peer_recv");
}

static void splice_out_more(void)
{
	uint8_t buf[100];
	int fd = beh_connected();
	int p[2];

	if (pipe(p) < 0)
		beh_broken("pipe");
	beh_pattern_fill(buf, sizeof(buf), 0);
	RES("write", write(p[1], buf, 100));
	RES("splice", splice(p[0], NULL, fd, NULL, 100, SPLICE_F_MORE));
	beh_tx_pos = 100;
	RES("send", beh_send(fd, 100, 0));
	beh_peer_do("peer_recv", OP_RECV, 200, 0);
}

static void splice_in(void)
{
	static uint8_t buf[65536];
	int fd = beh_connected();
	FILE *f = tmpfile();
	long done = 0;
	int p[2];

	if (pipe(p) < 0 || !f)
		beh_broken("pipe");
	beh_peer_start(OP_SEND, MEGA, 0);
	while (done < MEGA) {
		long got = splice(fd, NULL, p[1], NULL, MEGA - done, 0);

		if (got <= 0 || splice_all(p[0], fileno(f), got) != got)
			break;
		done += got;
	}
	beh_out("splice=%ld", done);
	beh_peer_res("peer_send");
	lseek(fileno(f), 0, SEEK_SET);
	while (done > 0) {
		if (read_full(fileno(f), buf, sizeof(buf)) < 0)
			beh_broken("reading back");
		beh_check_rx(buf, sizeof(buf));
		done -= sizeof(buf);
	}
}

/* Data stays in the pipe while the connection goes on and ends. */
static void splice_in_held(void)
{
	uint8_t buf[1000];
	int fd = beh_connected();
	int p[2];

	if (pipe(p) < 0)
		beh_broken("pipe");
	beh_peer_do("peer_send", OP_SEND, 1000, 0);
	beh_wait_in(fd, 1000);
	RES("splice", splice_all(fd, p[1], 1000));
	beh_peer_start(OP_SEND, 500000, 0);
	beh_rx_pos = 1000;
	RES("recv", beh_recv_full(fd, 500000));
	beh_peer_res("peer_send");
	RES("close", close(fd));
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	sleep_ms(200);
	beh_rx_pos = 0;
	beh_check_rx(buf, RES("read", read(p[0], buf, sizeof(buf))));
}

static void splice_in_edges(void)
{
	int fd = beh_connected();
	int p[2];

	if (pipe(p) < 0)
		beh_broken("pipe");
	beh_set_nonblock(fd, true);
	RES("empty", splice(fd, NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("data", splice(fd, NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK));
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle(fd, M_EOF);
	RES("eof", splice(fd, NULL, p[1], NULL, 100, 0));
	RES("offset", splice(fd, &(loff_t){ 0 }, p[1], NULL, 100, 0));
}

static void splice_tee(void)
{
	int fd = beh_connected();
	uint8_t buf[5000];
	int a[2];
	int b[2];

	if (pipe(a) < 0 || pipe(b) < 0)
		beh_broken("pipe");
	beh_pattern_fill(buf, sizeof(buf), 0);
	RES("write", write(a[1], buf, sizeof(buf)));
	RES("tee", tee(a[0], b[1], sizeof(buf), 0));
	RES("splice", splice_all(b[0], fd, sizeof(buf)));
	beh_peer_do("peer_recv", OP_RECV, sizeof(buf), 0);
	beh_check_rx(buf, RES("read", read(a[0], buf, sizeof(buf))));
}

static void splice_tee_in(void)
{
	int fd = beh_connected();
	uint8_t buf[5000];
	int a[2];
	int b[2];

	if (pipe(a) < 0 || pipe(b) < 0)
		beh_broken("pipe");
	beh_peer_do("peer_send", OP_SEND, sizeof(buf), 0);
	beh_wait_in(fd, sizeof(buf));
	RES("splice", splice_all(fd, a[1], sizeof(buf)));
	RES("tee", tee(a[0], b[1], sizeof(buf), 0));
	beh_check_rx(buf, RES("read", read(a[0], buf, sizeof(buf))));
	beh_rx_pos = 0;
	beh_check_rx(buf, RES("read", read(b[0], buf, sizeof(buf))));
}

static void queue_ioctls(void)
{
	int fd = beh_connected();
	int n = -1;
	int i;

	RES("inq", ioctl(fd, SIOCINQ, &n));
	beh_out("n=%d", n);
	RES("outq", ioctl(fd, SIOCOUTQ, &n));
	beh_out("n=%d", n);
	RES("atmark", ioctl(fd, SIOCATMARK, &n));
	beh_out("n=%d", n);
	beh_peer_do("peer_send", OP_SEND, 1234, 0);
	beh_wait_in(fd, 1234);
	RES("fionread", ioctl(fd, FIONREAD, &n));
	beh_out("n=%d", n);
	RES("recv", beh_recv(fd, 234, 0));
	RES("inq", ioctl(fd, SIOCINQ, &n));
	beh_out("n=%d", n);
	RES("send", beh_send(fd, 5000, 0));
	beh_peer_do("peer_recv", OP_RECV, 5000, 0);
	for (i = 0; i < 2000 && ioctl(fd, SIOCOUTQ, &n) == 0 && n; i++)
		usleep(1000);
	beh_out("outq=%d", n);
	RES("unknown", ioctl(fd, 0x8999, &n));
}

static void queue_ioctls_full(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);
	int n = -1;
	int i;

	RES("outq", ioctl(fd, SIOCOUTQ, &n));
	beh_out("unsent=%s", n > 0 && n <= filled ? "some" : "WRONG");
	beh_peer_start(OP_RECV, (int)filled, 0);
	beh_out("drained=%s", beh_peer_wait() == filled ? "all" : "LOST");
	for (i = 0; i < 2000 && ioctl(fd, SIOCOUTQ, &n) == 0 && n; i++)
		usleep(1000);
	beh_out("outq=%d", n);
}

static void queue_ioctls_states(void)
{
	int fd = beh_socket(0);
	int lfd = beh_listener(1);
	int n = -1;

	RES("fresh_inq", ioctl(fd, SIOCINQ, &n));
	beh_out("n=%d", n);
	RES("fresh_outq", ioctl(fd, SIOCOUTQ, &n));
	beh_out("n=%d", n);
	RES("listen_inq", ioctl(lfd, SIOCINQ, &n));
	RES("listen_outq", ioctl(lfd, SIOCOUTQ, &n));
}

static void queue_ioctls_eof(void)
{
	int fd = beh_connected();
	int n = -1;

	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle(fd, M_EOF);
	RES("inq", ioctl(fd, SIOCINQ, &n));
	beh_out("n=%d", n);
	RES("recv", beh_recv(fd, 100, 0));
	RES("inq", ioctl(fd, SIOCINQ, &n));
	beh_out("n=%d", n);
}

static void rcvlowat(void)
{
	int fd = beh_connected();

	beh_set_int(fd, SOL_SOCKET, SO_RCVLOWAT, 50);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	beh_out_mask("below", beh_mask(fd));
	beh_peer_do("peer_send", OP_SEND, 40, 0);
	beh_settle_out("reached", fd, M_DATA);
	RES("recv", beh_recv(fd, 100, 0));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	beh_peer_start(OP_SLEEP, 200, 0);
	/* The 10 bytes count no more once recv has taken them. */
	beh_peer_start(OP_SEND, 60, 0);
	RES("recv_waits", beh_recv(fd, 100, 0));
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_send");
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_wait_in(fd, 10);
	RES("dontwait", beh_recv(fd, 100, MSG_DONTWAIT));
	beh_peer_do("peer_shutdown", OP_SHUTDOWN, SHUT_WR, 0);
	beh_settle_out("eof", fd, M_EOF);
	RES("recv", beh_recv(fd, 100, 0));
}

static void timeout_recv(void)
{
	int fd = beh_connected();
	long long start = now_us();

	beh_set_timeout(fd, SO_RCVTIMEO, 300);
	RES("recv", beh_recv(fd, 10, 0));
	beh_out_waited(start, 300);
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	RES("recv", beh_recv_full(fd, 10));
}

static void timeout_send(void)
{
	int fd = beh_connected();
	long filled = beh_fill(fd);
	long long start = now_us();

	beh_set_timeout(fd, SO_SNDTIMEO, 300);
	RES("send", beh_send(fd, 10, 0));
	beh_out_waited(start, 300);
	beh_out("drained=%s", beh_peer(OP_RECV, (int)filled, 0) == filled ? "all" : "LOST");
	RES("send", beh_send(fd, 10, 0));
	beh_peer_do("peer_recv", OP_RECV, 10, 0);
}

/* A send that times out part way tells how far it came. */
static void timeout_send_part(void)
{
	int fd = beh_connected();
	const long size = 32 * MEGA;
	long rc;

	beh_set_timeout(fd, SO_SNDTIMEO, 500);
	rc = beh_send(fd, size, 0);
	beh_out("send=%s", rc > 0 && rc < size ? "part" : "WRONG");
	beh_out("drained=%s", beh_peer(OP_RECV, (int)rc, 0) == rc ? "all" : "LOST");
}

static void signal_recv(void)
{
	int fd = beh_connected();

	beh_alarm(200, 0);
	RES("recv", beh_recv(fd, 10, 0));
	beh_alarm(200, SA_RESTART);
	beh_peer_start(OP_SLEEP, 500, 0);
	beh_peer_start(OP_SEND, 10, 0);
	RES("restarted", beh_recv(fd, 10, 0));
	beh_peer_res("peer_sleep");
	beh_peer_res("peer_send");
	beh_set_timeout(fd, SO_RCVTIMEO, 5000);
	beh_alarm(200, SA_RESTART);
	RES("with_timeout", beh_recv(fd, 10, 0));
	beh_out("alarms=%d", (int)beh_alarms);
}

static void signal_send(void)
{
	int fd = beh_connected();

	beh_fill(fd);
	beh_alarm(200, 0);
	RES("send", beh_send(fd, 10, 0));
	beh_out("alarms=%d", (int)beh_alarms);
}

const struct beh_case beh_data_cases[] = {
	{ "send_sizes", send_sizes },
	{ "recv_sizes", recv_sizes },
	{ "send_pieces", send_pieces },
	{ "recv_pieces", recv_pieces },
	{ "echo_large", echo_large },
	{ "recv_part", recv_part },
	{ "peek", peek },
	{ "peek_blocks", peek_blocks },
	{ "peek_eof", peek_eof },
	{ "dontwait_recv", dontwait_recv },
	{ "dontwait_send", dontwait_send },
	{ "send_blocks", send_blocks },
	{ "waitall_pieces", waitall_pieces },
	{ "waitall_large", waitall_large },
	{ "waitall_eof", waitall_eof },
	{ "waitall_timeout", waitall_timeout },
	{ "waitall_signal", waitall_signal },
	{ "waitall_reset", waitall_reset },
	{ "waitall_peek", waitall_peek },
	{ "msg_more", msg_more },
	{ "msg_more_alone", msg_more_alone },
	{ "msg_more_shutdown", msg_more_shutdown },
	{ "cork", cork },
	{ "cork_close", cork_close },
	{ "cork_large", cork_large },
	{ "msg_trunc", msg_trunc },
	{ "zero_length", zero_length },
	{ "zero_length_dead", zero_length_dead },
	{ "iovec_write", iovec_write },
	{ "iovec_read", iovec_read },
	{ "message_write", message_write },
	{ "message_read", message_read },
	{ "address_calls", address_calls },
	{ "many_messages", many_messages },
	{ "bad_pointers", bad_pointers },
	{ "sendfile_small", sendfile_small },
	{ "sendfile_beyond_end", sendfile_beyond_end },
	{ "sendfile_large", sendfile_large },
	{ "sendfile_offset", sendfile_offset },
	{ "sendfile_then_send", sendfile_then_send },
	{ "sendfile_full", sendfile_full },
	{ "splice_out", splice_out },
	{ "splice_out_more", splice_out_more },
	{ "splice_in", splice_in },
	{ "splice_in_held", splice_in_held },
	{ "splice_in_edges", splice_in_edges },
	{ "splice_tee", splice_tee },
	{ "splice_tee_in", splice_tee_in },
	{ "queue_ioctls", queue_ioctls },
	{ "queue_ioctls_full", queue_ioctls_full },
	{ "queue_ioctls_states", queue_ioctls_states },
	{ "queue_ioctls_eof", queue_ioctls_eof },
	{ "rcvlowat", rcvlowat },
	{ "timeout_recv", timeout_recv },
	{ "timeout_send", timeout_send },
	{ "timeout_send_part", timeout_send_part },
	{ "signal_recv", signal_recv },
	{ "signal_send", signal_send },
	{ 0 }
};
