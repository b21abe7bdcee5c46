/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/racecheck.h - annotations for synchronisation that racecheck can't see.
 *
 * For locks that racecheck(1) does not follow, hardware, or libraries that are not checked. In
 * a program that is built without `racecheck cc` they do nothing and cost a
 * test of a weak symbol.
 */
#ifndef RACECHECK_H
#define RACECHECK_H

#ifdef __cplusplus
extern "C" {
#endif

/* The runtime's side; null where it is not linked in. */
__attribute__((weak)) void racecheck_acquire(const volatile void *object);
__attribute__((weak)) void racecheck_release(const volatile void *object);
__attribute__((weak)) void racecheck_ignore_begin(void);
__attribute__((weak)) void racecheck_ignore_end(void);

/*
 * Orders everything before the last RACECHECK_RELEASE of the same object, in
 * any process that shares it, before what the caller does next.
 */
#define RACECHECK_ACQUIRE(object)                                                                  \
	do {                                                                                       \
		if (racecheck_acquire)                                                             \
			racecheck_acquire(object);                                                 \
	} while (0)

/* Orders what the caller did so far before whoever acquires the object later. */
#define RACECHECK_RELEASE(object)                                                                  \
	do {                                                                                       \
		if (racecheck_release)                                                             \
			racecheck_release(object);                                                 \
	} while (0)

/* Accesses of the calling thread up to the matching END are not checked. Nests. */
#define RACECHECK_IGNORE_BEGIN()                                                                   \
	do {                                                                                       \
		if (racecheck_ignore_begin)                                                        \
			racecheck_ignore_begin();                                                  \
	} while (0)

#define RACECHECK_IGNORE_END()                                                                     \
	do {                                                                                       \
		if (racecheck_ignore_end)                                                          \
			racecheck_ignore_end();                                                    \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif
