/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/arm_process.h - starts an arm of a comparison and tells it what to do.
 *
 * An arm is a process of the build under test, new in every round, so that each
 * round has a new layout. It is killed and reaped whatever happens.
 */
#ifndef SUITES_BENCH_ARM_PROCESS_H
#define SUITES_BENCH_ARM_PROCESS_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "results/run.h"
#include "suites/bench/arm_protocol.h"

#define ARM_PLUGINS_MAX 16
#define ARM_TEXT_BYTES 512

/* How an arm is started. Strings are the caller's and outlive the arms. */
struct arm_program {
	const char *path; /* of an ipcbench */
	const char *plugins[ARM_PLUGINS_MAX];
	size_t plugins_count;
};

struct arm {
	const struct arm_program *program;
	pid_t pid; /* 0: not running */
	int fd;
	int error_fd; /* what it writes to stderr */
	int stop_fd;
	struct arm_message message; /* the last answer */
	char tool[RUN_NAME_BYTES];  /* its version */
	char why[ARM_TEXT_BYTES];   /* after a failure: one line for the user */
};

/*
 * Starts a process. padding_bytes are added to its environment, which moves its
 * stack. stop_fd: readable: every wait ends with -EINTR. Does not wait: several arms
 * can start side by side.
 *
 * Returns 0, or -errno with arm->why set: -ENOENT and others of the start. The arm is
 * to be given to arm_stop() in any case.
 */
int arm_start(struct arm *arm, const struct arm_program *program, size_t padding_bytes,
              int stop_fd);

/*
 * Takes the greeting of an arm that was started, before anything else. Returns 0, or
 * -errno with arm->why set: -EPROTO (it speaks no or another version of the protocol;
 * both are named), -EINVAL (a plug-in can't be loaded), -EINTR.
 */
int arm_greet(struct arm *arm);

/* Tells an arm to end, and does not wait for it. An arm of zeros is allowed. */
void arm_dismiss(struct arm *arm);

/* Ends the process and reaps it. An arm of zeros is allowed. */
void arm_stop(struct arm *arm);

/*
 * Waits for the answer verb. Returns 0, or -errno with arm->why set: -ECANCELED (the
 * arm says that the round failed), -EINVAL (it refused a filter), -EPIPE (it died),
 * -EINTR, -ETIMEDOUT, -EBADMSG.
 */
int arm_await(struct arm *arm, const char *verb, uint64_t until_ns);

/*
 * Takes the answer to histogram: fills in the numbers of run, and makes its
 * histogram, which is *histogram too and the caller's, for free(). Null for throughput.
 * Errors as arm_await().
 */
int arm_take_run(struct arm *arm, struct run *run, struct histogram **histogram, uint64_t until_ns);

#endif
