// SPDX-License-Identifier: GPL-2.0
/* Fuzz the decoders of the CLC header and of PROPOSAL. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct smcr_clc_proposal msg;
	struct smcr_clc_hdr hdr;
	int rc;

	/* no message decodes without its header */
	rc = smcr_clc_decode_hdr(data, size, &hdr);
	if (rc && smcr_clc_decode_proposal(data, size, &msg) != rc)
		require("header and message disagree");
	if (!rc && (!hdr.version || hdr.version > 15 || hdr.flags > 15 ||
		    hdr.type < SMCR_CLC_PROPOSAL ||
		    hdr.type > SMCR_CLC_DECLINE))
		require("header out of range");
	fuzz_clc(data, size, roundtrip_proposal);
	return 0;
}
