/* SPDX-License-Identifier: GPL-2.0 */
/* As much of sockets and message headers as net/smc_r/conn needs. */
#ifndef SMCR_SHIM_SOCK_H
#define SMCR_SHIM_SOCK_H

#include "kernel.h"

/* what compat.h mentions */
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 12, 0)

struct ctl_table;
struct file;
struct tcp_sock;
struct ctl_table_header;
struct proto_accept_arg {
	int flags;
};

struct ctl_table_header *register_net_sysctl_sz(struct net *net,
						const char *path,
						struct ctl_table *table,
						size_t count);

#define MSG_OOB			0x1
#define MSG_PEEK		0x2
#define MSG_TRUNC		0x20
#define MSG_DONTWAIT		0x40
#define MSG_WAITALL		0x100
#define MSG_NOSIGNAL		0x4000
#define MSG_MORE		0x8000

#define RCV_SHUTDOWN		1
#define SEND_SHUTDOWN		2
#define SHUTDOWN_MASK		3

#define SOCK_NOSPACE		2
#define SOCKWQ_ASYNC_NOSPACE	0
#define SOCKWQ_ASYNC_WAITDATA	1
#define SOCK_URGINLINE		0

struct sock;
struct socket;

struct proto_ops {
	void (*splice_eof)(struct socket *sock);
};

struct socket {
	unsigned long flags;
	struct sock *sk;
	const struct proto_ops *ops;
};

/**
 * struct sock - a socket
 * @owner: who has locked it
 * @lock_wq: others who want to
 * @wq: readers and writers that sleep
 * @is_inline: SO_OOBINLINE
 * @sigurgs: SIGURG that it got
 */
struct sock {
	int sk_err;
	int sk_shutdown;
	int sk_state;
	struct socket *sk_socket;
	void (*sk_state_change)(struct sock *sk);
	void (*sk_data_ready)(struct sock *sk);
	void (*sk_write_space)(struct sock *sk);
	rwlock_t sk_callback_lock;
	struct mutex owner;
	wait_queue_head_t wq;
	struct net *net;
	bool is_inline;
	u32 sigurgs;
};

#define current				NULL
#define sock_net(sk)			((sk)->net)
#define sk_sleep(sk)			(&(sk)->wq)
#define sk_set_bit(nr, sk)		((void)(sk))
#define sk_clear_bit(nr, sk)		((void)(sk))
#define sock_flag(sk, flag)		((sk)->is_inline)
#define sk_send_sigurg(sk)		((sk)->sigurgs++)
#define lock_sock(sk)			mutex_lock(&(sk)->owner)
#define release_sock(sk)		mutex_unlock(&(sk)->owner)
#define sock_owned_by_user(sk)		((sk)->owner.is_held)
/* nobody else runs meanwhile */
#define bh_lock_sock(sk)		((void)(sk))
#define bh_unlock_sock(sk)		((void)(sk))
#define sk_net_refcnt_upgrade(sk)	((void)(sk))
#define signal_pending(task)		((void)(task), false)
#define sock_intr_errno(timeo)		((void)(timeo), -EINTR)
#define sock_rcvlowat(sk, waitall, len)	((waitall) ? (len) : 1)

static inline int sock_error(struct sock *sk)
{
	int err = sk->sk_err;

	sk->sk_err = 0;
	return -err;
}

static inline int sk_stream_error(struct sock *sk, int flags, int err)
{
	(void)flags;
	if (err != -EPIPE)
		return err;
	return sock_error(sk) ?: -EPIPE;
}

static inline long sock_timeo(const struct sock *sk, bool noblock)
{
	(void)sk;
	return noblock ? 0 : MAX_SCHEDULE_TIMEOUT;
}

#define sock_rcvtimeo	sock_timeo
#define sock_sndtimeo	sock_timeo

#define sk_wait_event(sk, timeo, cond, wait) \
	({ \
		bool _ok; \
		release_sock(sk); \
		_ok = (cond); \
		if (!_ok) \
			*(timeo) = shim_wait_woken(wait, *(timeo)); \
		lock_sock(sk); \
		_ok = (cond); \
		_ok; \
	})

/* what sockets do by default: wake all */
static inline void shim_wake_sock(struct sock *sk)
{
	wake_up(&sk->wq);
}

static inline void shim_init_sock(struct sock *sk, struct socket *sock,
				  struct net *net)
{
	sk->sk_socket = sock;
	sk->sk_state_change = shim_wake_sock;
	sk->sk_data_ready = shim_wake_sock;
	sk->sk_write_space = shim_wake_sock;
	sk->net = net;
	mutex_init(&sk->owner);
	init_waitqueue_head(&sk->wq);
	sock->sk = sk;
}

/* -- messages ------------------------------------------------------------ */

struct iov_iter {
	u8 *mem;
	size_t len;
};

struct msghdr {
	struct iov_iter msg_iter;
	unsigned int msg_flags;
};

static inline size_t msg_data_left(const struct msghdr *msg)
{
	return msg->msg_iter.len;
}

static inline u8 *shim_iter_take(struct iov_iter *iter, size_t len)
{
	u8 *mem = iter->mem;

	shim_might_sleep();
	SHIM_ASSERT(len <= iter->len);
	iter->mem += len;
	iter->len -= len;
	return mem;
}

static inline size_t copy_to_iter(const void *from, size_t len,
				  struct iov_iter *iter)
{
	memcpy(shim_iter_take(iter, len), from, len);
	return len;
}

static inline bool copy_from_iter_full(void *to, size_t len,
				       struct iov_iter *iter)
{
	memcpy(to, shim_iter_take(iter, len), len);
	return true;
}

static inline int memcpy_to_msg(struct msghdr *msg, const void *from,
				size_t len)
{
	copy_to_iter(from, len, &msg->msg_iter);
	return 0;
}

#endif
