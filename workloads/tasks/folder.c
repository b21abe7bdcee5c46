/* SPDX-License-Identifier: MIT */
/* workloads/tasks/folder.c - a folder on a disk for the files of a task, gone afterwards. */
#include "workloads/tasks/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/names.h"

/* Our own copy: what peers share, one of them may have written to. */
struct work_folder {
	struct name name;
	char path[sizeof(((struct task_shared *)NULL)->text)];
};

int work_folder_make(struct task_peer *self)
{
	const char *parent = getenv("TMPDIR");
	struct work_folder *folder = malloc(sizeof(*folder));
	int ret = -ENOMEM;

	if (!parent)
		parent = "/var/tmp";
	if (folder)
		ret = names_add_folder(&folder->name, parent, folder->path, sizeof(folder->path));
	if (ret < 0) {
		free(folder);
		return task_fail(self, ret, "no folder can be made in '%s': %s", parent,
		                 strerror(-ret));
	}
	memcpy(self->shared->text, folder->path, sizeof(folder->path));
	self->served = folder;
	return 0;
}

void work_folder_remove(struct task_peer *self)
{
	struct work_folder *folder = self->served;

	names_remove_folder(&folder->name, folder->path);
	free(folder);
}
