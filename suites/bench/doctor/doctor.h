/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/doctor/doctor.h - is this machine fit to measure on?
 *
 * A check is a function of evidence, which is what stands in /proc and /sys and what
 * was measured beforehand. So each can be tried on a made-up machine. Advice is text
 * for people: nothing here runs it.
 */
#ifndef SUITES_BENCH_DOCTOR_DOCTOR_H
#define SUITES_BENCH_DOCTOR_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/environment.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_INFO,
	DOCTOR_WARN,
	DOCTOR_FAIL,
};

extern const char *const doctor_level_names[];

#define DOCTOR_TEXT_BYTES 320

struct doctor_finding {
	enum doctor_level level;
	double value; /* in the unit that the text names */
	char text[DOCTOR_TEXT_BYTES];
	char advice[DOCTOR_TEXT_BYTES]; /* empty: nothing to do */
};

/* What has to be measured for a check, beside reading files. */
enum doctor_probe {
	DOCTOR_PROBE_CLOCK = 1u << 0,     /* tick, cost of a reading */
	DOCTOR_PROBE_SKEW = 1u << 1,      /* offset between two CPUs */
	DOCTOR_PROBE_LINE = 1u << 2,      /* a cache line's round trip */
	DOCTOR_PROBE_WAKE = 1u << 3,      /* a wake-up on another core */
	DOCTOR_PROBE_CALL = 1u << 4,      /* an empty system call */
	DOCTOR_PROBE_SPIN = 1u << 5,      /* 2 s on one CPU, files read before and after */
	DOCTOR_PROBE_PIN = 1u << 6,       /* pinning to each CPU */
	DOCTOR_PROBE_REALTIME = 1u << 7,  /* SCHED_FIFO */
	DOCTOR_PROBE_LEFTOVERS = 1u << 8, /* objects of dead runs */
	DOCTOR_PROBE_TRANSPORTS = 1u << 9,
	DOCTOR_PROBE_GIT = 1u << 10, /* the working tree here */
	DOCTOR_PROBE_AA = 1u << 11,  /* six rounds of a cell against itself */
};

/* What checks judge. Fields of a probe that did not run are zeros and not looked at. */
struct doctor_evidence {
	unsigned probes; /* enum doctor_probe: those that ran */
	json_t *before;  /* facts of environment.h, all groups in one object */
	json_t *after;   /* the same after the spin; null without it */
	uint64_t tick_ns;
	uint64_t call_ns;
	uint64_t section_ns;
	bool has_pair; /* false: there are no two cores to measure between */
	int64_t skew_ns;
	uint64_t skew_error_ns; /* the offset is known to within so much */
	uint64_t line_ns;
	uint64_t wake_ns;
	uint64_t system_call_ns;
	uint64_t gaps; /* in the spin: readings more than 10 us apart */
	uint64_t gap_max_ns;
	uint64_t spin_ns;   /* how long it lasted */
	int unpinned_cpu;   /* the first CPU that a thread could not be pinned to; -1: none */
	int realtime_error; /* 0, or -errno of asking for SCHED_FIFO */
	int leftovers;      /* objects, or -errno */
	char leftovers_why[DOCTOR_TEXT_BYTES];
	unsigned transports_absent;
	char transports_names[DOCTOR_TEXT_BYTES];
	int git_error; /* 0, or -errno: -ENOENT (no repository here, or no git) */
	bool is_git_dirty;
	int aa_error;        /* 0, or -errno */
	double aa_deviation; /* of a log ratio of p50, robust */
	double aa_least;     /* the least effect that 20 rounds would find, a share */
};

struct doctor_check {
	const char *id;
	unsigned probes;
	void (*run)(const struct doctor_evidence *evidence, struct doctor_finding *out);
};

/* Returns the check at index, or null past the last one. They are in the order to show them in. */
const struct doctor_check *doctor_at(size_t index);

/* Returns the check called id, or null. */
const struct doctor_check *doctor_find(const char *id);

/*
 * Merges the facts of an environment into one object. Returns it, the caller's for
 * json_decref(), or null without memory.
 */
json_t *doctor_facts(const struct environment *environment);

/* Runs one check. Never fails: what can't be told is DOCTOR_INFO and says so. */
void doctor_run(const struct doctor_check *check, const struct doctor_evidence *evidence,
                struct doctor_finding *out);

/* Returns a finding as {"id", "level", "value", "text", "advice"}, or null without memory. */
json_t *doctor_json(const struct doctor_check *check, const struct doctor_finding *finding);

/*
 * Runs the checks that need no probe on an environment. Returns the findings that
 * warn or fail as the text of a JSON array, for free(), or null without memory.
 */
char *doctor_brief(const struct environment *environment);

#endif
