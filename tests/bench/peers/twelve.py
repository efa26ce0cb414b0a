"""The twelve operators of tests/bench/works/twelve.lua in CPython: json, ftfy, compiled patterns, string methods.

argv: input, output, the special characters as a JSON list of code points.
"""
import json
import re
import sys

import ftfy
from six import EMAILS, LINKS, SPACES, repetition

MARKS = {ord(c): to for chars, to in (
    ("，、", ","), ("。", "."), ("„“”«»「」《》１", '"'), ("´’", "'"), ("：∶", ":"), ("？", "?"), ("！", "!"), ("（", "("),
    ("）", ")"), ("；", ";"), ("–━►", "-"), ("—", " - "), ("．", ". "), ("～", "~"), ("…", "..."), ("〈", "<"), ("〉", ">"),
    ("【", "["), ("】", "]"), ("％", "%")) for c in chars}
NUMBER = "(?:1[0-9][0-9]|2[0-4][0-9]|25[0-5]|[1-9][0-9]|[0-9])"
ADDRESSES = re.compile(rf"(?:{NUMBER}\.){{3}}{NUMBER}|(?:[\da-fA-F]{{1,4}}:){{7}}[\da-fA-F]{{1,4}}")
COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
COPYRIGHT = re.compile("copyright", re.IGNORECASE)


def without_copyright(text):
    found = COMMENT.search(text)
    if found:
        return text[: found.start()] + text[found.end() :] if COPYRIGHT.search(found[0]) else text
    lines = text.split("\n")
    skip = 0
    while skip < len(lines) and (not lines[skip] or lines[skip].startswith(("//", "#", "--"))):
        skip += 1
    return "\n".join(lines[skip:]) if skip else text


def clean(text):
    text = ftfy.fix_text(text, normalization="NFC")
    text = text.translate(MARKS).strip().translate(SPACES)
    for pattern in (LINKS, EMAILS, ADDRESSES):
        text = pattern.sub("", text)
    return without_copyright(text)


def is_kept(text, special):
    n = len(text)
    if not 50 <= n <= 1000000 or sum(c in special for c in text) / n > 0.4 or repetition(text) > 0.5:
        return False
    if sum(map(str.isalnum, text)) / n < 0.1:
        return False
    lines = text.splitlines()
    return n / len(lines) >= 5


def main():
    with open(sys.argv[3], encoding="utf-8") as listed:
        special = {chr(c) for c in json.load(listed)}
    with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
        for row in rows:
            sample = json.loads(row)
            sample["text"] = text = clean(sample["text"])
            if is_kept(text, special):
                out.write(json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n")


main()
