/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of a network namespace: /proc/sys/net/smc (userspace-abi.md 5). */
#ifndef SMCR_BASE_SYSCTL_H
#define SMCR_BASE_SYSCTL_H

#include <net/net_namespace.h>

/* rings of this size are ours to adapt: nobody has chosen it */
#define SMCR_RING_DEFAULT	(64 * 1024)

/**
 * struct smcr_sysctl - the settings
 * @wmem: send ring of new sockets, bytes
 * @rmem: receive ring of new sockets, bytes
 * @testlink_time: seconds until a quiet link is tested, 0 for never
 * @max_conns: of a link group, negotiated
 * @max_links: of a link group, negotiated; a second path may come later
 * @buf_type: memory of rings of new link groups: 0 physically contiguous,
 *	1 virtually, 2 virtually where there is no physically contiguous one
 * @autocork: largest write that may be held back while sends are under way,
 *	bytes; 0 for none
 * @send_wr: send work requests of a link of new link groups
 * @recv_wr: receive work requests of one
 * @limit_hs: listeners take connections by TCP when many are in handshake
 *
 * Read without a lock, by READ_ONCE().
 */
struct smcr_sysctl {
	int wmem;
	int rmem;
	int testlink_time;
	int max_conns;
	int max_links;
	int buf_type;
	unsigned int autocork;
	int send_wr;
	int recv_wr;
	int limit_hs;
};

const struct smcr_sysctl *smcr_sysctl(const struct net *net);
void smcr_sysctl_limit_hs(struct net *net, bool is_limited);
int smcr_sysctl_init(void);
void smcr_sysctl_exit(void);

#endif
