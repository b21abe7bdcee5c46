#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/cli/ipccheck.sh - what ipccheck answers to command lines, good and bad.
# usage: ipccheck.sh PROGRAM
set -eu

program=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/ipccheck-cli.XXXXXX")
trap 'rm -rf "$folder"' EXIT
failed=0

fail() {
  printf 'FAILED: %s\n' "$*"
  failed=$((failed + 1))
}

# Runs the program; its status must be $1.
run() {
  expected=$1
  shift
  status=0
  "$program" "$@" >"$folder/out" 2>"$folder/err" || status=$?
  [ "$status" -eq "$expected" ] || fail "ipccheck $*: status $status, not $expected"
}

# A usage error: status 1, nothing on stdout, one line that has all of the words.
refuse() {
  words=$1
  shift
  run 1 "$@"
  [ ! -s "$folder/out" ] || fail "ipccheck $*: wrote to stdout"
  [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "ipccheck $*: $(wc -l <"$folder/err") lines, not 1"
  for word in $words; do
    grep -qF -e "$word" "$folder/err" ||
      fail "ipccheck $*: '$word' is missing in: $(cat "$folder/err")"
  done
}

refuse 'no command --help'
refuse 'bogus --help' bogus
refuse '--bogus --help' --bogus
refuse '--bogus --help' conformance --bogus
refuse '-x --help' conformance -x
refuse 'pipe --transport' conformance pipe
refuse 'nowhere ipcbench list' conformance --transport nowhere
refuse '--transport --help' conformance --transport
refuse '--seed 1x' conformance --seed 1x
refuse '--seed -1' conformance --seed -1
refuse '--seed 18446744073709551616' conformance --seed 18446744073709551616
refuse '--seed' conformance --seed ''
refuse '--full=3' conformance --full=3
refuse 'absent.so ./absent.so' conformance --plugin absent.so
refuse './absent.so' conformance --plugin ./absent.so
refuse '/ regular' conformance --plugin /
refuse '--fault nothing faulty --list' conformance --fault nothing
refuse '--fault nothing faulty --list' faulty --fault nothing
refuse 'nowhere' faulty --transport nowhere
refuse 'drops --fault' faulty drops
refuse 'nothing unit --list' unit nothing
refuse '--mutation=nope edges.def' races --mutation=sem_post,nope
refuse '--mutation= edges.def' races --mutation=
refuse 'plan' unit registry plan

run 0 --help
run 0 --version
for command in conformance faulty unit; do
  run 0 "$command" --help
  run 0 "$command" --list
  [ -s "$folder/out" ] || fail "$command --list listed nothing"
done

# Zero cases are a failure, and so is a full disk.
run 1 conformance --transport loopback --case 'no_such_case'
grep -q 'no case ran' "$folder/out" || fail 'zero cases went unnoticed'
if [ -w /dev/full ]; then
  status=0
  "$program" conformance --list >/dev/full 2>"$folder/err" || status=$?
  [ "$status" -eq 1 ] || fail "stdout on a full disk: status $status, not 1"
fi

# Not promised is named, and not counted as passed: where nothing else ran, that fails.
run 1 conformance --transport loopback --case 'higher_classes*'
grep -q 'not promised' "$folder/out" || fail 'not promised is not printed'

# A failure prints its seed and the line that runs it again (C42), which then fails alike.
run 1 conformance --fault alters --seed 7 --case 'every_message_arrives*.block.*'
replay=$(sed -n 's/^  replay: ipccheck //p' "$folder/out" | head -n 1)
case $replay in
*'--seed 7'*) ;;
*) fail "no line to replay with its seed: $replay" ;;
esac
sed -n 's/^  failed: //p' "$folder/out" | head -n 1 >"$folder/first"
eval "run 1 $replay"
sed -n 's/^  failed: //p' "$folder/out" | head -n 1 >"$folder/second"
cmp -s "$folder/first" "$folder/second" ||
  fail "the replay differs: $(cat "$folder/first" "$folder/second")"

[ "$failed" -eq 0 ]
