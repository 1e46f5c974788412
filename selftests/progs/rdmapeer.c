// SPDX-License-Identifier: GPL-2.0
/*
 * rdmapeer - a peer that speaks SMC-R itself, by a script
 *
 * It does the handshake over plain TCP, as clcpeer does, and then speaks LLC
 * and CDC over a queue pair of its own, right or wrong, as the script says. The
 * other side's sockets are those of obey; what they have to see is printed, to
 * be compared with what obey prints.
 *
 * The handshake. Each command is the client's or the server's half of it:
 *	propose		make the next connection of the group, PROPOSAL
 *	accept		ACCEPT
 *	confirm		CONFIRM; the queue pair is ready then
 *	patch AT HEX	replace bytes of the next of these messages
 *	decline		DECLINE instead
 *	smc		it is over, and the connection uses SMC
 *	decline		we fall back to TCP, and end it
 *	declined CODE [SECONDS]	the other side falls back to TCP
 *	lost [SECONDS]	the other side ends the TCP connection
 *
 * Messages over the queue pair:
 *	load NAME	a request, see rdma_message.h; "cdc": what is so; "bundle": the
 *		next ten bytes, that do not count as put
 *	answer		the response to what was expected last
 *	set AT HEX; byte, half, word AT NUMBER	replace what is there
 *	cut LEN; pad LEN	change the length
 *	send [COUNT]	send it
 *	types FROM TO	send it as each of these types
 *	expect NAME [SECONDS], expect_answer NAME [SECONDS]	the next one is that
 *	has AT HEX	the one expected last has these bytes
 *	has_word AT NUMBER	the same with a number of four bytes
 *	is_long LEN	and is so long
 *	alive		TEST LINK is answered
 *	quiet MS	nothing comes
 *	wait MS		whatever comes
 *	settle		TEST LINK is answered in the end, whatever comes before
 *	mute		do not answer TEST LINK
 *	deaf		post no more receives
 *
 * A second link, if the device has a GID for it:
 *	second		make its queue pair, and load ADD LINK for it
 *	join		make it ready, by the answer that was expected last
 *	via NUMBER	send by link 0 or 1 from now on
 *	moved		wait for the failover message of the connection
 *
 * Data of the connection made last, or chosen by "use NUMBER":
 *	order LETTER PARAMETER	tell obey what to do
 *	put LEN		write, and tell by CDC
 *	plain LEN	write, and tell by the immediate value
 *	bundled LEN	write by a bundle
 *	write AT LEN [KEY]	write anywhere; KEY is added to the remote key
 *	trespass AT LEN	write to the ring of the other group's connection: refused
 *	read AT LEN [KEY]	read from there: refused, and no byte comes
 *	atomic AT	add to the eight bytes there: the same
 *	imm VALUE LEN	write at the start of the ring, with an immediate value
 *	move NUMBER	have the producer cursor go there, without data
 *	get LEN [COUNT]	wait for data, check it, free its room
 *	zeros LEN	the same, but all of it has to be zero
 *	echo LEN COUNT [MS]	put and get, with pauses
 *	full		wait until our ring is full
 *	news		tell our cursors and flags by CDC
 *	state FLAGS	the same with connection state flags
 *	flags FLAGS	wait for connection state flags
 *	says FLAGS	wait for producer flags
 *	urgent NUMBER	wait for an urgent byte that ends there in the stream
 *	consumed	wait until all that we told of has been read, and we are told
 *
 * other		go on with the other link group of the case, that of another
 *		peer, or back with the first one
 *
 * The end:
 *	sees RESULT [WHO]	what the other side's socket is told
 *	dead [SECONDS]	the other side ends the link group
 *	vanish		go without a word
 * Without the last two, the group is ended in order, and has to end.
 *
 * NUMBER is a number, or one of ring (size of the other side's), mine (of
 * ours), prod, cons, token, imm (an immediate value for the connection), rkey
 * (of the other side's ring), key (of ours), with +NUMBER or -NUMBER behind it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clc_message.h"
#include "llc.h"
#include "rdma_message.h"
#include "rdma_play.h"

#define DEFAULT_EID	"SMC-R-DEFAULT-EID"
#define DEFAULT_DEVICE	"rxe0"
#define DEFAULT_JOBS	8

/* --- the end --- */

static bool is_over(struct play *p)
{
	int i;

	if (p->link->error)
		return true;
	for (i = 0; i < p->n_queued; i++)
		if (play_is_delete_all(&p->queue[i]))
			return true;
	return false;
}

/* Return: false if something was wrong; p->is_dead says if it is over. */
static bool watch_for_end(struct play *p, long seconds)
{
	const long long end_us = play_deadline(seconds);

	while (!is_over(p)) {
		if (!play_pump(p))
			return false;
		if (now_us() > end_us)
			return true;
		play_step();
	}
	p->is_dead = true;
	return true;
}

static bool dead(struct play *p, const struct rdma_command *cmd)
{
	if (!watch_for_end(p, play_number(p, cmd, 1, 0) + PATIENCE))
		return false;
	return p->is_dead || play_fail(p, "the link group does not end");
}

static bool vanish(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->has_vanished = true;
	return true;
}

static bool sees(struct play *p, const struct rdma_command *cmd)
{
	pthread_mutex_lock(&p->run->lock);
	if (cmd->n > 2)
		printf("sees %s %s\n", cmd->word[2], cmd->word[1]);
	else
		printf("sees %d %s\n", p->number, cmd->word[1]);
	pthread_mutex_unlock(&p->run->lock);
	return true;
}

static bool count_smc(struct play *p, const struct rdma_command *cmd)
{
	(void)cmd;
	p->conn->has_smc = true;
	return true;
}

/*
 * A side that cannot send yet goes without a word, maybe after it took ours: to
 * see that its queue pair is gone takes another message.
 */
static bool say_goodbye(struct play *p)
{
	uint8_t raw[SMCR_LLC_MAX_LEN];
	int tries = PATIENCE;
	int len;

	if (!p->link->qp || p->is_dead || p->has_vanished || p->link->error)
		return true;
	len = rdma_message_build("delete_all", p->link, raw, sizeof(raw));
	p->n_queued = 0;
	while (tries-- && !p->is_dead)
		if ((!play_send(p, raw, len) && !is_over(p)) || !watch_for_end(p, 1))
			return false;
	return p->is_dead || play_fail(p, "the link group does not end");
}

static const struct {
	const char *name;
	int min;
	int max;
	bool (*perform)(struct play *p, const struct rdma_command *cmd);
} table[] = {
	{ "propose", 0, 0, cmd_propose },
	{ "accept", 0, 0, cmd_accept },
	{ "confirm", 0, 0, cmd_confirm },
	{ "patch", 2, 2, cmd_patch },
	{ "decline", 0, 0, cmd_decline },
	{ "declined", 1, 2, cmd_declined },
	{ "lost", 0, 1, cmd_lost },
	{ "smc", 0, 0, count_smc },
	{ "load", 1, 1, cmd_load },
	{ "answer", 0, 0, cmd_answer },
	{ "set", 2, 2, cmd_set },
	{ "byte", 2, 2, cmd_byte },
	{ "half", 2, 2, cmd_half },
	{ "word", 2, 2, cmd_word },
	{ "cut", 1, 1, cmd_cut },
	{ "pad", 1, 1, cmd_pad },
	{ "send", 0, 1, cmd_send },
	{ "types", 2, 2, cmd_types },
	{ "expect", 1, 2, cmd_expect },
	{ "expect_answer", 1, 2, cmd_expect },
	{ "has", 2, 2, cmd_has },
	{ "has_word", 2, 2, cmd_has_word },
	{ "is_long", 1, 1, cmd_is_long },
	{ "alive", 0, 0, cmd_alive },
	{ "quiet", 1, 1, cmd_quiet },
	{ "mute", 0, 0, cmd_mute },
	{ "deaf", 0, 0, cmd_deaf },
	{ "settle", 0, 0, cmd_settle },
	{ "wait", 1, 1, cmd_wait },
	{ "second", 0, 0, cmd_second },
	{ "join", 0, 0, cmd_join },
	{ "via", 1, 1, cmd_via },
	{ "moved", 0, 0, cmd_moved },
	{ "order", 1, 2, cmd_order },
	{ "put", 1, 1, cmd_put },
	{ "plain", 1, 1, cmd_put },
	{ "bundled", 1, 1, cmd_bundled },
	{ "write", 2, 3, cmd_write },
	{ "trespass", 2, 2, cmd_trespass },
	{ "read", 2, 3, cmd_read },
	{ "atomic", 1, 1, cmd_atomic },
	{ "imm", 2, 2, cmd_imm },
	{ "move", 1, 1, cmd_move },
	{ "get", 1, 2, cmd_get },
	{ "zeros", 1, 1, cmd_zeros },
	{ "echo", 2, 3, cmd_echo },
	{ "full", 0, 0, cmd_full },
	{ "news", 0, 0, cmd_news },
	{ "state", 1, 1, cmd_news },
	{ "flags", 1, 2, cmd_flags },
	{ "says", 1, 1, cmd_says },
	{ "urgent", 1, 1, cmd_urgent },
	{ "consumed", 0, 0, cmd_consumed },
	{ "use", 1, 1, cmd_use },
	/* perform_all() does that */
	{ "other", 0, 0, NULL },
	{ "sees", 1, 2, sees },
	{ "dead", 0, 1, dead },
	{ "vanish", 0, 0, vanish },
};

static size_t find_command(const struct rdma_command *cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].name, cmd->word[0]))
			continue;
		if (cmd->n - 1 < table[i].min || cmd->n - 1 > table[i].max)
			die("line %d: arguments of %s", cmd->line, cmd->word[0]);
		return i;
	}
	die("line %d: unknown: %s", cmd->line, cmd->word[0]);
}

/* --- runs --- */

static void perform_all(struct play *p)
{
	int i;

	for (i = 0; i < p->c->n; i++) {
		const struct rdma_command *cmd = &p->c->commands[i];
		size_t at = find_command(cmd);

		if (!table[at].perform) {
			p = p->other;
			continue;
		}
		if (table[at].perform(p, cmd))
			continue;
		p->is_bad = true;
		p->failed = i;
		return;
	}
}

static struct play *new_play(struct run *run, int at, int number)
{
	struct play *p = calloc(1, sizeof(*p));

	if (!p)
		die("no memory");
	p->run = run;
	p->c = &run->script.cases[at];
	p->number = number;
	p->conn = &p->conns[0];
	p->link = &p->links[0];
	p->facts.id = run->seed + number;
	memcpy(p->facts.gid, run->dev.gid, SMCR_GID_LEN);
	memcpy(p->facts.eid, run->eid, SMCR_EID_LEN);
	p->failed = p->c->n;
	return p;
}

static void end_play(struct play *p)
{
	struct run *run = p->run;
	int i;

	if (!say_goodbye(p))
		p->is_bad = true;
	for (i = 0; i < MAX_LINKS; i++)
		rdma_link_destroy(&p->links[i]);
	pthread_mutex_lock(&run->lock);
	for (i = 0; i < p->n_conns; i++) {
		if (p->conns[i].fd >= 0)
			close(p->conns[i].fd);
		run->smc += p->conns[i].has_smc;
	}
	run->declined += p->declined;
	run->lost += p->lost;
	if (p->is_bad)
		printf("case %d, %s: command %d, %s: %s\n", p->number, p->c->title,
		       p->failed + 1,
		       p->failed < p->c->n ? p->c->commands[p->failed].word[0] : "its end", p->why);
	fflush(stdout);
	pthread_mutex_unlock(&run->lock);
}

static void run_case(struct run *run, int at)
{
	struct play *p = new_play(run, at, at + 1);
	struct play *other = new_play(run, at, run->script.n + at + 1);

	p->other = other;
	other->other = p;
	perform_all(p);
	end_play(p);
	end_play(other);
	pthread_mutex_lock(&run->lock);
	run->failed += p->is_bad || other->is_bad;
	pthread_mutex_unlock(&run->lock);
	free(p);
	free(other);
}

static void *worker(void *arg)
{
	struct run *run = arg;

	for (;;) {
		int at;

		pthread_mutex_lock(&run->lock);
		at = run->next++;
		pthread_mutex_unlock(&run->lock);
		if (at >= run->script.n)
			return NULL;
		run_case(run, at);
	}
}

static int run_all(struct run *run)
{
	pthread_t *threads;
	long i;

	/* those whom a server does not answer in time have done nothing wrong */
	if (run->lfd >= 0 || run->jobs > run->script.n)
		run->jobs = run->script.n;
	threads = calloc(run->jobs, sizeof(*threads));
	if (!threads)
		die("no memory");
	for (i = 0; i < run->jobs; i++)
		if (pthread_create(&threads[i], NULL, worker, run))
			die("no thread");
	for (i = 0; i < run->jobs; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	printf("cases=%d failed=%d\n", run->script.n, run->failed);
	printf("smc=%ld declined=%ld lost=%ld\n", run->smc, run->declined, run->lost);
	if (run->slowest_us)
		printf("slowest_ms=%lld\n", run->slowest_us / 1000);
	return run->failed != 0;
}

/* Return: the connections that it makes. */
static int check_script(const struct rdma_script *script)
{
	int conns = 0;
	int i, j;

	for (i = 0; i < script->n; i++) {
		const struct rdma_case *c = &script->cases[i];

		for (j = 0; j < c->n; j++)
			conns += table[find_command(&c->commands[j])].perform == cmd_propose;
	}
	return conns;
}

static int play(struct run *run, const char *host, int port)
{
	run->lfd = -1;
	/* above zero, and not that of the run before */
	run->seed = ((uint64_t)now_us() << 16) + 1;
	pthread_mutex_init(&run->lock, NULL);
	rdma_device_open(&run->dev, run->dev_name);
	rdma_device_find_second(&run->dev, &run->second);
	if (host) {
		endpoint_resolve(&run->ep, host, port, &run->addr);
		return run_all(run);
	}
	run->lfd = endpoint_listen(&run->ep, port, 512);
	if (run->lfd < 0)
		die("cannot listen on port %d", port);
	printf("ready on port %d\n", port);
	fflush(stdout);
	return run_all(run);
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: rdmapeer client [-e EID] [-d DEVICE] [-j COUNT] SCRIPT HOST PORT\n"
		"       rdmapeer server [-e EID] [-d DEVICE] SCRIPT PORT\n"
		"       rdmapeer check SCRIPT\n"
		"\n"
		"  -e  user EID; default %s\n"
		"  -d  RDMA device; default %s\n"
		"  -j  cases at a time; default %d, as server all\n"
		"\n"
		"Cases that do not go by the script are told.  Exit status: 0 if all did.\n"
		"The language of scripts is explained in rdmapeer.c and rdma_script.h.\n",
		DEFAULT_EID, DEFAULT_DEVICE, DEFAULT_JOBS);
	exit(status);
}

static void parse_options(struct run *run, int argc, char **argv)
{
	int opt;

	optind = 2;
	while ((opt = getopt(argc, argv, "e:d:j:h")) != -1) {
		switch (opt) {
		case 'e':
			clc_message_set_eid(run->eid, optarg);
			break;
		case 'd':
			run->dev_name = optarg;
			break;
		case 'j':
			run->jobs = (long)parse_count(optarg);
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (run->jobs < 1)
		usage(2);
}

int main(int argc, char **argv)
{
	struct run run = { .jobs = DEFAULT_JOBS, .dev_name = DEFAULT_DEVICE };
	char **args;
	int conns;

	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	clc_message_set_eid(run.eid, DEFAULT_EID);
	parse_options(&run, argc, argv);
	argc -= optind;
	args = argv + optind;
	if (argc < 1)
		usage(2);
	rdma_script_read(args[0], &run.script);
	conns = check_script(&run.script);
	if (strcmp(argv[1], "check") == 0 && argc == 1) {
		printf("cases=%d connections=%d\n", run.script.n, conns);
		return 0;
	}
	if (strcmp(argv[1], "client") == 0 && argc == 3)
		return play(&run, args[1], parse_port(args[2]));
	if (strcmp(argv[1], "server") == 0 && argc == 2)
		return play(&run, NULL, parse_port(args[1]));
	usage(2);
}
