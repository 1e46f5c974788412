// SPDX-License-Identifier: GPL-2.0
/*
 * The peer's receive rings: their keys on each link (wire.md 7.1). The peer
 * names them in its ACCEPT or CONFIRM, in CONFIRM RKEY and with a new link; a
 * connection that moves to another link finds the key for that here.
 *
 * A peer of ours keeps rings that no connection uses, so there may be more than
 * connections. One that finds no room here is refused.
 *
 * Anybody can name a group in an ACCEPT or CONFIRM, and a write to a wrong key
 * ends it. So only the first contact, which has nothing to lose, brings a key
 * of its own; after that a ring is one that the peer has named over the group's
 * own links. It does so before it sends its ACCEPT or CONFIRM (wire.md 6.12).
 *
 * Who breaks the rules, and deletes what is in use, has our data written to
 * another ring of its own.
 */
#include "rdma.h"

static int find_locked(const struct smcr_group *group, u8 slot, u32 rkey)
{
	int i;

	for (i = 0; i < SMCR_GROUP_RTOKENS; i++)
		if ((group->rtoken[i].known & BIT(slot)) &&
		    group->rtoken[i].rkey[slot] == rkey)
			return i;
	return -ENOENT;
}

static int find_free_locked(const struct smcr_group *group)
{
	int i;

	for (i = 0; i < SMCR_GROUP_RTOKENS; i++)
		if (!group->rtoken[i].known)
			return i;
	return -ENOSPC;
}

static void set_locked(struct smcr_link *link, int i, u32 rkey, u64 vaddr)
{
	struct smcr_rtoken *rtoken = &link->group->rtoken[i];

	if (!rtoken->known)
		rtoken->gone = 0;
	rtoken->known |= BIT(link->slot);
	rtoken->gone &= ~BIT(link->slot);
	rtoken->rkey[link->slot] = rkey;
	rtoken->vaddr[link->slot] = vaddr;
}

static int get_locked(struct smcr_link *link, u32 rkey, u64 vaddr)
{
	int i = find_locked(link->group, link->slot, rkey);

	lockdep_assert_held(&link->group->key_lock);
	if (i < 0)
		i = find_free_locked(link->group);
	if (i >= 0)
		set_locked(link, i, rkey, vaddr);
	return i;
}

/* or was known until the link went, a moment ago */
static int find_known_locked(struct smcr_link *link, u32 rkey, u64 vaddr)
{
	const struct smcr_rtoken *rtoken = link->group->rtoken;
	int i;

	lockdep_assert_held(&link->group->key_lock);
	for (i = 0; i < SMCR_GROUP_RTOKENS; i++)
		if (rtoken[i].known &&
		    ((rtoken[i].known | rtoken[i].gone) & BIT(link->slot)) &&
		    rtoken[i].rkey[link->slot] == rkey &&
		    rtoken[i].vaddr[link->slot] == vaddr)
			return i;
	return -ENOENT;
}

/**
 * smcr_rtoken_confirm() - the peer names a ring, for several links
 * @link: that carries the message
 * @msg: CONFIRM RKEY
 *
 * Links that are not known here may have been lost a moment ago.
 *
 * Context: any; takes group->key_lock.
 * Return: false if there are too many links or rings.
 */
bool smcr_rtoken_confirm(struct smcr_link *link,
			 const struct smcr_llc_confirm_rkey *msg)
{
	const struct smcr_llc_rtoken *rtoken = msg->rtoken;
	struct smcr_group *group = link->group;
	struct smcr_link *other;
	int i, ring;

	if (msg->announced >= SMCR_GROUP_LINKS)
		return false;
	spin_lock_bh(&group->key_lock);
	ring = get_locked(link, rtoken[0].rkey, rtoken[0].vaddr);
	for (i = 1; i < msg->count && ring >= 0; i++) {
		other = smcr_group_find_link(group, rtoken[i].link_num);
		if (other && other != link)
			set_locked(other, ring, rtoken[i].rkey,
				   rtoken[i].vaddr);
	}
	spin_unlock_bh(&group->key_lock);
	return ring >= 0;
}

/**
 * smcr_rtoken_delete() - the peer's ring is gone, for all links
 * @link: that carries the message
 * @rkey: of the ring, on this link
 *
 * Context: any; takes group->key_lock.
 * Return: false if there was none of that key.
 */
bool smcr_rtoken_delete(struct smcr_link *link, u32 rkey)
{
	struct smcr_group *group = link->group;
	int i;

	spin_lock_bh(&group->key_lock);
	i = find_locked(group, link->slot, rkey);
	if (i >= 0)
		group->rtoken[i].known = 0;
	spin_unlock_bh(&group->key_lock);
	return i >= 0;
}

/**
 * smcr_rtoken_forget_link() - a link is gone
 * @link: its slot is about to become free
 *
 * A handshake that named it may go on over another one: the peer still has to
 * know the key.
 *
 * Context: any; takes group->key_lock.
 */
void smcr_rtoken_forget_link(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	int i;

	spin_lock_bh(&group->key_lock);
	for (i = 0; i < SMCR_GROUP_RTOKENS; i++) {
		group->rtoken[i].gone &= ~BIT(link->slot);
		group->rtoken[i].gone |= group->rtoken[i].known &
					 BIT(link->slot);
		group->rtoken[i].known &= ~BIT(link->slot);
	}
	spin_unlock_bh(&group->key_lock);
}

static bool use_locked(struct smcr_rdma_path *rp, struct smcr_link *link)
{
	const struct smcr_rtoken *rtoken;

	if (rp->peer_rtoken < 0)
		return false;
	rtoken = &link->group->rtoken[rp->peer_rtoken];
	if (!(rtoken->known & BIT(link->slot)))
		return false;
	rp->peer_rkey = rtoken->rkey[link->slot];
	rp->peer_vaddr = rtoken->vaddr[link->slot] + rp->peer_offset;
	return true;
}

/**
 * smcr_rtoken_adopt() - the peer has named the ring of a connection
 * @rp: the connection, whose link may have changed since the handshake named
 *	it; nothing is sent yet
 * @rkey: for the link that the handshake named
 * @vaddr: of the ring, for that link
 * @offset: of the element in it, bytes
 *
 * Context: process; takes group->key_lock.
 * Return: false if the peer has not made the key known, or none for the link
 * that the connection uses.
 */
bool smcr_rtoken_adopt(struct smcr_rdma_path *rp, u32 rkey, u64 vaddr,
		       u64 offset)
{
	struct smcr_group *group = rp->group;
	struct smcr_link *named = &group->link[rp->clc_slot];
	bool is_usable;

	spin_lock_bh(&group->key_lock);
	if (rp->is_founder)
		rp->peer_rtoken = get_locked(named, rkey, vaddr);
	else
		rp->peer_rtoken = find_known_locked(named, rkey, vaddr);
	rp->peer_offset = offset;
	rp->has_keys = true;
	is_usable = use_locked(rp, rp->link);
	spin_unlock_bh(&group->key_lock);
	return is_usable;
}

/**
 * smcr_rtoken_move() - a connection uses another link from now on
 * @rp: the connection; nothing is sent meanwhile
 * @link: the link
 *
 * Context: any; takes group->key_lock.
 * Return: false if its ring has no key there: it is on the link, but cannot
 * write.
 */
bool smcr_rtoken_move(struct smcr_rdma_path *rp, struct smcr_link *link)
{
	struct smcr_group *group = rp->group;
	bool is_usable;

	spin_lock_bh(&group->key_lock);
	WRITE_ONCE(rp->link, link);
	is_usable = !rp->has_keys || use_locked(rp, link);
	spin_unlock_bh(&group->key_lock);
	return is_usable;
}

/**
 * smcr_rtoken_add_link() - the peer's keys for a new link
 * @via: link that carries the message
 * @link: the new one
 * @pair: keys
 * @count: number of them
 *
 * Context: process; takes group->key_lock.
 */
void smcr_rtoken_add_link(struct smcr_link *via, struct smcr_link *link,
			  const struct smcr_llc_rtoken_pair *pair, u32 count)
{
	struct smcr_group *group = link->group;
	u32 n;
	int i;

	spin_lock_bh(&group->key_lock);
	for (n = 0; n < count; n++) {
		i = find_locked(group, via->slot, pair[n].rkey);
		if (i >= 0)
			set_locked(link, i, pair[n].new_rkey,
				   pair[n].new_vaddr);
	}
	spin_unlock_bh(&group->key_lock);
}
