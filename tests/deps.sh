#!/bin/sh
# Installs what is missing of Debian's packages:  tests/deps.sh build|test|demo|bench|bench-llm|cluster|model ...
# Says what it installs; silent when nothing is missing.
set -eu

build="gcc libc6-dev make pkg-config libluajit-5.1-dev libuv1-dev libzstd-dev libisal-dev libdeflate-dev libpcre2-dev libxxhash-dev"
build="$build libutf8proc-dev libidn2-dev libexpat1-dev libcurl4-openssl-dev libmicrohttpd-dev libsqlite3-dev libpq-dev nettle-dev libcld2-0 libuchardet0 lua-cjson lua-yaml"
test="lua-busted lua-check clang-format cppcheck clang-14 libclang-rt-14-dev jq zstd gzip procps git python3-jieba fasttext"
test="$test python3 python3-yaml openssl tmux zsh fish nghttp2-server tinyproxy postgresql iproute2"
demo="dpkg"
bench="jq python3 python3-venv python3-pip time xz-utils"
cluster="slurmctld slurmd slurm-client munge iproute2 curl python3-venv python3-pip"
model="python3-venv python3-pip curl"
bench_llm="hey python3-aiohttp time"

wanted=""
for group in "$@"; do
  case $group in
  build) wanted="$wanted $build" ;;
  test) wanted="$wanted $test" ;;
  demo) wanted="$wanted $demo" ;;
  bench) wanted="$wanted $bench" ;;
  bench-llm) wanted="$wanted $bench_llm" ;;
  model) wanted="$wanted $model" ;;
  cluster) wanted="$wanted $cluster" ;;
  *) echo "deps.sh: unknown group $group; one of build test demo bench bench-llm cluster model" >&2; exit 2 ;;
  esac
done

missing=""
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  root=""
elif command -v sudo >/dev/null; then
  root="sudo"
else
  echo "dmhost needs Debian packages that are not installed; as root, run" >&2
  echo "  apt-get install$missing" >&2
  exit 1
fi

echo "installing from Debian:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $root apt-get update && $root apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
