// SPDX-License-Identifier: GPL-2.0
/*
 * genlraw - generic netlink requests as they are typed, good and bad ones
 *
 *   genlraw [-u UID] FAMILY COMMAND do|dump [ATTR...]
 *
 * ATTR is TYPE=s:TEXT (with its NUL), TYPE=r:TEXT (without), TYPE=u8:N,
 * TYPE=u32:N, TYPE=x:HEX, or TYPE=n:LEN (a nest of so many zero bytes).
 *
 * Prints a line for each message, "COMMAND TYPE=VALUE ...": a nest is in
 * brackets, text in quotes if all of it is printable, numbers of 1, 2, 4 and 8
 * bytes are decimal, the rest is hex. Then "ok", or "error: TEXT".
 *
 * Exit status: 0, 1 on an error answer, 2 if it was not asked correctly.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

static char buf[1 << 16];

static void fail(const char *what)
{
	fprintf(stderr, "genlraw: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool is_text(const char *data, size_t len)
{
	if (len < 2 || data[len - 1])
		return false;
	for (size_t i = 0; i < len - 1; i++)
		if (!isprint((unsigned char)data[i]))
			return false;
	return true;
}

static void print_value(const struct nlattr *attr)
{
	const unsigned char *data = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	const struct nlattr *inner;

	if (attr->nla_type & NLA_F_NESTED) {
		printf("[");
		mnl_attr_for_each_nested(inner, attr) {
			printf(" %u=", mnl_attr_get_type(inner));
			print_value(inner);
		}
		printf(" ]");
	} else if (is_text((const char *)data, len)) {
		printf("\"%s\"", (const char *)data);
	} else if (len == 1) {
		printf("%u", mnl_attr_get_u8(attr));
	} else if (len == 2) {
		printf("%u", mnl_attr_get_u16(attr));
	} else if (len == 4) {
		printf("%u", mnl_attr_get_u32(attr));
	} else if (len == 8) {
		printf("%llu", (unsigned long long)mnl_attr_get_u64(attr));
	} else {
		for (size_t i = 0; i < len; i++)
			printf("%02x", data[i]);
	}
}

static int on_message(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	(void)data;
	printf("%u", genl->cmd);
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		printf(" %u=", mnl_attr_get_type(attr));
		print_value(attr);
	}
	printf("\n");
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			*(int *)data = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static struct nlmsghdr *start(int type, int flags, int cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 1;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

/* With what an earlier MULTI answer and its ACK leave, until the ACK came. */
static int exchange(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	int n, ret;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			fail("receive");
		ret = mnl_cb_run(buf, n, 1, mnl_socket_get_portid(nl), cb, data);
	} while (ret > MNL_CB_STOP);
	return ret;
}

static void put_hex(struct nlmsghdr *nlh, int type, const char *hex)
{
	unsigned char data[512];
	size_t len = 0;
	unsigned int byte;

	for (; len < sizeof(data) && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		data[len++] = byte;
		if (!hex[1])
			break;
	}
	mnl_attr_put(nlh, type, len, data);
}

static void put_attr(struct nlmsghdr *nlh, const char *text)
{
	static const char zeros[512];
	char kind[8];
	int type, at = 0;

	if (sscanf(text, "%d=%7[a-z0-9]:%n", &type, kind, &at) != 2 || !at) {
		errno = EINVAL;
		fail(text);
	}
	text += at;
	if (!strcmp(kind, "s"))
		mnl_attr_put_strz(nlh, type, text);
	else if (!strcmp(kind, "r"))
		mnl_attr_put_str(nlh, type, text);
	else if (!strcmp(kind, "u8"))
		mnl_attr_put_u8(nlh, type, atoi(text));
	else if (!strcmp(kind, "u32"))
		mnl_attr_put_u32(nlh, type, atoi(text));
	else if (!strcmp(kind, "x"))
		put_hex(nlh, type, text);
	else
		mnl_attr_put(nlh, type | NLA_F_NESTED, atoi(text) % 512, zeros);
}

int main(int argc, char **argv)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	struct nlmsghdr *nlh;
	int family = 0;
	int i;

	if (argc > 2 && !strcmp(argv[1], "-u")) {
		if (setuid(atoi(argv[2])))
			fail("setuid");
		argc -= 2;
		argv += 2;
	}
	if (argc < 4)
		return 2;
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("netlink socket");
	nlh = start(GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, argv[1]);
	if (exchange(nl, nlh, on_family, &family) < 0)
		fail(argv[1]);
	nlh = start(family, strcmp(argv[3], "dump") ? NLM_F_ACK : NLM_F_DUMP,
		    atoi(argv[2]));
	for (i = 4; i < argc; i++)
		put_attr(nlh, argv[i]);
	if (exchange(nl, nlh, on_message, NULL) < 0) {
		printf("error: %s\n", strerror(errno));
		return 1;
	}
	printf("ok\n");
	return 0;
}
