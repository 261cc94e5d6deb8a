"""A light sentence splitter that respects Markdown: links, code, bold runs, URLs and abbreviations stay whole."""

from __future__ import annotations

import re
from typing import Final

_PROTECTED: Final = re.compile(
    r"`[^`\n]{1,2000}`"
    r"|!?\[(?:[^\[\]]|\[[^\[\]]{0,300}\]){0,1000}\]\([^()\n]{0,2000}\)"
    r"|\*\*[^*\n]{1,1000}\*\*|__[^_\n]{1,1000}__"
    r"|<[^<>\s]{1,500}>|(?:https?://|www\.)[^\s<>)\]]{1,2000}"
)
_END: Final = re.compile(
    r"(?P<line>[ ]{2,}\n|\\\n)"
    r"|(?P<stop>[.!?…]{1,5})(?P<tail>[\"'”’»)\]*_]{0,5})(?=\s)"
    r"|(?P<cjk>[。！？]{1,5}[」』”）]{0,3})"
)
_ABBREVIATIONS: Final = frozenset(
    ["e.g", "i.e", "eg", "ie", "cf", "vs", "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "inc", "ltd", "corp"]
    + ["dept", "incl", "excl", "u.s", "u.k", "a.m", "p.m", "z.b", "bzw", "d.h", "bspw", "ggf", "p.ej", "sra"]
)
_BEFORE_NUMBERS: Final = frozenset(
    ["no", "nr", "fig", "figs", "p", "pp", "art", "sec", "vol", "ver", "ext", "tel", "approx", "ca", "max", "min"]
)
_LAST_WORD: Final = re.compile(r"([^\s(\[\"'“‘*_]{1,20})$")
_STARTS_SENTENCE: Final = re.compile(r"[\s]+[\"'“‘«(\[*_`>¿¡]*(?=(.))", re.DOTALL)


def sentences(text: str) -> list[str]:
    """`text` cut into sentences, each verbatim but for the white space around it. A forced line break ends one."""
    blocked = [match.span() for match in _PROTECTED.finditer(text)]
    found: list[str] = []
    start = 0
    next_blocked = 0
    for match in _END.finditer(text):
        while next_blocked < len(blocked) and blocked[next_blocked][1] <= match.start():
            next_blocked += 1
        inside = next_blocked < len(blocked) and blocked[next_blocked][0] < match.start()
        if inside or not _ends_sentence(text, start, match):
            continue
        found.append(text[start : match.end()])
        start = match.end()
    found.append(text[start:])
    return [sentence for sentence in (_tidy(piece) for piece in found) if sentence]


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    if match["line"] is not None or match["cjk"] is not None:
        return True
    following = _STARTS_SENTENCE.match(text, match.end())
    if following is None:
        return False
    first = following[1]
    if first.islower():
        return False
    if match["stop"] != ".":
        return True
    word = _LAST_WORD.search(text, start, match.start())
    if word is None:
        return True
    last = word[1].lower()
    if last in _ABBREVIATIONS or (last in _BEFORE_NUMBERS and first.isdigit()):
        return False
    # "J. Smith" and "1. Open the lid" are not ends; "Plan B. Then" is rarer than initials in help texts.
    lone_initial = len(last) == 1 and last.isalpha() and word[1].isupper()
    leading_number = last.isdigit() and not text[start : word.start()].strip()
    return not (lone_initial or leading_number)


def _tidy(piece: str) -> str:
    return piece.strip().removesuffix("\\").rstrip()
