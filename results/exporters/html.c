/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html.c - the report as one page that needs nothing else.
 *
 * The page works from a file, offline, without a script and on paper. Its content
 * policy forbids the network and every script but the one that is built in, so that
 * no name in a report can do anything. Sections are in html/.
 */
#include <errno.h>

#include "results/exporter.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

static const char *const style[] = {
#include "page_css_info.h"
};

static const char *const script[] = {
#include "page_js_info.h"
};

static const char script_hash[] =
#include "page_js_hash_info.h"
	;

#define LINES(array) (sizeof(array) / sizeof((array)[0]))

static void write_head(FILE *out, const struct page *page)
{
	fprintf(out,
	        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
	        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
	        "'unsafe-inline'; script-src '%s'; img-src data:; base-uri 'none'; form-action "
	        "'none'\">\n<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
	        "<meta name=color-scheme content=\"light dark\">\n<meta name=referrer "
	        "content=no-referrer>\n<link rel=icon href=\"data:,\">\n<title>ipcbench, session "
	        "%.8s</title>\n<style>\n",
	        script_hash, page->report->session.uuid);
	for (size_t i = 0; i < LINES(style); i++)
		fputs(style[i], out);
	/* Where :has() is not known, every size is shown. */
	for (size_t i = 0; i < page->sizes_count; i++)
		fprintf(out,
		        ".choice:has(.tabs .z%zu:checked) > .size:not(.z%zu) { display: none; }\n",
		        i, i);
	fputs("</style></head>\n<body><main>\n", out);
}

static void write_chip(FILE *out, char key, size_t number, const char *label)
{
	fprintf(out, "<label><input type=checkbox checked value=\"%c=%zu\"><span>", key, number);
	html_text(out, label);
	fputs("</span></label>", out);
}

/* Writes the links to the sections, and the filters, which a script shows. */
static void write_nav(FILE *out, const struct page *page)
{
	fputs("<nav aria-label=Sections>", out);
	if (page->report->claims_count > 0)
		fputs("<a href=#claims>Thread or process?</a> ", out);
	if (page->report->semantics.transports_count > 0)
		fputs("<a href=#semantics>Promises</a> ", out);
	for (size_t i = 0; i < page->workloads_count; i++) {
		if (page->workloads[i].cells_count == 0)
			continue;
		fprintf(out, "<a href=#w%zu>", i);
		html_text(out, page->workloads[i].name);
		fputs("</a> ", out);
	}
	if (page->has_tails)
		fputs("<a href=#tails>The tail</a> ", out);
	if (page->has_pareto)
		fputs("<a href=#pareto>Trade-offs</a> ", out);
	fputs("<a href=#rounds>Rounds</a> <a href=#cells>All cells</a> <a href=#method>Method and "
	      "data</a></nav>\n<div id=filters hidden><fieldset class=\"tabs "
	      "chips\"><legend>Transports</legend>",
	      out);
	for (size_t i = 0; i < page->series_count; i++) {
		if (i == 0 || page->series[i].color != page->series[i - 1].color)
			write_chip(out, 't', page->series[i].color, page->series[i].transport);
	}
	fputs("</fieldset><fieldset class=\"tabs chips\"><legend>Settings</legend>", out);
	for (size_t i = 0; i < page->settings_count; i++)
		write_chip(out, 's', i, page->settings[i].label);
	fputs("</fieldset></div>\n", out);
}

static int write_body(FILE *out, const struct page *page)
{
	int ret;

	page_write_verdict(out, page);
	write_nav(out, page);
	page_write_claims(out, page);
	page_write_semantics(out, page);
	for (size_t i = 0; i < page->workloads_count; i++) {
		if (page->workloads[i].cells_count > 0)
			page_write_sizes(out, page, i);
	}
	ret = page_write_tails(out, page);
	if (ret == 0)
		ret = page_write_pareto(out, page);
	page_write_rounds(out, page);
	if (ret == 0)
		ret = page_write_cells(out, page);
	if (ret == 0)
		ret = page_write_method(out, page);
	return ret;
}

static int html_write(FILE *out, const struct report *report)
{
	struct page *page;
	int ret = page_create(&page, report);

	if (ret < 0)
		return ret;
	errno = 0;
	write_head(out, page);
	ret = write_body(out, page);
	fputs("</main>\n<script>", out);
	for (size_t i = 0; i < LINES(script); i++)
		fputs(script[i], out);
	fputs("</script></body></html>\n", out);
	page_destroy(page);
	return ret < 0 ? ret : exporter_error(out);
}

const struct exporter exporter_html = {
	.name = "html",
	.summary = "one page with charts, for a browser, offline",
	.write = html_write,
};
