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
_OTHER_MODEL, _ANY_MODEL = 0.12, 0.04
"""Taken off the fused score (a cosine and more, 0.3 to 1.2) of an article about another model than the one asked about,
and of one about a single model where the question names none of the family's. The second only settles close calls."""


def by_model(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """`hits` with those about other models moved down."""
    asked = _words(question)
    families = asked & {family for hit in hits for family, _ in _models(_name(hit.passage))}
    if not families:
        return list(hits)
    judged = [replace(hit, score=hit.score - _distance(asked, families, hit.passage)) for hit in hits]
    return sorted(judged, key=lambda hit: -hit.score)


def contradicted(question: str, passage: Passage) -> frozenset[str]:
    """Words of `question` that name a model or family, where the passage's title is about another model of it."""
    asked = _words(question)
    models = [model for model in _models(_name(passage)) if model[0] in asked]
    if any(kind in asked for _, kind in models):
        return frozenset()
    return frozenset(family for family, _ in models)


def _distance(asked: frozenset[str], families: frozenset[str], passage: Passage) -> float:
    named = _models(_name(passage))
    if not named:
        return 0.0
    same = [kind for family, kind in named if family in families]
    if not same:
        return 0.0 if families & _words(passage.text) else _OTHER_MODEL
    if any(kind in asked for kind in same):
        return 0.0
    kinds = {kind for _, kind in _models(passage.text)} | set(same)
    told_apart = any(word in asked for word in kinds) or any(any(c.isdigit() for c in word) for word in asked)
    return _OTHER_MODEL if told_apart else _ANY_MODEL


def _name(passage: Passage) -> str:
    return f"{passage.title} › {passage.heading}"


@lru_cache(maxsize=2_000)
def _models(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((fold(family), fold(kind)) for family, kind in _MODEL.findall(text))


@lru_cache(maxsize=2_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(text)))
