"""How a simulated customer writes: the same line in many hands. Numbers of orders stay as they are."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

Style = Callable[[str, random.Random], str]

_NUMBERED: Final = re.compile(r"\bNP-\d+\b|\d")
_POLITE: Final = re.compile(r"\b(?:please|I would like to|I'd like to|could you|can you)\b\s*", re.IGNORECASE)
_RAMBLES: Final = (
    "Hi there, hope you are all well, it has been raining here for days.",
    "So my sister told me to just write to you, she is good with these things.",
    "I was out with the dog when I noticed.",
    "We have been customers since the first store opened, you know.",
)
_SHORT_FORMS: Final = {
    "please": "pls", "you": "u", "are": "r", "because": "cuz", "to": "2", "for": "4", "thanks": "thx", "want": "wanna",
}  # fmt: skip
_NON_NATIVE: Final = (
    (re.compile(r"\bI would like to\b|\bI'd like to\b", re.IGNORECASE), "I am wanting to"),
    (re.compile(r"\b(?:the|a|an) "), ""),
    (re.compile(r"\bdo you\b", re.IGNORECASE), "you"),
    (re.compile(r"\barrived\b"), "is arrive"),
)


def _plain(text: str, _: random.Random) -> str:
    return text


def _terse(text: str, _: random.Random) -> str:
    return _POLITE.sub("", text).rstrip(".?!").lower().replace("np-", "NP-")


def _rambling(text: str, chance: random.Random) -> str:
    before, after = chance.sample(_RAMBLES, 2)
    return f"{before} {text} {after}"


def _shouting(text: str, _: random.Random) -> str:
    return f"{text.upper().rstrip('.?!')}!!!"


def _texting(text: str, _: random.Random) -> str:
    words = text.lower().replace("np-", "NP-").rstrip(".?!").split()
    return " ".join(_SHORT_FORMS.get(word, word) for word in words)


def _non_native(text: str, _: random.Random) -> str:
    for pattern, instead in _NON_NATIVE:
        text = pattern.sub(instead, text)
    return text


def _slips(text: str, chance: random.Random) -> str:
    """Two neighbouring letters change places in about every fifth longer word."""
    return " ".join(_slip(word, chance) for word in text.split(" "))


def _slip(word: str, chance: random.Random) -> str:
    if len(word) < 5 or _NUMBERED.search(word) or chance.random() > 0.2:
        return word
    at = chance.randrange(1, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


STYLES: Final[Mapping[str, Style]] = {
    "plain": _plain,
    "patient": _plain,
    "terse": _terse,
    "rambling": _rambling,
    "shouting": _shouting,
    "texting": _texting,
    "non_native": _non_native,
    "slips": _slips,
}
"""By the name that samples use."""
