/* SPDX-License-Identifier: MIT */
/* results/store_mark.c - what people say of what is stored: names, judgements, anchors. */
#include "results/store_mark.h"

#include <errno.h>
#include <stdio.h>

#include "results/store_backend.h"

static const char sql_set[] =
	"INSERT INTO mark(kind, name, value, state, note, created_ns) VALUES($1,$2,$3,$4,$5,$6)"
	" ON CONFLICT(kind, name) DO UPDATE SET value=excluded.value, state=excluded.state,"
	" note=excluded.note, created_ns=excluded.created_ns";
static const char sql_count[] = "SELECT count(*) FROM mark WHERE kind=$1 AND name=$2";
static const char sql_remove[] = "DELETE FROM mark WHERE kind=$1 AND name=$2";
static const char sql_list[] = "SELECT kind, name, value, state, note, created_ns FROM mark"
			       " WHERE kind=$1 ORDER BY name";

/* Runs one statement in a transaction of its own. */
static int write_alone(struct store *store, const char *sql, const struct store_value *values,
                       size_t values_count, char *why, size_t why_bytes)
{
	const struct store_backend *backend = store->backend;
	int ret = backend->transaction(store, STORE_BEGIN_WRITE, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = store_run(store, sql, values, values_count, NULL, why, why_bytes);
	if (ret == 0)
		ret = backend->transaction(store, STORE_COMMIT, why, why_bytes);
	if (ret < 0)
		backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	return ret;
}

int store_mark_set(struct store *store, const struct store_mark *mark, char *why, size_t why_bytes)
{
	const struct store_value values[] = {
		store_value_text(mark->kind),  store_value_text(mark->name),
		store_value_text(mark->value), store_value_text(mark->state),
		store_value_text(mark->note),  store_value_integer(mark->created_ns),
	};

	return write_alone(store, sql_set, values, sizeof(values) / sizeof(values[0]), why,
	                   why_bytes);
}

int store_mark_remove(struct store *store, const char *kind, const char *name, char *why,
                      size_t why_bytes)
{
	const struct store_value values[] = {store_value_text(kind), store_value_text(name)};
	int64_t count = 0;
	int ret = store->backend->transaction(store, STORE_BEGIN_READ, why, why_bytes);

	if (ret == 0)
		ret = store_run(store, sql_count, values, 2, &count, why, why_bytes);
	store->backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	if (ret == 0 && count == 0) {
		snprintf(why, why_bytes, "%s: has no %s '%.80s'", store->name, kind, name);
		return -ENOENT;
	}
	return ret < 0 ? ret : write_alone(store, sql_remove, values, 2, why, why_bytes);
}

int store_mark_list(struct store *store, const char *kind,
                    int (*mark)(void *context, const struct store_mark *mark), void *context,
                    char *why, size_t why_bytes)
{
	const struct store_backend *backend = store->backend;
	const struct store_value values[] = {store_value_text(kind)};
	struct store_rows *rows;
	int ret = backend->transaction(store, STORE_BEGIN_READ, why, why_bytes);

	if (ret == 0)
		ret = backend->query(store, sql_list, values, 1, &rows, why, why_bytes);
	if (ret == 0) {
		while ((ret = backend->next(rows, why, why_bytes)) == 1) {
			const struct store_mark found = {
				.kind = backend->text(rows, 0),
				.name = backend->text(rows, 1),
				.value = backend->text(rows, 2),
				.state = backend->text(rows, 3),
				.note = backend->text(rows, 4),
				.created_ns = (uint64_t)backend->integer(rows, 5),
			};

			ret = mark(context, &found);
			if (ret != 0)
				break;
		}
		backend->end(rows);
	}
	backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	return ret;
}
