/* SPDX-License-Identifier: MIT */
/* suites/check/races/print.c - the score as text and as JSON. */
#include "suites/check/races/score.h"

#include <errno.h>
#include <jansson.h>

/* Prints a ratio, or a dash where there is none. */
static void print_ratio(double value)
{
	if (value < 0)
		printf("  %5s", "-");
	else
		printf("  %5.3f", value);
}

static void print_row(const char *name, const struct tally *tally)
{
	struct interval interval;

	printf("  %-16s %4u %4u %4u %4u %5u", name, tally->tp, tally->fp, tally->tn, tally->fn,
	       tally->no_verdict);
	print_ratio(tally_precision(tally));
	print_ratio(tally_recall(tally));
	print_ratio(tally_f1(tally));
	printf("  %3u/%-3u", tally->pairs_right, tally->pairs);
	if (tally->racy_runs > 0) {
		interval = score_interval(tally->found_runs, tally->racy_runs);
		printf("  %5.3f [%5.3f, %5.3f]", (double)tally->found_runs / tally->racy_runs,
		       interval.low, interval.high);
	} else {
		printf("  %-21s", "-");
	}
	if (tally->exact > 0)
		printf("  %3u/%-3u %5u", tally->exact_right, tally->exact, tally->stray);
	else
		printf("  %7s %5s", "-", "-");
	if (tally->overhead > 0)
		printf("  %6.1f", tally->overhead);
	printf("\n");
}

static void print_tiers(const char *name, const struct tally *tally)
{
	printf("  %-16s", name);
	for (size_t tier = 0; tier < TIERS_MAX; tier++)
		printf("  %3u/%-3u", tally->tier_right[tier], tally->tier_count[tier]);
	printf("\n");
}

static void print_model(const struct score *score, enum race_model model)
{
	printf("%s\n  %-16s %4s %4s %4s %4s %5s  %5s  %5s  %5s  %7s  %-21s  %7s %5s  %6s\n",
	       race_model_name(model), "detector", "tp", "fp", "tn", "fn", "none", "prec.", "rec.",
	       "F1", "pairs", "found per run, 95 %", "exact", "stray", "time x");
	for (size_t i = 0; i < detector_count; i++) {
		struct tally tally = score_tally(score, i, model);

		if (score->request->is_asked[i] && !score->is_absent[i])
			print_row(detectors[i].name, &tally);
	}
	printf("\n  %-16s  %-7s  %-7s  %-7s  %-7s\n", "judged right, by", "POSIX", "Linux", "C11",
	       "x86");
	for (size_t i = 0; i < detector_count; i++) {
		struct tally tally = score_tally(score, i, model);

		if (score->request->is_asked[i] && !score->is_absent[i])
			print_tiers(detectors[i].name, &tally);
	}
	printf("\n");
}

static bool has_cells(const struct score *score, enum race_model model)
{
	for (size_t i = 0; i < score->cell_count; i++) {
		if (score->cells[i].model == model)
			return true;
	}
	return false;
}

void score_print_text(const struct score *score)
{
	for (enum race_model model = 0; model < RACE_MODEL_COUNT; model++) {
		if (has_cells(score, model))
			print_model(score, model);
	}
	for (size_t i = 0; i < detector_count; i++) {
		if (score->request->is_asked[i] && score->is_absent[i])
			printf("skipped: %s: %s\n", detectors[i].name, score->absence[i]);
	}
}

static json_t *ratio_json(double value)
{
	return value < 0 ? json_null() : json_real(value);
}

static json_t *row_json(const struct score *score, size_t detector, enum race_model model)
{
	struct tally tally = score_tally(score, detector, model);
	struct interval interval = {0, 1};
	json_t *tiers = json_object();

	if (tally.racy_runs > 0)
		interval = score_interval(tally.found_runs, tally.racy_runs);
	for (size_t i = 0; i < TIERS_MAX; i++)
		json_object_set_new(tiers, (char[]){RACE_TIERS[i], '\0'},
		                    json_pack("{s:i, s:i}", "right", (int)tally.tier_right[i],
		                              "cells", (int)tally.tier_count[i]));
	return json_pack(
		"{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:i, s:i,"
		" s:[f, f], s:i, s:i, s:i, s:i, s:i, s:o, s:o}",
		"detector", detectors[detector].name, "model", race_model_name(model), "tp",
		(int)tally.tp, "fp", (int)tally.fp, "tn", (int)tally.tn, "fn", (int)tally.fn,
		"no_verdict", (int)tally.no_verdict, "pairs_right", (int)tally.pairs_right, "pairs",
		(int)tally.pairs, "precision", ratio_json(tally_precision(&tally)), "recall",
		ratio_json(tally_recall(&tally)), "specificity",
		ratio_json(tally_specificity(&tally)), "f1", ratio_json(tally_f1(&tally)),
		"found_runs", (int)tally.found_runs, "racy_runs", (int)tally.racy_runs,
		"found_interval", interval.low, interval.high, "alarm_runs", (int)tally.alarm_runs,
		"free_runs", (int)tally.free_runs, "exact_right", (int)tally.exact_right, "exact",
		(int)tally.exact, "stray", (int)tally.stray, "tiers", tiers, "overhead",
		tally.overhead > 0 ? json_real(tally.overhead) : json_null());
}

static json_t *cell_json(const struct score *score, size_t cell, size_t detector)
{
	const struct cell *at = &score->cells[cell];
	const struct trial *trial = score_trial(score, cell, detector);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:s}", "detector",
	                 detectors[detector].name, "case", at->subject->name, "twin",
	                 race_twin_name(at->twin), "model", race_model_name(at->model), "truth",
	                 at->subject->is_racy[at->twin] ? "racy" : "free", "racy",
	                 (int)trial->verdict_counts[VERDICT_KIND_RACY], "free",
	                 (int)trial->verdict_counts[VERDICT_KIND_FREE], "none",
	                 (int)trial->verdict_counts[VERDICT_KIND_NONE], "exact",
	                 (int)trial->pair_count, "cause", trial->cause);
}

int score_print_json(const struct score *score)
{
	json_t *rows = json_array();
	json_t *cells = json_array();
	json_t *skipped = json_array();
	json_t *root;
	int ret;

	for (size_t i = 0; i < detector_count; i++) {
		if (!score->request->is_asked[i])
			continue;
		if (score->is_absent[i]) {
			json_array_append_new(skipped,
			                      json_pack("{s:s, s:s}", "detector", detectors[i].name,
			                                "reason", score->absence[i]));
			continue;
		}
		for (enum race_model model = 0; model < RACE_MODEL_COUNT; model++) {
			if (has_cells(score, model))
				json_array_append_new(rows, row_json(score, i, model));
		}
		for (size_t cell = 0; cell < score->cell_count; cell++) {
			if (score_is_asked(score, cell, i))
				json_array_append_new(cells, cell_json(score, cell, i));
		}
	}
	root = json_pack("{s:s, s:i, s:o, s:o, s:o}", "schema", "ipccheck-races/1", "runs",
	                 (int)score->request->run_count, "rows", rows, "skipped", skipped, "cells",
	                 cells);
	ret = root && json_dumpf(root, stdout, JSON_INDENT(1)) == 0 ? 0 : -EIO;
	json_decref(root);
	putchar('\n');
	return ret;
}
