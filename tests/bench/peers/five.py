"""The five inline operators of tests/bench/works/five.lua in CPython, with the json of its standard library."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
    for row in rows:
        sample = json.loads(row)
        text = sample["text"]
        sample["upper"] = text.upper()
        sample["text"] = text = text.lower()
        sample["length"] = len(text)
        if "lorem ipsum" in text:
            continue
        sample["text"] = text + " end"
        out.write(json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n")
