// SPDX-License-Identifier: GPL-2.0
/*
 * smc_r_diag.ko: SMC sockets for sock_diag (userspace-abi.md section 3). It
 * only puts into netlink messages what smc_r tells of a socket.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "../base/snapshot.h"
#include "../compat/compat.h"

/* tools read with a buffer of this size */
#define DUMP_SIZE	SKB_WITH_OVERHEAD(32768)

/* where a dump goes on: behind the socket with this number */
struct position {
	u64 serial;
};

static bool wants(const struct smc_diag_req *req, int extension)
{
	return req->diag_ext & BIT(extension - 1);
}

static struct smc_diag_cursor cursor(const struct smcr_cursor *from)
{
	return (struct smc_diag_cursor){
		.wrap = from->wrap,
		.count = from->count,
	};
}

static int put_conn(struct sk_buff *skb, const struct smcr_conn_info *from)
{
	struct smc_diag_conninfo conn = {
		.token = from->token,
		.sndbuf_size = from->tx_size,
		.rmbe_size = from->rx_size,
		.peer_rmbe_size = from->peer_size,
		.rx_prod = cursor(&from->rx_prod),
		.rx_cons = cursor(&from->rx_cons),
		.tx_prod = cursor(&from->tx_prod),
		.tx_cons = cursor(&from->tx_cons),
		.rx_prod_flags = from->rx_flags,
		.rx_conn_state_flags = from->rx_state,
		.tx_prod_flags = from->tx_flags,
		.tx_conn_state_flags = from->tx_state,
		.tx_prep = cursor(&from->written),
		.tx_sent = cursor(&from->sent),
		.tx_fin = cursor(&from->confirmed),
	};

	return nla_put(skb, SMC_DIAG_CONNINFO, sizeof(conn), &conn);
}

static int put_link(struct sk_buff *skb, const struct smcr_sock_info *info)
{
	const struct smcr_link_info *link = &info->link;
	struct smc_diag_lgrinfo lgr = { .role = info->role };
	struct smc_diag_linkinfo *to = &lgr.lnk[0];

	BUILD_BUG_ON(sizeof(to->ibname) != sizeof(link->dev_name));
	to->link_id = link->num;
	strscpy_pad(to->ibname, link->dev_name, sizeof(to->ibname));
	to->ibport = link->port;
	snprintf(to->gid, sizeof(to->gid), "%pI6", link->gid);
	snprintf(to->peer_gid, sizeof(to->peer_gid), "%pI6", link->peer_gid);
	return nla_put(skb, SMC_DIAG_LGRINFO, sizeof(lgr), &lgr);
}

static int put_fallback(struct sk_buff *skb, const struct smcr_sock_info *info)
{
	struct smc_diag_fallback fallback = {
		.reason = info->reason,
		.peer_diagnosis = info->peer_diagnosis,
	};

	return nla_put(skb, SMC_DIAG_FALLBACK, sizeof(fallback), &fallback);
}

/* in the order in which tools know them */
static int put_extensions(struct sk_buff *skb, const struct smc_diag_req *req,
			  const struct smcr_sock_info *info)
{
	u8 shutdown = info->shutdown & SHUTDOWN_MASK;

	return nla_put_u8(skb, SMC_DIAG_SHUTDOWN, shutdown) ||
	       put_fallback(skb, info) ||
	       (wants(req, SMC_DIAG_CONNINFO) && info->has_conn &&
		put_conn(skb, &info->conn)) ||
	       (wants(req, SMC_DIAG_LGRINFO) && info->has_link &&
		put_link(skb, info));
}

static void fill_header(struct smc_diag_msg *msg, struct user_namespace *ns,
			const struct smcr_sock_info *info)
{
	memset(msg, 0, sizeof(*msg));
	msg->diag_family = info->family;
	msg->diag_state = info->state;
	msg->diag_mode = info->is_tcp ? SMC_DIAG_MODE_FALLBACK_TCP :
					SMC_DIAG_MODE_SMCR;
	msg->id.idiag_sport = info->sport;
	msg->id.idiag_dport = info->dport;
	memcpy(msg->id.idiag_src, info->src, sizeof(msg->id.idiag_src));
	memcpy(msg->id.idiag_dst, info->dst, sizeof(msg->id.idiag_dst));
	msg->id.idiag_if = info->ifindex;
	memcpy(msg->id.idiag_cookie, info->cookie,
	       sizeof(msg->id.idiag_cookie));
	msg->diag_uid = from_kuid_munged(ns, info->uid);
	msg->diag_inode = info->inode;
}

/* 0 or -EMSGSIZE, then @skb is as before */
static int put_sock(struct sk_buff *skb, const struct netlink_callback *cb,
		    const struct smcr_sock_info *info)
{
	const struct sk_buff *request = cb->skb;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(skb, NETLINK_CB(request).portid, cb->nlh->nlmsg_seq,
			cb->nlh->nlmsg_type, sizeof(struct smc_diag_msg),
			NLM_F_MULTI);
	if (!nlh)
		return -EMSGSIZE;
	fill_header(nlmsg_data(nlh), sk_user_ns(NETLINK_CB(request).sk), info);
	if (put_extensions(skb, nlmsg_data(cb->nlh), info)) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

static int dump_socks(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct position *position = (struct position *)cb->ctx;
	const struct net *net = sock_net(skb->sk);
	struct smcr_sock_info info;

	BUILD_BUG_ON(sizeof(*position) > sizeof(cb->ctx));
	while (smcr_sock_snapshot(net, position->serial, &info)) {
		if (put_sock(skb, cb, &info))
			break;
		position->serial = info.serial;
	}
	return skb->len;
}

/* NLM_F_DUMP is two bits; one of them is enough */
static int handle_request(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	struct netlink_dump_control control = {
		.dump = dump_socks,
		.min_dump_alloc = DUMP_SIZE,
	};

	if (nlmsg_len(nlh) < (int)sizeof(struct smc_diag_req))
		return -EINVAL;
	if (!(nlh->nlmsg_flags & NLM_F_DUMP))
		return 0;
	return netlink_dump_start(sock_net(skb->sk)->diag_nlsk, skb, nlh,
				  &control);
}

static const struct sock_diag_handler handler = {
	.owner = THIS_MODULE,
	.family = AF_SMC,
	.dump = handle_request,
};

static int __init smcr_diag_init(void)
{
	int ret = sock_diag_register(&handler);

	if (ret == -EBUSY)
		pr_err("sock_diag of AF_SMC is taken: the kernel's own smc_diag is loaded; unload it first: rmmod smc_diag\n");
	return ret;
}

static void __exit smcr_diag_exit(void)
{
	sock_diag_unregister(&handler);
}

module_init(smcr_diag_init);
module_exit(smcr_diag_exit);

MODULE_DESCRIPTION("SMC-R sockets for sock_diag");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_IMPORT_NS(SMCR_SYMBOL_NS);
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_NETLINK, NETLINK_SOCK_DIAG, 43 /* AF_SMC */);
