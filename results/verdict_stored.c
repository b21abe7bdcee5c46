/* SPDX-License-Identifier: MIT */
/*
 * results/verdict_stored.c - the verdicts of a stored session of ab, judged anew.
 *
 * A history hands out runs by cell, but both cells of a pair may have names of their
 * own. So runs are gathered first, their histograms packed, then played in the order
 * in which they were measured.
 */
#include "results/verdict_stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "results/verdict_note.h"

struct stored_run {
	size_t pair;
	uint32_t stage; /* from 1 */
	uint32_t round;
	size_t arm;
	enum run_metric metric;
	uint64_t batch;
	uint64_t messages;
	uint64_t elapsed_ns;
	char failure[RUN_TEXT_BYTES];
	unsigned char *histogram; /* packed; null for throughput */
	size_t histogram_bytes;
};

struct gathering {
	struct verdict_stored *stored;
	struct stored_run *runs;
	size_t count;
	size_t room;
	char *note; /* the last one */
};

static int on_session(void *context, const struct session *session)
{
	struct gathering *gathering = context;

	return session_copy(&gathering->stored->session, session);
}

static int on_note(void *context, const char *kind, const char *body)
{
	struct gathering *gathering = context;
	char *copy;

	if (strcmp(kind, VERDICT_NOTE) != 0)
		return 0;
	copy = strdup(body);
	if (!copy)
		return -ENOMEM;
	free(gathering->note);
	gathering->note = copy;
	return 0;
}

static int make_room(struct gathering *gathering)
{
	size_t room = gathering->room > 0 ? 2 * gathering->room : 64;
	struct stored_run *grown;

	if (gathering->count < gathering->room)
		return 0;
	grown = reallocarray(gathering->runs, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	gathering->runs = grown;
	gathering->room = room;
	return 0;
}

/* Finds the pair that a run belongs to. Returns false where there is none. */
static bool find_pair(const struct verdict_report *report, const struct run *run, size_t arm,
                      size_t *out)
{
	for (size_t i = 0; i < report->pairs_count; i++) {
		struct run_cell *cell = &report->pairs[i].cells[arm];

		if (strcmp(cell->name, run->cell->name) != 0)
			continue;
		*cell = *run->cell; /* the note knows names alone */
		*out = i;
		return true;
	}
	return false;
}

static int on_run(void *context, const struct run *run)
{
	struct gathering *gathering = context;
	size_t arm = strcmp(run->arm, "B") == 0;
	struct stored_run *stored;
	size_t pair;
	int ret;

	if (run->stage < 1 || run->stage > VERDICT_STAGES ||
	    !find_pair(gathering->stored->report, run, arm, &pair))
		return 0;
	ret = make_room(gathering);
	if (ret < 0)
		return ret;
	stored = &gathering->runs[gathering->count];
	*stored = (struct stored_run){
		.pair = pair,
		.stage = run->stage,
		.round = run->round,
		.arm = arm,
		.metric = run->metric,
		.batch = run->batch,
		.messages = run->messages,
		.elapsed_ns = run->elapsed_ns,
	};
	memcpy(stored->failure, run->failure, sizeof(stored->failure));
	if (run->histogram)
		ret = histogram_encode(run->histogram, &stored->histogram,
		                       &stored->histogram_bytes);
	gathering->count += ret == 0;
	return ret;
}

static int compare_runs(const void *left, const void *right)
{
	const struct stored_run *a = left;
	const struct stored_run *b = right;

	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->pair != b->pair)
		return a->pair < b->pair ? -1 : 1;
	if (a->round != b->round)
		return a->round < b->round ? -1 : 1;
	return (a->arm > b->arm) - (a->arm < b->arm);
}

static bool are_partners(const struct stored_run *a, const struct stored_run *b)
{
	return a->pair == b->pair && a->stage == b->stage && a->round == b->round && a->arm == 0 &&
	       b->arm == 1;
}

static double theft_of(const struct verdict_report *report, const struct stored_run *run)
{
	for (size_t i = 0; i < report->thefts_count; i++) {
		const struct verdict_theft *theft = &report->thefts[i];

		if (theft->pair == run->pair && theft->stage + 1 == run->stage &&
		    theft->round == run->round)
			return theft->share;
	}
	return 0.0;
}

/* Unpacks a run. Its histogram is the caller's, for free(). Returns 0, or -errno. */
static int unpack(const struct stored_run *stored, struct run *out)
{
	struct histogram *histogram = NULL;
	int ret = 0;

	*out = (struct run){
		.metric = stored->metric,
		.stage = stored->stage,
		.round = stored->round,
		.batch = stored->batch,
		.messages = stored->messages,
		.elapsed_ns = stored->elapsed_ns,
	};
	memcpy(out->failure, stored->failure, sizeof(out->failure));
	if (stored->histogram)
		ret = histogram_decode(&histogram, stored->histogram, stored->histogram_bytes);
	out->histogram = histogram;
	return ret;
}

static int play_round(struct verdict_report *report, const struct stored_run *both, double share)
{
	struct run *runs = calloc(2, sizeof(*runs));
	int ret = runs ? unpack(&both[0], &runs[0]) : -ENOMEM;

	if (ret == 0)
		ret = unpack(&both[1], &runs[1]);
	if (ret == 0)
		ret = verdict_report_add_round(report, both->pair, both->stage - 1, &runs[0],
		                               &runs[1], share);
	if (runs) {
		free((struct histogram *)runs[0].histogram);
		free((struct histogram *)runs[1].histogram);
	}
	free(runs);
	return ret;
}

/* Plays all rounds of a stage; the runs are in order. Returns 0, or -errno. */
static int play_stage(const struct gathering *gathering, struct verdict_report *report,
                      const struct verdict_report *thefts, uint32_t stage)
{
	int ret = 0;

	for (size_t i = 0; i + 1 < gathering->count && ret == 0; i++) {
		const struct stored_run *run = &gathering->runs[i];

		if (run->stage == stage && are_partners(run, run + 1))
			ret = play_round(report, run, theft_of(thefts, run));
	}
	return ret;
}

static int judge(struct gathering *gathering)
{
	struct verdict_report *report = gathering->stored->report;
	/* Playing notes the thefts anew. */
	const struct verdict_report noted = {
		.thefts = report->thefts,
		.thefts_count = report->thefts_count,
	};
	int ret;

	report->thefts = NULL;
	report->thefts_count = 0;
	if (gathering->count > 0)
		qsort(gathering->runs, gathering->count, sizeof(*gathering->runs), compare_runs);
	ret = play_stage(gathering, report, &noted, 1);
	if (ret == 0)
		ret = verdict_report_screen(report);
	if (ret == 0)
		ret = play_stage(gathering, report, &noted, 2);
	if (ret == 0)
		ret = verdict_report_judge(report);
	free(noted.thefts);
	return ret;
}

int verdict_stored_read(struct store *store, const char *reference, struct verdict_stored *out,
                        char *why, size_t why_bytes)
{
	struct gathering gathering = {.stored = out};
	const struct store_reader head = {
		.context = &gathering, .session = on_session, .note = on_note};
	const struct store_reader body = {.context = &gathering, .run = on_run};
	int ret;

	*out = (struct verdict_stored){0};
	ret = store_read(store, reference, &head, why, why_bytes);
	if (ret == 0 && !gathering.note) {
		snprintf(why, why_bytes, "session %.8s compares nothing: it is of kind '%s'%s",
		         out->session.uuid, out->session.kind,
		         strcmp(out->session.kind, "ab") == 0 ? ", of an earlier version" : "");
		ret = -ENODATA;
	}
	if (ret == 0)
		ret = verdict_note_read(&out->report, gathering.note);
	if (ret == -EBADMSG)
		snprintf(why, why_bytes, "session %.8s: its note of what was compared is damaged",
		         out->session.uuid);
	if (ret == 0)
		ret = store_read(store, out->session.uuid, &body, why, why_bytes);
	if (ret == 0)
		ret = judge(&gathering);
	if (ret == 0)
		out->report->session = &out->session;
	for (size_t i = 0; i < gathering.count; i++)
		free(gathering.runs[i].histogram);
	free(gathering.runs);
	free(gathering.note);
	if (ret < 0)
		verdict_stored_release(out);
	return ret;
}

void verdict_stored_release(struct verdict_stored *stored)
{
	verdict_note_release(stored->report);
	session_release(&stored->session);
	*stored = (struct verdict_stored){0};
}
