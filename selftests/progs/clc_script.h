/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scripts of clcpeer: what one side of the handshake does, as text.
 *
 *	role client			or server: of the scripted peer
 *	def NAME: COMMANDS		$1 to $9 are its arguments
 *	case TITLE [i=FROM..TO]: COMMANDS
 *
 * A case is a connection, or one for each value of i. Commands are separated
 * by semicolons, and go on in lines that begin with a blank. A number may be
 * $i, $i+N or $i-N. Comments begin with #.
 *
 * What is to be sent, a buffer of bytes:
 *	load NAME	a message, see clc_message.h
 *	stamp		give it a peer ID that no other connection has
 *	set AT HEX	replace bytes
 *	byte AT NUMBER	replace one byte
 *	flip AT HEX	exclusive or with one byte
 *	cut LEN		keep that many bytes
 *	add HEX		append bytes
 *	pad COUNT	append zeros
 *	seal		append a trailer, and make the length right
 *	data		append application data, which "tcp" then does not send
 *	send [MS]	send the buffer, with MS a byte at a time
 *	split AT MS	send it in two pieces, with a pause
 *
 * Besides:
 *	wait MS
 *	expect proposal|accept|confirm [SECONDS]
 *	expect decline CODE [SECONDS]
 *	has AT HEX	the message that came last has these bytes
 *	has_byte AT NUMBER	and this one
 *	has_length LEN	and is that long
 *	end		shut down our direction
 *
 * The end of a case, which tells what the other side has to do and count:
 *	tcp [CODE [SECONDS]]	it goes on over TCP, for this reason; that of
 *			the DECLINE before if none is given
 *	lost [SECONDS [ERRNO]]	it ends the connection. What its program gets is
 *			EPROTO at once, or ETIMEDOUT after SECONDS.
 *	settle [SECONDS]	one of these, or it sends its next message and
 *			takes a DECLINE
 *	reset		we reset the connection
 *
 * SECONDS count from the last send; without, there is nothing to wait for.
 */
#ifndef CLC_SCRIPT_H
#define CLC_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum clc_op_code {
	CLC_OP_LOAD,
	CLC_OP_STAMP,
	CLC_OP_SET,
	CLC_OP_BYTE,
	CLC_OP_FLIP,
	CLC_OP_CUT,
	CLC_OP_ADD,
	CLC_OP_PAD,
	CLC_OP_SEAL,
	CLC_OP_DATA,
	CLC_OP_SEND,
	CLC_OP_SPLIT,
	CLC_OP_WAIT,
	CLC_OP_EXPECT,
	CLC_OP_HAS,
	CLC_OP_HAS_BYTE,
	CLC_OP_HAS_LENGTH,
	CLC_OP_END,
	/* from here on: the end of a case */
	CLC_OP_TCP,
	CLC_OP_LOST,
	CLC_OP_SETTLE,
	CLC_OP_RESET,
};

/* @value, to which the case's index is added if @is_index */
struct clc_number {
	long value;
	bool is_index;
};

#define CLC_MAX_NUMBERS	2

/**
 * struct clc_op - a command
 * @code: which
 * @line: where it is in the script
 * @text: for messages
 * @number: its numbers in the order they are written; 0 if left out
 * @n_numbers: how many were written
 * @type: the message that is expected, enum smcr_clc_type
 * @word: name of a message, or of an errno; may be NULL
 * @bytes: its hex argument
 * @len: number of @bytes
 */
struct clc_op {
	enum clc_op_code code;
	int line;
	char *text;
	struct clc_number number[CLC_MAX_NUMBERS];
	int n_numbers;
	int type;
	char *word;
	uint8_t *bytes;
	size_t len;
};

struct clc_case {
	char *title;
	bool has_index;
	long first;
	long last;
	struct clc_op *ops;
	int n_ops;
};

struct clc_script {
	bool is_server;
	struct clc_case *cases;
	int n_cases;
};

void clc_script_read(const char *path, struct clc_script *script);
long clc_script_conns(const struct clc_script *script);
void clc_script_print(const struct clc_script *script);
int clc_parse_hex(const char *text, uint8_t *buf, size_t cap);

#endif
