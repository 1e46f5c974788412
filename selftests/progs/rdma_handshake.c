// SPDX-License-Identifier: GPL-2.0
/* rdmapeer: the handshake over TCP. */
#define _GNU_SOURCE
#include "rdma_play.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ACCEPT_PATIENCE_MS	(time_limit(60) * 1000)

static bool receive(struct play *p, uint8_t *buf, size_t len, long long end_us)
{
	while (len) {
		struct pollfd pfd = { .fd = p->conn->fd, .events = POLLIN };
		ssize_t n;

		/* the other side may want something over the link first */
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "nothing over TCP");
		if (poll(&pfd, 1, 2) <= 0)
			continue;
		n = recv(p->conn->fd, buf, len, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return play_fail(p, "the TCP connection ended");
		buf += n;
		len -= n;
	}
	return true;
}

static bool receive_clc(struct play *p, int type, uint8_t *raw, struct smcr_clc_hdr *hdr,
			long seconds)
{
	const long long end_us = play_deadline(seconds);

	if (!receive(p, raw, SMCR_CLC_HDR_LEN, end_us))
		return false;
	if (smcr_clc_decode_hdr(raw, SMCR_CLC_HDR_LEN, hdr) || hdr->len > SMCR_CLC_MAX_LEN)
		return play_fail(p, "nonsense over TCP");
	if (!receive(p, raw + SMCR_CLC_HDR_LEN, hdr->len - SMCR_CLC_HDR_LEN, end_us))
		return false;
	if (hdr->type == type)
		return true;
	if (hdr->type == SMCR_CLC_DECLINE)
		return play_fail(p, "DECLINE 0x%08x came", smcr_load_be32(raw + 16));
	return play_fail(p, "CLC message %d expected, %d came", type, hdr->type);
}

static bool send_clc(struct play *p, uint8_t *raw, int len)
{
	int i;

	if (len < 0)
		return play_fail(p, "the message cannot be made");
	for (i = 0; i < p->n_patches; i++) {
		if (p->patch[i].at + p->patch[i].len > (size_t)len)
			return play_fail(p, "patch behind the end");
		memcpy(raw + p->patch[i].at, p->patch[i].bytes, p->patch[i].len);
	}
	p->n_patches = 0;
	return send(p->conn->fd, raw, len, MSG_NOSIGNAL) == len ||
	       play_fail(p, "cannot send over TCP");
}

static bool open_tcp(struct play *p)
{
	struct pollfd pfd = { .fd = p->run->lfd, .events = POLLIN };
	int one = 1;

	if (!play_is_server(p))
		p->conn->fd = endpoint_connect(&p->run->ep, &p->run->addr);
	else if (poll(&pfd, 1, ACCEPT_PATIENCE_MS) > 0)
		p->conn->fd = accept4(p->run->lfd, NULL, NULL, SOCK_CLOEXEC);
	if (p->conn->fd < 0)
		return play_fail(p, "no connection: %s", strerror(errno));
	setsockopt(p->conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

bool cmd_propose(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_proposal msg;
	struct smcr_clc_hdr hdr;

	(void)cmd;
	if (p->n_conns == MAX_CONNS)
		return play_fail(p, "too many connections");
	p->conn = &p->conns[p->n_conns++];
	p->conn->fd = -1;
	p->conn->token = 0x5200 + p->n_conns;
	if (!open_tcp(p))
		return false;
	if (!play_is_server(p))
		return send_clc(p, raw, clc_message_build("proposal", &p->facts, raw, sizeof(raw)));
	if (!receive_clc(p, SMCR_CLC_PROPOSAL, raw, &hdr, PATIENCE))
		return false;
	if (smcr_clc_decode_proposal(raw, hdr.len, &msg) || !msg.eid_count)
		return play_fail(p, "a wrong PROPOSAL");
	memcpy(p->facts.eid, msg.eid[0], SMCR_EID_LEN);
	return true;
}

/* in an ACCEPT or CONFIRM: wire.md 2.4 */
static void describe(const struct play *p, uint8_t *raw)
{
	const struct rdma_link *link = p->link;

	memcpy(raw + 16, link->dev->gid, SMCR_GID_LEN);
	memcpy(raw + 32, link->dev->mac, SMCR_MAC_LEN);
	smcr_store_be24(raw + 38, link->qp->qp_num);
	smcr_store_be32(raw + 41, link->ring_mr->rkey);
	raw[45] = (uint8_t)(p->conn - p->conns + 1);
	smcr_store_be32(raw + 46, p->conn->token);
	raw[50] = (uint8_t)link->dev->mtu;
	smcr_store_be64(raw + 52, (uintptr_t)link->ring);
	smcr_store_be24(raw + 61, link->psn);
}

static bool is_first(const struct play *p)
{
	return p->n_conns == 1;
}

static bool send_own(struct play *p, const char *first, const char *later)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	int len = clc_message_build(is_first(p) ? first : later, &p->facts, raw, sizeof(raw));

	if (len > 0)
		describe(p, raw);
	return send_clc(p, raw, len);
}

static bool take_theirs(struct play *p, int type)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_hdr hdr;

	if (!receive_clc(p, type, raw, &hdr, PATIENCE))
		return false;
	if (smcr_clc_decode_accept(raw, hdr.len, &p->facts.accept))
		return play_fail(p, "a wrong ACCEPT or CONFIRM");
	if (p->facts.accept.is_first_contact != is_first(p))
		return play_fail(p, "first contact: %d", p->facts.accept.is_first_contact);
	p->conn->peer = p->facts.accept.r;
	p->conn->places[0].rkey = p->conn->peer.rkey;
	p->conn->places[0].vaddr = p->conn->peer.vaddr;
	return true;
}

static bool connect_link(struct play *p)
{
	const struct smcr_clc_rdma *r = &p->conn->peer;

	return !is_first(p) ||
	       rdma_link_connect(p->link, r->qpn, r->psn, r->mtu_code, r->gid) ||
	       play_fail(p, "the queue pair cannot be connected");
}

bool cmd_accept(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	if (is_first(p))
		rdma_link_create(p->link, &p->run->dev, MAX_CONNS * OUR_RING);
	if (play_is_server(p))
		return send_own(p, "accept", "accept_later");
	return take_theirs(p, SMCR_CLC_ACCEPT);
}

bool cmd_confirm(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	if (play_is_server(p))
		return take_theirs(p, SMCR_CLC_CONFIRM) && connect_link(p);
	return connect_link(p) && send_own(p, "confirm", "confirm_later");
}

bool cmd_patch(struct play *p, const struct rdma_command *cmd)
{
	struct patch *patch = &p->patch[p->n_patches];

	if (p->n_patches == MAX_PATCHES)
		return play_fail(p, "too many patches");
	patch->at = play_number(p, cmd, 1, 0);
	patch->len = play_hex(cmd, 2, patch->bytes, sizeof(patch->bytes));
	p->n_patches++;
	return true;
}

bool cmd_decline(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];

	(void)cmd;
	if (!send_clc(p, raw, clc_message_build("decline", &p->facts, raw, sizeof(raw))))
		return false;
	p->declined++;
	close(p->conn->fd);
	p->conn->fd = -1;
	return true;
}

bool cmd_declined(struct play *p, const struct rdma_command *cmd)
{
	uint8_t raw[SMCR_CLC_MAX_LEN];
	struct smcr_clc_hdr hdr;
	uint32_t code;

	if (!receive_clc(p, SMCR_CLC_DECLINE, raw, &hdr, play_number(p, cmd, 2, 0) + PATIENCE))
		return false;
	code = smcr_load_be32(raw + 16);
	if (code != play_number(p, cmd, 1, 0))
		return play_fail(p, "DECLINE 0x%08x came", code);
	p->declined++;
	close(p->conn->fd);
	p->conn->fd = -1;
	return true;
}

bool cmd_lost(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(play_number(p, cmd, 1, 0) + PATIENCE);
	struct pollfd pfd = { .fd = p->conn->fd, .events = POLLIN };
	uint8_t byte;

	while (poll(&pfd, 1, 2) <= 0) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "the TCP connection did not end");
	}
	if (recv(p->conn->fd, &byte, 1, MSG_DONTWAIT) > 0)
		return play_fail(p, "a byte over TCP");
	p->lost++;
	return true;
}
