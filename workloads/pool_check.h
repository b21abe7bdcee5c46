/* SPDX-License-Identifier: MIT */
/* workloads/pool_check.h - a task's own inputs, and its results compared bit for bit. */
#ifndef WORKLOADS_POOL_CHECK_H
#define WORKLOADS_POOL_CHECK_H

#include "workloads/pool.h"

struct pool_check;

/*
 * Starts the task, makes its inputs and computes their results in this thread
 * alone: the reference. The source hands the inputs out in turn, and refuses a
 * result that differs.
 *
 * On success *out is the caller's, for pool_check_destroy(), and *source lives as
 * long. Returns 0, or -errno after peer_fail().
 */
int pool_check_create(struct pool_check **out, struct workload_peer *self,
                      const struct pool_source **source);

/* Null is allowed. */
void pool_check_destroy(struct pool_check *check);

#endif
