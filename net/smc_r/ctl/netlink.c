// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family SMC_GEN_NETLINK, as existing tools know it:
 * system, link groups, links, devices, statistics, EIDs, limited handshakes.
 *
 * Link groups and devices of all namespaces are shown to every reader, settings
 * and statistics are those of the reader's namespace, the table of EIDs is
 * global.
 */
#include "netlink.h"

#include <linux/module.h>
#include <linux/utsname.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../base/eid.h"
#include "../base/snapshot.h"
#include "../base/stats.h"
#include "../base/sysctl.h"
#include "../base/transport.h"

#define SMC_VERSION	2
#define SMC_RELEASE	1

static struct genl_family nl_family;
/* const while the family is registered */
static const struct smcr_transport_ops *const *nl_transports;
/* name at module load, blank padded */
static char local_host[SMCR_EID_LEN + 1];

/**
 * struct cursor - where a dump goes on
 * @transport: index of the transport whose groups come next
 * @next: lowest group ID, slot, or entry not yet sent
 * @dev: serial number of the device sent last
 * @has_sent: a message has been sent
 */
struct cursor {
	u32 transport;
	u32 next;
	u64 dev;
	bool has_sent;
};

static struct cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct cursor) > sizeof(cb->ctx));
	return (struct cursor *)cb->ctx;
}

static struct net *reader_net(const struct netlink_callback *cb)
{
	return sock_net(cb->skb->sk);
}

static void *start_message(struct sk_buff *skb,
			   const struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			   cb->nlh->nlmsg_seq, &nl_family, NLM_F_MULTI, cmd);
}

/* false when there is no room; then @skb is as before */
static bool put_nest(struct sk_buff *skb, int type,
		     int (*fill)(struct sk_buff *skb, const void *data),
		     const void *data)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return false;
	if (fill(skb, data)) {
		nla_nest_cancel(skb, nest);
		return false;
	}
	nla_nest_end(skb, nest);
	return true;
}

/* a message that is one nest; 0 or -EMSGSIZE, then @skb is as before */
static int put_message(struct sk_buff *skb, const struct netlink_callback *cb,
		       u8 cmd, int type,
		       int (*fill)(struct sk_buff *skb, const void *data),
		       const void *data)
{
	void *msg = start_message(skb, cb, cmd);

	if (!msg)
		return -EMSGSIZE;
	if (!put_nest(skb, type, fill, data)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	return 0;
}

/* a dump of one message */
static int put_only_message(struct sk_buff *skb, struct netlink_callback *cb,
			    u8 cmd, int type,
			    int (*fill)(struct sk_buff *skb, const void *data),
			    const void *data)
{
	struct cursor *cursor = cursor_of(cb);
	int ret;

	if (cursor->has_sent)
		return 0;
	ret = put_message(skb, cb, cmd, type, fill, data);
	if (ret)
		return ret;
	cursor->has_sent = true;
	return skb->len;
}

/* text that is padded instead of terminated; not longer than an EID */
static int put_padded(struct sk_buff *skb, int type, const u8 *text)
{
	char string[SMCR_EID_LEN + 1];

	memcpy(string, text, SMCR_EID_LEN);
	string[SMCR_EID_LEN] = 0;
	return nla_put_string(skb, type, string);
}

/* as short as it may be */
static int put_uint(struct sk_buff *skb, int type, u64 value)
{
	if (value <= U32_MAX)
		return nla_put_u32(skb, type, value);
	return nla_put(skb, type, sizeof(value), &value);
}

/* -- system --------------------------------------------------------------- */

static int fill_sys_info(struct sk_buff *skb, const void *data)
{
	return nla_put_u8(skb, SMCR_NL_SYS_VERSION, SMC_VERSION) ||
	       nla_put_u8(skb, SMCR_NL_SYS_RELEASE, SMC_RELEASE) ||
	       nla_put_u8(skb, SMCR_NL_SYS_IS_ISM_V2, 0) ||
	       nla_put_string(skb, SMCR_NL_SYS_LOCAL_HOST, local_host) ||
	       nla_put_u8(skb, SMCR_NL_SYS_IS_SMCR_V2, 1);
}

static int dump_sys_info(struct sk_buff *skb, struct netlink_callback *cb)
{
	return put_only_message(skb, cb, SMCR_NL_CMD_SYS_INFO,
				SMCR_NL_SYS_INFO, fill_sys_info, NULL);
}

/* -- link groups and links ------------------------------------------------ */

static int fill_v2_common(struct sk_buff *skb, const void *data)
{
	const struct smcr_group_info *info = data;

	BUILD_BUG_ON(sizeof(info->peer_host) != SMCR_EID_LEN);
	return nla_put_u8(skb, SMCR_NL_V2_VERSION, SMC_VERSION) ||
	       nla_put_u8(skb, SMCR_NL_V2_RELEASE, info->release) ||
	       nla_put_u8(skb, SMCR_NL_V2_OS, info->peer_os) ||
	       put_padded(skb, SMCR_NL_V2_EID, info->eid) ||
	       put_padded(skb, SMCR_NL_V2_PEER_HOST, info->peer_host);
}

static int fill_v2(struct sk_buff *skb, const void *data)
{
	const struct smcr_group_info *info = data;

	return nla_put_u8(skb, SMCR_NL_V2_IS_DIRECT, info->is_direct) ||
	       nla_put_u8(skb, SMCR_NL_V2_MAX_CONNS, info->max_conns) ||
	       nla_put_u8(skb, SMCR_NL_V2_MAX_LINKS, info->max_links);
}

/* what version 1 does not negotiate is absent */
static bool put_v2(struct sk_buff *skb, const struct smcr_group_info *info)
{
	return info->version < 2 ||
	       (put_nest(skb, SMCR_NL_GROUP_V2_COMMON, fill_v2_common, info) &&
		put_nest(skb, SMCR_NL_GROUP_V2, fill_v2, info));
}

static int fill_group(struct sk_buff *skb, const void *data)
{
	const struct smcr_group_info *info = data;

	return nla_put_u32(skb, SMCR_NL_GROUP_ID, info->id) ||
	       nla_put_u8(skb, SMCR_NL_GROUP_ROLE, info->role) ||
	       nla_put_u8(skb, SMCR_NL_GROUP_TYPE, info->type) ||
	       nla_put_string(skb, SMCR_NL_GROUP_PNETID, info->pnet.text) ||
	       nla_put_u8(skb, SMCR_NL_GROUP_VLAN_ID, info->vlan) ||
	       nla_put_u32(skb, SMCR_NL_GROUP_CONNS, info->conns) ||
	       !put_v2(skb, info) ||
	       nla_put_u64_64bit(skb, SMCR_NL_GROUP_NET_COOKIE,
				 info->net_cookie, SMCR_NL_GROUP_PAD) ||
	       nla_put_u8(skb, SMCR_NL_GROUP_BUF_TYPE, info->buf_type) ||
	       put_uint(skb, SMCR_NL_GROUP_TX_BYTES, info->tx_bytes) ||
	       put_uint(skb, SMCR_NL_GROUP_RX_BYTES, info->rx_bytes);
}

/* tools need all 39 characters, which the IPv4-mapped short form has not */
static int put_gid(struct sk_buff *skb, int type, const u8 *gid)
{
	char text[40];

	snprintf(text, sizeof(text), "%pI6", gid);
	return nla_put_string(skb, type, text);
}

static int fill_link(struct sk_buff *skb, const void *data)
{
	const struct smcr_link_info *link = data;

	/* UIDs stay in network order */
	return nla_put_u8(skb, SMCR_NL_LINK_ID, link->num) ||
	       nla_put_string(skb, SMCR_NL_LINK_DEV, link->dev_name) ||
	       nla_put_u8(skb, SMCR_NL_LINK_PORT, link->port) ||
	       put_gid(skb, SMCR_NL_LINK_GID, link->gid) ||
	       put_gid(skb, SMCR_NL_LINK_PEER_GID, link->peer_gid) ||
	       nla_put_u32(skb, SMCR_NL_LINK_CONNS, link->conns) ||
	       nla_put_u32(skb, SMCR_NL_LINK_IFINDEX, link->ifindex) ||
	       nla_put(skb, SMCR_NL_LINK_UID, sizeof(link->uid), link->uid) ||
	       nla_put(skb, SMCR_NL_LINK_PEER_UID, sizeof(link->peer_uid),
		       link->peer_uid) ||
	       nla_put_u32(skb, SMCR_NL_LINK_STATE, SMCR_NL_STATE_ACTIVE);
}

static int put_group(struct sk_buff *skb, const struct netlink_callback *cb,
		     const struct smcr_group_info *info)
{
	return put_message(skb, cb, SMCR_NL_CMD_GROUPS, SMCR_NL_GROUP,
			   fill_group, info);
}

/*
 * Tools take the ID of a link's group from the messages before, so they are
 * not torn apart.
 */
static int put_group_and_links(struct sk_buff *skb,
			       const struct netlink_callback *cb,
			       const struct smcr_group_info *info)
{
	void *start = nlmsg_get_pos(skb);
	int ret;
	u32 i;

	ret = put_group(skb, cb, info);
	for (i = 0; i < info->link_count && !ret; i++)
		if (info->link[i].is_active)
			ret = put_message(skb, cb, SMCR_NL_CMD_LINKS,
					  SMCR_NL_LINK, fill_link,
					  &info->link[i]);
	if (ret)
		nlmsg_trim(skb, start);
	return ret;
}

static bool next_group(struct cursor *cursor, struct smcr_group_info *info)
{
	const struct smcr_transport_ops *ops;

	while ((ops = nl_transports[cursor->transport])) {
		if (ops->snapshot && ops->snapshot(cursor->next, info)) {
			cursor->next = info->id;
			return true;
		}
		cursor->transport++;
		cursor->next = 0;
	}
	return false;
}

static int dump_all_groups(struct sk_buff *skb, struct netlink_callback *cb,
			   int (*put)(struct sk_buff *skb,
				      const struct netlink_callback *cb,
				      const struct smcr_group_info *info))
{
	struct cursor *cursor = cursor_of(cb);
	struct smcr_group_info info;
	int ret;

	while (next_group(cursor, &info)) {
		ret = put(skb, cb, &info);
		if (ret)
			return skb->len ?: ret;
		/* does not wrap: the low byte of an ID is 0 */
		cursor->next++;
	}
	return skb->len;
}

static int dump_groups(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_all_groups(skb, cb, put_group);
}

static int dump_links(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_all_groups(skb, cb, put_group_and_links);
}

/* -- devices -------------------------------------------------------------- */

static int fill_port(struct sk_buff *skb, const void *data)
{
	const struct smcr_port_info *port = data;

	/* no other PNET ID than one that was configured */
	return nla_put_u8(skb, SMCR_NL_PORT_PNET_BY_USER, !!*port->pnet.text) ||
	       nla_put_string(skb, SMCR_NL_PORT_PNETID, port->pnet.text) ||
	       nla_put_u32(skb, SMCR_NL_PORT_IFINDEX, port->ifindex) ||
	       nla_put_u8(skb, SMCR_NL_PORT_IS_ACTIVE, port->is_active) ||
	       nla_put_u8(skb, SMCR_NL_PORT_IS_VALID, port->is_valid) ||
	       nla_put_u32(skb, SMCR_NL_PORT_LINKS, port->links);
}

/* tools look at all of PCI's, whether the device is on it or not */
static int fill_pci(struct sk_buff *skb, const struct smcr_dev_info *dev)
{
	return nla_put_u32(skb, SMCR_NL_DEV_PCI_FID, 0) ||
	       nla_put_u16(skb, SMCR_NL_DEV_PCI_CHID, 0) ||
	       nla_put_u16(skb, SMCR_NL_DEV_PCI_VENDOR, dev->pci_vendor) ||
	       nla_put_u16(skb, SMCR_NL_DEV_PCI_DEVICE, dev->pci_device) ||
	       nla_put_string(skb, SMCR_NL_DEV_PCI_ID, dev->pci_id);
}

static int fill_dev(struct sk_buff *skb, const void *data)
{
	const struct smcr_dev_info *dev = data;

	return nla_put_u8(skb, SMCR_NL_DEV_IS_CRITICAL, dev->is_critical) ||
	       fill_pci(skb, dev) ||
	       !put_nest(skb, SMCR_NL_DEV_PORT, fill_port, &dev->port[0]) ||
	       !put_nest(skb, SMCR_NL_DEV_PORT2, fill_port, &dev->port[1]) ||
	       nla_put_string(skb, SMCR_NL_DEV_NAME, dev->name);
}

static bool next_dev(struct cursor *cursor, struct smcr_dev_info *info)
{
	const struct smcr_transport_ops *ops;

	while ((ops = nl_transports[cursor->transport])) {
		if (ops->snapshot_dev && ops->snapshot_dev(cursor->dev, info))
			return true;
		cursor->transport++;
		cursor->dev = 0;
	}
	return false;
}

static int dump_devs(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);
	struct smcr_dev_info info;
	int ret;

	while (next_dev(cursor, &info)) {
		ret = put_message(skb, cb, SMCR_NL_CMD_DEVS, SMCR_NL_DEV,
				  fill_dev, &info);
		if (ret)
			return skb->len ?: ret;
		cursor->dev = info.serial;
	}
	return skb->len;
}

/* link groups and devices of SMC-D, which we do not have */
static int dump_nothing(struct sk_buff *skb, struct netlink_callback *cb)
{
	return 0;
}

/* -- statistics ----------------------------------------------------------- */

struct stats {
	struct smcr_stats_path path;
	struct smcr_stats_totals totals;
};

/* attributes from 1 on */
static int fill_sizes(struct sk_buff *skb, const void *data)
{
	const u64 *count = data;
	int i;

	for (i = 0; i < SMCR_STATS_SIZES; i++)
		if (nla_put_u64_64bit(skb, i + 1, count[i], SMCR_NL_TECH_PAD))
			return -EMSGSIZE;
	return 0;
}

static int fill_events(struct sk_buff *skb, const void *data)
{
	const u64 *count = data;
	int i;

	for (i = 0; i < SMCR_RING_EVENTS; i++)
		if (nla_put_u64_64bit(skb, i + 1, count[i], SMCR_NL_TECH_PAD))
			return -EMSGSIZE;
	return 0;
}

/* existing tools look into all of these without checking that they exist */
static bool put_sides(struct sk_buff *skb, const struct smcr_stats_path *path)
{
	const struct smcr_stats_side *tx = &path->side[SMCR_STATS_TX];
	const struct smcr_stats_side *rx = &path->side[SMCR_STATS_RX];

	return put_nest(skb, SMCR_NL_TECH_TX_RING_SIZE, fill_sizes, tx->rings) &&
	       put_nest(skb, SMCR_NL_TECH_RX_RING_SIZE, fill_sizes, rx->rings) &&
	       put_nest(skb, SMCR_NL_TECH_TX_CALL_SIZE, fill_sizes, tx->calls) &&
	       put_nest(skb, SMCR_NL_TECH_RX_CALL_SIZE, fill_sizes, rx->calls) &&
	       put_nest(skb, SMCR_NL_TECH_TX_RING, fill_events, tx->events) &&
	       put_nest(skb, SMCR_NL_TECH_RX_RING, fill_events, rx->events);
}

static int put_count(struct sk_buff *skb, int type, u64 count)
{
	return nla_put_u64_64bit(skb, type, count, SMCR_NL_TECH_PAD);
}

static int put_calls(struct sk_buff *skb, const struct smcr_stats_path *path)
{
	return put_count(skb, SMCR_NL_TECH_SENDPAGES, 0) ||
	       put_count(skb, SMCR_NL_TECH_SPLICES, path->splices) ||
	       put_count(skb, SMCR_NL_TECH_UNCORKS, path->uncorks) ||
	       put_count(skb, SMCR_NL_TECH_NODELAYS, path->nodelays) ||
	       put_count(skb, SMCR_NL_TECH_URGENT_CALLS, path->urgent_calls) ||
	       put_count(skb, SMCR_NL_TECH_RX_BYTES, path->rx_bytes) ||
	       put_count(skb, SMCR_NL_TECH_TX_BYTES, path->tx_bytes) ||
	       put_count(skb, SMCR_NL_TECH_RX_CALLS, path->rx_calls) ||
	       put_count(skb, SMCR_NL_TECH_TX_CALLS, path->tx_calls);
}

static int fill_tech(struct sk_buff *skb, const void *data)
{
	const struct stats *stats = data;
	const struct smcr_stats_path *path = &stats->path;
	const u64 *client = stats->totals.success[SMCR_CLIENT];
	const u64 *server = stats->totals.success[SMCR_SERVER];

	return !put_sides(skb, path) ||
	       put_count(skb, SMCR_NL_TECH_CLIENT_V1, client[0]) ||
	       put_count(skb, SMCR_NL_TECH_CLIENT_V2, client[1]) ||
	       put_count(skb, SMCR_NL_TECH_SERVER_V1, server[0]) ||
	       put_count(skb, SMCR_NL_TECH_SERVER_V2, server[1]) ||
	       put_calls(skb, path) ||
	       put_uint(skb, SMCR_NL_TECH_RX_RING_BYTES,
			path->side[SMCR_STATS_RX].ring_bytes) ||
	       put_uint(skb, SMCR_NL_TECH_TX_RING_BYTES,
			path->side[SMCR_STATS_TX].ring_bytes);
}

static int fill_stats(struct sk_buff *skb, const void *data)
{
	const struct stats *stats = data;
	const u64 *failed = stats->totals.failed;

	return !put_nest(skb, SMCR_NL_STATS_SMCR, fill_tech, stats) ||
	       put_count(skb, SMCR_NL_STATS_CLIENT_ERRORS,
			 failed[SMCR_CLIENT]) ||
	       put_count(skb, SMCR_NL_STATS_SERVER_ERRORS,
			 failed[SMCR_SERVER]);
}

static int dump_stats(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net *net = reader_net(cb);
	struct stats stats;

	smcr_stats_sum_path(net, &stats.path);
	smcr_stats_get_totals(net, &stats.totals);
	return put_only_message(skb, cb, SMCR_NL_CMD_STATS, SMCR_NL_STATS,
				fill_stats, &stats);
}

/* totals is NULL in all messages but the first */
struct fallback {
	enum smcr_role role;
	struct smcr_stats_reason slot;
	const struct smcr_stats_totals *totals;
};

static int put_fallback_totals(struct sk_buff *skb, const u64 *fallback)
{
	return nla_put_u64_64bit(skb, SMCR_NL_FALLBACK_SERVER,
				 fallback[SMCR_SERVER],
				 SMCR_NL_FALLBACK_PAD) ||
	       nla_put_u64_64bit(skb, SMCR_NL_FALLBACK_CLIENT,
				 fallback[SMCR_CLIENT],
				 SMCR_NL_FALLBACK_PAD);
}

static int fill_fallback(struct sk_buff *skb, const void *data)
{
	const struct fallback *fb = data;

	if (nla_put_u8(skb, SMCR_NL_FALLBACK_ROLE, fb->role))
		return -EMSGSIZE;
	if (fb->totals && put_fallback_totals(skb, fb->totals->fallback))
		return -EMSGSIZE;
	return nla_put_u32(skb, SMCR_NL_FALLBACK_REASON, fb->slot.reason) ||
	       nla_put_u16(skb, SMCR_NL_FALLBACK_COUNT, (u16)fb->slot.count);
}

/* first slot of the server, first slot of the client, second slot ... */
static int dump_fallbacks(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);
	const struct net *net = reader_net(cb);
	struct smcr_stats_totals totals;
	struct fallback fb;
	int ret;

	smcr_stats_get_totals(net, &totals);
	for (; cursor->next < 2 * SMCR_STATS_REASONS; cursor->next++) {
		fb.role = cursor->next % 2 ? SMCR_CLIENT : SMCR_SERVER;
		fb.totals = cursor->has_sent ? NULL : &totals;
		if (!smcr_stats_get_reason(net, fb.role, cursor->next / 2,
					   &fb.slot))
			continue;
		ret = put_message(skb, cb, SMCR_NL_CMD_FALLBACKS,
				  SMCR_NL_FALLBACK, fill_fallback, &fb);
		if (ret)
			return skb->len ?: ret;
		cursor->has_sent = true;
	}
	return skb->len;
}

/* -- user EIDs ------------------------------------------------------------ */

static int put_ueid(struct sk_buff *skb, const struct netlink_callback *cb,
		    const u8 *eid)
{
	void *msg = start_message(skb, cb, SMCR_NL_CMD_UEID_DUMP);

	if (!msg)
		return -EMSGSIZE;
	if (put_padded(skb, SMCR_NL_UEID_NAME, eid)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	return 0;
}

static int dump_ueids(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);
	u8 eid[SMCR_EID_MAX][SMCR_EID_LEN];
	u8 count = smcr_eid_copy_all(eid);
	int ret;

	for (; cursor->next < count; cursor->next++) {
		ret = put_ueid(skb, cb, eid[cursor->next]);
		if (ret)
			return skb->len ?: ret;
	}
	return skb->len;
}

/* NULL unless it has its full length; the policy has seen the final NUL */
static const char *requested_ueid(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[SMCR_NL_UEID_NAME];

	if (!attr || nla_len(attr) != SMCR_EID_LEN + 1)
		return NULL;
	return nla_data(attr);
}

static int add_ueid(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = requested_ueid(info);

	return name ? smcr_eid_add(name, SMCR_EID_LEN) : -EINVAL;
}

static int remove_ueid(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = requested_ueid(info);
	int ret;

	if (!name)
		return -EINVAL;
	ret = smcr_eid_remove(name, SMCR_EID_LEN);
	/* an invalid name is just one that is not in the table */
	return ret == -EINVAL ? -ENOENT : ret;
}

static int flush_ueids(struct sk_buff *skb, struct genl_info *info)
{
	smcr_eid_flush();
	return 0;
}

/* -- system EID, which needs hardware for SMC-D ---------------------------- */

static int dump_seid(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);
	void *msg;

	if (cursor->has_sent)
		return 0;
	msg = start_message(skb, cb, SMCR_NL_CMD_SEID_DUMP);
	if (!msg)
		return -EMSGSIZE;
	genlmsg_end(skb, msg);
	cursor->has_sent = true;
	return skb->len;
}

static int change_seid(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

/* -- limited handshakes: another way to the setting limit_smc_hs ----------- */

static int dump_limit_hs(struct sk_buff *skb, struct netlink_callback *cb)
{
	int is_on = READ_ONCE(smcr_sysctl(reader_net(cb))->limit_hs);
	struct cursor *cursor = cursor_of(cb);
	void *msg;

	if (cursor->has_sent)
		return 0;
	msg = start_message(skb, cb, SMCR_NL_CMD_LIMIT_HS_DUMP);
	if (!msg)
		return -EMSGSIZE;
	if (nla_put_u8(skb, SMCR_NL_LIMIT_HS_IS_ON, is_on)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	cursor->has_sent = true;
	return skb->len;
}

static int enable_limit_hs(struct sk_buff *skb, struct genl_info *info)
{
	smcr_sysctl_limit_hs(genl_info_net(info), true);
	return 0;
}

static int disable_limit_hs(struct sk_buff *skb, struct genl_info *info)
{
	smcr_sysctl_limit_hs(genl_info_net(info), false);
	return 0;
}

/* -- family --------------------------------------------------------------- */

/* a dump request with any attribute is invalid */
static const struct nla_policy no_attrs[] = {
	[1] = { .type = NLA_REJECT },
};

/* more than this without the final NUL is ERANGE */
static const struct nla_policy ueid_policy[] = {
	[SMCR_NL_UEID_NAME] = { .type = NLA_STRING, .len = SMCR_EID_LEN },
};

#define DUMP(number, function) {		\
	.cmd = (number),			\
	.dumpit = (function),			\
	.policy = no_attrs,			\
	.maxattr = ARRAY_SIZE(no_attrs) - 1,	\
}

/* without policy: attributes do not matter */
#define CHANGE(number, function) {		\
	.cmd = (number),			\
	.flags = GENL_ADMIN_PERM,		\
	.doit = (function),			\
}

static const struct genl_ops nl_ops[] = {
	DUMP(SMCR_NL_CMD_SYS_INFO, dump_sys_info),
	DUMP(SMCR_NL_CMD_GROUPS, dump_groups),
	DUMP(SMCR_NL_CMD_LINKS, dump_links),
	DUMP(SMCR_NL_CMD_SMCD_GROUPS, dump_nothing),
	DUMP(SMCR_NL_CMD_SMCD_DEVS, dump_nothing),
	DUMP(SMCR_NL_CMD_DEVS, dump_devs),
	DUMP(SMCR_NL_CMD_STATS, dump_stats),
	DUMP(SMCR_NL_CMD_FALLBACKS, dump_fallbacks),
	DUMP(SMCR_NL_CMD_UEID_DUMP, dump_ueids),
	{
		.cmd = SMCR_NL_CMD_UEID_ADD,
		.flags = GENL_ADMIN_PERM,
		.doit = add_ueid,
		.policy = ueid_policy,
		.maxattr = SMCR_NL_UEID_MAX,
	},
	{
		.cmd = SMCR_NL_CMD_UEID_REMOVE,
		.flags = GENL_ADMIN_PERM,
		.doit = remove_ueid,
		.policy = ueid_policy,
		.maxattr = SMCR_NL_UEID_MAX,
	},
	CHANGE(SMCR_NL_CMD_UEID_FLUSH, flush_ueids),
	DUMP(SMCR_NL_CMD_SEID_DUMP, dump_seid),
	CHANGE(SMCR_NL_CMD_SEID_ENABLE, change_seid),
	CHANGE(SMCR_NL_CMD_SEID_DISABLE, change_seid),
	DUMP(SMCR_NL_CMD_LIMIT_HS_DUMP, dump_limit_hs),
	CHANGE(SMCR_NL_CMD_LIMIT_HS_ENABLE, enable_limit_hs),
	CHANGE(SMCR_NL_CMD_LIMIT_HS_DISABLE, disable_limit_hs),
};

static struct genl_family nl_family __ro_after_init = {
	.name = SMCR_NL_FAMILY,
	.version = SMCR_NL_VERSION,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = nl_ops,
	.n_ops = ARRAY_SIZE(nl_ops),
	.resv_start_op = SMCR_NL_CMD_STRICT,
};

/**
 * smcr_nl_init() - register the family
 * @transports: ended by NULL, stays valid; their groups are shown
 *
 * Context: module init, after everything that can be asked for.
 * Return: 0, -EEXIST when another module has the family, or another
 * negative errno.
 */
int smcr_nl_init(const struct smcr_transport_ops *const *transports)
{
	nl_transports = transports;
	snprintf(local_host, sizeof(local_host), "%-*.*s", SMCR_EID_LEN,
		 SMCR_EID_LEN, init_utsname()->nodename);
	return genl_register_family(&nl_family);
}

/**
 * smcr_nl_exit() - undo smcr_nl_init(); waits for running commands
 *
 * Context: module exit, before anything that can be asked for ends.
 */
void smcr_nl_exit(void)
{
	genl_unregister_family(&nl_family);
}

MODULE_ALIAS_GENL_FAMILY(SMCR_NL_FAMILY);
