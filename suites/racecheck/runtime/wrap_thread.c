/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_thread.c - the lives of threads, POSIX and C11. */
#include "suites/racecheck/runtime/wrap.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <threads.h>

#include "suites/racecheck/runtime/process.h"

enum { KNOWN_MAX = 4096 };

/* glibc's own names for its allocator: they need no look-up. */
void *__libc_malloc(size_t bytes);
void __libc_free(void *pointer);

/* Which context a thread handle stands for, until somebody joins it. */
struct known_thread {
	_Atomic uint32_t is_used;
	pthread_t handle;
	uint32_t slot, occupant;
};

struct start {
	void *(*posix)(void *);
	thrd_start_t c11;
	void *argument;
	uint32_t slot;
};

static struct known_thread known_threads[KNOWN_MAX];
static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static struct known_thread *known_add(pthread_t handle, uint32_t slot)
{
	for (uint32_t i = 0; i < KNOWN_MAX; i++) {
		uint32_t none = 0;

		if (!atomic_compare_exchange_strong(&known_threads[i].is_used, &none, 1))
			continue;
		known_threads[i].handle = handle;
		known_threads[i].slot = slot;
		known_threads[i].occupant = session->context[slot].occupant;
		atomic_store(&known_threads[i].is_used, 2);
		return &known_threads[i];
	}
	no_verdict("more than %d threads that nobody joined", KNOWN_MAX);
	return NULL;
}

static struct known_thread *known_find(pthread_t handle)
{
	for (uint32_t i = 0; i < KNOWN_MAX; i++) {
		if (known_threads[i].is_used == 2 && pthread_equal(known_threads[i].handle, handle))
			return &known_threads[i];
	}
	return NULL;
}

/* Runs after the thread's own destructors: each round puts it off to the next. */
static void end_thread(void *rounds)
{
	uintptr_t left = (uintptr_t)rounds;

	stdio_thread_ending();
	if (left > 1) {
		pthread_setspecific(end_key, (void *)(left - 1));
		return;
	}
	schedule_end();
	context_end();
	self.is_ending = true;
	self.context = NULL;
	self.is_exhausted = true;
}

/* In each round destructors run in the order of keys: the last key's is behind the program's. */
static void make_end_key(void)
{
	pthread_key_t keys[PTHREAD_KEYS_MAX];
	int count = 0;

	while (count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[count], end_thread) == 0)
		count++;
	for (int i = 0; i < count - 1; i++)
		pthread_key_delete(keys[i]);
	end_key = keys[count - 1];
}

/* What an earlier thread left on this stack is no longer there. */
void thread_wipe_stack(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return;
	if (pthread_attr_getstack(&attributes, &low, &bytes) == 0)
		page_wipe((uintptr_t)low, bytes);
	pthread_attr_destroy(&attributes);
}

static void *thread_main(void *raw)
{
	struct start start = *(struct start *)raw;
	void *result;

	self.busy++;
	__libc_free(raw);
	thread_wipe_stack();
	pthread_setspecific(end_key, (void *)PTHREAD_DESTRUCTOR_ITERATIONS);
	if (start.slot < CONTEXT_MAX)
		context_adopt(start.slot);
	else
		self.is_exhausted = true;
	self.busy--;
	if (is_scheduled && self.context)
		schedule_await();
	delay_begin(true);
	if (start.posix) {
		result = start.posix(start.argument);
	} else {
		/* thrd_join() gets an int out of the pointer. */
		result = (void *)(intptr_t)start.c11(start.argument);
	}
	return result;
}

static struct start *start_make(void *argument, enum edge edge)
{
	struct start *start = __libc_malloc(sizeof(*start));

	if (!start)
		return NULL;
	memset(start, 0, sizeof(*start));
	start->argument = argument;
	self.busy++;
	pthread_once(&end_once, make_end_key);
	/* From now on private memory is shared by threads. */
	atomic_fetch_add(&other_threads, 1);
	atomic_fetch_add(&tlb_generation, 1);
	start->slot = context_create(context_heritage(edge), self.context->pid, 0);
	context_advance();
	context_log(edge, false);
	schedule_created(start->slot);
	self.busy--;
	schedule_created(start->slot);
	return start;
}

static void start_failed(uint32_t slot)
{
	atomic_fetch_sub(&other_threads, 1);
	if (slot < CONTEXT_MAX) {
		session->context[slot].schedule = SCHEDULE_DONE;
		session->context[slot].state = CONTEXT_JOINED;
	}
}

INTERPOSE int pthread_create(pthread_t *handle, const pthread_attr_t *attributes,
                             void *(*function)(void *), void *argument)
{
	struct start *start = NULL;
	int is_detached = 0;
	uint32_t slot;
	int ret;

	if (call_begin(EDGE_pthread_create, CALLER))
		start = start_make(argument, EDGE_pthread_create);
	if (!start)
		return REAL(pthread_create)(handle, attributes, function, argument);
	start->posix = function;
	slot = start->slot;
	if (attributes)
		pthread_attr_getdetachstate(attributes, &is_detached);
	if (slot < CONTEXT_MAX)
		session->context[slot].is_detached = is_detached == PTHREAD_CREATE_DETACHED;
	self.busy++;
	ret = REAL(pthread_create)(handle, attributes, thread_main, start);
	if (ret != 0) {
		start_failed(slot);
		__libc_free(start);
	} else if (slot < CONTEXT_MAX && is_detached != PTHREAD_CREATE_DETACHED) {
		known_add(*handle, slot);
	}
	self.busy--;
	/* It may run before this is written. */
	if (ret == 0)
		WRITES(handle, sizeof(*handle));
	if (is_scheduled)
		schedule_point();
	delay_begin(false);
	call_end();
	return ret;
}

INTERPOSE int thrd_create(thrd_t *handle, thrd_start_t function, void *argument)
{
	struct start *start = NULL;
	uint32_t slot;
	int ret;

	if (call_begin(EDGE_thrd_create, CALLER))
		start = start_make(argument, EDGE_thrd_create);
	if (!start)
		return REAL(thrd_create)(handle, function, argument);
	start->c11 = function;
	slot = start->slot;
	self.busy++;
	/* The same threads underneath; a pointer holds the int that it returns. */
	ret = REAL(pthread_create)(handle, NULL, thread_main, start);
	if (ret != 0) {
		start_failed(slot);
		__libc_free(start);
	} else if (slot < CONTEXT_MAX) {
		known_add(*handle, slot);
	}
	self.busy--;
	if (is_scheduled)
		schedule_point();
	delay_begin(false);
	call_end();
	return ret == 0 ? thrd_success : ret == EAGAIN ? thrd_nomem : thrd_error;
}

/* Joins a thread's clock once the real join succeeded. */
static void joined(struct known_thread *known, int ret, enum edge edge)
{
	if (!known || ret != 0)
		return;
	BUSY({
		if (!edge_is_off(edge))
			context_join(known->slot, known->occupant);
		context_log(edge, true);
	});
	atomic_store(&known->is_used, 0);
	if (atomic_fetch_sub(&other_threads, 1) == 1)
		atomic_fetch_add(&tlb_generation, 1);
}

static void await_end(const struct known_thread *known, enum edge edge)
{
	if (!is_scheduled || !known)
		return;
	while (session->context[known->slot].occupant == known->occupant &&
	       session->context[known->slot].schedule != SCHEDULE_DONE)
		schedule_block(edge, 0);
}

#define JOIN(name, parameters, arguments)                                                          \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		struct known_thread *known;                                                        \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		known = known_find(handle);                                                        \
		if (EDGE_##name != EDGE_pthread_tryjoin_np)                                        \
			await_end(known, EDGE_##name);                                             \
		ret = REAL(name) arguments;                                                        \
		joined(known, ret, EDGE_##name);                                                   \
		if (ret == 0 && result)                                                            \
			WRITES(result, sizeof(*result));                                           \
		call_end();                                                                        \
		return ret;                                                                        \
	}

JOIN(pthread_join, (pthread_t handle, void **result), (handle, result))
JOIN(pthread_tryjoin_np, (pthread_t handle, void **result), (handle, result))
JOIN(pthread_timedjoin_np, (pthread_t handle, void **result, const struct timespec *deadline),
     (handle, result, deadline))
JOIN(pthread_clockjoin_np,
     (pthread_t handle, void **result, clockid_t clock, const struct timespec *deadline),
     (handle, result, clock, deadline))
JOIN(thrd_join, (thrd_t handle, int *result), (handle, result))

static void detached(pthread_t handle)
{
	struct known_thread *known = known_find(handle);

	if (!known)
		return;
	if (session->context[known->slot].occupant == known->occupant)
		session->context[known->slot].is_detached = 1;
	atomic_store(&known->is_used, 0);
}

INTERPOSE int pthread_detach(pthread_t handle)
{
	if (runtime_enter())
		detached(handle);
	return REAL(pthread_detach)(handle);
}

INTERPOSE int thrd_detach(thrd_t handle)
{
	if (runtime_enter())
		detached(handle);
	return REAL(thrd_detach)(handle);
}

/*
 * Cleanup handlers run out of libc, without a call that could be seen: the
 * thread takes the canceller's clock at its first access after the TLBs are void.
 */
static struct channel_key cancel_key(uint32_t slot)
{
	return (struct channel_key){CHANNEL_THREAD, session->context[slot].occupant, 2};
}

INTERPOSE int pthread_cancel(pthread_t handle)
{
	struct known_thread *known;
	int ret;

	if (!call_begin(EDGE_pthread_cancel, CALLER))
		return REAL(pthread_cancel)(handle);
	known = known_find(handle);
	if (known && session->context[known->slot].occupant == known->occupant) {
		channel_release(cancel_key(known->slot), EDGE_pthread_cancel);
		atomic_store(&session->context[known->slot].is_cancelled, 1);
		atomic_fetch_add(&tlb_generation, 1);
	}
	ret = REAL(pthread_cancel)(handle);
	schedule_wake();
	call_end();
	return ret;
}

void thread_cancelled(void)
{
	atomic_store(&self.context->is_cancelled, 0);
	channel_acquire(cancel_key(self.slot), EDGE_pthread_cancel);
}

/* ---- once ---- */

static __thread void (*once_function)(void);
static __thread const volatile void *once_object;

static void once_main(void)
{
	void (*function)(void) = once_function;
	const volatile void *object = once_object;

	function();
	if (runtime_enter())
		BUSY(sync_release(object, EDGE_pthread_once));
}

/* Under the scheduler a second caller must not wait inside libc. */
static void once_await(const volatile void *once, enum edge edge)
{
	struct sync *sync;

	if (!is_scheduled)
		return;
	BUSY(sync = sync_at(once).sync);
	while (sync->is_written)
		schedule_block(edge, 0);
	sync->is_written = 1;
}

static void once_done(const volatile void *once, enum edge edge)
{
	BUSY({
		sync_at(once).sync->is_written = 0;
		sync_acquire(once, edge);
	});
	schedule_wake();
}

#define ONCE(name, type, ret_type, after)                                                          \
	INTERPOSE ret_type name(type *once, void (*function)(void))                                \
	{                                                                                          \
		if (!call_begin(EDGE_##name, CALLER)) {                                            \
			REAL(name)(once, function);                                                \
			after;                                                                     \
		}                                                                                  \
		once_await(once, EDGE_##name);                                                     \
		once_function = function;                                                          \
		once_object = once;                                                                \
		REAL(name)(once, once_main);                                                       \
		once_done(once, EDGE_##name);                                                      \
		call_end();                                                                        \
		after;                                                                             \
	}

ONCE(pthread_once, pthread_once_t, int, return 0)
ONCE(call_once, once_flag, void, return )

void thread_forked(void)
{
	memset(known_threads, 0, sizeof(known_threads));
}
