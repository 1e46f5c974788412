// SPDX-License-Identifier: GPL-2.0
/* The server's side of the handshake (wire.md 2.10, 6.12). */
#include "hs.h"

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../base/eid.h"

/*
 * PROPOSAL or CONFIRM in, ACCEPT out: too large for the stack. A DECLINE of
 * ours has the version of the PROPOSAL, whatever was chosen (wire.md 2.8).
 */
struct server_msgs {
	u8 version;
	union smcr_clc_msg in;
	struct smcr_clc_accept accept;
};

static enum smcr_decline ask_transports(struct smcr_sock *smc,
					const struct smcr_clc_proposal *prop,
					struct smcr_clc_accept *accept,
					struct smcr_path *path)
{
	const struct smcr_transport_ops *const *ops;
	enum smcr_decline first = SMCR_DECLINE_NONE;

	for (ops = smcr_hs_transports; *ops; ops++) {
		enum smcr_decline reason;

		reason = (*ops)->select(path, smc->clcsock->sk, prop, accept);
		if (!reason)
			return SMCR_DECLINE_NONE;
		if (!first)
			first = reason;
	}
	return first;
}

static enum smcr_decline select_v2(struct smcr_sock *smc,
				   const struct smcr_clc_proposal *prop,
				   struct smcr_clc_accept *accept,
				   struct smcr_path *path)
{
	const u8 *eid;

	if (prop->version < 2 || prop->typev2 == SMCR_CLC_MODE_NONE)
		return SMCR_DECLINE_NO_DEVICE;
	if (!prop->eid_count)
		return SMCR_DECLINE_NO_UEID;
	eid = smcr_eid_choose(prop->eid, prop->eid_count);
	if (!eid)
		return SMCR_DECLINE_NO_DEVICE;
	accept->version = 2;
	memcpy(accept->eid, eid, SMCR_EID_LEN);
	return ask_transports(smc, prop, accept, path);
}

static enum smcr_decline select_v1(struct smcr_sock *smc,
				   const struct smcr_clc_proposal *prop,
				   struct smcr_clc_accept *accept,
				   struct smcr_path *path)
{
	if (prop->typev1 == SMCR_CLC_MODE_NONE)
		return SMCR_DECLINE_NO_DEVICE;
	if (!smcr_prefix_match(smc->clcsock->sk, prop))
		return SMCR_DECLINE_PREFIX;
	accept->version = 1;
	return ask_transports(smc, prop, accept, path);
}

/* the first failure that says something is what the peer is told */
static enum smcr_decline select(struct smcr_sock *smc,
				const struct smcr_clc_proposal *prop,
				struct smcr_clc_accept *accept,
				struct smcr_path *path)
{
	enum smcr_decline v1, v2;

	if (prop->typev1 == SMCR_CLC_MODE_NONE &&
	    prop->typev2 == SMCR_CLC_MODE_NONE)
		return SMCR_DECLINE_PEER_NO_SMC;
	accept->type = SMCR_CLC_ACCEPT;
	v2 = select_v2(smc, prop, accept, path);
	if (!v2)
		return SMCR_DECLINE_NONE;
	v1 = select_v1(smc, prop, accept, path);
	return v1 && v2 != SMCR_DECLINE_NO_DEVICE ? v2 : v1;
}

static enum smcr_decline answer(struct smcr_sock *smc,
				struct server_msgs *msgs,
				struct smcr_conn **conn)
{
	enum smcr_decline reason = smcr_hs_check_policy(smc);
	struct mem_cgroup *old;

	if (reason)
		return reason;
	old = set_active_memcg(smcr_hs_memcg(smc));
	*conn = smcr_hs_new_conn(smc);
	reason = SMCR_DECLINE_MEMORY;
	if (*conn)
		reason = select(smc, &msgs->in.proposal, &msgs->accept,
				&(*conn)->path);
	set_active_memcg(old);
	return reason;
}

/* wire.md 2.6, step 4: limits and release come back as they went out */
static enum smcr_decline check_confirm(const struct smcr_clc_accept *accept,
				       const struct smcr_clc_accept *confirm)
{
	const struct smcr_clc_fce *sent = &accept->fce;
	const struct smcr_clc_fce *got = &confirm->fce;

	if (confirm->mode != accept->mode ||
	    confirm->version != accept->version)
		return SMCR_DECLINE_MODE;
	if (!accept->is_first_contact || accept->version < 2)
		return SMCR_DECLINE_NONE;
	if (!confirm->has_fce || got->release != sent->release)
		return SMCR_DECLINE_RELEASE;
	if (sent->release && got->max_conns != sent->max_conns)
		return SMCR_DECLINE_MAX_CONNS;
	if (sent->release && got->max_links != sent->max_links)
		return SMCR_DECLINE_MAX_LINKS;
	return SMCR_DECLINE_NONE;
}

static void give_up(struct smcr_hs_result *res, bool lost)
{
	smcr_conn_abandon(res->conn, lost);
	res->conn = NULL;
}

/* a client may have lost its own patience while we were slow */
static long patience(enum smcr_decline reason)
{
	return reason == SMCR_DECLINE_CONFIRM_LINK_TIMEOUT ?
	       SMCR_HS_SERVER_PATIENCE : 1;
}

/*
 * A client that has confirmed a later contact looks at TCP no more. That its
 * link group has ended it knows; that we cannot write, it learns by an abort.
 */
static bool is_beyond_decline(const struct smcr_path *path,
			      enum smcr_decline reason)
{
	return reason == SMCR_DECLINE_RTOKENS && path->peer_size;
}

static void break_off(struct smcr_hs_result *res)
{
	smcr_conn_close(res->conn, true);
	res->conn = NULL;
	res->err = -ECONNRESET;
}

static void confirm_phase(struct smcr_sock *smc, struct server_msgs *msgs,
			  struct smcr_hs_result *res)
{
	struct smcr_path *path = &res->conn->path;
	enum smcr_decline reason;
	bool declined;

	res->err = smcr_clc_recv(smc, SMCR_CLC_CONFIRM, SMCR_HS_CLC_TIMEOUT,
				 &msgs->in, &declined);
	if (res->err) {
		give_up(res, true);
		return;
	}
	if (declined) {
		if (msgs->in.decline.is_out_of_sync)
			path->ops->desync(path);
		res->reason = SMCR_DECLINE_PEER_DECLINED;
		/* a client writes behind its CONFIRM only */
		give_up(res, false);
		return;
	}
	res->version = msgs->accept.version;
	reason = check_confirm(&msgs->accept, &msgs->in.accept);
	if (!reason)
		reason = path->ops->finish_server(path, &msgs->in.accept);
	if (!reason)
		return;
	if (is_beyond_decline(path, reason))
		break_off(res);
	else
		smcr_hs_decline(smc, res, reason, msgs->version,
				patience(reason));
}

static void exchange(struct smcr_sock *smc, struct server_msgs *msgs,
		     struct smcr_hs_result *res)
{
	enum smcr_decline reason;
	bool declined;

	res->err = smcr_clc_recv(smc, SMCR_CLC_PROPOSAL, SMCR_HS_CLC_TIMEOUT,
				 &msgs->in, &declined);
	if (res->err)
		return;
	if (declined) {
		res->reason = SMCR_DECLINE_PEER_DECLINED;
		return;
	}
	msgs->version = msgs->in.proposal.version;
	reason = answer(smc, msgs, &res->conn);
	if (reason) {
		smcr_hs_decline(smc, res, reason, msgs->version, 0);
		return;
	}
	res->err = smcr_clc_send_accept(smc, &msgs->accept);
	if (res->err) {
		give_up(res, true);
		return;
	}
	confirm_phase(smc, msgs, res);
}

/**
 * smcr_hs_serve() - the handshake of an accepted socket
 * @smc: its TCP socket is established and agreed on SMC
 * @res: zeroed; filled in
 *
 * Context: process, sleeps for a bounded time.
 */
void smcr_hs_serve(struct smcr_sock *smc, struct smcr_hs_result *res)
{
	struct server_msgs *msgs = kzalloc(sizeof(*msgs), GFP_KERNEL);

	if (!msgs) {
		smcr_hs_decline(smc, res, SMCR_DECLINE_MEMORY, 2, 0);
		return;
	}
	exchange(smc, msgs, res);
	kfree(msgs);
}
