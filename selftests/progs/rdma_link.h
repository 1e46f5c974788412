/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One end of a link in user space: a reliable connected queue pair, the ring
 * that the peer writes into, and receives. Nobody but its thread uses it.
 */
#ifndef RDMA_LINK_H
#define RDMA_LINK_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a message of the longest kind and more, as our side is to be wrong as well */
#define RDMA_SEND_MAX	16448
#define RDMA_RECV_LEN	256
#define RDMA_RECVS	64
/* the other side may not read: what a script has under way at most */
#define RDMA_SENDS	128

/* @gid: of RoCEv2 and IPv4, as SMC wants it; @mac: of its interface */
struct rdma_device {
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	int gid_index;
	uint8_t gid[16];
	uint8_t mac[6];
	enum ibv_mtu mtu;
};

/**
 * struct rdma_link - one end of a link
 * @ring: the ring, @ring_len bytes, for each connection one
 * @out: what is sent next, or where what is read comes to
 * @is_deaf: no more receives are posted
 * @under_way: posted sends without completion
 * @error: status of the first completion that failed, 0 for none
 */
struct rdma_link {
	const struct rdma_device *dev;
	struct ibv_cq *send_cq;
	struct ibv_cq *recv_cq;
	struct ibv_qp *qp;
	uint8_t *ring;
	size_t ring_len;
	struct ibv_mr *ring_mr;
	uint8_t *in;
	struct ibv_mr *in_mr;
	uint8_t *out;
	struct ibv_mr *out_mr;
	uint32_t psn;
	bool is_deaf;
	int under_way;
	int error;
};

/* what came: a message, or with @has_imm an immediate value */
struct rdma_arrival {
	uint8_t data[RDMA_RECV_LEN];
	uint32_t len;
	bool has_imm;
	uint32_t imm;
};

void rdma_device_open(struct rdma_device *dev, const char *name);
void rdma_device_find_second(const struct rdma_device *dev, struct rdma_device *second);
void rdma_link_create(struct rdma_link *link, const struct rdma_device *dev, size_t ring_len);
bool rdma_link_connect(struct rdma_link *link, uint32_t qpn, uint32_t psn, int mtu,
		       const uint8_t gid[16]);
bool rdma_link_send(struct rdma_link *link, size_t len);
bool rdma_link_write(struct rdma_link *link, uint64_t addr, uint32_t key, size_t len,
		     const uint32_t *imm);
bool rdma_link_read(struct rdma_link *link, uint64_t addr, uint32_t key, size_t len);
bool rdma_link_add(struct rdma_link *link, uint64_t addr, uint32_t key);
bool rdma_link_poll(struct rdma_link *link, struct rdma_arrival *arrival);
bool rdma_link_flush(struct rdma_link *link, int ms);
void rdma_link_destroy(struct rdma_link *link);

#endif
