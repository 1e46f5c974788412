/* SPDX-License-Identifier: GPL-2.0 */
/* What user space may see of link groups and sockets, whatever the transport. */
#ifndef SMCR_BASE_SNAPSHOT_H
#define SMCR_BASE_SNAPSHOT_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "../logic/ring.h"
#include "../wire/clc.h"
#include "decline.h"
#include "pnet.h"
#include "stats.h"

#define SMCR_DEV_NAME_LEN	64

/* one of them is taking another one's place */
#define SMCR_GROUP_MAX_LINKS	3

/* how the links of a group share ports (wire.md 4.3) */
enum smcr_group_type {
	SMCR_GROUP_NONE,
	SMCR_GROUP_SINGLE,
	SMCR_GROUP_SYMMETRIC,
	SMCR_GROUP_ASYMMETRIC_PEER,
	SMCR_GROUP_ASYMMETRIC_LOCAL,
};

/**
 * struct smcr_link_info - a copy of what a link is
 * @is_active: data can be sent
 * @conns: connections that use it
 * @num: link number
 * @dev_name: device, NUL terminated
 * @port: port number of the device
 * @ifindex: network device of the port, 0 if unknown
 * @gid: ours
 * @peer_gid: the peer's
 * @uid: our link UID as on the wire
 * @peer_uid: the peer's as on the wire
 */
struct smcr_link_info {
	bool is_active;
	u32 conns;
	u8 num;
	char dev_name[SMCR_DEV_NAME_LEN];
	u8 port;
	int ifindex;
	u8 gid[SMCR_GID_LEN];
	u8 peer_gid[SMCR_GID_LEN];
	u8 uid[4];
	u8 peer_uid[4];
};

/**
 * struct smcr_group_info - a copy of what a link group is
 * @id: number for user space, a multiple of 256
 * @role: ours
 * @pnet: of the port of @link, empty if none
 * @conns: connections that are or will be part of it
 * @net_cookie: of the device's namespace
 * @version: of SMC
 * @release: negotiated SMC release, version 2
 * @is_direct: no gateway on the way to the peer
 * @max_conns: negotiated limit of connections
 * @max_links: negotiated limit of links
 * @eid: negotiated, version 2, blank padded, not terminated
 * @peer_os: enum smcr_clc_os, version 2
 * @peer_host: version 2, blank padded, not terminated
 * @buf_type: setting smcr_buf_type that it was created with
 * @vlan: VLAN that the first link is in, 0 for none
 * @tx_bytes: of all send rings
 * @rx_bytes: of all receive rings
 * @type: how its links share ports
 * @link_count: valid entries in @link
 * @link: links that are up
 */
struct smcr_group_info {
	u32 id;
	enum smcr_role role;
	struct smcr_pnet_id pnet;
	u32 conns;
	u64 net_cookie;
	u8 version;
	u8 release;
	bool is_direct;
	u8 max_conns;
	u8 max_links;
	u8 eid[SMCR_EID_LEN];
	u8 peer_os;
	u8 peer_host[32];
	u8 buf_type;
	u16 vlan;
	u64 tx_bytes;
	u64 rx_bytes;
	enum smcr_group_type type;
	u32 link_count;
	struct smcr_link_info link[SMCR_GROUP_MAX_LINKS];
};

/**
 * struct smcr_port_info - a copy of what a port of a device is
 * @is_valid: there is such a port, and SMC can use it
 * @is_active: it works
 * @ifindex: its network device, 0 if unknown
 * @links: links of ours on it
 * @pnet: its PNET ID, empty for none
 */
struct smcr_port_info {
	bool is_valid;
	bool is_active;
	int ifindex;
	u32 links;
	struct smcr_pnet_id pnet;
};

/**
 * struct smcr_dev_info - a copy of what a device is
 * @serial: tells devices apart, grows from one to the next
 * @name: NUL terminated
 * @is_critical: a link group has no other one
 * @pci_vendor: 0 if it is not on PCI, like the following
 * @pci_device: its number
 * @pci_id: its address, or empty
 * @port: ports 1 and 2
 */
struct smcr_dev_info {
	u64 serial;
	char name[SMCR_DEV_NAME_LEN];
	bool is_critical;
	u16 pci_vendor;
	u16 pci_device;
	char pci_id[16];
	struct smcr_port_info port[2];
};

/**
 * struct smcr_conn_info - a copy of what a connection is
 * @token: alert token of our side
 * @tx_size: send ring, bytes
 * @rx_size: receive ring, bytes
 * @peer_size: the peer's receive ring, bytes
 * @rx_prod: producer cursor received, in our receive ring
 * @rx_cons: consumer cursor received, in the peer's ring
 * @tx_prod: producer cursor sent, in the peer's ring
 * @tx_cons: consumer cursor sent, in our receive ring
 * @rx_flags: producer flags received, as on the wire
 * @rx_state: connection state flags received, as on the wire
 * @tx_flags: producer flags sent
 * @tx_state: connection state flags sent
 * @written: what the application wrote, in the send ring
 * @sent: what was sent of that
 * @confirmed: what may be overwritten of that
 */
struct smcr_conn_info {
	u32 token;
	u32 tx_size;
	u32 rx_size;
	u32 peer_size;
	struct smcr_cursor rx_prod;
	struct smcr_cursor rx_cons;
	struct smcr_cursor tx_prod;
	struct smcr_cursor tx_cons;
	u8 rx_flags;
	u8 rx_state;
	u8 tx_flags;
	u8 tx_state;
	struct smcr_cursor written;
	struct smcr_cursor sent;
	struct smcr_cursor confirmed;
};

/**
 * struct smcr_sock_info - a copy of what a socket is
 * @serial: tells sockets apart, grows from one to the next
 * @family: that it was made with
 * @state: enum smcr_state
 * @is_tcp: it fell back
 * @shutdown: RCV_SHUTDOWN, SEND_SHUTDOWN
 * @sport: our port, network order as the following
 * @dport: the peer's port
 * @src: our address; IPv4 is in the first word
 * @dst: the peer's address
 * @ifindex: device that it is bound to, 0 for none
 * @cookie: of the socket, as sock_diag has it
 * @uid: of the socket's owner
 * @inode: 0 until it is accepted
 * @reason: why it fell back
 * @peer_diagnosis: what the peer said when it declined, 0 if it did not
 * @has_conn: @conn is valid
 * @has_link: @link and @role are valid
 * @role: ours in the link group
 * @conn: the connection
 * @link: the link that it uses
 */
struct smcr_sock_info {
	u64 serial;
	u8 family;
	u8 state;
	bool is_tcp;
	u8 shutdown;
	__be16 sport;
	__be16 dport;
	__be32 src[4];
	__be32 dst[4];
	int ifindex;
	u32 cookie[2];
	kuid_t uid;
	unsigned long inode;
	u32 reason;
	u32 peer_diagnosis;
	bool has_conn;
	bool has_link;
	enum smcr_role role;
	struct smcr_conn_info conn;
	struct smcr_link_info link;
};

struct net;

bool smcr_sock_snapshot(const struct net *net, u64 after,
			struct smcr_sock_info *info);

#endif
