/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/process.h - the lives of processes, for other parts. */
#ifndef RACECHECK_PROCESS_H
#define RACECHECK_PROCESS_H

#include <sys/types.h>

#include "suites/racecheck/runtime/runtime.h"

/* Says goodbye: descriptors, locks and the turn go to whoever waits for them. */
void process_ending(void);
/* Orders a process that was waited for before the caller, if its status is an end. */
void process_waited(pid_t pid, int status, enum edge edge);
/* Releases to whoever reads what exit() will flush out of libc's buffers. */
void stdio_ending(void);
/* Forgets the parent's threads in a child. */
void thread_forked(void);
/* Forgets what an earlier thread left on the caller's stack. */
void thread_wipe_stack(void);

#endif
