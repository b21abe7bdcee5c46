/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/build.h - which build a program is, and copies of builds kept for later.
 *
 * Copies stand in $XDG_DATA_HOME/ipcbench/builds, a folder for each build-id, so that a
 * point of a history can be measured again when its own file is long gone.
 */
#ifndef SUITES_BENCH_BUILD_H
#define SUITES_BENCH_BUILD_H

#include <limits.h>

#include "results/session.h"
#include "suites/bench/side.h"

#define BUILD_ID_BYTES 65 /* as text; longer ones are cut */

struct build {
	char id[BUILD_ID_BYTES]; /* of the linker, hexadecimal */
};

/*
 * Reads the build-id out of a program's file (ELF notes; gABI, NT_GNU_BUILD_ID).
 * Returns 0, or -errno: -ENOENT and others of open(), -EBADMSG (no ELF file of this
 * machine's kind), -ENODATA (it has none).
 */
int build_read(struct build *out, const char *path);

/*
 * Describes the build of a side; strings point into both. A side that is this program
 * is described as unknown, which a store takes for this program.
 */
struct session_subject build_of_side(struct build *out, const struct side *side);

/*
 * Copies a program to where builds are kept, unless it is there, and writes the copy's
 * path. Returns 0, or -errno: those of build_read(), of files, -ENAMETOOLONG.
 */
int build_keep(const char *path, char kept[static PATH_MAX]);

/* Writes where a build is kept. Returns 0, or -ENOENT (it isn't), -ENAMETOOLONG. */
int build_find(const char *id, char kept[static PATH_MAX]);

#endif
