/* SPDX-License-Identifier: MIT */
/* suites/bench/claim_figures.c - what judges share: figures of a trial, and how they are told. */
#include "suites/bench/claim_figures.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "results/statistics.h"

#define QUIET_ROUNDS_MIN 3u

void claim_add_fact(struct claim *claim, double value, const char *name)
{
	if (isnan(value) || claim->facts_count == CLAIM_FACTS_MAX)
		return;
	for (size_t i = 0; i < claim->facts_count; i++) {
		if (strcmp(claim->facts[i].name, name) == 0)
			return;
	}
	claim->facts[claim->facts_count].value = value;
	snprintf(claim->facts[claim->facts_count++].name, EXPERIMENT_NAME_BYTES, "%s", name);
}

void claim_add_cell(struct claim *claim, const struct trial_cell *cell)
{
	for (size_t i = 0; cell && i < claim->cells_count; i++) {
		if (strcmp(claim->cells[i], cell->cell.name) == 0)
			return;
	}
	if (cell && claim->cells_count < CLAIM_CELLS_MAX)
		claim->cells[claim->cells_count++] = cell->cell.name;
}

void claim_decide(struct claim *claim, enum claim_verdict verdict, const char *reason, ...)
{
	va_list arguments;

	claim->verdict = verdict;
	va_start(arguments, reason);
	vsnprintf(claim->reason, sizeof(claim->reason), reason, arguments);
	va_end(arguments);
}

static struct ratio ratio_of(double *values, size_t count)
{
	if (count == 0)
		return (struct ratio){NAN, NAN, NAN};
	statistics_sort(values, count);
	return (struct ratio){
		.median = statistics_median(values, count),
		.low = statistics_quantile(values, count, 0.25),
		.high = statistics_quantile(values, count, 0.75),
	};
}

/* Returns a figure of two cells in one round, the one divided by the other, or NAN. */
static double divide_round(const struct trial_cell *above, const struct trial_cell *below,
                           uint32_t round, bool is_cpu)
{
	if (!above || !below || round >= above->rounds || round >= below->rounds)
		return NAN;
	return is_cpu ? above->cpu_ns[round] / below->cpu_ns[round]
	              : above->tasks_per_s[round] / below->tasks_per_s[round];
}

struct ratio trial_divide(const struct trial_cell *above, const struct trial_cell *below,
                          bool is_cpu, bool needs_quiet)
{
	double values[TRIAL_ROUNDS_MAX];
	size_t count = 0;

	for (uint32_t i = 0; i < TRIAL_ROUNDS_MAX; i++) {
		double value = divide_round(above, below, i, is_cpu);

		if (isfinite(value) &&
		    (!needs_quiet || (trial_is_quiet(above, i) && trial_is_quiet(below, i))))
			values[count++] = value;
	}
	return needs_quiet && count < QUIET_ROUNDS_MIN ? (struct ratio){NAN, NAN, NAN}
	                                               : ratio_of(values, count);
}

double trial_rate(const struct trial_cell *cell)
{
	double values[TRIAL_ROUNDS_MAX];
	size_t count = 0;

	for (uint32_t i = 0; cell && i < cell->rounds; i++) {
		if (isfinite(cell->tasks_per_s[i]))
			values[count++] = cell->tasks_per_s[i];
	}
	return ratio_of(values, count).median;
}

const struct experiment_run *trial_experiment(const struct trial *trial, const char *name)
{
	static const struct experiment_run none;

	for (size_t i = 0; i < TRIAL_EXPERIMENTS_MAX && experiment_at(i); i++) {
		if (strcmp(experiment_at(i)->name, name) == 0)
			return &trial->experiments[i];
	}
	return &none;
}

void claim_copy_facts(struct claim *claim, const struct experiment_run *run, const char *start,
                      const char *prefix)
{
	char name[EXPERIMENT_NAME_BYTES];

	for (size_t i = 0; i < run->facts_count; i++) {
		if (strncmp(run->facts[i].name, start, strlen(start)) != 0)
			continue;
		snprintf(name, sizeof(name), "%.11s%.52s", prefix, run->facts[i].name);
		claim_add_fact(claim, run->facts[i].value, name);
	}
}

void claim_copy_python(const struct trial *trial, struct claim *claim, const char *start)
{
	for (size_t i = 0; i < trial->pythons_count; i++) {
		char prefix[20];

		snprintf(prefix, sizeof(prefix), "%s_", trial->pythons[i].name);
		claim_copy_facts(claim, &trial->pythons[i].facts, start, prefix);
	}
}
