/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the RDMA transport: devices, link groups, links, buffers.
 *
 * A device has link groups; a group has one or two links, the registered
 * buffers, and up to 255 connections; a link is a queue pair. A group is
 * FORMING until the first contact is over, then ACTIVE, and DEAD from
 * smcr_group_kill() on, or when its last link is lost. Its hardware goes away
 * soon after that, its memory with the last connection.
 */
#ifndef SMCR_RDMA_RDMA_H
#define SMCR_RDMA_RDMA_H

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "../base/pnet.h"
#include "../base/transport.h"
#include "../wire/llc.h"

#define SMCR_GROUP_MAX_CONNS	255
/* links that a group has room for: two, and one that is taking a place */
#define SMCR_GROUP_LINKS	SMCR_LLC_MAX_LINKS
/* receive rings of the peer that are kept in mind, used or not */
#define SMCR_GROUP_RTOKENS	(2 * SMCR_GROUP_MAX_CONNS)

/* work requests of a link, at least; a CDC with data takes up to four */
#define SMCR_LINK_SQ_MIN	32
#define SMCR_LINK_RQ_MIN	64
/* receives that a bundle takes the place of */
#define SMCR_LINK_BUNDLE_RX	4
/* the longest message that we send: ADD LINK of version 2 without keys */
#define SMCR_LINK_TX_SLOT	72
/* kept free for LLC messages */
#define SMCR_LINK_LLC_RESERVE	8
/* receives are given back in chains of this many */
#define SMCR_LINK_RX_BATCH	16
/* bundles under way, the one that is being filled included */
#define SMCR_LINK_BUNDLES	8
/* attempts, a millisecond or two apart, while the send queue is full */
#define SMCR_LINK_FULL_TRIES	500

/* wire.md 6.10 */
#define SMCR_LLC_SERVER_TIMEOUT	(2 * HZ)
#define SMCR_LLC_CLIENT_TIMEOUT	(4 * HZ)
#define SMCR_LLC_RKEY_TIMEOUT	(2 * HZ)
/* longest wait of a ring that goes until others have confirmed their keys: a
 * handshake may wait behind it, and for its answer
 */
#define SMCR_LLC_TRIM_TIMEOUT	(1 * HZ)
#define SMCR_LLC_TEST_TIMEOUT	(2 * HZ)
/* without a sign of life: until a link with requests under way is tested, and
 * from then until it is lost
 */
#define SMCR_LINK_QUIET		(2UL * HZ)
#define SMCR_LINK_LOST		(8 * HZ)
/* pause between attempts to add a link, as a peer may ask for more and more */
#define SMCR_LINK_ADD_PAUSE	HZ
/* pauses until what failed is tried again, as the path may have been mended */
#define SMCR_LINK_RETRY_MIN	(15UL * HZ)
#define SMCR_LINK_RETRY_MAX	(240UL * HZ)
/* longest wait of a client for CONFIRM LINK on another link */
#define SMCR_LLC_LINK_TIMEOUT	(3 * HZ)
#define SMCR_GROUP_IDLE_SERVER	(600 * HZ)
#define SMCR_GROUP_IDLE_CLIENT	(610 * HZ)

/* longest wait for another handshake that is just creating the group; our
 * own client waits for an ACCEPT, and is not patient
 */
#define SMCR_GROUP_FORM_TIMEOUT	(3 * HZ)

struct smcr_group;
struct smcr_link;

/**
 * struct smcr_dev - an RDMA device
 * @ib: the device
 * @handler: of events of its ports
 * @list: in the list of devices, under its mutex
 * @refs: groups with hardware on it, and the client until removal
 * @released: the last reference is gone
 * @is_gone: it gets no new groups; under the lock of the list of groups
 * @pnet: its names
 * @serial: its number in the order of coming
 */
struct smcr_dev {
	struct ib_device *ib;
	struct ib_event_handler handler;
	struct list_head list;
	refcount_t refs;
	struct completion released;
	bool is_gone;
	struct smcr_pnet_dev pnet;
	u64 serial;
};

/**
 * struct smcr_port - a port that reaches a TCP connection's peer
 * @dev: referenced
 * @num: port number
 * @type: of @gid
 * @sgid_index: index of @gid
 * @gid: RoCEv2 and IPv4-mapped, or RoCEv1
 * @mac: of the port
 * @mtu: active MTU, enum ib_mtu
 * @vlan: that @gid is in, 0 for none
 */
struct smcr_port {
	struct smcr_dev *dev;
	u8 num;
	enum ib_gid_type type;
	u16 sgid_index;
	u8 gid[SMCR_GID_LEN];
	u8 mac[SMCR_MAC_LEN];
	u8 mtu;
	u16 vlan;
};

/**
 * struct smcr_route - the way to a peer's GID (wire.md 3.4)
 * @has_gateway: the peer is on another subnet
 * @mac: of the gateway
 */
struct smcr_route {
	bool has_gateway;
	u8 mac[SMCR_MAC_LEN];
};

/**
 * struct smcr_peer - what tells the peers of link groups apart (wire.md 4.2)
 * @version: of SMC
 * @id: peer ID as in PROPOSAL (server) or ACCEPT (client)
 * @gid: GID, from there as well
 * @mac: MAC; zero in version 2, which does not look at it
 *
 * Compared as a whole.
 */
struct smcr_peer {
	u8 version;
	u8 id[SMCR_PEER_ID_LEN];
	u8 gid[SMCR_GID_LEN];
	u8 mac[SMCR_MAC_LEN];
};

/* the two kinds of rings of a group */
enum smcr_buf_kind {
	SMCR_BUF_TX,
	SMCR_BUF_RX,
	SMCR_BUF_KINDS,
};

/* values of the setting smcr_buf_type */
enum smcr_buf_type {
	SMCR_BUF_PHYSICAL,
	SMCR_BUF_VIRTUAL,
	SMCR_BUF_MIXED,		/* physical, or virtual if there is no such */
};

/**
 * struct smcr_buf_map - a ring as one link's device sees it
 * @sgt: pieces of the ring, mapped
 * @mr: registration, NULL for send rings that are not virtual
 * @addr: address for the device, together with @lkey
 * @lkey: of @mr, or that of the protection domain
 * @is_mapped: all of this is valid
 * @is_ready: and the registration, if any, has been carried out; set by
 *	release, as connections look at it under their own lock
 */
struct smcr_buf_map {
	struct sg_table sgt;
	struct ib_mr *mr;
	u64 addr;
	u32 lkey;
	bool is_mapped;
	bool is_ready;
};

/**
 * struct smcr_buf - a ring
 * @list: in the group's list of idle buffers of its kind, or that of doomed
 *	ones, while not in use
 * @all: in the group's list of all buffers
 * @kind: send or receive
 * @is_virtual: @mem is contiguous for the CPU only
 * @mem: @size bytes
 * @size: a power of two, 16 KiB or more
 * @map_lock: guards @map; waits for registrations
 * @map: by slot of the link
 * @idle_since: jiffies, while on a list of idle buffers
 * @origin: of those that have it now
 * @is_known: the peer confirmed the rkeys; changed under flow.lock
 */
struct smcr_buf {
	struct list_head list;
	struct list_head all;
	enum smcr_buf_kind kind;
	bool is_virtual;
	void *mem;
	u32 size;
	struct mutex map_lock;	/* guards map */
	struct smcr_buf_map map[SMCR_GROUP_LINKS];
	unsigned long idle_since;
	struct smcr_ring_origin origin;
	bool is_known;
};

/**
 * struct smcr_rx_slot - a posted receive
 * @cqe: completion
 * @wr: prepared once, chained into batches
 * @sge: @data, then the room that all slots share for what is longer
 * @data: the message, link.rx_len bytes
 */
struct smcr_rx_slot {
	struct ib_cqe cqe;
	struct ib_recv_wr wr;
	struct ib_sge sge[2];
	u8 *data;
};

/**
 * struct smcr_tx_record - what is known when a signaled request completes
 * @wrs: requests done with it, including itself
 * @path: to be told, referenced; or NULL
 * @done_total: for @path
 * @seq: for @path as well
 * @waiter: completed as well, or NULL
 * @is_bundle: the buffer of a bundle is free again
 * @is_llc: an LLC message; nobody is told
 * @is_long: the buffer of a long message is free again
 */
struct smcr_tx_record {
	u16 wrs;
	bool is_bundle;
	bool is_llc;
	bool is_long;
	u16 seq;
	struct smcr_path *path;
	u64 done_total;
	struct completion *waiter;
};

/**
 * struct smcr_tx_bundle - the buffer of a bundle
 * @data: SMCR_BUNDLE_MAX_LEN bytes
 * @dma: DMA address of it
 */
struct smcr_tx_bundle {
	u8 *data;
	u64 dma;
};

enum smcr_link_state {
	SMCR_LINK_NEW,		/* no sends yet */
	SMCR_LINK_READY,
	SMCR_LINK_CLOSED,	/* no sends any more */
};

/**
 * struct smcr_link - a queue pair and its message slots
 * @group: the group it is part of
 * @slot: index in group->link
 * @is_up: connections may use it; written under the lock of the list of
 *	groups
 * @is_lost: it is to be taken down; under the same lock
 * @is_told: the peer knows that; under the same lock
 * @lost_reason: for the peer; under the same lock
 * @is_asymmetric: shares its port with another link, on either side, so that
 *	no new connections use it; cleared under the lock of the list of groups
 *	when it is the last link
 * @has_hw: the queue pair exists; set by who creates it, cleared under
 *	group->hw_lock as writer, or when group->has_hw is not set any more
 * @port: where it is; @port.dev is NULL while the slot is free, and is
 *	written under the lock of the list of groups
 * @route: how the peer is reached
 * @pd: protection domain, one for each link
 * @send_cq: completions of sends
 * @recv_cq: completions of receives
 * @qp: the queue pair
 * @psn: our initial packet sequence number
 * @num: link number, given by the server
 * @uid: our link UID
 * @peer_uid: the peer's link UID, from CONFIRM LINK
 * @peer_gid: the peer's GID
 * @peer_mac: its MAC
 * @peer_qpn: its QP number
 * @peer_psn: its initial packet sequence number
 * @peer_mtu: its MTU code
 *
 * @tx_lock: guards the fields down to @bundle_done; taken under conn->lock
 * @state: changes to READY once and to CLOSED once
 * @sq_free: free entries of the send queue
 * @sq_unsignaled: requests posted since the last signaled one
 * @tx_next: next slot of @tx_slots
 * @record: ring of signaled requests under way
 * @rec_head: number of the next record to fill; its place is modulo the depth
 * @rec_tail: of the oldest record
 * @waiters: RDMA paths that found no room, by smcr_rdma_path.wait_node
 * @is_watched: the group's test_work looks soon at what was posted
 * @is_shared: several connections write at a time, so small writes gather
 * @bundle: buffers, used in turn
 * @bundle_len: bytes in the one that is being filled, 0 for none
 * @bundle_token: alert token of the connection that all of it is of, or 0
 * @bundle_seq: its number
 * @bundle_done: number of the oldest one under way, or @bundle_seq
 *
 * @last_small: alert token of the connection that sent a small write since
 *	the peer was heard last, or 0; a hint, not guarded
 * @bundle_work: posts the bundle; queued while there is one, unless the send
 *	queue is full
 * @bundle_timer: posts it as well
 * @cqe: completion of all sends
 * @max_inline: bytes that the queue pair takes inline
 * @tx_slots: messages that are being sent
 * @tx_dma: their DMA address
 * @rx_slots: posted receives; given back by the receive completion only
 * @rx_depth: their number
 * @sq_depth: of @record and @tx_slots, a power of two
 * @rx_len: room of each in bytes: of a bundle if these are agreed on
 * @rx_chain: receives to post again, as a chain
 * @rx_chain_tail: its last element
 * @rx_chain_len: its length
 * @long_msg: a message of more than @rx_len bytes
 * @overflow_dma: DMA address of what follows the first @rx_len
 * @last_rx: jiffies of the last message or completion: the peer lives
 * @rx_llc: scratch for decoding, used by the receive completion only
 * @long_tx: for the one message that is longer than a slot of @tx_slots; NULL
 *	until it is needed
 * @long_tx_dma: its DMA address
 * @is_long_busy: what is in it has not left yet; written under @tx_lock
 */
struct smcr_link {
	struct smcr_group *group;
	u8 slot;
	bool is_up;
	bool is_lost;
	bool is_told;
	enum smcr_llc_reason lost_reason;
	bool is_asymmetric;
	bool has_hw;
	struct smcr_port port;
	struct smcr_route route;
	struct ib_pd *pd;
	struct ib_cq *send_cq;
	struct ib_cq *recv_cq;
	struct ib_qp *qp;
	u32 psn;
	u8 num;
	u8 uid[4];
	u8 peer_uid[4];
	u8 peer_gid[SMCR_GID_LEN];
	u8 peer_mac[SMCR_MAC_LEN];
	u32 peer_qpn;
	u32 peer_psn;
	u8 peer_mtu;

	spinlock_t tx_lock;	/* guards state to bundle_done */
	enum smcr_link_state state;
	u16 sq_free;
	u16 sq_unsignaled;
	u16 tx_next;
	struct smcr_tx_record *record;
	u16 rec_head;
	u16 rec_tail;
	struct list_head waiters;
	bool is_watched;
	bool is_shared;
	struct smcr_tx_bundle bundle[SMCR_LINK_BUNDLES];
	u32 bundle_len;
	u32 bundle_token;
	u64 bundle_seq;
	u64 bundle_done;

	u32 last_small;
	struct kthread_work bundle_work;
	struct timer_list bundle_timer;

	struct ib_cqe cqe;
	u32 max_inline;
	u8 (*tx_slots)[SMCR_LINK_TX_SLOT];
	u64 tx_dma;
	struct smcr_rx_slot *rx_slots;
	u32 rx_depth;
	u16 sq_depth;
	u32 rx_len;
	struct ib_recv_wr *rx_chain;
	struct ib_recv_wr *rx_chain_tail;
	u16 rx_chain_len;
	u8 *long_msg;
	u64 overflow_dma;
	struct smcr_llc *rx_llc;
	u8 *long_tx;
	u64 long_tx_dma;
	bool is_long_busy;
	unsigned long last_rx;
};

/* what does not fit into a receive goes behind the room for its beginning */
static inline u32 smcr_link_overflow_len(const struct smcr_link *link)
{
	return link->rx_len < SMCR_LLC_MAX_LEN ?
	       SMCR_LLC_MAX_LEN - link->rx_len : 0;
}

/**
 * smcr_link_is_spare() - a link for failover only, until there is a better one
 * @link: any state
 *
 * Context: any.
 * Return: true if it is up and shares its port with another link (wire.md 4.3).
 */
static inline bool smcr_link_is_spare(const struct smcr_link *link)
{
	return READ_ONCE(link->is_up) && READ_ONCE(link->is_asymmetric);
}

enum smcr_group_state {
	SMCR_GROUP_FORMING,
	SMCR_GROUP_ACTIVE,
	SMCR_GROUP_DEAD,
};

/**
 * struct smcr_llc_flow - the one LLC exchange that we started
 * @queue: held around @lock by those who have keys to tell, so that just one of
 *	them is in the way of others, whose peer waits for a bounded time
 * @lock: one exchange at a time; held while waiting for the peer
 * @unlocked: where the first of @queue waits for @lock, until its deadline
 * @misses: keys that the peer did not answer for in time; changed under @lock
 * @spin: guards the rest; leaf
 * @link: on which the message is to come
 * @type: message waited for, 0 for none
 * @is_response: whether it is a response
 * @link_num: number of the link that it has to be about, 0 for any
 * @rkey: of CONFIRM RKEY, so that a late answer is not taken for the next
 * @done: it came, or the group died, or the link was lost
 * @got: what came; valid when @has_got
 * @has_got: a message came
 * @tested: link whose TEST LINK has no answer yet; that is outside of the
 *	exchanges, and asked by test_work only
 * @test_done: as @done, for it
 */
struct smcr_llc_flow {
	struct mutex queue;	/* of those who have keys to tell */
	struct mutex lock;	/* one exchange at a time */
	wait_queue_head_t unlocked;
	u32 misses;
	spinlock_t spin;	/* guards what follows */
	const struct smcr_link *link;
	u8 type;
	bool is_response;
	u8 link_num;
	u32 rkey;
	bool has_got;
	struct completion done;
	struct smcr_llc got;
	const struct smcr_link *tested;
	struct completion test_done;
};

/**
 * struct smcr_rtoken - a receive ring of the peer's (wire.md 7.1)
 * @known: mask of the link slots for which there is a key; 0: unused
 * @gone: mask of those whose link has gone since; shows who knew the key, no
 *	data goes by it
 * @rkey: by slot of the link
 * @vaddr: by slot of the link
 */
struct smcr_rtoken {
	u8 known;
	u8 gone;
	u32 rkey[SMCR_GROUP_LINKS];
	u64 vaddr[SMCR_GROUP_LINKS];
};

/**
 * struct smcr_group - a link group
 * @refs: the hardware until the teardown is over, each attached path
 * @list: in the list of groups
 * @state: written under the lock of that list
 * @state_wait: woken when @state changes
 * @net_cookie: namespace
 * @role: ours, for all connections
 * @id: number for user space, low byte 0
 * @peer: who and how
 * @eid: negotiated with the first connection, version 2
 * @release: negotiated SMC release; 0 in version 1
 * @max_conns: negotiated limit of connections
 * @max_links: negotiated limit of links
 * @send_wr: wanted send work requests of a link
 * @recv_wr: wanted receive work requests of a link
 * @extensions: what both sides understand, SMCR_IMM_EXTENSIONS, see
 *	Documentation/imm.md; const once there is hardware
 * @peer_os: of the first contact
 * @peer_host: of the first contact, blank padded
 * @gid_type: of all ports of the group
 * @peer_is_be: the peer has shown that it is a big-endian machine
 * @vlan: that all of them are in, 0 for none
 * @home_gid: of the port that it was created for
 * @reserved: connections that are or will be attached, under the list lock
 * @hw_lock: held for reading by those who use the links' hardware, for
 *	writing to take it away; waits for the peer happen under it, and end
 *	when the group dies
 * @has_hw: the hardware is there
 * @link: the links; the first one is there from the beginning
 * @links_up: how many of them are up; written under the list lock
 * @last_up: the one that was lost last, the first one before; written under
 *	the list lock
 * @last_num: highest number of a link so far
 * @wants_link: there may be a port for another link; under the list lock
 * @was_offered: the client was sent an ADD LINK; link_work only
 * @is_asked: the client waits for ADD LINK; under the list lock
 * @add_req: ADD LINK of the server; under the list lock
 * @add_via: the link that it came on, NULL for none; under the list lock
 * @next_add: jiffies, no link is added before; link_work only
 * @has_refused: a client had no memory for the last link that was offered;
 *	link_work
 * @retry_pause: jiffies, the last one after a failure, 0 for none; link_work
 *	only
 * @peer_gid: ports of the client, as far as known; under the list lock
 * @peer_gid_count: how many; under the list lock
 * @work_llc: scratch of link_work
 * @turn: which link the next connection uses; a hint
 * @key_lock: guards @rtoken, and link and keys of each connection; leaf
 * @rtoken: receive rings of the peer
 * @slot_lock: guards writes to @slot; leaf
 * @slot: attached paths by low byte of their token; read under RCU
 * @burned: slots that the peer may still write to, not used again
 * @lost: how many these are; written under @slot_lock
 * @slot_seq: makes tokens of reused slots differ
 * @buf_lock: guards the lists of buffers; leaf
 * @idle: buffers ready for reuse, by kind, the one used last first
 * @idle_pages: pages of these; written under @buf_lock
 * @grown_pages: of send rings, what connections have more than they began
 *	with; written under @buf_lock
 * @is_short: @trim_work is to take that from those who do not need it
 * @shrunk_at: jiffies, when it was asked for that; written under @buf_lock
 * @doomed: idle buffers that @trim_work is to free
 * @bufs: all buffers
 * @is_untrimmable: @trim_work must not be queued any more
 * @buf_type: how memory of buffers is allocated
 * @flow: LLC exchange of ours
 * @kill_reason: what to tell the peer, 0 for nothing
 * @is_idle: the group ends because it has no connections; set
 *	with the mark that it is dead
 * @is_orphaned: its namespace is gone; under the list lock
 * @test_interval: jiffies until a quiet link is tested, 0 for never
 * @is_doubted: links are to be tested even if the peer was heard; under the
 *	list lock
 * @kill_work: teardown of a dead group
 * @idle_work: ends a group without connections
 * @test_work: TEST LINK on a quiet link, sooner if requests are under way
 * @trim_work: frees buffers that nobody needs
 * @retry_work: asks for the link that could not be added
 * @link_work: adds links and takes lost ones down
 */
struct smcr_group {
	refcount_t refs;
	struct list_head list;
	enum smcr_group_state state;
	wait_queue_head_t state_wait;
	u64 net_cookie;
	enum smcr_role role;
	u32 id;
	struct smcr_peer peer;
	u8 eid[SMCR_EID_LEN];
	u8 release;
	u8 max_conns;
	u8 max_links;
	u16 send_wr;
	u16 recv_wr;
	u8 extensions;
	u8 peer_os;
	u8 peer_host[32];
	enum ib_gid_type gid_type;
	bool peer_is_be;
	u16 vlan;
	u8 home_gid[SMCR_GID_LEN];
	int reserved;
	struct rw_semaphore hw_lock;
	bool has_hw;
	struct smcr_link link[SMCR_GROUP_LINKS];
	u8 links_up;
	struct smcr_link *last_up;
	u8 last_num;
	bool wants_link;
	bool was_offered;
	bool is_asked;
	struct smcr_link *add_via;
	struct smcr_llc add_req;
	unsigned long next_add;
	bool has_refused;
	unsigned long retry_pause;
	u8 peer_gid[SMCR_CLC_MAX_GIDS][SMCR_GID_LEN];
	u8 peer_gid_count;
	struct smcr_llc work_llc;
	u32 turn;

	spinlock_t key_lock;	/* guards rtoken, and links of connections */
	struct smcr_rtoken rtoken[SMCR_GROUP_RTOKENS];

	spinlock_t slot_lock;	/* guards writes to slot, burned, lost */
	struct smcr_path __rcu *slot[SMCR_GROUP_MAX_CONNS + 1];
	DECLARE_BITMAP(burned, SMCR_GROUP_MAX_CONNS + 1);
	u32 lost;
	u32 slot_seq;

	spinlock_t buf_lock;	/* guards idle to is_untrimmable */
	struct list_head idle[SMCR_BUF_KINDS];
	unsigned long idle_pages;
	unsigned long grown_pages;
	bool is_short;
	unsigned long shrunk_at;
	struct list_head doomed;
	struct list_head bufs;
	bool is_untrimmable;
	enum smcr_buf_type buf_type;

	struct smcr_llc_flow flow;
	enum smcr_llc_reason kill_reason;
	bool is_idle;
	bool is_orphaned;
	unsigned long test_interval;
	bool is_doubted;
	struct work_struct kill_work;
	struct delayed_work idle_work;
	struct delayed_work test_work;
	struct delayed_work trim_work;
	struct delayed_work retry_work;
	struct delayed_work link_work;
};

#define smcr_for_each_link(pos, group) \
	for ((pos) = (group)->link; \
	     (pos) < (group)->link + SMCR_GROUP_LINKS; (pos)++)

/**
 * struct smcr_rdma_path - a connection's part of a group
 * @path: the connection
 * @group: referenced
 * @link: that its data goes to; changed under conn->lock and group->key_lock
 * @clc_slot: slot of the link that the handshake named
 * @tx: send ring
 * @tx_next: another one, about to take its place, or NULL
 * @first_size: of the send ring that it began with, bytes
 * @grown_pages: what @tx has more, in group->grown_pages
 * @rx: receive ring
 * @peer_rtoken: index of the peer's ring in group->rtoken, or negative
 * @peer_offset: of the peer's element in that ring, bytes
 * @has_keys: the peer has named its ring
 * @peer_rkey: of the peer's ring, for @link
 * @peer_vaddr: of the peer's element, for @link
 * @peer_token: alert token that the peer wants in our messages
 * @bundle_seq: the last bundle with data of this connection, under
 *	link.tx_lock
 * @copied_seq: the last bundle with data of it that is nowhere else, 0 for
 *	none, under link.tx_lock
 * @wait_node: in link.waiters, which then holds a reference to @path
 * @is_founder: the group is created for this connection
 * @rcu: the memory outlives softirq readers
 */
struct smcr_rdma_path {
	struct smcr_path *path;
	struct smcr_group *group;
	struct smcr_link *link;
	u8 clc_slot;
	struct smcr_buf *tx;
	struct smcr_buf *tx_next;
	u32 first_size;
	long grown_pages;
	struct smcr_buf *rx;
	int peer_rtoken;
	u64 peer_offset;
	bool has_keys;
	u32 peer_rkey;
	u64 peer_vaddr;
	u32 peer_token;
	u64 bundle_seq;
	u64 copied_seq;
	struct list_head wait_node;
	bool is_founder;
	struct rcu_head rcu;
};

/* dev.c */
int smcr_dev_init(void);
void smcr_dev_exit(void);
int smcr_port_find(const struct sock *clcsk, enum ib_gid_type type,
		   struct smcr_port *port);
struct smcr_dev *smcr_dev_get_next(u64 after);
int smcr_port_find_alt(struct smcr_group *group, const u8 *peer_gid,
		       struct smcr_port *port);
bool smcr_port_reaches(const struct smcr_port *port, const u8 *peer_gid);
void smcr_dev_get(struct smcr_dev *dev);
void smcr_dev_put(struct smcr_dev *dev);
int smcr_route_find(const struct sock *clcsk, const u8 gid[SMCR_GID_LEN],
		    struct smcr_route *route);

/* group.c */
int smcr_group_init(void);
void smcr_group_exit(void);
struct smcr_group *smcr_group_get_server(const struct net *net,
					 const struct smcr_port *port,
					 const struct smcr_peer *peer,
					 bool *is_founder);
struct smcr_group *smcr_group_get_client(const struct net *net,
					 const struct smcr_peer *peer,
					 u32 peer_qpn,
					 struct smcr_link **link);
bool smcr_group_knows_server(const struct net *net,
			     const struct smcr_peer *peer);
struct smcr_group *smcr_group_create(const struct net *net,
				     const struct smcr_port *port,
				     const struct smcr_peer *peer);
void smcr_group_activate(struct smcr_group *group);
void smcr_group_watch(struct smcr_link *link);
void smcr_group_doubt(struct smcr_group *group);
void smcr_group_kill(struct smcr_group *group, enum smcr_llc_reason reason);
void smcr_group_lose_link(struct smcr_link *link, enum smcr_llc_reason reason,
			  bool is_told);
bool smcr_group_can_move(const struct smcr_group *group);
struct smcr_link *smcr_group_any_link(struct smcr_group *group);
struct smcr_link *smcr_group_pick_link(struct smcr_group *group);
struct smcr_link *smcr_group_take_slot(struct smcr_group *group,
				       const struct smcr_port *port, u8 num);
bool smcr_group_put_up(struct smcr_link *link);
void smcr_group_want_link(struct smcr_group *group);
void smcr_group_want_links(void);
void smcr_group_retry_link(struct smcr_group *group);
void smcr_group_end_retries(struct smcr_group *group);
bool smcr_group_may_add(struct smcr_group *group);
bool smcr_group_take_wish(struct smcr_group *group, bool *is_asked);
void smcr_group_note_add_req(struct smcr_link *via, const struct smcr_llc *msg);
struct smcr_link *smcr_group_take_add_req(struct smcr_group *group,
					  struct smcr_llc *msg);
void smcr_group_note_peer_gids(struct smcr_group *group,
			       const u8 (*gid)[SMCR_GID_LEN], u8 count,
			       bool is_asked);
u8 smcr_group_get_peer_gids(struct smcr_group *group,
			    u8 gid[SMCR_CLC_MAX_GIDS][SMCR_GID_LEN]);
void smcr_group_lose_port(const struct smcr_dev *dev, u8 num);
void smcr_group_free_link(struct smcr_link *link);
struct smcr_link *smcr_group_find_link(struct smcr_group *group, u8 num);
void smcr_group_kill_dev(struct smcr_dev *dev);
void smcr_group_unreserve(struct smcr_group *group);
void smcr_group_trim_locked(struct smcr_group *group, unsigned long delay);
int smcr_group_attach(struct smcr_link *link, struct smcr_path *path);
void smcr_group_detach(struct smcr_group *group, struct smcr_path *path,
		       bool lost);
struct smcr_path *smcr_group_find_path(struct smcr_group *group, u32 token);
struct smcr_path *smcr_group_find_slot(struct smcr_group *group, u8 slot);
u32 smcr_group_count_conns(const struct smcr_link *link);
struct smcr_group *smcr_group_get_next(u32 from_id, u32 *conns);
bool smcr_group_hold_dev(struct smcr_link *link);
u32 smcr_group_count_links(const struct smcr_dev *dev, u8 port,
			   bool *is_critical);
void smcr_group_get(struct smcr_group *group);
void smcr_group_put(struct smcr_group *group);

/* buf.c */
struct smcr_buf *smcr_buf_get(struct smcr_link *link, enum smcr_buf_kind kind,
			      u32 want, u32 least);
void smcr_buf_put(struct smcr_group *group, struct smcr_buf *buf);
void smcr_buf_count_grown(struct smcr_group *group, long pages);
int smcr_buf_make_ready(struct smcr_link *link, struct smcr_buf *buf);
void smcr_buf_make_ready_everywhere(struct smcr_group *group,
				    struct smcr_buf *buf);
unsigned long smcr_buf_shrink(struct smcr_group *group, unsigned long pages);
u64 smcr_buf_sum(struct smcr_group *group, enum smcr_buf_kind kind);
unsigned long smcr_buf_grown(const struct smcr_group *group);
bool smcr_buf_ask_grown(struct smcr_group *group);
void smcr_buf_trim(struct smcr_group *group);
int smcr_buf_map_all(struct smcr_link *link);
int smcr_buf_make_all_ready(struct smcr_link *link);
u32 smcr_buf_list_keys(const struct smcr_link *via,
		       const struct smcr_link *link,
		       struct smcr_llc_rtoken_pair *pair);
void smcr_buf_unmap_link(struct smcr_link *link);
void smcr_buf_free_all(struct smcr_group *group);

/* bundle.c */
int smcr_bundle_init(void);
void smcr_bundle_exit(void);
int smcr_bundle_alloc(struct smcr_link *link);
void smcr_bundle_stop(struct smcr_link *link);
void smcr_bundle_free(struct smcr_link *link);
bool smcr_bundle_gather_locked(struct smcr_link *link,
			       struct smcr_rdma_path *rp, struct smcr_tx *tx);
int smcr_bundle_post_locked(struct smcr_link *link);
void smcr_bundle_sent_locked(struct smcr_link *link);
bool smcr_bundle_has_locked(const struct smcr_link *link,
			    const struct smcr_rdma_path *rp);
bool smcr_bundle_may_be_lost(struct smcr_link *link,
			     const struct smcr_rdma_path *rp);
void smcr_bundle_rx(struct smcr_link *link, const u8 *buf, u32 len);

/* link.c */
int smcr_link_create(struct smcr_link *link, struct smcr_group *group);
void smcr_link_destroy(struct smcr_link *link);
void smcr_link_stop(struct smcr_link *link);
void smcr_link_fail(struct smcr_link *link);
void smcr_link_set_peer(struct smcr_link *link,
			const struct smcr_clc_rdma *peer);
int smcr_link_to_rtr(struct smcr_link *link);
int smcr_link_to_rts(struct smcr_link *link);

/* wr.c */
void smcr_link_init_wr(struct smcr_link *link);
int smcr_link_post_receives(struct smcr_link *link);
int smcr_link_open(struct smcr_link *link);
void smcr_link_close(struct smcr_link *link);
int smcr_link_send_llc(struct smcr_link *link, const struct smcr_llc *msg);
int smcr_link_send_llc_wait(struct smcr_link *link, const struct smcr_llc *msg,
			    long timeo);
int smcr_link_send_long(struct smcr_link *link, const struct smcr_llc *msg);
int smcr_link_register(struct smcr_link *link, struct ib_mr *mr, int access);
bool smcr_link_has_room_locked(const struct smcr_link *link);
int smcr_link_post_bundle_locked(struct smcr_link *link, u64 dma, u32 len);
int smcr_link_send(struct smcr_link *link, struct smcr_rdma_path *rp,
		   struct smcr_tx *tx);
bool smcr_link_stop_watch(struct smcr_link *link);
void smcr_link_forget_waiter(struct smcr_link *link,
			     struct smcr_rdma_path *rp);

/* rtoken.c */
bool smcr_rtoken_confirm(struct smcr_link *link,
			 const struct smcr_llc_confirm_rkey *msg);
bool smcr_rtoken_delete(struct smcr_link *link, u32 rkey);
void smcr_rtoken_forget_link(struct smcr_link *link);
bool smcr_rtoken_adopt(struct smcr_rdma_path *rp, u32 rkey, u64 vaddr,
		       u64 offset);
bool smcr_rtoken_move(struct smcr_rdma_path *rp, struct smcr_link *link);
void smcr_rtoken_add_link(struct smcr_link *via, struct smcr_link *link,
			  const struct smcr_llc_rtoken_pair *pair, u32 count);

/* llc.c */
void smcr_llc_init_flow(struct smcr_llc_flow *flow);
void smcr_llc_expect(struct smcr_link *link, u8 type, bool is_response,
		     u8 link_num);
void smcr_llc_end_flow(struct smcr_group *group);
bool smcr_llc_wait(struct smcr_group *group, long timeo);
void smcr_llc_abort(struct smcr_group *group);
void smcr_llc_lose_link(struct smcr_link *link);
void smcr_llc_rx(struct smcr_link *link, const u8 *buf, u32 len);
struct smcr_llc *smcr_llc_alloc(const struct smcr_group *group,
				enum smcr_llc_type type);
int smcr_llc_send_patiently(struct smcr_link *link, const struct smcr_llc *msg);
void smcr_llc_refuse_add_link(struct smcr_link *link, struct smcr_llc *msg);
void smcr_llc_decline_req_add_link(struct smcr_link *link);
int smcr_llc_req_add_link(struct smcr_link *link, const u8 gid[SMCR_GID_LEN]);
int smcr_llc_send_confirm_link(struct smcr_link *link, bool is_response);
void smcr_llc_add_no_link(struct smcr_link *link);
int smcr_llc_confirm_rkey(struct smcr_group *group, struct smcr_buf *buf,
			  unsigned long deadline);
int smcr_llc_delete_rkey(struct smcr_group *group, struct smcr_buf *buf);
int smcr_llc_test_link(struct smcr_link *link, long timeo);
int smcr_llc_flush(struct smcr_group *group);
void smcr_llc_send_delete_link(struct smcr_group *group, u8 num,
			       enum smcr_llc_reason reason);
void smcr_llc_send_delete_all(struct smcr_group *group,
			      enum smcr_llc_reason reason);

/* links.c */
void smcr_links_work(struct work_struct *work);

/* add_link.c */
int smcr_add_link_server(struct smcr_link *link);
int smcr_add_link_client(struct smcr_link *via, struct smcr_link *link,
			 struct smcr_llc *msg);

/* failover.c */
void smcr_failover(struct smcr_link *link);

/* transport.c */
void smcr_rdma_shrink(struct smcr_group *group);

#endif
