/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor_probes.c - measures what doctor's checks judge. */
#include "suites/bench/doctor_probes.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "ipc/names.h"
#include "ipc/registry.h"
#include "results/statistics.h"
#include "suites/bench/ab_pairs.h"
#include "suites/bench/command.h"
#include "suites/bench/tool.h"
#include "workloads/anchors.h"
#include "workloads/clock_facts.h"
#include "workloads/placement.h"

#define SPIN_NS (2 * NS_PER_S)
#define GAP_NS (10 * NS_PER_US)
#define GIT_NS (10 * NS_PER_S)
#define AA_ROUNDS 6u
#define AA_ROUNDS_PLANNED 20u
#define MAD_TO_DEVIATION 1.4826

static int read_facts(json_t **out, const char *root)
{
	struct environment *environment;
	int ret = environment_capture(&environment, root);

	if (ret < 0)
		return ret;
	*out = doctor_facts(environment);
	environment_destroy(environment);
	return *out ? 0 : -ENOMEM;
}

static bool is_stopped(int stop_fd)
{
	struct pollfd fd = {.fd = stop_fd, .events = POLLIN};

	return stop_fd >= 0 && poll(&fd, 1, 0) > 0;
}

/* Reads the clock as fast as it can, and counts where it was not let. */
static void probe_spin(struct doctor_evidence *out, int stop_fd)
{
	uint64_t start_ns = clock_now_ns();
	uint64_t last_ns = start_ns;
	uint64_t slice_ns = start_ns;

	while (last_ns - start_ns < SPIN_NS) {
		uint64_t now_ns = clock_now_ns();
		uint64_t gap_ns = now_ns - last_ns;

		last_ns = now_ns;
		out->gaps += gap_ns > GAP_NS;
		if (gap_ns > out->gap_max_ns)
			out->gap_max_ns = gap_ns;
		if (now_ns - slice_ns < NS_PER_S / 10)
			continue;
		if (is_stopped(stop_fd))
			break;
		slice_ns = last_ns = clock_now_ns();
	}
	out->spin_ns = last_ns - start_ns;
}

/* Pins this thread to each CPU that it may use, then to none again. */
static void probe_pin(struct doctor_evidence *out)
{
	cpu_set_t allowed;

	out->unpinned_cpu = -1;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && out->unpinned_cpu < 0; cpu++) {
		if (CPU_ISSET((size_t)cpu, &allowed) &&
		    (placement_pin(cpu) < 0 || sched_getcpu() != cpu))
			out->unpinned_cpu = cpu;
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

static void probe_realtime(struct doctor_evidence *out)
{
	const struct sched_param least = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	const struct sched_param none = {0};

	out->realtime_error = sched_setscheduler(0, SCHED_FIFO, &least) < 0 ? -errno : 0;
	if (out->realtime_error == 0)
		sched_setscheduler(0, SCHED_OTHER, &none);
}

static void probe_leftovers(struct doctor_evidence *out)
{
	out->leftovers = names_clean(true, NULL, NULL);
	if (out->leftovers < 0)
		names_refuse(out->leftovers, out->leftovers_why, sizeof(out->leftovers_why));
}

static void probe_transports(struct doctor_evidence *out)
{
	const struct ipc_transport *transport;
	char why[RUN_TEXT_BYTES];
	size_t used = 0;

	for (size_t i = 0; (transport = registry_at(i)); i++) {
		if (transport->probe(why, sizeof(why)) == 0)
			continue;
		out->transports_absent++;
		if (used < sizeof(out->transports_names))
			used += (size_t)snprintf(out->transports_names + used,
			                         sizeof(out->transports_names) - used, " %s",
			                         transport->name);
	}
}

static void probe_git(struct doctor_evidence *out, int stop_fd)
{
	static const char *const status[] = {"git", "status", "--porcelain", "--untracked-files=no",
	                                     NULL};
	char line[256];
	int ret = tool_ask(status, line, sizeof(line), clock_now_ns() + GIT_NS, stop_fd);

	/* git leaves with 128 where there is no repository. */
	out->git_error = ret < 0 ? ret : ret > 0 ? -ENOENT : 0;
	out->is_git_dirty = ret == 0 && line[0] != '\0';
}

/* Finds by how much p50 scatters between the arms of a report that are the same. */
static int judge_aa(struct doctor_evidence *out, const struct verdict_report *report)
{
	const struct verdict_series *series = &report->rows[0].series[0];
	double differences[AA_ROUNDS];

	if (report->rows_count == 0 || series->count < 2 || series->count > AA_ROUNDS)
		return -EIO;
	comparison_differences(series->values[0], series->values[1], series->count, false,
	                       differences);
	statistics_sort(differences, series->count);
	out->aa_deviation = MAD_TO_DEVIATION * statistics_mad(differences, series->count);
	out->aa_least = power_least_effect(&comparison_rules_default.power, out->aa_deviation,
	                                   AA_ROUNDS_PLANNED);
	return 0;
}

static int measure_aa(struct doctor_evidence *out, struct ab_pairs *pairs, int stop_fd)
{
	struct ab_measure measure = {
		.pairs = pairs->pairs,
		.pairs_count = 1,
		.seed = 1,
		.rounds = AA_ROUNDS,
		.tick_ns = out->tick_ns,
		.stop_fd = stop_fd,
	};
	int ret = verdict_report_create(&measure.report);

	if (ret < 0)
		return ret;
	measure.report->tick_ns = (double)out->tick_ns;
	ret = ab_measure_add_pairs(&measure);
	if (ret == 0)
		ret = ab_measure_run(&measure);
	if (ret == 0)
		ret = judge_aa(out, measure.report);
	verdict_report_destroy(measure.report);
	return ret;
}

static void probe_aa(struct doctor_evidence *out, int stop_fd)
{
	static const char *const filters[] = {"transport:pipe", "workload:ping_pong", "wait:block",
	                                      "placement:same_core"};
	const struct arm_program self = {.path = "/proc/self/exe"};
	struct ab_pairs pairs = {0};
	int status = ab_pairs_ask_alone(&pairs, &self, filters, 4, stop_fd);

	out->aa_error = status == STATUS_DONE && pairs.pairs_count > 0
	                        ? measure_aa(out, &pairs, stop_fd)
	                        : -ENOSYS;
	ab_pairs_release(&pairs);
}

static void probe_clock(struct doctor_evidence *out)
{
	struct clock_facts clock;

	clock_facts_observe(&clock);
	out->tick_ns = clock.tick_ns;
	out->call_ns = clock.call_ns;
	out->section_ns = clock.section_ns;
}

/* Those that measure between two cores say by 0 that there are none. */
static void probe_anchors(struct doctor_evidence *out, unsigned probes)
{
	if (probes & DOCTOR_PROBE_SKEW)
		out->has_pair |= anchor_clock_skew_ns(&out->skew_ns, &out->skew_error_ns);
	if (probes & DOCTOR_PROBE_LINE)
		out->line_ns = anchor_line_round_trip_ns();
	if (probes & DOCTOR_PROBE_WAKE)
		out->wake_ns = anchor_wake_up_ns();
	if (probes & DOCTOR_PROBE_CALL)
		out->system_call_ns = anchor_system_call_ns();
	out->has_pair |= out->line_ns > 0 || out->wake_ns > 0;
}

int doctor_evidence_gather(struct doctor_evidence *out, const char *root, unsigned probes,
                           int stop_fd)
{
	int ret;

	*out = (struct doctor_evidence){.probes = probes};
	ret = read_facts(&out->before, root);
	/* First, before this program itself disturbs anything. */
	if (ret == 0 && (probes & DOCTOR_PROBE_SPIN)) {
		probe_spin(out, stop_fd);
		ret = read_facts(&out->after, root);
	}
	if (ret < 0)
		return ret;
	if (probes & (DOCTOR_PROBE_CLOCK | DOCTOR_PROBE_AA))
		probe_clock(out);
	probe_anchors(out, probes);
	if (probes & DOCTOR_PROBE_PIN)
		probe_pin(out);
	if (probes & DOCTOR_PROBE_REALTIME)
		probe_realtime(out);
	if (probes & DOCTOR_PROBE_LEFTOVERS)
		probe_leftovers(out);
	if (probes & DOCTOR_PROBE_TRANSPORTS)
		probe_transports(out);
	if (probes & DOCTOR_PROBE_GIT)
		probe_git(out, stop_fd);
	if ((probes & DOCTOR_PROBE_AA) && !is_stopped(stop_fd))
		probe_aa(out, stop_fd);
	return is_stopped(stop_fd) ? -EINTR : 0;
}

void doctor_evidence_release(struct doctor_evidence *evidence)
{
	json_decref(evidence->before);
	json_decref(evidence->after);
	*evidence = (struct doctor_evidence){0};
}
