// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink requests, and attributes as JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>

#include "nl.h"
#include "text.h"

#define MAX_ATTR 32
/* smc_diag makes messages of up to 32 KiB. */
#define BUFFER_SIZE (1 << 16)

struct nl {
	struct mnl_socket *socket;
	/* of the generic netlink family */
	uint16_t family;
	uint32_t seq;
	char buf[BUFFER_SIZE];
};

static uint64_t number(const struct nlattr *attr)
{
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
	return 0;
}

json_object *nl_uint(const struct nlattr *attr, const void *arg)
{
	(void)arg;
	return json_object_new_uint64(number(attr));
}

json_object *nl_bool(const struct nlattr *attr, const void *arg)
{
	(void)arg;
	return json_object_new_boolean(number(attr) != 0);
}

json_object *nl_text(const struct nlattr *attr, const void *arg)
{
	const char *text = mnl_attr_get_payload(attr);
	size_t len = strnlen(text, mnl_attr_get_payload_len(attr));

	(void)arg;
	while (len && text[len - 1] == ' ')
		len--;
	return foreign_text(text, len);
}

static json_object *hex(uint32_t value)
{
	char text[9];

	snprintf(text, sizeof(text), "%08x", value);
	return json_object_new_string(text);
}

json_object *nl_hex(const struct nlattr *attr, const void *arg)
{
	(void)arg;
	return hex((uint32_t)number(attr));
}

json_object *nl_uid(const struct nlattr *attr, const void *arg)
{
	(void)arg;
	return hex(ntohl((uint32_t)number(attr)));
}

json_object *nl_name(const struct nlattr *attr, const void *arg)
{
	const char *const *name = arg;
	uint64_t value = number(attr);

	while (*name && value--)
		name++;
	return json_object_new_string(*name ? *name : "?");
}

struct attrs {
	const struct nlattr *at[MAX_ATTR];
};

static int keep_attr(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	int type = mnl_attr_get_type(attr);

	if (type < MAX_ATTR)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

static void fill(json_object *row, const struct attrs *attrs, const struct nl_field *fields)
{
	const struct nl_field *field;

	for (field = fields; field->make; field++) {
		const struct nlattr *attr = attrs->at[field->type];
		struct attrs nest = { 0 };

		if (!attr)
			continue;
		if (field->key) {
			json_object_object_add(row, field->key, field->make(attr, field->arg));
		} else {
			mnl_attr_parse_nested(attr, keep_attr, &nest);
			fill(row, &nest, field->arg);
		}
	}
}

json_object *nl_nest(const struct nlattr *attr, const void *arg)
{
	json_object *row = json_object_new_object();
	struct attrs nest = { 0 };

	mnl_attr_parse_nested(attr, keep_attr, &nest);
	fill(row, &nest, arg);
	return row;
}

void nl_fill(json_object *row, const struct nlmsghdr *nlh, const struct nl_field *fields)
{
	struct attrs attrs = { 0 };

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), keep_attr, &attrs);
	fill(row, &attrs, fields);
}

struct nl *nl_open_protocol(int protocol)
{
	struct nl *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return NULL;
	nl->seq = (uint32_t)time(NULL);
	nl->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!nl->socket || mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		nl_close(nl);
		return NULL;
	}
	return nl;
}

void nl_close(struct nl *nl)
{
	int err = errno;

	if (!nl)
		return;
	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
	errno = err;
}

struct nlmsghdr *nl_message(struct nl *nl, int type, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->buf);

	nlh->nlmsg_type = (uint16_t)type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = ++nl->seq;
	return nlh;
}

static struct nlmsghdr *put_genl(struct nlmsghdr *nlh, int cmd, int version)
{
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = (uint8_t)cmd;
	genl->version = (uint8_t)version;
	return nlh;
}

struct nlmsghdr *nl_request(struct nl *nl, int cmd, int flags)
{
	return put_genl(nl_message(nl, nl->family, flags), cmd, 1);
}

int nl_send(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t on_answer, void *data)
{
	unsigned int portid = mnl_socket_get_portid(nl->socket);
	ssize_t len;
	int rc;

	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(nl->socket, nl->buf, sizeof(nl->buf));
		if (len < 0)
			return -errno;
		rc = mnl_cb_run(nl->buf, (size_t)len, nl->seq, portid, on_answer, data);
		if (rc < 0)
			return -errno;
	} while (rc > MNL_CB_STOP);
	return 0;
}

int nl_dump(struct nl *nl, int cmd, mnl_cb_t on_answer, void *data)
{
	return nl_send(nl, nl_request(nl, cmd, NLM_F_DUMP), on_answer, data);
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs = { 0 };
	struct nl *nl = data;

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), keep_attr, &attrs);
	if (attrs.at[CTRL_ATTR_FAMILY_ID])
		nl->family = mnl_attr_get_u16(attrs.at[CTRL_ATTR_FAMILY_ID]);
	return MNL_CB_OK;
}

struct nl *nl_open(const char *family)
{
	struct nl *nl = nl_open_protocol(NETLINK_GENERIC);
	struct nlmsghdr *nlh;
	int rc;

	if (!nl)
		return NULL;
	nlh = put_genl(nl_message(nl, GENL_ID_CTRL, NLM_F_ACK), CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, family);
	rc = nl_send(nl, nlh, on_family, nl);
	if (!rc)
		return nl;
	nl_close(nl);
	errno = -rc;
	return NULL;
}
