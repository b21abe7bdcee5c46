/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/shadow.c - tests of racecheck's shadow: runtime/access.c, shadow.c, overflow.c.
 *
 * Random programs are run through the callbacks of a checked program, on made-up contexts,
 * and through a model that forgets nothing. For each byte of each access the shadow must
 * report a race if and only if the model knows one. The callbacks are those that a
 * compiler emits, so this is a program of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suites/racecheck/runtime/shadow.h"

enum {
	CONTEXTS = 8,
	LOCKS = 3,
	PAGES = 2,
	FIRST_PAGE = 16, /* the addresses are made up, and never touched */
	BYTES = 24,      /* of each page that the programs touch */
	WIPED = 16,      /* of the first page, now and then */
	STEPS = 1500,
	PROGRAMS = 500,
	MEETINGS = 20000,
	MEETING_PAGES = MEETINGS / PLANE_CELLS + 1,
};

/* One access, as the model remembers it. */
struct past {
	uint64_t epoch;
	uint32_t slot, place;
	bool is_write, is_atomic;
};

/* All accesses to one byte. */
struct byte {
	struct past past[STEPS];
	int count;
};

struct world {
	struct byte bytes[PAGES][BYTES];
	uint64_t lock_clock[LOCKS + 1][CONTEXT_MAX]; /* the last: all contexts meet there */
	struct thread threads[CONTEXTS];
	uint32_t contexts, now; /* how many, and whose turn it is */
	bool is_meeting;        /* they run by themselves, and are not remembered */
	uint32_t place;
	uint64_t random;
};

/* What the shadow has reported of the present access: a bit for each of its bytes. */
static _Atomic uint64_t reported;
static struct world *world;
static void *memory;

#define CALLBACKS(bytes)                                                                           \
	void __tsan_unaligned_read##bytes##_pc(const void *p, const void *place);                  \
	void __tsan_unaligned_write##bytes##_pc(const void *p, const void *place)

CALLBACKS(1);
CALLBACKS(2);
CALLBACKS(4);
CALLBACKS(8);
void __tsan_read_range_pc(const void *p, size_t bytes, const void *place);
void __tsan_write_range_pc(const void *p, size_t bytes, const void *place);

/* ---- the parts of the runtime that are not tested here ---- */

__thread struct thread self;
struct session *session;
_Atomic uint32_t *mmu_table;
_Atomic uint64_t tlb_generation = 1;
_Atomic uint32_t other_threads = 1;
bool is_scheduled, is_watching;

bool runtime_enter_slow(void)
{
	return self.busy == 0;
}

void context_new_era(void)
{
	session->has_eras = 1;
	shadow_forget_tlb();
}

uint32_t site_node_slow(struct thread *t, uintptr_t place)
{
	(void)t;
	return (uint32_t)place;
}

struct page *map_page(uintptr_t address, struct arena **arena)
{
	uint32_t unit = mmu_table[address >> 12];

	*arena = &arenas[unit & MMU_SHARED ? ARENA_SHARED : ARENA_PRIVATE];
	return arena_at(*arena, unit & ~MMU_SHARED);
}

void lock_take_slow(_Atomic uint32_t *lock)
{
	uint32_t nobody = 0;

	while (!atomic_compare_exchange_weak(lock, &nobody, self.tid))
		nobody = 0;
}

_Noreturn static void unexpected(const char *what)
{
	fail_msg("%s", what);
	abort();
}

void no_verdict(const char *format, ...)
{
	unexpected(format);
}

void schedule_point(void)
{
	unexpected("schedule_point");
}

void watch_access(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place)
{
	(void)address, (void)bytes, (void)is_write, (void)is_atomic, (void)place;
	unexpected("watch_access");
}

void thread_cancelled(void)
{
	unexpected("thread_cancelled");
}

void signal_run_pending(void)
{
	unexpected("signal_run_pending");
}

void clock_drop(struct arena *arena, struct stored_clock *clock)
{
	(void)arena, (void)clock;
	unexpected("clock_drop");
}

/* ---- the model ---- */

static struct byte *byte_at(uintptr_t address)
{
	return &world->bytes[(address >> 12) - FIRST_PAGE][address & 4095];
}

/* Does an access of the present context, now, race with that one? */
static bool races(const struct past *past, bool is_write, bool is_atomic)
{
	return past->slot != self.slot && (past->is_write || is_write) &&
	       !(past->is_atomic && is_atomic) && past->epoch > self.context->clock[past->slot];
}

/* Has the present context said as much of the byte in this epoch? Then it is not told again. */
static bool is_said(const struct byte *byte, bool is_write, bool is_atomic)
{
	for (int i = 0; i < byte->count; i++) {
		const struct past *past = &byte->past[i];

		if (past->slot == self.slot && past->epoch == self.epoch &&
		    past->is_write == is_write && (is_atomic || !past->is_atomic))
			return true;
	}
	return false;
}

static bool must_report(const struct byte *byte, bool is_write, bool is_atomic)
{
	if (is_said(byte, is_write, is_atomic))
		return false;
	for (int i = 0; i < byte->count; i++) {
		if (races(&byte->past[i], is_write, is_atomic))
			return true;
	}
	return false;
}

/* The shadow found a race: the other side must have happened like that. */
void record_race(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uint32_t node,
                 uint32_t slot, uint64_t epoch, uint64_t cell, bool other_is_write)
{
	(void)node;
	for (uintptr_t at = address; at < address + bytes && !world->is_meeting; at++) {
		const struct byte *byte = byte_at(at);
		bool is_true = false;

		if ((cell & 1ull << (at & 7)) == 0)
			continue;
		for (int i = 0; i < byte->count; i++) {
			const struct past *past = &byte->past[i];

			is_true = is_true || (past->slot == slot && past->epoch == epoch &&
			                      past->place == (uint32_t)(cell >> CELL_SITE_SHIFT) &&
			                      past->is_write == other_is_write &&
			                      past->is_atomic == ((cell & CELL_ATOMIC) != 0) &&
			                      races(past, is_write, is_atomic));
		}
		if (!is_true)
			unexpected("the shadow reports what did not happen, or does not race");
		atomic_fetch_or(&reported, 1ull << (at & 63));
	}
	if (world->is_meeting)
		reported = 1;
}

/* ---- random programs ---- */

static uint32_t draw(uint32_t below)
{
	world->random = world->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(world->random >> 33) % below;
}

static void take_turn(uint32_t slot)
{
	world->threads[world->now] = self;
	self = world->threads[slot];
	world->now = slot;
}

static void acquire(const uint64_t *clock)
{
	clock_join(self.context->clock, clock, CONTEXT_MAX);
}

static void release(uint64_t *clock)
{
	clock_join(clock, self.context->clock, CONTEXT_MAX);
	context_advance();
}

/* The callback of an access of that size; the place tells the accesses apart. */
static void call_back(uintptr_t address, size_t bytes, bool is_write, bool is_atomic)
{
	const void *p = (const void *)address;
	const void *place = (const void *)(uintptr_t)world->place;

	if (is_atomic)
		shadow_access(address, bytes, is_write, true, world->place);
	else if (bytes == 1)
		(is_write ? __tsan_unaligned_write1_pc : __tsan_unaligned_read1_pc)(p, place);
	else if (bytes == 2)
		(is_write ? __tsan_unaligned_write2_pc : __tsan_unaligned_read2_pc)(p, place);
	else if (bytes == 4)
		(is_write ? __tsan_unaligned_write4_pc : __tsan_unaligned_read4_pc)(p, place);
	else if (bytes == 8)
		(is_write ? __tsan_unaligned_write8_pc : __tsan_unaligned_read8_pc)(p, place);
	else
		(is_write ? __tsan_write_range_pc : __tsan_read_range_pc)(p, bytes, place);
}

static void step_access(bool with_atomics)
{
	static const size_t sizes[] = {1, 1, 2, 4, 8, 11};
	size_t bytes = sizes[draw(sizeof(sizes) / sizeof(sizes[0]))];
	uintptr_t address = (FIRST_PAGE + draw(PAGES)) * 4096u + draw(BYTES + 1 - (uint32_t)bytes);
	bool is_write = draw(2) == 0;
	bool is_atomic = with_atomics && bytes <= 8 && draw(3) == 0;
	uint64_t expected = 0;

	/* Now and then from the place of the access before. */
	if (draw(4) != 0)
		world->place++;
	for (uintptr_t at = address; at < address + bytes; at++) {
		if (must_report(byte_at(at), is_write, is_atomic))
			expected |= 1ull << (at & 63);
	}
	reported = 0;
	call_back(address, bytes, is_write, is_atomic);
	if ((expected & ~reported) != 0)
		unexpected("the shadow misses a race");
	for (uintptr_t at = address; at < address + bytes; at++) {
		struct byte *byte = byte_at(at);

		byte->past[byte->count++] =
			(struct past){self.epoch, self.slot, world->place, is_write, is_atomic};
	}
}

static void step_accesses(bool with_atomics)
{
	for (uint32_t count = draw(8) == 0 ? 8 : draw(3) + 1; count > 0; count--)
		step_access(with_atomics);
}

/* Memory is given back by a context that knows all that was done to it. */
static void step_wipe(bool with_atomics)
{
	for (uint32_t slot = 0; slot < world->contexts; slot++) {
		take_turn(slot);
		release(world->lock_clock[LOCKS]);
	}
	take_turn(draw(world->contexts));
	acquire(world->lock_clock[LOCKS]);
	step_accesses(with_atomics);
	page_wipe(FIRST_PAGE * 4096, WIPED);
	for (int i = 0; i < WIPED; i++)
		world->bytes[0][i].count = 0;
	step_accesses(with_atomics);
}

/* One step; is_ordered: all that is done is done under the first lock. */
static void step(bool is_ordered, bool with_atomics)
{
	uint64_t *lock = world->lock_clock[is_ordered ? 0 : draw(LOCKS)];
	bool is_locked = is_ordered || draw(8) != 0;

	take_turn(draw(world->contexts));
	if (!is_ordered && draw(100) == 0) {
		step_wipe(with_atomics);
		return;
	}
	if (is_locked)
		acquire(lock);
	step_accesses(with_atomics);
	if (is_locked)
		release(lock);
	else if (draw(2) == 0)
		context_advance();
}

static void begin(uint32_t contexts, uint64_t seed, uint64_t epoch)
{
	size_t table = (FIRST_PAGE + 1 + MEETING_PAGES) * sizeof(*mmu_table);

	memory = mmap(NULL, SESSION_HEAD_BYTES + 2 * ARENA_BYTES, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	session = memory;
	session->has_eras = epoch >> EPOCH_BITS != 0;
	session->context_count = contexts;
	arena_lay(&arenas[0], (char *)memory + SESSION_HEAD_BYTES);
	arena_lay(&arenas[1], (char *)memory + SESSION_HEAD_BYTES + ARENA_BYTES);
	mmu_table = calloc(1, table);
	world = calloc(1, sizeof(*world));
	assert_non_null(mmu_table);
	assert_non_null(world);
	/* Programs use one page of a kind each, meetings all that are shared. */
	mmu_table[FIRST_PAGE] = arena_take(&arenas[ARENA_PRIVATE], 0);
	for (int i = 0; i < MEETING_PAGES; i++) {
		uint32_t unit = arena_take(&arenas[ARENA_SHARED], 0);
		struct page *page = arena_at(&arenas[ARENA_SHARED], unit);

		page->region = 1;
		mmu_table[FIRST_PAGE + 1 + i] = unit | MMU_SHARED;
	}
	world->contexts = contexts;
	world->random = seed;
	for (uint32_t slot = 0; slot < contexts; slot++) {
		struct thread *t = &world->threads[slot];

		t->context = &session->context[slot];
		t->slot = slot;
		t->tid = slot + 1;
		t->has_called_back = true;
		t->epoch = t->context->clock[slot] = epoch;
		t->epoch_bits = (epoch << CELL_EPOCH_SHIFT) & CELL_EPOCH_MASK;
	}
	self = world->threads[0];
	shadow_register();
}

static void end(void)
{
	memset(&self, 0, sizeof(self));
	free(world);
	free(mmu_table);
	world = NULL;
	munmap(memory, SESSION_HEAD_BYTES + 2 * ARENA_BYTES);
}

static void run_program(uint32_t contexts, uint64_t seed, uint64_t epoch, bool is_ordered)
{
	begin(contexts, seed, epoch);
	for (int i = 0; i < STEPS / 4; i++)
		step(is_ordered, seed % 2 == 0);
}

/* Where a cell's epoch, and that of one in a shared plane, begins anew; and where none does. */
static const uint64_t beginnings[] = {1, (1ull << 27) - 40, (1ull << 31) - 40, (1ull << 32) - 40};

static void a_race_is_told_if_and_only_if_there_is_one(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
		run_program(CONTEXTS - (uint32_t)(seed % 5), seed, beginnings[seed / 2 % 4], false);
		end();
	}
}

/*
 * The bar is 32 bytes a byte for 8 contexts: 16 planes of their own and 14 that they share. The
 * model would stop a report.
 */
static void ordered_accesses_need_30_planes_for_8_contexts(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < PROGRAMS; seed += 2) {
		run_program(CONTEXTS, seed, 1, true);
		for (int i = 0; i < 2; i++) {
			assert_in_range(arenas[i].head->plane_count, CONTEXTS * 2 + 1,
			                CONTEXTS * 2 + 14);
		}
		end();
	}
}

/* What happens to the bytes where two meet. */
enum meeting {
	MEET_OWN,    /* both sides have them in their own cells */
	MEET_SHARED, /* these hold other bytes: the shared planes are used */
	MEET_MOVED,  /* one side's plain write moves there while the other comes by */
	MEETING_KINDS
};

struct visitor {
	uint32_t slot;
	enum meeting kind;
};

static pthread_barrier_t gate;
static _Atomic uint32_t arrived;

/* Both go on at the same moment, as near as may be. */
static void arrive(uint32_t round)
{
	atomic_fetch_add(&arrived, 1);
	for (int spins = 0; atomic_load(&arrived) < round * 2; spins++) {
		if (spins % 1000 == 999)
			sched_yield();
	}
}

/* All but the plain write of MEET_MOVED are accesses of this moment. */
static void touch(const struct visitor *visitor, uint32_t round, uintptr_t at)
{
	bool is_first = visitor->slot == 0;

	if (visitor->kind == MEET_MOVED)
		shadow_access(at, 4, is_first, true, 2);
	else if (round % 2 == 0 && is_first)
		__tsan_unaligned_read1_pc((const void *)(at + 7), (const void *)2);
	else
		__tsan_unaligned_write1_pc((const void *)(at + 7), (const void *)3);
}

static void meet(const struct visitor *visitor, uint32_t round)
{
	uintptr_t at = (FIRST_PAGE + 1 + round / PLANE_CELLS) * 4096u + round % PLANE_CELLS * 8;
	uint64_t other;

	if (visitor->kind == MEET_SHARED)
		__tsan_unaligned_write1_pc((const void *)(at + visitor->slot), (const void *)1);
	if (visitor->kind == MEET_MOVED && visitor->slot == 0)
		shadow_access(at, 4, true, false, 1);
	context_advance();
	arrive(round * 2 + 1);
	/* Not always at the very same moment. */
	for (volatile uint32_t i = round * (7 + visitor->slot * 6) % 40; i > 0; i--)
		;
	touch(visitor, round, at);
	arrive(round * 2 + 2);
	if (visitor->slot == 0 && atomic_exchange(&reported, 0) == 0)
		unexpected("two accesses at the same time do not see each other");
	/* Both know all that was done so far. */
	other = session->context[!visitor->slot].clock[!visitor->slot];
	pthread_barrier_wait(&gate);
	self.context->clock[!visitor->slot] = other;
	context_advance();
	pthread_barrier_wait(&gate);
}

static void *visitor_run(void *argument)
{
	const struct visitor *visitor = argument;

	self = world->threads[visitor->slot];
	pthread_barrier_wait(&gate);
	for (uint32_t round = 0; round < MEETINGS; round++)
		meet(visitor, round);
	return NULL;
}

static void of_two_accesses_at_once_one_sees_the_other(void **state)
{
	(void)state;
	for (int kind = 0; kind < MEETING_KINDS; kind++) {
		struct visitor visitors[2] = {{0, kind}, {1, kind}};
		pthread_t other;

		begin(2, 1, 1);
		world->is_meeting = true;
		arrived = 0;
		reported = 0;
		assert_int_equal(pthread_barrier_init(&gate, NULL, 2), 0);
		assert_int_equal(pthread_create(&other, NULL, visitor_run, &visitors[1]), 0);
		visitor_run(&visitors[0]);
		pthread_join(other, NULL);
		pthread_barrier_destroy(&gate);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_race_is_told_if_and_only_if_there_is_one),
		cmocka_unit_test(ordered_accesses_need_30_planes_for_8_contexts),
		cmocka_unit_test(of_two_accesses_at_once_one_sees_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
