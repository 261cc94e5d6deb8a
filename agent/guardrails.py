"""What the AI agent reads of a message: the text without the characters a person cannot see."""

from __future__ import annotations

import re
import unicodedata

MAX_QUESTION_CHARS = 1_200
"""The encoder reads 256 tokens, about 1,000 characters: more text only costs time (a 100 kB paste cost 60 ms)."""

_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\s*\n\s*")
_JOINERS = frozenset("\u200c\u200d")
_READABLE = frozenset("LNPS")


def clean(text: str) -> str:
    """`text` as a person sees it: compatibility-normalised, without control, bidi, zero-width and tag characters.

    Only the AI agent's view changes; the record keeps what the customer sent. Returns "" when nothing readable is left.
    """
    kept = "".join(_visible(character) for character in text[: 4 * MAX_QUESTION_CHARS])
    normal = unicodedata.normalize("NFKC", kept)
    lines = _BLANK_LINES.sub("\n", _SPACES.sub(" ", normal)).strip()
    if not any(unicodedata.category(character)[0] in _READABLE for character in lines):
        return ""
    return lines


def shorten(text: str) -> str:
    """`text` within MAX_QUESTION_CHARS: its beginning and its end, where people put what they ask."""
    if len(text) <= MAX_QUESTION_CHARS:
        return text
    half = MAX_QUESTION_CHARS // 2
    return f"{text[:half].rsplit(' ', 1)[0]} {text[-half:].split(' ', 1)[-1]}"


def fold(text: str) -> str:
    """Lower case, without accents, with straight apostrophes: what the rules are matched against."""
    if text.isascii():
        return text.lower().replace("`", "'")
    straight = text.translate({0x2019: "'", 0x2018: "'", 0x00B4: "'", 0x0060: "'", 0x00DF: "ss"})
    decomposed = unicodedata.normalize("NFD", straight.lower())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    # Cf holds zero-width, bidi and tag characters; Cs lone surrogates, which no encoder accepts.
    # Joiners are dropped too: emoji fall apart into their parts, which is all the same for a search.
    if category in ("Cf", "Cs", "Co", "Cn") or character in _JOINERS:
        return ""
    return character
