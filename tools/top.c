// SPDX-License-Identifier: GPL-2.0
/*
 * smcr top: a live view of connections, throughput, link groups and fallbacks.
 */
#include <inttypes.h>
#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "gen.h"
#include "smcr.h"
#include "text.h"

/* All that is shown, and when it was taken. */
struct snapshot {
	double time;
	json_object *stats;
	json_object *sockets;
	json_object *groups;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct snapshot take_snapshot(void)
{
	return (struct snapshot){
		.time = now(), .stats = gen_stats(), .groups = gen_groups(),
		.sockets = diag_kinds(),
	};
}

static void drop_snapshot(struct snapshot *snapshot)
{
	json_object_put(snapshot->stats);
	json_object_put(snapshot->sockets);
	json_object_put(snapshot->groups);
}

static json_object *tech(const struct snapshot *snapshot)
{
	return json_object_object_get(snapshot->stats, "smcr");
}

static double rate(const struct snapshot *last, const struct snapshot *this, const char *key)
{
	double seconds = this->time - last->time;

	if (seconds <= 0)
		return 0;
	return (double)(count(tech(this), key) - count(tech(last), key)) / seconds;
}

static int64_t connections(const struct snapshot *snapshot)
{
	json_object *counters = tech(snapshot);

	return count(counters, "client_v1") + count(counters, "client_v2") +
	       count(counters, "server_v1") + count(counters, "server_v2");
}

static int64_t fallbacks(const struct snapshot *snapshot)
{
	return count(snapshot->stats, "client_fallbacks") +
	       count(snapshot->stats, "server_fallbacks");
}

/* --- the screen --- */

static void show_heading(const char *text)
{
	attron(A_BOLD);
	printw("\n%s\n", text);
	attroff(A_BOLD);
}

static void show_rates(const struct snapshot *last, const struct snapshot *this)
{
	double seconds = this->time - last->time;

	show_heading("Throughput");
	printw("  received  %10.3f MB/s  %10.0f calls/s\n", rate(last, this, "rx_bytes") / 1e6,
	       rate(last, this, "rx_requests"));
	printw("  sent      %10.3f MB/s  %10.0f calls/s\n", rate(last, this, "tx_bytes") / 1e6,
	       rate(last, this, "tx_requests"));
	show_heading("Connections");
	printw("  by SMC    %10" PRId64 "       %10.1f /s\n", connections(this),
	       seconds > 0 ? (double)(connections(this) - connections(last)) / seconds : 0);
	printw("  by TCP    %10" PRId64 "       %10.1f /s\n", fallbacks(this),
	       seconds > 0 ? (double)(fallbacks(this) - fallbacks(last)) / seconds : 0);
}

static void show_sockets(const struct snapshot *this)
{
	show_heading("Open sockets");
	if (!this->sockets) {
		printw("  %s\n", diag_missing());
		return;
	}
	json_object_object_foreach(this->sockets, kind, value)
		printw("  %-17s %3" PRId64 "\n", kind, json_object_get_int64(value));
}

static void show_groups(const struct snapshot *this)
{
	size_t i;

	show_heading("Link groups  role  type    connections  peer");
	for (i = 0; i < json_object_array_length(this->groups); i++) {
		json_object *row = json_object_array_get_idx(this->groups, i);

		printw("  %-10s %-5s %-7s %11" PRId64 "  %s\n", member(row, "lg_id"),
		       member(row, "role"), member(row, "type"), count(row, "conns"),
		       member(row, "peer_host"));
	}
}

static void show_reasons(const struct snapshot *this)
{
	json_object *reasons = json_object_object_get(this->stats, "fallback_reasons");
	size_t i;

	show_heading("Fallbacks by reason");
	for (i = 0; i < json_object_array_length(reasons); i++) {
		json_object *row = json_object_array_get_idx(reasons, i);

		printw("  %6" PRId64 "  %s  %s  %s\n", count(row, "count"), member(row, "side"),
		       member(row, "code"), member(row, "text"));
	}
}

static void show_screen(const struct snapshot *last, const struct snapshot *this, int seconds)
{
	erase();
	attron(A_REVERSE);
	printw("smcr top - every %d s, q ends", seconds);
	attroff(A_REVERSE);
	printw("\n");
	show_rates(last, this);
	show_sockets(this);
	show_groups(this);
	show_reasons(this);
	refresh();
}

static void end_screen(void)
{
	endwin();
}

int smcr_top(struct request *request)
{
	int seconds = request->watch ? request->watch : 1;
	struct snapshot last, this;
	int key;

	if (*request->words)
		die(2, "unknown word '%s'; try 'smcr --help'", *request->words);
	if (request->is_json)
		die(2, "top has no --json; try 'smcr --json -w %d stats'", seconds);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		die(1, "top needs a terminal");
	/* Without a module this ends the program while the screen is still its own. */
	last = take_snapshot();
	if (!newterm(NULL, stdout, stdin))
		die(1, "the terminal '%s' is unknown", getenv("TERM") ? getenv("TERM") : "");
	atexit(end_screen);
	/* the message would be on the screen that goes */
	before_dying = end_screen;
	cbreak();
	noecho();
	curs_set(0);
	timeout(seconds * 1000);
	do {
		this = take_snapshot();
		show_screen(&last, &this, seconds);
		drop_snapshot(&last);
		last = this;
		key = getch();
	} while (key != 'q' && key != 'Q');
	drop_snapshot(&last);
	return 0;
}
