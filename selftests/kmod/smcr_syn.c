// SPDX-License-Identifier: GPL-2.0
/*
 * Plain TCP sockets that send the SMC option, for programs that play a peer.
 *
 *	insmod smcr_syn.ko port=7000
 *
 * Sockets that connect to this port offer SMC, listeners on it answer such an
 * offer. Not beside a module that implements SMC: the switch for the option
 * is its own then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jump_label.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/tcp.h>
#include <net/inet_sock.h>
#include <net/tcp.h>

static ushort port;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "of the server, on whichever side it is");

static struct sock *first_argument(struct pt_regs *regs)
{
	return (struct sock *)regs_get_kernel_argument(regs, 0);
}

/* the SYN is about to be built */
static int on_connect(struct kprobe *p, struct pt_regs *regs)
{
	struct sock *sk = first_argument(regs);

	if (inet_sk(sk)->inet_dport == htons(port))
		tcp_sk(sk)->syn_smc = 1;
	return 0;
}
NOKPROBE_SYMBOL(on_connect);

static int on_listen(struct kprobe *p, struct pt_regs *regs)
{
	struct sock *sk = first_argument(regs);

	if (sk->sk_protocol == IPPROTO_TCP && inet_sk(sk)->inet_num == port)
		tcp_sk(sk)->syn_smc = 1;
	return 0;
}
NOKPROBE_SYMBOL(on_listen);

static struct kprobe connect_probe = {
	.symbol_name = "tcp_connect",
	.pre_handler = on_connect,
};

static struct kprobe listen_probe = {
	.symbol_name = "inet_csk_listen_start",
	.pre_handler = on_listen,
};

static struct kprobe *probes[] = { &connect_probe, &listen_probe };

static int __init syn_init(void)
{
	int ret;

	if (static_key_enabled(&tcp_have_smc))
		return -EBUSY;
	ret = register_kprobes(probes, ARRAY_SIZE(probes));
	if (ret) {
		pr_err("no probes: %d\n", ret);
		return ret;
	}
	static_branch_enable(&tcp_have_smc);
	return 0;
}

static void __exit syn_exit(void)
{
	static_branch_disable(&tcp_have_smc);
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(syn_init);
module_exit(syn_exit);

MODULE_DESCRIPTION("Set the SMC option of plain TCP sockets");
MODULE_LICENSE("GPL");
