/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/context.c - threads, processes and their clocks.
 *
 * A context is a row in shared memory. Rows of the dead stay until somebody
 * that is ordered after all their accesses takes the slot, so that using a
 * slot again never hides a race.
 */
#include "suites/racecheck/runtime/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum { SPAWN_WAIT_ROUNDS = 10000 }; /* of 0.2 ms */

__thread struct thread self;
_Atomic uint64_t tlb_generation = 1;
_Atomic uint32_t other_threads;

static uint32_t process_id(void)
{
	return (uint32_t)sys_call1(SYS_getpid, 0);
}

static uint32_t occupant_add(uint32_t slot, uint64_t epoch, uint32_t pid, uint32_t tid)
{
	uint32_t index = atomic_fetch_add(&session->occupant_count, 1);

	/* Names are lost past the limit, verdicts are not: the last entry is shared. */
	if (index >= OCCUPANT_MAX)
		index = OCCUPANT_MAX - 1;
	session->occupant[index] = (struct occupant){.first_epoch = epoch,
	                                             .begun_ns = now_ns(CLOCK_BOOTTIME),
	                                             .slot = slot,
	                                             .pid = pid,
	                                             .tid = tid};
	sys_call2(SYS_prctl, PR_GET_NAME, session->occupant[index].name);
	return index;
}

/* May the slot be taken by somebody that knows known[]? */
static bool is_reusable(uint32_t slot, const uint64_t *known)
{
	struct context *context = &session->context[slot];

	switch (context->state) {
	case CONTEXT_FREE:
		return true;
	case CONTEXT_JOINED:
		break;
	case CONTEXT_ENDED:
		/* Somebody may still join it, unless it is detached or reaped. */
		if (!context->is_detached && sys_call2(SYS_kill, context->pid, 0) != -3)
			return false;
		break;
	default:
		return false;
	}
	return known[slot] >= context->last_access;
}

static uint32_t slot_choose(const uint64_t *known)
{
	uint32_t count = session->context_count;
	uint32_t fallback = CONTEXT_MAX;

	for (uint32_t slot = 0; slot < count; slot++) {
		if (is_reusable(slot, known))
			return slot;
	}
	if (count < CONTEXT_MAX) {
		session->context_count = count + 1;
		return count;
	}
	for (uint32_t slot = 0; slot < count; slot++) {
		uint32_t state = session->context[slot].state;

		if (state == CONTEXT_JOINED || state == CONTEXT_ENDED)
			fallback = slot;
	}
	no_verdict("more than %d threads and processes at once, or ended and not ordered",
	           CONTEXT_MAX);
	return fallback;
}

/* Keeps what a slot's last context did, for those who still will learn of its end. */
static void bury(const struct context *context)
{
	if (context->state == CONTEXT_FREE)
		return;
	clock_join(session->occupant[context->occupant].clock, context->clock, CONTEXT_MAX);
	clock_join(session->gone[GONE_ALL], context->clock, CONTEXT_MAX);
	if (context->is_crashed)
		clock_join(session->gone[GONE_CRASHED], context->clock, CONTEXT_MAX);
}

uint32_t context_create(const uint64_t *known, uint32_t pid, uint32_t tid)
{
	struct context *context;
	uint64_t copy[CONTEXT_MAX];
	uint64_t epoch;
	uint32_t slot;

	memcpy(copy, known, sizeof(copy));
	lock_take(&session->lock);
	slot = slot_choose(copy);
	if (slot == CONTEXT_MAX) {
		lock_give(&session->lock);
		return slot;
	}
	context = &session->context[slot];
	bury(context);
	epoch = context->clock[slot];
	epoch = (epoch > copy[slot] ? epoch : copy[slot]) + 1;
	if (epoch < session->first_epoch)
		epoch = session->first_epoch;
	memcpy(context->clock, copy, sizeof(context->clock));
	memset(context->releasing, 0, sizeof(context->releasing));
	memset(context->acquiring, 0, sizeof(context->acquiring));
	context->clock[slot] = epoch;
	context->last_access = 0;
	context->log_count = 0;
	context->is_detached = 0;
	context->is_cancelled = 0;
	context->is_crashed = 0;
	context->is_spawning = 0;
	context->ended_ns = 0;
	context->pid = pid;
	context->tid = tid;
	context->occupant = occupant_add(slot, epoch, pid, tid);
	context->schedule = SCHEDULE_NONE;
	context->state = CONTEXT_LIVE;
	lock_give(&session->lock);
	return slot;
}

const uint64_t *context_heritage(enum edge edge)
{
	static const uint64_t nothing[CONTEXT_MAX];

	return edge_is_off(edge) ? nothing : self.context->clock;
}

static void epoch_set(struct thread *t, uint64_t epoch)
{
	t->epoch = epoch;
	t->epoch_bits = (epoch << CELL_EPOCH_SHIFT) & CELL_EPOCH_MASK;
	if (UNLIKELY(epoch >> EPOCH_BITS != 0))
		atomic_store_explicit(&session->has_eras, 1, memory_order_seq_cst);
	atomic_thread_fence(memory_order_seq_cst);
}

void context_adopt(uint32_t slot)
{
	struct thread *t = &self;
	struct context *context = &session->context[slot];
	struct occupant *occupant = &session->occupant[context->occupant];

	t->slot = slot;
	t->tid = (uint32_t)sys_call1(SYS_gettid, 0);
	t->random = t->tid * 2654435761u;
	context->tid = t->tid;
	context->pid = process_id();
	occupant->tid = t->tid;
	occupant->pid = context->pid;
	sys_call2(SYS_prctl, PR_GET_NAME, occupant->name);
	epoch_set(t, context->clock[slot]);
	shadow_forget_tlb();
	t->context = context;
}

void context_new_era(void)
{
	epoch_set(&self, self.epoch);
	shadow_forget_tlb();
}

void context_log(enum edge edge, bool is_acquire_edge)
{
	context_log_node(edge, is_acquire_edge, site_node(&self, self.edge_place));
}

void context_end(void)
{
	struct thread *t = &self;

	if (!t->context)
		return;
	t->context->ended_ns = now_ns(CLOCK_BOOTTIME);
	t->context->state = CONTEXT_ENDED;
}

void context_end_process(void)
{
	uint32_t pid = process_id();
	uint64_t now = now_ns(CLOCK_BOOTTIME);

	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		if (context->pid == pid && context->state == CONTEXT_LIVE) {
			context->ended_ns = now;
			context->state = CONTEXT_ENDED;
		}
	}
}

static void own_join(const uint64_t *clock)
{
	clock_join(self.context->clock, clock, context_count());
	/* One's own entry is one's own. */
	self.context->clock[self.slot] = self.epoch;
}

static void row_join(uint32_t slot)
{
	own_join(session->context[slot].clock);
}

void context_join(uint32_t slot, uint32_t occupant)
{
	struct context *context = &session->context[slot];

	if (context->occupant != occupant || slot == self.slot)
		return;
	row_join(slot);
	context->state = CONTEXT_JOINED;
}

void context_join_process(uint32_t pid)
{
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		if (context->pid != pid || context->state == CONTEXT_FREE || slot == self.slot)
			continue;
		row_join(slot);
		context->is_crashed |= context->state == CONTEXT_LIVE;
		context->state = CONTEXT_JOINED;
		context->schedule = SCHEDULE_DONE;
	}
}

/* A process is dead if its first thread is, and all others that are known. */
static bool process_is_dead(uint32_t pid)
{
	if (!is_dead(pid))
		return false;
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		const struct context *context = &session->context[slot];

		if (context->pid == pid && context->state == CONTEXT_LIVE && context->tid != pid &&
		    context->tid != 0 && !is_dead(context->tid))
			return false;
	}
	return true;
}

void context_join_gone(bool is_all)
{
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];
		uint32_t state = context->state;

		if (slot == self.slot || state == CONTEXT_FREE ||
		    (state != CONTEXT_LIVE && !context->is_crashed && !is_all))
			continue;
		if (!process_is_dead(context->pid))
			continue;
		/* It may have ended in order since it was looked at. */
		if (is_all || context->is_crashed || context->state == CONTEXT_LIVE)
			row_join(slot);
	}
	own_join(session->gone[is_all ? GONE_ALL : GONE_CRASHED]);
}

void context_join_gone_since(uint64_t since_ns)
{
	uint32_t count = session->occupant_count;

	/* Who began when is not known past that. */
	if (count > OCCUPANT_MAX) {
		context_join_gone(true);
		return;
	}
	for (uint32_t i = count; i > 0; i--) {
		const struct occupant *occupant = &session->occupant[i - 1];

		if (occupant->begun_ns < since_ns)
			break;
		if (session->context[occupant->slot].occupant != i - 1)
			own_join(occupant->clock);
		else if (occupant->slot != self.slot && process_is_dead(occupant->pid))
			row_join(occupant->slot);
	}
}

bool context_is_known(uint32_t pid)
{
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		uint32_t state = session->context[slot].state;

		if (session->context[slot].pid == pid && state != CONTEXT_FREE)
			return true;
	}
	return false;
}

void context_join_dead(uint32_t occupant)
{
	own_join(session->occupant[occupant].clock);
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		/* The kernel tells of the death before it shows: the thread may still be there. */
		if (context->occupant == occupant && slot != self.slot)
			row_join(slot);
	}
}

/* Reads field number of /proc/<pid>/stat; fields count from 1, 3 and up only. */
static uint64_t stat_field(uint32_t pid, int number)
{
	char path[40];
	char text[1024];
	char *at;
	long bytes;
	long fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = sys_call3(SYS_open, path, 02000000, 0);
	if (fd < 0)
		return 0;
	bytes = sys_call3(SYS_read, fd, text, sizeof(text) - 1);
	sys_call1(SYS_close, fd);
	if (bytes <= 0)
		return 0;
	text[bytes] = '\0';
	at = text + bytes;
	while (at > text && *at != ')')
		at--;
	at++;
	for (int field = 3; *at && field < number; field++) {
		at++;
		while (*at && *at != ' ')
			at++;
	}
	return strtoull(at, NULL, 10);
}

/* Joins into known[] the processes that ended before this stranger was started. */
static void known_earlier(uint64_t *known)
{
	/* The kernel gives the time of birth in ticks of 10 ms, rounded down. */
	uint64_t born_ns = (stat_field(process_id(), 22) + 1) * 10000000u;

	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		if (context->state == CONTEXT_FREE || sys_call2(SYS_kill, context->pid, 0) != -3)
			continue;
		if (context->ended_ns <= born_ns)
			clock_join(known, context->clock, CONTEXT_MAX);
	}
}

static bool is_in_spawn(uint32_t pid)
{
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		if (session->context[slot].pid == pid && session->context[slot].is_spawning)
			return true;
	}
	return false;
}

/*
 * Joins into known[] what its parent knew when it started this stranger by posix_spawn(),
 * which may be about to say so. False: it was not started like that.
 */
static bool known_to_parent(uint32_t pid, uint64_t *known)
{
	const struct channel_key key = {CHANNEL_SPAWN, pid, 1};
	const struct timespec pause = {.tv_nsec = 200000};
	uint32_t parent = (uint32_t)stat_field(pid, 4);
	bool is_told = false;
	bool is_in_time = true;

	for (int i = 0; i < SPAWN_WAIT_ROUNDS && !is_told && is_in_time; i++) {
		if (i > 0)
			sys_call2(SYS_nanosleep, &pause, 0);
		is_in_time = is_in_spawn(parent);
		is_told = channel_learn(key, known);
	}
	return is_told;
}

/* What its ancestors had done when they started programs. */
static void learn_from_ancestors(uint32_t pid)
{
	uint32_t ancestor = pid;
	bool is_orphan = true;

	for (int depth = 0; depth < 8 && ancestor > 1; depth++) {
		ancestor = (uint32_t)stat_field(ancestor, 4);
		is_orphan = is_orphan && !context_is_known(ancestor);
		channel_acquire((struct channel_key){CHANNEL_SPAWN, ancestor, 0}, EDGE_posix_spawn);
	}
	if (is_orphan)
		channel_acquire((struct channel_key){CHANNEL_SPAWN, 0, 0}, EDGE_posix_spawn);
}

void context_attach(void)
{
	uint64_t known[CONTEXT_MAX] = {0};
	uint32_t pid = process_id();
	bool is_stranger = true;
	bool is_told;
	uint32_t slot;

	for (slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		if (context->pid != pid || context->state == CONTEXT_FREE)
			continue;
		/* Executed in place: the other threads are gone. */
		clock_join(known, context->clock, CONTEXT_MAX);
		context->state = CONTEXT_JOINED;
		context->schedule = SCHEDULE_DONE;
		is_stranger = false;
	}
	is_told = is_stranger && known_to_parent(pid, known);
	if (is_stranger && !is_told)
		known_earlier(known);
	slot = context_create(known, pid, pid);
	if (slot == CONTEXT_MAX)
		return;
	context_adopt(slot);
	atomic_fetch_add(&session->process_count, 1);
	if (is_told)
		context_log(EDGE_posix_spawn, true);
	else if (is_stranger)
		learn_from_ancestors(pid);
}

void context_forked(uint32_t slot)
{
	struct thread *t = &self;

	atomic_store(&other_threads, 0);
	atomic_fetch_add(&tlb_generation, 1);
	shadow_register();
	t->busy = 0;
	t->pending_count = 0;
	t->is_ending = false;
	t->context = NULL;
	if (slot == CONTEXT_MAX) {
		t->is_exhausted = true;
		return;
	}
	context_adopt(slot);
	atomic_fetch_add(&session->process_count, 1);
}
