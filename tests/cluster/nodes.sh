# Nodes of a cluster made of one machine: each is a network namespace with an address of its own on a bridge, whose
# other end is this machine. To be sourced by slurm.sh and ray.sh, which say how a node is started. They set
#   NAME (of a few letters: begins the names of namespaces and links), NET (10.77.0: its addresses), DIR (state)
# Node I has the address NET.I, this machine NET.254.

PATH=$PATH:/usr/sbin:/sbin

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

address() { echo "$NET.$1"; }
here() { echo "$NET.254"; }

# Why nodes can not be had here; nothing when they can.
why_no_nodes() {
  [ "$(id -u)" = 0 ] || { echo "network namespaces need root"; return; }
  command -v ip >/dev/null || { echo "there is no ip (apt-get install iproute2)"; return; }
  ip netns add "$NAME-try" 2>/dev/null || { echo "network namespaces are not allowed here"; return; }
  ip netns del "$NAME-try"
  ip link add "$NAME-try" type bridge 2>/dev/null || { echo "bridges are not allowed here"; return; }
  ip link del "$NAME-try"
}

wire() { # NODE: its namespace and link; can be repeated, as what is deleted takes a moment to be gone
  if ! ip link show "$NAME-br" >/dev/null 2>&1; then
    ip link add "$NAME-br" type bridge && ip addr add "$(here)/24" dev "$NAME-br" && ip link set "$NAME-br" up || return 1
  fi
  if ! ip link show "$NAME-l$1" >/dev/null 2>&1; then
    ip netns list | grep -qw "$NAME-n$1" || ip netns add "$NAME-n$1" || return 1
    ip link add "$NAME-l$1" type veth peer name eth0 netns "$NAME-n$1" || return 1
    ip link set "$NAME-l$1" master "$NAME-br" && on "$1" ip link set lo up &&
      on "$1" ip addr add "$(address "$1")/24" dev eth0 && on "$1" ip link set eth0 up || return 1
  fi
  mend "$1"
}

# NODE COMMAND... Not by `ip netns exec`, which puts another /sys in place, without the control groups that slurmd asks for.
on() {
  local node=$1
  shift
  nsenter --net="/run/netns/$NAME-n$node" "$@"
}

pids() { ip netns pids "$NAME-n$1" 2>/dev/null; } # NODE: everything that runs there

cut_off() { ip link set "$NAME-l$1" down; } # NODE: its cable is pulled
mend() { ip link set "$NAME-l$1" up; }

# NODE: everything on it is killed. Stopped first, so that nobody cleans up or starts something again.
crash() {
  local list
  for _ in $(seq 100); do
    list=$(pids "$1")
    [ -n "$list" ] || return 0
    kill -STOP $list 2>/dev/null
    kill -KILL $list 2>/dev/null
    sleep 0.1
  done
  die "node $1 does not end: $(pids "$1")"
}

power_off() { # NODE: nobody is told
  cut_off "$1"
  crash "$1"
}

unwire_all() {
  local namespace
  for namespace in $(ip netns list | awk '{ print $1 }' | grep "^$NAME-n"); do
    crash "${namespace#"$NAME-n"}"
    ip netns del "$namespace"
  done
  ip link show "$NAME-br" >/dev/null 2>&1 && ip link del "$NAME-br"
  return 0
}

wait_for() { # SECONDS COMMAND...
  local tries=$(($1 * 20))
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.05
  done
}

# The commands that both have in common; the others stand in the script itself.
node_command() { # VERB NODE
  case $1 in
  start) start_node "$2" ;;
  crash) crash "$2" ;;
  power-off) power_off "$2" ;;
  cut) cut_off "$2" ;;
  mend) mend "$2" ;;
  pids) pids "$2" ;;
  *) return 2 ;;
  esac
}
