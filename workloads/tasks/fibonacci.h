/* SPDX-License-Identifier: MIT */
/* workloads/tasks/fibonacci.h - the short sequence, as the task and its checks know it. */
#ifndef WORKLOADS_TASKS_FIBONACCI_H
#define WORKLOADS_TASKS_FIBONACCI_H

#include <stdint.h>

/* The terms of the sequence that fit 64 bits: F(0) to F(93). */
#define FIBONACCI_WORDS 94u

/* Writes the first count terms, at most FIBONACCI_WORDS: 0, 1, 1, 2, ... */
void fibonacci_words(uint64_t *out, uint32_t count);

#endif
