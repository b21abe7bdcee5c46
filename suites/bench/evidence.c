/* SPDX-License-Identifier: MIT */
/* suites/bench/evidence.c - what a history knows of some cells in this environment. */
#include "suites/bench/evidence.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/environment.h"
#include "results/store.h"
#include "suites/bench/cli.h"

#define SESSIONS_MAX 32
#define TAIL 0.99
#define BEYOND_MIN 20u /* values beyond a quantile, over all rounds, for it to be one */

struct reading {
	enum needs_goal goal;
	struct advice_candidate *candidates;
	uint64_t *beyond; /* of the session in hand, by candidate */
	size_t count;
	size_t session;
};

/* Returns the messages a second of a round, or NAN. */
static double rate_of(const struct run *run)
{
	return run->elapsed_ns > 0 ? (double)run->messages * 1e9 / (double)run->elapsed_ns : NAN;
}

/* Returns the figure of a round, or NAN. */
static double figure_of(enum needs_goal goal, const struct run *run)
{
	double cpu_ns = 0.0;
	uint64_t value;

	if (goal == NEEDS_THROUGHPUT)
		return rate_of(run);
	if (goal == NEEDS_CPU) {
		for (uint32_t i = 0; i < run->peer_count; i++)
			cpu_ns += (double)(run->peers[i].counters.cpu_user_ns +
			                   run->peers[i].counters.cpu_system_ns);
		return run->messages > 0 ? cpu_ns / (double)run->messages : NAN;
	}
	if (!run->histogram || run->histogram->count == 0 || run->batch == 0)
		return NAN;
	value = histogram_quantile(run->histogram, goal == NEEDS_TAIL ? TAIL : 0.5);
	return value == HISTOGRAM_CLIPPED ? INFINITY : (double)value / (double)run->batch;
}

static int on_run(void *context, const struct run *run)
{
	struct reading *self = context;

	if (run->stage != 1 || strcmp(run->arm, "A") != 0 || run->round >= ADVICE_ROUNDS_MAX)
		return 0;
	for (size_t i = 0; i < self->count; i++) {
		struct advice_candidate *candidate = &self->candidates[i];

		if (candidate->session != self->session ||
		    strcmp(candidate->name, run->cell->name) != 0)
			continue;
		if (run->failure[0] != '\0') {
			if (candidate->failure[0] == '\0')
				snprintf(candidate->failure, sizeof(candidate->failure), "%s",
				         run->failure);
			continue;
		}
		for (; candidate->rounds_count <= run->round; candidate->rounds_count++)
			candidate->rounds[candidate->rounds_count] = NAN;
		candidate->rounds[run->round] = figure_of(self->goal, run);
		candidate->rate_hz = fmin(candidate->rate_hz, rate_of(run));
		if (run->histogram)
			self->beyond[i] += histogram_beyond(run->histogram,
			                                    self->goal == NEEDS_TAIL ? TAIL : 0.5);
	}
	return 0;
}

/* Reads one session for the candidates that no newer one has served. */
static int read_session(struct reading *self, struct store *store, const char *uuid, char *why,
                        size_t why_bytes)
{
	const struct store_reader reader = {.context = self, .run = on_run};
	bool is_timed = self->goal == NEEDS_LATENCY || self->goal == NEEDS_TAIL;
	int ret;

	memset(self->beyond, 0, self->count * sizeof(*self->beyond));
	ret = store_read(store, uuid, &reader, why, why_bytes);
	for (size_t i = 0; i < self->count; i++) {
		struct advice_candidate *candidate = &self->candidates[i];

		if (candidate->session != self->session)
			continue;
		if (ret == 0 && advice_is_measured(candidate) &&
		    (!is_timed || self->beyond[i] >= BEYOND_MIN))
			continue;
		/* An older one may serve it. */
		candidate->rounds_count = 0;
		candidate->rate_hz = INFINITY;
		candidate->session = self->session + 1;
	}
	self->session++;
	return ret;
}

/* Reads from the newest session of this environment back. */
static int read_all(struct reading *self, struct store *store, char *why, size_t why_bytes)
{
	char uuids[SESSIONS_MAX][SESSION_UUID_BYTES];
	struct environment *environment;
	size_t count = 0;
	int ret = environment_capture(&environment, "");

	if (ret < 0)
		return ret;
	ret = store_sessions(store, environment->key, uuids, SESSIONS_MAX, &count, why, why_bytes);
	environment_destroy(environment);
	for (size_t i = 0; i < count && ret == 0; i++) {
		bool is_wanted = false;

		for (size_t j = 0; j < self->count; j++)
			is_wanted = is_wanted || self->candidates[j].session == self->session;
		if (!is_wanted)
			break;
		ret = read_session(self, store, uuids[i], why, why_bytes);
	}
	return ret;
}

int evidence_read(const char *path, enum needs_goal goal, struct advice_candidate *candidates,
                  size_t count)
{
	struct reading reading = {
		.goal = goal,
		.candidates = candidates,
		.beyond = calloc(count + 1, sizeof(*reading.beyond)),
		.count = count,
	};
	struct store *store;
	char why[512] = "";
	int ret;

	if (!reading.beyond)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		candidates[i].rounds_count = 0;
		candidates[i].rate_hz = INFINITY;
		candidates[i].session = 0;
		candidates[i].failure[0] = '\0';
	}
	ret = store_open(&store, path, STORE_READ, why, sizeof(why));
	if (ret == 0) {
		ret = read_all(&reading, store, why, sizeof(why));
		store_close(store);
	} else if (ret == -ENOENT && count > 0) {
		ret = 0;
	}
	free(reading.beyond);
	if (ret < 0)
		cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return ret;
}
