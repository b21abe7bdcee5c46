/* SPDX-License-Identifier: MIT */
/* results/exporters/html/method.c - how and where it was measured, what words mean, the data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "results/environment.h"
#include "results/exporter.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

static const struct {
	const char *word;
	const char *meaning;
} glossary[] = {
	{"cell", "one point that is measured, with all that may change its number in its name: "
                 "transport/workload/size/placement/wait/model, and what is not the default"},
	{"round",
         "one repetition of a cell with peers of its own; the unit of all statistics, since "
         "samples of one round are not independent"},
	{"p50, p99, p99.9",
         "50, 99 and 99.9 of 100 round trips took at most so long: the median over "
         "the rounds of that quantile, never a mean of quantiles"},
	{"spread",
         "half of what lies between the quartiles of the rounds, as a share of the median"},
	{"same core, cross core",
         "peers are pinned to one CPU, or to two; unpinned ones go where the "
         "kernel puts them"},
	{"block, spin, hybrid",
         "a peer waits in the kernel, or on its CPU, or first there and then "
         "in the kernel"},
	{"processes, threads", "peers are forked processes, or threads of one process"},
	{"CPU", "time on a CPU, user and system, that a message or round trip costs all peers "
                "together"},
	{"batch",
         "operations that one clock stamp spans, where one is too short to be timed; quantiles "
         "are then those of means of so many"},
	{"yardstick", "a transport that hands the message to itself: what the harness costs; it is "
                      "part of every other row and subtracted nowhere"},
};

static void write_glossary(FILE *out)
{
	fputs("<h3>Words</h3>\n<dl class=words>\n", out);
	for (size_t i = 0; i < sizeof(glossary) / sizeof(glossary[0]); i++) {
		fputs("<div><dt>", out);
		html_text(out, glossary[i].word);
		fputs("</dt><dd>", out);
		html_text(out, glossary[i].meaning);
		fputs("</dd></div>\n", out);
	}
	fputs("</dl>\n", out);
}

/* Writes a value in one line: texts as they are, the rest as JSON. */
static void write_value(FILE *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		html_text(out, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
	html_text(out, text ? text : "");
	free(text);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Writes an object as rows, by name. Returns 0, or -ENOMEM. */
static int write_object(FILE *out, const char *title, const char *text)
{
	json_t *object = json_loads(text ? text : "{}", 0, NULL);
	const char **names = calloc(json_object_size(object) + 1, sizeof(*names));
	const char *name;
	json_t *value;
	size_t count = 0;

	if (!names) {
		json_decref(object);
		return -ENOMEM;
	}
	json_object_foreach(object, name, value) names[count++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	fprintf(out, "<details><summary>%s</summary><table class=facts><tbody>\n", title);
	for (size_t i = 0; i < count; i++) {
		fputs("<tr><th scope=row>", out);
		html_text(out, names[i]);
		fputs("</th><td>", out);
		write_value(out, json_object_get(object, names[i]));
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table></details>\n", out);
	free(names);
	json_decref(object);
	return 0;
}

static int write_environment(FILE *out, const struct environment *environment)
{
	int ret;

	if (!environment)
		return 0;
	fputs("<h3>Where</h3>\n<p>Numbers compare where both keys are the same: machine <code>",
	      out);
	html_text(out, environment->machine_key);
	fputs("</code>, environment <code>", out);
	html_text(out, environment->key);
	fputs("</code>.</p>\n", out);
	ret = write_object(out, "The machine", environment->machine);
	if (ret == 0)
		ret = write_object(out, "Its settings and this build", environment->canon);
	if (ret == 0)
		ret = write_object(out, "Recorded only", environment->recorded);
	return ret;
}

/* Writes the report as JSON in a link, which is saved without a script or a network. */
static int write_data(FILE *out, const struct page *page)
{
	const struct exporter *exporter = exporter_find("json");
	char *text = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&text, &bytes);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = exporter ? exporter->write(memory, page->report) : 0;
	if (fclose(memory) != 0 && ret == 0)
		ret = -ENOMEM;
	if (ret == 0) {
		fprintf(out,
		        "<h3>The data</h3>\n<p><a id=data download=\"ipcbench-%.8s.json\" "
		        "href='data:application/json;charset=utf-8,",
		        page->report->session.uuid);
		html_uri(out, text);
		fprintf(out,
		        "'>Save all figures as JSON</a>, %zu kB, as <code>ipcbench report --format "
		        "json</code> writes them.</p>\n",
		        (bytes + 999) / 1000);
	}
	free(text);
	return ret;
}

int page_write_method(FILE *out, const struct page *page)
{
	int ret;

	fputs("<section id=method><h2>How, and where</h2>\n"
	      "<p>Every message is written in full by its producer, and read and checked in full "
	      "by "
	      "its consumer: sequence, length, each byte. Each cell is measured in several rounds, "
	      "each with fresh peers; the rounds of all cells are interleaved in an order that the "
	      "seed shuffles, so that a change of the machine meets all cells alike. A figure is "
	      "the "
	      "median over the rounds. What cannot be timed alone is timed in batches; what too "
	      "few "
	      "values support is not shown.</p>\n",
	      out);
	write_glossary(out);
	ret = write_environment(out, page->report->session.environment);
	if (ret == 0)
		ret = write_data(out, page);
	fputs("</section>\n", out);
	return ret;
}
