#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/racecheck/callbacks/check.sh - finds callbacks that the runtime does not define.
# usage: check.sh NM RUNTIME [COMPILER...]
#
# Without compilers, the names are those of names.txt; with compilers, those that each of
# them calls for in constructs.c. A compiler that is not here is named and left out.
set -eu

nm=$1
runtime=$2
shift 2
here=$(dirname "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/racecheck-callbacks.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

"$nm" --defined-only --extern-only "$runtime" | awk '{ print $3 }' | sort -u >"$work/defined"

# Compares the names on standard input with what the runtime defines.
compare() {
  sort -u >"$work/wanted"
  if [ ! -s "$work/wanted" ]; then
    printf 'check.sh: %s: no callback was asked for: nothing was checked\n' "$1"
    failed=1
  fi
  comm -23 "$work/wanted" "$work/defined" >"$work/missing"
  if [ -s "$work/missing" ]; then
    printf 'check.sh: %s: the runtime lacks:\n' "$1"
    cat "$work/missing"
    failed=1
  fi
}

# Compiles the constructs and adds the callbacks they call to the list.
emit() {
  if "$@" -fsanitize=thread -w -c "$here/constructs.c" -o "$work/constructs.o" 2>"$work/error"; then
    "$nm" --undefined-only "$work/constructs.o" |
      awk '$2 ~ /^__(tsan|atomic)_/ { print $2 }' >>"$work/emitted"
  else
    cat "$work/error"
    failed=1
  fi
}

if [ $# -eq 0 ]; then
  grep -v '^#' "$here/names.txt" | compare names.txt
fi
for compiler in "$@"; do
  if ! "$compiler" --version >"$work/version" 2>&1; then
    printf 'check.sh: there is no %s: left out\n' "$compiler"
    continue
  fi
  : >"$work/emitted"
  for level in -O0 -O1 -O2 -O3; do
    emit "$compiler" "$level"
    emit "$compiler" "$level" -mcx16 -mavx512f
    if grep -q clang "$work/version"; then
      emit "$compiler" "$level" -mllvm -tsan-distinguish-volatile=1 \
        -mllvm -tsan-instrument-read-before-write=1
      emit "$compiler" "$level" -mllvm -tsan-distinguish-volatile=1 \
        -mllvm -tsan-compound-read-before-write=1
    else
      emit "$compiler" "$level" --param tsan-distinguish-volatile=1
    fi
  done
  compare "$compiler" <"$work/emitted"
done
exit $failed
