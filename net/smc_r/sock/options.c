// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options. Those of SOL_SOCKET are the core's business: it applies
 * them to the outer socket, and smcr_hs_sync_options() copies what TCP needs.
 * The rest belongs to the TCP socket; a few options mean something to SMC as
 * well.
 */
#include "sock.h"

#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../base/stats.h"
#include "../compat/compat.h"
#include "../hs/hs.h"

static bool is_fastopen(int level, int optname)
{
	if (level != SOL_TCP)
		return false;
	switch (optname) {
	case TCP_FASTOPEN:
	case TCP_FASTOPEN_CONNECT:
	case TCP_FASTOPEN_KEY:
	case TCP_FASTOPEN_NO_COOKIE:
		return true;
	default:
		return false;
	}
}

/**
 * smcr_rules_smc_out() - does TCP have an option that SMC cannot go with?
 * @clcsk: the TCP socket, not connected; no option of it is set meanwhile
 *
 * TCP fast open puts data where the handshake has to be. With TCP_REPAIR, TCP is
 * connected without a handshake. Who has TCP check each segment (TCP-MD5,
 * TCP-AO) does not want data that goes around TCP; the option of SMC may find
 * room beside the signature.
 *
 * Context: process.
 * Return: true if the connection has to stay with TCP.
 */
bool smcr_rules_smc_out(const struct sock *clcsk)
{
	const struct fastopen_queue *fastopen;
	const struct tcp_sock *tp = tcp_sk(clcsk);

	fastopen = &inet_csk(clcsk)->icsk_accept_queue.fastopenq;
	return tp->fastopen_connect || tp->fastopen_no_cookie ||
	       fastopen->max_qlen || rcu_access_pointer(fastopen->ctx) ||
	       smcr_compat_tcp_signs(tp) || tp->repair;
}

static void apply_to_smc(struct smcr_sock *smc, int optname, int val)
{
	struct smcr_stats_path __percpu *stats;
	bool is_smc = smc->mode == SMCR_MODE_SMC;

	stats = smcr_stats(sock_net(&smc->sk))->path;
	switch (optname) {
	case TCP_NODELAY:
		if (!val || !is_smc)
			break;
		this_cpu_inc(stats->nodelays);
		smcr_tx_push(smc->conn, SMCR_PUSH_NOW);
		break;
	case TCP_CORK:
		if (!is_smc)
			break;
		if (!val)
			this_cpu_inc(stats->uncorks);
		smcr_tx_set_cork(smc->conn, val);
		break;
	case TCP_DEFER_ACCEPT:
		WRITE_ONCE(smc->defer_secs,
			   smcr_hs_defer_secs(smc->clcsock->sk));
		break;
	}
}

/* on newer kernels; they refuse SO_REUSEPORT for sockets that are not INET */
static int set_sol_socket(struct socket *sock, int optname, sockptr_t optval,
			  unsigned int optlen)
{
	int val;

	if (optname != SO_REUSEPORT)
		return sock_setsockopt(sock, SOL_SOCKET, optname, optval,
				       optlen);
	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	/* shares its byte with other options */
	lock_sock(sock->sk);
	sock->sk->sk_reuseport = !!val;
	release_sock(sock->sk);
	return 0;
}

/* what listen() makes of it: hs/listen.c */
static int set_sol_smc(struct smcr_sock *smc, int optname, sockptr_t optval,
		       unsigned int optlen)
{
	int val;

	if (optname != SMC_LIMIT_HS)
		return -EOPNOTSUPP;
	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	WRITE_ONCE(smc->limit_hs, val);
	return 0;
}

static int get_sol_smc(const struct smcr_sock *smc, int optname,
		       char __user *optval, int __user *optlen)
{
	int val = READ_ONCE(smc->limit_hs);
	int len;

	if (optname != SMC_LIMIT_HS)
		return -EOPNOTSUPP;
	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min_t(unsigned int, len, sizeof(val));
	if (put_user(len, optlen) || copy_to_user(optval, &val, len))
		return -EFAULT;
	return 0;
}

/* what a socket that is one of SMC is already; other ULPs need TCP's data */
static int set_ulp(sockptr_t optval, unsigned int optlen)
{
	char name[TCP_ULP_NAME_MAX] = {};
	long len;

	if (!optlen)
		return -EINVAL;
	len = strncpy_from_sockptr(name, optval,
				   min_t(long, sizeof(name) - 1, optlen));
	if (len < 0)
		return -EFAULT;
	name[len] = '\0';
	return strcmp(name, SMCR_ULP_NAME) ? -EOPNOTSUPP : -EEXIST;
}

static int get_ulp(char __user *optval, int __user *optlen)
{
	static const char name[TCP_ULP_NAME_MAX] = SMCR_ULP_NAME;
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min_t(unsigned int, len, sizeof(name));
	if (put_user(len, optlen) || copy_to_user(optval, name, len))
		return -EFAULT;
	return 0;
}

/**
 * smcr_setsockopt() - setsockopt(2)
 * @sock: the socket
 * @level: SOL_TCP, SOL_IP, ...
 * @optname: option
 * @optval: value
 * @optlen: its size in bytes
 *
 * Context: process, may sleep.
 * Return: TCP's answer; for TCP_ULP, -EEXIST if it is "smc", and -EOPNOTSUPP
 * otherwise, as it would change the TCP socket under our feet.
 */
int smcr_setsockopt(struct socket *sock, int level, int optname,
		    sockptr_t optval, unsigned int optlen)
{
	struct sock *sk = sock->sk;
	struct smcr_sock *smc = smcr_sk(sk);
	int val = 0;
	int ret = 0;

	if (level == SOL_SOCKET)
		return set_sol_socket(sock, optname, optval, optlen);
	if (level == SOL_SMC)
		return set_sol_smc(smc, optname, optval, optlen);
	if (level == SOL_TCP && optname == TCP_ULP)
		return set_ulp(optval, optlen);
	lock_sock(sk);
	/* it puts data where the handshake has to be: only before that */
	if (is_fastopen(level, optname) && smc->mode != SMCR_MODE_TCP &&
	    smc->mode != SMCR_MODE_IDLE)
		ret = -EINVAL;
	if (!ret)
		ret = smc->clcsock->ops->setsockopt(smc->clcsock, level,
						    optname, optval, optlen);
	if (!ret && smc->mode == SMCR_MODE_IDLE &&
	    smcr_rules_smc_out(smc->clcsock->sk))
		smcr_fb_rule_out(smc);
	if (!ret && level == SOL_TCP && optlen >= sizeof(val) &&
	    !copy_from_sockptr(&val, optval, sizeof(val)))
		apply_to_smc(smc, optname, val);
	release_sock(sk);
	return ret;
}

/**
 * smcr_getsockopt() - getsockopt(2) but for SOL_SOCKET
 * @sock: the socket
 * @level: SOL_TCP, SOL_IP, ...
 * @optname: option
 * @optval: where to put the value
 * @optlen: its size in bytes, in and out
 *
 * Context: process, may sleep.
 * Return: TCP's answer.
 */
int smcr_getsockopt(struct socket *sock, int level, int optname,
		    char __user *optval, int __user *optlen)
{
	struct smcr_sock *smc = smcr_sk(sock->sk);

	if (level == SOL_SMC)
		return get_sol_smc(smc, optname, optval, optlen);
	if (level == SOL_TCP && optname == TCP_ULP)
		return get_ulp(optval, optlen);
	return smc->clcsock->ops->getsockopt(smc->clcsock, level, optname,
					     optval, optlen);
}
