/* SPDX-License-Identifier: MIT */
/*
 * results/library.h - shared libraries that are loaded when something first needs them.
 *
 * A comparison starts this program some hundred times, and most of what such a start
 * took was linking libraries that no cell uses. A user of one lists its functions once
 * and calls them through the table that the list makes:
 *
 *     #define FUNCTIONS(X) X(PQexec) X(PQclear)
 *     static struct { FUNCTIONS(LIBRARY_POINTER) } pq;
 *     static const char *const names[] = {FUNCTIONS(LIBRARY_NAME)};
 */
#ifndef RESULTS_LIBRARY_H
#define RESULTS_LIBRARY_H

#include <stddef.h>

#define LIBRARY_POINTER(function) __typeof__(function) *function;
#define LIBRARY_NAME(function) #function,

struct library {
	const char *file;         /* its soname, as the linker would note it */
	const char *const *names; /* of the functions that are used */
	size_t names_count;
	void *table; /* names_count pointers to functions, in the order of names */
	int is_loaded;
};

/*
 * Fills the table, the first time; loads the library for that. It stays loaded. Threads
 * may call it at once. Returns 0; -ENOENT if there is no such library, -ENOSYS if it
 * lacks a function: why says which, in one line.
 */
int library_load(struct library *library, char *why, size_t why_bytes);

#endif
