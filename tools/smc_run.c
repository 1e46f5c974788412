// SPDX-License-Identifier: GPL-2.0
/*
 * smc_run - run a program with its TCP sockets converted to SMC
 *
 * The program is executed in place with libsmc-preload.so added to LD_PRELOAD;
 * all work is done by that library.  What belongs here is what must be known
 * before the program starts: the environment, the memory limits of the network
 * core, and whether SMC sockets exist at all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smc_family.h"

#ifndef LIBDIR
#define LIBDIR "/usr/local/lib"
#endif
#ifndef VERSION
#define VERSION "unknown"
#endif

#define LIB_NAME "libsmc-preload.so"

static void usage(void)
{
	printf("Usage: smc_run [-d] [-f FAMILY] [-r SIZE] [-t SIZE] COMMAND [ARG...]\n"
	       "       smc_run -h | -v\n"
	       "\n"
	       "Run COMMAND with its TCP sockets converted to SMC sockets.\n"
	       "\n"
	       "  -d         print one line for each converted socket to stderr\n"
	       "  -f FAMILY  how to ask for SMC: smc (AF_SMC, the default), inet\n"
	       "             (IPPROTO_SMC) or auto (IPPROTO_SMC where it exists)\n"
	       "  -r SIZE    receive buffer of the converted sockets\n"
	       "  -t SIZE    send buffer of the converted sockets\n"
	       "  -h         print this help\n"
	       "  -v         print the version\n"
	       "\n"
	       "SIZE is in bytes; append k or K for KiB, m or M for MiB.\n");
}

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

static void set_size(const char *var, const char *limit, const char *arg)
{
	if (!arg)
		return;
	setenv(var, arg, 1);
	raise_limit(limit, smc_parse_size(arg));
}

/*
 * A library beside the program wins, so that a source tree can be used as it
 * is.  An installed one is named without its path if the loader finds it: only
 * then do set-uid programs accept it.
 */
static const char *find_library(void)
{
	static char path[PATH_MAX + sizeof(LIB_NAME) + 1];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	void *handle;

	if (len > 0) {
		char *slash;

		path[len] = '\0';
		slash = strrchr(path, '/');
		if (slash) {
			strcpy(slash + 1, LIB_NAME);
			if (access(path, R_OK) == 0)
				return path;
		}
	}
	handle = dlopen(LIB_NAME, RTLD_LAZY | RTLD_LOCAL);
	if (handle) {
		dlclose(handle);
		return LIB_NAME;
	}
	if (access(LIBDIR "/" LIB_NAME, R_OK) == 0)
		return LIBDIR "/" LIB_NAME;
	return NULL;
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

int main(int argc, char **argv)
{
	const char *family_name = getenv(SMC_ENV_FAMILY);
	enum smc_family family = SMC_FAMILY_SMC;
	const char *rcvbuf = NULL;
	const char *sndbuf = NULL;
	const char *debug = "0";
	const char *lib;
	int opt;

	opterr = 0;
	while ((opt = getopt(argc, argv, "+:df:r:t:hv")) != -1) {
		char name[3] = { '-', (char)optopt, '\0' };

		switch (opt) {
		case 'd':
			debug = "1";
			break;
		case 'f':
			family_name = optarg;
			break;
		case 'r':
			rcvbuf = optarg;
			break;
		case 't':
			sndbuf = optarg;
			break;
		case 'h':
			usage();
			return 0;
		case 'v':
			printf("smc_run (smc_r) " VERSION "\n");
			return 0;
		case ':':
			return bad_use("missing argument of option ", name);
		default:
			return bad_use("invalid option: ", name);
		}
	}
	if (rcvbuf && smc_parse_size(rcvbuf) < 0)
		return bad_use("invalid size: ", rcvbuf);
	if (sndbuf && smc_parse_size(sndbuf) < 0)
		return bad_use("invalid size: ", sndbuf);
	if (!smc_parse_family(family_name, &family))
		return bad_use("invalid family: ", family_name);
	if (optind >= argc)
		return bad_use("missing command", "");

	lib = find_library();
	if (!lib) {
		fprintf(stderr, "smc_run: " LIB_NAME " not found beside smc_run nor in " LIBDIR "\n");
		return 1;
	}
	if (append_preload(lib))
		return 1;
	set_size(SMC_ENV_RCVBUF, "/proc/sys/net/core/rmem_max", rcvbuf);
	set_size(SMC_ENV_SNDBUF, "/proc/sys/net/core/wmem_max", sndbuf);
	setenv(SMC_ENV_DEBUG, debug, 1);
	if (family_name)
		setenv(SMC_ENV_FAMILY, family_name, 1);
	check_smc(family);

	execvp(argv[optind], argv + optind);
	fprintf(stderr, "smc_run: %s: %s\n", argv[optind], strerror(errno));
	/* The values a shell uses. */
	return errno == ENOENT ? 127 : 126;
}
