// SPDX-License-Identifier: GPL-2.0
/* See rdma_message.h. */
#include "rdma_message.h"

#include <string.h>

#include "llc.h"

#define LINK_NUM	1
#define MTU_1024	3

static void confirm_link(const struct rdma_link *link, struct smcr_llc *msg)
{
	struct smcr_llc_confirm_link *m = &msg->u.confirm_link;

	memcpy(m->mac, link->dev->mac, SMCR_MAC_LEN);
	memcpy(m->gid, link->dev->gid, SMCR_GID_LEN);
	m->qpn = link->qp->qp_num;
	m->link_num = LINK_NUM;
	memcpy(m->link_uid, "uid1", sizeof(m->link_uid));
	m->max_links = 1;
	m->max_conns = 255;
	m->no_eyecatcher = true;
}

static void add_link(const struct rdma_link *link, struct smcr_llc *msg)
{
	struct smcr_llc_add_link *m = &msg->u.add_link;

	memcpy(m->mac, link->dev->mac, SMCR_MAC_LEN);
	memcpy(m->gid, link->dev->gid, SMCR_GID_LEN);
	memcpy(m->target_gid, link->dev->gid, SMCR_GID_LEN);
	m->qpn = link->qp->qp_num + 1;
	m->link_num = LINK_NUM + 1;
	m->mtu_code = MTU_1024;
	m->psn = link->psn;
	m->rtoken_count = 1;
	m->rtoken[0].rkey = link->ring_mr->rkey;
	m->rtoken[0].new_rkey = link->ring_mr->rkey;
	m->rtoken[0].new_vaddr = (uintptr_t)link->ring;
}

static void delete_link(const struct rdma_link *link, struct smcr_llc *msg)
{
	(void)link;
	msg->u.delete_link.link_num = LINK_NUM;
	msg->u.delete_link.is_orderly = true;
	msg->u.delete_link.reason = SMCR_LLC_REASON_LOST_PATH;
}

static void delete_all(const struct rdma_link *link, struct smcr_llc *msg)
{
	(void)link;
	msg->u.delete_link.is_all = true;
	msg->u.delete_link.is_orderly = true;
	msg->u.delete_link.reason = SMCR_LLC_REASON_PROGRAM;
}

static void req_add_link(const struct rdma_link *link, struct smcr_llc *msg)
{
	msg->u.req_add_link.gid_count = 1;
	memcpy(msg->u.req_add_link.gid[0], link->dev->gid, SMCR_GID_LEN);
}

static void confirm_rkey(const struct rdma_link *link, struct smcr_llc *msg)
{
	msg->u.confirm_rkey.count = 1;
	msg->u.confirm_rkey.rtoken[0].rkey = link->ring_mr->rkey;
	msg->u.confirm_rkey.rtoken[0].vaddr = (uintptr_t)link->ring;
}

static void confirm_rkey_cont(const struct rdma_link *link, struct smcr_llc *msg)
{
	msg->version = 1;
	msg->u.confirm_rkey.announced = 1;
	msg->u.confirm_rkey.count = 1;
	msg->u.confirm_rkey.rtoken[0].link_num = LINK_NUM;
	msg->u.confirm_rkey.rtoken[0].rkey = link->ring_mr->rkey;
	msg->u.confirm_rkey.rtoken[0].vaddr = (uintptr_t)link->ring;
}

static void delete_rkey(const struct rdma_link *link, struct smcr_llc *msg)
{
	msg->u.delete_rkey.count = 1;
	msg->u.delete_rkey.rkey[0] = link->ring_mr->rkey;
}

static void test_link(const struct rdma_link *link, struct smcr_llc *msg)
{
	(void)link;
	memcpy(msg->u.test_link.user_data, "are you there?!!", sizeof(msg->u.test_link.user_data));
}

static const struct {
	const char *name;
	uint8_t type;
	void (*fill)(const struct rdma_link *link, struct smcr_llc *msg);
} builders[] = {
	{ "confirm_link", SMCR_LLC_CONFIRM_LINK, confirm_link },
	{ "add_link", SMCR_LLC_ADD_LINK, add_link },
	{ "delete_link", SMCR_LLC_DELETE_LINK, delete_link },
	{ "delete_all", SMCR_LLC_DELETE_LINK, delete_all },
	{ "req_add_link", SMCR_LLC_REQ_ADD_LINK, req_add_link },
	{ "confirm_rkey", SMCR_LLC_CONFIRM_RKEY, confirm_rkey },
	{ "confirm_rkey_cont", SMCR_LLC_CONFIRM_RKEY_CONT, confirm_rkey_cont },
	{ "delete_rkey", SMCR_LLC_DELETE_RKEY, delete_rkey },
	{ "test_link", SMCR_LLC_TEST_LINK, test_link },
};

/**
 * rdma_message_type() - what a message is
 * @name: of rdma_message.h
 *
 * Return: enum smcr_llc_type, -1 if there is no such message.
 */
int rdma_message_type(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(builders); i++)
		if (strcmp(name, builders[i].name) == 0)
			return builders[i].type;
	return -1;
}

/**
 * rdma_message_build() - make a message
 * @name: of rdma_message.h
 * @link: of the sender, with a queue pair
 * @buf: result
 * @cap: size of @buf
 *
 * Return: its length, negative if there is no such message or it does not fit.
 */
int rdma_message_build(const char *name, const struct rdma_link *link, uint8_t *buf, size_t cap)
{
	struct smcr_llc msg = { .version = 2 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(builders); i++) {
		if (strcmp(name, builders[i].name))
			continue;
		msg.type = builders[i].type;
		builders[i].fill(link, &msg);
		return smcr_llc_encode(&msg, buf, cap);
	}
	return -1;
}
