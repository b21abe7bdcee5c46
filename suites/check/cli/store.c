/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/store.c - the history: what was stored can be shown again, and a
 * disk or file that takes nothing more is a clear error that loses nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "suites/check/cli/cli.h"

#define COUNT_RUNS "SELECT count(*) FROM run"
#define COUNT_SESSIONS "SELECT count(*) FROM session"

static void a_run_is_stored_and_shown_again(void **state)
{
	struct cli *cli = *state;
	char first[16384];

	ipcbench(cli, "run", CLI_QUICK, "--format", "jsonl");
	cli_assert_status(cli, 0);
	assert_int_equal(cli_history_number(cli->history, COUNT_SESSIONS), 1);
	assert_int_equal(cli_history_number(cli->history, COUNT_RUNS), 2);
	assert_true(snprintf(first, sizeof(first), "%s", cli->out) < (int)sizeof(first));

	ipcbench(cli, "report", "--format", "jsonl");
	cli_assert_status(cli, 0);
	assert_string_equal(cli->out, first);
}

static void the_history_is_for_its_owner_alone(void **state)
{
	struct cli *cli = *state;
	struct stat status;
	mode_t mask = umask(0);

	ipcbench(cli, "run", CLI_QUICK);
	umask(mask);
	cli_assert_status(cli, 0);
	assert_int_equal(stat(cli->history, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void each_format_of_a_report_is_written(void **state)
{
	static const char *const formats[] = {"text", "json",  "jsonl",       "csv",  "markdown",
	                                      "html", "junit", "openmetrics", "hgrm", "ctest"};
	struct cli *cli = *state;

	ipcbench(cli, "run", CLI_QUICK);
	cli_assert_status(cli, 0);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		ipcbench(cli, "report", "--format", formats[i]);
		cli_assert_status(cli, 0);
		cli_assert_holds(cli->out, "pipe");
		cli_assert_holds(cli->out, "ping_pong");
	}
}

/* Renaming a file over a device, as /dev/null, would be the end of the device. */
static void an_output_that_is_no_file_is_written_in_place(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 16];
	char text[65536] = "";
	struct stat status;
	int fd;

	ipcbench(cli, "run", CLI_QUICK);
	cli_assert_status(cli, 0);
	snprintf(path, sizeof(path), "%s/output", cli->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);

	ipcbench(cli, "report", "--format", "csv", "--output", path);
	cli_assert_status(cli, 0);
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	cli_assert_holds(text, CLI_QUICK_CELL);
}

static void a_store_named_on_the_line_is_the_one_used(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 16];

	snprintf(path, sizeof(path), "%s/other.db", cli->folder);
	ipcbench(cli, "run", CLI_QUICK, "--store", path);
	cli_assert_status(cli, 0);

	assert_int_equal(cli_history_number(path, COUNT_RUNS), 2);
	assert_int_equal(access(cli->history, F_OK), -1);
}

static void a_report_of_nothing_says_so(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "report");
	cli_assert_refused(cli, 3, "history.db", "run");
}

static void a_file_that_is_no_history_is_left_as_it_is(void **state)
{
	struct cli *cli = *state;
	static const char text[] = "shopping: bread, milk, 2 lemons, and something for the cat\n";
	char path[CLI_PATH_BYTES + 16];
	char kept[sizeof(text)] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/list.txt", cli->folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));

	ipcbench(cli, "run", CLI_QUICK, "--store", path);
	cli_assert_refused(cli, 3, "list.txt", "--store");
	ipcbench(cli, "report", "--store", path);
	cli_assert_refused(cli, 3, "list.txt", "--store");
	assert_int_equal(pread(fd, kept, sizeof(kept), 0), strlen(text));
	close(fd);
	assert_string_equal(kept, text);
}

static void a_history_of_a_newer_version_is_left_as_it_is(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", CLI_QUICK);
	cli_assert_status(cli, 0);
	cli_history_change(cli->history, "PRAGMA user_version = 9999");

	ipcbench(cli, "run", CLI_QUICK);
	cli_assert_refused(cli, 3, "history.db", "newer");
	ipcbench(cli, "report");
	cli_assert_refused(cli, 3, "history.db", "newer");
	assert_int_equal(cli_history_number(cli->history, COUNT_RUNS), 2);
	assert_int_equal(cli_history_number(cli->history, "PRAGMA user_version"), 9999);
}

/*
 * Runs a script as root of a mount namespace of its own, with $1: a small file
 * system that no other process sees, $2: ipcbench, $3: the test's folder. Skips the
 * test where this machine allows none.
 */
static void run_on_small_disk(struct cli *cli, const char *script)
{
	static const char prologue[] =
		"mount -t tmpfs -o size=1m tmpfs \"$1\" || exit 77\n"
		"quick='" CLI_QUICK_CELL " rounds:2 time_ms:2'\n"
		"\"$2\" run $quick --store \"$1/history.db\" >\"$3/first\" 2>&1 || exit 1\n";
	const char *const as_root[] = {"unshare", "--mount", "true", NULL};
	const char *const as_user[] = {"unshare", "--map-root-user", "--mount", "true", NULL};
	char whole[2048];
	char disk[CLI_PATH_BYTES + 16];
	bool is_root = geteuid() == 0;

	cli_run(cli, is_root ? as_root : as_user);
	if (cli->status != 0) {
		print_message("skipped: no mount namespace here: %s", cli->err);
		skip();
	}
	snprintf(disk, sizeof(disk), "%s/disk", cli->folder);
	assert_int_equal(mkdir(disk, 0700), 0);
	assert_true(snprintf(whole, sizeof(whole), "%s%s", prologue, script) < (int)sizeof(whole));
	cli_run(cli, (const char *const[]){"unshare", is_root ? "--mount" : "--map-root-user",
	                                   "--mount", "sh", "-c", whole, "sh", disk, cli_ipcbench(),
	                                   cli->folder, NULL});
}

static void a_full_disk_is_refused_before_anything_is_measured(void **state)
{
	struct cli *cli = *state;
	char kept[CLI_PATH_BYTES + 16];

	run_on_small_disk(cli, "dd if=/dev/zero of=\"$1/fill\" bs=4k 2>\"$3/dd\"\n"
	                       "\"$2\" run $quick --store \"$1/history.db\"\n"
	                       "status=$?\n"
	                       "rm \"$1/fill\"\n"
	                       "cp \"$1\"/history.db* \"$3\"\n"
	                       "exit $status\n");
	cli_assert_refused(cli, 3, "history.db", "space");
	snprintf(kept, sizeof(kept), "%s/history.db", cli->folder);
	assert_int_equal(cli_history_number(kept, COUNT_SESSIONS), 1);
	assert_int_equal(cli_history_number(kept, COUNT_RUNS), 2);
}

static void a_disk_that_fills_up_loses_no_earlier_result(void **state)
{
	struct cli *cli = *state;
	char kept[CLI_PATH_BYTES + 16];

	run_on_small_disk(cli, "dd if=/dev/zero of=\"$1/fill\" bs=4k count=170 2>\"$3/dd\"\n"
	                       "\"$2\" run transport:pipe rounds:1000 time_ms:1 --quiet"
	                       " --format jsonl --store \"$1/history.db\" >\"$3/second\"\n"
	                       "status=$?\n"
	                       "rm \"$1/fill\"\n"
	                       "cp \"$1\"/history.db* \"$3\"\n"
	                       "exit $status\n");
	cli_assert_refused(cli, 3, "history.db", "space");
	snprintf(kept, sizeof(kept), "%s/history.db", cli->folder);
	assert_int_equal(cli_history_number(kept, COUNT_SESSIONS), 2);
	assert_true(cli_history_number(kept, COUNT_RUNS) > 2);
}

static void a_read_only_disk_is_refused_before_anything_is_measured(void **state)
{
	struct cli *cli = *state;

	run_on_small_disk(cli, "mount -o remount,ro \"$1\"\n"
	                       "\"$2\" run $quick --store \"$1/history.db\"\n");
	cli_assert_refused(cli, 3, "history.db: Read-only file system", "--store");
}

static void a_history_on_a_read_only_disk_can_be_read(void **state)
{
	struct cli *cli = *state;

	run_on_small_disk(cli, "mount -o remount,ro \"$1\"\n"
	                       "\"$2\" report --format jsonl --store \"$1/history.db\"\n");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, CLI_QUICK_CELL);
}

static void a_result_that_did_not_reach_its_reader_is_an_error(void **state)
{
	struct cli *cli = *state;
	static const char *const commands[] = {"list", "report"};

	ipcbench(cli, "run", CLI_QUICK);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *const argv[] = {
			"sh", "-c", "exec \"$0\" $1 >/dev/full", cli_ipcbench(), commands[i], NULL};

		cli_run(cli, argv);
		cli_assert_refused(cli, 3, "stdout", "space");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_store_tests[] = {
	TEST(a_run_is_stored_and_shown_again),
	TEST(the_history_is_for_its_owner_alone),
	TEST(each_format_of_a_report_is_written),
	TEST(an_output_that_is_no_file_is_written_in_place),
	TEST(a_store_named_on_the_line_is_the_one_used),
	TEST(a_report_of_nothing_says_so),
	TEST(a_file_that_is_no_history_is_left_as_it_is),
	TEST(a_history_of_a_newer_version_is_left_as_it_is),
	TEST(a_full_disk_is_refused_before_anything_is_measured),
	TEST(a_disk_that_fills_up_loses_no_earlier_result),
	TEST(a_read_only_disk_is_refused_before_anything_is_measured),
	TEST(a_history_on_a_read_only_disk_can_be_read),
	TEST(a_result_that_did_not_reach_its_reader_is_an_error),
};
const size_t cli_store_tests_count = sizeof(cli_store_tests) / sizeof(cli_store_tests[0]);
