/* SPDX-License-Identifier: MIT */
/*
 * results/session.h - one invocation that measured: who, where, how. Plain data.
 *
 * A string may be null where it is not known; writers show such a one as empty.
 */
#ifndef RESULTS_SESSION_H
#define RESULTS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct environment;

#define SESSION_UUID_BYTES 37
#define SESSION_ARMS_MAX 2

/* The build that an arm measured. A string is null or empty where it is not known. */
struct session_subject {
	const char *git_sha; /* 40 hexadecimal digits */
	bool is_dirty;       /* built from files that differ from that commit */
	const char *build_id;
	const char *compiler;
	const char *flags;
};

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
	/* Of arms "A" and "B". One that knows nothing is taken from the environment: this program. */
	struct session_subject subjects[SESSION_ARMS_MAX];
};

/* Says whether a session measured two arms, A and B, of each cell. */
bool session_has_arms(const struct session *session);

/* Writes a random version-4 UUID (RFC 9562, section 5.4). Returns 0, or -errno of getrandom(). */
int session_uuid(char out[static SESSION_UUID_BYTES]);

/*
 * Copies a session with its strings and its environment, which become the copy's,
 * for session_release(). Returns 0, or -ENOMEM with *out untouched.
 */
int session_copy(struct session *out, const struct session *from);

/* Frees what a copy owns. A session of zeros is allowed. */
void session_release(struct session *session);

#endif
