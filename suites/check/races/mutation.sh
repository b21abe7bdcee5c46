#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/races/mutation.sh - a mutant that a case misses is killed, another survives.
# usage: mutation.sh PROGRAM PROGRAMS
set -eu

program=$1
programs=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/mutation.XXXXXX")
trap 'rm -rf "$folder"' EXIT
failed=0

# Makes mutants for the cases of a pattern; the status must be $1.
run() {
  expected=$1
  shift
  status=0
  "$program" races --programs "$programs" --jobs 1 "$@" >"$folder/out" 2>&1 || status=$?
  [ "$status" -eq "$expected" ] && return
  printf 'FAILED: ipccheck races %s: status %s, not %s\n' "$*" "$status" "$expected"
  failed=1
}

# Each argument is a line of the output, but for blanks.
expect() {
  for line; do
    tr -s ' ' <"$folder/out" | grep -qxF -e "$line" && continue
    printf 'FAILED: "%s" is missing in:\n' "$line"
    cat "$folder/out"
    failed=1
  done
}

# A correct program turns red, a broken one green.
run 0 --case sem_unnamed --mutation=sem_post,sem_wait
expect 'edge sem_post killed sem_unnamed, correct, threads' \
  'edge sem_wait killed sem_unnamed, correct, threads' 'mutation score: 2 of 2 killed'
run 0 --case half_atomic --mutation=check_plain_atomic
expect 'check check_plain_atomic killed half_atomic, broken, threads' \
  'mutation score: 1 of 1 killed'

# No case that is about the part, though there are others.
run 1 --case sem_unnamed --mutation=sem_post,flock
expect 'edge sem_post killed sem_unnamed, correct, threads' 'edge flock survived' \
  'mutation score: 1 of 2 killed' 'survived: flock'

run 1 --case sem_unnamed --mutation=flock --format json
expect ' "killed": 0,' ' "survived": 1,' ' "part": "flock",' ' "state": "survived"'

exit "$failed"
