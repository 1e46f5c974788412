/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules of this host's firewall against the TCP option of SMC.
 */
#ifndef SMC_TOOLS_FIREWALL_H
#define SMC_TOOLS_FIREWALL_H

#define FIREWALL_RULE_LEN 256

enum firewall { FIREWALL_NOTHING, FIREWALL_STRIPS, FIREWALL_DROPS };

/**
 * firewall_look() - what rules do to the option
 * @rule: the first one that does, printable
 *
 * Chains that a rule jumps to are not followed. Only root can read rules.
 */
enum firewall firewall_look(char rule[FIREWALL_RULE_LEN]);

#endif
