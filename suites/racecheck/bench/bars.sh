#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/racecheck/bench/bars.sh - checks what racecheck promises of its limits.
# usage: bars.sh RACECHECK
#
# Builds bars.c, runs it in all its modes, and prints a line for each bar: what was asked,
# what was found, and whether that is enough. Exits with 1 if any is not, and says nothing
# that it did not see. Takes some minutes, and 1 GB of memory.
set -eu

racecheck=$1
repetitions=100
seeds=1000
shadow_limit=32
# The epochs of a cell have 31 bits, those of its plane 32 more: 2^63 in all. A context that
# synchronised each nanosecond would take 292 years to get there.
era=2147483648
far=4611686018427387904

here=$(dirname "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/racecheck-bars.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
"$racecheck" cc gcc -std=gnu11 -O1 -g -pthread "$here/bars.c" -o "$work/bars"
failed=0

# Prints a line: state, what, asked, found.
line() {
  [ "$1" != FAILED ] || failed=1
  printf '%-7s%-66s%-17s%s\n' "$1" "$2" "$3" "$4"
}

# Runs racecheck with these arguments; its exit status is left in $status, the summary in
# $work/summary and the program's output in $work/out.
run() {
  status=0
  "$racecheck" run --timeout 300 --format jsonl --output "$work/report" "$@" \
    >"$work/out" 2>"$work/errors" || status=$?
  tail -n 1 "$work/report" >"$work/summary"
}

member() {
  sed -n "s/.*\"$1\":\"\{0,1\}\([0-9a-f]*\).*/\1/p" "$work/summary"
}

# What a seed must give again: the order's digest, its steps, the races, status and outcome.
one_seed() {
  run --seed "$1" "$work/bars" "$2"
  echo "$(member digest) $(member steps) $(member races) $status $(cat "$work/out")"
}

for model in threads processes; do
  count=0
  while [ "$count" -lt "$repetitions" ]; do
    one_seed 7 "$model" >>"$work/$model"
    count=$((count + 1))
  done
  most=$(sort "$work/$model" | uniq -c | sort -rn | awk 'NR == 1 { print $1 }')
  state=ok
  [ "$most" -eq "$repetitions" ] || state=FAILED
  line $state "one seed, $model: equal repetitions" "$repetitions of $repetitions" "$most"
done

for model in threads processes; do
  seed=0
  while [ "$seed" -lt $((seeds / 2)) ]; do
    first=$(one_seed "$seed" "$model")
    second=$(one_seed "$seed" "$model")
    [ "$first" = "$second" ] || echo "$seed: $first / $second" >>"$work/unequal"
    # shellcheck disable=SC2086 # the last but one word is the outcome
    set -- $first
    echo "${5:-none}" >>"$work/outcomes"
    echo "$1" >>"$work/orders"
    seed=$((seed + 1))
  done
done
touch "$work/unequal"
unequal=$(wc -l <"$work/unequal")
orders=$(sort -u "$work/orders" | wc -l)
outcomes=$(sort -nu "$work/outcomes" | tr '\n' ' ')
state=ok
[ "$unequal" -eq 0 ] && [ "$orders" -gt 1 ] || state=FAILED
line $state "seeds that differ when run twice" "0 of $seeds" \
  "$unequal ($orders orders, outcomes $outcomes)"
sed 's/^/       seed /' "$work/unequal"

# Runs both twins of a mode: ok must end with 0, racy with 66. Leaves the summary of ok.
twins() {
  mode=$1
  what=$2
  shift 2
  run "$@" "$work/bars" "$mode" racy
  racy="$status, races $(member races)"
  run "$@" "$work/bars" "$mode" ok
  state=ok
  [ "$racy" = "66, races 1" ] && [ "$status" -eq 0 ] || state=FAILED
  line $state "$what: exit status" "racy 66, ok 0" "racy $racy; ok $status"
  [ "$status" -eq 0 ] || sed 's/^/       /' "$work/errors"
}

twins crowd "64 contexts on one page" --no-delays
# Shadow of shared memory for each byte of it, the objects for locks included. Where there is
# no limit, the figure is told all the same.
shadow() {
  limit=$3
  twins "$1" "$2" --no-delays
  bytes=$(awk '{ print $2 }' "$work/out")
  figure=$(awk -v shadow="$(member shadow_bytes)" -v bytes="$bytes" \
    'BEGIN { printf "%.1f", shadow / bytes }')
  state=ok
  asked="at most $limit"
  if [ "$limit" = none ]; then
    state=told
    asked="no limit"
  elif ! awk -v figure="$figure" -v limit="$limit" 'BEGIN { exit !(figure <= limit) }'; then
    state=FAILED
  fi
  line "$state" "$2: shadow bytes a byte" "$asked" "$figure"
}
shadow shadow_two "2 contexts, words" $((shadow_limit / 4))
shadow shadow_words "8 contexts, words" $shadow_limit
shadow shadow_bytes "8 contexts, each byte apart" $shadow_limit
shadow shadow_passes "8 contexts, each byte apart, in 2 passes" $shadow_limit
# Each read of each context is needed: to forget any would hide races.
shadow shadow_readers "8 unordered readers, each byte apart" none
twins gibibyte "1 GiB of shared memory, in parts" --no-delays
twins accesses "10^9 accesses" --no-delays
twins epochs "clocks over 2^31" --no-delays --first-epoch $((era - 50))
twins epochs "clocks over 2^62" --no-delays --first-epoch $((far - 50))
exit $failed
