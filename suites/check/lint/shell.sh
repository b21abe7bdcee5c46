#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/shell.sh - every shell script parses, and shellcheck finds
# nothing in it. usage: shell.sh TOP
set -eu

cd "$1"
# Scripts that users run are POSIX; that of the CI runs where bash is.
scripts=$(find dev suites -name '*.sh' -o -path dev)
for script in $scripts; do
  head -n 1 "$script" | grep -qx '#!/bin/sh' || {
    printf '%s: the first line is not #!/bin/sh\n' "$script"
    exit 1
  }
  sh -n "$script"
done
if ! command -v shellcheck >/dev/null; then
  printf 'skipped: shellcheck is not installed; ./dev setup all\n'
  exit 77
fi
# shellcheck disable=SC2086  # a word a script; none has a space in its name
shellcheck $scripts .ci/run
printf '%s\n' "$scripts" .ci/run
