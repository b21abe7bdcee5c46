/* SPDX-License-Identifier: MIT */
/*
 * suites/check/conformance/resources.c - C26 to C28: nothing left, nothing growing, many at once.
 *
 * What is left behind after any case at all is found by the runner, as C26.
 */
#include "suites/check/conformance.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define MESSAGE_BYTES 64
#define SLOT_COUNT 4
#define GROWTH_BYTES_MAX ((size_t)1 << 20)
/* More descriptors than any channel and its ends take. */
#define DESCRIPTORS_MAX 64

/* Makes a channel, passes a message, and closes everything. */
static void use_once(struct check *check, uint64_t sequence)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);

	message_send(check, producer, 0, sequence, MESSAGE_BYTES);
	message_receive(check, consumer, 0, sequence, MESSAGE_BYTES);
	end_close(check, producer);
	end_close(check, consumer);
	channel_end(check, channel);
}

static void open_use_and_close_leave_nothing(struct check *check)
{
	for (uint64_t i = 0; i < 10; i++)
		use_once(check, i);
}

static void unread_messages_leave_nothing(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);

	message_fill(check, producer, 0, 0, MESSAGE_BYTES);
	producer->deadline_ns = 0;
	end_close(check, producer);
	end_close(check, consumer);
	channel_end(check, channel);
}

static size_t descriptor_count(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	CHECK_SETUP(folder, "/proc/self/fd: %s", report_result(-errno));
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* Tries with room for few descriptors; returns what failed first, or 0. */
static int try_once(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	const struct ipc_transport *transport = check_transport(check);
	struct ipc_endpoint *producer = NULL;
	struct ipc_endpoint *consumer = NULL;
	struct ipc_channel *channel = NULL;
	int ret;

	ret = transport->channel_create(&channel, &options);
	if (ret < 0)
		return ret;
	ret = ipc_endpoint_open(&producer, channel, IPC_PRODUCER, patience(check));
	if (ret == 0)
		ret = ipc_endpoint_open(&consumer, channel, IPC_CONSUMER, patience(check));
	transport->endpoint_close(producer);
	transport->endpoint_close(consumer);
	transport->channel_destroy(channel);
	return ret;
}

static void running_out_of_descriptors_is_an_error_and_leaves_nothing(struct check *check)
{
	size_t before = descriptor_count();
	struct rlimit usual;
	int ret = -EMFILE;

	CHECK_SETUP(getrlimit(RLIMIT_NOFILE, &usual) == 0, "getrlimit: %s", report_result(-errno));
	for (rlim_t room = 0; ret < 0 && room < DESCRIPTORS_MAX; room++) {
		struct rlimit tight = {.rlim_cur = 3 + room, .rlim_max = usual.rlim_max};
		size_t after;

		CHECK_SETUP(setrlimit(RLIMIT_NOFILE, &tight) == 0, "setrlimit: %s",
		            report_result(-errno));
		ret = try_once(check);
		setrlimit(RLIMIT_NOFILE, &usual);
		after = descriptor_count();
		CHECK_THAT(ret == 0 || ret == -EMFILE, NULL,
		           "with RLIMIT_NOFILE %u: %s, not -EMFILE", (unsigned)tight.rlim_cur,
		           report_result(ret));
		CHECK_THAT(after == before, NULL,
		           "%zu descriptors left after %s with RLIMIT_NOFILE %u", after - before,
		           report_result(ret), (unsigned)tight.rlim_cur);
	}
	CHECK_THAT(ret == 0, NULL, "a channel and its ends take over %d descriptors",
	           DESCRIPTORS_MAX);
}

static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	size_t resident = 0;

	CHECK_SETUP(file, "/proc/self/statm: %s", report_result(-errno));
	if (fscanf(file, "%*u %zu", &resident) != 1)
		resident = 0;
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void opening_and_closing_does_not_grow_memory(struct check *check)
{
	uint64_t count = check_count(check, "opens and closes", 300, 1000000);
	size_t before;
	size_t after;

	if (IS_ADDRESS_SANITIZED || IS_THREAD_SANITIZED)
		report_skip("this build's sanitizer keeps what was freed");
	for (uint64_t i = 0; i < 50; i++)
		use_once(check, i);
	before = resident_bytes();
	for (uint64_t i = 0; i < count; i++)
		use_once(check, i);
	after = resident_bytes();
	CHECK_THAT(after < before + GROWTH_BYTES_MAX, NULL,
	           "%llu opens and closes grew memory by %zu bytes", (unsigned long long)count,
	           after - before);
}

/* One of many channels, with both ends. */
struct many {
	struct ipc_channel *channel;
	struct ipc_endpoint *producer;
	struct ipc_endpoint *consumer;
};

static int many_open(struct check *check, struct many *one)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	int ret;

	ret = check_transport(check)->channel_create(&one->channel, &options);
	if (ret == 0)
		ret = ipc_endpoint_open(&one->producer, one->channel, IPC_PRODUCER,
		                        patience(check));
	if (ret == 0)
		ret = ipc_endpoint_open(&one->consumer, one->channel, IPC_CONSUMER,
		                        patience(check));
	return ret;
}

static void many_close(struct check *check, struct many *one)
{
	check_transport(check)->endpoint_close(one->producer);
	check_transport(check)->endpoint_close(one->consumer);
	check_transport(check)->channel_destroy(one->channel);
	*one = (struct many){0};
}

static bool is_limit(int ret)
{
	return ret == -EMFILE || ret == -ENFILE || ret == -ENOSPC || ret == -ENOMEM ||
	       ret == -EAGAIN;
}

static void many_channels_exist_at_once_or_a_limit_is_named(struct check *check)
{
	uint64_t count = check_count(check, "channels", 64, 1024);
	struct many *all = calloc(count, sizeof(*all));
	uint64_t opened = 0;
	int ret = 0;

	CHECK_SETUP(all, "no memory");
	use_once(check, 0); /* It tells apart "none at all" and "no more". */
	while (opened < count) {
		ret = many_open(check, &all[opened]);
		if (ret < 0) {
			many_close(check, &all[opened]);
			break;
		}
		opened++;
	}
	CHECK_THAT(ret == 0 || is_limit(ret), NULL, "channel %llu: %s, which is no limit",
	           (unsigned long long)opened, report_result(ret));
	CHECK_THAT(opened > 0, NULL, "not even one channel: %s", report_result(ret));
	for (uint64_t i = 0; i < opened; i++)
		message_send(check, all[i].producer, 0, i, MESSAGE_BYTES);
	for (uint64_t i = 0; i < opened; i++)
		message_receive(check, all[i].consumer, 0, i, MESSAGE_BYTES);
	for (uint64_t i = 0; i < opened; i++)
		many_close(check, &all[i]);
	if (ret < 0)
		check_count(check, report_result(ret), opened, opened);
	free(all);
}

const struct check_case conformance_resources[] = {
	{
		.name = "open_use_and_close_leave_nothing",
		.clauses = "C26",
		.runs = EACH_WAIT | ALONE,
		.run = open_use_and_close_leave_nothing,
	},
	{
		.name = "unread_messages_leave_nothing",
		.clauses = "C26",
		.runs = ALONE,
		.run = unread_messages_leave_nothing,
	},
	{
		.name = "running_out_of_descriptors_is_an_error_and_leaves_nothing",
		.clauses = "C26",
		.runs = ALONE,
		.run = running_out_of_descriptors_is_an_error_and_leaves_nothing,
	},
	{
		.name = "opening_and_closing_does_not_grow_memory",
		.clauses = "C27",
		.runs = ALONE,
		.run = opening_and_closing_does_not_grow_memory,
	},
	{
		.name = "many_channels_exist_at_once_or_a_limit_is_named",
		.clauses = "C28",
		.runs = ALONE,
		.run = many_channels_exist_at_once_or_a_limit_is_named,
	},
	{0},
};
