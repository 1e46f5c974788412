// SPDX-License-Identifier: GPL-2.0
/*
 * smc_run - run a program with its TCP sockets converted to SMC
 *
 * The program is executed in place.  The work is done by libsmc-preload.so,
 * added to LD_PRELOAD, or by a supervisor where that has no effect.  What belongs
 * here is what must be known before the program starts: which of the two, the
 * environment, the memory limits of the network core, and whether SMC sockets
 * exist at all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "program.h"
#include "smc_family.h"
#include "smc_run.help.h"
#include "supervise.h"

#ifndef LIBDIR
#define LIBDIR "/usr/local/lib"
#endif
#ifndef VERSION
#define VERSION "unknown"
#endif

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/smc_r"
#endif
#define LIB_NAME "libsmc-preload.so"
#define ATTACH_NAME "smc_attach"

/* Bad use is reported on stdout, as scripts written for this command expect. */
static int bad_use(const char *what, const char *arg)
{
	printf("smc_run: %s%s\nTry 'smc_run -h' for help.\n", what, arg);
	return 1;
}

/* The limit is raised, never lowered; without permission it stays and is reported. */
static void raise_limit(const char *path, long size)
{
	long now = -1;
	FILE *f = fopen(path, "r");

	if (f) {
		if (fscanf(f, "%ld", &now) != 1)
			now = -1;
		fclose(f);
	}
	if (now >= size)
		return;
	f = fopen(path, "w");
	if (f) {
		bool failed = fprintf(f, "%ld\n", size) < 0;

		failed |= fclose(f) != 0;
		if (!failed)
			return;
	}
	fprintf(stderr, "smc_run: cannot raise %s to %ld: %s\n", path, size, strerror(errno));
}

/*
 * A file beside the program; so that a source tree can be used as it is, it wins
 * over an installed one.
 */
static const char *find_beside(const char *name)
{
	static char path[PATH_MAX + 32];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "%s", name);
	return access(path, R_OK) == 0 ? path : NULL;
}

/*
 * An installed one is named without its path if the loader finds it: only then do
 * set-uid programs accept it.
 */
static const char *find_library(void)
{
	const char *path = find_beside(LIB_NAME);
	void *handle;

	if (path)
		return path;
	handle = dlopen(LIB_NAME, RTLD_LAZY | RTLD_LOCAL);
	if (handle) {
		dlclose(handle);
		return LIB_NAME;
	}
	if (access(LIBDIR "/" LIB_NAME, R_OK) == 0)
		return LIBDIR "/" LIB_NAME;
	return NULL;
}

/* What needs more than this program does is one of its own. */
static int exec_attach(char **argv)
{
	const char *path = find_beside(ATTACH_NAME);

	if (!path)
		path = LIBEXECDIR "/" ATTACH_NAME;
	execv(path, argv);
	fprintf(stderr, "smc_run: %s: %s: it is built where clang, bpftool and libbpf are\n", path,
		strerror(errno));
	return 1;
}

static int append_preload(const char *lib)
{
	const char *old = getenv("LD_PRELOAD");
	char *list;

	/* The loader knows no quoting: these two always separate names. */
	if (strpbrk(lib, " :")) {
		fprintf(stderr, "smc_run: the path of the library contains a blank or colon: %s\n",
			lib);
		return 1;
	}
	if (asprintf(&list, "%s:%s", old ? old : "", lib) < 0 ||
	    setenv("LD_PRELOAD", list, 1) < 0) {
		fprintf(stderr, "smc_run: %s\n", strerror(errno));
		return 1;
	}
	free(list);
	return 0;
}

static void check_smc(enum smc_family family)
{
	int fd = smc_probe(family);

	if (fd >= 0) {
		close(fd);
		return;
	}
	fprintf(stderr,
		"smc_run: SMC sockets are not available (%s): the program runs over plain TCP.\n"
		"smc_run: Load the module with 'modprobe smc_r' to use SMC.\n",
		strerror(errno));
}

/* How the sockets of the command are reached. */
enum method {
	METHOD_AUTO,
	METHOD_PRELOAD,
	METHOD_SECCOMP,
};

struct options {
	enum method method;
	enum smc_family family;
	const char *family_name;
	const char *rcvbuf;
	const char *sndbuf;
	bool is_debug;
};

static bool parse_method(const char *word, enum method *method)
{
	if (!strcmp(word, "auto"))
		*method = METHOD_AUTO;
	else if (!strcmp(word, "preload"))
		*method = METHOD_PRELOAD;
	else if (!strcmp(word, "seccomp"))
		*method = METHOD_SECCOMP;
	else
		return false;
	return true;
}

/*
 * The library where it works: it costs the program nothing.  Under a supervisor
 * of somebody without privilege a program cannot gain any, which would break
 * what it is for.
 */
static enum method choose(const char *command)
{
	struct program program;

	program_look(command, &program);
	if (!program.needs_supervisor)
		return METHOD_PRELOAD;
	if (program.gains_privilege && geteuid() != 0) {
		fprintf(stderr,
			"smc_run: %s is static and changes its privilege: it runs over plain TCP.\n",
			command);
		return METHOD_PRELOAD;
	}
	return METHOD_SECCOMP;
}

static void prepare_supervisor(const struct options *options)
{
	struct supervise_options how = {
		.family = options->family,
		.sndbuf = options->sndbuf ? (int)smc_parse_size(options->sndbuf) : 0,
		.rcvbuf = options->rcvbuf ? (int)smc_parse_size(options->rcvbuf) : 0,
		.is_debug = options->is_debug,
	};

	if (supervise_begin(&how) == 0)
		return;
	/* The kernel allows one on the way from the first process to the last. */
	if (errno == EBUSY)
		fprintf(stderr, "smc_run: another supervisor is there already: it decides.\n");
	else
		fprintf(stderr, "smc_run: no supervisor (%s): the program runs over plain TCP.\n",
			strerror(errno));
}

static int prepare_library(const struct options *options)
{
	const char *lib = find_library();

	if (!lib) {
		fprintf(stderr,
			"smc_run: " LIB_NAME " not found beside smc_run nor in " LIBDIR "\n");
		return 1;
	}
	if (append_preload(lib))
		return 1;
	if (options->rcvbuf)
		setenv(SMC_ENV_RCVBUF, options->rcvbuf, 1);
	if (options->sndbuf)
		setenv(SMC_ENV_SNDBUF, options->sndbuf, 1);
	setenv(SMC_ENV_DEBUG, options->is_debug ? "1" : "0", 1);
	if (options->family_name)
		setenv(SMC_ENV_FAMILY, options->family_name, 1);
	return 0;
}

static int run(struct options *options, char **command)
{
	if (options->method == METHOD_AUTO)
		options->method = choose(command[0]);
	if (options->rcvbuf)
		raise_limit("/proc/sys/net/core/rmem_max", smc_parse_size(options->rcvbuf));
	if (options->sndbuf)
		raise_limit("/proc/sys/net/core/wmem_max", smc_parse_size(options->sndbuf));
	check_smc(options->family);
	if (options->method == METHOD_SECCOMP)
		prepare_supervisor(options);
	else if (prepare_library(options))
		return 1;

	execvp(command[0], command);
	fprintf(stderr, "smc_run: %s: %s\n", command[0], strerror(errno));
	/* The values a shell uses. */
	return errno == ENOENT ? 127 : 126;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{}
	};
	struct options options = { .family_name = getenv(SMC_ENV_FAMILY) };
	int opt;

	if (argc > 1 && (!strcmp(argv[1], "--attach") || !strcmp(argv[1], "--detach") ||
			 !strcmp(argv[1], "--status")))
		return exec_attach(argv);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:df:m:r:t:hv", names, NULL)) != -1) {
		char name[3] = { '-', (char)optopt, '\0' };

		switch (opt) {
		case 'd':
			options.is_debug = true;
			break;
		case 'f':
			options.family_name = optarg;
			break;
		case 'm':
			if (!parse_method(optarg, &options.method))
				return bad_use("invalid method: ", optarg);
			break;
		case 'r':
			options.rcvbuf = optarg;
			break;
		case 't':
			options.sndbuf = optarg;
			break;
		case 'h':
			fputs(help_text, stdout);
			return 0;
		case 'v':
			printf("smc_run (smc_r) " VERSION "\n");
			return 0;
		case ':':
			return bad_use("missing argument of option ", name);
		default:
			return bad_use("invalid option: ", optopt ? name : argv[optind - 1]);
		}
	}
	if (options.rcvbuf && smc_parse_size(options.rcvbuf) < 0)
		return bad_use("invalid size: ", options.rcvbuf);
	if (options.sndbuf && smc_parse_size(options.sndbuf) < 0)
		return bad_use("invalid size: ", options.sndbuf);
	if (!smc_parse_family(options.family_name, &options.family))
		return bad_use("invalid family: ", options.family_name);
	if (optind >= argc)
		return bad_use("missing command", "");
	return run(&options, argv + optind);
}
