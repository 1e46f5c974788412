/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink for the tools: requests, dumps, and attributes as JSON.
 *
 * What the kernel tells becomes a JSON object here, by a table of fields; both
 * the text and the JSON that a tool prints are made from that object.
 */
#ifndef SMC_TOOLS_NL_H
#define SMC_TOOLS_NL_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>
#include <libmnl/libmnl.h>

struct nl;

/**
 * struct nl_field - one attribute as a member of an object
 * @type: of the attribute
 * @key: of the member; NULL with nl_nest puts the members of the nest beside
 *	the others
 * @make: turns the attribute into a value
 * @arg: for @make: names that end with NULL, or fields of a nest
 *
 * A table of fields ends with one whose @make is NULL.
 */
struct nl_field {
	int type;
	const char *key;
	json_object *(*make)(const struct nlattr *attr, const void *arg);
	const void *arg;
};

/* A number of any width. */
json_object *nl_uint(const struct nlattr *attr, const void *arg);
/* A number that is true or false. */
json_object *nl_bool(const struct nlattr *attr, const void *arg);
/* A string, without blanks at its end. */
json_object *nl_text(const struct nlattr *attr, const void *arg);
/* A number as 8 hexadecimal digits. */
json_object *nl_hex(const struct nlattr *attr, const void *arg);
/* Four bytes in network order as 8 hexadecimal digits. */
json_object *nl_uid(const struct nlattr *attr, const void *arg);
/* A number that has a name; "?" if it is not among them. */
json_object *nl_name(const struct nlattr *attr, const void *arg);
/* An object of the fields @arg. */
json_object *nl_nest(const struct nlattr *attr, const void *arg);

/**
 * nl_fill() - add what a message holds to an object
 * @row: the object
 * @nlh: message of a generic netlink family
 * @fields: the members
 *
 * Attributes that are missing leave their members out.
 */
void nl_fill(json_object *row, const struct nlmsghdr *nlh, const struct nl_field *fields);

/**
 * nl_open() - a socket for a generic netlink family
 * @family: its name
 *
 * Return: NULL and errno; ENOENT if the kernel has no such family and no
 * module for it.
 */
struct nl *nl_open(const char *family);

/**
 * nl_open_protocol() - a socket for a netlink protocol that is no generic one
 * @protocol: NETLINK_SOCK_DIAG, NETLINK_ROUTE
 *
 * Return: NULL and errno.
 */
struct nl *nl_open_protocol(int protocol);

void nl_close(struct nl *nl);

/**
 * nl_request() - begin a message to the family of @nl
 * @nl: of nl_open()
 * @cmd: the command
 * @flags: NLM_F_DUMP, NLM_F_ACK, ...
 *
 * Return: the message, for more attributes and nl_send().
 */
struct nlmsghdr *nl_request(struct nl *nl, int cmd, int flags);

/**
 * nl_message() - begin a message of a protocol
 * @nl: of nl_open_protocol()
 * @type: of the message
 * @flags: NLM_F_DUMP, NLM_F_ACK, ...
 *
 * Return: the message, for its header, attributes, and nl_send().
 */
struct nlmsghdr *nl_message(struct nl *nl, int type, int flags);

/**
 * nl_send() - send a message and pass on each answer
 * @nl: the socket
 * @nlh: of nl_request() or nl_message()
 * @on_answer: NULL if none is wanted
 * @data: for @on_answer
 *
 * Return: 0 or a negative errno.
 */
int nl_send(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t on_answer, void *data);

/* nl_dump() - all that a command lists; as nl_send(). */
int nl_dump(struct nl *nl, int cmd, mnl_cb_t on_answer, void *data);

#endif
