/* SPDX-License-Identifier: MIT */
/* results/exporters/html/frame.c - what every page has: head, look, script, its session. */
#include "results/exporters/html/frame.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "results/environment.h"
#include "results/exporters/html/html.h"

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

void frame_open(FILE *out, const char *title)
{
	fprintf(out,
	        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
	        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
	        "'unsafe-inline'; script-src '%s'; img-src data:; base-uri 'none'; form-action "
	        "'none'\">\n<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
	        "<meta name=color-scheme content=\"light dark\">\n<meta name=referrer "
	        "content=no-referrer>\n<link rel=icon "
	        "href=\"data:,\">\n<title>%s</title>\n<style>\n",
	        script_hash, title);
	for (size_t i = 0; i < LINES(style); i++)
		fputs(style[i], out);
}

void frame_body(FILE *out)
{
	fputs("</style></head>\n<body><main>\n", out);
}

void frame_close(FILE *out)
{
	fputs("</main>\n<script>", out);
	for (size_t i = 0; i < LINES(script); i++)
		fputs(script[i], out);
	fputs("</script></body></html>\n", out);
}

void frame_write_findings(FILE *out, const char *doctor)
{
	json_t *findings = json_loads(doctor ? doctor : "[]", 0, NULL);
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding)
	{
		static const char *const texts[] = {"finding", "message", "text", "advice"};
		const char *id = json_string_value(json_object_get(finding, "id"));
		const char *level = json_string_value(json_object_get(finding, "level"));

		if (!id || !level || strcmp(level, "info") == 0 || strcmp(level, "pass") == 0 ||
		    strcmp(level, "ok") == 0)
			continue;
		fputs("<li><b>doctor: ", out);
		html_text(out, id);
		fputs("</b> ", out);
		html_text(out, level);
		if (json_is_number(json_object_get(finding, "value")))
			fprintf(out, ", %g", json_number_value(json_object_get(finding, "value")));
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
			const char *text = json_string_value(json_object_get(finding, texts[t]));

			fputs(text ? ": " : "", out);
			html_text(out, text ? text : "");
		}
		fputs("</li>\n", out);
	}
	json_decref(findings);
}

static void write_started(FILE *out, uint64_t started_ns)
{
	char text[64] = "";
	time_t seconds = (time_t)(started_ns / 1000000000u);
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
	fputs(text, out);
}

void frame_write_session(FILE *out, const char *what, const struct session *session)
{
	fprintf(out, "<p class=eyebrow>%s ", what);
	html_text(out, session->tool ? session->tool : "");
	fprintf(out, " · session %.8s · ", session->uuid);
	write_started(out, session->started_ns);
	fputs("</p>\n", out);
}

void frame_write_machine(FILE *out, const struct session *session)
{
	char described[512];

	if (!session->environment)
		return;
	environment_describe(session->environment, described, sizeof(described));
	fputs("<p class=machine>", out);
	html_text(out, described);
	fputs("</p>\n", out);
}

void frame_write_again(FILE *out, const char *line)
{
	fputs("<p class=again><span>Measure it again</span> <code id=again>", out);
	html_text(out, line);
	fputs("</code></p>", out);
}
