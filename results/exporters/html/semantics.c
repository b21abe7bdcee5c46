/* SPDX-License-Identifier: MIT */
/* results/exporters/html/semantics.c - what each transport promises, and what proves it. */
#include <string.h>

#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

/* Says whether a clause is named by a promise. */
static bool is_named(const struct report_semantics *semantics, const char *id)
{
	for (size_t i = 0; i < semantics->promises_count; i++) {
		if (strcmp(semantics->promises[i].clause, id) == 0)
			return true;
	}
	return false;
}

static void write_promise(FILE *out, const struct report_promise *promise, bool is_made,
                          bool is_needless)
{
	if (is_needless) {
		fputs("<td class=none title=\"", out);
		html_text(out, promise->needless ? promise->needless : "");
		fputs("\">–</td>", out);
		return;
	}
	if (is_made) {
		fprintf(out, "<td class=vyes><a href=#%s>yes</a></td>", promise->clause);
		return;
	}
	fputs("<td class=vno title=\"", out);
	html_text(out, promise->absent);
	fputs("\">no</td>", out);
}

/* Returns the color of a transport that was measured, or of none. */
static size_t color_of(const struct page *page, const char *transport)
{
	for (size_t i = 0; i < page->series_count; i++) {
		if (strcmp(page->series[i].transport, transport) == 0)
			return page->series[i].color;
	}
	return PAGE_ANY;
}

/* What all transports answer alike to a promise. */
enum answer { ANSWER_YES, ANSWER_NO, ANSWER_NONE, ANSWER_MIXED };

static enum answer answer_of(const struct report_semantics *semantics, size_t promise)
{
	enum answer all = ANSWER_MIXED;
	bool is_first = true;

	for (size_t i = 0; i < semantics->transports_count; i++) {
		const struct report_transport *transport = &semantics->transports[i];
		enum answer answer = transport->needless >> promise & 1u   ? ANSWER_NONE
		                     : transport->promises >> promise & 1u ? ANSWER_YES
		                                                           : ANSWER_NO;

		if (transport->is_yardstick)
			continue;
		if (!is_first && answer != all)
			return ANSWER_MIXED;
		all = answer;
		is_first = false;
	}
	return all;
}

/* Says in a sentence what would be a column of the same answer. */
static void write_common(FILE *out, const struct report_semantics *semantics, enum answer answer,
                         const char *start)
{
	bool is_first = true;

	for (size_t i = 0; i < semantics->promises_count; i++) {
		const struct report_promise *promise = &semantics->promises[i];

		if (answer_of(semantics, i) != answer)
			continue;
		fputs(is_first ? start : ", ", out);
		html_text(out, promise->title);
		fprintf(out, " (<a href=#%s>%s</a>)", promise->clause, promise->clause);
		is_first = false;
	}
	if (!is_first)
		fputs(". ", out);
}

static void write_table(FILE *out, const struct page *page)
{
	const struct report_semantics *semantics = &page->report->semantics;

	fputs("<div class=scroll tabindex=0 role=region aria-label=\"Table of promises\"><table "
	      "class=promises><thead><tr><th scope=col>Transport</th>",
	      out);
	for (size_t i = 0; i < semantics->promises_count; i++) {
		if (answer_of(semantics, i) != ANSWER_MIXED)
			continue;
		fputs("<th scope=col>", out);
		html_text(out, semantics->promises[i].title);
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t i = 0; i < semantics->transports_count; i++) {
		const struct report_transport *transport = &semantics->transports[i];
		size_t color = color_of(page, transport->name);

		if (transport->is_yardstick)
			continue;
		fputs("<tr", out);
		if (color != PAGE_ANY)
			fprintf(out, " data-t=%zu", color);
		fputs("><th scope=row title=\"", out);
		html_text(out, transport->summary);
		fputs("\">", out);
		html_text(out, transport->name);
		fputs("</th>", out);
		for (size_t j = 0; j < semantics->promises_count; j++) {
			if (answer_of(semantics, j) != ANSWER_MIXED)
				continue;
			write_promise(out, &semantics->promises[j], transport->promises >> j & 1u,
			              transport->needless >> j & 1u);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n<p class=note>", out);
	write_common(out, semantics, ANSWER_YES, "All of them: ");
	write_common(out, semantics, ANSWER_NO, "None of them: ");
	fputs("</p>\n", out);
}

void page_write_semantics(FILE *out, const struct page *page)
{
	const struct report_semantics *semantics = &page->report->semantics;

	if (semantics->transports_count == 0)
		return;
	fputs("<section id=semantics><h2>What each one promises</h2>\n<p>No transport may lose, "
	      "repeat, tear or hang; what is left to choose is below. A <b>yes</b> leads to the "
	      "clause that proves it, by tests that <code>ipccheck conformance --transport "
	      "NAME</code> runs on this machine; a <b>no</b> is not promised by the mechanism, and "
	      "says what follows from that.</p>\n",
	      out);
	write_table(out, page);
	fputs("<details class=clauses open><summary>The clauses</summary><dl>\n", out);
	for (size_t i = 0; i < semantics->clauses_count; i++) {
		const struct report_clause *clause = &semantics->clauses[i];

		fprintf(out, "<div id=%s%s><dt>%s</dt><dd>", clause->id,
		        is_named(semantics, clause->id) ? "" : " class=all", clause->id);
		html_text(out, clause->sentence);
		fputs("</dd></div>\n", out);
	}
	fputs("</dl></details></section>\n", out);
}
