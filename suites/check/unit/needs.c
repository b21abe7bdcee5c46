/* SPDX-License-Identifier: MIT */
/* suites/check/unit/needs.c - tests of suites/bench/needs.c, what advise is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/bench/needs.h"

#define WHY_BYTES 512

static const struct report_semantics semantics = {
	.promises = {{"told of a death", "C18", "", NULL, "told"},
                     {"never blocks at 0", "C11", "", NULL, NULL},
                     {"others survive a death", "C20", "", NULL, "survives"}},
	.promises_count = 3,
};

/* Adds the needs that a text holds, apart by spaces, and settles them. As needs_settle(). */
static int settle(const char *text, struct needs *out, char *why)
{
	char words[256];
	char *rest = words;
	char *word;
	int ret = 0;

	why[0] = '\0';
	snprintf(words, sizeof(words), "%s", text);
	needs_init(out);
	while (ret == 0 && (word = strsep(&rest, " "))) {
		if (word[0] != '\0')
			ret = needs_add(out, word, &semantics, why, WHY_BYTES);
	}
	return ret < 0 ? ret : needs_settle(out, why, WHY_BYTES);
}

static void what_counts_follows_from_the_pattern_and_the_peers(void **state)
{
	static const struct {
		const char *needs;
		const char *pattern;
		enum needs_goal goal;
		bool has_dispatcher;
	} cases[] = {
		{"", "ping_pong", NEEDS_LATENCY, false},
		{"peers:2", "ping_pong", NEEDS_LATENCY, false},
		{"pattern:stream", "stream", NEEDS_THROUGHPUT, false},
		{"pattern:pool", "pool", NEEDS_THROUGHPUT, true},
		{"peers:8", "pool", NEEDS_THROUGHPUT, true},
		{"peers:32 pattern:ping_pong", "ping_pong", NEEDS_THROUGHPUT, true},
		{"peers:3 for:cpu", "pool", NEEDS_CPU, true},
		{"pattern:ping_pong for:tail", "ping_pong", NEEDS_TAIL, false},
		{"size:0 rate:0", "ping_pong", NEEDS_LATENCY, false},
		{"peers:3 size:17", "pool", NEEDS_THROUGHPUT, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct needs needs;
		char why[WHY_BYTES];

		if (settle(cases[i].needs, &needs, why) < 0)
			fail_msg("%s: %s", cases[i].needs, why);
		assert_string_equal(needs.pattern, cases[i].pattern);
		assert_int_equal(needs.goal, cases[i].goal);
		assert_int_equal(needs_has_dispatcher(&needs), cases[i].has_dispatcher);
	}
}

static void needs_that_contradict_are_refused_with_a_remedy(void **state)
{
	static const struct {
		const char *needs;
		const char *name;
		const char *remedy;
	} cases[] = {
		{"peers:8 pattern:stream", "peers '8'", "pattern:pool"},
		{"peers:8 for:latency", "for 'latency'", "for:throughput or for:cpu"},
		{"pattern:pool for:tail", "for 'tail'", "pattern:ping_pong with peers:2"},
		{"pattern:stream for:tail", "for 'tail'", "pattern:ping_pong"},
		{"for:throughput", "for 'throughput'", "pattern:stream or pattern:pool"},
		{"pattern:pool size:0", "size '0'", "size:17 or more"},
		{"peers:3 size:16", "size '16'", "size:17 or more"},
		{"peers:1", "peers '1'", "2 to 32"},
		{"peers:33", "peers '33'", "2 to 32"},
		{"peers:100000", "peers '100000'", "2 to 32"},
		{"size:1048577", "size '1048577'", "0 to 1048576"},
		{"rate:-1", "rate '-1'", "0 to 1000000000"},
		{"must:survives,", "must ''", "told, survives"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct needs needs;
		char why[WHY_BYTES];

		assert_int_equal(settle(cases[i].needs, &needs, why), -EINVAL);
		assert_non_null(strstr(why, cases[i].name));
		assert_non_null(strstr(why, cases[i].remedy));
		assert_null(strchr(why, '\n'));
	}
}

/* Gives the answers; *said is what was asked and said, for free(). As needs_ask(). */
static int ask(const char *answers, struct needs *out, char **said)
{
	char why[WHY_BYTES];
	size_t said_bytes;
	FILE *in = fmemopen((void *)(uintptr_t)answers, strlen(answers), "r");
	FILE *to = open_memstream(said, &said_bytes);
	int ret;

	assert_non_null(in);
	assert_non_null(to);
	needs_init(out);
	ret = needs_ask(out, &semantics, in, to);
	fclose(in);
	fclose(to);
	if (ret == 0 && needs_settle(out, why, sizeof(why)) < 0)
		fail_msg("what was asked for contradicts itself: %s", why);
	return ret;
}

static void an_empty_answer_takes_what_is_shown(void **state)
{
	struct needs needs;
	char *said;

	(void)state;
	assert_int_equal(ask("\n\n\n\n\n\n\n\n", &needs, &said), 0);
	assert_non_null(strstr(said, "[ping_pong]"));
	assert_non_null(strstr(said, "What counts: latency, tail, throughput or cpu? [latency]"));
	assert_string_equal(needs.pattern, "ping_pong");
	assert_int_equal(needs.peers, 2);
	assert_int_equal(needs.promises, 0);
	free(said);
}

static void several_peers_are_asked_for_with_what_counts_beside_a_dispatcher(void **state)
{
	struct needs needs;
	char *said;

	(void)state;
	assert_int_equal(ask("\n4K\n1000\n8\nsurvives\n\nhybrid\nprocesses\n", &needs, &said), 0);
	assert_non_null(strstr(said, "What counts: latency, tail, throughput or cpu? "
	                             "[throughput]"));
	assert_string_equal(needs.pattern, "pool");
	assert_int_equal(needs.goal, NEEDS_THROUGHPUT);
	assert_int_equal(needs.size_bytes, 4096);
	assert_int_equal(needs.rate_hz, 1000);
	assert_int_equal(needs.peers, 8);
	assert_int_equal(needs.promises, 1u << 2);
	assert_string_equal(needs.wait, "hybrid");
	assert_string_equal(needs.model, "processes");
	free(said);
}

static void a_wrong_answer_is_asked_for_again_and_leaves_nothing(void **state)
{
	struct needs needs;
	char *said;

	(void)state;
	/* Wrong by itself, half right, or against an answer before. */
	assert_int_equal(ask("gossip\nstream\n64\n0\n8\n2\nsurvives,fly\ntold\nlatency\ncpu\n"
	                     "never\nspin\nactors\nany\n",
	                     &needs, &said),
	                 0);
	assert_non_null(strstr(said, "pattern 'gossip' is unknown"));
	assert_non_null(strstr(said, "peers '8' needs pattern:pool"));
	assert_non_null(strstr(said, "must 'fly' is unknown"));
	assert_non_null(strstr(said, "for 'latency' needs pattern:ping_pong"));
	assert_non_null(strstr(said, "wait 'never' is unknown"));
	assert_non_null(strstr(said, "model 'actors' is unknown"));
	assert_string_equal(needs.pattern, "stream");
	assert_int_equal(needs.peers, 2);
	assert_int_equal(needs.promises, 1u << 0);
	assert_int_equal(needs.goal, NEEDS_CPU);
	assert_string_equal(needs.wait, "spin");
	assert_null(needs.model);
	free(said);
}

static void answers_that_end_early_are_no_needs(void **state)
{
	struct needs needs;
	char *said;

	(void)state;
	assert_int_equal(ask("stream\n4K\n", &needs, &said), -ECANCELED);
	free(said);
}

const struct CMUnitTest unit_needs_tests[] = {
	cmocka_unit_test(what_counts_follows_from_the_pattern_and_the_peers),
	cmocka_unit_test(needs_that_contradict_are_refused_with_a_remedy),
	cmocka_unit_test(an_empty_answer_takes_what_is_shown),
	cmocka_unit_test(several_peers_are_asked_for_with_what_counts_beside_a_dispatcher),
	cmocka_unit_test(a_wrong_answer_is_asked_for_again_and_leaves_nothing),
	cmocka_unit_test(answers_that_end_early_are_no_needs),
};
const size_t unit_needs_tests_count = sizeof(unit_needs_tests) / sizeof(unit_needs_tests[0]);
