/* SPDX-License-Identifier: MIT */
/* results/exporters/verdict/html.c - verdicts as a page that needs nothing else. */
#include <errno.h>

#include "results/exporter.h"
#include "results/exporters/html/compare.h"
#include "results/exporters/html/frame.h"
#include "results/verdict_exporter.h"

static int write_html(FILE *out, const struct verdict_report *report)
{
	int ret;

	errno = 0;
	frame_open(out, report->is_stored ? "ipcbench compare" : "ipcbench ab");
	frame_body(out);
	ret = compare_write(out, report);
	frame_close(out);
	return ret < 0 ? ret : exporter_error(out);
}

const struct verdict_exporter verdict_exporter_html = {
	.name = "html",
	.summary = "one page with charts, for a browser, offline",
	.write = write_html,
};
