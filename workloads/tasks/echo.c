/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/echo.c - bytes that come back as they went: what carrying alone costs.
 *
 * The least that a server can do for its clients: of a pool that works at it, what
 * is measured is the transport and the handing out.
 */
#include <errno.h>
#include <string.h>

#include "workloads/payload.h"
#include "workloads/tasks/task.h"

/* A filter's largest message, header and all, is far below. */
#define AMOUNT_MAX ((uint32_t)1 << 30)

static size_t echo_bytes_max(uint32_t amount)
{
	return amount;
}

static ssize_t echo_make(struct task_peer *self, uint32_t index, void *input)
{
	const struct payload payload = {.seed = self->seed, .sequence = index};

	payload_fill(input, self->amount, &payload);
	return (ssize_t)self->amount;
}

static ssize_t echo_compute(struct task_peer *self, const void *input, size_t input_bytes,
                            void *result)
{
	if (input_bytes != self->amount)
		return task_fail(self, -EBADMSG, "%zu bytes came, %u agreed", input_bytes,
		                 self->amount);
	memcpy(result, input, input_bytes);
	return (ssize_t)input_bytes;
}

const struct task task_echo = {
	.name = "echo",
	.summary = "bytes that come back as they went: what carrying alone costs",
	.amount_unit = "bytes",
	.amount_default = 48,
	.amount_max = AMOUNT_MAX,
	.amount_light = AMOUNT_MAX,
	.input_count = 4,
	.explanation =
		"A task is so many bytes, and its result is the same bytes. Nothing is computed: "
		"what is left is the price of carrying messages there and back, of this size, "
		"between one dispatcher and its peers, and of copying and comparing them, which "
		"counts where they are large. A header of 16 bytes is a part of each "
		"message: 48 bytes make it 64.",
	.bytes_max = echo_bytes_max,
	.make = echo_make,
	.compute = echo_compute,
};
