// SPDX-License-Identifier: GPL-2.0
/*
 * The work requests of a link: messages that come, messages and writes that
 * go, and their completions (wire.md 5.3, 8.4).
 *
 * Sends are unsignaled unless somebody waits for them or the send queue has
 * filled by a quarter. A signaled request leaves a record; requests complete
 * in order, so its completion is that of all before it.
 *
 * Messages are copied to slots that live as long as their requests: there is
 * one for each entry of the send queue.
 */
#include "rdma.h"

#include <linux/delay.h>
#include <linux/slab.h>

#include "../wire/bundle.h"
#include "../wire/imm.h"

/* wire.md 6.10 */
#define POST_TIMEOUT	(5 * HZ)

/* requests that one smcr_tx takes at most */
#define MAX_CHAIN	(SMCR_RING_MAX_SPANS + 1)

/* The number of a record runs on, so that a full ring is not an empty one. */
static struct smcr_tx_record *record_of(struct smcr_link *link, u16 number)
{
	return &link->record[number & (link->sq_depth - 1)];
}

/* the work item for links, which closes it, may be one of those who wait */
static void end_waits_locked(struct smcr_link *link)
{
	struct smcr_tx_record *rec;
	u16 i;

	lockdep_assert_held(&link->tx_lock);
	for (i = link->rec_tail; i != link->rec_head; i++) {
		rec = record_of(link, i);
		if (rec->waiter)
			complete(rec->waiter);
		rec->waiter = NULL;
	}
}

/**
 * smcr_link_fail() - a link is lost
 * @link: any state
 *
 * Nobody waits for what cannot be sent any more, not even the group's end.
 * The rest happens in a work item: connections go to another link, or the
 * group ends.
 *
 * Context: any; takes link->tx_lock and the lock of the list of groups.
 */
void smcr_link_fail(struct smcr_link *link)
{
	spin_lock_bh(&link->tx_lock);
	WRITE_ONCE(link->state, SMCR_LINK_CLOSED);
	end_waits_locked(link);
	spin_unlock_bh(&link->tx_lock);
	smcr_group_lose_link(link, SMCR_LLC_REASON_LOST_PATH, false);
}

/* -- receiving ----------------------------------------------------------- */

static void post_rx_chain(struct smcr_link *link)
{
	if (!link->rx_chain)
		return;
	link->rx_chain_tail->next = NULL;
	/* fails only when the queue pair is on its way out */
	ib_post_recv(link->qp, link->rx_chain, NULL);
	link->rx_chain = NULL;
	link->rx_chain_len = 0;
}

static void give_back_rx(struct smcr_link *link, struct smcr_rx_slot *slot)
{
	if (link->rx_chain)
		link->rx_chain_tail->next = &slot->wr;
	else
		link->rx_chain = &slot->wr;
	link->rx_chain_tail = &slot->wr;
	if (++link->rx_chain_len >= SMCR_LINK_RX_BATCH)
		post_rx_chain(link);
}

static void dispatch_cdc(struct smcr_link *link, const u8 *data, u32 len)
{
	struct smcr_path *path;
	struct smcr_cdc msg;

	if (smcr_cdc_decode(data, len, &msg))
		return;
	rcu_read_lock();
	path = smcr_group_find_path(link->group, msg.token);
	if (path)
		path->events->rx(path, &msg, link);
	rcu_read_unlock();
}

static void dispatch_plain(struct smcr_link *link, u32 imm)
{
	struct smcr_path *path;

	rcu_read_lock();
	path = smcr_group_find_slot(link->group, smcr_imm_slot(imm));
	if (path)
		path->events->rx_plain(path, NULL, smcr_imm_len(imm),
				       smcr_imm_is_blocked(imm), link);
	rcu_read_unlock();
}

/*
 * The room for long messages is shared. That is enough: a peer sends the
 * next one only when the exchange of the first is over (wire.md 5.3).
 */
static void dispatch_llc(struct smcr_link *link, struct smcr_rx_slot *slot,
			 u32 len)
{
	if (len <= link->rx_len) {
		smcr_llc_rx(link, slot->data, len);
		return;
	}
	ib_dma_sync_single_for_cpu(link->port.dev->ib, link->overflow_dma,
				   smcr_link_overflow_len(link), DMA_FROM_DEVICE);
	memcpy(link->long_msg, slot->data, link->rx_len);
	smcr_llc_rx(link, link->long_msg, len);
}

static bool is_bundle(const struct smcr_link *link, const u8 *data)
{
	return data[0] == SMCR_BUNDLE_TYPE &&
	       (link->group->extensions & SMCR_VENDOR_BUNDLE);
}

/* a message of at least one byte */
static void dispatch(struct smcr_link *link, struct smcr_rx_slot *slot,
		     u32 len)
{
	if (slot->data[0] == SMCR_CDC_TYPE)
		dispatch_cdc(link, slot->data, min_t(u32, len, SMCR_LLC_LEN));
	else if (!is_bundle(link, slot->data))
		dispatch_llc(link, slot, len);
	else if (!smcr_bundle_validate(slot->data, len))
		smcr_bundle_rx(link, slot->data, len);
	else
		/* whose data is it that would be missing? */
		smcr_group_kill(link->group, SMCR_LLC_REASON_PROTOCOL);
}

static void on_recv(struct ib_cq *cq, struct ib_wc *wc)
{
	struct smcr_rx_slot *slot = container_of(wc->wr_cqe,
						 struct smcr_rx_slot, cqe);
	struct smcr_link *link = cq->cq_context;

	if (wc->status != IB_WC_SUCCESS) {
		smcr_link_fail(link);
		return;
	}
	WRITE_ONCE(link->last_rx, jiffies);
	WRITE_ONCE(link->last_small, 0);
	if (wc->opcode == IB_WC_RECV_RDMA_WITH_IMM) {
		dispatch_plain(link, be32_to_cpu(wc->ex.imm_data));
		give_back_rx(link, slot);
		return;
	}
	if (wc->opcode != IB_WC_RECV ||
	    wc->byte_len > link->rx_len + smcr_link_overflow_len(link)) {
		give_back_rx(link, slot);
		return;
	}
	ib_dma_sync_single_for_cpu(link->port.dev->ib, slot->sge[0].addr,
				   link->rx_len, DMA_FROM_DEVICE);
	if (wc->byte_len)
		dispatch(link, slot, wc->byte_len);
	give_back_rx(link, slot);
}

static void init_rx_slot(struct smcr_link *link, int i)
{
	struct smcr_rx_slot *slot = &link->rx_slots[i];

	slot->cqe.done = on_recv;
	slot->sge[0].length = link->rx_len;
	slot->sge[0].lkey = link->pd->local_dma_lkey;
	slot->sge[1].addr = link->overflow_dma;
	slot->sge[1].length = smcr_link_overflow_len(link);
	slot->sge[1].lkey = link->pd->local_dma_lkey;
	slot->wr.wr_cqe = &slot->cqe;
	slot->wr.sg_list = slot->sge;
	slot->wr.num_sge = smcr_link_overflow_len(link) ? 2 : 1;
}

/**
 * smcr_link_post_receives() - be ready for the peer
 * @link: its queue pair is in state INIT or RTR, nothing was posted before
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int smcr_link_post_receives(struct smcr_link *link)
{
	int ret = 0;
	int i;

	for (i = 0; i < link->rx_depth && !ret; i++) {
		init_rx_slot(link, i);
		ret = ib_post_recv(link->qp, &link->rx_slots[i].wr, NULL);
	}
	return ret;
}

/* -- records of sends ---------------------------------------------------- */

static struct smcr_tx_record pop_record_locked(struct smcr_link *link)
{
	struct smcr_tx_record rec = *record_of(link, link->rec_tail++);

	link->sq_free += rec.wrs;
	link->bundle_done += rec.is_bundle;
	if (rec.is_long)
		WRITE_ONCE(link->is_long_busy, false);
	return rec;
}

static void settle_record(const struct smcr_tx_record *rec)
{
	if (rec->waiter)
		complete(rec->waiter);
	if (!rec->path)
		return;
	rec->path->events->tx_done(rec->path, rec->done_total, rec->seq);
	smcr_path_put(rec->path);
}

/* the list changes while paths are told, as they may queue up again */
static void serve_waiters(struct smcr_link *link)
{
	struct smcr_rdma_path *rp;
	struct smcr_path *path;
	LIST_HEAD(waiters);

	spin_lock_bh(&link->tx_lock);
	list_splice_init(&link->waiters, &waiters);
	while (!list_empty(&waiters)) {
		rp = list_first_entry(&waiters, struct smcr_rdma_path,
				      wait_node);
		list_del_init(&rp->wait_node);
		path = rp->path;
		spin_unlock_bh(&link->tx_lock);
		path->events->tx_room(path);
		smcr_path_put(path);
		spin_lock_bh(&link->tx_lock);
	}
	spin_unlock_bh(&link->tx_lock);
}

/* -- sending ------------------------------------------------------------- */

/* a chain of requests under construction */
struct chain {
	struct ib_rdma_wr wr[MAX_CHAIN];
	struct ib_sge sge[MAX_CHAIN];
	int count;
};

static bool has_room_locked(const struct smcr_link *link, int wrs, int reserve)
{
	return link->sq_free >= wrs + reserve;
}

static void add_write(struct chain *c, struct smcr_link *link,
		      const struct smcr_rdma_path *rp,
		      const struct smcr_span *span)
{
	const struct smcr_buf_map *map = &rp->tx->map[link->slot];
	struct ib_rdma_wr *wr = &c->wr[c->count];
	struct ib_sge *sge = &c->sge[c->count];

	sge->addr = map->addr + span->src;
	sge->length = span->len;
	sge->lkey = map->lkey;
	wr->wr = (struct ib_send_wr){
		.wr_cqe = &link->cqe,
		.sg_list = sge,
		.num_sge = 1,
		.opcode = IB_WR_RDMA_WRITE,
	};
	wr->remote_addr = rp->peer_vaddr + span->dst;
	wr->rkey = rp->peer_rkey;
	c->count++;
	if (span->len <= link->max_inline) {
		/* inline data is read by the CPU, from where it really is */
		sge->addr = (uintptr_t)rp->tx->mem + span->src;
		wr->wr.send_flags = IB_SEND_INLINE;
	}
}

/* sends one message; @sge is filled in and has to live as long */
static struct ib_send_wr make_send(struct smcr_link *link, struct ib_sge *sge,
				   u64 dma, u32 len)
{
	sge->addr = dma;
	sge->length = len;
	sge->lkey = link->pd->local_dma_lkey;
	return (struct ib_send_wr){
		.wr_cqe = &link->cqe,
		.sg_list = sge,
		.num_sge = 1,
		.opcode = IB_WR_SEND,
		.send_flags = IB_SEND_SOLICITED,
	};
}

static u8 *add_message_locked(struct chain *c, struct smcr_link *link,
			      u32 len)
{
	struct ib_rdma_wr *wr = &c->wr[c->count];
	struct ib_sge *sge = &c->sge[c->count];
	u8 *slot = link->tx_slots[link->tx_next];

	wr->wr = make_send(link, sge,
			   link->tx_dma + (slot - (u8 *)link->tx_slots), len);
	if (link->max_inline >= len) {
		/* inline data is read by the CPU, from where it really is */
		sge->addr = (uintptr_t)slot;
		wr->wr.send_flags |= IB_SEND_INLINE;
	}
	link->tx_next = (link->tx_next + 1) & (link->sq_depth - 1);
	c->count++;
	return slot;
}

/* the last write itself tells the peer: one request and packet less */
static void make_plain(struct chain *c, const struct smcr_rdma_path *rp,
		       const struct smcr_tx *tx)
{
	struct ib_send_wr *wr = &c->wr[c->count - 1].wr;
	bool is_blocked = tx->msg.prod_flags & SMCR_CDC_WRITE_BLOCKED;
	u32 imm = smcr_imm_make(rp->peer_token, is_blocked, tx->len);

	wr->opcode = IB_WR_RDMA_WRITE_WITH_IMM;
	wr->send_flags |= IB_SEND_SOLICITED;
	wr->ex.imm_data = cpu_to_be32(imm);
}

/*
 * One doorbell for all requests. The last one is signaled if @rec says that
 * somebody waits, or if it is time to.
 */
static int post_locked(struct smcr_link *link, struct ib_send_wr *first,
		       struct ib_send_wr *last, int count,
		       struct smcr_tx_record *rec)
{
	bool is_signaled;

	lockdep_assert_held(&link->tx_lock);
	link->sq_unsignaled += count;
	is_signaled = rec->path || rec->waiter || rec->is_bundle ||
		      rec->is_llc || link->sq_unsignaled >= link->sq_depth / 4;
	if (is_signaled)
		last->send_flags |= IB_SEND_SIGNALED;
	if (last->opcode == IB_WR_SEND && !(last->send_flags & IB_SEND_INLINE))
		ib_dma_sync_single_for_device(link->port.dev->ib,
					      last->sg_list->addr,
					      last->sg_list->length,
					      DMA_TO_DEVICE);
	if (ib_post_send(link->qp, first, NULL)) {
		/* part of the chain may be on its way: the link is lost */
		WRITE_ONCE(link->state, SMCR_LINK_CLOSED);
		return -EPIPE;
	}
	link->sq_free -= count;
	if (!link->is_watched) {
		link->is_watched = true;
		smcr_group_watch(link);
	}
	if (is_signaled) {
		rec->wrs = link->sq_unsignaled;
		link->sq_unsignaled = 0;
		*record_of(link, link->rec_head++) = *rec;
	}
	return 0;
}

static int post_chain_locked(struct smcr_link *link, struct chain *c,
			     struct smcr_tx_record *rec)
{
	int i;

	for (i = 0; i < c->count - 1; i++)
		c->wr[i].wr.next = &c->wr[i + 1].wr;
	return post_locked(link, &c->wr[0].wr, &c->wr[c->count - 1].wr,
			   c->count, rec);
}

static void fail_if_broken(struct smcr_link *link, int ret)
{
	if (ret == -EPIPE)
		smcr_link_fail(link);
}

/**
 * smcr_link_has_room_locked() - is there room for another message?
 * @link: link->tx_lock held
 *
 * Context: any.
 * Return: true if the send queue has room, beside what is kept for LLC.
 */
bool smcr_link_has_room_locked(const struct smcr_link *link)
{
	lockdep_assert_held(&link->tx_lock);
	return has_room_locked(link, 1, SMCR_LINK_LLC_RESERVE);
}

/**
 * smcr_link_post_bundle_locked() - send a bundle
 * @link: ready, with room in its send queue; link->tx_lock held
 * @dma: DMA address of the message
 * @len: its length in bytes
 *
 * Context: any, bottom halves disabled.
 * Return: 0, or -EPIPE if the link is lost.
 */
int smcr_link_post_bundle_locked(struct smcr_link *link, u64 dma, u32 len)
{
	struct smcr_tx_record rec = { .is_bundle = true };
	struct ib_sge sge;
	struct ib_send_wr wr = make_send(link, &sge, dma, len);

	return post_locked(link, &wr, &wr, 1, &rec);
}

static void wait_for_room_locked(struct smcr_link *link,
				 struct smcr_rdma_path *rp)
{
	if (!list_empty(&rp->wait_node))
		return;
	smcr_path_get(rp->path);
	list_add_tail(&rp->wait_node, &link->waiters);
}

static int post_tx_locked(struct smcr_link *link, struct smcr_rdma_path *rp,
			  struct smcr_tx *tx)
{
	struct smcr_tx_record rec = {};
	struct chain c;
	int ret, i;

	c.count = 0;
	for (i = 0; i < tx->spans; i++)
		add_write(&c, link, rp, &tx->span[i]);
	if (tx->is_plain && (link->group->extensions & SMCR_VENDOR_IMM) &&
	    tx->len <= SMCR_IMM_MAX_LEN) {
		make_plain(&c, rp, tx);
	} else {
		tx->is_plain = false;
		tx->msg.token = rp->peer_token;
		smcr_cdc_encode(&tx->msg,
				add_message_locked(&c, link, SMCR_CDC_LEN));
	}
	if (tx->want_done) {
		smcr_path_get(rp->path);
		rec.path = rp->path;
		rec.done_total = tx->done_total;
		rec.seq = tx->msg.seq;
	}
	ret = post_chain_locked(link, &c, &rec);
	if (ret && rec.path)
		smcr_path_put(rec.path);
	return ret;
}

static int send_locked(struct smcr_link *link, struct smcr_rdma_path *rp,
		       struct smcr_tx *tx)
{
	int ret = 0;

	lockdep_assert_held(&link->tx_lock);
	if (link->state == SMCR_LINK_READY &&
	    smcr_bundle_gather_locked(link, rp, tx))
		return 0;
	/* maybe only now: a full bundle could not be posted */
	if (link->state == SMCR_LINK_CLOSED)
		return -EPIPE;
	/* a peer may speak before we can answer; one more for a bundle */
	if (link->state == SMCR_LINK_NEW ||
	    !has_room_locked(link, tx->spans + 2, SMCR_LINK_LLC_RESERVE)) {
		wait_for_room_locked(link, rp);
		return -EAGAIN;
	}
	/* the order of a connection's data stays */
	if (smcr_bundle_has_locked(link, rp))
		ret = smcr_bundle_post_locked(link);
	return ret ?: post_tx_locked(link, rp, tx);
}

/**
 * smcr_link_send() - write data and the message that announces it
 * @link: the link
 * @rp: the connection
 * @tx: what to send
 *
 * Implements smcr_transport_ops.send (wire.md 8.4).
 *
 * Context: bottom halves disabled; takes link->tx_lock.
 * Return: 0, -EAGAIN when the send queue is full, -EPIPE.
 */
int smcr_link_send(struct smcr_link *link, struct smcr_rdma_path *rp,
		   struct smcr_tx *tx)
{
	int ret;

	spin_lock_bh(&link->tx_lock);
	ret = send_locked(link, rp, tx);
	spin_unlock_bh(&link->tx_lock);
	fail_if_broken(link, ret);
	return ret;
}

/**
 * smcr_link_stop_watch() - the group looks at what was posted
 * @link: the link
 *
 * What is posted from now on asks to be looked at again.
 *
 * Context: any; takes link->tx_lock.
 * Return: true if requests are under way, as far as we know.
 */
bool smcr_link_stop_watch(struct smcr_link *link)
{
	bool is_busy;

	spin_lock_bh(&link->tx_lock);
	link->is_watched = false;
	is_busy = link->sq_free < link->sq_depth;
	spin_unlock_bh(&link->tx_lock);
	return is_busy;
}

/**
 * smcr_link_forget_waiter() - a connection does not wait for room any more
 * @link: the link
 * @rp: the connection, about to be freed
 *
 * Context: any; takes link->tx_lock.
 */
void smcr_link_forget_waiter(struct smcr_link *link, struct smcr_rdma_path *rp)
{
	bool was_waiting;

	spin_lock_bh(&link->tx_lock);
	was_waiting = !list_empty(&rp->wait_node);
	list_del_init(&rp->wait_node);
	spin_unlock_bh(&link->tx_lock);
	if (was_waiting)
		smcr_path_put(rp->path);
}

static int post_llc(struct smcr_link *link, const struct smcr_llc *msg,
		    struct smcr_tx_record *rec)
{
	struct chain c = { .count = 0 };
	u8 raw[SMCR_LINK_TX_SLOT];
	int len = smcr_llc_encode(msg, raw, sizeof(raw));
	int ret;

	if (WARN_ON_ONCE(len < 0))
		return len;
	spin_lock_bh(&link->tx_lock);
	if (link->state == SMCR_LINK_NEW) {
		ret = -ENOTCONN;
	} else if (link->state != SMCR_LINK_READY) {
		ret = -EPIPE;
	} else if (!has_room_locked(link, 1, 0)) {
		ret = -EAGAIN;
	} else {
		memcpy(add_message_locked(&c, link, len), raw, len);
		ret = post_chain_locked(link, &c, rec);
	}
	spin_unlock_bh(&link->tx_lock);
	return ret;
}

/**
 * smcr_link_send_llc() - send an LLC message
 * @link: the link
 * @msg: the message
 *
 * A peer that asks for something before we can answer, as a link is being set
 * up, gets no answer; the link lives on.
 *
 * Context: any; takes link->tx_lock.
 * Return: 0, -EAGAIN when the send queue is full, -ENOTCONN before the link is
 * ready to send, -EPIPE.
 */
int smcr_link_send_llc(struct smcr_link *link, const struct smcr_llc *msg)
{
	/* an answer to a test must not be what asks for the next one */
	struct smcr_tx_record rec = { .is_llc = true };
	int ret = post_llc(link, msg, &rec);

	fail_if_broken(link, ret);
	return ret;
}

/* forget a waiter that lost patience; false if its completion is imminent */
static bool forget_record_waiter(struct smcr_link *link,
				 struct completion *done)
{
	bool found = false;
	u16 i;

	spin_lock_bh(&link->tx_lock);
	for (i = link->rec_tail; i != link->rec_head; i++) {
		if (record_of(link, i)->waiter != done)
			continue;
		record_of(link, i)->waiter = NULL;
		found = true;
	}
	spin_unlock_bh(&link->tx_lock);
	return found;
}

static int wait_for_record(struct smcr_link *link, struct completion *done,
			   long timeo)
{
	if (!wait_for_completion_timeout(done, timeo)) {
		if (forget_record_waiter(link, done))
			return -EIO;
		wait_for_completion(done);
	}
	return READ_ONCE(link->state) == SMCR_LINK_READY ? 0 : -EIO;
}

/* post one request and wait until it and all before it are done */
static int post_and_wait(struct smcr_link *link, struct ib_send_wr *wr,
			 bool is_long)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct smcr_tx_record rec = { .waiter = &done, .is_long = is_long };
	int ret;

	spin_lock_bh(&link->tx_lock);
	if (link->state != SMCR_LINK_READY)
		ret = -EIO;
	else if (!has_room_locked(link, 1, SMCR_LINK_LLC_RESERVE / 2))
		ret = -EAGAIN;
	else
		ret = post_locked(link, wr, wr, 1, &rec);
	if (!ret && is_long)
		WRITE_ONCE(link->is_long_busy, true);
	spin_unlock_bh(&link->tx_lock);
	fail_if_broken(link, ret);
	if (ret)
		return ret;
	return wait_for_record(link, &done, POST_TIMEOUT);
}

/* a full queue is nobody's fault and drains */
static int post_patiently(struct smcr_link *link, struct ib_send_wr *wr,
			  bool is_long)
{
	int ret = -EAGAIN;
	int tries;

	for (tries = SMCR_LINK_FULL_TRIES; tries; tries--) {
		ret = post_and_wait(link, wr, is_long);
		if (ret != -EAGAIN)
			break;
		usleep_range(1000, 2000);
	}
	return ret;
}

/**
 * smcr_link_send_llc_wait() - send an LLC message and wait until it has left
 * @link: the link
 * @msg: the message
 * @timeo: jiffies to wait at most
 *
 * Context: process, sleeps.
 * Return: 0 or -EIO.
 */
int smcr_link_send_llc_wait(struct smcr_link *link, const struct smcr_llc *msg,
			    long timeo)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct smcr_tx_record rec = { .waiter = &done };
	int ret = post_llc(link, msg, &rec);

	fail_if_broken(link, ret);
	if (ret)
		return -EIO;
	return wait_for_record(link, &done, timeo);
}

static int get_long_tx(struct smcr_link *link)
{
	struct ib_device *ib = link->port.dev->ib;
	u64 dma;

	if (link->long_tx)
		return 0;
	link->long_tx = kzalloc(SMCR_LLC_MAX_LEN, GFP_KERNEL);
	if (!link->long_tx)
		return -ENOMEM;
	dma = ib_dma_map_single(ib, link->long_tx, SMCR_LLC_MAX_LEN,
				DMA_TO_DEVICE);
	if (!ib_dma_mapping_error(ib, dma)) {
		link->long_tx_dma = dma;
		return 0;
	}
	kfree(link->long_tx);
	link->long_tx = NULL;
	return -ENOMEM;
}

/**
 * smcr_link_send_long() - send an LLC message of any length
 * @link: the link
 * @msg: the message
 *
 * Waits until it has left, as there is one buffer for these. If it does not in
 * time, others are -EBUSY until it has.
 *
 * Context: process, sleeps; from the work item for links alone.
 * Return: 0 or a negative errno.
 */
int smcr_link_send_long(struct smcr_link *link, const struct smcr_llc *msg)
{
	struct ib_send_wr wr;
	struct ib_sge sge;
	int ret = get_long_tx(link);

	if (ret)
		return ret;
	if (READ_ONCE(link->is_long_busy))
		return -EBUSY;
	ret = smcr_llc_encode(msg, link->long_tx, SMCR_LLC_MAX_LEN);
	if (WARN_ON_ONCE(ret < 0))
		return ret;
	wr = make_send(link, &sge, link->long_tx_dma, ret);
	return post_patiently(link, &wr, true);
}

/**
 * smcr_link_register() - let the device use memory
 * @link: ready
 * @mr: maps the memory
 * @access: IB_ACCESS_LOCAL_WRITE ...
 *
 * Context: process, sleeps.
 * Return: 0, or -EIO; the link may be torn down then.
 */
int smcr_link_register(struct smcr_link *link, struct ib_mr *mr, int access)
{
	struct ib_reg_wr reg = {
		.wr.wr_cqe = &link->cqe,
		.wr.opcode = IB_WR_REG_MR,
		.mr = mr,
		.key = mr->rkey,
		.access = access,
	};
	int ret = post_patiently(link, &reg.wr, false);

	if (ret && ret != -EAGAIN)
		smcr_group_lose_link(link, SMCR_LLC_REASON_LOST_PATH, false);
	return ret ? -EIO : 0;
}

/* -- completions of sends ------------------------------------------------ */

static void on_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	struct smcr_link *link = cq->cq_context;
	struct smcr_tx_record rec = {};
	bool has_waiters;

	if (wc->status != IB_WC_SUCCESS) {
		smcr_link_fail(link);
		return;
	}
	/* who closes the link waits until what was taken out here is settled */
	rcu_read_lock();
	WRITE_ONCE(link->last_rx, jiffies);
	spin_lock_bh(&link->tx_lock);
	/* a closed link has no records left */
	if (link->state == SMCR_LINK_READY) {
		rec = pop_record_locked(link);
		smcr_bundle_sent_locked(link);
	}
	has_waiters = !list_empty(&link->waiters);
	spin_unlock_bh(&link->tx_lock);
	settle_record(&rec);
	if (has_waiters)
		serve_waiters(link);
	rcu_read_unlock();
}

/* -- beginning and end ---------------------------------------------------- */

/**
 * smcr_link_init_wr() - get ready for work requests
 * @link: as it was before its first use, but for tx_lock and list
 *
 * Context: process.
 */
void smcr_link_init_wr(struct smcr_link *link)
{
	link->cqe.done = on_sent;
	link->sq_free = link->sq_depth;
	WRITE_ONCE(link->last_rx, jiffies);
}

/**
 * smcr_link_open() - the queue pair can send
 * @link: not opened before
 *
 * Who wanted to send already has its turn.
 *
 * Context: process; takes link->tx_lock.
 * Return: 0, or -EPIPE if the link was closed meanwhile.
 */
int smcr_link_open(struct smcr_link *link)
{
	int ret = 0;

	spin_lock_bh(&link->tx_lock);
	if (link->state == SMCR_LINK_NEW)
		WRITE_ONCE(link->state, SMCR_LINK_READY);
	else
		ret = -EPIPE;
	spin_unlock_bh(&link->tx_lock);
	rcu_read_lock();
	local_bh_disable();
	serve_waiters(link);
	local_bh_enable();
	rcu_read_unlock();
	return ret;
}

/* what will never complete any more */
static void purge_records(struct smcr_link *link)
{
	struct smcr_tx_record rec;
	struct smcr_rdma_path *rp, *next;
	u64 bundle_done;
	LIST_HEAD(waiters);

	spin_lock_bh(&link->tx_lock);
	bundle_done = link->bundle_done;
	list_splice_init(&link->waiters, &waiters);
	list_for_each_entry_safe(rp, next, &waiters, wait_node) {
		list_del_init(&rp->wait_node);
		smcr_path_put(rp->path);
	}
	while (link->rec_tail != link->rec_head) {
		rec = pop_record_locked(link);
		if (rec.waiter)
			complete(rec.waiter);
		if (rec.path)
			smcr_path_put(rec.path);
	}
	/* these did not complete */
	link->bundle_done = bundle_done;
	spin_unlock_bh(&link->tx_lock);
}

/**
 * smcr_link_close() - nothing is sent any more
 * @link: the link
 *
 * Who waits for a completion does not get it, but an end of waiting.
 *
 * Context: any; takes link->tx_lock.
 */
void smcr_link_close(struct smcr_link *link)
{
	spin_lock_bh(&link->tx_lock);
	WRITE_ONCE(link->state, SMCR_LINK_CLOSED);
	spin_unlock_bh(&link->tx_lock);
	purge_records(link);
}
