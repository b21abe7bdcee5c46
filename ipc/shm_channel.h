/* SPDX-License-Identifier: MIT */
/* ipc/shm_channel.h - the channel whose peers meet in sealed shared memory. */
#ifndef IPC_SHM_CHANNEL_H
#define IPC_SHM_CHANNEL_H

#include <stddef.h>

#include "ipc/lifeline.h"
#include "ipc/shm.h"
#include "ipc/transport.h"
#include "ipc/waiting.h"

/* Indices run free; a ring of 2^k slots stays in step when they wrap at 2^64. */
#define SHM_SLOT_COUNT_MAX ((size_t)1 << 30)
/* A message's length is kept in 32 bits. */
#define SHM_MESSAGE_BYTES_MAX ((size_t)1 << 30)

/* Where a ring's slots are: our own constants, never read back from the memory. */
struct shm_layout {
	size_t slot_count; /* a power of two */
	size_t slots_at;   /* bytes before the first slot */
	size_t stride;     /* bytes from slot to slot, whole cache lines */
};

/* Embed it first where a channel needs more. */
struct shm_channel {
	struct ipc_channel base;
	struct ipc_channel_options options;
	struct shm_layout layout;
	struct shm shm;
	struct lifeline lifeline;
};

/* Checks options against what a ring can hold: limits_check(). */
int shm_channel_check(const struct ipc_transport *transport,
                      const struct ipc_channel_options *options, char *why, size_t why_bytes);

/*
 * Makes a channel of zeroed memory: header_bytes, then slots of slot_bytes, both
 * rounded up to whole lines, the slots to a power of two.
 *
 * On success *out is the caller's, to be initialised, and given to
 * shm_channel_destroy(). Returns 0, or -errno: -EINVAL, -EMSGSIZE, -ENOMEM,
 * -ENOSPC, -EMFILE.
 */
int shm_channel_create(struct shm_channel **out, const struct ipc_transport *transport,
                       const struct ipc_channel_options *options, size_t header_bytes,
                       size_t slot_bytes);

/* Fill the table's members of these names. */
void shm_channel_drop(struct ipc_channel *channel, enum ipc_role role);
void shm_channel_destroy(struct ipc_channel *channel);

/* Returns how an endpoint of role waits on the channel, which must outlive it. */
struct waiting shm_channel_waiting(const struct shm_channel *channel, enum ipc_role role);

/* Returns the slot of a position. */
static inline void *shm_slot(const struct shm_layout *layout, void *memory, uint64_t position)
{
	size_t index = (size_t)position & (layout->slot_count - 1);

	return (unsigned char *)memory + layout->slots_at + index * layout->stride;
}

#endif
