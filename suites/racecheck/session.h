/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/session.h - what the processes of a checked run share.
 *
 * One memory file holds the session: contexts with their clocks, regions,
 * reports, and the shared arena with shadow and synchronisation objects. It is
 * made by the launcher, or by the first process of a program that was started
 * without it. It holds indices and counts, never pointers.
 */
#ifndef RACECHECK_SESSION_H
#define RACECHECK_SESSION_H

#include <stdatomic.h>
#include <stdint.h>

enum {
	SESSION_VERSION = 1,
	CONTEXT_MAX = 64,    /* threads and processes alive at once */
	OCCUPANT_MAX = 8192, /* threads and processes over the run, for names */
	REGION_MAX = 1024,
	REPORT_MAX = 1024,
	MODULE_MAX = 256,
	NODE_MAX = 1 << 22, /* distinct (stack, place) pairs; a node's number is less */
	CHANNEL_BUCKETS = 1 << 14,
	SYNC_LOG = 512, /* last synchronisations kept per context */
	SCHEDULE_LOG = 1 << 16,
	PREEMPTION_MAX = 8,
	WATCH_MAX = 64,
	NAME_BYTES = 64,
	STACK_SHOWN = 24,
};

/* Exit codes of `racecheck run` besides the program's own. */
enum { EXIT_RACE = 66, EXIT_NO_VERDICT = 3, EXIT_USAGE = 2 };

#define SESSION_ENV "RACECHECK_SESSION"

enum context_state { CONTEXT_FREE, CONTEXT_LIVE, CONTEXT_ENDED, CONTEXT_JOINED };

enum schedule_state { SCHEDULE_NONE, SCHEDULE_RUNNABLE, SCHEDULE_BLOCKED, SCHEDULE_DONE };

/* One synchronisation, kept so that a report can name the last one. */
struct sync_event {
	uint64_t epoch; /* the context's own epoch right after the event */
	uint32_t node;  /* where */
	uint16_t edge;  /* enum edge */
	uint16_t is_acquire;
};

/*
 * A thread or process. Only its own thread writes clock[] while it lives; the
 * row outlives it, so that a crash loses nothing.
 */
struct context {
	_Atomic uint32_t state;    /* enum context_state */
	_Atomic uint32_t pid, tid; /* 0 until the child of a fork says */
	_Atomic uint32_t parent;   /* pid of the process that made it */
	_Atomic uint32_t occupant;
	_Atomic uint32_t is_detached;  /* nobody can join it */
	uint32_t is_crashed;           /* ended without a word, and somebody has waited for it */
	_Atomic uint32_t is_cancelled; /* its next translation acquires the canceller's clock */
	_Atomic uint64_t last_access;
	_Atomic uint64_t ended_ns;       /* CLOCK_BOOTTIME */
	uint64_t clock[CONTEXT_MAX];     /* what this context knows of each */
	uint64_t releasing[CONTEXT_MAX]; /* as of its last release fence */
	uint64_t acquiring[CONTEXT_MAX]; /* seen by relaxed loads, for an acquire fence */
	struct sync_event log[SYNC_LOG];
	_Atomic uint64_t log_count;
	/* The controlled scheduler's view. */
	_Atomic uint32_t schedule; /* enum schedule_state */
	_Atomic uint32_t wake;     /* set when something may have unblocked it */
	int64_t priority;
	uint64_t deadline_ns; /* of the blocked call, 0: none */
	uint32_t spins;
	_Atomic uint16_t calling;     /* enum edge of the call it is inside */
	_Atomic uint32_t is_external; /* 1: in a call the scheduler can't see, 2: executing */
	_Atomic uint32_t is_spawning; /* in posix_spawn(): who it starts will be told */
};

/* Who used a context from an epoch on: contexts are used again after a join. */
struct occupant {
	uint64_t first_epoch;
	uint64_t begun_ns; /* CLOCK_BOOTTIME */
	uint32_t slot, pid, tid;
	char name[16];
	uint64_t clock[CONTEXT_MAX]; /* at its end; set when another takes its slot */
};

/* Those whose slots others have taken. */
enum gone { GONE_CRASHED, GONE_ALL, GONE_KINDS };

enum region_kind { REGION_NONE, REGION_FILE, REGION_ANONYMOUS, REGION_SYSV, REGION_RING };

/* A shared memory object, whatever its addresses are. */
struct region {
	_Atomic uint32_t kind;
	uint64_t key[3]; /* device, inode, time of birth; or an id */
	_Atomic uint32_t mappings;
	char name[NAME_BYTES];
	_Atomic uint32_t top[512]; /* unit index of a block of 512 blocks of 512 pages */
};

enum { SIDE_IS_WRITE = 1, SIDE_IS_ATOMIC = 2, SIDE_IS_KERNEL = 4 };

struct side {
	uint32_t occupant;
	uint32_t node;
	uint32_t flags;
	uint32_t bytes;
	uint64_t epoch;
	struct sync_event last; /* epoch 0: none */
};

enum { REPORT_WATCH = 1, REPORT_VALUE_CHANGED = 2 };

struct report {
	_Atomic uint32_t is_ready;
	uint32_t flags;
	uint32_t region; /* 1 + index, 0: private memory */
	uint64_t offset; /* in the region, or the address */
	uint32_t pid;
	struct side later, earlier;
	char symbol[NAME_BYTES]; /* of private memory: heap, stack of thread, ... */
};

/* A place in a program with its callers: a node's parent is the call above it. */
struct node {
	_Atomic uint64_t place; /* module << 48 | offset + 1 */
	_Atomic uint32_t parent;
	_Atomic uint32_t is_ready;
};

struct module {
	_Atomic uint32_t is_ready;
	char path[1024];
};

struct watch {
	_Atomic uint64_t where; /* region << 40 | offset, plus one; 0: free */
	_Atomic uint32_t bytes, is_write, context, node, hit;
};

enum schedule_mode { SCHEDULE_OFF, SCHEDULE_PCT, SCHEDULE_LISTED };
enum weak_mode { WEAK_NONE, WEAK_TSO, WEAK_PSO };

struct schedule {
	uint32_t mode; /* enum schedule_mode */
	uint32_t weak; /* enum weak_mode */
	uint64_t seed;
	uint32_t depth;
	uint32_t steps_expected; /* change points are drawn from [1, this] */
	uint64_t change[PREEMPTION_MAX];
	uint32_t change_count;
	/* Listed mode: at step s, give the turn to context c. */
	uint64_t listed_step[PREEMPTION_MAX];
	uint32_t listed_context[PREEMPTION_MAX];
	uint32_t listed_count;
	_Atomic uint32_t turn; /* 1 + context that may run; 0: nobody yet */
	_Atomic uint64_t step;
	_Atomic uint64_t beat; /* grows with each grant, for the watchdog */
	int64_t lowest;
	uint64_t random;
	uint32_t idle_rounds; /* looks in vain since the last step */
	_Atomic uint32_t is_deadlock;
	uint32_t deadlock_edge[CONTEXT_MAX]; /* call each context was blocked in */
	uint64_t runnable[SCHEDULE_LOG];     /* contexts that could have run at each step */
	uint8_t chosen[SCHEDULE_LOG];
	uint64_t digest; /* of the choices, to compare two runs */
};

/* Sizes of an arena's parts. All are sparse: only what is touched is paid. */
#define ARENA_UNIT_BYTES 64ull
#define ARENA_UNITS (1ull << 26)
#define ARENA_PLANES (1ull << 23)
#define ARENA_HEAD_BYTES 4096ull
#define ARENA_NEXT_BYTES (ARENA_PLANES * 4)
#define ARENA_ERA_BYTES (ARENA_PLANES * 4)
#define ARENA_UNITS_BYTES (ARENA_UNITS * ARENA_UNIT_BYTES)
#define ARENA_PLANES_BYTES (ARENA_PLANES * 4096ull)
#define ARENA_BYTES                                                                                \
	(ARENA_HEAD_BYTES + ARENA_NEXT_BYTES + ARENA_ERA_BYTES + ARENA_UNITS_BYTES +               \
	 ARENA_PLANES_BYTES)

/* Starts an arena's memory; all zero at first. */
struct arena_head {
	_Atomic uint32_t lock;
	_Atomic uint32_t unit_count, plane_count;
	uint32_t free_units[6]; /* lists of blocks of 1 << class units */
	uint32_t free_plane;
};

enum { CAUSE_BYTES = 256, COMMAND_BYTES = 32 };

struct session {
	_Atomic uint32_t abi;         /* SESSION_ABI, written last; these two never move */
	_Atomic uint32_t is_mismatch; /* a program was built with another version */
	uint32_t launcher_pid;
	uint32_t is_watching; /* the watchpoint engine instead of happens-before */
	uint32_t watch_every; /* one access in this many is watched */
	uint32_t watch_us;    /* for this long */
	uint32_t delay_order; /* drawn anew for each run */
	uint32_t has_no_delays;
	uint64_t first_epoch;           /* 1; a test starts just below the end of an era */
	_Atomic uint32_t lock;          /* contexts, regions, modules */
	_Atomic uint32_t context_count; /* high-water mark */
	_Atomic uint32_t occupant_count;
	_Atomic uint32_t region_count;
	_Atomic uint32_t report_count;
	_Atomic uint32_t reports_lost;
	_Atomic uint32_t node_count;
	_Atomic uint32_t module_count;
	_Atomic uint32_t process_count;
	_Atomic uint32_t has_eras; /* some context passed 2^31 epochs */
	_Atomic uint32_t has_membarrier;
	_Atomic uint32_t has_notified_queue; /* mq_notify() was called */
	_Atomic uint32_t has_inotify;        /* inotify_init() was called */
	_Atomic uint32_t has_requeue;        /* a futex's waiters were given to another */
	_Atomic uint64_t callbacks; /* first accesses to a page: 0 means not instrumented */
	_Atomic uint64_t unique;
	_Atomic uint32_t has_cause;
	char cause[CAUSE_BYTES];        /* why there is no verdict */
	char switched_off[CAUSE_BYTES]; /* edges and checks taken out, for mutation tests */
	struct context context[CONTEXT_MAX];
	struct occupant occupant[OCCUPANT_MAX];
	uint64_t gone[GONE_KINDS][CONTEXT_MAX]; /* their clocks, joined */
	struct region region[REGION_MAX];
	struct report report[REPORT_MAX];
	_Atomic uint64_t pairs[REPORT_MAX * 4]; /* racing pairs already reported */
	struct module module[MODULE_MAX];
	struct watch watch[WATCH_MAX];
	struct schedule schedule;
	_Atomic uint32_t channel[CHANNEL_BUCKETS];
	struct node node[NODE_MAX];
};

/* Differs for another layout, so that an old program is noticed. */
#define SESSION_ABI ((uint32_t)(SESSION_VERSION * 1000003u + sizeof(struct session)))

#define SESSION_HEAD_BYTES ((sizeof(struct session) + 4095) & ~4095ull)
#define SESSION_BYTES (SESSION_HEAD_BYTES + ARENA_BYTES)

/* What the shadow of shared memory has taken so far. */
static inline uint64_t session_shadow_bytes(const struct session *session)
{
	const struct arena_head *head =
		(const struct arena_head *)((const char *)session + SESSION_HEAD_BYTES);

	return head->unit_count * ARENA_UNIT_BYTES + head->plane_count * 4096ull;
}

/* Names of the edges, for reports and the launcher. */
enum edge {
	EDGE_none,
#define EDGE(name) EDGE_##name,
#include "suites/racecheck/edges.def"
	EDGE_COUNT
};

#endif
