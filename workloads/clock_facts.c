/* SPDX-License-Identifier: MIT */
/* workloads/clock_facts.c - what the clock can tell, as observed here. */
#include "workloads/clock_facts.h"

#include "ipc/clock.h"

#define READINGS 10000u
#define BLOCK 100u

void clock_facts_observe(struct clock_facts *out)
{
	uint64_t tick_ns = UINT64_MAX;
	uint64_t section_ns = UINT64_MAX;
	uint64_t call_ns = UINT64_MAX;

	for (unsigned i = 0; i < READINGS / BLOCK; i++) {
		uint64_t first_ns = clock_now_ns();
		uint64_t before_ns = first_ns;

		for (unsigned j = 0; j < BLOCK; j++) {
			uint64_t now_ns = clock_now_ns();

			if (now_ns > before_ns && now_ns - before_ns < tick_ns)
				tick_ns = now_ns - before_ns;
			if (now_ns - before_ns < section_ns)
				section_ns = now_ns - before_ns;
			before_ns = now_ns;
		}
		/* The least: whatever comes between makes it longer, never shorter. */
		if ((before_ns - first_ns) / BLOCK < call_ns)
			call_ns = (before_ns - first_ns) / BLOCK;
	}
	*out = (struct clock_facts){
		.tick_ns = tick_ns == UINT64_MAX ? 1 : tick_ns,
		.call_ns = call_ns,
		.section_ns = section_ns,
	};
}
