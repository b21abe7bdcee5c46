/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/report.c - reports as text, JSON lines and SARIF.
 *
 * A pair of accesses at the same two lines is one report, however many
 * addresses of code the compiler made of them.
 */
#include "suites/racecheck/launcher/launcher.h"

#include <string.h>

static const char *const edge_names[EDGE_COUNT] = {
	"nothing",
#define EDGE(name) #name,
#include "suites/racecheck/edges.def"
#undef EDGE
};

static bool is_same_line(const struct side *a, const struct side *b)
{
	const struct line *one = symbols_line(a->node);
	const struct line *other = symbols_line(b->node);

	if ((a->flags & SIDE_IS_WRITE) != (b->flags & SIDE_IS_WRITE))
		return false;
	if (one->number == 0 || other->number == 0)
		return a->node == b->node;
	return one->number == other->number && strcmp(one->file, other->file) == 0;
}

static bool is_same(const struct report *a, const struct report *b)
{
	return (is_same_line(&a->later, &b->later) && is_same_line(&a->earlier, &b->earlier)) ||
	       (is_same_line(&a->later, &b->earlier) && is_same_line(&a->earlier, &b->later));
}

uint32_t report_distinct(const struct session *session, bool *is_shown)
{
	uint32_t count = session->report_count < REPORT_MAX ? session->report_count : REPORT_MAX;
	uint32_t distinct = 0;

	for (uint32_t i = 0; i < count; i++) {
		is_shown[i] = session->report[i].is_ready != 0;
		for (uint32_t j = 0; j < i && is_shown[i]; j++)
			is_shown[i] =
				!is_shown[j] || !is_same(&session->report[i], &session->report[j]);
		distinct += is_shown[i];
	}
	return distinct;
}

static const char *kind_of(const struct side *side)
{
	static const char *const kinds[] = {"read", "write", "atomic read", "atomic write"};

	return kinds[side->flags & (SIDE_IS_WRITE | SIDE_IS_ATOMIC)];
}

/* Where the bytes are, for people. */
static void name_where(const struct session *session, const struct report *report, char *text,
                       size_t bytes)
{
	if (report->region != 0)
		snprintf(text, bytes, "segment \"%s\" at offset 0x%llx",
		         session->region[report->region - 1].name,
		         (unsigned long long)report->offset);
	else
		snprintf(text, bytes, "private memory of process %u at 0x%llx (%s)", report->pid,
		         (unsigned long long)report->offset, report->symbol);
}

/* ---- text ---- */

static void text_stack(const struct session *session, uint32_t node, FILE *out)
{
	for (int depth = 0; node != 0 && depth < STACK_SHOWN; depth++) {
		const struct line *line = symbols_line(node);

		if (line->number != 0)
			fprintf(out, "    #%d %s %s:%u\n", depth, line->function, line->file,
			        line->number);
		else
			fprintf(out, "    #%d %s\n", depth, line->function);
		node = session->node[node - 1].parent;
	}
}

static void text_side(const struct session *session, const struct side *side, const char *word,
                      FILE *out)
{
	const struct occupant *who = &session->occupant[side->occupant];

	if (side->flags & SIDE_IS_KERNEL) {
		fprintf(out, "  %schanged meanwhile by the kernel or by code that is not checked\n",
		        word);
		return;
	}
	fprintf(out, "  %s%s of %u bytes by process %u (%s), thread %u\n", word, kind_of(side),
	        side->bytes, who->pid, who->name, who->tid);
	text_stack(session, side->node, out);
	if (side->last.epoch == 0) {
		fprintf(out, "    no synchronisation before it\n");
	} else {
		const struct line *line = symbols_line(side->last.node);

		fprintf(out, "    last synchronisation: %s (%s)", edge_names[side->last.edge],
		        side->last.is_acquire ? "acquire" : "release");
		if (line->number != 0)
			fprintf(out, " at %s:%u", line->file, line->number);
		fputc('\n', out);
	}
}

static void text_report(const struct session *session, const struct report *report, FILE *out)
{
	char where[256];

	name_where(session, report, where, sizeof(where));
	fprintf(out, "racecheck: data race in %s\n", where);
	text_side(session, &report->later, "", out);
	text_side(session, &report->earlier, "earlier ", out);
}

/* ---- JSON ---- */

static void json_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void json_place(const struct line *line, FILE *out)
{
	fprintf(out, "\"function\":");
	json_text(line->function, out);
	fprintf(out, ",\"file\":");
	json_text(line->file, out);
	fprintf(out, ",\"line\":%u", line->number);
}

static void json_side(const struct session *session, const struct side *side, FILE *out)
{
	const struct occupant *who = &session->occupant[side->occupant];
	uint32_t node = side->node;

	fprintf(out, "{\"kind\":\"%s\",\"atomic\":%s,\"bytes\":%u,\"pid\":%u,\"tid\":%u,\"name\":",
	        side->flags & SIDE_IS_WRITE ? "write" : "read",
	        side->flags & SIDE_IS_ATOMIC ? "true" : "false", side->bytes, who->pid, who->tid);
	json_text(side->flags & SIDE_IS_KERNEL ? "kernel" : who->name, out);
	fprintf(out, ",\"epoch\":%llu,", (unsigned long long)side->epoch);
	json_place(symbols_line(node), out);
	fprintf(out, ",\"stack\":[");
	for (int depth = 0; node != 0 && depth < STACK_SHOWN; depth++) {
		fprintf(out, "%s{", depth > 0 ? "," : "");
		json_place(symbols_line(node), out);
		fputc('}', out);
		node = session->node[node - 1].parent;
	}
	fprintf(out, "],\"last_synchronisation\":");
	if (side->last.epoch == 0) {
		fprintf(out, "null}");
		return;
	}
	fprintf(out, "{\"call\":\"%s\",\"kind\":\"%s\",", edge_names[side->last.edge],
	        side->last.is_acquire ? "acquire" : "release");
	json_place(symbols_line(side->last.node), out);
	fprintf(out, "}}");
}

static void json_report(const struct session *session, const struct report *report, FILE *out)
{
	fprintf(out, "{\"type\":\"race\",\"engine\":\"%s\",\"segment\":",
	        report->flags & REPORT_WATCH ? "watchpoint" : "happens-before");
	if (report->region != 0)
		json_text(session->region[report->region - 1].name, out);
	else
		fprintf(out, "null");
	fprintf(out, ",\"offset\":%llu,\"memory\":", (unsigned long long)report->offset);
	json_text(report->region != 0 ? "shared" : report->symbol, out);
	fprintf(out, ",\"accesses\":[");
	json_side(session, &report->later, out);
	fputc(',', out);
	json_side(session, &report->earlier, out);
	fprintf(out, "]}\n");
}

/* ---- SARIF 2.1.0 ---- */

static void sarif_location(const struct session *session, const struct side *side, FILE *out)
{
	const struct line *line = symbols_line(side->node);
	const struct occupant *who = &session->occupant[side->occupant];
	char message[128];

	snprintf(message, sizeof(message), "%s of %u bytes by process %u, thread %u", kind_of(side),
	         side->bytes, who->pid, who->tid);
	fprintf(out, "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	json_text(line->file[0] != '\0' ? line->file : "unknown", out);
	fprintf(out, "},\"region\":{\"startLine\":%u}},\"message\":{\"text\":",
	        line->number != 0 ? line->number : 1);
	json_text(message, out);
	fprintf(out, "}}");
}

static void sarif_report(const struct session *session, const struct report *report, bool is_first,
                         FILE *out)
{
	char where[256];
	char message[320];

	name_where(session, report, where, sizeof(where));
	snprintf(message, sizeof(message), "data race in %s", where);
	fprintf(out, "%s{\"ruleId\":\"data-race\",\"level\":\"error\",\"message\":{\"text\":",
	        is_first ? "" : ",");
	json_text(message, out);
	fprintf(out, "},\"locations\":[");
	sarif_location(session, &report->later, out);
	fprintf(out, "],\"relatedLocations\":[");
	sarif_location(session, &report->earlier, out);
	fprintf(out, "]}");
}

static void write_begin(enum report_format format, FILE *out)
{
	if (format == FORMAT_SARIF)
		fprintf(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
		             "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":"
		             "\"racecheck\",\"rules\":[{\"id\":\"data-race\"}]}},\"results\":[");
}

static void write_end(enum report_format format, const struct session *session, const char *cause,
                      uint32_t races, FILE *out)
{
	if (format == FORMAT_SARIF) {
		fprintf(out, "],\"invocations\":[{\"executionSuccessful\":%s",
		        cause ? "false" : "true");
		if (cause) {
			fprintf(out, ",\"exitCodeDescription\":");
			json_text(cause, out);
		}
		fprintf(out, "}]}]}\n");
	} else if (format == FORMAT_JSONL) {
		fprintf(out,
		        "{\"type\":\"summary\",\"races\":%u,\"processes\":%u,\"steps\":%llu,"
		        "\"digest\":\"%016llx\",\"cause\":",
		        races, session->process_count, (unsigned long long)session->schedule.step,
		        (unsigned long long)session->schedule.digest);
		if (cause)
			json_text(cause, out);
		else
			fprintf(out, "null");
		fprintf(out, "}\n");
	} else {
		if (races > 0)
			fprintf(out, "racecheck: %u data race%s\n", races, races == 1 ? "" : "s");
		if (session->reports_lost > 0)
			fprintf(out, "racecheck: %u more were not kept\n", session->reports_lost);
		if (cause)
			fprintf(out, "racecheck: no verdict: %s\n", cause);
	}
}

uint32_t report_write(const struct session *session, enum report_format format, const char *cause,
                      FILE *out)
{
	static bool is_shown[REPORT_MAX];
	uint32_t races = report_distinct(session, is_shown);
	bool is_first = true;

	write_begin(format, out);
	for (uint32_t i = 0; i < session->report_count && i < REPORT_MAX; i++) {
		const struct report *report = &session->report[i];

		if (!is_shown[i])
			continue;
		if (format == FORMAT_TEXT)
			text_report(session, report, out);
		else if (format == FORMAT_JSONL)
			json_report(session, report, out);
		else
			sarif_report(session, report, is_first, out);
		is_first = false;
	}
	write_end(format, session, cause, races, out);
	return races;
}
