/* SPDX-License-Identifier: MIT */
/*
 * suites/check/check.h - the state behind a case: reports, peers, what to clean up.
 *
 * For the framework; a case includes case.h. The board is one shared mapping, made
 * by the parent before the case process: it outlives whoever is killed.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <setjmp.h>

#include "suites/check/case.h"
#include "suites/check/sanitizer.h"

enum verdict {
	VERDICT_NONE, /* the actor has not ended, or died */
	VERDICT_PASSED,
	VERDICT_FAILED,
	VERDICT_BROKEN,
	VERDICT_SKIPPED,
	VERDICT_NOT_PROMISED,
	VERDICT_COUNT,
};

/* Returns the verdict's word, as printed. */
const char *verdict_text(enum verdict verdict);

enum call {
	CALL_NONE,
	CALL_SEND,
	CALL_RECV,
};

#define CLAUSE_BYTES 16
#define TEXT_BYTES 480

/* What one actor says. Only it writes, except as noted. */
struct report {
	_Atomic uint32_t verdict; /* enum verdict; released after the texts */
	_Atomic uint32_t call;    /* enum call: the actor is inside it */
	_Atomic uint64_t call_start_ns;
	_Atomic uint64_t call_deadline_ns;
	_Atomic uint64_t decided_ns; /* when the verdict was written */
	_Atomic int pid;
	_Atomic int tid;
	_Atomic uint32_t is_done;   /* the body has ended; a futex for threads */
	_Atomic uint32_t is_absent; /* killed or stopped on purpose: its call may last */
	char clause[CLAUSE_BYTES];
	char text[TEXT_BYTES];
	char counts[TEXT_BYTES]; /* of the case's own actor: what it did how often */
};

struct board {
	_Atomic uint32_t flags[FLAGS_MAX];
	struct report reports[1 + PEERS_MAX]; /* [0] is the case's own */
};

/* How a suite is run: the same for all of its cases. */
struct check_settings {
	bool is_full;
	uint64_t seed;
	uint64_t patience_ns; /* how long patience() is */
	uint64_t overdue_ns;  /* a call that lasts so much beyond its deadline hangs */
	uint64_t limit_ns;    /* a case that lasts longer hangs */
};

#define CHANNELS_MAX 20
#define ENDPOINTS_MAX 64
#define MEMORIES_MAX 32

/* One run of one case: made in the parent, copied into the case process and its peers. */
struct check {
	const struct check_case *subject;
	const struct ipc_transport *transport;
	const struct check_settings *settings;
	enum ipc_wait wait;
	enum check_model model;
	struct board *board;
	struct peer peers[PEERS_MAX];
	size_t peer_count;
	struct ipc_channel *channels[CHANNELS_MAX];
	size_t message_bytes_max; /* of all of its channels: a receive buffer needs as much */
	struct ipc_endpoint *endpoints[ENDPOINTS_MAX]; /* the case's own actor's */
	struct memory {
		void *start;
		size_t bytes;
	} memories[MEMORIES_MAX];
};

/* This thread's way out: where its report goes, and where it leaves to. */
struct actor {
	struct report *report;
	jmp_buf out;
	uint64_t random;
};

/* Makes this thread the actor; null between cases. */
void actor_become(struct actor *actor);
struct actor *actor_self(void);
/* Prepares an actor's memory, its random sequence seeded by the settings and index. */
void actor_init(struct actor *actor, struct check *check, unsigned index);

/* Writes a report without leaving; the first one stays. */
void report_write(struct report *report, enum verdict verdict, const char *clause,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Ends this actor with what another one reported. */
_Noreturn void report_repeat(const struct report *other);

/* Closes and destroys what the case left; returns false if a thread still runs and nothing may be.
 */
bool check_clean_up(struct check *check);
/* Kills the peers that run, and reaps all. */
void peers_end(struct check *check);

#endif
