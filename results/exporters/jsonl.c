/* SPDX-License-Identifier: MIT */
/* results/exporters/jsonl.c - one JSON object a line: each cell, each skip, each claim. */
#include "results/exporter.h"
#include "results/exporters/report_json.h"

static int jsonl_write(FILE *out, const struct report *report)
{
	for (size_t i = 0; i < report->cells_count; i++) {
		int ret = report_json_write(out, report_json_cell(&report->cells[i]));

		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < report->skips_count; i++) {
		int ret = report_json_write(out, report_json_skip(&report->skips[i]));

		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < report->claims_count; i++) {
		int ret = report_json_write(out, report_json_claim(&report->claims[i]));

		if (ret < 0)
			return ret;
	}
	return 0;
}

const struct exporter exporter_jsonl = {
	.name = "jsonl",
	.summary = "one JSON object a line: cell, failed, skip, claim, experiment",
	.write = jsonl_write,
};
