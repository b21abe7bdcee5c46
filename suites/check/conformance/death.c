/* SPDX-License-Identifier: MIT */
/*
 * suites/check/conformance/death.c - C10, C18, C19, C21: what a survivor sees of a peer's death.
 */
#include "suites/check/conformance.h"
#include "suites/check/traffic.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/payload.h"

#define MESSAGE_BYTES 64
#define TOLD_NS_MAX_KERNEL (100 * NS_PER_MS)
#define TOLD_NS_MAX_SHARED_MEMORY (500 * NS_PER_MS)
#define KILL_WITHIN_NS (2 * NS_PER_MS)
#define SLICE_NS (20 * NS_PER_MS)
#define PAIRS_MAX 16
/* Messages so far apart are sent at most, to a channel that has room for them and more. */
#define SPACED_NS (20 * NS_PER_MS)
#define SPACED_MAX 10
#define SPACED_ROOM 64
/* More messages than are sent before a kill. */
#define SEEN_MAX (1u << 18)

enum {
	FLAG_OPEN = 2, /* the victim's end is open */
	FLAG_READY,    /* the survivor is about to block */
	FLAG_GO_ON,    /* and one for each way to die after it */
};

/* How a peer ends. */
enum death {
	DEATH_EXIT,
	DEATH_KILLED,         /* and reaped */
	DEATH_ZOMBIE,         /* killed, not reaped while the survivor looks */
	DEATH_STOPPED_KILLED, /* stopped first, not reaped */
	DEATH_COUNT,
};

struct told {
	uint64_t told_ns;
};

struct scene {
	struct ipc_channel *channel;
	enum ipc_role victim_role;
	enum death death;
	struct told *told; /* in shared memory */
	struct peer *victim;
	struct peer *survivor;
};

/* Opens an end, and lives until it is killed or told to go on and end. */
static void be_victim(struct peer *peer)
{
	const struct scene *scene = peer->argument;
	struct ipc_endpoint *endpoint = end_open(peer->check, scene->channel, scene->victim_role);

	flag_raise(peer->check, FLAG_OPEN);
	flag_await(peer->check, FLAG_GO_ON + scene->death, 1);
	end_close(peer->check, endpoint);
}

/* Sends or receives until that is refused; returns how. */
static ssize_t survive(struct check *check, struct ipc_endpoint *endpoint, bool sends,
                       uint64_t *sent)
{
	char data[MESSAGE_BYTES];

	if (sends)
		return message_offer_full(check, endpoint, sent, MESSAGE_BYTES,
		                          check->settings->patience_ns);
	return call_recv(endpoint, data, sizeof(data), patience(check));
}

/* Opens the other end, and blocks in it until it is told of the death. */
static void be_survivor(struct peer *peer)
{
	static const char *const deaths[] = {"exit", "kill", "kill, not reaped", "stop and kill"};
	const struct scene *scene = peer->argument;
	struct check *check = peer->check;
	bool sends = scene->victim_role == IPC_CONSUMER;
	struct ipc_endpoint *endpoint =
		end_open(check, scene->channel, sends ? IPC_PRODUCER : IPC_CONSUMER);
	uint64_t sent = sends ? message_fill(check, endpoint, 0, 0, MESSAGE_BYTES) : 0;
	ssize_t ret;

	flag_raise(check, FLAG_READY);
	ret = survive(check, endpoint, sends, &sent);
	scene->told->told_ns = clock_now_ns();
	CHECK_THAT(ret == -EPIPE, NULL, "%s after the peer's %s: %s, not -EPIPE",
	           sends ? "send" : "recv", deaths[scene->death], report_result(ret));
	ret = survive(check, endpoint, sends, &sent);
	CHECK_THAT(ret == -EPIPE, NULL, "%s again after the peer's %s: %s, not -EPIPE",
	           sends ? "send" : "recv", deaths[scene->death], report_result(ret));
	endpoint->deadline_ns = 0; /* The rest of a frame has nowhere to go. */
	end_close(check, endpoint);
}

static void scene_open(struct check *check, struct scene *scene)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);

	scene->channel = channel_make(check, &options);
	scene->told = shared_memory(check, sizeof(*scene->told));
	scene->victim = peer_start(check, be_victim, scene);
	scene->survivor = peer_start(check, be_survivor, scene);
	/* Later peers must not inherit its ends: they would keep it alive. */
	channel_leave(check, scene->channel);
}

static void scene_kill(struct check *check, const struct scene *scene)
{
	if (scene->death == DEATH_EXIT) {
		flag_raise(check, FLAG_GO_ON + DEATH_EXIT);
		peer_join(scene->victim);
		return;
	}
	if (scene->death == DEATH_STOPPED_KILLED)
		peer_stop(scene->victim);
	peer_kill(scene->victim, scene->death == DEATH_KILLED);
}

/* Lets the peer of one role die in each way, its partner blocked; all are told. */
static void tell_of(struct check *check, enum ipc_role victim_role)
{
	const uint64_t bound_ns = check_has(check, IPC_CAP_SHARED_MEMORY)
	                                  ? TOLD_NS_MAX_SHARED_MEMORY
	                                  : TOLD_NS_MAX_KERNEL;
	uint64_t rounds = check_count(check, "deaths of each kind", 1, 1000);

	for (uint64_t i = 0; i < rounds; i++) {
		struct scene scenes[DEATH_COUNT];
		uint64_t dead_ns[DEATH_COUNT];

		for (unsigned death = 0; death < DEATH_COUNT; death++) {
			scenes[death] = (struct scene){.victim_role = victim_role, .death = death};
			scene_open(check, &scenes[death]);
		}
		flag_await(check, FLAG_OPEN, DEATH_COUNT);
		flag_await(check, FLAG_READY, DEATH_COUNT);
		for (unsigned death = 0; death < DEATH_COUNT; death++) {
			peer_await_call(scenes[death].survivor);
			scene_kill(check, &scenes[death]);
			dead_ns[death] = clock_now_ns();
		}
		for (unsigned death = 0; death < DEATH_COUNT; death++) {
			const struct scene *scene = &scenes[death];

			peer_join(scene->survivor);
			CHECK_THAT(!check_is_full(check) ||
			                   scene->told->told_ns <= dead_ns[death] + bound_ns,
			           NULL, "the death was told after %llu ns",
			           (unsigned long long)(scene->told->told_ns - dead_ns[death]));
			if (!scene->victim->is_joined)
				peer_kill(scene->victim, true);
			channel_end(check, scene->channel);
			shared_memory_end(check, scene->told);
		}
		peers_renew(check);
	}
}

static void a_blocked_recv_is_told_however_the_producer_dies(struct check *check)
{
	tell_of(check, IPC_PRODUCER);
}

static void a_blocked_send_is_told_however_the_consumer_dies(struct check *check)
{
	tell_of(check, IPC_CONSUMER);
}

/* Sends now and then, with room for all of it, after the consumer was killed. */
static void a_send_with_room_is_told_of_a_gone_consumer(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SPACED_ROOM);
	struct scene scene = {.channel = channel_make(check, &options),
	                      .victim_role = IPC_CONSUMER};
	struct peer *victim = peer_start(check, be_victim, &scene);
	struct ipc_endpoint *producer = end_open(check, scene.channel, IPC_PRODUCER);
	uint64_t sent = 0;
	int ret;

	flag_await(check, FLAG_OPEN, 1);
	message_send(check, producer, 0, sent++, MESSAGE_BYTES);
	peer_kill(victim, true);
	peers_renew(check);
	do {
		char data[MESSAGE_BYTES] = "";

		clock_sleep_until(from_now(SPACED_NS));
		ret = call_send(producer, data, sizeof(data), patience(check), 0);
		sent++;
	} while (ret == 0 && sent < SPACED_MAX);
	CHECK_THAT(ret == -EPIPE, NULL, "send of message %llu after the consumer's kill: %s",
	           (unsigned long long)sent, report_result(ret));
	ret = call_send(producer, "", 1, patience(check), 0);
	CHECK_THAT(ret == -EPIPE, NULL, "the next send: %s, not -EPIPE", report_result(ret));
	producer->deadline_ns = 0;
	end_close(check, producer);
	channel_end(check, scene.channel);
}

static void send_one_and_exit(struct peer *peer)
{
	struct ipc_endpoint *producer = end_open(peer->check, peer->argument, IPC_PRODUCER);

	message_send(peer->check, producer, 0, 0, MESSAGE_BYTES);
	end_close(peer->check, producer);
}

static void recv_drains_then_reports_a_gone_producer(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *consumer;
	char data[MESSAGE_BYTES];
	ssize_t ret;

	peer_start(check, send_one_and_exit, channel);
	consumer = end_open(check, channel, IPC_CONSUMER);
	peers_await(check);
	message_receive(check, consumer, 0, 0, MESSAGE_BYTES);
	ret = call_recv(consumer, data, sizeof(data), patience(check));
	CHECK_THAT(ret == -EPIPE, NULL, "recv of a drained channel: %s, not -EPIPE",
	           report_result(ret));
}

/* Sends whatever its size, until it is killed. */
static void send_for_ever(struct peer *peer)
{
	const struct scene *scene = peer->argument;
	struct check *check = peer->check;
	struct ipc_endpoint *producer = end_open(check, scene->channel, IPC_PRODUCER);
	size_t bytes_max = check->message_bytes_max;
	unsigned char *data = malloc(bytes_max);

	CHECK_SETUP(data, "no memory");
	flag_raise(check, FLAG_OPEN);
	for (uint64_t sequence = 0;; sequence++) {
		const struct payload due = {.seed = check_seed(check), .sequence = sequence};
		size_t bytes =
			PAYLOAD_HEADER_BYTES +
			payload_mix(due.seed, 0, sequence) % (bytes_max - PAYLOAD_HEADER_BYTES + 1);
		int ret;

		payload_fill(data, bytes, &due);
		do
			ret = call_send(producer, data, bytes, from_now(SLICE_NS), 0);
		while (ret == -ETIMEDOUT);
		CHECK_THAT(ret == 0, NULL, "send: %s", report_result(ret));
	}
}

/* How often each message came, and in what order. */
struct seen {
	uint8_t counts[SEEN_MAX];
	uint64_t next; /* one beyond the highest */
	bool is_ordered;
};

/* Receives until until_ns, or the end of what comes; each message must be whole. */
static void receive_whole(struct check *check, struct ipc_endpoint *consumer, unsigned char *data,
                          uint64_t until_ns, struct seen *seen)
{
	const struct traffic traffic = {
		.producer_count = 1,
		.message_count = SEEN_MAX,
		.bytes_min = PAYLOAD_HEADER_BYTES,
		.bytes_max = check->message_bytes_max,
	};

	while (clock_now_ns() < until_ns) {
		ssize_t ret =
			call_recv(consumer, data, check->message_bytes_max, from_now(SLICE_NS));
		uint64_t sequence;

		if (ret == -EPIPE || ret == -ETIMEDOUT)
			break;
		CHECK_THAT(ret >= 0, "C19", "recv: %s", report_result(ret));
		sequence = traffic_judge(check, "C21", data, ret, &traffic);
		seen->is_ordered &= sequence >= seen->next;
		if (sequence >= seen->next)
			seen->next = sequence + 1;
		if (seen->counts[sequence] < UINT8_MAX)
			seen->counts[sequence]++;
	}
}

/* What came before the death came once, in order, without gaps. */
static void judge_seen(const struct seen *seen)
{
	for (uint64_t i = 0; i < seen->next; i++)
		CHECK_THAT(seen->counts[i] <= 1, "C04", "message %llu came %u times",
		           (unsigned long long)i, seen->counts[i]);
	for (uint64_t i = 0; i < seen->next; i++)
		CHECK_THAT(seen->counts[i] == 1, "C03", "message %llu is lost, message %llu came",
		           (unsigned long long)i, (unsigned long long)seen->next - 1);
	CHECK_THAT(seen->is_ordered, "C02", "messages came out of order");
}

static void a_killed_producer_leaves_no_torn_message(struct check *check)
{
	const struct ipc_channel_options options =
		check_options(check, channel_largest(check, 4, 1u << 18), 4);
	uint64_t kills = check_count(check, "kills", 12, 10000);
	unsigned char *data = malloc(options.message_bytes_max);
	struct seen *seen = malloc(sizeof(*seen));

	CHECK_SETUP(data && seen, "no memory");
	for (uint64_t i = 0; i < kills; i++) {
		struct scene scene = {.channel = channel_make(check, &options)};
		struct peer *victim = peer_start(check, send_for_ever, &scene);
		struct ipc_endpoint *consumer = end_open(check, scene.channel, IPC_CONSUMER);

		*seen = (struct seen){.is_ordered = true};
		flag_await(check, FLAG_OPEN, 1);
		receive_whole(check, consumer, data, from_now(check_random(check) % KILL_WITHIN_NS),
		              seen);
		peer_kill(victim, true);
		receive_whole(check, consumer, data, UINT64_MAX, seen);
		judge_seen(seen);
		peers_renew(check);
		end_close(check, consumer);
		channel_end(check, scene.channel);
	}
	free(seen);
	free(data);
}

static void receive_for_ever(struct peer *peer)
{
	const struct scene *scene = peer->argument;
	struct ipc_endpoint *consumer = end_open(peer->check, scene->channel, IPC_CONSUMER);
	unsigned char *data = malloc(peer->check->message_bytes_max);

	CHECK_SETUP(data, "no memory");
	flag_raise(peer->check, FLAG_OPEN);
	for (;;) {
		ssize_t ret = call_recv(consumer, data, peer->check->message_bytes_max,
		                        from_now(SLICE_NS));

		CHECK_THAT(ret >= 0 || ret == -ETIMEDOUT, NULL, "recv: %s", report_result(ret));
	}
}

/* Sends until until_ns, or until it is told of the death. */
static void send_on(struct check *check, struct ipc_endpoint *producer, unsigned char *data,
                    uint64_t until_ns)
{
	uint64_t bytes = check->message_bytes_max;

	while (clock_now_ns() < until_ns) {
		int ret = call_send(producer, data, bytes, from_now(5 * NS_PER_MS), 0);

		if (ret == -EPIPE)
			return;
		CHECK_THAT(ret == 0 || ret == -ETIMEDOUT, NULL, "send: %s", report_result(ret));
	}
}

static void a_killed_consumer_hangs_no_producer(struct check *check)
{
	const struct ipc_channel_options options =
		check_options(check, channel_largest(check, 4, 8192), 4);
	uint64_t kills = check_count(check, "kills", 8, 10000);
	unsigned char *data = calloc(1, options.message_bytes_max);

	CHECK_SETUP(data, "no memory");
	for (uint64_t i = 0; i < kills; i++) {
		struct scene scene = {.channel = channel_make(check, &options)};
		struct peer *victim = peer_start(check, receive_for_ever, &scene);
		struct ipc_endpoint *producer = end_open(check, scene.channel, IPC_PRODUCER);

		flag_await(check, FLAG_OPEN, 1);
		send_on(check, producer, data, from_now(check_random(check) % KILL_WITHIN_NS));
		peer_kill(victim, true);
		send_on(check, producer, data, from_now(10 * NS_PER_MS));
		producer->deadline_ns = 0; /* The rest of a frame has nowhere to go. */
		peers_renew(check);
		end_close(check, producer);
		channel_end(check, scene.channel);
	}
	free(data);
}

/* Sends a message a little while after it was told to go on. */
static void send_when_told(struct peer *peer)
{
	struct ipc_endpoint *producer = end_open(peer->check, peer->argument, IPC_PRODUCER);

	flag_raise(peer->check, FLAG_OPEN);
	flag_await(peer->check, FLAG_GO_ON, 1);
	message_send(peer->check, producer, 0, 0, MESSAGE_BYTES);
	end_close(peer->check, producer);
}

static void a_stopped_peer_is_not_taken_for_dead(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	uint64_t stop_ns = check_count(check, "ms", 60, 10000) * NS_PER_MS;
	struct ipc_channel *channel = channel_make(check, &options);
	struct peer *peer = peer_start(check, send_when_told, channel);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	char data[MESSAGE_BYTES];
	ssize_t ret;

	flag_await(check, FLAG_OPEN, 1);
	peer_stop(peer);
	ret = call_recv(consumer, data, sizeof(data), from_now(stop_ns));
	kill(peer->pid, SIGCONT);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "recv while the producer was stopped: %s",
	           report_result(ret));
	flag_raise(check, FLAG_GO_ON);
	message_receive(check, consumer, 0, 0, MESSAGE_BYTES);
	peers_await(check);
}

/* Many pairs: a peer that waits long for a CPU is not dead. */
struct pairs {
	struct ipc_channel *channels[PAIRS_MAX];
	uint32_t count;
	uint64_t until_ns;
};

/* Opens an end of the pair's own channel; who keeps another's keeps it from ending. */
static struct ipc_endpoint *pair_open(struct peer *peer, enum ipc_role role)
{
	const struct pairs *pairs = peer->argument;

	for (uint32_t i = 0; i < pairs->count; i++) {
		if (i != peer->index / 2)
			channel_leave(peer->check, pairs->channels[i]);
	}
	return end_open(peer->check, pairs->channels[peer->index / 2], role);
}

static void pair_produce(struct peer *peer)
{
	const struct pairs *pairs = peer->argument;
	struct ipc_endpoint *producer = pair_open(peer, IPC_PRODUCER);

	for (uint64_t i = 0; clock_now_ns() < pairs->until_ns; i++)
		message_send(peer->check, producer, 0, i, MESSAGE_BYTES);
	producer->deadline_ns = patience(peer->check);
	end_close(peer->check, producer);
}

static void pair_consume(struct peer *peer)
{
	const struct pairs *pairs = peer->argument;
	struct ipc_endpoint *consumer = pair_open(peer, IPC_CONSUMER);
	char data[MESSAGE_BYTES];
	ssize_t ret;

	do
		ret = call_recv(consumer, data, sizeof(data), patience(peer->check));
	while (ret >= 0);
	CHECK_THAT(ret == -EPIPE, NULL, "recv at the end: %s, not -EPIPE", report_result(ret));
	CHECK_THAT(clock_now_ns() >= pairs->until_ns, NULL,
	           "consumer %u was told of a death that was none", peer->index / 2);
	end_close(peer->check, consumer);
}

static void many_busy_peers_raise_no_false_alarm(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	uint64_t run_ns = check_count(check, "ms", 60, 600 * 1000) * NS_PER_MS;
	struct pairs pairs = {
		.count = (uint32_t)check_count(check, "pairs", 4, PAIRS_MAX),
		.until_ns = from_now(run_ns),
	};

	for (uint32_t i = 0; i < pairs.count; i++)
		pairs.channels[i] = channel_make(check, &options);
	for (uint32_t i = 0; i < pairs.count; i++) {
		peer_start(check, pair_produce, &pairs);
		peer_start(check, pair_consume, &pairs);
	}
	for (uint32_t i = 0; i < pairs.count; i++)
		channel_leave(check, pairs.channels[i]);
	peers_await(check);
}

#define DEATH_CASE(case_name, case_clauses, case_needs, case_runs)                                 \
	{                                                                                          \
		.name = #case_name, .clauses = case_clauses, .needs = case_needs,                  \
		.runs = (case_runs) | IN_PROCESSES, .run = case_name,                              \
	}

const struct check_case conformance_death[] = {
	DEATH_CASE(a_killed_producer_leaves_no_torn_message, "C21 C10 C19", 0, EACH_WAIT),
	DEATH_CASE(a_killed_consumer_hangs_no_producer, "C19", 0, EACH_WAIT),
	DEATH_CASE(recv_drains_then_reports_a_gone_producer, "C18", IPC_CAP_HANGUP, EACH_WAIT),
	DEATH_CASE(a_blocked_recv_is_told_however_the_producer_dies, "C18", IPC_CAP_HANGUP,
                   EACH_WAIT),
	DEATH_CASE(a_blocked_send_is_told_however_the_consumer_dies, "C18", IPC_CAP_HANGUP,
                   EACH_WAIT),
	DEATH_CASE(a_send_with_room_is_told_of_a_gone_consumer, "C18", IPC_CAP_HANGUP, EACH_WAIT),
	DEATH_CASE(a_stopped_peer_is_not_taken_for_dead, "C18", IPC_CAP_HANGUP, EACH_WAIT),
	DEATH_CASE(many_busy_peers_raise_no_false_alarm, "C18", IPC_CAP_HANGUP, EACH_WAIT),
	{0},
};
