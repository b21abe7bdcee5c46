/* SPDX-License-Identifier: MIT */
/* suites/check/cli/cli.c - runs ipcbench as its user does, and keeps what it said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "ipc/clock.h"

extern char **environ;

/* Given by ctest; without them there is nothing to test. */
static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set; run these tests by ctest -L cli", name);
	return value;
}

const char *cli_ipcbench(void)
{
	return from_environment("CLI_IPCBENCH");
}

const char *cli_plugin(void)
{
	return from_environment("CLI_PLUGIN");
}

const char *cli_plugin_broken(void)
{
	return from_environment("CLI_PLUGIN_BROKEN");
}

const char *cli_plugin_slowed(void)
{
	return from_environment("CLI_PLUGIN_SLOWED");
}

int cli_setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct cli *cli = calloc(1, sizeof(*cli));

	if (!cli)
		return -1;
	snprintf(cli->folder, sizeof(cli->folder), "%s/ipcbench-cli.XXXXXX",
	         parent ? parent : "/tmp");
	if (!mkdtemp(cli->folder)) {
		free(cli);
		return -1;
	}
	if (snprintf(cli->history, sizeof(cli->history), "%s/ipcbench/history.db", cli->folder) >=
	    (int)sizeof(cli->history))
		return -1;
	/* This process is single-threaded, and the commands inherit it. */
	setenv("HOME", cli->folder, 1);
	setenv("XDG_DATA_HOME", cli->folder, 1);
	setenv("XDG_RUNTIME_DIR", cli->folder, 1);
	setenv("LC_ALL", "C", 1);
	*state = cli;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

int cli_teardown(void **state)
{
	struct cli *cli = *state;
	int ret;

	if (cli->pid > 0)
		kill(-cli->pid, SIGKILL);
	ret = nftw(cli->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(cli->out);
	free(cli->err);
	free(cli);
	return ret;
}

static void output_path(const struct cli *cli, const char *name, char *out, size_t out_bytes)
{
	assert_true(snprintf(out, out_bytes, "%s/%s.%u", cli->folder, name, cli->command) <
	            (int)out_bytes);
}

void cli_start(struct cli *cli, const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char out[CLI_PATH_BYTES];
	char err[CLI_PATH_BYTES];
	int ret;

	cli->command++;
	output_path(cli, "stdout", out, sizeof(out));
	output_path(cli, "stderr", err, sizeof(err));
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawnattr_init(&attributes), 0);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC,
	                                 0600);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err, O_WRONLY | O_CREAT | O_TRUNC,
	                                 0600);
	/* The argument list is not written to; POSIX only lacks the const. */
	ret = posix_spawnp(&cli->pid, argv[0], &actions, &attributes,
	                   (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (ret != 0)
		fail_msg("can't start %s: %s", argv[0], strerror(ret));
}

/* Reads a whole file, with a null byte after its end. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t bytes = 0;
	size_t got = 1;
	char *text = NULL;

	if (!file)
		fail_msg("can't read %s: %s", path, strerror(errno));
	while (got > 0) {
		text = realloc(text, bytes + 4096 + 1);
		assert_non_null(text);
		got = fread(text + bytes, 1, 4096, file);
		bytes += got;
	}
	text[bytes] = '\0';
	fclose(file);
	return text;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2 * 1000 * 1000}, NULL);
}

void cli_finish(struct cli *cli)
{
	uint64_t deadline_ns = clock_now_ns() + CLI_WATCHDOG_NS;
	char path[CLI_PATH_BYTES];
	int status;
	pid_t pid;

	while ((pid = waitpid(cli->pid, &status, WNOHANG)) == 0) {
		if (clock_now_ns() > deadline_ns) {
			kill(-cli->pid, SIGKILL);
			waitpid(cli->pid, &status, 0);
			fail_msg("the command did not end within %llu s",
			         CLI_WATCHDOG_NS / 1000 / 1000 / 1000);
		}
		nap();
	}
	assert_int_equal(pid, cli->pid);
	cli->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	free(cli->out);
	free(cli->err);
	output_path(cli, "stdout", path, sizeof(path));
	cli->out = read_file(path);
	output_path(cli, "stderr", path, sizeof(path));
	cli->err = read_file(path);
}

void cli_run(struct cli *cli, const char *const *argv)
{
	cli_start(cli, argv);
	cli_finish(cli);
}

void cli_run_beside(struct cli *beside, const struct cli *cli, const char *const *argv)
{
	*beside = *cli;
	beside->command += 1000;
	beside->out = NULL;
	beside->err = NULL;
	cli_run(beside, argv);
}

void cli_forget(struct cli *beside)
{
	free(beside->out);
	free(beside->err);
}

bool cli_has_peers(const struct cli *cli)
{
	const struct dirent *entry;
	bool has_one = false;
	DIR *processes = opendir("/proc");

	assert_non_null(processes);
	while (!has_one && (entry = readdir(processes))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		has_one = pid > 0 && pid != cli->pid && getpgid(pid) == cli->pid;
	}
	closedir(processes);
	return has_one;
}

bool cli_group_is_gone(const struct cli *cli, uint64_t limit_ns)
{
	uint64_t deadline_ns = clock_now_ns() + limit_ns;

	for (;;) {
		/* Reaps what was adopted; a zombie would count as a member. */
		while (waitpid(-cli->pid, NULL, WNOHANG) > 0)
			;
		if (kill(-cli->pid, 0) < 0 && errno == ESRCH)
			return true;
		if (clock_now_ns() > deadline_ns)
			return false;
		nap();
	}
}

void cli_assert_status(const struct cli *cli, int status)
{
	if (cli->status != status)
		fail_msg("exit status %d instead of %d; stderr: %s", cli->status, status, cli->err);
}

void cli_assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

bool cli_is_refused(const struct cli *cli, int status, const char *value, const char *remedy)
{
	static const char who[] = "ipcbench";
	const char *end = strchr(cli->err, '\n');
	const char *fault = NULL;

	if (cli->status != status)
		fault = "another exit status";
	else if (cli->out[0] != '\0')
		fault = "something on stdout";
	else if (!end || end[1] != '\0')
		fault = "not one line";
	else if (strncmp(cli->err, who, strlen(who)) != 0)
		fault = "does not say who speaks";
	else if (!strstr(cli->err, value))
		fault = "does not name the value";
	else if (!strstr(cli->err, remedy))
		fault = "does not name the remedy";
	if (fault)
		print_error("%s: status %d (%d), value %s, remedy %s, stderr: %s\n", fault,
		            cli->status, status, value, remedy, cli->err);
	return !fault;
}

void cli_assert_refused(const struct cli *cli, int status, const char *value, const char *remedy)
{
	assert_true(cli_is_refused(cli, status, value, remedy));
}

size_t cli_names_count(const struct cli *cli)
{
	char path[CLI_PATH_BYTES + 16];
	const struct dirent *entry;
	size_t count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/ipcbench", cli->folder);
	folder = opendir(path);
	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		/* The history is kept in a folder of the same name. */
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, "history.db", 10) != 0)
			count++;
	}
	closedir(folder);
	return count;
}

void cli_assert_nothing_left(const struct cli *cli)
{
	assert_true(cli_group_is_gone(cli, CLI_WATCHDOG_NS));
	assert_int_equal(cli_names_count(cli), 0);
}

json_t *cli_json(const struct cli *cli)
{
	json_error_t error;
	json_t *value = json_loads(cli->out, JSON_REJECT_DUPLICATES, &error);

	if (!value)
		fail_msg("not JSON: line %d: %s: %s", error.line, error.text, cli->out);
	return value;
}

json_t *cli_json_lines(const struct cli *cli)
{
	json_t *lines = json_array();
	json_error_t error;

	for (const char *line = cli->out; *line;) {
		size_t bytes = strcspn(line, "\n");
		json_t *value = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &error);

		if (!value)
			fail_msg("not a JSON line: %s: %.*s", error.text, (int)bytes, line);
		json_array_append_new(lines, value);
		line += bytes + (line[bytes] == '\n');
	}
	return lines;
}

const char *cli_json_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_string_length(value) == 0)
		fail_msg("'%s' is not a text of some length", key);
	return json_string_value(value);
}

double cli_json_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		fail_msg("'%s' is not a number", key);
	return json_number_value(value);
}

int64_t cli_history_number(const char *path, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *history = NULL;
	int64_t number = -1;

	if (sqlite3_open_v2(path, &history, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(history, 5000) == SQLITE_OK &&
	    sqlite3_prepare_v2(history, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(history);
	return number;
}

void cli_history_change(const char *path, const char *sql)
{
	sqlite3 *history = NULL;
	char *why = NULL;

	assert_int_equal(sqlite3_open_v2(path, &history, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(history, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(history);
}

bool cli_wait_for_runs(const struct cli *cli, int64_t count)
{
	uint64_t deadline_ns = clock_now_ns() + CLI_WATCHDOG_NS;

	while (cli_history_number(cli->history, "SELECT count(*) FROM run") < count) {
		if (clock_now_ns() > deadline_ns)
			return false;
		nap();
	}
	return true;
}
