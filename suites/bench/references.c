/* SPDX-License-Identifier: MIT */
/* suites/bench/references.c - what a word for a stored session stands for. */
#include "suites/bench/references.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "results/store_mark.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/tool.h"

#define ASK_NS (10 * NS_PER_S)
#define WHY_BYTES 512
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define NAME_BYTES_MAX 64
#define BACK_MAX 1000000u

/* A session in hand while a list is read; the last one of it stays. */
struct search {
	const char *uuid_start; /* null: any */
	const char *sha;        /* null: any */
	size_t count;
	char found[SESSION_UUID_BYTES];
	const char *arm; /* the only one that was of that commit, or "" */
};

static bool is_finished(const struct session *session)
{
	return session->status && strcmp(session->status, "running") != 0;
}

static bool is_of(const struct session_subject *subject, const char *sha)
{
	return subject->git_sha && strncmp(subject->git_sha, sha, strlen(sha)) == 0;
}

static const char *arm_of(const struct session *session, const char *sha)
{
	bool is_a = is_of(&session->subjects[0], sha);
	bool is_b = is_of(&session->subjects[1], sha);

	return !session_has_arms(session) || is_a == is_b ? "" : is_a ? "A" : "B";
}

static int on_session(void *context, const struct session *session)
{
	struct search *search = context;

	if (!is_finished(session) ||
	    (search->uuid_start &&
	     strncmp(session->uuid, search->uuid_start, strlen(search->uuid_start)) != 0))
		return 0;
	search->count++;
	memcpy(search->found, session->uuid, sizeof(search->found));
	search->arm = search->sha ? arm_of(session, search->sha) : "";
	return 0;
}

static int fail(int ret, const char *why)
{
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static int list(struct store *store, const struct store_query *query, struct search *search)
{
	char why[WHY_BYTES] = "";
	int ret = store_list(store, query, on_session, search, why, sizeof(why));

	return ret < 0 ? fail(ret, why) : STATUS_DONE;
}

/* The newest sessions of a list. */
struct ring {
	char (*uuids)[SESSION_UUID_BYTES];
	size_t room;
	size_t count;
};

static int on_ring(void *context, const struct session *session)
{
	struct ring *ring = context;

	if (!is_finished(session))
		return 0;
	memcpy(ring->uuids[ring->count++ % ring->room], session->uuid, SESSION_UUID_BYTES);
	return 0;
}

/* Finds the session that is so many before the newest. */
static int find_latest(struct store *store, const char *text, struct reference *out)
{
	static const struct store_query all = {0};
	struct ring ring = {0};
	char why[WHY_BYTES] = "";
	char *end = NULL;
	unsigned long back = 0;
	int ret;

	if (text[0] == '~')
		back = text[1] >= '0' && text[1] <= '9' ? strtoul(text + 1, &end, 10) : BACK_MAX;
	if ((text[0] != '\0' && text[0] != '~') || (end && *end != '\0') || back >= BACK_MAX) {
		cli_error("'latest%s' is no reference; write latest~N, N below %u", text, BACK_MAX);
		return STATUS_USAGE;
	}
	ring.room = back + 1;
	ring.uuids = calloc(ring.room, sizeof(*ring.uuids));
	if (!ring.uuids)
		return fail(-ENOMEM, "");
	ret = store_list(store, &all, on_ring, &ring, why, sizeof(why));
	if (ret == 0 && ring.count > back)
		memcpy(out->uuid, ring.uuids[(ring.count - 1 - back) % ring.room],
		       sizeof(out->uuid));
	free(ring.uuids);
	if (ret < 0)
		return fail(ret, why);
	if (ring.count > back)
		return STATUS_DONE;
	cli_error("'latest%s': the history holds %zu finished sessions; 'ipcbench run' adds one",
	          text, ring.count);
	return STATUS_NOT_COMPARABLE;
}

struct baseline {
	const char *name;
	char uuid[SESSION_UUID_BYTES];
};

static int on_mark(void *context, const struct store_mark *mark)
{
	struct baseline *wanted = context;

	if (strcmp(mark->name, wanted->name) == 0)
		snprintf(wanted->uuid, sizeof(wanted->uuid), "%s", mark->value);
	return 0;
}

/* Finds a baseline; leaves uuid empty if none has this name. */
static int find_baseline(struct store *store, const char *name, struct reference *out)
{
	struct baseline wanted = {.name = name};
	char why[WHY_BYTES] = "";
	int ret = store_mark_list(store, STORE_MARK_BASELINE, on_mark, &wanted, why, sizeof(why));

	if (ret < 0)
		return fail(ret, why);
	memcpy(out->uuid, wanted.uuid, sizeof(out->uuid));
	return STATUS_DONE;
}

static bool is_made_of(const char *text, const char *characters, size_t least, size_t most)
{
	size_t bytes = strlen(text);

	return bytes >= least && bytes <= most && strspn(text, characters) == bytes;
}

/* Finds the one session whose uuid begins so. */
static int find_uuid(struct store *store, const char *text, struct reference *out)
{
	static const struct store_query all = {0};
	struct search search = {.uuid_start = text};
	int status;

	if (!is_made_of(text, "0123456789abcdef-", 1, SESSION_UUID_BYTES - 1))
		return STATUS_DONE;
	status = list(store, &all, &search);
	if (status == STATUS_DONE && search.count > 1) {
		cli_error("%zu sessions begin with '%s'; give more of its digits", search.count,
		          text);
		return STATUS_USAGE;
	}
	if (status == STATUS_DONE && search.count == 1)
		memcpy(out->uuid, search.found, sizeof(out->uuid));
	return status;
}

/* Finds the newest session that measured a commit. */
static int find_commit(struct store *store, const char *sha, struct reference *out)
{
	const struct store_query query = {.git_sha = sha};
	struct search search = {.sha = sha};
	int status = list(store, &query, &search);

	if (status != STATUS_DONE || search.count == 0)
		return status;
	memcpy(out->uuid, search.found, sizeof(out->uuid));
	if (out->arm[0] == '\0')
		snprintf(out->arm, sizeof(out->arm), "%s", search.arm);
	return STATUS_DONE;
}

/* Finds the newest session of what git calls so in this folder. */
static int find_revision(struct store *store, const char *text, struct reference *out)
{
	char wanted[REFERENCE_BYTES + 16];
	char sha[80] = "";
	const char *const resolve[] = {
		"git", "rev-parse", "--verify", "--quiet", "--end-of-options", wanted, NULL};

	if (is_made_of(text, "0123456789abcdef", 7, 40)) {
		int status = find_commit(store, text, out);

		if (status != STATUS_DONE || out->uuid[0] != '\0')
			return status;
	}
	snprintf(wanted, sizeof(wanted), "%s^{commit}", text);
	if (tool_ask(resolve, sha, sizeof(sha), clock_now_ns() + ASK_NS, -1) != 0 ||
	    !is_made_of(sha, "0123456789abcdef", 40, 64))
		return STATUS_DONE;
	return find_commit(store, sha, out);
}

static int search_all(struct store *store, const char *text, struct reference *out)
{
	int status;

	if (strncmp(text, "latest", 6) == 0 && (text[6] == '\0' || text[6] == '~'))
		return find_latest(store, text + 6, out);
	status = find_baseline(store, text, out);
	if (status == STATUS_DONE && out->uuid[0] == '\0')
		status = find_uuid(store, text, out);
	if (status == STATUS_DONE && out->uuid[0] == '\0')
		status = find_revision(store, text, out);
	if (status == STATUS_DONE && out->uuid[0] == '\0') {
		cli_error("'%s' is no session, baseline or measured git revision of this history; "
		          "'ipcbench baseline list' and 'latest~N' name some",
		          text);
		return STATUS_NOT_COMPARABLE;
	}
	return status;
}

int reference_find(struct store *store, const char *text, struct reference *out)
{
	struct reference found = {.arm = ""};
	char wanted[REFERENCE_BYTES];
	size_t bytes = strlen(text);
	int status;

	if (bytes == 0 || bytes >= sizeof(wanted)) {
		cli_error("'%.40s' is no reference; give a session, a baseline or a revision",
		          text);
		return STATUS_USAGE;
	}
	memcpy(wanted, text, bytes + 1);
	if (bytes > 2 && wanted[bytes - 2] == ':' &&
	    (wanted[bytes - 1] == 'A' || wanted[bytes - 1] == 'B')) {
		memcpy(found.arm, &wanted[bytes - 1], 2);
		wanted[bytes - 2] = '\0';
	}
	status = search_all(store, wanted, &found);
	if (status == STATUS_DONE)
		*out = found;
	return status;
}

int reference_check_name(const char *name)
{
	if (is_made_of(name, NAME_CHARACTERS, 1, NAME_BYTES_MAX) && name[0] != '-' &&
	    name[0] != '.' && strcmp(name, "latest") != 0)
		return STATUS_DONE;
	cli_error("'%.80s' is no name for a baseline; use up to %d letters, digits, _ . and -, not "
	          "'latest'",
	          name, NAME_BYTES_MAX);
	return STATUS_USAGE;
}
