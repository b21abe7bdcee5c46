/* SPDX-License-Identifier: MIT */
/* results/exporter.c - the ways to write a report that this program knows. */
#include "results/exporter.h"

#include <errno.h>
#include <string.h>

static const struct exporter *const exporters[] = {
#define RESULTS_EXPORTER(name) &exporter_##name,
#include "registered_exporters.inc"
#undef RESULTS_EXPORTER
};

const struct exporter *exporter_at(size_t index)
{
	return index < sizeof(exporters) / sizeof(exporters[0]) ? exporters[index] : NULL;
}

const struct exporter *exporter_find(const char *name)
{
	const struct exporter *exporter;

	for (size_t i = 0; (exporter = exporter_at(i)); i++) {
		if (strcmp(exporter->name, name) == 0)
			return exporter;
	}
	return NULL;
}

int exporter_error(FILE *out)
{
	if (!ferror(out))
		return 0;
	return errno > 0 ? -errno : -EIO;
}
