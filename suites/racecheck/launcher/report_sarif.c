/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/report_sarif.c - reports as one SARIF 2.1.0 log (OASIS).
 *
 * A race is a result: its location is the later access, its related location the earlier
 * one, and its two stacks are theirs.
 */
#include "suites/racecheck/launcher/report.h"

#include <string.h>

#include "suites/racecheck/launcher/json.h"

/* A path as RFC 3986 wants it: file://, and everything unusual in hexadecimal. */
static json_t *uri_json(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/";
	char uri[sizeof(((struct line *)NULL)->file) * 3 + 8];
	size_t used = (size_t)snprintf(uri, sizeof(uri), "%s", path[0] == '/' ? "file://" : "");

	for (; *path; path++) {
		if (strchr(plain, *path))
			uri[used++] = *path;
		else
			used += (size_t)snprintf(uri + used, 4, "%%%02X", (unsigned char)*path);
	}
	uri[used] = '\0';
	return json_string(uri);
}

/* Where a line is; message may be null. */
static json_t *location_json(const struct line *line, const char *message)
{
	json_t *location = json_pack("{s:[{s:o, s:s}]}", "logicalLocations", "name",
	                             json_text(line->function), "kind", "function");

	if (line->number != 0)
		json_object_set_new(location, "physicalLocation",
		                    json_pack("{s:{s:o}, s:{s:I}}", "artifactLocation", "uri",
		                              uri_json(line->file), "region", "startLine",
		                              (json_int_t)line->number));
	if (message)
		json_object_set_new(location, "message",
		                    json_pack("{s:o}", "text", json_text(message)));
	return location;
}

static void describe(const struct session *session, const struct side *side, char *text,
                     size_t bytes)
{
	const struct occupant *who = side_who(session, side);

	if (side->flags & SIDE_IS_KERNEL)
		snprintf(text, bytes, "change by the kernel or by code that is not checked");
	else
		snprintf(text, bytes, "%s of %u bytes by process %u (%s), thread %u",
		         side_kind(side), side->bytes, who->pid, who->name, who->tid);
}

static json_t *side_location(const struct session *session, const struct side *side)
{
	char text[160];

	describe(session, side, text, sizeof(text));
	return location_json(symbols_line(side->node), text);
}

static json_t *stack_json(const struct session *session, const struct side *side)
{
	const struct line *frames[STACK_SHOWN];
	uint32_t count = side_stack(session, side, frames);
	json_t *list = json_array();
	char what[160];
	char text[400];

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:o, s:I}", "location",
		                                      location_json(frames[i], NULL), "threadId",
		                                      (json_int_t)side_who(session, side)->tid));
	describe(session, side, what, sizeof(what));
	if (side->last.epoch == 0)
		snprintf(text, sizeof(text), "%s; no synchronisation before it", what);
	else
		snprintf(text, sizeof(text), "%s; last synchronisation: %s (%s)", what,
		         edge_name(side->last.edge), side->last.is_acquire ? "acquire" : "release");
	return json_pack("{s:{s:o}, s:o}", "message", "text", json_text(text), "frames", list);
}

/* What two runs have in common for the same pair: the lines, in one order. */
static json_t *fingerprint_json(const struct report *report)
{
	const struct line *one = symbols_line(report->later.node);
	const struct line *other = symbols_line(report->earlier.node);
	char text[2 * (sizeof(one->file) + 40)];

	if (strcmp(one->file, other->file) > 0 ||
	    (strcmp(one->file, other->file) == 0 && one->number > other->number)) {
		const struct line *first = other;

		other = one;
		one = first;
	}
	snprintf(text, sizeof(text), "%s:%u %s:%u", one->file, one->number, other->file,
	         other->number);
	return json_text(text);
}

static json_t *result_json(const struct session *session, const struct report *report)
{
	json_t *related = side_location(session, &report->earlier);
	char where[256];
	char sides[2][160];
	char message[640];

	json_object_set_new(related, "id", json_integer(1));
	report_where(session, report, where, sizeof(where));
	describe(session, &report->later, sides[0], sizeof(sides[0]));
	describe(session, &report->earlier, sides[1], sizeof(sides[1]));
	snprintf(message, sizeof(message), "Data race in %s: %s, not ordered with the earlier %s.",
	         where, sides[0], sides[1]);
	return json_pack("{s:s, s:i, s:s, s:{s:o}, s:[o], s:[o], s:[o, o], s:{s:o}}", "ruleId",
	                 "data-race", "ruleIndex", 0, "level", "error", "message", "text",
	                 json_text(message), "locations", side_location(session, &report->later),
	                 "relatedLocations", related, "stacks", stack_json(session, &report->later),
	                 stack_json(session, &report->earlier), "partialFingerprints",
	                 "racingPair/v1", fingerprint_json(report));
}

static json_t *tool_json(void)
{
	return json_pack("{s:{s:s, s:s, s:[{s:s, s:{s:s}}]}}", "driver", "name", "racecheck",
	                 "version", RACECHECK_VERSION, "rules", "id", "data-race",
	                 "shortDescription", "text",
	                 "Two accesses to the same bytes, at least one of them a write and one "
	                 "not atomic, that no synchronisation orders.");
}

static json_t *invocation_json(const struct report_set *set)
{
	json_t *invocation = json_pack("{s:b, s:i}", "executionSuccessful", set->cause == NULL,
	                               "exitCode", set->exit_status);

	if (set->cause)
		json_object_set_new(invocation, "toolExecutionNotifications",
		                    json_pack("[{s:s, s:{s:o}}]", "level", "error", "message",
		                              "text", json_text(set->cause)));
	return invocation;
}

void report_write_sarif(const struct report_set *set, FILE *out)
{
	json_t *results = json_array();

	for (uint32_t i = 0; i < set->race_count; i++)
		json_array_append_new(results, result_json(set->session, set->races[i]));
	json_write_line(json_pack("{s:s, s:s, s:[{s:o, s:[o], s:o}]}", "$schema",
	                          "https://json.schemastore.org/sarif-2.1.0.json", "version",
	                          "2.1.0", "runs", "tool", tool_json(), "invocations",
	                          invocation_json(set), "results", results),
	                out);
}
