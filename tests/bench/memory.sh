#!/usr/bin/env bash
# memory.sh COMMAND...: runs dmhost and prints the peak memory (VmHWM, KiB) of the coordinator and of its largest
# worker, as the kernel last told it before they ended.
"$@" >/dev/null 2>&1 &
pid=$!
coordinator=0 worker=0
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" 2>/dev/null; }
while kill -0 $pid 2>/dev/null; do
  kb=$(peak $pid)
  [ "${kb:-0}" -gt $coordinator ] && coordinator=$kb
  for child in $(cat /proc/$pid/task/*/children 2>/dev/null); do
    kb=$(peak "$child")
    [ "${kb:-0}" -gt $worker ] && worker=$kb
  done
  sleep 0.005
done
wait $pid || exit 1
echo "$coordinator $worker"
