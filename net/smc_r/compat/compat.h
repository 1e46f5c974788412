/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions. Our code is written for the
 * newest kernel; what older ones lack or spell otherwise is filled in here.
 * Each entry says what changed, when, and when it can go.
 */
#ifndef SMCR_COMPAT_H
#define SMCR_COMPAT_H

#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/smc.h>
#include <linux/sysctl.h>
#include <linux/tcp.h>
#include <linux/version.h>
#include <net/sock.h>

/*
 * 6.10 packed the arguments of proto_ops.accept into a struct. Gone when
 * 6.9 is not supported any more.
 */
struct proto_accept_arg;
int smcr_accept(struct socket *sock, struct socket *new_sock,
		struct proto_accept_arg *arg);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)

struct proto_accept_arg {
	int flags;
	int err;
	int is_empty;
	bool kern;
};

static inline int smcr_compat_accept(struct socket *sock,
				     struct socket *new_sock, int flags,
				     bool kern)
{
	struct proto_accept_arg arg = { .flags = flags, .kern = kern };

	return smcr_accept(sock, new_sock, &arg);
}

#define SMCR_PROTO_OPS_ACCEPT	smcr_compat_accept

#else

#define SMCR_PROTO_OPS_ACCEPT	smcr_accept

#endif

/*
 * 6.13 wants the name of a symbol namespace as a string. Gone when 6.12 is not
 * supported any more.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SMCR_SYMBOL_NS	SMC_R
#else
#define SMCR_SYMBOL_NS	"SMC_R"
#endif

/*
 * 6.10 knows from __string() what to copy. Gone when 6.9 is not supported any
 * more.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define smcr_compat_assign_str(dst, src)	__assign_str(dst, src)
#else
#define smcr_compat_assign_str(dst, src)	__assign_str(dst)
#endif

/*
 * 6.14 called what also starts the thread by this name. Gone when 6.13 is not
 * supported any more.
 */
#ifndef kthread_run_worker

#define kthread_run_worker(flags, ...) \
	kthread_create_worker(flags, __VA_ARGS__)

#endif

/*
 * 6.3 or so: a socket can have its SOL_SOCKET options set through its own
 * setsockopt. Needed where the core refuses SO_REUSEPORT for families other
 * than INET; older kernels do not refuse it.
 */
static inline void smcr_compat_custom_sockopt(struct socket *sock)
{
#ifdef SOCK_CUSTOM_SOCKOPT
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
#endif
}

/*
 * 6.5 tells a socket when a sendfile() ends early; before, MSG_MORE of the last
 * part stays. Gone when 6.4 is not supported any more.
 */
void smcr_splice_eof(struct socket *sock);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)

#define SMCR_PROTO_OPS_SPLICE_EOF

static inline void smcr_compat_splice_eof(struct socket *sock)
{
}

#else

#define SMCR_PROTO_OPS_SPLICE_EOF	.splice_eof = smcr_splice_eof,

static inline void smcr_compat_splice_eof(struct socket *sock)
{
	sock->ops->splice_eof(sock);
}

#endif

/* 6.11 defines it. Gone when 6.10 is not supported any more. */
#ifndef IPPROTO_SMC
#define IPPROTO_SMC	256
#endif

/*
 * 6.6 asks where in a socket of AF_INET6 its struct ipv6_pinfo is; before, it is
 * what the object ends with. Gone when 6.5 is not supported any more.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)

#define SMCR_INET6_PROTO_SIZE(type, member) \
	.obj_size = offsetofend(type, member),

#else

#define SMCR_INET6_PROTO_SIZE(type, member) \
	.obj_size = sizeof(type), \
	.ipv6_pinfo_offset = offsetof(type, member),

#endif

/*
 * 6.5 has this in place of generic_file_splice_read(). Gone when 6.4 is not
 * supported any more.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline ssize_t copy_splice_read(struct file *in, loff_t *ppos,
				       struct pipe_inode_info *pipe,
				       size_t len, unsigned int flags)
{
	return generic_file_splice_read(in, ppos, pipe, len, flags);
}
#endif

/* 5.18 defines them. Gone when 5.17 is not supported any more. */
#ifndef SOL_SMC
#define SOL_SMC		286
#endif
#ifndef SMC_LIMIT_HS
#define SMC_LIMIT_HS	1
#endif

/*
 * Is somebody to check the sender of each segment? 6.7 has TCP-AO, in the same
 * place as TCP-MD5. Gone when 6.6 is not supported any more.
 */
static inline bool smcr_compat_tcp_signs(const struct tcp_sock *tp)
{
#ifdef CONFIG_TCP_MD5SIG
	if (rcu_access_pointer(tp->md5sig_info))
		return true;
#endif
#ifdef CONFIG_TCP_AO
	if (rcu_access_pointer(tp->ao_info))
		return true;
#endif
	return false;
}

/* is a file in an epoll set? A kernel may be built without these. */
static inline bool smcr_compat_has_epoll(const struct file *file)
{
#ifdef CONFIG_EPOLL
	return READ_ONCE(file->f_ep);
#else
	return false;
#endif
}

/*
 * 6.6 is told how long a table is, before an empty entry ended it; 6.11 refuses
 * that entry. Gone when 6.5 is not supported any more.
 */
static inline struct ctl_table_header *
smcr_compat_register_sysctl(struct net *net, const char *path,
			    struct ctl_table *table, size_t count)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return register_net_sysctl(net, path, table);
#else
	return register_net_sysctl_sz(net, path, table, count);
#endif
}

/*
 * 6.12 has a helper that gives a kernel socket a reference to its network
 * namespace, so that its timers do not outlive the namespace. Gone when 6.11
 * is not supported any more.
 */
static inline void smcr_compat_net_upgrade(struct sock *sk)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	sk->sk_net_refcnt = 1;
	get_net_track(sock_net(sk), &sk->ns_tracker, GFP_KERNEL);
	sock_inuse_add(sock_net(sk), 1);
#else
	sk_net_refcnt_upgrade(sk);
#endif
}

/*
 * 6.7 allocates shrinkers itself, as they are freed by RCU; before, they were
 * part of something else. Gone when 6.6 is not supported any more.
 */
static inline struct shrinker *
smcr_compat_register_shrinker(const char *name,
			      unsigned long (*count)(struct shrinker *,
						     struct shrink_control *),
			      unsigned long (*scan)(struct shrinker *,
						    struct shrink_control *))
{
	struct shrinker *shrinker;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
#else
	shrinker = shrinker_alloc(0, "%s", name);
#endif
	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	if (register_shrinker(shrinker, "%s", name)) {
		kfree(shrinker);
		return NULL;
	}
#else
	shrinker_register(shrinker);
#endif
	return shrinker;
}

static inline void smcr_compat_unregister_shrinker(struct shrinker *shrinker)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	unregister_shrinker(shrinker);
	kfree(shrinker);
#else
	shrinker_free(shrinker);
#endif
}

/*
 * 6.18 has mem_cgroup_from_sk() for this. The cgroup stays as long as the
 * socket.
 */
static inline struct mem_cgroup *smcr_compat_memcg_of(const struct sock *sk)
{
#ifdef CONFIG_MEMCG
	return sk->sk_memcg;
#else
	return NULL;
#endif
}

#endif
