/* SPDX-License-Identifier: MIT */
/* suites/check/unit/recorder.c - tests of results/recorder.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "results/recorder.h"

#define BURN_NS 20000000u /* CPU time to use: some ticks of any kernel */

static struct recorder *map_recorder(unsigned bits)
{
	struct recorder *recorder = mmap(NULL, recorder_bytes(bits), PROT_READ | PROT_WRITE,
	                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(recorder, MAP_FAILED);
	recorder_init(recorder, bits);
	return recorder;
}

static void unmap_recorder(struct recorder *recorder)
{
	munmap(recorder, recorder_bytes(recorder->histogram.bits));
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Uses CPU time of this thread. */
static void burn(uint64_t ns)
{
	uint64_t end = thread_cpu_ns() + ns;

	while (thread_cpu_ns() < end)
		;
}

static void cpu_time_is_that_between_start_and_stop(void **state)
{
	struct recorder *recorder = map_recorder(7);
	uint64_t cpu_ns;

	(void)state;
	burn(BURN_NS);
	recorder_start(recorder);
	burn(BURN_NS);
	recorder_stop(recorder);
	cpu_ns = recorder->counters.cpu_user_ns + recorder->counters.cpu_system_ns;
	/* What was used before is not in it. */
	assert_in_range(cpu_ns, BURN_NS - 10000, BURN_NS * 3 / 2);
	assert_true(recorder->counters.stop_ns - recorder->counters.start_ns >= BURN_NS - 10000);
	unmap_recorder(recorder);
}

static void *burn_beside(void *context)
{
	(void)context;
	burn(3 * BURN_NS);
	return NULL;
}

static void another_thread_is_not_counted(void **state)
{
	struct recorder *recorder = map_recorder(7);
	pthread_t thread;
	uint64_t cpu_ns;

	(void)state;
	recorder_start(recorder);
	assert_int_equal(pthread_create(&thread, NULL, burn_beside, NULL), 0);
	pthread_join(thread, NULL);
	recorder_stop(recorder);
	cpu_ns = recorder->counters.cpu_user_ns + recorder->counters.cpu_system_ns;
	assert_in_range(cpu_ns, 0, BURN_NS);
	/* To wait for it was a voluntary switch. */
	assert_true(recorder->counters.voluntary_switches >= 1);
	unmap_recorder(recorder);
}

/* Records a value of each power of two: all over the slots. Runs in a child: no asserts. */
static void record_all_over(struct recorder *recorder)
{
	recorder_start(recorder);
	for (unsigned log2 = 0; log2 < HISTOGRAM_VALUE_LOG2_MAX; log2++)
		histogram_record(&recorder->histogram, 1ull << log2);
	recorder->counters.messages = HISTOGRAM_VALUE_LOG2_MAX;
	recorder_stop(recorder);
}

static void a_child_records_for_its_parent_without_a_page_fault(void **state)
{
	struct recorder *warm_up = map_recorder(HISTOGRAM_BITS_DEFAULT);
	struct recorder *recorder = map_recorder(HISTOGRAM_BITS_DEFAULT);
	int status;
	pid_t pid = fork();

	(void)state;
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		/* The child's own stack and code are copied here, not below. */
		record_all_over(warm_up);
		record_all_over(recorder);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(recorder->histogram.count, HISTOGRAM_VALUE_LOG2_MAX);
	assert_int_equal(recorder->counters.messages, HISTOGRAM_VALUE_LOG2_MAX);
	assert_int_equal(recorder->counters.minor_faults, 0);
	assert_int_equal(recorder->counters.major_faults, 0);
	unmap_recorder(warm_up);
	unmap_recorder(recorder);
}

static void starting_again_forgets_the_counters_and_keeps_the_values(void **state)
{
	struct recorder *recorder = map_recorder(7);

	(void)state;
	recorder_start(recorder);
	recorder->counters.messages = 9;
	histogram_record(&recorder->histogram, 5);
	recorder_stop(recorder);
	recorder_start(recorder);
	assert_int_equal(recorder->counters.messages, 0);
	assert_int_equal(recorder->counters.stop_ns, 0);
	assert_int_equal(recorder->histogram.count, 1);
	recorder_init(recorder, 7);
	assert_int_equal(recorder->histogram.count, 0);
	/* Never started: nothing to stop. */
	recorder_stop(recorder);
	assert_int_equal(recorder->counters.stop_ns, 0);
	unmap_recorder(recorder);
}

const struct CMUnitTest unit_recorder_tests[] = {
	cmocka_unit_test(cpu_time_is_that_between_start_and_stop),
	cmocka_unit_test(another_thread_is_not_counted),
	cmocka_unit_test(a_child_records_for_its_parent_without_a_page_fault),
	cmocka_unit_test(starting_again_forgets_the_counters_and_keeps_the_values),
};
const size_t unit_recorder_tests_count =
	sizeof(unit_recorder_tests) / sizeof(unit_recorder_tests[0]);
