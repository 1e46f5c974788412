// SPDX-License-Identifier: GPL-2.0
/* Cases of sockbeh: socket options. */
#define _GNU_SOURCE
#include "beh.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

struct int_option {
	const char *name;
	int level;
	int option;
	int value;
};

/* Values the kernel keeps as they are, so the result does not depend on tuning. */
static const struct int_option int_options[] = {
	{ "SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1 },
	{ "SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1 },
	{ "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1 },
	{ "SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1 },
	{ "SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 1 },
	{ "SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 3 },
	{ "SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 100 },
	{ "SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP, 1 },
	{ "TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1 },
	{ "TCP_CORK", IPPROTO_TCP, TCP_CORK, 1 },
	{ "TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, 3 },
	{ "TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 77 },
	{ "TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 7 },
	{ "TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 5 },
	{ "TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT, 3 },
	{ "TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2, 10 },
	{ "TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 5000 },
	{ "TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK, 1 },
	{ "TCP_NOTSENT_LOWAT", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 20000 },
};

static const struct int_option v4_options[] = {
	{ "IP_TOS", IPPROTO_IP, IP_TOS, 0x10 },
	{ "IP_TTL", IPPROTO_IP, IP_TTL, 33 },
	{ "IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER, 1 },
};

static const struct int_option v6_options[] = {
	{ "IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS, 0x10 },
	{ "IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33 },
	{ "IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1 },
};

static void out_int_option(int fd, const struct int_option *o)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (!beh_set_int(fd, o->level, o->option, o->value))
		beh_out("set_%s=-%s", o->name, beh_errname(errno));
	if (getsockopt(fd, o->level, o->option, &value, &len) < 0)
		beh_out("%s=-%s", o->name, beh_errname(errno));
	else
		beh_out("%s=%d/%d", o->name, value, (int)len);
}

static void out_int_options(int fd)
{
	size_t i;

	for (i = 0; i < sizeof(int_options) / sizeof(int_options[0]); i++)
		out_int_option(fd, &int_options[i]);
	for (i = 0; i < 3; i++)
		out_int_option(fd, beh_ep.is_v6 ? &v6_options[i] : &v4_options[i]);
}

static void options_fresh(void)
{
	out_int_options(beh_socket(0));
}

static void options_connected(void)
{
	int fd = beh_connected();

	out_int_options(fd);
	/* Still of use. */
	beh_peer_start(OP_ECHO, 100, 0);
	RES("send", beh_send(fd, 100, 0));
	beh_set_int(fd, IPPROTO_TCP, TCP_CORK, 0);
	RES("recv", beh_recv_full(fd, 100));
	beh_peer_res("peer_echo");
}

static void options_listener(void)
{
	out_int_options(beh_listener(1));
}

/* Set before connect, read after: the options must survive the handshake. */
static void options_survive_connect(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 0);
	int fd = beh_socket(0);
	struct timeval tv = { .tv_sec = 7 };
	struct linger l = { .l_onoff = 1, .l_linger = 3 };
	size_t i;

	for (i = 0; i < sizeof(int_options) / sizeof(int_options[0]); i++)
		beh_set_int(fd, int_options[i].level, int_options[i].option, int_options[i].value);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	for (i = 0; i < sizeof(int_options) / sizeof(int_options[0]); i++) {
		int value = -1;
		socklen_t len = sizeof(value);

		/* A state of the connection rather than a setting. */
		if (int_options[i].option == TCP_QUICKACK && int_options[i].level == IPPROTO_TCP)
			continue;
		getsockopt(fd, int_options[i].level, int_options[i].option, &value, &len);
		beh_out("%s=%d", int_options[i].name, value);
	}
	memset(&tv, 0, sizeof(tv));
	getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &(socklen_t){ sizeof(tv) });
	memset(&l, 0, sizeof(l));
	getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &(socklen_t){ sizeof(l) });
	beh_out("rcvtimeo=%d linger=%d/%d", (int)tv.tv_sec, l.l_onoff, l.l_linger);
}

/* What an accepted connection has from its listener. */
static void options_inherited(void)
{
	static const struct int_option inherited[] = {
		{ "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ "SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1 },
		{ "SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 100 },
		{ "TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1 },
		{ "TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 77 },
		{ "TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 5000 },
	};
	struct linger l = { .l_onoff = 1, .l_linger = 3 };
	struct timeval tv = { .tv_sec = 7 };
	int lfd = beh_listener(1);
	size_t i;
	int fd;

	for (i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++)
		beh_set_int(lfd, inherited[i].level, inherited[i].option, inherited[i].value);
	setsockopt(lfd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	setsockopt(lfd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	fd = accept(lfd, NULL, NULL);
	for (i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
		int value = -1;

		getsockopt(fd, inherited[i].level, inherited[i].option, &value,
			   &(socklen_t){ sizeof(value) });
		beh_out("%s=%d", inherited[i].name, value);
	}
	memset(&l, 0, sizeof(l));
	getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &(socklen_t){ sizeof(l) });
	memset(&tv, 0, sizeof(tv));
	getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &(socklen_t){ sizeof(tv) });
	beh_out("linger=%d/%d rcvtimeo=%d", l.l_onoff, l.l_linger, (int)tv.tv_sec);
}

/* Set when it listened already: not only told by getsockopt(). */
static void timeout_inherited(void)
{
	struct timeval tv = { .tv_usec = 300000 };
	int lfd = beh_listener(1);
	char byte;
	int fd;

	setsockopt(lfd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	fd = accept(lfd, NULL, NULL);
	RES("recv", recv(fd, &byte, 1, 0));
}

static void out_buffer(int fd, const char *name, int option, int asked)
{
	int value = -1;
	socklen_t len = sizeof(value);

	RES(name, beh_set_int(fd, SOL_SOCKET, option, asked) ? 0 : -1);
	getsockopt(fd, SOL_SOCKET, option, &value, &len);
	beh_out("value=%s", value >= asked ? "ok" : "SMALL");
}

static void buffer_sizes(void)
{
	int fd = beh_socket(0);

	out_buffer(fd, "sndbuf", SO_SNDBUF, 100000);
	out_buffer(fd, "rcvbuf", SO_RCVBUF, 100000);
	out_buffer(fd, "tiny_sndbuf", SO_SNDBUF, 1);
	out_buffer(fd, "tiny_rcvbuf", SO_RCVBUF, 1);
	fd = beh_connected();
	out_buffer(fd, "sndbuf", SO_SNDBUF, 100000);
	out_buffer(fd, "rcvbuf", SO_RCVBUF, 100000);
}

/* Small buffers of both ends: data moves all the same. */
static void buffer_tiny(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 0);
	int fd = beh_socket(0);

	beh_set_int(fd, SOL_SOCKET, SO_SNDBUF, 1);
	beh_set_int(fd, SOL_SOCKET, SO_RCVBUF, 1);
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	beh_peer_start(OP_RECV, 50000, 0);
	RES("send", beh_send(fd, 50000, 0));
	beh_peer_res("peer_recv");
	beh_peer_start(OP_SEND, 50000, 0);
	RES("recv", beh_recv_full(fd, 50000));
	beh_peer_res("peer_send");
}

static void buffer_large(void)
{
	int port = (int)beh_peer(OP_LISTEN, 5, 0);
	int fd = beh_socket(0);

	beh_set_int(fd, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	beh_set_int(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	beh_peer_start(OP_ACCEPT, 0, 0);
	RES("connect", beh_connect_to(fd, port));
	beh_peer_res("peer_accept");
	beh_peer_start(OP_RECV, 3000000, 0);
	RES("send", beh_send(fd, 3000000, 0));
	beh_peer_res("peer_recv");
	beh_peer_start(OP_SEND, 3000000, 0);
	RES("recv", beh_recv_full(fd, 3000000));
	beh_peer_res("peer_send");
}

static void out_readonly(int fd)
{
	int value = -1;

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &(socklen_t){ sizeof(value) });
	beh_out("type=%d", value);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &(socklen_t){ sizeof(value) });
	beh_out("acceptconn=%d", value);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &(socklen_t){ sizeof(value) });
	beh_out("error=%d", value);
	RES("set_type", beh_set_int(fd, SOL_SOCKET, SO_TYPE, 1) ? 0 : -1);
}

static void readonly_options(void)
{
	out_readonly(beh_socket(0));
	out_readonly(beh_listener(1));
	out_readonly(beh_connected());
}

static void tcp_info_option(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int fd = beh_connected();
	int value = -1;

	memset(&info, 0, sizeof(info));
	RES("info", getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	beh_out("state=%d", info.tcpi_state);
	RES("maxseg", getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &value, &(socklen_t){ sizeof(value) }));
	beh_out("value=%s", value > 0 ? "ok" : "WRONG");
	len = sizeof(info);
	RES("listener", getsockopt(beh_listener(1), IPPROTO_TCP, TCP_INFO, &info, &len));
	beh_out("state=%d", info.tcpi_state);
}

static void congestion_option(void)
{
	char name[16] = "";
	socklen_t len = sizeof(name);
	int fd = beh_connected();

	RES("set", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	RES("get", getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	beh_out("name=%.15s", name);
	RES("unknown", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6));
}

static void options_bad_use(void)
{
	int fds[2] = { beh_socket(0), beh_connected() };
	int value = 1;
	socklen_t len;
	int i;

	for (i = 0; i < 2; i++) {
		int fd = fds[i];

		RES("nodelay_short", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 1));
		RES("nodelay_null", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, NULL, 4));
		RES("cork_short", setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, 2));
		RES("keepidle_zero", beh_set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0) ? 0 : -1);
		RES("keepalive_short", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, 1));
		RES("unknown_tcp", beh_set_int(fd, IPPROTO_TCP, 9999, 1) ? 0 : -1);
		RES("unknown_socket", beh_set_int(fd, SOL_SOCKET, 9999, 1) ? 0 : -1);
		RES("unknown_level", beh_set_int(fd, 77, 1, 1) ? 0 : -1);
		len = sizeof(value);
		RES("get_unknown_tcp", getsockopt(fd, IPPROTO_TCP, 9999, &value, &len));
		RES("get_unknown_socket", getsockopt(fd, SOL_SOCKET, 9999, &value, &len));
		len = -1;
		RES("get_negative", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len));
		len = 1;
		RES("get_short", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len));
		beh_out("len=%d", (int)len);
	}
}

/* The numbers of NODELAY, CORK and DEFER_ACCEPT mean something else at other levels. */
static void options_other_level(void)
{
	int fd = beh_connected();
	int value = -1;

	if (beh_ep.is_v6)
		beh_set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 40);
	else
		beh_set_int(fd, IPPROTO_IP, IP_TOS, 0x08);
	RES("nodelay", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value,
				  &(socklen_t){ sizeof(value) }));
	beh_out("value=%d", value);
	RES("cork", getsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, &(socklen_t){ sizeof(value) }));
	beh_out("value=%d", value);
}

static void reuseport(void)
{
	int a = beh_socket(0);
	int b = beh_socket(0);
	int c = beh_socket(0);
	struct address addr;
	int accepted = 0;
	int i;

	endpoint_any(&beh_ep, 0, &addr);
	beh_set_int(a, SOL_SOCKET, SO_REUSEPORT, 1);
	beh_set_int(b, SOL_SOCKET, SO_REUSEPORT, 1);
	RES("bind_a", bind(a, (struct sockaddr *)&addr.ss, addr.len));
	address_set_port(&addr, socket_port(a));
	RES("bind_b", bind(b, (struct sockaddr *)&addr.ss, addr.len));
	RES("bind_c", bind(c, (struct sockaddr *)&addr.ss, addr.len));
	RES("listen_a", listen(a, 20));
	RES("listen_b", listen(b, 20));
	for (i = 0; i < 8; i++)
		if (beh_peer(OP_CONNECT, address_port(&addr), 0) == 0)
			accepted++;
	beh_out("connected=%d", accepted);
	beh_set_nonblock(a, true);
	beh_set_nonblock(b, true);
	sleep_ms(200);
	accepted = 0;
	while (accept(a, NULL, NULL) >= 0)
		accepted++;
	while (accept(b, NULL, NULL) >= 0)
		accepted++;
	beh_out("accepted=%d", accepted);
}

/* The port of a listener whose connections are closing can be used again. */
static void reuseaddr(void)
{
	int lfd = beh_listener(1);
	struct address addr;
	int port = socket_port(lfd);
	int fd;

	beh_peer_do("peer_connect", OP_CONNECT, port, 0);
	fd = accept(lfd, NULL, NULL);
	RES("close", close(fd));
	RES("close", close(lfd));
	beh_peer_do("peer_recv", OP_RECV, 1, 0);
	beh_peer_do("peer_close", OP_CLOSE, 0, 0);
	sleep_ms(200);
	endpoint_any(&beh_ep, port, &addr);
	fd = beh_socket(0);
	RES("without", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	beh_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	RES("with", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
	RES("listen", listen(fd, 1));
}

static void defer_accept(void)
{
	int lfd = beh_socket(0);

	beh_set_int(lfd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
	RES("listen", listen(lfd, 5));
	beh_peer_do("peer_connect", OP_CONNECT, socket_port(lfd), 0);
	sleep_ms(300);
	beh_set_nonblock(lfd, true);
	RES("accept_early", accept(lfd, NULL, NULL));
	beh_peer_do("peer_send", OP_SEND, 10, 0);
	beh_settle_out("mask", lfd, 0x41);
	beh_out("accept=%s", accept(lfd, NULL, NULL) < 0 ? beh_errname(errno) : "0");
}

/* what was never accepted keeps no address */
static void defer_accept_close(void)
{
	int lfd = beh_socket(0);
	struct address addr;
	int fd;

	beh_set_int(lfd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 100);
	RES("listen", listen(lfd, 5));
	endpoint_any(&beh_ep, socket_port(lfd), &addr);
	beh_peer_do("peer_connect", OP_CONNECT, address_port(&addr), 0);
	sleep_ms(700);
	RES("close", close(lfd));
	sleep_ms(700);
	fd = beh_socket(0);
	RES("bind", bind(fd, (struct sockaddr *)&addr.ss, addr.len));
}

static void timeout_values(void)
{
	struct timeval tv = { .tv_sec = 12, .tv_usec = 340000 };
	int fd = beh_connected();
	socklen_t len = sizeof(tv);

	RES("set", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	memset(&tv, 0, sizeof(tv));
	RES("get", getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	beh_out("%ld.%06ld", (long)tv.tv_sec, (long)tv.tv_usec);
	tv.tv_sec = 0;
	tv.tv_usec = 2000000;
	RES("domain", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	RES("short", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 4));
}

static void domain_options(void)
{
	int fd = beh_connected();
	int value = -1;

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &(socklen_t){ sizeof(value) });
	beh_out("domain=%d", value);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &(socklen_t){ sizeof(value) });
	beh_out("protocol=%d", value);
}

static void zerocopy_option(void)
{
	RES("zerocopy", beh_set_int(beh_socket(0), SOL_SOCKET, SO_ZEROCOPY, 1) ? 0 : -1);
}

static void ulp_option(void)
{
	RES("ulp", setsockopt(beh_connected(), IPPROTO_TCP, TCP_ULP, "nosuch", 6));
}

/* the host has a rule that prohibits packets with this mark */
static void mark_reroutes(void)
{
	int fd = beh_connected();
	int unsent = -1;

	RES("send", send(fd, "1", 1, 0));
	sleep_ms(300);
	RES("mark", beh_set_int(fd, SOL_SOCKET, SO_MARK, 0x77) ? 0 : -1);
	RES("send", send(fd, "2", 1, 0));
	sleep_ms(700);
	ioctl(fd, SIOCOUTQ, &unsent);
	beh_out("unsent=%d", unsent);
}

const struct beh_case beh_option_cases[] = {
	{ "options_fresh", options_fresh },
	{ "options_connected", options_connected },
	{ "options_listener", options_listener },
	{ "options_survive_connect", options_survive_connect },
	{ "options_inherited", options_inherited },
	{ "timeout_inherited", timeout_inherited },
	{ "buffer_sizes", buffer_sizes },
	{ "buffer_tiny", buffer_tiny },
	{ "buffer_large", buffer_large },
	{ "readonly_options", readonly_options },
	{ "tcp_info_option", tcp_info_option },
	{ "congestion_option", congestion_option },
	{ "options_bad_use", options_bad_use },
	{ "options_other_level", options_other_level },
	{ "reuseport", reuseport },
	{ "reuseaddr", reuseaddr },
	{ "defer_accept", defer_accept },
	{ "defer_accept_close", defer_accept_close },
	{ "timeout_values", timeout_values },
	{ "domain_options", domain_options, "the family and protocol numbers are those of AF_SMC" },
	{ "zerocopy_option", zerocopy_option, "AF_SMC: EOPNOTSUPP" },
	{ "mark_reroutes", mark_reroutes, "no data by RDMA asks for a route, and the host needs a rule" },
	{ "ulp_option", ulp_option, "AF_SMC: EOPNOTSUPP whatever the name" },
	{ 0 }
};
