/* SPDX-License-Identifier: MIT */
/* results/verdict_exporter.c - finds a way to write a comparison. */
#include "results/verdict_exporter.h"

#include <string.h>

static const struct verdict_exporter *const exporters[] = {
#define RESULTS_VERDICT(name) &verdict_exporter_##name,
#include "registered_verdicts.inc"
#undef RESULTS_VERDICT
};

const struct verdict_exporter *verdict_exporter_at(size_t index)
{
	return index < sizeof(exporters) / sizeof(exporters[0]) ? exporters[index] : NULL;
}

const struct verdict_exporter *verdict_exporter_find(const char *name)
{
	const struct verdict_exporter *exporter;

	for (size_t i = 0; (exporter = verdict_exporter_at(i)); i++) {
		if (strcmp(exporter->name, name) == 0)
			return exporter;
	}
	return NULL;
}
