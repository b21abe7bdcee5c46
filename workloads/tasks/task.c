/* SPDX-License-Identifier: MIT */
/* workloads/tasks/task.c - the table of tasks. */
#include "workloads/tasks/task.h"

#include <stdarg.h>
#include <stdio.h>

static const struct task *const tasks[] = {
#define TASK(name) &task_##name,
#include "registered_tasks.inc"
#undef TASK
};

const struct task *task_at(size_t index)
{
	return index < sizeof(tasks) / sizeof(tasks[0]) ? tasks[index] : NULL;
}

int task_fail(struct task_peer *self, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(self->why, sizeof(self->why), format, arguments);
	va_end(arguments);
	return error;
}
