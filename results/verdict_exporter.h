/* SPDX-License-Identifier: MIT */
/* results/verdict_exporter.h - a way to write a comparison; one file and one line add one. */
#ifndef RESULTS_VERDICT_EXPORTER_H
#define RESULTS_VERDICT_EXPORTER_H

#include <stddef.h>
#include <stdio.h>

#include "results/verdict_report.h"

struct verdict_exporter {
	const char *name; /* as in --format */
	const char *summary;
	/* Writes it all. Returns 0, or -errno: -ENOMEM, -EIO. The caller flushes and closes. */
	int (*write)(FILE *out, const struct verdict_report *report);
};

#define RESULTS_VERDICT(name) extern const struct verdict_exporter verdict_exporter_##name;
#include "registered_verdicts.inc"
#undef RESULTS_VERDICT

/* Returns the one called name, or null. */
const struct verdict_exporter *verdict_exporter_find(const char *name);

/* Returns the one at index, or null past the last one. */
const struct verdict_exporter *verdict_exporter_at(size_t index);

#endif
