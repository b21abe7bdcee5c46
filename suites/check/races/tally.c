/* SPDX-License-Identifier: MIT */
/* suites/check/races/tally.c - sums, ratios and intervals over the trials. */
#include "suites/check/races/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/statistics.h"

struct trial *score_trial(const struct score *score, size_t cell, size_t detector)
{
	return &score->trials[cell * detector_count + detector];
}

enum verdict_kind trial_verdict(const struct trial *trial)
{
	if (trial->verdict_counts[VERDICT_KIND_RACY] > 0)
		return VERDICT_KIND_RACY;
	if (trial->verdict_counts[VERDICT_KIND_NONE] > 0)
		return VERDICT_KIND_NONE;
	return VERDICT_KIND_FREE;
}

bool score_is_asked(const struct score *score, size_t cell, size_t detector)
{
	const struct race_case *subject = score->cells[cell].subject;

	if (!score->request->is_asked[detector] || score->is_absent[detector] ||
	    score->is_left_out[cell])
		return false;
	if (score->request->is_forcing)
		return subject->forced[0] != '\0';
	return !detectors[detector].is_outcome || subject->is_racy[RACE_CORRECT] ||
	       subject->is_racy[RACE_BROKEN];
}

struct interval score_interval(unsigned found, unsigned count)
{
	const double z = 1.959964; /* of the normal distribution, two-sided, 95 % */
	double n = count;
	double p = found / n;
	double centre = p + z * z / (2 * n);
	double spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
	double scale = 1 + z * z / n;

	return (struct interval){
		.low = fmax(0, (centre - spread) / scale),
		.high = fmin(1, (centre + spread) / scale),
	};
}

static double ratio(unsigned part, unsigned whole)
{
	return whole > 0 ? (double)part / whole : -1;
}

double tally_precision(const struct tally *tally)
{
	return ratio(tally->tp, tally->tp + tally->fp);
}

double tally_recall(const struct tally *tally)
{
	return ratio(tally->tp, tally->tp + tally->fn);
}

double tally_specificity(const struct tally *tally)
{
	return ratio(tally->tn, tally->tn + tally->fp);
}

double tally_f1(const struct tally *tally)
{
	return ratio(2 * tally->tp, 2 * tally->tp + tally->fp + tally->fn);
}

static bool is_right(const struct cell *cell, const struct trial *trial)
{
	return trial_verdict(trial) ==
	       (cell->subject->is_racy[cell->twin] ? VERDICT_KIND_RACY : VERDICT_KIND_FREE);
}

static void add_cell(struct tally *tally, const struct cell *cell, const struct trial *trial)
{
	enum verdict_kind verdict = trial_verdict(trial);
	bool is_racy = cell->subject->is_racy[cell->twin];
	size_t tier = (size_t)(strchr(RACE_TIERS, cell->subject->tier) - RACE_TIERS);
	unsigned run_count =
		trial->verdict_counts[VERDICT_KIND_RACY] + trial->verdict_counts[VERDICT_KIND_FREE];

	if (verdict == VERDICT_KIND_NONE)
		tally->no_verdict++;
	else if (is_racy)
		*(verdict == VERDICT_KIND_RACY ? &tally->tp : &tally->fn) += 1;
	else
		*(verdict == VERDICT_KIND_RACY ? &tally->fp : &tally->tn) += 1;
	if (is_racy) {
		tally->racy_runs += run_count;
		tally->found_runs += trial->verdict_counts[VERDICT_KIND_RACY];
		tally->exact++;
		tally->exact_right += trial->pair_count > 0;
	} else {
		tally->free_runs += run_count;
		tally->alarm_runs += trial->verdict_counts[VERDICT_KIND_RACY];
	}
	tally->stray += trial->other_pair_count > 0;
	tally->tier_count[tier]++;
	tally->tier_right[tier] += is_right(cell, trial);
}

/* The twins of a case and model are neighbours among the cells, the correct one first. */
static void add_pair(struct tally *tally, const struct score *score, size_t cell, size_t detector)
{
	const struct cell *one = &score->cells[cell];
	const struct cell *two = one + 1;

	if (one->twin != RACE_CORRECT || cell + 1 == score->cell_count ||
	    two->subject != one->subject || two->model != one->model || two->twin != RACE_BROKEN ||
	    one->subject->is_racy[RACE_CORRECT] || !one->subject->is_racy[RACE_BROKEN])
		return;
	tally->pairs++;
	tally->pairs_right += is_right(one, score_trial(score, cell, detector)) &&
	                      is_right(two, score_trial(score, cell + 1, detector));
}

static double median_duration(const struct trial *trial)
{
	double sorted[256];
	unsigned count = trial->duration_count < 256 ? trial->duration_count : 256;

	if (count == 0)
		return 0;
	memcpy(sorted, trial->durations_ns, count * sizeof(*sorted));
	statistics_sort(sorted, count);
	return statistics_median(sorted, count);
}

static double median_overhead(const struct score *score, size_t detector, enum race_model model)
{
	size_t plain = (size_t)detector_find("plain");
	double *factors = calloc(score->cell_count, sizeof(*factors));
	size_t count = 0;
	double median = 0;

	for (size_t cell = 0; factors && cell < score->cell_count; cell++) {
		double base = median_duration(score_trial(score, cell, plain));
		double own = median_duration(score_trial(score, cell, detector));

		if (score->cells[cell].model == model && base > 0 && own > 0)
			factors[count++] = own / base;
	}
	if (count > 0) {
		statistics_sort(factors, count);
		median = statistics_median(factors, count);
	}
	free(factors);
	return median;
}

struct tally score_tally(const struct score *score, size_t detector, enum race_model model)
{
	struct tally tally = {0};

	for (size_t cell = 0; cell < score->cell_count; cell++) {
		if (score->cells[cell].model != model || !score_is_asked(score, cell, detector))
			continue;
		add_cell(&tally, &score->cells[cell], score_trial(score, cell, detector));
		add_pair(&tally, score, cell, detector);
	}
	if (!detectors[detector].has_pairs)
		tally.exact = tally.exact_right = tally.stray = 0;
	tally.overhead = median_overhead(score, detector, model);
	return tally;
}
