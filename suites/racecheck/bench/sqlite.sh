#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/racecheck/bench/sqlite.sh - runs SQLite, a large program, under racecheck.
# usage: sqlite.sh RACECHECK SOURCE
#
# SOURCE is SQLite's source as `apt-get source sqlite3` unpacks it; tclsh makes the amalgamation
# of it. It and its shell are built with each compiler that is there. Then 4 shells work on one
# database, and 3 processes of 3 threads each (sqlite.c), in all journal modes, and a line tells
# how many races were reported. Those with a rollback journal must have none; a write-ahead log
# is read without order on purpose ("Possible TSAN false-positive", says its source), which
# are races by C11, and is only told. Exits with 1 if anything is not as it should be.
set -eu

racecheck=$1
source=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/racecheck-sqlite.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
flags="-std=gnu11 -O1 -g -pthread -I$work -DSQLITE_MAX_WORKER_THREADS=4 -DSQLITE_OMIT_LOAD_EXTENSION"
failed=0
(cd "$work" && "$source/configure" && make sqlite3.c sqlite3.h shell.c) >"$work/made" 2>&1 || {
  tail -n 5 "$work/made"
  exit 1
}

# Prints what a run with this journal mode ended with, and what was reported.
tell() {
  what=$1
  mode=$2
  status=$3
  races=$(tail -n 1 "$work/report" | sed -n 's/.*"races":\([0-9]*\).*/\1/p')
  state=ok
  if [ "$mode" = wal ]; then
    [ "$status" -eq 0 ] || [ "$status" -eq 66 ] || state=FAILED
  else
    [ "$status" -eq 0 ] || state=FAILED
  fi
  [ $state = ok ] || failed=1
  printf '%-8s%-6s %-30s %-9s races %s, status %s\n' $state "$compiler" "$what" "$mode" \
    "$races" "$status"
  [ $state = ok ] || head -n 20 "$work/errors"
}

run() {
  status=0
  "$racecheck" run --timeout 300 --format jsonl --output "$work/report" "$@" \
    >"$work/out" 2>"$work/errors" || status=$?
}

# One shell's work; the pragma of threads has its sorter start some.
cat >"$work/shell.sql" <<'SQL'
.timeout 60000
PRAGMA threads=4;
PRAGMA cache_size=5;
BEGIN IMMEDIATE;
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
  INSERT INTO t SELECT i, hex(randomblob(40)) FROM c;
COMMIT;
SELECT count(DISTINCT b) > 0 FROM t;
SELECT a FROM t ORDER BY b LIMIT 1;
BEGIN IMMEDIATE;
CREATE INDEX IF NOT EXISTS i ON t(b);
COMMIT;
PRAGMA integrity_check;
SQL
cat >"$work/shells.sh" <<'SHELLS'
"$1" "$2" "PRAGMA journal_mode=$3; CREATE TABLE t(a, b);" || exit 2
for shell in 1 2 3 4; do "$1" "$2" <"$4" || kill $$ & done
wait
SHELLS

for compiler in gcc clang; do
  command -v $compiler >"$work/found" || continue
  for program in shell work; do
    main="$work/shell.c"
    [ $program = shell ] || main="$here/sqlite.c"
    # shellcheck disable=SC2086 # flags are words
    "$racecheck" cc $compiler $flags "$main" "$work/sqlite3.c" -lm -o "$work/$program"
  done
  for mode in delete truncate persist wal; do
    rm -f "$work"/db*
    run sh "$work/shells.sh" "$work/shell" "$work/db" "$mode" "$work/shell.sql"
    [ "$(grep -c '^ok$' "$work/out")" -eq 4 ] || status=2
    tell "4 shells" "$mode" "$status"
    rm -f "$work"/db*
    run "$work/work" "$work/db" "$mode"
    tell "3 processes of 3 threads" "$mode" "$status"
  done
done
exit $failed
