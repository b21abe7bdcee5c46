#!/bin/sh
# SPDX-License-Identifier: MIT
#
# suites/check/cli/dev.sh - what ./dev says and does where packages are missing,
# on machines that stand-ins for apt-get, sudo and id make up. usage: dev.sh DEV
set -eu

dev=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/ipcbench-dev.XXXXXX")
trap 'rm -rf "$folder"' EXIT
passed=0

# A machine on which nothing is installed but what a minimal Debian has.
bin=$folder/bin
mkdir "$bin"
for name in awk cat chmod dirname env grep id rm sh touch; do
  ln -s "$(command -v "$name")" "$bin/$name"
done

# Makes up a program that notes how it was called and then runs the script. The
# name may be a link to the machine's own program, which must not be written to.
stand_in() {
  rm -f "$bin/$1"
  printf '#!/bin/sh\nprintf "%%s\\n" "%s $*" >>"%s/calls"\n%s\n' "$1" "$folder" "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}

distribution() {
  printf 'ID=%s\nPRETTY_NAME="%s"\n' "$1" "$2" >"$folder/os-release"
}

# Runs ./dev on that machine; leaves what it said, and its status.
run() {
  rm -f "$folder/calls"
  touch "$folder/calls"
  status=0
  env -i PATH="$bin" OS_RELEASE="$folder/os-release" sh "$dev" "$@" \
    >"$folder/out" 2>"$folder/err" </dev/null || status=$?
}

# Notes a result: what must hold, then the command that says whether it does.
check() {
  what=$1
  shift
  if ! "$@"; then
    printf 'FAILED: %s; status %s, stderr:\n' "$what" "$status"
    cat "$folder/err" "$folder/calls"
    exit 1
  fi
  passed=$((passed + 1))
  printf 'ok: %s\n' "$what"
}

says() { grep -q -e "$1" "$folder/err"; }
called() { grep -q -e "$1" "$folder/calls"; }
not() { ! "$@"; }

distribution fedora 'Fedora Linux 40'
stand_in apt-get 'exit 0'
run setup
check 'another distribution is refused' [ "$status" -eq 69 ]
check 'it is named' says 'Fedora Linux 40'
check 'what is missing is named' says 'missing: cmake gcc .*libcmocka-dev .*zlib1g-dev'
check 'nothing is installed there' [ ! -s "$folder/calls" ]

distribution debian 'Debian GNU/Linux 12'
stand_in id 'echo 1000'
run setup
check 'without root and sudo set-up stops' [ "$status" -eq 69 ]
check 'the command to give as root is named' says 'as root: apt-get install cmake '

# shellcheck disable=SC2016  # the stand-in's own $@
stand_in sudo '"$@"'
run setup
check 'packages are installed through sudo' called '^sudo env .*apt-get .*install cmake gcc'
check 'the lists are fetched first' called '^apt-get -qq update'
check 'what is not found after it is an error' [ "$status" -eq 69 ]

stand_in apt-get 'echo "E: no such package" >&2; exit 100'
run bench
check 'apt-get'\''s failure ends bench' [ "$status" -eq 69 ]
check 'apt-get'\''s own words are shown' says 'E: no such package'

run frobnicate
check 'an unknown command is refused' [ "$status" -eq 2 ]
check 'it is named' says "'frobnicate'"
run setup everything
check 'an unknown argument of setup is refused' [ "$status" -eq 2 ]
run format --frobnicate
check 'an unknown argument of format is refused' [ "$status" -eq 2 ]
run fresh sarge
check 'an unknown suite is refused' [ "$status" -eq 2 ]
run fresh trixie
check 'fresh without root is a skip' [ "$status" -eq 77 ]
check 'with its cause' says 'root'
run help
check 'help is given on stdout' grep -q '^usage: ./dev' "$folder/out"
check 'and is no error' [ "$status" -eq 0 ]

printf '%s passed, 0 failed\n' "$passed"
