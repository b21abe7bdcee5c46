#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/lint/self.sh - proves that each rule finds what it is there for.
# usage: self.sh FOLDER-OF-THE-RULES
set -eu

rules=$1
tree=$(mktemp -d "${TMPDIR:-/tmp}/ipcbench-lint.XXXXXX")
trap 'rm -rf "$tree"' EXIT
failed=0

# Makes a tree that breaks no rule, with one source of the given text.
make_tree() {
  rm -rf "$tree"
  mkdir -p "$tree/ipc" "$tree/results" "$tree/workloads" "$tree/suites" "$tree/cmake" "$tree/.ci"
  : >"$tree/README.md"
  {
    printf '/* SPDX-License-Identifier: MIT */\n/* ipc/sample.c - a sample. */\n'
    cat
  } >"$tree/ipc/sample.c"
  printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\n# dev - a sample.\n' >"$tree/dev"
}

# Runs a rule; its status and what it says must be as expected.
expect() {
  status=0
  output=$("$rules/$1.sh" "$tree" 2>&1) || status=$?
  if [ "$status" -ne "$2" ] || ! printf '%s\n' "$output" | grep -qF -- "$3"; then
    printf 'FAILED: %s: status %s, said: %s\nexpected status %s and: %s\n' \
      "$1" "$status" "$output" "$2" "$3"
    failed=1
  fi
}

make_tree <<'TEXT'
#include "ipc/transport.h"
/* Never strcpy(): it is banned. */
int sample(void)
{
	return 0;
}
TEXT
for rule in includes banned heads sizes documented; do
  expect "$rule" 0 ''
done

echo '#include "results/run.h"' | make_tree
expect includes 1 'ipc/sample.c:3:'
echo '#include "../suites/check/case.h"' | make_tree
expect includes 1 'ipc/sample.c:3:'

for function in strcpy strcat sprintf strtok atoi gets signal usleep gettimeofday rand system; do
  printf '\tint x = %s(y);\n' "$function" | make_tree
  expect banned 1 "ipc/sample.c:3:"
  expect banned 1 "not $function: "
done
printf '\tsnprintf(a, b, c); x->signal(y); my_system(z);\n' | make_tree
expect banned 0 ''
printf 'INTERPOSE handler signal(int number)\n{\n' | make_tree
expect banned 0 ''
printf 'INTERPOSE int x(void) { signal(1, y); }\n' | make_tree
expect banned 1 'not signal: '

make_tree </dev/null
printf 'int x;\n' >"$tree/ipc/bare.h"
expect heads 1 'ipc/bare.h:1:'
printf '/* SPDX-License-Identifier: MIT */\n/* other.h - a sample. */\n' >"$tree/ipc/bare.h"
expect heads 1 'ipc/bare.h:2:'

{
  printf 'int sample(void)\n{\n'
  i=0
  while [ $i -lt 70 ]; do
    printf '\tx++;\n'
    i=$((i + 1))
  done
  printf '}\n'
} | make_tree
expect sizes 1 'ipc/sample.c:4: a function of 70 lines'

make_tree </dev/null
printf 'register(ipc transport unheard_of)\n' >"$tree/ipc/CMakeLists.txt"
expect documented 1 'unheard_of'

[ $failed -eq 0 ]
