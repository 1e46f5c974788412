// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of link groups for user space. Only groups whose first contact is
 * over are shown: what is copied here does not change any more, except for
 * what group.c reads under its lock.
 */
#include "snapshot.h"

#include <net/net_namespace.h>
#include <rdma/ib_cache.h>

#include "../base/snapshot.h"
#include "rdma.h"

/* the GID table may have changed since the port was found */
static int find_ifindex(const struct smcr_port *port)
{
	const struct net_device *ndev;
	const struct ib_gid_attr *attr;
	int ifindex = 0;

	attr = rdma_get_gid_attr(port->dev->ib, port->num, port->sgid_index);
	if (IS_ERR(attr))
		return 0;
	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	if (ndev && !memcmp(attr->gid.raw, port->gid, SMCR_GID_LEN))
		ifindex = ndev->ifindex;
	rcu_read_unlock();
	rdma_put_gid_attr(attr);
	return ifindex;
}

static void copy_link(const struct smcr_link *link,
		      struct smcr_link_info *info)
{
	const struct smcr_port *port = &link->port;

	info->is_active = READ_ONCE(link->state) == SMCR_LINK_READY;
	info->num = link->num;
	strscpy(info->dev_name, port->dev->ib->name, sizeof(info->dev_name));
	info->port = port->num;
	info->ifindex = find_ifindex(port);
	memcpy(info->gid, port->gid, sizeof(info->gid));
	memcpy(info->peer_gid, link->peer_gid, sizeof(info->peer_gid));
	memcpy(info->uid, link->uid, sizeof(info->uid));
	memcpy(info->peer_uid, link->peer_uid, sizeof(info->peer_uid));
}

static void copy_group(const struct smcr_group *group,
		       struct smcr_group_info *info)
{
	const struct ib_device *ib = group->link.port.dev->ib;

	info->id = group->id;
	info->role = group->role;
	/* stays while we hold the device, which group->net need not */
	info->net_cookie = read_pnet(&ib->coredev.rdma_net)->net_cookie;
	info->version = group->peer.version;
	info->release = group->release;
	info->is_direct = !group->link.route.has_gateway;
	info->max_conns = group->max_conns;
	info->max_links = group->max_links;
	memcpy(info->eid, group->eid, sizeof(info->eid));
	info->peer_os = group->peer_os;
	memcpy(info->peer_host, group->peer_host, sizeof(info->peer_host));
	info->buf_type = group->buf_type;
	copy_link(&group->link, &info->link);
}

/**
 * smcr_rdma_snapshot() - copy the group that comes next in order of IDs
 * @from_id: lowest ID wanted
 * @info: filled in
 *
 * Context: process; takes the lock of the list of groups.
 * Return: false when there is no group with this ID or a higher one.
 */
bool smcr_rdma_snapshot(u32 from_id, struct smcr_group_info *info)
{
	struct smcr_group *group = smcr_group_get_next(from_id, &info->conns);

	if (!group)
		return false;
	copy_group(group, info);
	smcr_dev_put(group->link.port.dev);
	smcr_group_put(group);
	return true;
}
