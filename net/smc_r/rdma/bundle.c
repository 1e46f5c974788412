// SPDX-License-Identifier: GPL-2.0
/*
 * Bundles: small writes of several connections in one message, an extension
 * between smc_r hosts (Documentation/imm.md).
 *
 * Each message costs both hosts a packet and an acknowledgment. While one of
 * them is under way, what other connections write gathers here; link.c posts
 * it when that one has completed. The data is copied: a connection may use
 * its ring again at once.
 */
#include "rdma.h"

#include <linux/slab.h>

#include "../wire/bundle.h"
#include "../wire/imm.h"

#define MAX_DATA \
	(SMCR_BUNDLE_MAX_LEN - SMCR_BUNDLE_HDR_LEN - SMCR_BUNDLE_ENTRY_LEN)

/**
 * smcr_bundle_alloc() - get the buffers of a link
 * @link: without any
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM; smcr_bundle_free() is due in both cases.
 */
int smcr_bundle_alloc(struct smcr_link *link)
{
	struct ib_device *ib = link->port.dev->ib;
	int i;

	link->bundle_seq = 1;
	link->bundle_done = 1;
	if (!(link->group->extensions & SMCR_VENDOR_BUNDLE))
		return 0;
	for (i = 0; i < SMCR_LINK_BUNDLES; i++) {
		struct smcr_tx_bundle *b = &link->bundle[i];

		b->data = kmalloc(SMCR_BUNDLE_MAX_LEN, GFP_KERNEL);
		if (!b->data)
			return -ENOMEM;
		b->dma = ib_dma_map_single(ib, b->data, SMCR_BUNDLE_MAX_LEN,
					   DMA_TO_DEVICE);
		if (ib_dma_mapping_error(ib, b->dma)) {
			kfree(b->data);
			b->data = NULL;
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * smcr_bundle_free() - give the buffers back
 * @link: its queue pair is gone
 *
 * Context: process.
 */
void smcr_bundle_free(struct smcr_link *link)
{
	struct ib_device *ib = link->port.dev->ib;
	int i;

	for (i = 0; i < SMCR_LINK_BUNDLES; i++) {
		struct smcr_tx_bundle *b = &link->bundle[i];

		if (!b->data)
			continue;
		ib_dma_unmap_single(ib, b->dma, SMCR_BUNDLE_MAX_LEN,
				    DMA_TO_DEVICE);
		kfree(b->data);
		b->data = NULL;
	}
}

/**
 * smcr_bundle_takes() - is this something for a bundle?
 * @link: the link
 * @tx: what to send
 *
 * Context: any.
 * Return: true if it is small and the peer understands bundles.
 */
bool smcr_bundle_takes(const struct smcr_link *link, const struct smcr_tx *tx)
{
	return (link->group->extensions & SMCR_VENDOR_BUNDLE) &&
	       tx->is_plain && tx->len <= MAX_DATA;
}

static bool is_buffer_free_locked(const struct smcr_link *link)
{
	return link->bundle_seq - link->bundle_done < SMCR_LINK_BUNDLES;
}

static u32 room_locked(const struct smcr_link *link)
{
	if (!is_buffer_free_locked(link))
		return 0;
	return link->bundle_len ? SMCR_BUNDLE_MAX_LEN - link->bundle_len :
				  SMCR_BUNDLE_MAX_LEN - SMCR_BUNDLE_HDR_LEN;
}

/**
 * smcr_bundle_gather_locked() - add a write to the bundle that is being filled
 * @link: link->tx_lock held; a clock is under way
 * @rp: the connection
 * @tx: smcr_bundle_takes() it
 *
 * Context: any, bottom halves disabled.
 * Return: false if there is no room.
 */
bool smcr_bundle_gather_locked(struct smcr_link *link,
			       struct smcr_rdma_path *rp,
			       const struct smcr_tx *tx)
{
	u32 i = link->bundle_seq % SMCR_LINK_BUNDLES;
	bool is_blocked = tx->msg.prod_flags & SMCR_CDC_WRITE_BLOCKED;
	u8 *buf = link->bundle[i].data;
	u32 at;

	lockdep_assert_held(&link->tx_lock);
	if (room_locked(link) < SMCR_BUNDLE_ENTRY_LEN + tx->len)
		return false;
	at = smcr_bundle_add_entry(buf, link->bundle_len,
				   smcr_imm_make(rp->peer_token, is_blocked,
						 tx->len));
	for (i = 0; i < tx->spans; i++) {
		memcpy(buf + at, rp->tx->mem + tx->span[i].src,
		       tx->span[i].len);
		at += tx->span[i].len;
	}
	link->bundle_len = at;
	rp->bundle_seq = link->bundle_seq;
	return true;
}

/**
 * smcr_bundle_has_locked() - must the bundle go before what comes now?
 * @link: link->tx_lock held
 * @rp: the connection that has something to send
 *
 * Context: any.
 * Return: true if it has data of this connection.
 */
bool smcr_bundle_has_locked(const struct smcr_link *link,
			    const struct smcr_rdma_path *rp)
{
	lockdep_assert_held(&link->tx_lock);
	return link->bundle_len && rp->bundle_seq == link->bundle_seq;
}

/**
 * smcr_bundle_rx() - a bundle came
 * @link: bundles are agreed on
 * @buf: the message, validated
 * @len: its length in bytes
 *
 * Context: softirq, from the one receive completion queue of the group.
 */
void smcr_bundle_rx(struct smcr_link *link, const u8 *buf, u32 len)
{
	struct smcr_bundle_entry entry;
	struct smcr_path *path;
	u32 pos = 0;

	rcu_read_lock();
	while (smcr_bundle_next(buf, len, &pos, &entry)) {
		path = smcr_group_find_slot(link->group,
					    smcr_imm_slot(entry.imm));
		if (path)
			path->events->rx_plain(path, buf + entry.at, entry.len,
					       smcr_imm_is_blocked(entry.imm));
	}
	rcu_read_unlock();
}
