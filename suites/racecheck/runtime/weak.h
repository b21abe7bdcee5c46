/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/weak.h - store buffers, under the controlled
 * scheduler only: they show outcomes that the machine hides.
 */
#ifndef RACECHECK_WEAK_H
#define RACECHECK_WEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Holds a store back. False: the caller stores at once. */
bool weak_put(volatile void *pointer, size_t bytes, const void *value, int order);
/* Finds the caller's own store that is still held back. */
bool weak_find(const volatile void *pointer, size_t bytes, void *value);
/* Lets the oldest store out now and then. */
void weak_tick(void);
/* Makes a delayed store visible, with the clock it was made with. */
void atomic_publish(const volatile void *pointer, const uint64_t *clock, bool is_release_store);

#endif
