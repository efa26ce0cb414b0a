#!/bin/sh
# Runs one fuzzer:  tests/fuzz/run.sh FOLDER NAME SECONDS
# FOLDER/NAME is the program. What it finds interesting stays in FOLDER/corpus/NAME; an input that crashes it in
# FOLDER/NAME-crash-..., and the status is 1.
set -eu
folder=$1 name=$2 seconds=$3
here=$(dirname "$0")
corpus=$folder/corpus/$name
log=$folder/$name.log
mkdir -p "$corpus"

# Seeds that are better made than kept: files as other programs compress them.
if [ "$name" = input ]; then
  rows='{"text":"one"}\n{"text":"two"}\n\n{"id":3,"list":[1,2]}\r\nlast'
  { printf '\004\007'; printf '%b' "$rows"; } >"$corpus/plain"
  { printf '\004\007'; printf '%b' "$rows" | gzip -9n; printf '%b' "$rows" | gzip -1n; } >"$corpus/gzip"
  { printf '\004\007'; printf '%b' "$rows" | zstd -q -19; printf '%b' "$rows" | zstd -q -1 --no-check; } >"$corpus/zstd"
fi

if [ "$name" = bytes ]; then
  { printf '\000'; echo one two three one two three | gzip -9n; } >"$corpus/gzip"
  { printf '\000'; echo one two three one two three | zstd -q -19; } >"$corpus/zstd"
fi

dict=$here/$name.dict
[ "$name" = edit ] && dict=$here/json.dict
[ -f "$dict" ] && dict="-dict=$dict" || dict=""

echo "fuzz $name for $seconds s"
if ! "$folder/$name" -max_total_time="$seconds" -max_len=2048 -timeout=20 -rss_limit_mb=2048 $dict -print_final_stats=1 \
  -artifact_prefix="$folder/$name-" "$corpus" "$here/seeds/$name" >"$log" 2>&1; then
  tail -n 60 "$log"
  grep -a 'must hold' "$log" || true
  echo "fuzz $name failed; its input is kept:"
  sed -n 's/.*Test unit written to /  /p' "$log"
  exit 1
fi
sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p' "$log"
