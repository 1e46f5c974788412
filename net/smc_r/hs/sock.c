// SPDX-License-Identifier: GPL-2.0
/*
 * The socket object itself: allocation, for socket() and for accepted
 * connections alike, and its entries in /proc/net/protocols.
 *
 * There are three ways to ask for one. socket(AF_SMC, ...) leads to us; the
 * object of socket(AF_INET or AF_INET6, ..., IPPROTO_SMC) is allocated by the
 * core, by the proto, and handed to its init; that of setsockopt(TCP_ULP) gets
 * a TCP socket that was there before. From there on they are the same but for
 * family and protocol, which the programs see.
 */
#include "hs.h"

#include <linux/module.h>
#include <linux/security.h>
#include <linux/socket.h>
#include <net/tcp.h>

#include "../base/sysctl.h"
#include "../compat/compat.h"

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

/*
 * TCP's options are set under this lock, which may take the RTNL; under that, TCP
 * takes the lock of its own sockets, which would be of the same class.
 */
static struct lock_class_key inet_sk_lock_key;
static struct lock_class_key inet_slock_key;

static void init_sock(struct sock *sk)
{
	const struct smcr_sysctl *sysctl = smcr_sysctl(sock_net(sk));
	struct smcr_sock *smc = smcr_sk(sk);

	if (sk->sk_family != PF_SMC)
		sock_lock_init_class_and_name(sk, "slock-INET_SMC",
					      &inet_slock_key,
					      "sk_lock-INET_SMC",
					      &inet_sk_lock_key);
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* unset for an accepted connection */
	sk->sk_type = SOCK_STREAM;
	sk->sk_state = SMCR_INIT;
	sk->sk_sndbuf = 2 * READ_ONCE(sysctl->wmem);
	sk->sk_rcvbuf = 2 * READ_ONCE(sysctl->rmem);
	if (sk->sk_family == PF_INET6)
		smcr_hs_prepare_inet6(smc);
	smc->limit_hs = READ_ONCE(sysctl->limit_hs);
	smcr_hs_prepare_sock(smc);
	smcr_hs_init_mirror(smc);
}

static int create_clcsock(struct smcr_sock *smc, int family)
{
	struct socket *clcsock;
	int ret = sock_create_kern(sock_net(&smc->sk), family, SOCK_STREAM,
				   IPPROTO_TCP, &clcsock);

	if (ret)
		return ret;
	smcr_compat_net_upgrade(clcsock->sk);
	/* for those who list sockets */
	smp_store_release(&smc->clcsock, clcsock);
	return 0;
}

/* socket(AF_INET or AF_INET6, SOCK_STREAM, IPPROTO_SMC): see the core's create */
static int init_inet(struct sock *sk)
{
	/* knows states of TCP only, and frees what we never have */
	sk->sk_destruct = NULL;
	init_sock(sk);
	smcr_compat_custom_sockopt(sk->sk_socket);
	return create_clcsock(smcr_sk(sk), sk->sk_family);
}

/* the core changed its mind after init_inet(): a cgroup does not allow it */
static void destroy_inet(struct sock *sk)
{
	smcr_hs_release_clcsock(smcr_sk(sk));
}

/* then it takes the socket out of the tables of its protocol: we have none */
static void unhash_inet(struct sock *sk)
{
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

struct proto smcr_inet_proto = {
	.name = "INET_SMC",
	.owner = THIS_MODULE,
	.init = init_inet,
	.destroy = destroy_inet,
	.unhash = unhash_inet,
	.keepalive = set_keepalive,
	.obj_size = sizeof(struct smcr_sock),
};

#if IS_ENABLED(CONFIG_IPV6)
struct proto smcr_inet6_proto = {
	.name = "INET6_SMC",
	.owner = THIS_MODULE,
	.init = init_inet,
	.destroy = destroy_inet,
	.unhash = unhash_inet,
	.keepalive = set_keepalive,
	SMCR_INET6_PROTO_SIZE(struct smcr_sock, inet6)
};
#endif

static struct proto *const protos[] = {
	&smcr_proto,
	&smcr_proto6,
	&smcr_inet_proto,
#if IS_ENABLED(CONFIG_IPV6)
	&smcr_inet6_proto,
#endif
};

/**
 * smcr_hs_prepare_inet6() - the core may take the socket for one of AF_INET6
 * @smc: the socket, before its family says so
 *
 * Context: any.
 */
void smcr_hs_prepare_inet6(struct smcr_sock *smc)
{
#if IS_ENABLED(CONFIG_IPV6)
	inet_sk(&smc->sk)->pinet6 = &smc->inet6;
#endif
}

/**
 * smcr_hs_create() - socket(AF_SMC, ...)
 * @net: namespace
 * @sock: what user space sees
 * @protocol: 0 for IPv4, 1 for IPv6
 * @kern: created by the kernel for itself
 *
 * Context: process, may sleep.
 * Return: 0: the socket is in mode IDLE and belongs to @sock; -ENOBUFS, or
 * why there is no TCP socket.
 */
int smcr_hs_create(struct net *net, struct socket *sock, int protocol,
		   int kern)
{
	struct sock *sk;
	int ret;

	sk = sk_alloc(net, PF_SMC, GFP_KERNEL,
		      protocol ? &smcr_proto6 : &smcr_proto, kern);
	if (!sk)
		return -ENOBUFS;
	sock_init_data(sock, sk);
	sk->sk_protocol = protocol;
	init_sock(sk);
	smcr_compat_custom_sockopt(sock);
	ret = create_clcsock(smcr_sk(sk), protocol ? PF_INET6 : PF_INET);
	if (ret) {
		sock_orphan(sk);
		sock_put(sk);
		sock->sk = NULL;
	}
	return ret;
}

/* without struct socket and TCP socket */
static struct smcr_sock *alloc_bare(struct net *net, int family,
				    struct proto *prot, int protocol)
{
	struct sock *sk = sk_alloc(net, family, GFP_KERNEL, prot, 0);

	if (!sk)
		return NULL;
	sock_init_data(NULL, sk);
	sk->sk_protocol = protocol;
	init_sock(sk);
	return smcr_sk(sk);
}

/**
 * smcr_hs_child_alloc() - allocate an accepted socket without its TCP socket
 * @parent: the listener; the child has its family and protocol
 *
 * Context: process, may sleep.
 * Return: the socket in mode IDLE, its reference is the caller's, or NULL.
 */
struct smcr_sock *smcr_hs_child_alloc(const struct smcr_sock *parent)
{
	const struct sock *from = &parent->sk;

	return alloc_bare(sock_net(from), from->sk_family, from->sk_prot,
			  from->sk_protocol);
}

static struct proto *inet_proto_of(int family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (family == PF_INET6)
		return &smcr_inet6_proto;
#endif
	return &smcr_inet_proto;
}

/**
 * smcr_hs_defer_secs() - TCP_DEFER_ACCEPT of a TCP socket
 * @clcsk: the TCP socket
 *
 * TCP keeps a number of retransmissions, 255 at most: what the program gave is
 * rounded up to the time that these take.
 *
 * Context: process; no option of @clcsk is set meanwhile.
 * Return: seconds, up to about 30000; 0 if the option is not set.
 */
int smcr_hs_defer_secs(const struct sock *clcsk)
{
	int retrans = inet_csk(clcsk)->icsk_accept_queue.rskq_defer_accept;
	int timeout = TCP_TIMEOUT_INIT / HZ;
	int secs = 0;

	while (retrans-- > 0) {
		secs += timeout;
		timeout = min_t(int, 2 * timeout, TCP_RTO_MAX / HZ);
	}
	return secs;
}

/**
 * smcr_hs_alloc_around() - allocate a socket for a TCP socket that is there
 * @clcsk: the TCP socket, of AF_INET or AF_INET6, not connected; locked
 *
 * The new socket is one of IPPROTO_SMC and has the options of @clcsk. Its owner
 * and its security label are up to the caller. It has not got @clcsk itself.
 *
 * Context: process, may sleep.
 * Return: the socket in mode IDLE, its reference is the caller's, or NULL.
 */
struct smcr_sock *smcr_hs_alloc_around(const struct sock *clcsk)
{
	int family = clcsk->sk_family;
	struct smcr_sock *smc;

	smc = alloc_bare(sock_net(clcsk), family, inet_proto_of(family),
			 IPPROTO_SMC);
	if (!smc)
		return NULL;
	smcr_hs_copy_options(&smc->sk, clcsk);
	smc->sk.sk_flags |= clcsk->sk_flags & (BIT(SOCK_BROADCAST) |
					       BIT(SOCK_RCVTSTAMP) |
					       BIT(SOCK_RCVTSTAMPNS) |
					       BIT(SOCK_TSTAMP_NEW));
	smc->defer_secs = smcr_hs_defer_secs(clcsk);
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
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		ret = proto_register(protos[i], 1);
		if (ret)
			goto unregister;
	}
	return 0;

unregister:
	while (i--)
		proto_unregister(protos[i]);
	return ret;
}

/**
 * smcr_hs_unregister_protos() - undo smcr_hs_register_protos()
 *
 * Context: module exit.
 */
void smcr_hs_unregister_protos(void)
{
	size_t i = ARRAY_SIZE(protos);

	while (i--)
		proto_unregister(protos[i]);
}
