/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_case.h - sessions that the cases of stores write and read. */
#ifndef SUITES_CHECK_UNIT_STORE_CASE_H
#define SUITES_CHECK_UNIT_STORE_CASE_H

#include "results/store.h"
#include "suites/check/unit/place.h"

#define CASE_ROUNDS 5 /* of a whole session */
#define CASE_SHA_A "1f0c2ab0000000000000000000000000000000aa"
#define CASE_SHA_B "9d41e770000000000000000000000000000000bb"

/* Writes a uuid that has a number in it. */
void case_uuid(char out[static SESSION_UUID_BYTES], unsigned number);

/* Returns the made-up session as number says; it starts so many seconds later. */
struct session case_session(unsigned number);

/* Appends a round of a cell. A child may call it. Returns as store_append(). */
int case_append(struct store *store, const char *transport, const char *arm, uint32_t round,
                uint64_t typical_ns);

/* Stores a whole session of one cell. A child may call it. Returns 0, or -errno. */
int case_store(struct store *store, unsigned number);

/* Stores both arms of two cells in a session; B takes 2, 3, 4 ... times as long as A. */
void case_store_arms(struct store *store, unsigned number);

/* What was read of a session. */
struct case_seen {
	char uuid[SESSION_UUID_BYTES];
	char status[32];
	char git_sha[SESSION_ARMS_MAX][64];
	size_t sessions;
	size_t runs;
	size_t skips;
	size_t notes;
	uint64_t counted; /* values in histograms */
	uint64_t seed;
	uint64_t cpu_ns; /* of all peers */
	uint32_t harness;
	char why[PLACE_WHY_BYTES]; /* it could not be read */
};

/* Reads a session into *out. Returns as store_read(). */
int case_read(const struct place *place, const char *reference, struct case_seen *out);

#endif
