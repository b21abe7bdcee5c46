/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/report_json.c - a report as JSON values.
 *
 * Jansson keeps the order in which keys are set, and refuses to set a null
 * pointer: one failed allocation anywhere makes the whole value null.
 */
#include "results/exporters/report_json.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "results/claim_json.h"
#include "results/environment.h"
#include "results/exporter.h"

/* Returns a string; null for null. Bytes that are not UTF-8 become '?'. */
static json_t *text_json(const char *text)
{
	json_t *value;
	char *copy;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	value = json_string(copy);
	free(copy);
	return value;
}

/* Returns a number, as an integer where it is one; null for what is none. */
static json_t *number_json(double number)
{
	if (!isfinite(number))
		return json_null();
	if (number == floor(number) && fabs(number) < 0x1p53)
		return json_integer((json_int_t)number);
	return json_real(number);
}

/* Returns an unsigned number: a string where no 64-bit integer holds it. */
static json_t *count_json(uint64_t count)
{
	char digits[24];

	if (count <= INT64_MAX)
		return json_integer((json_int_t)count);
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	return json_string(digits);
}

static json_t *figure_json(const struct report_figure *figure)
{
	return number_json(figure->is_known ? figure->median : NAN);
}

/* Parses JSON that another part of the program made; null if it is none. */
static json_t *parsed_json(const char *text)
{
	json_t *value = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

	return value ? value : json_null();
}

/* Sets a key to value, which is taken over. Returns whether both could be made. */
static bool put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

/* Returns object if all went well, else frees it and returns null. */
static json_t *made(json_t *object, bool is_whole)
{
	if (is_whole)
		return object;
	json_decref(object);
	return NULL;
}

json_t *report_json_session(const struct session *session)
{
	json_t *object = json_object();
	bool is_whole = put(object, "uuid", text_json(session->uuid)) &&
	                put(object, "kind", text_json(session->kind)) &&
	                put(object, "tool", text_json(session->tool)) &&
	                put(object, "status", text_json(session->status)) &&
	                put(object, "started_ns", count_json(session->started_ns)) &&
	                put(object, "ended_ns",
	                    session->ended_ns ? count_json(session->ended_ns) : json_null()) &&
	                put(object, "seed", count_json(session->seed)) &&
	                put(object, "argv", text_json(session->argv)) &&
	                put(object, "doctor", parsed_json(session->doctor));

	return made(object, is_whole);
}

json_t *report_json_environment(const struct environment *environment)
{
	json_t *object;
	bool is_whole;

	if (!environment)
		return json_null();
	object = json_object();
	is_whole = put(object, "machine_key", text_json(environment->machine_key)) &&
	           put(object, "key", text_json(environment->key)) &&
	           put(object, "machine", parsed_json(environment->machine)) &&
	           put(object, "environment", parsed_json(environment->canon)) &&
	           put(object, "recorded", parsed_json(environment->recorded));
	return made(object, is_whole);
}

/* The quantiles as {"min": ..., "p50": ..., ..., "max": ...}, per operation. */
static json_t *quantiles_json(const struct report_cell *cell)
{
	json_t *object = json_object();
	bool is_known = cell->quantiles_ns[0].is_known;
	bool is_whole = put(object, "min", number_json(is_known ? cell->min_ns : NAN));

	for (size_t q = 0; q < REPORT_QUANTILES; q++)
		is_whole = is_whole && put(object, report_quantile_names[q],
		                           figure_json(&cell->quantiles_ns[q]));
	is_whole = is_whole && put(object, "max", number_json(is_known ? cell->max_ns : NAN));
	return made(object, is_whole);
}

/* A figure's quartiles over the rounds as [low, high]. */
static json_t *spread_json(const struct report_figure *figure)
{
	json_t *array;

	if (!figure->is_known)
		return json_null();
	array = json_array();
	return made(array, json_array_append_new(array, number_json(figure->low)) == 0 &&
	                           json_array_append_new(array, number_json(figure->high)) == 0);
}

static json_t *spreads_json(const struct report_cell *cell)
{
	json_t *object = json_object();
	bool is_whole = object;

	for (size_t q = 0; q < REPORT_QUANTILES; q++)
		is_whole = is_whole && put(object, report_quantile_names[q],
		                           spread_json(&cell->quantiles_ns[q]));
	return made(object, is_whole);
}

/* The names of the quantiles that too few values lie beyond. */
static json_t *unresolved_json(const struct report_cell *cell)
{
	json_t *array = json_array();
	bool is_whole = array;

	for (size_t q = 0; q < REPORT_QUANTILES; q++) {
		if (!cell->is_resolved[q])
			is_whole = is_whole &&
			           json_array_append_new(
					   array, json_string(report_quantile_names[q])) == 0;
	}
	return made(array, is_whole);
}

static json_t *peers_json(const struct report_cell *cell)
{
	json_t *array = json_array();
	bool is_whole = array;

	for (uint32_t i = 0; i < cell->peer_count; i++) {
		const struct report_peer *peer = &cell->peers[i];
		json_t *object = json_object();

		is_whole =
			is_whole && put(object, "name", text_json(peer->name)) &&
			put(object, "cpu_ns_per_message", figure_json(&peer->cpu_ns_per_message)) &&
			put(object, "context_switches_per_message",
		            figure_json(&peer->switches_per_message)) &&
			put(object, "involuntary_context_switches",
		            count_json(peer->involuntary_switches));
		/* Appended in any case, so that it is freed with the array. */
		is_whole = json_array_append_new(array, object) == 0 && is_whole;
	}
	return made(array, is_whole);
}

/* Sets what identifies a cell. */
static bool put_cell(json_t *object, const char *type, const struct run_cell *cell)
{
	return put(object, "type", json_string(type)) &&
	       put(object, "cell", text_json(cell->name)) &&
	       put(object, "transport", text_json(cell->transport)) &&
	       put(object, "workload", text_json(cell->workload)) &&
	       put(object, "size_bytes", count_json(cell->size_bytes)) &&
	       put(object, "model", text_json(cell->model)) &&
	       put(object, "placement", text_json(cell->placement)) &&
	       put(object, "wait", text_json(cell->wait)) &&
	       put(object, "params", text_json(cell->params)) &&
	       put(object, "in_flight", count_json(cell->in_flight)) &&
	       put(object, "rate_hz",
	           cell->rate_hz > 0.0 ? number_json(cell->rate_hz) : json_null());
}

json_t *report_json_cell(const struct report_cell *cell)
{
	bool is_failed = cell->rounds == 0;
	json_t *object = json_object();
	bool is_whole = put_cell(object, is_failed ? "failed" : "cell", &cell->cell) &&
	                (cell->arm[0] == '\0' || put(object, "arm", text_json(cell->arm))) &&
	                put(object, "rounds", count_json(cell->rounds)) &&
	                put(object, "rounds_failed", count_json(cell->rounds_failed));

	if (cell->rounds_failed > 0)
		is_whole = is_whole && put(object, "reason", text_json(cell->failure));
	if (is_failed)
		return made(object, is_whole);
	is_whole = is_whole && put(object, "samples", count_json(cell->samples)) &&
	           put(object, "batch", count_json(cell->batch));
	if (cell->metric == RUN_ROUND_TRIP)
		is_whole = is_whole && put(object, "rtt_ns", quantiles_json(cell)) &&
		           put(object, "rtt_quartiles_ns", spreads_json(cell)) &&
		           put(object, "unresolved", unresolved_json(cell));
	is_whole = is_whole && put(object, "messages_per_s", figure_json(&cell->messages_per_s)) &&
	           put(object, "bytes_per_s", figure_json(&cell->bytes_per_s)) &&
	           put(object, "messages_per_s_quartiles", spread_json(&cell->messages_per_s)) &&
	           put(object, "cpu_ns_per_message", figure_json(&cell->cpu_ns_per_message)) &&
	           put(object, "context_switches_per_message",
	               figure_json(&cell->switches_per_message)) &&
	           put(object, "peers", peers_json(cell));
	return made(object, is_whole);
}

json_t *report_json_skip(const struct report_skip *skip)
{
	json_t *object = json_object();
	bool is_whole = put_cell(object, "skip", &skip->cell) &&
	                put(object, "reason", text_json(skip->reason));

	return made(object, is_whole);
}

json_t *report_json_claim(const struct report_claim *claim)
{
	json_t *object = claim_json(claim);
	const char *type = claim->verdict[0] != '\0' ? "claim" : "experiment";

	return made(object, put(object, "type", json_string(type)));
}

int report_json_write(FILE *out, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

	json_decref(value);
	if (!text)
		return -ENOMEM;
	errno = 0;
	fputs(text, out);
	fputc('\n', out);
	free(text);
	return exporter_error(out);
}
