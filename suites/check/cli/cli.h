/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/cli.h - runs ipcbench as its user does, and keeps what it said.
 *
 * Each test has a folder of its own, where HOME, the history and the register of names
 * are, so that no test sees what another or the user has stored or left. The test program adopts
 * orphans: a peer that outlives its runner is seen, whatever became of the runner.
 */
#ifndef CHECK_CLI_H
#define CHECK_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#define CLI_PATH_BYTES 256

/* Longer than any command here takes, on a loaded machine and under a sanitizer. */
#define CLI_WATCHDOG_NS (60ull * 1000 * 1000 * 1000)

struct cli {
	char folder[CLI_PATH_BYTES];  /* removed with all it holds by cli_teardown() */
	char history[CLI_PATH_BYTES]; /* the history that a command uses unless told */
	unsigned command;             /* how many were started: each has its own output files */
	pid_t pid;                    /* of the last command; also its process group */
	int status;                   /* its exit status, or 128 + the signal that ended it */
	char *out;                    /* all it wrote to stdout */
	char *err;                    /* all it wrote to stderr */
};

/* Makes and removes a test's folder; *state is its struct cli. For CMocka's tables. */
int cli_setup(void **state);
int cli_teardown(void **state);

/*
 * Starts a program, found by PATH unless it has a '/', with the null-terminated
 * arguments, stdin at its end, in a process group of its own. A CMocka assertion fails
 * if it can't be started.
 */
void cli_start(struct cli *cli, const char *const *argv);

/*
 * Waits until the program that cli_start() started has ended, and reads what it
 * said. Past the watchdog it is killed, and a CMocka assertion fails.
 */
void cli_finish(struct cli *cli);

/* Starts and waits. */
void cli_run(struct cli *cli, const char *const *argv);

/* Says whether the last command has peers now, and so all of its channels. */
bool cli_has_peers(const struct cli *cli);

/* Waits until the process group of the last command is empty; false past the limit. */
bool cli_group_is_gone(const struct cli *cli, uint64_t limit_ns);

/*
 * Runs a command beside the last one, which goes on: *cli stays the last one's, and
 * what this one said is in *beside, to be given to cli_forget().
 */
void cli_run_beside(struct cli *beside, const struct cli *cli, const char *const *argv);
void cli_forget(struct cli *beside);

/* Runs, or only starts, ipcbench with these arguments. */
#define ipcbench(cli, ...) cli_run(cli, (const char *const[]){cli_ipcbench(), __VA_ARGS__, NULL})
#define ipcbench_start(cli, ...)                                                                   \
	cli_start(cli, (const char *const[]){cli_ipcbench(), __VA_ARGS__, NULL})

/*
 * The paths of ipcbench, of the example of a plug-in, of one that only is slower, and of
 * one whose transports go wrong.
 */
const char *cli_ipcbench(void);
const char *cli_plugin(void);
const char *cli_plugin_slowed(void);
const char *cli_plugin_broken(void);

/* The filters of one cell that every machine has, and that takes least time. */
#define CLI_QUICK_CELL "pipe/ping_pong/64B/same_core/block/processes"
#define CLI_QUICK CLI_QUICK_CELL, "rounds:2", "time_ms:2"

/* Fails unless the last command exited so; shows its stderr if it did not. */
void cli_assert_status(const struct cli *cli, int status);

/* Fails unless text holds part; shows both if it does not. */
void cli_assert_holds(const char *text, const char *part);

/*
 * Says whether the last command exited with status, wrote nothing to stdout and one
 * line to stderr, which starts with "ipcbench" and holds value and remedy. Prints
 * what is wrong if it did not.
 */
bool cli_is_refused(const struct cli *cli, int status, const char *value, const char *remedy);

/* Fails unless cli_is_refused(). */
void cli_assert_refused(const struct cli *cli, int status, const char *value, const char *remedy);

/*
 * Returns how many names the test's own register holds. (ipcbench clean also looks at
 * the register of those who have no XDG_RUNTIME_DIR, which is everybody's.)
 */
size_t cli_names_count(const struct cli *cli);

/* Fails unless the last command has left neither process nor name. */
void cli_assert_nothing_left(const struct cli *cli);

/* Returns the lines of stdout as an array of JSON values, to be given to json_decref(). */
json_t *cli_json_lines(const struct cli *cli);

/* Returns stdout as one JSON value, to be given to json_decref(). */
json_t *cli_json(const struct cli *cli);

/* Return what an object holds under the key; fail if it is no text of some length, or no number. */
const char *cli_json_text(const json_t *object, const char *key);
double cli_json_number(const json_t *object, const char *key);

/* Returns the one number that an SQL query gives from the history, or -1. */
int64_t cli_history_number(const char *path, const char *sql);

/* Runs SQL on the history; a CMocka assertion fails if it can't be. */
void cli_history_change(const char *path, const char *sql);

/* Waits until the history holds at least count runs; false past the watchdog. */
bool cli_wait_for_runs(const struct cli *cli, int64_t count);

#endif
