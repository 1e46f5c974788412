// SPDX-License-Identifier: GPL-2.0
/*
 * RDMA devices: which there are, and which port reaches a peer (wire.md 3).
 *
 * The device of a connection is the one whose GID table names the network
 * device that the TCP route leaves through, so that nothing needs to be
 * configured.
 */
#include "rdma.h"

#include <linux/etherdevice.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <rdma/ib_cache.h>

/* guards the list of devices; taken before nothing but GID table locks */
static DEFINE_MUTEX(devs_mutex);
static LIST_HEAD(devs);

/* random for each load, so that a restarted peer is told from its past */
static u16 instance;

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
 * smcr_dev_peer_id() - our peer ID (wire.md 3.1)
 * @port: whose MAC it carries
 * @peer_id: where to put it
 *
 * Return: @peer_id.
 */
const u8 *smcr_dev_peer_id(const struct smcr_port *port,
			   u8 peer_id[SMCR_PEER_ID_LEN])
{
	smcr_store_be16(peer_id, instance);
	memcpy(peer_id + 2, port->mac, SMCR_MAC_LEN);
	return peer_id;
}

/* the IPv4 address of our end of the TCP connection, 0 for plain IPv6 */
static __be32 local_ip4(const struct sock *clcsk)
{
	if (clcsk->sk_family == AF_INET)
		return clcsk->sk_rcv_saddr;
#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6_addr_v4mapped(&clcsk->sk_v6_rcv_saddr))
		return clcsk->sk_v6_rcv_saddr.s6_addr32[3];
#endif
	return 0;
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

enum match {
	NO_MATCH,
	SAME_SUBNET,
	SAME_ADDRESS,
};

/* wire.md 3.4; the TCP address itself is preferred over its neighbours */
static enum match match_gid(const struct ib_gid_attr *attr,
			    const struct net_device *want, __be32 saddr,
			    u8 *mac)
{
	const struct in6_addr *gid = (const struct in6_addr *)attr->gid.raw;
	const struct net_device *ndev;
	enum match match = NO_MATCH;
	__be32 addr = gid_ip4(attr->gid.raw);

	if (attr->gid_type != IB_GID_TYPE_ROCE_UDP_ENCAP ||
	    !ipv6_addr_v4mapped(gid))
		return NO_MATCH;
	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	if (ndev == want) {
		if (addr == saddr)
			match = SAME_ADDRESS;
		else if (!saddr || shares_subnet(ndev, addr, saddr))
			match = SAME_SUBNET;
		ether_addr_copy(mac, ndev->dev_addr);
	}
	rcu_read_unlock();
	return match;
}

static enum match scan_gids(struct smcr_dev *dev, unsigned int num, int len,
			    const struct net_device *want, __be32 saddr,
			    struct smcr_port *port)
{
	enum match best = NO_MATCH;
	int i;

	for (i = 0; i < len && best != SAME_ADDRESS; i++) {
		const struct ib_gid_attr *attr;
		u8 mac[SMCR_MAC_LEN];
		enum match match;

		attr = rdma_get_gid_attr(dev->ib, num, i);
		if (IS_ERR(attr))
			continue;
		match = match_gid(attr, want, saddr, mac);
		if (match > best) {
			best = match;
			port->num = num;
			port->sgid_index = i;
			memcpy(port->gid, attr->gid.raw, SMCR_GID_LEN);
			memcpy(port->mac, mac, SMCR_MAC_LEN);
		}
		rdma_put_gid_attr(attr);
	}
	return best;
}

static bool scan_dev(struct smcr_dev *dev, const struct net_device *want,
		     __be32 saddr, struct smcr_port *port)
{
	struct ib_port_attr attr;
	unsigned int num;

	rdma_for_each_port(dev->ib, num) {
		if (!rdma_protocol_roce(dev->ib, num) ||
		    ib_query_port(dev->ib, num, &attr) ||
		    attr.state != IB_PORT_ACTIVE)
			continue;
		if (scan_gids(dev, num, attr.gid_tbl_len, want, saddr, port)) {
			port->mtu = attr.active_mtu;
			return true;
		}
	}
	return false;
}

/**
 * smcr_port_find() - the port for a TCP connection (wire.md 3.2, 3.4)
 * @clcsk: established TCP socket
 * @port: filled in; port->dev is referenced, put by smcr_dev_put()
 *
 * Context: process, may sleep; takes devs_mutex.
 * Return: 0, or -ENODEV when no device sits on the route's interface.
 */
int smcr_port_find(const struct sock *clcsk, struct smcr_port *port)
{
	struct dst_entry *dst = sk_dst_get((struct sock *)clcsk);
	__be32 saddr = local_ip4(clcsk);
	int ret = -ENODEV;
	struct smcr_dev *dev;

	if (!dst)
		return -ENODEV;
	mutex_lock(&devs_mutex);
	list_for_each_entry(dev, &devs, list) {
		if (!rdma_dev_access_netns(dev->ib, sock_net(clcsk)) ||
		    !scan_dev(dev, dst->dev, saddr, port))
			continue;
		smcr_dev_get(dev);
		port->dev = dev;
		ret = 0;
		break;
	}
	mutex_unlock(&devs_mutex);
	dst_release(dst);
	return ret;
}

/**
 * smcr_port_reaches() - is the peer's GID on our subnet?
 * @clcsk: established TCP socket
 * @gid: RoCEv2 GID
 *
 * Context: process.
 * Return: true if an IPv4 route without gateway leads to it.
 */
bool smcr_port_reaches(const struct sock *clcsk, const u8 gid[SMCR_GID_LEN])
{
	struct flowi4 fl4 = { .daddr = gid_ip4(gid) };
	struct rtable *rt;
	bool is_direct;

	if (!ipv6_addr_v4mapped((const struct in6_addr *)gid))
		return false;
	rt = ip_route_output_key(sock_net(clcsk), &fl4);
	if (IS_ERR(rt))
		return false;
	is_direct = !rt->rt_uses_gateway;
	ip_rt_put(rt);
	return is_direct;
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
	ib_set_client_data(ib, &smcr_ib_client, dev);
	mutex_lock(&devs_mutex);
	list_add_tail(&dev->list, &devs);
	mutex_unlock(&devs_mutex);
	return 0;
}

/* nothing of the device may be in use when this returns */
static void remove_dev(struct ib_device *ib, void *client_data)
{
	struct smcr_dev *dev = client_data;

	mutex_lock(&devs_mutex);
	list_del(&dev->list);
	mutex_unlock(&devs_mutex);
	smcr_group_kill_dev(dev);
	smcr_dev_put(dev);
	wait_for_completion(&dev->released);
	kfree(dev);
}

static struct ib_client smcr_ib_client = {
	.name = "smc_r",
	.add = add_dev,
	.remove = remove_dev,
};

/**
 * smcr_dev_init() - learn of the RDMA devices, now and later
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_dev_init(void)
{
	instance = get_random_u32();
	return ib_register_client(&smcr_ib_client);
}

/**
 * smcr_dev_exit() - undo smcr_dev_init(); ends all groups
 *
 * Context: module exit, sleeps.
 */
void smcr_dev_exit(void)
{
	ib_unregister_client(&smcr_ib_client);
}
