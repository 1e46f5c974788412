/* SPDX-License-Identifier: GPL-2.0 */
/* The result of one case, in memory shared with the runner so that it survives a crash. */
#ifndef BEH_RECORD_H
#define BEH_RECORD_H

struct beh_record {
	char text[8192];
};

extern struct beh_record *beh_record;

#endif
