/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/doctor/check.h - what the checks share. Private to doctor/.
 *
 * A check is one function, and one row in doctor.c.
 */
#ifndef SUITES_BENCH_DOCTOR_CHECK_H
#define SUITES_BENCH_DOCTOR_CHECK_H

#include "suites/bench/doctor/doctor.h"

/* Sets level, value and text. */
__attribute__((format(printf, 4, 5))) void check_say(struct doctor_finding *out,
                                                     enum doctor_level level, double value,
                                                     const char *format, ...);

/* Sets what to do. */
__attribute__((format(printf, 2, 3))) void check_advise(struct doctor_finding *out,
                                                        const char *format, ...);

/* Returns a fact of the time before the spin as text; null where it is none, or not known. */
const char *check_text(const struct doctor_evidence *evidence, const char *name);

/* Reads a fact that is a number. Returns false where it is none, or not known. */
bool check_number(const json_t *facts, const char *name, double *out);

/* Returns the CPUs that may be used, or 0 where it is not known. */
unsigned check_cpus(const struct doctor_evidence *evidence);

/* Says whether this is a virtual machine. */
bool check_is_virtual(const struct doctor_evidence *evidence);

#define DOCTOR_CHECK(name)                                                                         \
	void check_##name(const struct doctor_evidence *evidence, struct doctor_finding *out)

/* build.c: what was built, and from what */
DOCTOR_CHECK(build_debug);
DOCTOR_CHECK(git_dirty);
/* clock.c */
DOCTOR_CHECK(clock_source);
DOCTOR_CHECK(clock_resolution);
DOCTOR_CHECK(clock_skew);
/* cpu.c: which CPUs, and how they are driven */
DOCTOR_CHECK(cpu_count);
DOCTOR_CHECK(cpu_affinity);
DOCTOR_CHECK(cpu_smt);
DOCTOR_CHECK(cpu_governor);
DOCTOR_CHECK(cpu_turbo);
DOCTOR_CHECK(idle_wake);
DOCTOR_CHECK(cache_line);
DOCTOR_CHECK(system_call);
DOCTOR_CHECK(realtime);
/* others.c: who else takes time */
DOCTOR_CHECK(vm_steal);
DOCTOR_CHECK(psi_cpu);
DOCTOR_CHECK(load);
DOCTOR_CHECK(cgroup_quota);
DOCTOR_CHECK(thermal);
DOCTOR_CHECK(power);
DOCTOR_CHECK(noise_gaps);
DOCTOR_CHECK(noise_aa);
/* kernel.c */
DOCTOR_CHECK(mitigations);
DOCTOR_CHECK(aslr);
DOCTOR_CHECK(memory);
DOCTOR_CHECK(stale);
DOCTOR_CHECK(transports);
/* limits.c */
DOCTOR_CHECK(limits_mqueue);
DOCTOR_CHECK(limits_sysv);
DOCTOR_CHECK(limits_pipe);
DOCTOR_CHECK(limits_socket);
DOCTOR_CHECK(limits_shm);
DOCTOR_CHECK(limits_locked);
DOCTOR_CHECK(limits_descriptors);
DOCTOR_CHECK(limits_uring);

#endif
