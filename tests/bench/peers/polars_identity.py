"""JSONL to JSONL with Polars, streaming, on one thread if POLARS_MAX_THREADS=1."""
import sys

import polars

polars.scan_ndjson(sys.argv[1], infer_schema_length=1000).sink_ndjson(sys.argv[2])
