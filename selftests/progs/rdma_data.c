// SPDX-License-Identifier: GPL-2.0
/* rdmapeer: data, and how a connection ends. */
#include "rdma_play.h"

#include "imm.h"
#include "obey.h"

/* what our own memory holds before something of the other side's may come */
#define MARK	0x5a

static bool send_news(struct play *p)
{
	play_load_cdc(p);
	return play_send(p, p->msg, p->len);
}

static uint64_t room(const struct conn *conn)
{
	return play_ring_size(conn) - (conn->prod - conn->peer_cons);
}

/* the other side's ring, as the link knows it */
static const struct place *place(const struct play *p)
{
	return &p->conn->places[p->link - p->links];
}

static uint64_t address(const struct conn *conn, const struct place *place, uint64_t at)
{
	return place->vaddr + (uint64_t)(conn->peer.rmbe_idx - 1) * play_ring_size(conn) + at;
}

static bool has_link(struct play *p)
{
	return (p->link->qp && !p->is_dead) || play_fail(p, "there is no link");
}

static bool write_bytes(struct play *p, uint64_t at, uint32_t key, size_t len, const uint32_t *imm)
{
	const struct conn *conn = p->conn;

	if (!has_link(p))
		return false;
	return rdma_link_write(p->link, address(conn, place(p), at), place(p)->rkey + key, len,
			       imm) ||
	       play_fail(p, "cannot write");
}

static void fill_out(struct play *p, const uint8_t *bytes, size_t len)
{
	size_t i;

	rdma_link_flush(p->link, PATIENCE * 1000);
	for (i = 0; i < len; i++)
		p->link->out[i] = bytes ? bytes[i] : obey_byte(p->conn->put++);
}

/* write what the ring has room for, up to its end; 0 if something is wrong */
static size_t write_some(struct play *p, const uint8_t *bytes, size_t len, bool is_plain)
{
	const long long end_us = play_deadline(PATIENCE);
	struct conn *conn = p->conn;
	uint32_t imm;

	while (!room(conn)) {
		if (!play_pump(p))
			return 0;
		if (now_us() > end_us) {
			play_fail(p, "no room for %zu bytes", len);
			return 0;
		}
		play_step();
	}
	if (len > room(conn))
		len = room(conn);
	if (len > play_ring_size(conn) - conn->prod % play_ring_size(conn))
		len = play_ring_size(conn) - conn->prod % play_ring_size(conn);
	if (len > RDMA_SEND_MAX)
		len = RDMA_SEND_MAX;
	fill_out(p, bytes, len);
	imm = smcr_imm_make(conn->peer.token, false, (uint32_t)len);
	if (!write_bytes(p, conn->prod % play_ring_size(conn), 0, len, is_plain ? &imm : NULL))
		return 0;
	conn->prod += len;
	if (is_plain)
		conn->seq++;
	return is_plain || send_news(p) ? len : 0;
}

static bool write_all(struct play *p, const uint8_t *bytes, size_t len, bool is_plain)
{
	while (len) {
		size_t n = write_some(p, bytes, len, is_plain);

		if (!n)
			return false;
		if (bytes)
			bytes += n;
		len -= n;
	}
	return true;
}

bool cmd_put(struct play *p, const struct rdma_command *cmd)
{
	return write_all(p, NULL, play_number(p, cmd, 1, 0), strcmp(cmd->word[0], "plain") == 0);
}

bool cmd_bundled(struct play *p, const struct rdma_command *cmd)
{
	size_t len = play_number(p, cmd, 1, 0);

	play_load_bundle(p, len);
	p->conn->put += len;
	p->conn->prod += len;
	p->conn->seq++;
	return play_send(p, p->msg, p->len);
}

bool cmd_order(struct play *p, const struct rdma_command *cmd)
{
	const uint8_t head[OBEY_HEAD] = {
		(uint8_t)cmd->word[1][0], (uint8_t)play_number(p, cmd, 2, 0),
		(uint8_t)(p->number >> 8), (uint8_t)p->number,
	};

	return write_all(p, head, sizeof(head), false);
}

static bool is_refused(struct play *p, int status)
{
	rdma_link_flush(p->link, PATIENCE * 1000);
	return p->link->error == status ||
	       play_fail(p, "not refused as it should be: %s", ibv_wc_status_str(p->link->error));
}

bool cmd_write(struct play *p, const struct rdma_command *cmd)
{
	uint32_t key = (uint32_t)play_number(p, cmd, 3, 0);
	uint64_t at = play_number(p, cmd, 1, 0);
	size_t len = play_number(p, cmd, 2, 0);
	uint64_t kept = p->conn->put;

	fill_out(p, NULL, len);
	p->conn->put = kept;
	if (!write_bytes(p, at, key, len, NULL))
		return false;
	/* whether it was refused is what the next commands are about */
	rdma_link_flush(p->link, PATIENCE * 1000);
	return true;
}

bool cmd_trespass(struct play *p, const struct rdma_command *cmd)
{
	const struct place *there = place(p->other);
	uint64_t addr = address(p->other->conn, there, play_number(p, cmd, 1, 0));
	size_t len = play_number(p, cmd, 2, 0);

	if (!has_link(p))
		return false;
	rdma_link_flush(p->link, PATIENCE * 1000);
	memset(p->link->out, MARK, len);
	if (!rdma_link_write(p->link, addr, there->rkey, len, NULL))
		return play_fail(p, "cannot write");
	return is_refused(p, IBV_WC_REM_ACCESS_ERR);
}

/* nothing has come to where it was to go to */
static bool is_untouched(struct play *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p->link->out[i] != MARK)
			return play_fail(p, "byte %zu is 0x%02x", i, p->link->out[i]);
	return true;
}

/* the queue pair may not be read through, whatever the key would allow */
static bool reads_nothing(struct play *p, size_t len)
{
	return is_refused(p, IBV_WC_REM_INV_REQ_ERR) && is_untouched(p, len);
}

bool cmd_read(struct play *p, const struct rdma_command *cmd)
{
	uint32_t key = place(p)->rkey + (uint32_t)play_number(p, cmd, 3, 0);
	uint64_t addr = address(p->conn, place(p), play_number(p, cmd, 1, 0));
	size_t len = play_number(p, cmd, 2, 0);

	if (!has_link(p))
		return false;
	rdma_link_flush(p->link, PATIENCE * 1000);
	memset(p->link->out, MARK, len);
	if (!rdma_link_read(p->link, addr, key, len))
		return play_fail(p, "cannot read");
	return reads_nothing(p, len);
}

bool cmd_atomic(struct play *p, const struct rdma_command *cmd)
{
	uint64_t addr = address(p->conn, place(p), play_number(p, cmd, 1, 0));

	if (!has_link(p))
		return false;
	rdma_link_flush(p->link, PATIENCE * 1000);
	memset(p->link->out, MARK, sizeof(uint64_t));
	if (!rdma_link_add(p->link, addr, place(p)->rkey))
		return play_fail(p, "cannot add");
	return reads_nothing(p, sizeof(uint64_t));
}

bool cmd_imm(struct play *p, const struct rdma_command *cmd)
{
	uint32_t imm = (uint32_t)play_number(p, cmd, 1, 0);

	if (!write_bytes(p, 0, 0, play_number(p, cmd, 2, 0), &imm))
		return false;
	rdma_link_flush(p->link, PATIENCE * 1000);
	return true;
}

bool cmd_move(struct play *p, const struct rdma_command *cmd)
{
	p->conn->prod += play_number(p, cmd, 1, 0);
	return true;
}

/* what we have put, or nothing but zeros */
static bool take_data(struct play *p, size_t len, bool is_zero)
{
	const long long end_us = play_deadline(PATIENCE);
	struct conn *conn = p->conn;
	const uint8_t *ring = p->links[0].ring + (conn - p->conns) * OUR_RING;

	while (conn->peer_prod - conn->cons < len) {
		if (!play_pump(p))
			return false;
		if (p->link->error)
			return play_fail(p, "the link is lost: %s",
					 ibv_wc_status_str(p->link->error));
		if (now_us() > end_us)
			return play_fail(p, "%llu of %zu bytes came",
					 (unsigned long long)(conn->peer_prod - conn->cons), len);
		play_step();
	}
	for (; len; len--, conn->cons++, conn->got++)
		if (ring[conn->cons % OUR_RING] != (is_zero ? 0 : obey_byte(conn->got)))
			return play_fail(p, "byte %llu is wrong", (unsigned long long)conn->got);
	return send_news(p);
}

bool cmd_get(struct play *p, const struct rdma_command *cmd)
{
	long long left = play_number(p, cmd, 2, 1);

	while (left--)
		if (!take_data(p, play_number(p, cmd, 1, 0), false))
			return false;
	return true;
}

bool cmd_zeros(struct play *p, const struct rdma_command *cmd)
{
	return take_data(p, play_number(p, cmd, 1, 0), true);
}

static void note_slowest(struct run *run, long long us)
{
	pthread_mutex_lock(&run->lock);
	if (us > run->slowest_us)
		run->slowest_us = us;
	pthread_mutex_unlock(&run->lock);
}

bool cmd_echo(struct play *p, const struct rdma_command *cmd)
{
	long long left = play_number(p, cmd, 2, 1);
	size_t len = play_number(p, cmd, 1, 0);

	while (left--) {
		long long begin_us = now_us();

		if (!write_all(p, NULL, len, false) || !take_data(p, len, false))
			return false;
		note_slowest(p->run, now_us() - begin_us);
		sleep_ms((int)play_number(p, cmd, 3, 0));
	}
	return true;
}

bool cmd_full(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(PATIENCE);

	(void)cmd;
	while (p->conn->peer_prod - p->conn->cons < OUR_RING) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "our ring is not full");
		play_step();
	}
	return true;
}

bool cmd_news(struct play *p, const struct rdma_command *cmd)
{
	p->conn->state |= (uint8_t)play_number(p, cmd, 1, 0);
	return send_news(p);
}

bool cmd_flags(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(play_number(p, cmd, 2, PATIENCE));
	uint8_t wanted = (uint8_t)play_number(p, cmd, 1, 0);

	while (p->conn->peer_state != wanted) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "state flags are 0x%02x", p->conn->peer_state);
		play_step();
	}
	return true;
}

bool cmd_says(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(PATIENCE);
	uint8_t wanted = (uint8_t)play_number(p, cmd, 1, 0);

	while (p->conn->peer_flags != wanted) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "producer flags are 0x%02x", p->conn->peer_flags);
		play_step();
	}
	return true;
}

bool cmd_urgent(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(PATIENCE);
	uint64_t wanted = play_number(p, cmd, 1, 0);

	while (p->conn->peer_urgent != wanted) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "the urgent byte is before %llu",
					 (unsigned long long)p->conn->peer_urgent);
		play_step();
	}
	return true;
}

bool cmd_consumed(struct play *p, const struct rdma_command *cmd)
{
	const long long end_us = play_deadline(PATIENCE);

	(void)cmd;
	while (p->conn->peer_cons != p->conn->prod) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return play_fail(p, "the consumer cursor is %llu behind",
					 (unsigned long long)(p->conn->prod - p->conn->peer_cons));
		play_step();
	}
	return true;
}

bool cmd_use(struct play *p, const struct rdma_command *cmd)
{
	long long which = play_number(p, cmd, 1, 0);

	if (which < 0 || which >= p->n_conns)
		return play_fail(p, "no such connection");
	p->conn = &p->conns[which];
	return true;
}
