/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/racecheck/assembly.c - statements as real programs have them, to be wrapped.
 *
 * Each would break, or do something else, if its operands were taken for what they are
 * not. The program says so by its exit status.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__

struct lock {
	volatile int word;
};

struct queue {
	struct lock *lock;
	int calls;
};

/* A value that may be in memory, but is none. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t high;
	uint64_t low;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "%0"(a), "rm"((uint64_t)(b)) : "cc");
	return low == a * b ? high : 0;
}

/* A call before it would spoil r10. */
static long call_system(long number, long fourth)
{
	register long r10 __asm__("r10") = fourth;
	long ret;

	__asm__ volatile("syscall"
	                 : "=a"(ret)
	                 : "a"(number), "D"(0L), "S"(0L), "d"(0L), "r"(r10)
	                 : "rcx", "r11", "memory");
	return ret;
}

/* Its operands point elsewhere afterwards. */
static void copy(char *to, const char *from, size_t bytes)
{
	__asm__ volatile("rep movsb"
	                 : "+D"(to), "+S"(from), "+c"(bytes), "=m"(*(char(*)[bytes])to)
	                 : "m"(*(const char(*)[bytes])from));
}

static void copy_by_clobber(void *to, const void *from, size_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

static int exchange(volatile int *word, int old, int new)
{
	int was;

	__asm__ volatile("lock; cmpxchgl %2, %1"
	                 : "=a"(was), "+"
	                              "m"(*(volatile __typeof__(*word) *)word)
	                 : "r"(new), "0"(old)
	                 : "memory");
	return was;
}

/* A flag of the processor is an output. */
static int set_bit(volatile unsigned *word)
{
	int was_set;

	__asm__ volatile("lock; btsl $3, %1" : "=@ccc"(was_set), "+m"(*word) : : "memory");
	return was_set;
}

static int falls_below_zero(volatile int *word)
{
	__asm__ goto("lock; decl %0; js %l[below]" : : "m"(*word) : "memory", "cc" : below);
	return 0;
below:
	return 1;
}

static float twice(float value)
{
	__asm__("addss %0, %0" : "+x"(value));
	return value;
}

static struct lock *get_lock(struct queue *queue)
{
	queue->calls++;
	return queue->lock;
}

/* To be evaluated once. */
static void increment(struct queue *queue)
{
	__asm__ volatile("lock; incl %0" : "+m"(get_lock(queue)->word) : : "memory");
}

/* Its accesses are instrumented whatever the compiler makes of the others. */
static volatile int failures;

int main(void)
{
	struct lock lock = {0};
	struct queue queue = {&lock, 0};
	char texts[3][8] = {"abcdefg"};
	unsigned bits = 0;

	failures += multiply(UINT64_C(1) << 63, 6) != 3;
	failures += call_system(39, 1) <= 0; /* getpid() */
	copy(texts[1], texts[0], sizeof(texts[0]));
	copy_by_clobber(texts[2], texts[1], sizeof(texts[1]));
	failures += strcmp(texts[2], "abcdefg") != 0;
	failures += exchange(&lock.word, 0, 1) != 0 || lock.word != 1;
	failures += set_bit(&bits) != 0 || bits != 8 || set_bit(&bits) != 1;
	failures += falls_below_zero(&lock.word) != 0 || falls_below_zero(&lock.word) != 1;
	failures += twice(2.0f) != 4.0f;
	increment(&queue);
	failures += lock.word != 0 || queue.calls != 1;
	return failures;
}

#else

int main(void)
{
	volatile int nothing = 0;

	return nothing;
}

#endif
