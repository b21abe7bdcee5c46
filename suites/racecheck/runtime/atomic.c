/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/atomic.c - the callbacks for atomics and fences.
 *
 * The operation itself runs under the lock of the object at its address, so
 * that the order of clocks is the modification order. Release sequences are
 * those of C11: a relaxed store of another context ends one, a read-modify-
 * write carries it on. A fence is kept as two more clocks of its context.
 */
#include "suites/racecheck/runtime/channel.h"

#include "suites/racecheck/runtime/shadow.h"
#include "suites/racecheck/runtime/weak.h"

#include <string.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic" /* __int128 */

typedef unsigned __int128 a128;
typedef uint64_t a64;
typedef uint32_t a32;
typedef uint16_t a16;
typedef uint8_t a8;

/* What one atomic operation keeps while it runs: in registers, as its parts are inlined. */
struct operation {
	struct sync_ref ref;
	struct thread *thread;
	uintptr_t place;
	int order;
	uint32_t is_ring;
};

static __attribute__((noinline)) void count_callback(void)
{
	self.has_called_back = true;
	atomic_fetch_add_explicit(&session->callbacks, 1, memory_order_relaxed);
}

/* Rings shared with the kernel: a release hands work over, an acquire takes it back. */
static const struct channel_key ring_key = {CHANNEL_RING, 0, 0};

static void ring_completed(void)
{
	if (edge_is_off(EDGE_io_uring))
		return;
	channel_acquire(ring_key, EDGE_io_uring);
	channel_get_everything();
}

/* An unaligned operation, or a wide one, has more than one. */
static inline bool is_one_granule(uintptr_t address, size_t bytes)
{
	return (address & 7) + bytes <= 8;
}

/* The bytes of one granule that an operation touches. */
static inline uint64_t mask_of(uintptr_t address, size_t bytes)
{
	return CELL_MASK >> (8 - (bytes & 7)) % 8 << (address & 7);
}

/* Stores the operation's cells; the fence comes with the lock. */
static inline void put(struct thread *t, struct tlb_entry *entry, uintptr_t address, size_t bytes,
                       bool is_write, uintptr_t place)
{
	if (is_one_granule(address, bytes) &&
	    LIKELY(shadow_put_fast(t, entry, address, mask_of(address, bytes), is_write, true, true,
	                           place)))
		atomic_store_explicit(&t->context->last_access, t->epoch, memory_order_relaxed);
	else
		shadow_put(address, bytes, is_write, true, true, place);
}

static inline bool is_clean(const struct thread *t, const struct tlb_entry *entry,
                            uintptr_t address, size_t bytes, bool is_write)
{
	return is_one_granule(address, bytes) &&
	       shadow_is_clean(t, entry->arena, entry->page, address, mask_of(address, bytes),
	                       is_write, true);
}

/* Begins an operation, with the lock of its object; op->ref.sync is null where nothing is checked.
 */
static inline __attribute__((always_inline)) void operation_begin(struct operation *op,
                                                                  const volatile void *pointer,
                                                                  size_t bytes, bool is_write,
                                                                  int order, uintptr_t place)
{
	uintptr_t address = (uintptr_t)pointer;
	struct thread *t = &self;
	struct tlb_entry *entry;
	bool is_checked;

	*op = (struct operation){.thread = t, .place = place, .order = order};
	if (!runtime_enter())
		return;
	if (UNLIKELY(!t->has_called_back))
		count_callback();
	if (UNLIKELY(is_scheduled))
		schedule_point();
	else
		delay_point();
	/* No handler may take the entry for another page. */
	t->busy++;
	entry = shadow_translate(t, address);
	op->is_ring = entry->page->is_ring;
	if (UNLIKELY(op->is_ring))
		t->edge_place = place;
	if (UNLIKELY(op->is_ring == 1) && is_write && is_release(order))
		channel_release(ring_key, EDGE_io_uring);
	is_checked = !t->ignoring && !is_watching;
	if (is_checked)
		put(t, entry, address, bytes, is_write, place);
	op->ref = sync_in(entry, address);
	/* The lock is the full fence between one's own cell and those of others. */
	lock_take(&op->ref.sync->lock);
	if (is_checked && !is_clean(t, entry, address, bytes, is_write))
		shadow_check(address, bytes, is_write, true, place);
}

static inline void log_edge(struct operation *op, enum edge edge, bool is_acquire_edge)
{
	context_log_node(edge, is_acquire_edge, site_node(op->thread, op->place));
}

static inline void operation_end(struct operation *op)
{
	lock_give(&op->ref.sync->lock);
	op->thread->busy--;
	if (UNLIKELY(op->is_ring) && is_acquire(op->order))
		ring_completed();
	runtime_leave();
}

/* Ordering by what was read. */
static inline __attribute__((always_inline)) void order_read(struct operation *op, int order,
                                                             enum edge edge)
{
	struct context *context = op->thread->context;

	if (edge_is_off(edge) || op->ref.sync->writers.unit == 0 ||
	    op->ref.sync->knower == context->occupant + 1)
		return;
	if (is_acquire(order)) {
		/* What brings no news is not worth a line in the log. */
		if (clock_take(op->ref.arena, &op->ref.sync->writers, context->clock))
			log_edge(op, edge, true);
	} else {
		clock_take(op->ref.arena, &op->ref.sync->writers, context->acquiring);
	}
}

/* Ordering for those who will read what is stored. */
static inline __attribute__((always_inline)) void order_write(struct operation *op, int order,
                                                              bool is_rmw, enum edge edge)
{
	struct context *context = op->thread->context;
	struct sync *sync = op->ref.sync;
	const uint64_t *clock = is_release(order) ? context->clock : context->releasing;

	if (edge_is_off(edge)) {
		if (!is_rmw)
			clock_drop(op->ref.arena, &sync->writers);
		return;
	}
	if ((is_rmw && !(is_release(order) && sync->knower == context->occupant + 1)) ||
	    (!is_release(order) && sync->releaser == context->occupant + 1))
		clock_add(op->ref.arena, &sync->writers, clock);
	else
		clock_store(op->ref.arena, &sync->writers, clock);
	/* What the last to write here has read before, it need not read again. */
	sync->knower =
		is_release(order) && (!is_rmw || is_acquire(order)) ? context->occupant + 1 : 0;
	if (is_release(order)) {
		sync->releaser = context->occupant + 1;
		context_advance();
		log_edge(op, edge, false);
	} else if (!is_rmw && sync->releaser != context->occupant + 1) {
		sync->releaser = 0;
	}
}

void atomic_publish(const volatile void *pointer, const uint64_t *clock, bool is_release_store)
{
	struct sync_ref ref = sync_at(pointer);

	lock_take(&ref.sync->lock);
	clock_store(ref.arena, &ref.sync->writers, clock);
	ref.sync->releaser = is_release_store ? self.context->occupant + 1 : 0;
	ref.sync->knower = 0;
	lock_give(&ref.sync->lock);
}

static void spin_hint(void)
{
	if (UNLIKELY(is_scheduled))
		schedule_spin();
}

static void moved_hint(void)
{
	if (UNLIKELY(is_scheduled))
		schedule_wake();
}

/* 16 bytes have no atomic builtin without a library: one instruction does it. */
static bool swap_128(volatile a128 *p, a128 *expected, a128 wanted)
{
	uint64_t low = (uint64_t)*expected;
	uint64_t high = (uint64_t)(*expected >> 64);
	bool is_done;

	__asm__ volatile("lock cmpxchg16b %1"
	                 : "=@ccz"(is_done), "+m"(*p), "+a"(low), "+d"(high)
	                 : "b"((uint64_t)wanted), "c"((uint64_t)(wanted >> 64))
	                 : "memory");
	*expected = (a128)high << 64 | low;
	return is_done;
}

static a128 load_128(const volatile a128 *p)
{
	a128 value;

	/* One aligned 16-byte load is atomic where AVX exists; all writers hold the lock. */
	__asm__ volatile("movdqu %1, %%xmm0\n\tmovdqu %%xmm0, %0" : "=m"(value) : "m"(*p) : "xmm0");
	return value;
}

#define REAL_LOAD(bits, p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define REAL_SWAP(bits, p, expected, wanted)                                                       \
	__atomic_compare_exchange_n(p, expected, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define LOAD_8(p) REAL_LOAD(8, p)
#define LOAD_16(p) REAL_LOAD(16, p)
#define LOAD_32(p) REAL_LOAD(32, p)
#define LOAD_64(p) REAL_LOAD(64, p)
#define LOAD_128(p) load_128(p)
#define SWAP_8(p, e, w) REAL_SWAP(8, p, e, w)
#define SWAP_16(p, e, w) REAL_SWAP(16, p, e, w)
#define SWAP_32(p, e, w) REAL_SWAP(32, p, e, w)
#define SWAP_64(p, e, w) REAL_SWAP(64, p, e, w)
#define SWAP_128(p, e, w) swap_128(p, e, w)

/* A read-modify-write whose new value is an expression of old and v. */
#define ATOMIC_RMW(bits, name, expression)                                                         \
	EXPORT a##bits __tsan_atomic##bits##_##name(volatile a##bits *p, a##bits v, int order)     \
	{                                                                                          \
		struct operation op;                                                               \
		a##bits old;                                                                       \
                                                                                                   \
		if (UNLIKELY(is_scheduled))                                                        \
			weak_drain();                                                              \
		operation_begin(&op, p, sizeof(*p), true, order, CALLER);                          \
		old = LOAD_##bits(p);                                                              \
		while (!SWAP_##bits(p, &old, (a##bits)(expression))) {                             \
		}                                                                                  \
		if (!op.ref.sync)                                                                  \
			return old;                                                                \
		order_read(&op, order, EDGE_atomic_rmw);                                           \
		order_write(&op, order, true, EDGE_atomic_rmw);                                    \
		operation_end(&op);                                                                \
		if (old != (a##bits)(expression))                                                  \
			moved_hint();                                                              \
		else                                                                               \
			spin_hint();                                                               \
		return old;                                                                        \
	}

#define ATOMIC_LOAD(bits)                                                                          \
	EXPORT a##bits __tsan_atomic##bits##_load(const volatile a##bits *p, int order)            \
	{                                                                                          \
		struct operation op;                                                               \
		a##bits value;                                                                     \
                                                                                                   \
		operation_begin(&op, p, sizeof(*p), false, order, CALLER);                         \
		if (UNLIKELY(is_scheduled) && op.ref.sync && weak_find(p, sizeof(*p), &value)) {   \
			operation_end(&op);                                                        \
			return value;                                                              \
		}                                                                                  \
		value = LOAD_##bits(p);                                                            \
		if (!op.ref.sync)                                                                  \
			return value;                                                              \
		order_read(&op, order, EDGE_atomic_load);                                          \
		operation_end(&op);                                                                \
		spin_hint();                                                                       \
		return value;                                                                      \
	}

#define ATOMIC_STORE(bits)                                                                         \
	EXPORT void __tsan_atomic##bits##_store(volatile a##bits *p, a##bits v, int order)         \
	{                                                                                          \
		struct operation op;                                                               \
		a##bits old;                                                                       \
                                                                                                   \
		operation_begin(&op, p, sizeof(*p), true, order, CALLER);                          \
		if (UNLIKELY(is_scheduled) && op.ref.sync) {                                       \
			lock_give(&op.ref.sync->lock);                                             \
			if (weak_put(p, sizeof(*p), &v, order)) {                                  \
				op.thread->busy--;                                                 \
				return;                                                            \
			}                                                                          \
			lock_take(&op.ref.sync->lock);                                             \
		}                                                                                  \
		old = LOAD_##bits(p);                                                              \
		while (!SWAP_##bits(p, &old, v)) {                                                 \
		}                                                                                  \
		if (!op.ref.sync)                                                                  \
			return;                                                                    \
		order_write(&op, order, false, EDGE_atomic_store);                                 \
		operation_end(&op);                                                                \
		moved_hint();                                                                      \
	}

/* Not on the caller's own stack, near by: what was expected, and is overwritten by a failure. */
static inline bool is_elsewhere(const void *expected)
{
	enum { NEAR_BYTES = 1 << 20 };

	return (uintptr_t)expected - (uintptr_t)__builtin_frame_address(0) > NEAR_BYTES;
}

#define ATOMIC_SWAP(bits)                                                                          \
	static inline bool swap_checked_##bits(volatile a##bits *p, a##bits *expected, a##bits v,  \
	                                       int order, int failure, uintptr_t place)            \
	{                                                                                          \
		struct operation op;                                                               \
		bool is_done;                                                                      \
                                                                                                   \
		if (UNLIKELY(is_scheduled))                                                        \
			weak_drain();                                                              \
		operation_begin(&op, p, sizeof(*p), true, order, place);                           \
		is_done = SWAP_##bits(p, expected, v);                                             \
		if (!op.ref.sync)                                                                  \
			return is_done;                                                            \
		order_read(&op, is_done ? order : failure, EDGE_atomic_rmw);                       \
		if (is_done)                                                                       \
			order_write(&op, order, true, EDGE_atomic_rmw);                            \
		operation_end(&op);                                                                \
		if (UNLIKELY(is_elsewhere(expected)))                                              \
			shadow_access((uintptr_t)expected, sizeof(*expected), !is_done, false,     \
			              place);                                                      \
		if (is_done)                                                                       \
			moved_hint();                                                              \
		else                                                                               \
			spin_hint();                                                               \
		return is_done;                                                                    \
	}                                                                                          \
	EXPORT int __tsan_atomic##bits##_compare_exchange_strong(                                  \
		volatile a##bits *p, a##bits *expected, a##bits v, int order, int failure)         \
	{                                                                                          \
		return swap_checked_##bits(p, expected, v, order, failure, CALLER);                \
	}                                                                                          \
	EXPORT int __tsan_atomic##bits##_compare_exchange_weak(                                    \
		volatile a##bits *p, a##bits *expected, a##bits v, int order, int failure)         \
	{                                                                                          \
		return swap_checked_##bits(p, expected, v, order, failure, CALLER);                \
	}                                                                                          \
	EXPORT a##bits __tsan_atomic##bits##_compare_exchange_val(                                 \
		volatile a##bits *p, a##bits expected, a##bits v, int order, int failure)          \
	{                                                                                          \
		swap_checked_##bits(p, &expected, v, order, failure, CALLER);                      \
		return expected;                                                                   \
	}

#define ATOMIC_WIDTH(bits)                                                                         \
	ATOMIC_LOAD(bits)                                                                          \
	ATOMIC_STORE(bits)                                                                         \
	ATOMIC_SWAP(bits)                                                                          \
	ATOMIC_RMW(bits, exchange, v)                                                              \
	ATOMIC_RMW(bits, fetch_add, old + v)                                                       \
	ATOMIC_RMW(bits, fetch_sub, old - v)                                                       \
	ATOMIC_RMW(bits, fetch_and, old &v)                                                        \
	ATOMIC_RMW(bits, fetch_or, old | v)                                                        \
	ATOMIC_RMW(bits, fetch_xor, old ^ v)                                                       \
	ATOMIC_RMW(bits, fetch_nand, ~(old & v))

ATOMIC_WIDTH(8)
ATOMIC_WIDTH(16)
ATOMIC_WIDTH(32)
ATOMIC_WIDTH(64)
ATOMIC_WIDTH(128)

/*
 * clang leaves 16 bytes to libatomic, whose functions take what the callbacks
 * take. (Aliases by label: the compilers know the names as builtins.)
 */
#define LIBATOMIC(name, tsan, ret_type, ...)                                                       \
	INTERPOSE ret_type libatomic_##name(__VA_ARGS__) __asm__("__atomic_" #name "_16")          \
		__attribute__((alias("__tsan_atomic128_" #tsan)));

LIBATOMIC(load, load, a128, const volatile a128 *, int)
LIBATOMIC(store, store, void, volatile a128 *, a128, int)
LIBATOMIC(exchange, exchange, a128, volatile a128 *, a128, int)
LIBATOMIC(compare_exchange, compare_exchange_strong, int, volatile a128 *, a128 *, a128, int, int)
LIBATOMIC(fetch_add, fetch_add, a128, volatile a128 *, a128, int)
LIBATOMIC(fetch_sub, fetch_sub, a128, volatile a128 *, a128, int)
LIBATOMIC(fetch_and, fetch_and, a128, volatile a128 *, a128, int)
LIBATOMIC(fetch_or, fetch_or, a128, volatile a128 *, a128, int)
LIBATOMIC(fetch_xor, fetch_xor, a128, volatile a128 *, a128, int)
LIBATOMIC(fetch_nand, fetch_nand, a128, volatile a128 *, a128, int)

/*
 * Objects of other sizes: libatomic's lock is its process's own, so that it
 * neither orders nor even keeps whole what processes share. Here the lock is
 * that of the object's clock.
 */
INTERPOSE void atomic_any_load(size_t bytes, const void *p, void *into,
                               int order) __asm__("__atomic_load");
INTERPOSE void atomic_any_store(size_t bytes, void *p, const void *from,
                                int order) __asm__("__atomic_store");
INTERPOSE void atomic_any_exchange(size_t bytes, void *p, const void *from, void *into,
                                   int order) __asm__("__atomic_exchange");
INTERPOSE bool atomic_any_swap(size_t bytes, void *p, void *expected, const void *wanted, int order,
                               int failure) __asm__("__atomic_compare_exchange");

INTERPOSE void atomic_any_load(size_t bytes, const void *p, void *into, int order)
{
	struct operation op;

	shadow_access((uintptr_t)into, bytes, true, false, CALLER);
	operation_begin(&op, p, bytes, false, order, CALLER);
	memcpy(into, p, bytes);
	if (!op.ref.sync)
		return;
	order_read(&op, order, EDGE_atomic_load);
	operation_end(&op);
	spin_hint();
}

INTERPOSE void atomic_any_store(size_t bytes, void *p, const void *from, int order)
{
	struct operation op;

	shadow_access((uintptr_t)from, bytes, false, false, CALLER);
	operation_begin(&op, p, bytes, true, order, CALLER);
	memcpy(p, from, bytes);
	if (!op.ref.sync)
		return;
	order_write(&op, order, false, EDGE_atomic_store);
	operation_end(&op);
	moved_hint();
}

INTERPOSE void atomic_any_exchange(size_t bytes, void *p, const void *from, void *into, int order)
{
	struct operation op;

	shadow_access((uintptr_t)from, bytes, false, false, CALLER);
	shadow_access((uintptr_t)into, bytes, true, false, CALLER);
	operation_begin(&op, p, bytes, true, order, CALLER);
	memcpy(into, p, bytes);
	memcpy(p, from, bytes);
	if (!op.ref.sync)
		return;
	order_read(&op, order, EDGE_atomic_rmw);
	order_write(&op, order, true, EDGE_atomic_rmw);
	operation_end(&op);
	moved_hint();
}

INTERPOSE bool atomic_any_swap(size_t bytes, void *p, void *expected, const void *wanted, int order,
                               int failure)
{
	struct operation op;
	bool is_done;

	shadow_access((uintptr_t)expected, bytes, false, false, CALLER);
	shadow_access((uintptr_t)wanted, bytes, false, false, CALLER);
	operation_begin(&op, p, bytes, true, order, CALLER);
	is_done = memcmp(p, expected, bytes) == 0;
	if (is_done)
		memcpy(p, wanted, bytes);
	else
		memcpy(expected, p, bytes);
	if (!op.ref.sync)
		return is_done;
	order_read(&op, is_done ? order : failure, EDGE_atomic_rmw);
	if (is_done)
		order_write(&op, order, true, EDGE_atomic_rmw);
	operation_end(&op);
	if (!is_done)
		shadow_access((uintptr_t)expected, bytes, true, false, CALLER);
	if (is_done)
		moved_hint();
	else
		spin_hint();
	return is_done;
}

static void fence(int order, enum edge edge, uintptr_t place)
{
	struct thread *t = &self;
	struct context *context = t->context;

	if (edge_is_off(edge))
		return;
	t->busy++;
	t->edge_place = place;
	if (is_acquire(order)) {
		clock_join(context->clock, context->acquiring, context_count());
		context->clock[t->slot] = t->epoch;
		context_log(edge, true);
	}
	if (is_release(order)) {
		memcpy(context->releasing, context->clock, sizeof(context->releasing));
		context_advance();
		context_log(edge, false);
	}
	t->busy--;
}

EXPORT void __tsan_atomic_thread_fence(int order)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!runtime_enter())
		return;
	if (UNLIKELY(is_scheduled)) {
		schedule_point();
		if ((order & 0xff) == __ATOMIC_SEQ_CST)
			weak_drain();
	}
	fence(order, EDGE_atomic_thread_fence, CALLER);
}

EXPORT void __tsan_atomic_signal_fence(int order)
{
	atomic_signal_fence(memory_order_seq_cst);
	/* The light half of a pair whose heavy half is membarrier(). */
	if (runtime_enter() && session->has_membarrier)
		fence(order, EDGE_atomic_signal_fence, CALLER);
}
