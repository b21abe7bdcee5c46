/* SPDX-License-Identifier: MIT */
/* results/session.c - one invocation that measured: who, where, how. */
#include "results/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "results/environment.h"

bool session_has_arms(const struct session *session)
{
	const char *kind = session->kind ? session->kind : "";

	return strcmp(kind, "ab") == 0 || strcmp(kind, "anchor") == 0;
}

int session_uuid(char out[static SESSION_UUID_BYTES])
{
	unsigned char b[16];

	/* Up to 256 bytes come whole or not at all. */
	if (getrandom(b, sizeof(b), 0) < 0)
		return -errno;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
	snprintf(out, SESSION_UUID_BYTES,
	         "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
	         b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	         b[15]);
	return 0;
}

/* Copies a string, null as null. Returns 0, or -ENOMEM. */
static int copy_string(const char **out, const char *from)
{
	*out = from ? strdup(from) : NULL;
	return from && !*out ? -ENOMEM : 0;
}

int session_copy(struct session *out, const struct session *from)
{
	struct session copy = *from;
	struct environment *environment = NULL;
	int ret;

	copy.environment = NULL;
	/* Each is tried, so that every pointer of the copy is its own. */
	ret = copy_string(&copy.kind, from->kind);
	ret |= copy_string(&copy.argv, from->argv);
	ret |= copy_string(&copy.tool, from->tool);
	ret |= copy_string(&copy.doctor, from->doctor);
	ret |= copy_string(&copy.status, from->status);
	if (from->environment)
		ret |= environment_copy(&environment, from->environment);
	copy.environment = environment;
	if (ret < 0) {
		session_release(&copy);
		return -ENOMEM;
	}
	*out = copy;
	return 0;
}

void session_release(struct session *session)
{
	free((char *)session->kind);
	free((char *)session->argv);
	free((char *)session->tool);
	free((char *)session->doctor);
	free((char *)session->status);
	environment_destroy((struct environment *)session->environment);
	*session = (struct session){0};
}
