#!/bin/sh
# Installs Data-Juicer into build/datajuicer, with versions of what it needs that fit each other. It fetches the rest, torch
# among it, when it is first imported.
set -eu
python=build/datajuicer/bin/python
[ -x "$python" ] || python3 -m venv build/datajuicer
"$python" -c 'import data_juicer.ops' 2>/dev/null && exit 0
echo "installing Data-Juicer into build/datajuicer: some gigabytes"
"$python" -m pip install --quiet py-data-juicer==1.4.3
"$python" -m pip install --quiet 'pyarrow==17.0.0' 'pandas==2.2.3' 'datasets==2.21.0' 'numpy<2' 'huggingface-hub<0.30' \
  'fsspec==2023.5.0' 'opencc==1.1.9' 'selectolax==0.3.34'
"$python" -c 'import data_juicer.ops'
