/* SPDX-License-Identifier: MIT */
/*
 * results/environment.h - the machine and its state, as far as they may change a number.
 *
 * Two canonical JSON objects: the machine (what is bought) and the environment
 * (kernel, settings, limits, build). Each has a key: a 128-bit FNV-1a hash of the
 * hashed part, with what moves by itself (load, frequency, host name) kept apart
 * and only recorded. What can't be read is null, with its errno in "unread".
 */
#ifndef RESULTS_ENVIRONMENT_H
#define RESULTS_ENVIRONMENT_H

#include <stddef.h>

#define ENVIRONMENT_KEY_BYTES 35 /* "m:" or "e:" and 32 hexadecimal digits */

struct environment {
	char machine_key[ENVIRONMENT_KEY_BYTES];
	char key[ENVIRONMENT_KEY_BYTES];
	char *machine;  /* canonical JSON: sorted keys, no spaces */
	char *canon;    /* canonical JSON of what is hashed into key */
	char *recorded; /* JSON of what is recorded only */
};

/*
 * Captures the environment. root is "" or a folder that holds a made-up proc and
 * sys, for tests. On success *out is the caller's, for environment_destroy().
 * Returns 0, or -errno: -ENOMEM. What can't be read is no error.
 */
int environment_capture(struct environment **out, const char *root);

/*
 * Writes the key of a canonical text: kind, a colon, and the 128-bit FNV-1a hash
 * of its bytes (Fowler, Noll, Vo; RFC 9923) in hexadecimal.
 */
void environment_hash(char out[static ENVIRONMENT_KEY_BYTES], char kind, const char *text);

/* Copies an environment. *out is the caller's. Returns 0, or -ENOMEM. */
int environment_copy(struct environment **out, const struct environment *from);

/* Frees an environment and its strings. Null is allowed. */
void environment_destroy(struct environment *environment);

/* Writes one line for people: CPU model, CPUs, kernel, virtualisation, machine and environment key.
 */
void environment_describe(const struct environment *environment, char *out, size_t out_bytes);

#endif
