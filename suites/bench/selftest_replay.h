/* SPDX-License-Identifier: MIT */
/* suites/bench/selftest_replay.h - how often ab would be wrong on the rounds of a stored session.
 */
#ifndef SUITES_BENCH_SELFTEST_REPLAY_H
#define SUITES_BENCH_SELFTEST_REPLAY_H

#include <stddef.h>

#include "results/session.h"
#include "suites/bench/selftest_tally.h"

/* Rounds of a comparison of equal arms, and of a trial; a replay draws as many. */
#define SELFTEST_ROUNDS 12u
#define SELFTEST_TRIAL_ROUNDS 20u

/*
 * Fills a tally up to its maxima from the session that reference names in the history at
 * path (null: the default). uuid is where that session's name is kept.
 *
 * Each draws a stretch of neighbouring rounds of one cell, so that bursts of noise stay
 * together. What differs between the arms on the whole is taken out, and in each round
 * chance decides which arm was which, as it did when their order was drawn: any session
 * of ab will do. A trial then adds what is injected, at its exact size. The same seed
 * and session give the same tally.
 *
 * Returns 0, or -errno with a cause in why: -ENODATA (too few rounds), -ENOMEM, or as
 * store_open() and store_read().
 */
int selftest_replay(struct selftest_tally *tally, const char *path, const char *reference,
                    char uuid[static SESSION_UUID_BYTES], char *why, size_t why_bytes);

#endif
