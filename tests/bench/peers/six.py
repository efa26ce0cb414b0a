"""The six operators of tests/bench/works/six.lua in CPython: json, compiled patterns, a set of special characters.

argv: input, output, the special characters as a JSON list of code points.
"""
import json
import math
import re
import sys
from collections import Counter

SPACES = {ord(c): " " for c in "\t \u0084\u00a0" + "".join(map(chr, range(0x2000, 0x200E))) + "\u202f\u205f\u2060\u3000\ufffc"}
# The peer's own pattern repeats a repetition, which takes for ever on some rows; this one matches the same.
INSIDE = r"\((?:[^\s()<>]|\([^\s()<>]+\))*\)"
LINKS = re.compile(
    r"\b(?:[a-z][\w\-]+:(?:/{1,3}|[a-z0-9%])|www\d{0,3}[.]|[a-z0-9.\-]+[.][a-z]{2,4}/)"
    rf"(?:[^\s()<>]|{INSIDE})+(?:{INSIDE}|[^\s`!()\[\]{{}};:'\".,<>?«»“”‘’])",
    re.IGNORECASE,
)
EMAILS = re.compile(r"[A-Za-z0-9.\-+_]+@[a-z0-9.\-+_]+\.[a-z]+")


def repetition(text, n=10):
    """Share of the most frequent runs of n characters, as Data-Juicer counts them."""
    runs = Counter(text[i : i + n] for i in range(len(text) - n + 1))
    if not runs:
        return 0.0
    counts = sorted(runs.values(), reverse=True)
    once = counts.count(1)
    most = min(int(math.sqrt(len(counts))), len(counts) - once)
    return sum(counts[:most]) / sum(counts)


def main():
    with open(sys.argv[3], encoding="utf-8") as listed:
        special = {chr(c) for c in json.load(listed)}
    with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
        for row in rows:
            sample = json.loads(row)
            text = sample["text"].strip().translate(SPACES)
            text = EMAILS.sub("", LINKS.sub("", text))
            sample["text"] = text
            if not 50 <= len(text) <= 1000000:
                continue
            if sum(c in special for c in text) / len(text) > 0.4 or repetition(text) > 0.5:
                continue
            out.write(json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
