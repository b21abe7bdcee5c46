/* SPDX-License-Identifier: MIT */
/* results/exporters/html/claims.c - threads or processes: each claim, and what was measured. */
#include <string.h>

#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

/* So many numbers are told at once; the rest is folded. */
#define SHOWN_MEASURES 4u

static void write_pair(FILE *out, const struct report_claim *claim, size_t index)
{
	fputs("<span class=pair>", out);
	html_text(out, claim->measured[index].name);
	fprintf(out, " <b>%.4g</b></span> ", claim->measured[index].value);
}

/* Writes the first numbers, and a fold with the others; folds of a few alone are none. */
static void write_measured(FILE *out, const struct report_claim *claim)
{
	size_t shown = claim->measured_count <= SHOWN_MEASURES + 2 ? claim->measured_count
	                                                           : SHOWN_MEASURES;

	for (size_t i = 0; i < shown; i++)
		write_pair(out, claim, i);
	if (shown == claim->measured_count)
		return;
	fprintf(out, "<details><summary>%zu more numbers</summary>", claim->measured_count - shown);
	for (size_t i = shown; i < claim->measured_count; i++)
		write_pair(out, claim, i);
	fputs("</details>", out);
}

/* Names the cells; those of this report lead to their row. */
static void write_cells(FILE *out, const struct page *page, const struct report_claim *claim)
{
	for (size_t i = 0; i < claim->cells_count && i < REPORT_CLAIM_CELLS_MAX; i++) {
		const struct report_cell *cell = report_find_cell(page->report, claim->cells[i]);

		if (cell)
			fprintf(out, "<a href=#r%zu>", page_number(page, cell));
		fputs("<code>", out);
		html_text(out, claim->cells[i]);
		fputs(cell ? "</code></a> " : "</code> ", out);
	}
}

static void write_verdict(FILE *out, const struct report_claim *claim)
{
	const char *kind = strcmp(claim->verdict, "holds") == 0           ? "yes"
	                   : strcmp(claim->verdict, "does not hold") == 0 ? "no"
	                                                                  : "open";

	fprintf(out, "<td class=\"word v%s\">", kind);
	html_text(out, claim->verdict);
	if (claim->reason[0] != '\0') {
		fputs("<small>", out);
		html_text(out, claim->reason);
		fputs("</small>", out);
	}
	fputs("</td>", out);
}

static void write_row(FILE *out, const struct page *page, const struct report_claim *claim)
{
	bool is_experiment = claim->verdict[0] == '\0';
	const char *note = is_experiment ? claim->reason : claim->how;

	fputs("<tr><th scope=row>", out);
	html_text(out, claim->claim);
	if (note[0] != '\0') {
		fputs("<small>", out);
		html_text(out, note);
		fputs("</small>", out);
	}
	fputs("</th>", out);
	if (!is_experiment)
		write_verdict(out, claim);
	fputs("<td class=word>", out);
	write_measured(out, claim);
	if (claim->cells_count > 0) {
		fputs("<details><summary>Cells</summary>", out);
		write_cells(out, page, claim);
		fputs("</details>", out);
	}
	fputs("</td></tr>\n", out);
}

/* Writes a table of the claims, or of the experiments, if there are any. */
static void write_table(FILE *out, const struct page *page, bool is_experiment)
{
	bool is_open = false;

	for (size_t i = 0; i < page->report->claims_count; i++) {
		const struct report_claim *claim = &page->report->claims[i];

		if ((claim->verdict[0] == '\0') != is_experiment)
			continue;
		if (!is_open)
			fprintf(out,
			        "<div class=scroll tabindex=0 role=region aria-label=\"Table of "
			        "%s\"><table class=claims><thead><tr><th scope=col>%s</th>%s"
			        "<th scope=col>Measured</th></tr></thead><tbody>\n",
			        is_experiment ? "experiments" : "claims",
			        is_experiment ? "Experiment" : "Claim",
			        is_experiment ? "" : "<th scope=col>Verdict here</th>");
		is_open = true;
		write_row(out, page, claim);
	}
	if (is_open)
		fputs("</tbody></table></div>\n", out);
}

void page_write_claims(FILE *out, const struct page *page)
{
	if (page->report->claims_count == 0)
		return;
	fputs("<section id=claims><h2>Thread or process?</h2>\n", out);
	write_table(out, page, false);
	write_table(out, page, true);
	fputs("</section>\n", out);
}
