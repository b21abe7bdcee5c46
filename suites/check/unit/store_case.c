/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_case.c - sessions that the cases of stores write and read. */
#include "suites/check/unit/store_case.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "results/environment.h"
#include "suites/check/unit/made_up.h"

static char why[PLACE_WHY_BYTES];

/* Writes a uuid that has a number in it. */
void case_uuid(char out[static SESSION_UUID_BYTES], unsigned number)
{
	snprintf(out, SESSION_UUID_BYTES, "7b0e1c52-0b6f-4c1d-9a3e-%012x", number);
}

/* The made-up session as number says; it starts so many seconds later. */
struct session case_session(unsigned number)
{
	struct session session = *made_up_session();

	case_uuid(session.uuid, number);
	session.started_ns += number * 1000000000ull;
	session.ended_ns += number * 1000000000ull;
	return session;
}

/* Appends a round of a cell. A child may call it. Returns as store_append(). */
int case_append(struct store *store, const char *transport, const char *arm, uint32_t round,
                uint64_t typical_ns)
{
	struct run_cell cell = made_up_cell(transport, "ping_pong", 64, "same_core");
	struct run run;
	int ret = made_up_run(&run, &cell, round, typical_ns, 500, 2);

	if (ret < 0)
		return ret;
	snprintf(run.arm, sizeof(run.arm), "%s", arm);
	ret = store_append(store, &run, 1, why, sizeof(why));
	free((struct histogram *)run.histogram);
	return ret;
}

/* Stores a whole session of one cell. A child may call it. Returns 0, or -errno. */
int case_store(struct store *store, unsigned number)
{
	struct session session = case_session(number);
	struct run_cell skipped = made_up_cell("posix_mq", "ping_pong", 64, "same_core");
	int ret = store_begin_whole(store, &session, why, sizeof(why));

	for (uint32_t round = 0; round < CASE_ROUNDS && ret == 0; round++)
		ret = case_append(store, "pipe", "A", round, 6000);
	if (ret == 0)
		ret = store_skip(store, &skipped, "no such device", why, sizeof(why));
	if (ret == 0)
		ret = store_note(store, "claim", "{\"id\":1}", why, sizeof(why));
	if (ret == 0)
		ret = store_finish_whole(store, why, sizeof(why));
	return ret;
}

static int see_session(void *context, const struct session *session)
{
	struct case_seen *seen = context;

	seen->sessions++;
	memcpy(seen->uuid, session->uuid, sizeof(seen->uuid));
	snprintf(seen->status, sizeof(seen->status), "%s", session->status);
	for (size_t i = 0; i < SESSION_ARMS_MAX; i++)
		snprintf(seen->git_sha[i], sizeof(seen->git_sha[i]), "%s",
		         session->subjects[i].git_sha);
	seen->seed = session->seed;
	/* Nothing is left out of what a session says. */
	return strcmp(session->argv, made_up_session()->argv) == 0 &&
	                       strcmp(session->doctor, made_up_session()->doctor) == 0 &&
	                       strcmp(session->environment->canon,
	                              made_up_session()->environment->canon) == 0 &&
	                       strcmp(session->environment->recorded,
	                              made_up_session()->environment->recorded) == 0 &&
	                       strcmp(session->environment->machine_key,
	                              made_up_session()->environment->machine_key) == 0
	               ? 0
	               : -EDOM;
}

static int see_run(void *context, const struct run *run)
{
	struct case_seen *seen = context;

	seen->runs++;
	seen->counted += run->histogram ? run->histogram->count : 0;
	seen->harness = run->cell->harness;
	for (uint32_t i = 0; i < run->peer_count; i++)
		seen->cpu_ns +=
			run->peers[i].counters.cpu_user_ns + run->peers[i].counters.cpu_system_ns;
	return 0;
}

static int see_skip(void *context, const struct run_cell *cell, const char *reason)
{
	struct case_seen *seen = context;

	seen->skips +=
		strcmp(cell->transport, "posix_mq") == 0 && strcmp(reason, "no such device") == 0;
	return 0;
}

static int see_note(void *context, const char *kind, const char *body)
{
	struct case_seen *seen = context;

	seen->notes += strcmp(kind, "claim") == 0 && strcmp(body, "{\"id\":1}") == 0;
	return 0;
}

/* Reads a session. Returns as store_read(). */
int case_read(const struct place *place, const char *reference, struct case_seen *out)
{
	const struct store_reader reader = {
		.context = out,
		.session = see_session,
		.run = see_run,
		.skip = see_skip,
		.note = see_note,
	};
	struct store *store = place_open(place, STORE_READ);
	int ret;

	*out = (struct case_seen){0};
	ret = store_read(store, reference, &reader, out->why, sizeof(out->why));
	store_close(store);
	return ret;
}
/* Stores both arms of two cells in a session; B takes 2, 3, 4 ... times as long as A. */
void case_store_arms(struct store *store, unsigned number)
{
	struct session session = case_session(number);

	session.kind = "anchor";
	session.subjects[0] = (struct session_subject){.git_sha = CASE_SHA_A};
	session.subjects[1] = (struct session_subject){.git_sha = CASE_SHA_B};
	assert_int_equal(store_begin_whole(store, &session, why, sizeof(why)), 0);
	for (uint32_t round = 0; round < CASE_ROUNDS; round++) {
		assert_int_equal(case_append(store, "pipe", "A", round, 6000), 0);
		assert_int_equal(case_append(store, "pipe", "B", round, 6000 * (2 + round)), 0);
		assert_int_equal(case_append(store, "fifo", "A", round, 6000), 0);
	}
	assert_int_equal(store_finish_whole(store, why, sizeof(why)), 0);
}
