#!/bin/bash
# A real coordinator with a fleet of worker hosts that do no work (fleet.c).
#   fleet.sh BUILD HOSTS SLOTS WORK_MS SPLITS
# Prints splits committed per second, the coordinator's CPU seconds and its peak of memory.
set -e
build=$(realpath "$1") hosts=$2 slots=$3 work=$4 splits=$5
dir=$(mktemp -d) && cd "$dir"
trap 'rm -rf "$dir"' EXIT
truncate -s $((splits * 4096)) in.jsonl
cat >p.lua <<'X'
local dm = require "dm"
return dm.pipeline { input = "in.jsonl", output = "out", operators = {}, split_size = "4KiB" }
X
"$build/dmhost" run p.lua --engine manual --workers $((hosts * slots)) --slots "$slots" --listen 127.0.0.1 \
  --lost-after 1min 2>err &
run=$!
until [ "$(grep -c DM_CONNECT err)" -ge "$hosts" ]; do kill -0 $run; sleep 0.1; done
grep DM_CONNECT err >lines
start=$(date +%s.%N)
"$build/fleet" "$build/dmhost" "$slots" "$work" <lines >done &
fleet=$!
while [ -e /proc/$run/stat ] && kill -0 $run 2>/dev/null; do
  sed 's/.*) //' /proc/$run/stat 2>/dev/null >stat.new && [ -s stat.new ] && mv stat.new stat
  grep VmHWM /proc/$run/status 2>/dev/null >mem.new && [ -s mem.new ] && mv mem.new mem
  sleep 0.05
done
wait $run || { cat err | grep -v DM_CONNECT | tail -5 >&2; exit 1; }
wait $fleet
end=$(date +%s.%N)
read -r -a s <stat
awk -v w=$((hosts * slots)) -v h="$hosts" -v n="$(cat done)" -v t="$(echo "$end $start" | awk '{print $1 - $2}')" \
  -v u="${s[11]}" -v k="${s[12]}" -v hz="$(getconf CLK_TCK)" -v m="$(awk '{print $2}' mem)" 'BEGIN {
  printf "%d workers on %d worker hosts: %d splits in %.1f s, %.0f a second; coordinator: %.1f s of CPU (%.0f us a split, " \
    "%.2f %% of a core per 1,000 workers), %.0f MB\n", w, h, n, t, n / t, (u + k) / hz, (u + k) / hz / n * 1e6,
    (u + k) / hz / t / w * 1e5, m / 1024 }'
