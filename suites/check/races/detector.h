/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/detector.h - who is asked: how each is built for, run, and understood.
 */
#ifndef RACES_DETECTOR_H
#define RACES_DETECTOR_H

#include "suites/check/races/catalogue.h"
#include "suites/check/races/program.h"

enum verdict_kind {
	VERDICT_KIND_FREE,
	VERDICT_KIND_RACY,
	VERDICT_KIND_NONE, /* it hung, crashed, or says itself that it does not know */
	VERDICT_KIND_COUNT,
};

/* What one run of one detector says. */
struct finding {
	enum verdict_kind verdict;
	bool has_pair;               /* a reported pair is one of the case's */
	bool has_other_pair;         /* one is none of the case's */
	bool is_forced;              /* the outcome to be forced was seen */
	char cause[RACE_TEXT_BYTES]; /* of no verdict */
};

/* How programs are built; detectors that take the same program share it. */
enum build_kind {
	BUILD_PLAIN,
	BUILD_OUTCOME,
	BUILD_TSAN_GCC,
	BUILD_TSAN_CLANG,
	BUILD_RACECHECK_GCC,
	BUILD_RACECHECK_CLANG,
	BUILD_WATCHPOINTS,
	BUILD_KIND_COUNT,
};

struct build {
	const char *name;
	const char *compiler[4]; /* ends with a null; "racecheck" stands for its path */
	const char *flags[4];    /* ends with a null */
};

extern const struct build builds[BUILD_KIND_COUNT];

struct detector {
	const char *name;
	const char *tools[4]; /* what PATH must have; ends with a null */
	enum build_kind build;
	const char *runner[6];      /* before the program; ends with a null */
	const char *environment[3]; /* ends with a null */
	unsigned run_divisor;       /* slow ones run that much less often */
	bool has_pairs;             /* its reports name both accesses */
	bool is_ours;
	bool is_outcome; /* it judges by what the program prints */
	unsigned limit_s;
	/* Understands what the ended program printed. */
	void (*judge)(const struct race_case *subject, enum race_twin twin,
	              const struct program *program, struct finding *out);
};

/* In the order in which they are printed. */
extern const struct detector detectors[];
extern const size_t detector_count;

/* Returns the index of a detector, or -ENOENT. */
ssize_t detector_find(const char *name);

#endif
