// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes have a socket: /proc/PID/fd names the inodes of sockets.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
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

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return x->pid - y->pid;
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

/* NULL if the process is gone. */
static json_object *name_of(int pid)
{
	json_object *text = NULL;
	char path[64], name[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (fgets(name, sizeof(name), file)) {
		name[strcspn(name, "\n")] = 0;
		text = foreign_text(name, strlen(name));
	}
	fclose(file);
	return text;
}

static size_t first_of(const struct owners *owners, uint64_t inode)
{
	size_t low = 0, high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->list[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void owners_add(const struct owners *owners, json_object *row, const char *name)
{
	uint64_t inode = (uint64_t)count(row, "inode");
	const struct owner *owner = owners->list + first_of(owners, inode);
	const struct owner *end = owners->list + owners->count;
	json_object *process;
	bool is_right;

	for (; inode && owner < end && owner->inode == inode; owner++) {
		process = name_of(owner->pid);
		if (!process)
			continue;
		is_right = !name || !strcmp(json_object_get_string(process), name);
		if (is_right || !*member(row, "process")) {
			json_object_object_add(row, "pid", json_object_new_int(owner->pid));
			json_object_object_add(row, "process", json_object_get(process));
		}
		json_object_put(process);
		if (is_right)
			return;
	}
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	free(owners->list);
	free(owners);
}
