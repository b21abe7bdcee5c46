#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/documented.sh - finds what is registered, but named neither in
# README.md nor in a manual page.
# usage: documented.sh ROOT
set -eu
cd "$1"

# What is registered, one name a line, behind the list that it is in.
registered() {
  find ipc workloads suites -name CMakeLists.txt -exec grep -H '^register(' {} + |
    sed -n 's/^\([^:]*\):register([a-z]* \(transport\|workload\) \([a-z0-9_]*\))$/\1 \3/p'
}

missing=$(registered | sort | while read -r list name; do
  find README.md ipc suites \( -name README.md -o -name '*.[17]' \) -exec cat {} + |
    grep -qw -- "$name" ||
    printf '%s: %s is registered; neither README.md nor a manual page names it\n' "$list" "$name"
done)
[ -z "$missing" ] || {
  printf '%s\n' "$missing"
  exit 1
}
