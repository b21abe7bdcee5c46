#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/heads.sh - finds a source without its licence line, or that does
# not say in its first comment which file it is.
# usage: heads.sh ROOT
set -eu
cd "$1"

failed=0
for file in $(find ipc results workloads suites cmake dev .ci -type f \
  \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' -o -path dev \) | sort); do
  if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT'; then
    printf '%s:1: the first line (after #!) is not SPDX-License-Identifier: MIT\n' "$file"
    failed=1
  elif ! head -n 5 "$file" | grep -qF "$file - "; then
    printf '%s:2: the first comment does not begin with "%s - "\n' "$file" "$file"
    failed=1
  fi
done
exit $failed
