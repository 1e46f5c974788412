// SPDX-License-Identifier: GPL-2.0
/*
 * The zero point of statistics, see userspace-abi.md 8.3: text, "index value"
 * for each counter, "index code count" for each fallback reason, two totals.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reason.h"
#include "text.h"
#include "zero.h"

/* of both sides: as many as smc_r and Linux 6.12 keep */
#define REASON_SLOTS (2 * 36)
#define ERRORS 2
#define FILE_LEN 64

struct zero {
	int64_t counters[COUNTERS + ERRORS];
	struct {
		unsigned int code;
		int64_t count;
	} reasons[REASON_SLOTS];
	int64_t server_fallbacks, client_fallbacks;
};

static const char *const error_keys[ERRORS] = { "client_handshake_errors",
						"server_handshake_errors" };

/* --- the counters --- */

static const struct {
	const char *outer;
	const char *prefix;
} nests[] = {
	{ "tx_buf_sizes", "SMC_INT_TX_BUF_" }, { "rx_buf_sizes", "SMC_INT_RX_BUF_" },
	{ "tx_request_sizes", "SMC_USR_TX_BUF_" }, { "rx_request_sizes", "SMC_USR_RX_BUF_" },
	{ "tx_buf", "SMC_INT_TX_BUF_" }, { "rx_buf", "SMC_INT_RX_BUF_" },
};

struct name {
	const char *key;
	const char *name;
};

static const struct name sizes[] = {
	{ "8K", "8K" }, { "16K", "16K" }, { "32K", "32K" }, { "64K", "64K" }, { "128K", "128K" },
	{ "256K", "256K" }, { "512K", "512K" }, { "1024K", "1024K" }, { "G_1024K", "G_1024K" }, { }
}, events[] = {
	{ "too_small_peer", "SIZE_SM_PEER_CNT" }, { "too_small", "SIZE_SM_CNT" },
	{ "full_peer", "FULL_PEER_CNT" }, { "full", "FULL_CNT" }, { "reused", "REUSE_CNT" },
	{ "allocated", "ALLOC_CNT" }, { "downgraded", "DGRADE_CNT" }, { }
}, singles[] = {
	{ "client_v1", "SMC_CLNT_V1_SUCC_CNT" }, { "client_v2", "SMC_CLNT_V2_SUCC_CNT" },
	{ "server_v1", "SMC_SRV_V1_SUCC_CNT" }, { "server_v2", "SMC_SRV_V2_SUCC_CNT" },
	{ "sendpage", "SMC_SENDPAGE_CNT" }, { "urgent", "SMC_URG_DATA_CNT" },
	{ "splice", "SMC_SPLICE_CNT" }, { "cork", "SMC_CORK_CNT" }, { "nodelay", "SMC_NDLY_CNT" },
	{ "rx_bytes", "SMC_RX_BYTES" }, { "tx_bytes", "SMC_TX_BYTES" },
	{ "rx_requests", "SMC_RX_CNT" }, { "tx_requests", "SMC_TX_CNT" },
	{ "rx_buf_bytes", "SMC_RX_RMB_USAGE" }, { "tx_buf_bytes", "SMC_TX_RMB_USAGE" }, { }
};

static int add_counters(struct counter *list, int n, const char *outer, const char *prefix,
			const struct name *names)
{
	for (; names->key; names++, n++) {
		list[n].outer = outer;
		list[n].key = names->key;
		list[n].is_gauge = strstr(names->key, "buf_bytes") != NULL;
		snprintf(list[n].name, sizeof(list[n].name), "%s%s", prefix, names->name);
	}
	return n;
}

const struct counter *counters(void)
{
	static struct counter list[COUNTERS];
	size_t i;
	int n = 0;

	if (list[0].key)
		return list;
	for (i = 0; i < sizeof(nests) / sizeof(nests[0]); i++)
		n = add_counters(list, n, nests[i].outer, nests[i].prefix, i < 4 ? sizes : events);
	add_counters(list, n, NULL, "", singles);
	return list;
}

static json_object *holder(json_object *tech, const struct counter *counter)
{
	return counter->outer ? json_object_object_get(tech, counter->outer) : tech;
}

int64_t counter_of(json_object *tech, const struct counter *counter)
{
	return count(holder(tech, counter), counter->key);
}

/* --- the file --- */

/*
 * Of the network namespace, which has counters of its own. Unlike the inode of
 * /proc/self/ns/net, it is not given to another one before the next boot. Kernels
 * before 5.14 have none: 0.
 */
static uint64_t netns_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len);
	close(fd);
	return cookie;
}

static const char *file_name(void)
{
	static char name[FILE_LEN];

	if (!*name)
		snprintf(name, sizeof(name), "/tmp/.smcstats.u%u.%" PRIu64, getuid(),
			 netns_cookie());
	return name;
}

/* Anybody may write to /tmp: only a plain file of our own is taken. */
static FILE *open_file(int flags, const char *mode)
{
	int fd = open(file_name(), flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat info;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_uid != getuid() ||
	    info.st_nlink != 1) {
		close(fd);
		errno = EPERM;
		return NULL;
	}
	flock(fd, LOCK_EX);
	return fdopen(fd, mode);
}

static bool read_zero(FILE *file, struct zero *zero)
{
	int i, index;

	for (i = 0; i < COUNTERS + ERRORS; i++)
		if (fscanf(file, "%d %" SCNd64, &index, &zero->counters[i]) != 2 || index != i)
			return false;
	for (i = 0; i < REASON_SLOTS; i++)
		if (fscanf(file, "%d %x %" SCNd64, &index, &zero->reasons[i].code,
			   &zero->reasons[i].count) != 3 || index != i)
			return false;
	return fscanf(file, "%" SCNd64 " %" SCNd64, &zero->server_fallbacks,
		      &zero->client_fallbacks) == 2;
}

static bool write_zero(FILE *file, const struct zero *zero)
{
	int i;

	for (i = 0; i < COUNTERS + ERRORS; i++)
		fprintf(file, "%d %" PRId64 "\n", i, zero->counters[i]);
	for (i = 0; i < REASON_SLOTS; i++)
		fprintf(file, "%d %08x %" PRId64 "\n", i, zero->reasons[i].code,
			zero->reasons[i].count);
	fprintf(file, "%" PRId64 "\n%" PRId64 "\n", zero->server_fallbacks, zero->client_fallbacks);
	return fflush(file) == 0 && !ferror(file);
}

/* --- to and from statistics --- */

/* Slots of the server first, then those of the client. */
static int slot_of(const struct zero *zero, json_object *reason, unsigned int *code)
{
	int first = strcmp(member(reason, "side"), "server") == 0 ? 0 : REASON_SLOTS / 2;
	int i;

	*code = reason_code(member(reason, "code"));
	for (i = first; i < first + REASON_SLOTS / 2; i++)
		if (!zero->reasons[i].count || zero->reasons[i].code == *code)
			return i;
	return -1;
}

static void fill_zero(struct zero *zero, json_object *stats)
{
	json_object *reasons = json_object_object_get(stats, "fallback_reasons");
	json_object *tech = json_object_object_get(stats, "smcr");
	unsigned int code;
	size_t i;
	int slot;

	for (i = 0; i < COUNTERS; i++)
		zero->counters[i] = counters()[i].is_gauge ? 0 : counter_of(tech, &counters()[i]);
	for (i = 0; i < ERRORS; i++)
		zero->counters[COUNTERS + i] = count(stats, error_keys[i]);
	for (i = 0; i < json_object_array_length(reasons); i++) {
		json_object *reason = json_object_array_get_idx(reasons, i);

		slot = slot_of(zero, reason, &code);
		if (slot < 0)
			continue;
		zero->reasons[slot].code = code;
		zero->reasons[slot].count = count(reason, "count");
	}
	zero->server_fallbacks = count(stats, "server_fallbacks");
	zero->client_fallbacks = count(stats, "client_fallbacks");
}

/* A counter that went back belongs to a module that was loaded again. */
static bool is_older(const struct zero *zero, const struct zero *now)
{
	int i;

	for (i = 0; i < COUNTERS + ERRORS; i++)
		if (zero->counters[i] > now->counters[i])
			return false;
	return zero->server_fallbacks <= now->server_fallbacks &&
	       zero->client_fallbacks <= now->client_fallbacks;
}

static void reduce(json_object *row, const char *key, int64_t by)
{
	if (by)
		json_object_object_add(row, key, json_object_new_int64(count(row, key) - by));
}

static void subtract(json_object *stats, const struct zero *zero)
{
	json_object *reasons = json_object_object_get(stats, "fallback_reasons");
	json_object *tech = json_object_object_get(stats, "smcr");
	unsigned int code;
	size_t i;
	int slot;

	for (i = 0; i < COUNTERS; i++)
		reduce(holder(tech, &counters()[i]), counters()[i].key, zero->counters[i]);
	for (i = 0; i < ERRORS; i++)
		reduce(stats, error_keys[i], zero->counters[COUNTERS + i]);
	for (i = json_object_array_length(reasons); i-- > 0;) {
		json_object *reason = json_object_array_get_idx(reasons, i);

		slot = slot_of(zero, reason, &code);
		/* the kernel counts 16 bits */
		if (slot >= 0)
			reduce(reason, "count", zero->reasons[slot].count);
		if (count(reason, "count") < 0)
			reduce(reason, "count", -65536);
		if (!count(reason, "count"))
			json_object_array_del_idx(reasons, i, 1);
	}
	reduce(stats, "server_fallbacks", zero->server_fallbacks);
	reduce(stats, "client_fallbacks", zero->client_fallbacks);
}

void zero_apply(json_object *stats)
{
	struct zero zero = { 0 }, now = { 0 };
	FILE *file = open_file(O_RDWR, "r+");

	if (!file)
		return;
	fill_zero(&now, stats);
	if (read_zero(file, &zero) && is_older(&zero, &now))
		subtract(stats, &zero);
	else
		unlink(file_name());
	fclose(file);
}

void zero_store(json_object *stats)
{
	struct zero zero = { 0 };
	FILE *file = open_file(O_RDWR | O_CREAT, "r+");

	fill_zero(&zero, stats);
	if (!file || ftruncate(fileno(file), 0) || !write_zero(file, &zero))
		die(1, "%s cannot be written: %s", file_name(), strerror(errno));
	fclose(file);
}
