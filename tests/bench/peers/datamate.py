"""The twelve operators of tests/bench/works/datamate.lua in CPython: json, compiled patterns, and the libraries that
DataMate's own operators call, emoji and email_validator.

argv: input, output.
"""
import json
import re
import sys

import emoji
from email_validator import EmailNotValidError, validate_email

NAMES = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br "
    "button canvas caption center cite code col colgroup command content data datalist dd del details dfn dialog dir div "
    "dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr "
    "html i iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee menu "
    "menuitem meta meter nav nobr noembed noframes noscript object ol optgroup option output p param picture plaintext "
    "pre progress q rp rt rtc ruby s samp script section select shadow small source spacer span strike strong style sub "
    "summary sup template textarea tfoot thead time title track tt u ul var video wbr xmp"
).replace(" ", "|")
TAGS = re.compile(rf"<(?:{NAMES})(?:\s[^>]*)?>|</(?:{NAMES})>", re.IGNORECASE)
ANY_TAG = re.compile(r"<\w+(?:\s+[^<>]*?)?>")
ATTRIBUTE = re.compile(r'\s*\b(?!(?:colspan|rowspan)=)(\w+)="[^"]+"')
INVISIBLE = re.compile("[\x00-\x07\x0e-\x13\x15-\x1f\x7f-\xa0|]")
WIDE = {c: c - 0xFEE0 for c in range(0xFF02, 0xFF5F) if chr(c) not in "（），：；？"}
SPACES = dict.fromkeys([0xA0, 0x1680, 0x180E, *range(0x2000, 0x200E), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000,
                        0xFEFF], " ")
TOKENS = "~·！@#￥%…&*（）—+-={}|【】、：“”‘’；《》？，。`!$^()_[]\\:\";'<>?,/."
TIGHT = rf"[\u4e00-\u9fa5{re.escape(TOKENS)}]"
SOME_SPACES = re.compile("  +")
TIGHT_SPACES = re.compile(f"(?<={TIGHT}) +(?={TIGHT})")
BLANKS = re.compile("[ \n]{2,}")
FREE = r"[^A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]"
MAILS = re.compile(rf"(?<={FREE})([a-zA-Z\d.\-+_]+\s?@\s?[a-zA-Z\d.\-+_]+\.[a-zA-Z0-9]{{2,6}})(?={FREE})")
URLS = re.compile(r"((?:https?|ftp|file)://|(?<![a-zA-Z\-.])www\.)[-A-Za-z0-9+&@()#/%?=^~_|!:,.;]+[-A-Za-z0-9+&@#/%=~_|]"
                  r"(?![-A-Za-z0-9+&@#/%=~_|])")
PHONES = re.compile(
    r"(?<=\D)(?:[(（]?\+?(?:00)?86[)）]?[\- ]?)?(?:1[3-9]\d[\- ]?\d{4}[\- ]?\d{4}"
    r"|[(（]?0?[12]\d[)）]?[ \-]?[2-8]\d{3}[ \-]?\d{4}|[(（]?0?[3-9]\d\d[)）]?[ \-]?[2-8]\d\d\d?[ \-]?\d{4})(?=\D)")
IDS = re.compile(
    r"(?<=[^0-9])((?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)(?:[012][0-9]|3[0-4]|4[0-3]|5[1-3]|90)"
    r"(?:[0123][0-9]|4[0-3]|5[1-7]|6[1-4]|7[1-4]|8[1-7])(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"\d{3}[0-9xX])(?=[^0-9xX])")
PUNCTUATION = set("~·！@#￥%…&*（）—+-={}|【】、：“；‘《》？，。`!$^()_[]\\:\";'<>?,/")
ENDS = re.compile("^[ \xa0\u1680\u2000-\u200f\u202f\u205f\u3000]+|[ \xa0\u1680\u2000-\u200f\u202f\u205f\u3000]+$")


def squeeze(text):
    lines = text.translate(SPACES).strip().split("\n")
    text = SOME_SPACES.sub(" ", "【" + "\n".join(line.strip() for line in lines) + "】")
    return BLANKS.sub("\n", TIGHT_SPACES.sub("", text))[1:-1]


def hide_mails(text):
    text = "龥" + text + "龥"
    for mail in MAILS.findall(text):
        try:
            validate_email(mail, check_deliverability=False)
        except EmailNotValidError:
            continue
        text = re.sub(f"(?<={FREE}){re.escape(mail)}(?={FREE})", "<email>", text, count=1)
    return text[1:-1]


def hide_ids(text):
    text = "【" + text + "】"
    for number in IDS.findall(text):
        text = re.sub(f"(?<=[^0-9]){number}(?=[^0-9xX])", "<id>", text)
    return text[1:-1]


def clean(text):
    text = ANY_TAG.sub(lambda tag: ATTRIBUTE.sub("", tag[0]), TAGS.sub("", text))
    text = INVISIBLE.sub("", text).translate(WIDE).translate(SPACES)
    text = hide_mails(squeeze(text))
    text = URLS.sub("<url>", "【" + text + "】")
    text = hide_ids(PHONES.sub("<tel>", text)[1:-1])
    return "\n".join(emoji.replace_emoji(line, "") for line in text.split("\n"))


def is_kept(text):
    return 10 <= len(ENDS.sub("", text)) <= 10000000 and sum(c in PUNCTUATION for c in text) / len(text) < 0.3


def main():
    with open(sys.argv[1], encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
        for row in rows:
            sample = json.loads(row)
            sample["text"] = text = clean(sample["text"])
            if is_kept(text):
                out.write(json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n")


main()
