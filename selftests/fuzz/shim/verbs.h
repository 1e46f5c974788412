/* SPDX-License-Identifier: GPL-2.0 */
/* As much of verbs as net/smc_r/rdma needs; the queue pair is a model. */
#ifndef SMCR_SHIM_VERBS_H
#define SMCR_SHIM_VERBS_H

#include "sock.h"

enum ib_mtu { IB_MTU_256 = 1, IB_MTU_512, IB_MTU_1024, IB_MTU_2048,
	      IB_MTU_4096 };
enum ib_gid_type { IB_GID_TYPE_ROCE = 1, IB_GID_TYPE_ROCE_UDP_ENCAP };
enum ib_qp_type { IB_QPT_RC = 2 };
enum ib_sig_type { IB_SIGNAL_REQ_WR = 1 };
enum ib_poll_context { IB_POLL_SOFTIRQ = 1 };
enum ib_mr_type { IB_MR_TYPE_MEM_REG };
enum ib_wc_status { IB_WC_SUCCESS, IB_WC_WR_FLUSH_ERR };
enum ib_wc_opcode { IB_WC_SEND, IB_WC_RECV = 128, IB_WC_RECV_RDMA_WITH_IMM };
enum ib_qp_state { IB_QPS_RESET, IB_QPS_INIT, IB_QPS_RTR, IB_QPS_RTS, IB_QPS_ERR };
enum ib_wr_opcode { IB_WR_RDMA_WRITE, IB_WR_RDMA_WRITE_WITH_IMM, IB_WR_SEND,
		    IB_WR_REG_MR };
enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE };
enum rdma_ah_attr_type { RDMA_AH_ATTR_TYPE_ROCE = 2 };

#define IB_SEND_SIGNALED		2
#define IB_SEND_SOLICITED		4
#define IB_SEND_INLINE			8
#define IB_ACCESS_LOCAL_WRITE		1
#define IB_ACCESS_REMOTE_WRITE		2

#define IB_QP_STATE			(1 << 0)
#define IB_QP_ACCESS_FLAGS		(1 << 3)
#define IB_QP_PKEY_INDEX		(1 << 4)
#define IB_QP_PORT			(1 << 5)
#define IB_QP_AV			(1 << 7)
#define IB_QP_PATH_MTU			(1 << 8)
#define IB_QP_TIMEOUT			(1 << 9)
#define IB_QP_RETRY_CNT			(1 << 10)
#define IB_QP_RNR_RETRY			(1 << 11)
#define IB_QP_RQ_PSN			(1 << 12)
#define IB_QP_MAX_QP_RD_ATOMIC		(1 << 13)
#define IB_QP_MIN_RNR_TIMER		(1 << 15)
#define IB_QP_SQ_PSN			(1 << 16)
#define IB_QP_MAX_DEST_RD_ATOMIC	(1 << 17)
#define IB_QP_DEST_QPN			(1 << 20)

struct device {
	int unused;
};

/* no events: there is no device layer */
struct ib_event_handler {
	int unused;
};

#define IB_DEVICE_NAME_MAX 64

struct ib_device {
	char name[IB_DEVICE_NAME_MAX];
	struct device *dma_device;
	struct {
		struct net *rdma_net;
	} coredev;
	struct {
		int max_recv_sge;
		int max_qp_wr;
		u32 max_fast_reg_page_list_len;
	} attrs;
};

struct ib_pd {
	u32 local_dma_lkey;
};

struct ib_cq {
	void *cq_context;
};

struct ib_mr {
	u32 rkey;
	u32 lkey;
	u64 iova;
	struct ib_pd *pd;
	bool is_open;
};

struct ib_qp {
	u32 qp_num;
};

struct ib_wc;

struct ib_cqe {
	void (*done)(struct ib_cq *cq, struct ib_wc *wc);
};

struct ib_wc {
	struct ib_cqe *wr_cqe;
	enum ib_wc_status status;
	enum ib_wc_opcode opcode;
	u32 byte_len;
	union {
		__be32 imm_data;
	} ex;
};

struct ib_sge {
	u64 addr;
	u32 length;
	u32 lkey;
};

struct ib_recv_wr {
	struct ib_recv_wr *next;
	struct ib_cqe *wr_cqe;
	struct ib_sge *sg_list;
	int num_sge;
};

struct ib_send_wr {
	struct ib_send_wr *next;
	struct ib_cqe *wr_cqe;
	struct ib_sge *sg_list;
	int num_sge;
	enum ib_wr_opcode opcode;
	int send_flags;
	union {
		__be32 imm_data;
	} ex;
};

struct ib_rdma_wr {
	struct ib_send_wr wr;
	u64 remote_addr;
	u32 rkey;
};

struct ib_reg_wr {
	struct ib_send_wr wr;
	struct ib_mr *mr;
	u32 key;
	int access;
};

struct ib_qp_init_attr {
	struct ib_cq *send_cq;
	struct ib_cq *recv_cq;
	enum ib_qp_type qp_type;
	enum ib_sig_type sq_sig_type;
	struct {
		u32 max_send_wr;
		u32 max_recv_wr;
		u32 max_send_sge;
		u32 max_recv_sge;
		u32 max_inline_data;
	} cap;
};

struct rdma_ah_attr {
	enum rdma_ah_attr_type type;
	struct {
		u8 dmac[6];
	} roce;
};

struct ib_qp_attr {
	enum ib_qp_state qp_state;
	enum ib_mtu path_mtu;
	u16 pkey_index;
	u8 port_num;
	int qp_access_flags;
	u32 dest_qp_num;
	u32 rq_psn;
	u32 sq_psn;
	u8 max_dest_rd_atomic;
	u8 max_rd_atomic;
	u8 min_rnr_timer;
	u8 timeout;
	u8 retry_cnt;
	u8 rnr_retry;
	struct rdma_ah_attr ah_attr;
};

struct page;

struct scatterlist {
	u64 dma;
	u32 len;
};

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents;
};

int sg_alloc_table(struct sg_table *sgt, unsigned int count, gfp_t gfp);
void sg_free_table(struct sg_table *sgt);

/* DMA addresses, and pages, are addresses of the CPU */
#define vmalloc_to_page(mem)		((struct page *)(mem))
#define virt_to_page(mem)		((struct page *)(mem))
#define for_each_sgtable_sg(sgt, sg, i) \
	for ((i) = 0, (sg) = (sgt)->sgl; (i) < (int)(sgt)->nents; (i)++, (sg)++)
#define for_each_sgtable_dma_sg		for_each_sgtable_sg
#define sg_dma_address(sg)		((sg)->dma)

static inline void sg_set_page(struct scatterlist *sg, struct page *page,
			       u32 len, u32 off)
{
	sg->dma = (uintptr_t)page + off;
	sg->len = len;
}

#define dma_need_sync(dev, dma)		((void)(dev), (void)(dma), false)
#define ib_uses_virt_dma(ib)		((void)(ib), true)
#define ib_dma_mapping_error(ib, dma)	(!(dma))
#define ib_dma_sync_single_for_cpu(ib, dma, len, dir)		((void)(ib))
#define ib_dma_sync_single_for_device(ib, dma, len, dir)	((void)(ib))
#define rdma_ah_set_port_num(ah, num)				((void)(ah))
#define rdma_ah_set_grh(ah, gid, label, index, hops, class)	((void)(hops))
#define rdma_ah_set_dgid_raw(ah, gid)				((void)(ah))

u64 ib_dma_map_single(struct ib_device *ib, void *mem, size_t len,
		      enum dma_data_direction dir);
void ib_dma_unmap_single(struct ib_device *ib, u64 dma, size_t len,
			 enum dma_data_direction dir);
int ib_dma_map_sgtable_attrs(struct ib_device *ib, struct sg_table *sgt,
			     enum dma_data_direction dir, unsigned long attrs);
void ib_dma_unmap_sgtable_attrs(struct ib_device *ib, struct sg_table *sgt,
				enum dma_data_direction dir,
				unsigned long attrs);
struct ib_pd *ib_alloc_pd(struct ib_device *ib, unsigned int flags);
void ib_dealloc_pd(struct ib_pd *pd);
struct ib_cq *ib_alloc_cq_any(struct ib_device *ib, void *context, int depth,
			      enum ib_poll_context poll);
void ib_free_cq(struct ib_cq *cq);
struct ib_mr *ib_alloc_mr(struct ib_pd *pd, enum ib_mr_type type, u32 pages);
int ib_map_mr_sg(struct ib_mr *mr, struct scatterlist *sg, int count,
		 unsigned int *offset, unsigned int page_size);
void ib_dereg_mr(struct ib_mr *mr);
struct ib_qp *ib_create_qp(struct ib_pd *pd, struct ib_qp_init_attr *attr);
int ib_modify_qp(struct ib_qp *qp, struct ib_qp_attr *attr, int mask);
int ib_query_qp(struct ib_qp *qp, struct ib_qp_attr *attr, int mask,
		struct ib_qp_init_attr *init_attr);
int ib_post_send(struct ib_qp *qp, const struct ib_send_wr *wr,
		 const struct ib_send_wr **bad);
int ib_post_recv(struct ib_qp *qp, const struct ib_recv_wr *wr,
		 const struct ib_recv_wr **bad);
void ib_drain_qp(struct ib_qp *qp);
void ib_destroy_qp(struct ib_qp *qp);

/* -- for the harness -------------------------------------------------------- */

/* true if this call is to fail */
extern bool (*shim_verbs_fail)(void);
/* a key of a link in use is gone, to which the peer could write */
extern void (*shim_verbs_forgot)(u32 rkey);
/* a message goes out */
extern void (*shim_verbs_sent)(const u8 *msg, u32 len);
/* a write goes out; with the immediate value if there is one */
extern void (*shim_verbs_wrote)(u64 to, const u8 *data, u32 len,
				const u32 *imm);

bool shim_send_done(unsigned int pick, bool is_good);
/* whose link would receive now, NULL for nobody's */
void *shim_receiver(unsigned int pick);
bool shim_recv(unsigned int pick, const u8 *msg, u32 len);
bool shim_recv_imm(unsigned int pick, u32 imm);
int shim_verbs_objects(void);

#endif
