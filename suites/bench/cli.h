/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cli.h - the command line: options that commands share, and errors.
 *
 * A command names the options it takes; their spelling, meaning and errors are
 * the same everywhere. A mistake is one line that names the value and the remedy.
 */
#ifndef SUITES_BENCH_CLI_H
#define SUITES_BENCH_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "results/exporter.h"
#include "results/verdict_exporter.h"
#include "workloads/request.h"

enum cli_option {
	CLI_PLUGIN = 1u << 0,
	CLI_STORE = 1u << 1,
	CLI_FORMAT = 1u << 2,
	CLI_SEED = 1u << 3,
	CLI_OUTPUT = 1u << 4,
	CLI_DRY_RUN = 1u << 5,
	CLI_BUDGET = 1u << 6,
	CLI_QUIET = 1u << 7,
	CLI_STRICT = 1u << 8,
	CLI_OPERATIONS = 1u << 9,
	CLI_DRAW = 1u << 10,
	CLI_POWER = 1u << 11,
	CLI_AA = 1u << 12,
	CLI_INJECT = 1u << 13,
	CLI_TRIALS = 1u << 14,
	CLI_REPLAY = 1u << 15,
	CLI_NOTE = 1u << 16,
	CLI_QUANTILE = 1u << 17,
};

#define CLI_ARGUMENTS_MAX 256
#define CLI_PLUGINS_MAX 8

/* What a command's line said. Strings are argv's. */
struct cli {
	const char *store;      /* null: the default history */
	const char *format;     /* null: text */
	const char *output;     /* null: stdout */
	uint64_t seed;          /* drawn at random unless named */
	uint64_t budget_ms;     /* 0: not named */
	const char *operations; /* null: all */
	uint64_t draw;          /* pictures to draw first */
	bool is_dry_run;
	bool is_quiet;
	bool is_strict;
	uint64_t power_percent; /* 0: not named, as those below */
	uint64_t aa;
	uint64_t inject_percent;
	uint64_t trials;
	bool is_p99;                          /* the quantile, else p50 */
	const char *note;                     /* null: not named */
	const char *replay;                   /* null: not named */
	const char *plugins[CLI_PLUGINS_MAX]; /* of a command that keeps them */
	size_t plugins_count;
	const char *arguments[CLI_ARGUMENTS_MAX];
	int arguments_count;
};

struct cli_spec {
	const char *command;
	const char *arguments; /* as shown in the usage, for example "[FILTER...]" */
	const char *summary;
	const char *text; /* further help, or null */
	unsigned options; /* enum cli_option, or-ed */
	int arguments_max;
	bool keeps_plugins; /* they are for other processes, and not loaded here */
};

/*
 * Parses a command's line and loads the plug-ins it names. Handles --help, which
 * exits with 0.
 *
 * Returns STATUS_DONE, or STATUS_USAGE after saying what is wrong.
 */
int cli_parse(const struct cli_spec *spec, int argc, char **argv, struct cli *out);

/*
 * Writes a command line so that a shell reads it back as it was, without the password of
 * a database; for free(). Null without memory.
 */
char *cli_quote_line(int argc, char **argv);

/*
 * Writes the command line that draws a session, from the history that was named; for
 * free(). Null without memory.
 */
char *cli_show_line(const struct cli *cli, const char *uuid);

/* Prints "ipcbench: ..." and a newline to stderr. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds the arguments to a request as filters. Returns STATUS_DONE, or STATUS_USAGE said. */
int cli_request(const struct cli *cli, struct request *out);

/* Finds the exporter that --format names. Returns STATUS_DONE, or STATUS_USAGE said. */
int cli_exporter(const struct cli *cli, const struct exporter **out);

/* Finds the exporter of comparisons that --format names. Returns as cli_exporter(). */
int cli_verdict_exporter(const struct cli *cli, const struct verdict_exporter **out);

/* Checks that --format is text or json. Returns STATUS_DONE, or STATUS_USAGE said. */
int cli_text_or_json(const struct cli *cli, bool *is_json);

/*
 * Checks, for a command that takes long, that --output could be written now; it may be
 * a folder if takes_folder. Returns STATUS_DONE, or STATUS_FAILED said.
 */
int cli_check_output(const struct cli *cli, bool takes_folder);

/*
 * Writes a report to --output or stdout: to a file aside that is then renamed, so
 * that a failure leaves what was there. What is no regular file, as a device or a
 * FIFO, is written in place. Where --output is a folder and the format takes one cell
 * a file, writes those. Returns STATUS_DONE, or STATUS_FAILED said.
 */
int cli_write(const struct cli *cli, const struct exporter *exporter, const struct report *report);

/* Does the same with anything that write() writes; it returns 0, or -errno. */
int cli_write_with(const struct cli *cli, int (*write)(FILE *out, const void *what),
                   const void *what);

#endif
