/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scripts of rdmapeer, as text:
 *
 *	def NAME: COMMANDS		$1 to $9 are its arguments, empty if missing
 *	case TITLE [i=FROM..TO]: COMMANDS
 *
 * A case is a link group of its own, or one for each value of $i. Commands
 * are separated by semicolons, and go on in lines that begin with a blank.
 * Comments begin with #. What the commands mean is told in rdmapeer.c.
 */
#ifndef RDMA_SCRIPT_H
#define RDMA_SCRIPT_H

#define RDMA_MAX_WORDS	8

/* a command and its arguments, @n words in all */
struct rdma_command {
	int line;
	char *word[RDMA_MAX_WORDS];
	int n;
};

struct rdma_case {
	char *title;
	struct rdma_command *commands;
	int n;
};

struct rdma_script {
	struct rdma_case *cases;
	int n;
};

void rdma_script_read(const char *path, struct rdma_script *script);

#endif
