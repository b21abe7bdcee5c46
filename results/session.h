/* SPDX-License-Identifier: MIT */
/* results/session.h - one invocation that measured: who, where, how. Plain data. */
#ifndef RESULTS_SESSION_H
#define RESULTS_SESSION_H

#include <stdint.h>

struct environment;

#define SESSION_UUID_BYTES 37

struct session {
	char uuid[SESSION_UUID_BYTES]; /* random, lower case, with hyphens */
	const char *kind;              /* run, ab, anchor or selftest */
	uint64_t started_ns;           /* CLOCK_REALTIME */
	uint64_t ended_ns;             /* 0 while it runs */
	uint64_t seed;
	const char *argv;   /* the command line, quoted for a shell */
	const char *tool;   /* version of this program */
	const char *doctor; /* JSON array of findings */
	const char *status; /* running, complete, interrupted or failed */
	const struct environment *environment;
};

/* Writes a random version-4 UUID (RFC 9562, section 5.4). Returns 0, or -errno of getrandom(). */
int session_uuid(char out[static SESSION_UUID_BYTES]);

#endif
