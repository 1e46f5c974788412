// SPDX-License-Identifier: GPL-2.0
/* CLC messages on the TCP socket (wire.md 2.1). */
#include "hs.h"

#include <linux/slab.h>
#include <linux/uio.h>
#include <net/tcp.h>

#include "../base/peer_id.h"

/* one kmalloc holds the raw and the decoded form */
struct rx_buf {
	u8 raw[SMCR_CLC_MAX_LEN];
	union smcr_clc_msg msg;
};

/* reads one message: until when, and how much has come */
struct reader {
	struct smcr_sock *smc;
	unsigned long deadline;
	size_t got;
};

/* without @buf, the bytes are dropped */
static int read_some(struct reader *r, u8 *buf, size_t len)
{
	int flags = buf ? MSG_WAITALL : MSG_WAITALL | MSG_TRUNC;
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct socket *clcsock = r->smc->clcsock;
	long left = r->deadline - jiffies;
	struct msghdr msg = {};
	int ret;

	if (left <= 0)
		return -ETIMEDOUT;
	WRITE_ONCE(clcsock->sk->sk_rcvtimeo, left);
	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, len);
	/* whether the program may was asked of the socket outside */
	ret = clcsock->ops->recvmsg(clcsock, &msg, len, flags);
	if (ret == -EAGAIN)
		return -ETIMEDOUT;
	return ret ?: -ECONNRESET;
}

/* TCP returns less than was asked for at an end, too: the next call tells */
static int read_exactly(struct reader *r, u8 *buf, size_t len)
{
	size_t at = 0;

	while (at < len) {
		int ret = read_some(r, buf ? buf + at : NULL, len - at);

		if (ret < 0)
			return ret;
		at += ret;
		r->got += ret;
	}
	return 0;
}

static int decode(const struct smcr_clc_hdr *hdr, enum smcr_clc_type expected,
		  struct rx_buf *buf, size_t len)
{
	if (hdr->type == SMCR_CLC_DECLINE)
		return smcr_clc_decode_decline(buf->raw, len,
					       &buf->msg.decline);
	if (hdr->type != expected)
		return -EPROTO;
	if (expected == SMCR_CLC_PROPOSAL)
		return smcr_clc_decode_proposal(buf->raw, len,
						&buf->msg.proposal);
	return smcr_clc_decode_accept(buf->raw, len, &buf->msg.accept);
}

static int receive(struct reader *r, enum smcr_clc_type expected,
		   struct rx_buf *buf, struct smcr_clc_hdr *hdr)
{
	size_t len;
	int ret;

	ret = read_exactly(r, buf->raw, SMCR_CLC_HDR_LEN);
	if (ret)
		return ret;
	ret = smcr_clc_decode_hdr(buf->raw, SMCR_CLC_HDR_LEN, hdr);
	if (ret)
		return -EPROTO;
	if (hdr->len < SMCR_CLC_HDR_LEN)
		return -EPROTO;
	/* later releases may say more than we want to know */
	len = min_t(size_t, hdr->len, SMCR_CLC_MAX_LEN);
	ret = read_exactly(r, buf->raw + SMCR_CLC_HDR_LEN,
			   len - SMCR_CLC_HDR_LEN);
	if (!ret)
		ret = read_exactly(r, NULL, hdr->len - len);
	if (ret)
		return ret;
	return decode(hdr, expected, buf, len) ? -EPROTO : 0;
}

/**
 * smcr_clc_recv() - wait for a message
 * @smc: the socket
 * @expected: the type that is due; a DECLINE may come instead
 * @timeo: jiffies to wait at most, for all of the message
 * @msg: the decoded message; NULL if only a DECLINE is waited for
 * @declined: set if the message is a DECLINE; its diagnosis is then in
 *	smc->peer_diagnosis
 *
 * Consumes exactly one message: what follows is the application's. Who only
 * waits for a DECLINE may go on when none came, but not behind half of one,
 * whose rest would be taken for data: that is -EPROTO.
 *
 * Context: process, sleeps.
 * Return: 0, -ETIMEDOUT, -ECONNRESET when the peer closed, -EPROTO for a
 * malformed or unexpected message, -ENOMEM, or TCP's error.
 */
int smcr_clc_recv(struct smcr_sock *smc, enum smcr_clc_type expected,
		  long timeo, union smcr_clc_msg *msg, bool *declined)
{
	struct sock *clcsk = smc->clcsock->sk;
	struct rx_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	struct reader r = { .smc = smc, .deadline = jiffies + timeo };
	struct smcr_clc_hdr hdr;
	int ret;

	*declined = false;
	if (!buf)
		return -ENOMEM;
	ret = receive(&r, expected, buf, &hdr);
	WRITE_ONCE(clcsk->sk_rcvtimeo, READ_ONCE(smc->sk.sk_rcvtimeo));
	if (ret == -ETIMEDOUT && r.got && !msg)
		ret = -EPROTO;
	if (ret)
		goto free;
	if (hdr.type == SMCR_CLC_DECLINE) {
		*declined = true;
		WRITE_ONCE(smc->peer_diagnosis, buf->msg.decline.diagnosis);
	}
	if (msg)
		*msg = buf->msg;
free:
	kfree(buf);
	return ret;
}

static bool is_corked(const struct sock *clcsk)
{
	/* TCP changes what is beside it */
	return data_race(tcp_sk(clcsk)->nonagle & TCP_NAGLE_CORK);
}

/* TCP_CORK holds the application's bytes back, not ours; it may end meanwhile */
static void push_corked(struct smcr_sock *smc)
{
	struct sock *clcsk = smc->clcsock->sk;

	if (!is_corked(clcsk))
		return;
	lock_sock(&smc->sk);
	if (is_corked(clcsk)) {
		tcp_sock_set_cork(clcsk, false);
		tcp_sock_set_cork(clcsk, true);
	}
	release_sock(&smc->sk);
}

/* a single send, so that the message leaves in one piece */
static int send_raw(struct smcr_sock *smc, u8 *raw, int len)
{
	struct kvec vec = { .iov_base = raw, .iov_len = len };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	int ret;

	if (WARN_ON_ONCE(len < 0))
		return len;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	ret = smc->clcsock->ops->sendmsg(smc->clcsock, &msg, len);
	if (ret < 0)
		return ret;
	push_corked(smc);
	return ret == len ? 0 : -ECONNRESET;
}

/**
 * smcr_clc_send_proposal() - send a PROPOSAL
 * @smc: the socket
 * @msg: what to send
 *
 * Context: process, may sleep; takes the socket lock if TCP_CORK is set.
 * Return: 0, -ENOMEM or TCP's error.
 */
int smcr_clc_send_proposal(struct smcr_sock *smc,
			   const struct smcr_clc_proposal *msg)
{
	u8 *raw = kmalloc(SMCR_CLC_MAX_LEN, GFP_KERNEL);
	int ret;

	if (!raw)
		return -ENOMEM;
	ret = smcr_clc_encode_proposal(msg, raw, SMCR_CLC_MAX_LEN);
	ret = send_raw(smc, raw, ret);
	kfree(raw);
	return ret;
}

/**
 * smcr_clc_send_accept() - send an ACCEPT or a CONFIRM
 * @smc: the socket
 * @msg: what to send
 *
 * Context: process, may sleep; takes the socket lock if TCP_CORK is set.
 * Return: 0, -ENOMEM or TCP's error.
 */
int smcr_clc_send_accept(struct smcr_sock *smc,
			 const struct smcr_clc_accept *msg)
{
	u8 *raw = kmalloc(SMCR_CLC_MAX_LEN, GFP_KERNEL);
	int ret;

	if (!raw)
		return -ENOMEM;
	ret = smcr_clc_encode_accept(msg, raw, SMCR_CLC_MAX_LEN);
	ret = send_raw(smc, raw, ret);
	kfree(raw);
	return ret;
}

/**
 * smcr_clc_send_decline() - send a DECLINE
 * @smc: the socket
 * @reason: diagnosis
 * @version: SMC version of the handshake
 *
 * Context: process, may sleep; takes the socket lock if TCP_CORK is set.
 * Return: 0 or TCP's error.
 */
int smcr_clc_send_decline(struct smcr_sock *smc, enum smcr_decline reason,
			  u8 version)
{
	struct smcr_clc_decline msg = {
		.version = version,
		.is_out_of_sync = reason == SMCR_DECLINE_SYNC,
		.diagnosis = reason,
		.os = version > 1 ? SMCR_CLC_OS_LINUX : 0,
	};
	u8 raw[64];

	smcr_peer_id_copy(sock_net(&smc->sk)->net_cookie, msg.peer_id);
	return send_raw(smc, raw,
			smcr_clc_encode_decline(&msg, raw, sizeof(raw)));
}
