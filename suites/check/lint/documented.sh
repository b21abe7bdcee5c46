#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/documented.sh - finds what is registered, but named neither in
# README.md nor in a manual page.
# usage: documented.sh ROOT
set -eu
cd "$1"

pages=$(find ipc suites -name '*.[17]')
found=$(for list in $(find ipc workloads suites -name CMakeLists.txt | sort); do
  sed -n 's/^register([a-z]* \(transport\|workload\) \([a-z0-9_]*\))$/\2/p' "$list" |
    while read -r name; do
      # shellcheck disable=SC2086  # a word a page
      grep -qw -- "$name" README.md $pages ||
        printf '%s: %s is registered; neither README.md nor a manual page names it\n' "$list" "$name"
    done
done)
[ -z "$found" ] || {
  printf '%s\n' "$found"
  exit 1
}
