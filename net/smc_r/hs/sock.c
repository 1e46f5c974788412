// SPDX-License-Identifier: GPL-2.0
/*
 * The socket object itself: allocation, for socket() and for accepted
 * connections alike, and its two entries in /proc/net/protocols.
 */
#include "hs.h"

#include <linux/module.h>
#include <linux/socket.h>

#include "../base/sysctl.h"

static void set_keepalive(struct sock *sk, int on)
{
	struct smcr_sock *smc = smcr_sk(sk);
	struct sock *clcsk;

	if (!smc->clcsock)
		return;
	clcsk = smc->clcsock->sk;
	lock_sock(clcsk);
	clcsk->sk_prot->keepalive(clcsk, on);
	sock_valbool_flag(clcsk, SOCK_KEEPOPEN, on);
	release_sock(clcsk);
}

static struct proto smcr_proto = {
	.name = "SMC",
	.owner = THIS_MODULE,
	.keepalive = set_keepalive,
	.obj_size = sizeof(struct smcr_sock),
};

static struct proto smcr_proto6 = {
	.name = "SMC6",
	.owner = THIS_MODULE,
	.keepalive = set_keepalive,
	.obj_size = sizeof(struct smcr_sock),
};

/**
 * smcr_hs_sock_alloc() - allocate a socket without its TCP socket
 * @net: namespace
 * @sock: what user space sees, NULL for an accepted connection
 * @protocol: 0 for IPv4, 1 for IPv6
 * @kern: created by the kernel for itself
 *
 * Context: process, may sleep.
 * Return: the socket in mode IDLE, its reference is the caller's, or NULL.
 */
struct smcr_sock *smcr_hs_sock_alloc(struct net *net, struct socket *sock,
				     int protocol, int kern)
{
	const struct smcr_sysctl *sysctl = smcr_sysctl(net);
	struct smcr_sock *smc;
	struct sock *sk;

	sk = sk_alloc(net, PF_SMC, GFP_KERNEL,
		      protocol ? &smcr_proto6 : &smcr_proto, kern);
	if (!sk)
		return NULL;
	sock_init_data(sock, sk);
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* unset for an accepted connection */
	sk->sk_type = SOCK_STREAM;
	sk->sk_state = SMCR_INIT;
	sk->sk_protocol = protocol;
	sk->sk_sndbuf = 2 * READ_ONCE(sysctl->wmem);
	sk->sk_rcvbuf = 2 * READ_ONCE(sysctl->rmem);
	smc = smcr_sk(sk);
	smc->limit_hs = READ_ONCE(sysctl->limit_hs);
	smcr_hs_prepare_sock(smc);
	smcr_hs_init_mirror(smc);
	return smc;
}

/**
 * smcr_hs_register_protos() - make socket allocation possible
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_hs_register_protos(void)
{
	int ret = proto_register(&smcr_proto, 1);

	if (ret)
		return ret;
	ret = proto_register(&smcr_proto6, 1);
	if (ret)
		proto_unregister(&smcr_proto);
	return ret;
}

/**
 * smcr_hs_unregister_protos() - undo smcr_hs_register_protos()
 *
 * Context: module exit.
 */
void smcr_hs_unregister_protos(void)
{
	proto_unregister(&smcr_proto6);
	proto_unregister(&smcr_proto);
}
