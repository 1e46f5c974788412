// SPDX-License-Identifier: GPL-2.0
/* How a connection ends (wire.md section 9). */
#include "close.h"

/**
 * smcr_close_local() - the application did something
 * @c: progress
 * @event: what
 */
void smcr_close_local(struct smcr_close *c, enum smcr_close_event event)
{
	switch (event) {
	case SMCR_CLOSE_SHUT_WR:
		c->want |= SMCR_CDC_DONE_WRITING;
		break;
	case SMCR_CLOSE_CLOSE:
		/* once a final flag is decided on, it does not change */
		if (!(c->want & SMCR_CLOSE_FINAL))
			c->want |= SMCR_CDC_CLOSED;
		break;
	case SMCR_CLOSE_RESET:
		if (!(c->sent & SMCR_CLOSE_FINAL)) {
			c->want &= ~SMCR_CDC_CLOSED;
			c->want |= SMCR_CDC_ABORT;
		}
		break;
	}
}

/**
 * smcr_close_remote() - a CDC message with state flags came
 * @c: progress
 * @flags: connection state flags of the message; unknown bits are ignored
 *
 * Return: the flags that are news.
 */
u8 smcr_close_remote(struct smcr_close *c, u8 flags)
{
	u8 news = flags & SMCR_CLOSE_FLAGS & ~c->rcvd;

	if (news && !c->rcvd && !c->sent)
		c->is_passive = true;
	WRITE_ONCE(c->rcvd, c->rcvd | news);
	return news;
}

/**
 * smcr_close_due() - which flags go out with the next message?
 * @c: progress
 * @is_drained: all data that the application wrote is in the peer's ring
 *
 * An abort does not wait for data. Nor does a close after the peer's: there
 * is nobody left to read. Neither says that all was written, if that was not
 * said before: the peer would take what it has for the whole stream.
 *
 * Return: all state flags to send, those sent before included; equal to
 * c->sent when nothing is due.
 */
u8 smcr_close_due(const struct smcr_close *c, bool is_drained)
{
	if (c->want & SMCR_CDC_ABORT)
		return c->sent | SMCR_CDC_ABORT;
	if (is_drained)
		return c->sent | c->want;
	if ((c->rcvd & SMCR_CLOSE_FINAL) && (c->want & SMCR_CLOSE_FINAL))
		return c->sent | SMCR_CDC_ABORT;
	return c->sent;
}

static enum smcr_state active_state(const struct smcr_close *c)
{
	if (c->rcvd & SMCR_CDC_CLOSED)
		return SMCR_APPFINCLOSEWAIT;
	if (c->rcvd & SMCR_CDC_DONE_WRITING)
		return SMCR_PEERCLOSEWAIT2;
	return SMCR_PEERCLOSEWAIT1;
}

/**
 * smcr_close_state() - the RFC's name for where we are
 * @c: progress
 *
 * What counts is what our side decided on, not whether it is on the wire
 * already, as the application cannot take it back.
 *
 * Return: the state; SMCR_INIT and SMCR_LISTEN are the socket's business.
 */
enum smcr_state smcr_close_state(const struct smcr_close *c)
{
	u8 own = c->want | c->sent;

	if (c->rcvd & SMCR_CDC_ABORT)
		return own & SMCR_CLOSE_FINAL ? SMCR_CLOSED : SMCR_PROCESSABORT;
	if (own & SMCR_CLOSE_FINAL) {
		if (c->rcvd & SMCR_CDC_CLOSED)
			return SMCR_CLOSED;
		if (own & SMCR_CDC_ABORT)
			return SMCR_PEERABORTWAIT;
		return c->is_passive ? SMCR_PEERFINCLOSEWAIT : active_state(c);
	}
	if (own & SMCR_CDC_DONE_WRITING)
		return c->is_passive ? SMCR_APPCLOSEWAIT2 : active_state(c);
	return c->rcvd ? SMCR_APPCLOSEWAIT1 : SMCR_ACTIVE;
}
