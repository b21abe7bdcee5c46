/* SPDX-License-Identifier: MIT */
/* ipc/names_folder.c - folders of files that are entered in the register of names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/names_entry.h"

int entry_folder_path(const struct entry *entry, const char *parent, char *path, size_t path_bytes)
{
	int bytes = snprintf(path, path_bytes, "%s/ipcbench-work-%s", parent, entry->random);

	return bytes > 0 && (size_t)bytes < path_bytes ? 0 : -ENAMETOOLONG;
}

int entry_clear_folder(const char *path, bool dry_run)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *entry;
	struct stat status;
	DIR *folder;

	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EACCES : -errno;
	if (fstat(fd, &status) < 0 || status.st_uid != geteuid()) {
		close(fd);
		return -EACCES;
	}
	folder = dry_run ? NULL : fdopendir(fd);
	if (!folder) {
		close(fd);
		return dry_run ? 0 : -ENOMEM;
	}
	while ((entry = readdir(folder)))
		unlinkat(fd, entry->d_name, 0); /* fails for . and .. */
	closedir(folder);
	return rmdir(path) < 0 ? -errno : 0;
}

void names_remove_folder(struct name *name, const char *path)
{
	if (name->owner != getpid())
		return;
	/* What can't be removed keeps its entry, for a later clean. */
	if (entry_clear_folder(path, false) == 0)
		names_remove(name);
}
