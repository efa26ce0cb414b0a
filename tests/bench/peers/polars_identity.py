"""JSONL to JSONL with Polars, streaming; POLARS_MAX_THREADS is set by the caller."""
import sys

import polars

polars.scan_ndjson(sys.argv[1], infer_schema_length=1000).sink_ndjson(sys.argv[2])
