#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/cli/manual.sh - compares a manual page with --help, both ways:
# commands, their options, and the keys of filters. usage: manual.sh PROGRAM PAGE
set -eu

program=$1
page=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/ipcbench-manual.XXXXXX")
trap 'rm -rf "$folder"' EXIT
failed=0

# Reports the lines that are in one of two sorted lists only.
compare() {
  comm -23 "$folder/help" "$folder/page" >"$folder/only-help"
  comm -13 "$folder/help" "$folder/page" >"$folder/only-page"
  while read -r name; do
    printf 'FAILED: %s %s: --help has it, %s does not\n' "$1" "$name" "$page"
    failed=$((failed + 1))
  done <"$folder/only-help"
  while read -r name; do
    printf 'FAILED: %s %s: %s has it, --help does not\n' "$1" "$name" "$page"
    failed=$((failed + 1))
  done <"$folder/only-page"
  if [ ! -s "$folder/help" ]; then
    printf 'FAILED: --help names no %s\n' "$1"
    failed=$((failed + 1))
  fi
  printf '%s: %s compared\n' "$1" "$(wc -l <"$folder/help")"
}

section() {
  awk -v title="$1" '/^\.Sh / { inside = $0 == ".Sh " title } inside' "$page"
}

"$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | sort -u >"$folder/help"
section COMMANDS | sed -n 's/^\.It Ic \([a-z-]*\).*/\1/p' | sort -u >"$folder/page"
cp "$folder/help" "$folder/commands"
compare command

while read -r command; do
  "$program" "$command" --help </dev/null
done <"$folder/commands" >"$folder/helps"
"$program" --help >>"$folder/helps"
sed -n 's/^ *\(-., \)*--\([a-z-]*\).*/\2/p' "$folder/helps" | sort -u >"$folder/help"
section OPTIONS | grep '^\.It' | sed -n 's/.*Fl -\([a-z-]*\).*/\1/p' | sort -u >"$folder/page"
compare option

if grep -q '^\.Sh FILTERS' "$page"; then
  "$program" run no_such_key:1 2>&1 | sed 's/.*there are: //' | tr -d ' ' | tr ',' '\n' |
    sort -u >"$folder/help"
  section FILTERS | sed -n 's/^\.It Cm \([a-z_]*\)$/\1/p' | sort -u >"$folder/page"
  compare key
fi

[ "$failed" -eq 0 ]
