/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/report_jsonl.c - reports as JSON lines, a summary last. */
#include "suites/racecheck/launcher/report.h"

#include "suites/racecheck/launcher/json.h"

static void set_place(json_t *object, const struct line *line)
{
	json_object_set_new(object, "function", json_text(line->function));
	json_object_set_new(object, "file", json_text(line->file));
	json_object_set_new(object, "line", json_integer(line->number));
}

static json_t *stack_json(const struct session *session, const struct side *side)
{
	const struct line *frames[STACK_SHOWN];
	uint32_t count = side_stack(session, side, frames);
	json_t *stack = json_array();

	for (uint32_t i = 0; i < count; i++) {
		json_t *frame = json_object();

		set_place(frame, frames[i]);
		json_array_append_new(stack, frame);
	}
	return stack;
}

static json_t *last_json(const struct sync_event *last)
{
	json_t *object;

	if (last->epoch == 0)
		return json_null();
	object = json_pack("{s:s, s:s}", "call", edge_name(last->edge), "kind",
	                   last->is_acquire ? "acquire" : "release");
	set_place(object, symbols_line(last->node));
	return object;
}

static json_t *side_json(const struct session *session, const struct side *side)
{
	const struct occupant *who = side_who(session, side);
	json_t *object =
		json_pack("{s:s, s:b, s:I, s:I, s:I, s:o, s:I}", "kind",
	                  side->flags & SIDE_IS_WRITE ? "write" : "read", "atomic",
	                  (side->flags & SIDE_IS_ATOMIC) != 0, "bytes", (json_int_t)side->bytes,
	                  "pid", (json_int_t)who->pid, "tid", (json_int_t)who->tid, "name",
	                  json_text(side->flags & SIDE_IS_KERNEL ? "kernel" : who->name), "epoch",
	                  (json_int_t)side->epoch);

	set_place(object, symbols_line(side->node));
	json_object_set_new(object, "stack", stack_json(session, side));
	json_object_set_new(object, "last_synchronisation", last_json(&side->last));
	return object;
}

static json_t *race_json(const struct session *session, const struct report *report)
{
	const char *segment = report->region ? session->region[report->region - 1].name : NULL;

	return json_pack("{s:s, s:s, s:o, s:I, s:o, s:[o, o]}", "type", "race", "engine",
	                 report->flags & REPORT_WATCH ? "watchpoint" : "happens-before", "segment",
	                 segment ? json_text(segment) : json_null(), "offset",
	                 (json_int_t)report->offset, "memory",
	                 json_text(segment ? "shared" : report->symbol), "accesses",
	                 side_json(session, &report->later), side_json(session, &report->earlier));
}

static json_t *summary_json(const struct report_set *set)
{
	const struct session *session = set->session;
	char digest[17];

	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)session->schedule.digest);
	return json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:i, s:o}", "type", "summary", "races",
		(json_int_t)set->race_count, "not_kept", (json_int_t)session->reports_lost,
		"processes", (json_int_t)session->process_count, "shadow_bytes",
		(json_int_t)session_shadow_bytes(session), "steps",
		(json_int_t)session->schedule.step, "digest", digest, "exit_status",
		set->exit_status, "cause", set->cause ? json_text(set->cause) : json_null());
}

void report_write_jsonl(const struct report_set *set, FILE *out)
{
	for (uint32_t i = 0; i < set->race_count; i++)
		json_write_line(race_json(set->session, set->races[i]), out);
	json_write_line(summary_json(set), out);
}
