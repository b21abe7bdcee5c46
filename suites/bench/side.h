/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/side.h - what an argument A or B of a comparison stands for.
 *
 * A side is one or more parts, separated by blanks:
 *
 *   key:value[,value]   a filter, or the name of a cell: options of this side
 *   plugin=FILE         a plug-in of this side alone; so does FILE that ends in .so
 *   build=FILE          another ipcbench; so does FILE that can be executed
 *   rev=REVISION        a git revision, built on demand; so does anything else
 */
#ifndef SUITES_BENCH_SIDE_H
#define SUITES_BENCH_SIDE_H

#include <limits.h>
#include <stddef.h>

#include "suites/bench/arm_process.h"

#define SIDE_FILTERS_MAX 64
#define SIDE_TEXT_BYTES 4096
#define SIDE_LABEL_BYTES 160
#define SIDE_SHA_BYTES 41

struct side {
	char name;                    /* A or B */
	char text[SIDE_TEXT_BYTES];   /* as written, cut up: what the pointers point into */
	char label[SIDE_LABEL_BYTES]; /* for people */
	char path[PATH_MAX];          /* of the program */
	const char *revision;         /* null: none */
	char git_sha[SIDE_SHA_BYTES]; /* of the revision, once it is built; else empty */
	const char *filters[SIDE_FILTERS_MAX];
	size_t filters_count;
	struct arm_program program;
};

/*
 * Finds out what text stands for. plugins of the command line come with both sides.
 * Nothing is built yet. Returns STATUS_DONE, or STATUS_USAGE said.
 */
int side_parse(struct side *out, char name, const char *text, const char *const *plugins,
               size_t plugins_count);

/* Says whether both sides are the same program with the same plug-ins and options. */
bool side_is_same(const struct side *a, const struct side *b);

/* Says whether two files hold the same bytes; false if one can't be read. */
bool side_files_are_equal(const char *a, const char *b);

#endif
