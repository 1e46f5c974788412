// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of this host's firewall against the TCP option of SMC: kind 254, which
 * others use as well, and behind its length four bytes that say that it is SMC.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall.h"

#define RULES_COMMAND \
	"PATH=$PATH:/usr/sbin:/sbin; " \
	"{ nft list ruleset; iptables-save; ip6tables-save; } 2>/dev/null"
#define STRIP_OPTIONS "--strip-options "
#define KIND 254
#define MARK 0xe2d4c3d9u
#define MARK_AT 16

/* A list as "2,4,254". */
static bool has_kind(const char *list)
{
	char *end;

	while (strtol(list, &end, 10) != KIND) {
		if (*end != ',')
			return false;
		list = end + 1;
	}
	return true;
}

static bool strips(const char *rule)
{
	const char *list = strstr(rule, STRIP_OPTIONS);

	return strstr(rule, "reset tcp option 254") ||
	       (list && has_kind(list + strlen(STRIP_OPTIONS)));
}

/* The first bits behind the length, as nft shows them. */
static bool has_mark(const char *rule)
{
	const char *match = strstr(rule, "tcp option @254,");
	unsigned int at, len;
	uint32_t value;

	return match && sscanf(match, "tcp option @254,%u,%u %u", &at, &len, &value) == 3 &&
	       at == MARK_AT && len && len <= 32 && value == MARK >> (32 - len);
}

static bool has_option(const char *rule)
{
	return strstr(rule, "tcp option 254 exists") || has_mark(rule) ||
	       (strstr(rule, "--tcp-option 254") && !strstr(rule, "! --tcp-option 254"));
}

static bool drops(const char *rule)
{
	return has_option(rule) && (strstr(rule, " drop") || strstr(rule, " reject") ||
				    strstr(rule, "-j DROP") || strstr(rule, "-j REJECT"));
}

static void keep(char *rule, const char *line)
{
	char *at;

	line += strspn(line, " \t");
	snprintf(rule, FIREWALL_RULE_LEN, "%.*s", (int)strcspn(line, "\n"), line);
	for (at = rule; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
}

enum firewall firewall_look(char rule[FIREWALL_RULE_LEN])
{
	enum firewall found = FIREWALL_NOTHING;
	FILE *rules = popen(RULES_COMMAND, "re");
	char line[1024];

	if (!rules)
		return found;
	while (fgets(line, sizeof(line), rules)) {
		if (found != FIREWALL_NOTHING || (!strips(line) && !drops(line)))
			continue;
		found = strips(line) ? FIREWALL_STRIPS : FIREWALL_DROPS;
		keep(rule, line);
	}
	pclose(rules);
	return found;
}
