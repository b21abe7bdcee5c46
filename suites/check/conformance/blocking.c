/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/blocking.c - C13 to C17: waiting, waking, signals. */
#include "suites/check/conformance.h"
#include "suites/check/traffic.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#define MESSAGE_BYTES 64
#define WAKE_NS_MAX (100 * NS_PER_MS)
/* Long enough that both ends have gone to sleep. */
#define ASLEEP_NS_MAX (100 * NS_PER_US)
#define SIGNAL_EVERY_US 1000
#define BLOCKED_PEERS 3
/* So many slow round trips are no accident of a loaded machine. */
#define SLOW_MIN 20

enum {
	FLAG_OPEN = 2, /* the peer's end is open; the first flags are traffic's */
	FLAG_FULL,     /* the peer has filled the channel */
};

/* What the peers of a case share; in shared memory. */
struct shared {
	uint64_t taken; /* messages that fit */
	uint64_t woken_ns;
};

struct blocked_send {
	struct ipc_channel *channel;
	struct shared *shared;
};

/* Fills the channel, then sends one more, which has to wait. */
static void fill_and_send(struct peer *peer)
{
	const struct blocked_send *given = peer->argument;
	struct ipc_endpoint *producer = end_open(peer->check, given->channel, IPC_PRODUCER);

	given->shared->taken = message_fill(peer->check, producer, 0, 0, MESSAGE_BYTES);
	flag_raise(peer->check, FLAG_FULL);
	message_send(peer->check, producer, 0, given->shared->taken, MESSAGE_BYTES);
	given->shared->woken_ns = clock_now_ns();
	producer->deadline_ns = patience(peer->check);
	end_close(peer->check, producer);
}

static void a_blocked_send_goes_on_when_there_is_room(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct blocked_send given = {
		.channel = channel_make(check, &options),
		.shared = shared_memory(check, sizeof(struct shared)),
	};
	struct peer *peer = peer_start(check, fill_and_send, &given);
	struct ipc_endpoint *consumer = end_open(check, given.channel, IPC_CONSUMER);
	uint64_t drained_ns;

	flag_await(check, FLAG_FULL, 1);
	peer_await_call(peer);
	for (uint64_t i = 0; i < given.shared->taken; i++)
		message_receive(check, consumer, 0, i, MESSAGE_BYTES);
	drained_ns = clock_now_ns();
	message_receive(check, consumer, 0, given.shared->taken, MESSAGE_BYTES);
	peers_await(check);
	CHECK_THAT(!check_is_full(check) || given.shared->woken_ns <= drained_ns + WAKE_NS_MAX,
	           NULL, "send went on %llu ns after there was room",
	           (unsigned long long)(given.shared->woken_ns - drained_ns));
}

static void receive_one(struct peer *peer)
{
	struct ipc_endpoint *consumer = end_open(peer->check, peer->argument, IPC_CONSUMER);

	flag_raise(peer->check, FLAG_OPEN);
	message_receive(peer->check, consumer, 0, 0, MESSAGE_BYTES);
	end_close(peer->check, consumer);
}

static void a_blocked_recv_goes_on_when_a_message_comes(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct peer *peer = peer_start(check, receive_one, channel);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);

	flag_await(check, FLAG_OPEN, 1);
	peer_await_call(peer);
	message_send(check, producer, 0, 0, MESSAGE_BYTES);
	peers_await(check);
}

/* Returns how often this thread has gone to sleep. */
static long thread_sleeps(void)
{
	struct rusage usage;

	CHECK_SETUP(getrusage(RUSAGE_THREAD, &usage) == 0, "getrusage: %s", report_result(-errno));
	return usage.ru_nvcsw;
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static void a_waiting_recv_takes_no_cpu(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	uint64_t wait_ns = check_count(check, "ms", 100, 10000) * NS_PER_MS;
	/* In a short wait going to sleep and waking weigh more. */
	uint64_t cpu_ns_max = wait_ns / (check_is_full(check) ? 100 : 5);
	long sleeps_before = thread_sleeps();
	uint64_t before_ns = thread_cpu_ns();
	char data[MESSAGE_BYTES];
	ssize_t ret = call_recv(consumer, data, sizeof(data), from_now(wait_ns));
	uint64_t used_ns = thread_cpu_ns() - before_ns;
	long sleeps = thread_sleeps() - sleeps_before;

	CHECK_THAT(ret == -ETIMEDOUT, "C12", "recv: %s, not -ETIMEDOUT", report_result(ret));
	/* On a loaded machine even a busy loop gets little CPU time; but it never sleeps. */
	CHECK_THAT(sleeps > 0, NULL, "recv waited for %llu ms and never slept",
	           (unsigned long long)(wait_ns / NS_PER_MS));
	CHECK_THAT(used_ns <= cpu_ns_max, NULL, "waiting for %llu ms took %llu ns of CPU time",
	           (unsigned long long)(wait_ns / NS_PER_MS), (unsigned long long)used_ns);
}

/* The channels of a round trip. */
struct round_trip {
	struct ipc_channel *there;
	struct ipc_channel *back;
	uint64_t count;
};

static void answer(struct peer *peer)
{
	const struct round_trip *given = peer->argument;
	struct check *check = peer->check;
	struct ipc_endpoint *consumer = end_open(check, given->there, IPC_CONSUMER);
	struct ipc_endpoint *producer = end_open(check, given->back, IPC_PRODUCER);

	for (uint64_t i = 0; i < given->count; i++) {
		message_receive(check, consumer, 0, i, MESSAGE_BYTES);
		message_send(check, producer, 1, i, MESSAGE_BYTES);
	}
	end_close(check, consumer);
	end_close(check, producer);
}

static void no_wake_up_is_lost_in_strict_round_trips(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 2);
	struct round_trip given = {
		.there = channel_make(check, &options),
		.back = channel_make(check, &options),
		.count = check_count(check, "round trips", 400, 1000000),
	};
	struct ipc_endpoint *producer;
	struct ipc_endpoint *consumer;
	uint64_t slow = 0;

	peer_start(check, answer, &given);
	producer = end_open(check, given.there, IPC_PRODUCER);
	consumer = end_open(check, given.back, IPC_CONSUMER);
	for (uint64_t i = 0; i < given.count; i++) {
		uint64_t start_ns;

		/* At any moment from "just awake" to "both asleep". */
		if (i % 4 == 0)
			clock_sleep_until(from_now(check_random(check) % ASLEEP_NS_MAX));
		start_ns = clock_now_ns();
		message_send(check, producer, 0, i, MESSAGE_BYTES);
		message_receive(check, consumer, 1, i, MESSAGE_BYTES);
		slow += clock_now_ns() - start_ns > WAKE_NS_MAX;
		/* A waiter that looks again by and by hides a lost wake-up, but is slow. */
		CHECK_THAT(slow == 0 || !check_is_full(check), NULL,
		           "round trip %llu took over 100 ms", (unsigned long long)i);
		CHECK_THAT(slow < SLOW_MIN || slow < i / 4 || check_wait(check) == IPC_WAIT_SPIN,
		           NULL, "%llu of %llu round trips took over 100 ms",
		           (unsigned long long)slow, (unsigned long long)i + 1);
	}
	peers_await(check);
}

static void ignore_signal(int number)
{
	(void)number;
}

static void signals_start(int flags)
{
	const struct itimerval every = {
		.it_interval.tv_usec = SIGNAL_EVERY_US,
		.it_value.tv_usec = SIGNAL_EVERY_US,
	};
	struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = flags};

	CHECK_SETUP(sigaction(SIGALRM, &action, NULL) == 0, "sigaction: %s", report_result(-errno));
	CHECK_SETUP(setitimer(ITIMER_REAL, &every, NULL) == 0, "setitimer: %s",
	            report_result(-errno));
}

static void signals_stop(void)
{
	const struct itimerval never = {0};

	setitimer(ITIMER_REAL, &never, NULL);
}

static void start_interrupting(struct peer *peer)
{
	(void)peer;
	signals_start(0);
}

static void start_restarting(struct peer *peer)
{
	(void)peer;
	signals_start(SA_RESTART);
}

static void signals_harm_no_message(struct check *check)
{
	struct traffic traffic = {
		.clause = "C16",
		.producer_count = 1,
		.consumer_count = 1,
		.message_count = check_count(check, "messages at 1,000 signals/s", 200, 100000),
		.bytes_min = 32,
		.bytes_max = channel_largest(check, 2, 70000),
		.slot_count = 2,
		.producer_pause_ns = 300 * NS_PER_US,
		.start = start_interrupting,
	};

	traffic_control(check);
	traffic_run(check, &traffic);
	traffic.start = start_restarting;
	traffic_run(check, &traffic);
	signals_stop();
}

static void a_deadline_holds_under_signals(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	static const int flags[] = {0, SA_RESTART};
	char data[MESSAGE_BYTES];
	uint64_t sent;
	ssize_t ret;

	for (size_t i = 0; i < 2; i++) {
		signals_start(flags[i]);
		ret = call_recv(consumer, data, sizeof(data), from_now(20 * NS_PER_MS));
		signals_stop();
		CHECK_THAT(ret == -ETIMEDOUT, NULL, "recv under signals: %s, not -ETIMEDOUT",
		           report_result(ret));
	}
	sent = message_fill(check, producer, 0, 0, MESSAGE_BYTES);
	for (size_t i = 0; i < 2; i++) {
		signals_start(flags[i]);
		ret = message_offer_full(check, producer, &sent, MESSAGE_BYTES, 20 * NS_PER_MS);
		signals_stop();
		CHECK_THAT(ret == -ETIMEDOUT, NULL, "send under signals: %s, not -ETIMEDOUT",
		           report_result(ret));
	}
}

/* Blocks in recv until the producer has gone. */
static void expect_hang_up(struct peer *peer)
{
	struct ipc_endpoint *consumer = end_open(peer->check, peer->argument, IPC_CONSUMER);
	char data[MESSAGE_BYTES];
	ssize_t ret;

	flag_raise(peer->check, FLAG_OPEN);
	ret = call_recv(consumer, data, sizeof(data), patience(peer->check));
	CHECK_THAT(ret == -EPIPE, NULL, "consumer %u was not woken by hang-up: %s", peer->index,
	           report_result(ret));
	end_close(peer->check, consumer);
}

/* Blocks in send on a full channel until the consumer has gone. */
static void expect_no_reader(struct peer *peer)
{
	struct ipc_endpoint *producer = end_open(peer->check, peer->argument, IPC_PRODUCER);
	uint64_t sent = message_fill(peer->check, producer, 0, 0, MESSAGE_BYTES);
	int ret;

	flag_raise(peer->check, FLAG_FULL);
	ret = message_offer_full(peer->check, producer, &sent, MESSAGE_BYTES,
	                         peer->check->settings->patience_ns);
	CHECK_THAT(ret == -EPIPE, NULL, "producer %u was not woken by hang-up: %s", peer->index,
	           report_result(ret));
	producer->deadline_ns = 0; /* The rest of a frame has nowhere to go. */
	end_close(peer->check, producer);
}

/* Starts peers that block, and leaves the channel; all of them are to notice. */
static void shut_down(struct check *check, const struct ipc_channel_options *options,
                      void (*body)(struct peer *peer), unsigned flag, enum ipc_role own_role)
{
	struct ipc_channel *channel = channel_make(check, options);
	struct ipc_endpoint *own;

	for (unsigned i = 0; i < BLOCKED_PEERS; i++)
		peer_start(check, body, channel);
	own = end_open(check, channel, own_role);
	flag_await(check, flag, BLOCKED_PEERS);
	for (unsigned i = 0; i < BLOCKED_PEERS; i++)
		peer_await_call(&check->peers[i]);
	end_close(check, own);
	channel_leave(check, channel);
	peers_await(check);
}

static void shutdown_wakes_every_blocked_consumer(struct check *check)
{
	struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);

	options.consumer_count = BLOCKED_PEERS;
	shut_down(check, &options, expect_hang_up, FLAG_OPEN, IPC_PRODUCER);
}

static void shutdown_wakes_every_blocked_producer(struct check *check)
{
	struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);

	options.producer_count = BLOCKED_PEERS;
	shut_down(check, &options, expect_no_reader, FLAG_FULL, IPC_CONSUMER);
}

const struct check_case conformance_blocking[] = {
	{
		.name = "a_blocked_send_goes_on_when_there_is_room",
		.clauses = "C13",
		.runs = EACH_WAIT | EACH_MODEL,
		.run = a_blocked_send_goes_on_when_there_is_room,
	},
	{
		.name = "a_blocked_recv_goes_on_when_a_message_comes",
		.clauses = "C15",
		.runs = EACH_WAIT | EACH_MODEL,
		.run = a_blocked_recv_goes_on_when_a_message_comes,
	},
	{
		.name = "a_waiting_recv_takes_no_cpu",
		.clauses = "C14",
		.needs = IPC_CAP_BLOCK,
		.runs = ALONE,
		.run = a_waiting_recv_takes_no_cpu,
	},
	{
		.name = "no_wake_up_is_lost_in_strict_round_trips",
		.clauses = "C15",
		.runs = EACH_WAIT | EACH_MODEL,
		.run = no_wake_up_is_lost_in_strict_round_trips,
	},
	{
		.name = "signals_harm_no_message",
		.clauses = "C16",
		.runs = EACH_WAIT | ALONE_TOO,
		.run = signals_harm_no_message,
	},
	{
		.name = "a_deadline_holds_under_signals",
		.clauses = "C16",
		.runs = EACH_WAIT | ALONE,
		.run = a_deadline_holds_under_signals,
	},
	{
		.name = "shutdown_wakes_every_blocked_consumer",
		.clauses = "C17",
		.needs = IPC_CAP_HANGUP | IPC_CAP_MULTI_CONSUMER,
		.runs = EACH_WAIT | IN_PROCESSES,
		.run = shutdown_wakes_every_blocked_consumer,
	},
	{
		.name = "shutdown_wakes_every_blocked_producer",
		.clauses = "C17",
		.needs = IPC_CAP_HANGUP | IPC_CAP_MULTI_PRODUCER,
		.runs = EACH_WAIT | IN_PROCESSES,
		.run = shutdown_wakes_every_blocked_producer,
	},
	{0},
};
