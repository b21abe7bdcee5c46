/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/bench/sqlite.c - processes with threads that work on one SQLite database.
 *
 * usage: work DATABASE JOURNAL-MODE
 *
 * Each thread has a connection of its own; it writes, counts and sorts. Ends with 0 if all that
 * was written is there, with 2 if something failed. sqlite.sh builds and runs it.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

enum { PROCESSES = 3, THREADS = 3, ROUNDS = 40, WAIT_MS = 60000 };

static const char *path, *mode;

static void run(sqlite3 *database, const char *statements)
{
	if (sqlite3_exec(database, statements, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "sqlite: %s: %s\n", statements, sqlite3_errmsg(database));
		_exit(2);
	}
}

static sqlite3 *open_database(void)
{
	sqlite3 *database;
	char text[100];

	if (sqlite3_open(path, &database) != SQLITE_OK)
		_exit(2);
	sqlite3_busy_timeout(database, WAIT_MS);
	snprintf(text, sizeof(text), "PRAGMA journal_mode=%s; PRAGMA threads=2;", mode);
	run(database, text);
	return database;
}

static void *work(void *argument)
{
	sqlite3 *database = open_database();
	int number = (int)(intptr_t)argument;
	char text[200];

	/* Every other one reads the file through a mapping. */
	if (number % 2 == 1)
		run(database, "PRAGMA mmap_size=1000000;");
	for (int round = 0; round < ROUNDS; round++) {
		snprintf(text, sizeof(text),
		         "BEGIN IMMEDIATE; INSERT INTO rows VALUES(%d, %d, hex(randomblob(20)));"
		         "UPDATE count SET n = n + 1; COMMIT;",
		         number, round);
		run(database, text);
		run(database, "SELECT count(*), max(text) FROM rows; SELECT n FROM count;");
	}
	run(database, "SELECT * FROM rows ORDER BY text;");
	sqlite3_close(database);
	return NULL;
}

static void run_process(int process)
{
	pthread_t thread[THREADS];
	unsigned char byte;

	/* SQLite notes its process's number without a lock when it first needs it. */
	sqlite3_close(open_database());
	sqlite3_randomness(1, &byte);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&thread[i], NULL, work,
		                   (void *)(intptr_t)(process * THREADS + i)) != 0)
			_exit(2);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	_exit(0);
}

/* Is all there that was written? */
static int is_complete(void)
{
	const int count = PROCESSES * THREADS * ROUNDS;
	sqlite3 *database = open_database();
	sqlite3_stmt *statement;
	int is_right;

	if (sqlite3_prepare_v2(database, "SELECT n, (SELECT count(*) FROM rows) FROM count", -1,
	                       &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		return 0;
	is_right = sqlite3_column_int(statement, 0) == count &&
	           sqlite3_column_int(statement, 1) == count;
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return is_right;
}

int main(int argc, char **argv)
{
	int failed = 0;
	sqlite3 *database;
	int status;

	if (argc != 3) {
		fputs("usage: work DATABASE JOURNAL-MODE\n", stderr);
		return 2;
	}
	path = argv[1];
	mode = argv[2];
	database = open_database();
	run(database, "CREATE TABLE rows(thread, round, text); CREATE TABLE count(n);"
	              "INSERT INTO count VALUES(0);");
	sqlite3_close(database);
	for (int process = 0; process < PROCESSES; process++) {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (pid == 0)
			run_process(process);
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0 || !is_complete() ? 2 : 0;
}
