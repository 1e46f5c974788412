// SPDX-License-Identifier: GPL-2.0
/*
 * smc_attach - convert TCP sockets without a wrapper, by a program in the kernel
 *
 * What smc_run --attach, --detach and --status start: apart from it, as only
 * this needs libbpf.  The program and its tables are pinned in the BPF file
 * system and stay until they are removed there.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "convert.skel.h"
#include "rules.h"

#ifndef IPPROTO_SMC
#define IPPROTO_SMC 256
#endif

#define HOOK "update_socket_protocol"
#define BPFFS "/sys/fs/bpf"
#define PINS BPFFS "/smc_run"
#define BPFFS_MAGIC 0xcafe4a11

/* As parsed: with the open control group of each rule, or -1. */
struct rules {
	struct config config;
	struct rule rule[RULES_MAX];
	int cgroup[RULES_MAX];
};

static const char *const pins[] = { "link", "rules", "config", "counts" };

#define N_PINS (sizeof(pins) / sizeof(pins[0]))

__attribute__((format(printf, 1, 2)))
static int fail(const char *fmt, ...)
{
	va_list ap;

	fputs("smc_run: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

/* --- rules --- */

static const char *cgroup_root(void)
{
	static char root[RULE_PATH_LEN];
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;

	if (!f)
		return NULL;
	root[0] = '\0';
	while (!root[0] && (mount = getmntent(f)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			snprintf(root, sizeof(root), "%s", mount->mnt_dir);
	endmntent(f);
	return root[0] ? root : NULL;
}

static int open_cgroup(const char *path)
{
	const char *root = cgroup_root();
	char full[2 * RULE_PATH_LEN];

	if (!root) {
		errno = ENODEV;
		return -1;
	}
	snprintf(full, sizeof(full), "%s/%s", root, path);
	return open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool parse_cgroup(const char *path, struct rule *rule, int *cgroup)
{
	struct stat st;

	if (strlen(path) >= sizeof(rule->path))
		return fail("path too long: %s", path), false;
	*cgroup = open_cgroup(path);
	if (*cgroup < 0 || fstat(*cgroup, &st) < 0)
		return fail("no control group (version 2) %s: %s", path, strerror(errno)), false;
	rule->has_cgroup = 1;
	rule->cgroup_id = st.st_ino;
	strcpy(rule->path, path);
	return true;
}

static bool parse_uid(const char *name, struct rule *rule)
{
	struct passwd *user = getpwnam(name);
	unsigned long uid;
	char *end;

	uid = user ? user->pw_uid : strtoul(name, &end, 10);
	if (!user && (*end || end == name || uid > UINT_MAX))
		return fail("no user %s", name), false;
	rule->has_uid = 1;
	rule->uid = (unsigned int)uid;
	return true;
}

static bool parse_condition(char *text, struct rule *rule, int *cgroup)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	if ((rule->has_uid && !strcmp(text, "uid")) || (rule->has_comm && !strcmp(text, "comm")) ||
	    (rule->has_cgroup && !strcmp(text, "cgroup")))
		return fail("two conditions %s= in a rule, of which each has to fit", text), false;
	if (value && *value && !strcmp(text, "uid"))
		return parse_uid(value, rule);
	if (value && *value && !strcmp(text, "cgroup"))
		return parse_cgroup(value, rule, cgroup);
	if (value && *value && !strcmp(text, "comm")) {
		/* The kernel keeps no more of it. */
		rule->has_comm = 1;
		strncpy(rule->comm, value, sizeof(rule->comm) - 1);
		return true;
	}
	return fail("no condition: %s (uid=USER, comm=NAME, cgroup=PATH)", text), false;
}

/* allow or deny, then conditions behind a colon, with commas in between */
static bool parse_rule(char *text, struct rule *rule, int *cgroup)
{
	char *conditions = strchr(text, ':');
	char *condition;

	if (conditions)
		*conditions++ = '\0';
	if (strcmp(text, "allow") && strcmp(text, "deny"))
		return fail("no rule: %s (allow or deny)", text), false;
	rule->is_allow = text[0] == 'a';
	while ((condition = strsep(&conditions, ",")))
		if (!parse_condition(condition, rule, cgroup))
			return false;
	return true;
}

static bool parse_rules(struct rules *rules, int count, char **texts)
{
	int i;

	if (count > RULES_MAX)
		return fail("more than %d rules", RULES_MAX), false;
	rules->config.allows_rest = 1;
	for (i = 0; i < count; i++) {
		rules->cgroup[i] = -1;
		if (!parse_rule(texts[i], &rules->rule[i], &rules->cgroup[i]))
			return false;
		if (rules->rule[i].is_allow)
			rules->config.allows_rest = 0;
	}
	rules->config.count = (unsigned int)count;
	return true;
}

static int set_rules(struct convert_bpf *program, const struct rules *rules)
{
	unsigned int zero = 0, i;
	int ret;

	ret = bpf_map_update_elem(bpf_map__fd(program->maps.config), &zero, &rules->config, 0);
	for (i = 0; !ret && i < rules->config.count; i++) {
		ret = bpf_map_update_elem(bpf_map__fd(program->maps.rules), &i, &rules->rule[i], 0);
		if (!ret && rules->cgroup[i] >= 0)
			ret = bpf_map_update_elem(bpf_map__fd(program->maps.cgroups), &i,
						  &rules->cgroup[i], 0);
	}
	return ret ? fail("rules: %s", strerror(errno)) : 0;
}

/* --- attaching --- */

static bool kernel_has_hook(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool found;

	if (libbpf_get_error(btf))
		return false;
	found = btf__find_by_name_kind(btf, HOOK, BTF_KIND_FUNC) >= 0;
	btf__free(btf);
	return found;
}

static unsigned long long symbol_address(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address = 0, at;
	char symbol[128];

	if (!f)
		return 0;
	while (!address && fscanf(f, "%llx %*c %127s%*[^\n]", &at, symbol) == 2)
		if (!strcmp(symbol, name))
			address = at;
	fclose(f);
	return address;
}

/* A list for each type of socket. */
static unsigned long long stream_protocols(void)
{
	unsigned long long lists = symbol_address("inetsw");

	return lists ? lists + SOCK_STREAM * 2 * sizeof(void *) : 0;
}

static bool have_bpffs(void)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) == 0 && (unsigned int)fs.f_type == BPFFS_MAGIC)
		return true;
	return mount("bpf", BPFFS, "bpf", 0, "mode=0700") == 0;
}

/* With one that has AF_SMC only, nothing would be converted. */
static int check_module(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SMC);

	if (fd >= 0)
		return close(fd);
	if (access("/sys/module/smc", F_OK) == 0)
		return fail("the kernel's own smc is loaded, and has no IPPROTO_SMC before 6.11");
	fputs("smc_run: no module for SMC is loaded: sockets are converted from then on\n", stderr);
	return 0;
}

static int check_kernel(struct config *config)
{
	if (geteuid() != 0)
		return fail("only root may do that");
	if (!kernel_has_hook())
		return fail("this kernel has no hook for that (" HOOK "): it takes Linux 6.6\n"
			    "with CONFIG_MPTCP and CONFIG_DEBUG_INFO_BTF.\n"
			    "Use 'smc_run COMMAND' instead; 'smc_run -m seccomp COMMAND' reaches\n"
			    "static children, too.");
	if (check_module())
		return 1;
	config->protocols = stream_protocols();
	if (!config->protocols)
		return fail("this kernel hides its symbols (kptr_restrict)");
	if (!have_bpffs())
		return fail("no BPF file system on " BPFFS ": %s", strerror(errno));
	return 0;
}

/* Returns 0, or a negative errno if something is left. */
static int unpin(void)
{
	char path[sizeof(PINS) + 16];
	int ret = 0;
	size_t i;

	for (i = 0; i < N_PINS; i++) {
		snprintf(path, sizeof(path), PINS "/%s", pins[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			ret = -errno;
	}
	if (rmdir(PINS) < 0 && errno != ENOENT && !ret)
		ret = -errno;
	return ret;
}

/* What was attached before is replaced when the new one works already. */
static int pin(struct convert_bpf *program)
{
	int ret;

	unpin();
	if (mkdir(PINS, 0700) < 0)
		return -errno;
	ret = bpf_link__pin(program->links.convert, PINS "/link");
	if (!ret)
		ret = bpf_map__pin(program->maps.rules, PINS "/rules");
	if (!ret)
		ret = bpf_map__pin(program->maps.config, PINS "/config");
	if (!ret)
		ret = bpf_map__pin(program->maps.counts, PINS "/counts");
	if (ret)
		unpin();
	return ret;
}

static int fill_and_attach(struct convert_bpf *program, const struct rules *rules)
{
	int ret;

	if (set_rules(program, rules))
		return 1;
	ret = convert_bpf__attach(program);
	if (ret)
		return fail("cannot attach to " HOOK ": %s", strerror(-ret));
	ret = pin(program);
	if (ret)
		return fail("cannot pin to " PINS ": %s", strerror(-ret));
	return 0;
}

static int attach(int count, char **texts)
{
	static struct rules rules;
	struct convert_bpf *program;
	int ret;

	if (!parse_rules(&rules, count, texts) || check_kernel(&rules.config))
		return 1;
	program = convert_bpf__open_and_load();
	if (!program)
		return fail("the kernel does not take the program: %s", strerror(errno));
	ret = fill_and_attach(program, &rules);
	convert_bpf__destroy(program);
	return ret;
}

static int detach(void)
{
	int ret;

	if (geteuid() != 0)
		return fail("only root may do that");
	ret = unpin();
	return ret ? fail("cannot remove " PINS ": %s", strerror(-ret)) : 0;
}

/* --- status --- */

static bool look_up(const char *map, unsigned int number, void *value)
{
	char path[sizeof(PINS) + 16];
	bool found;
	int fd;

	snprintf(path, sizeof(path), PINS "/%s", map);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	found = bpf_map_lookup_elem(fd, &number, value) == 0;
	close(fd);
	return found;
}

static void print_cgroup(const struct rule *rule)
{
	int fd = open_cgroup(rule->path);
	struct stat st = { 0 };

	if (fd >= 0) {
		fstat(fd, &st);
		close(fd);
	}
	printf(" cgroup=%s%s", rule->path, st.st_ino == rule->cgroup_id ? "" : " (gone)");
}

static void print_rule(unsigned int number)
{
	struct rule rule;

	if (!look_up("rules", number, &rule))
		return;
	printf("rule %u: %s", number + 1, rule.is_allow ? "allow" : "deny");
	if (rule.has_uid)
		printf(" uid=%u", rule.uid);
	if (rule.has_comm)
		printf(" comm=%s", rule.comm);
	if (rule.has_cgroup)
		print_cgroup(&rule);
	putchar('\n');
}

static int status(void)
{
	struct counts counts;
	struct config config;
	unsigned int i;

	if (geteuid() != 0)
		return fail("only root may do that");
	if (!look_up("config", 0, &config) || !look_up("counts", 0, &counts)) {
		puts("not attached");
		return 1;
	}
	puts("attached");
	for (i = 0; i < config.count; i++)
		print_rule(i);
	printf("others: %s\n", config.allows_rest ? "allow" : "deny");
	printf("converted: %llu\nrefused: %llu\nunavailable: %llu\n", counts.converted,
	       counts.refused, counts.unavailable);
	return 0;
}

static int print_debug(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	const char *debug = getenv("SMC_DEBUG");

	(void)level;
	return debug && *debug && *debug != '0' ? vfprintf(stderr, fmt, ap) : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	libbpf_set_print(print_debug);
	if (!strcmp(what, "--attach"))
		return attach(argc - 2, argv + 2);
	if (argc == 2 && !strcmp(what, "--detach"))
		return detach();
	if (argc == 2 && !strcmp(what, "--status"))
		return status();
	return fail("smc_attach is for smc_run --attach, --detach and --status");
}
