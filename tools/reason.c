// SPDX-License-Identifier: GPL-2.0
/*
 * Why connections fall back to TCP, in words.
 */
#include <stddef.h>
#include <stdlib.h>

#include "reason.h"

#define FIX_DEVICE \
	"put an RDMA device on the interface of the connection ('rdma link add rxe0 type rxe " \
	"netdev IF' for software RDMA) and give both hosts a user EID in common ('smcr ueid add " \
	"EID')"
#define FIX_EID "give both hosts a user EID in common: 'smcr ueid add EID'"
#define FIX_LOG "see the kernel log"
#define FIX_LINK \
	"look for lost packets and at the state of the RDMA ports: 'smcr device', 'rdma link'"
#define FIX_VERSION "use SMC version 2 on both hosts"
#define FIX_ISM "nothing: SMC-D needs hardware that is not here"

static const struct reason reasons[] = {
	{ 0x01010000, "MEMORY", "no memory for the connection",
	  "free memory, raise the memory limit of the cgroup, or use smaller rings "
	  "(net.smc.wmem, net.smc.rmem)" },
	{ 0x02010000, "TIMEOUT_CL", "the peer did not confirm the link in time", FIX_LINK },
	{ 0x02020000, "TIMEOUT_AL", "the peer did not answer the second link in time", FIX_LINK },
	{ 0x03000000, "CNF_ERR", "something is configured wrongly", FIX_LOG },
	{ 0x03010000, "PEER_NO_SMC", "the peer did not offer SMC",
	  "load SMC on the peer and let its program use SMC sockets ('smc_run PROGRAM'); nothing "
	  "on the way may remove the TCP option 254" },
	{ 0x03020000, "IPSEC", "an IPsec policy applies to the connection",
	  "take the connection out of the policy: RDMA would bypass it" },
	{ 0x03030000, "NOSMCDEV", "no usable RDMA device, or no user EID in common", FIX_DEVICE },
	{ 0x03030001, "NOSMCDDEV", "no ISM device", FIX_ISM },
	{ 0x03030002, "NOSMCRDEV", "no usable RDMA device on the interface of the connection",
	  FIX_DEVICE },
	{ 0x03030003, "NOISM2SUPP", "no ISM version 2", FIX_ISM },
	{ 0x03030004, "NOV2EXT", "the proposal has no part for version 2", FIX_VERSION },
	{ 0x03030005, "NOV2DEXT", "the proposal has no part for SMC-D version 2", FIX_ISM },
	{ 0x03030006, "NOSEID", "the peer sent no system EID", FIX_ISM },
	{ 0x03030007, "NOSMCD2DEV", "no ISM version 2 device", FIX_ISM },
	{ 0x03030008, "NOUEID", "no user EID in common", FIX_EID },
	{ 0x03030009, "RELEASERR", "the releases of SMC do not match", FIX_VERSION },
	{ 0x0303000a, "MAXCONNERR", "no agreement on the connections of a link group",
	  "look at net.smc.smcr_max_conns_per_lgr of both hosts" },
	{ 0x0303000b, "MAXLINKERR", "no agreement on the links of a link group",
	  "look at net.smc.smcr_max_links_per_lgr of both hosts" },
	{ 0x03040000, "MODEUNSUPP", "one side has SMC-R only, the other SMC-D only",
	  "put an RDMA device on the interface of the connection on both hosts" },
	{ 0x03050000, "RMBE_EC", "the confirmation of the link was not valid", FIX_LOG },
	{ 0x03060000, "OPTUNSUPP",
	  "the program asked for TCP fast open or another option that SMC has not",
	  "switch that option off in the program" },
	{ 0x03070000, "DIFFPREFIX", "the hosts are in different IP subnets",
	  "use SMC version 2, or addresses of one subnet" },
	{ 0x03080000, "GETVLANERR", "the VLAN of the connection is unknown", FIX_LOG },
	{ 0x03090000, "ISMVLANERR", "the ISM device refused the VLAN", FIX_ISM },
	{ 0x030a0000, "NOACTLINK", "the link group has no active link", FIX_LINK },
	{ 0x030b0000, "NOSRVLINK", "the link that the server named does not exist", FIX_LINK },
	{ 0x030c0000, "VERSMISMAT", "the versions of SMC do not match", FIX_VERSION },
	{ 0x030d0000, "MAX_DMB", "the ISM device has no more buffers", FIX_ISM },
	{ 0x030e0000, "NOROUTE", "no route to the peer for RDMA",
	  "check 'ip route get PEER' and 'ip neigh'" },
	{ 0x030f0000, "NOINDIRECT", "one side reaches the other directly, the other by a gateway",
	  "make the routes of both hosts agree" },
	{ 0x04000000, "SYNCERR", "the two sides disagree about the link group",
	  "try again: the link group is made anew" },
	{ 0x05000000, "PEERDECL", "the peer declined",
	  "look at the peer: 'smcr doctor' there, and its reason here" },
	{ 0x09990000, "INTERR", "an internal error", FIX_LOG },
	{ 0x09990001, "ERR_RTOK", "the key of the peer's ring could not be used", FIX_LOG },
	{ 0x09990002, "ERR_RDYLNK", "the link could not be made ready", FIX_LINK },
	{ 0x09990003, "ERR_REGBUF",
	  "the ring could not be registered with the RDMA device, or its key not confirmed in time",
	  "if many connections began at once: 'sysctl net.smc.limit_smc_hs=1' at the server; "
	  "otherwise use smaller rings (net.smc.wmem, net.smc.rmem), or virtual memory "
	  "(net.smc.smcr_buf_type=1)" },
};

static const struct reason unknown = {
	.label = "[unknown]", .text = "a reason that this program does not know", .fix = FIX_LOG,
};

const struct reason *reason_of(uint32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return &reasons[i];
	return &unknown;
}

uint32_t reason_code(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 16);
}
