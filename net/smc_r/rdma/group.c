// SPDX-License-Identifier: GPL-2.0
/*
 * Link groups (wire.md section 4): finding and creating them, which
 * connections they have, and their end.
 *
 * When several connections to a new peer start at once, the first one
 * creates the group and the others wait for that group alone; nothing is
 * locked while waiting for a peer.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "rdma.h"

#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../base/sysctl.h"
#include "../base/trace.h"
#include "../compat/compat.h"

/* slots that a group may lose before it takes no more connections */
#define MAX_LOST	64

/*
 * A client may call itself another peer each time, and a server may say that
 * each contact is the first: each time there is a new group. Those that one
 * address may have in a namespace as our client, and as our server; those of a
 * namespace in each role, so that it leaves some to others; all of the host.
 */
#define MAX_OF_PEER	64
#define MAX_OF_NET	4096
#define MAX_GROUPS	16384

/*
 * guards the list, and of each group on it state, reserved, and which links
 * there are and are up; leaf
 */
static DEFINE_SPINLOCK(groups_lock);
static LIST_HEAD(groups);
static u32 last_id;
/* groups whose memory is not yet freed, for module exit */
static atomic_t live_groups = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(live_wait);
static struct workqueue_struct *group_wq;
/* of its own: many peers may be gone at once, and each is waited for */
static struct workqueue_struct *test_wq;

/**
 * smcr_group_get() - take a reference
 * @group: referenced already
 *
 * Context: any.
 */
void smcr_group_get(struct smcr_group *group)
{
	refcount_inc(&group->refs);
}

static void release_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(work, struct smcr_group,
						kill_work);

	smcr_buf_free_all(group);
	kvfree(group);
	if (atomic_dec_and_test(&live_groups))
		wake_up(&live_wait);
}

/**
 * smcr_group_put() - drop a reference
 * @group: may be gone afterwards
 *
 * Context: any; the memory is freed by a work item.
 */
void smcr_group_put(struct smcr_group *group)
{
	if (!refcount_dec_and_test(&group->refs))
		return;
	/* the teardown had a reference, so its work is done */
	INIT_WORK(&group->kill_work, release_work);
	queue_work(group_wq, &group->kill_work);
}

static void tell_dead(struct smcr_group *group)
{
	struct smcr_path *path;
	int i;

	/* pairs with the barrier in smcr_group_attach() */
	smp_mb();
	for (i = 1; i <= SMCR_GROUP_MAX_CONNS; i++) {
		rcu_read_lock();
		local_bh_disable();
		path = rcu_dereference(group->slot[i]);
		if (path)
			path->events->dead(path);
		local_bh_enable();
		rcu_read_unlock();
	}
}

/* connections give rings back until the last one is gone */
static void stop_trimming(struct smcr_group *group)
{
	spin_lock_bh(&group->buf_lock);
	group->is_untrimmable = true;
	spin_unlock_bh(&group->buf_lock);
	cancel_delayed_work_sync(&group->trim_work);
}

/* the end of a group: peer, connections, hardware, in this order */
static void kill_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(work, struct smcr_group,
						kill_work);
	struct smcr_link *link;

	smcr_llc_abort(group);
	cancel_delayed_work_sync(&group->idle_work);
	smcr_llc_send_delete_all(group, group->kill_reason);
	smcr_for_each_link(link, group)
		smcr_link_close(link);
	/* these may wait for registrations, even of others, which end now */
	cancel_delayed_work_sync(&group->link_work);
	cancel_delayed_work_sync(&group->retry_work);
	stop_trimming(group);
	/* what is posted queues it */
	cancel_delayed_work_sync(&group->test_work);
	tell_dead(group);
	/* handshakes have noticed by now, or will soon */
	down_write(&group->hw_lock);
	group->has_hw = false;
	up_write(&group->hw_lock);
	smcr_for_each_link(link, group) {
		if (link->has_hw)
			smcr_link_destroy(link);
		if (link->port.dev)
			smcr_dev_put(link->port.dev);
	}
	smcr_group_put(group);
}

/* true if the caller has to queue the teardown */
static bool mark_dead_locked(struct smcr_group *group,
			     enum smcr_llc_reason reason)
{
	lockdep_assert_held(&groups_lock);
	if (group->state == SMCR_GROUP_DEAD)
		return false;
	WRITE_ONCE(group->state, SMCR_GROUP_DEAD);
	group->kill_reason = reason;
	list_del(&group->list);
	return true;
}

static void start_teardown(struct smcr_group *group)
{
	wake_up_all(&group->state_wait);
	queue_work(group_wq, &group->kill_work);
}

/* what the tracepoints have not: whose link it is */
static void debug_link(const struct smcr_link *link, const char *state)
{
	pr_debug("link %u of group %08x by %s to %pI6c is %s\n",
		 READ_ONCE(link->num), link->group->id,
		 link->port.dev->ib->name, link->peer_gid, state);
}

/* a tracepoint measures the name before it copies it: no renaming between */
static void copy_dev_name(const struct smcr_link *link,
			  char name[IB_DEVICE_NAME_MAX])
{
	strscpy(name, link->port.dev->ib->name, IB_DEVICE_NAME_MAX);
}

static void trace_down_locked(struct smcr_link *link, void *location)
{
	char name[IB_DEVICE_NAME_MAX];

	lockdep_assert_held(&groups_lock);
	if (!link->is_up)
		return;
	copy_dev_name(link, name);
	trace_smcr_link_down(link, link->group, link->group->net_cookie,
			     READ_ONCE(link->state), name, location);
	debug_link(link, "down");
}

static void trace_up_locked(struct smcr_link *link)
{
	char name[IB_DEVICE_NAME_MAX];

	lockdep_assert_held(&groups_lock);
	copy_dev_name(link, name);
	trace_smcr_link_up(link, link->group, link->group->net_cookie, name);
	debug_link(link, "up");
}

/**
 * smcr_group_kill() - the one door to a group's end
 * @group: may be dead already
 * @reason: for the peer
 *
 * All connections learn that the peer is lost. The rest happens in a work
 * item.
 *
 * Context: any.
 */
void smcr_group_kill(struct smcr_group *group, enum smcr_llc_reason reason)
{
	struct smcr_link *link;
	bool is_first;

	spin_lock_bh(&groups_lock);
	is_first = mark_dead_locked(group, reason);
	smcr_for_each_link(link, group)
		if (is_first)
			trace_down_locked(link, __builtin_return_address(0));
	spin_unlock_bh(&groups_lock);
	if (!is_first)
		return;
	pr_debug("group %08x ends for reason 0x%08x\n", group->id, reason);
	start_teardown(group);
}

/* -- links ---------------------------------------------------------------- */

/* one that is alone shares nothing any more */
static void end_sharing_locked(struct smcr_group *group)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (link->is_up)
			WRITE_ONCE(link->is_asymmetric, false);
}

static void set_up_locked(struct smcr_link *link, bool is_up)
{
	struct smcr_group *group = link->group;

	lockdep_assert_held(&groups_lock);
	if (link->is_up == is_up)
		return;
	if (!is_up)
		WRITE_ONCE(group->last_up, link);
	/* pairs with smcr_group_any_link() */
	smp_store_release(&link->is_up, is_up);
	/* pairs with smcr_group_can_move() */
	smp_store_release(&group->links_up,
			  group->links_up + (is_up ? 1 : -1));
	if (!is_up && group->links_up == 1)
		end_sharing_locked(group);
}

static void queue_link_work_locked(struct smcr_group *group)
{
	lockdep_assert_held(&groups_lock);
	if (group->state == SMCR_GROUP_ACTIVE)
		mod_delayed_work(group_wq, &group->link_work, 0);
}

/**
 * smcr_group_lose_link() - a link cannot be used any more
 * @link: any state
 * @reason: for the peer, if it was the last one
 * @is_told: the peer knows
 *
 * The group ends with its last link.
 *
 * Context: any; takes the lock of the list of groups.
 */
void smcr_group_lose_link(struct smcr_link *link, enum smcr_llc_reason reason,
			  bool is_told)
{
	struct smcr_group *group = link->group;
	bool is_last = false;

	spin_lock_bh(&groups_lock);
	/* late: the slot is free, or group and device may be gone already */
	if (!link->port.dev || group->state == SMCR_GROUP_DEAD)
		goto unlock;
	/* another one takes its place, but nobody tries the same again */
	group->wants_link |= link->is_up;
	trace_down_locked(link, __builtin_return_address(0));
	set_up_locked(link, false);
	if (!link->is_lost)
		link->lost_reason = reason;
	WRITE_ONCE(link->is_lost, true);
	WRITE_ONCE(link->is_told, link->is_told || is_told);
	if (!group->links_up)
		is_last = mark_dead_locked(group, reason);
	else
		queue_link_work_locked(group);
unlock:
	spin_unlock_bh(&groups_lock);
	smcr_llc_lose_link(link);
	if (is_last)
		start_teardown(group);
}

/**
 * smcr_group_can_move() - do connections survive the loss of a link?
 * @group: the group
 *
 * Context: any; a hint, as it may change at any time. After a false for the loss
 * of a link, this one is seen not to be up.
 * Return: true if there is more than one link.
 */
bool smcr_group_can_move(const struct smcr_group *group)
{
	/* pairs with set_up_locked() */
	return smp_load_acquire(&group->links_up) > 1;
}

/**
 * smcr_group_any_link() - a link for LLC messages
 * @group: the group
 *
 * Context: any.
 * Return: one that is up, or else the one that was up last: when no other comes,
 * it has its port until the group ends. Before, the first one.
 */
struct smcr_link *smcr_group_any_link(struct smcr_group *group)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		/* pairs with set_up_locked() */
		if (smp_load_acquire(&link->is_up))
			return link;
	return READ_ONCE(group->last_up);
}

/**
 * smcr_group_pick_link() - a link for a new connection (wire.md 4.2)
 * @group: the group
 *
 * Links take turns; those that share a port with another one do not.
 *
 * Context: any.
 * Return: one that is up, or else any.
 */
struct smcr_link *smcr_group_pick_link(struct smcr_group *group)
{
	struct smcr_link *fit[SMCR_GROUP_LINKS];
	u32 turn = READ_ONCE(group->turn);
	struct smcr_link *link;
	u32 count = 0;

	WRITE_ONCE(group->turn, turn + 1);
	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up) && !READ_ONCE(link->is_asymmetric))
			fit[count++] = link;
	return count ? fit[turn % count] : smcr_group_any_link(group);
}

/**
 * smcr_group_find_link() - a link by its number
 * @group: the group
 * @num: from the peer, unchecked
 *
 * Context: any.
 * Return: the link, which may be about to come or to go, or NULL.
 */
struct smcr_link *smcr_group_find_link(struct smcr_group *group, u8 num)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (num && READ_ONCE(link->num) == num)
			return link;
	return NULL;
}

static bool is_num_free(struct smcr_group *group, u8 num)
{
	return num && !smcr_group_find_link(group, num);
}

static u8 next_num(struct smcr_group *group)
{
	do {
		group->last_num++;
	} while (!is_num_free(group, group->last_num));
	return group->last_num;
}

static struct smcr_link *find_free_locked(struct smcr_group *group)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (!link->port.dev)
			return link;
	return NULL;
}

/* that there is a device is looked at without the lock */
static void set_port_locked(struct smcr_link *link,
			    const struct smcr_port *port)
{
	struct smcr_port *own = &link->port;

	lockdep_assert_held(&groups_lock);
	smcr_dev_get(port->dev);
	own->num = port->num;
	own->type = port->type;
	own->sgid_index = port->sgid_index;
	own->mtu = port->mtu;
	memcpy(own->gid, port->gid, SMCR_GID_LEN);
	memcpy(own->mac, port->mac, SMCR_MAC_LEN);
	WRITE_ONCE(own->dev, port->dev);
}

/**
 * smcr_group_take_slot() - begin with a new link
 * @group: its link_work runs
 * @port: our port; the link takes a device reference of its own
 * @num: number of the link; 0: the next one
 *
 * Context: process; takes the lock of the list of groups.
 * Return: the link, or NULL when there is no room, the number is in use, or
 * the device or the group goes.
 */
struct smcr_link *smcr_group_take_slot(struct smcr_group *group,
				       const struct smcr_port *port, u8 num)
{
	struct smcr_link *link = NULL;

	if (num && !is_num_free(group, num))
		return NULL;
	spin_lock_bh(&groups_lock);
	if (group->state == SMCR_GROUP_ACTIVE && !port->dev->is_gone)
		link = find_free_locked(group);
	if (link) {
		set_port_locked(link, port);
		memset(&link->route, 0, sizeof(link->route));
		WRITE_ONCE(link->num, num ?: next_num(group));
	}
	spin_unlock_bh(&groups_lock);
	return link;
}

/**
 * smcr_group_put_up() - connections may use a link from now on
 * @link: confirmed
 *
 * Context: process; takes the lock of the list of groups.
 * Return: false if it was lost meanwhile.
 */
bool smcr_group_put_up(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	bool is_up;

	spin_lock_bh(&groups_lock);
	is_up = group->state == SMCR_GROUP_ACTIVE && !link->is_lost &&
		READ_ONCE(link->state) == SMCR_LINK_READY;
	if (is_up) {
		set_up_locked(link, true);
		trace_up_locked(link);
	}
	spin_unlock_bh(&groups_lock);
	return is_up;
}

/**
 * smcr_group_want_link() - there may be a port for another link
 * @group: the group
 *
 * A wish that is known already costs nothing more.
 *
 * Context: any; takes the lock of the list of groups.
 */
void smcr_group_want_link(struct smcr_group *group)
{
	spin_lock_bh(&groups_lock);
	if (!group->wants_link) {
		group->wants_link = true;
		queue_link_work_locked(group);
	}
	spin_unlock_bh(&groups_lock);
}

/**
 * smcr_group_want_links() - a port has come: every group may want another link
 *
 * Context: process; takes the lock of the list of groups.
 */
void smcr_group_want_links(void)
{
	struct smcr_group *group;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		group->wants_link = true;
		queue_link_work_locked(group);
	}
	spin_unlock_bh(&groups_lock);
}

static void retry_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(to_delayed_work(work),
						struct smcr_group, retry_work);

	smcr_group_want_link(group);
}

/**
 * smcr_group_retry_link() - another link could not be added
 * @group: the group; its link_work runs
 *
 * A path that was cut and is there again does not tell, nor does memory, so it
 * is tried again, after a pause that doubles each time. What a port or the peer
 * has asked for meanwhile, and failed as well, does not make it longer.
 *
 * Context: process.
 */
void smcr_group_retry_link(struct smcr_group *group)
{
	unsigned long pause = clamp(2 * group->retry_pause, SMCR_LINK_RETRY_MIN,
				    SMCR_LINK_RETRY_MAX);

	if (queue_delayed_work(group_wq, &group->retry_work, pause))
		group->retry_pause = pause;
}

/**
 * smcr_group_end_retries() - another link was added
 * @group: the group; its link_work runs
 *
 * Context: process.
 */
void smcr_group_end_retries(struct smcr_group *group)
{
	cancel_delayed_work(&group->retry_work);
	group->retry_pause = 0;
}

/**
 * smcr_group_may_add() - is it time to look for another link?
 * @group: its link_work runs, and runs again when it is
 *
 * Context: process; takes the lock of the list of groups.
 * Return: true if a link is wanted or offered, and the last attempt was long
 * enough ago.
 */
bool smcr_group_may_add(struct smcr_group *group)
{
	unsigned long now = jiffies;
	bool is_early = time_before(now, group->next_add);
	bool is_wanted;

	spin_lock_bh(&groups_lock);
	is_wanted = group->wants_link || group->add_via;
	if (is_wanted && is_early && group->state == SMCR_GROUP_ACTIVE)
		/* not later than who lost a link meanwhile wants it */
		queue_delayed_work(group_wq, &group->link_work,
				   group->next_add - now);
	spin_unlock_bh(&groups_lock);
	return is_wanted && !is_early;
}

/**
 * smcr_group_take_wish() - is another link wanted?
 * @group: the group; does not want it any more
 * @is_asked: set if the client asked for it
 *
 * Context: process; takes the lock of the list of groups.
 * Return: true if it was.
 */
bool smcr_group_take_wish(struct smcr_group *group, bool *is_asked)
{
	bool wants_link;

	spin_lock_bh(&groups_lock);
	wants_link = group->wants_link;
	group->wants_link = false;
	*is_asked = group->is_asked;
	group->is_asked = false;
	spin_unlock_bh(&groups_lock);
	return wants_link;
}

/**
 * smcr_group_note_add_req() - the server offers a link
 * @via: link that it came on; client
 * @msg: its ADD LINK
 *
 * One is remembered at a time (wire.md 6.11).
 *
 * Context: any; takes the lock of the list of groups.
 */
void smcr_group_note_add_req(struct smcr_link *via, const struct smcr_llc *msg)
{
	struct smcr_group *group = via->group;

	spin_lock_bh(&groups_lock);
	if (!group->add_via) {
		group->add_req = *msg;
		group->add_via = via;
		queue_link_work_locked(group);
	}
	spin_unlock_bh(&groups_lock);
}

/**
 * smcr_group_take_add_req() - is there an offer of the server's?
 * @group: client
 * @msg: set to its ADD LINK
 *
 * Context: process; takes the lock of the list of groups.
 * Return: the link that it came on, or NULL if there was none, or that link
 * is lost.
 */
struct smcr_link *smcr_group_take_add_req(struct smcr_group *group,
					  struct smcr_llc *msg)
{
	struct smcr_link *via;

	spin_lock_bh(&groups_lock);
	via = group->add_via;
	group->add_via = NULL;
	if (via && via->is_up)
		*msg = group->add_req;
	else
		via = NULL;
	spin_unlock_bh(&groups_lock);
	return via;
}

/**
 * smcr_group_note_peer_gids() - the client says which ports it has
 * @group: server
 * @gid: their GIDs
 * @count: how many
 * @is_asked: it asks for a link
 *
 * Context: any; takes the lock of the list of groups.
 */
void smcr_group_note_peer_gids(struct smcr_group *group,
			       const u8 (*gid)[SMCR_GID_LEN], u8 count,
			       bool is_asked)
{
	spin_lock_bh(&groups_lock);
	memcpy(group->peer_gid, gid, count * SMCR_GID_LEN);
	group->peer_gid_count = count;
	group->is_asked |= is_asked;
	spin_unlock_bh(&groups_lock);
}

/**
 * smcr_group_get_peer_gids() - ports of the client
 * @group: server
 * @gid: set to their GIDs
 *
 * Context: any; takes the lock of the list of groups.
 * Return: how many.
 */
u8 smcr_group_get_peer_gids(struct smcr_group *group,
			    u8 gid[SMCR_CLC_MAX_GIDS][SMCR_GID_LEN])
{
	u8 count;

	spin_lock_bh(&groups_lock);
	count = group->peer_gid_count;
	memcpy(gid, group->peer_gid, count * SMCR_GID_LEN);
	spin_unlock_bh(&groups_lock);
	return count;
}

/**
 * smcr_group_lose_port() - a port is down
 * @dev: its device
 * @num: its number
 *
 * Links that are alone stay: the port may come back before the queue pair
 * gives up.
 *
 * Context: process; takes the lock of the list of groups.
 */
void smcr_group_lose_port(const struct smcr_dev *dev, u8 num)
{
	struct smcr_group *group;
	struct smcr_link *link;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (group->state != SMCR_GROUP_ACTIVE)
			continue;
		smcr_for_each_link(link, group) {
			if (link->port.dev != dev || link->port.num != num ||
			    !link->is_up || group->links_up < 2)
				continue;
			trace_down_locked(link, __builtin_return_address(0));
			set_up_locked(link, false);
			WRITE_ONCE(link->is_lost, true);
			link->lost_reason = SMCR_LLC_REASON_LOST_PATH;
			group->wants_link = true;
			queue_link_work_locked(group);
			smcr_llc_lose_link(link);
		}
	}
	spin_unlock_bh(&groups_lock);
}

/**
 * smcr_group_free_link() - a link is gone, its slot can be used again
 * @link: without hardware; the reference to the device is the caller's now
 *
 * Context: process; takes the lock of the list of groups.
 */
void smcr_group_free_link(struct smcr_link *link)
{
	spin_lock_bh(&groups_lock);
	WRITE_ONCE(link->port.dev, NULL);
	WRITE_ONCE(link->is_lost, false);
	WRITE_ONCE(link->is_told, false);
	WRITE_ONCE(link->is_asymmetric, false);
	spin_unlock_bh(&groups_lock);
}

static struct smcr_link *link_on(struct smcr_group *group,
				 const struct smcr_dev *dev)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (link->port.dev == dev && !link->is_lost)
			return link;
	return NULL;
}

/* the group is referenced */
static struct smcr_link *find_link_on(const struct smcr_dev *dev)
{
	struct smcr_link *link = NULL;
	struct smcr_group *group;

	lockdep_assert_held(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		link = link_on(group, dev);
		if (!link)
			continue;
		smcr_group_get(group);
		return link;
	}
	return NULL;
}

/**
 * smcr_group_kill_dev() - a device goes away
 * @dev: the device; new groups and links do not find it any more
 *
 * Its links are lost, and groups that have no others end.
 *
 * Context: process; does not wait.
 */
void smcr_group_kill_dev(struct smcr_dev *dev)
{
	struct smcr_link *link;

	do {
		spin_lock_bh(&groups_lock);
		dev->is_gone = true;
		link = find_link_on(dev);
		spin_unlock_bh(&groups_lock);
		if (link) {
			smcr_group_lose_link(link, SMCR_LLC_REASON_OPERATOR,
					     false);
			smcr_group_put(link->group);
		}
	} while (link);
}

static void idle_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(to_delayed_work(work),
						struct smcr_group, idle_work);
	bool is_idle;

	spin_lock_bh(&groups_lock);
	is_idle = !group->reserved &&
		  mark_dead_locked(group, SMCR_LLC_REASON_PROGRAM);
	group->is_idle |= is_idle;
	spin_unlock_bh(&groups_lock);
	if (is_idle)
		start_teardown(group);
}

static bool is_active(const struct smcr_group *group)
{
	return READ_ONCE(group->state) == SMCR_GROUP_ACTIVE;
}

/* a send queue that is full says nothing yet */
static int test_for(struct smcr_link *link, long patience)
{
	unsigned long end = jiffies + patience;
	int ret;

	do {
		ret = smcr_llc_test_link(link, patience);
	} while (ret == -EAGAIN && is_active(link->group) &&
		 READ_ONCE(link->is_up) && time_before(jiffies, end));
	return ret;
}

/*
 * An answer behind much data on a bad path is late, while some of it arrives.
 * Where connections can move, less patience is needed.
 */
static bool is_peer_lost(struct smcr_link *link)
{
	long patience = smcr_group_can_move(link->group) ?
			SMCR_LLC_TEST_TIMEOUT : SMCR_LINK_LOST;
	unsigned long heard = READ_ONCE(link->last_rx);
	unsigned long before;
	long left = patience;

	do {
		if (!test_for(link, max_t(long, left, SMCR_LLC_TEST_TIMEOUT)))
			return false;
		before = heard;
		heard = READ_ONCE(link->last_rx);
		/* what came right after the question may have been under way */
		left = heard + patience - jiffies;
	} while (is_active(link->group) && READ_ONCE(link->is_up) &&
		 smcr_link_stop_watch(link) && heard != before);
	return true;
}

/*
 * Without a message or completion for so long, the peer is asked whether it is
 * there: soon if requests are under way, which the queue pair may repeat for
 * ever, and after test_interval otherwise, which is 0 for never.
 */
static unsigned long test_delay(const struct smcr_group *group, bool is_busy)
{
	return is_busy ? min_not_zero(SMCR_LINK_QUIET, group->test_interval) :
			 group->test_interval;
}

/* returns jiffies until the next look, 0 if there is none before posts */
static unsigned long test_link(struct smcr_link *link, bool is_doubted)
{
	bool is_busy = smcr_link_stop_watch(link);
	unsigned long patience = test_delay(link->group, is_busy);
	unsigned long due = READ_ONCE(link->last_rx) + patience;

	if (!is_doubted && !patience)
		return 0;
	if (!is_doubted && time_before(jiffies, due))
		return due - jiffies;
	/* it may still carry the news of its end */
	if (is_peer_lost(link))
		smcr_group_lose_link(link, SMCR_LLC_REASON_LOST_PATH, false);
	return patience;
}

static bool take_doubt(struct smcr_group *group)
{
	bool is_doubted;

	spin_lock_bh(&groups_lock);
	is_doubted = group->is_doubted;
	group->is_doubted = false;
	spin_unlock_bh(&groups_lock);
	return is_doubted;
}

/*
 * One link after another, on purpose: the last one is given more time than one
 * that has others beside it, so the verdict on a link has to know those before.
 * A silent one delays the others of its group by SMCR_LLC_TEST_TIMEOUT, but no
 * other group.
 */
static void test_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(to_delayed_work(work),
						struct smcr_group, test_work);
	bool is_doubted = take_doubt(group);
	unsigned long next = MAX_JIFFY_OFFSET;
	struct smcr_link *link;
	unsigned long delay;

	/* a handshake has limits of its own */
	if (!is_active(group))
		return;
	smcr_for_each_link(link, group) {
		if (!READ_ONCE(link->is_up))
			continue;
		delay = test_link(link, is_doubted);
		if (delay)
			next = min(next, delay);
	}
	if (next != MAX_JIFFY_OFFSET)
		queue_delayed_work(test_wq, &group->test_work, next);
}

/**
 * smcr_group_watch() - requests were posted
 * @link: its tx_lock is held; smcr_link_stop_watch() follows
 *
 * Context: any.
 */
void smcr_group_watch(struct smcr_link *link)
{
	lockdep_assert_held(&link->tx_lock);
	mod_delayed_work(test_wq, &link->group->test_work,
			 test_delay(link->group, true));
}

/**
 * smcr_group_doubt() - somebody says that the peer does not know the group
 * @group: the group
 *
 * Whether that is so, each link is asked, with the same patience as always.
 *
 * Context: any; takes the lock of the list of groups.
 */
void smcr_group_doubt(struct smcr_group *group)
{
	spin_lock_bh(&groups_lock);
	/* its end waits for the work, but not for one that is queued later */
	if (group->state == SMCR_GROUP_ACTIVE) {
		group->is_doubted = true;
		mod_delayed_work(test_wq, &group->test_work, 0);
	}
	spin_unlock_bh(&groups_lock);
}

static void trim_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(to_delayed_work(work),
						struct smcr_group, trim_work);

	smcr_buf_trim(group);
}

/**
 * smcr_group_trim_locked() - look for rings that nobody needs
 * @group: its buf_lock is held
 * @delay: jiffies from now, at the latest
 *
 * Context: any.
 */
void smcr_group_trim_locked(struct smcr_group *group, unsigned long delay)
{
	lockdep_assert_held(&group->buf_lock);
	if (group->is_untrimmable)
		return;
	if (delay)
		queue_delayed_work(group_wq, &group->trim_work, delay);
	else
		mod_delayed_work(group_wq, &group->trim_work, 0);
}

/* the setting is that of the namespace which has the device, as with stock */
static enum smcr_buf_type buf_type_for(const struct smcr_port *port)
{
	const struct net *net = read_pnet(&port->dev->ib->coredev.rdma_net);

	return READ_ONCE(smcr_sysctl(net)->buf_type);
}

static struct smcr_group *alloc_group(const struct net *net,
				      enum smcr_role role,
				      const struct smcr_port *port,
				      const struct smcr_peer *peer)
{
	const struct smcr_sysctl *sysctl = smcr_sysctl(net);
	struct smcr_group *group = kvzalloc(sizeof(*group), GFP_KERNEL);
	struct smcr_link *link;

	if (!group)
		return NULL;
	refcount_set(&group->refs, 1);
	init_waitqueue_head(&group->state_wait);
	init_rwsem(&group->hw_lock);
	spin_lock_init(&group->slot_lock);
	spin_lock_init(&group->buf_lock);
	spin_lock_init(&group->key_lock);
	smcr_for_each_link(link, group) {
		link->group = group;
		link->slot = link - group->link;
		spin_lock_init(&link->tx_lock);
		INIT_LIST_HEAD(&link->waiters);
	}
	group->last_up = group->link;
	INIT_LIST_HEAD(&group->idle[SMCR_BUF_TX]);
	INIT_LIST_HEAD(&group->idle[SMCR_BUF_RX]);
	group->shrunk_at = jiffies;
	INIT_LIST_HEAD(&group->doomed);
	INIT_LIST_HEAD(&group->bufs);
	smcr_llc_init_flow(&group->flow);
	INIT_WORK(&group->kill_work, kill_work);
	INIT_DELAYED_WORK(&group->idle_work, idle_work);
	INIT_DELAYED_WORK(&group->test_work, test_work);
	INIT_DELAYED_WORK(&group->trim_work, trim_work);
	INIT_DELAYED_WORK(&group->retry_work, retry_work);
	INIT_DELAYED_WORK(&group->link_work, smcr_links_work);
	group->net_cookie = net->net_cookie;
	group->role = role;
	group->next_add = jiffies;
	group->buf_type = buf_type_for(port);
	group->max_conns = READ_ONCE(sysctl->max_conns);
	group->max_links = READ_ONCE(sysctl->max_links);
	group->send_wr = READ_ONCE(sysctl->send_wr);
	group->recv_wr = READ_ONCE(sysctl->recv_wr);
	group->test_interval = min_t(u64, MAX_JIFFY_OFFSET,
				     READ_ONCE(sysctl->testlink_time) * (u64)HZ);
	group->peer = *peer;
	group->gid_type = port->type;
	group->vlan = port->vlan;
	memcpy(group->home_gid, port->gid, SMCR_GID_LEN);
	atomic_inc(&live_groups);
	return group;
}

/*
 * Put a new group on the list. Its hardware is created later, by the
 * founder: until then the group can die, but has no hardware.
 */
static void add_locked(struct smcr_group *group, const struct smcr_port *port)
{
	lockdep_assert_held(&groups_lock);
	last_id += 0x100;
	group->id = last_id;
	group->reserved = 1;
	group->link->port = *port;
	set_up_locked(group->link, true);
	list_add_tail(&group->list, &groups);
}

/* with too many slots lost, a new group is better; this one ends when idle */
static bool has_capacity_locked(const struct smcr_group *group)
{
	u32 lost = READ_ONCE(group->lost);

	return lost <= MAX_LOST &&
	       group->reserved + lost < READ_ONCE(group->max_conns);
}

static bool fits_server_locked(const struct smcr_group *group,
			       const struct net *net,
			       const struct smcr_port *port,
			       const struct smcr_peer *peer)
{
	return group->role == SMCR_SERVER &&
	       group->net_cookie == net->net_cookie &&
	       !memcmp(group->home_gid, port->gid, SMCR_GID_LEN) &&
	       !memcmp(&group->peer, peer, sizeof(*peer)) &&
	       has_capacity_locked(group);
}

static struct smcr_group *find_server_locked(const struct net *net,
					     const struct smcr_port *port,
					     const struct smcr_peer *peer)
{
	struct smcr_group *group;

	list_for_each_entry(group, &groups, list) {
		if (!fits_server_locked(group, net, port, peer))
			continue;
		WRITE_ONCE(group->reserved, group->reserved + 1);
		smcr_group_get(group);
		return group;
	}
	return NULL;
}

static struct smcr_group *find_server(const struct net *net,
				      const struct smcr_port *port,
				      const struct smcr_peer *peer)
{
	struct smcr_group *group;

	spin_lock_bh(&groups_lock);
	group = find_server_locked(net, port, peer);
	spin_unlock_bh(&groups_lock);
	return group;
}

/* handshakes are limited by themselves, and anybody may begin one as anybody */
static bool may_found_locked(const struct net *net, enum smcr_role role,
			     const struct smcr_peer *peer)
{
	const struct smcr_group *group;
	int of_net = 0, of_peer = 0;

	list_for_each_entry(group, &groups, list) {
		if (group->net_cookie != net->net_cookie || group->role != role)
			continue;
		of_net++;
		of_peer += group->state == SMCR_GROUP_ACTIVE &&
			   !memcmp(group->peer.gid, peer->gid, SMCR_GID_LEN);
	}
	return of_peer < MAX_OF_PEER && of_net < MAX_OF_NET &&
	       atomic_read(&live_groups) < MAX_GROUPS;
}

/* NULL without memory, with too many groups, or when the device is going */
static struct smcr_group *find_or_add(const struct net *net,
				      const struct smcr_port *port,
				      const struct smcr_peer *peer,
				      bool *is_founder)
{
	struct smcr_group *group = find_server(net, port, peer);
	struct smcr_group *fresh;

	*is_founder = false;
	if (group)
		return group;
	fresh = alloc_group(net, SMCR_SERVER, port, peer);
	if (!fresh)
		return NULL;
	spin_lock_bh(&groups_lock);
	/* another handshake may have been faster */
	group = find_server_locked(net, port, peer);
	if (!group && !port->dev->is_gone &&
	    may_found_locked(net, SMCR_SERVER, peer)) {
		add_locked(fresh, port);
		smcr_dev_get(port->dev);
		smcr_group_get(fresh);
		*is_founder = true;
	}
	spin_unlock_bh(&groups_lock);
	if (*is_founder)
		return fresh;
	smcr_group_put(fresh);
	return group;
}

/**
 * smcr_group_get_server() - the group for a client's PROPOSAL (wire.md 4.2)
 * @net: namespace of the connection
 * @port: our port; a new group takes a device reference of its own
 * @peer: from the PROPOSAL
 * @is_founder: set if the group is new and the caller has to set it up
 *
 * A group whose founder fails is replaced by one of those who wait. That may
 * fail as well, say as its client has gone meanwhile: each waits for as many as
 * the time allows.
 *
 * Context: process, sleeps while another handshake creates a fitting group.
 * Return: the group with room reserved for the caller, given back by
 * smcr_group_unreserve(), and a reference; NULL without memory, when the
 * client has too many groups, or when others could not create the group.
 */
struct smcr_group *smcr_group_get_server(const struct net *net,
					 const struct smcr_port *port,
					 const struct smcr_peer *peer,
					 bool *is_founder)
{
	long patience = SMCR_GROUP_FORM_TIMEOUT;
	struct smcr_group *group;

	while (patience) {
		group = find_or_add(net, port, peer, is_founder);
		if (!group || *is_founder)
			return group;
		patience = wait_event_timeout(group->state_wait,
					      READ_ONCE(group->state) !=
					      SMCR_GROUP_FORMING, patience);
		/* who waited did not know the limit that was negotiated */
		if (READ_ONCE(group->state) == SMCR_GROUP_ACTIVE &&
		    READ_ONCE(group->reserved) <= group->max_conns)
			return group;
		smcr_group_unreserve(group);
		smcr_group_put(group);
	}
	return NULL;
}

static bool is_client_of_locked(const struct smcr_group *group,
				const struct net *net,
				const struct smcr_peer *peer)
{
	return group->role == SMCR_CLIENT &&
	       group->net_cookie == net->net_cookie &&
	       group->state == SMCR_GROUP_ACTIVE &&
	       group->peer.version == peer->version &&
	       !memcmp(group->peer.id, peer->id, SMCR_PEER_ID_LEN);
}

/* by the other end's queue pair; which of its ports that is at may differ */
static struct smcr_link *find_link_to_locked(struct smcr_group *group,
					     const struct smcr_peer *peer,
					     u32 peer_qpn)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (link->is_up && link->peer_qpn == peer_qpn &&
		    !memcmp(link->peer_gid, peer->gid, SMCR_GID_LEN))
			return link;
	return NULL;
}

/**
 * smcr_group_get_client() - the group that an ACCEPT names (wire.md 4.2)
 * @net: namespace of the connection
 * @peer: from the ACCEPT
 * @peer_qpn: from the ACCEPT
 * @link: set to the link that it names
 *
 * Context: process.
 * Return: the group with room reserved and a reference, or NULL when there
 * is none.
 */
struct smcr_group *smcr_group_get_client(const struct net *net,
					 const struct smcr_peer *peer,
					 u32 peer_qpn,
					 struct smcr_link **link)
{
	struct smcr_group *group, *found = NULL;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (!is_client_of_locked(group, net, peer))
			continue;
		*link = find_link_to_locked(group, peer, peer_qpn);
		if (!*link)
			continue;
		found = group;
		WRITE_ONCE(found->reserved, found->reserved + 1);
		smcr_group_get(found);
		break;
	}
	spin_unlock_bh(&groups_lock);
	return found;
}

/**
 * smcr_group_knows_server() - is there any group with the sender of an ACCEPT?
 * @net: namespace of the connection
 * @peer: from the ACCEPT
 *
 * Context: process.
 * Return: true if there is one that works, by whichever link.
 */
bool smcr_group_knows_server(const struct net *net,
			     const struct smcr_peer *peer)
{
	struct smcr_group *group;
	bool is_known = false;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list)
		if (is_client_of_locked(group, net, peer))
			is_known = true;
	spin_unlock_bh(&groups_lock);
	return is_known;
}

/**
 * smcr_group_create() - a new group for a client
 * @net: namespace of the connection
 * @port: our port; the group takes a device reference of its own
 * @peer: from the ACCEPT
 *
 * Context: process.
 * Return: the group with room reserved and a reference for the caller, or
 * NULL without memory, with too many groups, or when the device is going.
 */
struct smcr_group *smcr_group_create(const struct net *net,
				     const struct smcr_port *port,
				     const struct smcr_peer *peer)
{
	struct smcr_group *group = alloc_group(net, SMCR_CLIENT, port, peer);
	bool is_added;

	if (!group)
		return NULL;
	spin_lock_bh(&groups_lock);
	is_added = !port->dev->is_gone &&
		   may_found_locked(net, SMCR_CLIENT, peer);
	if (is_added) {
		add_locked(group, port);
		smcr_dev_get(port->dev);
		smcr_group_get(group);
	}
	spin_unlock_bh(&groups_lock);
	if (is_added)
		return group;
	smcr_group_put(group);
	return NULL;
}

/**
 * smcr_group_activate() - the first contact is over
 * @group: forming, or dead meanwhile
 *
 * Context: process.
 */
void smcr_group_activate(struct smcr_group *group)
{
	spin_lock_bh(&groups_lock);
	if (group->state == SMCR_GROUP_FORMING) {
		WRITE_ONCE(group->state, SMCR_GROUP_ACTIVE);
		trace_up_locked(group->link);
		if (group->test_interval)
			queue_delayed_work(test_wq, &group->test_work,
					   group->test_interval);
		/* a client leaves it to the server, as long as it has no news */
		group->wants_link |= group->role == SMCR_SERVER;
		queue_link_work_locked(group);
	}
	spin_unlock_bh(&groups_lock);
	wake_up_all(&group->state_wait);
}

static bool is_idle_locked(const struct smcr_group *group)
{
	return group->state == SMCR_GROUP_ACTIVE && !group->reserved;
}

/**
 * smcr_group_unreserve() - a connection leaves, or never came
 * @group: the group; ends some time after the last one left
 *
 * Context: any.
 */
void smcr_group_unreserve(struct smcr_group *group)
{
	unsigned long delay = group->role == SMCR_SERVER ?
			      SMCR_GROUP_IDLE_SERVER : SMCR_GROUP_IDLE_CLIENT;

	spin_lock_bh(&groups_lock);
	WRITE_ONCE(group->reserved, group->reserved - 1);
	if (is_idle_locked(group))
		mod_delayed_work(group_wq, &group->idle_work,
				 group->is_orphaned ? 0 : delay);
	spin_unlock_bh(&groups_lock);
}

/*
 * A namespace goes, and with it all who could use its groups. Connections that
 * are still closing may be the last users of one.
 */
static void __net_exit orphan_groups(struct net *net)
{
	struct smcr_group *group;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (group->net_cookie != net->net_cookie)
			continue;
		group->is_orphaned = true;
		if (is_idle_locked(group))
			mod_delayed_work(group_wq, &group->idle_work, 0);
	}
	spin_unlock_bh(&groups_lock);
}

static struct pernet_operations group_net_ops = {
	.exit = orphan_groups,
};

/**
 * smcr_group_attach() - give a connection its token
 * @link: that it uses; room is reserved in the group
 * @path: the connection; the slot takes a reference
 *
 * Context: process; takes group->slot_lock.
 * Return: 0, -ENOSPC, or -ENOLINK when the link is lost or the group dead.
 */
int smcr_group_attach(struct smcr_link *link, struct smcr_path *path)
{
	struct smcr_group *group = link->group;
	int ret = -ENOSPC;
	u32 i;

	spin_lock_bh(&group->slot_lock);
	for (i = 1; i <= SMCR_GROUP_MAX_CONNS; i++) {
		if (rcu_access_pointer(group->slot[i]) ||
		    test_bit(i, group->burned))
			continue;
		path->token = ++group->slot_seq << 8 | i;
		smcr_path_get(path);
		rcu_assign_pointer(group->slot[i], path);
		ret = 0;
		break;
	}
	spin_unlock_bh(&group->slot_lock);
	if (ret)
		return ret;
	/*
	 * Either the teardown of group or link, which marks it first, finds the
	 * path in its slot, or we see the mark here.
	 */
	smp_mb();
	if (READ_ONCE(group->state) == SMCR_GROUP_DEAD ||
	    !READ_ONCE(link->is_up)) {
		smcr_group_detach(group, path, false);
		return -ENOLINK;
	}
	return 0;
}

/**
 * smcr_group_detach() - take a connection's token back
 * @group: the group
 * @path: attached; the slot's reference is dropped
 * @lost: the peer may still use the token
 *
 * Context: any; takes group->slot_lock.
 */
void smcr_group_detach(struct smcr_group *group, struct smcr_path *path,
		       bool lost)
{
	u8 slot = path->token & 0xff;

	spin_lock_bh(&group->slot_lock);
	RCU_INIT_POINTER(group->slot[slot], NULL);
	if (lost) {
		__set_bit(slot, group->burned);
		WRITE_ONCE(group->lost, group->lost + 1);
	}
	spin_unlock_bh(&group->slot_lock);
	smcr_path_put(path);
}

/**
 * smcr_group_find_path() - the connection that a message is for
 * @group: the group
 * @token: alert token from the peer, unchecked
 *
 * Context: under rcu_read_lock, which protects the result.
 * Return: the path or NULL.
 */
struct smcr_path *smcr_group_find_path(struct smcr_group *group, u32 token)
{
	struct smcr_path *path = rcu_dereference(group->slot[token & 0xff]);

	return path && path->token == token ? path : NULL;
}

/**
 * smcr_group_count_conns() - connections of a link
 * @link: the link
 *
 * Context: process.
 * Return: how many use it at the moment.
 */
u32 smcr_group_count_conns(const struct smcr_link *link)
{
	const struct smcr_group *group = link->group;
	const struct smcr_rdma_path *rp;
	const struct smcr_path *path;
	u32 count = 0;
	int i;

	rcu_read_lock();
	for (i = 1; i <= SMCR_GROUP_MAX_CONNS; i++) {
		path = rcu_dereference(group->slot[i]);
		rp = path ? READ_ONCE(path->priv) : NULL;
		count += rp && READ_ONCE(rp->link) == link;
	}
	rcu_read_unlock();
	return count;
}

/**
 * smcr_group_get_next() - the group that comes next in order of IDs
 * @from_id: lowest ID wanted
 * @conns: set to the number of its connections
 *
 * Context: process.
 * Return: the ACTIVE group with the lowest such ID, or NULL. The caller puts
 * it.
 */
struct smcr_group *smcr_group_get_next(u32 from_id, u32 *conns)
{
	struct smcr_group *group, *found = NULL;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list)
		if (group->state == SMCR_GROUP_ACTIVE && group->id >= from_id &&
		    (!found || group->id < found->id))
			found = group;
	if (found) {
		*conns = found->reserved;
		smcr_group_get(found);
	}
	spin_unlock_bh(&groups_lock);
	return found;
}

/**
 * smcr_group_hold_dev() - take a reference to a link's device
 * @link: its group is referenced
 *
 * Context: any; takes the lock of the list of groups.
 * Return: true, then smcr_dev_put() has to follow; false when the first
 * contact is not over, or when the link or its group has ended and may have no
 * device.
 */
bool smcr_group_hold_dev(struct smcr_link *link)
{
	bool is_there;

	spin_lock_bh(&groups_lock);
	is_there = link->group->state == SMCR_GROUP_ACTIVE && link->port.dev;
	if (is_there)
		smcr_dev_get(link->port.dev);
	spin_unlock_bh(&groups_lock);
	return is_there;
}

static bool is_on(const struct smcr_link *link, const struct smcr_dev *dev,
		  u8 port)
{
	return link->is_up && link->port.dev == dev && link->port.num == port;
}

/**
 * smcr_group_count_links() - how many links a port has
 * @dev: the device
 * @port: its port
 * @is_critical: set if a group has no link elsewhere
 *
 * Context: any; takes the lock of the list of groups.
 * Return: links of groups whose first contact is over.
 */
u32 smcr_group_count_links(const struct smcr_dev *dev, u8 port,
			   bool *is_critical)
{
	struct smcr_group *group;
	struct smcr_link *link;
	u32 count = 0;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (group->state != SMCR_GROUP_ACTIVE)
			continue;
		smcr_for_each_link(link, group) {
			if (!is_on(link, dev, port))
				continue;
			count++;
			*is_critical |= group->links_up == 1;
		}
	}
	spin_unlock_bh(&groups_lock);
	return count;
}

/**
 * smcr_group_find_slot() - the connection that a plain write is for
 * @group: the group
 * @slot: low byte of its token, from the peer, unchecked
 *
 * Context: under rcu_read_lock, which protects the result.
 * Return: the path or NULL.
 */
struct smcr_path *smcr_group_find_slot(struct smcr_group *group, u8 slot)
{
	return rcu_dereference(group->slot[slot]);
}

/* -- when memory is short ------------------------------------------------ */

/* about what a group takes besides its rings: slots, queues, itself */
#define GROUP_PAGES	64

static unsigned long count_pages(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	struct smcr_group *group;
	unsigned long pages = 0;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (is_idle_locked(group))
			pages += GROUP_PAGES;
		if (group->state == SMCR_GROUP_ACTIVE)
			pages += READ_ONCE(group->idle_pages) +
				 smcr_buf_grown(group);
	}
	spin_unlock_bh(&groups_lock);
	return pages ?: SHRINK_EMPTY;
}

/* end one that has no connections; returns about what it had */
static unsigned long end_idle_group(void)
{
	struct smcr_group *group, *found = NULL;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (!is_idle_locked(group))
			continue;
		found = group;
		mark_dead_locked(found, SMCR_LLC_REASON_PROGRAM);
		break;
	}
	spin_unlock_bh(&groups_lock);
	if (!found)
		return 0;
	/* until its teardown it stays */
	start_teardown(found);
	return GROUP_PAGES;
}

static unsigned long shrink_rings(unsigned long pages)
{
	struct smcr_group *group;
	unsigned long freed = 0;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (freed >= pages)
			break;
		if (group->state == SMCR_GROUP_ACTIVE)
			freed += smcr_buf_shrink(group, pages - freed);
	}
	spin_unlock_bh(&groups_lock);
	return freed;
}

static bool ask_grown(void)
{
	struct smcr_group *group;
	bool asks = false;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list)
		if (group->state == SMCR_GROUP_ACTIVE)
			asks |= smcr_buf_ask_grown(group);
	spin_unlock_bh(&groups_lock);
	return asks;
}

/*
 * Rings first: they are what a group that goes on needs least. What connections
 * give back comes later.
 */
static unsigned long scan_pages(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	unsigned long freed = shrink_rings(sc->nr_to_scan);
	unsigned long more;

	if (freed < sc->nr_to_scan && ask_grown())
		return freed;
	while (freed < sc->nr_to_scan) {
		more = end_idle_group();
		if (!more)
			break;
		freed += more;
	}
	return freed ?: SHRINK_STOP;
}

static struct shrinker *shrinker;

static void destroy_wqs(void)
{
	if (test_wq)
		destroy_workqueue(test_wq);
	if (group_wq)
		destroy_workqueue(group_wq);
}

/**
 * smcr_group_init() - get ready for groups
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_group_init(void)
{
	int ret;

	group_wq = alloc_workqueue("smcr_group", WQ_UNBOUND, 0);
	test_wq = alloc_workqueue("smcr_test", WQ_UNBOUND, 0);
	ret = -ENOMEM;
	if (!group_wq || !test_wq)
		goto destroy_wqs;
	ret = register_pernet_subsys(&group_net_ops);
	if (ret)
		goto destroy_wqs;
	ret = -ENOMEM;
	shrinker = smcr_compat_register_shrinker("smcr_group", count_pages,
						 scan_pages);
	if (shrinker)
		return 0;

	unregister_pernet_subsys(&group_net_ops);
destroy_wqs:
	destroy_wqs();
	return ret;
}

/**
 * smcr_group_exit() - wait until the last group is gone
 *
 * Context: module exit; all devices have been removed, so all groups are
 * dead or dying.
 */
void smcr_group_exit(void)
{
	smcr_compat_unregister_shrinker(shrinker);
	unregister_pernet_subsys(&group_net_ops);
	wait_event(live_wait, !atomic_read(&live_groups));
	destroy_wqs();
}
