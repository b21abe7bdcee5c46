/* SPDX-License-Identifier: MIT */
/* results/exporters/html/timeline.c - the history of cells as a page. */
#include "results/exporters/html/timeline.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "results/exporter.h"
#include "results/exporters/html/frame.h"
#include "results/exporters/html/html.h"
#include "results/trend_write.h"

static void count_changes(const struct trend *trend, size_t *worse, size_t *all)
{
	*worse = 0;
	*all = 0;
	for (size_t i = 0; i < trend->series_count; i++) {
		const struct trend_series *series = &trend->series[i];

		for (size_t j = 0; j < series->changes_count; j++)
			*worse += trend_is_alarm(series, &series->changes[j]);
		*all += series->changes_count;
	}
}

static void write_head(FILE *out, const struct trend *trend)
{
	size_t worse;
	size_t all;

	count_changes(trend, &worse, &all);
	fputs("<header id=verdict><p class=eyebrow>ipcbench trend</p>\n", out);
	if (worse > 0)
		fprintf(out, "<h1><span class=bad>%zu unexplained %s</span></h1>\n", worse,
		        worse == 1 ? "slowdown" : "slowdowns");
	else
		fputs("<h1>No unexplained slowdown</h1>\n", out);
	fprintf(out, "<p>%zu series, %zu %s.</p>\n</header>\n", trend->series_count, all,
	        all == 1 ? "change" : "changes");
}

static void write_change(FILE *out, const struct trend_series *series,
                         const struct trend_change *change)
{
	const struct trend_point *before = &series->points[change->index - 1];
	const struct trend_point *after = &series->points[change->index];
	time_t seconds = (time_t)(after->started_ns / 1000000000u);
	char date[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(date, sizeof(date), "%Y-%m-%d", &utc);
	fputs("<tr><th scope=row>", out);
	html_name(out, series->cell.name);
	fputs("</th><td class=word>", out);
	html_text(out, trend_quantile_name(series->quantile));
	fprintf(out, "</td><td class=word>%s</td><td class=word><code>", date);
	html_text(out, before->build);
	fputs("</code> → <code>", out);
	html_text(out, after->build);
	fprintf(out,
	        "</code></td><td class=\"%s\" data-k=effect>%+.1f %%</td><td>%.3g</td><td "
	        "class=word>",
	        change->effect > 0 ? "w-worse" : "w-better", 100.0 * change->effect, change->p);
	fputs(trend_state_name(change->state), out);
	if (change->note[0] != '\0') {
		fputs(": ", out);
		html_text(out, change->note);
	}
	fputs("</td></tr>\n", out);
}

static void write_changes(FILE *out, const struct trend *trend)
{
	size_t worse;
	size_t all;

	count_changes(trend, &worse, &all);
	if (all == 0)
		return;
	fputs("<section id=changes><h2>Changes</h2>\n<div class=scroll tabindex=0 role=region "
	      "aria-label=\"Table of changes\"><table class=forest><thead><tr><th scope=col>Cell"
	      "</th><th scope=col class=word>Of</th><th scope=col class=word>Since</th><th "
	      "scope=col "
	      "class=word>Between</th><th scope=col>Effect</th><th scope=col>p</th><th scope=col "
	      "class=word>State</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < trend->series_count; i++) {
		for (size_t j = 0; j < trend->series[i].changes_count; j++)
			write_change(out, &trend->series[i], &trend->series[i].changes[j]);
	}
	fputs("</tbody></table></div></section>\n", out);
}

int trend_html_write(FILE *out, const struct trend *trend)
{
	bool are_machines = false;

	for (size_t i = 1; i < trend->series_count; i++)
		are_machines |=
			strcmp(trend->series[i].machine_key, trend->series[0].machine_key) != 0;
	errno = 0;
	frame_open(out, "ipcbench trend");
	frame_body(out);
	write_head(out, trend);
	write_changes(out, trend);
	fputs("<section id=series><h2>Session by session</h2>\n<p>A dot is a session, oldest "
	      "first; a line is the median of a stretch. Against the anchor, a build that stays "
	      "the "
	      "same and was measured in the same moments, kernel, host and day cancel: changes are "
	      "looked for there, and the figure itself is below. <span class=\"key "
	      "kw\">worse</span> "
	      "<span class=\"key kg\">better</span> <span class=\"key ke\">another "
	      "environment</span> The last begins a stretch, and is no alarm.</p>\n<div "
	      "class=panels>\n",
	      out);
	for (size_t i = 0; i < trend->series_count; i++)
		timeline_write_chart(out, &trend->series[i], are_machines);
	fputs("</div></section>\n", out);
	frame_close(out);
	return exporter_error(out);
}
