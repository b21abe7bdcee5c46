/* SPDX-License-Identifier: MIT */
/* workloads/tasks/folder.h - a folder on a disk for the files of a task, gone afterwards. */
#ifndef WORKLOADS_TASKS_FOLDER_H
#define WORKLOADS_TASKS_FOLDER_H

#include "workloads/tasks/task.h"

/*
 * Makes a folder of a task in $TMPDIR, or in /var/tmp, which outlives a reboot and so
 * is on a disk. Its path is left in self->shared->text; it is entered in the register
 * of names, so that 'ipcbench clean' finds what a killed dispatcher leaves. Returns 0,
 * or -errno after task_fail().
 */
int work_folder_make(struct task_peer *self);

/* Removes it, with the files in it. */
void work_folder_remove(struct task_peer *self);

#endif
