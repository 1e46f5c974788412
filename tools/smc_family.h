/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What smc_run, its supervisor and its preload library must agree on: the
 * environment, the form of sizes, and the two ways to ask the kernel for an SMC
 * socket.
 */
#ifndef SMC_FAMILY_H
#define SMC_FAMILY_H

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* libc headers define few of these. */
#ifndef AF_SMC
#define AF_SMC 43
#endif
#define SMC_PROTO_V4 0
#define SMC_PROTO_V6 1
#ifndef IPPROTO_SMC
#define IPPROTO_SMC 256
#endif

#define SMC_ENV_DEBUG "SMC_DEBUG"
#define SMC_ENV_SNDBUF "SMC_SNDBUF"
#define SMC_ENV_RCVBUF "SMC_RCVBUF"
#define SMC_ENV_FAMILY "SMC_SOCK_FAMILY"

enum smc_family {
	/* socket(AF_SMC, ...) */
	SMC_FAMILY_SMC,
	/* socket(AF_INET or AF_INET6, ..., IPPROTO_SMC) */
	SMC_FAMILY_INET,
	/* INET where the kernel has it, else SMC; decided at run time */
	SMC_FAMILY_AUTO,
};

/**
 * smc_parse_family() - translate the word used by -f and SMC_SOCK_FAMILY
 * @word: the word; NULL and "" keep the default
 * @family: result, unchanged if there is none
 *
 * Return: false if the word is unknown.
 */
static inline bool smc_parse_family(const char *word, enum smc_family *family)
{
	if (!word || !*word)
		return true;
	if (!strcmp(word, "smc"))
		*family = SMC_FAMILY_SMC;
	else if (!strcmp(word, "inet"))
		*family = SMC_FAMILY_INET;
	else if (!strcmp(word, "auto"))
		*family = SMC_FAMILY_AUTO;
	else
		return false;
	return true;
}

/**
 * smc_parse_size() - translate a buffer size
 * @text: digits, then optionally one of k, K, m, M
 *
 * Return: bytes, or -1 if the text is no size or does not fit a socket option.
 */
static inline long smc_parse_size(const char *text)
{
	unsigned long long size;
	char *end;
	int shift = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	size = strtoull(text, &end, 10);
	if (errno)
		return -1;
	if (*end == 'k' || *end == 'K')
		shift = 10;
	else if (*end == 'm' || *end == 'M')
		shift = 20;
	if (shift)
		end++;
	if (*end || size > ((unsigned long long)INT_MAX >> shift))
		return -1;
	return (long)(size << shift);
}

/*
 * True for the answers of a kernel that does not know SMC in the asked form, and
 * of one whose security modules do not let this program have it.
 */
static inline bool smc_errno_is_missing(int err)
{
	return err == EAFNOSUPPORT || err == ESOCKTNOSUPPORT || err == EPROTONOSUPPORT ||
	       err == EACCES || err == EPERM;
}

typedef int smc_socket_fn(int domain, int type, int protocol);

/**
 * smc_socket() - create an SMC socket in place of a TCP socket
 * @family: the form to ask for; AUTO tries both
 * @domain: AF_INET or AF_INET6
 * @type: SOCK_STREAM and flags
 * @open: socket(2), or what stands for it
 * @how: result, the form that the kernel has, for messages
 *
 * Return: the socket, or -1 and errno.
 */
static inline int smc_socket(enum smc_family family, int domain, int type, smc_socket_fn *open,
			     const char **how)
{
	int fd = -1;

	*how = "IPPROTO_SMC";
	if (family != SMC_FAMILY_SMC)
		fd = open(domain, type, IPPROTO_SMC);
	if (fd >= 0 || family == SMC_FAMILY_INET ||
	    (family == SMC_FAMILY_AUTO && !smc_errno_is_missing(errno)))
		return fd;
	*how = "AF_SMC";
	return open(AF_SMC, type, domain == AF_INET6 ? SMC_PROTO_V6 : SMC_PROTO_V4);
}

/**
 * smc_probe() - try to create an SMC socket
 * @family: the form to try; AUTO tries both
 *
 * Creating the socket also makes the kernel load the module if it can.
 *
 * Return: a socket to be closed by the caller, or -1 and errno.
 */
static inline int smc_probe(enum smc_family family)
{
	const char *how;

	return smc_socket(family, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, socket, &how);
}

#endif
