// SPDX-License-Identifier: GPL-2.0
/*
 * LLC messages of a link group (wire.md section 6).
 *
 * What the peer asks for is answered from the receive completion, as no
 * answer needs to sleep. Of our own exchanges there is one at a time; who
 * starts it says beforehand what it waits for.
 */
#include "rdma.h"

#include <linux/delay.h>
#include <linux/slab.h>

/**
 * smcr_llc_init_flow() - initialise
 * @flow: zeroed
 */
void smcr_llc_init_flow(struct smcr_llc_flow *flow)
{
	mutex_init(&flow->lock);
	spin_lock_init(&flow->spin);
	init_completion(&flow->done);
}

/**
 * smcr_llc_expect() - announce what will be waited for
 * @group: its flow lock is held, or nobody else can use the group yet
 * @type: enum smcr_llc_type
 * @is_response: wait for a response, not for a request
 *
 * Context: process.
 */
void smcr_llc_expect(struct smcr_group *group, u8 type, bool is_response)
{
	struct smcr_llc_flow *flow = &group->flow;

	spin_lock_bh(&flow->spin);
	reinit_completion(&flow->done);
	flow->type = type;
	flow->is_response = is_response;
	flow->has_got = false;
	spin_unlock_bh(&flow->spin);
}

/**
 * smcr_llc_wait() - wait for what was announced
 * @group: the group
 * @timeo: jiffies to wait at most
 *
 * Context: process, sleeps.
 * Return: true if the message came; it is in group->flow.got then.
 */
bool smcr_llc_wait(struct smcr_group *group, long timeo)
{
	struct smcr_llc_flow *flow = &group->flow;
	bool has_got;

	if (READ_ONCE(group->state) != SMCR_GROUP_DEAD)
		wait_for_completion_timeout(&flow->done, timeo);
	spin_lock_bh(&flow->spin);
	flow->type = 0;
	has_got = flow->has_got;
	spin_unlock_bh(&flow->spin);
	return has_got;
}

/**
 * smcr_llc_abort() - nothing will come any more
 * @group: dead
 *
 * Context: process.
 */
void smcr_llc_abort(struct smcr_group *group)
{
	complete_all(&group->flow.done);
}

static bool is_awaited(const struct smcr_llc_flow *flow,
		       const struct smcr_llc *msg)
{
	if (flow->type != msg->type || flow->is_response != msg->is_response)
		return false;
	return msg->type != SMCR_LLC_CONFIRM_RKEY ||
	       msg->u.confirm_rkey.rtoken[0].rkey == flow->rkey;
}

static void deliver(struct smcr_group *group, const struct smcr_llc *msg)
{
	struct smcr_llc_flow *flow = &group->flow;

	spin_lock_bh(&flow->spin);
	/* duplicates and what nobody waits for is dropped (wire.md 6.11) */
	if (is_awaited(flow, msg)) {
		if (msg->type == SMCR_LLC_CONFIRM_LINK)
			flow->got.confirm_link = msg->u.confirm_link;
		else if (msg->type == SMCR_LLC_CONFIRM_RKEY)
			flow->got.is_negative = msg->u.confirm_rkey.is_negative;
		else if (msg->type == SMCR_LLC_DELETE_RKEY)
			flow->got.is_negative = msg->u.delete_rkey.is_negative;
		flow->has_got = true;
		flow->type = 0;
		complete(&flow->done);
	}
	spin_unlock_bh(&flow->spin);
}

static void respond(struct smcr_group *group, struct smcr_llc *msg)
{
	msg->is_response = true;
	smcr_link_send_llc(&group->link, msg);
}

/* with one link there is nothing to note: CLC names the key to use */
static void answer_confirm_rkey(struct smcr_group *group, struct smcr_llc *msg)
{
	if (msg->u.confirm_rkey.announced) {
		/* no other links here that the keys could be for */
		msg->u.confirm_rkey.is_negative = true;
		msg->u.confirm_rkey.is_retry = true;
	}
	respond(group, msg);
}

static void answer_delete_rkey(struct smcr_group *group, struct smcr_llc *msg)
{
	msg->u.delete_rkey.is_negative = false;
	msg->u.delete_rkey.error_mask = 0;
	/* the keys are not echoed in version 2, so that 44 bytes do */
	if (msg->version > 1)
		memset(msg->u.delete_rkey.rkey, 0,
		       sizeof(msg->u.delete_rkey.rkey));
	respond(group, msg);
}

/* there is no second path (wire.md 6.3) */
static void refuse_add_link(struct smcr_group *group, struct smcr_llc *msg)
{
	if (group->role != SMCR_CLIENT)
		return;
	msg->u.add_link.is_rejected = true;
	msg->u.add_link.reject_reason = SMCR_LLC_REJECT_NO_ALT_PATH;
	msg->u.add_link.rtoken_count = 0;
	respond(group, msg);
}

/* the client has found another device; we have no use for it */
static void refuse_req_add_link(struct smcr_group *group, struct smcr_llc *msg)
{
	msg->u.req_add_link.gid_count = 0;
	respond(group, msg);
}

/*
 * A server repeats what its client asks for, as it is the one to delete; a
 * client answers, but not if all links go (wire.md 6.12).
 */
static void repeat_or_respond(struct smcr_group *group, struct smcr_llc *msg,
			      enum smcr_llc_reason reason)
{
	if (group->role == SMCR_SERVER) {
		smcr_link_send_llc(&group->link, msg);
		return;
	}
	if (msg->u.delete_link.is_all)
		return;
	msg->u.delete_link.reason = reason;
	respond(group, msg);
}

static void answer_delete_link(struct smcr_group *group, struct smcr_llc *msg)
{
	struct smcr_llc_delete_link *del = &msg->u.delete_link;

	/* both sides may say so at a time, and once more */
	if (READ_ONCE(group->state) == SMCR_GROUP_DEAD)
		return;
	if (del->is_all) {
		del->is_orderly = true;
		repeat_or_respond(group, msg, SMCR_LLC_REASON_OK);
		smcr_group_kill(group, SMCR_LLC_REASON_PROGRAM);
	} else if (del->link_num == group->link.num) {
		repeat_or_respond(group, msg, SMCR_LLC_REASON_OK);
		smcr_group_kill(group, SMCR_LLC_REASON_LOST_PATH);
	} else if (group->role == SMCR_CLIENT) {
		repeat_or_respond(group, msg, SMCR_LLC_REASON_UNKNOWN_LINK);
	}
}

static void on_request(struct smcr_group *group, struct smcr_llc *msg)
{
	switch (msg->type) {
	case SMCR_LLC_CONFIRM_LINK:
		deliver(group, msg);
		break;
	case SMCR_LLC_ADD_LINK:
		refuse_add_link(group, msg);
		break;
	case SMCR_LLC_DELETE_LINK:
		answer_delete_link(group, msg);
		break;
	case SMCR_LLC_REQ_ADD_LINK:
		refuse_req_add_link(group, msg);
		break;
	case SMCR_LLC_CONFIRM_RKEY:
		answer_confirm_rkey(group, msg);
		break;
	case SMCR_LLC_DELETE_RKEY:
		answer_delete_rkey(group, msg);
		break;
	case SMCR_LLC_TEST_LINK:
		respond(group, msg);
		break;
	default:
		break;
	}
}

/**
 * smcr_llc_rx() - an LLC message came
 * @group: the group
 * @buf: the message
 * @len: its length in bytes, from the completion
 *
 * Context: softirq, from the one receive completion queue of the group.
 */
void smcr_llc_rx(struct smcr_group *group, const u8 *buf, u32 len)
{
	struct smcr_llc *msg = group->rx_llc;

	if (smcr_llc_decode(buf, len, msg))
		return;
	if (msg->is_response)
		deliver(group, msg);
	else
		on_request(group, msg);
}

/* too large for the stack */
static struct smcr_llc *alloc_msg(const struct smcr_group *group,
				  enum smcr_llc_type type)
{
	struct smcr_llc *msg = kzalloc(sizeof(*msg), GFP_KERNEL);

	if (!msg)
		return NULL;
	msg->version = group->peer.version;
	msg->type = type;
	return msg;
}

/**
 * smcr_llc_send_confirm_link() - CONFIRM LINK (wire.md 6.2)
 * @group: the group
 * @is_response: answer the server's request
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int smcr_llc_send_confirm_link(struct smcr_group *group, bool is_response)
{
	const struct smcr_link *link = &group->link;
	struct smcr_llc *msg = alloc_msg(group, SMCR_LLC_CONFIRM_LINK);
	struct smcr_llc_confirm_link *cl;
	int ret;

	if (!msg)
		return -ENOMEM;
	msg->is_response = is_response;
	cl = &msg->u.confirm_link;
	memcpy(cl->mac, link->port.mac, SMCR_MAC_LEN);
	memcpy(cl->gid, link->port.gid, SMCR_GID_LEN);
	cl->qpn = link->qp->qp_num;
	cl->link_num = link->num;
	memcpy(cl->link_uid, link->uid, sizeof(cl->link_uid));
	cl->max_links = group->release ? group->max_links : 2;
	cl->max_conns = group->release ? group->max_conns : 0;
	cl->no_eyecatcher = true;
	ret = smcr_link_send_llc(&group->link, msg);
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_add_no_link() - the ADD LINK that a client waits for
 * @group: its first contact is over; server
 *
 * A client that was granted two links waits for this message, for 3 s if need
 * be (wire.md 6.10), and we have no second path. An MTU code of 0 makes
 * clients refuse (6.3); whatever they answer changes nothing.
 *
 * Context: process.
 */
void smcr_llc_add_no_link(struct smcr_group *group)
{
	const struct smcr_link *link = &group->link;
	struct smcr_llc *msg = alloc_msg(group, SMCR_LLC_ADD_LINK);
	struct smcr_llc_add_link *add;

	if (!msg)
		return;
	add = &msg->u.add_link;
	memcpy(add->mac, link->port.mac, SMCR_MAC_LEN);
	memcpy(add->gid, link->port.gid, SMCR_GID_LEN);
	memcpy(add->target_gid, link->port.gid, SMCR_GID_LEN);
	add->link_num = link->num + 1;
	add->is_direct = true;
	smcr_link_send_llc(&group->link, msg);
	kfree(msg);
}

/* the send queue may be full of data for a moment */
static int send_patiently(struct smcr_group *group, const struct smcr_llc *msg)
{
	int tries = SMCR_LINK_FULL_TRIES;
	int ret;

	while ((ret = smcr_link_send_llc(&group->link, msg)) == -EAGAIN &&
	       --tries)
		usleep_range(1000, 2000);
	return ret;
}

/*
 * Exchanges of keys, one at a time (wire.md 6.11). When the peer does not
 * answer one, those who wait for their turn would only find out the same, one
 * after another: they fail with it. Returns -EPROTO if it refuses, -ETIMEDOUT
 * if it does not answer.
 */
static int exchange_rkey(struct smcr_group *group, const struct smcr_llc *msg,
			 u32 rkey)
{
	struct smcr_llc_flow *flow = &group->flow;
	unsigned long deadline = jiffies + SMCR_LLC_TURN_TIMEOUT;
	u32 misses = READ_ONCE(flow->misses);
	int ret = -EIO;

	mutex_lock(&flow->lock);
	if (flow->misses != misses || time_after(jiffies, deadline))
		goto unlock;
	flow->rkey = rkey;
	smcr_llc_expect(group, msg->type, true);
	ret = send_patiently(group, msg);
	if (ret)
		goto unlock;
	if (smcr_llc_wait(group, SMCR_LLC_RKEY_TIMEOUT)) {
		ret = flow->got.is_negative ? -EPROTO : 0;
	} else {
		WRITE_ONCE(flow->misses, misses + 1);
		ret = -ETIMEDOUT;
	}
unlock:
	mutex_unlock(&flow->lock);
	return ret;
}

/**
 * smcr_llc_confirm_rkey() - tell the peer about a ring (wire.md 6.7)
 * @group: active
 * @buf: registered receive ring
 *
 * Context: process, sleeps; takes the flow lock.
 * Return: 0, -EPROTO when the peer refuses, or what else went wrong.
 */
int smcr_llc_confirm_rkey(struct smcr_group *group, struct smcr_buf *buf)
{
	struct smcr_llc *msg;
	int ret;

	if (buf->is_known)
		return 0;
	msg = alloc_msg(group, SMCR_LLC_CONFIRM_RKEY);
	if (!msg)
		return -ENOMEM;
	msg->u.confirm_rkey.count = 1;
	msg->u.confirm_rkey.rtoken[0].rkey = buf->mr->rkey;
	msg->u.confirm_rkey.rtoken[0].vaddr = buf->mr->iova;
	ret = exchange_rkey(group, msg, buf->mr->rkey);
	kfree(msg);
	buf->is_known = !ret;
	return ret;
}

/**
 * smcr_llc_delete_rkey() - tell the peer that a ring goes (wire.md 6.8)
 * @group: active
 * @buf: registered receive ring that no connection uses
 *
 * A peer that does not know the ring has nothing to forget.
 *
 * Context: process, sleeps; takes the flow lock.
 * Return: 0, -ETIMEDOUT when the peer does not answer; another negative errno
 * when it was not told.
 */
int smcr_llc_delete_rkey(struct smcr_group *group, const struct smcr_buf *buf)
{
	struct smcr_llc *msg = alloc_msg(group, SMCR_LLC_DELETE_RKEY);
	int ret;

	if (!msg)
		return -ENOMEM;
	msg->u.delete_rkey.count = 1;
	msg->u.delete_rkey.rkey[0] = buf->mr->rkey;
	ret = exchange_rkey(group, msg, buf->mr->rkey);
	kfree(msg);
	return ret == -EPROTO ? 0 : ret;
}

/**
 * smcr_llc_test_link() - is the peer still there? (wire.md 6.9)
 * @group: active
 * @timeo: jiffies to wait for the answer
 *
 * Context: process, sleeps; takes the flow lock.
 * Return: 0, -EIO when there is no answer.
 */
int smcr_llc_test_link(struct smcr_group *group, long timeo)
{
	struct smcr_llc *msg = alloc_msg(group, SMCR_LLC_TEST_LINK);
	int ret = -EIO;

	/* that says nothing of the peer */
	if (!msg)
		return 0;
	mutex_lock(&group->flow.lock);
	smcr_llc_expect(group, SMCR_LLC_TEST_LINK, true);
	if (!send_patiently(group, msg) &&
	    smcr_llc_wait(group, timeo))
		ret = 0;
	mutex_unlock(&group->flow.lock);
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_flush() - wait until all that was sent before has arrived
 * @group: active
 *
 * A TEST LINK, whose answer nobody waits for: requests complete in order.
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, or -EIO.
 */
int smcr_llc_flush(struct smcr_group *group)
{
	static const long patience = HZ / 2;
	struct smcr_llc *msg = alloc_msg(group, SMCR_LLC_TEST_LINK);
	int ret;

	if (!msg)
		return -ENOMEM;
	ret = smcr_link_send_llc_wait(&group->link, msg, patience);
	kfree(msg);
	return ret;
}

/**
 * smcr_llc_send_delete_all() - tell the peer that the group ends
 * @group: dying; its link may be closed already
 * @reason: for the message (wire.md 6.5)
 *
 * Waits a little until the message has left: the queue pair goes next.
 *
 * Context: process, sleeps.
 */
void smcr_llc_send_delete_all(struct smcr_group *group,
			      enum smcr_llc_reason reason)
{
	/* there may be much data before it; who is lost gets less time */
	long patience = reason == SMCR_LLC_REASON_LOST_PATH ? HZ / 2 : 2 * HZ;
	struct smcr_llc *msg = alloc_msg(group, SMCR_LLC_DELETE_LINK);

	if (!msg)
		return;
	msg->u.delete_link.is_all = true;
	msg->u.delete_link.is_orderly = group->is_idle;
	msg->u.delete_link.reason = reason;
	smcr_link_send_llc_wait(&group->link, msg, patience);
	kfree(msg);
}
