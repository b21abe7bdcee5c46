/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_compare.c - ipcbench compare: two stored sessions against each other. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/registry.h"
#include "results/environment_compare.h"
#include "results/store.h"
#include "results/stored_comparison.h"
#include "results/verdict_exporter.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/references.h"

#define WHY_BYTES 512
#define DIFFERENCES_BYTES 2048
#define LABEL_BYTES 160
#define BUILD_BYTES 72

/* One of the two sessions. */
struct stored_side {
	const char *text; /* the reference as written */
	struct reference reference;
	struct session session;
	struct stored_rounds rounds;
	uint32_t harness; /* of its cells; 0 before the first */
	bool is_mixed;    /* they were measured by several versions of the method */
	char label[LABEL_BYTES];
	const struct cli *cli;
};

struct comparing {
	struct cli cli;
	const struct verdict_exporter *exporter;
	struct store *store;
	struct stored_side sides[2];
	struct verdict_report *report;
	size_t missing; /* cells of A that B lacks */
	/* The last point of a series, while a history is read. */
	char build[BUILD_BYTES];
	char cell[RUN_CELL_BYTES];
	double last[2];
};

static int on_session(void *context, const struct session *session)
{
	struct stored_side *side = context;

	if (side->reference.arm[0] == '\0')
		memcpy(side->reference.arm, session_has_arms(session) ? "B" : "A", 2);
	return session_copy(&side->session, session);
}

static bool is_wanted(const struct cli *cli, const char *cell)
{
	if (cli->arguments_count <= 2)
		return true;
	for (int i = 2; i < cli->arguments_count; i++) {
		if (fnmatch(cli->arguments[i], cell, 0) == 0)
			return true;
	}
	return false;
}

static int on_run(void *context, const struct run *run)
{
	struct stored_side *side = context;
	uint32_t harness = run->cell->harness > 0 ? run->cell->harness : RUN_HARNESS_VERSION;

	/* A confirmation measured only what was suspicious: it is no fair sample. */
	if (strcmp(run->arm, side->reference.arm) != 0 || run->stage > 1 ||
	    !is_wanted(side->cli, run->cell->name))
		return 0;
	side->is_mixed |= side->harness != 0 && side->harness != harness;
	side->harness = harness;
	return stored_rounds_add(&side->rounds, run);
}

/* Says what went wrong with the history. Returns STATUS_FAILED. */
static int fail(int ret, const char *why)
{
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static int read_side(struct comparing *self, int index)
{
	struct stored_side *side = &self->sides[index];
	const struct store_reader reader = {
		.context = side,
		.session = on_session,
		.run = on_run,
	};
	char why[WHY_BYTES] = "";
	int status;
	int ret;

	side->text = self->cli.arguments[index];
	side->cli = &self->cli;
	status = reference_find(self->store, side->text, &side->reference);
	if (status != STATUS_DONE)
		return status;
	ret = store_read(self->store, side->reference.uuid, &reader, why, sizeof(why));
	if (ret < 0)
		return fail(ret, why);
	snprintf(side->label, sizeof(side->label), "%.80s (%.8s, %s%s%s)", side->text,
	         side->session.uuid, side->session.kind,
	         session_has_arms(&side->session) ? ", arm " : "",
	         session_has_arms(&side->session) ? side->reference.arm : "");
	if (stored_rounds_count(&side->rounds) > 0)
		return STATUS_DONE;
	cli_error("session %.8s has no rounds of %s; name others, or measure with 'ipcbench run'",
	          side->session.uuid, self->cli.arguments_count > 2 ? "these cells" : "that arm");
	return STATUS_FAILED;
}

static int on_difference(void *context, const struct environment_difference *difference)
{
	char *text = context;
	size_t used = strlen(text);

	snprintf(text + used, DIFFERENCES_BYTES - used, "%s%s %s against %s", used > 0 ? ", " : "",
	         difference->field, difference->values[0], difference->values[1]);
	return 0;
}

/* Sessions are compared only if machine, environment and method are equal. */
static int check_keys(const struct comparing *self)
{
	const struct stored_side *a = &self->sides[0];
	const struct stored_side *b = &self->sides[1];
	char differences[DIFFERENCES_BYTES] = "";
	int ret = environment_compare(a->session.environment, b->session.environment, on_difference,
	                              differences);

	if (ret < 0)
		snprintf(differences, sizeof(differences), "keys, whose facts can't be read");
	if (ret == 0 && a->harness == b->harness && !a->is_mixed && !b->is_mixed)
		return STATUS_DONE;
	if (a->harness != b->harness || a->is_mixed || b->is_mixed) {
		size_t used = strlen(differences);

		snprintf(differences + used, sizeof(differences) - used,
		         "%sharness %u against %u%s", used > 0 ? ", " : "", a->harness, b->harness,
		         a->is_mixed || b->is_mixed ? ", mixed in one of them" : "");
	}
	cli_error("sessions %.8s and %.8s can't be compared, they differ in: %s; measure both "
	          "alike, or take 'ipcbench ab'",
	          a->session.uuid, b->session.uuid, differences);
	return STATUS_NOT_COMPARABLE;
}

/* A cell of A that B lacks has not passed. */
static void find_missing(struct comparing *self)
{
	const struct stored_rounds *a = &self->sides[0].rounds;
	const char *first = NULL;

	for (size_t i = 0; i < stored_rounds_count(a); i++) {
		const char *name = stored_rounds_cell(a, i)->name;

		if (stored_rounds_find(&self->sides[1].rounds, name))
			continue;
		first = first ? first : name;
		self->missing++;
	}
	if (self->missing > 0)
		cli_error("%zu of %zu cells of %.8s are not in %.8s, as '%s'; name the cells to "
		          "compare, as 'pipe/*'",
		          self->missing, stored_rounds_count(a), self->sides[0].session.uuid,
		          self->sides[1].session.uuid, first);
}

/* Hands the step between two sessions of one build to the report. */
static void see_step(struct comparing *self, const struct store_point *point, size_t which,
                     double quantile, double value)
{
	double before = self->last[which];

	self->last[which] = value;
	if (isfinite(before) && isfinite(value) && before > 0.0 && value > 0.0)
		stored_comparison_allow(self->report, point->cell->name, quantile,
		                        expm1(fabs(log(value / before))));
}

static int on_point(void *context, const struct store_point *point)
{
	struct comparing *self = context;
	const char *build =
		point->subject && point->subject->build_id ? point->subject->build_id : "";
	bool is_trip = point->metric == RUN_ROUND_TRIP;

	/* What is to be judged must not say by how much it may differ. */
	for (int i = 0; i < 2; i++) {
		if (strcmp(point->session->uuid, self->sides[i].session.uuid) == 0)
			return 0;
	}
	if (point->stage != 1 || strcmp(point->arm, "A") != 0 || build[0] == '\0' ||
	    point->rounds < COMPARISON_ROUNDS_MIN)
		return 0;
	if (strcmp(build, self->build) != 0 || strcmp(point->cell->name, self->cell) != 0)
		self->last[0] = self->last[1] = NAN;
	snprintf(self->build, sizeof(self->build), "%s", build);
	snprintf(self->cell, sizeof(self->cell), "%s", point->cell->name);
	see_step(self, point, 0, is_trip ? 0.5 : 0.0,
	         point->figures[is_trip ? STORE_P50 : STORE_RATE]);
	if (is_trip)
		see_step(self, point, 1, 0.99, point->figures[STORE_P99]);
	return 0;
}

/* Learns from the history what sessions of one build differ by. */
static int see_history(struct comparing *self)
{
	const struct environment *environment = self->sides[0].session.environment;
	const struct store_query query = {
		.kind = "run",
		.machine_key = environment ? environment->machine_key : NULL,
		.environment_key = environment ? environment->key : NULL,
	};
	char why[WHY_BYTES] = "";
	int ret;

	if (!environment)
		return STATUS_DONE;
	ret = store_history(self->store, &query, on_point, self, why, sizeof(why));
	return ret < 0 ? fail(ret, why) : STATUS_DONE;
}

static const char *build_of(const struct stored_side *side)
{
	const char *build = side->session.subjects[side->reference.arm[0] == 'B'].build_id;

	return build ? build : "";
}

/* True if every cell is of a transport of this program: a plug-in is a build of its own. */
static bool are_built_in(const struct stored_rounds *rounds)
{
	for (size_t i = 0; i < stored_rounds_count(rounds); i++) {
		if (!registry_find(stored_rounds_cell(rounds, i)->transport))
			return false;
	}
	return true;
}

/* Says what a difference between the two can't be put down to. */
static const char *note_on(const struct comparing *self)
{
	const struct stored_side *sides = self->sides;

	if (strcmp(sides[0].session.uuid, sides[1].session.uuid) == 0)
		return strcmp(sides[0].reference.arm, sides[1].reference.arm) == 0
		               ? "the same session twice"
		               : "both arms of one session, which were interleaved: 'ipcbench "
		                 "report' of it judges them in pairs";
	if (build_of(&sides[0])[0] != '\0' && are_built_in(&sides[0].rounds) &&
	    strcmp(build_of(&sides[0]), build_of(&sides[1])) == 0)
		return "the same build in both, not interleaved: the day made every difference";
	return "stored sessions, which were not interleaved: the day is in every difference";
}

static int judge(struct comparing *self)
{
	int ret = verdict_report_create(&self->report);
	int status;

	if (ret == 0)
		ret = stored_comparison_add(self->report, &self->sides[0].rounds,
		                            &self->sides[1].rounds);
	if (ret < 0)
		return fail(ret, "");
	status = see_history(self);
	if (status != STATUS_DONE)
		return status;
	ret = stored_comparison_judge(self->report);
	if (ret < 0)
		return fail(ret, "");
	self->report->arms[0] = self->sides[0].label;
	self->report->arms[1] = self->sides[1].label;
	self->report->note = note_on(self);
	return STATUS_DONE;
}

static int write_report(FILE *out, const void *what)
{
	const struct comparing *self = what;

	return self->exporter->write(out, self->report);
}

/* True if some row can't see an effect of the size that was asked for. */
static bool lacks_power(const struct comparing *self)
{
	double wanted = (double)self->cli.power_percent / 100.0;

	for (size_t i = 0; i < self->report->rows_count && wanted > 0.0; i++) {
		const struct verdict_row *row = &self->report->rows[i];

		if (!row->comparison.is_control &&
		    (row->allowance > wanted || row->comparison.verdict == COMPARISON_INCONCLUSIVE))
			return true;
	}
	return false;
}

static int status_of(const struct comparing *self)
{
	struct verdict_counts counts = verdict_report_count(self->report);

	if (counts.is_invalid) {
		cli_error(
			"the control cell differs, which no build can touch: another day, another "
			"machine; compare live with 'ipcbench ab'");
		return STATUS_FAILED;
	}
	if (counts.regressed > 0)
		return STATUS_REGRESSED;
	if (counts.failed > 0 || self->missing > 0)
		return STATUS_FAILED;
	return lacks_power(self) ? STATUS_INCONCLUSIVE : STATUS_DONE;
}

static int compare_all(struct comparing *self)
{
	char why[WHY_BYTES] = "";
	int status = STATUS_DONE;
	int ret = store_open(&self->store, self->cli.store, STORE_READ, why, sizeof(why));

	if (ret < 0)
		return fail(ret, why);
	for (int i = 0; i < 2 && status == STATUS_DONE; i++)
		status = read_side(self, i);
	if (status == STATUS_DONE)
		status = check_keys(self);
	if (status == STATUS_DONE)
		status = judge(self);
	if (status != STATUS_DONE)
		return status;
	find_missing(self);
	if (self->report->pairs_count == 0) {
		cli_error("the two sessions have no cell in common: nothing was compared");
		return STATUS_FAILED;
	}
	status = cli_write_with(&self->cli, write_report, self);
	return status != STATUS_DONE ? status : status_of(self);
}

static int find_exporter(struct comparing *self)
{
	const char *format = self->cli.format ? self->cli.format : "text";

	self->exporter = verdict_exporter_find(format);
	if (self->exporter)
		return STATUS_DONE;
	cli_error("format '%s' is unknown here; there are: text, json, markdown, junit, html",
	          format);
	return STATUS_USAGE;
}

static int run_compare(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "compare",
		.arguments = "REF REF [CELL...]",
		.summary = "Compares two stored sessions, the second with the first",
		.text = "REF is the start of a session's uuid, 'latest', 'latest~N', a baseline's "
			"name or a git revision that was measured; :A or :B at its end names an "
			"arm. CELL is the name of a cell, as a pattern of a shell. Machine, "
			"environment and harness of both must be equal. Stored sessions were not "
			"interleaved, so that a verdict asks for more than that of 'ipcbench ab', "
			"which confirms it. "
			"Exit status: 0 no regression; 1 a regression; 3 nothing was compared, a "
			"cell is missing, or the control changed; 4 no such session, or they are "
			"not comparable; 5 see --require-power.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_POWER,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct comparing *self = calloc(1, sizeof(*self));
	int status = STATUS_USAGE;

	if (!self)
		return fail(-ENOMEM, "");
	if (cli_parse(&spec, argc, argv, &self->cli) == STATUS_DONE &&
	    find_exporter(self) == STATUS_DONE) {
		if (self->cli.arguments_count < 2)
			cli_error("compare needs two sessions: ipcbench compare REF REF; see "
			          "'ipcbench compare --help'");
		else
			status = compare_all(self);
	}
	verdict_report_destroy(self->report);
	for (int i = 0; i < 2; i++) {
		session_release(&self->sides[i].session);
		stored_rounds_release(&self->sides[i].rounds);
	}
	store_close(self->store);
	free(self);
	return status;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "compare two stored sessions",
	.run = run_compare,
};
