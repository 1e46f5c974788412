/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where and how a test program talks: plain TCP or SMC, IPv4 or IPv6.  The
 * programs below this line are the same for all of them.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef IPPROTO_SMC
#define IPPROTO_SMC 256
#endif

struct endpoint {
	bool is_smc;
	/* SMC by IPPROTO_SMC instead of AF_SMC. */
	bool is_inet;
	bool is_v6;
	/* TCP Fast Open, which rules SMC out. */
	bool has_fastopen;
	/* TCP MD5 signatures, which rule SMC out. */
	bool has_md5;
	/* an IPsec policy, which lets everything pass. */
	bool has_policy;
	/* Of a listener: SMC_LIMIT_HS. */
	bool limits_handshakes;
};

struct address {
	struct sockaddr_storage ss;
	socklen_t len;
};

bool endpoint_parse_mode(struct endpoint *ep, const char *word);
int endpoint_socket(const struct endpoint *ep, int flags);
void endpoint_any(const struct endpoint *ep, int port, struct address *addr);
void endpoint_resolve(const struct endpoint *ep, const char *host, int port,
		      struct address *addr);
int endpoint_listen(const struct endpoint *ep, int port, int backlog);
int endpoint_connect(const struct endpoint *ep, const struct address *addr);

bool socket_is_smc(int fd);
int address_port(const struct address *addr);
void address_set_port(struct address *addr, int port);
int socket_port(int fd);

int parse_port(const char *text);
long long parse_count(const char *text);
int time_limit(int seconds);
int read_full(int fd, void *buf, size_t len);
int write_full(int fd, const void *buf, size_t len);
long long now_us(void);
void sleep_ms(int ms);
__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *fmt, ...);

#endif
