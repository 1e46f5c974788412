// SPDX-License-Identifier: GPL-2.0
/* See rdma_link.h. */
#define _GNU_SOURCE
#include "rdma_link.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

#define PORT		1
/* as smc_r: wire.md 5.2 says which of these are a matter of taste */
#define ACK_TIMEOUT	14
#define RETRY_COUNT	6
#define RNR_RETRY	7
#define MIN_RNR_TIMER	5
#define HOP_LIMIT	1
#define GID_TABLE	64
#define PATIENCE_MS	(time_limit(5) * 1000)

static void read_mac(struct rdma_device *dev, const char *name)
{
	char path[128], netdev[32], *end;
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/%d/gid_attrs/ndevs/%d", name,
		 PORT, dev->gid_index);
	file = fopen(path, "r");
	if (!file || !fgets(netdev, sizeof(netdev), file))
		die("cannot read %s", path);
	fclose(file);
	end = strchrnul(netdev, '\n');
	*end = 0;
	snprintf(path, sizeof(path), "/sys/class/net/%s/address", netdev);
	file = fopen(path, "r");
	n = file ? fscanf(file, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &dev->mac[0], &dev->mac[1],
			  &dev->mac[2], &dev->mac[3], &dev->mac[4], &dev->mac[5]) : 0;
	if (n != 6)
		die("cannot read %s", path);
	fclose(file);
}

/* of IPv4, at index @i or behind it, and another one than @dev has */
static bool find_gid(struct rdma_device *dev, int i)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	union ibv_gid gid;

	for (; i < GID_TABLE; i++) {
		if (ibv_query_gid(dev->ctx, PORT, i, &gid) ||
		    memcmp(gid.raw, mapped, sizeof(mapped)) != 0 ||
		    memcmp(gid.raw, dev->gid, sizeof(dev->gid)) == 0)
			continue;
		dev->gid_index = i;
		memcpy(dev->gid, gid.raw, sizeof(dev->gid));
		return true;
	}
	return false;
}

/**
 * rdma_device_open() - open a device, or exit
 * @dev: zeroed; for the life of the program
 * @name: of the device
 */
void rdma_device_open(struct rdma_device *dev, const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_port_attr port;
	int i;

	for (i = 0; list && list[i]; i++)
		if (strcmp(ibv_get_device_name(list[i]), name) == 0)
			dev->ctx = ibv_open_device(list[i]);
	if (!dev->ctx || ibv_query_port(dev->ctx, PORT, &port))
		die("no device %s", name);
	ibv_free_device_list(list);
	dev->mtu = port.active_mtu;
	dev->pd = ibv_alloc_pd(dev->ctx);
	if (!dev->pd)
		die("no protection domain");
	if (!find_gid(dev, 0))
		die("no GID for IPv4");
	read_mac(dev, name);
}

/**
 * rdma_device_find_second() - the device as if it were another one
 * @dev: the device
 * @second: result, with another GID; all zero if there is none
 */
void rdma_device_find_second(const struct rdma_device *dev, struct rdma_device *second)
{
	*second = *dev;
	if (!find_gid(second, dev->gid_index + 1))
		memset(second, 0, sizeof(*second));
}

static void *memory(const struct rdma_device *dev, size_t len, int access, struct ibv_mr **mr)
{
	void *mem = calloc(1, len);

	if (!mem)
		die("no memory");
	*mr = ibv_reg_mr(dev->pd, mem, len, access);
	if (!*mr)
		die("cannot register memory");
	return mem;
}

static void post_recv(struct rdma_link *link, uint64_t slot)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)link->in + slot * RDMA_RECV_LEN,
		.length = RDMA_RECV_LEN,
		.lkey = link->in_mr->lkey,
	};
	struct ibv_recv_wr wr = { .wr_id = slot, .sg_list = &sge, .num_sge = 1 };
	struct ibv_recv_wr *bad;

	/* fails only when the queue pair is on its way out */
	ibv_post_recv(link->qp, &wr, &bad);
}

/**
 * rdma_link_create() - create a queue pair in state RESET, or exit
 * @link: zeroed
 * @dev: device
 * @ring_len: bytes that the peer may write
 */
void rdma_link_create(struct rdma_link *link, const struct rdma_device *dev, size_t ring_len)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
		.cap = {
			.max_send_wr = RDMA_SENDS + 1,
			.max_recv_wr = RDMA_RECVS + 1,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
	};

	link->dev = dev;
	link->ring_len = ring_len;
	link->ring = memory(dev, ring_len, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
			    &link->ring_mr);
	link->in = memory(dev, RDMA_RECVS * RDMA_RECV_LEN, IBV_ACCESS_LOCAL_WRITE, &link->in_mr);
	link->out = memory(dev, RDMA_SEND_MAX, IBV_ACCESS_LOCAL_WRITE, &link->out_mr);
	link->send_cq = ibv_create_cq(dev->ctx, RDMA_SENDS + 1, NULL, NULL, 0);
	link->recv_cq = ibv_create_cq(dev->ctx, RDMA_RECVS + 1, NULL, NULL, 0);
	if (!link->send_cq || !link->recv_cq)
		die("no completion queue");
	attr.send_cq = link->send_cq;
	attr.recv_cq = link->recv_cq;
	link->qp = ibv_create_qp(dev->pd, &attr);
	if (!link->qp)
		die("no queue pair");
	link->psn = link->qp->qp_num * 0x3001 & 0xffffff;
}

static bool to_init(struct rdma_link *link)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
	};

	return !ibv_modify_qp(link->qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			      IBV_QP_ACCESS_FLAGS);
}

static bool to_rtr(struct rdma_link *link, uint32_t qpn, uint32_t psn, int mtu,
		   const uint8_t gid[16])
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = mtu < (int)link->dev->mtu ? (enum ibv_mtu)mtu : link->dev->mtu,
		.dest_qp_num = qpn,
		.rq_psn = psn,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = MIN_RNR_TIMER,
		.ah_attr = {
			.is_global = 1,
			.port_num = PORT,
			.grh = {
				.sgid_index = link->dev->gid_index,
				.hop_limit = HOP_LIMIT,
			},
		},
	};

	memcpy(attr.ah_attr.grh.dgid.raw, gid, 16);
	return !ibv_modify_qp(link->qp, &attr, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
			      IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			      IBV_QP_MIN_RNR_TIMER);
}

static bool to_rts(struct rdma_link *link)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTS,
		.timeout = ACK_TIMEOUT,
		.retry_cnt = RETRY_COUNT,
		.rnr_retry = RNR_RETRY,
		.sq_psn = link->psn,
		.max_rd_atomic = 1,
	};

	return !ibv_modify_qp(link->qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			      IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC);
}

/**
 * rdma_link_connect() - make the queue pair ready, receives posted
 * @link: in state RESET
 * @qpn: of the peer
 * @psn: of the peer
 * @mtu: of the peer, enum ibv_mtu
 * @gid: of the peer
 *
 * Return: false if the device refuses.
 */
bool rdma_link_connect(struct rdma_link *link, uint32_t qpn, uint32_t psn, int mtu,
		       const uint8_t gid[16])
{
	uint64_t i;

	if (!to_init(link))
		return false;
	for (i = 0; i < RDMA_RECVS; i++)
		post_recv(link, i);
	return to_rtr(link, qpn, psn, mtu, gid) && to_rts(link);
}

static void reap_sends(struct rdma_link *link)
{
	struct ibv_wc wc;

	while (ibv_poll_cq(link->send_cq, 1, &wc) > 0) {
		link->under_way--;
		if (wc.status != IBV_WC_SUCCESS && !link->error)
			link->error = wc.status;
	}
}

static bool reap_until(struct rdma_link *link, int left, int ms)
{
	const long long end_us = now_us() + ms * 1000LL;

	reap_sends(link);
	while (link->under_way > left && now_us() < end_us) {
		sleep_ms(1);
		reap_sends(link);
	}
	return link->under_way <= left;
}

static bool post(struct rdma_link *link, struct ibv_send_wr *wr, size_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)link->out,
		.length = (uint32_t)len,
		.lkey = link->out_mr->lkey,
	};
	struct ibv_send_wr *bad;

	if (!reap_until(link, RDMA_SENDS - 1, PATIENCE_MS))
		return false;
	wr->sg_list = &sge;
	wr->num_sge = len ? 1 : 0;
	if (ibv_post_send(link->qp, wr, &bad))
		return false;
	link->under_way++;
	return true;
}

/**
 * rdma_link_send() - send the first bytes of @link->out
 * @link: ready
 * @len: how many
 *
 * Return: false if that is not possible any more. Otherwise the bytes must
 * stay until rdma_link_flush().
 */
bool rdma_link_send(struct rdma_link *link, size_t len)
{
	struct ibv_send_wr wr = {
		.opcode = IBV_WR_SEND,
		.send_flags = IBV_SEND_SOLICITED,
	};

	return post(link, &wr, len);
}

/**
 * rdma_link_write() - write the first bytes of @link->out to the peer
 * @link: ready
 * @addr: where to
 * @key: remote key
 * @len: how many
 * @imm: immediate value, NULL for none
 *
 * Return: as rdma_link_send().
 */
bool rdma_link_write(struct rdma_link *link, uint64_t addr, uint32_t key, size_t len,
		     const uint32_t *imm)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE };

	wr.wr.rdma.remote_addr = addr;
	wr.wr.rdma.rkey = key;
	if (imm) {
		wr.opcode = IBV_WR_RDMA_WRITE_WITH_IMM;
		wr.send_flags = IBV_SEND_SOLICITED;
		wr.imm_data = htonl(*imm);
	}
	return post(link, &wr, len);
}

/**
 * rdma_link_read() - read from the peer, into the first bytes of @link->out
 * @link: ready
 * @addr: where from
 * @key: remote key
 * @len: how many
 *
 * Return: as rdma_link_send().
 */
bool rdma_link_read(struct rdma_link *link, uint64_t addr, uint32_t key, size_t len)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_READ };

	wr.wr.rdma.remote_addr = addr;
	wr.wr.rdma.rkey = key;
	return post(link, &wr, len);
}

/**
 * rdma_link_add() - add 1 to eight bytes of the peer, by an atomic operation
 * @link: ready
 * @addr: where to, aligned; what was there comes to @link->out
 * @key: remote key
 *
 * Return: as rdma_link_send().
 */
bool rdma_link_add(struct rdma_link *link, uint64_t addr, uint32_t key)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_ATOMIC_FETCH_AND_ADD };

	wr.wr.atomic.remote_addr = addr;
	wr.wr.atomic.rkey = key;
	wr.wr.atomic.compare_add = 1;
	return post(link, &wr, sizeof(uint64_t));
}

/**
 * rdma_link_flush() - wait until all that was sent is at the peer
 * @link: the link
 * @ms: at most
 *
 * Return: false if it is not, or was refused.
 */
bool rdma_link_flush(struct rdma_link *link, int ms)
{
	return reap_until(link, 0, ms) && !link->error;
}

/**
 * rdma_link_poll() - take what came next
 * @link: the link
 * @arrival: result
 *
 * Return: true if there was something.
 */
bool rdma_link_poll(struct rdma_link *link, struct rdma_arrival *arrival)
{
	struct ibv_wc wc;

	reap_sends(link);
	if (ibv_poll_cq(link->recv_cq, 1, &wc) <= 0)
		return false;
	if (wc.status != IBV_WC_SUCCESS) {
		if (!link->error)
			link->error = wc.status;
		return false;
	}
	arrival->len = wc.byte_len;
	arrival->has_imm = wc.opcode == IBV_WC_RECV_RDMA_WITH_IMM;
	arrival->imm = arrival->has_imm ? ntohl(wc.imm_data) : 0;
	if (!arrival->has_imm)
		memcpy(arrival->data, link->in + wc.wr_id * RDMA_RECV_LEN, RDMA_RECV_LEN);
	if (!link->is_deaf)
		post_recv(link, wc.wr_id);
	return true;
}

static void forget(void *mem, struct ibv_mr *mr)
{
	ibv_dereg_mr(mr);
	free(mem);
}

/**
 * rdma_link_destroy() - give everything back; the peer is not told
 * @link: may never have been created
 */
void rdma_link_destroy(struct rdma_link *link)
{
	if (!link->qp)
		return;
	ibv_destroy_qp(link->qp);
	ibv_destroy_cq(link->send_cq);
	ibv_destroy_cq(link->recv_cq);
	forget(link->ring, link->ring_mr);
	forget(link->in, link->in_mr);
	forget(link->out, link->out_mr);
	memset(link, 0, sizeof(*link));
}
