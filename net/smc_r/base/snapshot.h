/* SPDX-License-Identifier: GPL-2.0 */
/* What user space may see of a link group, without naming its transport. */
#ifndef SMCR_BASE_SNAPSHOT_H
#define SMCR_BASE_SNAPSHOT_H

#include <linux/types.h>

#include "../wire/clc.h"
#include "stats.h"

#define SMCR_DEV_NAME_LEN	64

/**
 * struct smcr_link_info - a copy of what a link is
 * @is_active: data can be sent
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
 * @link: the only link
 */
struct smcr_group_info {
	u32 id;
	enum smcr_role role;
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
	struct smcr_link_info link;
};

#endif
