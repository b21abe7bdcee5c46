/* SPDX-License-Identifier: MIT */
/* suites/check/unit/environment_compare.c - tests of results/environment_compare.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "results/environment_compare.h"

struct seen {
	char text[512];
	int answer;
};

static int see(void *context, const struct environment_difference *difference)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s.%s: %s, %s; ", difference->group,
	         difference->field, difference->values[0], difference->values[1]);
	return seen->answer;
}

static struct environment make(const char *machine_key, char *machine, const char *key, char *canon)
{
	struct environment environment = {.machine = machine, .canon = canon};

	snprintf(environment.machine_key, sizeof(environment.machine_key), "%s", machine_key);
	snprintf(environment.key, sizeof(environment.key), "%s", key);
	return environment;
}

static void fields_that_differ_are_named_with_both_values(void **state)
{
	char machine[] = "{\"cpus\":2}";
	char canon_a[] = "{\"kernel\":\"6.1\",\"smt\":1,\"thp\":\"madvise\"}";
	char canon_b[] = "{\"kernel\":\"6.2\",\"thp\":\"madvise\",\"aslr\":2}";
	struct environment a = make("m:1", machine, "e:1", canon_a);
	struct environment b = make("m:1", machine, "e:2", canon_b);
	struct seen seen = {{0}, 0};

	(void)state;
	assert_int_equal(environment_compare(&a, &b, see, &seen), 3);
	assert_string_equal(seen.text, "environment.aslr: absent, 2; "
	                               "environment.kernel: \"6.1\", \"6.2\"; "
	                               "environment.smt: 1, absent; ");
}

static void the_machine_comes_first(void **state)
{
	char machine_a[] = "{\"cpus\":2}";
	char machine_b[] = "{\"cpus\":4}";
	char canon_a[] = "{\"kernel\":\"6.1\"}";
	char canon_b[] = "{\"kernel\":\"6.2\"}";
	struct environment a = make("m:1", machine_a, "e:1", canon_a);
	struct environment b = make("m:2", machine_b, "e:2", canon_b);
	struct seen seen = {{0}, 0};

	(void)state;
	assert_int_equal(environment_compare(&a, &b, see, &seen), 2);
	assert_string_equal(seen.text, "machine.cpus: 2, 4; "
	                               "environment.kernel: \"6.1\", \"6.2\"; ");
}

static void equal_keys_have_no_difference(void **state)
{
	char canon[] = "{}";
	struct environment a = make("m:1", canon, "e:1", canon);
	struct seen seen = {{0}, 0};

	(void)state;
	assert_int_equal(environment_compare(&a, &a, see, &seen), 0);
	assert_int_equal(environment_compare(NULL, NULL, see, &seen), 0);
	assert_string_equal(seen.text, "");
}

static void an_unknown_environment_differs_in_all(void **state)
{
	char machine[] = "{}";
	char canon[] = "{\"kernel\":\"6.1\"}";
	struct environment a = make("", machine, "e:1", canon);
	struct seen seen = {{0}, 0};

	(void)state;
	assert_int_equal(environment_compare(&a, NULL, see, &seen), 1);
	assert_string_equal(seen.text, "environment.kernel: \"6.1\", absent; ");
}

static void facts_that_do_not_explain_their_key_are_refused(void **state)
{
	char canon[] = "{\"kernel\":\"6.1\"}";
	char broken[] = "{\"kernel\":";
	struct environment a = make("m:1", canon, "e:1", canon);
	struct environment same = make("m:1", canon, "e:2", canon);
	struct environment torn = make("m:1", canon, "e:2", broken);
	struct seen seen = {{0}, 0};

	(void)state;
	assert_int_equal(environment_compare(&a, &same, see, &seen), -EBADMSG);
	assert_int_equal(environment_compare(&a, &torn, see, &seen), -EBADMSG);
	assert_string_equal(seen.text, "");
}

static void an_answer_below_zero_stops(void **state)
{
	char machine[] = "{}";
	char canon_a[] = "{\"a\":1,\"b\":1}";
	char canon_b[] = "{\"a\":2,\"b\":2}";
	struct environment a = make("m:1", machine, "e:1", canon_a);
	struct environment b = make("m:1", machine, "e:2", canon_b);
	struct seen seen = {{0}, -EDOM};

	(void)state;
	assert_int_equal(environment_compare(&a, &b, see, &seen), -EDOM);
	assert_string_equal(seen.text, "environment.a: 1, 2; ");
}

const struct CMUnitTest unit_environment_compare_tests[] = {
	cmocka_unit_test(fields_that_differ_are_named_with_both_values),
	cmocka_unit_test(the_machine_comes_first),
	cmocka_unit_test(equal_keys_have_no_difference),
	cmocka_unit_test(an_unknown_environment_differs_in_all),
	cmocka_unit_test(facts_that_do_not_explain_their_key_are_refused),
	cmocka_unit_test(an_answer_below_zero_stops),
};
const size_t unit_environment_compare_tests_count =
	sizeof(unit_environment_compare_tests) / sizeof(unit_environment_compare_tests[0]);
