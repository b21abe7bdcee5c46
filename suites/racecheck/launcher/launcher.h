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
	char **program; /* its name and arguments; ends with a null */
};

/* How one run of the program ended. */
struct run_result {
	int status;               /* as waitpid() has it */
	unsigned straggler_count; /* processes that outlived it, and were killed */
};

/*
 * Reports a usage error on stderr in one line: what is wrong, and the remedy. command is
 * "cc", "run" or "". Returns EXIT_USAGE.
 */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Parses the arguments of `racecheck run`, argv[0] being "run". Exits on --help, and with
 * one line on stderr and EXIT_USAGE where an option or a value is wrong.
 */
void options_parse(int argc, char **argv, struct run_options *options);

/* `racecheck cc`: compiles and links; argv[0] is "cc". Returns an exit status. */
int cc_main(int argc, char **argv);

/* `racecheck run`; argv[0] is "run". Returns an exit status. */
int run_main(int argc, char **argv);

/*
 * Runs the program once in a fresh session, and ends what it leaves running. Returns 0, or
 * -errno: the program can't be started.
 */
int run_once(struct session *session, int session_fd, const struct run_options *options,
             struct run_result *out);

/* Searches schedules up to two preemptions, and says how many on stderr. As run_once(). */
int search_run(struct session *session, int session_fd, const struct run_options *options,
               struct run_result *out);

/* A place in source. */
struct line {
	char function[128];
	char file[512];
	unsigned number; /* 0: not known */
};

/* Finds lines for all nodes that reports need. Returns 0, or -ENOMEM. */
int symbols_load(const struct session *session);
/* The line of a node; never null. */
const struct line *symbols_line(uint32_t node);
/* As symbols_line(), and behind it the lines of the functions that it was put inline in. */
const struct line *symbols_lines(uint32_t node, uint32_t *count);
void symbols_release(void);

/* The call that an edge stands for; never null. */
const char *edge_name(uint32_t edge);

/* Says whether it is a call that orders memory, or a check, so that it can be switched off. */
bool edge_orders(uint32_t edge);

/*
 * Writes all reports; a race seen at the same two lines is written once. cause: why there
 * is no verdict, or null. Returns the exit status of `racecheck run`, which is the
 * program's own if there is neither a race nor a cause.
 */
int report_write(const struct session *session, enum report_format format, const char *cause,
                 int program_status, FILE *out);

/* Folder of this program's own files, with no slash at its end. */
const char *launcher_folder(void);

#endif
