"""How a passage's quotes lie in its text: which share a paragraph, which make up one list, and what may be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from knowledge_base.model import Passage, Quote, QuoteKind

_IMAGE: Final = re.compile(r"!\[[^\]\n]{0,1000}\](?:\([^()\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_LINK: Final = re.compile(
    r"\[((?:[^\[\]\n]|\[[^\[\]\n]{0,300}\]){1,1000})\]\(([^()\s]{0,2000}(?:\([^()\s]{0,300}\))?)[^()\n]{0,300}\)"
)
_ALERT: Final = re.compile(r"^\s*>?\s*\[!\w+\]\s*")
_QUOTE_MARK: Final = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_MARKER_LIKE: Final = re.compile(r"\[(\d{1,2})\](?!\()")
_SPACES: Final = re.compile(r"[ \t]*\n[ \t]*")


class Paragraphs:
    """Finds which quotes of a passage share a paragraph. A quote that is not found shares one with nobody."""

    def __init__(self, passage: Passage) -> None:
        self._text = passage.text
        self._places: list[int] = []
        place = 0
        for quote in passage.quotes:
            found = passage.text.find(quote.text, place)
            self._places.append(found)
            place = found if found >= 0 else place

    def together(self, first: int, second: int) -> bool:
        if first < 0 or second >= len(self._places):
            return False
        start, end = self._places[first], self._places[second]
        return 0 <= start <= end and "\n\n" not in self._text[start:end]

    def around(self, index: int) -> tuple[int, ...]:
        """All quotes of the paragraph that the quote at `index` is in."""
        first = last = index
        while self.together(first - 1, index):
            first -= 1
        while self.together(index, last + 1):
            last += 1
        return tuple(range(first, last + 1))

    def span(self, indices: Sequence[int], quotes: Sequence[Quote]) -> str:
        """The passage's text from the first quote to the end of the last, verbatim, or "" where they are not found."""
        start, last = self._places[indices[0]], self._places[indices[-1]]
        return self._text[start : last + len(quotes[indices[-1]].text)] if 0 <= start <= last else ""


def same_list(quotes: Sequence[Quote], index: int) -> list[int]:
    """Indices of the list or table that the quote at `index` is part of; items nested in steps belong to them."""
    kind, lead = quotes[index].kind, quotes[index].lead
    belongs = [quote.kind is kind and quote.lead == lead for quote in quotes]
    first = _reach(quotes, belongs, index, -1)
    last = _reach(quotes, belongs, index, 1)
    return list(range(first, last + 1))


def _reach(quotes: Sequence[Quote], belongs: Sequence[bool], index: int, step: int) -> int:
    """How far the list goes in one direction: over its own kind, and over items between two steps."""
    found = place = index
    while 0 <= place + step < len(quotes):
        place += step
        if belongs[place]:
            found = place
        elif quotes[index].kind is not QuoteKind.STEP or quotes[place].kind is not QuoteKind.ITEM:
            break
    return found


def shown(text: str) -> str:
    """Quoted Markdown as a customer may see it: no images, only https links, nothing that looks like a marker."""
    bare = _QUOTE_MARK.sub("", _ALERT.sub("", _IMAGE.sub("", text)))
    linked = _LINK.sub(lambda found: found.group() if found.group(2).startswith("https://") else found.group(1), bare)
    # "[1]" written in an article would otherwise read as a citation of ours.
    return _SPACES.sub(" ", _MARKER_LIKE.sub(r"(\1)", linked)).strip()
