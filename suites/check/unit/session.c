/* SPDX-License-Identifier: MIT */
/* suites/check/unit/session.c - tests of results/session.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "results/environment.h"
#include "results/session.h"
#include "suites/check/unit/made_up.h"

static void a_uuid_has_the_form_of_version_4(void **state)
{
	char uuid[SESSION_UUID_BYTES];

	(void)state;
	for (unsigned trial = 0; trial < 100; trial++) {
		assert_int_equal(session_uuid(uuid), 0);
		assert_int_equal(strlen(uuid), 36);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
		assert_int_equal(uuid[8], '-');
		assert_int_equal(uuid[13], '-');
		assert_int_equal(uuid[14], '4');
		assert_int_equal(uuid[18], '-');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_int_equal(uuid[23], '-');
	}
}

static void no_two_uuids_are_the_same(void **state)
{
	char first[SESSION_UUID_BYTES];
	char second[SESSION_UUID_BYTES];

	(void)state;
	assert_int_equal(session_uuid(first), 0);
	assert_int_equal(session_uuid(second), 0);
	assert_string_not_equal(first, second);
}

static void a_copy_owns_all_it_points_to(void **state)
{
	const struct session *from = made_up_session();
	struct session copy;

	(void)state;
	assert_int_equal(session_copy(&copy, from), 0);
	assert_string_equal(copy.uuid, from->uuid);
	assert_int_equal(copy.seed, from->seed);
	assert_string_equal(copy.argv, from->argv);
	assert_ptr_not_equal(copy.argv, from->argv);
	assert_ptr_not_equal(copy.environment, from->environment);
	assert_string_equal(copy.environment->key, from->environment->key);
	assert_string_equal(copy.environment->canon, from->environment->canon);
	assert_ptr_not_equal(copy.environment->canon, from->environment->canon);
	session_release(&copy);
	assert_null(copy.argv);
}

static void a_session_may_know_nothing(void **state)
{
	struct session empty = {0};
	struct session copy;

	(void)state;
	assert_int_equal(session_copy(&copy, &empty), 0);
	assert_null(copy.argv);
	assert_null(copy.environment);
	session_release(&copy);
}

const struct CMUnitTest unit_session_tests[] = {
	cmocka_unit_test(a_uuid_has_the_form_of_version_4),
	cmocka_unit_test(no_two_uuids_are_the_same),
	cmocka_unit_test(a_copy_owns_all_it_points_to),
	cmocka_unit_test(a_session_may_know_nothing),
};
const size_t unit_session_tests_count = sizeof(unit_session_tests) / sizeof(unit_session_tests[0]);
