/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_trend.c - ipcbench trend: what changed in the history, and what came of it. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipc/clock.h"
#include "results/store_mark.h"
#include "results/trend_write.h"
#include "suites/bench/ab_session.h"
#include "suites/bench/build.h"
#include "suites/bench/command.h"

#define WHY_BYTES 512

enum format { AS_TEXT, AS_JSON, AS_HTML };

struct history {
	struct cli cli;
	enum format format;
	char *line; /* as it was typed */
	struct trend trend;
	int cells_from; /* arguments from here on are patterns of cells */
};

static int fail(int ret, const char *why)
{
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static bool is_wanted(const struct history *self, const char *cell)
{
	bool is_any = self->cli.arguments_count <= self->cells_from;

	for (int i = self->cells_from; i < self->cli.arguments_count && !is_any; i++)
		is_any = fnmatch(self->cli.arguments[i], cell, 0) == 0;
	return is_any;
}

/* Names a build: by its commit where its files were those of the commit. */
static void name_build(char out[static TREND_BUILD_BYTES], const struct session_subject *subject)
{
	const char *sha = subject && subject->git_sha ? subject->git_sha : "";
	const char *id = subject && subject->build_id ? subject->build_id : "";

	if (sha[0] != '\0' && !subject->is_dirty)
		snprintf(out, TREND_BUILD_BYTES, "%s", sha);
	else
		snprintf(out, TREND_BUILD_BYTES, "%s%s", id[0] != '\0' ? "build:" : "", id);
}

/*
 * Names an anchor: by the file that is kept of it. Its commit is known to the program only
 * while that is the same build.
 */
static void name_anchor(char out[static TREND_BUILD_BYTES], const struct session_subject *subject)
{
	if (subject->build_id && subject->build_id[0] != '\0')
		snprintf(out, TREND_BUILD_BYTES, "build:%s", subject->build_id);
	else
		name_build(out, subject);
}

static int add(struct history *self, const struct store_point *point, double quantile,
               enum store_figure figure)
{
	const struct session *session = point->session;
	bool is_anchored = strcmp(session->kind, "anchor") == 0;
	struct trend_point added = {
		.started_ns = session->started_ns,
		.value = point->figures[figure],
		.ratio = is_anchored ? point->of_first[figure] : NAN,
	};

	memcpy(added.uuid, session->uuid, sizeof(added.uuid));
	memcpy(added.environment_key, session->environment->key, sizeof(added.environment_key));
	name_build(added.build, point->subject);
	if (point->subject && point->subject->build_id)
		snprintf(added.build_id, sizeof(added.build_id), "%s", point->subject->build_id);
	if (is_anchored)
		name_anchor(added.anchor, &session->subjects[0]);
	return trend_add(&self->trend, session->environment->machine_key, point->cell,
	                 point->metric, quantile, &added);
}

static int on_point(void *context, const struct store_point *point)
{
	struct history *self = context;
	const char *kind = point->session->kind;
	bool is_anchored = strcmp(kind, "anchor") == 0;
	int ret;

	if ((!is_anchored && strcmp(kind, "run") != 0) || point->stage != 1 ||
	    strcmp(point->arm, is_anchored ? "B" : "A") != 0 || !point->session->environment ||
	    !is_wanted(self, point->cell->name))
		return 0;
	if (point->metric == RUN_THROUGHPUT)
		return add(self, point, 0.0, STORE_RATE);
	ret = add(self, point, 0.5, STORE_P50);
	return ret < 0 ? ret : add(self, point, 0.99, STORE_P99);
}

static int on_mark(void *context, const struct store_mark *mark)
{
	const struct trend_judgement judgement = {
		.id = mark->name,
		.uuid = mark->value,
		.state = trend_state_find(mark->state),
		.note = mark->note,
	};

	if (judgement.state < TREND_STATES)
		trend_judge(context, &judgement);
	return 0;
}

/* Reads and analyses the history. Returns an exit status. */
static int read_history(struct history *self)
{
	static const struct store_query all = {0};
	struct store *store = NULL;
	char why[WHY_BYTES] = "";
	int ret = store_open(&store, self->cli.store, STORE_READ, why, sizeof(why));

	if (ret == 0)
		ret = store_history(store, &all, on_point, self, why, sizeof(why));
	if (ret == 0)
		ret = trend_analyse(&self->trend);
	if (ret == 0)
		ret = store_mark_list(store, STORE_MARK_CHANGE, on_mark, &self->trend, why,
		                      sizeof(why));
	store_close(store);
	return ret < 0 ? fail(ret, why) : STATUS_DONE;
}

static int write_trend(FILE *out, const void *what)
{
	const struct history *self = what;
	struct verdict_style style = verdict_style_of(out);

	if (self->format == AS_HTML)
		return trend_html_write(out, &self->trend);
	return self->format == AS_JSON ? trend_json_write(out, &self->trend)
	                               : trend_text_write(out, &self->trend, &style);
}

/* 1 if a live comparison confirmed a regression that nobody has accepted. */
static int status_of(const struct trend *trend)
{
	for (size_t i = 0; i < trend->series_count; i++) {
		const struct trend_series *series = &trend->series[i];

		for (size_t j = 0; j < series->changes_count; j++) {
			if (series->changes[j].state == TREND_CONFIRMED &&
			    trend_is_alarm(series, &series->changes[j]))
				return STATUS_REGRESSED;
		}
	}
	return STATUS_DONE;
}

static int show(struct history *self)
{
	int status;

	self->cells_from = 0;
	status = read_history(self);
	if (status != STATUS_DONE)
		return status;
	if (self->trend.series_count == 0) {
		cli_error("the history has no session of %s; 'ipcbench anchor run' adds one",
		          self->cli.arguments_count > 0 ? "these cells" : "kind run or anchor");
		return STATUS_FAILED;
	}
	status = cli_write_with(&self->cli, write_trend, self);
	return status != STATUS_DONE ? status : status_of(&self->trend);
}

/* Finds the change that an id, or its start, names. */
static int find_change(struct history *self, const char *id, const struct trend_series **series,
                       const struct trend_change **change)
{
	size_t count;
	int status;

	self->cells_from = CLI_ARGUMENTS_MAX;
	status = read_history(self);
	if (status != STATUS_DONE)
		return status;
	count = id[0] != '\0' ? trend_find(&self->trend, id, series, change) : 0;
	if (count == 1)
		return STATUS_DONE;
	if (count > 1)
		cli_error("%zu changes have an id that begins with '%s'; give more of its digits",
		          count, id);
	else
		cli_error("there is no change '%.40s'; 'ipcbench trend' lists them", id);
	return STATUS_USAGE;
}

static int judge(struct history *self, const struct trend_series *series,
                 const struct trend_change *change, enum trend_state state, const char *note)
{
	struct timespec now;
	struct store_mark mark = {
		.kind = STORE_MARK_CHANGE,
		.name = change->id,
		.value = series->points[change->index].uuid,
		.state = trend_state_name(state),
		.note = note,
	};
	struct store *store = NULL;
	char why[WHY_BYTES] = "";
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	mark.created_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	ret = store_open(&store, self->cli.store, STORE_WRITE, why, sizeof(why));
	if (ret == 0)
		ret = store_mark_set(store, &mark, why, sizeof(why));
	store_close(store);
	if (ret < 0)
		return fail(ret, why);
	fprintf(stderr, "change %s is %s: %s\n", change->id, mark.state, note);
	return STATUS_DONE;
}

/* What a person says of a change needs a reason that others can read. */
static int settle(struct history *self, enum trend_state state)
{
	const struct trend_series *series;
	const struct trend_change *change;
	const char *note = self->cli.note ? self->cli.note : "";
	int status;

	if (note[0] == '\0' || strlen(note) >= TREND_NOTE_BYTES || strpbrk(note, "\r\n")) {
		cli_error("trend %s needs --note TEXT: one line, below %u characters",
		          self->cli.arguments[0], TREND_NOTE_BYTES);
		return STATUS_USAGE;
	}
	status = find_change(self, self->cli.arguments[1], &series, &change);
	return status != STATUS_DONE ? status : judge(self, series, change, state, note);
}

static int accept(struct history *self)
{
	return settle(self, TREND_ACCEPTED);
}

static int reject(struct history *self)
{
	return settle(self, TREND_REJECTED);
}

/* Sets a side to the build of a point: the copy that was kept, or what its commit builds. */
static int take_build(struct side *side, char name, const struct trend_point *point,
                      const char *given)
{
	char text[TREND_BUILD_BYTES + 8];
	char kept[PATH_MAX];

	if (given)
		return side_parse(side, name, given, NULL, 0);
	if (build_find(point->build_id, kept) == 0) {
		*side = (struct side){.name = name};
		memcpy(side->path, kept, sizeof(side->path));
		snprintf(side->label, sizeof(side->label), "%.18s", point->build);
		side->program.path = side->path;
		return STATUS_DONE;
	}
	if (point->build[0] != '\0' && strncmp(point->build, "build:", 6) != 0) {
		snprintf(text, sizeof(text), "rev=%s", point->build);
		return side_parse(side, name, text, NULL, 0);
	}
	cli_error("the build %s of session %.8s is not kept; name both: ipcbench trend confirm ID "
	          "BUILD BUILD",
	          point->build[0] != '\0' ? point->build : "(unknown)", point->uuid);
	return STATUS_NOT_COMPARABLE;
}

/* Keeps what the live comparison said of the cell and quantile that changed. */
static int keep_verdict(struct history *self, const struct trend_series *series,
                        const struct trend_change *change, const struct ab_session *ab)
{
	const struct verdict_report *report = ab->report;
	char note[TREND_NOTE_BYTES];

	for (size_t i = 0; report && i < report->rows_count; i++) {
		const struct verdict_row *row = &report->rows[i];
		const struct comparison *c = &row->comparison;
		bool is_found = c->verdict ==
		                (change->effect > 0.0 ? COMPARISON_REGRESSED : COMPARISON_IMPROVED);

		if (row->quantile != series->quantile || c->is_control ||
		    strcmp(report->pairs[row->pair].cells[0].name, series->cell.name) != 0)
			continue;
		if (c->verdict == COMPARISON_INCONCLUSIVE) {
			cli_error(
				"the change %s is neither confirmed nor refuted: %zu rounds would "
				"tell (rounds:N)",
				change->id, c->rounds_needed);
			return STATUS_INCONCLUSIVE;
		}
		snprintf(note, sizeof(note), "ab %.8s: %s %+.1f %%", ab->uuid,
		         comparison_verdict_name(c->verdict), c->effect * 100.0);
		return judge(self, series, change, is_found ? TREND_CONFIRMED : TREND_REFUTED,
		             note);
	}
	return STATUS_FAILED;
}

/* Compares the two neighbours of a change live, on the cell that changed. */
static int confirm_live(struct history *self, struct ab_session *ab)
{
	const struct trend_series *series;
	const struct trend_change *change;
	const char *const *arguments = self->cli.arguments;
	int builds = self->cli.arguments_count >= 4 ? 2 : 0;
	const char *filters[CLI_ARGUMENTS_MAX];
	int filters_count = 0;
	int status = find_change(self, arguments[1], &series, &change);
	int kept;

	if (status != STATUS_DONE)
		return status;
	if (builds == 2 && strncmp(arguments[2], "rounds:", 7) == 0)
		builds = 0;
	for (int i = 0; i < 2 && status == STATUS_DONE; i++)
		status = take_build(&ab->sides[i], (char)('A' + i),
		                    &series->points[change->index - 1 + (size_t)i],
		                    builds > 0 ? arguments[2 + i] : NULL);
	filters[filters_count++] = series->cell.name;
	for (int i = 2 + builds; i < self->cli.arguments_count; i++)
		filters[filters_count++] = arguments[i];
	if (status == STATUS_DONE)
		status = ab_session_add_filters(ab, filters, filters_count);
	if (status != STATUS_DONE)
		return status;
	status = ab_session_run(ab);
	if (status != STATUS_DONE && status != STATUS_REGRESSED && status != STATUS_INCONCLUSIVE)
		return status;
	if (self->cli.is_dry_run)
		return status;
	kept = keep_verdict(self, series, change, ab);
	return kept == STATUS_DONE ? status : kept;
}

static int confirm(struct history *self)
{
	struct ab_session *ab = calloc(1, sizeof(*ab));
	int status;

	if (!ab)
		return fail(-ENOMEM, "");
	ab->cli = self->cli;
	ab->kind = "ab";
	ab->line = self->line;
	status = cli_verdict_exporter(&ab->cli, &ab->exporter);
	if (status == STATUS_DONE)
		status = confirm_live(self, ab);
	ab_session_release(ab);
	free(ab);
	return status;
}

static const struct {
	const char *name;
	int arguments_min;
	int arguments_max;
	const char *usage;
	int (*run)(struct history *self);
} verbs[] = {
	{"confirm", 2, CLI_ARGUMENTS_MAX, "confirm ID [BUILD BUILD] [rounds:N]", confirm},
	{"accept", 2, 2, "accept ID --note TEXT", accept},
	{"reject", 2, 2, "reject ID --note TEXT", reject},
};

static int take_format(struct history *self)
{
	static const char *const names[] = {
		[AS_TEXT] = "text", [AS_JSON] = "json", [AS_HTML] = "html"};
	const char *format = self->cli.format ? self->cli.format : names[AS_TEXT];

	for (unsigned i = AS_TEXT; i <= AS_HTML; i++) {
		if (strcmp(format, names[i]) != 0)
			continue;
		self->format = i;
		return STATUS_DONE;
	}
	cli_error("format '%s' is unknown for a trend; there are: text, json, html", format);
	return STATUS_USAGE;
}

static int run_verb(struct history *self)
{
	int count = self->cli.arguments_count;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && count > 0; i++) {
		if (strcmp(verbs[i].name, self->cli.arguments[0]) != 0)
			continue;
		if (count >= verbs[i].arguments_min && count <= verbs[i].arguments_max)
			return verbs[i].run(self);
		cli_error("'trend %s' takes other arguments: ipcbench trend %s", verbs[i].name,
		          verbs[i].usage);
		return STATUS_USAGE;
	}
	return take_format(self) != STATUS_DONE ? STATUS_USAGE : show(self);
}

static int run_trend(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "trend",
		.arguments = "[CELL...] | confirm ID | accept ID | reject ID",
		.summary = "Shows the history of each cell, and where it changed",
		.text = "CELL is the name of a cell, as a pattern of a shell. A change is an alarm "
			"where "
			"sessions measured an anchor beside the build ('ipcbench anchor'). "
			"'confirm "
			"ID "
			"[BUILD BUILD] [rounds:N]' compares the builds on both sides of a change "
			"live; "
			"'accept' and 'reject' settle it by a note. Exit status: 0 nothing is "
			"confirmed; "
			"1 a confirmed regression is neither accepted nor rejected; 3 there is no "
			"history; "
			"'confirm' exits as 'ipcbench ab', and with 5 where it can't tell.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED | CLI_QUIET |
	                   CLI_DRY_RUN | CLI_NOTE,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct history *self = calloc(1, sizeof(*self));
	int status = STATUS_USAGE;

	if (!self)
		return fail(-ENOMEM, "");
	self->line = cli_quote_line(argc, argv);
	if (!self->line)
		status = fail(-ENOMEM, "");
	else if (cli_parse(&spec, argc, argv, &self->cli) == STATUS_DONE)
		status = run_verb(self);
	trend_release(&self->trend);
	free(self->line);
	free(self);
	return status;
}

const struct command command_trend = {
	.name = "trend",
	.summary = "show the history of cells, and where it changed",
	.run = run_trend,
};
