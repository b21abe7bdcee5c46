/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/report.c - which races are reported, and in what format.
 *
 * A pair of accesses at the same two lines is one report, however many
 * addresses of code the compiler made of them.
 */
#include "suites/racecheck/launcher/report.h"

#include <string.h>

const char *edge_name(uint32_t edge)
{
	static const char *const names[EDGE_COUNT] = {
		"nothing",
#define EDGE(name) #name,
#include "suites/racecheck/edges.def"
	};

	return edge < EDGE_COUNT ? names[edge] : "unknown call";
}

bool edge_orders(uint32_t edge)
{
	static const bool orders[EDGE_COUNT] = {
#define CALL(name) [EDGE_##name] = false,
#define EDGE(name) [EDGE_##name] = true,
#include "suites/racecheck/edges.def"
	};

	return edge < EDGE_COUNT && orders[edge];
}

const char *side_kind(const struct side *side)
{
	static const char *const kinds[] = {"read", "write", "atomic read", "atomic write"};

	return kinds[side->flags & (SIDE_IS_WRITE | SIDE_IS_ATOMIC)];
}

const struct occupant *side_who(const struct session *session, const struct side *side)
{
	return &session->occupant[side->occupant < OCCUPANT_MAX ? side->occupant : 0];
}

uint32_t side_stack(const struct session *session, const struct side *side,
                    const struct line *frames[STACK_SHOWN])
{
	uint32_t frame_count = 0;

	for (uint32_t node = side->node; node != 0; node = session->node[node - 1].parent) {
		uint32_t line_count;
		const struct line *lines = symbols_lines(node, &line_count);

		for (uint32_t i = 0; i < line_count && frame_count < STACK_SHOWN; i++)
			frames[frame_count++] = &lines[i];
		if (frame_count == STACK_SHOWN)
			break;
	}
	return frame_count;
}

void report_where(const struct session *session, const struct report *report, char *text,
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

static void collect_distinct(struct report_set *set)
{
	uint32_t count = set->session->report_count;

	for (uint32_t i = 0; i < count && i < REPORT_MAX; i++) {
		const struct report *report = &set->session->report[i];
		bool is_new = report->is_ready != 0;

		for (uint32_t j = 0; j < set->race_count && is_new; j++)
			is_new = !is_same(report, set->races[j]);
		if (is_new)
			set->races[set->race_count++] = report;
	}
}

int report_write(const struct session *session, enum report_format format, const char *cause,
                 int program_status, FILE *out)
{
	static struct report_set set; /* too big for a stack */

	set = (struct report_set){.session = session, .cause = cause};
	collect_distinct(&set);
	set.exit_status = set.race_count > 0 ? EXIT_RACE : cause ? EXIT_NO_VERDICT : program_status;
	if (format == FORMAT_TEXT)
		report_write_text(&set, out);
	else if (format == FORMAT_JSONL)
		report_write_jsonl(&set, out);
	else
		report_write_sarif(&set, out);
	return set.exit_status;
}
