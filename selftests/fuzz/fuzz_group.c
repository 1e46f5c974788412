// SPDX-License-Identifier: GPL-2.0
/*
 * Link groups of net/smc_r/rdma in both roles: handshakes, their connections,
 * what the peer sends over the queue pair, completions, errors, lost memory,
 * the end of the device, in any order. Handshakes and work items are tasks
 * that wait as they do in the kernel.
 *
 * In the end the device goes, and everything must be gone with it.
 */
#include "rdma.h"
#include "transport.h"
#include "snapshot.h"

#include "../base/peer_id.h"
#include "../base/sysctl.h"
#include "bundle.h"
#include "imm.h"
#include "input.h"

#define MAX_STEPS	400
#define MAX_USERS	6
#define MAX_GROUPS	5
#define MAX_REQUESTS	8
#define LLC_TYPES	16
#define MAX_ENTRIES	15
#define MAX_DELETED	48
/* of the peer's receive rings, which are elements of one buffer */
#define PEER_SIZE	16384
#define PEER_VADDR	0x10000

/**
 * struct user - a connection, as far as the transport knows it
 * @path: its path
 * @is_used: the entry is in use
 * @is_busy: its handshake is under way
 * @is_up: the handshake was successful
 * @dones: completions that it waits for
 * @is_waiting: a send found no room
 * @is_dead: it was told that the peer is lost
 * @is_eager: it sends as soon as there is room
 * @has_larger: a larger send ring is there to be switched to
 * @token: of its peer
 */
struct user {
	struct smcr_path path;
	bool is_used;
	bool is_busy;
	bool is_up;
	int dones;
	bool is_waiting;
	bool is_dead;
	bool is_eager;
	bool has_larger;
	u8 token;
};

/**
 * struct flow - what a connection sends, by token of its peer
 * @group: where
 * @sent: bytes that the transport took
 * @seq: messages that it took
 * @written: bytes that left
 * @told: those of them that the peer knows of
 * @told_seq: messages that left
 */
struct flow {
	const struct smcr_group *group;
	u32 sent;
	u16 seq;
	u32 written;
	u32 told;
	u16 told_seq;
};

/* a group that was seen, with a reference of ours */
struct seen {
	struct smcr_group *group;
	enum smcr_group_state state;
};

static struct input in;
static struct user users[MAX_USERS];
static struct flow flows[MAX_GROUPS + 1];
static struct seen seen[MAX_GROUPS];
static struct smcr_dev dev;
static struct ib_device ib;
static struct net net;
static struct sock clcsk = { .net = &net };
static struct smcr_sysctl sysctl;
static bool is_client;
static u8 version;
static u8 release;
static u8 peer_links;
static u8 extensions;
/* the device goes while everybody is busy */
static bool ends_hard;

/* requests of the peer that were not answered, by type */
static int asked[LLC_TYPES];
/* answers sent while the peer's message is looked at */
static int sent_at_once;
static bool is_receiving;
/* requests of ours that the peer may answer, the oldest first */
static struct smcr_llc requests[MAX_REQUESTS];
static u32 request_first;
static int request_count;

/* keys that the peer was told to forget, the last ones */
static u32 deleted[MAX_DELETED];
static u32 deletions;

/* handshakes so far: each may make a group */
static int started;

/* the bundle that is being looked at, and what of it was delivered */
static const u8 *rx_bundle;
static u32 rx_bundle_len;
static u32 rx_bundle_pos;
static int rx_entries;

static int fail_call;
static int fail_alloc;
/* memory is short when so many allocations have been made */
static int shrink_alloc;
/* events so far that came in the middle of something */
static u32 preempts;
static u8 shrink_pages;

/* -- below and beside the transport ------------------------------------------- */

const struct smcr_sysctl *smcr_sysctl(const struct net *n)
{
	(void)n;
	return &sysctl;
}

bool smcr_rdma_snapshot_dev(u64 after, struct smcr_dev_info *info)
{
	return false;
}

bool smcr_rdma_snapshot_link(struct smcr_path *path,
			     struct smcr_link_info *info, enum smcr_role *role)
{
	return false;
}

bool smcr_rdma_snapshot(u32 from_id, struct smcr_group_info *info)
{
	(void)from_id;
	(void)info;
	return false;
}

int smcr_dev_init(void)
{
	return 0;
}

void smcr_dev_exit(void)
{
}

void smcr_dev_get(struct smcr_dev *d)
{
	refcount_inc(&d->refs);
}

void smcr_dev_put(struct smcr_dev *d)
{
	SHIM_ASSERT(!refcount_dec_and_test(&d->refs));
}

int smcr_port_find(const struct sock *sk, enum ib_gid_type type,
		   struct smcr_port *port)
{
	(void)sk;
	(void)type;
	*port = (struct smcr_port){ .dev = &dev, .num = 1, .mtu = 3 };
	memset(port->gid, 1, SMCR_GID_LEN);
	smcr_dev_get(&dev);
	return 0;
}

/* there is one port */
int smcr_port_find_alt(struct smcr_group *group, const u8 *peer_gid,
		       struct smcr_port *port)
{
	(void)group;
	(void)peer_gid;
	(void)port;
	return -ENODEV;
}

bool smcr_port_reaches(const struct smcr_port *port, const u8 *peer_gid)
{
	(void)port;
	(void)peer_gid;
	return true;
}

void smcr_peer_id_copy(u64 net_cookie, u8 peer_id[SMCR_PEER_ID_LEN])
{
	(void)net_cookie;
	memset(peer_id, 1, SMCR_PEER_ID_LEN);
}

int smcr_route_find(const struct sock *sk, const u8 gid[SMCR_GID_LEN],
		    struct smcr_route *route)
{
	(void)sk;
	(void)gid;
	memset(route, 0, sizeof(*route));
	return 0;
}

static bool is_due(int *count)
{
	return *count && !--*count;
}

static bool call_fails(void)
{
	return is_due(&fail_call);
}

static void shrink(u32 pages)
{
	struct shrink_control sc = { .nr_to_scan = pages };
	u32 before = preempts;
	unsigned long count = shim_shrinker->count_objects(shim_shrinker, &sc);
	unsigned long freed;

	if (count == SHRINK_EMPTY)
		return;
	freed = shim_shrinker->scan_objects(shim_shrinker, &sc);
	/* an event may have ended a group meanwhile, or a connection */
	if (preempts != before)
		return;
	/* nothing else goes than what was counted */
	SHIM_ASSERT(freed == SHRINK_STOP || freed <= count);
	SHIM_ASSERT(freed != SHRINK_STOP || !pages);
}

static bool alloc_fails(void)
{
	if (!shim_context.spins && !shim_context.softirq &&
	    is_due(&shrink_alloc))
		shrink(shrink_pages);
	return is_due(&fail_alloc);
}

/* -- what arrives at the peer ------------------------------------------------- */

/* the stream of each connection is its own */
static u8 stream_byte(u32 token, u32 pos)
{
	return (u8)(pos * 7 + (pos >> 8) + token * 37);
}

static struct flow *flow_of(u32 token)
{
	SHIM_ASSERT(token && token < ARRAY_SIZE(flows));
	return &flows[token];
}

/* every byte comes once, in its place */
static void take_data(u32 token, const u8 *data, u32 len)
{
	struct flow *f = flow_of(token);
	u32 i;

	for (i = 0; i < len; i++)
		SHIM_ASSERT(data[i] == stream_byte(token, f->written++));
	SHIM_ASSERT(f->written <= f->sent);
}

static void take_imm(u32 imm)
{
	struct flow *f = flow_of(smcr_imm_slot(imm));

	SHIM_ASSERT(extensions);
	f->told += smcr_imm_len(imm);
	f->told_seq++;
	SHIM_ASSERT(f->told == f->written);
}

static void on_wrote(u64 to, const u8 *data, u32 len, const u32 *imm)
{
	u32 token = (to - PEER_VADDR) / PEER_SIZE + 1;

	SHIM_ASSERT((to - PEER_VADDR) % PEER_SIZE ==
		    flow_of(token)->written % PEER_SIZE);
	take_data(token, data, len);
	if (imm)
		take_imm(*imm);
}

static void take_cdc(const u8 *raw, u32 len)
{
	struct smcr_cdc msg;
	struct flow *f;

	SHIM_ASSERT(!smcr_cdc_decode(raw, len, &msg));
	f = flow_of(msg.token);
	f->told = f->written;
	SHIM_ASSERT(msg.seq == ++f->told_seq);
	SHIM_ASSERT(msg.prod.count == f->told % PEER_SIZE);
}

static void take_bundle(const u8 *raw, u32 len)
{
	struct smcr_bundle_entry entry;
	u32 pos = 0;

	SHIM_ASSERT(extensions & SMCR_VENDOR_BUNDLE);
	SHIM_ASSERT(!smcr_bundle_validate(raw, len));
	while (smcr_bundle_next(raw, len, &pos, &entry)) {
		take_data(smcr_imm_slot(entry.imm), raw + entry.at, entry.len);
		take_imm(entry.imm);
	}
}

/* keys that the peer was told, by their last digits: a run has fewer */
static bool is_told[4096];

static void note_told(u32 rkey)
{
	is_told[rkey % ARRAY_SIZE(is_told)] = true;
}

static void note_known(const struct smcr_buf *buf)
{
	int i;

	for (i = 0; i < SMCR_GROUP_LINKS; i++)
		if (buf->is_known && buf->map[i].mr)
			note_told(buf->map[i].mr->rkey);
}

/* before that, the peer was told to */
static void on_forgot(u32 rkey)
{
	int i;

	for (i = 0; i < MAX_DELETED; i++)
		if (deleted[i] == rkey)
			return;
	SHIM_ASSERT(!is_told[rkey % ARRAY_SIZE(is_told)]);
}

static bool has_key(const struct smcr_buf *buf, u32 rkey)
{
	int i;

	for (i = 0; i < SMCR_GROUP_LINKS; i++)
		if (buf->map[i].mr && buf->map[i].mr->rkey == rkey)
			return true;
	return false;
}

/* one key stands for those of the ring on all links */
static void note_deleted(u32 rkey)
{
	const struct smcr_buf *buf;
	int g, i;

	for (g = 0; g < MAX_GROUPS; g++) {
		if (!seen[g].group)
			continue;
		list_for_each_entry(buf, &seen[g].group->bufs, all)
			for (i = 0; has_key(buf, rkey) && i < SMCR_GROUP_LINKS;
			     i++)
				if (buf->map[i].mr)
					deleted[deletions++ % MAX_DELETED] =
						buf->map[i].mr->rkey;
	}
}

/* every answer has been asked for, and one message gets one at most */
static void on_sent(const u8 *raw, u32 len)
{
	struct smcr_llc msg;
	int i;

	if (raw[0] == SMCR_CDC_TYPE) {
		take_cdc(raw, len);
		return;
	}
	if (raw[0] == SMCR_BUNDLE_TYPE) {
		take_bundle(raw, len);
		return;
	}
	SHIM_ASSERT(!smcr_llc_decode(raw, len, &msg));
	if (msg.is_response) {
		SHIM_ASSERT(asked[msg.type] > 0);
		asked[msg.type]--;
		SHIM_ASSERT(++sent_at_once == 1 || !is_receiving);
		return;
	}
	if (msg.type == SMCR_LLC_CONFIRM_RKEY)
		for (i = 0; i < msg.u.confirm_rkey.count; i++)
			note_told(msg.u.confirm_rkey.rtoken[i].rkey);
	if (msg.type == SMCR_LLC_DELETE_RKEY)
		note_deleted(msg.u.delete_rkey.rkey[0]);
	if (request_count < MAX_REQUESTS) {
		requests[(request_first + request_count++) % MAX_REQUESTS] =
			msg;
	}
}

/* -- connections -------------------------------------------------------------- */

static struct user *user_of(struct smcr_path *path)
{
	return container_of(path, struct user, path);
}

static void check_event(struct smcr_path *path)
{
	SHIM_ASSERT(!shim_context.spins);
	SHIM_ASSERT(shim_context.rcu);
	SHIM_ASSERT(user_of(path)->is_used);
}

static void on_rx(struct smcr_path *path, const struct smcr_cdc *msg,
		  const void *via)
{
	(void)via;
	check_event(path);
	SHIM_ASSERT(path->token == msg->token);
}

static void on_rx_plain(struct smcr_path *path, const u8 *data, u32 len,
			bool is_blocked, const void *via)
{
	struct smcr_bundle_entry entry;

	(void)is_blocked;
	(void)via;
	check_event(path);
	if (!data)
		return;
	SHIM_ASSERT(rx_bundle);
	/* the next one for this slot */
	do {
		SHIM_ASSERT(smcr_bundle_next(rx_bundle, rx_bundle_len,
					     &rx_bundle_pos, &entry));
	} while (smcr_imm_slot(entry.imm) != (path->token & 0xff));
	SHIM_ASSERT(len == entry.len);
	SHIM_ASSERT(!memcmp(data, rx_bundle + entry.at, len));
	rx_entries++;
}

static void on_tx_done(struct smcr_path *path, u64 done_total, u16 seq)
{
	struct user *u = user_of(path);

	(void)seq;
	check_event(path);
	SHIM_ASSERT(u->dones > 0 && done_total == 4711);
	u->dones--;
}

static void send(struct user *u, u8 kind);

static void on_tx_room(struct smcr_path *path)
{
	struct user *u = user_of(path);

	check_event(path);
	SHIM_ASSERT(u->is_waiting);
	u->is_waiting = false;
	if (u->is_eager && u->is_up)
		send(u, 5);
}

/* who is about to grow has the lock of his socket */
static bool on_shrink(struct smcr_path *path, void *ring)
{
	struct user *u = user_of(path);
	u32 size = path->tx_size;

	if (u->is_busy || !path->ops->take_ring(path, ring))
		return false;
	path->ops->switch_ring(path);
	SHIM_ASSERT(path->tx_size < size);
	return true;
}

static void on_way_lost(struct smcr_path *path)
{
	struct user *u = user_of(path);

	check_event(path);
	if (!path->ops)
		return;
	path->ops->move(path);
	/* what was sent the other way is not reported any more */
	u->dones = 0;
	u->is_waiting = false;
}

static void on_dead(struct smcr_path *path)
{
	check_event(path);
	/* once */
	SHIM_ASSERT(!user_of(path)->is_dead);
	user_of(path)->is_dead = true;
}

static void on_release(struct smcr_path *path)
{
	SHIM_ASSERT(user_of(path)->is_used && !path->ops);
	user_of(path)->is_used = false;
}

static const struct smcr_path_events events = {
	.rx = on_rx,
	.rx_plain = on_rx_plain,
	.tx_done = on_tx_done,
	.tx_room = on_tx_room,
	.way_lost = on_way_lost,
	.shrink = on_shrink,
	.dead = on_dead,
	.release = on_release,
};

/* the network, and what the peer takes its time for */
static void wait_for_peer(void)
{
	usleep_range(1000, 2000);
}

static void fill_peer(struct smcr_clc_accept *a, u8 type, bool is_first,
		      u32 token)
{
	memset(a, 0, sizeof(*a));
	a->type = type;
	a->version = version;
	a->mode = SMCR_CLC_MODE_R;
	a->is_first_contact = is_first;
	memset(a->r.peer_id, 2, SMCR_PEER_ID_LEN);
	memset(a->r.gid, 2, SMCR_GID_LEN);
	a->r.qpn = 0x77;
	a->r.rkey = 0x1234;
	a->r.rmbe_idx = token;
	a->r.token = token;
	a->r.mtu_code = 3;
	a->r.vaddr = PEER_VADDR;
	a->has_fce = is_first && version > 1;
	a->fce.is_direct = true;
	a->fce.release = release;
	a->fce.max_conns = 16;
	a->fce.max_links = peer_links;
	if (release)
		smcr_imm_agree(&a->fce, extensions);
}

static enum smcr_decline serve(struct user *u)
{
	struct smcr_clc_proposal prop = { .version = version };
	struct smcr_clc_accept accept = { .version = version };
	struct smcr_clc_accept confirm;
	enum smcr_decline reason;

	prop.typev1 = SMCR_CLC_MODE_R;
	prop.typev2 = SMCR_CLC_MODE_R;
	memset(prop.peer_id, 2, SMCR_PEER_ID_LEN);
	memset(prop.gid_v1, 2, SMCR_GID_LEN);
	memset(prop.roce_gid, 2, SMCR_GID_LEN);
	prop.release = release;
	prop.max_conns = 16;
	prop.max_links = peer_links;
	if (release)
		smcr_vendor_offer(&prop, extensions);
	reason = smcr_rdma_transport.select(&u->path, &clcsk, &prop, &accept);
	if (reason)
		return reason;
	wait_for_peer();
	fill_peer(&confirm, SMCR_CLC_CONFIRM, accept.is_first_contact,
		  u->token);
	return smcr_rdma_transport.finish_server(&u->path, &confirm);
}

static bool has_active_group(void)
{
	int i;

	for (i = 0; i < MAX_GROUPS; i++)
		if (seen[i].group && seen[i].state == SMCR_GROUP_ACTIVE)
			return true;
	return false;
}

static enum smcr_decline request(struct user *u)
{
	struct smcr_clc_accept accept, confirm = {};
	enum smcr_decline reason;

	fill_peer(&accept, SMCR_CLC_ACCEPT, !has_active_group(), u->token);
	reason = smcr_rdma_transport.join(&u->path, &clcsk, &accept, &confirm);
	if (reason)
		return reason;
	wait_for_peer();
	return smcr_rdma_transport.finish_client(&u->path);
}

static void give_up(struct user *u, bool lost)
{
	u->is_up = false;
	if (u->path.ops)
		u->path.ops->detach(&u->path, lost);
	smcr_path_put(&u->path);
}

static void handshake(void *arg)
{
	struct user *u = arg;
	enum smcr_decline reason = is_client ? request(u) : serve(u);

	u->is_busy = false;
	u->is_up = !reason;
	if (reason)
		give_up(u, reason == SMCR_DECLINE_CONFIRM_LINK_TIMEOUT);
}

static void start_user(void)
{
	struct user *u;

	for (u = users; u < users + MAX_USERS; u++)
		if (!u->is_used)
			break;
	if (u == users + MAX_USERS || started == MAX_GROUPS)
		return;
	started++;
	memset(u, 0, sizeof(*u));
	u->token = started;
	u->is_used = true;
	u->is_busy = true;
	smcr_path_init(&u->path, &events);
	u->path.tx_first = 16384;
	u->path.tx_want = 32768;
	u->path.rx_want = 16384;
	/* a timer that runs is worth 100 s */
	u->path.deadline = jiffies + 350 * HZ;
	shim_spawn(handshake, u);
}

static void desync(void *arg)
{
	struct user *u = arg;

	u->path.ops->desync(&u->path);
	u->is_busy = false;
}

static void grow(void *arg)
{
	struct user *u = arg;

	u->has_larger = u->path.ops->grow(&u->path);
	SHIM_ASSERT(!u->has_larger || u->path.tx_next_size > u->path.tx_size);
	u->is_busy = false;
}

/* what is sent in this harness needs the ring no more once it is posted */
static void switch_ring(struct user *u)
{
	u8 *mem = u->path.tx_next_mem;

	if (!u->has_larger)
		return;
	local_bh_disable();
	u->path.ops->switch_ring(&u->path);
	local_bh_enable();
	SHIM_ASSERT(u->path.tx_mem == mem);
	u->has_larger = false;
}

static void fill_ring(struct user *u, u32 pos, u32 len)
{
	u32 i;

	for (i = pos; i < pos + len; i++)
		u->path.tx_mem[i % u->path.tx_size] = stream_byte(u->token, i);
}

static u32 send_len(u8 kind)
{
	static const u32 lens[] = { 0, 16, 300, 3000 };

	return lens[kind & 3] + (kind & 3 ? kind >> 5 : 0);
}

static void send(struct user *u, u8 kind)
{
	struct flow *f = flow_of(u->token);
	struct smcr_tx tx = {
		.len = send_len(kind),
		.is_plain = kind & 4 && kind & 3,
		.want_done = kind & 8,
		.is_only = kind & 16,
		.done_total = 4711,
	};
	int ret;

	fill_ring(u, f->sent, tx.len);
	tx.spans = smcr_ring_spans(f->sent % u->path.tx_size, u->path.tx_size,
				   f->sent % PEER_SIZE, PEER_SIZE, tx.len,
				   tx.span);
	f->group = ((struct smcr_rdma_path *)u->path.priv)->group;
	f->sent += tx.len;
	tx.msg.seq = ++f->seq;
	tx.msg.prod.count = f->sent % PEER_SIZE;
	local_bh_disable();
	ret = u->path.ops->send(&u->path, &tx);
	SHIM_ASSERT(!ret || ret == -EAGAIN || ret == -EPIPE);
	if (ret) {
		f->sent -= tx.len;
		f->seq--;
	}
	if (ret == -EAGAIN)
		u->is_waiting = true;
	SHIM_ASSERT(!tx.is_done || (!ret && tx.is_only));
	if (!ret && tx.want_done && !tx.is_done)
		u->dones++;
	local_bh_enable();
}

/* all who can send a little, at once; for many bundles, or a full queue */
static void send_all(u8 kind, int rounds)
{
	struct user *u;

	while (rounds--)
		for (u = users; u < users + MAX_USERS; u++)
			if (u->is_used && !u->is_busy && u->is_up)
				send(u, kind);
}

static void user_step(u8 b)
{
	struct user *u = &users[b % MAX_USERS];
	int i;

	if (!u->is_used || u->is_busy || !u->is_up)
		return;
	switch (b >> 5) {
	case 0:
		give_up(u, b & 8);
		break;
	case 1:
		u->is_busy = true;
		shim_spawn(desync, u);
		break;
	case 2:
		u->is_busy = true;
		shim_spawn(grow, u);
		break;
	case 3:
		/* until the queue is full */
		for (i = 0; i < 140; i++)
			send(u, b & 8 ? 1 : 5);
		break;
	case 4:
		send_all(b & 8 ? 0x25 : 5, 1 + (b >> 4 & 1));
		break;
	case 5:
		send_all(b & 8 ? 7 : 6, 1 + (b & 16));
		break;
	case 6:
		if (b & 8)
			switch_ring(u);
		else
			u->is_eager = b & 16;
		break;
	default:
		send(u, input_u8(&in));
		break;
	}
}

/* -- the peer --------------------------------------------------------------- */

static void receive(unsigned int pick, const u8 *raw, u32 len)
{
	struct smcr_llc msg;
	bool is_request = len && raw[0] != SMCR_CDC_TYPE &&
			  !smcr_llc_decode(raw, len, &msg) && !msg.is_response;

	if (is_request)
		asked[msg.type]++;
	sent_at_once = 0;
	is_receiving = true;
	if (!shim_recv(pick, raw, len) && is_request)
		asked[msg.type]--;
	is_receiving = false;
}

static void raw_message(u8 pick)
{
	static u8 raw[SMCR_LLC_MAX_LEN];
	u32 len = input_u8(&in);
	u32 i;

	if (len > 128)
		len = len * len % (SMCR_LLC_MAX_LEN + 1);
	memset(raw, 0, len);
	for (i = 0; i < min(len, 64u); i++)
		raw[i] = input_u8(&in);
	receive(pick, raw, len);
}

static void encode_and_receive(unsigned int pick, const struct smcr_llc *msg)
{
	static u8 raw[SMCR_LLC_MAX_LEN];
	int len = smcr_llc_encode(msg, raw, sizeof(raw));

	if (len > 0)
		receive(pick, raw, len);
}

/* a valid message, if the dice have it */
static void some_message(u8 pick)
{
	static struct smcr_llc msg;
	u8 b = input_u8(&in);
	u8 c = input_u8(&in);

	memset(&msg, 0, sizeof(msg));
	msg.version = version;
	msg.type = b % 10;
	msg.is_response = b & 0x80;
	switch (msg.type) {
	case SMCR_LLC_CONFIRM_LINK:
		msg.u.confirm_link.link_num = 1;
		msg.u.confirm_link.no_eyecatcher = c != 0xff;
		break;
	case SMCR_LLC_ADD_LINK:
		msg.u.add_link.link_num = c;
		msg.u.add_link.rtoken_count = version > 1 ? c & 15 : 0;
		break;
	case SMCR_LLC_DELETE_LINK:
		msg.u.delete_link.is_all = c == 1;
		msg.u.delete_link.link_num = c;
		break;
	case SMCR_LLC_REQ_ADD_LINK:
		msg.u.req_add_link.gid_count = c & 7;
		break;
	case SMCR_LLC_CONFIRM_RKEY:
		msg.u.confirm_rkey.count = 1;
		msg.u.confirm_rkey.announced = c & 3;
		msg.u.confirm_rkey.rtoken[0].rkey = c;
		break;
	case SMCR_LLC_DELETE_RKEY:
		msg.u.delete_rkey.count = c;
		break;
	default:
		memset(&msg.u.test_link, c, sizeof(msg.u.test_link));
		break;
	}
	encode_and_receive(pick, &msg);
}

/* what a peer does that wants to go on */
static bool answer(unsigned int pick, bool is_positive)
{
	static struct smcr_llc msg;

	if (!request_count)
		return false;
	msg = requests[request_first++ % MAX_REQUESTS];
	request_count--;
	msg.is_response = true;
	if (msg.type == SMCR_LLC_CONFIRM_RKEY)
		msg.u.confirm_rkey.is_negative = !is_positive;
	if (msg.type == SMCR_LLC_DELETE_RKEY)
		msg.u.delete_rkey.is_negative = !is_positive;
	encode_and_receive(pick, &msg);
	return true;
}

/* the first link gets its number by this, others have one */
static void offer_link(unsigned int pick)
{
	const struct smcr_link *link = shim_receiver(pick);
	static struct smcr_llc msg;

	msg.version = version;
	msg.type = SMCR_LLC_CONFIRM_LINK;
	msg.u.confirm_link.link_num = link && link->num ? link->num : 1;
	msg.u.confirm_link.no_eyecatcher = true;
	encode_and_receive(pick, &msg);
}

static int expected_entries(struct smcr_link *link, const u8 *raw, u32 len)
{
	struct smcr_bundle_entry entry;
	int count = 0;
	u32 pos = 0;

	if (!(link->group->extensions & SMCR_VENDOR_BUNDLE))
		return 0;
	while (smcr_bundle_next(raw, len, &pos, &entry))
		count += !!link->group->slot[smcr_imm_slot(entry.imm)];
	return count;
}

/* a valid one is delivered, with any other the group ends */
static void receive_bundle(unsigned int pick, const u8 *raw, u32 len)
{
	struct smcr_link *link = shim_receiver(pick);
	bool is_valid = !smcr_bundle_validate(raw, len);
	int expected;

	if (!link)
		return;
	expected = is_valid ? expected_entries(link, raw, len) : 0;
	rx_bundle = is_valid ? raw : NULL;
	rx_bundle_len = len;
	rx_bundle_pos = 0;
	rx_entries = 0;
	receive(pick, raw, len);
	rx_bundle = NULL;
	SHIM_ASSERT(rx_entries == expected);
	if (!is_valid && (link->group->extensions & SMCR_VENDOR_BUNDLE))
		SHIM_ASSERT(link->group->state == SMCR_GROUP_DEAD);
}

static void bundle_message(unsigned int pick)
{
	static u8 raw[SMCR_BUNDLE_MAX_LEN];
	u8 kind = input_u8(&in);
	int count = kind & MAX_ENTRIES;
	u32 at, end, len = 0;
	u32 i;

	while (count--) {
		u8 b = input_u8(&in);
		u32 part = b >> 3 == 31 ? 200 : b >> 3;

		at = smcr_bundle_add_entry(raw, len, (b & 7u) << 24 | part);
		for (i = 0; i < part; i++)
			raw[at + i] = (u8)(i + b);
		len = at + part;
	}
	end = kind & 0x10 ? min(len + 1, (u32)sizeof(raw)) : len;
	smcr_bundle_finish(raw, end);
	if (kind & 0x20 && len)
		raw[input_u8(&in) % len] ^= kind;
	if (kind & 0x40)
		end = min(end, (u32)input_u8(&in));
	if (end && raw[0] == SMCR_BUNDLE_TYPE)
		receive_bundle(pick, raw, end);
}

static void data_message(u8 pick)
{
	struct smcr_cdc msg = {
		.token = (u32)input_u8(&in) << 8 | input_u8(&in),
	};
	u8 raw[SMCR_CDC_LEN];

	if (pick & 2) {
		bundle_message(pick >> 2);
		return;
	}
	if (pick & 1) {
		shim_recv_imm(pick, (u32)msg.token << 24);
		return;
	}
	smcr_cdc_encode(&msg, raw);
	receive(pick, raw, sizeof(raw));
}

/* -- what has to hold -------------------------------------------------------- */

static void note_group(struct smcr_group *group)
{
	int i;

	for (i = 0; i < MAX_GROUPS; i++)
		if (seen[i].group == group)
			return;
	for (i = 0; i < MAX_GROUPS; i++) {
		if (seen[i].group)
			continue;
		smcr_group_get(group);
		seen[i].group = group;
		seen[i].state = group->state;
		return;
	}
}

static bool is_on(const struct user *u, const struct smcr_group *group)
{
	const struct smcr_rdma_path *rp = u->path.priv;

	return u->is_used && u->path.ops && rp && rp->group == group;
}

static u32 count_bufs(const struct list_head *all)
{
	struct smcr_buf *buf;
	u32 count = 0;

	list_for_each_entry(buf, all, all)
		count++;
	return count;
}

/* connections use what is on no list */
static void check_bufs(struct smcr_group *g)
{
	u32 left = count_bufs(&g->bufs) - g->lost;
	unsigned long pages = 0, grown = 0;
	struct smcr_buf *buf;
	int i;

	list_for_each_entry(buf, &g->bufs, all)
		note_known(buf);
	for (i = 0; i < SMCR_BUF_KINDS; i++) {
		list_for_each_entry(buf, &g->idle[i], list) {
			SHIM_ASSERT(buf->kind == (enum smcr_buf_kind)i);
			pages += buf->size / PAGE_SIZE;
			left--;
		}
	}
	SHIM_ASSERT(pages == g->idle_pages);
	for (i = 0; i < MAX_USERS; i++) {
		struct smcr_rdma_path *rp = users[i].path.priv;

		if (!is_on(&users[i], g))
			continue;
		SHIM_ASSERT(list_empty(&rp->tx->list));
		SHIM_ASSERT(list_empty(&rp->rx->list));
		SHIM_ASSERT(!rp->tx_next || list_empty(&rp->tx_next->list));
		left -= rp->tx_next ? 3 : 2;
		grown += (rp->tx->size - rp->first_size) / PAGE_SIZE;
	}
	list_for_each_entry(buf, &g->doomed, list)
		left--;
	SHIM_ASSERT(grown == g->grown_pages || shim_tasks());
	/* nobody has one between two lists */
	SHIM_ASSERT(!left || shim_tasks());
}

/* what has gathered is about to leave, or waits for room; all else has left */
static void check_bundle(const struct smcr_group *g)
{
	const struct smcr_link *link = g->link;
	bool has_room = link->sq_free > SMCR_LINK_LLC_RESERVE;
	u32 requests = link->sq_unsignaled;
	int bundles = 0;
	u32 waiting = 0;
	u16 number;
	u32 i;

	for (number = link->rec_tail; number != link->rec_head; number++) {
		i = number % link->sq_depth;
		bundles += link->record[i].is_bundle;
		requests += link->record[i].wrs;
	}
	SHIM_ASSERT(requests + link->sq_free == link->sq_depth);
	SHIM_ASSERT(link->bundle_seq - link->bundle_done == (u32)bundles);
	SHIM_ASSERT(bundles <= SMCR_LINK_BUNDLES);
	SHIM_ASSERT(!link->bundle_len || bundles < SMCR_LINK_BUNDLES);
	SHIM_ASSERT(!link->bundle_len || link->bundle_work.is_queued ||
		    (!has_room && link->rec_tail != link->rec_head));
	for (i = 1; i < ARRAY_SIZE(flows); i++) {
		if (flows[i].group != g)
			continue;
		SHIM_ASSERT(flows[i].told == flows[i].written);
		waiting += flows[i].sent - flows[i].told +
			   (u16)(flows[i].seq - flows[i].told_seq) *
			   SMCR_BUNDLE_ENTRY_LEN;
	}
	SHIM_ASSERT(waiting == (link->bundle_len ? link->bundle_len -
				SMCR_BUNDLE_HDR_LEN : 0));
}

/* what was waited for is about the link that it was asked of */
static void check_answer(const struct smcr_llc_flow *f)
{
	u8 num = f->link_num;

	if (!f->has_got)
		return;
	if (f->got.type == SMCR_LLC_CONFIRM_LINK)
		num = f->got.u.confirm_link.link_num;
	else if (f->got.type == SMCR_LLC_ADD_LINK)
		num = f->got.u.add_link.link_num;
	else if (f->got.type == SMCR_LLC_ADD_LINK_CONT)
		num = f->got.u.add_link_cont.link_num;
	SHIM_ASSERT(!f->link_num || num == f->link_num);
}

static void check_group(struct seen *s)
{
	struct smcr_group *g = s->group;
	struct smcr_link *link = g->link;
	int attached = 0;
	int i;

	/* only forward */
	SHIM_ASSERT(g->state >= s->state);
	s->state = g->state;
	for (i = 0; i < MAX_USERS; i++)
		attached += is_on(&users[i], g);
	SHIM_ASSERT(g->reserved >= attached);
	SHIM_ASSERT(!g->slot[0]);
	SHIM_ASSERT(link->sq_free <= link->sq_depth);
	SHIM_ASSERT(!g->flow.type || g->flow.lock.owner ||
		    g->state != SMCR_GROUP_ACTIVE);
	check_answer(&g->flow);
	check_bufs(g);
	if (link->state == SMCR_LINK_READY)
		check_bundle(g);
	if (g->state != SMCR_GROUP_DEAD || g->has_hw)
		return;
	/* the end was told to all before the hardware went */
	for (i = 0; i < MAX_USERS; i++)
		if (users[i].is_up && is_on(&users[i], g))
			SHIM_ASSERT(users[i].is_dead);
}

static void check_all(void)
{
	int i;

	shim_check_idle();
	for (i = 0; i < MAX_USERS; i++) {
		struct smcr_rdma_path *rp = users[i].path.priv;

		if (users[i].is_used && users[i].path.ops && rp)
			note_group(rp->group);
	}
	for (i = 0; i < MAX_GROUPS; i++)
		if (seen[i].group)
			check_group(&seen[i]);
}

static int preempt_after;
static u8 preempt_event;

static void preempt(void)
{
	if (!preempt_after || --preempt_after)
		return;
	preempts++;
	if (preempt_event & 1)
		shim_send_done(preempt_event >> 4, preempt_event & 2);
	else
		answer(preempt_event >> 4, preempt_event & 2);
}

static void hardware_step(u8 b)
{
	switch (b & 3) {
	case 0:
		fail_call = b >> 2 & 15;
		break;
	case 1:
		fail_alloc = b >> 2 & 15;
		break;
	case 2:
		shim_send_done(b >> 4, false);
		break;
	default:
		if (b == 0xff) {
			smcr_group_kill_dev(&dev);
		} else if (b & 4) {
			shrink_alloc = b >> 4;
			shrink_pages = b & 8 ? 255 : 5;
		} else {
			shrink(b >> 3);
		}
		break;
	}
}

/* everybody does what he should, for so many rounds */
static void go_on(int rounds)
{
	while (rounds--) {
		shim_run_task(0);
		shim_send_done(0, true);
		if (is_client)
			offer_link(0);
		answer(0, true);
	}
}

static void step(void)
{
	u8 b = input_u8(&in);
	u8 pick = b >> 4;

	switch (b & 15) {
	case 0:
		start_user();
		go_on(pick);
		break;
	case 1:
	case 2:
		preempt_after = pick & 7;
		if (preempt_after)
			preempt_event = input_u8(&in);
		shim_run_task(pick);
		preempt_after = 0;
		break;
	case 3:
		shim_run_work(pick);
		break;
	case 4:
		shim_run_expiry(pick, false);
		break;
	case 5:
		shim_run_timer(pick);
		break;
	case 6:
	case 7:
		shim_send_done(pick, true);
		break;
	case 8:
		raw_message(pick);
		break;
	case 9:
		some_message(pick);
		break;
	case 10:
		answer(pick, pick & 7);
		break;
	case 11:
		offer_link(pick);
		break;
	case 12:
	case 13:
		user_step(input_u8(&in));
		break;
	case 14:
		data_message(pick);
		break;
	default:
		hardware_step(input_u8(&in));
		break;
	}
	check_all();
}

/* -- a run --------------------------------------------------------------------- */

static void begin(void)
{
	static const u8 buf_types[] = { SMCR_BUF_PHYSICAL, SMCR_BUF_PHYSICAL,
					SMCR_BUF_VIRTUAL, SMCR_BUF_MIXED };
	u8 a = input_u8(&in);
	int i;

	is_client = a & 1;
	version = a & 2 ? 2 : 1;
	release = version > 1 && a & 4 ? 1 : 0;
	peer_links = 1 + (a >> 3 & 1);
	memset(&sysctl, 0, sizeof(sysctl));
	sysctl.testlink_time = a & 0x10 ? 30 : 0;
	sysctl.max_conns = 16;
	sysctl.max_links = 2;
	sysctl.send_wr = peer_links > 1 ? 256 : 2;
	sysctl.recv_wr = sysctl.send_wr;
	extensions = SMCR_VENDOR_IMM | (a & 0xc0 ? SMCR_VENDOR_BUNDLE : 0);
	sysctl.buf_type = buf_types[a >> 6];
	ends_hard = a & 0x20;
	ib.attrs.max_recv_sge = 2;
	ib.attrs.max_qp_wr = 1024;
	ib.attrs.max_fast_reg_page_list_len = 512;
	memset(&dev, 0, sizeof(dev));
	ib.coredev.rdma_net = &net;
	dev.ib = &ib;
	memset(flows, 0, sizeof(flows));
	refcount_set(&dev.refs, 1);
	memset(asked, 0, sizeof(asked));
	memset(is_told, 0, sizeof(is_told));
	request_first = 0;
	request_count = 0;
	started = 0;
	fail_call = 0;
	fail_alloc = 0;
	shrink_alloc = 0;
	for (i = 0; i < MAX_USERS; i++)
		SHIM_ASSERT(!users[i].is_used);
	SHIM_ASSERT(!smcr_rdma_init());
	shim_verbs_sent = on_sent;
	shim_verbs_wrote = on_wrote;
	shim_verbs_forgot = on_forgot;
	shim_verbs_fail = call_fails;
	shim_alloc_fails = alloc_fails;
	shim_preempt = preempt;
}

/* until nothing happens by itself any more; time passes only if it has to */
static void run_all(bool may_expire)
{
	int tries = 100000;
	unsigned int i = 0;
	bool more;

	do {
		SHIM_ASSERT(tries--);
		more = shim_send_done(i, true) || answer(i, true) ||
		       shim_run_task(i) || shim_run_work(i) ||
		       shim_run_expiry(i, !may_expire);
		check_all();
	} while (more || ++i < 8);
}

/* nothing stays behind */
static void check_all_sent(void)
{
	int i;

	for (i = 0; i < MAX_GROUPS; i++)
		if (seen[i].group)
			SHIM_ASSERT(seen[i].group->link->state !=
				    SMCR_LINK_READY ||
				    !seen[i].group->link->bundle_len);
}

static void end_users(void)
{
	int i;

	for (i = 0; i < MAX_USERS; i++)
		if (users[i].is_used && users[i].is_up)
			give_up(&users[i], i & 1);
}

static void end_groups(void)
{
	int i;

	for (i = 0; i < MAX_GROUPS; i++) {
		struct smcr_group *group = seen[i].group;

		if (!group)
			continue;
		SHIM_ASSERT(group->state == SMCR_GROUP_DEAD);
		SHIM_ASSERT(refcount_read(&group->refs) == 1);
		SHIM_ASSERT(!group->reserved && !group->has_hw);
		seen[i].group = NULL;
		smcr_group_put(group);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int steps = MAX_STEPS;
	int i;

	in = (struct input){ data, data + size };
	begin();
	while (!input_is_over(&in) && steps--)
		step();
	fail_call = 0;
	fail_alloc = 0;
	shrink_alloc = 0;
	if (!ends_hard) {
		run_all(true);
		check_all_sent();
	}
	/*
	 * Handshakes need not wait anything out now. The teardown may, for its
	 * last message.
	 */
	smcr_group_kill_dev(&dev);
	run_all(false);
	SHIM_ASSERT(!shim_tasks());
	end_users();
	run_all(false);
	end_groups();
	run_all(false);
	for (i = 0; i < MAX_USERS; i++)
		SHIM_ASSERT(!users[i].is_used);
	SHIM_ASSERT(refcount_read(&dev.refs) == 1);
	SHIM_ASSERT(!shim_verbs_objects());
	smcr_rdma_exit();
	shim_reset();
	return 0;
}
