/* SPDX-License-Identifier: MIT */
/* results/exporters/html/compare.c - the page of a comparison: its answer, and its data. */
#include "results/exporters/html/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/html/frame.h"
#include "results/exporters/html/html.h"
#include "results/exporters/text_units.h"
#include "results/stored_comparison.h"
#include "results/verdict_exporter.h"

#define NAME_BYTES 256
#define LINE_BYTES 4096

void compare_write_name(FILE *out, const struct verdict_pair *pair)
{
	char name[NAME_BYTES];

	verdict_pair_name(pair, name, sizeof(name));
	html_name(out, name);
	if (pair->is_control)
		fputs(" <small>control</small>", out);
}

void compare_value_text(char *out, size_t out_bytes, double value, const struct verdict_pair *pair)
{
	if (pair->metric == RUN_THROUGHPUT)
		text_scaled(out, out_bytes, value, "/s");
	else
		text_time(out, out_bytes, value, true);
}

static void write_title(FILE *out, const struct verdict_report *report)
{
	struct verdict_counts counts = verdict_report_count(report);

	if (counts.is_invalid)
		fputs("<h1><span class=bad>Invalid</span>: the control changed</h1>\n", out);
	else if (counts.regressed > 0)
		fprintf(out, "<h1><span class=bad>%zu regressed</span>", counts.regressed);
	else
		fputs("<h1>No regression", out);
	if (!counts.is_invalid && counts.improved > 0)
		fprintf(out, ", %zu improved", counts.improved);
	if (!counts.is_invalid)
		fputs("</h1>\n", out);
	fprintf(out,
	        "<p>Of %zu comparisons %zu are unchanged, %zu changed by less than matters, %zu "
	        "can't be told.</p>\n",
	        counts.regressed + counts.improved + counts.small + counts.unchanged +
	                counts.inconclusive,
	        counts.unchanged, counts.small, counts.inconclusive);
}

static void write_arms(FILE *out, const struct verdict_report *report)
{
	static const char names[2] = {'A', 'B'};

	fputs("<dl class=arms>", out);
	for (size_t arm = 0; arm < 2; arm++) {
		fprintf(out, "<div><dt>%c</dt><dd><code>", names[arm]);
		html_text(out, report->arms[arm] ? report->arms[arm] : "");
		fputs("</code></dd></div>", out);
	}
	fputs("</dl>\n", out);
}

static void write_warnings(FILE *out, const struct verdict_report *report)
{
	fputs("<ul class=warnings>\n", out);
	if (verdict_report_count(report).is_invalid)
		fputs("<li><b>Nothing below counts</b>: neither side can touch the control. The "
		      "machine disturbed one of them; measure again.</li>\n",
		      out);
	if (report->note) {
		fputs("<li>", out);
		html_text(out, report->note);
		fputs("</li>\n", out);
	}
	for (size_t i = 0; i < report->pairs_count; i++) {
		const struct verdict_pair *pair = &report->pairs[i];
		unsigned excluded = pair->excluded[0] + pair->excluded[1];

		if (pair->failed > 0) {
			fprintf(out, "<li><b>%u of %u rounds failed</b>, ", pair->failed,
			        pair->rounds[0] + pair->rounds[1]);
			compare_write_name(out, pair);
			fputs(": ", out);
			html_text(out, pair->failure);
			fputs("</li>\n", out);
		}
		if (excluded > 0) {
			fprintf(out, "<li><b>%u %s left out</b>, ", excluded,
			        excluded == 1 ? "round" : "rounds");
			compare_write_name(out, pair);
			fprintf(out,
			        ": the hypervisor took more than %.0f %%, whatever they measured"
			        "</li>\n",
			        100.0 * VERDICT_STEAL_MAX);
		}
	}
	if (report->session)
		frame_write_findings(out, report->session->doctor);
	fputs("</ul>\n", out);
}

static void write_head(FILE *out, const struct verdict_report *report)
{
	char line[LINE_BYTES];

	fputs("<header id=verdict>", out);
	if (report->session)
		frame_write_session(out, "ipcbench ab", report->session);
	else
		fputs("<p class=eyebrow>ipcbench compare: two stored sessions</p>\n", out);
	write_title(out, report);
	write_arms(out, report);
	if (report->session)
		frame_write_machine(out, report->session);
	write_warnings(out, report);
	if (report->reproduce) {
		snprintf(line, sizeof(line), "%s%s", report->reproduce,
		         strstr(report->reproduce, "--seed") ? "" : " --seed ");
		if (!strstr(report->reproduce, "--seed"))
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "%llu",
			         (unsigned long long)report->seed);
		frame_write_again(out, line);
	}
	fprintf(out,
	        "</header>\n<nav aria-label=Sections><a href=#effects>What changed</a> %s<a "
	        "href=#rounds>Round by round</a> <a href=#method>Method and data</a></nav>\n",
	        report->is_stored ? "" : "<a href=#shifts>Where in the distribution</a> ");
}

static void write_judging(FILE *out, const struct verdict_report *report)
{
	if (report->is_stored) {
		fprintf(out,
		        "The rounds of both sessions were ranked together: p is of the exact "
		        "rank-sum test, corrected for the number of comparisons (Holm, %g), the "
		        "effect is the Hodges-Lehmann estimate. They were not interleaved, so a "
		        "change must also lie beyond what two sessions may differ by themselves: "
		        "%.0f %%, p99 %.0f %%, or the largest step between two sessions of one "
		        "build in this history. What it finds is confirmed by <code>ipcbench "
		        "ab</code>.",
		        STORED_ALPHA, 100.0 * STORED_ALLOWANCE, 100.0 * STORED_ALLOWANCE_TAIL);
		return;
	}
	fprintf(out,
	        "Both sides lived at the same time and took turns in slices of a few milliseconds, "
	        "in random order, with fresh processes in each round. A round gives one "
	        "difference, the log ratio of its quantiles; the effect is the Hodges-Lehmann "
	        "estimate over the rounds, p is of the exact Wilcoxon signed-rank test. What had p "
	        "&lt; %g and was large enough to matter was measured again in fresh rounds and "
	        "judged by these alone, corrected for their number (Holm, %g).",
	        report->rules.alpha_suspect, report->rules.alpha_confirm);
}

/* Writes how it was judged, and the data to save. Returns 0, or -ENOMEM. */
static int write_method(FILE *out, const struct verdict_report *report)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&text, &bytes);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = verdict_exporter_find("json")->write(memory, report);
	if (fclose(memory) != 0 && ret == 0)
		ret = -ENOMEM;
	if (ret == 0) {
		fputs("<section id=method><h2>Method and data</h2>\n<p>", out);
		write_judging(out, report);
		fprintf(out,
		        "</p>\n<p><a id=data download=\"ipcbench-%s.json\" "
		        "href='data:application/json;charset=utf-8,",
		        report->is_stored ? "compare" : "ab");
		html_uri(out, text);
		fprintf(out, "'>Save all verdicts as JSON</a>, %zu kB.</p></section>\n",
		        (bytes + 999) / 1000);
	}
	free(text);
	return ret;
}

int compare_write(FILE *out, const struct verdict_report *report)
{
	int ret;

	write_head(out, report);
	compare_write_forest(out, report);
	ret = compare_write_shifts(out, report);
	compare_write_duels(out, report);
	return ret < 0 ? ret : write_method(out, report);
}
