/* SPDX-License-Identifier: GPL-2.0 */
/* What smc_attach and its program in the kernel must agree on. */
#ifndef RULES_H
#define RULES_H

#define RULES_MAX 64
#define RULE_COMM_LEN 16
/* with the zero; of longer paths status shows the end */
#define RULE_PATH_LEN 192

/**
 * struct rule - which processes it is for, and what it says
 * @is_allow: convert their sockets; otherwise leave them alone
 * @has_uid: only those of user @uid
 * @has_comm: only those with the name @comm
 * @has_cgroup: only those in the control group, or below it, that is in the slot
 *	of the same number as the rule
 * @cgroup_id: that of the control group when the rule was made; one that comes
 *	later is another one, even at the same path
 * @uid: real user ID in the initial user namespace
 * @comm: name of the process, not of its thread; ends with zeroes
 * @path: of the control group, for people
 *
 * A rule without conditions is for all.
 */
struct rule {
	unsigned char is_allow;
	unsigned char has_uid;
	unsigned char has_comm;
	unsigned char has_cgroup;
	unsigned int uid;
	unsigned long long cgroup_id;
	char comm[RULE_COMM_LEN];
	char path[RULE_PATH_LEN];
};

/**
 * struct config - what goes with the rules
 * @count: of rules, 0 to RULES_MAX; the first that is for a process decides
 * @allows_rest: what is said for which no rule is
 * @protocols: address of the kernel's list of stream protocols of IPv4
 */
struct config {
	unsigned int count;
	unsigned int allows_rest;
	unsigned long long protocols;
};

/**
 * struct counts - of sockets, since the program was attached
 * @converted: were asked for with TCP and made with SMC
 * @refused: kept TCP, as the rules say
 * @unavailable: kept TCP, as there is no module for SMC
 */
struct counts {
	unsigned long long converted;
	unsigned long long refused;
	unsigned long long unavailable;
};

#endif
