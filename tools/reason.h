/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why connections fall back to TCP, in words.
 */
#ifndef SMC_TOOLS_REASON_H
#define SMC_TOOLS_REASON_H

#include <stdint.h>

#define REASON_PEER_NO_SMC	0x03010000u

/**
 * struct reason - a fallback reason
 * @code: as in the DECLINE message
 * @label: short name, the one that smc-tools prints where it has one
 * @text: what happened, where the code was made
 * @fix: what to do there
 */
struct reason {
	uint32_t code;
	const char *label;
	const char *text;
	const char *fix;
};

/* The reason with this code; one that says so if it is unknown. */
const struct reason *reason_of(uint32_t code);

/* The number of a code in words: 0x03010000; 0 if there is none. */
uint32_t reason_code(const char *text);

#endif
