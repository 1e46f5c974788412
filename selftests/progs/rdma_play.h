/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case of rdmapeer that runs: link groups of ours, with their connections.
 * Commands return false if something did not go by the script; what they do is
 * told in rdmapeer.c.
 */
#ifndef RDMA_PLAY_H
#define RDMA_PLAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clc.h"
#include "clc_message.h"
#include "endpoint.h"
#include "rdma_link.h"
#include "rdma_script.h"

/* seconds for what should come at once, on a busy host */
#define PATIENCE	time_limit(10)
#define MAX_CONNS	4
#define MAX_LINKS	2
#define MAX_PATCHES	4
#define MAX_QUEUED	32
/* our rings, size code 0 */
#define OUR_RING	16384

struct run {
	struct rdma_script script;
	struct endpoint ep;
	struct rdma_device dev;
	struct rdma_device second;
	const char *dev_name;
	int lfd;
	struct address addr;
	uint8_t eid[SMCR_EID_LEN];
	long jobs;
	uint64_t seed;
	pthread_mutex_t lock;
	int next;
	int failed;
	long smc;
	long declined;
	long lost;
	long long slowest_us;
};

/* where to write to the other side's ring, for a link */
struct place {
	uint32_t rkey;
	uint64_t vaddr;
};

/**
 * struct conn - a connection
 * @fd: its TCP connection
 * @token: by which the other side calls it
 * @peer: what the other side said of itself
 * @places: of the other side's ring, by link
 * @has_smc: the handshake is over
 * @has_moved: the other side has told that it sends by another link
 * @is_moving: and nothing else since
 * @prod: bytes that we wrote, and told
 * @cons: bytes that we read, and told
 * @peer_prod: the other side's word
 * @peer_cons: the other side's word
 * @peer_flags: producer flags, the other side's word
 * @peer_urgent: its producer cursor when the byte before it was urgent, 0: never
 * @via: by which its last message came
 * @seq: of the last CDC we sent, and those of the other side
 * @state: our connection state flags, and those of the other side
 * @put: made-up bytes that went out, without the order
 * @got: made-up bytes that came
 */
struct conn {
	int fd;
	uint32_t token;
	struct smcr_clc_rdma peer;
	struct place places[MAX_LINKS];
	bool has_smc;
	bool has_moved;
	bool is_moving;
	uint64_t prod;
	uint64_t cons;
	uint64_t peer_prod;
	uint64_t peer_cons;
	uint8_t peer_flags;
	uint64_t peer_urgent;
	const struct rdma_link *via;
	uint16_t seq;
	uint16_t peer_seq;
	uint8_t state;
	uint8_t peer_state;
	uint64_t put;
	uint64_t got;
};

/* of a message of the handshake: @len bytes to be replaced */
struct patch {
	size_t at;
	uint8_t bytes[64];
	size_t len;
};

/**
 * struct play - a case that runs, or its other link group
 * @other: the other one of these two
 * @number: by which obey knows it
 * @links: of the group; there may be no second one
 * @link: the one to send by
 * @msg: what is to be sent, @len bytes
 * @last: what was expected last
 * @queue: LLC messages that came, @n_queued of them; more are counted only
 * @newest: the LLC message that came last
 * @arrivals: whatever came
 * @is_dead: the group has ended
 * @is_bad: something went wrong
 * @failed: the command that did, the number of commands for none
 * @why: what went wrong
 */
struct play {
	struct run *run;
	const struct rdma_case *c;
	struct play *other;
	int number;
	struct clc_facts facts;
	struct rdma_link links[MAX_LINKS];
	struct rdma_link *link;
	struct conn conns[MAX_CONNS];
	int n_conns;
	struct conn *conn;
	struct patch patch[MAX_PATCHES];
	int n_patches;
	uint8_t msg[RDMA_SEND_MAX];
	size_t len;
	struct rdma_arrival last;
	struct rdma_arrival queue[MAX_QUEUED];
	int n_queued;
	struct rdma_arrival newest;
	long arrivals;
	bool is_mute;
	bool is_dead;
	bool has_vanished;
	long declined;
	long lost;
	bool is_bad;
	int failed;
	char why[200];
};

__attribute__((format(printf, 2, 3)))
bool play_fail(struct play *p, const char *fmt, ...);
bool play_is_server(const struct play *p);
uint32_t play_ring_size(const struct conn *conn);
long long play_number(const struct play *p, const struct rdma_command *cmd, int which,
		      long long fallback);
size_t play_hex(const struct rdma_command *cmd, int which, uint8_t *buf, size_t cap);
long long play_deadline(double seconds);
void play_step(void);
bool play_send(struct play *p, const uint8_t *bytes, size_t len);
bool play_pump(struct play *p);
bool play_next(struct play *p, long seconds);
bool play_expect(struct play *p, const char *name, bool wants_response, long seconds);
bool play_is_delete_all(const struct rdma_arrival *in);
void play_load_cdc(struct play *p);
void play_load_bundle(struct play *p, size_t len);

/* the handshake */
bool cmd_propose(struct play *p, const struct rdma_command *cmd);
bool cmd_accept(struct play *p, const struct rdma_command *cmd);
bool cmd_confirm(struct play *p, const struct rdma_command *cmd);
bool cmd_patch(struct play *p, const struct rdma_command *cmd);
bool cmd_decline(struct play *p, const struct rdma_command *cmd);
bool cmd_declined(struct play *p, const struct rdma_command *cmd);
bool cmd_lost(struct play *p, const struct rdma_command *cmd);

/* messages */
bool cmd_load(struct play *p, const struct rdma_command *cmd);
bool cmd_answer(struct play *p, const struct rdma_command *cmd);
bool cmd_set(struct play *p, const struct rdma_command *cmd);
bool cmd_byte(struct play *p, const struct rdma_command *cmd);
bool cmd_half(struct play *p, const struct rdma_command *cmd);
bool cmd_word(struct play *p, const struct rdma_command *cmd);
bool cmd_cut(struct play *p, const struct rdma_command *cmd);
bool cmd_pad(struct play *p, const struct rdma_command *cmd);
bool cmd_send(struct play *p, const struct rdma_command *cmd);
bool cmd_types(struct play *p, const struct rdma_command *cmd);
bool cmd_expect(struct play *p, const struct rdma_command *cmd);
bool cmd_has(struct play *p, const struct rdma_command *cmd);
bool cmd_has_word(struct play *p, const struct rdma_command *cmd);
bool cmd_is_long(struct play *p, const struct rdma_command *cmd);
bool cmd_alive(struct play *p, const struct rdma_command *cmd);
bool cmd_quiet(struct play *p, const struct rdma_command *cmd);
bool cmd_mute(struct play *p, const struct rdma_command *cmd);
bool cmd_deaf(struct play *p, const struct rdma_command *cmd);
bool cmd_settle(struct play *p, const struct rdma_command *cmd);
bool cmd_wait(struct play *p, const struct rdma_command *cmd);

/* links */
bool cmd_second(struct play *p, const struct rdma_command *cmd);
bool cmd_join(struct play *p, const struct rdma_command *cmd);
bool cmd_via(struct play *p, const struct rdma_command *cmd);
bool cmd_moved(struct play *p, const struct rdma_command *cmd);

/* data */
bool cmd_order(struct play *p, const struct rdma_command *cmd);
bool cmd_put(struct play *p, const struct rdma_command *cmd);
bool cmd_bundled(struct play *p, const struct rdma_command *cmd);
bool cmd_write(struct play *p, const struct rdma_command *cmd);
bool cmd_trespass(struct play *p, const struct rdma_command *cmd);
bool cmd_read(struct play *p, const struct rdma_command *cmd);
bool cmd_atomic(struct play *p, const struct rdma_command *cmd);
bool cmd_imm(struct play *p, const struct rdma_command *cmd);
bool cmd_move(struct play *p, const struct rdma_command *cmd);
bool cmd_get(struct play *p, const struct rdma_command *cmd);
bool cmd_zeros(struct play *p, const struct rdma_command *cmd);
bool cmd_echo(struct play *p, const struct rdma_command *cmd);
bool cmd_full(struct play *p, const struct rdma_command *cmd);
bool cmd_news(struct play *p, const struct rdma_command *cmd);
bool cmd_flags(struct play *p, const struct rdma_command *cmd);
bool cmd_says(struct play *p, const struct rdma_command *cmd);
bool cmd_urgent(struct play *p, const struct rdma_command *cmd);
bool cmd_consumed(struct play *p, const struct rdma_command *cmd);
bool cmd_use(struct play *p, const struct rdma_command *cmd);

#endif
