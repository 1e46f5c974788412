// SPDX-License-Identifier: GPL-2.0
/*
 * Turns the protocol of a socket(2) that asks for TCP into IPPROTO_SMC, for
 * those that the rules allow it.  Without a module that serves the protocol it
 * must not: every such call would fail.  The kernel's own smc of before 6.11 has
 * AF_SMC only, and may come at any time.
 */
#include <stdbool.h>

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "rules.h"

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_TYPE_MASK 0xf
#define IPPROTO_TCP 6
#define IPPROTO_SMC 256
/* more than there are; a program has to end */
#define PROTOCOLS_MAX 32

/* Found by name in the running kernel, wherever they are there. */
struct task_struct {
	struct task_struct *group_leader;
	char comm[RULE_COMM_LEN];
} __attribute__((preserve_access_index));

struct list_head {
	struct list_head *next;
} __attribute__((preserve_access_index));

struct inet_protosw {
	struct list_head list;
	unsigned short protocol;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULES_MAX);
	__type(key, __u32);
	__type(value, struct rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, RULES_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} counts SEC(".maps");

/* Who makes the call. */
struct caller {
	__u32 uid;
	char comm[RULE_COMM_LEN];
};

static bool is_tcp(int family, int type, int protocol)
{
	return (family == AF_INET || family == AF_INET6) &&
	       (type & SOCK_TYPE_MASK) == SOCK_STREAM &&
	       (protocol == 0 || protocol == IPPROTO_TCP);
}

static void look_at_caller(struct caller *caller)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	caller->uid = (__u32)bpf_get_current_uid_gid();
	BPF_CORE_READ_INTO(&caller->comm, task, group_leader, comm);
}

static bool has_name(const struct caller *caller, const struct rule *rule)
{
	int i;

	for (i = 0; i < RULE_COMM_LEN; i++) {
		if (caller->comm[i] != rule->comm[i])
			return false;
		if (!caller->comm[i])
			break;
	}
	return true;
}

static bool is_for(const struct rule *rule, const struct caller *caller, __u32 number)
{
	if (rule->has_uid && rule->uid != caller->uid)
		return false;
	if (rule->has_comm && !has_name(caller, rule))
		return false;
	return !rule->has_cgroup || bpf_current_task_under_cgroup(&cgroups, number) == 1;
}

static bool allowed(const struct config *conf)
{
	struct caller caller = {};
	__u32 i;

	look_at_caller(&caller);
	for (i = 0; i < RULES_MAX && i < conf->count; i++) {
		__u32 number = i;
		struct rule *rule = bpf_map_lookup_elem(&rules, &number);

		if (rule && is_for(rule, &caller, number))
			return rule->is_allow;
	}
	return conf->allows_rest;
}

/*
 * Is IPPROTO_SMC among the stream protocols of IPv4?  Whoever serves it does so
 * for IPv6 as well.  An entry may go meanwhile: then a read fails, or the next
 * one is still that of the list.
 */
static bool smc_is_there(const struct config *conf)
{
	const struct list_head *head = (const void *)conf->protocols;
	const struct list_head *at = BPF_CORE_READ(head, next);
	int i;

	for (i = 0; i < PROTOCOLS_MAX && at && at != head; i++) {
		if (BPF_CORE_READ((const struct inet_protosw *)at, protocol) == IPPROTO_SMC)
			return true;
		at = BPF_CORE_READ(at, next);
	}
	return false;
}

/* 0 leaves the decision to those behind us, and to the function itself in the end. */
SEC("fmod_ret/update_socket_protocol")
int BPF_PROG(convert, int family, int type, int protocol, int ret)
{
	__u32 zero = 0;
	struct config *conf = bpf_map_lookup_elem(&config, &zero);
	struct counts *count = bpf_map_lookup_elem(&counts, &zero);

	if (ret || !conf || !count || !is_tcp(family, type, protocol))
		return ret;
	if (!allowed(conf)) {
		__sync_fetch_and_add(&count->refused, 1);
		return 0;
	}
	if (!smc_is_there(conf)) {
		__sync_fetch_and_add(&count->unavailable, 1);
		return 0;
	}
	__sync_fetch_and_add(&count->converted, 1);
	return IPPROTO_SMC;
}

char _license[] SEC("license") = "GPL";
