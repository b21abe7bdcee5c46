/* SPDX-License-Identifier: MIT */
/*
 * ipc/shm.h - shared memory that no peer can shrink under another.
 *
 * A memfd, its pages allocated at once (tmpfs would else say yes, and SIGBUS
 * later) and its size sealed. It has no name, and fork() shares it.
 */
#ifndef IPC_SHM_H
#define IPC_SHM_H

#include <stddef.h>

struct shm {
	void *memory;
	size_t bytes;
	int fd;
};

/*
 * Makes and maps bytes of zeroes, of mode 0600, sealed against SHRINK, GROW and
 * further seals. On success *out is the caller's, to be given to shm_release().
 *
 * Returns 0, or -errno: -ENOSPC, -ENOMEM (no memory for all of it), -EMFILE.
 */
int shm_init(struct shm *out, size_t bytes);

/*
 * Checks, in the peer that will use the mapping, that its size and seals are
 * what shm_init() made, and maps all pages into this process's tables.
 *
 * Returns 0, or -errno: -EBADMSG (another size, or a seal is missing).
 */
int shm_verify(const struct shm *shm);

/* Unmaps and closes; zeroed memory with fd -1 is allowed. */
void shm_release(struct shm *shm);

/* Says whether shm_init() can work here. Returns 0, or -errno with the cause in why. */
int shm_probe(char *why, size_t why_bytes);

#endif
