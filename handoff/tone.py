"""Which language a customer writes in and how they sound, in words for the brief."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent import languages
from agent.guardrails import clean
from agent.mood import ANGRY, anger_of

_FRIENDLY = re.compile(
    r"\b(thanks|thank you|please|great|appreciate|lovely|danke|bitte|merci|gracias|grazie)\b", re.IGNORECASE
)


def language_of(texts: Sequence[str]) -> str:
    """The name of the language of the newest of `texts` that tells one, or "unknown"."""
    code = languages.language_of([clean(text) for text in texts])
    return languages.NAMES.get(code, code) if code else "unknown"


def mood_of(text: str) -> str:
    """`frustrated`, `friendly` or `neutral`, from the words of the last message."""
    if anger_of(clean(text)) >= ANGRY:
        return "frustrated"
    return "friendly" if _FRIENDLY.search(text) else "neutral"
