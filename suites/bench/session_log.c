/* SPDX-License-Identifier: MIT */
/* suites/bench/session_log.c - the session of a command that measures, in the store. */
#include "suites/bench/session_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipc/clock.h"
#include "results/claim_json.h"
#include "results/verdict_note.h"
#include "suites/bench/cli.h"
#include "suites/bench/doctor/doctor.h"

#define WHY_BYTES (RUN_TEXT_BYTES * 2)

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Says why a call failed, once where one cause makes several fail. Returns ret. */
static int say(struct session_log *log, int ret, const char *why)
{
	if (ret < 0 && ret != log->told)
		cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	if (ret < 0)
		log->told = ret;
	return ret;
}

int session_log_open(struct session_log *log, const char *store, const char *kind, const char *argv,
                     uint64_t seed)
{
	char why[WHY_BYTES] = "";
	int ret;

	*log = (struct session_log){0};
	ret = store_open(&log->store, store, STORE_WRITE, why, sizeof(why));
	if (ret == 0)
		ret = environment_capture(&log->environment, "");
	if (ret < 0)
		return say(log, ret, why);
	log->doctor = doctor_brief(log->environment);
	if (!log->doctor)
		return say(log, -ENOMEM, why);
	log->session = (struct session){
		.kind = kind,
		.started_ns = wall_clock_ns(),
		.seed = seed,
		.argv = argv,
		.tool = IPCBENCH_VERSION,
		.doctor = log->doctor,
		.status = "running",
		.environment = log->environment,
	};
	ret = session_uuid(log->session.uuid);
	if (ret == 0)
		ret = store_begin(log->store, &log->session, why, sizeof(why));
	return say(log, ret, why);
}

int session_log_add(struct session_log *log, const struct run *runs, size_t runs_count)
{
	char why[WHY_BYTES] = "";

	return say(log, store_append(log->store, runs, runs_count, why, sizeof(why)), why);
}

int session_log_skip(struct session_log *log, const struct run_cell *cell, const char *reason)
{
	char why[WHY_BYTES] = "";

	return say(log, store_skip(log->store, cell, reason, why, sizeof(why)), why);
}

int session_log_claim(struct session_log *log, const struct report_claim *claim)
{
	json_t *object = claim_json(claim);
	char *body = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	char why[WHY_BYTES] = "";
	int ret = body ? store_note(log->store, CLAIM_NOTE, body, why, sizeof(why)) : -ENOMEM;

	json_decref(object);
	free(body);
	return say(log, ret, why);
}

int session_log_comparison(struct session_log *log, const struct verdict_report *report)
{
	char *body = verdict_note_write(report);
	char why[WHY_BYTES] = "";
	int ret = body ? store_note(log->store, VERDICT_NOTE, body, why, sizeof(why)) : -ENOMEM;

	free(body);
	return say(log, ret, why);
}

int session_log_finish(struct session_log *log, const char *status)
{
	char why[WHY_BYTES] = "";

	log->session.status = status;
	log->session.ended_ns = wall_clock_ns();
	return say(log, store_finish(log->store, status, why, sizeof(why)), why);
}

void session_log_close(struct session_log *log)
{
	store_close(log->store);
	environment_destroy(log->environment);
	free(log->doctor);
	*log = (struct session_log){0};
}
