/* SPDX-License-Identifier: MIT */
/* results/verdict_note.c - what a session of ab notes beside its runs, as JSON. */
#include "results/verdict_note.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *pair_json(const struct verdict_pair *pair)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "a", pair->cells[0].name, "b", pair->cells[1].name,
	                 "metric", pair->metric == RUN_THROUGHPUT ? "throughput" : "round_trip",
	                 "is_control", (int)pair->is_control);
}

char *verdict_note_write(const struct verdict_report *report)
{
	json_t *pairs = json_array();
	json_t *thefts = json_array();
	bool is_whole = pairs && thefts;
	char *text = NULL;
	json_t *note;

	for (size_t i = 0; i < report->pairs_count; i++)
		is_whole =
			json_array_append_new(pairs, pair_json(&report->pairs[i])) == 0 && is_whole;
	for (size_t i = 0; i < report->thefts_count; i++) {
		const struct verdict_theft *theft = &report->thefts[i];
		json_t *row = json_pack("[I, i, I, f]", (json_int_t)theft->pair, (int)theft->stage,
		                        (json_int_t)theft->round, theft->share);

		is_whole = json_array_append_new(thefts, row) == 0 && is_whole;
	}
	/* Of a seed the bits count: JSON's integers are signed. */
	note = json_pack("{s:s, s:s, s:s?, s:f, s:I, s:s?, s:o, s:o}", "a",
	                 report->arms[0] ? report->arms[0] : "", "b",
	                 report->arms[1] ? report->arms[1] : "", "note", report->note, "tick_ns",
	                 report->tick_ns, "seed", (json_int_t)report->seed, "reproduce",
	                 report->reproduce, "pairs", pairs, "thefts", thefts);
	if (is_whole && note)
		text = json_dumps(note, JSON_COMPACT | JSON_REAL_PRECISION(17));
	json_decref(note);
	return text;
}

/* Copies a string of an object; null where it has none. Returns 0, or -ENOMEM. */
static int copy_text(const char **out, const json_t *note, const char *key)
{
	const char *text = json_string_value(json_object_get(note, key));

	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int read_pairs(struct verdict_report *report, const json_t *pairs)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
	{
		static const char *const keys[2] = {"a", "b"};
		const char *metric = json_string_value(json_object_get(pair, "metric"));
		struct run_cell cells[2] = {0};
		int ret;

		for (size_t arm = 0; arm < 2; arm++) {
			const json_t *name = json_object_get(pair, keys[arm]);

			if (!json_is_string(name) || json_string_length(name) >= RUN_CELL_BYTES)
				return -EBADMSG;
			memcpy(cells[arm].name, json_string_value(name),
			       json_string_length(name) + 1);
		}
		if (!metric)
			return -EBADMSG;
		ret = verdict_report_add_pair(report, &cells[0], &cells[1],
		                              strcmp(metric, "throughput") == 0 ? RUN_THROUGHPUT
		                                                                : RUN_ROUND_TRIP,
		                              json_is_true(json_object_get(pair, "is_control")));
		if (ret < 0)
			return ret;
	}
	return report->pairs_count > 0 ? 0 : -EBADMSG;
}

static int read_thefts(struct verdict_report *report, const json_t *thefts)
{
	const json_t *row;
	size_t i;

	if (json_array_size(thefts) == 0)
		return 0;
	report->thefts = calloc(json_array_size(thefts), sizeof(*report->thefts));
	if (!report->thefts)
		return -ENOMEM;
	json_array_foreach(thefts, i, row)
	{
		report->thefts[report->thefts_count++] = (struct verdict_theft){
			.pair = (size_t)json_integer_value(json_array_get(row, 0)),
			.stage = (unsigned)json_integer_value(json_array_get(row, 1)),
			.round = (uint32_t)json_integer_value(json_array_get(row, 2)),
			.share = json_number_value(json_array_get(row, 3)),
		};
	}
	return 0;
}

int verdict_note_read(struct verdict_report **out, const char *text)
{
	json_t *note = json_loads(text, 0, NULL);
	struct verdict_report *report = NULL;
	int ret = json_is_object(note) ? verdict_report_create(&report) : -EBADMSG;

	if (ret == 0) {
		ret = copy_text(&report->arms[0], note, "a");
		if (ret == 0)
			ret = copy_text(&report->arms[1], note, "b");
		if (ret == 0)
			ret = copy_text(&report->note, note, "note");
		if (ret == 0)
			ret = copy_text(&report->reproduce, note, "reproduce");
		report->tick_ns = json_number_value(json_object_get(note, "tick_ns"));
		report->seed = (uint64_t)json_integer_value(json_object_get(note, "seed"));
	}
	if (ret == 0)
		ret = read_pairs(report, json_object_get(note, "pairs"));
	if (ret == 0)
		ret = read_thefts(report, json_object_get(note, "thefts"));
	json_decref(note);
	if (ret < 0) {
		verdict_note_release(report);
		return ret;
	}
	*out = report;
	return 0;
}

void verdict_note_release(struct verdict_report *report)
{
	if (!report)
		return;
	free((char *)report->arms[0]);
	free((char *)report->arms[1]);
	free((char *)report->note);
	free((char *)report->reproduce);
	verdict_report_destroy(report);
}
