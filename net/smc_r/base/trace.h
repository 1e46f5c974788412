/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints. The first four are those that existing scripts know
 * (userspace-abi.md 6.1): their names, fields and text may not change.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM smc

#if !defined(SMCR_BASE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SMCR_BASE_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

#include "../compat/compat.h"

TRACE_EVENT(smc_switch_to_fallback,
	TP_PROTO(const void *sk, const void *clcsk, u64 net_cookie, int reason),
	TP_ARGS(sk, clcsk, net_cookie, reason),
	TP_STRUCT__entry(
		__field(const void *, sk)
		__field(const void *, clcsk)
		__field(u64, net_cookie)
		__field(int, fallback_rsn)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->clcsk = clcsk;
		__entry->net_cookie = net_cookie;
		__entry->fallback_rsn = reason;
	),
	TP_printk("sk=%p clcsk=%p net=%llu fallback_rsn=%d",
		  __entry->sk, __entry->clcsk, __entry->net_cookie,
		  __entry->fallback_rsn)
);

/* once for each piece that is copied */
DECLARE_EVENT_CLASS(smc_msg_event,
	TP_PROTO(const void *smc, u64 net_cookie, size_t len, const char *name),
	TP_ARGS(smc, net_cookie, len, name),
	TP_STRUCT__entry(
		__field(const void *, smc)
		__field(u64, net_cookie)
		__field(size_t, len)
		__string(name, name)
	),
	TP_fast_assign(
		__entry->smc = smc;
		__entry->net_cookie = net_cookie;
		__entry->len = len;
		smcr_compat_assign_str(name, name);
	),
	TP_printk("smc=%p net=%llu len=%zu dev=%s",
		  __entry->smc, __entry->net_cookie, __entry->len,
		  __get_str(name))
);

DEFINE_EVENT(smc_msg_event, smc_tx_sendmsg,
	TP_PROTO(const void *smc, u64 net_cookie, size_t len, const char *name),
	TP_ARGS(smc, net_cookie, len, name)
);

DEFINE_EVENT(smc_msg_event, smc_rx_recvmsg,
	TP_PROTO(const void *smc, u64 net_cookie, size_t len, const char *name),
	TP_ARGS(smc, net_cookie, len, name)
);

TRACE_EVENT(smcr_link_down,
	TP_PROTO(const void *lnk, const void *lgr, u64 net_cookie, int state,
		 const char *name, const void *location),
	TP_ARGS(lnk, lgr, net_cookie, state, name, location),
	TP_STRUCT__entry(
		__field(const void *, lnk)
		__field(const void *, lgr)
		__field(u64, net_cookie)
		__field(int, state)
		__string(name, name)
		__field(const void *, location)
	),
	TP_fast_assign(
		__entry->lnk = lnk;
		__entry->lgr = lgr;
		__entry->net_cookie = net_cookie;
		__entry->state = state;
		smcr_compat_assign_str(name, name);
		__entry->location = location;
	),
	TP_printk("lnk=%p lgr=%p net=%llu state=%d dev=%s location=%pS",
		  __entry->lnk, __entry->lgr, __entry->net_cookie,
		  __entry->state, __get_str(name), __entry->location)
);

/* the first contact of a group is over */
TRACE_EVENT(smcr_link_up,
	TP_PROTO(const void *lnk, const void *lgr, u64 net_cookie,
		 const char *name),
	TP_ARGS(lnk, lgr, net_cookie, name),
	TP_STRUCT__entry(
		__field(const void *, lnk)
		__field(const void *, lgr)
		__field(u64, net_cookie)
		__string(name, name)
	),
	TP_fast_assign(
		__entry->lnk = lnk;
		__entry->lgr = lgr;
		__entry->net_cookie = net_cookie;
		smcr_compat_assign_str(name, name);
	),
	TP_printk("lnk=%p lgr=%p net=%llu dev=%s",
		  __entry->lnk, __entry->lgr, __entry->net_cookie,
		  __get_str(name))
);

/* @err: the connection is lost; @reason: it goes on over TCP; else it uses SMC */
TRACE_EVENT(smcr_handshake,
	TP_PROTO(const void *sk, u64 net_cookie, bool is_server, int version,
		 int err, unsigned int reason),
	TP_ARGS(sk, net_cookie, is_server, version, err, reason),
	TP_STRUCT__entry(
		__field(const void *, sk)
		__field(u64, net_cookie)
		__field(bool, is_server)
		__field(int, version)
		__field(int, err)
		__field(unsigned int, reason)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->net_cookie = net_cookie;
		__entry->is_server = is_server;
		__entry->version = version;
		__entry->err = err;
		__entry->reason = reason;
	),
	TP_printk("sk=%p net=%llu role=%s version=%d err=%d reason=0x%08x",
		  __entry->sk, __entry->net_cookie,
		  __entry->is_server ? "server" : "client", __entry->version,
		  __entry->err, __entry->reason)
);

#endif

/* found by an include path of trace.o */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
