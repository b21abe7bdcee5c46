/* SPDX-License-Identifier: MIT */
/* results/claim_json.c - a claim as JSON: what commands print and what a history keeps. */
#include "results/claim_json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static json_t *measured_json(const struct report_claim *claim)
{
	json_t *measured = json_object();

	for (size_t i = 0; i < claim->measured_count && i < REPORT_MEASURES_MAX; i++) {
		if (json_object_set_new(measured, claim->measured[i].name,
		                        json_real(claim->measured[i].value)) < 0) {
			json_decref(measured);
			return NULL;
		}
	}
	return measured;
}

static json_t *cells_json(const struct report_claim *claim)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < claim->cells_count && i < REPORT_CLAIM_CELLS_MAX; i++) {
		if (json_array_append_new(cells, json_string(claim->cells[i])) < 0) {
			json_decref(cells);
			return NULL;
		}
	}
	return cells;
}

json_t *claim_json(const struct report_claim *claim)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o, s:o}", "id", claim->id, "claim",
	                 claim->claim, "how", claim->how, "verdict", claim->verdict, "reason",
	                 claim->reason[0] != '\0' ? claim->reason : NULL, "measured",
	                 measured_json(claim), "cells", cells_json(claim));
}

/* Copies a text of a claim. Returns whether there is one and it fits. */
static bool take_text(char *out, size_t out_bytes, const json_t *text)
{
	if (!json_is_string(text) || json_string_length(text) >= out_bytes)
		return false;
	memcpy(out, json_string_value(text), json_string_length(text) + 1);
	return true;
}

static bool take_measured(struct report_claim *out, json_t *measured)
{
	const char *name;
	json_t *value;

	json_object_foreach(measured, name, value)
	{
		size_t bytes = strlen(name) + 1;

		if (out->measured_count == REPORT_MEASURES_MAX || !json_is_number(value) ||
		    bytes > sizeof(out->measured[0].name))
			return false;
		memcpy(out->measured[out->measured_count].name, name, bytes);
		out->measured[out->measured_count++].value = json_number_value(value);
	}
	return json_is_object(measured);
}

static bool take_cells(struct report_claim *out, const json_t *cells)
{
	const json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
	{
		if (out->cells_count == REPORT_CLAIM_CELLS_MAX ||
		    !take_text(out->cells[out->cells_count++], sizeof(out->cells[0]), cell))
			return false;
	}
	return json_is_array(cells);
}

int claim_parse(struct report_claim *out, const char *text)
{
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const json_t *reason = json_object_get(object, "reason");
	bool is_whole;

	*out = (struct report_claim){0};
	is_whole =
		take_text(out->id, sizeof(out->id), json_object_get(object, "id")) &&
		take_text(out->claim, sizeof(out->claim), json_object_get(object, "claim")) &&
		take_text(out->how, sizeof(out->how), json_object_get(object, "how")) &&
		take_text(out->verdict, sizeof(out->verdict), json_object_get(object, "verdict")) &&
		(json_is_null(reason) || take_text(out->reason, sizeof(out->reason), reason)) &&
		take_measured(out, json_object_get(object, "measured")) &&
		take_cells(out, json_object_get(object, "cells"));
	json_decref(object);
	return is_whole ? 0 : -EBADMSG;
}
