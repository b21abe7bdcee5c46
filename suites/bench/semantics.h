/* SPDX-License-Identifier: MIT */
/* suites/bench/semantics.h - what transports promise, as data for a report. */
#ifndef SUITES_BENCH_SEMANTICS_H
#define SUITES_BENCH_SEMANTICS_H

#include "results/report.h"

/* Says what each transport of the registry promises. */
void semantics_fill(struct report_semantics *semantics);

/* Adds to a report what each transport of the registry promises. */
void semantics_add(struct report_builder *builder);

#endif
