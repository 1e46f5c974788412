// SPDX-License-Identifier: GPL-2.0
/*
 * setsockopt(fd, IPPROTO_TCP, TCP_ULP, "smc"): a TCP socket that is not
 * connected becomes one of IPPROTO_SMC.
 *
 * The open file keeps its struct socket, which gets a new struct sock and our
 * calls; the TCP socket moves into a struct socket of its own and is from then
 * on the one inside. Whoever is in a call on that file meanwhile would have one
 * of these and need the other. So it happens only when nobody can be:
 *
 *	a thread or process with a descriptor	its table, or its reference to
 *						the file, is counted
 *	who takes a reference from outside	does it under our task_lock()
 *	epoll, SIGIO, sleepers			leave a trace in file or socket
 *	who has a path, not a file		holds the lock of the inode
 *	who finds the TCP socket		sees either struct socket, both
 *						valid, under sk_callback_lock or
 *						RCU
 *
 * Documentation/converting.md has the whole list.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "sock.h"

#include <linux/fdtable.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/transp_v6.h>

#include "../compat/compat.h"
#include "../hs/hs.h"

/* the proto is that of plain TCP: no sockmap, no MPTCP, no other ULP */
static bool is_plain_tcp(const struct sock *sk)
{
	if (sk->sk_kern_sock || READ_ONCE(sk->sk_user_data))
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return sk->sk_prot == &tcpv6_prot;
#endif
	return sk->sk_family == AF_INET && sk->sk_prot == &tcp_prot;
}

/* promised to the program, and SMC cannot keep it */
static bool is_bound_to_tcp(const struct sock *sk)
{
	return sock_flag(sk, SOCK_ZEROCOPY) ||
	       /* for ever, and it would see nothing of what goes by RDMA */
	       sock_flag(sk, SOCK_FILTER_LOCKED);
}

/* what does not change as long as the caller holds the TCP socket's lock */
static int check_state(const struct sock *clcsk)
{
	const struct socket *sock = clcsk->sk_socket;

	if (!sock || !sock->file || !is_plain_tcp(clcsk))
		return -EBUSY;
	if (clcsk->sk_state != TCP_CLOSE || sock->state != SS_UNCONNECTED)
		return -EISCONN;
	/* what a connection has left behind for the program to take */
	if (clcsk->sk_shutdown || !skb_queue_empty(&clcsk->sk_error_queue))
		return -EBUSY;
	if (smcr_rules_smc_out(clcsk) || is_bound_to_tcp(clcsk))
		return -EOPNOTSUPP;
	return 0;
}

static int is_this_file(const void *this, struct file *file, unsigned int fd)
{
	return file == this;
}

/*
 * The file has one reference, and that is of the table of this process, which
 * nobody shares. This call needs no reference of its own then; one that entered
 * with a reference is not taken for the owner.
 */
static bool is_only_ours_locked(const struct file *file)
{
	struct files_struct *files = current->files;

	lockdep_assert_held(&current->alloc_lock);
	return files && atomic_read(&files->count) == 1 &&
	       file_count(file) == 1 && iterate_fd(files, 0, is_this_file, file);
}

/* these need no reference: they are told when the file goes */
static bool is_watched(struct socket *sock)
{
	if (smcr_compat_has_epoll(sock->file) ||
	    (sock->file->f_flags & FASYNC) || sock->wq.fasync_list)
		return true;
	/* after the barrier of the caller */
	return waitqueue_active(&sock->wq.wait);
}

static bool nobody_else_locked(struct socket *sock)
{
	if (!is_only_ours_locked(sock->file))
		return false;
	/* pairs with fput(): what others did while they had a reference */
	smp_mb();
	return !is_watched(sock);
}

/* as clcsock, the struct socket in which the TCP socket is from now on */
static void move_tcp(struct sock *clcsk, struct socket *clcsock)
{
	const struct socket *sock = clcsk->sk_socket;

	clcsock->ops = sock->ops;
	clcsock->state = sock->state;
	/* not TCP's business, see smcr_fb_rcvlowat() */
	WRITE_ONCE(clcsk->sk_rcvlowat, 1);
	sock_graft(clcsk, clcsock);
}

/* @sock: the program's; visible to others as soon as its sk is */
static void move_in(struct smcr_sock *smc, struct socket *sock)
{
	struct sock *sk = &smc->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_pointer(sk->sk_wq, &sock->wq);
	sk_set_socket(sk, sock);
	write_unlock_bh(&sk->sk_callback_lock);
	__module_get(smcr_proto_ops.owner);
	WRITE_ONCE(sock->ops, &smcr_proto_ops);
	smcr_compat_custom_sockopt(sock);
	/* whoever sees the socket sees what belongs to it */
	smp_store_release(&sock->sk, sk);
}

/*
 * The lock of the inode is taken before a socket's elsewhere. Who has it now is
 * one of those who are in the way.
 */
static int exchange(struct socket *sock, struct smcr_sock *smc,
		    struct socket *clcsock)
{
	struct inode *inode = SOCK_INODE(sock);
	int ret = -EBUSY;

	if (!inode_trylock(inode))
		return ret;
	SOCK_INODE(clcsock)->i_uid = inode->i_uid;
	SOCK_INODE(clcsock)->i_gid = inode->i_gid;
	/* both change under the lock of the inode */
	smc->sk.sk_uid = sock->sk->sk_uid;
	security_sk_clone(sock->sk, &smc->sk);
	task_lock(current);
	if (nobody_else_locked(sock)) {
		move_tcp(sock->sk, clcsock);
		/* who lists sockets looks into it at once */
		smp_store_release(&smc->clcsock, clcsock);
		smcr_fb_errors_out(smc, clcsock->sk);
		move_in(smc, sock);
		ret = 0;
	}
	task_unlock(current);
	inode_unlock(inode);
	return ret;
}

/*
 * The lock of the TCP socket is held, also for a while after a success: whoever
 * finds the new socket before that ends has to wait.
 */
static int convert(struct sock *clcsk)
{
	int ret = check_state(clcsk);
	struct socket *clcsock;
	struct smcr_sock *smc;

	if (ret)
		return ret;
	ret = sock_create_lite(clcsk->sk_family, SOCK_STREAM, IPPROTO_TCP,
			       &clcsock);
	if (ret)
		return ret;
	smc = smcr_hs_alloc_around(clcsk);
	if (!smc) {
		ret = -ENOBUFS;
		goto release;
	}
	ret = exchange(clcsk->sk_socket, smc, clcsock);
	if (!ret)
		return 0;
	sock_put(&smc->sk);
release:
	sock_release(clcsock);
	return ret;
}

/* the caller takes away what a ULP of TCP cannot do, whatever comes of it */
static int init_ulp(struct sock *clcsk)
{
	int ret = convert(clcsk);

	if (ret && clcsk->sk_socket && is_plain_tcp(clcsk))
		set_bit(SOCK_SUPPORT_ZC, &clcsk->sk_socket->flags);
	return ret;
}

/* TCP copied the listener; accept() makes an SMC socket of the child */
static void forget(const struct request_sock *req, struct sock *newsk,
		   const gfp_t priority)
{
	inet_csk(newsk)->icsk_ulp_ops = NULL;
}

static struct tcp_ulp_ops smcr_ulp = {
	.name = SMCR_ULP_NAME,
	.owner = THIS_MODULE,
	.init = init_ulp,
	.clone = forget,
};

static bool is_registered;

/**
 * smcr_ulp_register() - let programs convert TCP sockets by setsockopt()
 *
 * Without it all else works.
 *
 * Context: module init, when sockets can be made.
 */
void smcr_ulp_register(void)
{
	is_registered = !tcp_register_ulp(&smcr_ulp);
	if (!is_registered)
		pr_warn("another module has the TCP ULP smc: setsockopt(TCP_ULP) does not convert sockets\n");
}

/**
 * smcr_ulp_unregister() - undo smcr_ulp_register()
 *
 * Context: module exit, first step.
 */
void smcr_ulp_unregister(void)
{
	if (is_registered)
		tcp_unregister_ulp(&smcr_ulp);
}
