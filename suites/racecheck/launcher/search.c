/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/search.c - all orders of up to two preemptions.
 *
 * The first run has no preemption. From the steps it logged, each place where
 * another context could have run gives a run with one preemption there, and
 * each of those in turn gives runs with a second one behind the first.
 */
#include "suites/racecheck/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LISTED_MAX = 2, PLANS_MAX = 1 << 18 };

struct plan {
	uint64_t step[LISTED_MAX];
	uint32_t context[LISTED_MAX];
	uint32_t count;
};

/* Empties the session's memory file; its mapping stays. */
static int session_clear(int fd)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)SESSION_BYTES) < 0)
		return -errno;
	return 0;
}

/* Appends the plans that add one preemption to a plan behind its last. */
static uint32_t plans_extend(const struct session *session, const struct plan *plan,
                             struct plan *plans, uint32_t count, uint32_t most)
{
	const struct schedule *schedule = &session->schedule;
	uint64_t from = plan->count > 0 ? plan->step[plan->count - 1] + 1 : 1;
	uint64_t to = schedule->step < SCHEDULE_LOG ? schedule->step : SCHEDULE_LOG - 1;

	if (plan->count == LISTED_MAX)
		return count;
	for (uint64_t step = from; step <= to; step++) {
		uint64_t others = schedule->runnable[step] & ~(1ull << schedule->chosen[step]);

		for (; others != 0 && count < most; others &= others - 1) {
			plans[count] = *plan;
			plans[count].step[plan->count] = step;
			plans[count].context[plan->count] = (uint32_t)__builtin_ctzll(others);
			plans[count].count++;
			count++;
		}
	}
	return count;
}

static bool has_verdict(const struct session *session)
{
	return session->report_count > 0 || session->has_cause;
}

int search_run(struct session *session, int session_fd, const struct run_options *options,
               struct run_result *out)
{
	struct plan *plans = calloc(PLANS_MAX, sizeof(*plans));
	uint32_t schedules = 0;
	uint32_t count = 1;
	int ret = 0;

	if (!plans)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && schedules < options->exhaustive; i++) {
		ret = session_clear(session_fd);
		if (ret < 0)
			break;
		session->schedule.listed_count = plans[i].count;
		memcpy(session->schedule.listed_step, plans[i].step, sizeof(plans[i].step));
		memcpy(session->schedule.listed_context, plans[i].context,
		       sizeof(plans[i].context));
		ret = run_once(session, session_fd, options, out);
		if (ret < 0)
			break;
		schedules++;
		/* The first schedule that shows something is the one that is reported. */
		if (has_verdict(session) || out->status != 0)
			break;
		count = plans_extend(session, &plans[i], plans, count, PLANS_MAX);
	}
	fprintf(stderr, "racecheck: %u schedules run%s\n", schedules,
	        schedules >= options->exhaustive ? ", the limit" : "");
	free(plans);
	return ret;
}
