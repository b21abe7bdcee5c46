/* SPDX-License-Identifier: MIT */
/* ipc/shm_channel.c - the channel whose peers meet in sealed shared memory. */
#include "ipc/shm_channel.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/cpu.h"
#include "ipc/limits.h"

/* Returns the power of two that holds count slots, which is at most SHM_SLOT_COUNT_MAX. */
static size_t slots_for(size_t count)
{
	size_t slots = 1;

	while (slots < count)
		slots *= 2;
	return slots;
}

int shm_channel_check(const struct ipc_transport *transport,
                      const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	int ret;

	if (options->slot_count > SHM_SLOT_COUNT_MAX)
		return limits_refuse(why, why_bytes, -EINVAL, "%zu slots are over %zu",
		                     options->slot_count, SHM_SLOT_COUNT_MAX);
	ret = limits_check(transport, options, SHM_MESSAGE_BYTES_MAX, "what a slot's length holds",
	                   why, why_bytes);
	if (ret < 0)
		return ret;
	return limits_check_memory(slots_for(options->slot_count),
	                           options->message_bytes_max + CACHE_LINE_BYTES, why, why_bytes);
}

static size_t round_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) / to * to;
}

static struct shm_layout lay_out(size_t slot_count, size_t header_bytes, size_t slot_bytes)
{
	return (struct shm_layout){
		.slot_count = slots_for(slot_count),
		/* The prefetcher pairs lines: the header's last is not to be one of them. */
		.slots_at = round_up(header_bytes, CACHE_SEPARATION_BYTES),
		.stride = round_up(slot_bytes, CACHE_LINE_BYTES),
	};
}

int shm_channel_create(struct shm_channel **out, const struct ipc_transport *transport,
                       const struct ipc_channel_options *options, size_t header_bytes,
                       size_t slot_bytes)
{
	struct shm_channel *self;
	struct shm_layout layout;
	int ret = limits_allow(transport, options);

	if (ret < 0)
		return ret;
	layout = lay_out(options->slot_count, header_bytes, slot_bytes);
	if (layout.slot_count > (PTRDIFF_MAX - layout.slots_at) / layout.stride)
		return -ENOMEM;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct shm_channel){
		.base.transport = transport,
		.options = *options,
		.layout = layout,
		.shm.fd = -1,
		.lifeline.fds = {-1, -1},
	};
	ret = shm_init(&self->shm, layout.slots_at + layout.slot_count * layout.stride);
	if (ret == 0)
		ret = lifeline_init(&self->lifeline);
	if (ret < 0) {
		shm_channel_destroy(&self->base);
		return ret;
	}
	*out = self;
	return 0;
}

void shm_channel_drop(struct ipc_channel *channel, enum ipc_role role)
{
	lifeline_drop(&((struct shm_channel *)channel)->lifeline, role);
}

void shm_channel_destroy(struct ipc_channel *channel)
{
	struct shm_channel *self = (struct shm_channel *)channel;

	if (!self)
		return;
	lifeline_release(&self->lifeline);
	shm_release(&self->shm);
	free(self);
}

struct waiting shm_channel_waiting(const struct shm_channel *channel, enum ipc_role role)
{
	return (struct waiting){
		.wait = channel->options.wait,
		.spin_ns = channel->options.spin_ns,
		.lifeline = &channel->lifeline,
		.role = role,
	};
}
