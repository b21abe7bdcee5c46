/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/needs.h - what somebody needs of a transport, in words of key:value.
 *
 * A key is a row of a table, with its question for the dialogue on a terminal.
 */
#ifndef SUITES_BENCH_NEEDS_H
#define SUITES_BENCH_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "results/report.h"

enum needs_goal {
	NEEDS_LATENCY,    /* p50 of a round trip */
	NEEDS_TAIL,       /* p99 of a round trip */
	NEEDS_THROUGHPUT, /* messages a second */
	NEEDS_CPU,        /* CPU time a message or round trip, of all peers */
};

struct needs {
	enum needs_goal goal;
	bool has_goal;       /* named; else it follows from the pattern */
	const char *pattern; /* null until needs_settle(), if not named */
	uint64_t size_bytes;
	uint64_t rate_hz;      /* to be sustained; 0: none */
	uint64_t peers;        /* 2: both ends; more, and in a pool: so many beside a dispatcher */
	const char *placement; /* null: across cores, where there are two */
	const char *wait;      /* block, spin or hybrid */
	const char *model;     /* null: processes and threads */
	uint32_t promises;     /* bits of report_semantics.promises that must hold */
	bool is_persistent;    /* messages outlive all peers */
	bool has_no_uring;     /* io_uring is forbidden where it will run */
};

/* Sets what nobody named. */
void needs_init(struct needs *needs);

/*
 * Adds one need. Returns 0, or -EINVAL with one line in why that names the key, the value
 * and what would be right.
 */
int needs_add(struct needs *needs, const char *text, const struct report_semantics *semantics,
              char *why, size_t why_bytes);

/*
 * Asks for each need on a terminal; an empty answer takes the default, a wrong one, or
 * one that contradicts those before, is asked for again. Returns 0, or -ECANCELED at the
 * end of in.
 */
int needs_ask(struct needs *needs, const struct report_semantics *semantics, FILE *in, FILE *out);

/* Settles what follows from the rest. Returns as needs_add() where needs contradict. */
int needs_settle(struct needs *needs, char *why, size_t why_bytes);

/* Says whether several peers stand beside a dispatcher: the workload pool, after needs_settle(). */
bool needs_has_dispatcher(const struct needs *needs);

/* Returns the name of a goal, as for: takes it. */
const char *needs_goal_name(enum needs_goal goal);

/* Returns the key of the figure that a goal is judged by, with its unit, as in JSON. */
const char *needs_figure(enum needs_goal goal);

/* Says whether more of that figure is better. */
bool needs_wants_more(enum needs_goal goal);

#endif
