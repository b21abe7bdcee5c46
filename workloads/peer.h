/* SPDX-License-Identifier: MIT */
/*
 * workloads/peer.h - starts peers as processes or threads, and tells how each ended.
 *
 * The peers of a group start together at a gate, each pinned to its CPU. A peer
 * reports a verdict in memory shared before fork(). One that dies, hangs or fails
 * becomes an error that names it; the rest are then stopped, and nothing waits
 * past the deadline. Threads live in a process of their own, made for them, so that
 * their end is not the caller's. All die with the thread that started them.
 */
#ifndef WORKLOADS_PEER_H
#define WORKLOADS_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "workloads/cell.h"

struct peer;
struct peers;

struct peers_options {
	enum model model;
	uint32_t count;
	const char *const *names; /* count of them, for messages */
	const int *cpus;          /* count of them; -1: unpinned */
	uint64_t deadline_ns;     /* absolute; main() must have returned by then */
	uint32_t spare_count;     /* the last so many peers may die: the rest go on */
	int stop_fd;              /* readable: the whole run shall stop; -1: none */
	/*
	 * The peer's work, in the peer. Returns 0, or -errno, best after
	 * peer_fail(). Calls peer_pass_gate() once it is ready.
	 */
	int (*main)(void *context, struct peer *peer, uint32_t index);
	void *context;
};

/*
 * Starts all peers and waits until each stands at the gate, or has failed.
 *
 * On success *out is the caller's, for peers_stop(). Returns 0, or -errno of the
 * call that failed, with nothing left running: -EAGAIN (limits on processes or
 * threads), -ENOMEM, -EMFILE; the cause is in why.
 */
int peers_start(struct peers **out, const struct peers_options *options, char *why,
                size_t why_bytes);

/* Opens the gate. */
void peers_release(struct peers *peers);

/*
 * Waits until every peer has ended, one has failed, the deadline has passed, or
 * stop_fd is readable.
 *
 * Returns 0 (each peer's verdict is good), -EINTR (stop_fd), or a peer's -errno
 * with one line in why that names the peer and what became of it.
 */
int peers_join(struct peers *peers, char *why, size_t why_bytes);

/*
 * Looks, without waiting, whether all peers are well. Returns 0, -EINTR (stop_fd), or
 * a peer's -errno with a line in why, as peers_join().
 */
int peers_check(struct peers *peers, char *why, size_t why_bytes);

/* Ends what still runs, reaps it and releases the group. Null is allowed. */
void peers_stop(struct peers *peers);

/* Called by a peer: stands at the gate until it opens. Returns 0, or -ETIMEDOUT. */
int peer_pass_gate(struct peer *peer);

/* Called by a peer: states in its verdict what failed. Returns error, which is -errno. */
int peer_fail(struct peer *peer, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
