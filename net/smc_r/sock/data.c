// SPDX-License-Identifier: GPL-2.0
/* Sending, receiving, polling: SMC's own path, or the TCP socket's. */
#include "sock.h"

#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sockios.h>
#include <linux/splice.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "../base/stats.h"
#include "../compat/compat.h"
#include "../hs/hs.h"

/* a call during connect: TCP waits for the end of it, and so do we */
static int wait_until_connected(struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = 0;

	add_wait_queue(sk_sleep(sk), &wait);
	while (smcr_sk(sk)->mode == SMCR_MODE_HANDSHAKE) {
		if (!timeo)
			ret = -EAGAIN;
		else if (signal_pending(current))
			ret = sock_intr_errno(timeo);
		if (ret)
			break;
		sk_wait_event(sk, &timeo,
			      smcr_mode(smcr_sk(sk)) != SMCR_MODE_HANDSHAKE,
			      &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return ret;
}

static int tcp_sendmsg_via(struct smcr_sock *smc, struct msghdr *msg,
			   size_t len)
{
	struct socket *clcsock = smc->clcsock;
	int ret;

	smcr_hs_sync_options(smc);
	smcr_fb_errors_in(smc);
	ret = clcsock->ops->sendmsg(clcsock, msg, len);
	smcr_fb_errors_out(smc, clcsock->sk);
	return ret;
}

static int tcp_recvmsg_via(struct smcr_sock *smc, struct msghdr *msg,
			   size_t len, int flags)
{
	struct socket *clcsock = smc->clcsock;
	int ret;

	smcr_hs_sync_options(smc);
	smcr_fb_errors_in(smc);
	ret = clcsock->ops->recvmsg(clcsock, msg, len, flags);
	smcr_fb_errors_out(smc, clcsock->sk);
	return ret;
}

/*
 * What a call on a socket without SMC connection does: TCP answers, and may
 * sleep for long, so not under our lock. A fresh socket must not be caught by
 * a connect() meanwhile: TCP answers at once there, if asked not to wait.
 */
enum ask {
	ASK_NOBODY,
	ASK_TCP,
	ASK_TCP_NOW,
};

static int not_smc(struct smcr_sock *smc, enum ask *ask)
{
	if (smc->mode == SMCR_MODE_FAILED && READ_ONCE(smc->sk.sk_err))
		return sock_error(&smc->sk);
	*ask = smc->mode == SMCR_MODE_TCP ? ASK_TCP : ASK_TCP_NOW;
	return 0;
}

static int send_locked(struct sock *sk, struct msghdr *msg, size_t len,
		       enum ask *ask)
{
	struct smcr_sock *smc = smcr_sk(sk);
	int ret;

	if (smc->mode == SMCR_MODE_IDLE && (msg->msg_flags & MSG_FASTOPEN))
		smcr_fb_rule_out(smc);
	if (smc->mode == SMCR_MODE_HANDSHAKE) {
		ret = wait_until_connected(sk, sock_sndtimeo(sk,
							     msg->msg_flags &
							     MSG_DONTWAIT));
		if (ret)
			return ret;
	}
	if (smc->mode != SMCR_MODE_SMC)
		return not_smc(smc, ask);
	smc->calls++;
	ret = smcr_tx_sendmsg(smc->conn, sk, msg, len);
	smc->calls--;
	return ret;
}

/**
 * smcr_sendmsg() - send(2) and its kin
 * @sock: the socket
 * @msg: data and flags
 * @len: bytes
 *
 * Context: process, may sleep.
 * Return: as for a TCP socket.
 */
int smcr_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct sock *sk = sock->sk;
	enum ask ask = ASK_NOBODY;
	int ret;

	/* a fallen back socket stays so: no lock to share with TCP's */
	if (smcr_mode(smcr_sk(sk)) == SMCR_MODE_TCP)
		return tcp_sendmsg_via(smcr_sk(sk), msg, len);
	lock_sock(sk);
	ret = send_locked(sk, msg, len, &ask);
	if (ask == ASK_TCP_NOW) {
		msg->msg_flags |= MSG_DONTWAIT;
		ret = tcp_sendmsg_via(smcr_sk(sk), msg, len);
	}
	release_sock(sk);
	return ask == ASK_TCP ? tcp_sendmsg_via(smcr_sk(sk), msg, len) : ret;
}

static int recv_locked(struct sock *sk, struct msghdr *msg, size_t len,
		       int flags, enum ask *ask)
{
	struct smcr_sock *smc = smcr_sk(sk);
	int ret;

	if (smc->mode == SMCR_MODE_HANDSHAKE) {
		ret = wait_until_connected(sk, sock_rcvtimeo(sk, flags &
							     MSG_DONTWAIT));
		if (ret)
			return ret;
	}
	if (smc->mode != SMCR_MODE_SMC)
		return not_smc(smc, ask);
	if (flags & MSG_OOB)
		return smcr_rx_recv_urgent(smc->conn, sk, msg, len, flags);
	/* nothing is ever queued there */
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	smc->calls++;
	ret = smcr_rx_recvmsg(smc->conn, sk, msg, len, flags);
	smc->calls--;
	return ret;
}

/**
 * smcr_recvmsg() - recv(2) and its kin
 * @sock: the socket
 * @msg: where to
 * @len: bytes that fit
 * @flags: MSG_*
 *
 * Context: process, may sleep.
 * Return: as for a TCP socket.
 */
int smcr_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
		 int flags)
{
	struct sock *sk = sock->sk;
	enum ask ask = ASK_NOBODY;
	int ret;

	if (smcr_mode(smcr_sk(sk)) == SMCR_MODE_TCP)
		return tcp_recvmsg_via(smcr_sk(sk), msg, len, flags);
	lock_sock(sk);
	ret = recv_locked(sk, msg, len, flags, &ask);
	if (ask == ASK_TCP_NOW)
		ret = tcp_recvmsg_via(smcr_sk(sk), msg, len,
				      flags | MSG_DONTWAIT);
	release_sock(sk);
	return ask == ASK_TCP ? tcp_recvmsg_via(smcr_sk(sk), msg, len, flags) :
				ret;
}

/**
 * smcr_splice_read() - splice(2) from a socket, by way of recvmsg
 * @sock: the socket
 * @ppos: of a file with positions, which it is not
 * @pipe: where to
 * @len: bytes that fit
 * @flags: SPLICE_F_*
 *
 * Context: process, may sleep.
 * Return: bytes or a negative errno.
 */
ssize_t smcr_splice_read(struct socket *sock, loff_t *ppos,
			 struct pipe_inode_info *pipe, size_t len,
			 unsigned int flags)
{
	if (smcr_mode(smcr_sk(sock->sk)) == SMCR_MODE_SMC)
		this_cpu_inc(smcr_stats(sock_net(sock->sk))->path->splices);
	return copy_splice_read(sock->file, ppos, pipe, len, flags);
}

/**
 * smcr_splice_eof() - sendfile(2) promised more and found the end of the file
 * @sock: the socket
 *
 * Context: process, may sleep.
 */
void smcr_splice_eof(struct socket *sock)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);

	lock_sock(sock->sk);
	if (smc->mode == SMCR_MODE_SMC)
		smcr_tx_push(smc->conn, SMCR_PUSH_AUTO);
	else if (smc->mode == SMCR_MODE_TCP)
		smcr_compat_splice_eof(smc->clcsock);
	release_sock(sock->sk);
}

static __poll_t poll_conn(struct sock *sk, struct smcr_conn *conn)
{
	u8 shutdown = READ_ONCE(sk->sk_shutdown);
	/* more than half of the ring may never be there at a time */
	u32 lowat = min_t(u32, READ_ONCE(sk->sk_rcvlowat),
			  conn->path.rx_size / 2);
	__poll_t mask = 0;

	if (READ_ONCE(sk->sk_err))
		mask |= EPOLLERR;
	if (shutdown == SHUTDOWN_MASK ||
	    READ_ONCE(sk->sk_state) == SMCR_CLOSED)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (smcr_rx_is_readable(conn, lowat))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(conn->rx_urgent.state) == SMCR_URGENT_HELD)
		mask |= EPOLLPRI;
	if (shutdown & SEND_SHUTDOWN || smcr_tx_is_writable(conn))
		return mask | EPOLLOUT | EPOLLWRNORM;

	smcr_tx_ask_for_room(sk);
	if (smcr_tx_is_writable(conn))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static __poll_t poll_tcp(struct smcr_sock *smc, struct file *file)
{
	__poll_t mask;

	smcr_fb_errors_in(smc);
	/* without a table: the caller waits on the outer socket's queue */
	mask = smc->clcsock->ops->poll(file, smc->clcsock, NULL);
	/* TCP wakes before it reports */
	if (mask & EPOLLERR)
		smcr_fb_errors_out(smc, smc->clcsock->sk);
	return mask;
}

/* false if connect() has just dissolved the connection */
static bool poll_smc(struct smcr_sock *smc, __poll_t *mask)
{
	struct smcr_conn *conn;

	rcu_read_lock();
	conn = READ_ONCE(smc->conn);
	if (conn)
		*mask = poll_conn(&smc->sk, conn);
	rcu_read_unlock();
	return conn;
}

/**
 * smcr_poll() - poll(2) and its kin
 * @file: the open file
 * @sock: the socket
 * @wait: poll table
 *
 * Context: process; takes no socket lock.
 * Return: the mask that a TCP socket would give.
 */
__poll_t smcr_poll(struct file *file, struct socket *sock,
		   struct poll_table_struct *wait)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);
	__poll_t mask;

	sock_poll_wait(file, sock, wait);
	switch (smcr_mode(smc)) {
	case SMCR_MODE_SMC:
		return poll_smc(smc, &mask) ? mask : poll_tcp(smc, file);
	case SMCR_MODE_LISTEN:
		return smcr_hs_has_ready(smc) ? EPOLLIN | EPOLLRDNORM : 0;
	case SMCR_MODE_HANDSHAKE:
		return 0;
	case SMCR_MODE_FAILED:
		return (READ_ONCE(sock->sk->sk_err) ? EPOLLERR : 0) |
		       EPOLLHUP | EPOLLIN | EPOLLRDNORM | EPOLLRDHUP |
		       EPOLLOUT | EPOLLWRNORM;
	default:
		return poll_tcp(smc, file);
	}
}

static int ioctl_conn(struct smcr_sock *smc, unsigned int cmd)
{
	switch (cmd) {
	case SIOCINQ:
		return smcr_rx_inq(smc->conn);
	case SIOCOUTQ:
		return smcr_tx_unconfirmed(smc->conn);
	case SIOCOUTQNSD:
		return smcr_tx_unsent(smc->conn);
	case SIOCATMARK:
		return smcr_rx_is_at_mark(smc->conn, 0);
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * smcr_ioctl() - ioctl(2)
 * @sock: the socket
 * @cmd: SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, or TCP's business
 * @arg: user pointer
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int smcr_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	struct smcr_sock *smc = smcr_sk(sk);
	int ret = -ENOIOCTLCMD;

	lock_sock(sk);
	if (smc->mode == SMCR_MODE_SMC)
		ret = ioctl_conn(smc, cmd);
	else if (smc->mode != SMCR_MODE_HANDSHAKE)
		/* the handshake has time limits of its own */
		smcr_hs_sync_options(smc);
	release_sock(sk);
	if (ret == -ENOIOCTLCMD)
		return smc->clcsock->ops->ioctl(smc->clcsock, cmd, arg);
	return put_user(ret, (int __user *)arg);
}
