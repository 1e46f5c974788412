// SPDX-License-Identifier: GPL-2.0
/* Settings of a network namespace: /proc/sys/net/smc (userspace-abi.md 5). */
#include "sysctl.h"

#include <linux/slab.h>
#include <linux/sysctl.h>
#include <net/netns/generic.h>

#include "../compat/compat.h"

/* wire.md 7.2; SO_SNDBUF and SO_RCVBUF are doubled in an int */
static int min_ring = 16 * 1024;
static int max_ring = INT_MAX / 2;
/* wire.md 4.3 */
static int min_conns = 16;
static int max_conns = 255;
static int max_wr = 2048;

struct smcr_sysctl_net {
	struct smcr_sysctl values;
	struct ctl_table_header *header;
	struct ctl_table *table;
};

static unsigned int sysctl_net_id;

/* @data is an offset here, an address in each namespace's copy */
#define ENTRY(file, field, low, high) {					\
	.procname = file,						\
	.data = (void *)offsetof(struct smcr_sysctl, field),		\
	.maxlen = sizeof(int),						\
	.mode = 0644,							\
	.proc_handler = proc_dointvec_minmax,				\
	.extra1 = low,							\
	.extra2 = high,							\
}

#define UINT_ENTRY(file, field) {					\
	.procname = file,						\
	.data = (void *)offsetof(struct smcr_sysctl, field),		\
	.maxlen = sizeof(unsigned int),					\
	.mode = 0644,							\
	.proc_handler = proc_douintvec,					\
}

static const struct ctl_table template[] = {
	ENTRY("wmem", wmem, &min_ring, &max_ring),
	ENTRY("rmem", rmem, &min_ring, &max_ring),
	ENTRY("smcr_testlink_time", testlink_time, SYSCTL_ZERO,
	      SYSCTL_INT_MAX),
	ENTRY("smcr_max_conns_per_lgr", max_conns, &min_conns, &max_conns),
	ENTRY("smcr_max_links_per_lgr", max_links, SYSCTL_ONE, SYSCTL_TWO),
	ENTRY("smcr_buf_type", buf_type, SYSCTL_ZERO, SYSCTL_TWO),
	ENTRY("limit_smc_hs", limit_hs, SYSCTL_ZERO, SYSCTL_ONE),
	UINT_ENTRY("autocorking_size", autocork),
	ENTRY("smcr_max_send_wr", send_wr, SYSCTL_TWO, &max_wr),
	ENTRY("smcr_max_recv_wr", recv_wr, SYSCTL_TWO, &max_wr),
};

/**
 * smcr_sysctl() - settings of a network namespace
 * @net: the namespace
 *
 * Context: any.
 * Return: the settings, never NULL while the module is loaded.
 */
const struct smcr_sysctl *smcr_sysctl(const struct net *net)
{
	const struct smcr_sysctl_net *sn = net_generic(net, sysctl_net_id);

	return &sn->values;
}

/**
 * smcr_sysctl_limit_hs() - change the setting limit_smc_hs
 * @net: the namespace
 * @is_limited: its new value
 *
 * Context: any.
 */
void smcr_sysctl_limit_hs(struct net *net, bool is_limited)
{
	struct smcr_sysctl_net *sn = net_generic(net, sysctl_net_id);

	WRITE_ONCE(sn->values.limit_hs, is_limited);
}

static int __net_init init_net_sysctl(struct net *net)
{
	struct smcr_sysctl_net *sn = net_generic(net, sysctl_net_id);
	size_t i;

	sn->values = (struct smcr_sysctl){
		.wmem = SMCR_RING_DEFAULT,
		.rmem = SMCR_RING_DEFAULT,
		.testlink_time = 30,
		.max_conns = 255,
		.max_links = 2,
		.autocork = 64 * 1024,
		.send_wr = 256,
		.recv_wr = 256,
	};
	/* zeros behind it end it for kernels that do not count */
	sn->table = kcalloc(ARRAY_SIZE(template) + 1, sizeof(*sn->table),
			    GFP_KERNEL);
	if (!sn->table)
		return -ENOMEM;
	memcpy(sn->table, template, sizeof(template));
	for (i = 0; i < ARRAY_SIZE(template); i++)
		sn->table[i].data = (u8 *)&sn->values +
				    (uintptr_t)template[i].data;
	sn->header = smcr_compat_register_sysctl(net, "net/smc", sn->table,
						 ARRAY_SIZE(template));
	if (sn->header)
		return 0;
	kfree(sn->table);
	return -ENOMEM;
}

static void __net_exit exit_net_sysctl(struct net *net)
{
	struct smcr_sysctl_net *sn = net_generic(net, sysctl_net_id);

	unregister_net_sysctl_table(sn->header);
	kfree(sn->table);
}

static struct pernet_operations sysctl_net_ops = {
	.init = init_net_sysctl,
	.exit = exit_net_sysctl,
	.id = &sysctl_net_id,
	.size = sizeof(struct smcr_sysctl_net),
};

/**
 * smcr_sysctl_init() - create the settings of all namespaces
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_sysctl_init(void)
{
	return register_pernet_subsys(&sysctl_net_ops);
}

/**
 * smcr_sysctl_exit() - undo smcr_sysctl_init()
 *
 * Context: module exit, after the last user.
 */
void smcr_sysctl_exit(void)
{
	unregister_pernet_subsys(&sysctl_net_ops);
}
