/* SPDX-License-Identifier: MIT */
/* workloads/random.h - the plan's generator: the same seed gives the same numbers. */
#ifndef WORKLOADS_RANDOM_H
#define WORKLOADS_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state; /* the seed at first */
};

/* Returns 64 random bits (splitmix64: Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t random_next(struct random *random)
{
	uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Returns a number below limit, which is 1 to 2^32 - 1, by multiplication. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
	return (random_next(random) >> 32) * limit >> 32;
}

#endif
