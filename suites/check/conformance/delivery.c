/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/delivery.c - C01 to C05: every byte, once, in order, in bounds. */
#include "suites/check/conformance.h"
#include "suites/check/traffic.h"

#include <string.h>

#define SMALL_BYTES_MAX 256

static void every_message_arrives_once_whole_and_in_order(struct check *check)
{
	const struct traffic traffic = {
		.producer_count = 1,
		.consumer_count = 1,
		.message_count = check_count(check, "messages", 2000, 1000000),
		.bytes_min = 1,
		.bytes_max = SMALL_BYTES_MAX,
		.slot_count = 8,
	};

	traffic_run(check, &traffic);
}

const struct check_case conformance_delivery[] = {
	{
		.name = "every_message_arrives_once_whole_and_in_order",
		.clauses = "C01 C02 C03 C04",
		.runs = EACH_WAIT | EACH_MODEL | ALONE_TOO,
		.run = every_message_arrives_once_whole_and_in_order,
	},
	{0},
};
