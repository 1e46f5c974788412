// SPDX-License-Identifier: GPL-2.0
/*
 * smcr metrics: what the kernel tells, in the text format of Prometheus.
 *
 * With -o, the file changes as a whole: the textfile collector of node_exporter
 * may read it at any time.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "gen.h"
#include "smcr.h"
#include "text.h"

/* --- lines --- */

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP smc_%s %s\n# TYPE smc_%s %s\n", name, help, name, type);
}

/* The value of a label; host names come from peers. */
static void print_quoted(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

/* labels: names and values in turn, ends with NULL */
static void sample(FILE *out, const char *name, const char *const *labels, int64_t value)
{
	const char *const *label;

	fprintf(out, "smc_%s", name);
	for (label = labels; *label; label += 2) {
		fprintf(out, "%s%s=\"", label == labels ? "{" : ",", label[0]);
		print_quoted(out, label[1]);
		fputc('"', out);
	}
	fprintf(out, "%s %" PRId64 "\n", label == labels ? "" : "}", value);
}

#define SAMPLE(out, name, value, ...) \
	sample(out, name, (const char *const[]){ __VA_ARGS__, NULL }, value)

/* --- statistics --- */

static const char *const directions[] = { "rx", "tx" };

static json_object *part(json_object *tech, const char *direction, const char *what)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_%s", direction, what);
	return json_object_object_get(tech, key);
}

static void by_direction(FILE *out, json_object *tech, const char *name, const char *type,
			 const char *help, const char *key)
{
	int i;

	family(out, name, type, help);
	for (i = 0; i < 2; i++)
		SAMPLE(out, name, json_object_get_int64(part(tech, directions[i], key)),
		       "direction", directions[i]);
}

static const struct {
	const char *key;
	const char *bytes;
} sizes[] = {
	{ "8K", "8192" }, { "16K", "16384" }, { "32K", "32768" }, { "64K", "65536" },
	{ "128K", "131072" }, { "256K", "262144" }, { "512K", "524288" },
	{ "1024K", "1048576" }, { "G_1024K", "+Inf" },
};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void request_sizes(FILE *out, json_object *tech)
{
	const char *name = "request_size_bytes";
	size_t i, j;

	family(out, name, "histogram", "Bytes of socket calls that moved data.");
	for (i = 0; i < 2; i++) {
		json_object *nest = part(tech, directions[i], "request_sizes");
		int64_t sum = 0;

		for (j = 0; j < SIZES; j++) {
			sum += count(nest, sizes[j].key);
			SAMPLE(out, "request_size_bytes_bucket", sum, "direction", directions[i],
			       "le", sizes[j].bytes);
		}
		SAMPLE(out, "request_size_bytes_sum",
		       json_object_get_int64(part(tech, directions[i], "bytes")), "direction",
		       directions[i]);
		SAMPLE(out, "request_size_bytes_count", sum, "direction", directions[i]);
	}
}

static void rings(FILE *out, json_object *tech)
{
	size_t i, j;

	family(out, "rings_total", "counter",
	       "Rings given to connections, by the largest size of their class.");
	for (i = 0; i < 2; i++) {
		json_object *nest = part(tech, directions[i], "buf_sizes");

		for (j = 0; j < SIZES; j++)
			SAMPLE(out, "rings_total", count(nest, sizes[j].key), "direction",
			       directions[i], "size", sizes[j].bytes);
	}
	family(out, "ring_events_total", "counter",
	       "Rings that were full, too small, reused, allocated, downgraded.");
	for (i = 0; i < 2; i++) {
		json_object *nest = part(tech, directions[i], "buf");

		if (!nest)
			continue;
		json_object_object_foreach(nest, key, value)
			SAMPLE(out, "ring_events_total", json_object_get_int64(value), "direction",
			       directions[i], "event", key);
	}
}

static void connections(FILE *out, json_object *stats, json_object *tech)
{
	family(out, "connections_total", "counter", "Connections that used SMC.");
	SAMPLE(out, "connections_total", count(tech, "client_v1"), "role", "client", "version",
	       "1");
	SAMPLE(out, "connections_total", count(tech, "client_v2"), "role", "client", "version",
	       "2");
	SAMPLE(out, "connections_total", count(tech, "server_v1"), "role", "server", "version",
	       "1");
	SAMPLE(out, "connections_total", count(tech, "server_v2"), "role", "server", "version",
	       "2");
	family(out, "handshake_errors_total", "counter", "Handshakes that ended in an error.");
	SAMPLE(out, "handshake_errors_total", count(stats, "client_handshake_errors"), "role",
	       "client");
	SAMPLE(out, "handshake_errors_total", count(stats, "server_handshake_errors"), "role",
	       "server");
	family(out, "fallbacks_total", "counter", "Connections that fell back to TCP.");
	SAMPLE(out, "fallbacks_total", count(stats, "client_fallbacks"), "role", "client");
	SAMPLE(out, "fallbacks_total", count(stats, "server_fallbacks"), "role", "server");
}

static void fallback_reasons(FILE *out, json_object *stats)
{
	json_object *reasons = json_object_object_get(stats, "fallback_reasons");
	size_t i;

	family(out, "fallback_reasons_total", "counter",
	       "Connections that fell back to TCP, by reason; the kernel goes on with 0 after 65535.");
	for (i = 0; i < json_object_array_length(reasons); i++) {
		json_object *row = json_object_array_get_idx(reasons, i);

		SAMPLE(out, "fallback_reasons_total", count(row, "count"), "role",
		       member(row, "side"), "code", member(row, "code"), "reason",
		       member(row, "text"));
	}
}

static void calls(FILE *out, json_object *tech)
{
	static const char *const names[] = { "cork", "nodelay", "sendpage", "splice", "urgent" };
	size_t i;

	family(out, "special_calls_total", "counter", "Socket calls of special kinds.");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		SAMPLE(out, "special_calls_total", count(tech, names[i]), "call", names[i]);
}

static void print_stats(FILE *out)
{
	json_object *stats = gen_stats(), *tech = json_object_object_get(stats, "smcr");

	connections(out, stats, tech);
	fallback_reasons(out, stats);
	by_direction(out, tech, "bytes_total", "counter", "Bytes moved by SMC.", "bytes");
	by_direction(out, tech, "requests_total", "counter", "Socket calls, failed ones included.",
		     "requests");
	request_sizes(out, tech);
	by_direction(out, tech, "ring_bytes", "gauge", "Bytes of rings that connections have.",
		     "buf_bytes");
	rings(out, tech);
	calls(out, tech);
	json_object_put(stats);
}

/* --- what there is now --- */

static void print_info(FILE *out)
{
	json_object *info = gen_info();

	family(out, "info", "gauge", "The SMC of the kernel.");
	SAMPLE(out, "info", 1, "module", member(info, "module"), "version", member(info, "version"),
	       "release", member(info, "release"));
	json_object_put(info);
}

static void print_groups(FILE *out)
{
	json_object *rows = gen_groups(), *row;
	size_t i;

	family(out, "link_group_connections", "gauge", "Connections of each link group.");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		SAMPLE(out, "link_group_connections", count(row, "conns"), "group",
		       member(row, "lg_id"), "role", member(row, "role"), "type",
		       member(row, "type"), "peer", member(row, "peer_host"));
	}
	json_object_put(rows);
}

static void print_links(FILE *out)
{
	json_object *rows = gen_links(), *row;
	size_t i;

	family(out, "link_active", "gauge", "1 for each link that is active, 0 for others.");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		SAMPLE(out, "link_active", !strcmp(member(row, "state"), "LINK_ACTIVE"), "group",
		       member(row, "lg_id"), "link", member(row, "link_id"), "device",
		       member(row, "ib_dev"), "port", member(row, "ib_port"), "netdev",
		       member(row, "net_dev"));
	}
	json_object_put(rows);
}

static void print_devices(FILE *out)
{
	json_object *rows = gen_devices(), *row;
	size_t i;

	family(out, "device_port_active", "gauge",
	       "1 for each port of an RDMA device that is active, 0 for others.");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		SAMPLE(out, "device_port_active", !strcmp(member(row, "state"), "ACTIVE"), "device",
		       member(row, "ib_dev"), "port", member(row, "ib_port"), "netdev",
		       member(row, "net_dev"));
	}
	json_object_put(rows);
}

/* What sock_diag does not tell is left out. */
static void print_sockets(FILE *out)
{
	json_object *kinds = diag_kinds();

	if (!kinds)
		return;
	family(out, "sockets", "gauge", "SMC sockets: connected by mode, others by state.");
	json_object_object_foreach(kinds, kind, value)
		SAMPLE(out, "sockets", json_object_get_int64(value), "kind", kind);
	json_object_put(kinds);
}

static void print_all(FILE *out)
{
	print_info(out);
	print_stats(out);
	print_sockets(out);
	print_groups(out);
	print_links(out);
	print_devices(out);
}

/* A file that has not got its name yet; empty: none. */
static char unfinished[PATH_MAX];

static void drop_unfinished(void)
{
	if (*unfinished)
		unlink(unfinished);
}

static FILE *open_unfinished(const char *name)
{
	char tmp[PATH_MAX];
	struct stat st;
	int fd;

	/* a device or a pipe stays one */
	if (!stat(name, &st) && !S_ISREG(st.st_mode))
		return fopen(name, "w");
	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", name) >= (int)sizeof(tmp))
		die(1, "%s: %s", name, strerror(ENAMETOOLONG));
	fd = mkstemp(tmp);
	if (fd < 0)
		return NULL;
	strcpy(unfinished, tmp);
	fchmod(fd, 0644);
	return fdopen(fd, "w");
}

/*
 * The name changes to the new file when that is complete.  The kernel may stop
 * telling at any time, which ends the program.
 */
static void write_file(const char *name)
{
	FILE *out = open_unfinished(name);
	bool has_failed;

	if (!out)
		die(1, "%s cannot be written: %s", name, strerror(errno));
	print_all(out);
	has_failed = ferror(out);
	if (fclose(out) || has_failed || (*unfinished && rename(unfinished, name)))
		die(1, "%s cannot be written: %s", name, strerror(errno));
	*unfinished = 0;
}

static int show(void *arg)
{
	const struct request *request = arg;

	if (request->output)
		write_file(request->output);
	else
		print_all(stdout);
	return 0;
}

int smcr_metrics(struct request *request)
{
	if (*request->words)
		die(2, "unknown word '%s'; try 'smcr --help'", *request->words);
	if (request->is_json)
		die(2, "metrics has no --json: its format is that of Prometheus");
	atexit(drop_unfinished);
	return watch(request->watch, show, request);
}
