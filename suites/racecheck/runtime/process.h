/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/process.h - the lives of processes, for other parts. */
#ifndef RACECHECK_PROCESS_H
#define RACECHECK_PROCESS_H

#include <stdio.h>
#include <sys/types.h>

#include "suites/racecheck/runtime/runtime.h"

/* Says goodbye: descriptors, locks and the turn go to whoever waits for them. */
void process_ending(void);
/* Orders a process that was waited for before the caller, if its status is an end. */
void process_waited(pid_t pid, int status, enum edge edge);
/* In a call: flushes libc's buffers, as exit() would, to whoever reads that. */
void stdio_ending(void);
/* Lets go of the stream in which the calling thread was cancelled. */
void stdio_thread_ending(void);
/* As stdio_ending() for one stream that the call is about to close. Returns 0 or, with errno set,
 * EOF. */
int stdio_closing(FILE *file, enum edge edge);
/* Forgets the parent's threads in a child. */
void thread_forked(void);
/* Forgets what an earlier thread left on the caller's stack. */
void thread_wipe_stack(void);

#endif
