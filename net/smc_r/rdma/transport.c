// SPDX-License-Identifier: GPL-2.0
/*
 * The RDMA transport's side of a handshake: what to offer, which group to
 * use, and the first contact (wire.md sections 2.4 to 2.7, 4, 5, 6.12).
 *
 * A handshake holds group->hw_lock for reading whenever it touches the
 * hardware, and looks at group->has_hw under it.
 */
#include "transport.h"

#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/utsname.h>
#include <net/sock.h>

#include "../base/peer_id.h"
#include "../base/sysctl.h"
#include "../wire/imm.h"
#include "rdma.h"
#include "snapshot.h"

/* what we want of a group, before the peer has its say (wire.md 2.6) */
#define OUR_RELEASE	1
#define LEAST_CONNS	16

static void add_mode(u8 *offer)
{
	*offer = *offer == SMCR_CLC_MODE_D ? SMCR_CLC_MODE_BOTH :
					     SMCR_CLC_MODE_R;
}

static bool has_mode(u8 offer)
{
	return offer == SMCR_CLC_MODE_R || offer == SMCR_CLC_MODE_BOTH;
}

static void offer_v2(struct sock *clcsk, struct smcr_clc_proposal *prop)
{
	const struct smcr_sysctl *sysctl = smcr_sysctl(sock_net(clcsk));
	struct smcr_port port;

	if (smcr_port_find(clcsk, IB_GID_TYPE_ROCE_UDP_ENCAP, &port))
		return;
	add_mode(&prop->typev2);
	smcr_peer_id_copy(sock_net(clcsk)->net_cookie, prop->peer_id);
	memcpy(prop->roce_gid, port.gid, SMCR_GID_LEN);
	prop->max_conns = READ_ONCE(sysctl->max_conns);
	prop->max_links = READ_ONCE(sysctl->max_links);
	smcr_imm_offer(prop);
	smcr_dev_put(port.dev);
}

/* RoCEv1, or RoCEv2 where there is nothing else, which only we understand */
static int find_port_v1(struct sock *clcsk, bool is_routable,
			struct smcr_port *port)
{
	enum ib_gid_type type = is_routable ? IB_GID_TYPE_ROCE_UDP_ENCAP :
					      IB_GID_TYPE_ROCE;

	return smcr_port_find(clcsk, type, port);
}

static void offer_v1(struct sock *clcsk, struct smcr_clc_proposal *prop)
{
	struct smcr_port port;

	if (find_port_v1(clcsk, false, &port)) {
		if (prop->has_v2 || find_port_v1(clcsk, true, &port))
			return;
		smcr_vendor_offer(prop, SMCR_VENDOR_ROUTABLE);
	}
	add_mode(&prop->typev1);
	smcr_peer_id_copy(sock_net(clcsk)->net_cookie, prop->peer_id);
	memcpy(prop->gid_v1, port.gid, SMCR_GID_LEN);
	memcpy(prop->mac, port.mac, SMCR_MAC_LEN);
	smcr_dev_put(port.dev);
}

static void offer(struct sock *clcsk, struct smcr_clc_proposal *prop)
{
	if (prop->has_v2)
		offer_v2(clcsk, prop);
	if (prop->has_ip)
		offer_v1(clcsk, prop);
}

/* -- attaching a connection to a group ----------------------------------- */

static void free_rdma_path(struct smcr_rdma_path *rp, bool lost)
{
	smcr_buf_count_grown(rp->group, -rp->grown_pages);
	if (rp->tx)
		smcr_buf_put(rp->group, rp->tx);
	if (rp->tx_next)
		smcr_buf_put(rp->group, rp->tx_next);
	/* a lost one stays where it is until the group ends */
	if (rp->rx && !lost)
		smcr_buf_put(rp->group, rp->rx);
	/* others look at the link that it uses */
	kfree_rcu(rp, rcu);
}

static struct smcr_rdma_path *alloc_rdma_path(struct smcr_link *link,
					      struct smcr_path *path)
{
	struct smcr_rdma_path *rp = kzalloc(sizeof(*rp), GFP_KERNEL);

	if (!rp)
		return NULL;
	INIT_LIST_HEAD(&rp->wait_node);
	rp->path = path;
	rp->group = link->group;
	rp->link = link;
	rp->clc_slot = link->slot;
	rp->tx = smcr_buf_get(link, SMCR_BUF_TX, path->tx_first, 0);
	rp->rx = smcr_buf_get(link, SMCR_BUF_RX, path->rx_want, 0);
	rp->first_size = rp->tx ? rp->tx->size : 0;
	if (rp->tx && rp->rx)
		return rp;
	free_rdma_path(rp, false);
	return NULL;
}

/* takes over the caller's reservation and reference of the group */
static enum smcr_decline attach(struct smcr_link *link,
				struct smcr_path *path, bool is_founder)
{
	struct smcr_rdma_path *rp = alloc_rdma_path(link, path);

	if (!rp)
		return SMCR_DECLINE_MEMORY;
	rp->is_founder = is_founder;
	path->priv = rp;
	path->tx_mem = rp->tx->mem;
	path->tx_size = rp->tx->size;
	path->rx_mem = rp->rx->mem;
	path->rx_size = rp->rx->size;
	strscpy(path->dev_name, link->port.dev->ib->name,
		sizeof(path->dev_name));
	path->tx_origin = rp->tx->origin;
	path->rx_origin = rp->rx->origin;
	/* from now on link_work may find it and move it */
	path->ops = &smcr_rdma_transport;
	if (!smcr_group_attach(link, path))
		return SMCR_DECLINE_NONE;
	/* who found it in its slot is through with it then */
	synchronize_rcu();
	path->ops = NULL;
	WRITE_ONCE(path->priv, NULL);
	free_rdma_path(rp, false);
	return SMCR_DECLINE_NO_ACTIVE_LINK;
}

static void leave_group(struct smcr_group *group, bool is_founder)
{
	/* who wanted to create the group and failed takes it along */
	if (is_founder && READ_ONCE(group->state) == SMCR_GROUP_FORMING)
		smcr_group_kill(group, SMCR_LLC_REASON_LOST_PATH);
	smcr_group_unreserve(group);
	smcr_group_put(group);
}

static void leave_link(struct smcr_path *path, bool lost)
{
	struct smcr_rdma_path *rp = path->priv;

	path->ops = NULL;
	WRITE_ONCE(path->priv, NULL);
	/* it does not move any more */
	smcr_link_forget_waiter(rp->link, rp);
	free_rdma_path(rp, lost);
}

/*
 * With @lost the peer may still write into the receive ring, so it is not
 * used again: it stays with the group until that ends.
 */
static void detach(struct smcr_path *path, bool lost)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	bool is_founder = rp->is_founder;

	leave_link(path, lost);
	smcr_group_detach(group, path, lost);
	leave_group(group, is_founder);
}

static enum smcr_decline create_hw(struct smcr_group *group)
{
	int ret = -ENODEV;

	down_write(&group->hw_lock);
	if (READ_ONCE(group->state) != SMCR_GROUP_DEAD)
		ret = smcr_link_create(group->link, group);
	group->has_hw = !ret;
	up_write(&group->hw_lock);
	return ret ? SMCR_DECLINE_MEMORY : SMCR_DECLINE_NONE;
}

static int register_rings(struct smcr_link *link, struct smcr_rdma_path *rp)
{
	int ret = smcr_buf_make_ready(link, rp->tx);

	return ret ?: smcr_buf_make_ready(link, rp->rx);
}

/* make the rings usable, over the links that exist */
static enum smcr_decline publish_rings(struct smcr_link *link,
				       struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;

	if (register_rings(link, rp))
		return SMCR_DECLINE_REG_BUFFER;
	smcr_buf_make_ready_everywhere(rp->group, rp->tx);
	smcr_buf_make_ready_everywhere(rp->group, rp->rx);
	if (smcr_llc_confirm_rkey(rp->group, rp->rx, path->deadline))
		return SMCR_DECLINE_REG_BUFFER;
	/* later than after an answer in time, the peer may have given up */
	if (time_after(jiffies, path->deadline + SMCR_LLC_RKEY_TIMEOUT))
		return SMCR_DECLINE_REG_BUFFER;
	return SMCR_DECLINE_NONE;
}

/* -- CLC contents -------------------------------------------------------- */

static void fill_rdma(const struct smcr_link *link, struct smcr_path *path,
		      struct smcr_clc_rdma *r)
{
	struct smcr_rdma_path *rp = path->priv;
	const struct ib_mr *mr = rp->rx->map[link->slot].mr;

	smcr_peer_id_copy(link->group->net_cookie, r->peer_id);
	memcpy(r->gid, link->port.gid, SMCR_GID_LEN);
	memcpy(r->mac, link->port.mac, SMCR_MAC_LEN);
	r->qpn = link->qp->qp_num;
	r->rkey = mr->rkey;
	r->rmbe_idx = 1;
	r->token = path->token;
	r->size_code = smcr_ring_size_code(path->rx_size);
	r->mtu_code = link->port.mtu;
	r->vaddr = mr->iova;
	r->psn = link->psn;
}

static void fill_fce(const struct smcr_group *group, struct smcr_clc_fce *fce)
{
	const char *host = init_utsname()->nodename;

	fce->is_direct = !group->link->route.has_gateway;
	fce->os = SMCR_CLC_OS_LINUX;
	fce->release = group->release;
	memset(fce->host, ' ', sizeof(fce->host));
	memcpy(fce->host, host, strnlen(host, sizeof(fce->host)));
	if (group->release) {
		fce->max_conns = group->max_conns;
		fce->max_links = group->max_links;
	}
	smcr_imm_agree(fce, group->extensions);
}

/* under hw_lock; link_work may just be creating it */
static bool has_hw(const struct smcr_link *link)
{
	/* pairs with smcr_link_create() */
	return link->group->has_hw && smp_load_acquire(&link->has_hw);
}

static enum smcr_decline attach_locked(struct smcr_link *link,
				       struct smcr_path *path, bool is_founder,
				       struct smcr_clc_rdma *own)
{
	enum smcr_decline reason;

	if (!has_hw(link))
		return SMCR_DECLINE_NO_ACTIVE_LINK;
	reason = attach(link, path, is_founder);
	if (!reason && !is_founder)
		reason = publish_rings(link, path);
	if (!reason)
		fill_rdma(link, path, own);
	return reason;
}

/* on failure, @path may be attached or not: path->ops tells */
static enum smcr_decline attach_to_hw(struct smcr_link *link,
				      struct smcr_path *path, bool is_founder,
				      struct smcr_clc_rdma *own)
{
	struct smcr_group *group = link->group;
	enum smcr_decline reason = SMCR_DECLINE_NONE;

	if (is_founder)
		reason = create_hw(group);
	if (reason)
		return reason;
	down_read(&group->hw_lock);
	reason = attach_locked(link, path, is_founder, own);
	up_read(&group->hw_lock);
	return reason;
}

/* undo what attach_to_hw() got done, and entering the group */
static void give_up_group(struct smcr_group *group, struct smcr_path *path,
			  bool is_founder)
{
	if (path->ops) {
		/* the peer does not know the token yet */
		smcr_group_detach(group, path, false);
		/* link_work does: the connection may just be moving */
		synchronize_rcu();
		leave_link(path, false);
	}
	leave_group(group, is_founder);
}

/*
 * A client that has confirmed a later contact waits for nothing more. Who does
 * not know a key of the group is none.
 */
static bool is_final_for_client(const struct smcr_rdma_path *rp)
{
	return !rp->is_founder && rp->group->role == SMCR_SERVER &&
	       rp->peer_rtoken >= 0;
}

/* where the peer wants our data */
static enum smcr_decline adopt_peer_ring(struct smcr_path *path,
					 const struct smcr_clc_rdma *r)
{
	struct smcr_rdma_path *rp = path->priv;
	u32 size = smcr_ring_code_size(r->size_code);
	bool is_usable;

	rp->peer_token = r->token;
	is_usable = smcr_rtoken_adopt(rp, r->rkey, r->vaddr,
				      (u64)(r->rmbe_idx - 1) * size);
	/* an abort needs no key */
	if (is_usable || is_final_for_client(rp))
		/* a connection sends once it knows the size */
		smp_store_release(&path->peer_size, size);
	return is_usable ? SMCR_DECLINE_NONE : SMCR_DECLINE_RTOKENS;
}

static void adopt_peer_host(struct smcr_group *group,
			    const struct smcr_clc_fce *fce)
{
	group->peer_os = fce->os;
	if (smcr_clc_host_is_valid(fce->host))
		memcpy(group->peer_host, fce->host, sizeof(group->peer_host));
}

static enum smcr_decline later_contact_result(const struct smcr_group *group)
{
	return READ_ONCE(group->state) == SMCR_GROUP_ACTIVE ?
	       SMCR_DECLINE_NONE : SMCR_DECLINE_NO_ACTIVE_LINK;
}

/* -- server -------------------------------------------------------------- */

/* wire.md 2.6, step 2 */
static enum smcr_decline negotiate(struct smcr_group *group,
				   const struct smcr_clc_proposal *prop)
{
	if (group->peer.version > 1)
		group->release = min_t(u8, prop->release, OUR_RELEASE);
	if (group->release)
		group->extensions = smcr_imm_offered(prop);
	if (!group->release) {
		group->max_links = 2;
		return SMCR_DECLINE_NONE;
	}
	WRITE_ONCE(group->max_conns, min(prop->max_conns, group->max_conns));
	group->max_links = min(prop->max_links, group->max_links);
	if (group->max_conns < LEAST_CONNS)
		return SMCR_DECLINE_MAX_CONNS;
	return group->max_links ? SMCR_DECLINE_NONE : SMCR_DECLINE_MAX_LINKS;
}

static enum smcr_decline enter_group(struct smcr_group *group,
				     struct smcr_path *path, bool is_founder,
				     const struct smcr_clc_proposal *prop,
				     struct smcr_clc_accept *accept)
{
	enum smcr_decline reason = SMCR_DECLINE_NONE;

	if (is_founder) {
		memcpy(group->eid, accept->eid, SMCR_EID_LEN);
		group->link->num = 1;
		group->last_num = 1;
		reason = negotiate(group, prop);
	}
	if (!reason)
		reason = attach_to_hw(smcr_group_pick_link(group), path,
				      is_founder, &accept->r);
	if (reason)
		return reason;
	accept->mode = SMCR_CLC_MODE_R;
	accept->is_first_contact = is_founder;
	accept->has_fce = is_founder && accept->version > 1;
	if (accept->has_fce)
		fill_fce(group, &accept->fce);
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline choose_v2(struct sock *clcsk,
				   const struct smcr_clc_proposal *prop,
				   struct smcr_port *port,
				   struct smcr_route *route,
				   struct smcr_peer *peer)
{
	/* SMC-D only */
	if (!has_mode(prop->typev2))
		return SMCR_DECLINE_NO_ISM_V2;
	if (smcr_route_find(clcsk, prop->roce_gid, route) ||
	    smcr_port_find(clcsk, IB_GID_TYPE_ROCE_UDP_ENCAP, port))
		return SMCR_DECLINE_NO_RDMA_DEVICE;
	memcpy(peer->id, prop->peer_id, SMCR_PEER_ID_LEN);
	memcpy(peer->gid, prop->roce_gid, SMCR_GID_LEN);
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline choose_v1(struct sock *clcsk,
				   const struct smcr_clc_proposal *prop,
				   struct smcr_port *port,
				   struct smcr_peer *peer)
{
	bool is_routable = smcr_vendor_offers(prop, SMCR_VENDOR_ROUTABLE);
	struct smcr_route route;

	if (!has_mode(prop->typev1))
		return SMCR_DECLINE_NO_ISM_DEVICE;
	if ((is_routable && smcr_route_find(clcsk, prop->gid_v1, &route)) ||
	    find_port_v1(clcsk, is_routable, port))
		return SMCR_DECLINE_NO_RDMA_DEVICE;
	memcpy(peer->id, prop->peer_id, SMCR_PEER_ID_LEN);
	memcpy(peer->gid, prop->gid_v1, SMCR_GID_LEN);
	memcpy(peer->mac, prop->mac, SMCR_MAC_LEN);
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline select(struct smcr_path *path, struct sock *clcsk,
				const struct smcr_clc_proposal *prop,
				struct smcr_clc_accept *accept)
{
	struct smcr_peer peer = { .version = accept->version };
	struct smcr_route route = {};
	struct smcr_group *group;
	enum smcr_decline reason;
	struct smcr_port port;
	bool is_founder;

	if (accept->version > 1)
		reason = choose_v2(clcsk, prop, &port, &route, &peer);
	else
		reason = choose_v1(clcsk, prop, &port, &peer);
	if (reason)
		return reason;
	group = smcr_group_get_server(sock_net(clcsk), &port, &peer,
				      &is_founder);
	smcr_dev_put(port.dev);
	if (!group)
		return SMCR_DECLINE_MEMORY;
	if (is_founder)
		group->link->route = route;
	reason = enter_group(group, path, is_founder, prop, accept);
	if (reason)
		give_up_group(group, path, is_founder);
	return reason;
}

/* CONFIRM LINK, both messages (wire.md 6.12) */
static enum smcr_decline confirm_link_server(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	const struct smcr_llc_confirm_link *got =
		&group->flow.got.u.confirm_link;

	/* a stock client needs a moment after its CONFIRM (wire.md 11) */
	usleep_range(100, 200);
	smcr_llc_expect(link, SMCR_LLC_CONFIRM_LINK, true, link->num);
	if (smcr_llc_send_confirm_link(link, false) ||
	    !smcr_llc_wait(group, SMCR_LLC_SERVER_TIMEOUT))
		return SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;
	if (!got->no_eyecatcher)
		return SMCR_DECLINE_EYECATCHER;
	memcpy(link->peer_uid, got->link_uid, sizeof(link->peer_uid));
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline first_contact_server(struct smcr_path *path,
					      const struct smcr_clc_accept *c)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	struct smcr_link *link = group->link;
	enum smcr_decline reason;

	smcr_link_set_peer(link, &c->r);
	adopt_peer_host(group, &c->fce);
	smcr_group_note_peer_gids(group, c->gid, c->gid_count, false);
	if (smcr_link_to_rtr(link) || smcr_link_to_rts(link))
		return SMCR_DECLINE_LINK_READY;
	if (register_rings(link, rp))
		return SMCR_DECLINE_REG_BUFFER;
	reason = confirm_link_server(link);
	if (reason)
		return reason;
	rp->rx->is_known = true;
	smcr_group_activate(group);
	return SMCR_DECLINE_NONE;
}

/*
 * Who speaks on the TCP connection names a group by what it claims to be. It
 * has to know the queue pair as well, and a key that came over it, see
 * smcr_rtoken_adopt(), before data goes there.
 */
static bool is_from_peer(const struct smcr_rdma_path *rp,
			 const struct smcr_clc_rdma *r)
{
	const struct smcr_link *link = &rp->group->link[rp->clc_slot];

	return r->qpn == link->peer_qpn &&
	       !memcmp(r->gid, link->peer_gid, SMCR_GID_LEN);
}

/* nobody founds a group in the name of another (wire.md 4.2) */
static bool is_proposer(const struct smcr_group *group,
			const struct smcr_clc_rdma *r)
{
	const struct smcr_peer *peer = &group->peer;

	return !memcmp(r->gid, peer->gid, SMCR_GID_LEN) &&
	       (peer->version > 1 ||
		!memcmp(r->mac, peer->mac, SMCR_MAC_LEN));
}

static enum smcr_decline finish_server(struct smcr_path *path,
				       const struct smcr_clc_accept *confirm)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	enum smcr_decline reason;

	if (rp->is_founder ? !is_proposer(group, &confirm->r) :
			     !is_from_peer(rp, &confirm->r))
		return SMCR_DECLINE_MODE;
	reason = adopt_peer_ring(path, &confirm->r);
	if (reason)
		return reason;
	if (!rp->is_founder)
		return later_contact_result(group);
	down_read(&group->hw_lock);
	if (group->has_hw)
		reason = first_contact_server(path, confirm);
	else
		reason = SMCR_DECLINE_NO_ACTIVE_LINK;
	up_read(&group->hw_lock);
	return reason;
}

/* -- client -------------------------------------------------------------- */

static void identify_server(const struct smcr_clc_accept *a,
			    struct smcr_peer *peer)
{
	*peer = (struct smcr_peer){ .version = a->version };
	memcpy(peer->id, a->r.peer_id, SMCR_PEER_ID_LEN);
	memcpy(peer->gid, a->r.gid, SMCR_GID_LEN);
	if (a->version < 2)
		memcpy(peer->mac, a->r.mac, SMCR_MAC_LEN);
}

/* wire.md 3.4: the server has looked whether there is a gateway */
static enum smcr_decline find_route(struct sock *clcsk,
				    const struct smcr_clc_accept *a,
				    struct smcr_route *route)
{
	if (a->version < 2 || a->fce.is_direct)
		return SMCR_DECLINE_NONE;
	if (smcr_route_find(clcsk, a->r.gid, route))
		return SMCR_DECLINE_NO_ROUTE;
	return route->has_gateway ? SMCR_DECLINE_NONE : SMCR_DECLINE_INDIRECT;
}

/* the port that was offered for this version */
static enum smcr_decline find_port(struct sock *clcsk,
				   const struct smcr_clc_accept *a,
				   struct smcr_port *port)
{
	int ret;

	if (a->version > 1)
		ret = smcr_port_find(clcsk, IB_GID_TYPE_ROCE_UDP_ENCAP, port);
	else
		ret = find_port_v1(clcsk, false, port) &&
		      find_port_v1(clcsk, true, port);
	return ret ? SMCR_DECLINE_NO_RDMA_DEVICE : SMCR_DECLINE_NONE;
}

static enum smcr_decline first_contact_client(struct smcr_path *path,
					      struct sock *clcsk,
					      const struct smcr_clc_accept *a,
					      struct smcr_clc_rdma *own,
					      struct smcr_group **groupp)
{
	struct smcr_route route = {};
	enum smcr_decline reason;
	struct smcr_group *group;
	struct smcr_peer peer;
	struct smcr_port port;

	reason = find_route(clcsk, a, &route);
	if (!reason)
		reason = find_port(clcsk, a, &port);
	if (reason)
		return reason;
	identify_server(a, &peer);
	group = smcr_group_create(sock_net(clcsk), &port, &peer);
	smcr_dev_put(port.dev);
	if (!group)
		return SMCR_DECLINE_MEMORY;
	*groupp = group;
	group->link->route = route;
	memcpy(group->eid, a->eid, SMCR_EID_LEN);
	group->release = a->fce.release;
	group->extensions = smcr_imm_agreed(&a->fce);
	group->max_links = 2;
	if (group->release) {
		group->max_conns = a->fce.max_conns;
		group->max_links = a->fce.max_links;
	}
	adopt_peer_host(group, &a->fce);
	reason = attach_to_hw(group->link, path, true, own);
	if (reason)
		return reason;
	/* it may come before CONFIRM is sent, and says the link's number */
	smcr_llc_expect(group->link, SMCR_LLC_CONFIRM_LINK, false, 0);
	down_read(&group->hw_lock);
	smcr_link_set_peer(group->link, &a->r);
	if (!group->has_hw || smcr_link_to_rtr(group->link))
		reason = SMCR_DECLINE_LINK_READY;
	up_read(&group->hw_lock);
	return reason;
}

/*
 * Out of sync ends the group at the server: not if only the link is unknown
 * here, as it was just lost (wire.md 2.10, 4.1).
 */
static enum smcr_decline unknown_link(const struct net *net,
				      const struct smcr_peer *peer)
{
	return smcr_group_knows_server(net, peer) ? SMCR_DECLINE_UNKNOWN_LINK :
						    SMCR_DECLINE_SYNC;
}

static enum smcr_decline later_contact_client(struct smcr_path *path,
					      struct sock *clcsk,
					      const struct smcr_clc_accept *a,
					      struct smcr_clc_rdma *own,
					      struct smcr_group **groupp)
{
	struct smcr_link *link;
	struct smcr_peer peer;

	identify_server(a, &peer);
	*groupp = smcr_group_get_client(sock_net(clcsk), &peer, a->r.qpn,
					&link);
	if (!*groupp)
		return unknown_link(sock_net(clcsk), &peer);
	return attach_to_hw(link, path, false, own);
}

static void fill_confirm(struct smcr_path *path,
			 const struct smcr_clc_accept *accept,
			 struct smcr_clc_accept *confirm)
{
	struct smcr_rdma_path *rp = path->priv;
	const struct smcr_link *link = &rp->group->link[rp->clc_slot];
	struct smcr_port port;

	confirm->type = SMCR_CLC_CONFIRM;
	confirm->version = accept->version;
	confirm->mode = SMCR_CLC_MODE_R;
	confirm->is_first_contact = accept->is_first_contact;
	confirm->r.mtu_code = min(link->port.mtu, link->peer_mtu);
	memcpy(confirm->eid, accept->eid, SMCR_EID_LEN);
	if (!accept->is_first_contact || accept->version < 2)
		return;
	confirm->has_fce = true;
	fill_fce(rp->group, &confirm->fce);
	confirm->gid_count = 1;
	memcpy(confirm->gid[0], link->port.gid, SMCR_GID_LEN);
	if (rp->group->max_links < 2 ||
	    smcr_port_find_alt(rp->group, NULL, &port))
		return;
	memcpy(confirm->gid[confirm->gid_count++], port.gid, SMCR_GID_LEN);
	smcr_dev_put(port.dev);
}

static enum smcr_decline join(struct smcr_path *path, struct sock *clcsk,
			      const struct smcr_clc_accept *accept,
			      struct smcr_clc_accept *confirm)
{
	struct smcr_group *group = NULL;
	enum smcr_decline reason;

	if (accept->is_first_contact)
		reason = first_contact_client(path, clcsk, accept, &confirm->r,
					      &group);
	else
		reason = later_contact_client(path, clcsk, accept, &confirm->r,
					      &group);
	if (!reason)
		reason = adopt_peer_ring(path, &accept->r);
	if (reason) {
		if (group)
			give_up_group(group, path, accept->is_first_contact);
		return reason;
	}
	fill_confirm(path, accept, confirm);
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline confirm_link_client(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	struct smcr_link *link = group->link;
	const struct smcr_llc_confirm_link *got =
		&group->flow.got.u.confirm_link;

	if (!smcr_llc_wait(group, SMCR_LLC_CLIENT_TIMEOUT))
		return SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;
	if (!got->no_eyecatcher)
		return SMCR_DECLINE_EYECATCHER;
	WRITE_ONCE(link->num, got->link_num);
	memcpy(link->peer_uid, got->link_uid, sizeof(link->peer_uid));
	if (smcr_link_to_rts(link))
		return SMCR_DECLINE_LINK_READY;
	if (register_rings(link, rp))
		return SMCR_DECLINE_REG_BUFFER;
	rp->rx->is_known = true;
	/* the server may use the group as soon as it has the response */
	smcr_group_activate(group);
	if (smcr_llc_send_confirm_link(link, true))
		return SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline finish_client(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	/* as for a link that dies during the wait */
	enum smcr_decline reason = SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;

	if (!rp->is_founder)
		return later_contact_result(group);
	down_read(&group->hw_lock);
	if (group->has_hw)
		reason = confirm_link_client(path);
	up_read(&group->hw_lock);
	return reason;
}

/* anybody can send a DECLINE: believe it only if the links are dead as well */
static void desync(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;

	smcr_group_doubt(rp->group);
}

static int send(struct smcr_path *path, struct smcr_tx *tx)
{
	struct smcr_rdma_path *rp = path->priv;

	return smcr_link_send(rp->link, rp, tx);
}

static bool has_ring_on(const struct smcr_buf *buf,
			const struct smcr_link *link)
{
	/* pairs with the release in make_ready_locked() */
	return !buf || smp_load_acquire(&buf->map[link->slot].is_ready);
}

/* are the rings that it sends from usable there? */
static bool has_rings_on(const struct smcr_rdma_path *rp,
			 const struct smcr_link *link)
{
	/* pairs with get_next() */
	const struct smcr_buf *next = smp_load_acquire(&rp->tx_next);

	return has_ring_on(rp->tx, link) && has_ring_on(next, link);
}

static bool move(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	bool is_lost = smcr_bundle_may_be_lost(rp->link, rp);
	struct smcr_link *link;

	link = smcr_group_any_link(rp->group);
	rp->bundle_seq = 0;
	rp->copied_seq = 0;
	if (!smcr_rtoken_move(rp, link))
		return false;
	/* pairs with grow() */
	smp_mb();
	return has_rings_on(rp, link) && !is_lost;
}

/* a send ring that the group's links know */
static struct smcr_buf *get_ready(struct smcr_link *link, u32 want, u32 least)
{
	struct smcr_buf *buf = smcr_buf_get(link, SMCR_BUF_TX, want, least);

	if (!buf)
		return NULL;
	if (!smcr_buf_make_ready(link, buf)) {
		smcr_buf_make_ready_everywhere(link->group, buf);
		return buf;
	}
	smcr_buf_put(link->group, buf);
	return NULL;
}

/* a larger one; the connection may have moved since there is one */
static void get_next(struct smcr_link *link, struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_buf *next;

	if (rp->tx_next) {
		smcr_buf_make_ready(link, rp->tx_next);
		return;
	}
	next = get_ready(link, path->tx_want, path->tx_size + 1);
	/* pairs with has_rings_on() */
	smp_store_release(&rp->tx_next, next);
}

static void describe_next(struct smcr_path *path)
{
	const struct smcr_rdma_path *rp = path->priv;

	path->tx_next_mem = rp->tx_next->mem;
	path->tx_next_size = rp->tx_next->size;
	path->tx_origin = rp->tx_next->origin;
}

static bool grow(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	struct smcr_link *link;

	/* a group that dies needs no larger rings: do not wait for it */
	if (down_read_trylock(&group->hw_lock)) {
		link = READ_ONCE(rp->link);
		if (has_hw(link))
			get_next(link, path);
		up_read(&group->hw_lock);
	}
	if (!rp->tx_next)
		return false;
	/* move() sees the ring, or we the link that it moved to */
	smp_mb();
	if (!has_ring_on(rp->tx_next, READ_ONCE(rp->link)))
		return false;
	describe_next(path);
	return true;
}

/* who is to survive the loss of a link needs it on the others */
static bool has_ring_everywhere(const struct smcr_buf *buf,
				const struct smcr_rdma_path *rp)
{
	struct smcr_group *group = rp->group;
	const struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up) && !has_ring_on(buf, link))
			return false;
	return has_ring_on(buf, rp->link);
}

/* move() does not come in between: it has the lock of the connection, too */
static bool take_ring(struct smcr_path *path, void *ring)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_buf *buf = ring;

	if (rp->tx_next || !rp->grown_pages || buf->size != rp->first_size ||
	    !has_ring_everywhere(buf, rp))
		return false;
	rp->tx_next = buf;
	describe_next(path);
	return true;
}

static void switch_ring(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_buf *old = rp->tx;
	long pages;

	rp->tx = rp->tx_next;
	rp->tx_next = NULL;
	path->tx_mem = rp->tx->mem;
	WRITE_ONCE(path->tx_size, rp->tx->size);
	pages = (rp->tx->size - rp->first_size) / PAGE_SIZE;
	smcr_buf_count_grown(rp->group, pages - rp->grown_pages);
	rp->grown_pages = pages;
	smcr_buf_put(rp->group, old);
}

/* -- giving back what has grown ------------------------------------------- */

/* of the connection in a slot; 0 if it has its first ring */
static u32 first_size_of_grown(struct smcr_group *group, u8 slot)
{
	const struct smcr_rdma_path *rp;
	const struct smcr_path *path;
	u32 size = 0;

	rcu_read_lock();
	path = smcr_group_find_slot(group, slot);
	rp = path ? READ_ONCE(path->priv) : NULL;
	if (rp && READ_ONCE(path->tx_size) > rp->first_size)
		size = rp->first_size;
	rcu_read_unlock();
	return size;
}

/* the one that the connection before did not take, or another one */
static struct smcr_buf *get_small(struct smcr_group *group,
				  struct smcr_buf *left, u32 size)
{
	struct smcr_link *link;
	struct smcr_buf *buf = NULL;

	if (left && left->size == size)
		return left;
	if (left)
		smcr_buf_put(group, left);
	/* each time: who waits to write it is not to wait for all */
	down_read(&group->hw_lock);
	link = smcr_group_any_link(group);
	if (has_hw(link) && READ_ONCE(group->state) == SMCR_GROUP_ACTIVE)
		buf = get_ready(link, size, size);
	up_read(&group->hw_lock);
	return buf;
}

static bool offer_ring(struct smcr_group *group, u8 slot, struct smcr_buf *buf)
{
	struct smcr_path *path;
	bool is_taken;

	rcu_read_lock();
	local_bh_disable();
	path = smcr_group_find_slot(group, slot);
	is_taken = path && path->events->shrink(path, buf);
	local_bh_enable();
	rcu_read_unlock();
	return is_taken;
}

/**
 * smcr_rdma_shrink() - memory is short: who has nothing to send needs no large ring
 * @group: the group
 *
 * A connection is never without a ring, so a small one is made first. What it
 * had is idle then.
 *
 * Context: process, sleeps; takes group->hw_lock.
 */
void smcr_rdma_shrink(struct smcr_group *group)
{
	struct smcr_buf *buf = NULL;
	u32 size;
	int i;

	for (i = 1; i <= SMCR_GROUP_MAX_CONNS; i++) {
		size = first_size_of_grown(group, i);
		if (!size)
			continue;
		buf = get_small(group, buf, size);
		if (buf && offer_ring(group, i, buf))
			buf = NULL;
	}
	if (buf)
		smcr_buf_put(group, buf);
}

const struct smcr_transport_ops smcr_rdma_transport = {
	.name = "rdma",
	.mode = SMCR_CLC_MODE_R,
	.offer = offer,
	.select = select,
	.finish_server = finish_server,
	.join = join,
	.finish_client = finish_client,
	.detach = detach,
	.send = send,
	.move = move,
	.grow = grow,
	.take_ring = take_ring,
	.switch_ring = switch_ring,
	.desync = desync,
	.snapshot = smcr_rdma_snapshot,
	.snapshot_dev = smcr_rdma_snapshot_dev,
	.snapshot_link = smcr_rdma_snapshot_link,
};

/**
 * smcr_rdma_init() - start the transport
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_rdma_init(void)
{
	int ret = smcr_bundle_init();

	if (ret)
		return ret;
	ret = smcr_group_init();
	if (ret)
		goto exit_bundle;
	ret = smcr_dev_init();
	if (!ret)
		return 0;

	smcr_group_exit();
exit_bundle:
	smcr_bundle_exit();
	return ret;
}

/**
 * smcr_rdma_exit() - end all groups, wait for it
 *
 * Context: module exit; no socket is left.
 */
void smcr_rdma_exit(void)
{
	smcr_dev_exit();
	smcr_group_exit();
	smcr_bundle_exit();
}
