/* SPDX-License-Identifier: MIT */
/* suites/bench/ab_pairs.c - asks both arms for their cells and finds which belong together. */
#include "suites/bench/ab_pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"

#define PLAN_NS (30 * NS_PER_S)

/* What one arm can measure. */
struct planned {
	struct run_cell cell;
	enum run_metric metric;
	bool has_slices;
	bool is_hybrid;
	bool is_skip;
	bool is_taken; /* has found its partner */
	char reason[RUN_TEXT_BYTES];
};

struct plan_list {
	struct planned cells[ARM_CELLS_MAX];
	size_t count;
};

/* Copies the part of a name that ends at '/'. Returns what follows it. */
static const char *take_part(const char *at, char *out, size_t out_bytes)
{
	size_t bytes = strcspn(at, "/");

	snprintf(out, out_bytes, "%.*s", (int)bytes, at);
	return at[bytes] == '/' ? at + bytes + 1 : at + bytes;
}

/* Fills in a cell from its name: the same parts, in the same order, as cell_name() writes. */
static int describe(const char *line, struct run_cell *cell)
{
	char name[RUN_CELL_BYTES];
	char size[RUN_NAME_BYTES];
	uint64_t in_flight = 1;
	const char *at = name;

	*cell = (struct run_cell){0};
	if (arm_word(line, "name", name, sizeof(name)) < 0)
		return -EBADMSG;
	memcpy(cell->name, name, sizeof(name));
	at = take_part(at, cell->transport, sizeof(cell->transport));
	at = take_part(at, cell->workload, sizeof(cell->workload));
	at = take_part(at, size, sizeof(size));
	at = take_part(at, cell->placement, sizeof(cell->placement));
	at = take_part(at, cell->wait, sizeof(cell->wait));
	at = take_part(at, cell->model, sizeof(cell->model));
	snprintf(cell->params, sizeof(cell->params), "%s", at);
	cell->size_bytes = strtoull(size, NULL, 10);
	(void)arm_number(line, "in_flight", &in_flight);
	cell->in_flight = (uint32_t)in_flight;
	return cell->model[0] != '\0' ? 0 : -EBADMSG;
}

static int take_line(const char *line, struct planned *out)
{
	uint64_t metric = 0;
	uint64_t slices = 0;
	uint64_t hybrid = 0;

	*out = (struct planned){.is_skip = arm_line_is(line, "skip")};
	if (describe(line, &out->cell) < 0)
		return -EBADMSG;
	(void)arm_word(line, "text", out->reason, sizeof(out->reason));
	if (out->is_skip)
		return 0;
	if (arm_number(line, "metric", &metric) < 0 || metric > RUN_THROUGHPUT ||
	    arm_number(line, "slices", &slices) < 0 || arm_number(line, "hybrid", &hybrid) < 0)
		return -EBADMSG;
	out->metric = (enum run_metric)metric;
	out->has_slices = slices != 0;
	out->is_hybrid = hybrid != 0;
	return 0;
}

static int ask(struct arm *arm, const char *const *filters[2], const size_t counts[2],
               struct plan_list *out)
{
	struct arm_writer writer;
	int ret = arm_writer_open(&writer);

	if (ret < 0)
		return ret;
	fputs("plan\n", writer.out);
	for (size_t list = 0; list < 2; list++) {
		for (size_t i = 0; i < counts[list]; i++)
			fprintf(writer.out, "%s\n", filters[list][i]);
	}
	ret = arm_writer_send(&writer, arm->fd, NULL, 0);
	if (ret == 0)
		ret = arm_await(arm, "cells", clock_now_ns() + PLAN_NS);
	if (ret < 0)
		return ret;
	for (const char *line = arm_next_line(&arm->message, arm->message.buffer); line;
	     line = arm_next_line(&arm->message, line)) {
		if (out->count == ARM_CELLS_MAX || take_line(line, &out->cells[out->count]) < 0) {
			snprintf(arm->why, sizeof(arm->why), "its plan can't be read");
			return -EBADMSG;
		}
		out->count++;
	}
	return 0;
}

/* Plans one side. Returns an exit status; what went wrong was said. */
static int plan_side(char name, const struct arm_program *program,
                     const char *const *const filters[2], const size_t counts[2], int stop_fd,
                     struct plan_list *out)
{
	const char *const *lists[2] = {filters[0], filters[1]};
	struct arm arm;
	int status = STATUS_DONE;
	int ret;

	out->count = 0;
	ret = arm_start(&arm, program, 0, stop_fd);
	if (ret == 0)
		ret = arm_greet(&arm);
	if (ret == 0)
		ret = ask(&arm, lists, counts, out);
	if (ret < 0) {
		status = ret == -EPROTO   ? STATUS_NOT_COMPARABLE
		         : ret == -EINVAL ? STATUS_USAGE
		                          : STATUS_FAILED;
		if (ret != -EINTR)
			cli_error("%c: %s", name, arm.why[0] != '\0' ? arm.why : strerror(-ret));
	}
	arm_stop(&arm);
	return status;
}

static void mark_key(const char *filter, bool varied[CELL_KEYS])
{
	char key[RUN_NAME_BYTES];

	filter += filter[0] == '!';
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(filter, ":"), filter);
	for (enum cell_key i = 0; i < CELL_KEYS; i++) {
		/* The name of a cell sets every key. */
		if (!strchr(filter, ':') || strcmp(cell_key_name(i), key) == 0)
			varied[i] = true;
	}
}

/* Writes a cell's name without what the sides set: what both partners share. */
static void write_common(const struct run_cell *cell, const bool varied[CELL_KEYS], char *out,
                         size_t out_bytes)
{
	const char *at = cell->name;
	size_t used = 0;

	for (size_t part = 0; *at && used < out_bytes; part++) {
		size_t bytes = strcspn(at, "/");
		char key[RUN_NAME_BYTES];
		bool is_varied = part < CELL_KEYS_NAMED && varied[part];

		if (part >= CELL_KEYS_NAMED) {
			snprintf(key, sizeof(key), "%.*s", (int)strcspn(at, "=/"), at);
			is_varied = cell_key_find(key) < CELL_KEYS && varied[cell_key_find(key)];
		}
		if (!is_varied)
			used += (size_t)snprintf(out + used, out_bytes - used, "%.*s/", (int)bytes,
			                         at);
		else if (part < CELL_KEYS_NAMED)
			used += (size_t)snprintf(out + used, out_bytes - used, "*/");
		at += bytes + (at[bytes] == '/');
	}
}

static int add_pair(struct ab_pairs *pairs, const struct planned *a, const struct planned *b,
                    const struct arm_program *program_a, const struct arm_program *program_b)
{
	struct ab_pair *grown =
		realloc(pairs->pairs, (pairs->pairs_count + 1) * sizeof(*pairs->pairs));

	if (!grown)
		return -ENOMEM;
	pairs->pairs = grown;
	grown[pairs->pairs_count++] = (struct ab_pair){
		.programs = {program_a, program_b},
		.cells = {a->cell, b->cell},
		.metric = a->metric,
		.is_hybrid = a->is_hybrid || b->is_hybrid,
	};
	return 0;
}

static int add_skip(struct ab_pairs *pairs, const struct run_cell *cell, const char *reason)
{
	struct ab_skip *grown =
		realloc(pairs->skips, (pairs->skips_count + 1) * sizeof(*pairs->skips));

	if (!grown)
		return -ENOMEM;
	pairs->skips = grown;
	grown[pairs->skips_count] = (struct ab_skip){.cell = *cell};
	snprintf(grown[pairs->skips_count].reason, sizeof(grown->reason), "%s", reason);
	pairs->skips_count++;
	return 0;
}

/* Finds the partner of a cell. Returns null if there is none, or not just one. */
static struct planned *find_partner(const struct planned *cell, struct plan_list *others,
                                    const bool varied[CELL_KEYS], size_t *count)
{
	char wanted[RUN_CELL_BYTES * 2] = "";
	struct planned *found = NULL;

	*count = 0;
	write_common(&cell->cell, varied, wanted, sizeof(wanted));
	for (size_t i = 0; i < others->count; i++) {
		char common[RUN_CELL_BYTES * 2] = "";

		write_common(&others->cells[i].cell, varied, common, sizeof(common));
		if (strcmp(common, wanted) != 0)
			continue;
		found = &others->cells[i];
		++*count;
	}
	return *count == 1 ? found : NULL;
}

static int complain(char name, const struct planned *cell, size_t count)
{
	if (count == 0)
		cli_error("%c has no cell to go with '%s'; narrow the filters, or name both cells",
		          name, cell->cell.name);
	else
		cli_error("%c has %zu cells that could go with '%s'; narrow the filters", name,
		          count, cell->cell.name);
	return STATUS_FAILED;
}

/* Pairs one cell of A, or skips it if it can't be measured. Returns an exit status. */
static int pair_cell(struct ab_pairs *out, struct planned *a, struct planned *b,
                     const struct side sides[2])
{
	const char *reason = a->is_skip ? a->reason : b->is_skip ? b->reason : NULL;
	int ret;

	if (a->is_skip != b->is_skip) {
		cli_error("%c can't measure '%s': %s", a->is_skip ? 'A' : 'B',
		          (a->is_skip ? a : b)->cell.name, reason);
		return STATUS_FAILED;
	}
	if (!reason && (!a->has_slices || !b->has_slices))
		reason = "the workload can't be cut into slices, in which two arms take turns";
	if (!reason && a->metric != b->metric)
		reason = "the two cells measure different things";
	ret = reason ? add_skip(out, &a->cell, reason)
	             : add_pair(out, a, b, &sides[0].program, &sides[1].program);
	if (ret < 0)
		cli_error("out of memory");
	return ret < 0 ? STATUS_FAILED : STATUS_DONE;
}

static int pair_all(struct ab_pairs *out, struct plan_list lists[2], const struct side sides[2])
{
	bool varied[CELL_KEYS] = {false};

	for (size_t side = 0; side < 2; side++) {
		for (size_t i = 0; i < sides[side].filters_count; i++)
			mark_key(sides[side].filters[i], varied);
	}
	for (size_t i = 0; i < lists[0].count; i++) {
		size_t count;
		struct planned *partner =
			find_partner(&lists[0].cells[i], &lists[1], varied, &count);
		int status;

		if (!partner || partner->is_taken)
			return complain('B', &lists[0].cells[i], partner ? 0 : count);
		partner->is_taken = true;
		status = pair_cell(out, &lists[0].cells[i], partner, sides);
		if (status != STATUS_DONE)
			return status;
	}
	for (size_t i = 0; i < lists[1].count; i++) {
		if (!lists[1].cells[i].is_taken)
			return complain('A', &lists[1].cells[i], 0);
	}
	return STATUS_DONE;
}

/* A gate that measured nothing has not passed. */
static int check_not_empty(const struct ab_pairs *pairs)
{
	if (pairs->pairs_count > 0)
		return STATUS_DONE;
	if (pairs->skips_count == 0) {
		cli_error("these filters leave no cell; 'ipcbench list' shows what there is");
		return STATUS_FAILED;
	}
	cli_error("no cell can be compared; %s: %s", pairs->skips[0].cell.name,
	          pairs->skips[0].reason);
	return STATUS_FAILED;
}

int ab_pairs_ask_alone(struct ab_pairs *out, const struct arm_program *program,
                       const char *const *filters, size_t filters_count, int stop_fd)
{
	const char *const *lists[2] = {filters, NULL};
	const size_t counts[2] = {filters_count, 0};
	struct plan_list *list = malloc(sizeof(*list));
	int status = list ? plan_side('A', program, lists, counts, stop_fd, list) : STATUS_FAILED;

	for (size_t i = 0; status == STATUS_DONE && i < list->count; i++) {
		const struct planned *cell = &list->cells[i];
		int ret;

		if (cell->is_skip || !cell->has_slices)
			ret = add_skip(out, &cell->cell, cell->reason);
		else
			ret = add_pair(out, cell, cell, program, program);
		status = ret < 0 ? STATUS_FAILED : STATUS_DONE;
	}
	free(list);
	return status;
}

/* A cell that no change of transports touches, measured by this program in both arms. */
static int add_control(struct ab_pairs *out, const struct arm_program *self, int stop_fd)
{
	static const char *const filters[] = {"transport:loopback", "workload:ping_pong"};
	size_t before = out->pairs_count;
	int status = ab_pairs_ask_alone(out, self, filters, 2, stop_fd);

	if (status == STATUS_DONE && out->pairs_count == before) {
		cli_error("the control cell can't be measured here");
		status = STATUS_FAILED;
	}
	for (size_t i = before; i < out->pairs_count; i++)
		out->pairs[i].is_control = true;
	return status;
}

int ab_pairs_find(struct ab_pairs *out, const struct side sides[2], const struct arm_program *self,
                  const char *const *filters, size_t filters_count, int stop_fd)
{
	struct plan_list *lists = calloc(2, sizeof(*lists));
	int status = lists ? STATUS_DONE : STATUS_FAILED;

	*out = (struct ab_pairs){0};
	for (size_t side = 0; side < 2 && status == STATUS_DONE; side++) {
		const char *const *all[2] = {filters, sides[side].filters};
		const size_t counts[2] = {filters_count, sides[side].filters_count};

		status = plan_side(sides[side].name, &sides[side].program, all, counts, stop_fd,
		                   &lists[side]);
	}
	if (status == STATUS_DONE)
		status = pair_all(out, lists, sides);
	if (status == STATUS_DONE)
		status = check_not_empty(out);
	if (status == STATUS_DONE)
		status = add_control(out, self, stop_fd);
	free(lists);
	return status;
}

void ab_pairs_release(struct ab_pairs *pairs)
{
	free(pairs->pairs);
	free(pairs->skips);
	*pairs = (struct ab_pairs){0};
}
