/* SPDX-License-Identifier: MIT */
/* workloads/experiments/experiment.c - the table of experiments, and the facts they find. */
#include "workloads/experiments/experiment.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct experiment *const experiments[] = {
#define EXPERIMENT(name) &experiment_##name,
#include "registered_experiments.inc"
#undef EXPERIMENT
};

const struct experiment *experiment_at(size_t index)
{
	return index < sizeof(experiments) / sizeof(experiments[0]) ? experiments[index] : NULL;
}

const struct experiment *experiment_find(const char *name)
{
	const struct experiment *experiment;

	for (size_t i = 0; (experiment = experiment_at(i)); i++) {
		if (strcmp(experiment->name, name) == 0)
			return experiment;
	}
	return NULL;
}

int experiment_play(const struct experiment *experiment, uint64_t seed, bool is_quick,
                    uint64_t deadline_ns, struct experiment_run *out)
{
	*out = (struct experiment_run){
		.seed = seed,
		.is_quick = is_quick,
		.deadline_ns = deadline_ns,
	};
	return experiment->run(out);
}

void experiment_add(struct experiment_run *self, double value, const char *name, ...)
{
	va_list arguments;
	struct fact *fact;

	if (self->facts_count == EXPERIMENT_FACTS_MAX)
		return;
	fact = &self->facts[self->facts_count++];
	fact->value = value;
	va_start(arguments, name);
	vsnprintf(fact->name, sizeof(fact->name), name, arguments);
	va_end(arguments);
}

double experiment_value(const struct experiment_run *self, const char *name)
{
	for (size_t i = 0; i < self->facts_count; i++) {
		if (strcmp(self->facts[i].name, name) == 0)
			return self->facts[i].value;
	}
	return NAN;
}

int experiment_fail(struct experiment_run *self, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(self->why, sizeof(self->why), format, arguments);
	va_end(arguments);
	return error;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

uint64_t experiment_median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}
