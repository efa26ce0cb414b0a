#!/usr/bin/env bash
# Prints how long it takes from `dmhost run` to the first row of its output: tests/cluster/first_row.sh local|slurm|ray
# Slurm and Ray beside the time that an empty job of their own takes. The median of some runs; the machine should be idle.
set -eu
cd "$(dirname "$0")/../.."
dmhost=${DMHOST:-$PWD/build/dmhost} rounds=${ROUNDS:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for i in $(seq 1000); do echo "{\"id\":$i,\"text\":\"row $i\"}"; done >"$folder/in.jsonl"

microseconds() { echo "${EPOCHREALTIME/./}"; }
median() { sort -n | awk '{ x[NR] = $1 } END { printf "%d ms\n", x[int((NR + 1) / 2)] / 1000 }'; }

first_row() { # OPTIONS of dmhost run: microseconds
  local begin
  begin=$(microseconds)
  (cd "$folder" && "$dmhost" run -e 'return dm.pipeline { operators = { { "text_length_filter", min_len = 1 } } }' \
    -i in.jsonl -o - -q "$@") | { read -r _ && echo $(($(microseconds) - begin)) && cat >/dev/null; }
}

empty_srun() { # microseconds to its first word
  local begin
  begin=$(microseconds)
  srun -n1 --gres=none -i none echo begun | { read -r _ && echo $(($(microseconds) - begin)); }
}

ask() { curl -s -H "Authorization: Bearer $RAY_AUTH_TOKEN" "$@"; }

# As with dmhost's runs, the job before has ended by then: its end takes processors from who begins.
empty_job() { # URL: microseconds from asking for a job to its first deed
  local begin job=first-row-$RANDOM-$RANDOM
  rm -f "$folder/mark"
  begin=$(microseconds)
  ask -o /dev/null -X POST "$1/api/jobs/" -H 'Content-Type: application/json' \
    -d "{\"submission_id\":\"$job\",\"entrypoint\":\"touch $folder/mark\",\"entrypoint_num_cpus\":1}"
  until [ -e "$folder/mark" ]; do sleep 0.01; done
  echo $(($(microseconds) - begin))
  until ask "$1/api/jobs/$job" | grep -qE "SUCCEEDED|FAILED|STOPPED"; do sleep 0.1; done
}

repeat() { for _ in $(seq "$rounds"); do "$@"; done | median; }

case ${1:-local} in
local) echo "first row, local: $(repeat first_row -j 1)" ;;
slurm)
  eval "$(tests/cluster/slurm.sh env)"
  echo "first row, Slurm: $(repeat first_row --engine slurm --workers 1); an empty srun: $(repeat empty_srun)"
  ;;
ray)
  eval "$(tests/cluster/ray.sh env)"
  first_row --engine "ray=$RAY_URL" --workers 1 >/dev/null # each node unpacks it once
  echo "first row, Ray: $(repeat first_row --engine "ray=$RAY_URL" --workers 1); an empty job: $(repeat empty_job "$RAY_URL")"
  ;;
esac
