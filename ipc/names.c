/* SPDX-License-Identifier: MIT */
/* ipc/names.c - our own register of the named kernel objects that we make. */
#include "ipc/names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/limits.h"
#include "ipc/names_entry.h"

/* The last name's removal takes the directory with it, perhaps under our feet. */
#define ADD_ATTEMPTS 16

/* Makes the entry; target is what a folder's leads to. Returns 0 or -errno. */
static int add_in(int directory, const struct name *name, const char *target)
{
	int fd;

	if (name->kind == NAME_FOLDER)
		return symlinkat(target, directory, name->entry) < 0 ? -errno : 0;
	if (name->kind == NAME_FIFO) {
		if (mkfifoat(directory, name->entry, S_IRUSR | S_IWUSR) < 0)
			return -errno;
		/* The umask has taken bits away; the directory is ours alone. */
		if (fchmodat(directory, name->entry, S_IRUSR | S_IWUSR, 0) < 0)
			return -errno;
		return 0;
	}
	fd = openat(directory, name->entry, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
	            S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Describes a new entry of this process. Returns 0 or -errno. */
static int describe(struct entry *entry, enum name_kind kind)
{
	unsigned char random[ENTRY_RANDOM_BYTES];
	int ret;

	*entry = (struct entry){.kind = kind};
	ret = entry_describe_self(entry);
	if (ret < 0)
		return ret;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EAGAIN;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(entry->random + 2 * i, 3, "%02x", random[i]);
	return 0;
}

/* Enters what describe() described. Sets *out on success only. Returns 0 or -errno. */
static int enter(struct name *out, const struct entry *entry, const char *target)
{
	struct name name = {.kind = entry->kind, .owner = getpid()};
	int ret = -ENOENT;

	entry_format(entry, name.entry);
	if (name.kind == NAME_POSIX_MQ)
		entry_object(entry, name.object);
	for (int attempt = 0; attempt < ADD_ATTEMPTS && ret == -ENOENT; attempt++) {
		int directory = entry_open_directory(true);

		ret = directory;
		if (directory >= 0) {
			ret = add_in(directory, &name, target);
			close(directory);
		}
	}
	if (ret == 0)
		*out = name;
	else
		entry_remove(name.entry);
	return ret;
}

int names_add(struct name *out, enum name_kind kind)
{
	struct entry entry;
	int ret = describe(&entry, kind);

	return ret < 0 ? ret : enter(out, &entry, NULL);
}

int names_add_folder(struct name *out, const char *parent, char *path, size_t path_bytes)
{
	char absolute[PATH_MAX];
	struct entry entry;
	struct name name;
	int ret;

	/* The entry must lead there from anywhere. */
	if (!realpath(parent, absolute))
		return -errno;
	ret = describe(&entry, NAME_FOLDER);
	if (ret == 0)
		ret = entry_folder_path(&entry, absolute, path, path_bytes);
	if (ret == 0)
		ret = enter(&name, &entry, path);
	if (ret < 0)
		return ret;
	if (mkdir(path, S_IRWXU) < 0) {
		ret = -errno;
		names_remove(&name);
		return ret;
	}
	*out = name;
	return 0;
}

int names_refuse(int error, char *why, size_t why_bytes)
{
	switch (error) {
	case -EACCES:
		return limits_refuse(why, why_bytes, error,
		                     "the directory of names ($XDG_RUNTIME_DIR/ipcbench or "
		                     "/tmp/ipcbench-%u) is not this user's alone",
		                     (unsigned)geteuid());
	case -ENOENT:
		return limits_refuse(why, why_bytes, error,
		                     "no /proc, or no /tmp, for the register of names");
	default:
		return limits_refuse(why, why_bytes, error, "the register of names: %s",
		                     strerror(-error));
	}
}

int names_record_queue(struct name *name, int id, time_t time)
{
	struct entry entry;
	char text[NAME_ENTRY_BYTES];
	int directory;
	int ret = 0;

	if (!entry_parse(&entry, name->entry))
		return -EINVAL;
	entry.has_queue = true;
	entry.queue_id = id;
	entry.queue_time = time;
	entry_format(&entry, text);
	directory = entry_open_directory(false);
	if (directory < 0)
		return directory;
	/* A rename is atomic: the number is known, or it is not there. */
	if (renameat(directory, name->entry, directory, text) < 0)
		ret = -errno;
	else
		memcpy(name->entry, text, sizeof(text));
	close(directory);
	return ret;
}

int names_open_fifo(const struct name *name, int flags)
{
	int directory = entry_open_directory(false);
	struct stat status;
	int fd;

	if (directory < 0)
		return directory;
	fd = openat(directory, name->entry, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(directory);
	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode))) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

void names_remove(struct name *name)
{
	if (name->owner != getpid())
		return;
	name->owner = 0;
	entry_remove(name->entry);
}
