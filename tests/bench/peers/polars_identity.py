"""JSONL to JSONL with Polars, streaming, on one thread."""
import os
import sys

os.environ["POLARS_MAX_THREADS"] = "1"
import polars  # reads that when it is imported

polars.scan_ndjson(sys.argv[1], infer_schema_length=1000).sink_ndjson(sys.argv[2])
