// SPDX-License-Identifier: GPL-2.0
/*
 * nlfuzz - netlink requests as nobody would send them
 *
 *   nlfuzz [-u UID] [-n N] [-s SEED] FAMILY|sock_diag
 *
 * FAMILY is one of generic netlink. Each command gets each attribute missing,
 * empty, short, long, doubled, as a nest of good and of broken attributes, and
 * with a length that lies; then N requests by chance. sock_diag is asked for
 * AF_SMC, with bodies of each length and of any content.
 *
 * Prints "sent N ok N refused N". Exit status: 0 if each request was answered, and
 * nothing else came; 1 if one was not, which is printed; 2 if it could not run.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/sock_diag.h>

#define MAX_COMMAND 20
#define MAX_ATTR 6
#define MAX_BODY 600
#define ANSWER_SECONDS 10

static struct mnl_socket *nl;
static unsigned int family;
static unsigned int seq;
static unsigned long oks, refusals;

static void fail(const char *what)
{
	fprintf(stderr, "nlfuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void unanswered(const struct nlmsghdr *request, const char *why)
{
	const unsigned char *byte = (const unsigned char *)request;

	printf("%s in place of an answer to:", why);
	for (size_t i = 0; i < request->nlmsg_len; i++)
		printf(" %02x", byte[i]);
	printf("\n");
	exit(1);
}

/* A dump ends with DONE or an error, all else with the ACK, which may come behind a DONE. */
static bool is_last(const struct nlmsghdr *answer, bool is_dump)
{
	return answer->nlmsg_type == NLMSG_ERROR || (is_dump && answer->nlmsg_type == NLMSG_DONE);
}

/* Both kinds begin with it; 0 in an ACK. */
static bool has_error(const struct nlmsghdr *answer)
{
	return mnl_nlmsg_get_payload_len(answer) >= sizeof(int) &&
	       *(const int *)mnl_nlmsg_get_payload(answer) < 0;
}

/* The last of the answers, in a buffer that the next call overwrites. */
static const struct nlmsghdr *receive(const struct nlmsghdr *request)
{
	bool is_dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct nlmsghdr *answer, *last = NULL;
	static char buf[1 << 16];
	int len;

	while (!last) {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len < 0)
			unanswered(request, strerror(errno));
		for (answer = (void *)buf; mnl_nlmsg_ok(answer, len);
		     answer = mnl_nlmsg_next(answer, &len)) {
			if (last || answer->nlmsg_seq != seq)
				unanswered(request, "a message too many");
			if (is_last(answer, is_dump))
				last = answer;
		}
	}
	return last;
}

/* What is left would be taken for an answer to the next request. */
static bool is_anything_left(void)
{
	char byte;

	return recv(mnl_socket_get_fd(nl), &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 ||
	       errno != EAGAIN;
}

static void ask(struct nlmsghdr *nlh)
{
	nlh->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
	if (has_error(receive(nlh)))
		refusals++;
	else
		oks++;
	if (is_anything_left())
		unanswered(nlh, "more than an end");
}

static struct nlmsghdr *start(void *buf, int command, bool is_dump)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | (is_dump ? NLM_F_DUMP : NLM_F_ACK);
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

enum shape {
	EMPTY, BYTE, SHORT, TEXT, ALL_TEXT, LONG, DOUBLED, NEST, DEEP_NEST,
	BROKEN_NEST, LENGTH_SMALL, LENGTH_LARGE, SHAPES
};

static void put_nest(struct nlmsghdr *nlh, int type, int depth)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	for (int i = 0; i <= MAX_ATTR; i++)
		mnl_attr_put_strz(nlh, i, "NET1");
	if (depth)
		put_nest(nlh, type, depth - 1);
	mnl_attr_nest_end(nlh, nest);
}

static void put_shape(struct nlmsghdr *nlh, int type, enum shape shape)
{
	struct nlattr *attr = mnl_nlmsg_get_payload_tail(nlh);
	char text[MAX_BODY];

	memset(text, 'A', sizeof(text));
	switch (shape) {
	case EMPTY:
		mnl_attr_put(nlh, type, 0, NULL);
		break;
	case BYTE:
		mnl_attr_put_u8(nlh, type, 1);
		break;
	case SHORT:
		mnl_attr_put_strz(nlh, type, "NET1");
		break;
	case TEXT:
		/* as long as an EID, with its end */
		text[32] = 0;
		mnl_attr_put(nlh, type, 33, text);
		break;
	case ALL_TEXT:
		mnl_attr_put(nlh, type, 32, text);
		break;
	case LONG:
		mnl_attr_put(nlh, type, sizeof(text), text);
		break;
	case DOUBLED:
		mnl_attr_put_strz(nlh, type, "NET1");
		mnl_attr_put(nlh, type, 3, "NET");
		break;
	case NEST:
		put_nest(nlh, type, 0);
		break;
	case DEEP_NEST:
		put_nest(nlh, type, 16);
		break;
	case BROKEN_NEST:
		mnl_attr_put(nlh, type | NLA_F_NESTED, 5, "\xff\xff\x01\x00\x01");
		break;
	case LENGTH_SMALL:
		mnl_attr_put_u32(nlh, type, 0);
		attr->nla_len = 3;
		break;
	default:
		mnl_attr_put_u32(nlh, type, 0);
		attr->nla_len = 0xfffc;
		break;
	}
}

static void put_random(struct nlmsghdr *nlh, size_t len)
{
	unsigned char *data = mnl_nlmsg_get_payload_tail(nlh);

	for (size_t i = 0; i < len; i++)
		data[i] = random();
	nlh->nlmsg_len += len;
}

/* The others are right, as far as one value fits all, or are not there. */
static void ask_shape(int command, bool is_dump, int type, enum shape shape, bool has_others)
{
	char buf[1 << 13];
	struct nlmsghdr *nlh = start(buf, command, is_dump);

	for (int other = 1; has_others && other <= MAX_ATTR; other++)
		if (other != type)
			mnl_attr_put_strz(nlh, other, "NET1");
	if (shape < SHAPES)
		put_shape(nlh, type, shape);
	ask(nlh);
}

static void ask_all_shapes(int command)
{
	for (int i = 0; i < 4; i++)
		for (int type = 0; type <= MAX_ATTR; type++)
			for (int shape = 0; shape <= SHAPES; shape++)
				ask_shape(command, i & 1, type, shape, i & 2);
}

static void ask_by_chance(void)
{
	char buf[1 << 13];
	struct nlmsghdr *nlh = start(buf, random() % MAX_COMMAND, random() % 2);
	int attrs = random() % 4;

	/* flags like NLM_F_CREATE and NLM_F_ATOMIC */
	if (random() % 4 == 0)
		nlh->nlmsg_flags |= random() & 0xf00;
	if (random() % 8 == 0)
		put_random(nlh, random() % 64);
	for (int i = 0; i < attrs; i++)
		put_shape(nlh, random() % (MAX_ATTR + 2), random() % SHAPES);
	if (random() % 4 == 0)
		put_random(nlh, random() % 64);
	ask(nlh);
}

static void ask_diag(size_t len, bool is_dump, bool is_random)
{
	char buf[1 << 13];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST | (is_dump ? NLM_F_DUMP : NLM_F_ACK);
	memset(mnl_nlmsg_get_payload(nlh), 0, MAX_BODY);
	if (is_random)
		put_random(nlh, len);
	else
		nlh->nlmsg_len += len;
	if (len)
		*(uint8_t *)mnl_nlmsg_get_payload(nlh) = AF_SMC;
	ask(nlh);
}

static void open_socket(int protocol)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };

	nl = mnl_socket_open(protocol);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("netlink socket");
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	(void)data;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static void find_family(const char *name)
{
	char buf[1 << 13];
	struct nlmsghdr *nlh;
	int n;

	family = GENL_ID_CTRL;
	nlh = start(buf, CTRL_CMD_GETFAMILY, false);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, n, 0, 0, on_family, NULL) < 0)
		fail(name);
}

static void fuzz_family(const char *name, unsigned long n)
{
	open_socket(NETLINK_GENERIC);
	find_family(name);
	for (int command = 0; command <= MAX_COMMAND; command++)
		ask_all_shapes(command);
	while (n--)
		ask_by_chance();
}

static void fuzz_diag(unsigned long n)
{
	open_socket(NETLINK_SOCK_DIAG);
	for (size_t len = 0; len <= 128; len++)
		for (int i = 0; i < 4; i++)
			ask_diag(len, i & 1, i & 2);
	while (n--)
		ask_diag(random() % MAX_BODY, random() % 2, true);
}

int main(int argc, char **argv)
{
	unsigned long n = 1000;
	int opt, uid = 0;

	srandom(1);
	while ((opt = getopt(argc, argv, "u:n:s:")) >= 0) {
		if (opt == 'u')
			uid = atoi(optarg);
		else if (opt == 'n')
			n = strtoul(optarg, NULL, 0);
		else if (opt == 's')
			srandom(atoi(optarg));
		else
			return 2;
	}
	if (optind + 1 != argc)
		return 2;
	if (uid && setuid(uid))
		fail("setuid");
	if (!strcmp(argv[optind], "sock_diag"))
		fuzz_diag(n);
	else
		fuzz_family(argv[optind], n);
	printf("sent %u ok %lu refused %lu\n", seq, oks, refusals);
	return 0;
}
