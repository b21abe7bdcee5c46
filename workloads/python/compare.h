/* SPDX-License-Identifier: MIT */
/* workloads/python/compare.h - the text of compare.py, for `python3 -c`. */
#ifndef WORKLOADS_PYTHON_COMPARE_H
#define WORKLOADS_PYTHON_COMPARE_H

/* Says what it takes and what it prints in its first lines. */
extern const char python_compare_source[];

#endif
