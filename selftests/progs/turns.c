// SPDX-License-Identifier: GPL-2.0
/*
 * turns - two programs take turns on one machine
 *
 * Runs two shell commands, of which one is stopped while the other runs, and
 * so compares them on a machine whose speed wavers: both meet the same.
 *
 * After a warm-up of each, both are stopped and the -c command runs, which
 * prints counters; again at the end. Without -t it ends when both commands
 * have ended; with -t it ends them once each has run for that long.
 *
 * Output: the two reports, each behind a line "before" or "after", then the
 * milliseconds that each ran in between: "ran N M".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct side {
	const char *command;
	pid_t pid;
	double ran;
	int ended;
	int status;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void nap(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (long)((seconds - ts.tv_sec) * 1e9);
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

static void start(struct side *side)
{
	side->pid = fork();
	if (side->pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!side->pid) {
		setpgid(0, 0);
		raise(SIGSTOP);
		execl("/bin/sh", "sh", "-c", side->command, NULL);
		_exit(127);
	}
	/* stopped by itself before it does anything */
	waitpid(side->pid, NULL, WUNTRACED);
}

/* One turn. Its time ends before the signal: the program may run on a bit. */
static void turn(struct side *side, double seconds)
{
	double begin = now();

	kill(-side->pid, SIGCONT);
	nap(seconds);
	side->ran += now() - begin;
	kill(-side->pid, SIGSTOP);
	if (waitpid(side->pid, &side->status, WNOHANG) == side->pid)
		side->ended = 1;
}

static void finish(struct side *side)
{
	if (side->ended)
		return;
	kill(-side->pid, SIGTERM);
	kill(-side->pid, SIGCONT);
	waitpid(side->pid, &side->status, 0);
}

static void report(const char *label, const char *command)
{
	if (!command)
		return;
	printf("%s\n", label);
	fflush(stdout);
	if (system(command)) {
		fprintf(stderr, "turns: the -c command failed\n");
		exit(1);
	}
}

static int is_over(const struct side *sides, double limit)
{
	if (limit)
		return sides[0].ran >= limit && sides[1].ran >= limit;
	return sides[0].ended && sides[1].ended;
}

static int take_turns(struct side *sides, double slice, double limit)
{
	int i;

	sides[0].ran = 0;
	sides[1].ran = 0;
	while (!is_over(sides, limit)) {
		for (i = 0; i < 2; i++)
			if (!sides[i].ended)
				turn(&sides[i], slice);
		for (i = 0; i < 2; i++) {
			if (!sides[i].ended || (!limit && !sides[i].status))
				continue;
			fprintf(stderr, "turns: ended early, status %#x: %s\n",
				sides[i].status, sides[i].command);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct side sides[2] = {};
	const char *count = NULL;
	double slice = 0.25, warm_up = 0, limit = 0;
	int failed, opt, i;

	while ((opt = getopt(argc, argv, "s:w:t:c:")) != -1) {
		switch (opt) {
		case 's':
			slice = atof(optarg);
			break;
		case 'w':
			warm_up = atof(optarg);
			break;
		case 't':
			limit = atof(optarg);
			break;
		case 'c':
			count = optarg;
			break;
		default:
			optind = argc;
		}
	}
	if (optind + 2 != argc || slice <= 0 || warm_up < 0 || limit < 0) {
		fprintf(stderr, "usage: turns [-s SLICE] [-w WARM_UP] [-t TIME] [-c COUNT] COMMAND COMMAND\n"
			"times in seconds\n");
		return 2;
	}
	for (i = 0; i < 2; i++) {
		sides[i].command = argv[optind + i];
		start(&sides[i]);
	}
	for (i = 0; i < 2 && warm_up; i++)
		turn(&sides[i], warm_up);
	report("before", count);
	failed = take_turns(sides, slice, limit);
	if (!failed)
		report("after", count);
	for (i = 0; i < 2; i++)
		finish(&sides[i]);
	printf("ran %.0f %.0f\n", sides[0].ran * 1e3, sides[1].ran * 1e3);
	return failed;
}
