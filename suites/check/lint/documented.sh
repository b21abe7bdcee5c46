#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/documented.sh - finds what is registered, but named neither in
# README.md nor in a manual page.
# usage: documented.sh ROOT
set -eu
cd "$1"

failed=0
# shellcheck disable=SC2013,SC2046  # words on purpose: no name or path here holds a blank
for list in $(find ipc workloads suites -name CMakeLists.txt | sort); do
  for name in $(sed -n 's/^register([a-z]* \(transport\|workload\) \([a-z0-9_]*\))$/\2/p' "$list"); do
    if ! grep -qw -- "$name" README.md $(find ipc suites -name '*.[17]'); then
      printf '%s: %s is registered; neither README.md nor a manual page names it\n' "$list" "$name"
      failed=1
    fi
  done
done
exit $failed
