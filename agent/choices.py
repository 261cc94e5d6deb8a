"""What a reply gives the customer to choose from, and which of it they then took: pressed, named or by its place.

The choices stand in the reply itself, so that they reach every channel and need no store of their own: they are the
bold beginnings of the list right above the closing question. The widget draws the same ones as buttons.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.guardrails import fold
from tools.order_reference import numbers_in

_CHOICE: Final = re.compile(r"^- \*\*(.+?)\*\*", re.MULTILINE)
_ORDINAL: Final = re.compile(r"\b(first|second|third|fourth|fifth|last|1st|2nd|3rd|4th|5th)(?: one| order)?\b")
_NUMBERED: Final = re.compile(r"(?:the )?(?:number |no\.? ?|option |#)?([1-5])[.)]?")
_PLACES: Final = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
    "last": -1,
}  # fmt: skip
_LONGEST_ANSWER: Final = 8
"""Words: "when does my first order of the year arrive, by the way" is a question of its own."""


def choices_in(reply: str) -> tuple[str, ...]:
    """The choices of a reply, in their order; none where no list stands above its last paragraph."""
    paragraphs = reply.split("\n\n")
    return tuple(dict.fromkeys(_CHOICE.findall(paragraphs[-2]))) if len(paragraphs) > 1 else ()


def points(folded: str) -> bool:
    """Whether a message speaks of a place in a list."""
    return _ORDINAL.search(folded) is not None or _NUMBERED.fullmatch(folded) is not None


def chosen(folded: str, choices: Sequence[str]) -> str | None:
    """The choice that a short message takes, by its name or its place ("the second one", "2"); else None."""
    pressed = next((choice for choice in choices if fold(choice) == folded), None)
    if pressed is not None or len(folded.split()) > _LONGEST_ANSWER:
        return pressed
    named = next((choice for choice in choices if choice.casefold() in folded), None)
    if named is not None:
        return named
    numbered = _NUMBERED.fullmatch(folded)
    spoken = _ORDINAL.search(folded)
    if numbered is None and spoken is None:
        return None
    place = int(numbered[1]) - 1 if numbered else _PLACES[spoken[1]] if spoken else 0
    return choices[place] if -len(choices) <= place < len(choices) else None


def order_of(choice: str) -> str | None:
    """The number of the order that a choice names, or None where it names something else."""
    return next(iter(numbers_in(choice)), None) if choice.startswith("Order ") else None
