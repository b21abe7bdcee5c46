/* SPDX-License-Identifier: MIT */
/* suites/check/unit/peer.c - tests of workloads/peer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "workloads/peer.h"

enum act {
	ACT_PASS,
	ACT_FAIL,
	ACT_FAIL_BEFORE_GATE,
	ACT_GONE, /* fails with -EPIPE, as a peer does whose partner died */
	ACT_DIE,
	ACT_EXIT,
	ACT_SLEEP,
	ACT_LINGER, /* its thread does not end when its work is done */
};

/* Shared with the peers: what each shall do, and what it saw. */
struct script {
	enum act acts[2];
	_Atomic int passed;
	int pids[2];
};

static struct script *script;
static char why[RUN_TEXT_BYTES];

static void linger(void *unused)
{
	(void)unused;
	clock_sleep_until(clock_now_ns() + 60 * NS_PER_S);
}

static int act_out(void *context, struct peer *peer, uint32_t index)
{
	struct script *self = context;
	pthread_key_t key;

	self->pids[index] = getpid();
	if (self->acts[index] == ACT_FAIL_BEFORE_GATE)
		return peer_fail(peer, -ENOENT, "found nothing");
	if (peer_pass_gate(peer) < 0)
		return -ETIMEDOUT;
	switch (self->acts[index]) {
	case ACT_FAIL:
		return peer_fail(peer, -EBADMSG, "message 7 is torn");
	case ACT_GONE:
		return peer_fail(peer, -EPIPE, "the partner has gone");
	case ACT_DIE:
		kill(getpid(), SIGKILL);
		break;
	case ACT_EXIT:
		_exit(9);
	case ACT_SLEEP:
		clock_sleep_until(clock_now_ns() + 60 * NS_PER_S);
		break;
	case ACT_LINGER:
		if (pthread_key_create(&key, linger) != 0 || pthread_setspecific(key, self) != 0)
			return -ENOMEM;
		break;
	default:
		break;
	}
	atomic_fetch_add(&self->passed, 1);
	return 0;
}

/* Plays both acts under a deadline. Returns what starting or joining returned. */
static int play(enum model model, enum act first, enum act second, uint64_t limit_ns, int stop_fd)
{
	static const char *const names[] = {"client", "server"};
	static const int cpus[] = {-1, -1};
	const struct peers_options options = {
		.model = model,
		.count = 2,
		.names = names,
		.cpus = cpus,
		.deadline_ns = clock_now_ns() + limit_ns,
		.stop_fd = stop_fd,
		.main = act_out,
		.context = script,
	};
	struct peers *peers;
	int ret;

	script->acts[0] = first;
	script->acts[1] = second;
	atomic_store(&script->passed, 0);
	why[0] = '\0';
	ret = peers_start(&peers, &options, why, sizeof(why));
	if (ret < 0)
		return ret;
	peers_release(peers);
	ret = peers_join(peers, why, sizeof(why));
	peers_stop(peers);
	return ret;
}

static int make_script(void **state)
{
	(void)state;
	script = mmap(NULL, sizeof(*script), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	return script == MAP_FAILED ? -1 : 0;
}

/* Also proves that no peer is left: a child that nobody reaped would be found. */
static int drop_script(void **state)
{
	(void)state;
	munmap(script, sizeof(*script));
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 0 : -1;
}

static void peers_pass_in_both_models(void **state)
{
	(void)state;
	assert_int_equal(play(MODEL_PROCESSES, ACT_PASS, ACT_PASS, NS_PER_S * 20, -1), 0);
	assert_int_equal(atomic_load(&script->passed), 2);
	assert_int_not_equal(script->pids[0], script->pids[1]);
	assert_int_equal(play(MODEL_THREADS, ACT_PASS, ACT_PASS, NS_PER_S * 20, -1), 0);
	assert_int_equal(atomic_load(&script->passed), 2);
	assert_int_equal(script->pids[0], script->pids[1]);
	assert_int_not_equal(script->pids[0], getpid());
}

static void a_failed_peer_is_named_with_its_words(void **state)
{
	(void)state;
	for (enum model model = MODEL_PROCESSES; model <= MODEL_THREADS; model++) {
		assert_int_equal(play(model, ACT_PASS, ACT_FAIL, NS_PER_S * 20, -1), -EBADMSG);
		assert_string_equal(why, "server: message 7 is torn");
	}
}

static void a_peer_that_fails_before_the_gate_ends_the_start(void **state)
{
	(void)state;
	for (enum model model = MODEL_PROCESSES; model <= MODEL_THREADS; model++) {
		assert_int_equal(play(model, ACT_FAIL_BEFORE_GATE, ACT_PASS, NS_PER_S * 20, -1),
		                 -ENOENT);
		assert_string_equal(why, "client: found nothing");
	}
}

static void a_killed_peer_is_named_with_its_signal(void **state)
{
	(void)state;
	assert_int_equal(play(MODEL_PROCESSES, ACT_SLEEP, ACT_DIE, NS_PER_S * 20, -1), -ECHILD);
	assert_non_null(strstr(why, "server (pid "));
	assert_non_null(strstr(why, "killed by signal 9"));
}

static void a_thread_that_is_killed_costs_its_process_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(play(MODEL_THREADS, ACT_SLEEP, ACT_DIE, NS_PER_S * 20, -1), -ECHILD);
	assert_non_null(strstr(why, "a thread of pid "));
	assert_non_null(strstr(why, "killed by signal 9"));
}

static void a_peer_that_leaves_in_mid_run_is_named_with_its_status(void **state)
{
	(void)state;
	assert_int_equal(play(MODEL_PROCESSES, ACT_EXIT, ACT_SLEEP, NS_PER_S * 20, -1), -ECHILD);
	assert_non_null(strstr(why, "client (pid "));
	assert_non_null(strstr(why, "status 9"));
}

static void the_cause_is_blamed_before_its_echo(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(play(MODEL_PROCESSES, ACT_GONE, ACT_FAIL, NS_PER_S * 20, -1),
		                 -EBADMSG);
		assert_int_equal(play(MODEL_PROCESSES, ACT_GONE, ACT_DIE, NS_PER_S * 20, -1),
		                 -ECHILD);
	}
}

static void a_peer_that_ignores_its_deadline_is_ended_and_named(void **state)
{
	(void)state;
	for (enum model model = MODEL_PROCESSES; model <= MODEL_THREADS; model++) {
		/* Long enough for the other peer to pass on a loaded machine. */
		assert_int_equal(play(model, ACT_PASS, ACT_SLEEP, NS_PER_MS * 500, -1), -ETIMEDOUT);
		assert_non_null(strstr(why, "server"));
		assert_non_null(strstr(why, "hangs"));
	}
}

static void a_thread_that_is_done_and_does_not_end_is_ended(void **state)
{
	uint64_t start_ns = clock_now_ns();

	(void)state;
	assert_int_equal(play(MODEL_THREADS, ACT_PASS, ACT_LINGER, NS_PER_S * 20, -1), 0);
	assert_true(clock_now_ns() - start_ns < 40 * NS_PER_S);
}

static void a_stop_ends_the_peers_at_once(void **state)
{
	int stop_fd = eventfd(1, EFD_CLOEXEC);
	uint64_t start_ns = clock_now_ns();

	(void)state;
	assert_true(stop_fd >= 0);
	assert_int_equal(play(MODEL_PROCESSES, ACT_SLEEP, ACT_SLEEP, NS_PER_S * 50, stop_fd),
	                 -EINTR);
	assert_true(clock_now_ns() - start_ns < 40 * NS_PER_S);
	close(stop_fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_script, drop_script)
const struct CMUnitTest unit_peer_tests[] = {
	TEST(peers_pass_in_both_models),
	TEST(a_failed_peer_is_named_with_its_words),
	TEST(a_peer_that_fails_before_the_gate_ends_the_start),
	TEST(a_killed_peer_is_named_with_its_signal),
	TEST(a_thread_that_is_killed_costs_its_process_and_no_more),
	TEST(a_peer_that_leaves_in_mid_run_is_named_with_its_status),
	TEST(the_cause_is_blamed_before_its_echo),
	TEST(a_peer_that_ignores_its_deadline_is_ended_and_named),
	TEST(a_thread_that_is_done_and_does_not_end_is_ended),
	TEST(a_stop_ends_the_peers_at_once),
};
const size_t unit_peer_tests_count = sizeof(unit_peer_tests) / sizeof(unit_peer_tests[0]);
