// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs as the link sees them: requests complete in order, receives are
 * used in order, an error takes everything along. DMA addresses are those of
 * the CPU.
 */
#include "verbs.h"

#define MAX_QPS		8
#define MAX_WRS		260

struct model_send {
	struct ib_cqe *cqe;
	bool is_signaled;
	struct ib_sge msg;
	u32 sum;
};

struct model_recv {
	struct ib_cqe *cqe;
	struct ib_sge sge[2];
	int num_sge;
};

/* both queues are rings */
struct model_qp {
	struct ib_qp qp;
	struct ib_pd *pd;
	struct ib_qp_init_attr attr;
	enum ib_qp_state state;
	bool is_broken;
	struct model_send sq[MAX_WRS];
	u32 sq_head, sq_tail;
	struct model_recv rq[MAX_WRS];
	u32 rq_head, rq_tail;
};

bool (*shim_verbs_fail)(void);
void (*shim_verbs_forgot)(u32 rkey);
void (*shim_verbs_sent)(const u8 *msg, u32 len);
void (*shim_verbs_wrote)(u64 to, const u8 *data, u32 len, const u32 *imm);

static struct model_qp *qps[MAX_QPS];
static int objects;
static u32 last_key;

static bool fails(void)
{
	shim_might_sleep();
	return shim_verbs_fail && shim_verbs_fail();
}

static void *create(size_t size)
{
	void *mem = fails() ? NULL : calloc(1, size);

	if (!mem)
		return ERR_PTR(-ENOMEM);
	objects++;
	return mem;
}

static void destroy(void *mem)
{
	shim_might_sleep();
	SHIM_ASSERT(objects > 0);
	objects--;
	free(mem);
}

int shim_verbs_objects(void)
{
	return objects;
}

u64 ib_dma_map_single(struct ib_device *ib, void *mem, size_t len,
		      enum dma_data_direction dir)
{
	(void)ib;
	(void)len;
	(void)dir;
	if (fails())
		return 0;
	objects++;
	return (uintptr_t)mem;
}

void ib_dma_unmap_single(struct ib_device *ib, u64 dma, size_t len,
			 enum dma_data_direction dir)
{
	(void)ib;
	(void)len;
	(void)dir;
	SHIM_ASSERT(dma && objects > 0);
	objects--;
}

int sg_alloc_table(struct sg_table *sgt, unsigned int count, gfp_t gfp)
{
	sgt->sgl = kzalloc(count * sizeof(*sgt->sgl), gfp);
	if (!sgt->sgl)
		return -ENOMEM;
	sgt->nents = count;
	return 0;
}

void sg_free_table(struct sg_table *sgt)
{
	kfree(sgt->sgl);
	sgt->sgl = NULL;
}

int ib_dma_map_sgtable_attrs(struct ib_device *ib, struct sg_table *sgt,
			     enum dma_data_direction dir, unsigned long attrs)
{
	(void)ib;
	(void)sgt;
	(void)dir;
	(void)attrs;
	if (fails())
		return -ENOMEM;
	objects++;
	return 0;
}

void ib_dma_unmap_sgtable_attrs(struct ib_device *ib, struct sg_table *sgt,
				enum dma_data_direction dir,
				unsigned long attrs)
{
	ib_dma_unmap_single(ib, sgt->sgl->dma, 0, dir);
	(void)attrs;
}

struct ib_pd *ib_alloc_pd(struct ib_device *ib, unsigned int flags)
{
	(void)ib;
	(void)flags;
	return create(sizeof(struct ib_pd));
}

void ib_dealloc_pd(struct ib_pd *pd)
{
	destroy(pd);
}

struct ib_cq *ib_alloc_cq_any(struct ib_device *ib, void *context, int depth,
			      enum ib_poll_context poll)
{
	struct ib_cq *cq = create(sizeof(*cq));

	(void)ib;
	(void)depth;
	(void)poll;
	if (!IS_ERR(cq))
		cq->cq_context = context;
	return cq;
}

void ib_free_cq(struct ib_cq *cq)
{
	destroy(cq);
}

struct ib_mr *ib_alloc_mr(struct ib_pd *pd, enum ib_mr_type type, u32 pages)
{
	struct ib_mr *mr = create(sizeof(*mr));

	(void)type;
	(void)pages;
	if (IS_ERR(mr))
		return mr;
	mr->pd = pd;
	mr->rkey = ++last_key;
	mr->lkey = mr->rkey;
	return mr;
}

int ib_map_mr_sg(struct ib_mr *mr, struct scatterlist *sg, int count,
		 unsigned int *offset, unsigned int page_size)
{
	(void)offset;
	(void)page_size;
	mr->iova = sg->dma;
	return fails() ? -ENOMEM : count;
}

static bool is_in_use(const struct ib_pd *pd)
{
	int i;

	for (i = 0; i < MAX_QPS; i++)
		if (qps[i] && qps[i]->pd == pd)
			return true;
	return false;
}

void ib_dereg_mr(struct ib_mr *mr)
{
	if (mr->is_open && is_in_use(mr->pd) && shim_verbs_forgot)
		shim_verbs_forgot(mr->rkey);
	destroy(mr);
}

static struct model_qp *model_of(struct ib_qp *qp)
{
	return container_of(qp, struct model_qp, qp);
}

struct ib_qp *ib_create_qp(struct ib_pd *pd, struct ib_qp_init_attr *attr)
{
	struct model_qp *m = create(sizeof(*m));
	int i;

	if (IS_ERR(m))
		return (struct ib_qp *)m;
	m->pd = pd;
	SHIM_ASSERT(attr->cap.max_send_wr <= MAX_WRS);
	SHIM_ASSERT(attr->cap.max_recv_wr <= MAX_WRS);
	m->attr = *attr;
	m->qp.qp_num = ++last_key & 0xffffff;
	for (i = 0; i < MAX_QPS && qps[i]; i++)
		;
	SHIM_ASSERT(i < MAX_QPS);
	qps[i] = m;
	return &m->qp;
}

int ib_modify_qp(struct ib_qp *qp, struct ib_qp_attr *attr, int mask)
{
	struct model_qp *m = model_of(qp);

	SHIM_ASSERT(mask & IB_QP_STATE);
	/* one after another */
	if (attr->qp_state != m->state + 1 || fails())
		return -EINVAL;
	m->state = attr->qp_state;
	return 0;
}

int ib_query_qp(struct ib_qp *qp, struct ib_qp_attr *attr, int mask,
		struct ib_qp_init_attr *init_attr)
{
	(void)mask;
	(void)init_attr;
	attr->qp_state = model_of(qp)->state;
	return 0;
}

static u32 sum_of(const struct ib_sge *sge)
{
	const u8 *data = (u8 *)sge->addr;
	u32 sum = 0;
	u32 i;

	for (i = 0; i < sge->length; i++)
		sum = sum * 31 + data[i];
	return sum;
}

static void report_send(const struct ib_send_wr *wr)
{
	const struct ib_rdma_wr *write = container_of(wr, struct ib_rdma_wr,
						      wr);
	bool has_imm = wr->opcode == IB_WR_RDMA_WRITE_WITH_IMM;
	u32 imm = has_imm ? be32_to_cpu(wr->ex.imm_data) : 0;
	const struct ib_reg_wr *reg;
	const u8 *data;

	if (wr->opcode == IB_WR_REG_MR) {
		reg = container_of(wr, struct ib_reg_wr, wr);
		reg->mr->is_open = reg->access & IB_ACCESS_REMOTE_WRITE;
		return;
	}
	data = (u8 *)wr->sg_list->addr;
	if (wr->opcode == IB_WR_SEND && shim_verbs_sent)
		shim_verbs_sent(data, wr->sg_list->length);
	else if (wr->opcode != IB_WR_SEND && shim_verbs_wrote)
		shim_verbs_wrote(write->remote_addr, data, wr->sg_list->length,
				 has_imm ? &imm : NULL);
}

/* a message that is not inline is read again if it got lost */
static void note_send(struct model_send *s, const struct ib_send_wr *wr)
{
	s->cqe = wr->wr_cqe;
	s->is_signaled = wr->send_flags & IB_SEND_SIGNALED;
	s->msg.length = 0;
	if (wr->opcode == IB_WR_SEND && !(wr->send_flags & IB_SEND_INLINE))
		s->msg = *wr->sg_list;
	s->sum = sum_of(&s->msg);
}

int ib_post_send(struct ib_qp *qp, const struct ib_send_wr *wr,
		 const struct ib_send_wr **bad)
{
	struct model_qp *m = model_of(qp);

	(void)bad;
	SHIM_ASSERT(m->state == IB_QPS_RTS);
	if (shim_verbs_fail && shim_verbs_fail())
		return -ENOMEM;
	for (; wr; wr = wr->next) {
		u32 count = m->sq_head - m->sq_tail;

		/* the last one is for draining */
		SHIM_ASSERT(count + 1 < m->attr.cap.max_send_wr);
		note_send(&m->sq[m->sq_head++ % MAX_WRS], wr);
		report_send(wr);
	}
	return 0;
}

int ib_post_recv(struct ib_qp *qp, const struct ib_recv_wr *wr,
		 const struct ib_recv_wr **bad)
{
	struct model_qp *m = model_of(qp);

	(void)bad;
	for (; wr; wr = wr->next) {
		u32 count = m->rq_head - m->rq_tail;
		struct model_recv *r;

		SHIM_ASSERT(count + 1 < m->attr.cap.max_recv_wr);
		SHIM_ASSERT(wr->num_sge == 1 || wr->num_sge == 2);
		r = &m->rq[m->rq_head++ % MAX_WRS];
		r->cqe = wr->wr_cqe;
		memset(r->sge, 0, sizeof(r->sge));
		memcpy(r->sge, wr->sg_list, wr->num_sge * sizeof(*r->sge));
		r->num_sge = wr->num_sge;
	}
	return 0;
}

static void tell(struct ib_cq *cq, struct ib_cqe *cqe, struct ib_wc *wc)
{
	wc->wr_cqe = cqe;
	shim_softirq_enter();
	cqe->done(cq, wc);
	shim_softirq_exit();
}

/* an error gives everything back */
static void flush(struct model_qp *m)
{
	struct ib_wc wc;

	m->is_broken = true;
	while (m->sq_tail != m->sq_head) {
		wc = (struct ib_wc){ .status = IB_WC_WR_FLUSH_ERR };
		tell(m->attr.send_cq, m->sq[m->sq_tail++ % MAX_WRS].cqe, &wc);
	}
	while (m->rq_tail != m->rq_head) {
		wc = (struct ib_wc){ .status = IB_WC_WR_FLUSH_ERR };
		tell(m->attr.recv_cq, m->rq[m->rq_tail++ % MAX_WRS].cqe, &wc);
	}
}

void ib_drain_qp(struct ib_qp *qp)
{
	shim_might_sleep();
	flush(model_of(qp));
}

void ib_destroy_qp(struct ib_qp *qp)
{
	struct model_qp *m = model_of(qp);
	int i;

	/* a drained one has no work left that would name freed memory */
	SHIM_ASSERT(m->sq_head == m->sq_tail && m->rq_head == m->rq_tail);
	for (i = 0; i < MAX_QPS; i++)
		if (qps[i] == m)
			qps[i] = NULL;
	destroy(m);
}

static struct model_qp *pick_qp(unsigned int pick, enum ib_qp_state least)
{
	int i;

	for (i = 0; i < MAX_QPS; i++) {
		struct model_qp *m = qps[(pick + i) % MAX_QPS];

		if (m && m->state >= least)
			return m;
	}
	return NULL;
}

/* the oldest signaled send of some queue pair is done, with all before it */
bool shim_send_done(unsigned int pick, bool is_good)
{
	struct model_qp *m = pick_qp(pick, IB_QPS_RTS);
	struct ib_wc wc = { .opcode = IB_WC_SEND };
	u32 i;

	if (!m)
		return false;
	if (!is_good || m->is_broken) {
		if (m->sq_head == m->sq_tail)
			return false;
		flush(m);
		return true;
	}
	for (i = m->sq_tail; i != m->sq_head; i++) {
		struct model_send *s = &m->sq[i % MAX_WRS];

		SHIM_ASSERT(s->sum == sum_of(&s->msg));
		if (!s->is_signaled)
			continue;
		m->sq_tail = i + 1;
		tell(m->attr.send_cq, s->cqe, &wc);
		return true;
	}
	return false;
}

static struct model_qp *pick_receiver(unsigned int pick)
{
	struct model_qp *m = pick_qp(pick, IB_QPS_RTR);

	return m && !m->is_broken && m->rq_tail != m->rq_head ? m : NULL;
}

void *shim_receiver(unsigned int pick)
{
	struct model_qp *m = pick_receiver(pick);

	return m ? m->attr.recv_cq->cq_context : NULL;
}

bool shim_recv(unsigned int pick, const u8 *msg, u32 len)
{
	struct model_qp *m = pick_receiver(pick);
	struct ib_wc wc = { .opcode = IB_WC_RECV, .byte_len = len };
	struct model_recv *r;
	u32 part;

	if (!m)
		return false;
	r = &m->rq[m->rq_tail++ % MAX_WRS];
	part = min(len, r->sge[0].length);
	SHIM_ASSERT(len - part <= r->sge[1].length);
	memcpy((u8 *)r->sge[0].addr, msg, part);
	if (len > part)
		memcpy((u8 *)r->sge[1].addr, msg + part, len - part);
	tell(m->attr.recv_cq, r->cqe, &wc);
	return true;
}

bool shim_recv_imm(unsigned int pick, u32 imm)
{
	struct model_qp *m = pick_receiver(pick);
	struct ib_wc wc = { .opcode = IB_WC_RECV_RDMA_WITH_IMM };

	if (!m)
		return false;
	wc.ex.imm_data = cpu_to_be32(imm);
	tell(m->attr.recv_cq, m->rq[m->rq_tail++ % MAX_WRS].cqe, &wc);
	return true;
}
