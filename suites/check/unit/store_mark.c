/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_mark.c - marks are set, changed, listed and removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "results/store_mark.h"
#include "suites/check/unit/history.h"

static int write_mark(void *context, const struct store_mark *mark)
{
	char *text = context;
	size_t used = strlen(text);

	snprintf(text + used, 256 - used, "%s=%s/%s/%s@%llu;", mark->name, mark->value, mark->state,
	         mark->note, (unsigned long long)mark->created_ns);
	return 0;
}

static int set(struct store *store, const char *kind, const char *name, const char *value,
               const char *note)
{
	const struct store_mark mark = {
		.kind = kind,
		.name = name,
		.value = value,
		.note = note,
		.created_ns = 7,
	};

	return store_mark_set(store, &mark, history_why, sizeof(history_why));
}

static int list(struct store *store, char text[static 256])
{
	text[0] = '\0';
	return store_mark_list(store, STORE_MARK_BASELINE, write_mark, text, history_why,
	                       sizeof(history_why));
}

static void the_last_word_on_a_name_holds(void **state)
{
	struct store *store = history_open(*state, "history.db");
	char text[256];

	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "1", ""), 0);
	assert_int_equal(set(store, STORE_MARK_BASELINE, "nightly", "2", "it's"), 0);
	assert_int_equal(set(store, STORE_MARK_CHANGE, "release", "3", ""), 0);
	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "4", "new"), 0);
	assert_int_equal(list(store, text), 0);
	assert_string_equal(text, "nightly=2//it's@7;release=4//new@7;");
	store_close(store);
}

static void what_is_removed_is_gone_and_what_is_absent_said(void **state)
{
	struct store *store = history_open(*state, "history.db");
	char text[256];

	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "1", ""), 0);
	assert_int_equal(store_mark_remove(store, STORE_MARK_BASELINE, "release", history_why,
	                                   sizeof(history_why)),
	                 0);
	assert_int_equal(list(store, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(store_mark_remove(store, STORE_MARK_BASELINE, "release", history_why,
	                                   sizeof(history_why)),
	                 -ENOENT);
	assert_non_null(strstr(history_why, "no baseline 'release'"));
	store_close(store);
}

static int stop(void *context, const struct store_mark *mark)
{
	(void)context;
	(void)mark;
	return 42;
}

static void an_answer_stops_the_list(void **state)
{
	struct store *store = history_open(*state, "history.db");
	char text[256];

	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "1", ""), 0);
	assert_int_equal(store_mark_list(store, STORE_MARK_BASELINE, stop, NULL, history_why,
	                                 sizeof(history_why)),
	                 42);
	/* The transaction was ended: the next one begins. */
	assert_int_equal(list(store, text), 0);
	store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

const struct CMUnitTest unit_store_mark_tests[] = {
	CASE(the_last_word_on_a_name_holds),
	CASE(what_is_removed_is_gone_and_what_is_absent_said),
	CASE(an_answer_stops_the_list),
};
const size_t unit_store_mark_tests_count =
	sizeof(unit_store_mark_tests) / sizeof(unit_store_mark_tests[0]);
