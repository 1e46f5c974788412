/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connection Layer Control: the four handshake messages inside the TCP
 * stream (wire.md section 2). A decoder accepts a whole message or nothing;
 * the struct it fills is in host order, holds no pointer into the packet and
 * needs no further checks of form. Whether its content suits us is decided
 * in logic/ and hs/.
 */
#ifndef SMCR_WIRE_CLC_H
#define SMCR_WIRE_CLC_H

#include "port.h"

#define SMCR_CLC_HDR_LEN	8
/* the longest message that a valid peer can send, and a bound for ours */
#define SMCR_CLC_MAX_LEN	1024
#define SMCR_CLC_MAX_EIDS	8
#define SMCR_CLC_MAX_IP6	8
#define SMCR_CLC_MAX_ISM	8
#define SMCR_CLC_MAX_GIDS	8
#define SMCR_CLC_HOST_LEN	32
#define SMCR_EID_LEN		32
#define SMCR_PEER_ID_LEN	8
#define SMCR_GID_LEN		16
#define SMCR_MAC_LEN		6

enum smcr_clc_type {
	SMCR_CLC_PROPOSAL = 1,
	SMCR_CLC_ACCEPT = 2,
	SMCR_CLC_CONFIRM = 3,
	SMCR_CLC_DECLINE = 4,
};

/* typev1/typev2 of a PROPOSAL; ACCEPT and CONFIRM use the first two */
enum smcr_clc_mode {
	SMCR_CLC_MODE_R = 0,
	SMCR_CLC_MODE_D = 1,
	SMCR_CLC_MODE_NONE = 2,
	SMCR_CLC_MODE_BOTH = 3,
};

/* operating system of a peer, in the first contact extension */
enum smcr_clc_os {
	SMCR_CLC_OS_ZOS = 1,
	SMCR_CLC_OS_LINUX = 2,
	SMCR_CLC_OS_AIX = 3,
	SMCR_CLC_OS_UNKNOWN = 15,
};

/* feature mask bits */
#define SMCR_CLC_FEATURE_EMULATED_ISM	0x0001

/**
 * struct smcr_clc_hdr - the eight bytes every CLC message starts with
 * @type: one of enum smcr_clc_type
 * @len: length of the whole message in bytes, header and trailer included
 * @version: 1 or above
 * @flags: low nibble of byte 7, its meaning depends on @type
 */
struct smcr_clc_hdr {
	u8 type;
	u16 len;
	u8 version;
	u8 flags;
};

struct smcr_clc_ip6_prefix {
	u8 addr[16];
	u8 len;
};

struct smcr_clc_ism_gid {
	u64 gid;
	u16 chid;
};

/**
 * struct smcr_clc_proposal - PROPOSAL (wire.md 2.3)
 * @version: 1 or 2
 * @typev1: version 1 modes offered, enum smcr_clc_mode
 * @typev2: version 2 modes offered, SMCR_CLC_MODE_NONE in version 1
 * @peer_id: sender's peer ID; all zero from stock version 2 clients
 * @gid_v1: RoCEv1 GID, zero if SMC-Rv1 is not offered
 * @mac: MAC of the RDMA port, zero if SMC-Rv1 is not offered
 * @has_smcd_area: the 40 byte SMC-D area is present (absent in RFC messages)
 * @ism_gid: SMC-Dv1 GID
 * @ism_chid: SMC-Dv1 CHID
 * @vendor: vendor OUI and experimental options, carried through untouched
 * @has_ip: the IP area is present (@typev1 is not SMCR_CLC_MODE_NONE)
 * @ip4_subnet: masked IPv4 network address, zero for IPv6
 * @ip4_prefix_len: significant bits of the mask, zero for IPv6
 * @ip6_count: number of valid entries in @ip6, 0 for IPv4
 * @ip6: IPv6 prefixes
 * @has_v2: the version 2 extension is present
 * @eid_count: number of valid entries in @eid
 * @eid: user EIDs, blank padded
 * @release: 0 for v2.0, 1 for v2.1
 * @has_seid: the SEID indicator is set
 * @roce_gid: client's RoCEv2 GID, zero if SMC-Rv2 is not offered
 * @max_conns: v2.1, connections per link group proposed
 * @max_links: v2.1, links per link group proposed
 * @feature_mask: v2.1
 * @has_smcd_v2: the SMC-Dv2 extension is present
 * @seid: system EID
 * @ism_count: number of valid entries in @ism
 * @ism: SMC-Dv2 GIDs
 */
struct smcr_clc_proposal {
	u8 version;
	u8 typev1;
	u8 typev2;
	u8 peer_id[SMCR_PEER_ID_LEN];
	u8 gid_v1[SMCR_GID_LEN];
	u8 mac[SMCR_MAC_LEN];

	bool has_smcd_area;
	u64 ism_gid;
	u16 ism_chid;
	u8 vendor[8];

	bool has_ip;
	u8 ip4_subnet[4];
	u8 ip4_prefix_len;
	u8 ip6_count;
	struct smcr_clc_ip6_prefix ip6[SMCR_CLC_MAX_IP6];

	bool has_v2;
	u8 eid_count;
	u8 eid[SMCR_CLC_MAX_EIDS][SMCR_EID_LEN];
	u8 release;
	bool has_seid;
	u8 roce_gid[SMCR_GID_LEN];
	u8 max_conns;
	u8 max_links;
	u16 feature_mask;

	bool has_smcd_v2;
	u8 seid[SMCR_EID_LEN];
	u8 ism_count;
	struct smcr_clc_ism_gid ism[SMCR_CLC_MAX_ISM];
};

/**
 * struct smcr_clc_rdma - the SMC-R half of ACCEPT and CONFIRM (wire.md 2.4)
 * @peer_id: sender's peer ID
 * @gid: sender's GID of the link used by this connection
 * @mac: sender's MAC of that port
 * @qpn: 24 bit QP number of that link
 * @rkey: of the RMB, valid for that QP
 * @rmbe_idx: 1-based element of the RMB; the decoder refuses 0
 * @token: RMBE alert token
 * @size_code: element size is 16384 << size_code bytes
 * @mtu_code: QP MTU code, enum ib_mtu numbering
 * @vaddr: RMB virtual address, opaque to the receiver
 * @psn: 24 bit initial packet sequence number of the sender
 */
struct smcr_clc_rdma {
	u8 peer_id[SMCR_PEER_ID_LEN];
	u8 gid[SMCR_GID_LEN];
	u8 mac[SMCR_MAC_LEN];
	u32 qpn;
	u32 rkey;
	u8 rmbe_idx;
	u32 token;
	u8 size_code;
	u8 mtu_code;
	u64 vaddr;
	u32 psn;
};

/**
 * struct smcr_clc_ism - the SMC-D half of ACCEPT and CONFIRM (wire.md 2.5)
 * @gid: sender's ISM GID
 * @token: sender's DMB token
 * @dmbe_idx: 0-based element
 * @size_code: element size is 16384 << size_code bytes
 * @link_id: sender's link group, raw bytes
 * @chid: v2, CHID chosen by the server
 * @gid_ext: v2, low half of a 128 bit GID
 */
struct smcr_clc_ism {
	u64 gid;
	u64 token;
	u8 dmbe_idx;
	u8 size_code;
	u8 link_id[4];
	u16 chid;
	u64 gid_ext;
};

/**
 * struct smcr_clc_fce - first contact extension (wire.md 2.6)
 * @is_direct: sender reaches the peer's GID without a gateway
 * @os: enum smcr_clc_os
 * @release: negotiated release
 * @host: host name, blank padded
 * @max_conns: v2.1, negotiated connections per link group
 * @max_links: v2.1, negotiated links per link group
 * @feature_mask: v2.1
 * @vendor: vendor experimental options, carried through untouched
 */
struct smcr_clc_fce {
	bool is_direct;
	u8 os;
	u8 release;
	u8 host[SMCR_CLC_HOST_LEN];
	u8 max_conns;
	u8 max_links;
	u16 feature_mask;
	u8 vendor[4];
};

/**
 * struct smcr_clc_accept - ACCEPT or CONFIRM, they share one layout
 * @type: SMCR_CLC_ACCEPT or SMCR_CLC_CONFIRM
 * @version: 1 or 2
 * @mode: SMCR_CLC_MODE_R: @r is valid; SMCR_CLC_MODE_D: @d is valid
 * @is_first_contact: a new link group is set up
 * @r: SMC-R half
 * @d: SMC-D half
 * @eid: v2, the negotiated EID
 * @has_fce: v2 and @is_first_contact: @fce is valid
 * @fce: first contact extension
 * @gid_count: number of valid entries in @gid; CONFIRM, v2, SMC-R, first
 *	contact only, otherwise 0. More than SMCR_CLC_MAX_GIDS are cut.
 * @gid: RoCEv2 GIDs of the client
 */
struct smcr_clc_accept {
	u8 type;
	u8 version;
	u8 mode;
	bool is_first_contact;
	struct smcr_clc_rdma r;
	struct smcr_clc_ism d;
	u8 eid[SMCR_EID_LEN];
	bool has_fce;
	struct smcr_clc_fce fce;
	u8 gid_count;
	u8 gid[SMCR_CLC_MAX_GIDS][SMCR_GID_LEN];
};

/**
 * struct smcr_clc_decline - DECLINE (wire.md 2.8)
 * @version: of the handshake
 * @is_out_of_sync: the sender does not know the link group it was offered
 * @peer_id: sender's peer ID, may be zero
 * @diagnosis: decline code, unknown values are legal
 * @os: enum smcr_clc_os, 0 in version 1
 */
struct smcr_clc_decline {
	u8 version;
	bool is_out_of_sync;
	u8 peer_id[SMCR_PEER_ID_LEN];
	u32 diagnosis;
	u8 os;
};

int smcr_clc_decode_hdr(const u8 *buf, size_t len, struct smcr_clc_hdr *hdr);
int smcr_clc_decode_proposal(const u8 *buf, size_t len,
			     struct smcr_clc_proposal *msg);
int smcr_clc_decode_accept(const u8 *buf, size_t len,
			   struct smcr_clc_accept *msg);
bool smcr_clc_host_is_valid(const u8 host[SMCR_CLC_HOST_LEN]);
int smcr_clc_decode_decline(const u8 *buf, size_t len,
			    struct smcr_clc_decline *msg);
int smcr_clc_encode_proposal(const struct smcr_clc_proposal *msg, u8 *buf,
			     size_t cap);
int smcr_clc_encode_accept(const struct smcr_clc_accept *msg, u8 *buf,
			   size_t cap);
int smcr_clc_encode_decline(const struct smcr_clc_decline *msg, u8 *buf,
			    size_t cap);

#endif
