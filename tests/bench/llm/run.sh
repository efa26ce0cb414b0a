#!/bin/sh
# make bench-llm: requests/s of dmhost beside hey (a load tool in Go) and Python's asyncio with aiohttp, all against
# server.c (one thread, epoll; what it takes itself is told), one after another on this machine. The other two keep no
# replies; dmhost keeps them unless told not to, and is measured with that, too. A run begins with 64 requests at once,
# or a sixteenth of what it may make, has twice as many after each round trip, and waits for the last reply of a split,
# each of which is as long as all before it: with 200 ms there are rows for a minute, so that this does not decide.
# Prints a table; take it on an idle machine.
set -eu

build=$1
dir=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$dir"' EXIT
cc -O2 -o "$dir/server" "$(dirname "$0")/server.c"
i=0
while [ $i -lt 600000 ]; do
  i=$((i + 1))
  echo "{\"id\":$i,\"text\":\"row $i of a text of some sixty words or more, as they stand in a corpus: $i $i $i $i\"}"
done >"$dir/in.jsonl"
awk 'BEGIN { for (i = 1; i <= 100000; i++) { text = "row " i " of a text"; while (length(text) < 980) text = text " " i
  printf "{\"id\":%d,\"text\":\"%s\"}\n", i, text } }' >"$dir/in.1k.jsonl"
echo '{"model":"m","messages":[{"role":"user","content":"Is this a good text? row 1 of a text of some sixty words"}]}' \
  >"$dir/body.json"

export XDG_CACHE_HOME="$dir/cache"

# What the server has taken, in hundredths of a second.
server_cpu() {
  awk '{ print $14 + $15 }' "/proc/$server/stat"
}

# DELAY_MS CONCURRENCY ROWS PYTHON_ROWS OPTION INPUT
measure() {
  "$dir/server" 0 "$1" >"$dir/port" &
  server=$!
  while [ ! -s "$dir/port" ]; do sleep 0.05; done
  url=http://127.0.0.1:$(cat "$dir/port")/v1
  echo "$1 ms of delay, $2 at once $5, $6"
  printf '  dmhost   '
  before=$(server_cpu)
  MOST=$2 URL=$url timeout 120 /usr/bin/time -f '%U %S %M' -o "$dir/time" "$build/dmhost" run \
    "$(dirname "$0")/ask.lua" -i "$dir/$6" -o "$dir/out.jsonl" --force --limit "$3" -j 1 $5 --log-format json \
    2>"$dir/log"
  awk -v n="$3" -v server="$(($(server_cpu) - before))" -v delay="$1" -v most="$2" '
    NR == FNR { cpu = ($1 + $2) / n * 1e6; mib = $3 / 1024; next }
    /"event":"end"/ { match($0, /"seconds":[0-9.]+/); s = substr($0, RSTART + 10, RLENGTH - 10)
      printf "%.0f requests/s, %.0f us of CPU each and %.0f of the server, %.0f MiB", n / s, cpu, server / n * 1e4, mib
      if (delay) printf ", %.0f %% of the ideal rate", n / s / (most * 1000 / delay) * 100
      print "" }' "$dir/time" "$dir/log"
  if [ "$4" -gt 0 ]; then
    printf '  hey      '
    timeout 120 hey -n "$3" -c "$2" -m POST -T application/json -D "$dir/body.json" "$url/chat/completions" |
      awk '/Requests\/sec/ { printf "%.0f requests/s\n", $2 }'
    printf '  asyncio  '
    timeout 120 /usr/bin/python3 "$(dirname "$0")/client.py" "$url" "$4" "$2" "$dir/in.jsonl" "$dir/out.py.jsonl"
  fi
  kill $server
  : >"$dir/port"
}

measure 0 64 30000 6000 --no-cache in.jsonl
measure 0 64 30000 0 '' in.jsonl
measure 0 1000 30000 6000 --no-cache in.jsonl
measure 200 2000 600000 0 --no-cache in.jsonl
measure 200 2000 600000 0 '' in.jsonl
measure 2000 10000 100000 0 --no-cache in.jsonl
measure 2000 10000 100000 0 --no-cache in.1k.jsonl
