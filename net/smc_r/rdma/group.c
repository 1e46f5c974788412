// SPDX-License-Identifier: GPL-2.0
/*
 * Link groups (wire.md section 4): finding and creating them, which
 * connections they have, and their end.
 *
 * When several connections to a new peer start at once, the first one
 * creates the group and the others wait for that group alone; nothing is
 * locked while waiting for a peer.
 */
#include "rdma.h"

#include <linux/slab.h>

#include "../base/sysctl.h"
#include "../base/trace.h"
#include "../compat/compat.h"

/* slots that a group may lose before it takes no more connections */
#define MAX_LOST	64

/* guards the list, and state and reserved of each group on it; leaf */
static DEFINE_SPINLOCK(groups_lock);
static LIST_HEAD(groups);
static u32 last_id;
/* groups whose memory is not yet freed, for module exit */
static atomic_t live_groups = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(live_wait);
static struct workqueue_struct *group_wq;

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
	kfree(group->rx_llc);
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
	bool had_hw;

	smcr_llc_abort(group);
	cancel_delayed_work_sync(&group->idle_work);
	stop_trimming(group);
	smcr_llc_send_delete_all(group, group->kill_reason);
	smcr_link_close(&group->link);
	/* what is posted queues it */
	cancel_delayed_work_sync(&group->test_work);
	tell_dead(group);
	/* handshakes have noticed by now, or will soon */
	down_write(&group->hw_lock);
	had_hw = group->has_hw;
	group->has_hw = false;
	up_write(&group->hw_lock);
	if (had_hw)
		smcr_link_destroy(&group->link);
	smcr_dev_put(group->link.port.dev);
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
	bool is_first;

	spin_lock_bh(&groups_lock);
	is_first = mark_dead_locked(group, reason);
	if (is_first)
		trace_smcr_link_down(&group->link, group, group->net_cookie,
				     group->link.state,
				     dev_name(&group->link.port.dev->ib->dev),
				     __builtin_return_address(0));
	spin_unlock_bh(&groups_lock);
	if (is_first)
		start_teardown(group);
}

/**
 * smcr_group_kill_dev() - a device goes away
 * @dev: the device; new groups do not find it any more
 *
 * Context: process; does not wait.
 */
void smcr_group_kill_dev(struct smcr_dev *dev)
{
	struct smcr_group *group, *found;

	do {
		found = NULL;
		spin_lock_bh(&groups_lock);
		dev->is_gone = true;
		list_for_each_entry(group, &groups, list) {
			if (group->link.port.dev != dev)
				continue;
			found = group;
			smcr_group_get(found);
			break;
		}
		spin_unlock_bh(&groups_lock);
		if (found) {
			smcr_group_kill(found, SMCR_LLC_REASON_OPERATOR);
			smcr_group_put(found);
		}
	} while (found);
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

/* an answer behind much data on a bad path is late, while some of it arrives */
static bool is_peer_lost(struct smcr_group *group)
{
	unsigned long heard;

	do {
		heard = READ_ONCE(group->link.last_rx);
		if (!smcr_llc_test_link(group, SMCR_LINK_LOST))
			return false;
	} while (is_active(group) && smcr_link_stop_watch(&group->link) &&
		 heard != READ_ONCE(group->link.last_rx));
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

static void test_work(struct work_struct *work)
{
	struct smcr_group *group = container_of(to_delayed_work(work),
						struct smcr_group, test_work);
	bool is_busy = smcr_link_stop_watch(&group->link);
	unsigned long patience = test_delay(group, is_busy);
	unsigned long due = READ_ONCE(group->link.last_rx) + patience;

	/* a handshake has limits of its own */
	if (!patience || !is_active(group))
		return;
	if (time_after_eq(jiffies, due)) {
		if (is_peer_lost(group)) {
			smcr_group_kill(group, SMCR_LLC_REASON_LOST_PATH);
			return;
		}
		due = jiffies + patience;
	}
	queue_delayed_work(group_wq, &group->test_work, due - jiffies);
}

/**
 * smcr_group_watch() - requests were posted
 * @group: forming or active; smcr_link_stop_watch() follows
 *
 * Context: any, link->tx_lock held.
 */
void smcr_group_watch(struct smcr_group *group)
{
	lockdep_assert_held(&group->link.tx_lock);
	mod_delayed_work(group_wq, &group->test_work, test_delay(group, true));
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

	if (!group)
		return NULL;
	group->rx_llc = kzalloc(sizeof(*group->rx_llc), GFP_KERNEL);
	if (!group->rx_llc) {
		kvfree(group);
		return NULL;
	}
	refcount_set(&group->refs, 1);
	init_waitqueue_head(&group->state_wait);
	init_rwsem(&group->hw_lock);
	spin_lock_init(&group->slot_lock);
	spin_lock_init(&group->buf_lock);
	spin_lock_init(&group->link.tx_lock);
	INIT_LIST_HEAD(&group->link.waiters);
	INIT_LIST_HEAD(&group->idle[SMCR_BUF_TX]);
	INIT_LIST_HEAD(&group->idle[SMCR_BUF_RX]);
	INIT_LIST_HEAD(&group->doomed);
	INIT_LIST_HEAD(&group->bufs);
	smcr_llc_init_flow(&group->flow);
	INIT_WORK(&group->kill_work, kill_work);
	INIT_DELAYED_WORK(&group->idle_work, idle_work);
	INIT_DELAYED_WORK(&group->test_work, test_work);
	INIT_DELAYED_WORK(&group->trim_work, trim_work);
	group->net_cookie = net->net_cookie;
	group->role = role;
	group->buf_type = buf_type_for(port);
	group->max_conns = READ_ONCE(sysctl->max_conns);
	group->test_interval = READ_ONCE(sysctl->testlink_time) * (u64)HZ;
	group->peer = *peer;
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
	group->link.port = *port;
	list_add_tail(&group->list, &groups);
}

/* with too many slots lost, a new group is better; this one ends when idle */
static bool has_capacity_locked(const struct smcr_group *group)
{
	u32 lost = READ_ONCE(group->lost);

	return lost <= MAX_LOST && group->reserved + lost < group->max_conns;
}

static bool fits_server_locked(const struct smcr_group *group,
			       const struct net *net,
			       const struct smcr_port *port,
			       const struct smcr_peer *peer)
{
	return group->role == SMCR_SERVER &&
	       group->net_cookie == net->net_cookie &&
	       group->link.port.dev == port->dev &&
	       group->link.port.num == port->num &&
	       !memcmp(group->link.port.gid, port->gid, SMCR_GID_LEN) &&
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
		group->reserved++;
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

/* NULL without memory, or when the device is going */
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
	if (!group && !port->dev->is_gone) {
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
 * A group whose founder fails is replaced, once, by one of those who wait.
 *
 * Context: process, sleeps while another handshake creates a fitting group.
 * Return: the group with room reserved for the caller, given back by
 * smcr_group_unreserve(), and a reference; NULL without memory, or when
 * others could not create the group.
 */
struct smcr_group *smcr_group_get_server(const struct net *net,
					 const struct smcr_port *port,
					 const struct smcr_peer *peer,
					 bool *is_founder)
{
	long patience = SMCR_GROUP_FORM_TIMEOUT;
	struct smcr_group *group;
	int tries = 2;

	while (tries-- && patience) {
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

/**
 * smcr_group_get_client() - the group that an ACCEPT names (wire.md 4.2)
 * @net: namespace of the connection
 * @peer: from the ACCEPT
 * @peer_qpn: from the ACCEPT
 *
 * Context: process.
 * Return: the group with room reserved and a reference, or NULL when there
 * is none.
 */
struct smcr_group *smcr_group_get_client(const struct net *net,
					 const struct smcr_peer *peer,
					 u32 peer_qpn)
{
	struct smcr_group *group, *found = NULL;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list) {
		if (group->role != SMCR_CLIENT ||
		    group->net_cookie != net->net_cookie ||
		    group->state != SMCR_GROUP_ACTIVE ||
		    group->link.peer_qpn != peer_qpn ||
		    memcmp(&group->peer, peer, sizeof(*peer)))
			continue;
		found = group;
		found->reserved++;
		smcr_group_get(found);
		break;
	}
	spin_unlock_bh(&groups_lock);
	return found;
}

/**
 * smcr_group_create() - a new group for a client
 * @net: namespace of the connection
 * @port: our port; the group takes a device reference of its own
 * @peer: from the ACCEPT
 *
 * Context: process.
 * Return: the group with room reserved and a reference for the caller, or
 * NULL without memory or when the device is going.
 */
struct smcr_group *smcr_group_create(const struct net *net,
				     const struct smcr_port *port,
				     const struct smcr_peer *peer)
{
	struct smcr_group *group = alloc_group(net, SMCR_CLIENT, port, peer);
	bool is_gone;

	if (!group)
		return NULL;
	spin_lock_bh(&groups_lock);
	is_gone = port->dev->is_gone;
	if (!is_gone) {
		add_locked(group, port);
		smcr_dev_get(port->dev);
		smcr_group_get(group);
	}
	spin_unlock_bh(&groups_lock);
	if (!is_gone)
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
		trace_smcr_link_up(&group->link, group, group->net_cookie,
				   dev_name(&group->link.port.dev->ib->dev));
		if (group->test_interval)
			queue_delayed_work(group_wq, &group->test_work,
					   group->test_interval);
	}
	spin_unlock_bh(&groups_lock);
	wake_up_all(&group->state_wait);
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
	if (!--group->reserved && group->state == SMCR_GROUP_ACTIVE)
		mod_delayed_work(group_wq, &group->idle_work, delay);
	spin_unlock_bh(&groups_lock);
}

/**
 * smcr_group_attach() - give a connection its token
 * @group: room is reserved
 * @path: the connection; the slot takes a reference
 *
 * Context: process; takes group->slot_lock.
 * Return: 0, -ENOSPC, or -ENOLINK when the group is dead.
 */
int smcr_group_attach(struct smcr_group *group, struct smcr_path *path)
{
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
	 * Either the teardown, which marks the group first, finds the path in
	 * its slot, or we see the mark here.
	 */
	smp_mb();
	if (READ_ONCE(group->state) == SMCR_GROUP_DEAD) {
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
 * smcr_group_get_next() - the group that comes next in order of IDs
 * @from_id: lowest ID wanted
 * @conns: set to the number of its connections
 *
 * Context: process.
 * Return: the ACTIVE group with the lowest such ID, or NULL. The caller puts
 * the group and its device.
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
		smcr_dev_get(found->link.port.dev);
	}
	spin_unlock_bh(&groups_lock);
	return found;
}

/**
 * smcr_group_hold_dev() - take a reference to a group's device
 * @group: referenced
 *
 * Context: any; takes the lock of the list of groups.
 * Return: true, then smcr_dev_put() has to follow; false when the first
 * contact is not over, or when the group has ended and may have no device.
 */
bool smcr_group_hold_dev(struct smcr_group *group)
{
	bool is_active;

	spin_lock_bh(&groups_lock);
	is_active = group->state == SMCR_GROUP_ACTIVE;
	if (is_active)
		smcr_dev_get(group->link.port.dev);
	spin_unlock_bh(&groups_lock);
	return is_active;
}

/**
 * smcr_group_count_links() - how many links a port has
 * @dev: the device
 * @port: its port
 *
 * Context: any; takes the lock of the list of groups.
 * Return: links of groups whose first contact is over.
 */
u32 smcr_group_count_links(const struct smcr_dev *dev, u8 port)
{
	const struct smcr_group *group;
	u32 count = 0;

	spin_lock_bh(&groups_lock);
	list_for_each_entry(group, &groups, list)
		if (group->state == SMCR_GROUP_ACTIVE &&
		    group->link.port.dev == dev &&
		    group->link.port.num == port)
			count++;
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

static bool is_idle_locked(const struct smcr_group *group)
{
	return group->state == SMCR_GROUP_ACTIVE && !group->reserved;
}

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
			pages += READ_ONCE(group->idle_pages);
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

/* rings first: they are what a group that goes on needs least */
static unsigned long scan_pages(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	unsigned long freed = shrink_rings(sc->nr_to_scan);
	unsigned long more;

	while (freed < sc->nr_to_scan) {
		more = end_idle_group();
		if (!more)
			break;
		freed += more;
	}
	return freed ?: SHRINK_STOP;
}

static struct shrinker *shrinker;

/**
 * smcr_group_init() - get ready for groups
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int smcr_group_init(void)
{
	group_wq = alloc_workqueue("smcr_group", WQ_UNBOUND, 0);
	if (!group_wq)
		return -ENOMEM;
	shrinker = smcr_compat_register_shrinker("smcr_group", count_pages,
						 scan_pages);
	if (shrinker)
		return 0;
	destroy_workqueue(group_wq);
	return -ENOMEM;
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
	wait_event(live_wait, !atomic_read(&live_groups));
	destroy_workqueue(group_wq);
}
