#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/includes.sh - finds an include that points to a folder above its own.
# usage: includes.sh ROOT
set -eu
cd "$1"

failed=0
while read -r folder allowed; do
  # Each include shows its folder; only what the build generates has none.
  found=$(find "$folder" -name '*.[ch]' -exec grep -HnE '^#include "' {} + |
    grep -vE "#include \"(($allowed)/[^\"]*|registered_[a-z_]+\.inc|page_[a-z_]+\.inc|[a-z_]+_info\.h)\"" || true)
  if [ -n "$found" ]; then
    printf '%s\n' "$found" |
      awk -v tail="  <- $folder/ may include only $(printf '%s' "$allowed" | tr '|' ' ')" \
        '{ print $0 tail }'
    failed=1
  fi
done <<'FOLDERS'
ipc ipc
results results
workloads workloads|ipc|results
suites suites|workloads|ipc|results
FOLDERS
exit $failed
