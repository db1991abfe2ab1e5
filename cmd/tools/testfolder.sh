#!/usr/bin/env bash
# Prints the folder in which tests keep their files: one in memory, where there is plenty and programs may run, else the
# system's. A database that waits for a disk that others use is, to a test, a database that does not answer; and no test
# can cut the power, so that kill -9 leaves the same in memory as on a disk.
set -euo pipefail
system=${TMPDIR:-/tmp}
memory=/dev/shm
free=$(df --output=avail -k "$memory" 2>/dev/null | tail -n 1 || true)
left=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo 2>/dev/null || true)
if (( ${free:-0} < 8000000 || ${left:-0} < 10000000 )); then
  echo "$system"
  exit
fi
folder=$memory/holdfast-tests
mkdir -p -m 1777 "$folder" 2>/dev/null || { echo "$system"; exit; }
find "$folder" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} + 2>/dev/null || true # of runs that were killed
probe=$(mktemp "$folder/probe-XXXXXX" 2>/dev/null) || { echo "$system"; exit; }
trap 'rm -f "$probe"' EXIT
printf '#!/bin/sh\nexit 0\n' > "$probe"
chmod 700 "$probe"
if "$probe" 2>/dev/null; then echo "$folder"; else echo "$system"; fi
