// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family SMC_PNETID, as existing tools know it: the table
 * of PNET IDs of the caller's network namespace.
 */
#include "pnetid.h"

#include <linux/if.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../base/pnet.h"

/* in place of the name and the port that an entry does not have */
#define NO_NAME		"n/a"
#define NO_PORT		255

static struct genl_family pnetid_family;

/* where a dump goes on: behind the entry with this number */
struct position {
	u64 serial;
};

static const char *string_of(const struct genl_info *info, int type)
{
	const struct nlattr *attr = info->attrs[type];

	return attr ? nla_data(attr) : NULL;
}

static int fill_entry(struct sk_buff *skb, const struct smcr_pnet_info *entry)
{
	const char *netdev = entry->is_rdma ? NO_NAME : entry->name;
	const char *rdma = entry->is_rdma ? entry->name : NO_NAME;
	u8 port = entry->is_rdma ? entry->port : NO_PORT;

	return nla_put_string(skb, SMCR_PNETID_NAME, entry->id.text) ||
	       nla_put_string(skb, SMCR_PNETID_NETDEV, netdev) ||
	       nla_put_string(skb, SMCR_PNETID_RDMA, rdma) ||
	       nla_put_u8(skb, SMCR_PNETID_PORT, port);
}

/* 0 or -EMSGSIZE, then @skb is as before */
static int put_entry(struct sk_buff *skb, u32 portid, u32 seq,
		     const struct smcr_pnet_info *entry)
{
	void *msg = genlmsg_put(skb, portid, seq, &pnetid_family, NLM_F_MULTI,
				SMCR_PNETID_CMD_GET);

	if (!msg)
		return -EMSGSIZE;
	if (fill_entry(skb, entry)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	return 0;
}

static int dump_entries(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct position *position = (struct position *)cb->ctx;
	struct net *net = sock_net(skb->sk);
	struct smcr_pnet_info entry;

	BUILD_BUG_ON(sizeof(*position) > sizeof(cb->ctx));
	while (smcr_pnet_next(net, NULL, position->serial, &entry)) {
		if (put_entry(skb, NETLINK_CB(cb->skb).portid,
			      cb->nlh->nlmsg_seq, &entry))
			break;
		position->serial = entry.serial;
	}
	return skb->len;
}

/* room for what matches now, and the DONE behind it */
static struct sk_buff *alloc_answer(struct net *net, const char *id)
{
	const size_t len = nlmsg_total_size(GENL_HDRLEN) +
			   nla_total_size(SMCR_PNET_LEN + 1) +
			   2 * nla_total_size(SMCR_PNET_NAME_LEN) +
			   nla_total_size(sizeof(u8));
	struct smcr_pnet_info entry = {};
	size_t count = 1;

	while (smcr_pnet_next(net, id, entry.serial, &entry))
		count++;
	return nlmsg_new(count * len, GFP_KERNEL);
}

/* the form of an answer is that of a dump, for one ID */
static int get_entries(struct sk_buff *skb, struct genl_info *info)
{
	const char *id = string_of(info, SMCR_PNETID_NAME);
	struct net *net = genl_info_net(info);
	struct smcr_pnet_info entry = {};
	struct sk_buff *answer;

	if (!id)
		return -EINVAL;
	answer = alloc_answer(net, id);
	if (!answer)
		return -ENOMEM;
	while (smcr_pnet_next(net, id, entry.serial, &entry))
		if (put_entry(answer, info->snd_portid, info->snd_seq, &entry))
			break;
	if (!nlmsg_put(answer, info->snd_portid, info->snd_seq, NLMSG_DONE, 0,
		       NLM_F_MULTI)) {
		nlmsg_free(answer);
		return -EMSGSIZE;
	}
	return genlmsg_reply(answer, info);
}

/* the first one unless another is asked for */
static int requested_port(const struct genl_info *info, u8 *port)
{
	const struct nlattr *attr = info->attrs[SMCR_PNETID_PORT];

	*port = attr ? nla_get_u8(attr) : 1;
	return *port < 1 || *port > SMCR_PNET_MAX_PORT ? -EINVAL : 0;
}

/*
 * RDMA devices are the business of the initial namespace: others have no part
 * of theirs. It is enough that one of the two parts is new, if the other one is
 * there as well.
 */
static int add_entries(struct sk_buff *skb, struct genl_info *info)
{
	const char *netdev = string_of(info, SMCR_PNETID_NETDEV);
	const char *rdma = string_of(info, SMCR_PNETID_RDMA);
	const char *name = string_of(info, SMCR_PNETID_NAME);
	struct net *net = genl_info_net(info);
	int ret = -EEXIST, ret2 = -EEXIST;
	struct smcr_pnet_id id;
	u8 port;

	if (!name || smcr_pnet_parse(name, &id) || requested_port(info, &port))
		return -EINVAL;
	if (netdev)
		ret = smcr_pnet_add_netdev(net, &id, netdev);
	if (rdma && net_eq(net, &init_net))
		ret2 = smcr_pnet_add_rdma(&id, rdma, port);
	if (ret == -ENOMEM || ret2 == -ENOMEM)
		return -ENOMEM;
	if (!ret || !ret2)
		return 0;
	return ret == -EEXIST ? ret2 : ret;
}

static int remove_entries(struct sk_buff *skb, struct genl_info *info)
{
	const char *id = string_of(info, SMCR_PNETID_NAME);

	return id ? smcr_pnet_remove(genl_info_net(info), id) : -EINVAL;
}

static int flush_entries(struct sk_buff *skb, struct genl_info *info)
{
	smcr_pnet_flush(genl_info_net(info));
	return 0;
}

static const struct nla_policy pnetid_policy[SMCR_PNETID_MAX + 1] = {
	[SMCR_PNETID_NAME] = { .type = NLA_NUL_STRING, .len = SMCR_PNET_LEN },
	[SMCR_PNETID_NETDEV] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[SMCR_PNETID_RDMA] = { .type = NLA_NUL_STRING,
			       .len = SMCR_PNET_NAME_LEN - 1 },
	[SMCR_PNETID_PORT] = { .type = NLA_U8 },
};

/* attributes that are not known here are passed by */
#define LIBERAL	(GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP)

static const struct genl_ops pnetid_ops[] = {
	{
		.cmd = SMCR_PNETID_CMD_GET,
		.validate = LIBERAL,
		.doit = get_entries,
		.dumpit = dump_entries,
	},
	{
		.cmd = SMCR_PNETID_CMD_ADD,
		.validate = LIBERAL,
		.flags = GENL_ADMIN_PERM,
		.doit = add_entries,
	},
	{
		.cmd = SMCR_PNETID_CMD_DEL,
		.validate = LIBERAL,
		.flags = GENL_ADMIN_PERM,
		.doit = remove_entries,
	},
	{
		.cmd = SMCR_PNETID_CMD_FLUSH,
		.validate = LIBERAL,
		.flags = GENL_ADMIN_PERM,
		.doit = flush_entries,
	},
};

static struct genl_family pnetid_family __ro_after_init = {
	.name = SMCR_PNETID_FAMILY,
	.version = SMCR_PNETID_VERSION,
	.maxattr = SMCR_PNETID_MAX,
	.policy = pnetid_policy,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = pnetid_ops,
	.n_ops = ARRAY_SIZE(pnetid_ops),
	.resv_start_op = SMCR_PNETID_CMD_STRICT,
};

/**
 * smcr_pnetid_init() - register the family
 *
 * Context: module init, after smcr_pnet_init().
 * Return: 0, -EEXIST when another module has the family, or another
 * negative errno.
 */
int smcr_pnetid_init(void)
{
	return genl_register_family(&pnetid_family);
}

/**
 * smcr_pnetid_exit() - undo smcr_pnetid_init(); waits for running commands
 *
 * Context: module exit.
 */
void smcr_pnetid_exit(void)
{
	genl_unregister_family(&pnetid_family);
}

MODULE_ALIAS_GENL_FAMILY(SMCR_PNETID_FAMILY);
