// SPDX-License-Identifier: GPL-2.0
/*
 * Which process has a socket: /proc/PID/fd names the inodes of sockets.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "owner.h"
#include "text.h"

struct owner {
	uint64_t inode;
	int pid;
};

struct owners {
	struct owner *list;
	size_t count;
	size_t room;
};

static void keep(struct owners *owners, uint64_t inode, int pid)
{
	if (owners->count == owners->room) {
		owners->room = owners->room ? owners->room * 2 : 256;
		owners->list = realloc(owners->list, owners->room * sizeof(*owners->list));
		if (!owners->list)
			die(1, "out of memory");
	}
	owners->list[owners->count++] = (struct owner){ inode, pid };
}

static void find_in(struct owners *owners, int pid)
{
	char path[64], target[64];
	struct dirent *entry;
	unsigned long inode;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = 0;
		if (sscanf(target, "socket:[%lu]", &inode) == 1)
			keep(owners, inode, pid);
	}
	closedir(dir);
}

static int by_inode(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

struct owners *owners_find(void)
{
	struct owners *owners = calloc(1, sizeof(*owners));
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!owners || !dir)
		die(1, "/proc cannot be read");
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			find_in(owners, atoi(entry->d_name));
	closedir(dir);
	if (owners->count)
		qsort(owners->list, owners->count, sizeof(*owners->list), by_inode);
	return owners;
}

void owners_add(const struct owners *owners, json_object *row)
{
	struct owner key = { .inode = (uint64_t)count(row, "inode") };
	const struct owner *owner = NULL;
	char path[64], name[32];
	FILE *file;

	if (key.inode && owners->count)
		owner = bsearch(&key, owners->list, owners->count, sizeof(key), by_inode);
	if (!owner)
		return;
	json_object_object_add(row, "pid", json_object_new_int(owner->pid));
	snprintf(path, sizeof(path), "/proc/%d/comm", owner->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, sizeof(name), file)) {
		name[strcspn(name, "\n")] = 0;
		json_object_object_add(row, "process", foreign_text(name, strlen(name)));
	}
	fclose(file);
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	free(owners->list);
	free(owners);
}
