/* SPDX-License-Identifier: MIT */
/* suites/check/races/mutation_print.c - what became of the mutants, as text and as JSON. */
#include "suites/check/races/mutation.h"

#include <errno.h>
#include <jansson.h>

static const char *const state_words[] = {
	[MUTANT_SURVIVED] = "survived",
	[MUTANT_KILLED] = "killed",
	[MUTANT_SKIPPED] = "skipped",
};

static const char *kind_word(const char *part)
{
	return mutation_is_check(part) ? "check" : "edge";
}

static size_t count_state(const struct mutant *mutants, size_t mutant_count,
                          enum mutant_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < mutant_count; i++)
		count += mutants[i].state == state;
	return count;
}

void mutation_print_row(const struct mutant *mutant)
{
	const struct cell *killer = mutant->killer;

	printf("%-5s  %-32s  %-8s", kind_word(mutant->part), mutant->part,
	       state_words[mutant->state]);
	if (killer)
		printf("  %s, %s, %s", killer->subject->name, race_twin_name(killer->twin),
		       race_model_name(killer->model));
	else if (mutant->cause[0])
		printf("  %s", mutant->cause);
	printf("\n");
	fflush(stdout);
}

void mutation_print_sums(const struct mutant *mutants, size_t mutant_count)
{
	size_t skipped_count = count_state(mutants, mutant_count, MUTANT_SKIPPED);

	printf("\nmutation score: %zu of %zu killed",
	       count_state(mutants, mutant_count, MUTANT_KILLED), mutant_count - skipped_count);
	if (skipped_count > 0)
		printf(", %zu skipped", skipped_count);
	printf("\n");
	for (size_t i = 0; i < mutant_count; i++) {
		if (mutants[i].state == MUTANT_SURVIVED)
			printf("survived: %s\n", mutants[i].part);
	}
}

static json_t *row_json(const struct mutant *mutant)
{
	const struct cell *killer = mutant->killer;
	json_t *row = json_pack("{s:s, s:s, s:s}", "part", mutant->part, "kind",
	                        kind_word(mutant->part), "state", state_words[mutant->state]);

	if (killer)
		json_object_update_new(row,
		                       json_pack("{s:s, s:s, s:s}", "case", killer->subject->name,
		                                 "twin", race_twin_name(killer->twin), "model",
		                                 race_model_name(killer->model)));
	if (mutant->cause[0])
		json_object_set_new(row, "cause", json_string(mutant->cause));
	return row;
}

int mutation_print_json(const struct mutant *mutants, size_t mutant_count)
{
	json_t *rows = json_array();
	json_t *root;
	int ret;

	for (size_t i = 0; i < mutant_count; i++)
		json_array_append_new(rows, row_json(&mutants[i]));
	root = json_pack("{s:s, s:i, s:i, s:i, s:o}", "schema", "ipccheck-mutation/1", "killed",
	                 (int)count_state(mutants, mutant_count, MUTANT_KILLED), "survived",
	                 (int)count_state(mutants, mutant_count, MUTANT_SURVIVED), "skipped",
	                 (int)count_state(mutants, mutant_count, MUTANT_SKIPPED), "rows", rows);
	ret = root && json_dumpf(root, stdout, JSON_INDENT(1)) == 0 ? 0 : -EIO;
	json_decref(root);
	putchar('\n');
	return ret;
}
