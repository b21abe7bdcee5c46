/* SPDX-License-Identifier: MIT */
/*
 * results/store_history.c - reads many sessions: their list, and the series of their figures.
 *
 * Sessions and cells are few and wide, figures many and narrow: the first are read
 * into memory once, and a figure finds them by the numbers of their rows.
 */
#include "results/store_backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of what the query leaves the newest, in the order of time. */
static const char sql_sessions[] =
	"SELECT * FROM (SELECT" STORE_SESSION_COLUMNS " FROM" STORE_SESSION_TABLES
	" WHERE (CAST($1 AS TEXT)='' OR s.kind=$1) AND (CAST($2 AS TEXT)='' OR m.key=$2)"
	" AND (CAST($3 AS TEXT)='' OR e.key=$3) AND (CAST($4 AS TEXT)=''"
	" OR substr(a.git_sha, 1, length($4))=$4 OR substr(b.git_sha, 1, length($4))=$4)"
	" AND s.started_ns>=CAST($5 AS BIGINT) AND s.started_ns<CAST($6 AS BIGINT)"
	" AND (CAST($7 AS TEXT)='' OR EXISTS(SELECT 1 FROM run r WHERE r.session_id=s.id"
	" AND r.cell_id IN (SELECT c.id FROM cell c WHERE c.name=$7)))"
	" ORDER BY s.started_ns DESC, s.uuid DESC LIMIT CAST($8 AS BIGINT)) AS newest"
	" ORDER BY started_ns, uuid";

#define FIGURE_COLUMNS                                                                             \
	" cell_id, session_id, stage, arm, metric, rounds, p50_ns, p90_ns, p99_ns, p999_ns,"       \
	" messages_per_s, p50_of_first, p90_of_first, p99_of_first, p999_of_first, rate_of_first"
static const char sql_figures[] = "SELECT" FIGURE_COLUMNS " FROM figure ORDER BY cell_id";
static const char sql_figures_of_cell[] = "SELECT" FIGURE_COLUMNS " FROM figure WHERE cell_id IN"
					  " (SELECT id FROM cell WHERE name=$1) ORDER BY cell_id";
static const char sql_cells[] = "SELECT c.id, c.key," STORE_CELL_COLUMNS " FROM cell c"
				" ORDER BY c.id";

/* Calls row for each session of a query, with the number of its row. */
static int for_sessions(struct store *store, const struct store_query *query,
                        int (*row)(void *context, const struct session *session, int64_t id),
                        void *context, char *why, size_t why_bytes)
{
	const struct store_backend *backend = store->backend;
	const struct store_value values[] = {
		store_value_text(query->kind),
		store_value_text(query->machine_key),
		store_value_text(query->environment_key),
		store_value_text(query->git_sha),
		store_value_integer(query->since_ns),
		store_value_integer(query->until_ns > 0 ? query->until_ns : INT64_MAX),
		store_value_text(query->cell),
		store_value_integer(query->newest > 0 ? query->newest : INT64_MAX),
	};
	struct store_rows *rows;
	int ret = backend->query(store, sql_sessions, values, sizeof(values) / sizeof(values[0]),
	                         &rows, why, why_bytes);

	if (ret < 0)
		return ret;
	while ((ret = backend->next(rows, why, why_bytes)) == 1) {
		struct environment environment;
		struct session session;

		ret = store_session_at(&session, &environment, rows, why, why_bytes);
		if (ret == 0)
			ret = row(context, &session, backend->integer(rows, 0));
		if (ret != 0)
			break;
	}
	backend->end(rows);
	return ret;
}

/* What store_list() was called with. */
struct listing {
	int (*session)(void *context, const struct session *session);
	void *context;
};

static int on_listed(void *context, const struct session *session, int64_t id)
{
	const struct listing *listing = context;

	(void)id;
	return listing->session(listing->context, session);
}

int store_list(struct store *store, const struct store_query *query,
               int (*session)(void *context, const struct session *session), void *context,
               char *why, size_t why_bytes)
{
	struct listing listing = {.session = session, .context = context};
	int ret = store->backend->transaction(store, STORE_BEGIN_READ, why, why_bytes);

	if (ret == 0)
		ret = for_sessions(store, query, on_listed, &listing, why, why_bytes);
	store->backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	return ret;
}

/* A session in memory. */
struct known_session {
	int64_t id;
	size_t rank; /* in the order of the list */
	struct session session;
};

struct known_cell {
	int64_t id;
	char key[ENVIRONMENT_KEY_BYTES];
	struct run_cell cell;
};

/* A point that waits for the rest of its cell. */
struct waiting {
	const struct known_session *session;
	struct store_point point;
};

struct history {
	struct store *store;
	int (*point)(void *context, const struct store_point *point);
	void *context;
	struct known_session *sessions; /* by id, once all are there */
	size_t sessions_count;
	struct known_cell *cells; /* by id */
	size_t cells_count;
	struct waiting *waiting; /* of the cell in hand */
	size_t waiting_count;
	size_t waiting_room;
	const struct known_cell *cell;
	char *why;
	size_t why_bytes;
};

/* Makes room for one more element where count is a power of two. Returns 0, or -ENOMEM. */
static int grow(void **array, size_t count, size_t element_bytes)
{
	void *grown;

	if ((count & (count - 1)) != 0)
		return 0;
	grown = realloc(*array, (count == 0 ? 1 : 2 * count) * element_bytes);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	return 0;
}

static int keep_session(void *context, const struct session *session, int64_t id)
{
	struct history *history = context;
	struct known_session *kept;
	int ret = grow((void **)&history->sessions, history->sessions_count, sizeof(*kept));

	if (ret < 0)
		return ret;
	kept = &history->sessions[history->sessions_count];
	kept->id = id;
	kept->rank = history->sessions_count;
	ret = session_copy(&kept->session, session);
	if (ret == 0)
		history->sessions_count++;
	return ret;
}

/* Both arrays that are searched begin an element with its id. */
static int compare_ids(const void *left, const void *right)
{
	const int64_t *a = left;
	const int64_t *b = right;

	return (*a > *b) - (*a < *b);
}

static const void *find(int64_t id, const void *array, size_t count, size_t element_bytes)
{
	return count == 0 ? NULL : bsearch(&id, array, count, element_bytes, compare_ids);
}

static int keep_cell(struct history *history, struct store_rows *rows)
{
	struct known_cell *kept;
	int ret = grow((void **)&history->cells, history->cells_count, sizeof(*kept));

	if (ret < 0)
		return ret;
	kept = &history->cells[history->cells_count];
	kept->id = rows->store->backend->integer(rows, 0);
	if (!store_copy_text(kept->key, sizeof(kept->key), rows, 1) ||
	    !store_cell_at(&kept->cell, rows, 2))
		return store_damaged(rows->store, "a text that is too long", history->why,
		                     history->why_bytes);
	history->cells_count++;
	return 0;
}

/* Hands each row of a query to a function, until one answers otherwise than with 0. */
static int for_rows(struct history *history, const char *sql, const char *text,
                    int (*row)(struct history *history, struct store_rows *rows))
{
	const struct store_backend *backend = history->store->backend;
	const struct store_value value = store_value_text(text);
	struct store_rows *rows;
	int ret = backend->query(history->store, sql, &value, text ? 1 : 0, &rows, history->why,
	                         history->why_bytes);

	if (ret < 0)
		return ret;
	while ((ret = backend->next(rows, history->why, history->why_bytes)) == 1) {
		ret = row(history, rows);
		if (ret != 0)
			break;
	}
	backend->end(rows);
	return ret;
}

/* A series is one machine's, stage's and arm's; within it the order is that of the list. */
static int compare_waiting(const void *left, const void *right)
{
	const struct waiting *a = left;
	const struct waiting *b = right;
	const struct environment *ea = a->session->session.environment;
	const struct environment *eb = b->session->session.environment;
	int order = strcmp(ea ? ea->machine_key : "", eb ? eb->machine_key : "");

	if (order == 0)
		order = (a->point.stage > b->point.stage) - (a->point.stage < b->point.stage);
	if (order == 0)
		order = strcmp(a->point.arm, b->point.arm);
	if (order == 0)
		order = (a->session->rank > b->session->rank) -
		        (a->session->rank < b->session->rank);
	return order;
}

/* Hands over the points of the cell in hand. */
static int flush(struct history *history)
{
	int ret = 0;

	if (history->waiting_count > 0)
		qsort(history->waiting, history->waiting_count, sizeof(*history->waiting),
		      compare_waiting);
	for (size_t i = 0; i < history->waiting_count && ret == 0; i++)
		ret = history->point(history->context, &history->waiting[i].point);
	history->waiting_count = 0;
	return ret;
}

static struct store_point point_at(const struct known_session *session,
                                   const struct known_cell *cell, struct store_rows *rows)
{
	const struct store_backend *backend = rows->store->backend;
	struct store_point point = {
		.session = &session->session,
		.cell = &cell->cell,
		.cell_key = cell->key,
		.metric = strcmp(backend->text(rows, 4), "round_trip") == 0 ? RUN_ROUND_TRIP
	                                                                    : RUN_THROUGHPUT,
		.stage = (uint32_t)backend->integer(rows, 2),
		.rounds = (uint32_t)backend->integer(rows, 5),
	};
	const struct session_subject *subjects = session->session.subjects;

	for (int i = 0; i < STORE_FIGURES; i++) {
		point.figures[i] = backend->real(rows, 6 + i);
		point.of_first[i] = backend->real(rows, 6 + STORE_FIGURES + i);
	}
	snprintf(point.arm, sizeof(point.arm), "%s", backend->text(rows, 3));
	/* An arm that names no build is this program's, like the first. */
	point.subject = strcmp(point.arm, "B") == 0 && session_subject_is_known(&subjects[1])
	                        ? &subjects[1]
	                        : &subjects[0];
	return point;
}

/* Makes room for one more point that waits; the room is kept from cell to cell. */
static int wait_room(struct history *history)
{
	size_t room = history->waiting_room;

	if (history->waiting_count < room)
		return 0;
	if (grow((void **)&history->waiting, room, sizeof(*history->waiting)) < 0)
		return -ENOMEM;
	history->waiting_room = room == 0 ? 1 : 2 * room;
	return 0;
}

static int on_figure(struct history *history, struct store_rows *rows)
{
	const struct store_backend *backend = rows->store->backend;
	int64_t cell_id = backend->integer(rows, 0);
	const struct known_session *session = find(backend->integer(rows, 1), history->sessions,
	                                           history->sessions_count, sizeof(*session));
	int ret = 0;

	if (!session)
		return 0;
	if (!history->cell || history->cell->id != cell_id) {
		ret = flush(history);
		history->cell =
			find(cell_id, history->cells, history->cells_count, sizeof(*history->cell));
	}
	if (!history->cell)
		return store_damaged(rows->store, "figures of no cell", history->why,
		                     history->why_bytes);
	if (ret == 0)
		ret = wait_room(history);
	if (ret == 0)
		history->waiting[history->waiting_count++] = (struct waiting){
			.session = session,
			.point = point_at(session, history->cell, rows),
		};
	return ret;
}

static int read_history(struct history *history, const struct store_query *query)
{
	int ret = for_sessions(history->store, query, keep_session, history, history->why,
	                       history->why_bytes);

	if (ret != 0 || history->sessions_count == 0)
		return ret;
	qsort(history->sessions, history->sessions_count, sizeof(*history->sessions), compare_ids);
	ret = for_rows(history, sql_cells, NULL, keep_cell);
	if (ret == 0)
		ret = for_rows(history, query->cell ? sql_figures_of_cell : sql_figures,
		               query->cell, on_figure);
	return ret != 0 ? ret : flush(history);
}

int store_history(struct store *store, const struct store_query *query,
                  int (*point)(void *context, const struct store_point *point), void *context,
                  char *why, size_t why_bytes)
{
	struct history history = {
		.store = store,
		.point = point,
		.context = context,
		.why = why,
		.why_bytes = why_bytes,
	};
	int ret = store->backend->transaction(store, STORE_BEGIN_READ, why, why_bytes);

	if (ret == 0)
		ret = read_history(&history, query);
	store->backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	for (size_t i = 0; i < history.sessions_count; i++)
		session_release(&history.sessions[i].session);
	free(history.sessions);
	free(history.cells);
	free(history.waiting);
	return ret;
}

/* Where store_sessions() collects. */
struct collecting {
	char (*out)[SESSION_UUID_BYTES];
	size_t count;
};

static int collect(void *context, const struct session *session, int64_t id)
{
	struct collecting *collecting = context;

	(void)id;
	memcpy(collecting->out[collecting->count++], session->uuid, SESSION_UUID_BYTES);
	return 0;
}

int store_sessions(struct store *store, const char *environment_key,
                   char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
                   size_t why_bytes)
{
	const struct store_query query = {
		.kind = "run", .environment_key = environment_key, .newest = max};
	struct collecting collecting = {.out = out};
	char last[SESSION_UUID_BYTES];
	int ret = store->backend->transaction(store, STORE_BEGIN_READ, why, why_bytes);

	if (ret == 0)
		ret = for_sessions(store, &query, collect, &collecting, why, why_bytes);
	store->backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	if (ret < 0)
		return ret;
	/* The list begins with the oldest. */
	for (size_t i = 0, j = collecting.count; i + 1 < j; i++) {
		j--;
		memcpy(last, out[i], sizeof(last));
		memcpy(out[i], out[j], sizeof(last));
		memcpy(out[j], last, sizeof(last));
	}
	*count = collecting.count;
	return 0;
}
