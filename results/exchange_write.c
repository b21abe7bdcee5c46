/* SPDX-License-Identifier: MIT */
/* results/exchange_write.c - writes whole sessions as lines of JSON. */
#include "results/exchange.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "results/base64.h"
#include "results/environment.h"

/* The members come in the order in which they are set: what a line is, first. */
#define DUMP (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17))
#define CANONICAL (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII)

struct writing {
	FILE *out;
	char uuid[SESSION_UUID_BYTES];
	json_int_t runs;
	json_int_t skips;
	json_int_t notes;
};

/* Returns a text; what is no UTF-8 has no form in JSON, and its bytes become '?'. */
static json_t *text_json(const char *text)
{
	json_t *string = json_string(text ? text : "");
	char *copy;

	if (string || !(copy = strdup(text)))
		return string;
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	string = json_string(copy);
	free(copy);
	return string;
}

/* Returns JSON that is kept as text: as itself, if it is read back to the same bytes. */
static json_t *embedded_json(const char *text)
{
	json_t *value = json_loads(text ? text : "", JSON_REJECT_DUPLICATES, NULL);
	char *back = value ? json_dumps(value, CANONICAL) : NULL;
	bool is_same = back && strcmp(back, text) == 0;

	free(back);
	if (is_same)
		return value;
	json_decref(value);
	return text_json(text);
}

/* Returns an unsigned number; JSON's integers end at 2^63, and larger ones are texts. */
static json_t *number_json(uint64_t number)
{
	char text[32];

	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return json_string(text);
}

/* Writes an object as a line; it is taken over. Returns 0, or -errno. */
static int write_line(FILE *out, json_t *object)
{
	int ret = object ? 0 : -ENOMEM;

	if (ret == 0 && (json_dumpf(object, out, DUMP) < 0 || fputc('\n', out) == EOF))
		ret = ferror(out) ? -EIO : -ENOMEM;
	json_decref(object);
	return ret;
}

static json_t *subject_json(const struct session_subject *subject)
{
	return json_pack("{s:o, s:b, s:o, s:o, s:o}", "git_sha", text_json(subject->git_sha),
	                 "dirty", subject->is_dirty, "build_id", text_json(subject->build_id),
	                 "compiler", text_json(subject->compiler), "flags",
	                 text_json(subject->flags));
}

static json_t *arms_json(const struct session *session)
{
	json_t *arms = json_object();
	char name[] = "A";

	for (size_t i = 0; i < SESSION_ARMS_MAX; i++, name[0]++) {
		if (session_subject_is_known(&session->subjects[i]) &&
		    json_object_set_new(arms, name, subject_json(&session->subjects[i])) < 0) {
			json_decref(arms);
			return NULL;
		}
	}
	return arms;
}

static int on_session(void *context, const struct session *session)
{
	static const struct environment unknown;
	struct writing *writing = context;
	const struct environment *e = session->environment ? session->environment : &unknown;

	memcpy(writing->uuid, session->uuid, sizeof(writing->uuid));
	return write_line(
		writing->out,
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:o},"
	                  " s:{s:s, s:o}, s:o, s:o, s:o}",
	                  "schema", EXCHANGE_SCHEMA, "type", "session", "uuid", session->uuid,
	                  "kind", text_json(session->kind), "status", text_json(session->status),
	                  "started_ns", number_json(session->started_ns), "ended_ns",
	                  number_json(session->ended_ns), "seed", number_json(session->seed),
	                  "argv", text_json(session->argv), "tool", text_json(session->tool),
	                  "machine", "key", e->machine_key, "canon", embedded_json(e->machine),
	                  "environment", "key", e->key, "canon", embedded_json(e->canon), "extra",
	                  embedded_json(e->recorded), "arms", arms_json(session), "doctor",
	                  embedded_json(session->doctor)));
}

/* Returns what a cell is beside its name. */
static json_t *cell_json(const struct run_cell *cell)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:f, s:i}", "transport",
	                 text_json(cell->transport), "workload", text_json(cell->workload), "size",
	                 number_json(cell->size_bytes), "placement", text_json(cell->placement),
	                 "wait", text_json(cell->wait), "model", text_json(cell->model), "params",
	                 text_json(cell->params), "in_flight", (int)cell->in_flight, "rate_hz",
	                 cell->rate_hz, "harness", (int)cell->harness);
}

static json_t *histogram_json(const struct histogram *histogram)
{
	unsigned char *encoded;
	size_t bytes;
	char *text;
	json_t *object;

	if (histogram_encode(histogram, &encoded, &bytes) < 0)
		return NULL;
	text = base64_encode(encoded, bytes);
	free(encoded);
	object =
		json_pack("{s:s, s:i, s:o, s:s}", "format", "loglin1", "bits", (int)histogram->bits,
	                  "clipped", number_json(histogram->clipped), "data", text ? text : "");
	free(text);
	return object;
}

/* Returns the quantiles per operation, for readers that decode no histogram. */
static json_t *quantiles_json(const struct run *run)
{
	static const struct {
		const char *name;
		double p;
	} quantiles[] = {{"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}, {"0.999", 0.999}};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t value = histogram_quantile(run->histogram, quantiles[i].p);
		json_t *number = value == HISTOGRAM_CLIPPED || run->batch == 0
		                         ? json_null()
		                         : json_real((double)value / (double)run->batch);

		json_object_set_new(object, quantiles[i].name, number);
	}
	return object;
}

static json_t *peers_json(const struct run *run)
{
	json_t *peers = json_array();

	for (uint32_t i = 0; i < run->peer_count && i < RUN_PEERS_MAX; i++) {
		const struct recorder_counters *c = &run->peers[i].counters;
		json_t *peer = json_pack(
			"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
			text_json(run->peers[i].name), "start_ns", number_json(c->start_ns),
			"stop_ns", number_json(c->stop_ns), "messages", number_json(c->messages),
			"bytes", number_json(c->bytes), "cpu_user_ns", number_json(c->cpu_user_ns),
			"cpu_system_ns", number_json(c->cpu_system_ns), "voluntary_switches",
			number_json(c->voluntary_switches), "involuntary_switches",
			number_json(c->involuntary_switches), "minor_faults",
			number_json(c->minor_faults), "major_faults", number_json(c->major_faults));

		if (json_array_append_new(peers, peer) < 0) {
			json_decref(peers);
			return NULL;
		}
	}
	return peers;
}

static int on_run(void *context, const struct run *run)
{
	struct writing *writing = context;
	json_t *line = json_pack(
		"{s:s, s:o, s:i, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "type",
		"run", "cell", text_json(run->cell->name), "stage", (int)run->stage, "round",
		(int)run->round, "arm", text_json(run->arm), "metric",
		run->metric == RUN_ROUND_TRIP ? "round_trip" : "throughput", "samples",
		number_json(run->samples), "batch", number_json(run->batch), "messages",
		number_json(run->messages), "bytes", number_json(run->bytes), "elapsed_ns",
		number_json(run->elapsed_ns), "steal_ns", number_json(run->steal_ns), "parts",
		cell_json(run->cell), "peers", peers_json(run));
	bool is_whole = line != NULL;

	writing->runs++;
	if (run->failure[0] != '\0')
		is_whole = json_object_set_new(line, "failure", text_json(run->failure)) == 0 &&
		           is_whole;
	if (run->histogram)
		is_whole = json_object_set_new(line, "q", quantiles_json(run)) == 0 &&
		           json_object_set_new(line, "histogram", histogram_json(run->histogram)) ==
		                   0 &&
		           is_whole;
	if (!is_whole) {
		json_decref(line);
		return -ENOMEM;
	}
	return write_line(writing->out, line);
}

static int on_skip(void *context, const struct run_cell *cell, const char *reason)
{
	struct writing *writing = context;

	writing->skips++;
	return write_line(writing->out, json_pack("{s:s, s:o, s:o, s:o}", "type", "skip", "cell",
	                                          text_json(cell->name), "reason",
	                                          text_json(reason), "parts", cell_json(cell)));
}

static int on_note(void *context, const char *kind, const char *body)
{
	struct writing *writing = context;

	writing->notes++;
	/* As text: what was noted comes back byte for byte. */
	return write_line(writing->out, json_pack("{s:s, s:o, s:o}", "type", "note", "kind",
	                                          text_json(kind), "body", text_json(body)));
}

int exchange_write(FILE *out, struct store *store, const char *reference, char *why,
                   size_t why_bytes)
{
	struct writing writing = {.out = out};
	const struct store_reader reader = {
		.context = &writing,
		.session = on_session,
		.run = on_run,
		.skip = on_skip,
		.note = on_note,
	};
	int ret = store_read(store, reference, &reader, why, why_bytes);

	if (ret != 0)
		return ret;
	return write_line(out, json_pack("{s:s, s:s, s:I, s:I, s:I}", "type", "end", "uuid",
	                                 writing.uuid, "runs", writing.runs, "skips", writing.skips,
	                                 "notes", writing.notes));
}
