/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The AF_SMC socket as the handshake sees it, and the handshake: from an
 * established TCP connection to one that uses SMC, or to a fallback.
 *
 * A socket is in one mode at a time:
 *
 *	IDLE --connect--> HANDSHAKE --> SMC | TCP | FAILED (or back to IDLE
 *	  |                             when TCP did not connect)
 *	  +----listen---> LISTEN --shutdown--> IDLE
 *	  +----an option that rules SMC out---> TCP
 *
 * IDLE, TCP and FAILED calls are answered by the TCP socket inside. The mode
 * changes under the socket lock only.
 */
#ifndef SMCR_HS_HS_H
#define SMCR_HS_HS_H

#include <linux/ipv6.h>
#include <linux/rbtree.h>
#include <linux/tcp.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "../base/decline.h"
#include "../base/stats.h"
#include "../conn/conn.h"
#include "../wire/clc.h"

/* patience with a peer between two CLC messages (wire.md 2.11) */
#define SMCR_HS_CLC_TIMEOUT	(6 * HZ)
/*
 * For rings and their turn, between two CLC messages. What is under way then
 * takes 2 s more, for the answer to CONFIRM RKEY, and the peer waits for 6.
 */
#define SMCR_HS_SETUP_TIME	(7 * HZ / 2)
/*
 * Once CONFIRM is out both sides may find that the link does not work. The
 * client lets the server decline first, the server a peer that waited as long.
 */
#define SMCR_HS_CLIENT_PATIENCE	(2 * HZ)
#define SMCR_HS_SERVER_PATIENCE	(1 * HZ)

enum smcr_mode {
	SMCR_MODE_IDLE,
	SMCR_MODE_HANDSHAKE,
	SMCR_MODE_SMC,
	SMCR_MODE_TCP,
	SMCR_MODE_LISTEN,
	SMCR_MODE_FAILED,
};

/**
 * struct smcr_listener - what a listening socket needs
 * @accept_work: takes connections from the TCP listener; each queued
 *	instance holds a reference to the socket
 * @lock: guards the rest; leaf, process context only
 * @ready: accepted sockets whose handshake is over, by smcr_sock.accept_node
 * @deferred: those that TCP_DEFER_ACCEPT still keeps back, likewise
 * @ready_count: entries in @ready
 * @handshakes: accepted sockets in handshake
 */
struct smcr_listener {
	struct delayed_work accept_work;
	spinlock_t lock;	/* guards what follows */
	struct list_head ready;
	struct list_head deferred;
	int ready_count;
	int handshakes;
};

/**
 * struct smcr_clc_callbacks - callbacks of the TCP socket that we replaced
 *
 * Written under the TCP socket's sk_callback_lock; the functions stay known
 * after @is_hooked is false again, as children are cloned from listeners.
 */
struct smcr_clc_callbacks {
	void (*state_change)(struct sock *sk);
	void (*data_ready)(struct sock *sk);
	void (*error_report)(struct sock *sk);
	bool is_hooked;
};

/**
 * struct smcr_mirror - SOL_SOCKET options as last copied to the TCP socket
 *
 * TCP sets some of these itself, so only what the application changes on
 * the outer socket is copied.
 */
struct smcr_mirror {
	unsigned long flags;
	unsigned long lingertime;
	long sndtimeo;
	long rcvtimeo;
	int bound_dev_if;
	int sndbuf;
	int rcvbuf;
	u32 mark;
	u32 priority;
	u8 reuse;
	u8 reuseport;
};

/**
 * struct smcr_sock - an AF_SMC socket
 * @sk: first; freed after an RCU grace period
 * @as_tcp: what the core may read and write of a socket of an INET family, be
 *	it that it was made as one or that it fell back, see fallback.c
 * @clcsock: the TCP socket inside; const from creation, or conversion, until
 *	release
 * @mode: changed under the socket lock, by smcr_hs_set_mode()
 * @role: server for accepted sockets
 * @conn: valid in mode SMC; read under the socket lock, by poll under RCU
 * @shut_early: RCV_SHUTDOWN, SEND_SHUTDOWN: by shutdown() during the handshake
 * @calls: calls that use @conn and may sleep without the socket lock
 * @hs_work: runs a handshake; each queued instance holds a reference
 * @saved: callbacks of @clcsock
 * @mirror: what smcr_hs_sync_options() copied last
 * @parent: the listener of an accepted socket in handshake, referenced
 * @accept_node: in a list of parent's listener: ready or deferred
 * @listener: valid in mode LISTEN
 * @limit_hs: as listener, take connections by TCP when many are in handshake
 * @defer_secs: TCP_DEFER_ACCEPT: an accepted socket waits for data this long
 * @is_deferred: in that wait
 * @fallback_reason: why mode is TCP
 * @peer_diagnosis: what the peer's DECLINE said
 * @mirrored_err: error of @clcsock last shown in sk->sk_err
 * @family: that it was made with; const, while sk->sk_family becomes TCP's
 * @serial: its number in the order of creation; const
 * @node: in the tree of all sockets, by @serial
 * @inet6: what the core keeps for a socket of family AF_INET6; last, as old
 *	kernels look for it at the end
 */
struct smcr_sock {
	union {
		struct sock sk;
		struct tcp_sock as_tcp;
	};
	struct socket *clcsock;
	enum smcr_mode mode;
	enum smcr_role role;
	struct smcr_conn *conn;
	u8 shut_early;
	u32 calls;
	struct delayed_work hs_work;
	struct smcr_clc_callbacks saved;
	struct smcr_mirror mirror;
	struct smcr_sock *parent;
	struct list_head accept_node;
	struct smcr_listener listener;
	bool limit_hs;
	int defer_secs;
	bool is_deferred;
	enum smcr_decline fallback_reason;
	u32 peer_diagnosis;
	int mirrored_err;
	u16 family;
	u64 serial;
	struct rb_node node;
#if IS_ENABLED(CONFIG_IPV6)
	struct ipv6_pinfo inet6;
#endif
};

static inline struct smcr_sock *smcr_sk(const struct sock *sk)
{
	return (struct smcr_sock *)sk;
}

/**
 * smcr_mode() - mode of a socket, for readers without the socket lock
 * @smc: the socket
 *
 * Return: the mode; pairs with smcr_hs_set_mode().
 */
static inline enum smcr_mode smcr_mode(const struct smcr_sock *smc)
{
	/* pairs with the release in smcr_hs_set_mode() */
	return smp_load_acquire(&smc->mode);
}

/**
 * struct smcr_hs_result - how a handshake ended
 * @err: negative errno: the connection is lost; 0: see the others
 * @reason: why the connection goes on over TCP
 * @version: of SMC, if it is used
 * @conn: the connection if SMC is used, owned by whoever has the result
 */
struct smcr_hs_result {
	int err;
	enum smcr_decline reason;
	u8 version;
	struct smcr_conn *conn;
};

/* hs.c: the common part */
extern const struct smcr_transport_ops *const *smcr_hs_transports;

int smcr_hs_init(const struct smcr_transport_ops *const *transports);
void smcr_hs_exit(void);
void smcr_hs_set_mode(struct smcr_sock *smc, enum smcr_mode mode);
void smcr_hs_prepare_sock(struct smcr_sock *smc);
void smcr_hs_queue(struct smcr_sock *smc, unsigned long delay);
void smcr_hs_queue_accept(struct smcr_sock *smc, unsigned long delay);
void smcr_hs_tcp_ended(struct smcr_sock *smc);
void smcr_hs_shutdown(struct smcr_sock *smc, int how);
void smcr_hs_lend_file(struct smcr_sock *smc);
void smcr_hs_take_file(struct smcr_sock *smc);
void smcr_hs_release_clcsock(struct smcr_sock *smc);
void smcr_hs_apply_result(struct smcr_sock *smc, struct smcr_hs_result *res);
void smcr_hs_hook(struct smcr_sock *smc);
void smcr_hs_hook_errors(struct smcr_sock *smc);
void smcr_hs_unhook(struct smcr_sock *smc);
void smcr_hs_copy_options(struct sock *to, const struct sock *from);
void smcr_hs_init_mirror(struct smcr_sock *smc);
void smcr_hs_sync_options(struct smcr_sock *smc);
enum smcr_decline smcr_hs_check_policy(const struct smcr_sock *smc);
struct mem_cgroup *smcr_hs_memcg(const struct smcr_sock *smc);
struct smcr_conn *smcr_hs_new_conn(struct smcr_sock *smc);
void smcr_hs_decline(struct smcr_sock *smc, struct smcr_hs_result *res,
		     enum smcr_decline reason, u8 version, long patience);

/* clc_io.c: messages on the TCP socket */
union smcr_clc_msg {
	struct smcr_clc_proposal proposal;
	struct smcr_clc_accept accept;
	struct smcr_clc_decline decline;
};

int smcr_clc_recv(struct smcr_sock *smc, enum smcr_clc_type expected,
		  long timeo, union smcr_clc_msg *msg, bool *declined);
int smcr_clc_send_proposal(struct smcr_sock *smc,
			   const struct smcr_clc_proposal *msg);
int smcr_clc_send_accept(struct smcr_sock *smc,
			 const struct smcr_clc_accept *msg);
int smcr_clc_send_decline(struct smcr_sock *smc, enum smcr_decline reason,
			  u8 version);

/* prefix.c: subnets of SMC version 1 */
bool smcr_prefix_fill(struct sock *clcsk, struct smcr_clc_proposal *prop);
bool smcr_prefix_match(struct sock *clcsk,
		       const struct smcr_clc_proposal *prop);

/* client.c, server.c: the two roles */
void smcr_hs_connect(struct smcr_sock *smc, struct smcr_hs_result *res);
void smcr_hs_serve(struct smcr_sock *smc, struct smcr_hs_result *res);

/* listen.c: listening sockets and their children */
void smcr_hs_listen_start(struct smcr_sock *smc);
void smcr_hs_listen_stop(struct smcr_sock *smc);
struct smcr_sock *smcr_hs_dequeue(struct smcr_sock *listener);
bool smcr_hs_has_ready(const struct smcr_sock *listener);
void smcr_hs_accept_work(struct work_struct *work);
void smcr_hs_child_work(struct smcr_sock *child);

/* sock.c: the socket object */
int smcr_hs_register_protos(void);
void smcr_hs_unregister_protos(void);
extern struct proto smcr_inet_proto;
extern struct proto smcr_inet6_proto;

int smcr_hs_create(struct net *net, struct socket *sock, int protocol,
		   int kern);
struct smcr_sock *smcr_hs_child_alloc(const struct smcr_sock *parent);
struct smcr_sock *smcr_hs_alloc_around(const struct sock *clcsk);
int smcr_hs_defer_secs(const struct sock *clcsk);
void smcr_hs_prepare_inet6(struct smcr_sock *smc);

/* snapshot.c: all sockets, for those who list them */
void smcr_hs_list_sock(struct smcr_sock *smc);

/* fallback.c */
void smcr_fb_switch(struct smcr_sock *smc, enum smcr_decline reason);
void smcr_fb_rule_out(struct smcr_sock *smc);
void smcr_fb_rcvlowat(struct smcr_sock *smc);
void smcr_fb_adopt_wait_queue(struct smcr_sock *smc);
void smcr_fb_errors_in(struct smcr_sock *smc);
void smcr_fb_errors_out(struct smcr_sock *smc, const struct sock *clcsk);

#endif
