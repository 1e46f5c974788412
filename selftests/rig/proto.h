/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest agent and its host side say to each other over one
 * virtio-serial port. A port carries one command at a time.
 *
 * Host to guest: struct rig_request, then script_len bytes of shell script.
 * While the command runs any further byte from the host, or the host closing
 * its end, means "kill it".
 * Guest to host: struct rig_frame and len bytes each; RIG_START comes first
 * and RIG_EXIT last. Both directions may hold remains of an exchange that was
 * cut off, so a reader skips everything up to the magic with its token.
 * Both ends are the same architecture: host order, natural layout.
 */
#ifndef RIG_PROTO_H
#define RIG_PROTO_H

#include <stdint.h>

#define RIG_PORTS	8
/* The same port as seen in the guest's /sys/class/virtio-ports/.../name. */
#define RIG_PORT_NAME	"rig."
#define RIG_MAGIC	"\x02SMCRIG\x03"
#define RIG_MAGIC_LEN	8
#define RIG_SCRIPT_MAX	(256 * 1024)
#define RIG_DATA_MAX	4096

/* Exit status of a command that ran into its time limit, as timeout(1). */
#define RIG_TIMED_OUT	124

struct rig_request {
	char magic[RIG_MAGIC_LEN];
	uint64_t token;
	uint32_t timeout_ms;	/* never 0 */
	uint32_t script_len;
};

enum rig_frame_type {
	RIG_START = 1,		/* data: magic and token */
	RIG_STDOUT,
	RIG_STDERR,
	RIG_EXIT,		/* data: int32_t, 128 + n for signal n */
};

struct rig_start {
	char magic[RIG_MAGIC_LEN];
	uint64_t token;
};

struct rig_frame {
	uint32_t type;
	uint32_t len;
};

#endif
