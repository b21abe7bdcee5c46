/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/page.h - a report arranged for a page: what its charts share.
 *
 * A cell lies at (workload, setting, series, size). A setting is where peers run and
 * how they wait; a series is a transport under one model. Sections ask for cells by
 * these four and never compare names.
 */
#ifndef RESULTS_EXPORTERS_HTML_PAGE_H
#define RESULTS_EXPORTERS_HTML_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "results/report.h"

#define PAGE_LABEL_BYTES 96

struct page_workload {
	const char *name;
	enum run_metric metric;
	size_t cells_count; /* that gave a number */
	bool is_work;       /* real tasks, each of a size of its own */
};

struct page_setting {
	const char *placement;
	const char *wait;
	const char *params;
	char label[PAGE_LABEL_BYTES + RUN_CELL_BYTES];
};

struct page_series {
	const char *transport;
	const char *model;
	char label[PAGE_LABEL_BYTES];
	size_t color;       /* by transport, from 0; for the class names of page.css */
	bool is_yardstick;  /* measures the harness */
	bool is_comparator; /* no transport of this program: nobody's choice */
};

/* Where a cell or a skip lies. */
struct page_place {
	size_t workload;
	size_t setting;
	size_t series;
	size_t size;
};

struct page {
	const struct report *report;
	struct page_workload *workloads;
	size_t workloads_count;
	struct page_setting *settings;
	size_t settings_count;
	struct page_series *series; /* in order of transport, then model */
	size_t series_count;
	uint64_t *sizes; /* ascending, in bytes */
	size_t sizes_count;
	struct page_place *cells; /* of report->cells */
	struct page_place *skips; /* of report->skips */
	size_t measured;          /* cells that gave a number */
	size_t failed;            /* cells that gave none */
	size_t shaken;            /* cells with a number and a failed round */
	bool has_tails;           /* there are curves to draw */
	bool has_pareto;          /* there are tails to weigh against CPU time */
	size_t size_shown;        /* the size that stands for all where there is room for one */
};

/* Arranges a report, which must outlive the page. Returns 0, or -ENOMEM. */
int page_create(struct page **out, const struct report *report);
void page_destroy(struct page *page);

/*
 * Returns the cell at a place if it gave a number, or null; size may be PAGE_ANY, where
 * a setting has one size.
 */
#define PAGE_ANY SIZE_MAX
const struct report_cell *page_cell(const struct page *page, size_t workload, size_t setting,
                                    size_t series, size_t size);

/* Returns the cell at a place that gave no number at all, or null. */
const struct report_cell *page_failed(const struct page *page, size_t workload, size_t setting,
                                      size_t series, size_t size);

/* Returns the skip at a place, or null. */
const struct report_skip *page_skip(const struct page *page, size_t workload, size_t setting,
                                    size_t series, size_t size);

/* Says whether any cell with a number, in any series, is there; size may be PAGE_ANY. */
bool page_has(const struct page *page, size_t workload, size_t setting, size_t size);

/* Returns how many series have a number there, as page_has(); yardsticks are not counted. */
size_t page_count(const struct page *page, size_t workload, size_t setting, size_t size);

/* Returns the index of the first workload of a metric, or of real work, or PAGE_ANY. */
size_t page_workload_of(const struct page *page, enum run_metric metric, bool is_work);

/* The figures that the page compares. */
enum page_figure {
	PAGE_P50,
	PAGE_P90,
	PAGE_P99,
	PAGE_P999,
	PAGE_MESSAGES,
	PAGE_BYTES,
	PAGE_CPU,
	PAGE_FIGURES,
};

/* Their names in attributes, and their titles. */
extern const char *const page_figure_keys[PAGE_FIGURES];
extern const char *const page_figure_titles[PAGE_FIGURES];

/* Returns a figure of a cell, or null where it is not known or not resolved. */
const struct report_figure *page_figure(const struct report_cell *cell, enum page_figure figure);

/* Says whether more of it is better. */
bool page_is_rate(enum page_figure figure);

/* Writes a value of a figure, as the tables do. */
void page_value_text(char *out, size_t out_bytes, enum page_figure figure, double value);

/* Returns the figure that a workload is judged by first: p50, or messages a second. */
enum page_figure page_main_figure(const struct page *page, size_t workload);

/*
 * Opens a choice of one size: buttons that work without a script, if there are several
 * sizes for which has[] is true. Between page_size_open() and page_size_close() stands
 * what belongs to that size.
 */
void page_choice_open(FILE *out, const struct page *page, const char *name, const bool *has);
void page_size_open(FILE *out, const struct page *page, size_t size);
void page_size_close(FILE *out);
void page_choice_close(FILE *out);

/* Returns the index of a cell of the report: its number on the page. */
size_t page_number(const struct page *page, const struct report_cell *cell);

/* Writes a size as people read it: 64 B, 4 KiB, 1 MiB. */
void page_size_text(char *out, size_t out_bytes, uint64_t size_bytes);

/* The sections of a page, in the order in which they stand. Each writes itself whole. */
void page_write_verdict(FILE *out, const struct page *page);
void page_write_semantics(FILE *out, const struct page *page);
void page_write_sizes(FILE *out, const struct page *page, size_t workload);
int page_write_tails(FILE *out, const struct page *page);
int page_write_pareto(FILE *out, const struct page *page);
void page_write_rounds(FILE *out, const struct page *page);
void page_write_claims(FILE *out, const struct page *page);
int page_write_cells(FILE *out, const struct page *page);
int page_write_method(FILE *out, const struct page *page);

/* Parts of the sections on sizes: the table, and the charts beside it. */
void page_write_heat(FILE *out, const struct page *page, size_t workload);
void page_write_size_charts(FILE *out, const struct page *page, size_t workload);
void page_write_ladders(FILE *out, const struct page *page, size_t workload);

#endif
