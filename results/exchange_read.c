/* SPDX-License-Identifier: MIT */
/*
 * results/exchange_read.c - reads whole sessions from lines of JSON into a store.
 *
 * To check a file and to import it is the same reading, without a store and with one.
 */
#include "results/exchange.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "results/exchange_parse.h"

#define LINE_BYTES_MAX (64u << 20)
#define PROBLEM_BYTES 256

struct importing {
	FILE *in;
	struct store *store; /* null: only check */
	struct exchange_count count;
	unsigned long line;
	char uuid[SESSION_UUID_BYTES]; /* of the session in hand, or empty */
	bool is_known;                 /* it is in the store already */
	struct exchange_counts seen;   /* of its lines */
	json_t *rounds;                /* names of those seen, as keys: each comes once */
	char problem[PROBLEM_BYTES];   /* with the line; empty if it is the store's */
	struct exchange_run *run;      /* too large for a stack */
	char *why;
	size_t why_bytes;
};

/* Says what is wrong with the line in hand. Returns error. */
static int refuse(struct importing *self, int error, const char *problem)
{
	snprintf(self->why, self->why_bytes, "line %lu: %s", self->line, problem);
	return error;
}

/* Whether what is read is to be stored, too. */
static bool stores(const struct importing *self)
{
	return self->store && !self->is_known;
}

static int on_session(struct importing *self, const json_t *line)
{
	struct exchange_session parsed;
	int ret;

	if (self->uuid[0] != '\0')
		return refuse(self, -EBADMSG, "a session begins where another has not ended");
	ret = exchange_parse_session(&parsed, line, self->problem, sizeof(self->problem));
	if (ret < 0)
		return refuse(self, ret, self->problem);
	memcpy(self->uuid, parsed.session.uuid, sizeof(self->uuid));
	self->seen = (struct exchange_counts){0};
	json_object_clear(self->rounds);
	self->is_known = false;
	/* Nobody goes on with it here. */
	if (strcmp(parsed.session.status, "running") == 0)
		parsed.session.status = "interrupted";
	if (self->store) {
		ret = store_begin_whole(self->store, &parsed.session, self->why, self->why_bytes);
		self->is_known = ret == -EEXIST;
		if (self->is_known)
			ret = 0;
	}
	exchange_session_release(&parsed);
	return ret;
}

/* Refuses a round that came before. Returns 0, or -errno said. */
static int note_round(struct importing *self, const struct run *run)
{
	char name[RUN_CELL_BYTES + 64];

	snprintf(name, sizeof(name), "%u %u %s %u %s", run->stage, run->round, run->arm,
	         run->cell->harness, run->cell->name);
	if (json_object_get(self->rounds, name))
		return refuse(self, -EBADMSG, "this round of the cell and arm came before");
	return json_object_set_new(self->rounds, name, json_true()) < 0
	               ? refuse(self, -EBADMSG, "a cell's name is no text")
	               : 0;
}

static int on_run(struct importing *self, const json_t *line)
{
	int ret = exchange_parse_run(self->run, line, self->problem, sizeof(self->problem));

	if (ret < 0)
		return refuse(self, ret, self->problem);
	self->seen.runs++;
	ret = note_round(self, &self->run->run);
	if (ret == 0 && stores(self))
		ret = store_append(self->store, &self->run->run, 1, self->why, self->why_bytes);
	exchange_run_release(self->run);
	return ret;
}

static int on_skip(struct importing *self, const json_t *line)
{
	struct run_cell cell;
	const char *reason;
	int ret = exchange_parse_skip(&cell, &reason, line, self->problem, sizeof(self->problem));

	if (ret < 0)
		return refuse(self, ret, self->problem);
	self->seen.skips++;
	return stores(self) ? store_skip(self->store, &cell, reason, self->why, self->why_bytes)
	                    : 0;
}

static int on_note(struct importing *self, const json_t *line)
{
	const char *kind;
	const char *body;
	int ret = exchange_parse_note(&kind, &body, line, self->problem, sizeof(self->problem));

	if (ret < 0)
		return refuse(self, ret, self->problem);
	self->seen.notes++;
	return stores(self) ? store_note(self->store, kind, body, self->why, self->why_bytes) : 0;
}

static int on_end(struct importing *self, const json_t *line)
{
	struct exchange_counts counts;
	int ret =
		exchange_parse_end(&counts, self->uuid, line, self->problem, sizeof(self->problem));

	if (ret < 0)
		return refuse(self, ret, self->problem);
	if (counts.runs != self->seen.runs || counts.skips != self->seen.skips ||
	    counts.notes != self->seen.notes)
		return refuse(self, -EBADMSG, "lines of this session are missing, or too many");
	if (stores(self))
		ret = store_finish_whole(self->store, self->why, self->why_bytes);
	if (ret < 0)
		return ret;
	if (self->is_known)
		self->count.known++;
	else
		self->count.imported++;
	self->uuid[0] = '\0';
	return 0;
}

/* Reads one line by its type. Returns 0, or -errno said. */
static int on_line(struct importing *self, const json_t *line)
{
	static const struct {
		const char *type;
		int (*read)(struct importing *self, const json_t *line);
	} types[] = {
		{"session", on_session}, {"run", on_run}, {"skip", on_skip},
		{"note", on_note},       {"end", on_end},
	};
	const char *type = json_string_value(json_object_get(line, "type"));

	if (!type)
		return refuse(self, -EBADMSG, "no line of ipcbench (no text 'type')");
	if (strcmp(type, "session") != 0 && self->uuid[0] == '\0')
		return refuse(self, -EBADMSG,
		              "no session begins before it; 'ipcbench export' "
		              "writes what can be imported");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].type, type) == 0)
			return types[i].read(self, line);
	}
	return 0;
}

/* Parses one line. Returns 0, or -errno said. */
static int read_line(struct importing *self, const char *text, size_t bytes)
{
	json_error_t error;
	json_t *line = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	int ret;

	if (!line) {
		snprintf(self->problem, sizeof(self->problem), "%s, at its column %d (%.120s)",
		         text[bytes - 1] == '\n' ? "no JSON" : "the file ends within it",
		         error.column, error.text);
		return refuse(self, -EBADMSG, self->problem);
	}
	ret = on_line(self, line);
	json_decref(line);
	return ret;
}

/* Reads the file once. Returns 0, or -errno said. */
static int read_all(struct importing *self)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t bytes;
	int ret = 0;

	rewind(self->in);
	self->line = 0;
	self->uuid[0] = '\0';
	self->count = (struct exchange_count){0};
	errno = 0;
	while (ret == 0 && (bytes = getline(&text, &room, self->in)) > 0) {
		self->line++;
		if ((size_t)bytes > LINE_BYTES_MAX)
			ret = refuse(self, -EFBIG, "longer than 64 MB");
		else
			ret = read_line(self, text, (size_t)bytes);
	}
	free(text);
	if (ret == 0 && ferror(self->in))
		ret = refuse(self, errno != 0 ? -errno : -EIO, "what follows can't be read");
	if (ret == 0 && self->line == 0)
		ret = refuse(self, -EBADMSG, "the file is empty");
	if (ret == 0 && self->uuid[0] != '\0')
		ret = refuse(self, -EBADMSG,
		             "the file ends before its last session does: it was cut");
	return ret;
}

/* Reads the file, into a store unless it is null. Returns 0, or -errno said. */
static int import(FILE *in, struct store *store, struct exchange_count *count, char *why,
                  size_t why_bytes)
{
	struct importing self = {
		.in = in,
		.store = store,
		.rounds = json_object(),
		.run = malloc(sizeof(*self.run)),
		.why = why,
		.why_bytes = why_bytes,
	};
	int ret = self.rounds && self.run ? read_all(&self) : -ENOMEM;

	if (ret < 0 && store)
		store_abandon(store);
	if (ret == 0 && count)
		*count = self.count;
	json_decref(self.rounds);
	free(self.run);
	return ret;
}

int exchange_check(FILE *in, char *why, size_t why_bytes)
{
	return import(in, NULL, NULL, why, why_bytes);
}

int exchange_import(FILE *in, struct store *store, struct exchange_count *count, char *why,
                    size_t why_bytes)
{
	return import(in, store, count, why, why_bytes);
}
