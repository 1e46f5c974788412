// SPDX-License-Identifier: GPL-2.0
/*
 * smcr doctor: why a connection would fall back to TCP, or did.
 *
 * What a connection needs is looked at in the order in which it is to be put
 * right: without a module there are no EIDs, without a device no peer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall.h"
#include "gen.h"
#include "pnet.h"
#include "probe.h"
#include "rdma.h"
#include "reason.h"
#include "route.h"
#include "smc_family.h"
#include "smcr.h"
#include "sysfs.h"
#include "text.h"

#define TEXT_LEN 512
/* Below that, rings of a connection may not be had. */
#define LEAST_MEMORY_KIB 2048
#define MAX_LOWER 16

struct doctor {
	json_object *checks;
	int failed;
	bool has_target;
	struct target target;
	/* interface of the route and those below it */
	char interfaces[MAX_LOWER][SYSFS_LEN];
	int interfaces_count;
	json_object *gids;
	/* PNET IDs of interfaces: the table of this network namespace */
	json_object *pnetids;
	/* errno; 0: pnetids has them all */
	int pnet_error;
	/* PNET IDs of RDMA devices, which are in that of the first namespace only */
	json_object *ports;
	/* of the interfaces above; NULL: none */
	const char *pnetid;
	/* an RDMA device has it as well, which makes it the one to use */
	bool is_by_pnetid;
	struct probe probe;
};

/* --- findings --- */

static const char *text_of(const char *format, va_list args)
{
	static char text[TEXT_LEN];

	vsnprintf(text, sizeof(text), format, args);
	return text;
}

static json_object *add_check(struct doctor *doctor, const char *check, const char *status,
			      const char *text)
{
	json_object *row = json_object_new_object();

	add_text(row, "check", check);
	add_text(row, "status", status);
	add_text(row, "text", text);
	json_object_array_add(doctor->checks, row);
	return row;
}

__attribute__((format(printf, 3, 4)))
static void good(struct doctor *doctor, const char *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_check(doctor, check, "ok", text_of(format, args));
	va_end(args);
}

__attribute__((format(printf, 3, 4)))
static void note(struct doctor *doctor, const char *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_check(doctor, check, "note", text_of(format, args));
	va_end(args);
}

/*
 * What is wrong; what to do follows by fix(). If the connection that was made did
 * without, somebody else may miss it.
 */
__attribute__((format(printf, 3, 4)))
static void bad(struct doctor *doctor, const char *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_check(doctor, check, doctor->probe.has_smc ? "note" : "fail", text_of(format, args));
	va_end(args);
	doctor->failed += !doctor->probe.has_smc;
}

__attribute__((format(printf, 2, 3)))
static void fix(struct doctor *doctor, const char *format, ...)
{
	size_t last = json_object_array_length(doctor->checks) - 1;
	va_list args;

	va_start(args, format);
	json_object_object_add(json_object_array_get_idx(doctor->checks, last), "fix",
			       json_object_new_string(text_of(format, args)));
	va_end(args);
}

/* --- the module --- */

static bool check_module(struct doctor *doctor)
{
	int fd;

	if (!gen_exists()) {
		bad(doctor, "module", "the kernel has no SMC");
		fix(doctor, "load the module: 'modprobe smc_r'");
		return false;
	}
	fd = smc_probe(SMC_FAMILY_SMC);
	if (fd < 0) {
		bad(doctor, "module", "SMC sockets cannot be made: %s", strerror(errno));
		fix(doctor, "look at the kernel log");
		return false;
	}
	close(fd);
	good(doctor, "module", "%s is loaded", sysfs_exists("/sys/module/smc_r") ? "smc_r" : "smc");
	return true;
}

/* --- the way there --- */

static void add_interface(struct doctor *doctor, const char *name)
{
	if (doctor->interfaces_count < MAX_LOWER)
		snprintf(doctor->interfaces[doctor->interfaces_count++], SYSFS_LEN, "%s", name);
}

static void on_lower(const char *name, void *data)
{
	if (strncmp(name, "lower_", strlen("lower_")) == 0)
		add_interface(data, name + strlen("lower_"));
}

/* Those below are appended while the list is gone through. */
static void find_interfaces(struct doctor *doctor)
{
	int i;

	add_interface(doctor, doctor->target.ifname);
	for (i = 0; i < doctor->interfaces_count; i++)
		sysfs_list(on_lower, doctor, "/sys/class/net/%s", doctor->interfaces[i]);
}

static bool check_route(struct doctor *doctor)
{
	struct target *target = &doctor->target;
	int rc = target_route(target);

	if (rc || !target->ifindex) {
		bad(doctor, "route", "there is no route to %s: %s", target->text,
		    strerror(rc ? -rc : ENETUNREACH));
		fix(doctor,
		    "give this host an address in that network, or a route: 'ip route get %s'",
		    target->text);
		return false;
	}
	good(doctor, "route", "%s is reached by %s, from %s%s", target->text, target->ifname,
	     target->source, target->has_gateway ? ", behind a gateway" : "");
	if (target->has_gateway)
		note(doctor, "route",
		     "behind a gateway, SMC needs version 2, IPv4, and a gateway that has an ARP "
		     "entry");
	find_interfaces(doctor);
	return true;
}

/* --- PNET IDs --- */

static const char *pnetid_of(const struct doctor *doctor, const char *interface)
{
	size_t i;

	for (i = 0; i < json_object_array_length(doctor->pnetids); i++) {
		json_object *entry = json_object_array_get_idx(doctor->pnetids, i);

		if (strcmp(member(entry, "net_dev"), interface) == 0)
			return member(entry, "pnetid");
	}
	return NULL;
}

/* That of the interface itself goes before those of interfaces below it. */
static const char *pnetid_of_route(const struct doctor *doctor)
{
	const char *pnetid = NULL;
	int i;

	for (i = 0; !pnetid && i < doctor->interfaces_count; i++)
		pnetid = pnetid_of(doctor, doctor->interfaces[i]);
	return pnetid;
}

/*
 * Is the GID on a port that has the PNET ID of the route? The table may have that
 * under the name of the device or of its parent; the kernel has resolved this.
 */
static bool has_pnetid(const struct doctor *doctor, json_object *gid)
{
	size_t i;

	for (i = 0; doctor->pnetid && i < json_object_array_length(doctor->ports); i++) {
		json_object *port = json_object_array_get_idx(doctor->ports, i);

		if (strcmp(member(port, "pnetid"), doctor->pnetid) == 0 &&
		    strcmp(member(port, "ib_dev"), member(gid, "ib_dev")) == 0 &&
		    count(port, "ib_port") == count(gid, "ib_port"))
			return true;
	}
	return false;
}

static void match_pnetids(struct doctor *doctor)
{
	size_t i;

	doctor->pnetid = pnetid_of_route(doctor);
	for (i = 0; i < json_object_array_length(doctor->gids); i++)
		if (has_pnetid(doctor, json_object_array_get_idx(doctor->gids, i)))
			doctor->is_by_pnetid = true;
}

static void read_pnetids(struct doctor *doctor)
{
	doctor->pnet_error = -pnet_entries(&doctor->pnetids);
	doctor->ports = gen_devices();
	match_pnetids(doctor);
}

/* An interface with a PNET ID looks for RDMA devices with the same one. */
static void check_pnetid(struct doctor *doctor)
{
	const char *name = doctor->pnetid;

	if (doctor->pnet_error) {
		note(doctor, "pnetid", "PNET IDs cannot be read: %s",
		     error_text(doctor->pnet_error));
	} else if (!name) {
		good(doctor, "pnetid",
		     "no PNET ID is set for the interface; the device is found by it");
	} else if (doctor->is_by_pnetid) {
		good(doctor, "pnetid", "interface and an RDMA device have the PNET ID %s", name);
	} else {
		bad(doctor, "pnetid", "the interface has the PNET ID %s, and no RDMA device has it",
		    name);
		fix(doctor, "'smc_pnet -a %s -D DEVICE', for a container on its host, or "
		    "'smc_pnet -d %s'", name, name);
	}
}

/* --- RDMA devices --- */

static bool is_on_route(const struct doctor *doctor, json_object *gid)
{
	int i;

	if (doctor->is_by_pnetid)
		return has_pnetid(doctor, gid);
	for (i = 0; i < doctor->interfaces_count; i++)
		if (strcmp(member(gid, "net_dev"), doctor->interfaces[i]) == 0)
			return true;
	return !doctor->has_target;
}

static bool is_active(json_object *gid)
{
	return strstr(member(gid, "state"), "ACTIVE") != NULL;
}

/* down: a device on the route whose port is not active; "": none */
static void tell_no_device(struct doctor *doctor, const char *down)
{
	if (*down) {
		bad(doctor, "device", "the port of %s is not active", down);
		fix(doctor, "bring the link up: 'rdma link', 'ip link'");
		return;
	}
	if (!json_object_array_length(doctor->gids))
		bad(doctor, "device", "there is no RDMA device");
	else
		bad(doctor, "device", "no RDMA device is on %s, which leads to %s",
		    doctor->target.ifname, doctor->target.text);
	fix(doctor, "load the driver of the RDMA card ('rdma dev'); "
	    "'rdma link add rxe0 type rxe netdev IF' makes one in software");
}

/* The GIDs of active ports on the route. */
static json_object *usable_gids(struct doctor *doctor)
{
	json_object *rows = json_object_new_array();
	const char *down = "";
	size_t i;

	for (i = 0; i < json_object_array_length(doctor->gids); i++) {
		json_object *gid = json_object_array_get_idx(doctor->gids, i);

		if (is_on_route(doctor, gid) && is_active(gid))
			json_object_array_add(rows, json_object_get(gid));
		else if (is_on_route(doctor, gid))
			down = member(gid, "ib_dev");
	}
	if (!json_object_array_length(rows))
		tell_no_device(doctor, down);
	return rows;
}

/*
 * RoCE version 2 needs a GID made from an IPv4 address: the one that the
 * connection has, or another of its subnet.
 */
static bool serves_source(const struct doctor *doctor, json_object *gid, const struct in6_addr *raw)
{
	in_addr_t source = doctor->target.source4.s_addr;
	in_addr_t own = raw->s6_addr32[3];

	return !source || own == source || in_one_subnet(member(gid, "net_dev"), own, source);
}

static void check_gid(struct doctor *doctor, json_object *usable)
{
	bool has_ip4 = false, has_source = false, is_elsewhere = false;
	const struct target *target = &doctor->target;
	struct in6_addr raw;
	size_t i;

	for (i = 0; i < json_object_array_length(usable); i++) {
		json_object *gid = json_object_array_get_idx(usable, i);

		if (strcmp(member(gid, "type"), "RoCE v2") != 0 ||
		    inet_pton(AF_INET6, member(gid, "gid"), &raw) != 1 ||
		    !IN6_IS_ADDR_V4MAPPED(&raw))
			continue;
		has_ip4 = true;
		has_source = has_source || serves_source(doctor, gid, &raw);
		is_elsewhere = is_elsewhere || json_object_object_get(gid, "is_elsewhere");
	}
	if (!has_ip4) {
		bad(doctor, "gid",
		    "the RDMA device has no GID of RoCE version 2 for an IPv4 address");
		fix(doctor, "give its interface an IPv4 address; if it has one, switch the card to "
		    "RoCE version 2");
	} else if (!has_source && is_elsewhere) {
		note(doctor, "gid",
		     "the interface of the RDMA device is in another network namespace: whether %s "
		     "is in its subnet, as it has to be, cannot be told", target->source);
	} else if (!has_source) {
		bad(doctor, "gid",
		    "no GID of the RDMA device is for %s, the address of the connection, or its "
		    "subnet", target->source);
		fix(doctor, "give that address to the interface of the RDMA device");
	} else {
		good(doctor, "gid", "there is a GID of RoCE version 2 for %s",
		     target->source4.s_addr ? target->source : "an IPv4 address");
	}
}

/* As far as it can be told of one of these GIDs. */
static const char *interface_of(json_object *gids)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < json_object_array_length(gids); i++) {
		json_object *gid = json_object_array_get_idx(gids, i);

		if (*member(gid, "net_dev"))
			return member(gid, "net_dev");
		if (json_object_object_get(gid, "is_elsewhere"))
			name = "an interface of another network namespace";
	}
	return name ?: "no interface";
}

static void check_devices(struct doctor *doctor)
{
	json_object *usable, *first;

	usable = usable_gids(doctor);
	if (json_object_array_length(usable)) {
		first = json_object_array_get_idx(usable, 0);
		good(doctor, "device", "%s port %d on %s is active", member(first, "ib_dev"),
		     (int)count(first, "ib_port"), interface_of(usable));
		check_gid(doctor, usable);
	}
	json_object_put(usable);
}

/* --- EIDs, limits, memory --- */

static void check_eids(struct doctor *doctor)
{
	json_object *eids = gen_ueids();
	size_t n = json_object_array_length(eids);
	json_object *first = n ? json_object_array_get_idx(eids, 0) : NULL;

	if (n) {
		good(doctor, "eid", "%zu user EID%s, the first is %s", n, n > 1 ? "s" : "",
		     member(first, "eid"));
	} else {
		bad(doctor, "eid", "there is no user EID, so SMC version 2 is not offered");
		fix(doctor, "give both hosts the same one: 'smcr ueid add SMC-R-DEFAULT-EID'");
	}
	json_object_put(eids);
}

/* About connections to this host; who could make one from here may not care. */
static void check_cookies(struct doctor *doctor)
{
	if (sysfs_number("/proc/sys/net/ipv4/tcp_syncookies") != 2)
		return;
	bad(doctor, "limit", "every connection to this host gets a SYN cookie, which has no room "
	    "for the SMC option");
	fix(doctor, "'sysctl net.ipv4.tcp_syncookies=1'");
}

static void check_limits(struct doctor *doctor)
{
	if (sysfs_number("/proc/sys/net/smc/limit_smc_hs") > 0)
		note(doctor, "limit", "listeners take connections by TCP while many handshakes run "
		     "(net.smc.limit_smc_hs is 1)");
	check_cookies(doctor);
}

static long free_kib(void)
{
	char line[128];
	long kib = LONG_MAX;
	FILE *file = fopen("/proc/meminfo", "re");

	if (!file)
		return kib;
	while (fgets(line, sizeof(line), file) && sscanf(line, "MemAvailable: %ld", &kib) != 1)
		;
	fclose(file);
	return kib;
}

/* Of what a cgroup has: files that are cached, and the like, in bytes. */
static long reclaimable(const char *cgroup)
{
	char path[SYSFS_LEN + 64], line[128];
	long value, sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", cgroup);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "inactive_file %ld", &value) == 1 ||
		    sscanf(line, "active_file %ld", &value) == 1 ||
		    sscanf(line, "slab_reclaimable %ld", &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}

/* What is left of version 2 of cgroups to this process, in KiB. */
static long free_cgroup_kib(void)
{
	long most, now, left, least = LONG_MAX;
	char line[SYSFS_LEN], *end;

	if (!sysfs_read(line, "/proc/self/cgroup") || strncmp(line, "0::", 3) != 0)
		return LONG_MAX;
	/* its own and those above */
	while ((end = strrchr(line + 3, '/'))) {
		most = sysfs_number("/sys/fs/cgroup%s/memory.max", line + 3);
		now = sysfs_number("/sys/fs/cgroup%s/memory.current", line + 3);
		if (most >= 0 && now >= 0 && most != LONG_MAX) {
			left = (most - now + reclaimable(line + 3)) / 1024;
			least = left < least ? left : least;
		}
		*end = 0;
	}
	return least;
}

static void check_memory(struct doctor *doctor)
{
	if (free_kib() < LEAST_MEMORY_KIB) {
		bad(doctor, "memory", "only %ld KiB of memory are free", free_kib());
		fix(doctor, "end or limit what uses the memory");
	} else if (free_cgroup_kib() < LEAST_MEMORY_KIB) {
		bad(doctor, "memory", "only %ld KiB are left to the memory cgroup of this process",
		    free_cgroup_kib());
		fix(doctor, "raise memory.max, or use smaller rings (net.smc.wmem, net.smc.rmem)");
	} else {
		good(doctor, "memory", "there is memory for rings");
	}
}

/* --- firewall --- */

/* Rules may be meant for other connections than the one that was made. */
static void check_firewall(struct doctor *doctor)
{
	char rule[FIREWALL_RULE_LEN];
	const char *text;

	switch (firewall_look(rule)) {
	case FIREWALL_STRIPS:
		text = "a rule of this host's firewall takes the SMC option out of TCP";
		break;
	case FIREWALL_DROPS:
		text = "a rule of this host's firewall drops TCP packets with the SMC option";
		break;
	default:
		return;
	}
	bad(doctor, "firewall", "%s%s: %s", text,
	    doctor->probe.has_smc ? ", though not here" : "", rule);
	fix(doctor, "let it spare option 254: 'nft list ruleset', 'iptables-save'");
}

/* --- the peer --- */

/* What was not seen of the TCP handshake may have been there. */
static void tell_lost(struct doctor *doctor, const struct tap *tap)
{
	if (tap->has_lost && (tap->syn == SEEN_NOTHING || tap->answer == SEEN_NOTHING))
		note(doctor, "peer",
		     "more packets passed %s than could be looked at: whether something on the way "
		     "removes the SMC option, or drops packets that have it, cannot be told",
		     doctor->target.ifname);
}

/* The peer did not offer SMC: who took the option away, or was it never there? */
static void tell_option(struct doctor *doctor, const struct tap *tap)
{
	const struct target *target = &doctor->target;

	if (tap->syn == SEEN_WITHOUT) {
		bad(doctor, "peer",
		    "this host sent its SYN without the SMC option: a rule of it removed that");
		fix(doctor,
		    "look at 'nft list ruleset', 'iptables-save' and 'tc filter show dev %s egress'",
		    target->ifname);
	} else if (tap->answer == SEEN_WITH) {
		bad(doctor, "peer",
		    "%s offered SMC, and a rule of this host removed the option from its SYN/ACK",
		    target->text);
		fix(doctor, "look at 'nft list ruleset' and 'iptables-save'");
	} else {
		bad(doctor, "peer", "%s answered without the SMC option%s", target->text,
		    tap->syn == SEEN_WITH ? "; it was in this host's SYN" : "");
		fix(doctor,
		    "on the peer, load SMC and let the program on port %d use SMC sockets ('smc_run "
		    "PROGRAM'); if it does, something on the way removes the TCP option 254",
		    target->port);
		tell_lost(doctor, tap);
	}
}

static void tell_fallback(struct doctor *doctor, const struct probe *probe)
{
	const struct target *target = &doctor->target;
	const struct reason *reason = reason_of(probe->reason);
	const struct reason *peer = reason_of(probe->peer_reason);

	if (probe->reason == REASON_PEER_NO_SMC) {
		tell_option(doctor, &probe->tap);
	} else if (probe->peer_reason) {
		bad(doctor, "peer", "%s declined with 0x%08x: %s", target->text, probe->peer_reason,
		    peer->text);
		fix(doctor, "on the peer: %s", peer->fix);
	} else {
		bad(doctor, "peer", "the connection fell back to TCP, 0x%08x: %s", probe->reason,
		    reason->text);
		fix(doctor, "%s", reason->fix);
	}
}

static void tell_silence(struct doctor *doctor, const struct probe *probe)
{
	const struct target *target = &doctor->target;

	if (probe->tap.answer != SEEN_NOTHING) {
		bad(doctor, "peer", "%s does not answer the SMC handshake", target->text);
		fix(doctor, "look at the kernel log of the peer, and whether it is overloaded");
	} else if (!probe->tcp_answers) {
		bad(doctor, "peer", "%s does not answer", target->text);
		fix(doctor, "see whether the host is up and no firewall is in the way: 'ping %s'",
		    target->text);
	} else if (probe->tap.fd < 0) {
		bad(doctor, "peer", "%s answers by TCP, and not by SMC", target->text);
		fix(doctor, "ask again as root, who sees the TCP handshake");
	} else if (probe->tap.has_lost) {
		bad(doctor, "peer", "%s answers by TCP, and not by SMC", target->text);
		fix(doctor, "ask again while there is less traffic on %s", target->ifname);
		tell_lost(doctor, &probe->tap);
	} else {
		bad(doctor, "peer",
		    "%s answers only without the SMC option: a firewall drops packets that have it",
		    target->text);
		fix(doctor, "let TCP option 254 pass, here ('nft list ruleset', 'iptables-save'), at "
		    "the peer and on the way");
	}
}

static void tell_error(struct doctor *doctor, const struct probe *probe)
{
	const struct target *target = &doctor->target;

	switch (probe->err) {
	case ECONNREFUSED:
		bad(doctor, "peer", "nothing listens on port %d of %s", target->port, target->text);
		fix(doctor, "start the server");
		break;
	case EPROTO:
	case ECONNRESET:
		bad(doctor, "peer", "%s agreed to SMC, then broke off: %s", target->text,
		    strerror(probe->err));
		fix(doctor, "look at the kernel log of the peer");
		break;
	case ENOTCONN:
		bad(doctor, "peer", "%s answers by TCP, and its SMC connection has ended",
		    target->text);
		fix(doctor, "look at the kernel logs of both hosts, and for a firewall that rejects "
		    "TCP option 254");
		break;
	case ETIMEDOUT:
		tell_silence(doctor, probe);
		break;
	default:
		bad(doctor, "peer", "%s cannot be connected to: %s", target->text,
		    strerror(probe->err));
		fix(doctor, "see 'ip route get %s'", target->text);
	}
}

static void check_peer(struct doctor *doctor)
{
	const struct target *target = &doctor->target;
	const struct probe *probe = &doctor->probe;

	if (!target->port) {
		note(doctor, "peer",
		     "%s was not asked: give the port of its server, too, as HOST:PORT",
		     target->name);
		return;
	}
	if (probe->err)
		tell_error(doctor, probe);
	else if (probe->has_smc)
		good(doctor, "peer", "a connection to %s, port %d, used SMC", target->text,
		     target->port);
	else
		tell_fallback(doctor, probe);
}

/* --- what did fall back --- */

static void tell_history(struct doctor *doctor)
{
	json_object *stats = gen_stats(), *reasons, *row;
	size_t i;

	reasons = json_object_object_get(stats, "fallback_reasons");
	for (i = 0; i < json_object_array_length(reasons); i++) {
		row = json_object_array_get_idx(reasons, i);
		/* the kernel's 16 bits went round: how often, it does not know */
		if (!count(row, "count"))
			continue;
		note(doctor, "history", "%d fell back as %s, %s: %s", (int)count(row, "count"),
		     member(row, "side"), member(row, "code"), member(row, "text"));
		fix(doctor, "%s", reason_of(reason_code(member(row, "code")))->fix);
	}
	json_object_put(stats);
}

/* --- the whole --- */

static void examine(struct doctor *doctor)
{
	bool has_module = check_module(doctor);
	bool has_route = !doctor->has_target || check_route(doctor);
	bool has_way = has_module && has_route && doctor->has_target;

	doctor->gids = rdma_gids();
	if (has_way)
		read_pnetids(doctor);
	if (has_way && doctor->target.port)
		probe_run(&doctor->probe, &doctor->target);
	if (has_route)
		check_devices(doctor);
	if (!has_module)
		return;
	if (has_way)
		check_pnetid(doctor);
	check_eids(doctor);
	check_limits(doctor);
	check_memory(doctor);
	check_firewall(doctor);
	if (has_way)
		check_peer(doctor);
	if (!doctor->has_target)
		tell_history(doctor);
}

static void print_text(const struct doctor *doctor)
{
	size_t i;

	for (i = 0; i < json_object_array_length(doctor->checks); i++) {
		json_object *row = json_object_array_get_idx(doctor->checks, i);
		const char *todo = member(row, "fix");

		printf("%-4s  %-8s  %s\n", member(row, "status"), member(row, "check"),
		       member(row, "text"));
		if (*todo)
			printf("%16sto do: %s\n", "", todo);
	}
	if (doctor->failed)
		printf("\n%d to put right, in this order.\n", doctor->failed);
	else
		printf("\nNothing here keeps connections from SMC.\n");
}

static void print_as_json(const struct doctor *doctor)
{
	json_object *result = json_object_new_object();

	json_object_object_add(result, "ok", json_object_new_boolean(!doctor->failed));
	if (doctor->has_target)
		add_text(result, "host", doctor->target.name);
	json_object_object_add(result, "checks", json_object_get(doctor->checks));
	print_json_as("doctor", result);
}

int smcr_doctor(struct request *request)
{
	struct doctor doctor = { .checks = json_object_new_array() };

	if (*request->words) {
		doctor.has_target = true;
		target_parse(&doctor.target, *request->words++);
	}
	if (*request->words)
		die(2, "unknown word '%s'; try 'smcr --help'", *request->words);
	examine(&doctor);
	if (request->is_json)
		print_as_json(&doctor);
	else
		print_text(&doctor);
	json_object_put(doctor.checks);
	json_object_put(doctor.gids);
	json_object_put(doctor.pnetids);
	json_object_put(doctor.ports);
	return doctor.failed ? 1 : 0;
}
