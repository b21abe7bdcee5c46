#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/banned.sh - finds calls of functions that this project does without.
# usage: banned.sh ROOT
set -eu
cd "$1"

failed=0
while read -r function remedy; do
  # A comment may name them, and a stand-in for libc's own (INTERPOSE) has its name.
  found=$(find ipc results workloads suites -name '*.[ch]' -exec \
    grep -HnE "(^|[^A-Za-z0-9_>.])$function *\(" {} + |
    grep -vE '^[^:]*:[0-9]+:([[:space:]]*(/?\*|//)|INTERPOSE [^;]*$)' || true)
  if [ -n "$found" ]; then
    printf '%s\n' "$found" | awk -v tail="  <- not $function: $remedy" '{ print $0 tail }'
    failed=1
  fi
done <<'FUNCTIONS'
strcpy snprintf() and a check, or memcpy() of a known size
strcat snprintf() and a check
sprintf snprintf() and a check
strtok strcspn() and strspn()
atoi strtoumax() with its end and range checked
gets getline()
signal sigaction()
usleep clock_nanosleep() to an absolute deadline
gettimeofday clock_gettime(CLOCK_MONOTONIC)
rand the seeded generator of the plan or the case; getrandom() for names
system posix_spawn() with a list of arguments
FUNCTIONS
exit $failed
