/* SPDX-License-Identifier: MIT */
/* suites/bench/trial_find.c - a trial's cells, found by what is in their names. */
#include <string.h>

#include "suites/bench/trial.h"

/* Says whether a cell's parameters hold key=value, or, without a value, no such key. */
static bool has_param(const struct run_cell *cell, const char *key, const char *value)
{
	size_t length = strlen(key);
	const char *at = cell->params;

	while (at && *at) {
		if (strncmp(at, key, length) == 0 && at[length] == '=') {
			size_t value_length = strcspn(at + length + 1, "/");

			return value && strlen(value) == value_length &&
			       strncmp(at + length + 1, value, value_length) == 0;
		}
		at = strchr(at, '/');
		at = at ? at + 1 : NULL;
	}
	return !value;
}

bool trial_is_quiet(const struct trial_cell *cell, uint32_t round)
{
	return cell && round < cell->rounds && cell->others_cpus[round] <= TRIAL_OTHERS_CPUS_MAX;
}

const struct trial_cell *trial_find(const struct trial *trial, const char *transport,
                                    const char *model, const char *task, const char *amount)
{
	for (size_t i = 0; i < trial->cells_count; i++) {
		const struct run_cell *cell = &trial->cells[i].cell;

		if (strcmp(cell->transport, transport) == 0 && strcmp(cell->model, model) == 0 &&
		    has_param(cell, "task", task) && has_param(cell, "amount", amount))
			return &trial->cells[i];
	}
	return NULL;
}
