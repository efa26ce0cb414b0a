#!/usr/bin/env bash
# A Slurm of three nodes on this machine, for tests:  slurm.sh VERB [NODE]
#   up | down | status | env (to be evaluated: sets SLURM_CONF) | here (this machine's address)
#   start N | crash N | power-off N | cut N | mend N    a node, see nodes.sh
#   stop-controller | start-controller                  slurmctld
#   why-not                                             why it can not be had here; nothing when it can
# Needs slurmctld, slurmd, slurm-client and munge of Debian 12, and root. Nothing is written outside DM_SLURM_DIR. Two
# clusters side by side need two values of DM_SLURM_DIR and DM_SLURM_NAME, DM_SLURM_NET and DM_SLURM_PORT.
set -u
DIR=${DM_SLURM_DIR:-/tmp/dmhost-slurm}
NAME=${DM_SLURM_NAME:-dmslurm}
NET=${DM_SLURM_NET:-10.78.0}
PORT=${DM_SLURM_PORT:-16817} # of slurmctld; nodes have the next one, srun those from 100 more
NODES=3 CPUS=4 MEGABYTES=4000 GPUS=2
. "$(dirname "$0")/nodes.sh"
export SLURM_CONF=$DIR/slurm.conf

why_not() {
  local program
  for program in slurmctld slurmd srun munged; do
    command -v $program >/dev/null || { echo "there is no $program (tests/deps.sh cluster)"; return; }
  done
  why_no_nodes
}

# A pid file names a process of that program. One that init has not reaped yet counts as gone.
runs() { # PIDFILE PROGRAM
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] &&
    ! grep -q '^State:.[ZX]' "/proc/$pid/status"
}
runs_not() { ! runs "$@"; }

stop() { # PIDFILE PROGRAM
  runs "$1" "$2" || return 0
  kill "$(cat "$1")"
  wait_for 10 runs_not "$1" "$2" || kill -9 "$(cat "$1")"
}

# GPUs must be device files: those here are null's.
write_configuration() {
  local i g host
  host=$(hostname -s)
  mkdir -p "$DIR"/{munge,state,log,dev} || die "can not make $DIR"
  chmod 755 "$DIR" "$DIR"/*
  chmod 711 "$DIR/munge"
  [ -s "$DIR/munge/key" ] || (umask 077 && head -c 1024 /dev/urandom >"$DIR/munge/key")
  cat >"$SLURM_CONF" <<CONF
ClusterName=dmhost
SlurmctldHost=$host($(here))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/socket,cred_expire=5
CredType=cred/munge
SlurmctldPort=$PORT
SlurmdPort=$((PORT + 1))
SrunPortRange=$((PORT + 100))-$((PORT + 999))
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmctldLogFile=$DIR/log/slurmctld
SlurmdPidFile=$DIR/slurmd.%n.pid
SlurmdLogFile=$DIR/log/slurmd.%n
SlurmdSpoolDir=$DIR/spool.%n
StateSaveLocation=$DIR/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=2
# a lost node is seen in seconds, not in the five minutes of real clusters
SlurmdTimeout=3
SlurmctldTimeout=10
MessageTimeout=3
TCPTimeout=2
InactiveLimit=0
KillWait=2
WaitTime=0
UnkillableStepTimeout=10
BatchStartTimeout=10
MinJobAge=300
ReturnToService=2
SlurmdParameters=config_overrides
CONF
  : >"$DIR/gres.conf"
  for i in $(seq $NODES); do
    echo "NodeName=node$i NodeHostname=$host NodeAddr=$(address "$i") CPUs=$CPUS RealMemory=$MEGABYTES Gres=gpu:$GPUS" \
      >>"$SLURM_CONF"
    for g in $(seq 0 $((GPUS - 1))); do
      [ -c "$DIR/dev/node$i-gpu$g" ] || mknod -m 666 "$DIR/dev/node$i-gpu$g" c 1 3 || die "can not make a device"
    done
    echo "NodeName=node$i Name=gpu File=$DIR/dev/node$i-gpu[0-$((GPUS - 1))]" >>"$DIR/gres.conf"
  done
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >>"$SLURM_CONF"
  echo "CgroupAutomount=no" >"$DIR/cgroup.conf"
}

start_munge() {
  runs "$DIR/munged.pid" munged && return
  rm -f "$DIR"/munge/socket*
  munged --force --key-file="$DIR/munge/key" --socket="$DIR/munge/socket" --pid-file="$DIR/munged.pid" \
    --log-file="$DIR/log/munged" --seed-file="$DIR/munge/seed" </dev/null >"$DIR/log/munged.start" 2>&1 ||
    die "munged: $(cat "$DIR/log/munged.start")"
  wait_for 5 munge -n -S "$DIR/munge/socket" || die "munged does not answer"
}

start_controller() {
  runs "$DIR/slurmctld.pid" slurmctld && return
  slurmctld -f "$SLURM_CONF" </dev/null >"$DIR/log/slurmctld.start" 2>&1 ||
    die "slurmctld: $(cat "$DIR/log/slurmctld.start")"
}

start_node() { # NODE
  wire "$1" || return 1
  [ -z "$(pids "$1")" ] || return 0
  mkdir -p "$DIR/spool.node$1"
  on "$1" slurmd -N "node$1" -f "$SLURM_CONF" </dev/null >"$DIR/log/slurmd.node$1.start" 2>&1
}

# A slurmd that ended at once, its port being taken still by the one before, is started again.
is_up() {
  local i
  for i in $(seq $NODES); do start_node "$i"; done
  [ "$(sinfo -h -N -o %T | grep -cE '^(idle|mixed|allocated)$')" = $NODES ]
}

up() {
  local why node state
  why=$(why_not)
  [ -z "$why" ] || die "$why"
  runs "$DIR/slurmctld.pid" slurmctld || write_configuration
  wait_for 10 wire 1 || die "can not make a node" # the bridge has the controller's address
  start_munge
  start_controller
  for node in $(seq $NODES); do start_node "$node"; done
  sinfo -h -N -o '%N %T' | while read -r node state; do
    case $state in drain* | down*) scontrol update nodename="$node" state=resume 2>/dev/null ;; esac
  done
  wait_for 30 is_up || die "the nodes do not come up: $(sinfo -N)"
}

down() {
  [ -e "$SLURM_CONF" ] || return 0
  stop "$DIR/slurmctld.pid" slurmctld
  unwire_all
  stop "$DIR/munged.pid" munged
  rm -rf "$DIR"
}

case ${1:-} in
up) up ;;
down) down ;;
why-not) why_not ;;
here) here ;;
status) sinfo -N -o '%8N %10T %4c %6m %12G %E' && squeue ;;
env) echo "export SLURM_CONF=$SLURM_CONF" ;;
stop-controller) stop "$DIR/slurmctld.pid" slurmctld ;;
start-controller) start_controller ;;
*) [ $# = 2 ] && node_command "$@" || { sed -n 2,6p "$0" && exit 2; } ;;
esac
