/* SPDX-License-Identifier: MIT */
/* results/exporter.h - a way to write a report; one file and one line add a format. */
#ifndef RESULTS_EXPORTER_H
#define RESULTS_EXPORTER_H

#include <stddef.h>
#include <stdio.h>

#include "results/report.h"

struct exporter {
	const char *name; /* as in --format */
	const char *summary;
	/*
	 * Writes the whole report to out. Returns 0, -ENOMEM, or what
	 * exporter_error() does. The caller flushes and closes out.
	 */
	int (*write)(FILE *out, const struct report *report);
	/*
	 * Optional, where the format's readers take one cell a file: writes a cell.
	 * Returns as write does; -ENODATA: the format has nothing to say of it.
	 */
	int (*write_cell)(FILE *out, const struct report *report, const struct report_cell *cell);
};

/* Each one there is; declared here so that its definition is checked against it. */
#define RESULTS_EXPORTER(name) extern const struct exporter exporter_##name;
#include "registered_exporters.inc"
#undef RESULTS_EXPORTER

/*
 * Returns 0 if all was written to out so far, else the -errno of the failed write,
 * or -EIO where it is not known: for exporters, which set errno to 0 before they begin.
 */
int exporter_error(FILE *out);

/* Returns the exporter called name, or null. */
const struct exporter *exporter_find(const char *name);

/* Returns the exporter at index, or null past the last one. */
const struct exporter *exporter_at(size_t index);

#endif
