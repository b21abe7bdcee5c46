/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/once.c - initialising once; the twin asks a plain flag.
 *
 * case: once
 * models: threads
 * forms: pthread c11
 * truth: correct free, broken racy
 * tier: P
 * missing: once
 * pairs: write/read, write/write
 * outcomes: correct once, broken once twice
 * forced: twice
 * oracle: the object is made once
 */
#include <threads.h>

#include "suites/check/races/race.h"

struct shared {
	int is_made;
	_Atomic int make_count;
};

static struct shared *object;

static void make(void)
{
	atomic_fetch_add_explicit(&object->make_count, 1, memory_order_relaxed);
	object->is_made = window(1); /* race: write write */
}

static void get(void)
{
#ifdef BROKEN
	if (!object->is_made) /* race: read read */
		make();
#elif defined(FORM_C11)
	static once_flag once = ONCE_FLAG_INIT;

	call_once(&once, make);
#else
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	must(pthread_once(&once, make) == 0);
#endif
}

static void user(void *memory)
{
	(void)memory;
	get();
	must(object->is_made); /* race: read read */
}

int main(int argc, char **argv)
{
	object = race_begin(argc, argv, sizeof(*object));
	race_peers(object, user, user);
	race_outcome(object->make_count == 1 ? "once" : "twice", 1);
	return race_end();
}
