// SPDX-License-Identifier: GPL-2.0
/*
 * sockbeh - print how sockets behave, in a form that can be compared
 *
 * Run once over TCP and once over SMC between the same two hosts; the outputs
 * of the client must be equal.  Each case runs in a fresh process group with a
 * time limit, so one that hangs or crashes costs one line only.
 */
#define _GNU_SOURCE
#include "beh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beh_record.h"

#define DEFAULT_TIMEOUT 30

static const struct beh_case *const groups[] = {
	beh_connect_cases, beh_accept_cases, beh_data_cases, beh_urgent_cases,
	beh_poll_cases, beh_close_cases, beh_option_cases, beh_process_cases,
};

#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

struct selection {
	const char *only;
	const char *without;
	bool with_exempt;
	bool is_verbose;
	/* cases are dealt out to this many workers */
	int workers;
	int worker;
};

static void on_sigpipe(int sig)
{
	(void)sig;
	beh_sigpipes++;
}

__attribute__((noreturn))
static void run_in_child(const struct beh_case *c, const char *host, int port)
{
	struct sigaction sa = { .sa_handler = on_sigpipe };

	setpgid(0, 0);
	sigaction(SIGPIPE, &sa, NULL);
	beh_peer_open(host, port);
	c->run();
	_exit(0);
}

/* Return: false if the case did not come to its end. */
static bool run_case(const struct beh_case *c, const char *host, int port, bool is_verbose)
{
	int limit = (c->timeout ? c->timeout : DEFAULT_TIMEOUT) * beh_time_factor;
	long long start = now_us();
	const char *verdict = "";
	char crash[40];
	int status = 0;
	pid_t done = 0;
	pid_t pid;

	beh_record->text[0] = '\0';
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_in_child(c, host, port);
	setpgid(pid, pid);
	while (!done && now_us() - start < limit * 1000000LL) {
		done = waitpid(pid, &status, WNOHANG);
		if (!done)
			usleep(2000);
	}
	/* Also ends what a finished case has left behind. */
	kill(-pid, SIGKILL);
	if (!done) {
		waitpid(pid, &status, 0);
		verdict = " HANG";
	} else if (WIFSIGNALED(status)) {
		snprintf(crash, sizeof(crash), " CRASH(signal %d)", WTERMSIG(status));
		verdict = crash;
	}
	printf("%s:%s%s\n", c->name, beh_record->text, verdict);
	if (is_verbose)
		fprintf(stderr, "%7lld ms  %s\n", (now_us() - start) / 1000, c->name);
	return done && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Is this one of the names in a list with commas in between? */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list) {
		if (strncmp(list, name, len) == 0 && (!list[len] || list[len] == ','))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

static bool is_selected(const struct selection *sel, const struct beh_case *c)
{
	if (sel->only)
		return strcmp(sel->only, c->name) == 0;
	if (is_listed(sel->without, c->name))
		return false;
	return !c->exempt || sel->with_exempt;
}

static void list_cases(void)
{
	const struct beh_case *c;
	size_t i;

	for (i = 0; i < N_GROUPS; i++)
		for (c = groups[i]; c->name; c++)
			printf("%s%s%s\n", c->name, c->exempt ? "  # may differ: " : "",
			       c->exempt ? c->exempt : "");
}

static int run_share(const struct selection *sel, const char *host, int port)
{
	const struct beh_case *c;
	int unfinished = 0;
	int seen = 0;
	int ran = 0;
	size_t i;

	beh_record = mmap(NULL, sizeof(*beh_record), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (beh_record == MAP_FAILED)
		die("mmap");
	for (i = 0; i < N_GROUPS; i++) {
		for (c = groups[i]; c->name; c++) {
			if (!is_selected(sel, c) || seen++ % sel->workers != sel->worker)
				continue;
			ran++;
			unfinished += !run_case(c, host, port, sel->is_verbose);
			fflush(stdout);
		}
	}
	fprintf(stderr, "%d cases, %d not finished\n", ran, unfinished);
	return unfinished || !ran;
}

/* Most cases wait most of the time, so workers do not disturb each other. */
static int run_client(struct selection *sel, const char *host, int port)
{
	int failed = 0;
	int status;

	if (sel->only)
		sel->workers = 1;
	for (sel->worker = 0; sel->worker < sel->workers; sel->worker++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			exit(run_share(sel, host, port));
	}
	while (wait(&status) > 0)
		failed |= !WIFEXITED(status) || WEXITSTATUS(status);
	return failed;
}

__attribute__((noreturn))
static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: sockbeh server -m tcp|smc|inet [-6] PORT\n"
		"       sockbeh client -m tcp|smc|inet [-6] [-r] [-x] [-v] [-T N] [-j N] [-t CASE] [-e CASE,...] HOST PORT\n"
		"       sockbeh -l\n"
		"\n"
		"  -m  kind of the tested sockets; inet is SMC by IPPROTO_SMC\n"
		"  -6  IPv6\n"
		"  -r  the tested end accepts where it may as well connect\n"
		"  -x  also run the cases that may differ from TCP\n"
		"  -t  run one case\n"
		"  -e  leave out cases, with commas in between\n"
		"  -T  multiply all time limits, for slow hosts (both sides)\n"
		"  -j  run this many cases at a time; they are printed as they end\n"
		"  -v  print times to stderr\n"
		"  -l  list the cases\n"
		"\n"
		"The exit status of the client is 1 if a case hung, crashed or could not be\n"
		"set up; what the cases print is for comparison with another run.\n");
	exit(status);
}

int main(int argc, char **argv)
{
	struct selection sel = { .workers = 1 };
	bool is_server;
	bool has_mode = false;
	int opt;

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		list_cases();
		return 0;
	}
	if (argc < 2)
		usage(2);
	if (strcmp(argv[1], "-h") == 0)
		usage(0);
	is_server = strcmp(argv[1], "server") == 0;
	if (!is_server && strcmp(argv[1], "client") != 0)
		usage(2);
	optind = 2;
	while ((opt = getopt(argc, argv, "m:6rxvt:e:T:j:h")) != -1) {
		switch (opt) {
		case 'm':
			if (!endpoint_parse_mode(&beh_ep, optarg))
				usage(2);
			has_mode = true;
			break;
		case '6':
			beh_ep.is_v6 = true;
			break;
		case 'r':
			beh_is_reversed = true;
			break;
		case 'x':
			sel.with_exempt = true;
			break;
		case 'v':
			sel.is_verbose = true;
			break;
		case 't':
			sel.only = optarg;
			break;
		case 'e':
			sel.without = optarg;
			break;
		case 'T':
			beh_time_factor = (int)parse_count(optarg);
			if (beh_time_factor < 1)
				usage(2);
			break;
		case 'j':
			sel.workers = (int)parse_count(optarg);
			if (sel.workers < 1)
				usage(2);
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (!has_mode || argc - optind != (is_server ? 1 : 2))
		usage(2);
	if (is_server)
		return beh_serve(&beh_ep, parse_port(argv[optind]));

	return run_client(&sel, argv[optind], parse_port(argv[optind + 1]));
}
