// SPDX-License-Identifier: GPL-2.0
/*
 * RDMA devices: which there are, and which port reaches a peer (wire.md 3).
 *
 * The device of a connection is the one whose GID table names the network
 * device that the TCP route leaves through, so that nothing needs to be
 * configured. If that one has a PNET ID, the ports with the same ID are the
 * ones to use instead.
 */
#include "rdma.h"

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <net/neighbour.h>
#include <net/route.h>
#include <rdma/ib_cache.h>

#include "../base/addr.h"
#include "../base/peer_id.h"

/* guards the list of devices; taken before nothing but GID table locks */
static DEFINE_MUTEX(devs_mutex);
static LIST_HEAD(devs);
static u64 last_serial;

/**
 * smcr_dev_get() - take a reference
 * @dev: referenced already
 *
 * Context: any.
 */
void smcr_dev_get(struct smcr_dev *dev)
{
	refcount_inc(&dev->refs);
}

/**
 * smcr_dev_put() - drop a reference
 * @dev: may be gone afterwards
 *
 * Context: any.
 */
void smcr_dev_put(struct smcr_dev *dev)
{
	if (refcount_dec_and_test(&dev->refs))
		complete(&dev->released);
}

/**
 * smcr_dev_get_next() - the device that comes next
 * @after: serial number of the one before, 0 for the first one
 *
 * Context: process; takes devs_mutex.
 * Return: the device, put by smcr_dev_put(), or NULL.
 */
struct smcr_dev *smcr_dev_get_next(u64 after)
{
	struct smcr_dev *dev, *found = NULL;

	mutex_lock(&devs_mutex);
	list_for_each_entry(dev, &devs, list) {
		if (dev->serial <= after)
			continue;
		found = dev;
		smcr_dev_get(found);
		break;
	}
	mutex_unlock(&devs_mutex);
	return found;
}

static __be32 gid_ip4(const u8 *gid)
{
	return ((const struct in6_addr *)gid)->s6_addr32[3];
}

static bool shares_subnet(const struct net_device *ndev, __be32 a, __be32 b)
{
	const struct in_ifaddr *ifa;
	struct in_device *in_dev = __in_dev_get_rcu(ndev);
	bool found = false;

	if (!in_dev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev)
		found |= inet_ifa_match(a, ifa) && inet_ifa_match(b, ifa);
	return found;
}

/*
 * What kind of GID is looked for, for which address of TCP, and where: that of
 * @ndev, or if it has a PNET ID, any on a port with the same ID and in the same
 * VLAN.
 */
struct want {
	enum ib_gid_type type;
	struct net_device *ndev;
	bool has_pnet;
	struct smcr_pnet_id pnet;
	__be32 saddr;
};

enum match {
	NO_MATCH,
	SAME_SUBNET,
	SAME_ADDRESS,
};

/* mapped or compatible (wire.md 3.2) */
static bool is_ip4(const u8 *gid)
{
	const struct in6_addr *addr = (const struct in6_addr *)gid;
	__be32 high = addr->s6_addr32[0] | addr->s6_addr32[1] |
		      addr->s6_addr32[2];

	/* ::1 is not one */
	return ipv6_addr_v4mapped(addr) ||
	       (!high && ntohl(addr->s6_addr32[3]) > 1);
}

/* wire.md 3.4; the TCP address itself is preferred over its neighbours */
static enum match match_addr(const struct ib_gid_attr *attr,
			     const struct net_device *ndev, __be32 saddr)
{
	bool has_ip4 = is_ip4(attr->gid.raw);
	__be32 addr = gid_ip4(attr->gid.raw);

	if (has_ip4 && addr == saddr)
		return SAME_ADDRESS;
	/* RoCEv1 does not route */
	if (attr->gid_type == IB_GID_TYPE_ROCE)
		return SAME_SUBNET;
	if (has_ip4 && (!saddr || shares_subnet(ndev, addr, saddr)))
		return SAME_SUBNET;
	return NO_MATCH;
}

static u16 vlan_of(const struct net_device *ndev)
{
	return is_vlan_dev(ndev) ? vlan_dev_vlan_id(ndev) : 0;
}

static bool is_wanted(const struct net_device *ndev, const struct want *want)
{
	if (!want->has_pnet)
		return ndev == want->ndev;
	return ndev && vlan_of(ndev) == vlan_of(want->ndev);
}

static bool is_on_pnet(const struct smcr_dev *dev, unsigned int num,
		       const struct want *want)
{
	struct smcr_pnet_id id;

	if (!want->has_pnet)
		return true;
	return smcr_pnet_of_port(&dev->pnet, num, &id) &&
	       !strcmp(id.text, want->pnet.text);
}

static enum match match_gid(const struct ib_gid_attr *attr,
			    const struct want *want,
			    struct smcr_port *found)
{
	const struct net_device *ndev;
	enum match match = NO_MATCH;

	if (attr->gid_type != want->type)
		return NO_MATCH;
	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	if (is_wanted(ndev, want)) {
		match = match_addr(attr, ndev, want->saddr);
		ether_addr_copy(found->mac, ndev->dev_addr);
		found->vlan = vlan_of(ndev);
	}
	rcu_read_unlock();
	memcpy(found->gid, attr->gid.raw, SMCR_GID_LEN);
	return match;
}

static enum match scan_gids(struct smcr_dev *dev, unsigned int num, int len,
			    const struct want *want,
			    struct smcr_port *port)
{
	enum match best = NO_MATCH;
	int i;

	for (i = 0; i < len && best != SAME_ADDRESS; i++) {
		struct smcr_port found = {
			.num = num,
			.type = want->type,
			.sgid_index = i,
		};
		const struct ib_gid_attr *attr;
		enum match match;

		attr = rdma_get_gid_attr(dev->ib, num, i);
		if (IS_ERR(attr))
			continue;
		match = match_gid(attr, want, &found);
		if (match > best) {
			best = match;
			*port = found;
		}
		rdma_put_gid_attr(attr);
	}
	return best;
}

/* a table of GIDs is long: not scanned for a kind that it cannot have */
static bool has_gid_type(struct ib_device *ib, unsigned int num,
			 enum ib_gid_type type)
{
	return type == IB_GID_TYPE_ROCE ?
	       rdma_protocol_roce_eth_encap(ib, num) :
	       rdma_protocol_roce_udp_encap(ib, num);
}

static bool is_usable(struct smcr_dev *dev, unsigned int num,
		      enum ib_gid_type type, struct ib_port_attr *attr)
{
	return has_gid_type(dev->ib, num, type) &&
	       !ib_query_port(dev->ib, num, attr) &&
	       attr->state == IB_PORT_ACTIVE;
}

static bool scan_dev(struct smcr_dev *dev, const struct want *want,
		     struct smcr_port *port)
{
	struct ib_port_attr attr;
	unsigned int num;

	rdma_for_each_port(dev->ib, num) {
		if (!is_on_pnet(dev, num, want) ||
		    !is_usable(dev, num, want->type, &attr))
			continue;
		if (scan_gids(dev, num, attr.gid_tbl_len, want, port)) {
			port->mtu = attr.active_mtu;
			return true;
		}
	}
	return false;
}

/* a route does not keep its device */
static struct net_device *hold_netdev(const struct dst_entry *dst)
{
	struct net_device *ndev;

	rcu_read_lock();
	ndev = READ_ONCE(dst->dev);
	dev_hold(ndev);
	rcu_read_unlock();
	return ndev;
}

/**
 * smcr_port_find() - the port for a TCP connection (wire.md 3.2, 3.4)
 * @clcsk: established TCP socket
 * @type: of the GID
 * @port: filled in; port->dev is referenced, put by smcr_dev_put()
 *
 * Context: process, may sleep; takes devs_mutex.
 * Return: 0, or -ENODEV when no device sits on the route's interface or has
 * its PNET ID.
 */
int smcr_port_find(const struct sock *clcsk, enum ib_gid_type type,
		   struct smcr_port *port)
{
	struct dst_entry *dst = sk_dst_get((struct sock *)clcsk);
	struct want want = {
		.type = type,
		.saddr = smcr_local_ip4(clcsk),
	};
	int ret = -ENODEV;
	struct smcr_dev *dev;

	if (!dst)
		return -ENODEV;
	want.ndev = hold_netdev(dst);
	dst_release(dst);
	want.has_pnet = smcr_pnet_of_netdev(want.ndev, &want.pnet);
	mutex_lock(&devs_mutex);
	list_for_each_entry(dev, &devs, list) {
		if (!rdma_dev_access_netns(dev->ib, sock_net(clcsk)) ||
		    !scan_dev(dev, &want, port))
			continue;
		smcr_dev_get(dev);
		port->dev = dev;
		smcr_peer_id_learn(port->mac);
		ret = 0;
		break;
	}
	mutex_unlock(&devs_mutex);
	dev_put(want.ndev);
	return ret;
}

/* -- ports for another link of a group ----------------------------------- */

/* RoCEv1 does not tell: the exchange on the new link will */
static bool can_reach(const struct net_device *ndev, enum ib_gid_type type,
		      const u8 *gid, const u8 *peer_gid)
{
	if (type == IB_GID_TYPE_ROCE)
		return true;
	if (!is_ip4(gid))
		return false;
	if (!peer_gid)
		return true;
	return is_ip4(peer_gid) &&
	       shares_subnet(ndev, gid_ip4(gid), gid_ip4(peer_gid));
}

static bool is_used_by(const struct smcr_group *group,
		       const struct smcr_dev *dev, u8 num)
{
	const struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (link->port.dev == dev && link->port.num == num &&
		    !smcr_link_is_spare(link))
			return true;
	return false;
}

static bool match_alt(const struct ib_gid_attr *attr,
		      const struct smcr_group *group, const u8 *peer_gid,
		      struct smcr_port *port)
{
	const struct net_device *ndev;
	bool match;

	if (attr->gid_type != port->type)
		return false;
	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	match = ndev && netif_running(ndev) && netif_carrier_ok(ndev) &&
		dev_net(ndev)->net_cookie == group->net_cookie &&
		vlan_of(ndev) == group->vlan &&
		rdma_dev_access_netns(attr->device, dev_net(ndev)) &&
		can_reach(ndev, attr->gid_type, attr->gid.raw, peer_gid);
	if (match)
		ether_addr_copy(port->mac, ndev->dev_addr);
	rcu_read_unlock();
	memcpy(port->gid, attr->gid.raw, SMCR_GID_LEN);
	return match;
}

static bool scan_alt_gids(struct smcr_dev *dev, int len,
			  const struct smcr_group *group, const u8 *peer_gid,
			  struct smcr_port *port)
{
	const struct ib_gid_attr *attr;
	bool match = false;
	int i;

	for (i = 0; i < len && !match; i++) {
		attr = rdma_get_gid_attr(dev->ib, port->num, i);
		if (IS_ERR(attr))
			continue;
		port->sgid_index = i;
		match = match_alt(attr, group, peer_gid, port);
		rdma_put_gid_attr(attr);
	}
	return match;
}

/* who has a PNET ID has said which ports are on one network */
static bool shares_pnet(const struct smcr_port *known,
			const struct smcr_dev *dev, u8 num)
{
	struct smcr_pnet_id a, b;
	bool has_a = smcr_pnet_of_port(&known->dev->pnet, known->num, &a);
	bool has_b = smcr_pnet_of_port(&dev->pnet, num, &b);

	return has_a == has_b && (!has_a || !strcmp(a.text, b.text));
}

static bool may_use(struct smcr_dev *dev, u8 num, struct smcr_group *group,
		    enum ib_gid_type type, struct ib_port_attr *attr)
{
	return !is_used_by(group, dev, num) &&
	       shares_pnet(&smcr_group_any_link(group)->port, dev, num) &&
	       is_usable(dev, num, type, attr);
}

static bool scan_alt(struct smcr_dev *dev, struct smcr_group *group,
		     const u8 *peer_gid, struct smcr_port *port)
{
	struct ib_port_attr attr;
	unsigned int num;

	rdma_for_each_port(dev->ib, num) {
		if (!may_use(dev, num, group, port->type, &attr))
			continue;
		port->num = num;
		port->mtu = attr.active_mtu;
		if (scan_alt_gids(dev, attr.gid_tbl_len, group, peer_gid, port))
			return true;
	}
	return false;
}

static bool is_listed_locked(const struct smcr_dev *dev)
{
	const struct smcr_dev *pos;

	lockdep_assert_held(&devs_mutex);
	list_for_each_entry(pos, &devs, list)
		if (pos == dev)
			return true;
	return false;
}

/**
 * smcr_port_find_alt() - a port that no link of a group uses, or a spare one
 * @group: the group; its link_work runs, or nobody else knows it yet
 * @peer_gid: that can be reached from there, NULL for any
 * @port: filled in; port->dev is referenced, put by smcr_dev_put()
 *
 * The network device is in the namespace of the group's connections, and
 * the GID is of the kind that the group uses.
 *
 * Context: process, may sleep; takes devs_mutex.
 * Return: 0, or -ENODEV when there is none.
 */
int smcr_port_find_alt(struct smcr_group *group, const u8 *peer_gid,
		       struct smcr_port *port)
{
	struct smcr_dev *dev;
	int ret = -ENODEV;

	port->type = group->gid_type;
	mutex_lock(&devs_mutex);
	/* with its device, which it may not hold any more, the group ends */
	if (!is_listed_locked(smcr_group_any_link(group)->port.dev))
		goto unlock;
	list_for_each_entry(dev, &devs, list) {
		if (!scan_alt(dev, group, peer_gid, port))
			continue;
		smcr_dev_get(dev);
		port->dev = dev;
		ret = 0;
		break;
	}
unlock:
	mutex_unlock(&devs_mutex);
	return ret;
}

/**
 * smcr_port_reaches() - is there a way from a port of ours to a GID?
 * @port: ours
 * @peer_gid: the peer's
 *
 * Context: process, may sleep.
 * Return: true if both are on one subnet, or if that cannot be told.
 */
bool smcr_port_reaches(const struct smcr_port *port, const u8 *peer_gid)
{
	const struct net_device *ndev;
	const struct ib_gid_attr *attr;
	bool reaches;

	attr = rdma_get_gid_attr(port->dev->ib, port->num, port->sgid_index);
	if (IS_ERR(attr))
		return false;
	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	reaches = ndev && can_reach(ndev, port->type, port->gid, peer_gid);
	rcu_read_unlock();
	rdma_put_gid_attr(attr);
	return reaches;
}

/* the TCP connection goes the same way: the neighbour is known, as a rule */
static int find_gateway_mac(struct rtable *rt, const struct flowi4 *fl4,
			    u8 mac[SMCR_MAC_LEN])
{
	struct neighbour *neigh = dst_neigh_lookup(&rt->dst, &fl4->daddr);
	int ret = -EHOSTUNREACH;

	if (!neigh)
		return ret;
	/* the peer says where to, and tunnels have longer addresses */
	if (neigh->dev->addr_len == SMCR_MAC_LEN &&
	    READ_ONCE(neigh->nud_state) & NUD_VALID) {
		neigh_ha_snapshot(mac, neigh, neigh->dev);
		ret = 0;
	} else {
		neigh_event_send(neigh, NULL);
	}
	neigh_release(neigh);
	return ret;
}

/**
 * smcr_route_find() - the way to the peer's GID (wire.md 3.4)
 * @clcsk: established TCP socket
 * @gid: RoCEv2 GID
 * @route: filled in
 *
 * Context: process.
 * Return: 0; -ENETUNREACH when @gid is no IPv4 address of a host or no route
 * leads there, -EHOSTUNREACH when the gateway's MAC is not known.
 */
int smcr_route_find(const struct sock *clcsk, const u8 gid[SMCR_GID_LEN],
		    struct smcr_route *route)
{
	struct flowi4 fl4 = {
		.daddr = gid_ip4(gid),
		.saddr = smcr_local_ip4(clcsk),
		.flowi4_oif = clcsk->sk_bound_dev_if,
	};
	struct rtable *rt;
	int ret = 0;

	if (!is_ip4(gid))
		return -ENETUNREACH;
	rt = ip_route_output_key(sock_net(clcsk), &fl4);
	if (IS_ERR(rt))
		return -ENETUNREACH;
	route->has_gateway = rt->rt_uses_gateway;
	/* broadcast, multicast or ourselves: nobody's GID */
	if (rt->rt_type != RTN_UNICAST)
		ret = -ENETUNREACH;
	else if (route->has_gateway)
		ret = find_gateway_mac(rt, &fl4, route->mac);
	ip_rt_put(rt);
	return ret;
}

static void on_event(struct ib_event_handler *handler, struct ib_event *event)
{
	struct smcr_dev *dev = container_of(handler, struct smcr_dev, handler);

	switch (event->event) {
	case IB_EVENT_PORT_ACTIVE:
	case IB_EVENT_GID_CHANGE:
		smcr_group_want_links();
		break;
	case IB_EVENT_PORT_ERR:
		smcr_group_lose_port(dev, event->element.port_num);
		break;
	default:
		break;
	}
}

static struct ib_client smcr_ib_client;

static int add_dev(struct ib_device *ib)
{
	struct smcr_dev *dev;

	if (ib->node_type != RDMA_NODE_IB_CA)
		return -EOPNOTSUPP;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->ib = ib;
	refcount_set(&dev->refs, 1);
	init_completion(&dev->released);
	smcr_pnet_dev_add(&dev->pnet, dev_name(&ib->dev),
			  ib->dev.parent ? dev_name(ib->dev.parent) : NULL);
	ib_set_client_data(ib, &smcr_ib_client, dev);
	mutex_lock(&devs_mutex);
	dev->serial = ++last_serial;
	list_add_tail(&dev->list, &devs);
	mutex_unlock(&devs_mutex);
	INIT_IB_EVENT_HANDLER(&dev->handler, ib, on_event);
	ib_register_event_handler(&dev->handler);
	smcr_group_want_links();
	return 0;
}

/* nothing of the device may be in use when this returns */
static void remove_dev(struct ib_device *ib, void *client_data)
{
	struct smcr_dev *dev = client_data;

	ib_unregister_event_handler(&dev->handler);
	mutex_lock(&devs_mutex);
	list_del(&dev->list);
	mutex_unlock(&devs_mutex);
	smcr_group_kill_dev(dev);
	smcr_dev_put(dev);
	wait_for_completion(&dev->released);
	smcr_pnet_dev_remove(&dev->pnet);
	kfree(dev);
}

static void rename_dev(struct ib_device *ib, void *client_data)
{
	struct smcr_dev *dev = client_data;

	smcr_pnet_dev_rename(&dev->pnet, dev_name(&ib->dev));
	/* the table may have a PNET ID for this name */
	smcr_group_want_links();
}

static struct ib_client smcr_ib_client = {
	.name = "smc_r",
	.add = add_dev,
	.remove = remove_dev,
	.rename = rename_dev,
};

/* ports may be on one network now that were not before */
static int on_pnet_change(struct notifier_block *block, unsigned long event,
			  void *info)
{
	smcr_group_want_links();
	return NOTIFY_DONE;
}

static struct notifier_block pnet_block = {
	.notifier_call = on_pnet_change,
};

/**
 * smcr_dev_init() - learn of the RDMA devices, now and later
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_dev_init(void)
{
	int ret = ib_register_client(&smcr_ib_client);

	if (!ret)
		smcr_pnet_watch(&pnet_block);
	return ret;
}

/**
 * smcr_dev_exit() - undo smcr_dev_init(); ends all groups
 *
 * Context: module exit, sleeps.
 */
void smcr_dev_exit(void)
{
	smcr_pnet_unwatch(&pnet_block);
	ib_unregister_client(&smcr_ib_client);
}
