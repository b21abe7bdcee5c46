/* SPDX-License-Identifier: MIT */
/* workloads/work/folder.c - a folder on a disk for the files of a task, gone afterwards. */
#include "workloads/work/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int work_folder_make(struct task_peer *self)
{
	const char *parent = getenv("TMPDIR");
	char *path = self->shared->text;
	size_t path_bytes = sizeof(self->shared->text);
	int ret;

	if (snprintf(path, path_bytes, "%s/ipcbench-work-XXXXXX", parent ? parent : "/var/tmp") >=
	    (int)path_bytes)
		return task_fail(self, -ENAMETOOLONG, "TMPDIR '%s' is too long", parent);
	self->served = mkdtemp(path) ? strdup(path) : NULL;
	if (self->served)
		return 0;
	ret = -errno;
	return task_fail(self, ret, "no folder can be made in '%s': %s",
	                 parent ? parent : "/var/tmp", strerror(-ret));
}

void work_folder_remove(struct task_peer *self)
{
	/* By our own copy of its name: what peers share, one of them may have written to. */
	char *path = self->served;
	DIR *folder = opendir(path);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0); /* fails for . and .. */
	if (folder)
		closedir(folder);
	rmdir(path);
	free(path);
}
