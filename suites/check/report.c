/* SPDX-License-Identifier: MIT */
/* suites/check/report.c - what an actor says in shared memory, and how it leaves. */
#include "suites/check/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "workloads/payload.h"

static _Thread_local struct actor *self;

void actor_become(struct actor *actor)
{
	self = actor;
}

struct actor *actor_self(void)
{
	return self;
}

void actor_init(struct actor *actor, struct check *check, unsigned index)
{
	actor->report = &check->board->reports[index];
	actor->random = payload_mix(check->settings->seed, index, 0);
}

const char *verdict_text(enum verdict verdict)
{
	static const char *const texts[VERDICT_COUNT] = {
		[VERDICT_NONE] = "died",       [VERDICT_PASSED] = "passed",
		[VERDICT_FAILED] = "failed",   [VERDICT_BROKEN] = "broken",
		[VERDICT_SKIPPED] = "skipped", [VERDICT_NOT_PROMISED] = "not promised",
	};

	return texts[verdict];
}

static void report_vwrite(struct report *report, enum verdict verdict, const char *clause,
                          const char *format, va_list arguments)
{
	if (atomic_load_explicit(&report->verdict, memory_order_relaxed) != VERDICT_NONE)
		return;
	snprintf(report->clause, sizeof(report->clause), "%s", clause ? clause : "");
	vsnprintf(report->text, sizeof(report->text), format, arguments);
	atomic_store_explicit(&report->decided_ns, clock_now_ns(), memory_order_relaxed);
	/* Release: pairs with the acquire of whoever reads the texts. */
	atomic_store_explicit(&report->verdict, verdict, memory_order_release);
}

void report_write(struct report *report, enum verdict verdict, const char *clause,
                  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_vwrite(report, verdict, clause, format, arguments);
	va_end(arguments);
}

static _Noreturn void report_leave(void)
{
	longjmp(self->out, 1);
}

void report_fail(const char *clause, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_vwrite(self->report, VERDICT_FAILED, clause, format, arguments);
	va_end(arguments);
	report_leave();
}

void report_broken(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_vwrite(self->report, VERDICT_BROKEN, NULL, format, arguments);
	va_end(arguments);
	report_leave();
}

void report_skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_vwrite(self->report, VERDICT_SKIPPED, NULL, format, arguments);
	va_end(arguments);
	report_leave();
}

void report_repeat(const struct report *other)
{
	/* Acquire: pairs with the release in report_vwrite(). */
	enum verdict verdict = atomic_load_explicit(&other->verdict, memory_order_acquire);

	report_write(self->report, verdict, other->clause[0] ? other->clause : NULL, "%s",
	             other->text);
	report_leave();
}

const char *report_result(ssize_t ret)
{
	static _Thread_local char text[48];
	const char *name = ret < 0 ? strerrorname_np((int)-ret) : NULL;

	if (name)
		snprintf(text, sizeof(text), "-%s", name);
	else
		snprintf(text, sizeof(text), "%zd", ret);
	return text;
}

const struct ipc_transport *check_transport(const struct check *check)
{
	return check->transport;
}

enum ipc_wait check_wait(const struct check *check)
{
	return check->wait;
}

enum check_model check_model(const struct check *check)
{
	return check->model;
}

bool check_is_full(const struct check *check)
{
	return check->settings->is_full;
}

bool check_has(const struct check *check, uint32_t caps)
{
	return (check->transport->caps & caps) == caps;
}

uint64_t check_seed(const struct check *check)
{
	return check->settings->seed;
}

uint64_t patience(const struct check *check)
{
	return from_now(check->settings->patience_ns);
}

uint64_t check_random(struct check *check)
{
	(void)check;
	self->random = payload_mix(self->random, 1, 1);
	return self->random;
}

uint64_t check_count(struct check *check, const char *what, uint64_t quick, uint64_t full)
{
	char *counts = check->board->reports[0].counts;
	size_t used = strlen(counts);
	uint64_t count = check->settings->is_full ? full : quick;

	if (!check->settings->is_full && (IS_THREAD_SANITIZED || IS_ADDRESS_SANITIZED) && count > 3)
		count = (count + 3) / 4;
	snprintf(counts + used, TEXT_BYTES - used, "%s%" PRIu64 " %s", used > 0 ? ", " : "", count,
	         what);
	return count;
}
