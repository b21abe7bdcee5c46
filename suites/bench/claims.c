/* SPDX-License-Identifier: MIT */
/* suites/bench/claims.c - the claims about threads and processes, in the order in which they are
 * told. */
#include "suites/bench/claims.h"

#include "suites/bench/claim_figures.h"

const char *claim_verdict_text(enum claim_verdict verdict)
{
	static const char *const texts[] = {
		[CLAIM_HOLDS] = "holds",
		[CLAIM_DOES_NOT_HOLD] = "does not hold",
		[CLAIM_CANNOT_BE_TOLD] = "cannot be told",
	};

	return texts[verdict];
}

void claims_judge(const struct trial *trial, struct claim claims[static CLAIMS_COUNT])
{
	static const struct {
		const char *id;
		const char *claim;
		const char *how;
		void (*judge)(const struct trial *trial, struct claim *claim);
	} rows[CLAIMS_COUNT] = {
		{"lock_stops_cpu_scaling",
	         "threads under one lock gain nothing on work for the CPU",
	         "speed-up of 2 peers on task:fibonacci over one peer alone", claim_judge_lock},
		{"processes_scale", "processes do gain on work for the CPU",
	         "speed-up of 2 peers on task:fibonacci over one peer alone",
	         claim_judge_processes},
		{"io_scales", "waiting scales with peers, whatever they are",
	         "speed-up of 8 peers on task:http, 20 ms a download, over one peer alone",
	         claim_judge_io},
		{"shared_heap_races",
	         "threads lose updates of a shared heap unless they synchronise",
	         "additions of 2 threads to one counter that are lost", claim_judge_races},
		{"crash_isolated", "a crash ends all threads, but only one process",
	         "1 of 4 peers of the pool crashes, in 4 ways, under each model",
	         claim_judge_crash},
		{"creation_and_memory",
	         "a process costs more to make and to keep, and the more, the larger its maker",
	         "time to make a peer and await its end; memory of its own", claim_judge_creation},
		{"passing_has_a_price",
	         "passing data to a process costs CPU, unless it is made in shared memory",
	         "task:image over heap, shm_ring in place, and pipe", claim_judge_passing},
		{"caller_goes_on", "a caller goes on while a peer works in the background",
	         "share of its usual work that the caller does beside the peer",
	         claim_judge_caller},
		{"gil_model", "the model gil behaves as CPython's lock does",
	         "the model's figures beside those of CPython's threads", claim_judge_model},
	};

	for (size_t i = 0; i < CLAIMS_COUNT; i++) {
		claims[i] = (struct claim){
			.id = rows[i].id, .claim = rows[i].claim, .how = rows[i].how};
		rows[i].judge(trial, &claims[i]);
	}
}
