// SPDX-License-Identifier: GPL-2.0
/* The client's side of the handshake (wire.md 2.1, 6.12). */
#include "hs.h"

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../base/eid.h"
#include "../compat/tcp_option.h"

/* PROPOSAL out, ACCEPT in, CONFIRM out: too large for the stack */
struct client_msgs {
	struct smcr_clc_proposal proposal;
	union smcr_clc_msg reply;
	struct smcr_clc_accept confirm;
};

/*
 * Of a DECLINE in place of the PROPOSAL: nothing is known of the server, and
 * this form is what all understand (wire.md 2.8).
 */
#define EARLY_VERSION	1

/* no user EID, no version 2; no IP prefix, no version 1 */
static enum smcr_decline fill_proposal(struct smcr_sock *smc,
				       struct smcr_clc_proposal *prop)
{
	const struct smcr_transport_ops *const *ops;
	enum smcr_decline reason = smcr_hs_check_policy(smc);
	struct sock *clcsk = smc->clcsock->sk;

	if (reason)
		return reason;
	prop->version = 2;
	prop->typev1 = SMCR_CLC_MODE_NONE;
	prop->typev2 = SMCR_CLC_MODE_NONE;
	prop->has_smcd_area = true;
	prop->release = 1;
	prop->eid_count = smcr_eid_copy_all(prop->eid);
	prop->has_v2 = prop->eid_count;
	prop->has_ip = smcr_prefix_fill(clcsk, prop);
	if (!prop->has_v2 && !prop->has_ip)
		return SMCR_DECLINE_CONFIG;
	for (ops = smcr_hs_transports; *ops; ops++)
		(*ops)->offer(clcsk, prop);
	prop->has_v2 = prop->typev2 != SMCR_CLC_MODE_NONE;
	prop->has_ip = prop->typev1 != SMCR_CLC_MODE_NONE;
	return prop->has_v2 || prop->has_ip ? SMCR_DECLINE_NONE :
					      SMCR_DECLINE_NO_DEVICE;
}

static bool is_offered(const struct smcr_clc_proposal *prop,
		       const struct smcr_clc_accept *accept)
{
	u8 offer = accept->version > 1 ? prop->typev2 : prop->typev1;

	return offer == accept->mode || offer == SMCR_CLC_MODE_BOTH;
}

static const struct smcr_transport_ops *find_transport(u8 mode)
{
	const struct smcr_transport_ops *const *ops;

	for (ops = smcr_hs_transports; *ops; ops++)
		if ((*ops)->mode == mode)
			return *ops;
	return NULL;
}

/* wire.md 2.6, step 3, and the checks of 2.10 */
static enum smcr_decline check_accept(const struct smcr_clc_proposal *prop,
				      const struct smcr_clc_accept *accept)
{
	const struct smcr_clc_fce *fce = &accept->fce;

	if (!is_offered(prop, accept))
		return SMCR_DECLINE_MODE;
	if (accept->version < 2)
		return SMCR_DECLINE_NONE;
	if (!smcr_eid_is_ours(accept->eid))
		return SMCR_DECLINE_MODE;
	if (!accept->is_first_contact)
		return SMCR_DECLINE_NONE;
	if (!accept->has_fce || fce->release > prop->release)
		return SMCR_DECLINE_RELEASE;
	if (fce->release && (fce->max_conns < 16 ||
			     fce->max_conns > prop->max_conns))
		return SMCR_DECLINE_MAX_CONNS;
	if (fce->release && (!fce->max_links ||
			     fce->max_links > prop->max_links))
		return SMCR_DECLINE_MAX_LINKS;
	return SMCR_DECLINE_NONE;
}

static enum smcr_decline join(struct smcr_sock *smc, struct client_msgs *msgs,
			      struct smcr_conn **conn)
{
	const struct smcr_clc_accept *accept = &msgs->reply.accept;
	const struct smcr_transport_ops *ops = find_transport(accept->mode);
	enum smcr_decline reason;
	struct mem_cgroup *old;

	reason = check_accept(&msgs->proposal, accept);
	if (reason)
		return reason;
	old = set_active_memcg(smcr_hs_memcg(smc));
	*conn = smcr_hs_new_conn(smc);
	reason = SMCR_DECLINE_MEMORY;
	if (*conn)
		reason = ops->join(&(*conn)->path, smc->clcsock->sk, accept,
				   &msgs->confirm);
	set_active_memcg(old);
	return reason;
}

static void exchange(struct smcr_sock *smc, struct client_msgs *msgs,
		     struct smcr_hs_result *res)
{
	enum smcr_decline reason;
	bool declined;

	reason = fill_proposal(smc, &msgs->proposal);
	if (reason) {
		smcr_hs_decline(smc, res, reason, EARLY_VERSION, 0);
		return;
	}
	res->err = smcr_clc_send_proposal(smc, &msgs->proposal);
	if (res->err)
		return;
	res->err = smcr_clc_recv(smc, SMCR_CLC_ACCEPT, SMCR_HS_CLC_TIMEOUT,
				 &msgs->reply, &declined);
	if (res->err)
		return;
	if (declined) {
		res->reason = SMCR_DECLINE_PEER_DECLINED;
		return;
	}
	res->version = msgs->reply.accept.version;
	reason = join(smc, msgs, &res->conn);
	if (reason) {
		smcr_hs_decline(smc, res, reason, res->version, 0);
		return;
	}
	res->err = smcr_clc_send_accept(smc, &msgs->confirm);
	if (res->err) {
		smcr_conn_abandon(res->conn, true);
		res->conn = NULL;
		return;
	}
	reason = res->conn->path.ops->finish_client(&res->conn->path);
	if (reason)
		smcr_hs_decline(smc, res, reason, res->version,
				SMCR_HS_CLIENT_PATIENCE);
}

/**
 * smcr_hs_connect() - the handshake of a connecting socket
 * @smc: its TCP socket is established
 * @res: zeroed; filled in
 *
 * Context: process, sleeps for a bounded time.
 */
void smcr_hs_connect(struct smcr_sock *smc, struct smcr_hs_result *res)
{
	struct client_msgs *msgs;

	if (!smcr_tcp_option_agreed(smc->clcsock->sk)) {
		res->reason = SMCR_DECLINE_PEER_NO_SMC;
		return;
	}
	/* the ACK of ACCEPT goes along with CONFIRM */
	tcp_sock_set_quickack(smc->clcsock->sk, 0);
	msgs = kzalloc(sizeof(*msgs), GFP_KERNEL);
	if (!msgs) {
		smcr_hs_decline(smc, res, SMCR_DECLINE_MEMORY, EARLY_VERSION,
				0);
		return;
	}
	exchange(smc, msgs, res);
	kfree(msgs);
}
