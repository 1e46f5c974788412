// SPDX-License-Identifier: GPL-2.0
/*
 * smcnl - SMC's generic netlink family (SMC_GEN_NETLINK) for scripts.
 *
 * Works with every provider of the family. Output is one "key value..." line
 * per fact, so that a test can pick it with awk or grep:
 *
 *   smcnl ueid list               one EID per line, without its padding
 *   smcnl ueid add|del EID
 *   smcnl ueid flush
 *   smcnl fback                   "server N", "client N", then
 *                                 "reason server|client 0xCODE N"
 *   smcnl stats                   "client_v1 N" ... of SMC-R
 *   smcnl lgr                     "lgr ID role R type T conns N version V eid E"
 *   smcnl links                   "link ID lgr ID dev D port P state S conns N
 *                                 gid G peer_gid G"
 *   smcnl devs                    "dev NAME port P state S netdev N pnetid I user U
 *                                 links N crit C pci V:D ID"
 *   smcnl pnet list               "ID NETDEV DEVICE PORT" per entry
 *   smcnl pnet get ID             those of one ID
 *   smcnl pnet add ID NETDEV|- [DEVICE [PORT]]
 *   smcnl pnet del ID
 *   smcnl pnet flush
 *   smcnl stat KEY                only the number of one stats or fback line
 *
 * Exit status: 0, 1 on an error answer (printed as "smcnl: ...").
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

enum {
	CMD_LGR = 2,
	CMD_LINK = 3,
	CMD_DEV = 6,
	CMD_STATS = 7,
	CMD_FBACK = 8,
	CMD_UEID_DUMP = 9,
	CMD_UEID_ADD = 10,
	CMD_UEID_DEL = 11,
	CMD_UEID_FLUSH = 12,
};

enum {
	TOP_LGR = 2,
	TOP_LINK = 3,
	TOP_DEV = 6,
	TOP_STATS = 7,
	TOP_FBACK = 8,
};

#define EID_LEN		32
#define MAX_ATTR	32
/* The kernel's totals and all slots of both sides. */
#define MAX_LINES	128

struct attrs {
	const struct nlattr *at[MAX_ATTR];
};

static struct mnl_socket *nl;
static int family;
static char buf[1 << 16];
/* Of "smcnl stat KEY": the only line to print, and whether it came. */
static const char *only;
static bool found;

static int usage(void)
{
	fprintf(stderr, "usage: smcnl ueid list|flush | ueid add|del EID | fback | stats | stat KEY | lgr | links\n"
		"       smcnl devs\n"
		"       smcnl pnet list|flush | pnet get|del ID | pnet add ID NETDEV|- [DEVICE [PORT]]\n");
	return 2;
}

static void fail(const char *what)
{
	fprintf(stderr, "smcnl: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int keep_attr(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	int type = mnl_attr_get_type(attr);

	if (type < MAX_ATTR)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

static struct attrs parse_nest(const struct nlattr *nest)
{
	struct attrs attrs = { 0 };

	if (nest)
		mnl_attr_parse_nested(nest, keep_attr, &attrs);
	return attrs;
}

static struct attrs parse_message(const struct nlmsghdr *nlh)
{
	struct attrs attrs = { 0 };

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), keep_attr, &attrs);
	return attrs;
}

/* Whatever its width on this kernel; 0 when absent. */
static uint64_t number(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->at[type];

	if (!attr)
		return 0;
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 2:
		return mnl_attr_get_u16(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	case 8:
		return mnl_attr_get_u64(attr);
	}
	errno = EBADMSG;
	fail("number of odd size");
	return 0;
}

/* Without padding; "-" when absent or empty, so that columns stay in place. */
static const char *text(const struct attrs *attrs, int type, char *out, size_t cap)
{
	const struct nlattr *attr = attrs->at[type];
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len >= cap)
		len = cap - 1;
	if (len)
		memcpy(out, mnl_attr_get_payload(attr), len);
	out[len] = 0;
	len = strlen(out);
	while (len && out[len - 1] == ' ')
		out[--len] = 0;
	return len ? out : "-";
}

static void fact(const char *key, uint64_t value)
{
	if (only && strcmp(only, key))
		return;
	found = true;
	if (only)
		printf("%llu\n", (unsigned long long)value);
	else
		printf("%s %llu\n", key, (unsigned long long)value);
}

static struct nlmsghdr *put_header(int id, int cmd, int version, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = id;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = time(NULL);
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

static void exchange(struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	unsigned int seq = nlh->nlmsg_seq;
	int n;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			fail("receive");
		n = mnl_cb_run(buf, n, seq, mnl_socket_get_portid(nl), cb, data);
		if (n < 0)
			fail("kernel says");
	} while (n > MNL_CB_STOP);
}

static void request(int id, int cmd, int version, int flags, int type,
		    const char *string, mnl_cb_t cb, void *data)
{
	struct nlmsghdr *nlh = put_header(id, cmd, version, flags);

	if (string)
		mnl_attr_put_strz(nlh, type, string);
	exchange(nlh, cb, data);
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs = parse_message(nlh);

	*(int *)data = number(&attrs, CTRL_ATTR_FAMILY_ID);
	return MNL_CB_OK;
}

static void find_family(const char *name)
{
	request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK,
		CTRL_ATTR_FAMILY_NAME, name, on_family, &family);
}

static void dump(int cmd, mnl_cb_t cb, void *data)
{
	request(family, cmd, 1, NLM_F_DUMP, 0, NULL, cb, data);
}

static void change(int cmd, const char *string)
{
	request(family, cmd, 1, NLM_F_ACK, 1, string, NULL, NULL);
}

static int on_ueid(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs = parse_message(nlh);
	char eid[EID_LEN + 1];

	(void)data;
	if (attrs.at[1])
		printf("%s\n", text(&attrs, 1, eid, sizeof(eid)));
	return MNL_CB_OK;
}

struct fback {
	uint64_t server, client;
	int lines;
	struct {
		bool is_server;
		uint32_t code;
		uint16_t count;
	} line[MAX_LINES];
};

static int on_fback(const struct nlmsghdr *nlh, void *data)
{
	struct attrs top = parse_message(nlh);
	struct attrs attrs = parse_nest(top.at[TOP_FBACK]);
	struct fback *fback = data;

	/* The totals come with the first message only. */
	if (attrs.at[2])
		fback->server = number(&attrs, 2);
	if (attrs.at[3])
		fback->client = number(&attrs, 3);
	if (number(&attrs, 5) && fback->lines < MAX_LINES) {
		fback->line[fback->lines].is_server = number(&attrs, 1);
		fback->line[fback->lines].code = number(&attrs, 4);
		fback->line[fback->lines].count = number(&attrs, 5);
		fback->lines++;
	}
	return MNL_CB_OK;
}

static void show_fback(void)
{
	struct fback fback = { 0 };

	dump(CMD_FBACK, on_fback, &fback);
	fact("fallback_server", fback.server);
	fact("fallback_client", fback.client);
	fact("fallback", fback.server + fback.client);
	if (only)
		return;
	for (int i = 0; i < fback.lines; i++)
		printf("reason %s 0x%08x %u\n",
		       fback.line[i].is_server ? "server" : "client",
		       fback.line[i].code, fback.line[i].count);
}

static int on_stats(const struct nlmsghdr *nlh, void *data)
{
	static const struct {
		const char *key;
		int type;
	} facts[] = {
		{ "client_v1", 7 }, { "client_v2", 8 },
		{ "server_v1", 9 }, { "server_v2", 10 },
		{ "sendpage", 11 }, { "splice", 12 }, { "cork", 13 },
		{ "nodelay", 14 }, { "urgent", 15 },
		{ "rx_bytes", 16 }, { "tx_bytes", 17 },
		{ "rx_calls", 18 }, { "tx_calls", 19 },
		{ "rx_rmb_usage", 20 }, { "tx_rmb_usage", 21 },
	}, events[] = {
		{ "small_peer", 1 }, { "small", 2 }, { "full_peer", 3 },
		{ "full", 4 }, { "reuse", 5 }, { "alloc", 6 }, { "downgrade", 7 },
	};
	struct attrs top = parse_message(nlh);
	struct attrs stats = parse_nest(top.at[TOP_STATS]);
	struct attrs tech = parse_nest(stats.at[2]);
	struct attrs tx = parse_nest(tech.at[5]), rx = parse_nest(tech.at[6]);
	char key[40];
	size_t i;

	(void)data;
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		fact(facts[i].key, number(&tech, facts[i].type));
	fact("connections", number(&tech, 7) + number(&tech, 8) +
	     number(&tech, 9) + number(&tech, 10));
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		snprintf(key, sizeof(key), "tx_buf_%s", events[i].key);
		fact(key, number(&tx, events[i].type));
		snprintf(key, sizeof(key), "rx_buf_%s", events[i].key);
		fact(key, number(&rx, events[i].type));
	}
	fact("client_errors", number(&stats, 3));
	fact("server_errors", number(&stats, 4));
	return MNL_CB_OK;
}

static const char *name_of(uint64_t value, const char *const *names, size_t count)
{
	return value < count ? names[value] : "?";
}

#define NAME_OF(value, names) \
	name_of(value, names, sizeof(names) / sizeof(names[0]))

static int on_lgr(const struct nlmsghdr *nlh, void *data)
{
	static const char *const types[] = {
		"none", "single", "sym", "asym_peer", "asym_local",
	};
	struct attrs top = parse_message(nlh), lgr, v2;
	char eid[EID_LEN + 1], host[EID_LEN + 1], pnetid[17];

	(void)data;
	if (!top.at[TOP_LGR])
		return MNL_CB_OK;
	lgr = parse_nest(top.at[TOP_LGR]);
	v2 = parse_nest(lgr.at[7]);
	printf("lgr 0x%08llx role %s type %s conns %llu version %llu eid %s peer_host %s pnetid %s vlan %llu\n",
	       (unsigned long long)number(&lgr, 1),
	       number(&lgr, 2) ? "server" : "client",
	       NAME_OF(number(&lgr, 3), types),
	       (unsigned long long)number(&lgr, 6),
	       (unsigned long long)(lgr.at[7] ? number(&v2, 0) : 1),
	       text(&v2, 3, eid, sizeof(eid)),
	       text(&v2, 4, host, sizeof(host)),
	       text(&lgr, 4, pnetid, sizeof(pnetid)),
	       (unsigned long long)number(&lgr, 5));
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	static const char *const states[] = {
		"unused", "inactive", "activating", "active",
	};
	struct attrs top = parse_message(nlh), lgr, link;
	uint64_t *lgr_id = data;
	char dev[65], gid[40], peer_gid[40];

	/* The links of a group follow the message about the group. */
	if (top.at[TOP_LGR]) {
		lgr = parse_nest(top.at[TOP_LGR]);
		*lgr_id = number(&lgr, 1);
	}
	if (!top.at[TOP_LINK])
		return MNL_CB_OK;
	link = parse_nest(top.at[TOP_LINK]);
	printf("link %llu lgr 0x%08llx dev %s port %llu state %s conns %llu gid %s peer_gid %s\n",
	       (unsigned long long)number(&link, 1),
	       (unsigned long long)*lgr_id,
	       text(&link, 2, dev, sizeof(dev)),
	       (unsigned long long)number(&link, 3),
	       NAME_OF(number(&link, 10), states),
	       (unsigned long long)number(&link, 6),
	       text(&link, 4, gid, sizeof(gid)),
	       text(&link, 5, peer_gid, sizeof(peer_gid)));
	return MNL_CB_OK;
}

static void print_port(const struct attrs *dev, const struct attrs *port, int num)
{
	char name[65], pnetid[17], pci[17];

	printf("dev %s port %d state %s netdev %llu pnetid %s user %llu links %llu crit %llu pci %04llx:%04llx %s\n",
	       text(dev, 10, name, sizeof(name)), num,
	       number(port, 4) ? "active" : "inactive",
	       (unsigned long long)number(port, 3),
	       text(port, 2, pnetid, sizeof(pnetid)),
	       (unsigned long long)number(port, 1),
	       (unsigned long long)number(port, 6),
	       (unsigned long long)number(dev, 2),
	       (unsigned long long)number(dev, 5),
	       (unsigned long long)number(dev, 6), text(dev, 7, pci, sizeof(pci)));
}

static int on_dev(const struct nlmsghdr *nlh, void *data)
{
	struct attrs top = parse_message(nlh);
	struct attrs dev = parse_nest(top.at[TOP_DEV]);

	(void)data;
	for (int i = 0; i < 2; i++) {
		struct attrs port = parse_nest(dev.at[8 + i]);

		if (number(&port, 5))
			print_port(&dev, &port, i + 1);
	}
	return MNL_CB_OK;
}

static int on_pnet(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs = parse_message(nlh);
	char id[17], netdev[17], dev[65];

	(void)data;
	printf("%s %s %s %llu\n", text(&attrs, 1, id, sizeof(id)),
	       text(&attrs, 2, netdev, sizeof(netdev)),
	       text(&attrs, 3, dev, sizeof(dev)),
	       (unsigned long long)number(&attrs, 4));
	return MNL_CB_OK;
}

/* smcnl pnet ...: its own family */
static int pnet(int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "";
	struct nlmsghdr *nlh;

	find_family("SMC_PNETID");
	if (!strcmp(what, "list") && argc == 1) {
		dump(1, on_pnet, NULL);
	} else if (!strcmp(what, "get") && argc == 2) {
		request(family, 1, 1, 0, 1, argv[1], on_pnet, NULL);
	} else if (!strcmp(what, "del") && argc == 2) {
		change(3, argv[1]);
	} else if (!strcmp(what, "flush") && argc == 1) {
		change(4, NULL);
	} else if (!strcmp(what, "add") && argc >= 3 && argc <= 5) {
		nlh = put_header(family, 2, 1, NLM_F_ACK);
		mnl_attr_put_strz(nlh, 1, argv[1]);
		if (strcmp(argv[2], "-"))
			mnl_attr_put_strz(nlh, 2, argv[2]);
		if (argc > 3)
			mnl_attr_put_strz(nlh, 3, argv[3]);
		if (argc > 4)
			mnl_attr_put_u8(nlh, 4, atoi(argv[4]));
		exchange(nlh, NULL, NULL);
	} else {
		return usage();
	}
	return 0;
}

/* EIDs travel padded with blanks to their full length. */
static const char *padded(const char *eid)
{
	static char full[EID_LEN + 1];

	snprintf(full, sizeof(full), "%-*s", EID_LEN, eid);
	return strlen(eid) > EID_LEN ? eid : full;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint64_t lgr_id = 0;

	nl = mnl_socket_open(NETLINK_GENERIC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("netlink socket");
	if (!strcmp(what, "pnet"))
		return pnet(argc - 2, argv + 2);
	find_family("SMC_GEN_NETLINK");
	if (!strcmp(what, "ueid") && argc == 3 && !strcmp(argv[2], "list"))
		dump(CMD_UEID_DUMP, on_ueid, NULL);
	else if (!strcmp(what, "ueid") && argc == 3 && !strcmp(argv[2], "flush"))
		change(CMD_UEID_FLUSH, NULL);
	else if (!strcmp(what, "ueid") && argc == 4 && !strcmp(argv[2], "add"))
		change(CMD_UEID_ADD, padded(argv[3]));
	else if (!strcmp(what, "ueid") && argc == 4 && !strcmp(argv[2], "del"))
		change(CMD_UEID_DEL, padded(argv[3]));
	else if (!strcmp(what, "fback") && argc == 2)
		show_fback();
	else if (!strcmp(what, "stats") && argc == 2)
		dump(CMD_STATS, on_stats, NULL);
	else if (!strcmp(what, "stat") && argc == 3) {
		only = argv[2];
		dump(CMD_STATS, on_stats, NULL);
		show_fback();
		if (!found) {
			fprintf(stderr, "smcnl: no number %s\n", only);
			return 1;
		}
	} else if (!strcmp(what, "lgr") && argc == 2)
		dump(CMD_LGR, on_lgr, NULL);
	else if (!strcmp(what, "devs") && argc == 2)
		dump(CMD_DEV, on_dev, NULL);
	else if (!strcmp(what, "links") && argc == 2)
		dump(CMD_LINK, on_link, &lgr_id);
	else
		return usage();
	mnl_socket_close(nl);
	return 0;
}
