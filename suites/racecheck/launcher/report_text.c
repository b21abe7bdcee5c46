/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/report_text.c - reports for people. */
#include "suites/racecheck/launcher/report.h"

static void write_stack(const struct session *session, const struct side *side, FILE *out)
{
	const struct line *frames[STACK_SHOWN];
	uint32_t count = side_stack(session, side, frames);

	for (uint32_t i = 0; i < count; i++) {
		fprintf(out, "    #%u %s", i, frames[i]->function);
		if (frames[i]->number != 0)
			fprintf(out, " %s:%u", frames[i]->file, frames[i]->number);
		fputc('\n', out);
	}
}

static void write_last(const struct sync_event *last, FILE *out)
{
	const struct line *line = symbols_line(last->node);

	if (last->epoch == 0) {
		fprintf(out, "    no synchronisation before it\n");
		return;
	}
	fprintf(out, "    last synchronisation: %s (%s)", edge_name(last->edge),
	        last->is_acquire ? "acquire" : "release");
	if (line->number != 0)
		fprintf(out, " at %s:%u", line->file, line->number);
	fputc('\n', out);
}

static void write_side(const struct session *session, const struct side *side, const char *word,
                       FILE *out)
{
	const struct occupant *who = side_who(session, side);

	if (side->flags & SIDE_IS_KERNEL) {
		fprintf(out, "  %schanged meanwhile by the kernel or by code that is not checked\n",
		        word);
		return;
	}
	fprintf(out, "  %s%s of %u bytes by process %u (%s), thread %u\n", word, side_kind(side),
	        side->bytes, who->pid, who->name, who->tid);
	write_stack(session, side, out);
	write_last(&side->last, out);
}

void report_write_text(const struct report_set *set, FILE *out)
{
	for (uint32_t i = 0; i < set->race_count; i++) {
		char where[256];

		report_where(set->session, set->races[i], where, sizeof(where));
		fprintf(out, "racecheck: data race in %s\n", where);
		write_side(set->session, &set->races[i]->later, "", out);
		write_side(set->session, &set->races[i]->earlier, "earlier ", out);
	}
	if (set->race_count > 0)
		fprintf(out, "racecheck: %u data race%s\n", set->race_count,
		        set->race_count == 1 ? "" : "s");
	if (set->session->reports_lost > 0)
		fprintf(out, "racecheck: %u more were not kept\n", set->session->reports_lost);
	if (set->cause)
		fprintf(out, "racecheck: no verdict: %s\n", set->cause);
}
