"""The filter of tests/bench/works/filter.lua with DuckDB on one thread."""
import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET threads TO 1")
connection.execute(
    f"COPY (SELECT * FROM read_ndjson('{sys.argv[1]}', maximum_object_size=33554432)"
    " WHERE meta.lang = 'zh-CN' AND length(text) > 200)"
    f" TO '{sys.argv[2]}' (FORMAT json)"
)
