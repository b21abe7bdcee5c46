/* SPDX-License-Identifier: MIT */
/*
 * results/report.c - the runs of a session, summed up a cell at a time.
 *
 * The builder keeps of each run the few figures that a report needs, so that the
 * caller may free its histogram at once. Cells are found by name, and by arm in a
 * session that compared two.
 */
#include "results/report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/session.h"
#include "results/statistics.h"

#define EXCEEDANCES_MIN 20u

const double report_quantiles[REPORT_QUANTILES] = {0.5, 0.9, 0.99, 0.999};
const char *const report_quantile_names[REPORT_QUANTILES] = {"p50", "p90", "p99", "p99.9"};

#define DECADE(unit)                                                                               \
	1 * (unit), 0.75 * (unit), 0.5 * (unit), 0.35 * (unit), 0.25 * (unit), 0.18 * (unit),      \
		0.13 * (unit)
const double report_curve_beyond[REPORT_CURVE_POINTS] = {
	DECADE(1), DECADE(1e-1), DECADE(1e-2), DECADE(1e-3), DECADE(1e-4), 1e-5,
};

/* One figure of one round, in builder_round.figures. NAN: the round does not give it. */
enum figure {
	FIGURE_QUANTILES, /* REPORT_QUANTILES of them */
	FIGURE_MESSAGES = FIGURE_QUANTILES + REPORT_QUANTILES,
	FIGURE_BYTES,
	FIGURE_CPU,
	FIGURE_SWITCHES,
	FIGURE_CURVE,                                      /* REPORT_CURVE_POINTS of them */
	FIGURE_PEERS = FIGURE_CURVE + REPORT_CURVE_POINTS, /* then CPU and switches of each peer */
};

enum { PEER_CPU, PEER_SWITCHES, PEER_FIGURES };

struct builder_round {
	uint32_t round;
	uint32_t stage;
	double *figures; /* FIGURE_PEERS + PEER_FIGURES * peer_count of the cell */
};

struct builder_cell {
	struct report_cell sum; /* what adds up; the figures are made by report_build() */
	uint64_t beyond[REPORT_QUANTILES];
	uint64_t curve_beyond[REPORT_CURVE_POINTS];
	bool has_metric; /* false until a round gave a number */
	struct builder_round *rounds;
	size_t rounds_capacity;
};

struct report_builder {
	struct session session;
	bool has_arms; /* the session compared two */
	char status[RUN_NAME_BYTES]; /* empty: as in the session */
	struct builder_cell *cells;
	size_t cells_count;
	size_t cells_capacity;
	struct report_skip *skips;
	size_t skips_count;
	size_t skips_capacity;
	struct report_claim *claims;
	size_t claims_count;
	size_t claims_capacity;
	struct report_semantics semantics;
};

/* Makes room for one more element. Returns the array, moved perhaps, or null without memory. */
static void *grow(void *array, size_t count, size_t *capacity, size_t element_bytes)
{
	size_t wanted;
	void *grown;

	if (count < *capacity)
		return array;
	wanted = *capacity ? 2 * *capacity : 8;
	grown = reallocarray(array, wanted, element_bytes);
	if (grown)
		*capacity = wanted;
	return grown;
}

static void copy_text(char *out, size_t out_bytes, const char *from)
{
	size_t bytes = strnlen(from, out_bytes - 1);

	memcpy(out, from, bytes);
	out[bytes] = '\0';
}

int report_builder_create(struct report_builder **out, const struct session *session)
{
	struct report_builder *builder = calloc(1, sizeof(*builder));

	if (!builder || session_copy(&builder->session, session) < 0) {
		free(builder);
		return -ENOMEM;
	}
	builder->has_arms = session_has_arms(session);
	*out = builder;
	return 0;
}

void report_builder_destroy(struct report_builder *builder)
{
	if (!builder)
		return;
	for (size_t i = 0; i < builder->cells_count; i++) {
		free(builder->cells[i].sum.histogram);
		for (uint32_t j = 0; j < builder->cells[i].sum.rounds; j++)
			free(builder->cells[i].rounds[j].figures);
		free(builder->cells[i].rounds);
	}
	free(builder->cells);
	free(builder->skips);
	free(builder->claims);
	session_release(&builder->session);
	free(builder);
}

/* Finds the cell of a run, or adds it. Returns null without memory. */
static struct builder_cell *cell_of(struct report_builder *builder, const struct run *run)
{
	const char *arm = builder->has_arms ? run->arm : "";
	struct builder_cell *cell;
	void *grown;

	for (size_t i = 0; i < builder->cells_count; i++) {
		cell = &builder->cells[i];
		if (strcmp(cell->sum.cell.name, run->cell->name) == 0 &&
		    strcmp(cell->sum.arm, arm) == 0)
			return cell;
	}
	grown = grow(builder->cells, builder->cells_count, &builder->cells_capacity, sizeof(*cell));
	if (!grown)
		return NULL;
	builder->cells = grown;
	cell = &builder->cells[builder->cells_count++];
	*cell = (struct builder_cell){
		.sum.cell = *run->cell,
		.sum.metric = run->metric,
		.sum.min_ns = INFINITY,
	};
	copy_text(cell->sum.arm, sizeof(cell->sum.arm), arm);
	return cell;
}

/* Returns a / b, or NAN where b is 0. */
static double share(double a, double b)
{
	return b > 0.0 ? a / b : NAN;
}

/* Fills the figures of the peers, and their sums over all peers. */
static void fill_peers(double *figures, struct builder_cell *cell, const struct run *run)
{
	double *peers = figures + FIGURE_PEERS;
	double messages = (double)run->messages;

	figures[FIGURE_CPU] = 0.0;
	figures[FIGURE_SWITCHES] = 0.0;
	for (uint32_t i = 0; i < cell->sum.peer_count; i++) {
		const struct recorder_counters *c = &run->peers[i].counters;
		double cpu = share((double)(c->cpu_user_ns + c->cpu_system_ns), messages);
		double switches =
			share((double)(c->voluntary_switches + c->involuntary_switches), messages);

		peers[PEER_FIGURES * i + PEER_CPU] = cpu;
		peers[PEER_FIGURES * i + PEER_SWITCHES] = switches;
		figures[FIGURE_CPU] += cpu;
		figures[FIGURE_SWITCHES] += switches;
		cell->sum.peers[i].involuntary_switches += c->involuntary_switches;
	}
	if (cell->sum.peer_count == 0)
		figures[FIGURE_CPU] = figures[FIGURE_SWITCHES] = NAN;
}

/* Fills the points of the curve, and adds what lies beyond each to the cell. */
static void fill_curve(double *figures, struct builder_cell *cell, const struct run *run)
{
	uint64_t values[REPORT_CURVE_POINTS];
	double p[REPORT_CURVE_POINTS];

	for (size_t i = 0; i < REPORT_CURVE_POINTS; i++)
		p[i] = 1.0 - report_curve_beyond[i];
	histogram_quantiles(run->histogram, p, REPORT_CURVE_POINTS, values);
	for (size_t i = 0; i < REPORT_CURVE_POINTS; i++) {
		figures[FIGURE_CURVE + i] = values[i] == HISTOGRAM_CLIPPED
		                                    ? INFINITY
		                                    : (double)values[i] / (double)run->batch;
		cell->curve_beyond[i] += histogram_beyond(run->histogram, p[i]);
	}
}

/* Fills the quantiles, and adds what the histogram counts to the cell. */
static void fill_quantiles(double *figures, struct builder_cell *cell, const struct run *run)
{
	const struct histogram *histogram = run->histogram;
	double batch = (double)run->batch;

	for (size_t q = 0; q < REPORT_QUANTILES; q++)
		figures[FIGURE_QUANTILES + q] = NAN;
	for (size_t i = 0; i < REPORT_CURVE_POINTS; i++)
		figures[FIGURE_CURVE + i] = NAN;
	if (!histogram || histogram->count == 0 || run->batch == 0)
		return;
	for (size_t q = 0; q < REPORT_QUANTILES; q++) {
		uint64_t value = histogram_quantile(histogram, report_quantiles[q]);

		figures[FIGURE_QUANTILES + q] =
			value == HISTOGRAM_CLIPPED ? INFINITY : (double)value / batch;
		cell->beyond[q] += histogram_beyond(histogram, report_quantiles[q]);
	}
	fill_curve(figures, cell, run);
	cell->sum.min_ns = fmin(cell->sum.min_ns, (double)histogram->min / batch);
	cell->sum.max_ns = fmax(cell->sum.max_ns, (double)histogram->max / batch);
}

/* Takes what all rounds of a cell share from the first one, and compares the others with it. */
static int agree(struct builder_cell *cell, const struct run *run)
{
	uint32_t peer_count = run->peer_count < RUN_PEERS_MAX ? run->peer_count : RUN_PEERS_MAX;

	if (cell->has_metric) {
		return cell->sum.metric == run->metric && cell->sum.batch == run->batch &&
		                       cell->sum.peer_count == peer_count
		               ? 0
		               : -EINVAL;
	}
	cell->has_metric = true;
	cell->sum.metric = run->metric;
	cell->sum.batch = run->batch;
	cell->sum.peer_count = peer_count;
	for (uint32_t i = 0; i < peer_count; i++)
		copy_text(cell->sum.peers[i].name, sizeof(cell->sum.peers[i].name),
		          run->peers[i].name);
	return 0;
}

/* Adds the counts of a round to the cell's. Returns 0, or -errno: -ENOMEM, -EINVAL. */
static int add_counts(struct builder_cell *cell, const struct histogram *histogram)
{
	if (!histogram)
		return 0;
	if (!cell->sum.histogram) {
		cell->sum.histogram = histogram_create(histogram->bits);
		if (!cell->sum.histogram)
			return -ENOMEM;
	}
	return histogram_merge(cell->sum.histogram, histogram);
}

int report_add_run(struct report_builder *builder, const struct run *run)
{
	struct builder_cell *cell = cell_of(builder, run);
	struct builder_round *rounds;
	double *figures;
	double seconds = (double)run->elapsed_ns / 1e9;
	int ret;

	if (!cell)
		return -ENOMEM;
	if (run->failure[0] != '\0') {
		if (cell->sum.rounds_failed++ == 0)
			copy_text(cell->sum.failure, sizeof(cell->sum.failure), run->failure);
		return 0;
	}
	if (agree(cell, run) < 0)
		return -EINVAL;
	ret = add_counts(cell, run->histogram);
	if (ret < 0)
		return ret;
	rounds = grow(cell->rounds, cell->sum.rounds, &cell->rounds_capacity, sizeof(*rounds));
	if (!rounds)
		return -ENOMEM;
	cell->rounds = rounds;
	figures = malloc((FIGURE_PEERS + PEER_FIGURES * cell->sum.peer_count) * sizeof(*figures));
	if (!figures)
		return -ENOMEM;
	fill_quantiles(figures, cell, run);
	fill_peers(figures, cell, run);
	figures[FIGURE_MESSAGES] = share((double)run->messages, seconds);
	/* A comparator does not say what it carries. */
	figures[FIGURE_BYTES] = run->bytes > 0 ? share((double)run->bytes, seconds) : NAN;
	cell->sum.samples += run->samples;
	rounds[cell->sum.rounds++] = (struct builder_round){
		.round = run->round,
		.stage = run->stage,
		.figures = figures,
	};
	return 0;
}

int report_add_skip(struct report_builder *builder, const struct run_cell *cell, const char *reason)
{
	struct report_skip *skips = grow(builder->skips, builder->skips_count,
	                                 &builder->skips_capacity, sizeof(*skips));
	struct report_skip *skip;

	if (!skips)
		return -ENOMEM;
	builder->skips = skips;
	skip = &skips[builder->skips_count++];
	*skip = (struct report_skip){.cell = *cell};
	copy_text(skip->reason, sizeof(skip->reason), reason);
	return 0;
}

int report_add_claim(struct report_builder *builder, const struct report_claim *claim)
{
	struct report_claim *claims = grow(builder->claims, builder->claims_count,
	                                   &builder->claims_capacity, sizeof(*claims));

	if (!claims)
		return -ENOMEM;
	builder->claims = claims;
	claims[builder->claims_count++] = *claim;
	return 0;
}

void report_set_semantics(struct report_builder *builder, const struct report_semantics *semantics)
{
	builder->semantics = *semantics;
}

void report_set_status(struct report_builder *builder, const char *status, uint64_t ended_ns)
{
	copy_text(builder->status, sizeof(builder->status), status);
	builder->session.ended_ns = ended_ns;
}

static int compare_rounds(const void *left, const void *right)
{
	const struct builder_round *a = left;
	const struct builder_round *b = right;

	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	return (a->round > b->round) - (a->round < b->round);
}

/* Sums up the figure at index over the rounds of a cell; scratch has room for them. */
static struct report_figure figure_of(const struct builder_cell *cell, size_t index,
                                      double *scratch)
{
	size_t count = 0;

	for (uint32_t i = 0; i < cell->sum.rounds; i++) {
		double value = cell->rounds[i].figures[index];

		if (!isnan(value))
			scratch[count++] = value;
	}
	if (count == 0)
		return (struct report_figure){0};
	statistics_sort(scratch, count);
	return (struct report_figure){
		.median = statistics_median(scratch, count),
		.low = statistics_quantile(scratch, count, 0.25),
		.high = statistics_quantile(scratch, count, 0.75),
		.is_known = true,
	};
}

/* Sums up the curve of a cell, if its rounds have one. Returns 0, or -ENOMEM. */
static int build_curve(struct report_cell *out, const struct builder_cell *cell, double *scratch)
{
	if (!out->quantiles_ns[0].is_known)
		return 0;
	out->curve = calloc(REPORT_CURVE_POINTS, sizeof(*out->curve));
	if (!out->curve)
		return -ENOMEM;
	for (size_t i = 0; i < REPORT_CURVE_POINTS; i++) {
		out->curve[i] = figure_of(cell, FIGURE_CURVE + i, scratch);
		if (cell->curve_beyond[i] >= EXCEEDANCES_MIN && out->curve_count == i)
			out->curve_count++;
	}
	return 0;
}

static int copy_counts(struct report_cell *out, const struct histogram *from)
{
	if (!from)
		return 0;
	out->histogram = histogram_create(from->bits);
	return out->histogram ? histogram_merge(out->histogram, from) : -ENOMEM;
}

/* Sums up one cell. Returns 0, or -ENOMEM. */
static int build_cell(struct report_cell *out, struct builder_cell *cell)
{
	uint32_t rounds = cell->sum.rounds;
	double *scratch;
	int ret;

	*out = cell->sum;
	/* The builder may go on: each report has counts of its own. */
	out->histogram = NULL;
	if (copy_counts(out, cell->sum.histogram) < 0)
		return -ENOMEM;
	if (rounds == 0) {
		out->min_ns = 0.0;
		return 0;
	}
	scratch = calloc(rounds, sizeof(*scratch));
	out->p50_ns_by_round = calloc(rounds, sizeof(*out->p50_ns_by_round));
	out->messages_per_s_by_round = calloc(rounds, sizeof(*out->messages_per_s_by_round));
	if (!scratch || !out->p50_ns_by_round || !out->messages_per_s_by_round) {
		free(scratch);
		return -ENOMEM;
	}
	qsort(cell->rounds, rounds, sizeof(*cell->rounds), compare_rounds);
	for (uint32_t i = 0; i < rounds; i++) {
		out->p50_ns_by_round[i] = cell->rounds[i].figures[FIGURE_QUANTILES];
		out->messages_per_s_by_round[i] = cell->rounds[i].figures[FIGURE_MESSAGES];
	}
	for (size_t q = 0; q < REPORT_QUANTILES; q++) {
		out->quantiles_ns[q] = figure_of(cell, FIGURE_QUANTILES + q, scratch);
		out->is_resolved[q] =
			out->quantiles_ns[q].is_known && cell->beyond[q] >= EXCEEDANCES_MIN;
	}
	if (!out->quantiles_ns[0].is_known)
		out->min_ns = 0.0;
	out->messages_per_s = figure_of(cell, FIGURE_MESSAGES, scratch);
	out->bytes_per_s = figure_of(cell, FIGURE_BYTES, scratch);
	out->cpu_ns_per_message = figure_of(cell, FIGURE_CPU, scratch);
	out->switches_per_message = figure_of(cell, FIGURE_SWITCHES, scratch);
	for (uint32_t i = 0; i < out->peer_count; i++) {
		size_t peer = FIGURE_PEERS + PEER_FIGURES * i;

		out->peers[i].cpu_ns_per_message = figure_of(cell, peer + PEER_CPU, scratch);
		out->peers[i].switches_per_message = figure_of(cell, peer + PEER_SWITCHES, scratch);
	}
	ret = build_curve(out, cell, scratch);
	free(scratch);
	return ret;
}

/* Orders cells as tables group them; the name last, so that no two are equal. */
static int compare_run_cells(const struct run_cell *a, const struct run_cell *b)
{
	int order = strcmp(a->workload, b->workload);

	if (order == 0)
		order = strcmp(a->model, b->model);
	if (order == 0)
		order = strcmp(a->placement, b->placement);
	if (order == 0)
		order = strcmp(a->wait, b->wait);
	if (order == 0)
		order = (a->size_bytes > b->size_bytes) - (a->size_bytes < b->size_bytes);
	if (order == 0)
		order = strcmp(a->transport, b->transport);
	return order != 0 ? order : strcmp(a->name, b->name);
}

static int compare_cells(const void *left, const void *right)
{
	const struct report_cell *a = left;
	const struct report_cell *b = right;
	int order = compare_run_cells(&a->cell, &b->cell);

	return order != 0 ? order : strcmp(a->arm, b->arm);
}

static int compare_skips(const void *left, const void *right)
{
	return compare_run_cells(&((const struct report_skip *)left)->cell,
	                         &((const struct report_skip *)right)->cell);
}

int report_build(struct report **out, struct report_builder *builder)
{
	struct report *report = calloc(1, sizeof(*report));
	struct session session;

	if (!report)
		return -ENOMEM;
	session = builder->session;
	if (builder->status[0] != '\0')
		session.status = builder->status;
	if (session_copy(&report->session, &session) < 0)
		goto fail;
	report->cells = calloc(builder->cells_count + 1, sizeof(*report->cells));
	report->skips = calloc(builder->skips_count + 1, sizeof(*report->skips));
	report->claims = calloc(builder->claims_count + 1, sizeof(*report->claims));
	if (!report->cells || !report->skips || !report->claims)
		goto fail;
	report->semantics = builder->semantics;
	for (size_t i = 0; i < builder->cells_count; i++) {
		report->cells_count++;
		if (build_cell(&report->cells[i], &builder->cells[i]) < 0)
			goto fail;
	}
	if (builder->skips_count > 0)
		memcpy(report->skips, builder->skips,
		       builder->skips_count * sizeof(*report->skips));
	report->skips_count = builder->skips_count;
	if (builder->claims_count > 0)
		memcpy(report->claims, builder->claims,
		       builder->claims_count * sizeof(*report->claims));
	report->claims_count = builder->claims_count;
	qsort(report->cells, report->cells_count, sizeof(*report->cells), compare_cells);
	qsort(report->skips, report->skips_count, sizeof(*report->skips), compare_skips);
	*out = report;
	return 0;

fail:
	report_destroy(report);
	return -ENOMEM;
}

void report_destroy(struct report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->cells_count; i++) {
		free(report->cells[i].p50_ns_by_round);
		free(report->cells[i].messages_per_s_by_round);
		free(report->cells[i].curve);
		free(report->cells[i].histogram);
	}
	free(report->cells);
	free(report->skips);
	free(report->claims);
	session_release(&report->session);
	free(report);
}

const struct report_transport *report_find_transport(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->semantics.transports_count; i++) {
		if (strcmp(report->semantics.transports[i].name, name) == 0)
			return &report->semantics.transports[i];
	}
	return NULL;
}

void report_cell_label(const struct report_cell *cell, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "%s%s%s", cell->cell.name, cell->arm[0] != '\0' ? ", arm " : "",
	         cell->arm);
}

const struct report_cell *report_find_cell(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->cells_count; i++) {
		if (strcmp(report->cells[i].cell.name, name) == 0)
			return &report->cells[i];
	}
	return NULL;
}

double report_spread(const struct report_figure *figure, uint32_t rounds)
{
	double spread = (figure->high - figure->low) / 2.0 / figure->median;

	return figure->is_known && isfinite(spread) && rounds >= 2 ? spread : NAN;
}
