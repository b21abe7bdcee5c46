/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_exchange.c - what every store must give and take as JSON lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/store_cases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/exchange.h"
#include "suites/check/unit/made_up.h"
#include "suites/check/unit/place.h"
#include "suites/check/unit/store_case.h"

static char why[PLACE_WHY_BYTES];

/* Exports all of a place to a new file, for fclose(). */
static FILE *export_all(const struct place *place)
{
	struct store *store = place_open(place, STORE_READ);
	FILE *out = tmpfile();
	char uuid[SESSION_UUID_BYTES];

	assert_non_null(out);
	for (unsigned number = 1; number <= 2; number++) {
		case_uuid(uuid, number);
		assert_int_equal(exchange_write(out, store, uuid, why, sizeof(why)), 0);
	}
	store_close(store);
	return out;
}

/* Reads a whole file, for free(). */
static char *contents(FILE *file, size_t *bytes)
{
	char *text;

	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*bytes = (size_t)ftell(file);
	text = malloc(*bytes + 1);
	assert_non_null(text);
	rewind(file);
	assert_int_equal(fread(text, 1, *bytes, file), *bytes);
	text[*bytes] = '\0';
	return text;
}

void export_and_import_carry_every_byte(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct place other = *place;
	struct exchange_count count;
	char *text[2];
	size_t bytes[2];
	FILE *file;

	case_store_arms(store, 1);
	assert_int_equal(case_store(store, 2), 0);
	store_close(store);
	file = export_all(place);
	text[0] = contents(file, &bytes[0]);
	/* Into a file, whatever it came from; then back, where all is known. */
	other.is_shared = false;
	folder_path(place->folder, other.uri, sizeof(other.uri), "other.db");
	store = place_open(&other, STORE_WRITE);
	assert_int_equal(exchange_check(file, why, sizeof(why)), 0);
	assert_int_equal(exchange_import(file, store, &count, why, sizeof(why)), 0);
	assert_int_equal(count.imported, 2);
	assert_int_equal(count.known, 0);
	store_close(store);
	store = place_open(place, STORE_WRITE);
	assert_int_equal(exchange_import(file, store, &count, why, sizeof(why)), 0);
	assert_int_equal(count.imported, 0);
	assert_int_equal(count.known, 2);
	store_close(store);
	fclose(file);
	file = export_all(&other);
	text[1] = contents(file, &bytes[1]);
	fclose(file);
	assert_int_equal(bytes[0], bytes[1]);
	assert_memory_equal(text[0], text[1], bytes[0]);
	free(text[0]);
	free(text[1]);
}

/* Makes a file of the lines of text, the one at number being changed by a replacement. */
static FILE *alter(const char *text, unsigned number, const char *from, const char *to)
{
	FILE *out = tmpfile();
	unsigned line = 1;

	assert_non_null(out);
	for (const char *at = text; *at != '\0';) {
		if (line == number && strncmp(at, from, strlen(from)) == 0) {
			fputs(to, out);
			at += strlen(from);
			number = 0;
			continue;
		}
		line += *at == '\n';
		fputc(*at++, out);
	}
	/* What was to be changed was there. */
	assert_int_equal(number, 0);
	return out;
}

static int count_listed(void *context, const struct session *session)
{
	size_t *count = context;

	(void)session;
	(*count)++;
	return 0;
}

void an_import_is_refused_with_its_line_and_changes_nothing(void **state)
{
	static const struct {
		unsigned line;
		const char *from;
		const char *to;
		int error;
		const char *word;
	} changes[] = {
		{1, "ipcbench/1", "ipcbench/2", -EPROTO, "line 1: the schema"},
		{1, "ipcbench/1", "other", -EBADMSG, "line 1: no session of ipcbench"},
		{1, "\"uuid\":\"7", "\"uuid\":\"G", -EBADMSG, "line 1: 'uuid'"},
		{1, "\"kind\":\"anchor\"", "\"kind\":\"party\"", -EBADMSG, "line 1: 'kind'"},
		{1, "\"seed\":4711", "\"seed\":4.5", -EBADMSG, "line 1: 'seed'"},
		{2, "\"arm\":\"A\"", "\"arm\":\"C\"", -EBADMSG, "line 2: 'arm'"},
		{2, "\"round\":0", "\"round\":-1", -EBADMSG, "line 2: 'round'"},
		{3, "\"data\":\"", "\"data\":\"AAAA", -EBADMSG, "line 3: 'histogram'"},
		{3, "loglin1", "loglin9", -EBADMSG, "line 3: 'histogram'"},
		{4, "\"parts\":", "\"ports\":", -EBADMSG, "line 4: 'parts' is missing"},
		{4, "\"round\":1", "\"round\":0", -EBADMSG, "line 4: this round"},
		{5, "{\"type\"", "{{\"type\"", -EBADMSG, "line 5: no JSON"},
		{17, "\"runs\":15", "\"runs\":14", -EBADMSG, "line 17: lines"},
		{18, "\"type\":\"session\"", "\"type\":\"run\"", -EBADMSG, "line 18: no session"},
	};
	const struct place *place = place_need(state);
	struct place other = *place;
	struct store *store = place_open(place, STORE_WRITE);
	static const struct store_query all;
	size_t listed = 0;
	struct exchange_count count;
	size_t bytes;
	char *text;
	FILE *file;

	case_store_arms(store, 1);
	assert_int_equal(case_store(store, 2), 0);
	store_close(store);
	file = export_all(place);
	text = contents(file, &bytes);
	fclose(file);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		file = alter(text, changes[i].line, changes[i].from, changes[i].to);
		why[0] = '\0';
		assert_int_equal(exchange_check(file, why, sizeof(why)), changes[i].error);
		if (!strstr(why, changes[i].word))
			fail_msg("'%s' is not in: %s", changes[i].word, why);
		assert_null(strchr(why, '\n'));
		fclose(file);
	}
	/* Cut anywhere, but between the sessions, it is refused. */
	for (size_t cut = 0; cut < bytes; cut += 997) {
		file = tmpfile();
		assert_non_null(file);
		assert_int_equal(fwrite(text, 1, cut, file), cut);
		assert_int_equal(exchange_check(file, why, sizeof(why)), -EBADMSG);
		assert_non_null(strstr(why, "line "));
		fclose(file);
	}
	/* Even if it was never checked, a session that is cut is not stored. */
	other.is_shared = false;
	folder_path(place->folder, other.uri, sizeof(other.uri), "other.db");
	store = place_open(&other, STORE_WRITE);
	file = alter(text, 3, "\"data\":\"", "\"data\":\"AAAA");
	assert_int_equal(exchange_import(file, store, &count, why, sizeof(why)), -EBADMSG);
	fclose(file);
	assert_int_equal(store_list(store, &all, count_listed, &listed, why, sizeof(why)), 0);
	assert_int_equal(listed, 0);
	store_close(store);
	free(text);
}
