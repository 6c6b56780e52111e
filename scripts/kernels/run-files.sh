#!/bin/sh
# run-files SECONDS FILE…: runs test files one by one, each in a process of its own with a limit, and prints the result as TAP between marks.
cd /vmarea || exit 1
seconds=$1
shift
for file in "$@"; do
  echo "@@ file $file"
  timeout -s KILL "$seconds" node --expose-gc --enable-source-maps --test-reporter=tap "test-dist/$file" 2>&1
  echo "@@ result $?"
done
