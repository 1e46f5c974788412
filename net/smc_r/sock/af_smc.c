// SPDX-License-Identifier: GPL-2.0
/*
 * SMC sockets, of AF_SMC and of IPPROTO_SMC alike: their life from socket() to
 * close(). What a call does depends on the mode of the socket, see hs/hs.h;
 * whatever TCP can answer, the TCP socket inside answers.
 */
#include "sock.h"

#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/socket.h>
#include <net/ipv6.h>
#include <net/protocol.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../compat/compat.h"
#include "../compat/tcp_option.h"
#include "../hs/hs.h"

/* before TCP's listener ends: what it has queued may go to another one */
static void release_listener(struct smcr_sock *smc)
{
	smcr_hs_set_mode(smc, smc->fallback_reason ? SMCR_MODE_TCP :
						     SMCR_MODE_IDLE);
	smcr_hs_listen_stop(smc);
}

/* what was a listener is a fresh socket */
static void renew(struct smcr_sock *smc)
{
	WRITE_ONCE(smc->sk.sk_state, SMCR_INIT);
	if (smc->fallback_reason)
		smcr_hs_hook_errors(smc);
	smc->sk.sk_state_change(&smc->sk);
}

/* SO_LINGER as TCP has it: time 0 resets, otherwise wait for the peer */
static void release_conn(struct smcr_sock *smc)
{
	struct smcr_conn *conn = smc->conn;
	struct sock *sk = &smc->sk;
	bool lingers = sock_flag(sk, SOCK_LINGER);
	bool reset = lingers && !sk->sk_lingertime;

	if (lingers && !reset && !smcr_rx_unread(conn) &&
	    !(current->flags & PF_EXITING))
		smcr_conn_wait_drained(conn, sk, sk->sk_lingertime);
	WRITE_ONCE(smc->conn, NULL);
	smcr_conn_close(conn, reset);
}

static int smcr_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct smcr_sock *smc;

	if (!sk)
		return 0;
	smc = smcr_sk(sk);
	lock_sock(sk);
	switch (smc->mode) {
	case SMCR_MODE_LISTEN:
		release_listener(smc);
		break;
	case SMCR_MODE_SMC:
		release_conn(smc);
		break;
	case SMCR_MODE_HANDSHAKE:
		/* the work finds the socket dead and cleans up */
		kernel_sock_shutdown(smc->clcsock, SHUT_RDWR);
		smcr_hs_take_file(smc);
		break;
	case SMCR_MODE_IDLE:
	case SMCR_MODE_TCP:
	case SMCR_MODE_FAILED:
		smcr_hs_sync_options(smc);
		break;
	}
	/* TCP may linger on the wait queue: orphan only after its release */
	if (smc->mode != SMCR_MODE_HANDSHAKE)
		smcr_hs_release_clcsock(smc);
	sock_orphan(sk);
	sock->sk = NULL;
	release_sock(sk);
	if (smcr_mode(smc) == SMCR_MODE_HANDSHAKE)
		smcr_hs_queue(smc, 0);
	sock_put(sk);
	return 0;
}

static int smcr_create(struct net *net, struct socket *sock, int protocol,
		       int kern)
{
	if (sock->type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != 0 && protocol != 1)
		return -EPROTONOSUPPORT;

	sock->ops = &smcr_proto_ops;
	sock->state = SS_UNCONNECTED;
	return smcr_hs_create(net, sock, protocol, kern);
}

static int smcr_bind(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	int ret;

	lock_sock(sock->sk);
	/* the handshake has a timeout of its own set there */
	if (smc->mode != SMCR_MODE_HANDSHAKE)
		smcr_hs_sync_options(smc);
	ret = smc->clcsock->ops->bind(smc->clcsock, addr, addr_len);
	release_sock(sock->sk);
	return ret;
}

/* sleep until the handshake is over */
static long wait_for_handshake(struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	while (smcr_sk(sk)->mode == SMCR_MODE_HANDSHAKE && timeo &&
	       !signal_pending(current))
		sk_wait_event(sk, &timeo,
			      smcr_mode(smcr_sk(sk)) != SMCR_MODE_HANDSHAKE,
			      &wait);
	remove_wait_queue(sk_sleep(sk), &wait);
	return timeo;
}

static int start_connect(struct smcr_sock *smc, struct sockaddr *addr,
			 int addr_len)
{
	struct sock *clcsk = smc->clcsock->sk;
	int ret;

	smcr_hs_sync_options(smc);
	smcr_hs_lend_file(smc);
	smc->shut_early = 0;
	smcr_tcp_option_offer(clcsk, true);
	smcr_hs_set_mode(smc, SMCR_MODE_HANDSHAKE);
	smcr_hs_hook(smc);
	ret = smc->clcsock->ops->connect(smc->clcsock, addr, addr_len,
					 O_NONBLOCK);
	if (ret && ret != -EINPROGRESS) {
		smcr_hs_unhook(smc);
		smcr_hs_set_mode(smc, SMCR_MODE_IDLE);
		return ret;
	}
	/* TCP has forgotten the error of an earlier connection */
	smcr_fb_errors_out(smc, clcsk);
	/* TCP may have been faster than the callbacks */
	smcr_hs_queue(smc, 0);
	return 0;
}

/* unless it was dissolved meanwhile, which takes no lock but TCP's */
static void note_connected(struct socket *clcsock)
{
	lock_sock(clcsock->sk);
	if (clcsock->state == SS_CONNECTING)
		clcsock->state = SS_CONNECTED;
	release_sock(clcsock->sk);
}

/* the handshake is over: what does a connect() that waited for it return? */
static int connect_result(struct socket *sock, struct sockaddr *addr,
			  int addr_len)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	int ret;

	switch (smc->mode) {
	case SMCR_MODE_TCP:
		note_connected(smc->clcsock);
		fallthrough;
	case SMCR_MODE_SMC:
		sock->state = SS_CONNECTED;
		return 0;
	case SMCR_MODE_IDLE:
		sock->state = SS_UNCONNECTED;
		/* shutdown() from another thread ended it */
		if (smc->clcsock->state == SS_UNCONNECTED)
			return -ECONNABORTED;
		/* TCP tells its error once and is then ready for another try */
		ret = smc->clcsock->ops->connect(smc->clcsock, addr, addr_len,
						 O_NONBLOCK);
		smcr_fb_errors_out(smc, smc->clcsock->sk);
		return ret;
	default:
		sock->state = SS_UNCONNECTED;
		return sock_error(sock->sk) ?: -ECONNABORTED;
	}
}

/* @pending is the answer if it is still going on in the end */
static int wait_connected(struct socket *sock, struct sockaddr *addr,
			  int addr_len, int flags, int pending)
{
	struct sock *sk = sock->sk;
	long timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);

	if (!timeo)
		return pending;
	timeo = wait_for_handshake(sk, timeo);
	if (smcr_sk(sk)->mode == SMCR_MODE_HANDSHAKE)
		return signal_pending(current) ? sock_intr_errno(timeo) :
						 pending;
	return connect_result(sock, addr, addr_len);
}

static int connect_tcp(struct smcr_sock *smc, struct sockaddr *addr,
		       int addr_len, int flags)
{
	int ret;

	smcr_fb_errors_in(smc);
	smcr_hs_sync_options(smc);
	ret = smc->clcsock->ops->connect(smc->clcsock, addr, addr_len, flags);
	smcr_fb_errors_out(smc, smc->clcsock->sk);
	return ret;
}

/* on a socket whose TCP may not be connected yet */
static int shutdown_handshake(struct smcr_sock *smc, int how)
{
	int ret = smc->clcsock->ops->shutdown(smc->clcsock, how);

	/* the handshake may not need TCP any more */
	if (!ret)
		smc->shut_early |= how + 1;
	/* unhooked: the work is in the handshake and will end it */
	if (smc->saved.is_hooked &&
	    inet_sk_state_load(smc->clcsock->sk) == TCP_CLOSE)
		smcr_hs_tcp_ended(smc);
	return ret;
}

/*
 * The end of a connection, with a reset for the peer, as TCP has it; the
 * socket may connect once more. A thread that sleeps in a call uses the
 * connection: not under its feet.
 */
static int dissolve(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	struct smcr_conn *conn = smc->conn;
	struct sock *sk = sock->sk;
	int ret;

	if (smc->calls)
		return -EBUSY;
	ret = smc->clcsock->ops->connect(smc->clcsock, addr, addr_len,
					 O_NONBLOCK);
	if (ret)
		return ret;
	smcr_hs_set_mode(smc, SMCR_MODE_IDLE);
	WRITE_ONCE(smc->conn, NULL);
	if (conn)
		smcr_conn_close(conn, true);
	/* nobody else writes these now */
	WRITE_ONCE(smc->role, SMCR_CLIENT);
	sock->state = SS_UNCONNECTED;
	WRITE_ONCE(sk->sk_state, SMCR_INIT);
	WRITE_ONCE(sk->sk_shutdown, 0);
	WRITE_ONCE(sk->sk_err, 0);
	smcr_fb_errors_out(smc, smc->clcsock->sk);
	sk->sk_state_change(sk);
	return 0;
}

static int dissolve_listener(struct smcr_sock *smc, struct sockaddr *addr,
			     int addr_len)
{
	int ret;

	release_listener(smc);
	ret = connect_tcp(smc, addr, addr_len, O_NONBLOCK);
	renew(smc);
	return ret;
}

/* connect() to AF_UNSPEC */
static int disconnect_locked(struct socket *sock, struct sockaddr *addr,
			     int addr_len)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);

	if (smc->mode == SMCR_MODE_HANDSHAKE) {
		shutdown_handshake(smc, SHUT_RDWR);
		/* the peer gets a reset, and no end of the stream before it */
		smc->shut_early = 0;
		wait_for_handshake(sock->sk, MAX_SCHEDULE_TIMEOUT);
	}
	switch (smc->mode) {
	case SMCR_MODE_HANDSHAKE:
		return -ERESTARTSYS;
	case SMCR_MODE_SMC:
	case SMCR_MODE_FAILED:
		return dissolve(sock, addr, addr_len);
	case SMCR_MODE_LISTEN:
		return dissolve_listener(smc, addr, addr_len);
	default:
		sock->state = SS_UNCONNECTED;
		return connect_tcp(smc, addr, addr_len, O_NONBLOCK);
	}
}

static int connect_locked(struct socket *sock, struct sockaddr *addr,
			  int addr_len, int flags)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	int ret;

	if (addr_len >= (int)sizeof(addr->sa_family) &&
	    addr->sa_family == AF_UNSPEC)
		return disconnect_locked(sock, addr, addr_len);
	switch (smc->mode) {
	case SMCR_MODE_SMC:
		if (sock->state == SS_CONNECTED)
			return -EISCONN;
		sock->state = SS_CONNECTED;
		return 0;
	case SMCR_MODE_HANDSHAKE:
		return wait_connected(sock, addr, addr_len, flags, -EALREADY);
	case SMCR_MODE_FAILED:
		return connect_result(sock, addr, addr_len);
	case SMCR_MODE_IDLE:
		if (addr_len < (int)sizeof(addr->sa_family))
			return -EINVAL;
		if (smc->clcsock->state != SS_UNCONNECTED)
			break;
		ret = start_connect(smc, addr, addr_len);
		if (ret)
			return ret;
		sock->state = SS_CONNECTING;
		return wait_connected(sock, addr, addr_len, flags,
				      -EINPROGRESS);
	default:
		break;
	}
	/* TCP has an error to tell: it does not sleep for that */
	return connect_tcp(smc, addr, addr_len, flags | O_NONBLOCK);
}

static int smcr_connect(struct socket *sock, struct sockaddr *addr,
			int addr_len, int flags)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	int ret;

	/* TCP may sleep: not under our lock */
	if (smcr_mode(smc) == SMCR_MODE_TCP)
		return connect_tcp(smc, addr, addr_len, flags);
	lock_sock(sock->sk);
	ret = connect_locked(sock, addr, addr_len, flags);
	release_sock(sock->sk);
	return ret;
}

static int listen_locked(struct smcr_sock *smc, int backlog)
{
	struct sock *sk = &smc->sk;
	int ret;

	smcr_hs_sync_options(smc);
	smcr_hs_lend_file(smc);
	if (smc->mode == SMCR_MODE_IDLE)
		smcr_tcp_option_offer(smc->clcsock->sk, true);
	ret = smc->clcsock->ops->listen(smc->clcsock, backlog);
	if (ret)
		return ret;
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	if (smc->mode == SMCR_MODE_LISTEN)
		return 0;
	WRITE_ONCE(sk->sk_state, SMCR_LISTEN);
	/* children of a socket that ruled SMC out inherit fallback_reason */
	smcr_hs_set_mode(smc, SMCR_MODE_LISTEN);
	smcr_hs_listen_start(smc);
	return 0;
}

static int smcr_listen(struct socket *sock, int backlog)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	int ret;

	lock_sock(sock->sk);
	switch (smc->mode) {
	case SMCR_MODE_IDLE:
	case SMCR_MODE_TCP:
	case SMCR_MODE_LISTEN:
		ret = listen_locked(smc, backlog);
		break;
	default:
		ret = -EINVAL;
		break;
	}
	release_sock(sock->sk);
	return ret;
}

static int wait_for_child(struct sock *sk, long timeo,
			  struct smcr_sock **child)
{
	struct smcr_sock *smc = smcr_sk(sk);
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = 0;

	add_wait_queue_exclusive(sk_sleep(sk), &wait);
	for (;;) {
		if (smc->mode != SMCR_MODE_LISTEN) {
			ret = -EINVAL;
			break;
		}
		*child = smcr_hs_dequeue(smc);
		if (*child)
			break;
		if (!timeo) {
			ret = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			ret = sock_intr_errno(timeo);
			break;
		}
		sk_wait_event(sk, &timeo,
			      smcr_hs_has_ready(smc) ||
			      smcr_mode(smc) != SMCR_MODE_LISTEN, &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return ret;
}

static void graft(struct smcr_sock *child, struct socket *new_sock)
{
	struct sock *sk = &child->sk;

	lock_sock(sk);
	sock_graft(sk, new_sock);
	new_sock->ops = &smcr_proto_ops;
	smcr_compat_custom_sockopt(new_sock);
	new_sock->state = SS_CONNECTED;
	if (smcr_mode(child) == SMCR_MODE_TCP)
		smcr_fb_adopt_wait_queue(child);
	else
		smcr_hs_lend_file(child);
	release_sock(sk);
}

/**
 * smcr_accept() - accept(2)
 * @sock: the listener
 * @new_sock: becomes the accepted socket
 * @arg: flags in, error out
 *
 * Context: process, sleeps.
 * Return: 0, -EINVAL when not listening, -EAGAIN, or what an interrupted
 * wait gives.
 */
int smcr_accept(struct socket *sock, struct socket *new_sock,
		struct proto_accept_arg *arg)
{
	struct sock *sk = sock->sk;
	struct smcr_sock *child;
	int ret;

	lock_sock(sk);
	ret = wait_for_child(sk, sock_rcvtimeo(sk, arg->flags & O_NONBLOCK),
			     &child);
	release_sock(sk);
	if (!ret)
		graft(child, new_sock);
	arg->err = ret;
	return ret;
}

/* where TCP would be in state CLOSE, although the TCP socket inside is not */
static bool is_over(const struct smcr_sock *smc)
{
	return READ_ONCE(smc->sk.sk_state) == SMCR_CLOSED ||
	       smcr_conn_is_over(smc->conn);
}

static int smcr_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	bool no_peer = false;

	lock_sock(sock->sk);
	if (smc->mode == SMCR_MODE_SMC) {
		no_peer = is_over(smc);
		/* 2: whatever became of the TCP connection */
		peer = peer ? 2 : 0;
	}
	release_sock(sock->sk);
	if (peer && no_peer)
		return -ENOTCONN;
	return smc->clcsock->ops->getname(smc->clcsock, addr, peer);
}

static int shutdown_conn(struct smcr_sock *smc, int how)
{
	if (is_over(smc))
		return -ENOTCONN;
	smcr_hs_shutdown(smc, how);
	return 0;
}

/* TCP turns a listener that is shut for reading into a fresh socket */
static int shutdown_listener(struct smcr_sock *smc, int how)
{
	int ret;

	if (how == SHUT_WR)
		return smc->clcsock->ops->shutdown(smc->clcsock, how);
	release_listener(smc);
	ret = smc->clcsock->ops->shutdown(smc->clcsock, how);
	renew(smc);
	return ret;
}

static int smcr_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct smcr_sock *smc = smcr_sk(sk);
	int ret;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	lock_sock(sk);
	switch (smc->mode) {
	case SMCR_MODE_SMC:
		ret = shutdown_conn(smc, how);
		break;
	case SMCR_MODE_LISTEN:
		ret = shutdown_listener(smc, how);
		break;
	case SMCR_MODE_HANDSHAKE:
		/* ends it: here if TCP is not connected, in the work otherwise */
		ret = shutdown_handshake(smc, how);
		break;
	default:
		ret = smc->clcsock->ops->shutdown(smc->clcsock, how);
		break;
	}
	release_sock(sk);
	return ret;
}

/* called with the socket lock held */
static int smcr_set_rcvlowat(struct sock *sk, int val)
{
	WRITE_ONCE(sk->sk_rcvlowat, val ?: 1);
	if (smcr_mode(smcr_sk(sk)) == SMCR_MODE_TCP)
		smcr_fb_rcvlowat(smcr_sk(sk));
	return 0;
}

const struct proto_ops smcr_proto_ops = {
	.family = PF_SMC,
	.owner = THIS_MODULE,
	.release = smcr_release,
	.bind = smcr_bind,
	.connect = smcr_connect,
	.socketpair = sock_no_socketpair,
	.accept = SMCR_PROTO_OPS_ACCEPT,
	.getname = smcr_getname,
	.poll = smcr_poll,
	.ioctl = smcr_ioctl,
	.listen = smcr_listen,
	.shutdown = smcr_shutdown,
	.setsockopt = smcr_setsockopt,
	.getsockopt = smcr_getsockopt,
	.sendmsg = smcr_sendmsg,
	.recvmsg = smcr_recvmsg,
	.mmap = sock_no_mmap,
	.set_rcvlowat = smcr_set_rcvlowat,
	SMCR_PROTO_OPS_SPLICE_EOF
	.splice_read = smcr_splice_read,
};

static const struct net_proto_family smcr_family = {
	.family = PF_SMC,
	.owner = THIS_MODULE,
	.create = smcr_create,
};

static struct inet_protosw smcr_inet_protosw = {
	.type = SOCK_STREAM,
	.protocol = IPPROTO_SMC,
	.prot = &smcr_inet_proto,
	.ops = &smcr_proto_ops,
};

#if IS_ENABLED(CONFIG_IPV6)
static struct inet_protosw smcr_inet6_protosw = {
	.type = SOCK_STREAM,
	.protocol = IPPROTO_SMC,
	.prot = &smcr_inet6_proto,
	.ops = &smcr_proto_ops,
};
#endif

static int register_inet(void)
{
	int ret = 0;

#if IS_ENABLED(CONFIG_IPV6)
	ret = inet6_register_protosw(&smcr_inet6_protosw);
#endif
	if (!ret)
		inet_register_protosw(&smcr_inet_protosw);
	return ret;
}

static void unregister_inet(void)
{
	inet_unregister_protosw(&smcr_inet_protosw);
#if IS_ENABLED(CONFIG_IPV6)
	inet6_unregister_protosw(&smcr_inet6_protosw);
#endif
}

/**
 * smcr_sock_register() - open AF_SMC and IPPROTO_SMC for programs
 *
 * Context: module init, last step.
 * Return: 0, -EEXIST when another module serves AF_SMC.
 */
int smcr_sock_register(void)
{
	int ret = sock_register(&smcr_family);

	if (ret)
		return ret;
	ret = register_inet();
	if (ret)
		sock_unregister(PF_SMC);
	return ret;
}

/**
 * smcr_sock_unregister() - undo smcr_sock_register()
 *
 * Context: module exit, first step.
 */
void smcr_sock_unregister(void)
{
	unregister_inet();
	sock_unregister(PF_SMC);
}
