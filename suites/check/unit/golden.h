/* SPDX-License-Identifier: MIT */
/* suites/check/unit/golden.h - what a test writes, held against a file. */
#ifndef SUITES_CHECK_UNIT_GOLDEN_H
#define SUITES_CHECK_UNIT_GOLDEN_H

#include <stddef.h>

/*
 * Asserts that text is what golden/<name> holds; with GOLDEN=write in the environment
 * makes it so first. Not for children.
 */
void golden_assert(const char *name, const char *text, size_t bytes);

#endif
