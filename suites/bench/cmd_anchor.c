/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cmd_anchor.c - ipcbench anchor: a pinned build to measure all others by.
 *
 * Kernel, host and day move the figures of every build alike, so that the ratio to a
 * build which stays the same shows what the other one did. A copy of the anchor is
 * kept, and one of each build that was measured against it.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "results/store_mark.h"
#include "suites/bench/ab_session.h"
#include "suites/bench/build.h"
#include "suites/bench/command.h"
#include "suites/bench/revision.h"

#define WHY_BYTES 512

/* What is kept of an anchor, as a mark whose name is the machine's key. */
struct anchor {
	char path[PATH_MAX];
	char sha[SIDE_SHA_BYTES]; /* empty if it is no revision */
	char label[SIDE_LABEL_BYTES];
	uint64_t set_ns;
	const char *machine_key; /* whose it is */
};

static int fail(int ret, const char *why)
{
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static int on_mark(void *context, const struct store_mark *mark)
{
	struct anchor *anchor = context;

	if (strcmp(mark->name, anchor->machine_key) != 0)
		return 0;
	snprintf(anchor->path, sizeof(anchor->path), "%s", mark->value);
	snprintf(anchor->sha, sizeof(anchor->sha), "%s", mark->state);
	snprintf(anchor->label, sizeof(anchor->label), "%s", mark->note);
	anchor->set_ns = mark->created_ns;
	return 0;
}

/* Reads the anchor of this machine. Returns an exit status; what is wrong was said. */
static int read_anchor(const struct cli *cli, struct anchor *out)
{
	struct environment *environment = NULL;
	struct store *store = NULL;
	char why[WHY_BYTES] = "";
	int ret = environment_capture(&environment, "");

	*out = (struct anchor){.set_ns = 0};
	if (ret == 0)
		ret = store_open(&store, cli->store, STORE_READ, why, sizeof(why));
	if (ret == 0) {
		out->machine_key = environment->machine_key;
		ret = store_mark_list(store, STORE_MARK_ANCHOR, on_mark, out, why, sizeof(why));
	}
	out->machine_key = NULL;
	store_close(store);
	environment_destroy(environment);
	if (ret < 0 && ret != -ENOENT)
		return fail(ret, why);
	if (out->path[0] != '\0')
		return STATUS_DONE;
	cli_error("this history has no anchor for this machine; 'ipcbench anchor set BUILD' sets "
	          "one");
	return STATUS_NOT_COMPARABLE;
}

static int write_anchor(const struct cli *cli, const struct anchor *anchor)
{
	struct environment *environment = NULL;
	struct store *store = NULL;
	char why[WHY_BYTES] = "";
	int ret = environment_capture(&environment, "");

	if (ret == 0)
		ret = store_open(&store, cli->store, STORE_WRITE, why, sizeof(why));
	if (ret == 0) {
		const struct store_mark mark = {
			.kind = STORE_MARK_ANCHOR,
			.name = environment->machine_key,
			.value = anchor->path,
			.state = anchor->sha,
			.note = anchor->label,
			.created_ns = anchor->set_ns,
		};

		ret = store_mark_set(store, &mark, why, sizeof(why));
	}
	store_close(store);
	environment_destroy(environment);
	return ret < 0 ? fail(ret, why) : STATUS_DONE;
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* A build of this project speaks the protocol of arms; anything else is refused here. */
static int try_arm(const struct side *side)
{
	struct arm arm;
	int ret = arm_start(&arm, &side->program, 0, -1);

	if (ret == 0)
		ret = arm_greet(&arm);
	if (ret < 0)
		cli_error("%s", arm.why[0] != '\0' ? arm.why : strerror(-ret));
	arm_stop(&arm);
	return ret == -EPROTO ? STATUS_NOT_COMPARABLE : ret < 0 ? STATUS_FAILED : STATUS_DONE;
}

static int set(struct ab_session *ab)
{
	struct side *side = &ab->sides[0];
	struct anchor anchor = {.set_ns = wall_clock_ns()};
	int status = side_parse(side, 'A', ab->cli.arguments[1], NULL, 0);
	int ret;

	if (status == STATUS_DONE && (side->filters_count > 0 || side->program.plugins_count > 0)) {
		cli_error("'%s' is more than a build; an anchor is a path or a git revision",
		          ab->cli.arguments[1]);
		status = STATUS_USAGE;
	}
	if (status == STATUS_DONE)
		status = revision_build(side, -1);
	if (status == STATUS_DONE)
		status = try_arm(side);
	if (status != STATUS_DONE)
		return status;
	ret = build_keep(side->path, anchor.path);
	if (ret < 0) {
		cli_error("'%s' can't be kept below XDG_DATA_HOME: %s", side->path,
		          ret == -ENODATA ? "it has no build-id" : strerror(-ret));
		return STATUS_FAILED;
	}
	memcpy(anchor.sha, side->git_sha, sizeof(anchor.sha));
	memcpy(anchor.label, side->label, sizeof(anchor.label));
	status = write_anchor(&ab->cli, &anchor);
	if (status == STATUS_DONE)
		printf("the anchor is %s\n", anchor.label);
	return status;
}

struct showing {
	const struct anchor *anchor;
	bool is_json;
};

static int write_anchor_text(FILE *out, const void *what)
{
	const struct showing *showing = what;
	const struct anchor *anchor = showing->anchor;
	time_t seconds = (time_t)(anchor->set_ns / NS_PER_S);
	struct build build = {""};
	char date[32] = "";
	struct tm utc;
	json_t *object;
	int ret = 0;

	(void)build_read(&build, anchor->path);
	if (gmtime_r(&seconds, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (!showing->is_json) {
		fprintf(out,
		        "anchor    %s\ncommit    %s\nbuild-id  %s\nset       %s\nkept as   %s%s\n",
		        anchor->label, anchor->sha[0] ? anchor->sha : "-", build.id, date,
		        anchor->path, build.id[0] ? "" : " (gone: set it again)");
		return 0;
	}
	object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "anchor", anchor->label, "git",
	                   anchor->sha, "build_id", build.id, "set", date, "path", anchor->path,
	                   "is_kept", build.id[0] != '\0');
	if (!object)
		return -ENOMEM;
	if (json_dumpf(object, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF)
		ret = -EIO;
	json_decref(object);
	return ret;
}

static int show(struct ab_session *ab)
{
	struct anchor anchor;
	struct showing showing = {.anchor = &anchor};
	int status = cli_text_or_json(&ab->cli, &showing.is_json);

	if (status == STATUS_DONE)
		status = read_anchor(&ab->cli, &anchor);
	return status != STATUS_DONE ? status
	                             : cli_write_with(&ab->cli, write_anchor_text, &showing);
}

/* Sorts out which argument names the build to measure; the others are filters. */
static int take_arguments(struct ab_session *ab)
{
	const char *filters[CLI_ARGUMENTS_MAX];
	const char *build = "build=/proc/self/exe";
	int count = 0;

	for (int i = 1; i < ab->cli.arguments_count; i++) {
		const char *argument = ab->cli.arguments[i];

		if (strncmp(argument, "build=", 6) == 0 || strncmp(argument, "rev=", 4) == 0)
			build = argument;
		else
			filters[count++] = argument;
	}
	if (side_parse(&ab->sides[1], 'B', build, NULL, 0) != STATUS_DONE)
		return STATUS_USAGE;
	if (strcmp(ab->sides[1].path, "/proc/self/exe") == 0)
		snprintf(ab->sides[1].label, sizeof(ab->sides[1].label), "this build");
	return ab_session_add_filters(ab, filters, count);
}

static int run(struct ab_session *ab)
{
	char kept[PATH_MAX];
	struct anchor anchor;
	int status = read_anchor(&ab->cli, &anchor);
	int ret;

	if (status == STATUS_DONE && access(anchor.path, X_OK) != 0) {
		cli_error("the anchor's copy '%s' is gone; set it again with 'ipcbench anchor set'",
		          anchor.path);
		status = STATUS_NOT_COMPARABLE;
	}
	if (status == STATUS_DONE)
		status = take_arguments(ab);
	if (status != STATUS_DONE)
		return status;
	/* Set by hand: a path may hold the blanks that part the parts of a side. */
	ab->sides[0] = (struct side){.name = 'A'};
	memcpy(ab->sides[0].path, anchor.path, sizeof(ab->sides[0].path));
	memcpy(ab->sides[0].git_sha, anchor.sha, sizeof(anchor.sha));
	snprintf(ab->sides[0].label, sizeof(ab->sides[0].label), "anchor %.140s", anchor.label);
	ab->sides[0].program.path = ab->sides[0].path;
	ab->kind = "anchor";
	status = ab_session_run(ab);
	if (ab->uuid[0] == '\0')
		return status;
	/* So that 'trend confirm' can measure it again. */
	ret = build_keep(ab->sides[1].path, kept);
	if (ret < 0)
		cli_error("no copy of this build is kept for 'trend confirm': %s", strerror(-ret));
	return status;
}

static const struct {
	const char *name;
	int arguments_min;
	int arguments_max;
	const char *usage;
	int (*run)(struct ab_session *ab);
} verbs[] = {
	{"set", 2, 2, "set BUILD|REVISION", set},
	{"show", 1, 1, "show", show},
	{"run", 1, CLI_ARGUMENTS_MAX, "run [build=FILE|rev=REVISION] [FILTER...]", run},
};

static int run_verb(struct ab_session *ab)
{
	int count = ab->cli.arguments_count;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && count > 0; i++) {
		if (strcmp(verbs[i].name, ab->cli.arguments[0]) != 0)
			continue;
		if (count >= verbs[i].arguments_min && count <= verbs[i].arguments_max)
			return verbs[i].run(ab);
		cli_error("'anchor %s' takes other arguments: ipcbench anchor %s", verbs[i].name,
		          verbs[i].usage);
		return STATUS_USAGE;
	}
	cli_error("'%s' is no verb of anchor; there are: set BUILD|REVISION, show, run [FILTER...]",
	          count > 0 ? ab->cli.arguments[0] : "");
	return STATUS_USAGE;
}

static int run_anchor(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "anchor",
		.arguments = "set BUILD|REVISION | show | run [FILTER...]",
		.summary = "Pins a build, and measures others beside it for the history",
		.text = "'set' keeps a copy of a build (a path, or a git revision that is built) "
			"as "
			"the "
			"anchor of this machine. 'run' measures this program, or what build=FILE "
			"or "
			"rev=REVISION names, in the same slices as the anchor and stores both, for "
			"'ipcbench trend'; a FILTER is as in 'ipcbench run --help'. Exit status: "
			"as "
			"'ipcbench ab'; 4 also where there is no anchor.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED | CLI_BUDGET |
	                   CLI_DRY_RUN | CLI_QUIET | CLI_POWER,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct ab_session *ab = calloc(1, sizeof(*ab));
	char *line = cli_quote_line(argc, argv);
	int status = STATUS_USAGE;

	if (!ab || !line) {
		status = fail(-ENOMEM, "");
	} else if (cli_parse(&spec, argc, argv, &ab->cli) == STATUS_DONE &&
	           cli_verdict_exporter(&ab->cli, &ab->exporter) == STATUS_DONE) {
		ab->line = line;
		status = run_verb(ab);
		ab_session_release(ab);
	}
	free(line);
	free(ab);
	return status;
}

const struct command command_anchor = {
	.name = "anchor",
	.summary = "pin a build, and measure others beside it",
	.run = run_anchor,
};
