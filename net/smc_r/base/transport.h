/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between connections and transports. A transport moves bytes
 * from a send ring of ours into the peer's receive ring and tells the peer
 * by a CDC message. Whether it does so over a queue pair or through memory
 * shared on one host is nobody's business above this file.
 *
 * Calls go down through struct smcr_transport_ops, events come up through
 * struct smcr_path_events, which the connection hands over at creation.
 */
#ifndef SMCR_BASE_TRANSPORT_H
#define SMCR_BASE_TRANSPORT_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <net/net_namespace.h>

#include "../logic/ring.h"
#include "../wire/cdc.h"
#include "../wire/clc.h"
#include "decline.h"
#include "stats.h"

struct smcr_dev_info;
struct smcr_group_info;
struct smcr_link_info;
struct smcr_path;
struct sock;

/**
 * struct smcr_tx - one step of a connection's data path
 * @span: pieces to copy, source in the send ring, target in the peer's ring
 * @spans: valid entries in @span, 0 for a message without data
 * @msg: the cursors and flags to announce behind the data; the transport
 *	fills in the token
 * @len: bytes in all spans
 * @is_plain: @msg says nothing new but that the producer cursor moved by
 *	@len, and whether the writer is blocked. A transport that has a cheaper
 *	way to say that may use it and leave the flag set; one that sent @msg
 *	clears it.
 * @want_done: report through tx_done when the data has left the send ring
 * @is_only: nothing that was sent before is under way
 * @is_done: set by the transport: the data was copied and nothing is under
 *	way, so tx_done does not follow; only with @is_only
 * @done_total: opaque to the transport, handed back by tx_done, as is msg.seq
 */
struct smcr_tx {
	struct smcr_span span[SMCR_RING_MAX_SPANS];
	int spans;
	u32 len;
	struct smcr_cdc msg;
	bool is_plain;
	bool want_done;
	bool is_only;
	bool is_done;
	u64 done_total;
};

/**
 * struct smcr_path_events - what a transport reports to a connection
 *
 * All run under rcu_read_lock with bottom halves disabled and never under a
 * lock of the transport, so that they may call ops->send.
 *
 * @via names the way that something came, for comparison only: after a failover
 * message came on another one, data by @rx_plain is taken from that one alone.
 *
 * @rx: a CDC message for this connection; its form is valid, its cursors
 *	are not checked
 * @rx_plain: there are len more bytes: in the ring, behind those before, or
 *	at data, if that is not NULL, and to be put there; len is not checked
 * @tx_done: all data up to done_total of a send with want_done has arrived,
 *	and all messages up to the one with number seq
 * @tx_room: an earlier send returned -EAGAIN, try again
 * @way_lost: what was sent and not reported by tx_done may be lost, and
 *	will not be reported any more; ops->move, and send it again
 * @shrink: memory is short, and @ring is a smaller send ring: ops->take_ring,
 *	if nothing is in the one that there is. Return: whether it was taken
 * @dead: the transport lost the peer; no send succeeds any more and no
 *	other event follows
 */
struct smcr_path_events {
	void (*rx)(struct smcr_path *path, const struct smcr_cdc *msg,
		   const void *via);
	void (*rx_plain)(struct smcr_path *path, const u8 *data, u32 len,
			 bool is_blocked, const void *via);
	void (*tx_done)(struct smcr_path *path, u64 done_total, u16 seq);
	void (*tx_room)(struct smcr_path *path);
	void (*way_lost)(struct smcr_path *path);
	bool (*shrink)(struct smcr_path *path, void *ring);
	void (*dead)(struct smcr_path *path);
	void (*release)(struct smcr_path *path);
};

#define SMCR_PATH_NAME_LEN	64

/**
 * struct smcr_ring_origin - where a ring comes from, for the counters
 * @is_reused: another connection had it before
 * @is_downgraded: it is smaller than was asked for
 */
struct smcr_ring_origin {
	bool is_reused;
	bool is_downgraded;
};

/**
 * struct smcr_path - the transport's view of a connection
 * @refs: the connection's owner, the transport while attached, and every
 *	send with want_done that is under way
 * @events: const after smcr_path_init()
 * @ops: the transport chosen by the handshake, NULL before
 * @priv: the transport's own part, valid while attached
 * @dev_name: of the device, for those who trace; of the transport's choice
 * @deadline: jiffies; a handshake begins nothing that takes time after it, or
 *	declines, as its peer does not wait for ever
 * @token: alert token of our side, 0 before ops->select or ops->join
 * @tx_mem: send ring, @tx_size bytes
 * @tx_next_mem: another send ring, valid from ops->grow or ops->take_ring to
 *	ops->switch_ring
 * @tx_next_size: its size, bytes
 * @rx_mem: receive ring, written by the peer, @rx_size bytes
 * @tx_origin: of @tx_mem, or once there is one, of @tx_next_mem
 * @rx_origin: of @rx_mem
 * @peer_size: size of the peer's receive ring, bytes; 0 until it is known
 * @tx_first: wanted size of the send ring in bytes, to begin with
 * @tx_want: wanted size of the send ring in bytes, for those who fill it
 * @rx_want: wanted size of the receive ring in bytes
 */
struct smcr_path {
	refcount_t refs;
	const struct smcr_path_events *events;
	const struct smcr_transport_ops *ops;
	void *priv;
	char dev_name[SMCR_PATH_NAME_LEN];
	unsigned long deadline;
	u32 token;
	u8 *tx_mem;
	u32 tx_size;
	u8 *tx_next_mem;
	u32 tx_next_size;
	u8 *rx_mem;
	u32 rx_size;
	struct smcr_ring_origin tx_origin;
	struct smcr_ring_origin rx_origin;
	u32 peer_size;
	u32 tx_first;
	u32 tx_want;
	u32 rx_want;
};

/**
 * struct smcr_transport_ops - a transport
 * @name: for messages
 * @mode: the CLC mode that an ACCEPT of this transport carries
 *
 * @offer: client. Add what this transport can offer on the route of the TCP
 *	socket @clcsk to @prop: version 1 if it has_ip, version 2 if it has_v2.
 *	May sleep.
 * @select: server. Choose device and group for the client's @prop in the
 *	version that @accept says, attach @path to the group with rings, fill
 *	the transport's part of @accept.
 *	Creates the group when none fits; then waits for nobody. When another
 *	handshake is just creating a fitting group, waits for its end. May
 *	sleep. On a decline @path is not attached.
 * @finish_server: server. The client's CONFIRM has come: take over its
 *	values, finish the first contact. May sleep, waits for the peer for a
 *	bounded time.
 * @join: client. The server's ACCEPT has come: find or create the group,
 *	attach @path with rings, fill the transport's part of @confirm.
 *	May sleep. On a decline @path is not attached.
 * @finish_client: client. CONFIRM has been sent: finish the first contact.
 *	May sleep, waits for the peer for a bounded time.
 * @detach: the connection ends; rings and token go back to the group. With
 *	@lost, the peer never learned that the handshake failed or may still
 *	write: the ring must not be used again. Any context; may be called
 *	for a dead path. No event starts after it, running ones may end.
 * @send: write @tx->span, then send @tx->msg, in this order. Called with
 *	bottom halves disabled, may not sleep. Return: 0, -EAGAIN when there
 *	is no room (tx_room follows), -EPIPE when the peer is lost.
 * @move: after way_lost: send another way from now on. Called with bottom
 *	halves disabled, may not sleep, nothing is sent meanwhile. Return: false
 *	if data cannot be sent that way, or may have got lost for good; messages
 *	can be sent.
 * @grow: get a larger send ring of at most tx_want bytes, and describe it in
 *	tx_next_mem and tx_next_size; nothing uses it yet. Process context, may
 *	sleep; one caller at a time, on an attached path. Return: false when
 *	there is none. Once it was true, it is until switch_ring.
 * @take_ring: describe the ring of a shrink event in tx_next_mem and
 *	tx_next_size. Called with bottom halves disabled while nobody grows, may
 *	not sleep. Return: false if it does not fit; after true, switch_ring.
 * @switch_ring: send from the ring that grow or take_ring got from now on. No
 *	send is under way. Called with bottom halves disabled, may not sleep.
 * @desync: the client declined because it does not know our group: if that is
 *	so, end it. Does not wait.
 * @snapshot: optional. Copy the group with the lowest ID that is not below
 *	@from_id. May sleep. Return: false when there is none.
 * @snapshot_dev: optional. Copy the device that comes behind the one with the
 *	serial number @after, 0 for the first. May sleep. Return: false when
 *	there is none.
 * @snapshot_link: optional. Copy the link that an attached path uses. May not
 *	sleep. Return: false when its group is about to end.
 */
struct smcr_transport_ops {
	const char *name;
	enum smcr_clc_mode mode;

	void (*offer)(struct sock *clcsk, struct smcr_clc_proposal *prop);
	enum smcr_decline (*select)(struct smcr_path *path, struct sock *clcsk,
				    const struct smcr_clc_proposal *prop,
				    struct smcr_clc_accept *accept);
	enum smcr_decline (*finish_server)(struct smcr_path *path,
					   const struct smcr_clc_accept *confirm);
	enum smcr_decline (*join)(struct smcr_path *path, struct sock *clcsk,
				  const struct smcr_clc_accept *accept,
				  struct smcr_clc_accept *confirm);
	enum smcr_decline (*finish_client)(struct smcr_path *path);
	void (*detach)(struct smcr_path *path, bool lost);
	int (*send)(struct smcr_path *path, struct smcr_tx *tx);
	bool (*move)(struct smcr_path *path);
	bool (*grow)(struct smcr_path *path);
	bool (*take_ring)(struct smcr_path *path, void *ring);
	void (*switch_ring)(struct smcr_path *path);
	void (*desync)(struct smcr_path *path);
	bool (*snapshot)(u32 from_id, struct smcr_group_info *info);
	bool (*snapshot_dev)(u64 after, struct smcr_dev_info *info);
	bool (*snapshot_link)(struct smcr_path *path,
			      struct smcr_link_info *info,
			      enum smcr_role *role);
};

/**
 * smcr_path_init() - prepare the embedded path of a new connection
 * @path: zeroed memory; starts with one reference, put by smcr_path_put()
 * @events: where to report to
 */
static inline void smcr_path_init(struct smcr_path *path,
				  const struct smcr_path_events *events)
{
	refcount_set(&path->refs, 1);
	path->events = events;
}

static inline void smcr_path_get(struct smcr_path *path)
{
	refcount_inc(&path->refs);
}

/**
 * smcr_path_put() - drop a reference; the last one releases the connection
 * @path: may be gone afterwards
 *
 * Context: any.
 */
static inline void smcr_path_put(struct smcr_path *path)
{
	if (refcount_dec_and_test(&path->refs))
		path->events->release(path);
}

#endif
