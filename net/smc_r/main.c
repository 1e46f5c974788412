// SPDX-License-Identifier: GPL-2.0
/*
 * Shared Memory Communications over RDMA (RFC 7609, SMC version 2), outside
 * the kernel tree. The only file that knows every layer.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "base/eid.h"
#include "base/peer_id.h"
#include "base/pnet.h"
#include "base/stats.h"
#include "base/sysctl.h"
#include "compat/tcp_option.h"
#include "conn/conn.h"
#include "ctl/netlink.h"
#include "ctl/pnetid.h"
#include "hs/hs.h"
#include "rdma/transport.h"
#include "sock/sock.h"

/* in order of preference */
static const struct smcr_transport_ops *const transports[] = {
	&smcr_rdma_transport,
	NULL,
};

static int __init report_taken(int ret, const char *what)
{
	if (ret == -EEXIST)
		pr_err("%s is taken: the kernel's own smc is loaded; unload it first: rmmod smc_diag smc\n",
		       what);
	return ret;
}

static int __init smcr_init(void)
{
	int ret;

	smcr_eid_init();
	smcr_peer_id_init();
	ret = smcr_stats_init();
	if (ret)
		return ret;
	ret = smcr_pnet_init();
	if (ret)
		goto exit_stats;
	ret = smcr_hs_init(transports);
	if (ret)
		goto exit_pnet;
	ret = smcr_rdma_init();
	if (ret)
		goto exit_hs;
	ret = report_taken(smcr_pnetid_init(),
			   "netlink family " SMCR_PNETID_FAMILY);
	if (ret)
		goto exit_rdma;
	/* the kernel's own smc has the same files, and is not there */
	ret = smcr_sysctl_init();
	if (ret)
		goto exit_pnetid;
	/* reads and writes settings */
	ret = report_taken(smcr_nl_init(transports),
			   "netlink family " SMCR_NL_FAMILY);
	if (ret)
		goto exit_sysctl;
	ret = smcr_hs_register_protos();
	if (ret)
		goto exit_nl;
	ret = report_taken(smcr_sock_register(), "address family 43 (AF_SMC)");
	if (ret)
		goto exit_protos;
	smcr_ulp_register();
	smcr_tcp_option_enable();
	return 0;

exit_protos:
	smcr_hs_unregister_protos();
exit_nl:
	smcr_nl_exit();
exit_sysctl:
	smcr_sysctl_exit();
exit_pnetid:
	smcr_pnetid_exit();
exit_rdma:
	smcr_rdma_exit();
exit_hs:
	smcr_hs_exit();
exit_pnet:
	smcr_pnet_exit();
exit_stats:
	smcr_stats_exit();
	return ret;
}

static void __exit smcr_exit(void)
{
	smcr_tcp_option_disable();
	smcr_ulp_unregister();
	smcr_sock_unregister();
	smcr_pnetid_exit();
	smcr_nl_exit();
	smcr_hs_exit();
	smcr_rdma_exit();
	smcr_conn_exit();
	smcr_hs_unregister_protos();
	smcr_sysctl_exit();
	smcr_pnet_exit();
	smcr_stats_exit();
}

module_init(smcr_init);
module_exit(smcr_exit);

MODULE_DESCRIPTION("Shared Memory Communications over RDMA (SMC-R)");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_NETPROTO(PF_SMC);
/* IPPROTO_SMC, SOCK_STREAM: as numbers, for they become text */
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_INET, 256, 1);
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_INET6, 256, 1);
/* MODULE_ALIAS_TCP_ULP() would claim the name of the kernel's own as well */
MODULE_ALIAS("tcp-ulp-smc");
