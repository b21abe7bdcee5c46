/* SPDX-License-Identifier: MIT */
/*
 * suites/check/conformance/interface.c - what ipc/transport.h says beside the clauses, and C41.
 */
#include "suites/check/conformance.h"

#include <string.h>

#define MESSAGE_BYTES 64
#define WHY_BYTES 256
#define HUGE_BYTES (SIZE_MAX / 4)

/* Creates a channel that must be refused with -EINVAL. */
static void refuse(struct check *check, const struct ipc_channel_options *options, const char *what)
{
	struct ipc_channel *channel;
	int ret = channel_try(check, &channel, options);

	CHECK_THAT(ret == -EINVAL, NULL, "channel_create with %s: %s, not -EINVAL", what,
	           report_result(ret));
}

static void an_option_without_its_word_is_refused(struct check *check)
{
	struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);

	options.wait = IPC_WAIT_BLOCK;
	if (!check_has(check, IPC_CAP_BLOCK))
		refuse(check, &options, "a wait of block");
	options.wait = IPC_WAIT_SPIN;
	if (!check_has(check, IPC_CAP_SPIN))
		refuse(check, &options, "a wait of spin");
	options.wait = IPC_WAIT_HYBRID;
	if (!check_has(check, IPC_CAP_BLOCK | IPC_CAP_SPIN))
		refuse(check, &options, "a wait of hybrid");
	options.wait = check_wait(check);
	options.producer_count = 2;
	if (!check_has(check, IPC_CAP_MULTI_PRODUCER))
		refuse(check, &options, "two producers");
	options.producer_count = 1;
	options.consumer_count = 2;
	if (!check_has(check, IPC_CAP_MULTI_CONSUMER) && !check_has(check, IPC_CAP_BROADCAST))
		refuse(check, &options, "two consumers");
}

static void a_huge_size_is_refused_without_harm(struct check *check)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 64, HUGE_BYTES};
	struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel;
	char why[WHY_BYTES];
	int ret;

	if (IS_ADDRESS_SANITIZED || IS_THREAD_SANITIZED)
		report_skip("this build's sanitizer ends the process at a huge allocation");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		options = check_options(check, sizes[i], 4);
		if (check_transport(check)->check) {
			why[0] = '\0';
			ret = check_transport(check)->check(&options, why, sizeof(why));
			CHECK_THAT(ret == 0 || (why[0] && !strchr(why, '\n')), "C41",
			           "check of %zu bytes: %s without one line of cause", sizes[i],
			           report_result(ret));
		}
		ret = channel_try(check, &channel, &options);
		CHECK_THAT(ret == -EMSGSIZE || ret == -ENOMEM || ret == -ENOSPC || ret == -EINVAL,
		           NULL, "channel_create of %zu bytes: %s", sizes[i], report_result(ret));
	}
	/* Very many slots may be taken for fewer, or refused. */
	options = check_options(check, MESSAGE_BYTES, SIZE_MAX);
	if (channel_try(check, &channel, &options) == 0)
		channel_end(check, channel);
}

static void null_is_closed_and_destroyed_without_harm(struct check *check)
{
	check_transport(check)->endpoint_close(NULL);
	check_transport(check)->channel_destroy(NULL);
}

static void what_more_holds_back_is_published(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	const char data[MESSAGE_BYTES] = "held back";
	char got[MESSAGE_BYTES];
	ssize_t ret;

	ret = call_send(producer, data, sizeof(data), patience(check), IPC_MORE);
	CHECK_THAT(ret == 0, NULL, "send with IPC_MORE: %s", report_result(ret));
	if (check_transport(check)->flush) {
		ret = check_transport(check)->flush(producer);
		CHECK_THAT(ret == 0, NULL, "flush: %s", report_result(ret));
	}
	ret = call_recv(consumer, got, sizeof(got), patience(check));
	CHECK_THAT(ret == MESSAGE_BYTES && memcmp(got, data, sizeof(data)) == 0, NULL,
	           "recv after flush: %s", report_result(ret));
	if (!check_transport(check)->flush)
		return;
	ret = check_transport(check)->flush(producer);
	CHECK_THAT(ret == 0, NULL, "flush of nothing: %s", report_result(ret));
}

static void probe_says_why_or_nothing(struct check *check)
{
	char why[WHY_BYTES] = "";
	char small[2] = {'\0', '#'};
	int ret = check_transport(check)->probe(why, sizeof(why));

	CHECK_THAT(ret == 0 || (why[0] && !strchr(why, '\n')), NULL,
	           "probe: %s without one line of cause", report_result(ret));
	CHECK_THAT(check_transport(check)->probe(small, 1) == ret, NULL,
	           "probe answers otherwise with a small buffer");
	CHECK_THAT(small[1] == '#', NULL, "probe wrote past its buffer");
}

const struct check_case conformance_interface[] = {
	{
		.name = "an_option_without_its_word_is_refused",
		.clauses = "transport.h",
		.runs = ALONE,
		.run = an_option_without_its_word_is_refused,
	},
	{
		.name = "a_huge_size_is_refused_without_harm",
		.clauses = "transport.h",
		.runs = ALONE,
		.run = a_huge_size_is_refused_without_harm,
	},
	{
		.name = "null_is_closed_and_destroyed_without_harm",
		.clauses = "transport.h",
		.runs = ALONE,
		.run = null_is_closed_and_destroyed_without_harm,
	},
	{
		.name = "what_more_holds_back_is_published",
		.clauses = "transport.h",
		.runs = EACH_WAIT | ALONE,
		.run = what_more_holds_back_is_published,
	},
	{
		.name = "probe_says_why_or_nothing",
		.clauses = "C41",
		.runs = ALONE,
		.run = probe_says_why_or_nothing,
	},
	{0},
};
