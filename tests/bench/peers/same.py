"""Fails unless two JSONL files hold the same samples in the same order."""
import itertools
import json
import sys

with open(sys.argv[1], encoding="utf-8") as a, open(sys.argv[2], encoding="utf-8") as b:
    for number, (x, y) in enumerate(itertools.zip_longest(a, b), 1):
        if x is None or y is None or json.loads(x) != json.loads(y):
            sys.exit(f"{sys.argv[1]} and {sys.argv[2]} differ in row {number}")
