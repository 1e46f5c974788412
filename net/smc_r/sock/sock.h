/* SPDX-License-Identifier: GPL-2.0 */
/* The calls that programs make on an AF_SMC socket. */
#ifndef SMCR_SOCK_SOCK_H
#define SMCR_SOCK_SOCK_H

#include <linux/net.h>

struct pipe_inode_info;
struct poll_table_struct;
struct sock;

#define SMCR_ULP_NAME	"smc"

extern const struct proto_ops smcr_proto_ops;

int smcr_sock_register(void);
void smcr_sock_unregister(void);

/* ulp.c: a TCP socket becomes one of SMC */
void smcr_ulp_register(void);
void smcr_ulp_unregister(void);

/* data.c: send, receive, poll, ioctl */
int smcr_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int smcr_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
		 int flags);
__poll_t smcr_poll(struct file *file, struct socket *sock,
		   struct poll_table_struct *wait);
ssize_t smcr_splice_read(struct socket *sock, loff_t *ppos,
			 struct pipe_inode_info *pipe, size_t len,
			 unsigned int flags);
int smcr_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);

/* options.c */
bool smcr_rules_smc_out(const struct sock *clcsk);
int smcr_setsockopt(struct socket *sock, int level, int optname,
		    sockptr_t optval, unsigned int optlen);
int smcr_getsockopt(struct socket *sock, int level, int optname,
		    char __user *optval, int __user *optlen);

#endif
