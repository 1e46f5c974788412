/* SPDX-License-Identifier: GPL-2.0 */
/* Who this host is to its peers (wire.md 3.1). */
#ifndef SMCR_BASE_PEER_ID_H
#define SMCR_BASE_PEER_ID_H

#include "../wire/clc.h"

void smcr_peer_id_init(void);
void smcr_peer_id_learn(const u8 mac[SMCR_MAC_LEN]);
void smcr_peer_id_copy(u64 net_cookie, u8 peer_id[SMCR_PEER_ID_LEN]);

#endif
