/* SPDX-License-Identifier: MIT */
/*
 * workloads/plan.h - a request turned into the cells to measure and those to skip.
 *
 * A key that nobody named takes its default values, as far as the transport can
 * have them; a transport that can have none of them takes what it can. A cell that
 * was asked for by name and can't run becomes a skip with its cause. Workloads with
 * tasks are planned where the workload, a task, an amount or peers are named.
 */
#ifndef WORKLOADS_PLAN_H
#define WORKLOADS_PLAN_H

#include <stddef.h>

#include "workloads/cell.h"
#include "workloads/request.h"

struct plan_skip {
	struct cell cell;
	enum cell_verdict verdict; /* CELL_IMPOSSIBLE or CELL_UNAVAILABLE */
	char reason[RUN_TEXT_BYTES];
};

struct plan {
	struct cell *cells; /* without duplicates, transports in the registry's order */
	size_t cells_count;
	struct plan_skip *skips;
	size_t skips_count;
};

/*
 * Makes the plan of a request. Probes transports.
 *
 * On success *out is the caller's, for plan_destroy(); it may hold no cell at
 * all. Returns 0, or -errno: -ENOMEM, -E2BIG (over PLAN_CELLS_MAX cells).
 */
int plan_create(struct plan **out, const struct request *request);
void plan_destroy(struct plan *plan);

#define PLAN_CELLS_MAX 4096

#endif
