/* SPDX-License-Identifier: MIT */
/* suites/bench/claims_write.c - judged claims in a report, in the store, and as JSON. */
#include "suites/bench/claims_write.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "results/claim_json.h"

/* Fills in a claim as a report has it. */
static void describe(struct report_claim *out, const struct claim *claim)
{
	*out = (struct report_claim){0};
	snprintf(out->id, sizeof(out->id), "%s", claim->id);
	snprintf(out->claim, sizeof(out->claim), "%s", claim->claim);
	snprintf(out->how, sizeof(out->how), "%s", claim->how);
	snprintf(out->reason, sizeof(out->reason), "%s", claim->reason);
	snprintf(out->verdict, sizeof(out->verdict), "%s", claim_verdict_text(claim->verdict));
	for (size_t i = 0; i < claim->facts_count && i < REPORT_MEASURES_MAX; i++) {
		snprintf(out->measured[i].name, sizeof(out->measured[i].name), "%s",
		         claim->facts[i].name);
		out->measured[i].value = claim->facts[i].value;
		out->measured_count++;
	}
	for (size_t i = 0; i < claim->cells_count && i < REPORT_CLAIM_CELLS_MAX; i++)
		snprintf(out->cells[out->cells_count++], RUN_CELL_BYTES, "%s", claim->cells[i]);
}

int claims_record(const struct claim *claims, struct report_builder *builder,
                  struct session_log *log)
{
	struct report_claim *row = malloc(sizeof(*row));
	int ret = row ? 0 : -ENOMEM;

	for (size_t i = 0; i < CLAIMS_COUNT && ret == 0; i++) {
		describe(row, &claims[i]);
		ret = session_log_claim(log, row);
		if (ret == 0)
			ret = report_add_claim(builder, row);
	}
	free(row);
	return ret;
}

int claims_write_json(FILE *out, const void *what)
{
	const struct claims_view *view = what;
	const struct trial *trial = view->trial;
	json_t *claims = json_array();
	json_t *pythons = json_array();
	json_t *all;
	int ret;

	for (size_t i = 0; i < view->report->claims_count; i++)
		json_array_append_new(claims, claim_json(&view->report->claims[i]));
	for (size_t i = 0; i < trial->pythons_count; i++)
		json_array_append_new(pythons, json_pack("{s:s, s:s, s:b}", "name",
		                                         trial->pythons[i].name, "version",
		                                         trial->pythons[i].version, "free_threaded",
		                                         trial->pythons[i].is_free_threaded));
	all = json_pack("{s:s, s:s, s:o, s:o, s:s?}", "schema", "ipcbench/1", "session",
	                view->report->session.uuid, "claims", claims, "pythons", pythons,
	                "python_skipped", trial->python_why[0] ? trial->python_why : NULL);
	if (!all || json_array_size(json_object_get(all, "claims")) != CLAIMS_COUNT) {
		json_decref(all);
		return -ENOMEM;
	}
	ret = json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(all);
	fputc('\n', out);
	return ret < 0 ? -EIO : 0;
}
