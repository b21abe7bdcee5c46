#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/racecheck/bench/overhead.sh - compares racecheck's cost per access with TSan's.
# usage: overhead.sh RACECHECK [TURNS]
#
# Builds loops.c five ways, runs the programs in turn TURNS times (5), and prints for each
# loop the median of nanoseconds per access, and racecheck's as a part of gcc's TSan. Run it
# on a machine that does nothing else; within one run the ratios are what counts.
set -eu

racecheck=$1
turns=${2:-5}
source=$(dirname "$0")/loops.c
work=$(mktemp -d "${TMPDIR:-/tmp}/racecheck-overhead.XXXXXX")
trap 'rm -rf "$work"' EXIT
flags="-std=gnu11 -O1 -g -pthread"

# shellcheck disable=SC2086 # flags are words
{
  gcc $flags "$source" -o "$work/plain"
  gcc $flags -fsanitize=thread "$source" -o "$work/tsan_gcc"
  "$racecheck" cc gcc $flags "$source" -o "$work/racecheck_gcc"
  if command -v clang >"$work/clang"; then
    clang $flags -fsanitize=thread "$source" -o "$work/tsan_clang"
    "$racecheck" cc clang $flags "$source" -o "$work/racecheck_clang"
  fi
}
columns="plain tsan_gcc tsan_clang racecheck_gcc racecheck_clang"
turn=0
while [ "$turn" -lt "$turns" ]; do
  for column in $columns; do
    [ -x "$work/$column" ] || continue
    case $column in
      # Where mappings are randomised more, TSan refuses to start.
      tsan_*) setarch -R "$work/$column" ;;
      racecheck_*) "$racecheck" run --no-delays "$work/$column" ;;
      *) "$work/$column" ;;
    esac | sed "s/^/$column /" >>"$work/all"
  done
  turn=$((turn + 1))
done
sort -k2,2 -k1,1 -k3,3n "$work/all" | awk -v columns="$columns" '
  { key = $2 SUBSEP $1; value[key, ++count[key]] = $3; if (!seen[$2]++) order[++loops] = $2 }
  function median(key) {
    return count[key] ? value[key, int((count[key] + 1) / 2)] : -1
  }
  END {
    n = split(columns, name, " ")
    printf "%-22s", "ns per access"
    for (i = 1; i <= n; i++) printf "%17s", name[i]
    printf "%17s\n", "gcc: of TSan"
    for (l = 1; l <= loops; l++) {
      printf "%-22s", order[l]
      for (i = 1; i <= n; i++) {
        m = median(order[l] SUBSEP name[i])
        if (m < 0) printf "%17s", "-"; else printf "%17.2f", m
      }
      printf "%17.2f\n", median(order[l] SUBSEP "racecheck_gcc") / median(order[l] SUBSEP "tsan_gcc")
    }
  }'
