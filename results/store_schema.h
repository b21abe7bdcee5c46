/* SPDX-License-Identifier: MIT */
/*
 * results/store_schema.h - the tables of a history, by version, for every database. Private.
 *
 * A migration that was released is never edited: what must change is the next one.
 * Each takes the database's own words: ID, an identity column that is the primary
 * key; INT, 64 bits; REAL; BLOB; END and ROWLESS, what ends a table, and one that is
 * kept in the order of its primary key.
 */
#ifndef RESULTS_STORE_SCHEMA_H
#define RESULTS_STORE_SCHEMA_H

/*
 * A run is one struct run. Its quantiles stand beside the histogram, so that no
 * histogram is decoded where they are enough. Unsigned 64-bit numbers are kept
 * as the signed ones of the same bits. A cell's key is the hash of what may
 * change a number; slices and excluded are of comparisons.
 */
#define STORE_SCHEMA_1(ID, INT, REAL, BLOB, END, ROWLESS)                                          \
	"CREATE TABLE machine(" ID ", key TEXT NOT NULL UNIQUE, nickname TEXT, canon TEXT"         \
	" NOT NULL)" END ";"                                                                       \
	"CREATE TABLE environment(" ID ", key TEXT NOT NULL UNIQUE, machine_id " INT " NOT "       \
	"NULL REFERENCES machine, canon TEXT NOT NULL)" END ";"                                    \
	"CREATE TABLE subject(" ID ", git_sha TEXT NOT NULL, git_dirty " INT " NOT NULL, "         \
	"commit_time " INT ", branch TEXT, build_id TEXT NOT NULL, compiler TEXT, cflags "         \
	"TEXT, UNIQUE(git_sha, git_dirty, build_id))" END ";"                                      \
	"CREATE TABLE cell(" ID ", key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, "                 \
	"transport TEXT NOT NULL, workload TEXT NOT NULL, size " INT " NOT NULL, "                 \
	"in_flight " INT " NOT NULL, rate_hz " REAL ", wait TEXT NOT NULL, placement TEXT "        \
	"NOT NULL, model TEXT NOT NULL, params TEXT NOT NULL, harness " INT " NOT "                \
	"NULL)" END ";"                                                                            \
	"CREATE TABLE session(" ID ", uuid TEXT NOT NULL UNIQUE, environment_id " INT " NOT"       \
	" NULL REFERENCES environment, kind TEXT NOT NULL CHECK(kind "                             \
	"IN('run','ab','anchor','selftest')), started_ns " INT " NOT NULL, ended_ns " INT          \
	", seed " INT " NOT NULL, argv TEXT NOT NULL, tool TEXT NOT NULL, doctor "                 \
	"TEXT NOT NULL, extra TEXT NOT NULL, status TEXT NOT NULL)" END ";"                        \
	"CREATE TABLE run(session_id " INT " NOT NULL REFERENCES session, cell_id " INT " "        \
	"NOT NULL REFERENCES cell, stage " INT " NOT NULL, round " INT " NOT NULL, arm TEXT"       \
	" NOT NULL, subject_id " INT " NOT NULL REFERENCES subject, slices TEXT NOT NULL,"         \
	" excluded TEXT, failure TEXT, metric TEXT NOT NULL CHECK(metric "                         \
	"IN('round_trip','throughput')), n " INT " NOT NULL, batch " INT " NOT NULL, "             \
	"messages " INT " NOT NULL, bytes " INT " NOT NULL, elapsed_ns " INT " NOT NULL, "         \
	"min_ns " REAL ", max_ns " REAL ", p50_ns " REAL ", p90_ns " REAL ", p99_ns " REAL ", "    \
	"p999_ns " REAL ", mean_ns " REAL ", messages_per_s " REAL ", bytes_per_s " REAL ", "      \
	"clipped " INT " NOT NULL, histogram " BLOB ", histogram_format TEXT, cpu_user_us " INT    \
	", cpu_sys_us " INT ", nvcsw " INT ", nivcsw " INT ", minflt " INT ", steal_us " INT       \
	", calls_per_message " REAL ", PRIMARY KEY(session_id, cell_id, stage, "                   \
	"round, arm))" ROWLESS ";"                                                                 \
	"CREATE TABLE peer(session_id " INT " NOT NULL, cell_id " INT " NOT NULL, stage " INT      \
	" NOT NULL, round " INT " NOT NULL, arm TEXT NOT NULL, number " INT " NOT "                \
	"NULL, name TEXT NOT NULL, start_ns " INT " NOT NULL, stop_ns " INT " NOT NULL, "          \
	"messages " INT " NOT NULL, bytes " INT " NOT NULL, cpu_user_ns " INT " NOT NULL, "        \
	"cpu_sys_ns " INT " NOT NULL, nvcsw " INT " NOT NULL, nivcsw " INT " NOT NULL, minflt"     \
	" " INT " NOT NULL, majflt " INT " NOT NULL, PRIMARY KEY(session_id, cell_id, "            \
	"stage, round, arm, number), FOREIGN KEY(session_id, cell_id, stage, round, "              \
	"arm) REFERENCES run)" ROWLESS ";"                                                         \
	"CREATE TABLE skip(session_id " INT " NOT NULL REFERENCES session, cell_id " INT " "       \
	"NOT NULL REFERENCES cell, reason TEXT NOT NULL, PRIMARY KEY(session_id, "                 \
	"cell_id))" ROWLESS ";"

/* What a session says as a whole, in the order in which it says it; body is JSON. */
#define STORE_SCHEMA_2(ID, INT, REAL, BLOB, END, ROWLESS)                                          \
	"CREATE TABLE note(session_id " INT " NOT NULL REFERENCES session, number " INT            \
	" NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,"                                       \
	" PRIMARY KEY(session_id, number))" ROWLESS ";"

/*
 * Figures are derived from runs when a session is finished, so that a series is read
 * without them. Which build an arm measured is the session's, not only the run's.
 */
#define STORE_SCHEMA_3(ID, INT, REAL, BLOB, END, ROWLESS)                                          \
	"CREATE TABLE session_arm(session_id " INT " NOT NULL REFERENCES session,"                 \
	" arm TEXT NOT NULL, subject_id " INT " NOT NULL REFERENCES subject,"                      \
	" PRIMARY KEY(session_id, arm))" ROWLESS ";"                                               \
	"INSERT INTO session_arm SELECT session_id, arm, min(subject_id) FROM run"                 \
	" GROUP BY session_id, arm;"                                                               \
	"CREATE TABLE figure(cell_id " INT " NOT NULL REFERENCES cell, stage " INT " NOT NULL,"    \
	" arm TEXT NOT NULL, session_id " INT " NOT NULL REFERENCES session,"                      \
	" metric TEXT NOT NULL, rounds " INT " NOT NULL,"                                          \
	" p50_ns " REAL ", p90_ns " REAL ", p99_ns " REAL ", p999_ns " REAL ","                    \
	" messages_per_s " REAL ", p50_of_first " REAL ", p90_of_first " REAL ","                  \
	" p99_of_first " REAL ", p999_of_first " REAL ", rate_of_first " REAL ","                  \
	" PRIMARY KEY(cell_id, stage, arm, session_id))" ROWLESS ";"                               \
	"CREATE INDEX session_started ON session(started_ns, uuid);"                               \
	"CREATE INDEX cell_name ON cell(name);" STORE_SQL_FIGURES(                                 \
		"session_id IN (SELECT id FROM session WHERE status<>'running')") ";"

/* What people say of what is stored: names of baselines, judgements of changes, anchors. */
#define STORE_SCHEMA_4(ID, INT, REAL, BLOB, END, ROWLESS)                                          \
	"CREATE TABLE mark(kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"           \
	" state TEXT NOT NULL, note TEXT NOT NULL, created_ns " INT " NOT NULL,"                   \
	" PRIMARY KEY(kind, name))" ROWLESS ";"

/* Where the value of a column stands among those of its group, and how many there are. */
#define STORE_SQL_GROUP " OVER (PARTITION BY session_id, cell_id, stage, arm"
#define STORE_SQL_RANK(n)                                                                          \
	" row_number()" STORE_SQL_GROUP " ORDER BY v" n " NULLS LAST) AS i" n ","                  \
	" count(v" n ")" STORE_SQL_GROUP ") AS n" n
/* The middle number, or the mean of the middle two. */
#define STORE_SQL_MEDIAN(n) " avg(CASE WHEN i" n " IN ((n" n "+1)/2, (n" n "+2)/2) THEN v" n " END)"

/* One expression for each of the ten columns v1 to v10. */
#define STORE_SQL_EACH(of)                                                                         \
	of("1") "," of("2") "," of("3") "," of("4") "," of("5") "," of("6") "," of("7") "," of(    \
		"8") "," of("9") "," of("10")

#define STORE_SQL_RANKS STORE_SQL_EACH(STORE_SQL_RANK)
#define STORE_SQL_MEDIANS STORE_SQL_EACH(STORE_SQL_MEDIAN)

/*
 * Derives figures from rounds that did not fail: medians of what each found, and of the
 * ratio of a B to the A of its round. which is a condition on session_id.
 */
#define STORE_SQL_FIGURES(which)                                                                   \
	"INSERT INTO figure(session_id, cell_id, stage, arm, metric, rounds, p50_ns, p90_ns,"      \
	" p99_ns, p999_ns, messages_per_s, p50_of_first, p90_of_first, p99_of_first,"              \
	" p999_of_first, rate_of_first)"                                                           \
	" WITH r AS (SELECT * FROM run WHERE failure IS NULL AND " which "),"                      \
	" paired AS (SELECT b.session_id, b.cell_id, b.stage, b.arm, b.metric,"                    \
	" b.p50_ns AS v1, b.p90_ns AS v2, b.p99_ns AS v3, b.p999_ns AS v4,"                        \
	" b.messages_per_s AS v5, b.p50_ns/nullif(a.p50_ns,0) AS v6,"                              \
	" b.p90_ns/nullif(a.p90_ns,0) AS v7, b.p99_ns/nullif(a.p99_ns,0) AS v8,"                   \
	" b.p999_ns/nullif(a.p999_ns,0) AS v9, b.messages_per_s/nullif(a.messages_per_s,0) AS v10" \
	" FROM r b LEFT JOIN r a ON b.arm='B' AND a.arm='A' AND a.session_id=b.session_id"         \
	" AND a.cell_id=b.cell_id AND a.stage=b.stage AND a.round=b.round),"                       \
	" ranked AS (SELECT paired.*," STORE_SQL_RANKS " FROM paired)"                             \
	" SELECT session_id, cell_id, stage, arm, min(metric), count(*)," STORE_SQL_MEDIANS        \
	" FROM ranked GROUP BY session_id, cell_id, stage, arm"

#endif
