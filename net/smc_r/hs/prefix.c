// SPDX-License-Identifier: GPL-2.0
/*
 * SMC version 1 works within an IP subnet: the client tells which prefixes
 * its interface has, the server looks for one of its own among them (wire.md
 * 2.3, 3.3). Both look at the interface that the TCP route leaves through.
 */
#include "hs.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>

#include "../base/addr.h"

static bool fill_ip4(const struct net_device *ndev, __be32 saddr,
		     struct smcr_clc_proposal *prop)
{
	const struct in_device *in_dev = __in_dev_get_rcu(ndev);
	const struct in_ifaddr *ifa;

	if (!in_dev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		__be32 subnet = ifa->ifa_address & ifa->ifa_mask;

		if (!inet_ifa_match(saddr, ifa))
			continue;
		memcpy(prop->ip4_subnet, &subnet, sizeof(subnet));
		prop->ip4_prefix_len = ifa->ifa_prefixlen;
		return true;
	}
	return false;
}

static bool has_ip4(const struct net_device *ndev,
		    const struct smcr_clc_proposal *prop)
{
	const struct in_device *in_dev = __in_dev_get_rcu(ndev);
	const struct in_ifaddr *ifa;
	__be32 subnet;

	if (!in_dev || prop->ip6_count)
		return false;
	memcpy(&subnet, prop->ip4_subnet, sizeof(subnet));
	in_dev_for_each_ifa_rcu(ifa, in_dev)
		if (ifa->ifa_prefixlen == prop->ip4_prefix_len &&
		    inet_ifa_match(subnet, ifa))
			return true;
	return false;
}

#if IS_ENABLED(CONFIG_IPV6)
static bool is_known_ip6(const struct smcr_clc_proposal *prop,
			 const struct in6_addr *addr, unsigned int len)
{
	u8 i;

	for (i = 0; i < prop->ip6_count; i++)
		if (prop->ip6[i].len == len &&
		    ipv6_prefix_equal(addr, (struct in6_addr *)prop->ip6[i].addr,
				      len))
			return true;
	return false;
}

static void add_ip6(struct smcr_clc_proposal *prop,
		    const struct inet6_ifaddr *ifa)
{
	struct smcr_clc_ip6_prefix *prefix = &prop->ip6[prop->ip6_count];

	ipv6_addr_prefix((struct in6_addr *)prefix->addr, &ifa->addr,
			 ifa->prefix_len);
	prefix->len = ifa->prefix_len;
	prop->ip6_count++;
}

static bool fill_ip6(const struct net_device *ndev,
		     struct smcr_clc_proposal *prop)
{
	struct inet6_dev *in6_dev = __in6_dev_get(ndev);
	const struct inet6_ifaddr *ifa;

	if (!in6_dev)
		return false;
	read_lock_bh(&in6_dev->lock);
	list_for_each_entry(ifa, &in6_dev->addr_list, if_list) {
		if (prop->ip6_count == SMCR_CLC_MAX_IP6)
			break;
		if (!(ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL) &&
		    !is_known_ip6(prop, &ifa->addr, ifa->prefix_len))
			add_ip6(prop, ifa);
	}
	read_unlock_bh(&in6_dev->lock);
	return prop->ip6_count;
}

static bool has_ip6(const struct net_device *ndev,
		    const struct smcr_clc_proposal *prop)
{
	struct inet6_dev *in6_dev = __in6_dev_get(ndev);
	const struct inet6_ifaddr *ifa;
	bool found = false;

	if (!in6_dev)
		return false;
	read_lock_bh(&in6_dev->lock);
	list_for_each_entry(ifa, &in6_dev->addr_list, if_list)
		found |= !(ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL) &&
			 is_known_ip6(prop, &ifa->addr, ifa->prefix_len);
	read_unlock_bh(&in6_dev->lock);
	return found;
}
#else
static bool fill_ip6(const struct net_device *ndev,
		     struct smcr_clc_proposal *prop)
{
	return false;
}

static bool has_ip6(const struct net_device *ndev,
		    const struct smcr_clc_proposal *prop)
{
	return false;
}
#endif

/**
 * smcr_prefix_fill() - the prefixes of a client's interface
 * @clcsk: established TCP socket
 * @prop: ip4_... or ip6... are filled in
 *
 * Context: process.
 * Return: true if there are some.
 */
bool smcr_prefix_fill(struct sock *clcsk, struct smcr_clc_proposal *prop)
{
	struct dst_entry *dst = sk_dst_get(clcsk);
	__be32 saddr = smcr_local_ip4(clcsk);
	bool found;

	if (!dst)
		return false;
	rcu_read_lock();
	found = saddr ? fill_ip4(dst->dev, saddr, prop) :
			fill_ip6(dst->dev, prop);
	rcu_read_unlock();
	dst_release(dst);
	return found;
}

/**
 * smcr_prefix_match() - is the client on one of our subnets?
 * @clcsk: established TCP socket
 * @prop: from the client; has an IP area
 *
 * Context: process.
 * Return: true if it is.
 */
bool smcr_prefix_match(struct sock *clcsk,
		       const struct smcr_clc_proposal *prop)
{
	struct dst_entry *dst = sk_dst_get(clcsk);
	bool found;

	if (!dst)
		return false;
	rcu_read_lock();
	found = smcr_local_ip4(clcsk) ? has_ip4(dst->dev, prop) :
					has_ip6(dst->dev, prop);
	rcu_read_unlock();
	dst_release(dst);
	return found;
}
