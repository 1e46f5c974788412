// SPDX-License-Identifier: GPL-2.0
/*
 * The user EIDs of this host. SMC-R version 2 needs one that both peers
 * know; the table starts with a built-in default and is changed by netlink.
 */
#include "eid.h"

#include <linux/spinlock.h>

/* guards the table; leaf, process context only */
static DEFINE_SPINLOCK(eid_lock);
static u8 eid_table[SMCR_EID_MAX][SMCR_EID_LEN];
static u8 eid_count;

static bool is_upper_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* trailing blanks are padding; returns the padded form */
static int normalize(const char *name, size_t len, u8 eid[SMCR_EID_LEN])
{
	size_t i;

	while (len && name[len - 1] == ' ')
		len--;
	if (!len || len > SMCR_EID_LEN || !is_upper_alnum(name[0]))
		return -EINVAL;
	for (i = 1; i < len; i++)
		if (!is_upper_alnum(name[i]) && name[i] != '.' &&
		    name[i] != '-')
			return -EINVAL;
	memset(eid, ' ', SMCR_EID_LEN);
	memcpy(eid, name, len);
	return 0;
}

static int find_locked(const u8 *eid)
{
	u8 i;

	lockdep_assert_held(&eid_lock);
	for (i = 0; i < eid_count; i++)
		if (!memcmp(eid_table[i], eid, SMCR_EID_LEN))
			return i;
	return -ENOENT;
}

/**
 * smcr_eid_add() - add a user EID
 * @name: 1 to 32 of A-Z 0-9 . - with the first one alphanumeric; trailing
 *	blanks are ignored
 * @len: its length in bytes
 *
 * Context: process; takes eid_lock.
 * Return: 0, -EINVAL for a bad name, -ERANGE when the table is full, -EEXIST.
 */
int smcr_eid_add(const char *name, size_t len)
{
	u8 eid[SMCR_EID_LEN];
	int ret;

	ret = normalize(name, len, eid);
	if (ret)
		return ret;

	spin_lock(&eid_lock);
	if (eid_count == SMCR_EID_MAX)
		ret = -ERANGE;
	else if (find_locked(eid) >= 0)
		ret = -EEXIST;
	else
		memcpy(eid_table[eid_count++], eid, SMCR_EID_LEN);
	spin_unlock(&eid_lock);
	return ret;
}

/**
 * smcr_eid_remove() - remove a user EID
 * @name: as for smcr_eid_add()
 * @len: its length in bytes
 *
 * Context: process; takes eid_lock.
 * Return: 0, -EINVAL for a bad name, -ENOENT.
 */
int smcr_eid_remove(const char *name, size_t len)
{
	u8 eid[SMCR_EID_LEN];
	int ret;

	ret = normalize(name, len, eid);
	if (ret)
		return ret;

	spin_lock(&eid_lock);
	ret = find_locked(eid);
	if (ret >= 0) {
		eid_count--;
		memmove(eid_table[ret], eid_table[ret + 1],
			(eid_count - ret) * SMCR_EID_LEN);
		ret = 0;
	}
	spin_unlock(&eid_lock);
	return ret;
}

/**
 * smcr_eid_flush() - remove all user EIDs, the default one included
 *
 * Context: process; takes eid_lock.
 */
void smcr_eid_flush(void)
{
	spin_lock(&eid_lock);
	eid_count = 0;
	spin_unlock(&eid_lock);
}

/**
 * smcr_eid_copy_all() - copy the table, for a PROPOSAL or a dump
 * @eid: receives the entries, blank padded
 *
 * Context: process; takes eid_lock.
 * Return: number of entries, may be 0.
 */
u8 smcr_eid_copy_all(u8 eid[SMCR_EID_MAX][SMCR_EID_LEN])
{
	u8 count;

	spin_lock(&eid_lock);
	count = eid_count;
	memcpy(eid, eid_table, count * SMCR_EID_LEN);
	spin_unlock(&eid_lock);
	return count;
}

/**
 * smcr_eid_is_ours() - is a user EID in the table?
 * @eid: blank padded
 *
 * Context: process; takes eid_lock.
 * Return: true if it is.
 */
bool smcr_eid_is_ours(const u8 eid[SMCR_EID_LEN])
{
	bool found;

	spin_lock(&eid_lock);
	found = find_locked(eid) >= 0;
	spin_unlock(&eid_lock);
	return found;
}

/**
 * smcr_eid_choose() - pick the EID for a connection (wire.md 2.10 step 8)
 * @offer: the client's EIDs in its order of preference
 * @count: number of entries
 *
 * Context: process; takes eid_lock.
 * Return: the first entry of @offer that is ours too, or NULL.
 */
const u8 *smcr_eid_choose(const u8 (*offer)[SMCR_EID_LEN], u8 count)
{
	u8 i;

	for (i = 0; i < count; i++)
		if (smcr_eid_is_ours(offer[i]))
			return offer[i];
	return NULL;
}

/**
 * smcr_eid_init() - start with the built-in default EID
 *
 * Context: module init.
 */
void smcr_eid_init(void)
{
	smcr_eid_flush();
	smcr_eid_add(SMCR_EID_DEFAULT, strlen(SMCR_EID_DEFAULT));
}
