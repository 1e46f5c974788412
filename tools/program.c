// SPDX-License-Identifier: GPL-2.0
/*
 * What can be told of a program before it runs: whether the dynamic linker,
 * and so a preloaded library, has a part in it.  Of a script, its interpreter
 * is the program.
 */
#define _GNU_SOURCE
#include "program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* as the kernel: an interpreter may be a script, and so on */
#define MAX_SCRIPTS 5
/* more than enough of any header and note */
#define MAX_BYTES 4096

/* What of a program header is needed, of both classes of ELF. */
struct segment {
	uint32_t type;
	uint64_t offset;
	uint64_t size;
};

/* Notes of this name are what Go's linker leaves, whether or not it links with libc. */
static bool has_go_note(const unsigned char *notes, size_t len)
{
	size_t at = 0;

	while (at + sizeof(Elf64_Nhdr) <= len) {
		Elf64_Nhdr note;
		size_t name = at + sizeof(note);

		memcpy(&note, notes + at, sizeof(note));
		if (note.n_namesz > len || note.n_descsz > len)
			return false;
		/* it counts one or two of the zeroes behind */
		if ((note.n_namesz == 3 || note.n_namesz == 4) && name + 3 <= len &&
		    !memcmp(notes + name, "Go", 3))
			return true;
		at = name + ((note.n_namesz + 3) & ~3U) + ((note.n_descsz + 3) & ~3U);
	}
	return false;
}

static bool read_segment(int fd, const unsigned char *ident, uint64_t at, struct segment *segment)
{
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (ident[EI_CLASS] == ELFCLASS64) {
		if (pread(fd, &wide, sizeof(wide), (off_t)at) != sizeof(wide))
			return false;
		*segment = (struct segment){ wide.p_type, wide.p_offset, wide.p_filesz };
		return true;
	}
	if (pread(fd, &narrow, sizeof(narrow), (off_t)at) != sizeof(narrow))
		return false;
	*segment = (struct segment){ narrow.p_type, narrow.p_offset, narrow.p_filesz };
	return true;
}

static bool segment_is_go(int fd, const struct segment *segment)
{
	unsigned char notes[MAX_BYTES];
	size_t size = segment->size < sizeof(notes) ? segment->size : sizeof(notes);
	ssize_t len = pread(fd, notes, size, (off_t)segment->offset);

	return len > 0 && has_go_note(notes, (size_t)len);
}

static bool elf_needs_supervisor(int fd, const unsigned char *head, size_t len)
{
	bool is_static = true;
	uint64_t at;
	size_t step;
	int i, count;

	if (head[EI_CLASS] == ELFCLASS64 && len >= sizeof(Elf64_Ehdr)) {
		Elf64_Ehdr wide;

		memcpy(&wide, head, sizeof(wide));
		at = wide.e_phoff;
		step = wide.e_phentsize;
		count = wide.e_phnum;
	} else if (head[EI_CLASS] == ELFCLASS32 && len >= sizeof(Elf32_Ehdr)) {
		Elf32_Ehdr narrow;

		memcpy(&narrow, head, sizeof(narrow));
		at = narrow.e_phoff;
		step = narrow.e_phentsize;
		count = narrow.e_phnum;
	} else {
		return false;
	}
	for (i = 0; i < count; i++) {
		struct segment segment;

		/* The kernel will not run it, either. */
		if (!read_segment(fd, head, at + i * step, &segment))
			return false;
		if (segment.type == PT_INTERP)
			is_static = false;
		if (segment.type == PT_NOTE && segment_is_go(fd, &segment))
			return true;
	}
	return is_static;
}

/* The first word after "#!", in place; NULL if there is none. */
static char *interpreter(char *head)
{
	char *line = head + 2;

	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	line[strcspn(line, " \t")] = '\0';
	return *line ? line : NULL;
}

static bool file_gains_privilege(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	return (st.st_mode & (S_ISUID | S_ISGID)) ||
	       fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static void look_at_file(const char *path, struct program *program, int scripts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[MAX_BYTES + 1];
	char *next;
	ssize_t len;

	/* One that may be run but not read is left to the preloaded library. */
	if (fd < 0)
		return;
	len = read(fd, head, MAX_BYTES);
	if (len < SELFMAG)
		goto close;
	head[len] = '\0';
	if (!memcmp(head, ELFMAG, SELFMAG)) {
		program->gains_privilege = file_gains_privilege(fd);
		program->needs_supervisor = elf_needs_supervisor(fd, (unsigned char *)head, (size_t)len);
	} else if (!memcmp(head, "#!", 2)) {
		next = interpreter(head);
		if (next && scripts < MAX_SCRIPTS)
			look_at_file(next, program, scripts + 1);
	}
close:
	close(fd);
}

/* As execvp() looks for it. */
static bool find(const char *command, char *path, size_t size)
{
	const char *list = getenv("PATH");
	const char *end;

	if (strchr(command, '/'))
		return snprintf(path, size, "%s", command) < (int)size;
	if (!list)
		list = "/bin:/usr/bin";
	for (; list; list = *end ? end + 1 : NULL) {
		struct stat st;
		int len;

		end = strchrnul(list, ':');
		len = snprintf(path, size, "%.*s%s%s", (int)(end - list), list,
			       end == list ? "" : "/", command);
		if (len < (int)size && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/**
 * program_look() - tell what a command is
 * @command: a path, or a name to be looked for in PATH
 * @program: result; all false for what is not found, cannot be read or is
 *	neither ELF nor script
 */
void program_look(const char *command, struct program *program)
{
	char path[PATH_MAX];

	*program = (struct program){ 0 };
	if (find(command, path, sizeof(path)))
		look_at_file(path, program, 0);
}
