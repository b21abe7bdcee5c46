/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_mark.c - what every store must do with marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "results/store_mark.h"
#include "suites/check/unit/place.h"
#include "suites/check/unit/store_cases.h"

static char why[PLACE_WHY_BYTES];

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

	return store_mark_set(store, &mark, why, sizeof(why));
}

static int list(struct store *store, char text[static 256])
{
	text[0] = '\0';
	return store_mark_list(store, STORE_MARK_BASELINE, write_mark, text, why, sizeof(why));
}

void the_last_word_on_a_name_holds(void **state)
{
	struct store *store = place_open(place_need(state), STORE_WRITE);
	char text[256];

	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "1", ""), 0);
	assert_int_equal(set(store, STORE_MARK_BASELINE, "nightly", "2", "it's"), 0);
	assert_int_equal(set(store, STORE_MARK_CHANGE, "release", "3", ""), 0);
	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "4", "new"), 0);
	assert_int_equal(list(store, text), 0);
	assert_string_equal(text, "nightly=2//it's@7;release=4//new@7;");
	store_close(store);
}

void what_is_removed_is_gone_and_what_is_absent_said(void **state)
{
	struct store *store = place_open(place_need(state), STORE_WRITE);
	char text[256];

	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "1", ""), 0);
	assert_int_equal(store_mark_remove(store, STORE_MARK_BASELINE, "release", why, sizeof(why)),
	                 0);
	assert_int_equal(list(store, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(store_mark_remove(store, STORE_MARK_BASELINE, "release", why, sizeof(why)),
	                 -ENOENT);
	assert_non_null(strstr(why, "no baseline 'release'"));
	store_close(store);
}

static int stop(void *context, const struct store_mark *mark)
{
	(void)context;
	(void)mark;
	return 42;
}

void an_answer_stops_the_list(void **state)
{
	struct store *store = place_open(place_need(state), STORE_WRITE);
	char text[256];

	assert_int_equal(set(store, STORE_MARK_BASELINE, "release", "1", ""), 0);
	assert_int_equal(store_mark_list(store, STORE_MARK_BASELINE, stop, NULL, why, sizeof(why)),
	                 42);
	/* The transaction was ended: the next one begins. */
	assert_int_equal(list(store, text), 0);
	store_close(store);
}
