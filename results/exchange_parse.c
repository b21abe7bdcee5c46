/* SPDX-License-Identifier: MIT */
/*
 * results/exchange_parse.c - a line of JSON as what it stands for.
 *
 * A line may come from anybody: each member is checked for kind, size and range.
 */
#include "results/exchange_parse.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/base64.h"
#include "results/exchange.h"

#define CANONICAL (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII)

/* An object that is read, and what was first wrong with it. */
struct taking {
	const json_t *object;
	int error;
	char *why;
	size_t why_bytes;
};

static void refuse(struct taking *taking, const char *name, const char *wanted)
{
	if (taking->error != 0)
		return;
	taking->error = -EBADMSG;
	snprintf(taking->why, taking->why_bytes, "'%s' is %s", name, wanted);
}

/* Returns the text of a member; empty after a refusal. */
static const char *text_of(struct taking *taking, const char *name)
{
	const json_t *value = json_object_get(taking->object, name);

	if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
		return json_string_value(value);
	refuse(taking, name, value ? "no text" : "missing");
	return "";
}

static void copy_text(struct taking *taking, const char *name, char *out, size_t out_bytes)
{
	const char *text = text_of(taking, name);

	if (strlen(text) >= out_bytes)
		refuse(taking, name, "too long");
	else
		memcpy(out, text, strlen(text) + 1);
}

/* Returns the text of a member that must be one of a list, null last. */
static const char *choice_of(struct taking *taking, const char *name, const char *const *choices)
{
	const char *text = text_of(taking, name);

	while (*choices && strcmp(*choices, text) != 0)
		choices++;
	if (!*choices)
		refuse(taking, name, "none of its values");
	return text;
}

/* Returns an unsigned number of at most max; above 2^63 it is written as a text. */
static uint64_t number_of(struct taking *taking, const char *name, uint64_t max)
{
	const json_t *value = json_object_get(taking->object, name);
	const char *text = json_string_value(value);
	uint64_t number = 0;
	char *end = NULL;

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		number = (uint64_t)json_integer_value(value);
	} else if (text && text[0] >= '1' && text[0] <= '9') {
		errno = 0;
		number = strtoull(text, &end, 10);
		if (errno != 0 || *end != '\0')
			refuse(taking, name, "no number of 64 bits");
	} else {
		refuse(taking, name, value ? "no whole number from 0 on" : "missing");
	}
	if (number > max) {
		refuse(taking, name, "too large");
		return 0;
	}
	return number;
}

/* Begins with a member that is an object. */
static struct taking inside(struct taking *taking, const char *name)
{
	const json_t *value = json_object_get(taking->object, name);

	if (!json_is_object(value))
		refuse(taking, name, value ? "no object" : "missing");
	return (struct taking){
		.object = value,
		.error = taking->error,
		.why = taking->why,
		.why_bytes = taking->why_bytes,
	};
}

/* Returns JSON that is kept as text, for free(); null after a refusal. */
static char *embedded_of(struct taking *taking, const char *name)
{
	const json_t *value = json_object_get(taking->object, name);
	char *text = NULL;

	if (json_is_object(value) || json_is_array(value))
		text = json_dumps(value, CANONICAL);
	else
		text = strdup(text_of(taking, name));
	if (!text && taking->error == 0)
		taking->error = -ENOMEM;
	return text;
}

static void take_key(struct taking *taking, char out[static ENVIRONMENT_KEY_BYTES])
{
	copy_text(taking, "key", out, ENVIRONMENT_KEY_BYTES);
}

/* Reads the build of an arm, if it is there. */
static void take_arm(struct taking *arms, const char *name, struct session_subject *out)
{
	struct taking arm;

	if (!json_object_get(arms->object, name))
		return;
	arm = inside(arms, name);
	out->git_sha = text_of(&arm, "git_sha");
	out->is_dirty = json_is_true(json_object_get(arm.object, "dirty"));
	out->build_id = text_of(&arm, "build_id");
	out->compiler = text_of(&arm, "compiler");
	out->flags = text_of(&arm, "flags");
	arms->error = arm.error;
}

static void take_uuid(struct taking *taking, char out[static SESSION_UUID_BYTES])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const char *uuid = text_of(taking, "uuid");
	bool is_good = strlen(uuid) == sizeof(form) - 1;

	for (size_t i = 0; i < sizeof(form) - 1 && is_good; i++)
		is_good = form[i] == '-' ? uuid[i] == '-'
		                         : strchr("0123456789abcdef", uuid[i]) != NULL;
	if (!is_good)
		refuse(taking, "uuid", "no UUID in lower case");
	else
		memcpy(out, uuid, SESSION_UUID_BYTES);
}

/* Checks what the line says that it is. */
static void check_schema(struct taking *taking)
{
	const char *schema = json_string_value(json_object_get(taking->object, "schema"));

	if (schema && strcmp(schema, EXCHANGE_SCHEMA) == 0)
		return;
	taking->error = schema && strncmp(schema, "ipcbench/", 9) == 0 ? -EPROTO : -EBADMSG;
	if (taking->error == -EPROTO)
		snprintf(taking->why, taking->why_bytes,
		         "the schema '%.40s' is not '" EXCHANGE_SCHEMA
		         "', which this version knows; update ipcbench",
		         schema);
	else
		snprintf(taking->why, taking->why_bytes,
		         "no session of ipcbench ('schema' is not '" EXCHANGE_SCHEMA "')");
}

int exchange_parse_session(struct exchange_session *out, const json_t *line, char *why,
                           size_t why_bytes)
{
	static const char *const kinds[] = {"run", "ab", "anchor", "selftest", NULL};
	struct taking taking = {.object = line, .why = why, .why_bytes = why_bytes};
	struct session *session = &out->session;
	struct taking part;

	*out = (struct exchange_session){0};
	check_schema(&taking);
	take_uuid(&taking, session->uuid);
	session->kind = choice_of(&taking, "kind", kinds);
	session->status = text_of(&taking, "status");
	session->started_ns = number_of(&taking, "started_ns", INT64_MAX);
	session->ended_ns = number_of(&taking, "ended_ns", INT64_MAX);
	session->seed = number_of(&taking, "seed", UINT64_MAX);
	session->argv = text_of(&taking, "argv");
	session->tool = text_of(&taking, "tool");
	out->doctor = embedded_of(&taking, "doctor");
	session->doctor = out->doctor;
	out->environment.recorded = embedded_of(&taking, "extra");
	part = inside(&taking, "machine");
	take_key(&part, out->environment.machine_key);
	out->environment.machine = embedded_of(&part, "canon");
	taking.error = part.error;
	part = inside(&taking, "environment");
	take_key(&part, out->environment.key);
	out->environment.canon = embedded_of(&part, "canon");
	taking.error = part.error;
	part = inside(&taking, "arms");
	take_arm(&part, "A", &session->subjects[0]);
	take_arm(&part, "B", &session->subjects[1]);
	if (out->environment.key[0] != '\0')
		session->environment = &out->environment;
	if (part.error < 0)
		exchange_session_release(out);
	return part.error;
}

void exchange_session_release(struct exchange_session *session)
{
	free(session->doctor);
	free(session->environment.machine);
	free(session->environment.canon);
	free(session->environment.recorded);
	*session = (struct exchange_session){0};
}

/* Reads the cell of a line of type run or skip. */
static void take_cell(struct taking *taking, struct run_cell *out)
{
	struct taking parts;
	const json_t *rate;

	*out = (struct run_cell){0};
	copy_text(taking, "cell", out->name, sizeof(out->name));
	if (out->name[0] == '\0')
		refuse(taking, "cell", "empty");
	parts = inside(taking, "parts");
	copy_text(&parts, "transport", out->transport, sizeof(out->transport));
	copy_text(&parts, "workload", out->workload, sizeof(out->workload));
	copy_text(&parts, "placement", out->placement, sizeof(out->placement));
	copy_text(&parts, "wait", out->wait, sizeof(out->wait));
	copy_text(&parts, "model", out->model, sizeof(out->model));
	copy_text(&parts, "params", out->params, sizeof(out->params));
	out->size_bytes = number_of(&parts, "size", INT64_MAX);
	out->in_flight = (uint32_t)number_of(&parts, "in_flight", INT32_MAX);
	out->harness = (uint32_t)number_of(&parts, "harness", INT32_MAX);
	rate = json_object_get(parts.object, "rate_hz");
	out->rate_hz = json_number_value(rate);
	if (!json_is_number(rate) || out->rate_hz < 0.0)
		refuse(&parts, "rate_hz", "no number from 0 on");
	taking->error = parts.error;
}

static void take_histogram(struct taking *taking, struct histogram **out)
{
	struct taking part = inside(taking, "histogram");
	const char *format = text_of(&part, "format");
	const char *text = text_of(&part, "data");
	unsigned char *data = NULL;
	size_t bytes = 0;
	int ret;

	if (part.error == 0 && strcmp(format, "loglin1") != 0)
		refuse(&part, "histogram", "of an unknown format");
	if (part.error == 0) {
		ret = base64_decode(&data, &bytes, text);
		if (ret == 0)
			ret = histogram_decode(out, data, bytes);
		free(data);
		if (ret == -ENOMEM)
			part.error = -ENOMEM;
		else if (ret < 0)
			refuse(&part, "histogram", "damaged");
	}
	taking->error = part.error;
}

static void take_peer(struct taking *peer, struct run_peer *out)
{
	copy_text(peer, "name", out->name, sizeof(out->name));
	out->counters = (struct recorder_counters){
		.start_ns = number_of(peer, "start_ns", UINT64_MAX),
		.stop_ns = number_of(peer, "stop_ns", UINT64_MAX),
		.messages = number_of(peer, "messages", UINT64_MAX),
		.bytes = number_of(peer, "bytes", UINT64_MAX),
		.cpu_user_ns = number_of(peer, "cpu_user_ns", UINT64_MAX),
		.cpu_system_ns = number_of(peer, "cpu_system_ns", UINT64_MAX),
		.voluntary_switches = number_of(peer, "voluntary_switches", UINT64_MAX),
		.involuntary_switches = number_of(peer, "involuntary_switches", UINT64_MAX),
		.minor_faults = number_of(peer, "minor_faults", UINT64_MAX),
		.major_faults = number_of(peer, "major_faults", UINT64_MAX),
	};
}

static void take_peers(struct taking *taking, struct run *run)
{
	const json_t *peers = json_object_get(taking->object, "peers");
	const json_t *object;
	size_t i;

	if (!json_is_array(peers))
		refuse(taking, "peers", peers ? "no array" : "missing");
	if (json_array_size(peers) > RUN_PEERS_MAX) {
		refuse(taking, "peers", "too many");
		return;
	}
	json_array_foreach(peers, i, object)
	{
		struct taking peer = *taking;

		peer.object = object;
		take_peer(&peer, &run->peers[i]);
		taking->error = peer.error;
	}
	run->peer_count = (uint32_t)json_array_size(peers);
}

int exchange_parse_run(struct exchange_run *out, const json_t *line, char *why, size_t why_bytes)
{
	static const char *const metrics[] = {"round_trip", "throughput", NULL};
	static const char *const arms[] = {"A", "B", NULL};
	struct taking taking = {.object = line, .why = why, .why_bytes = why_bytes};
	struct run *run = &out->run;

	*run = (struct run){.cell = &out->cell};
	out->histogram = NULL;
	take_cell(&taking, &out->cell);
	snprintf(run->arm, sizeof(run->arm), "%.1s", choice_of(&taking, "arm", arms));
	run->metric = strcmp(choice_of(&taking, "metric", metrics), "round_trip") == 0
	                      ? RUN_ROUND_TRIP
	                      : RUN_THROUGHPUT;
	run->stage = (uint32_t)number_of(&taking, "stage", INT32_MAX);
	run->round = (uint32_t)number_of(&taking, "round", INT32_MAX);
	run->samples = number_of(&taking, "samples", UINT64_MAX);
	run->batch = number_of(&taking, "batch", UINT64_MAX);
	run->messages = number_of(&taking, "messages", UINT64_MAX);
	run->bytes = number_of(&taking, "bytes", UINT64_MAX);
	run->elapsed_ns = number_of(&taking, "elapsed_ns", UINT64_MAX);
	run->steal_ns = number_of(&taking, "steal_ns", UINT64_MAX);
	if (json_object_get(line, "failure"))
		copy_text(&taking, "failure", run->failure, sizeof(run->failure));
	take_peers(&taking, run);
	if (json_object_get(line, "histogram"))
		take_histogram(&taking, &out->histogram);
	run->histogram = out->histogram;
	if (taking.error < 0)
		exchange_run_release(out);
	return taking.error;
}

void exchange_run_release(struct exchange_run *run)
{
	free(run->histogram);
	run->histogram = NULL;
}

int exchange_parse_skip(struct run_cell *cell, const char **reason, const json_t *line, char *why,
                        size_t why_bytes)
{
	struct taking taking = {.object = line, .why = why, .why_bytes = why_bytes};

	take_cell(&taking, cell);
	*reason = text_of(&taking, "reason");
	return taking.error;
}

int exchange_parse_note(const char **kind, const char **body, const json_t *line, char *why,
                        size_t why_bytes)
{
	struct taking taking = {.object = line, .why = why, .why_bytes = why_bytes};

	*kind = text_of(&taking, "kind");
	*body = text_of(&taking, "body");
	return taking.error;
}

int exchange_parse_end(struct exchange_counts *out, const char *uuid, const json_t *line, char *why,
                       size_t why_bytes)
{
	struct taking taking = {.object = line, .why = why, .why_bytes = why_bytes};

	if (strcmp(text_of(&taking, "uuid"), uuid) != 0)
		refuse(&taking, "uuid", "another session's");
	out->runs = number_of(&taking, "runs", UINT64_MAX);
	out->skips = number_of(&taking, "skips", UINT64_MAX);
	out->notes = number_of(&taking, "notes", UINT64_MAX);
	return taking.error;
}
