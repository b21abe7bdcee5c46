/* SPDX-License-Identifier: MIT */
/* workloads/clock_facts.h - what the clock can tell, as observed here. */
#ifndef WORKLOADS_CLOCK_FACTS_H
#define WORKLOADS_CLOCK_FACTS_H

#include <stdint.h>

struct clock_facts {
	uint64_t tick_ns;    /* smallest step seen that isn't zero */
	uint64_t call_ns;    /* what one reading costs at least */
	uint64_t section_ns; /* what an empty timed section reads at least */
};

/* Observes CLOCK_MONOTONIC; takes about a millisecond. */
void clock_facts_observe(struct clock_facts *out);

#endif
