/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which RDMA ports and which interfaces are on the same physical network, if
 * the administrator says so: PNET IDs (wire.md 3.2, userspace-abi.md 4.1).
 */
#ifndef SMCR_BASE_PNET_H
#define SMCR_BASE_PNET_H

#include <linux/list.h>
#include <net/net_namespace.h>

#define SMCR_PNET_LEN		16
#define SMCR_PNET_MAX_PORT	2
/* as IB_DEVICE_NAME_MAX */
#define SMCR_PNET_NAME_LEN	64

struct net_device;
struct notifier_block;

/**
 * struct smcr_pnet_id - a PNET ID
 * @text: letters and digits, NUL terminated; empty for none
 */
struct smcr_pnet_id {
	char text[SMCR_PNET_LEN + 1];
};

/**
 * struct smcr_pnet_dev - the names of an RDMA device that exists
 * @list: all of them, under pnet_lock
 * @name: its own, under pnet_lock
 * @parent: of the device that it belongs to, such as a PCI address, or empty
 */
struct smcr_pnet_dev {
	struct list_head list;
	char name[SMCR_PNET_NAME_LEN];
	char parent[SMCR_PNET_NAME_LEN];
};

/**
 * struct smcr_pnet_info - a copy of an entry of the table
 * @serial: tells entries apart, grows from one to the next
 * @id: the PNET ID
 * @is_rdma: it is about an RDMA device, else about an interface
 * @name: of the device
 * @port: of the RDMA device
 */
struct smcr_pnet_info {
	u64 serial;
	struct smcr_pnet_id id;
	bool is_rdma;
	char name[SMCR_PNET_NAME_LEN];
	u8 port;
};

int smcr_pnet_init(void);
void smcr_pnet_exit(void);
void smcr_pnet_watch(struct notifier_block *block);
void smcr_pnet_unwatch(struct notifier_block *block);
int smcr_pnet_parse(const char *text, struct smcr_pnet_id *id);
int smcr_pnet_add_netdev(struct net *net, const struct smcr_pnet_id *id,
			 const char *name);
int smcr_pnet_add_rdma(const struct smcr_pnet_id *id, const char *name,
		       u8 port);
int smcr_pnet_remove(struct net *net, const char *id);
void smcr_pnet_flush(struct net *net);
bool smcr_pnet_next(struct net *net, const char *id, u64 after,
		    struct smcr_pnet_info *info);

void smcr_pnet_dev_add(struct smcr_pnet_dev *dev, const char *name,
		       const char *parent);
void smcr_pnet_dev_rename(struct smcr_pnet_dev *dev, const char *name);
void smcr_pnet_dev_remove(struct smcr_pnet_dev *dev);
bool smcr_pnet_of_port(const struct smcr_pnet_dev *dev, u8 port,
		       struct smcr_pnet_id *id);
bool smcr_pnet_of_netdev(struct net_device *ndev, struct smcr_pnet_id *id);

#endif
