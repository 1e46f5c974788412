// SPDX-License-Identifier: GPL-2.0
/*
 * Bundles: small writes of several connections in one message, an extension
 * between smc_r hosts (Documentation/imm.md).
 *
 * Each message costs both hosts a packet and an acknowledgment. Those who serve
 * many connections write to many of them before they sleep: that gathers here
 * and leaves when a thread of the lowest priority gets a CPU, or a timer has
 * seen enough of it. The data is copied: a connection may use its ring again at
 * once.
 */
#include "rdma.h"

#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../compat/compat.h"
#include "../wire/bundle.h"
#include "../wire/imm.h"

/* more is not worth the copying, as too few would share the message */
#define MAX_DATA	(SMCR_BUNDLE_MAX_LEN / 2)

/* jiffies until a bundle leaves although no CPU has been idle */
#define MAX_DELAY	2

/* posts the bundles of all links */
static struct kthread_worker *worker;

static bool is_small(const struct smcr_link *link, const struct smcr_tx *tx)
{
	return (link->group->extensions & SMCR_VENDOR_BUNDLE) &&
	       tx->is_plain && tx->len <= MAX_DATA;
}

/*
 * Small writes of two connections that the peer did not react to in between:
 * more of them follow.
 */
static bool is_shared_locked(struct smcr_link *link, u32 token)
{
	u32 last = READ_ONCE(link->last_small);

	WRITE_ONCE(link->last_small, token);
	if (last && last != token)
		link->is_shared = true;
	return link->is_shared;
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

/* the timer may be that of a bundle before: this one leaves a bit earlier then */
static void expect_post_locked(struct smcr_link *link)
{
	kthread_queue_work(worker, &link->bundle_work);
	if (!timer_pending(&link->bundle_timer))
		mod_timer(&link->bundle_timer, jiffies + MAX_DELAY);
}

static bool add_locked(struct smcr_link *link, struct smcr_rdma_path *rp,
		       const struct smcr_tx *tx)
{
	u32 i = link->bundle_seq % SMCR_LINK_BUNDLES;
	bool is_blocked = tx->msg.prod_flags & SMCR_CDC_WRITE_BLOCKED;
	u8 *buf = link->bundle[i].data;
	u32 at;

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
	if (!link->bundle_len) {
		link->bundle_token = rp->peer_token;
		expect_post_locked(link);
	} else if (link->bundle_token != rp->peer_token) {
		link->bundle_token = 0;
	}
	link->bundle_len = at;
	rp->bundle_seq = link->bundle_seq;
	return true;
}

/**
 * smcr_bundle_gather_locked() - let a write wait for others
 * @link: ready, link->tx_lock held
 * @rp: the connection
 * @tx: what to send; marked as done if it was the only thing under way
 *
 * Context: any, bottom halves disabled.
 * Return: false if it has to be sent by itself.
 */
bool smcr_bundle_gather_locked(struct smcr_link *link,
			       struct smcr_rdma_path *rp, struct smcr_tx *tx)
{
	bool can_move = smcr_group_can_move(link->group);

	lockdep_assert_held(&link->tx_lock);
	/* lost, but not closed yet: its connections are about to move */
	can_move |= !READ_ONCE(link->is_up);
	if (!is_small(link, tx) || !is_shared_locked(link, rp->peer_token))
		return false;
	/* what may have to be sent again stays in the ring, see imm.md */
	if (tx->want_done && (!tx->is_only || can_move))
		return false;
	/* if it is full, a buffer may be free for the next one */
	if (!add_locked(link, rp, tx) &&
	    (!smcr_link_has_room_locked(link) ||
	     smcr_bundle_post_locked(link) || !add_locked(link, rp, tx)))
		return false;
	if (tx->is_only && !can_move) {
		tx->is_done = true;
		rp->copied_seq = rp->bundle_seq;
	}
	return true;
}

/**
 * smcr_bundle_post_locked() - send what has gathered, if anything
 * @link: ready, with room in its send queue; link->tx_lock held
 *
 * Context: any, bottom halves disabled.
 * Return: 0, or -EPIPE if the link is lost.
 */
int smcr_bundle_post_locked(struct smcr_link *link)
{
	struct smcr_tx_bundle *b =
		&link->bundle[link->bundle_seq % SMCR_LINK_BUNDLES];
	u32 len = link->bundle_len;

	lockdep_assert_held(&link->tx_lock);
	if (!len)
		return 0;
	smcr_bundle_finish(b->data, len);
	/* who writes alone need not wait the next time */
	link->is_shared = !link->bundle_token;
	if (!link->is_shared)
		WRITE_ONCE(link->last_small, 0);
	link->bundle_len = 0;
	link->bundle_seq++;
	return smcr_link_post_bundle_locked(link, b->dma, len);
}

static void post_gathered(struct smcr_link *link)
{
	int ret = 0;

	spin_lock_bh(&link->tx_lock);
	/* without room, the next completion asks again */
	if (link->state == SMCR_LINK_READY && smcr_link_has_room_locked(link))
		ret = smcr_bundle_post_locked(link);
	spin_unlock_bh(&link->tx_lock);
	if (ret)
		smcr_link_fail(link);
}

static void bundle_work(struct kthread_work *work)
{
	post_gathered(container_of(work, struct smcr_link, bundle_work));
}

static void bundle_expired(struct timer_list *timer)
{
	post_gathered(container_of(timer, struct smcr_link, bundle_timer));
}

/**
 * smcr_bundle_sent_locked() - there is room in the send queue again
 * @link: ready, link->tx_lock held
 *
 * Context: any, bottom halves disabled.
 */
void smcr_bundle_sent_locked(struct smcr_link *link)
{
	lockdep_assert_held(&link->tx_lock);
	if (link->bundle_len)
		expect_post_locked(link);
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
 * smcr_bundle_may_be_lost() - is data gone with the link?
 * @link: lost
 * @rp: one of its connections
 *
 * Context: any; takes link->tx_lock.
 * Return: true if data of the connection was copied to a bundle, is not in
 * its ring any more, and may not have arrived.
 */
bool smcr_bundle_may_be_lost(struct smcr_link *link,
			     const struct smcr_rdma_path *rp)
{
	bool may_be_lost;

	spin_lock_bh(&link->tx_lock);
	may_be_lost = rp->copied_seq >= link->bundle_done;
	spin_unlock_bh(&link->tx_lock);
	return may_be_lost;
}

/**
 * smcr_bundle_rx() - a bundle came
 * @link: bundles are agreed on
 * @buf: the message, validated
 * @len: its length in bytes
 *
 * Context: softirq, from the receive completion queue of the link.
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
					       smcr_imm_is_blocked(entry.imm),
					       link);
	}
	rcu_read_unlock();
}

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

	kthread_init_work(&link->bundle_work, bundle_work);
	timer_setup(&link->bundle_timer, bundle_expired, 0);
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
 * smcr_bundle_stop() - nothing is posted any more
 * @link: closed, so that nothing gathers
 *
 * Context: process, sleeps.
 */
void smcr_bundle_stop(struct smcr_link *link)
{
	timer_delete_sync(&link->bundle_timer);
	kthread_cancel_work_sync(&link->bundle_work);
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
 * smcr_bundle_init() - start the thread that posts bundles
 *
 * Its priority is the lowest, so that it runs when those who write have
 * nothing more to do.
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_bundle_init(void)
{
	worker = kthread_run_worker(0, "smcr_bundle");
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	set_user_nice(worker->task, MAX_NICE);
	return 0;
}

/**
 * smcr_bundle_exit() - stop the thread
 *
 * Context: module exit; there are no links any more.
 */
void smcr_bundle_exit(void)
{
	kthread_destroy_worker(worker);
}
