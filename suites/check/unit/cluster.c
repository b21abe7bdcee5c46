/* SPDX-License-Identifier: MIT */
/* suites/check/unit/cluster.c - a PostgreSQL server of the tests' own. */
#include "suites/check/unit/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#define START_MS 60000
#define STOP_MS 10000
#define OPEN_FOLDERS_MAX 16

static struct {
	char folder[64]; /* short: the path of a socket ends at 107 bytes */
	char programs[PATH_MAX / 2];
	uid_t user;
	gid_t group;
	int lifeline; /* the keeper ends the server when this is closed */
	pid_t keeper; /* 0: none was started */
	const char *why;
} cluster = {.lifeline = -1};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	struct timespec pause = {.tv_nsec = ms * 1000000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* Waits for a process until a deadline, then kills it. Returns its status. */
static int await(pid_t pid, long deadline_ms)
{
	int status = -1;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() > deadline_ms)
			kill(pid, SIGKILL);
		pause_ms(5);
	}
	return status;
}

/* Finds the programs of the newest server, which Debian keeps out of PATH. */
static bool find_programs(void)
{
	glob_t found;
	bool is_there = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;

	if (is_there)
		snprintf(cluster.programs, sizeof(cluster.programs), "%.*s",
		         (int)(strlen(found.gl_pathv[found.gl_pathc - 1]) - strlen("/initdb")),
		         found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	return is_there;
}

/* Chooses who runs it: the server refuses root. */
static bool find_user(void)
{
	const struct passwd *user = getpwnam("postgres");

	cluster.user = geteuid();
	cluster.group = getegid();
	if (cluster.user != 0)
		return true;
	if (!user)
		user = getpwnam("nobody");
	if (!user)
		return false;
	cluster.user = user->pw_uid;
	cluster.group = user->pw_gid;
	return true;
}

/* Starts a program of the server as its user, which dies with its parent. Returns its pid. */
static pid_t start(const char *program, char *const *argv)
{
	char path[PATH_MAX];
	pid_t pid = fork();
	int log;

	if (pid != 0)
		return pid;
	snprintf(path, sizeof(path), "%s/log", cluster.folder);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(cluster.group) < 0 || setuid(cluster.user) < 0))
		_exit(126);
	if (chdir(cluster.folder) < 0)
		_exit(126);
	/* Of the keeper; set last, since a change of user clears it. */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	snprintf(path, sizeof(path), "%s/%s", cluster.programs, program);
	execv(path, argv);
	_exit(127);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

/* Makes the files, runs the server until the lifeline is closed, and cleans up. */
static void keep(int lifeline, int ready)
{
	char data[PATH_MAX];
	char sockets[PATH_MAX];
	char *const make[] = {"initdb", "-D",         data,        "-A",
	                      "trust",  "-U",         "ipcbench",  "-E",
	                      "UTF8",   "--locale=C", "--no-sync", "--no-instructions",
	                      NULL};
	char *const serve[] = {"postgres", "-D", data, sockets,
	                       "--listen_addresses=", "--unix_socket_permissions=0777",
	                       "--fsync=off", "--shared_buffers=16MB", "--max_connections=40",
	                       /* Not in /dev/shm, where other tests look for what is left. */
	                       "--dynamic_shared_memory_type=mmap", NULL};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct pollfd end = {.fd = lifeline};
	pid_t server = -1;

	/* A terminal's Ctrl-C is for the tests; their end is what ends this. */
	setsid();
	sigaction(SIGPIPE, &ignore, NULL);
	snprintf(data, sizeof(data), "%s/data", cluster.folder);
	snprintf(sockets, sizeof(sockets), "--unix_socket_directories=%s", cluster.folder);
	if (await(start("initdb", make), now_ms() + START_MS) == 0) {
		server = start("postgres", serve);
		if (write(ready, "r", 1) != 1)
			kill(server, SIGQUIT);
	}
	close(ready);
	/* The write end is the tests': its closing is a hang-up. */
	while (server > 0 && waitpid(server, NULL, WNOHANG) == 0 && poll(&end, 1, 100) <= 0)
		;
	if (server > 0 && kill(server, SIGQUIT) == 0)
		await(server, now_ms() + STOP_MS);
	nftw(cluster.folder, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

/* Waits until the server answers. */
static bool await_answer(void)
{
	static const char *const keywords[] = {"host", "user", "dbname", "connect_timeout", NULL};
	const char *const values[] = {cluster.folder, "ipcbench", "postgres", "5", NULL};
	long deadline_ms = now_ms() + START_MS;

	while (PQpingParams(keywords, values, 0) != PQPING_OK) {
		if (now_ms() > deadline_ms || waitpid(cluster.keeper, NULL, WNOHANG) != 0)
			return false;
		pause_ms(20);
	}
	return true;
}

/* Forks the keeper. Returns null, or what is wrong. */
static const char *start_keeper(void)
{
	int lifeline[2];
	int ready[2];
	char byte;

	snprintf(cluster.folder, sizeof(cluster.folder), "/tmp/ipccheck-pg.XXXXXX");
	if (!mkdtemp(cluster.folder))
		return "/tmp can't be written";
	if (chown(cluster.folder, cluster.user, cluster.group) < 0 ||
	    chmod(cluster.folder, 0711) < 0 || pipe2(lifeline, O_CLOEXEC) < 0 ||
	    pipe2(ready, O_CLOEXEC) < 0)
		return strerror(errno);
	cluster.keeper = fork();
	if (cluster.keeper == 0) {
		close(lifeline[1]);
		close(ready[0]);
		keep(lifeline[0], ready[1]);
	}
	close(lifeline[0]);
	close(ready[1]);
	cluster.lifeline = lifeline[1];
	if (cluster.keeper < 0)
		return strerror(errno);
	return read(ready[0], &byte, 1) == 1 && (close(ready[0]), await_answer())
	               ? NULL
	               : "PostgreSQL's server does not start";
}

const char *cluster_socket(const char **why)
{
	if (!cluster.keeper && !cluster.why) {
		if (!find_programs())
			cluster.why = "there is no PostgreSQL server (package postgresql)";
		else if (!find_user())
			cluster.why =
				"there is no user to run PostgreSQL: neither postgres nor nobody";
		else
			cluster.why = start_keeper();
		atexit(cluster_stop);
	}
	*why = cluster.why;
	return cluster.why ? NULL : cluster.folder;
}

void cluster_stop(void)
{
	if (cluster.lifeline < 0 || cluster.keeper <= 0)
		return;
	close(cluster.lifeline);
	cluster.lifeline = -1;
	await(cluster.keeper, now_ms() + 2 * STOP_MS);
	cluster.keeper = 0;
}
