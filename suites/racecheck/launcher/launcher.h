/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/launcher.h - the parts of the launcher, for each other. */
#ifndef RACECHECK_LAUNCHER_H
#define RACECHECK_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "suites/racecheck/session.h"

enum report_format { FORMAT_TEXT, FORMAT_JSONL, FORMAT_SARIF };

struct run_options {
	bool has_seed;
	uint64_t seed;
	uint32_t depth;      /* of PCT: 1 + change points */
	uint32_t steps;      /* expected, for the change points */
	uint32_t exhaustive; /* at most this many schedules; 0: no search */
	enum weak_mode weak;
	bool is_watching;
	uint32_t watch_every;
	uint32_t timeout_s; /* 0: none */
	uint64_t first_epoch;
	enum report_format format;
	const char *output; /* null: where the format goes by default */
	const char *switched_off;
	bool has_no_delays;
};

/* How one run of the program ended. */
struct run_result {
	int status; /* as waitpid() has it */
	bool is_timeout;
};

/* `racecheck cc`: compiles and links. Returns an exit status. */
int cc_main(int argc, char **argv);

/* `racecheck run`: arguments after the word. Returns an exit status. */
int run_main(int argc, char **argv);

/* Runs the program once in a fresh session. Returns 0, or -errno. */
int run_once(struct session *session, int session_fd, char **program,
             const struct run_options *options, struct run_result *out);

/* Searches schedules up to two preemptions. Returns as run_once(). */
int search_run(struct session *session, int session_fd, char **program,
               const struct run_options *options, struct run_result *out, uint32_t *schedules);

/* A place in source. */
struct line {
	char function[128];
	char file[512];
	unsigned number; /* 0: not known */
};

/* Finds lines for all nodes that reports need. Returns 0, or -errno. */
int symbols_load(const struct session *session);
/* The line of a node; never null. */
const struct line *symbols_line(uint32_t node);
void symbols_release(void);

/* Writes all reports. cause: why there is no verdict, or null. Returns their number. */
uint32_t report_write(const struct session *session, enum report_format format, const char *cause,
                      FILE *out);
/* The same race, seen at the same lines, is written once. Returns the number of distinct ones. */
uint32_t report_distinct(const struct session *session, bool *is_shown);

/* Folder of this program's own files, with no slash at its end. */
const char *launcher_folder(void);

#endif
