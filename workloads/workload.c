/* SPDX-License-Identifier: MIT */
/* workloads/workload.c - the table of workloads. */
#include "workloads/workload.h"

static const struct workload *const workloads[] = {
#define WORKLOAD(name) &workload_##name,
#include "registered_workloads.inc"
#undef WORKLOAD
};

const struct workload *workload_at(size_t index)
{
	return index < sizeof(workloads) / sizeof(workloads[0]) ? workloads[index] : NULL;
}
