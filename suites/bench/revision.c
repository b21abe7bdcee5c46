/* SPDX-License-Identifier: MIT */
/* suites/bench/revision.c - builds a git revision of this project for a comparison. */
#include "suites/bench/revision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/tool.h"

#define ASK_NS (30 * NS_PER_S)
#define BUILD_NS (900 * NS_PER_S)
#define SHA_BYTES 65
#define FOLDER_BYTES_MAX (PATH_MAX - 64)

/* The places of one build. */
struct places {
	char root[FOLDER_BYTES_MAX]; /* $XDG_CACHE_HOME/ipcbench/builds */
	char source[PATH_MAX];       /* <root>/<sha>.source, while it is built */
	char build[PATH_MAX];
	char log[PATH_MAX];
	char lock[PATH_MAX];
	char program[PATH_MAX];
};

/* Makes a folder and those above it. Returns 0, or -errno. */
static int make_folders(const char *path)
{
	char part[FOLDER_BYTES_MAX];

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int find_places(const char *sha, struct places *out)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int bytes;

	if (cache && cache[0] == '/')
		bytes = snprintf(out->root, sizeof(out->root), "%s/ipcbench/builds", cache);
	else if (home && home[0] == '/')
		bytes = snprintf(out->root, sizeof(out->root), "%s/.cache/ipcbench/builds", home);
	else
		return -ENOENT;
	if (bytes < 0 || (size_t)bytes >= sizeof(out->root) - SHA_BYTES)
		return -ENAMETOOLONG;
	snprintf(out->source, sizeof(out->source), "%s/%.40s.source", out->root, sha);
	snprintf(out->build, sizeof(out->build), "%s/%.40s", out->root, sha);
	snprintf(out->log, sizeof(out->log), "%s/%.40s.log", out->root, sha);
	snprintf(out->lock, sizeof(out->lock), "%s/%.40s.lock", out->root, sha);
	snprintf(out->program, sizeof(out->program), "%s/%.40s/ipcbench", out->root, sha);
	return make_folders(out->root);
}

/* Removes our worktree and what git knows of it, also one that was cut short. */
static void drop_source(const struct places *places)
{
	const char *const remove[] = {"git", "worktree", "remove", "--force", places->source, NULL};

	if (access(places->source, F_OK) == 0)
		(void)tool_run(remove, -1, clock_now_ns() + ASK_NS, -1);
}

/* Checks out, configures and builds, all logged. Returns 0, or -errno or an exit status. */
static int build(const struct places *places, const char *sha, int log_fd, int stop_fd)
{
	const uint64_t until_ns = clock_now_ns() + BUILD_NS;
	const char *const checkout[] = {"git",      "worktree",     "add", "--force",
	                                "--detach", places->source, sha,   NULL};
	const char *const configure[] = {"cmake",
	                                 "-S",
	                                 places->source,
	                                 "-B",
	                                 places->build,
	                                 "-DCMAKE_BUILD_TYPE=Release",
	                                 "-DBUILD_TESTING=OFF",
	                                 NULL};
	const char *const compile[] = {"cmake",    "--build", places->build, "--target",
	                               "ipcbench", "-j",      "2",           NULL};
	int ret;

	drop_source(places);
	ret = tool_run(checkout, log_fd, until_ns, stop_fd);
	if (ret == 0)
		ret = tool_run(configure, log_fd, until_ns, stop_fd);
	if (ret == 0)
		ret = tool_run(compile, log_fd, until_ns, stop_fd);
	drop_source(places);
	return ret;
}

static int report_failure(const struct side *side, const struct places *places, int ret)
{
	unlink(places->program);
	if (ret == -EINTR)
		return STATUS_SIGNAL;
	if (ret == -ENOENT)
		cli_error("%c: git and cmake are needed to build '%s'", side->name, side->revision);
	else
		cli_error("%c: '%s' can't be built%s; see %s", side->name, side->revision,
		          ret == -ETIMEDOUT ? " in 15 minutes" : "", places->log);
	return STATUS_FAILED;
}

/* Builds under a lock, so that two comparisons at once build it once. */
static int build_once(const struct side *side, const struct places *places, const char *sha,
                      int stop_fd)
{
	int lock_fd = open(places->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int log_fd = -1;
	int status = STATUS_DONE;

	if (lock_fd < 0) {
		cli_error("can't write '%s': %s", places->lock, strerror(errno));
		return STATUS_FAILED;
	}
	if (flock(lock_fd, LOCK_EX | LOCK_NB) < 0) {
		cli_error("'%s' is being built by another ipcbench; try again when it is done",
		          side->revision);
		close(lock_fd);
		return STATUS_FAILED;
	}
	if (access(places->program, X_OK) != 0) {
		int ret = -EIO;

		fprintf(stderr, "building %c, %s (%.7s)\n", side->name, side->revision, sha);
		log_fd = open(places->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (log_fd >= 0)
			ret = build(places, sha, log_fd, stop_fd);
		if (ret != 0)
			status = report_failure(side, places, ret);
	}
	if (log_fd >= 0)
		close(log_fd);
	close(lock_fd);
	return status;
}

int revision_build(struct side *side, int stop_fd)
{
	char wanted[SIDE_TEXT_BYTES + 16];
	char sha[SHA_BYTES] = "";
	struct places places;
	const char *const resolve[] = {
		"git", "rev-parse", "--verify", "--quiet", "--end-of-options", wanted, NULL};
	int status;
	int ret;

	if (!side->revision)
		return STATUS_DONE;
	snprintf(wanted, sizeof(wanted), "%s^{commit}", side->revision);
	ret = tool_ask(resolve, sha, sizeof(sha), clock_now_ns() + ASK_NS, stop_fd);
	if (ret != 0 || strlen(sha) < 40 || sha[strspn(sha, "0123456789abcdef")] != '\0') {
		cli_error("%c: '%s' is no filter (key:value), no file, and no git revision of this "
		          "folder",
		          side->name, side->revision);
		return STATUS_USAGE;
	}
	ret = find_places(sha, &places);
	if (ret < 0) {
		cli_error("%c: there is no place for builds under XDG_CACHE_HOME or HOME: %s",
		          side->name, strerror(-ret));
		return STATUS_FAILED;
	}
	status = build_once(side, &places, sha, stop_fd);
	if (status != STATUS_DONE)
		return status;
	snprintf(side->path, sizeof(side->path), "%s", places.program);
	snprintf(side->git_sha, sizeof(side->git_sha), "%.40s", sha);
	snprintf(side->label, sizeof(side->label), "%.100s (%.7s)", side->revision, sha);
	return STATUS_DONE;
}
