/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/double_checked.c - double-checked initialisation; the twin's flag is a
 * plain word.
 *
 * case: double_checked
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: release and acquire
 * pairs: set/ask, make/use
 * outcomes: correct made, broken made unmade
 * forced: unmade
 * oracle: who finds the flag set finds the object made
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	in_correct(_Atomic) int is_made;
	int object;
	int unmade_counts[2];
	_Atomic int next;
};

static void make_once(struct shared *shared)
{
	if (shared->is_made) /* race: ask read */
		return;
	must(pthread_mutex_lock(&shared->mutex) == 0);
	if (!shared->is_made) {
		late(shared->object, 42); /* race: make write */
		shared->is_made = 1;      /* race: set write */
		race_let_go();
	}
	must(pthread_mutex_unlock(&shared->mutex) == 0);
}

static void user(void *memory)
{
	struct shared *shared = memory;
	int self = atomic_fetch_add_explicit(&shared->next, 1, memory_order_relaxed);

	if (self == 1)
		race_await_window();
	make_once(shared);
	if (shared->object != 42) /* race: use read */
		shared->unmade_counts[self]++;
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	int unmade_count;

	race_mutex_init(&shared->mutex);
	race_peers(shared, user, user);
	unmade_count = shared->unmade_counts[0] + shared->unmade_counts[1];
	race_outcome("made", 2 - unmade_count);
	race_outcome("unmade", unmade_count);
	return race_end();
}
