// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of link groups and devices for user space. Only groups whose first
 * contact is over are shown: what is copied here does not change any more, except for
 * what group.c reads under its lock.
 */
#include "snapshot.h"

#include <linux/if_vlan.h>
#include <linux/pci.h>
#include <net/net_namespace.h>
#include <rdma/ib_cache.h>

#include "../base/snapshot.h"
#include "rdma.h"

/* the network device of a GID, as it is now: the table changes */
static bool find_ndev(const struct smcr_dev *dev, u8 num, int index,
		      const u8 *gid, int *ifindex, u16 *vlan)
{
	const struct net_device *ndev;
	const struct ib_gid_attr *attr;
	bool found = false;

	attr = rdma_get_gid_attr(dev->ib, num, index);
	if (IS_ERR(attr))
		return false;
	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	if (ndev && (!gid || !memcmp(attr->gid.raw, gid, SMCR_GID_LEN))) {
		found = true;
		*ifindex = ndev->ifindex;
		*vlan = is_vlan_dev(ndev) ? vlan_dev_vlan_id(ndev) : 0;
	}
	rcu_read_unlock();
	rdma_put_gid_attr(attr);
	return found;
}

static void copy_link(const struct smcr_link *link,
		      struct smcr_link_info *info)
{
	const struct smcr_port *port = &link->port;

	info->is_active = READ_ONCE(link->state) == SMCR_LINK_READY;
	info->conns = smcr_group_count_conns(link);
	info->num = link->num;
	strscpy(info->dev_name, port->dev->ib->name, sizeof(info->dev_name));
	info->port = port->num;
	memcpy(info->gid, port->gid, sizeof(info->gid));
	memcpy(info->peer_gid, link->peer_gid, sizeof(info->peer_gid));
	memcpy(info->uid, link->uid, sizeof(info->uid));
	memcpy(info->peer_uid, link->peer_uid, sizeof(info->peer_uid));
}

/* links of a group are in one VLAN */
static void copy_link_and_ndev(const struct smcr_link *link,
			       struct smcr_link_info *info, u16 *vlan)
{
	const struct smcr_port *port = &link->port;

	copy_link(link, info);
	info->ifindex = 0;
	find_ndev(port->dev, port->num, port->sgid_index, port->gid,
		  &info->ifindex, vlan);
}

static enum smcr_group_type type_of(const struct smcr_group *group,
				    const struct smcr_group_info *info)
{
	const struct smcr_link *link, *other;

	if (info->link_count < 2)
		return SMCR_GROUP_SINGLE;
	smcr_for_each_link(link, group) {
		if (!smcr_link_is_spare(link))
			continue;
		/* with two links it shares one end with the other one */
		smcr_for_each_link(other, group)
			if (other != link && READ_ONCE(other->is_up) &&
			    other->port.dev == link->port.dev &&
			    other->port.num == link->port.num)
				return SMCR_GROUP_ASYMMETRIC_LOCAL;
		return SMCR_GROUP_ASYMMETRIC_PEER;
	}
	return SMCR_GROUP_SYMMETRIC;
}

static void copy_group(struct smcr_group *group, struct smcr_link *first,
		       struct smcr_group_info *info)
{
	const struct ib_device *ib = first->port.dev->ib;
	struct smcr_link *link;

	info->id = group->id;
	info->role = group->role;
	smcr_pnet_of_port(&first->port.dev->pnet, first->port.num,
			  &info->pnet);
	/* stays while we hold the hardware, which group->net need not */
	info->net_cookie = read_pnet(&ib->coredev.rdma_net)->net_cookie;
	info->version = group->peer.version;
	info->release = group->release;
	info->is_direct = !first->route.has_gateway;
	info->max_conns = group->max_conns;
	info->max_links = group->max_links;
	memcpy(info->eid, group->eid, sizeof(info->eid));
	info->peer_os = group->peer_os;
	memcpy(info->peer_host, group->peer_host, sizeof(info->peer_host));
	info->buf_type = group->buf_type;
	info->tx_bytes = smcr_buf_sum(group, SMCR_BUF_TX);
	info->rx_bytes = smcr_buf_sum(group, SMCR_BUF_RX);
	info->vlan = 0;
	info->link_count = 0;
	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up))
			copy_link_and_ndev(link, &info->link[info->link_count++],
					   &info->vlan);
	info->type = type_of(group, info);
}

/* while it is held, links do not lose their hardware */
static bool copy_if_alive(struct smcr_group *group,
			  struct smcr_group_info *info)
{
	struct smcr_link *first;
	bool is_alive;

	down_read(&group->hw_lock);
	first = smcr_group_any_link(group);
	/* a group that is about to die may have no link left */
	is_alive = group->has_hw && first->port.dev;
	if (is_alive)
		copy_group(group, first, info);
	up_read(&group->hw_lock);
	return is_alive;
}

/**
 * smcr_rdma_snapshot() - copy the group that comes next in order of IDs
 * @from_id: lowest ID wanted
 * @info: filled in
 *
 * Context: process, sleeps; takes the lock of the list of groups, and the
 * hw_lock of groups.
 * Return: false when there is no group with this ID or a higher one.
 */
bool smcr_rdma_snapshot(u32 from_id, struct smcr_group_info *info)
{
	struct smcr_group *group;
	bool is_alive = false;

	while (!is_alive) {
		group = smcr_group_get_next(from_id, &info->conns);
		if (!group)
			return false;
		is_alive = copy_if_alive(group, info);
		from_id = group->id + 1;
		smcr_group_put(group);
	}
	return true;
}

/**
 * smcr_rdma_snapshot_link() - copy the link that a connection uses
 * @path: the connection, attached and kept so by the caller's conn->lock
 * @info: filled in, but for the network device
 * @role: ours in the group
 *
 * Context: any, under conn->lock; takes the lock of the list of groups.
 * Return: false when the group has ended or is not ready yet.
 */
bool smcr_rdma_snapshot_link(struct smcr_path *path,
			     struct smcr_link_info *info, enum smcr_role *role)
{
	const struct smcr_rdma_path *rp = path->priv;
	struct smcr_link *link = rp->link;

	if (!smcr_group_hold_dev(link))
		return false;
	copy_link(link, info);
	*role = link->group->role;
	smcr_dev_put(link->port.dev);
	return true;
}

/* the first GIDs of a port are of its own network device, not of a VLAN */
static int port_ifindex(const struct smcr_dev *dev, u8 num, int len)
{
	int ifindex;
	u16 vlan;
	int i;

	for (i = 0; i < len; i++)
		if (find_ndev(dev, num, i, NULL, &ifindex, &vlan) && !vlan)
			return ifindex;
	return 0;
}

static void copy_port(const struct smcr_dev *dev, u8 num,
		      struct smcr_port_info *info, bool *is_critical)
{
	struct ib_port_attr attr;

	if (!rdma_is_port_valid(dev->ib, num) ||
	    !rdma_protocol_roce(dev->ib, num) ||
	    ib_query_port(dev->ib, num, &attr))
		return;
	info->is_valid = true;
	info->is_active = attr.state == IB_PORT_ACTIVE;
	info->ifindex = port_ifindex(dev, num, attr.gid_tbl_len);
	info->links = smcr_group_count_links(dev, num, is_critical);
	smcr_pnet_of_port(&dev->pnet, num, &info->pnet);
}

/* software devices have no parent, or one that is not on PCI */
static void copy_pci(const struct ib_device *ib, struct smcr_dev_info *info)
{
	const struct pci_dev *pci;

	if (!ib->dev.parent || !dev_is_pci(ib->dev.parent))
		return;
	pci = to_pci_dev(ib->dev.parent);
	info->pci_vendor = pci->vendor;
	info->pci_device = pci->device;
	strscpy(info->pci_id, pci_name(pci), sizeof(info->pci_id));
}

/**
 * smcr_rdma_snapshot_dev() - copy the device that comes next
 * @after: serial number of the one before, 0 for the first one
 * @info: filled in
 *
 * Context: process, may sleep; takes devs_mutex, then others one after another.
 * Return: false when there is none.
 */
bool smcr_rdma_snapshot_dev(u64 after, struct smcr_dev_info *info)
{
	struct smcr_dev *dev = smcr_dev_get_next(after);
	int i;

	if (!dev)
		return false;
	memset(info, 0, sizeof(*info));
	info->serial = dev->serial;
	strscpy(info->name, dev->ib->name, sizeof(info->name));
	copy_pci(dev->ib, info);
	for (i = 0; i < ARRAY_SIZE(info->port); i++)
		copy_port(dev, i + 1, &info->port[i], &info->is_critical);
	smcr_dev_put(dev);
	return true;
}
