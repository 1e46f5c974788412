// SPDX-License-Identifier: GPL-2.0
/*
 * smcdiag - SMC sockets as sock_diag shows them, for scripts. Works with every
 * provider. A line for each socket:
 *
 *   family 43 state ACTIVE mode smcr src A:P dst A:P if N uid N inode N cookie N
 *   shutdown N reason 0xC peer 0xC [token 0xT tx N rx N peer_rx N rx_prod W:C
 *   rx_cons W:C tx_prod W:C tx_cons W:C prep W:C sent W:C fin W:C flags
 *   RP:RS:TP:TS] [link N dev D port N gid G peer_gid G role R] ext N,N,...
 *
 *   smcdiag [-e MASK] [-f FLAGS] [-l LENGTH] [-u UID] [-c] [-k]
 *
 * -e extensions asked for, as a mask (3); -f flags of the request beside
 * NLM_F_REQUEST (0x100, one of the two that make NLM_F_DUMP); -l length of the
 * payload (52); -u as this user; -c only counts: "sockets N messages N doubled N";
 * -k asks to destroy sockets, not to show them.
 *
 * Exit status: 0, 1 on an error answer (printed as "smcdiag: ...").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>

#define FAMILY_SMC	43
#define MAX_COOKIES	65536

static uint64_t cookies[MAX_COOKIES];
static int sockets, messages, doubled;
static bool only_count;

static void fail(const char *what)
{
	fprintf(stderr, "smcdiag: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *state_name(int state)
{
	static const char *const names[] = {
		[1] = "ACTIVE", [2] = "INIT", [7] = "CLOSED", [10] = "LISTEN",
		[20] = "PEERCLOSEWAIT1", [21] = "PEERCLOSEWAIT2",
		[22] = "APPCLOSEWAIT1", [23] = "APPCLOSEWAIT2",
		[24] = "APPFINCLOSEWAIT1", [25] = "PEERFINCLOSEWAIT",
		[26] = "PEERABORTWAIT", [27] = "PROCESSABORT",
	};

	return state >= 0 && state <= 27 && names[state] ? names[state] : "?";
}

static const char *mode_name(int mode)
{
	static const char *const names[] = { "smcr", "tcp", "smcd" };

	return mode < 3 ? names[mode] : "?";
}

/* As tools guess it: IPv4 is alone in the first word. */
static void print_address(const char *name, const __be32 *address, __be16 port)
{
	char text[INET6_ADDRSTRLEN];
	int family = address[1] || address[2] || address[3] ? AF_INET6 : AF_INET;

	inet_ntop(family, address, text, sizeof(text));
	printf(" %s %s:%u", name, text, ntohs(port));
}

static void print_cursor(const char *name, const struct smc_diag_cursor *c)
{
	printf(" %s %u:%u", name, c->wrap, c->count);
}

static void print_conn(const struct smc_diag_conninfo *c)
{
	printf(" token 0x%08x tx %u rx %u peer_rx %u", c->token, c->sndbuf_size,
	       c->rmbe_size, c->peer_rmbe_size);
	print_cursor("rx_prod", &c->rx_prod);
	print_cursor("rx_cons", &c->rx_cons);
	print_cursor("tx_prod", &c->tx_prod);
	print_cursor("tx_cons", &c->tx_cons);
	print_cursor("prep", &c->tx_prep);
	print_cursor("sent", &c->tx_sent);
	print_cursor("fin", &c->tx_fin);
	printf(" flags %02x:%02x:%02x:%02x", c->rx_prod_flags,
	       c->rx_conn_state_flags, c->tx_prod_flags, c->tx_conn_state_flags);
}

static void print_link(const struct smc_diag_lgrinfo *lgr)
{
	const struct smc_diag_linkinfo *link = &lgr->lnk[0];

	printf(" link %u dev %.64s port %u gid %.40s peer_gid %.40s role %s",
	       link->link_id, (const char *)link->ibname, link->ibport,
	       (const char *)link->gid, (const char *)link->peer_gid,
	       lgr->role ? "server" : "client");
}

static void print_attr(const struct nlattr *attr)
{
	const void *data = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	const struct smc_diag_fallback *fallback = data;

	switch (mnl_attr_get_type(attr)) {
	case SMC_DIAG_SHUTDOWN:
		printf(" shutdown %u", mnl_attr_get_u8(attr));
		break;
	case SMC_DIAG_FALLBACK:
		if (len == sizeof(*fallback))
			printf(" reason 0x%08x peer 0x%08x", fallback->reason,
			       fallback->peer_diagnosis);
		break;
	case SMC_DIAG_CONNINFO:
		if (len == sizeof(struct smc_diag_conninfo))
			print_conn(data);
		break;
	case SMC_DIAG_LGRINFO:
		if (len == sizeof(struct smc_diag_lgrinfo))
			print_link(data);
		break;
	}
}

static uint64_t cookie_of(const struct smc_diag_msg *msg)
{
	return (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0];
}

static void print_socket(const struct nlmsghdr *nlh)
{
	const struct smc_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	const char *comma = " ext ";

	printf("family %u state %s mode %s", msg->diag_family,
	       state_name(msg->diag_state), mode_name(msg->diag_mode));
	print_address("src", msg->id.idiag_src, msg->id.idiag_sport);
	print_address("dst", msg->id.idiag_dst, msg->id.idiag_dport);
	printf(" if %u uid %u inode %llu cookie %" PRIu64, msg->id.idiag_if, msg->diag_uid,
	       (unsigned long long)msg->diag_inode, cookie_of(msg));
	mnl_attr_for_each(attr, nlh, sizeof(*msg))
		print_attr(attr);
	mnl_attr_for_each(attr, nlh, sizeof(*msg)) {
		printf("%s%u", comma, mnl_attr_get_type(attr));
		comma = ",";
	}
	printf("\n");
}

static void note_cookie(const struct smc_diag_msg *msg)
{
	uint64_t cookie = cookie_of(msg);

	for (int i = 0; i < sockets && i < MAX_COOKIES; i++)
		doubled += cookies[i] == cookie;
	if (sockets < MAX_COOKIES)
		cookies[sockets] = cookie;
	sockets++;
}

static int on_socket(const struct nlmsghdr *nlh, void *data)
{
	(void)data;
	note_cookie(mnl_nlmsg_get_payload(nlh));
	if (!only_count)
		print_socket(nlh);
	return MNL_CB_OK;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (*end || end == text) {
		fprintf(stderr, "smcdiag: no number: %s\n", text);
		exit(2);
	}
	return value;
}

/* As smcss reads: with this size, whatever the kernel has. */
static void receive(struct mnl_socket *nl)
{
	static char buf[32768];
	int n;

	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			fail("receive");
		messages++;
		n = mnl_cb_run(buf, n, 1, mnl_socket_get_portid(nl), on_socket, NULL);
		if (n < 0)
			fail("kernel says");
	} while (n > MNL_CB_STOP);
}

int main(int argc, char **argv)
{
	struct smc_diag_req req = { .diag_family = FAMILY_SMC, .diag_ext = 3 };
	unsigned int flags = NLM_F_ROOT, len = sizeof(req), type = SOCK_DIAG_BY_FAMILY;
	char buf[NLMSG_SPACE(256)] = { 0 };
	struct nlmsghdr *nlh;
	struct mnl_socket *nl;
	int opt;

	while ((opt = getopt(argc, argv, "e:f:l:u:ck")) != -1) {
		switch (opt) {
		case 'e':
			req.diag_ext = number(optarg);
			break;
		case 'f':
			flags = number(optarg);
			break;
		case 'l':
			len = number(optarg);
			break;
		case 'u':
			if (setuid(number(optarg)))
				fail("setuid");
			break;
		case 'c':
			only_count = true;
			break;
		case 'k':
			type = SOCK_DESTROY;
			break;
		default:
			return 2;
		}
	}
	if (len > 256)
		return 2;
	nl = mnl_socket_open(NETLINK_SOCK_DIAG);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("netlink socket");
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 1;
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), &req, len < sizeof(req) ? len : sizeof(req));
	nlh->nlmsg_len = NLMSG_LENGTH(len);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
	/* nothing else would come */
	if ((flags & NLM_F_DUMP) || (flags & NLM_F_ACK))
		receive(nl);
	if (only_count)
		printf("sockets %d messages %d doubled %d\n", sockets, messages, doubled);
	mnl_socket_close(nl);
	return 0;
}
