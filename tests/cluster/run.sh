#!/bin/sh
# make test-cluster [CLUSTERS="slurm ray"]: installs Slurm and Ray, and for each starts a cluster of three nodes, measures,
# runs its spec and takes it down. What can not be had here is skipped, and the reason told; with DM_NO_SKIP that is a failure.
cd "$(dirname "$0")/../.." || exit 1
: "${DMHOST:=$PWD/build/dmhost}"
export DMHOST
status=0

tests/deps.sh cluster || echo "test-cluster: not all packages could be installed"
case $* in *ray*) tests/cluster/ray.sh install ;; esac
tests/cluster/first_row.sh local || status=1
[ -s build/demo/corpus.jsonl ] || "$DMHOST" lua tests/bench/corpus.lua demo build/demo || status=1

for cluster in "$@"; do
  script=tests/cluster/$cluster.sh
  why=$($script why-not)
  if [ -n "$why" ]; then
    echo "test-cluster: SKIPPED $cluster: $why"
    [ -z "${DM_NO_SKIP:-}" ] || status=1
    continue
  fi
  echo "test-cluster: $cluster"
  $script up && tests/cluster/first_row.sh $cluster &&
    "$DMHOST" test --timeout 900 tests/cluster/${cluster}_spec.lua || status=1
  $script down || status=1
done
exit $status
