#!/usr/bin/env bash
# A Ray of three nodes on this machine, for tests:  ray.sh VERB [NODE]
#   install | why-not          Ray from PyPI into build/cluster/ray; why it can not be had here, nothing when it can
#   up | down | status | env | here
#                              env is to be evaluated: sets RAY_URL and RAY_AUTH_TOKEN; here: this machine's address
#                              node 1 is the head and runs no jobs; 2 and 3 have two processors each, and
#                              two GPUs that nobody looks at
#   start N | crash N | power-off N | cut N | mend N    a node, see nodes.sh
# DM_RAY_NODES=1: a head alone, which runs jobs. Two clusters side by side need two values of DM_RAY_DIR, DM_RAY_NAME and
# DM_RAY_NET. Needs root, and a gigabyte of memory.
set -u
folder=$(cd "$(dirname "$0")" && pwd)
VERSION=2.60.0
VENV=${DM_RAY_VENV:-$folder/../../build/cluster/ray}
DIR=${DM_RAY_DIR:-/tmp/dmhost-ray} # short: sockets in it have names of up to 107 bytes
NAME=${DM_RAY_NAME:-dmray}
NET=${DM_RAY_NET:-10.77.0}
NODES=${DM_RAY_NODES:-3} CPUS=2 GPUS=2 HEAD=1 START_SECONDS=180
TOKEN=0123456789abcdef0123456789abcdef # without one, Ray takes programs from everybody
. "$folder/nodes.sh"

install() {
  [ -x "$VENV/bin/ray" ] && return
  mkdir -p "$(dirname "$VENV")"
  { python3 -m venv "$VENV" && "$VENV/bin/pip" install -q "ray[default]==$VERSION"; } >"$VENV.log" 2>&1 || {
    rm -rf "$VENV"
    die "can not install Ray $VERSION: $(tail -n 1 "$VENV.log")"
  }
}

why_not() {
  [ -x "$VENV/bin/ray" ] || { echo "Ray is not installed (tests/cluster/ray.sh install)"; return; }
  command -v curl >/dev/null || { echo "there is no curl (tests/deps.sh cluster)"; return; }
  why_no_nodes
}

url() { echo "http://$(address $HEAD):8265"; }

ask() { # PATH
  curl -s -f -m 5 -H "Authorization: Bearer $TOKEN" "$(url)$1"
}

# Every node sees a folder of its own under the same name: else a job's log is looked for on the head. Ray's daemons
# keep what they inherit open, so nothing is left to inherit: a lock held by the caller would be held until `down`.
# The folder is empty, as /tmp is on a machine that starts again: beside the socket of the raylet before, the new one takes
# another name, the node's agent finds the old name in Ray's list, and ends with its node.
start_node() { # NODE
  local i=$1 fd args cpus=$CPUS gpus=$GPUS
  wire "$i" || return 1
  [ -z "$(pids "$i")" ] || return 0
  rm -rf "$DIR/node$i"
  mkdir -p "$DIR/node$i" "$DIR/t"
  args=(--block --node-ip-address="$(address "$i")" --object-store-memory=80000000 --temp-dir="$DIR/t"
    --disable-usage-stats --include-log-monitor=false)
  if [ "$i" = $HEAD ]; then
    args+=(--head --port=6379 --dashboard-host="$(address "$i")" --dashboard-port=8265 --no-monitor)
    [ "$NODES" = 1 ] || cpus=0 gpus=0
  else
    args+=(--address="$(address $HEAD):6379")
  fi
  args+=(--num-cpus="$cpus" --num-gpus="$gpus")
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      [ "$fd" -gt 2 ] && eval "exec $fd>&-" 2>/dev/null
    done
    cd "$DIR" && exec setsid nsenter --net="/run/netns/$NAME-n$i" unshare -m \
      sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$DIR/node$i" "$DIR/t" \
      env -u RAY_ADDRESS -u PYTHONUNBUFFERED "${settings[@]}" "$VENV/bin/ray" start "${args[@]}" \
      >"$DIR/node$i.log" 2>&1 </dev/null
  ) &
}

# A machine that is lost is seen in seconds, not after the 65 of real clusters.
settings=(RAY_USAGE_STATS_ENABLED=0 RAY_health_check_initial_delay_ms=0 RAY_health_check_period_ms=500
  RAY_health_check_timeout_ms=1000 RAY_health_check_failure_threshold=3 RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$TOKEN)

# `ray start` gives up after thirty seconds on a loaded machine; such a node is started again.
are_up() { # LAST: nodes 1 to LAST
  local i
  for i in $(seq "$1"); do start_node "$i"; done
  [ "$(ask '/api/v0/nodes?limit=100' | grep -o '"state": *"ALIVE"' | wc -l)" -ge "$1" ] && ask /api/jobs/
}

up() {
  local why
  why=$(why_not)
  [ -z "$why" ] || die "$why"
  mkdir -p "$DIR" || die "can not make $DIR"
  wait_for $START_SECONDS are_up $HEAD || die "the head does not come up: $(tail -n 3 "$DIR"/node$HEAD.log)"
  wait_for $START_SECONDS are_up $NODES || die "the nodes do not come up: $(tail -n 3 "$DIR"/node*.log)"
}

case ${1:-} in
install) install ;;
why-not) why_not ;;
here) here ;;
up) up ;;
down) unwire_all && rm -rf "$DIR" ;;
status) ask '/api/v0/nodes?limit=100' | grep -oE '"(node_ip|state)": *"[^"]*"' ;;
env) echo "export RAY_URL=$(url) RAY_AUTH_TOKEN=$TOKEN" ;;
*) [ $# = 2 ] && node_command "$@" || { sed -n 2,10p "$0" && exit 2; } ;;
esac
