/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor_probes.h - measures what doctor's checks judge. */
#ifndef SUITES_BENCH_DOCTOR_PROBES_H
#define SUITES_BENCH_DOCTOR_PROBES_H

#include "suites/bench/doctor/doctor.h"

/*
 * Gathers evidence: reads the environment below root ("": this machine) and runs
 * probes, enum doctor_probe or-ed. All of them take about 5 s. stop_fd: readable,
 * the rest is left out. Returns 0, or -errno: -ENOMEM, -EINTR. *out is for
 * doctor_evidence_release() in any case.
 */
int doctor_evidence_gather(struct doctor_evidence *out, const char *root, unsigned probes,
                           int stop_fd);
void doctor_evidence_release(struct doctor_evidence *evidence);

#endif
