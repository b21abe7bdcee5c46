/* SPDX-License-Identifier: MIT */
/* suites/bench/advisor.c - from needs to a ranking: candidates, evidence, what is left out. */
#include "suites/bench/advisor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/bench/evidence.h"
#include "workloads/pool.h"

/* Mechanisms whose messages the kernel keeps after the last peer has gone (contract.md, 3). */
static const char *const persistent[] = {"posix_mq", "sysv_mq"};

static bool is_persistent(const char *transport)
{
	for (size_t i = 0; i < sizeof(persistent) / sizeof(persistent[0]); i++) {
		if (strcmp(persistent[i], transport) == 0)
			return true;
	}
	return false;
}

/* Returns the promises that threads can't keep: one crash ends them all. */
static uint32_t lost_by_threads(const struct report_semantics *semantics)
{
	static const char *const words[] = {"told", "survives", "distrust", "processes"};
	uint32_t lost = 0;

	for (size_t i = 0; i < semantics->promises_count; i++) {
		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
			if (semantics->promises[i].word &&
			    strcmp(semantics->promises[i].word, words[j]) == 0)
				lost |= 1u << i;
		}
	}
	return lost;
}

/* Says why a choice can't serve the needs, if it can't. */
static void judge(const struct advisor *self, struct advisor_choice *choice)
{
	uint32_t lacking = self->needs.promises & ~choice->promises;
	size_t used = 0;

	if (choice->transport && choice->transport->is_yardstick) {
		snprintf(choice->reason, sizeof(choice->reason), "measures the harness itself");
	} else if (self->needs.has_no_uring && strncmp(choice->cell.transport, "uring", 5) == 0) {
		snprintf(choice->reason, sizeof(choice->reason), "needs io_uring");
	} else if (self->needs.is_persistent && !is_persistent(choice->cell.transport)) {
		snprintf(choice->reason, sizeof(choice->reason),
		         "its messages do not outlive its peers");
	} else if (lacking) {
		for (size_t i = 0; i < self->semantics.promises_count; i++) {
			const struct report_promise *promise = &self->semantics.promises[i];

			if (lacking >> i & 1u && used < sizeof(choice->reason))
				used += (size_t)snprintf(choice->reason + used,
				                         sizeof(choice->reason) - used, "%s%s (%s)",
				                         used > 0 ? ", " : "not promised: ",
				                         promise->title, promise->clause);
		}
	}
}

static void add_choice(struct advisor *self, const struct cell *cell, const char *unavailable)
{
	struct advisor_choice *choice = &self->choices[self->choices_count];

	*choice = (struct advisor_choice){.planned = unavailable ? NULL : cell};
	cell_describe(cell, &choice->cell);
	for (size_t i = 0; i < self->semantics.transports_count; i++) {
		if (strcmp(self->semantics.transports[i].name, choice->cell.transport) == 0)
			choice->transport = &self->semantics.transports[i];
	}
	if (choice->transport)
		choice->promises = choice->transport->promises | choice->transport->needless;
	if (cell->values[CELL_MODEL] != MODEL_PROCESSES)
		choice->promises &= ~lost_by_threads(&self->semantics);
	if (unavailable)
		snprintf(choice->reason, sizeof(choice->reason), "%s", unavailable);
	else
		judge(self, choice);
	choice->is_wanted = choice->reason[0] == '\0';
	self->choices_count++;
}

/* Adds one filter, written as by printf(). Returns 0, or -EINVAL. */
__attribute__((format(printf, 2, 3))) static int add_filter(struct request *request,
                                                            const char *format, ...)
{
	char filter[64];
	char why[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(filter, sizeof(filter), format, arguments);
	va_end(arguments);
	return request_add(request, filter, why, sizeof(why));
}

/* Adds what is carried, between as many peers as are needed. */
static int add_workload(struct request *request, const struct needs *needs)
{
	unsigned long long size = needs->size_bytes;
	int ret;

	if (!needs_has_dispatcher(needs)) {
		ret = add_filter(request, "workload:%s", needs->pattern);
		return ret < 0 ? ret : add_filter(request, "size:%llu", size);
	}
	ret = add_filter(request, "workload:pool");
	if (ret == 0)
		ret = add_filter(request, "peers:%llu", (unsigned long long)needs->peers);
	if (ret == 0)
		ret = add_filter(request, "task:echo");
	/* With its header it is a message of that size. */
	if (ret == 0)
		ret = add_filter(request, "amount:%llu", size - sizeof(struct pool_header));
	/* Who waits for an answer has one request on its way. */
	if (ret == 0 && strcmp(needs->pattern, "ping_pong") == 0)
		ret = add_filter(request, "in_flight:1");
	return ret;
}

/* Plans every transport and model for a placement. */
static int plan_for(struct advisor *self, const char *placement)
{
	const struct needs *needs = &self->needs;
	struct request *request = malloc(sizeof(*request));
	int ret;

	if (!request)
		return -ENOMEM;
	request_init(request);
	ret = add_workload(request, needs);
	if (ret == 0)
		ret = add_filter(request, "wait:%s", needs->wait);
	if (ret == 0)
		ret = add_filter(request, "model:%s",
		                 needs->model ? needs->model : "processes,threads");
	if (ret == 0)
		ret = add_filter(request, "placement:%s", placement);
	if (ret == 0)
		ret = plan_create(&self->plan, request);
	free(request);
	return ret;
}

int advisor_create(struct advisor **out, const struct needs *needs,
                   const struct report_semantics *semantics)
{
	struct advisor *self = calloc(1, sizeof(*self));
	int ret = self ? 0 : -ENOMEM;

	if (!self)
		return ret;
	self->needs = *needs;
	self->semantics = *semantics;
	ret = plan_for(self, needs->placement ? needs->placement : "cross_core");
	/* On one CPU peers share it. */
	if (ret == 0 && self->plan->cells_count == 0 && !needs->placement) {
		plan_destroy(self->plan);
		self->plan = NULL;
		ret = plan_for(self, "same_core");
	}
	if (ret == 0) {
		size_t most = self->plan->cells_count + self->plan->skips_count + 1;

		self->choices = calloc(most, sizeof(*self->choices));
		self->candidates = calloc(most, sizeof(*self->candidates));
		ret = self->choices && self->candidates ? 0 : -ENOMEM;
	}
	if (ret < 0) {
		advisor_destroy(self);
		return ret;
	}
	for (size_t i = 0; i < self->plan->cells_count; i++)
		add_choice(self, &self->plan->cells[i], NULL);
	for (size_t i = 0; i < self->plan->skips_count; i++)
		add_choice(self, &self->plan->skips[i].cell, self->plan->skips[i].reason);
	for (size_t i = 0; i < self->choices_count; i++)
		self->candidates[i] = (struct advice_candidate){
			.name = self->choices[i].cell.name,
			.is_excluded = self->choices[i].reason[0] != '\0',
		};
	*out = self;
	return 0;
}

void advisor_destroy(struct advisor *advise)
{
	if (!advise)
		return;
	plan_destroy(advise->plan);
	free(advise->choices);
	free(advise->candidates);
	free(advise);
}

int advisor_read(struct advisor *self, const char *store)
{
	return evidence_read(store, self->needs.goal, self->candidates, self->choices_count);
}

int advisor_missing(const struct advisor *self, struct plan **out)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (plan)
		plan->cells = calloc(self->choices_count + 1, sizeof(*plan->cells));
	if (!plan || !plan->cells) {
		free(plan);
		return -ENOMEM;
	}
	for (size_t i = 0; i < self->choices_count; i++) {
		const struct advice_candidate *candidate = &self->candidates[i];

		if (!candidate->is_excluded && !advice_is_measured(candidate))
			plan->cells[plan->cells_count++] =
				*advisor_choice_of(self, candidate)->planned;
	}
	*out = plan;
	return 0;
}

const struct advisor_choice *advisor_choice_of(const struct advisor *self,
                                               const struct advice_candidate *candidate)
{
	size_t i = 0;

	while (strcmp(self->choices[i].cell.name, candidate->name) != 0)
		i++;
	return &self->choices[i];
}

void advisor_rank(struct advisor *self)
{
	const struct needs *needs = &self->needs;
	bool more = needs_wants_more(needs->goal);

	self->ranked = advice_rank(self->candidates, self->choices_count, more);
	for (size_t i = 0; i < self->ranked; i++) {
		struct advice_candidate *candidate = &self->candidates[i];
		struct advisor_choice *choice =
			&self->choices[advisor_choice_of(self, candidate) - self->choices];

		if (candidate->rate_hz >= (double)needs->rate_hz)
			continue;
		candidate->is_excluded = true;
		snprintf(choice->reason, sizeof(choice->reason),
		         "carried %.4g messages a second in its slowest round, not %llu",
		         candidate->rate_hz, (unsigned long long)needs->rate_hz);
	}
	/* Again, without those that are too slow. */
	self->ranked = advice_rank(self->candidates, self->choices_count, more);
	for (size_t i = self->ranked; i < self->choices_count; i++) {
		const struct advice_candidate *candidate = &self->candidates[i];
		struct advisor_choice *choice =
			&self->choices[advisor_choice_of(self, candidate) - self->choices];

		if (choice->reason[0] == '\0')
			snprintf(choice->reason, sizeof(choice->reason), "not measured: %s",
			         candidate->failure[0] != '\0'
			                 ? candidate->failure
			                 : "too few rounds, or too few values, ended well");
	}
}
