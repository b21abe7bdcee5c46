/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/access.c - the callbacks for plain accesses.
 *
 * The names are those that gcc and clang emit under -fsanitize=thread. Their
 * fast path answers "same context, same epoch, same bytes" from the thread's
 * own cell, or from what it has put into overflow.c, without a fence: nothing
 * new is known, and nothing was missed.
 */
#include "suites/racecheck/runtime/shadow.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static __attribute__((noinline)) void access_slow(uintptr_t address, size_t bytes, bool is_write,
                                                  uintptr_t place)
{
	struct thread *t = &self;

	if (UNLIKELY(!t->has_called_back) && runtime_enter()) {
		t->has_called_back = true;
		atomic_fetch_add_explicit(&session->callbacks, 1, memory_order_relaxed);
	}
	if (UNLIKELY(is_scheduled) && runtime_enter() && !t->ignoring &&
	    !shadow_translate(t, address)->is_quiet)
		schedule_point();
	shadow_access(address, bytes, is_write, false, place);
}

static inline __attribute__((always_inline)) void access_fast(const void *pointer, size_t bytes,
                                                              bool is_write, uintptr_t place)
{
	uintptr_t address = (uintptr_t)pointer;
	struct thread *t = &self;
	const struct tlb_entry *entry = tlb_slot(t, address);
	_Atomic uint64_t *cells = entry->cells[is_write];
	struct page *page = entry->page;
	bool is_quiet = entry->is_quiet;
	uint64_t mask = ((1ull << (bytes > 8 ? 8 : bytes)) - 1) << (address & 7);

	/* The tag last: a handler may use the entry for another page. */
	atomic_signal_fence(memory_order_seq_cst);
	if (LIKELY(entry->tag == tlb_tag(address))) {
		if (is_quiet)
			return;
		if (LIKELY(cells != NULL && bytes <= 8 && (address & 7) + bytes <= 8)) {
			_Atomic uint64_t *own = &cells[(address & 4095) >> 3];
			uint64_t cell = atomic_load_explicit(own, memory_order_relaxed);

			if (LIKELY(((cell ^ (t->epoch_bits | mask)) &
			            (CELL_EPOCH_MASK | CELL_ATOMIC | mask)) == 0 &&
			           !is_scheduled))
				return;
			if (LIKELY((cell & CELL_MASK & ~mask) == 0 &&
			           (t->busy | t->ignoring) == 0 && !is_scheduled && !is_watching)) {
				shadow_short(page, own, address, mask, is_write, place);
				return;
			}
			if (LIKELY(overflow_is_recent(t, address, mask, is_write) && !is_scheduled))
				return;
		}
	}
	access_slow(address, bytes, is_write, place);
}

#define ACCESS(prefix, bytes)                                                                      \
	EXPORT void __tsan_##prefix##read##bytes(const void *p)                                    \
	{                                                                                          \
		access_fast(p, bytes, false, CALLER);                                              \
	}                                                                                          \
	EXPORT void __tsan_##prefix##write##bytes(const void *p)                                   \
	{                                                                                          \
		access_fast(p, bytes, true, CALLER);                                               \
	}                                                                                          \
	EXPORT void __tsan_##prefix##read##bytes##_pc(const void *p, const void *place)            \
	{                                                                                          \
		access_fast(p, bytes, false, (uintptr_t)place);                                    \
	}                                                                                          \
	EXPORT void __tsan_##prefix##write##bytes##_pc(const void *p, const void *place)           \
	{                                                                                          \
		access_fast(p, bytes, true, (uintptr_t)place);                                     \
	}

#define ACCESS_BOTH(prefix, bytes)                                                                 \
	EXPORT void __tsan_##prefix##read_write##bytes(const void *p)                              \
	{                                                                                          \
		access_fast(p, bytes, false, CALLER);                                              \
		access_fast(p, bytes, true, CALLER);                                               \
	}

#define ACCESS_SIZES(prefix)                                                                       \
	ACCESS(prefix, 1)                                                                          \
	ACCESS(prefix, 2)                                                                          \
	ACCESS(prefix, 4)                                                                          \
	ACCESS(prefix, 8)                                                                          \
	ACCESS(prefix, 16)

ACCESS_SIZES()
ACCESS_SIZES(unaligned_)
ACCESS_SIZES(volatile_)
ACCESS_SIZES(unaligned_volatile_)
ACCESS_BOTH(, 1)
ACCESS_BOTH(, 2)
ACCESS_BOTH(, 4)
ACCESS_BOTH(, 8)
ACCESS_BOTH(, 16)
ACCESS_BOTH(unaligned_, 1)
ACCESS_BOTH(unaligned_, 2)
ACCESS_BOTH(unaligned_, 4)
ACCESS_BOTH(unaligned_, 8)
ACCESS_BOTH(unaligned_, 16)

EXPORT void __tsan_read_range(const void *p, size_t bytes)
{
	access_slow((uintptr_t)p, bytes, false, CALLER);
}

EXPORT void __tsan_write_range(const void *p, size_t bytes)
{
	access_slow((uintptr_t)p, bytes, true, CALLER);
}

EXPORT void __tsan_read_range_pc(const void *p, size_t bytes, const void *place)
{
	access_slow((uintptr_t)p, bytes, false, (uintptr_t)place);
}

EXPORT void __tsan_write_range_pc(const void *p, size_t bytes, const void *place)
{
	access_slow((uintptr_t)p, bytes, true, (uintptr_t)place);
}

EXPORT void __tsan_vptr_update(void **pointer, void *value)
{
	if (*pointer != value)
		access_slow((uintptr_t)pointer, sizeof(value), true, CALLER);
}

EXPORT void __tsan_vptr_read(void **pointer)
{
	access_slow((uintptr_t)pointer, sizeof(*pointer), false, CALLER);
}

EXPORT void __tsan_func_entry(const void *call)
{
	struct thread *t = &self;
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	/* Frames below this one were left by longjmp(). */
	while (UNLIKELY(t->depth > 0 && t->depth <= SHADOW_STACK &&
	                t->stack[t->depth - 1].stack < stack))
		t->depth--;
	if (LIKELY(t->depth < SHADOW_STACK))
		t->stack[t->depth] = (struct frame){(uintptr_t)call, stack, 0};
	t->depth++;
}

EXPORT void __tsan_func_exit(void)
{
	struct thread *t = &self;

	if (LIKELY(t->depth > 0))
		t->depth--;
}

EXPORT void __tsan_ignore_thread_begin(void)
{
	self.ignoring++;
}

EXPORT void __tsan_ignore_thread_end(void)
{
	if (self.ignoring > 0)
		self.ignoring--;
}
