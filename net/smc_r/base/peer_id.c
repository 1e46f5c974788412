// SPDX-License-Identifier: GPL-2.0
/*
 * The peer ID: an instance number, random for each load so that a restarted
 * host is told from its past, and the MAC of the first RDMA port that was
 * found. It stays the same from then on, whatever port a connection uses.
 *
 * Each network namespace is a peer of its own, as it shares no link group with
 * another one: it counts from that instance number on.
 */
#include "peer_id.h"

#include <linux/hash.h>
#include <linux/random.h>
#include <linux/spinlock.h>

/* guards the ID; leaf, process context only */
static DEFINE_SPINLOCK(peer_id_lock);
static u8 own_id[SMCR_PEER_ID_LEN];
static u16 instance;

/**
 * smcr_peer_id_init() - start as a new host
 *
 * Context: module init.
 */
void smcr_peer_id_init(void)
{
	/* zero is the ID of those who have none */
	instance = get_random_u32() | 1;
}

/**
 * smcr_peer_id_learn() - there is an RDMA port
 * @mac: its MAC
 *
 * Context: process; takes peer_id_lock.
 */
void smcr_peer_id_learn(const u8 mac[SMCR_MAC_LEN])
{
	spin_lock(&peer_id_lock);
	if (!smcr_load_be16(own_id)) {
		smcr_store_be16(own_id, instance);
		memcpy(own_id + 2, mac, SMCR_MAC_LEN);
	}
	spin_unlock(&peer_id_lock);
}

/**
 * smcr_peer_id_copy() - our peer ID, for a message
 * @net_cookie: of the namespace
 * @peer_id: where to put it; all zero as long as there was no RDMA port
 *
 * Context: process; takes peer_id_lock.
 */
void smcr_peer_id_copy(u64 net_cookie, u8 peer_id[SMCR_PEER_ID_LEN])
{
	u16 first;

	spin_lock(&peer_id_lock);
	memcpy(peer_id, own_id, SMCR_PEER_ID_LEN);
	spin_unlock(&peer_id_lock);
	first = smcr_load_be16(peer_id);
	/*
	 * Cookies are given out in batches for each CPU, so that their low bits
	 * repeat. An odd number stays odd, which is not zero.
	 */
	if (first)
		smcr_store_be16(peer_id, first + 2 * hash_64(net_cookie, 15));
}
