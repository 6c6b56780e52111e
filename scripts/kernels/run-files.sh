#!/bin/sh
# run-files SECONDS FILE TESTS…: runs test files one by one, each in a process of its own with a limit, and prints the result as TAP between
# marks. TESTS is a pattern of test names, empty for all.
cd /vmarea || exit 1
seconds=$1
shift
while [ $# -gt 1 ]; do
  echo "@@ file $1 $2"
  started=$(date +%s)
  timeout -s KILL "$seconds" node --expose-gc --enable-source-maps --test-reporter=tap ${2:+"--test-name-pattern=$2"} "test-dist/$1" 2>&1
  echo "@@ result $? $(($(date +%s) - started))"
  shift 2
done
