/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor/doctor.c - the table of checks, and what they share. */
#include "suites/bench/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "suites/bench/doctor/check.h"

const char *const doctor_level_names[] = {"ok", "info", "warn", "fail"};

static const struct doctor_check checks[] = {
	{"build.debug", 0, check_build_debug},
	{"clock.source", 0, check_clock_source},
	{"clock.resolution", DOCTOR_PROBE_CLOCK | DOCTOR_PROBE_LINE, check_clock_resolution},
	{"clock.skew", DOCTOR_PROBE_SKEW, check_clock_skew},
	{"cpu.count", 0, check_cpu_count},
	{"cpu.affinity", DOCTOR_PROBE_PIN, check_cpu_affinity},
	{"cpu.smt", 0, check_cpu_smt},
	{"cpu.governor", 0, check_cpu_governor},
	{"cpu.turbo", 0, check_cpu_turbo},
	{"idle.wake", DOCTOR_PROBE_WAKE, check_idle_wake},
	{"vm.steal", DOCTOR_PROBE_SPIN, check_vm_steal},
	{"psi.cpu", 0, check_psi_cpu},
	{"load", 0, check_load},
	{"cgroup.quota", DOCTOR_PROBE_SPIN, check_cgroup_quota},
	{"thermal", DOCTOR_PROBE_SPIN, check_thermal},
	{"power", 0, check_power},
	{"noise.gaps", DOCTOR_PROBE_SPIN, check_noise_gaps},
	{"noise.aa", DOCTOR_PROBE_AA, check_noise_aa},
	{"mitigations", 0, check_mitigations},
	{"aslr", 0, check_aslr},
	{"limits.mqueue", 0, check_limits_mqueue},
	{"limits.sysv", 0, check_limits_sysv},
	{"limits.pipe", 0, check_limits_pipe},
	{"limits.socket", 0, check_limits_socket},
	{"limits.shm", 0, check_limits_shm},
	{"limits.locked", 0, check_limits_locked},
	{"limits.descriptors", 0, check_limits_descriptors},
	{"limits.uring", 0, check_limits_uring},
	{"memory", 0, check_memory},
	{"stale", DOCTOR_PROBE_LEFTOVERS, check_stale},
	{"rt", DOCTOR_PROBE_REALTIME, check_realtime},
	{"git.dirty", DOCTOR_PROBE_GIT, check_git_dirty},
	{"transports", DOCTOR_PROBE_TRANSPORTS, check_transports},
	{"anchor.cache_line", DOCTOR_PROBE_LINE, check_cache_line},
	{"anchor.system_call", DOCTOR_PROBE_CALL, check_system_call},
};

enum { CHECKS_COUNT = sizeof(checks) / sizeof(checks[0]) };

const struct doctor_check *doctor_at(size_t index)
{
	return index < CHECKS_COUNT ? &checks[index] : NULL;
}

const struct doctor_check *doctor_find(const char *id)
{
	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		if (strcmp(checks[i].id, id) == 0)
			return &checks[i];
	}
	return NULL;
}

void check_say(struct doctor_finding *out, enum doctor_level level, double value,
               const char *format, ...)
{
	va_list arguments;

	out->level = level;
	out->value = value;
	va_start(arguments, format);
	vsnprintf(out->text, sizeof(out->text), format, arguments);
	va_end(arguments);
}

void check_advise(struct doctor_finding *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out->advice, sizeof(out->advice), format, arguments);
	va_end(arguments);
}

const char *check_text(const struct doctor_evidence *evidence, const char *name)
{
	return json_string_value(json_object_get(evidence->before, name));
}

bool check_number(const json_t *facts, const char *name, double *out)
{
	const json_t *fact = json_object_get(facts, name);

	if (!json_is_number(fact))
		return false;
	*out = json_number_value(fact);
	return true;
}

unsigned check_cpus(const struct doctor_evidence *evidence)
{
	const json_t *allowed = json_object_get(evidence->before, "cpus_allowed");

	return (unsigned)json_array_size(allowed);
}

bool check_is_virtual(const struct doctor_evidence *evidence)
{
	const char *hypervisor = check_text(evidence, "hypervisor");

	return hypervisor && strcmp(hypervisor, "none") != 0;
}

json_t *doctor_facts(const struct environment *environment)
{
	const char *const texts[] = {environment->machine, environment->canon,
	                             environment->recorded};
	json_t *facts = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *part = json_loads(texts[i] ? texts[i] : "{}", 0, NULL);
		int ret = part ? json_object_update(facts, part) : -1;

		json_decref(part);
		if (ret < 0) {
			json_decref(facts);
			return NULL;
		}
	}
	return facts;
}

void doctor_run(const struct doctor_check *check, const struct doctor_evidence *evidence,
                struct doctor_finding *out)
{
	*out = (struct doctor_finding){0};
	check->run(evidence, out);
}

json_t *doctor_json(const struct doctor_check *check, const struct doctor_finding *finding)
{
	return json_pack("{s:s, s:s, s:f, s:s, s:s?}", "id", check->id, "level",
	                 doctor_level_names[finding->level], "value", finding->value, "text",
	                 finding->text, "advice",
	                 finding->advice[0] != '\0' ? finding->advice : NULL);
}

char *doctor_brief(const struct environment *environment)
{
	struct doctor_evidence evidence = {.before = doctor_facts(environment)};
	json_t *findings = json_array();
	bool is_whole = evidence.before && findings;
	char *text = NULL;

	for (size_t i = 0; is_whole && i < CHECKS_COUNT; i++) {
		struct doctor_finding finding;

		if (checks[i].probes != 0)
			continue;
		doctor_run(&checks[i], &evidence, &finding);
		if (finding.level >= DOCTOR_WARN)
			is_whole = json_array_append_new(findings,
			                                 doctor_json(&checks[i], &finding)) == 0;
	}
	if (is_whole)
		text = json_dumps(findings, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(findings);
	json_decref(evidence.before);
	return text;
}
