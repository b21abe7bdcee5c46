/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/litmus.h - litmus tests: what peers may read when each does one or two
 * atomic accesses.
 *
 * A case gives one step for each peer. Every round has words of its own, and all peers do
 * their steps of it at once. The outcome of a round is what it read, a digit for each
 * register, r[0] first.
 */
#ifndef LITMUS_H
#define LITMUS_H

#include "suites/check/races/race.h"

enum { LITMUS_REGISTERS = 4, LITMUS_VALUES = 3, LITMUS_WORDS = 81 /* 3 to the 4th */ };

struct litmus_round {
	_Alignas(64) _Atomic int x;
	_Alignas(64) _Atomic int y;
	int r[LITMUS_REGISTERS]; /* each written by one peer */
};

struct litmus_memory {
	_Atomic unsigned next; /* the step of the peer that asks */
	struct litmus_round rounds[LITMUS_ROUNDS];
};

typedef void litmus_step(struct litmus_round *at);

/* Written by main() only, before the peers exist. */
static struct {
	litmus_step *const *steps;
	unsigned count;
} litmus;

static inline void litmus_peer(void *memory)
{
	struct litmus_memory *shared = memory;
	unsigned self = atomic_fetch_add_explicit(&shared->next, 1, memory_order_relaxed);

	for (unsigned i = 0; i < LITMUS_ROUNDS && !race_is_over(i); i++) {
		race_meet(i, litmus.count);
		litmus.steps[self](&shared->rounds[i]);
	}
}

/* Says how often each outcome was seen. */
static inline void litmus_count(const struct litmus_round *rounds, unsigned register_count)
{
	long counts[LITMUS_WORDS] = {0};

	for (unsigned i = 0; i < race_rounds(LITMUS_ROUNDS); i++) {
		int word = 0;

		for (unsigned j = 0; j < register_count; j++)
			word = word * LITMUS_VALUES + rounds[i].r[j];
		counts[word]++;
	}
	for (int word = 0; word < LITMUS_WORDS; word++) {
		char text[LITMUS_REGISTERS + 1] = "";
		int rest = word;

		for (unsigned j = register_count; j-- > 0; rest /= LITMUS_VALUES)
			text[j] = (char)('0' + rest % LITMUS_VALUES);
		race_outcome(text, counts[word]);
	}
}

/*
 * Runs a test of two or four steps; a last step, which may be null, is done on each round
 * after all peers have ended. Returns what main() returns.
 */
static inline int litmus_run(int argc, char **argv, litmus_step *const *steps, unsigned count,
                             unsigned register_count, litmus_step *last)
{
	struct litmus_memory *shared = race_begin(argc, argv, sizeof(*shared));

	litmus.steps = steps;
	litmus.count = count;
	if (count == 2)
		race_peers(shared, litmus_peer, litmus_peer);
	else
		race_peers(shared, litmus_peer, litmus_peer, litmus_peer, litmus_peer);
	for (unsigned i = 0; last && i < race_rounds(LITMUS_ROUNDS); i++)
		last(&shared->rounds[i]);
	litmus_count(shared->rounds, register_count);
	return race_end();
}

#endif
