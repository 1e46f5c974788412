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
/* as client we may learn of a second path later */
#define OFFER_LINKS	2
/* as server we know that there is none */
#define GRANT_LINKS	1

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
	struct smcr_port port;

	if (smcr_port_find(clcsk, IB_GID_TYPE_ROCE_UDP_ENCAP, &port))
		return;
	add_mode(&prop->typev2);
	smcr_peer_id_copy(prop->peer_id);
	memcpy(prop->roce_gid, port.gid, SMCR_GID_LEN);
	prop->max_conns = READ_ONCE(smcr_sysctl(sock_net(clcsk))->max_conns);
	prop->max_links = OFFER_LINKS;
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
	smcr_peer_id_copy(prop->peer_id);
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
	if (rp->tx)
		smcr_buf_put(rp->group, rp->tx);
	if (rp->tx_next)
		smcr_buf_put(rp->group, rp->tx_next);
	/* a lost one stays where it is until the group ends */
	if (rp->rx && !lost)
		smcr_buf_put(rp->group, rp->rx);
	kfree(rp);
}

static struct smcr_rdma_path *alloc_rdma_path(struct smcr_group *group,
					      struct smcr_path *path)
{
	struct smcr_rdma_path *rp = kzalloc(sizeof(*rp), GFP_KERNEL);

	if (!rp)
		return NULL;
	INIT_LIST_HEAD(&rp->wait_node);
	rp->path = path;
	rp->group = group;
	rp->tx = smcr_buf_get(group, SMCR_BUF_TX, path->tx_first);
	rp->rx = smcr_buf_get(group, SMCR_BUF_RX, path->rx_want);
	if (rp->tx && rp->rx)
		return rp;
	free_rdma_path(rp, false);
	return NULL;
}

/* takes over the caller's reservation and reference of the group */
static enum smcr_decline attach(struct smcr_group *group,
				struct smcr_path *path, bool is_founder)
{
	struct smcr_rdma_path *rp = alloc_rdma_path(group, path);

	if (!rp)
		return SMCR_DECLINE_MEMORY;
	rp->is_founder = is_founder;
	path->priv = rp;
	path->tx_mem = rp->tx->mem;
	path->tx_size = rp->tx->size;
	path->rx_mem = rp->rx->mem;
	path->rx_size = rp->rx->size;
	strscpy(path->dev_name, dev_name(&group->link.port.dev->ib->dev),
		sizeof(path->dev_name));
	path->tx_origin = rp->tx->origin;
	path->rx_origin = rp->rx->origin;
	if (smcr_group_attach(group, path)) {
		path->priv = NULL;
		free_rdma_path(rp, false);
		return SMCR_DECLINE_NO_ACTIVE_LINK;
	}
	path->ops = &smcr_rdma_transport;
	return SMCR_DECLINE_NONE;
}

static void leave_group(struct smcr_group *group, bool is_founder)
{
	/* who wanted to create the group and failed takes it along */
	if (is_founder && READ_ONCE(group->state) == SMCR_GROUP_FORMING)
		smcr_group_kill(group, SMCR_LLC_REASON_LOST_PATH);
	smcr_group_unreserve(group);
	smcr_group_put(group);
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

	path->ops = NULL;
	path->priv = NULL;
	smcr_link_forget_waiter(&group->link, rp);
	free_rdma_path(rp, lost);
	smcr_group_detach(group, path, lost);
	leave_group(group, is_founder);
}

static enum smcr_decline create_hw(struct smcr_group *group)
{
	int ret = -ENODEV;

	down_write(&group->hw_lock);
	if (READ_ONCE(group->state) != SMCR_GROUP_DEAD)
		ret = smcr_link_create(&group->link, group);
	group->has_hw = !ret;
	up_write(&group->hw_lock);
	return ret ? SMCR_DECLINE_MEMORY : SMCR_DECLINE_NONE;
}

static int register_rings(struct smcr_rdma_path *rp)
{
	int ret = smcr_link_register(&rp->group->link, rp->tx);

	return ret ?: smcr_link_register(&rp->group->link, rp->rx);
}

/* make the rings usable, over the link that exists */
static enum smcr_decline publish_rings(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;

	if (register_rings(rp) || smcr_llc_confirm_rkey(rp->group, rp->rx))
		return SMCR_DECLINE_REG_BUFFER;
	return SMCR_DECLINE_NONE;
}

/* -- CLC contents -------------------------------------------------------- */

static void fill_rdma(struct smcr_path *path, struct smcr_clc_rdma *r)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_link *link = &rp->group->link;

	smcr_peer_id_copy(r->peer_id);
	memcpy(r->gid, link->port.gid, SMCR_GID_LEN);
	memcpy(r->mac, link->port.mac, SMCR_MAC_LEN);
	r->qpn = link->qp->qp_num;
	r->rkey = rp->rx->mr->rkey;
	r->rmbe_idx = 1;
	r->token = path->token;
	r->size_code = smcr_ring_size_code(path->rx_size);
	r->mtu_code = link->port.mtu;
	r->vaddr = rp->rx->mr->iova;
	r->psn = link->psn;
}

static void fill_fce(const struct smcr_group *group, struct smcr_clc_fce *fce)
{
	const char *host = init_utsname()->nodename;

	fce->is_direct = !group->link.route.has_gateway;
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

static enum smcr_decline attach_locked(struct smcr_group *group,
				       struct smcr_path *path, bool is_founder,
				       struct smcr_clc_rdma *own)
{
	enum smcr_decline reason;

	if (!group->has_hw)
		return SMCR_DECLINE_NO_ACTIVE_LINK;
	reason = attach(group, path, is_founder);
	if (!reason && !is_founder)
		reason = publish_rings(path);
	if (!reason)
		fill_rdma(path, own);
	return reason;
}

/* on failure, @path may be attached or not: path->ops tells */
static enum smcr_decline attach_to_hw(struct smcr_group *group,
				      struct smcr_path *path, bool is_founder,
				      struct smcr_clc_rdma *own)
{
	enum smcr_decline reason = SMCR_DECLINE_NONE;

	if (is_founder)
		reason = create_hw(group);
	if (reason)
		return reason;
	down_read(&group->hw_lock);
	reason = attach_locked(group, path, is_founder, own);
	up_read(&group->hw_lock);
	return reason;
}

/* undo what attach_to_hw() got done, and entering the group */
static void give_up_group(struct smcr_group *group, struct smcr_path *path,
			  bool is_founder)
{
	/* the peer does not know the token yet */
	if (path->ops)
		detach(path, false);
	else
		leave_group(group, is_founder);
}

/* where the peer wants our data */
static void adopt_peer_ring(struct smcr_path *path,
			    const struct smcr_clc_rdma *r)
{
	struct smcr_rdma_path *rp = path->priv;
	u32 size = smcr_ring_code_size(r->size_code);

	rp->peer_rkey = r->rkey;
	rp->peer_vaddr = r->vaddr + (u64)(r->rmbe_idx - 1) * size;
	rp->peer_token = r->token;
	/* a connection sends once it knows the size */
	smp_store_release(&path->peer_size, size);
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
	group->max_links = 2;
	if (!group->release)
		return SMCR_DECLINE_NONE;
	group->max_conns = min(prop->max_conns, group->max_conns);
	group->max_links = min_t(u8, prop->max_links, GRANT_LINKS);
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
		group->link.num = 1;
		reason = negotiate(group, prop);
	}
	if (!reason)
		reason = attach_to_hw(group, path, is_founder, &accept->r);
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
		group->link.route = route;
	reason = enter_group(group, path, is_founder, prop, accept);
	if (reason)
		give_up_group(group, path, is_founder);
	return reason;
}

/* CONFIRM LINK, both messages (wire.md 6.12) */
static enum smcr_decline confirm_link_server(struct smcr_group *group)
{
	/* a stock client needs a moment after its CONFIRM (wire.md 11) */
	usleep_range(100, 200);
	smcr_llc_expect(group, SMCR_LLC_CONFIRM_LINK, true);
	if (smcr_llc_send_confirm_link(group, false) ||
	    !smcr_llc_wait(group, SMCR_LLC_SERVER_TIMEOUT))
		return SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;
	if (!group->flow.got.confirm_link.no_eyecatcher)
		return SMCR_DECLINE_EYECATCHER;
	memcpy(group->link.peer_uid, group->flow.got.confirm_link.link_uid,
	       sizeof(group->link.peer_uid));
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline first_contact_server(struct smcr_path *path,
					      const struct smcr_clc_accept *c)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	enum smcr_decline reason;

	smcr_link_set_peer(&group->link, &c->r);
	adopt_peer_host(group, &c->fce);
	if (smcr_link_to_rtr(&group->link) || smcr_link_to_rts(&group->link))
		return SMCR_DECLINE_LINK_READY;
	if (register_rings(rp))
		return SMCR_DECLINE_REG_BUFFER;
	reason = confirm_link_server(group);
	if (reason)
		return reason;
	rp->rx->is_known = true;
	if (group->max_links > 1)
		smcr_llc_add_no_link(group);
	smcr_group_activate(group);
	return SMCR_DECLINE_NONE;
}

/*
 * Who speaks on the TCP connection names a group by what it claims to be. It
 * has to know the queue pair as well before data goes there: a write to a
 * wrong key would end the group.
 */
static bool is_from_peer(const struct smcr_group *group,
			 const struct smcr_clc_rdma *r)
{
	return r->qpn == group->link.peer_qpn &&
	       !memcmp(r->gid, group->link.peer_gid, SMCR_GID_LEN);
}

static enum smcr_decline finish_server(struct smcr_path *path,
				       const struct smcr_clc_accept *confirm)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	enum smcr_decline reason = SMCR_DECLINE_NONE;

	if (!rp->is_founder && !is_from_peer(group, &confirm->r))
		return SMCR_DECLINE_MODE;
	adopt_peer_ring(path, &confirm->r);
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
	group->link.route = route;
	memcpy(group->eid, a->eid, SMCR_EID_LEN);
	group->release = a->fce.release;
	group->extensions = smcr_imm_agreed(&a->fce);
	group->max_links = 2;
	if (group->release) {
		group->max_conns = a->fce.max_conns;
		group->max_links = a->fce.max_links;
	}
	adopt_peer_host(group, &a->fce);
	reason = attach_to_hw(group, path, true, own);
	if (reason)
		return reason;
	/* what comes next may come before CONFIRM is sent */
	smcr_llc_expect(group, SMCR_LLC_CONFIRM_LINK, false);
	down_read(&group->hw_lock);
	smcr_link_set_peer(&group->link, &a->r);
	if (!group->has_hw || smcr_link_to_rtr(&group->link))
		reason = SMCR_DECLINE_LINK_READY;
	up_read(&group->hw_lock);
	return reason;
}

static enum smcr_decline later_contact_client(struct smcr_path *path,
					      struct sock *clcsk,
					      const struct smcr_clc_accept *a,
					      struct smcr_clc_rdma *own,
					      struct smcr_group **groupp)
{
	struct smcr_peer peer;

	identify_server(a, &peer);
	*groupp = smcr_group_get_client(sock_net(clcsk), &peer, a->r.qpn);
	if (!*groupp)
		return SMCR_DECLINE_SYNC;
	return attach_to_hw(*groupp, path, false, own);
}

static void fill_confirm(struct smcr_path *path,
			 const struct smcr_clc_accept *accept,
			 struct smcr_clc_accept *confirm)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_link *link = &rp->group->link;

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
	if (reason) {
		if (group)
			give_up_group(group, path, accept->is_first_contact);
		return reason;
	}
	adopt_peer_ring(path, &accept->r);
	fill_confirm(path, accept, confirm);
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline confirm_link_client(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;

	if (!smcr_llc_wait(group, SMCR_LLC_CLIENT_TIMEOUT))
		return SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;
	if (!group->flow.got.confirm_link.no_eyecatcher)
		return SMCR_DECLINE_EYECATCHER;
	group->link.num = group->flow.got.confirm_link.link_num;
	memcpy(group->link.peer_uid, group->flow.got.confirm_link.link_uid,
	       sizeof(group->link.peer_uid));
	if (smcr_link_to_rts(&group->link))
		return SMCR_DECLINE_LINK_READY;
	if (register_rings(rp))
		return SMCR_DECLINE_REG_BUFFER;
	rp->rx->is_known = true;
	/* the server may use the group as soon as it has the response */
	smcr_group_activate(group);
	if (smcr_llc_send_confirm_link(group, true))
		return SMCR_DECLINE_CONFIRM_LINK_TIMEOUT;
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline finish_client(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;
	enum smcr_decline reason = SMCR_DECLINE_NO_ACTIVE_LINK;

	if (!rp->is_founder)
		return later_contact_result(group);
	down_read(&group->hw_lock);
	if (group->has_hw)
		reason = confirm_link_client(path);
	up_read(&group->hw_lock);
	return reason;
}

/* anybody can send a DECLINE: believe it only if the link is dead as well */
static void desync(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;

	if (smcr_llc_test_link(rp->group, SMCR_LLC_TEST_TIMEOUT))
		smcr_group_kill(rp->group, SMCR_LLC_REASON_PROGRAM);
}

static int send(struct smcr_path *path, struct smcr_tx *tx)
{
	struct smcr_rdma_path *rp = path->priv;

	return smcr_link_send(&rp->group->link, rp, tx);
}

/* a send ring of at most tx_want bytes that is larger than the present one */
static struct smcr_buf *get_larger(struct smcr_group *group,
				   const struct smcr_path *path)
{
	struct smcr_buf *buf = smcr_buf_get(group, SMCR_BUF_TX, path->tx_want);

	if (!buf)
		return NULL;
	if (buf->size > path->tx_size && !smcr_link_register(&group->link, buf))
		return buf;
	smcr_buf_put(group, buf);
	return NULL;
}

static bool grow(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_group *group = rp->group;

	/* a group that dies needs no larger rings: do not wait for it */
	if (!rp->tx_next && down_read_trylock(&group->hw_lock)) {
		if (group->has_hw)
			rp->tx_next = get_larger(group, path);
		up_read(&group->hw_lock);
	}
	if (!rp->tx_next)
		return false;
	path->tx_next_mem = rp->tx_next->mem;
	path->tx_next_size = rp->tx_next->size;
	path->tx_origin = rp->tx_next->origin;
	return true;
}

static void switch_ring(struct smcr_path *path)
{
	struct smcr_rdma_path *rp = path->priv;
	struct smcr_buf *old = rp->tx;

	rp->tx = rp->tx_next;
	rp->tx_next = NULL;
	path->tx_mem = rp->tx->mem;
	WRITE_ONCE(path->tx_size, rp->tx->size);
	smcr_buf_put(rp->group, old);
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
	.grow = grow,
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
