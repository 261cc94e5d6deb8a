"""A question as it is searched for: its slips mended, and what it leans on in the conversation before it added."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from knowledge_base.lexical import content_words
from knowledge_base.model import Vectors
from knowledge_base.spelling import Speller

_REMEMBERED: Final = 4
"""Earlier messages looked at. On mtrag_un nDCG@10 is .905 with one, .915 with two, .920 with four, .922 with eight."""
_FADING_MEANING: Final = 0.5
_FADING_WORDS: Final = 0.7
"""What a message weighs for each message after it, in the vector and in BM25."""
_APART: Final = 0.15
_CLOSE: Final = 0.45
"""Cosines of two messages below which they are of two subjects, and above which of one. Questions of a conversation
have a median of .34, two drawn at random from one help center .05 to .10."""
_CONTINUES: Final = re.compile(
    r"^\W*(?:(?:ok|okay|thanks|great|yes|no|oh|ah|well)[\s,.!]+)*"
    r"(?:and|what about|how about|what if|but|or|also|so|then|und|aber|oder|et|mais|ou|y|pero|o|e|ma|mas|en|maar)\b",
    re.IGNORECASE,
)
_POINTS: Final = re.compile(
    r"\b(?:it|its|this|those|these|them|they|their|ones|he|she|him|her|his|same|that|there|then)\b", re.IGNORECASE
)
_POINTS_NOWHERE: Final = re.compile(
    r"\bis it (?:possible|ok|okay|true|safe|allowed|necessary)\b|\bit (?:is|was|says|seems|looks)\b"
    r"|\b(?:is|are) there\b|\bthere (?:is|are|was)\b|that's|\bthis (?:week|year|month|morning|time)\b"
    r"|\bthat (?:i|you|we|is|are|was|has|have|can|will|my|the|it|they)\b",
    re.IGNORECASE,
)


class Encodes(Protocol):
    def encode(self, texts: Sequence[str], *, questions: bool = ...) -> Vectors: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`words` are the content words of the question alone, by stem and as written; `weights` the stems that are
    looked up, those of the conversation too, and `written` all of these words as written. `vector` has unit length,
    shape (dimensions,), as has `own`, which is that of the text alone. `mended` has the words whose spelling was put
    right; `context` is the text behind those messages that it leans on.
    """

    text: str
    context: str
    words: Mapping[str, str]
    weights: Mapping[str, float]
    written: Mapping[str, str]
    vector: Vectors
    own: Vectors
    mended: Mapping[str, str] = field(default_factory=dict)


def question_of(
    text: str, earlier: Sequence[str], speller: Speller, encoder: Encodes, vector: Vectors | None = None
) -> Question:
    """What to search for when a customer asks `text` after having said `earlier`, oldest first.

    `vector` is the text's own, shape (dimensions,) or (1, dimensions), if known.
    """
    said = earlier[-_REMEMBERED:]
    spelt, mended = speller.mend(text)
    words = content_words(spelt, speller.languages)
    texts = [*said, *([spelt] if vector is None else [])]
    encoded = encoder.encode(texts, questions=True) if texts else np.empty((0, 0), dtype=np.float32)
    own = encoded[-1] if vector is None else vector.reshape(-1)
    weights, written = dict.fromkeys(words, 1.0), dict(words)
    blend, context = own, spelt
    leaning = _leaning(text, words)
    for age, (message, meaning) in enumerate(zip(reversed(said), encoded[: len(said)][::-1], strict=True), start=1):
        shared = max(leaning, _kinship(float(meaning @ own)))
        if not shared:
            continue
        context = f"{message} {context}"
        blend = blend + shared * _FADING_MEANING**age * meaning
        for stem, word in content_words(message, speller.languages).items():
            weights[stem] = max(weights.get(stem, 0.0), shared * _FADING_WORDS**age)
            written.setdefault(stem, word)
    unit = own if blend is own else blend / max(float(np.linalg.norm(blend)), 1e-12)
    return Question(
        text=text,
        context=context,
        words=words,
        weights=weights,
        written=written,
        vector=unit.astype(np.float32),
        own=own.astype(np.float32),
        mended=mended,
    )


def _kinship(cosine: float) -> float:
    """From 0 for another subject to 1 for the same."""
    return min(1.0, max(0.0, (cosine - _APART) / (_CLOSE - _APART)))


def _leaning(text: str, words: Mapping[str, str]) -> float:
    """How much a message needs those before it, by its words: "and for how long?" wholly, a question of its own not."""
    if len(words) <= 1:
        return 1.0
    if _CONTINUES.search(text) or _POINTS.search(_POINTS_NOWHERE.sub(" ", text)):
        return 1.0 if len(words) <= 3 else 0.5
    return 0.5 if len(words) == 2 else 0.0
