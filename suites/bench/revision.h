/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/revision.h - builds a git revision of this project for a comparison.
 *
 * Source is checked out in a worktree of its own, which is removed again; builds
 * are kept by commit under $XDG_CACHE_HOME/ipcbench/builds. Nothing is fetched.
 */
#ifndef SUITES_BENCH_REVISION_H
#define SUITES_BENCH_REVISION_H

#include "suites/bench/side.h"

/*
 * Builds the side's revision, unless that was done before, and sets its path and
 * label. A side without a revision is left alone. The repository is that of the
 * working folder.
 *
 * Returns STATUS_DONE, or said: STATUS_USAGE (no such revision or repository),
 * STATUS_FAILED (it can't be built), STATUS_SIGNAL and more (stop_fd).
 */
int revision_build(struct side *side, int stop_fd);

#endif
