// SPDX-License-Identifier: GPL-2.0
/*
 * smcr stats: what the kernel counts, since the zero point of the user.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gen.h"
#include "smcr.h"
#include "text.h"
#include "zero.h"

#define TOP_REASONS 3

enum form { FORM_SHOW, FORM_RESET, FORM_JSON };

struct view {
	const struct request *request;
	enum form form;
};

static void line(const char *label, int64_t value, const char *more)
{
	printf("  %-27s%11" PRId64 "%s%s%s\n", label, value, more ? " (" : "", more ? more : "",
	       more ? ")" : "");
}

/* In thousands, millions, ... */
static const char *short_form(int64_t value)
{
	static const char units[] = "\0KMGTPE";
	static char text[32];
	double number = (double)value;
	int unit = 0;

	while (number >= 1000 && unit < 6) {
		number /= 1000;
		unit++;
	}
	snprintf(text, sizeof(text), "%.*f%.1s", unit ? 3 : 0, number, &units[unit]);
	return text;
}

static void bytes_line(const char *label, int64_t value)
{
	line(label, value, short_form(value));
}

static void percent_line(const char *label, int64_t value, int64_t all)
{
	char text[16];

	snprintf(text, sizeof(text), "%.2f%%", all ? 100.0 * (double)value / (double)all : 0.0);
	line(label, value, text);
}

static void sides_line(const char *label, int64_t client, int64_t server, bool has_details)
{
	char text[64];

	snprintf(text, sizeof(text), "client %" PRId64 ", server %" PRId64, client, server);
	line(label, client + server, has_details ? text : NULL);
}

static void histogram(const char *label, json_object *sizes)
{
	static const char *const keys[] = { "8K", "16K", "32K", "64K", "128K", "256K", "512K" };
	size_t i;

	printf("  %-5s", label);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		printf("%8" PRId64, count(sizes, keys[i]));
	printf("%8" PRId64 "\n", count(sizes, "1024K") + count(sizes, "G_1024K"));
}

/* direction: "rx" or "tx" */
static void show_direction(json_object *tech, const char *direction, bool has_details)
{
	json_object *nests[3], *events;
	int64_t bytes, requests, usage;
	char key[32];
	int i;
	static const char *const suffixes[] = { "buf_sizes", "request_sizes", "buf" };

	for (i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "%s_%s", direction, suffixes[i]);
		nests[i] = json_object_object_get(tech, key);
	}
	events = nests[2];
	snprintf(key, sizeof(key), "%s_bytes", direction);
	bytes = count(tech, key);
	snprintf(key, sizeof(key), "%s_requests", direction);
	requests = count(tech, key);
	snprintf(key, sizeof(key), "%s_buf_bytes", direction);
	usage = count(tech, key);

	printf("\n%s Stats\n", *direction == 'r' ? "RX" : "TX");
	bytes_line("Data transmitted (Bytes)", bytes);
	line("Total requests", requests, NULL);
	bytes_line("Buffer usage (Bytes)", usage);
	percent_line("Buffer full", count(events, "full"), requests);
	if (*direction == 't') {
		percent_line("Buffer full (remote)", count(events, "full_peer"), requests);
		percent_line("Buffer too small", count(events, "too_small"), requests);
		percent_line("Buffer too small (remote)", count(events, "too_small_peer"),
			     requests);
	}
	if (has_details) {
		line("Buffer downgrades", count(events, "downgraded"), NULL);
		line("Buffer reuses", count(events, "reused"), NULL);
	}
	printf("  %13s%8s%8s%8s%8s%8s%8s%8s\n", "8KB", "16KB", "32KB", "64KB", "128KB", "256KB",
	       "512KB", ">512KB");
	histogram("Bufs", nests[0]);
	histogram("Reqs", nests[1]);
}

/* The most frequent reasons of a side; rows are few, so each is looked for. */
static void show_reasons(json_object *reasons, const char *side)
{
	size_t i, n = json_object_array_length(reasons);
	int64_t below = INT64_MAX;
	int shown = 0;

	while (shown < TOP_REASONS) {
		int64_t most = 0;

		for (i = 0; i < n; i++) {
			json_object *row = json_object_array_get_idx(reasons, i);

			if (!strcmp(member(row, "side"), side) && count(row, "count") < below &&
			    count(row, "count") > most)
				most = count(row, "count");
		}
		if (!most)
			return;
		for (i = 0; i < n && shown < TOP_REASONS; i++) {
			json_object *row = json_object_array_get_idx(reasons, i);

			if (strcmp(member(row, "side"), side) || count(row, "count") != most)
				continue;
			if (!shown++)
				printf("    %s\n", *side == 's' ? "Server" : "Client");
			printf("      %-23s%11" PRId64 " (%s %s)\n", member(row, "label"), most,
			       member(row, "code"), member(row, "text"));
		}
		below = most;
	}
}

static void show_summary(json_object *stats, json_object *tech, bool has_details)
{
	json_object *reasons = json_object_object_get(stats, "fallback_reasons");
	int64_t v1 = count(tech, "client_v1") + count(tech, "server_v1");
	int64_t v2 = count(tech, "client_v2") + count(tech, "server_v2");
	int64_t requests = count(tech, "rx_requests") + count(tech, "tx_requests");
	int64_t client_errors = count(stats, "client_handshake_errors");
	int64_t server_errors = count(stats, "server_handshake_errors");
	int64_t client_fallbacks = count(stats, "client_fallbacks");
	int64_t server_fallbacks = count(stats, "server_fallbacks");

	printf("SMC-R Connections Summary\n");
	line("Total connections handled", v1 + v2 + client_errors + server_errors +
	     client_fallbacks + server_fallbacks, NULL);
	sides_line("SMC connections", count(tech, "client_v1") + count(tech, "client_v2"),
		   count(tech, "server_v1") + count(tech, "server_v2"), has_details);
	if (has_details) {
		line("  v1", v1, NULL);
		line("  v2", v2, NULL);
	}
	sides_line("Handshake errors", client_errors, server_errors, has_details);
	printf("  %-27s%11.1f\n", "Avg requests per SMC conn",
	       v1 + v2 ? (double)requests / (double)(v1 + v2) : 0.0);
	sides_line("TCP fallback", client_fallbacks, server_fallbacks, has_details);
	if (has_details) {
		show_reasons(reasons, "server");
		show_reasons(reasons, "client");
	}
}

static void show_extras(json_object *tech, bool has_details)
{
	static const char *const calls[][2] = {
		{ "cork", "cork" }, { "nodelay", "nodelay" }, { "sendpage", "sendpage" },
		{ "splice", "splice" }, { "urgent data", "urgent" },
	};
	int64_t all = 0;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		all += count(tech, calls[i][1]);
	printf("\nExtras\n");
	line("Special socket calls", all, NULL);
	for (i = 0; has_details && i < sizeof(calls) / sizeof(calls[0]); i++) {
		char label[32];

		snprintf(label, sizeof(label), "  %s", calls[i][0]);
		line(label, count(tech, calls[i][1]), NULL);
	}
}

static void show_text(json_object *stats, bool has_details)
{
	json_object *tech = json_object_object_get(stats, "smcr");

	show_summary(stats, tech, has_details);
	show_direction(tech, "rx", has_details);
	show_direction(tech, "tx", has_details);
	show_extras(tech, has_details);
}

/* The form that smc-tools have: numbers only, in one object. */
static void print_numbers(json_object *stats)
{
	json_object *tech = json_object_object_get(stats, "smcr");
	json_object *numbers = json_object_new_object();
	int i;

	for (i = 0; i < COUNTERS; i++)
		json_object_object_add(numbers, counters()[i].name,
				       json_object_new_int64(counter_of(tech, &counters()[i])));
	print_json_as("SMCR", numbers);
}

static int show(void *arg)
{
	const struct view *view = arg;
	json_object *stats = gen_stats(), *now = NULL;

	if (view->form == FORM_RESET)
		json_object_deep_copy(stats, &now, NULL);
	if (!view->request->is_absolute)
		zero_apply(stats);
	if (view->form == FORM_JSON)
		print_numbers(stats);
	else if (view->request->is_json)
		print_json_as("stats", json_object_get(stats));
	else
		show_text(stats, view->request->details);
	if (now)
		zero_store(now);
	json_object_put(now);
	json_object_put(stats);
	return 0;
}

int smcr_stats(struct request *request)
{
	static const char *const forms[] = { "show", "reset", "json", NULL };
	struct view view = { .request = request };

	if (*request->words)
		view.form = (enum form)take_word(request, forms);
	if (*request->words)
		die(2, "unknown word '%s'; try 'smcr --help'", *request->words);
	if (request->watch && view.form == FORM_RESET)
		die(2, "stats reset has no --watch");
	return watch(request->watch, show, &view);
}
