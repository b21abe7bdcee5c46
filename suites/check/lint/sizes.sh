#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/sizes.sh - finds files of 600 lines and functions of 70 or more.
# A module's unit tests are a list, and may be longer.
# usage: sizes.sh ROOT
set -eu
cd "$1"

found=$(find ipc results workloads suites -name '*.[ch]' | sort | while read -r file; do
  awk -v file="$file" '
    /^\{/ { start = NR }
    /^\}/ {
      if (start && NR - start - 1 >= 70) {
        printf "%s:%d: a function of %d lines; split it by what it does\n",
          file, start, NR - start - 1
      }
      start = 0
    }
    END { if (NR >= 600 && file !~ /check\/unit\//) printf "%s: %d lines; split it by purpose\n", file, NR }
  ' "$file"
done)
[ -z "$found" ] || {
  printf '%s\n' "$found"
  exit 1
}
