/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/runtime.h - the parts of the runtime, for each other.
 *
 * The runtime is one object file that is linked into the checked program in
 * place of the compiler's own. Every name in it is hidden but the callbacks,
 * the calls it stands in for, and the annotations.
 */
#ifndef RACECHECK_RUNTIME_H
#define RACECHECK_RUNTIME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "suites/racecheck/runtime/sys.h"
#include "suites/racecheck/session.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CALLER ((uintptr_t)__builtin_return_address(0))
#define EXPORT __attribute__((visibility("default")))
/* A program's own definition of the name wins over the runtime's. */
#define INTERPOSE __attribute__((weak, visibility("default")))

/* ---- arena.c: memory for shadow and objects ---- */

/* The private arena is emptied in a child by the kernel, the shared one is one for all. */
struct arena {
	struct arena_head *head;
	_Atomic uint32_t *plane_next; /* the next plane of the same list */
	_Atomic uint32_t *plane_era;
	char *units;
	char *planes;
};

extern struct session *session;
extern struct arena arenas[2];
enum { ARENA_PRIVATE, ARENA_SHARED };

/* Lays an arena over ARENA_BYTES of zeroed or living memory at base. */
void arena_lay(struct arena *arena, char *base);
/* Takes a zeroed block of 1 << class units (class 0 to 5). Returns its index, never 0. */
uint32_t arena_take(struct arena *arena, unsigned class);
/* Gives a block back. */
void arena_give(struct arena *arena, uint32_t unit, unsigned class);
/* Takes a zeroed plane of 512 cells. Returns its index, never 0. */
uint32_t arena_take_plane(struct arena *arena);
/* Gives a plane back that no context uses any more. */
void arena_give_plane(struct arena *arena, uint32_t plane);

static inline void *arena_at(const struct arena *arena, uint32_t unit)
{
	return arena->units + (uint64_t)unit * ARENA_UNIT_BYTES;
}

/* ---- lock.c: spin locks that outlive their owners ---- */

void lock_take_slow(_Atomic uint32_t *lock);
/* Takes a lock, as a full fence; one left by a dead thread is stolen after a while. */
static inline void lock_take(_Atomic uint32_t *lock);
static inline void lock_give(_Atomic uint32_t *lock)
{
	atomic_store_explicit(lock, 0, memory_order_release);
}
/* Waits at most timeout_ns while *word is expected, or until woken. */
void lock_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void lock_wake(_Atomic uint32_t *word);
/* Says whether a thread has ended: it is a zombie, or nothing any more. */
bool is_gone(uint32_t tid);
/* Says whether a thread runs no more code: it is gone, or on its way out. */
bool is_dead(uint32_t tid);
/* Nanoseconds of a clock. */
uint64_t now_ns(int clock);

/* ---- context.c: threads, processes, clocks ---- */

enum { TLB_SLOTS = 64, SHADOW_STACK = 512, SITE_SLOTS = 256, RECENT_SLOTS = 16 };

struct page;

struct tlb_entry {
	uint64_t tag;               /* page number and generation; 0: empty */
	_Atomic uint64_t *cells[2]; /* own planes for reads and writes; null: none */
	struct page *page;
	struct arena *arena;
	bool is_quiet; /* nothing to record: one thread, private page */
};

struct frame {
	uintptr_t place, stack;
	uint32_t node; /* 0: not yet looked up */
};

struct site {
	uintptr_t place;
	uint32_t parent, node;
};

struct pending_signal;

/* What a thread keeps for itself; all zero in a thread not yet known. */
struct thread {
	struct context *context; /* null: not known, or the runtime's own */
	uint32_t slot;
	uint32_t tid;
	uint64_t epoch;      /* context->clock[slot] */
	uint64_t epoch_bits; /* of it, as in a cell */
	uint32_t busy;       /* inside the runtime: signals wait */
	uint32_t ignoring;   /* annotation depth */
	uint32_t depth;
	bool is_ending;
	bool is_interrupted; /* a handler without SA_RESTART ran */
	bool is_exhausted;
	bool is_notified; /* made by libc for a timer or a queue */
	bool has_called_back;
	uint64_t edge_place; /* caller of the wrapped call in progress */
	uintptr_t forwarder; /* caller of syscall() while it calls a wrapper; 0: none */
	struct pending_signal *pending;
	uint32_t pending_count;
	uint32_t watch_skip;
	uint32_t random;
	uint32_t delay_left;  /* synchronisations until the next delay; 0: none */
	uint32_t delay_count; /* so far */
	void *(*start)(void *);
	uint64_t recent_epoch, recent_generation; /* of recent[]; epoch 0: none of it holds */
	uint64_t recent[RECENT_SLOTS];            /* what it has put into overflow.c in it */
	struct tlb_entry tlb[TLB_SLOTS];
	struct site sites[SITE_SLOTS];
	struct frame stack[SHADOW_STACK];
};

extern __thread struct thread self;
/* Changes when a mapping or the number of threads does: empties all TLBs. */
extern _Atomic uint64_t tlb_generation;
/* The process has one thread and none unjoined: private memory can't race. */
extern _Atomic uint32_t other_threads;
extern bool is_scheduled, is_watching;
/* Newcomers to a page can fence those who are there: a lone one need not do so. */
extern bool has_barrier;

enum { EPOCH_BITS = 31 };
#define CELL_MASK 0xffull
#define CELL_ATOMIC 0x100ull
#define CELL_EPOCH_SHIFT 9
#define CELL_EPOCH_MASK (((1ull << EPOCH_BITS) - 1) << CELL_EPOCH_SHIFT)
#define CELL_SITE_SHIFT 40

static inline void lock_take(_Atomic uint32_t *lock)
{
	uint32_t mine = self.tid;
	uint32_t nobody = 0;

	if (UNLIKELY(mine == 0 || !atomic_compare_exchange_strong(lock, &nobody, mine)))
		lock_take_slow(lock);
}

/* Attaches the process to the session, or makes one. Safe to call again. */
void runtime_start(void);
/* Gives the calling thread a context if it has none. Returns false in the runtime's own code. */
static inline bool runtime_enter(void);
bool runtime_enter_slow(void);

/*
 * Takes a context for a new thread or process that knows known[]. A context of
 * a thread that known[] covers is used again. Returns its slot, or CONTEXT_MAX
 * (and no verdict) if none is left.
 */
uint32_t context_create(const uint64_t *known, uint32_t pid, uint32_t tid);
/* What a thread or process that the caller begins by a call knows: all that the caller does. */
const uint64_t *context_heritage(enum edge edge);
/* Makes slot the calling thread's context. */
void context_adopt(uint32_t slot);
/* Finds or makes the context of a process that was just executed. */
void context_attach(void);
/* Makes slot the context of a child that was just forked. */
void context_forked(uint32_t slot);
/* Marks the calling thread's context as ended; its row stays for a join. */
void context_end(void);
/* Marks all contexts of the calling process as ended. */
void context_end_process(void);
/* Orders everything slot has done, as occupant, before the caller; it may be used again. */
void context_join(uint32_t slot, uint32_t occupant);
/* The same for every context of a process that ended. */
void context_join_process(uint32_t pid);
/*
 * Orders every process that died without a word before the caller; is_all: also
 * those that ended in good order, but that nobody checked waited for.
 */
void context_join_gone(bool is_all);
/* The same for every process that began at that time of CLOCK_BOOTTIME or later, and is dead. */
void context_join_gone_since(uint64_t since_ns);
/* Is there a context of that process that still runs? */
bool context_is_known(uint32_t pid);
/* Orders the context of an occupant, which has died, before the caller. */
void context_join_dead(uint32_t occupant);
/* The caller's epochs, as its cells hold them, have begun anew. */
void context_new_era(void);
/* Says that the caller's next accesses are a new epoch. */
static inline void context_advance(void)
{
	struct thread *t = &self;
	uint64_t epoch = t->epoch + 1;

	t->context->clock[t->slot] = epoch;
	t->epoch = epoch;
	t->epoch_bits = (epoch << CELL_EPOCH_SHIFT) & CELL_EPOCH_MASK;
	if (UNLIKELY(t->epoch_bits == 0))
		context_new_era();
}

/* Joins a clock into another. Returns true if that changed it. */
static inline bool clock_join(uint64_t *into, const uint64_t *from, uint32_t count)
{
	uint64_t news = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t later = into[i] > from[i] ? into[i] : from[i];

		news |= later ^ into[i];
		into[i] = later;
	}
	return news != 0;
}

static inline uint32_t context_count(void)
{
	return atomic_load_explicit(&session->context_count, memory_order_relaxed);
}

/* Notes a synchronisation of the caller for reports, at a place that is known as node. */
static inline void context_log_node(enum edge edge, bool is_acquire_edge, uint32_t node)
{
	struct context *context = self.context;
	uint64_t count = atomic_load_explicit(&context->log_count, memory_order_relaxed);

	context->log[count % SYNC_LOG] = (struct sync_event){
		.epoch = self.epoch,
		.node = node,
		.edge = (uint16_t)edge,
		.is_acquire = is_acquire_edge,
	};
	atomic_store_explicit(&context->log_count, count + 1, memory_order_release);
}
/* The same at the place of the wrapped call in progress. */
void context_log(enum edge edge, bool is_acquire);
/* Ends the run's verdict with a cause; the program goes on. */
void no_verdict(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline bool edge_is_off(enum edge edge);

/* ---- map.c: which shadow page belongs to an address ---- */

enum { GROUP_COUNT = CONTEXT_MAX / 8 };

/* The shadow of one page: exactly one unit. */
struct page {
	_Atomic uint64_t users[2]; /* contexts that read, wrote */
	_Atomic uint32_t sync;     /* block of 512 heads of lists of struct sync; 0: none */
	_Atomic uint32_t overflow; /* unit of struct overflow; 0: none */
	uint32_t index;            /* in the region */
	uint16_t region;           /* 1 + index; 0: private */
	uint16_t is_ring;          /* 1: the program's own, 2: a library's */
	_Atomic uint32_t group[GROUP_COUNT]; /* unit of 8 contexts' planes: reads, writes */
};

extern _Atomic uint32_t *mmu_table;
#define MMU_SHARED 0x80000000u

/* Finds or makes the page of an address; sets *arena. */
struct page *map_page(uintptr_t address, struct arena **arena);
/* As map_page, but null where nothing was ever recorded. */
struct page *map_find(uintptr_t address, struct arena **arena);
/* Notes a shared mapping of a file, a System V segment, or of nothing. */
void map_add_file(uintptr_t address, size_t bytes, int fd, uint64_t offset);
void map_add_anonymous(uintptr_t address, size_t bytes);
void map_add_sysv(uintptr_t address, size_t bytes, int id);
/* Forgets what is mapped in a range, and the shadow of its private pages. */
void map_remove(uintptr_t address, size_t bytes);
/* The same for the shared mapping that holds address, if there is one. */
void map_remove_at(uintptr_t address);
/* Moves a mapping, or doubles it if from_bytes is 0. */
void map_move(uintptr_t from, size_t from_bytes, uintptr_t to, size_t to_bytes);
/*
 * Reads /proc/self/maps for shared mappings that libraries made unseen. hint: the
 * path of a file that may be shown by another name; may be null.
 */
void map_import(const char *hint);
/*
 * Finds or makes a place for the shadow of bytes of a file, if somebody has mapped it: a
 * mapping of the caller's own, or reserved addresses with no memory. Returns its address; 0:
 * nobody has, or the bytes lie in two such places.
 */
uintptr_t map_window(int fd, uint64_t inode, uint64_t offset, size_t bytes);
/* Length of the shared mapping that starts at address; 0: none. */
size_t map_length(uintptr_t address);
/* The region's number and the offset in it; region 0: private. */
void map_where(uintptr_t address, uint32_t *region, uint64_t *offset);
/* Makes the list usable in a child, whatever another thread held. */
void map_forked(void);

/* ---- page.c: the shadow of a page as a whole ---- */

/* Empties what is recorded for a range of private memory. */
void page_wipe(uintptr_t address, size_t bytes);
/* Gives back all that a private page holds, and the page. */
void page_free(struct arena *arena, uint32_t unit);

/* ---- shadow.c: cells ---- */

/* Records an access and reports the races it is part of. */
void shadow_access(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place);
/* The two halves of it; a full fence belongs between them: the caller's own if is_fenced. */
void shadow_put(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, bool is_fenced,
                uintptr_t place);
void shadow_check(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place);
/* Lets other processes' newcomers to a page fence this one. At the start, and in a child. */
void shadow_register(void);
/* Finds the caller's cached translation of an address, or makes it. */
struct tlb_entry *shadow_translate_slow(struct thread *t, uintptr_t address);
/* wrap_thread.c: takes the clock of whoever cancelled the caller. */
void thread_cancelled(void);
/* Empties the caller's cache of translations. */
void shadow_forget_tlb(void);

static inline uint64_t tlb_tag(uintptr_t address)
{
	return (address >> 12) | atomic_load_explicit(&tlb_generation, memory_order_relaxed) << 36;
}

static inline struct tlb_entry *tlb_slot(struct thread *t, uintptr_t address)
{
	return &t->tlb[(address >> 12) & (TLB_SLOTS - 1)];
}

static inline struct tlb_entry *shadow_translate(struct thread *t, uintptr_t address)
{
	struct tlb_entry *entry = tlb_slot(t, address);

	return LIKELY(entry->tag == tlb_tag(address)) ? entry : shadow_translate_slow(t, address);
}

/* ---- site.c: places and stacks ---- */

uint32_t site_node_slow(struct thread *t, uintptr_t place);

static inline struct site *site_slot(struct thread *t, uintptr_t place, uint32_t parent)
{
	return &t->sites[(place ^ parent) % SITE_SLOTS];
}

/* Finds or makes the node of a place under the calls the thread is in. */
static inline uint32_t site_node(struct thread *t, uintptr_t place)
{
	uint32_t depth = t->depth;
	uint32_t parent = 0;
	const struct site *site;

	if (LIKELY(depth > 0 && depth <= SHADOW_STACK))
		parent = t->stack[depth - 1].node;
	site = site_slot(t, place, parent);
	if (LIKELY(site->place == place && site->parent == parent && site->node != 0 &&
	           (depth == 0 || parent != 0)))
		return site->node;
	return site_node_slow(t, place);
}

/* Drops the process's list of modules, after dlopen or exec. */
void site_forget_modules(void);

/* ---- record.c ---- */
void record_race(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uint32_t node,
                 uint32_t slot, uint64_t epoch, uint64_t cell, bool other_is_write);
/* For the watchpoint engine. */
void record_watch(uintptr_t address, const struct side *later, const struct side *earlier,
                  uint32_t flags);
/* Fills a side of a report for a context at an epoch. */
void record_side(struct side *side, uint32_t slot, uint64_t epoch, uint32_t node, uint32_t flags,
                 uint32_t bytes);

/* ---- sync.c: objects in memory ---- */

/* A clock kept in an arena; grows with the number of contexts. */
struct stored_clock {
	uint32_t unit;
	uint32_t class; /* 8 << class entries; unit 0: empty */
};

/* Synchronisation at an address (a mutex, an atomic): exactly one unit. */
struct sync {
	_Atomic uint32_t lock;
	uint32_t next;
	uint32_t offset; /* in its page */
	uint32_t holder; /* 1 + occupant that holds or held it for writing */
	struct stored_clock writers;
	struct stored_clock readers;
	uint32_t releaser;            /* 1 + occupant that made the last release */
	uint32_t channel;             /* unit of a channel, for semaphores */
	uint32_t threshold, arrivals; /* of a barrier */
	uint32_t is_written;          /* held for writing now */
	uint32_t knower;              /* 1 + occupant that knows writers, and wrote last */
};

struct sync_ref {
	struct arena *arena;
	struct sync *sync;
};

/* Makes the object at an offset of a page, or finds it. */
struct sync_ref sync_in_slow(struct arena *arena, struct page *page, uint32_t offset);
/* Finds or makes the object at an address, of which entry is the translation. */
static inline struct sync_ref sync_in(const struct tlb_entry *entry, uintptr_t address)
{
	struct arena *arena = entry->arena;
	uint32_t offset = (uint32_t)(address & 4095);
	uint32_t table = atomic_load_explicit(&entry->page->sync, memory_order_acquire);

	if (LIKELY(table != 0)) {
		uint32_t *head = (uint32_t *)arena_at(arena, table) + (offset >> 3);
		uint32_t unit = __atomic_load_n(head, __ATOMIC_ACQUIRE);
		struct sync *sync = arena_at(arena, unit);

		if (LIKELY(unit != 0 && sync->offset == offset))
			return (struct sync_ref){arena, sync};
	}
	return sync_in_slow(arena, entry->page, offset);
}
static inline struct sync_ref sync_at(const volatile void *address)
{
	return sync_in(shadow_translate(&self, (uintptr_t)address), (uintptr_t)address);
}
/* Drops the objects in a range of private memory, or one that is initialised anew. */
void sync_reset(const volatile void *address);
void clock_store_slow(struct arena *arena, struct stored_clock *clock, const uint64_t *from);
static inline void clock_store(struct arena *arena, struct stored_clock *clock,
                               const uint64_t *from)
{
	uint64_t *into = arena_at(arena, clock->unit);

	if (UNLIKELY(clock->unit == 0 || clock->class != 0 || context_count() > 8)) {
		clock_store_slow(arena, clock, from);
		return;
	}
	for (uint32_t i = 0; i < 8; i++)
		into[i] = from[i];
}
void clock_add(struct arena *arena, struct stored_clock *clock, const uint64_t *from);
bool clock_take(struct arena *arena, const struct stored_clock *clock, uint64_t *into);
void clock_drop(struct arena *arena, struct stored_clock *clock);

/* Orders the caller's past before whoever acquires address later, and the reverse. */
void sync_release(const volatile void *address, enum edge edge);
void sync_acquire(const volatile void *address, enum edge edge);
/* Locks: exclusive or shared. */
void sync_lock(const volatile void *address, enum edge edge, bool is_shared);
void sync_unlock(const volatile void *address, enum edge edge);
/* The owner died: all it did comes first. */
void sync_inherit(const volatile void *address);

/* ---- delay.c: other orders than the usual one ---- */

enum { DELAY_FIRST = 64, DELAY_MAX = 160 };
/* Sleeps for a moment now and then, at a synchronisation of the caller. */
void delay_slow(void);
static inline void delay_point(void)
{
	if (UNLIKELY(self.delay_left > 0) && --self.delay_left == 0)
		delay_slow();
}
/* The same where a thread or process begins, or has begun another. */
void delay_begin(bool is_new);

/* ---- schedule.c: one context at a time ---- */

void schedule_start(void);
/* A place where another context may be let run. */
void schedule_point(void);
/* Says that the caller would block in edge; returns when it should look again.
 * False: deadline_ns (CLOCK_MONOTONIC, 0: none) has passed. */
bool schedule_block(enum edge edge, uint64_t deadline_ns);
/* Something happened that may let others go on. */
void schedule_wake(void);
void schedule_spin(void);
void schedule_end(void);
void schedule_await(void);
void schedule_created(uint32_t slot);
/* Lets the turn go round a call the scheduler can't emulate. */
void schedule_outside(enum edge edge);
void schedule_inside(void);
void schedule_yield(void);

/* ---- weak.c: store buffers ---- */
void weak_drain(void);

/* ---- watch.c ---- */
void watch_access(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place);

/* ---- signals ---- */
void signal_run_pending(void);

/* ---- real.c: libc's own definitions ---- */

typedef void (*any_function)(void);
any_function real_find(enum edge edge);
#define REAL(name) ((__typeof__(&name))real_find(EDGE_##name))

static inline bool runtime_enter(void)
{
	return LIKELY(self.context && self.busy == 0) || runtime_enter_slow();
}

/* Runs what was held back while the runtime was busy. */
static inline void runtime_leave(void)
{
	if (UNLIKELY(self.pending_count != 0) && self.busy == 0)
		signal_run_pending();
}

static inline bool edge_is_off(enum edge edge)
{
	extern uint8_t edges_off[EDGE_COUNT];

	return UNLIKELY(edges_off[edge]);
}

static inline bool is_acquire(int order)
{
	order &= 0xff; /* gcc may add bits for lock elision */
	return order == __ATOMIC_CONSUME || order == __ATOMIC_ACQUIRE ||
	       order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static inline bool is_release(int order)
{
	order &= 0xff;
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

#endif
