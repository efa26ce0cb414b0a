#!/bin/sh
# make test-llm: makes a tiny random model, installs llama.cpp's server from PyPI into build/model, and runs the spec
# against it. What can not be had here is skipped, and the reason told; with DM_NO_SKIP that is a failure.
# RECORD=1 also writes what the server answers to tests/net/recorded, for the suite that has no such server.
cd "$(dirname "$0")/../.." || exit 1
: "${DMHOST:=$PWD/build/dmhost}"
export DMHOST
place=$PWD/build/model

skip() {
  echo "test-llm: SKIPPED: $1"
  [ -z "${DM_NO_SKIP:-}" ]
  exit
}

tests/deps.sh model || skip "Debian's packages can not be installed"
mkdir -p "$place"
if ! "$place/venv/bin/python" -c "import xllamacpp" 2>/dev/null; then
  python3 -m venv "$place/venv" && "$place/venv/bin/pip" install -q "xllamacpp==2026.10.11549" 2>"$place/pip.log" \
    || skip "xllamacpp can not be had from PyPI: $(tail -n 1 "$place/pip.log")"
fi
"$place/venv/bin/python" -c "import xllamacpp" || skip "xllamacpp does not run on this machine"
python3 tests/model/model.py "$place/model.gguf" || exit 1
exec "$DMHOST" test --timeout 600 tests/model/model_spec.lua
