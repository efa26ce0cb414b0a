#!/usr/bin/env bash
# Gets what `make bench` measures against: DuckDB and Polars from PyPI, and the libraries that the peers' operators call
# there; jaq from crates.io where there is cargo.
set -eu
python=build/bench/venv/bin/python
[ -x "$python" ] || python3 -m venv build/bench/venv
"$python" -c 'import duckdb, polars, ftfy, emoji, email_validator' 2>/dev/null ||
  "$python" -m pip install --quiet duckdb polars ftfy==6.3.1 emoji==2.2.0 email-validator
if ! [ -x build/bench/bin/jaq ] && command -v cargo >/dev/null; then
  cargo install --quiet --root build/bench jaq 2>/dev/null || echo "without jaq, which cargo does not give" >&2
fi
