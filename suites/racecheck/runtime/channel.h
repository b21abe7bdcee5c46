/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/channel.h - what flows, byte-exact and message-exact. */
#ifndef RACECHECK_CHANNEL_H
#define RACECHECK_CHANNEL_H

#include "suites/racecheck/runtime/runtime.h"

enum channel_kind {
	CHANNEL_PIPE = 1,
	CHANNEL_SOCKET,
	CHANNEL_SOCKET_ADDRESS,
	CHANNEL_EVENTFD,
	CHANNEL_TIMERFD,
	CHANNEL_EPOLL,
	CHANNEL_MQ,
	CHANNEL_MSG,
	CHANNEL_SEM,
	CHANNEL_SEM_ZERO,
	CHANNEL_SIGNAL,
	CHANNEL_FLOCK,
	CHANNEL_RECORD_LOCK,
	CHANNEL_NAME,      /* of a file that was removed */
	CHANNEL_NAME_MADE, /* of a file that was made, or given the name */
	CHANNEL_SPAWN,
	CHANNEL_NOTIFY,  /* messages of which mq_notify() tells: one for all queues */
	CHANNEL_INOTIFY, /* changes of files, of which inotify tells: one for all */
	CHANNEL_AIO,     /* a control block of POSIX asynchronous I/O */
	CHANNEL_REQUEUE, /* wake-ups of futexes, once waiters were given to others: one for all */
	CHANNEL_STOP,
	CHANNEL_THREAD,
	CHANNEL_RING,
	CHANNEL_FILE,
	CHANNEL_FIFO_READER,
	CHANNEL_FIFO_WRITER,
	CHANNEL_USER,
	CHANNEL_OTHER,
};

struct channel_key {
	uint32_t kind;
	uint64_t a, b;
};

/* One release waiting to be taken. */
struct segment {
	uint32_t next;
	uint32_t tag; /* message type or priority */
	uint64_t units;
	uint64_t first, last; /* range, for record locks */
	struct stored_clock clock;
	struct stored_clock readers;
	uint32_t holder;
	uint32_t spare;
};

struct channel {
	_Atomic uint32_t lock;
	uint32_t next;
	struct channel_key key;
	_Atomic uint32_t version; /* moves with every operation, to wait on */
	uint32_t head, tail, count;
	uint64_t units;            /* in the queue */
	struct stored_clock all;   /* every release */
	struct stored_clock ended; /* closers */
	struct stored_clock taken; /* takers, for writers that waited for room */
	struct stored_clock hung;  /* those who closed the end that takes */
	uint32_t holder;
	uint32_t is_primed;
	bool is_shut;        /* ended for good: later closers do not count */
	bool is_deaf;        /* the same at the end that takes */
	bool is_mixed;       /* others put meanwhile: whose units came first is not known */
	uint8_t streams;     /* of libc that are about to put what is not known yet */
	uint32_t is_full;    /* there was no room at the last attempt */
	uint32_t room;       /* unit of the queue of takers, where there is a bound; 0: none */
	uint64_t free_units; /* of that queue: room that was never taken yet */
	uint32_t streamer;   /* thread of the last of streams */
	uint32_t owed;       /* units that were taken before those streams put them */
};

struct channel_ref {
	struct arena *arena;
	struct channel *channel;
};

/* With the lock held: whoever gets room where there was none comes after those who made it. */
void channel_got_room(struct channel_ref ref);

struct channel_ref channel_at(struct channel_key key);
struct channel_ref channel_in(struct sync_ref ref);
void channel_open(struct channel_ref ref);  /* takes the channel's lock */
void channel_close(struct channel_ref ref); /* gives it back, moves the version */
/* With the lock held: */
void channel_put(struct channel_ref ref, uint64_t units, uint32_t tag);
/* Takes units of tag (ANY_TAG: of the oldest). False: some of them were never put. */
bool channel_get(struct channel_ref ref, uint64_t units, uint32_t tag);
void channel_drop(struct channel_ref ref, uint64_t units);
void channel_clear(struct channel_ref ref);
/*
 * libc writes out of sight: between the two, what it puts is not known, and what is taken
 * meanwhile is owed. units: what it turned out to be.
 */
void channel_stream_begin(struct channel_ref ref);
void channel_stream_end(struct channel_ref ref, uint64_t units);
/* Waits some milliseconds at most, without the lock, until no stream is between those. */
void channel_await_streams(struct channel_ref ref);
void channel_peek(struct channel_ref ref);
/* Joins what put the first units, and leaves them in the queue. */
void channel_copy(struct channel_ref ref, uint64_t units);
/*
 * A queue has a bound: whoever puts a unit beyond it comes after whoever took
 * the one that made room. bound says how much fits in at the first call.
 */
void channel_bound(struct channel_ref ref, uint64_t free_units);
void channel_fill(struct channel_ref ref, uint64_t units);
void channel_empty(struct channel_ref ref, uint64_t units);
/* Joins whoever made the room that is there. */
void channel_peek_room(struct channel_ref ref);
/* Joins all that was ever put, here or anywhere: for what the runtime did not see. */
void channel_get_all(struct channel_ref ref);
void channel_get_everything(void);
#define ANY_TAG UINT32_MAX

/*
 * Waits, without the lock, until the channel moved on from version. Returns false when
 * deadline_ns of CLOCK_MONOTONIC (0: none) has passed.
 */
bool channel_await(struct channel_ref ref, uint32_t version, enum edge edge, uint64_t deadline_ns);

/* Coarse edges on a key. */
void channel_release(struct channel_key key, enum edge edge);
void channel_acquire(struct channel_key key, enum edge edge);
/* Joins all that was released on a key into known[]. False: nobody has, yet. */
bool channel_learn(struct channel_key key, uint64_t *known);

#endif
