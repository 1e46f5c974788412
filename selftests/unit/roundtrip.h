/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has to hold for any input, shared by the unit tests and the fuzzers:
 * whatever a decoder accepts can be encoded, fits the promised length, and
 * decodes to an equal struct again; encoding that again gives the same bytes.
 */
#ifndef SMCR_UNIT_ROUNDTRIP_H
#define SMCR_UNIT_ROUNDTRIP_H

#include <stdlib.h>
#include <string.h>

#include "cdc.h"
#include "clc.h"
#include "llc.h"

static inline int encode_cdc(const struct smcr_cdc *msg, u8 *buf, size_t cap)
{
	if (cap < SMCR_CDC_LEN)
		return -ENOSPC;
	smcr_cdc_encode(msg, buf);
	return SMCR_CDC_LEN;
}

static inline int encode_cdc_area(const struct smcr_cdc *msg, u8 *buf,
				  size_t cap)
{
	if (cap < SMCR_CDC_AREA_LEN)
		return -ENOSPC;
	smcr_cdc_encode_area(msg, buf);
	return SMCR_CDC_AREA_LEN;
}

/*
 * Returns NULL, or what is wrong. The structs start with equal content, as a
 * decoder need not fill unused array entries.
 */
#define DEFINE_ROUNDTRIP(name, type, decode, encode, max_len)		\
static inline const char *roundtrip_##name(const u8 *buf, size_t len,	\
					   int *decoded)		\
{									\
	static struct type first, second;				\
	static u8 once[(max_len) + 1], twice[(max_len) + 1];	\
	const char *wrong = NULL;					\
	int once_len, rc;						\
	u8 *exact;							\
									\
	memset(&first, 0, sizeof(first));				\
	memset(&second, 0, sizeof(second));				\
	rc = decode(buf, len, &first);					\
	if (decoded)							\
		*decoded = rc;						\
	if (rc)								\
		return rc < 0 ? NULL : "decoder returns a positive value"; \
									\
	once_len = encode(&first, once, sizeof(once));			\
	if (once_len <= 0)						\
		return "a decoded message cannot be encoded";		\
	if (once_len > (max_len))					\
		return "a message is longer than the maximum";		\
	if (encode(&first, twice, (size_t)once_len - 1) != -ENOSPC)	\
		return "a too small buffer is not noticed";		\
	exact = malloc((size_t)once_len);				\
	if (!exact)							\
		abort();						\
	if (encode(&first, exact, (size_t)once_len) != once_len ||	\
	    memcmp(exact, once, (size_t)once_len))			\
		wrong = "encoding depends on the buffer size";		\
	else if (decode(exact, (size_t)once_len, &second))		\
		wrong = "an encoded message cannot be decoded";		\
	else if (memcmp(&first, &second, sizeof(first)))		\
		wrong = "the struct changes";				\
	else if (encode(&second, twice, sizeof(twice)) != once_len ||	\
		 memcmp(once, twice, (size_t)once_len))			\
		wrong = "the encoding changes";				\
	free(exact);							\
	return wrong;							\
}

DEFINE_ROUNDTRIP(proposal, smcr_clc_proposal, smcr_clc_decode_proposal,
		 smcr_clc_encode_proposal, SMCR_CLC_MAX_LEN)
DEFINE_ROUNDTRIP(accept, smcr_clc_accept, smcr_clc_decode_accept,
		 smcr_clc_encode_accept, SMCR_CLC_MAX_LEN)
DEFINE_ROUNDTRIP(decline, smcr_clc_decline, smcr_clc_decode_decline,
		 smcr_clc_encode_decline, SMCR_CLC_MAX_LEN)
DEFINE_ROUNDTRIP(llc, smcr_llc, smcr_llc_decode, smcr_llc_encode,
		 SMCR_LLC_MAX_LEN)
DEFINE_ROUNDTRIP(cdc, smcr_cdc, smcr_cdc_decode, encode_cdc, SMCR_CDC_LEN)
DEFINE_ROUNDTRIP(cdc_area, smcr_cdc, smcr_cdc_decode_area, encode_cdc_area,
		 SMCR_CDC_AREA_LEN)

#endif
