/* SPDX-License-Identifier: MIT */
/* suites/bench/build.c - which build a program is, and copies of builds kept for later. */
#include "suites/bench/build.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define THIS_PROGRAM "/proc/self/exe"
#define COPY_BYTES_MAX (1u << 30)

/* A file in memory; whatever stands in it is checked against its size. */
struct image {
	const unsigned char *bytes;
	size_t size;
};

static bool has(const struct image *image, size_t offset, size_t bytes)
{
	return offset <= image->size && bytes <= image->size - offset;
}

static size_t padded(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

/* Looks for the id among the notes of one segment. */
static int read_notes(const struct image *image, size_t offset, size_t bytes, struct build *out)
{
	size_t end = offset + bytes;

	while (offset + sizeof(ElfW(Nhdr)) <= end) {
		ElfW(Nhdr) note;
		size_t id;

		memcpy(&note, image->bytes + offset, sizeof(note));
		offset += sizeof(note);
		if (note.n_namesz > end - offset || padded(note.n_namesz) > end - offset)
			return -EBADMSG;
		id = offset + padded(note.n_namesz);
		if (note.n_descsz > end - id)
			return -EBADMSG;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(image->bytes + offset, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0) {
			for (size_t i = 0; i < note.n_descsz && 2 * i + 3 <= BUILD_ID_BYTES; i++)
				snprintf(out->id + 2 * i, 3, "%02x", image->bytes[id + i]);
			return note.n_descsz > 0 ? 0 : -ENODATA;
		}
		if (padded(note.n_descsz) > end - id)
			break;
		offset = id + padded(note.n_descsz);
	}
	return -ENODATA;
}

static int read_image(const struct image *image, struct build *out)
{
	ElfW(Ehdr) head;

	if (!has(image, 0, sizeof(head)))
		return -EBADMSG;
	memcpy(&head, image->bytes, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    head.e_phentsize != sizeof(ElfW(Phdr)) ||
	    !has(image, head.e_phoff, (size_t)head.e_phnum * sizeof(ElfW(Phdr))))
		return -EBADMSG;
	for (size_t i = 0; i < head.e_phnum; i++) {
		ElfW(Phdr) part;
		int ret = -ENODATA;

		memcpy(&part, image->bytes + head.e_phoff + i * sizeof(part), sizeof(part));
		if (part.p_type == PT_NOTE) {
			if (!has(image, part.p_offset, part.p_filesz))
				return -EBADMSG;
			ret = read_notes(image, part.p_offset, part.p_filesz, out);
		}
		if (ret != -ENODATA)
			return ret;
	}
	return -ENODATA;
}

int build_read(struct build *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct build found = {""};
	struct stat status;
	void *bytes;
	int ret;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
		close(fd);
		return -EBADMSG;
	}
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ret = -errno;
	close(fd);
	if (bytes == MAP_FAILED)
		return ret;
	ret = read_image(&(struct image){bytes, (size_t)status.st_size}, &found);
	munmap(bytes, (size_t)status.st_size);
	if (ret == 0)
		*out = found;
	return ret;
}

struct session_subject build_of_side(struct build *out, const struct side *side)
{
	struct build this_program = {""};

	*out = (struct build){""};
	if (build_read(out, side->path) < 0)
		snprintf(out->id, sizeof(out->id), "unknown");
	if (side->git_sha[0] == '\0' && (strcmp(side->path, THIS_PROGRAM) == 0 ||
	                                 (build_read(&this_program, THIS_PROGRAM) == 0 &&
	                                  strcmp(this_program.id, out->id) == 0)))
		return (struct session_subject){0};
	return (struct session_subject){.git_sha = side->git_sha, .build_id = out->id};
}

/* Writes the path of a build's copy, and with makes its folders. */
static int place(const char *id, bool makes, char kept[static PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	int bytes;

	if (id[0] == '\0' || id[strspn(id, "0123456789abcdef")] != '\0')
		return -ENOENT;
	if (data && data[0] == '/')
		bytes = snprintf(kept, PATH_MAX, "%s/ipcbench/builds/%s/ipcbench", data, id);
	else if (home && home[0] == '/')
		bytes = snprintf(kept, PATH_MAX, "%s/.local/share/ipcbench/builds/%s/ipcbench",
		                 home, id);
	else
		return -ENOENT;
	if (bytes < 0 || bytes >= PATH_MAX - 16)
		return -ENAMETOOLONG;
	for (char *c = kept + 1; makes && *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(kept, 0700) < 0 && errno != EEXIST)
			makes = false;
		*c = '/';
	}
	return 0;
}

static int copy_all(int from, int to)
{
	ssize_t copied = 1;
	size_t sum = 0;

	while (copied > 0 && sum < COPY_BYTES_MAX) {
		copied = sendfile(to, from, NULL, COPY_BYTES_MAX - sum);
		sum += copied > 0 ? (size_t)copied : 0;
	}
	if (copied < 0)
		return -errno;
	return sum < COPY_BYTES_MAX ? 0 : -EFBIG;
}

/* Copies aside and renames, so that a copy is whole or absent. */
static int copy_file(const char *path, const char *kept)
{
	char aside[PATH_MAX + 16];
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to;
	int ret;

	if (from < 0)
		return -errno;
	snprintf(aside, sizeof(aside), "%s.%d", kept, (int)getpid());
	to = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ret = to < 0 ? -errno : copy_all(from, to);
	close(from);
	if (to >= 0 && close(to) < 0 && ret == 0)
		ret = -errno;
	if (ret == 0 && rename(aside, kept) < 0)
		ret = -errno;
	if (ret < 0 && to >= 0)
		unlink(aside);
	return ret;
}

int build_keep(const char *path, char kept[static PATH_MAX])
{
	struct build build;
	int ret = build_read(&build, path);

	if (ret == 0)
		ret = place(build.id, true, kept);
	if (ret < 0)
		return ret;
	return access(kept, X_OK) == 0 ? 0 : copy_file(path, kept);
}

int build_find(const char *id, char kept[static PATH_MAX])
{
	int ret = place(id, false, kept);

	if (ret < 0)
		return ret;
	return access(kept, X_OK) == 0 ? 0 : -ENOENT;
}
