// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a link: one queue pair (wire.md section 5), its queues and
 * buffers. What goes through it is in wr.c.
 */
#include "rdma.h"

#include <linux/random.h>
#include <linux/slab.h>

#include "../wire/bundle.h"
#include "../wire/vendor.h"

/*
 * Local matters (wire.md 5.2): retries half a second apart, as many as can be
 * asked for. Loss of packets uses them up faster than a dead peer does, as
 * each gap counts. Seven mean for ever on soft-RoCE, so that test_work() of
 * the group is what tells a dead peer.
 */
#define ACK_TIMEOUT	17
#define RETRY_COUNT	7
#define RNR_RETRY	7
#define MIN_RNR_TIMER	5
#define ROUTED_HOP_LIMIT	64

static struct ib_qp *try_create_qp(struct smcr_link *link, u32 max_inline)
{
	struct ib_qp_init_attr attr = {
		.send_cq = link->send_cq,
		.recv_cq = link->recv_cq,
		.qp_type = IB_QPT_RC,
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.cap = {
			/* one more each for draining */
			.max_send_wr = link->sq_depth + 1,
			.max_recv_wr = link->rx_depth + 1,
			.max_send_sge = 1,
			.max_recv_sge = 2,
			.max_inline_data = max_inline,
		},
	};
	struct ib_qp *qp = ib_create_qp(link->pd, &attr);

	/* mlx4 takes any number, and says then that it has none */
	link->max_inline = min(max_inline, attr.cap.max_inline_data);
	return qp;
}

static int create_qp(struct smcr_link *link)
{
	/* enough for small requests and answers, for messages, or none */
	static const u32 inline_lens[] = { 128, SMCR_LLC_LEN, 0 };
	size_t i;

	if (link->port.dev->ib->attrs.max_recv_sge < 2)
		return -EOPNOTSUPP;
	for (i = 0; i < ARRAY_SIZE(inline_lens); i++) {
		link->qp = try_create_qp(link, inline_lens[i]);
		if (!IS_ERR(link->qp))
			return 0;
		if (link->qp == ERR_PTR(-ENOMEM))
			break;
	}
	return PTR_ERR(link->qp);
}

static u64 map_array(struct smcr_link *link, void *mem, size_t len,
		     enum dma_data_direction dir)
{
	struct ib_device *ib = link->port.dev->ib;
	u64 dma = ib_dma_map_single(ib, mem, len, dir);

	return ib_dma_mapping_error(ib, dma) ? 0 : dma;
}

static size_t tx_slots_len(const struct smcr_link *link)
{
	return link->sq_depth * SMCR_LINK_TX_SLOT;
}

/* memory for receives comes in pages, or one by one if they are larger */
static u32 slots_in_chunk(const struct smcr_link *link)
{
	return max_t(u32, PAGE_SIZE / link->rx_len, 1);
}

static void free_rx_slots(struct smcr_link *link)
{
	u32 in_chunk = slots_in_chunk(link);
	struct smcr_rx_slot *slot;
	u32 i;

	for (i = 0; link->rx_slots && i < link->rx_depth; i += in_chunk) {
		slot = &link->rx_slots[i];
		if (slot->sge[0].addr)
			ib_dma_unmap_single(link->port.dev->ib,
					    slot->sge[0].addr,
					    in_chunk * link->rx_len,
					    DMA_FROM_DEVICE);
		kfree(slot->data);
	}
	kvfree(link->rx_slots);
}

static int alloc_chunk(struct smcr_link *link, struct smcr_rx_slot *slot)
{
	u32 len = slots_in_chunk(link) * link->rx_len;

	slot->data = kzalloc(len, GFP_KERNEL);
	if (!slot->data)
		return -ENOMEM;
	slot->sge[0].addr = map_array(link, slot->data, len, DMA_FROM_DEVICE);
	return slot->sge[0].addr ? 0 : -ENOMEM;
}

static int alloc_rx_slots(struct smcr_link *link)
{
	u32 in_chunk = slots_in_chunk(link);
	struct smcr_rx_slot *slot;
	u32 i;

	link->rx_slots = kvcalloc(link->rx_depth, sizeof(*slot), GFP_KERNEL);
	if (!link->rx_slots)
		return -ENOMEM;
	for (i = 0; i < link->rx_depth; i++) {
		slot = &link->rx_slots[i];
		if (i % in_chunk) {
			slot->data = slot[-1].data + link->rx_len;
			slot->sge[0].addr = slot[-1].sge[0].addr + link->rx_len;
		} else if (alloc_chunk(link, slot)) {
			return -ENOMEM;
		}
	}
	return 0;
}

static void free_slots(struct smcr_link *link)
{
	struct ib_device *ib = link->port.dev->ib;

	if (link->tx_dma)
		ib_dma_unmap_single(ib, link->tx_dma, tx_slots_len(link),
				    DMA_TO_DEVICE);
	if (link->overflow_dma)
		ib_dma_unmap_single(ib, link->overflow_dma,
				    smcr_link_overflow_len(link), DMA_FROM_DEVICE);
	if (link->long_tx_dma)
		ib_dma_unmap_single(ib, link->long_tx_dma, SMCR_LLC_MAX_LEN,
				    DMA_TO_DEVICE);
	smcr_bundle_free(link);
	free_rx_slots(link);
	kvfree(link->record);
	kfree(link->tx_slots);
	kfree(link->long_msg);
	kfree(link->long_tx);
	kfree(link->rx_llc);
}

static int alloc_overflow(struct smcr_link *link)
{
	u32 len = smcr_link_overflow_len(link);

	if (!len)
		return 0;
	link->long_msg = kzalloc(SMCR_LLC_MAX_LEN, GFP_KERNEL);
	if (!link->long_msg)
		return -ENOMEM;
	link->overflow_dma = map_array(link, link->long_msg + link->rx_len,
				       len, DMA_FROM_DEVICE);
	return link->overflow_dma ? 0 : -ENOMEM;
}

static int alloc_tx_slots(struct smcr_link *link)
{
	link->tx_slots = kzalloc(tx_slots_len(link), GFP_KERNEL);
	link->rx_llc = kzalloc(sizeof(*link->rx_llc), GFP_KERNEL);
	link->record = kvcalloc(link->sq_depth, sizeof(*link->record),
				GFP_KERNEL);
	if (!link->tx_slots || !link->rx_llc || !link->record)
		return -ENOMEM;
	link->tx_dma = map_array(link, link->tx_slots, tx_slots_len(link),
				 DMA_TO_DEVICE);
	return link->tx_dma ? 0 : -ENOMEM;
}

static int alloc_slots(struct smcr_link *link)
{
	bool has_bundles = link->group->extensions & SMCR_VENDOR_BUNDLE;

	link->rx_len = has_bundles ? SMCR_BUNDLE_MAX_LEN : SMCR_LLC_LEN;
	if (!alloc_tx_slots(link) && !alloc_overflow(link) &&
	    !alloc_rx_slots(link) && !smcr_bundle_alloc(link))
		return 0;
	free_slots(link);
	return -ENOMEM;
}

/* what the device can do, with one more for draining, is a limit for both */
static u32 depth(const struct smcr_link *link, u32 wanted, u32 least)
{
	u32 most = max(link->port.dev->ib->attrs.max_qp_wr - 1, 1);

	return min_t(u32, roundup_pow_of_two(max(wanted, least)),
		     rounddown_pow_of_two(most));
}

static int choose_depths(struct smcr_link *link)
{
	const struct smcr_group *group = link->group;
	u32 recv_wr = group->recv_wr;

	/* those that wait to be given back, and 48 for the peer (wire.md 5.3) */
	BUILD_BUG_ON(SMCR_LINK_RQ_MIN - SMCR_LINK_RX_BATCH < 48);
	if (group->extensions & SMCR_VENDOR_BUNDLE)
		recv_wr /= SMCR_LINK_BUNDLE_RX;
	link->sq_depth = depth(link, group->send_wr, SMCR_LINK_SQ_MIN);
	link->rx_depth = depth(link, recv_wr, SMCR_LINK_RQ_MIN);
	return link->sq_depth < SMCR_LINK_SQ_MIN ||
	       link->rx_depth < SMCR_LINK_RQ_MIN ? -EOPNOTSUPP : 0;
}

static int create_queues(struct smcr_link *link)
{
	struct ib_device *ib = link->port.dev->ib;
	int ret;

	link->pd = ib_alloc_pd(ib, 0);
	if (IS_ERR(link->pd))
		return PTR_ERR(link->pd);
	link->send_cq = ib_alloc_cq_any(ib, link, link->sq_depth + 1,
					IB_POLL_SOFTIRQ);
	if (IS_ERR(link->send_cq)) {
		ret = PTR_ERR(link->send_cq);
		goto free_pd;
	}
	link->recv_cq = ib_alloc_cq_any(ib, link, link->rx_depth + 1,
					IB_POLL_SOFTIRQ);
	if (IS_ERR(link->recv_cq)) {
		ret = PTR_ERR(link->recv_cq);
		goto free_send_cq;
	}
	ret = create_qp(link);
	if (!ret)
		return 0;

	ib_free_cq(link->recv_cq);
free_send_cq:
	ib_free_cq(link->send_cq);
free_pd:
	ib_dealloc_pd(link->pd);
	return ret;
}

/* what is left of the slot's former link */
static void reset(struct smcr_link *link)
{
	link->tx_dma = 0;
	link->overflow_dma = 0;
	link->rx_slots = NULL;
	link->rx_chain = NULL;
	link->rx_chain_len = 0;
	link->long_msg = NULL;
	link->long_tx = NULL;
	link->long_tx_dma = 0;
	link->is_long_busy = false;
	spin_lock_bh(&link->tx_lock);
	WRITE_ONCE(link->state, SMCR_LINK_NEW);
	link->sq_unsignaled = 0;
	link->tx_next = 0;
	link->rec_head = 0;
	link->rec_tail = 0;
	link->is_watched = false;
	link->is_shared = false;
	link->bundle_len = 0;
	link->last_small = 0;
	spin_unlock_bh(&link->tx_lock);
}

/**
 * smcr_link_create() - create the queue pair of a link
 * @link: slot of @group, its port set
 * @group: the group
 *
 * The queue pair is in state RESET.
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int smcr_link_create(struct smcr_link *link, struct smcr_group *group)
{
	int ret;

	reset(link);
	ret = choose_depths(link);
	if (ret)
		return ret;
	link->psn = get_random_u32() & 0xffffff;
	smcr_link_init_wr(link);
	smcr_store_be32(link->uid, group->id | (link->slot + 1));
	ret = alloc_slots(link);
	if (ret)
		return ret;
	ret = create_queues(link);
	if (ret)
		free_slots(link);
	/* pairs with has_hw() */
	smp_store_release(&link->has_hw, !ret);
	return ret;
}

/**
 * smcr_link_set_peer() - take over what the peer said of its queue pair
 * @link: in state RESET
 * @peer: from its ACCEPT or CONFIRM
 *
 * Context: process.
 */
void smcr_link_set_peer(struct smcr_link *link,
			const struct smcr_clc_rdma *peer)
{
	memcpy(link->peer_gid, peer->gid, SMCR_GID_LEN);
	memcpy(link->peer_mac, peer->mac, SMCR_MAC_LEN);
	link->peer_qpn = peer->qpn;
	link->peer_psn = peer->psn;
	link->peer_mtu = peer->mtu_code;
}

static int to_init(struct smcr_link *link)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_INIT,
		.pkey_index = 0,
		.port_num = link->port.num,
		.qp_access_flags = IB_ACCESS_LOCAL_WRITE |
				   IB_ACCESS_REMOTE_WRITE,
	};

	return ib_modify_qp(link->qp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX |
			    IB_QP_PORT | IB_QP_ACCESS_FLAGS);
}

/* wire.md 3.4, 5.2 */
static void fill_ah(struct smcr_link *link, struct rdma_ah_attr *ah)
{
	const struct smcr_route *route = &link->route;
	u8 hop_limit = route->has_gateway ? ROUTED_HOP_LIMIT : 1;

	ah->type = RDMA_AH_ATTR_TYPE_ROCE;
	rdma_ah_set_port_num(ah, link->port.num);
	rdma_ah_set_grh(ah, NULL, 0, link->port.sgid_index, hop_limit, 0);
	rdma_ah_set_dgid_raw(ah, link->peer_gid);
	memcpy(ah->roce.dmac, route->has_gateway ? route->mac : link->peer_mac,
	       SMCR_MAC_LEN);
}

/**
 * smcr_link_to_rtr() - make the queue pair ready to receive (wire.md 5)
 * @link: in state RESET, peer set; receives are posted on success
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int smcr_link_to_rtr(struct smcr_link *link)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTR,
		.path_mtu = min_t(u8, link->port.mtu, link->peer_mtu),
		.dest_qp_num = link->peer_qpn,
		.rq_psn = link->peer_psn,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = MIN_RNR_TIMER,
	};
	int ret;

	if (link->peer_mtu < IB_MTU_256 || link->peer_mtu > IB_MTU_4096)
		return -EINVAL;
	ret = to_init(link);
	if (ret)
		return ret;
	fill_ah(link, &attr.ah_attr);
	ret = ib_modify_qp(link->qp, &attr, IB_QP_STATE | IB_QP_AV |
			   IB_QP_PATH_MTU | IB_QP_DEST_QPN | IB_QP_RQ_PSN |
			   IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER);
	if (ret)
		return ret;
	return smcr_link_post_receives(link);
}

/**
 * smcr_link_to_rts() - make the queue pair ready to send (wire.md 5)
 * @link: ready to receive
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int smcr_link_to_rts(struct smcr_link *link)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTS,
		.timeout = ACK_TIMEOUT,
		.retry_cnt = RETRY_COUNT,
		.rnr_retry = RNR_RETRY,
		.sq_psn = link->psn,
		.max_rd_atomic = 1,
	};
	int ret;

	ret = ib_modify_qp(link->qp, &attr, IB_QP_STATE | IB_QP_TIMEOUT |
			   IB_QP_RETRY_CNT | IB_QP_RNR_RETRY | IB_QP_SQ_PSN |
			   IB_QP_MAX_QP_RD_ATOMIC);
	return ret ?: smcr_link_open(link);
}

/**
 * smcr_link_stop() - the queue pair neither sends nor receives any more
 * @link: was ready to send, and is closed
 *
 * Context: process, sleeps; from the work item for links alone.
 */
void smcr_link_stop(struct smcr_link *link)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };

	/* it fails when the device is on its way out, and stops then as well */
	if (link->has_hw)
		ib_modify_qp(link->qp, &attr, IB_QP_STATE);
}

/* a queue pair in RESET cannot go to ERROR, and has nothing to drain */
static bool needs_drain(struct smcr_link *link)
{
	struct ib_qp_init_attr init_attr;
	struct ib_qp_attr attr;

	return !ib_query_qp(link->qp, &attr, IB_QP_STATE, &init_attr) &&
	       attr.qp_state != IB_QPS_RESET;
}

/**
 * smcr_link_destroy() - give the hardware back
 * @link: closed; its buffers are still mapped
 *
 * Nobody else uses the hardware of the link any more.
 *
 * Context: process, sleeps.
 */
void smcr_link_destroy(struct smcr_link *link)
{
	link->has_hw = false;
	smcr_bundle_stop(link);
	if (needs_drain(link))
		ib_drain_qp(link->qp);
	ib_destroy_qp(link->qp);
	ib_free_cq(link->recv_cq);
	ib_free_cq(link->send_cq);
	smcr_buf_unmap_link(link);
	ib_dealloc_pd(link->pd);
	free_slots(link);
}
