/* SPDX-License-Identifier: MIT */
/*
 * suites/check/snapshot.h - what a process holds, and what is left after a case (C26).
 *
 * Descriptors, threads, timers, shared mappings, children, and the names that
 * outlive processes: /dev/shm, /dev/mqueue, System V ids, our own register.
 */
#ifndef CHECK_SNAPSHOT_H
#define CHECK_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

/* Sorted lines of text, each naming one thing that is held. */
struct snapshot {
	char **lines;
	size_t count;
	size_t capacity;
};

/*
 * Lists what this process holds. Names and System V ids are listed if they are
 * this user's; ids that other processes have used are left out.
 *
 * Returns 0, or -errno; give it to snapshot_release() either way.
 */
int snapshot_take(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/*
 * Writes into text the lines that after has and before has not, shortened to fit.
 * Returns their number.
 */
size_t snapshot_compare(const struct snapshot *before, const struct snapshot *after, char *text,
                        size_t text_bytes);

/*
 * Compares before with now until nothing is left or wait_ns have passed: a thread
 * that was joined can be seen for a moment. Where only names of the whole machine are
 * left it waits eight times as long: they may be another program's. Returns what snapshot_compare()
 * does.
 */
size_t snapshot_settle(const struct snapshot *before, unsigned long long wait_ns, char *text,
                       size_t text_bytes);

#endif
