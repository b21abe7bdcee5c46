/* SPDX-License-Identifier: MIT */
/* workloads/plan.c - a request turned into the cells to measure and those to skip. */
#include "workloads/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/registry.h"
#include "workloads/placement.h"
#include "workloads/workload.h"

#define SIZE_DEFAULT 64

static bool values_have(const struct request_values *list, uint64_t value)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->values[i] == value)
			return true;
	}
	return false;
}

static size_t key_values_count(enum cell_key key)
{
	size_t count = 0;

	while (cell_value_name(key, count))
		count++;
	return count;
}

/*
 * Real work is measured when it is asked for: it takes longer than a pattern, and
 * most of what it takes isn't the transport's.
 */
static bool names_tasks(const struct selection *named)
{
	return named->keys[CELL_TASK].count > 0 || named->keys[CELL_AMOUNT].count > 0 ||
	       named->keys[CELL_PEERS].count > 0;
}

/* What a key stands for when nobody names it. */
static void default_values(enum cell_key key, const struct selection *named,
                           const struct cell *cell, struct request_values *out)
{
	const struct ipc_transport *transport = cell->transport;
	bool has_tasks = cell->workload && cell->workload->has_tasks;
	bool is_alone = transport && (transport->caps & IPC_CAP_ONE_PEER);
	bool has_spin = transport && (transport->caps & IPC_CAP_SPIN);
	bool has_block = transport && (transport->caps & IPC_CAP_BLOCK);

	*out = (struct request_values){0};
	switch (key) {
	case CELL_TRANSPORT:
		for (size_t i = 0; i < key_values_count(key) && i < REQUEST_VALUES_MAX; i++)
			out->values[out->count++] = i;
		return;
	case CELL_WORKLOAD:
		for (size_t i = 0; workload_at(i) && i < REQUEST_VALUES_MAX; i++) {
			if (workload_at(i)->has_tasks == names_tasks(named))
				out->values[out->count++] = i;
		}
		return;
	case CELL_SIZE:
		out->values[out->count++] = has_tasks ? 0 : SIZE_DEFAULT;
		return;
	case CELL_TASK:
		out->values[out->count++] = has_tasks ? CELL_TASK_NONE + 1 : CELL_TASK_NONE;
		return;
	case CELL_PLACEMENT:
		if (is_alone || has_tasks) {
			out->values[out->count++] = PLACEMENT_UNPINNED;
			return;
		}
		out->values[out->count++] = PLACEMENT_SAME_CORE;
		out->values[out->count++] = PLACEMENT_CROSS_CORE;
		return;
	case CELL_WAIT:
		if (has_block)
			out->values[out->count++] = IPC_WAIT_BLOCK;
		if (has_spin && (!has_tasks || !has_block))
			out->values[out->count++] = IPC_WAIT_SPIN;
		return;
	case CELL_MODEL:
		out->values[out->count++] =
			transport->caps & IPC_CAP_ONE_PROCESS ? MODEL_THREADS : MODEL_PROCESSES;
		return;
	default:
		out->values[out->count++] = cell_default(key, transport);
	}
}

struct planner {
	struct plan *plan;
	const struct request *request;
	struct selection selection; /* key filters and one cell name, intersected */
	struct plan_skip *impossible;
	size_t impossible_count;
	size_t cells_room;
	size_t skips_room;
	size_t impossible_room;
};

static int planner_grow(void **array, size_t *room, size_t count, size_t element_bytes)
{
	size_t wanted = *room > 0 ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return 0;
	if (count >= PLAN_CELLS_MAX)
		return -E2BIG;
	grown = realloc(*array, wanted * element_bytes);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

static bool cells_are_equal(const struct cell *a, const struct cell *b)
{
	return memcmp(a->values, b->values, sizeof(a->values)) == 0;
}

static bool plan_has(const struct plan *plan, const struct cell *cell)
{
	for (size_t i = 0; i < plan->cells_count; i++) {
		if (cells_are_equal(&plan->cells[i], cell))
			return true;
	}
	for (size_t i = 0; i < plan->skips_count; i++) {
		if (cells_are_equal(&plan->skips[i].cell, cell))
			return true;
	}
	return false;
}

static int add_skip(struct plan_skip **skips, size_t *count, size_t *room,
                    const struct plan_skip *skip)
{
	int ret = planner_grow((void **)skips, room, *count, sizeof(**skips));

	if (ret == 0)
		(*skips)[(*count)++] = *skip;
	return ret;
}

static int planner_add(struct planner *planner, const struct cell *wanted)
{
	struct plan *plan = planner->plan;
	struct plan_skip skip = {.cell = *wanted};
	const struct cell *cell = &skip.cell;
	int ret;

	if (wanted->workload->resolve)
		wanted->workload->resolve(&skip.cell);

	for (enum cell_key key = 0; key < CELL_KEYS; key++) {
		if (values_have(&planner->request->excluded.keys[key], cell->values[key]))
			return 0;
	}
	if (plan_has(plan, cell))
		return 0;
	skip.verdict = cell_judge(cell, skip.reason, sizeof(skip.reason));
	if (skip.verdict == CELL_UNAVAILABLE)
		return add_skip(&plan->skips, &plan->skips_count, &planner->skips_room, &skip);
	if (skip.verdict == CELL_IMPOSSIBLE)
		return add_skip(&planner->impossible, &planner->impossible_count,
		                &planner->impossible_room, &skip);
	ret = planner_grow((void **)&plan->cells, &planner->cells_room, plan->cells_count,
	                   sizeof(*plan->cells));
	if (ret == 0)
		plan->cells[plan->cells_count++] = *cell;
	return ret;
}

/* Says whether some cell of the plan has this transport and this value of a key. */
static bool is_accounted(const struct plan *plan, const struct cell *cell, enum cell_key key)
{
	for (size_t i = 0; i < plan->cells_count; i++) {
		if (plan->cells[i].transport == cell->transport &&
		    plan->cells[i].values[key] == cell->values[key])
			return true;
	}
	for (size_t i = 0; i < plan->skips_count; i++) {
		if (plan->skips[i].cell.transport == cell->transport &&
		    plan->skips[i].cell.values[key] == cell->values[key])
			return true;
	}
	return false;
}

/*
 * A combination that contradicts itself is left out without a word, unless a value
 * that the user named for this transport would then show up nowhere.
 */
static int planner_account(struct planner *planner)
{
	struct plan *plan = planner->plan;

	for (size_t i = 0; i < planner->impossible_count; i++) {
		const struct plan_skip *skip = &planner->impossible[i];
		bool is_wanted = false;
		int ret;

		for (enum cell_key key = 0; key < CELL_KEYS; key++)
			is_wanted |= planner->selection.keys[key].count > 0 &&
			             !is_accounted(plan, &skip->cell, key);
		if (!is_wanted || plan_has(plan, &skip->cell))
			continue;
		ret = add_skip(&plan->skips, &plan->skips_count, &planner->skips_room, skip);
		if (ret < 0)
			return ret;
	}
	planner->impossible_count = 0;
	return 0;
}

/* Gives the key each of its values in turn, and goes on with the next key. */
static int planner_expand(struct planner *planner, struct cell *cell, enum cell_key key)
{
	const struct request_values *named = &planner->selection.keys[key];
	struct request_values defaults;

	if (key == CELL_KEYS)
		return planner_add(planner, cell);
	if (named->count == 0) {
		default_values(key, &planner->selection, cell, &defaults);
		named = &defaults;
	}
	for (size_t i = 0; i < named->count; i++) {
		int ret;

		cell->values[key] = named->values[i];
		if (key == CELL_TRANSPORT)
			cell->transport = registry_at((size_t)named->values[i]);
		if (key == CELL_WORKLOAD)
			cell->workload = workload_at((size_t)named->values[i]);
		ret = planner_expand(planner, cell, key + 1);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Narrows the key filters by a cell's name. Returns false if nothing is left of some key. */
static bool selection_intersect(struct selection *into, const struct selection *name)
{
	for (enum cell_key key = 0; key < CELL_KEYS; key++) {
		struct request_values *a = &into->keys[key];
		const struct request_values *b = &name->keys[key];
		struct request_values both = {0};

		if (a->count == 0 || b->count == 0) {
			*a = a->count == 0 ? *b : *a;
			continue;
		}
		for (size_t i = 0; i < b->count; i++) {
			if (values_have(a, b->values[i]))
				both.values[both.count++] = b->values[i];
		}
		if (both.count == 0)
			return false;
		*a = both;
	}
	return true;
}

int plan_create(struct plan **out, const struct request *request)
{
	struct planner planner = {.request = request};
	size_t selections = request->names_count > 0 ? request->names_count : 1;
	int ret = 0;

	planner.plan = calloc(1, sizeof(*planner.plan));
	if (!planner.plan)
		return -ENOMEM;
	for (size_t i = 0; i < selections && ret == 0; i++) {
		struct cell cell = {0};

		planner.selection = request->filters;
		if (request->names_count > 0 &&
		    !selection_intersect(&planner.selection, &request->names[i]))
			continue;
		ret = planner_expand(&planner, &cell, 0);
		if (ret == 0)
			ret = planner_account(&planner);
	}
	free(planner.impossible);
	if (ret < 0) {
		plan_destroy(planner.plan);
		return ret;
	}
	*out = planner.plan;
	return 0;
}

void plan_destroy(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->cells);
	free(plan->skips);
	free(plan);
}
