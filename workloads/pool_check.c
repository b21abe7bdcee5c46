/* SPDX-License-Identifier: MIT */
/* workloads/pool_check.c - a task's own inputs, and its results compared bit for bit. */
#include "workloads/pool_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/peer.h"

struct sample {
	unsigned char *input;
	unsigned char *result;
	size_t input_bytes;
	size_t result_bytes;
};

struct pool_check {
	struct workload_peer *self;
	const struct task *task;
	struct task_peer peer;
	struct pool_source source;
	bool is_started;
	bool is_open;
	struct sample samples[]; /* input_count of the task */
};

static ssize_t check_fill(void *context, uint64_t id, void *room, size_t room_bytes)
{
	const struct pool_check *check = context;
	const struct sample *sample = &check->samples[id % check->task->input_count];

	if (sample->input_bytes > room_bytes)
		return -EMSGSIZE;
	memcpy(room, sample->input, sample->input_bytes);
	return (ssize_t)sample->input_bytes;
}

static int check_take(void *context, uint64_t id, int status, const void *result, size_t bytes)
{
	const struct pool_check *check = context;
	const struct sample *sample = &check->samples[id % check->task->input_count];
	struct peer *peer = check->self->peer;

	if (status < 0)
		return peer_fail(peer, status, "task %llu failed: %.*s", (unsigned long long)id,
		                 (int)(bytes > 0 ? bytes : strlen(strerror(-status))),
		                 bytes > 0 ? (const char *)result : strerror(-status));
	if (bytes != sample->result_bytes || memcmp(result, sample->result, bytes) != 0)
		return peer_fail(peer, -EBADMSG,
		                 "the result of task %llu is not that of one thread alone",
		                 (unsigned long long)id);
	return 0;
}

static int make_sample(struct pool_check *check, uint32_t index)
{
	size_t bytes_max =
		(size_t)check->self->cell->values[CELL_SIZE] - sizeof(struct pool_header);
	struct sample *sample = &check->samples[index];
	ssize_t got;

	sample->input = malloc(bytes_max);
	sample->result = malloc(bytes_max);
	if (!sample->input || !sample->result)
		return task_fail(&check->peer, -ENOMEM, "no memory for the task's inputs");
	got = check->task->make(&check->peer, index, sample->input);
	if (got < 0)
		return (int)got;
	sample->input_bytes = (size_t)got;
	got = check->task->compute(&check->peer, sample->input, sample->input_bytes,
	                           sample->result);
	if (got < 0)
		return (int)got;
	sample->result_bytes = (size_t)got;
	return 0;
}

int pool_check_create(struct pool_check **out, struct workload_peer *self,
                      const struct pool_source **source)
{
	const struct task *task = cell_task(self->cell);
	struct pool_check *check =
		calloc(1, sizeof(*check) + task->input_count * sizeof(struct sample));
	int ret = 0;

	if (!check)
		return peer_fail(self->peer, -ENOMEM, "no memory for the task's inputs");
	check->self = self;
	check->task = task;
	check->source = (struct pool_source){check, check_fill, check_take};
	pool_task_peer(self, 0, &check->peer);
	check->peer.lock = NULL; /* Nobody else computes yet. */
	if (task->start)
		ret = task->start(&check->peer);
	check->is_started = ret == 0;
	if (ret == 0 && task->open)
		ret = task->open(&check->peer);
	check->is_open = ret == 0;
	for (uint32_t i = 0; i < task->input_count && ret == 0; i++)
		ret = make_sample(check, i);
	if (ret < 0) {
		peer_fail(self->peer, ret, "the reference: %s",
		          check->peer.why[0] ? check->peer.why : strerror(-ret));
		pool_check_destroy(check);
		return ret;
	}
	*source = &check->source;
	*out = check;
	return 0;
}

void pool_check_destroy(struct pool_check *check)
{
	if (!check)
		return;
	for (uint32_t i = 0; i < check->task->input_count; i++) {
		free(check->samples[i].input);
		free(check->samples[i].result);
	}
	if (check->is_open && check->task->close)
		check->task->close(&check->peer);
	if (check->is_started && check->task->stop)
		check->task->stop(&check->peer);
	free(check);
}
