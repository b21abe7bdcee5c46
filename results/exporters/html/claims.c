/* SPDX-License-Identifier: MIT */
/* results/exporters/html/claims.c - threads or processes: each claim, and what was measured. */
#include <string.h>

#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

static void write_measured(FILE *out, const struct report_claim *claim)
{
	for (size_t i = 0; i < claim->measured_count && i < REPORT_MEASURES_MAX; i++) {
		fputs("<span class=pair>", out);
		html_text(out, claim->measured[i].name);
		fprintf(out, " <b>%.4g</b></span> ", claim->measured[i].value);
	}
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

void page_write_claims(FILE *out, const struct page *page)
{
	const struct report *report = page->report;

	if (report->claims_count == 0)
		return;
	fputs("<section id=claims><h2>Thread or process?</h2>\n<div class=scroll tabindex=0 "
	      "role=region aria-label=\"Table of claims\"><table class=claims><thead><tr>"
	      "<th scope=col>Claim</th><th scope=col>Verdict here</th>"
	      "<th scope=col>Measured</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < report->claims_count; i++) {
		const struct report_claim *claim = &report->claims[i];
		const char *kind = strcmp(claim->verdict, "holds") == 0           ? "yes"
		                   : strcmp(claim->verdict, "does not hold") == 0 ? "no"
		                                                                  : "open";

		fputs("<tr><th scope=row>", out);
		html_text(out, claim->claim);
		fprintf(out, "</th><td class=\"word v%s\">", kind);
		html_text(out, claim->verdict);
		fputs("</td><td class=word>", out);
		write_measured(out, claim);
		if (claim->cells_count > 0) {
			fputs("<details><summary>Cells</summary>", out);
			write_cells(out, page, claim);
			fputs("</details>", out);
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table></div></section>\n", out);
}
