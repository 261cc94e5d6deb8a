"""Names of models in titles ("UNO R4", "Swift 18"): an article about one is not an answer about its neighbour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from agent.guardrails import fold
from knowledge_base.model import Hit, Passage

_MODEL: Final = re.compile(r"\b([A-Z][^\W_]+) ((?:[B-HJ-Z]|(?=[^\W_]*\d)[^\W_]{1,6})(?:\.\d+)*)\b")
"""A name with what tells its models apart: one capital letter, or something with a digit."""
_WORD: Final = re.compile(r"[^\W_]+(?:\.\d+)*")
_OTHER_MODEL: Final = 0.12
"""Taken off the fused score (a cosine and more, 0.3 to 1.2) of an article about another model than the one asked about:
close calls go to the others, an article far ahead stays first."""


def by_model(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """`hits` with those about other models moved down."""
    asked = _words(question)
    families = asked & {family for hit in hits for family, _ in _models(_name(hit.passage))}
    if not families:
        return list(hits)
    judged = [replace(hit, score=hit.score - _distance(asked, families, hit.passage)) for hit in hits]
    return sorted(judged, key=lambda hit: -hit.score)


def contradicted(question: str, passage: Passage) -> bool:
    """True where `question` names a family of models and the passage's title one of it that was not asked about."""
    asked = _words(question)
    kinds = [kind for family, kind in _models(_name(passage)) if family in asked]
    return bool(kinds) and not any(kind in asked for kind in kinds)


def _distance(asked: frozenset[str], families: frozenset[str], passage: Passage) -> float:
    named = _models(_name(passage))
    if not named:
        return 0.0
    same = [kind for family, kind in named if family in families]
    fits = any(kind in asked for kind in same) if same else bool(families & _words(passage.text))
    return 0.0 if fits else _OTHER_MODEL


def _name(passage: Passage) -> str:
    return f"{passage.title} › {passage.heading}"


@lru_cache(maxsize=2_000)
def _models(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((fold(family), fold(kind)) for family, kind in _MODEL.findall(text))


@lru_cache(maxsize=2_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(text)))
