"""Passages that say the same twice, or of the same subject not the same: candidates for a person to read. Pure.

A contradiction is two sentences close in meaning, in passages close in meaning, whose amounts, dates or negations
differ, while neither names a thing that the other does not ("Canada" here, "Australia" there).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge_base.freshness import ArticleState, state_of
from knowledge_base.lexical import tokens
from knowledge_base.markup import plain
from knowledge_base.model import Article, ArticleId, Passage
from knowledge_base.nearest import VectorRows
from knowledge_base.statements import Clash, Statement, clash, names_in, statements_of

_BLOCK: Final = 256
"""Rows of cosines at once: 30 MB with their order, at 10,000 passages."""
_NEIGHBOURS: Final = 12
_NEAR: Final = 0.45
"""Cosine of two passages. Planted contradictions in other words had .65 to .86, rewritten duplicates .63 and more."""
_CLOSE: Final = 0.45
"""Cosine of two sentences. Planted contradictions had .47 to .92."""
_DUPLICATE: Final = (0.72, 1.0)
_CONTRADICTION: Final = (1.28, 2.0)
"""Scores from hardly worth a look to certain, which put both kinds into one order."""
_BOILERPLATE: Final = 3
"""Other articles with a copy."""
_EACH: Final = 2
"""Overlaps of one kind between two articles."""
_LINK: Final = re.compile(r"\[[^\[\]]{1,300}\]\([^()\s]{1,2000}\)")
_MIN_WORDS: Final = 10
"""Stems. Two "Further reading" with a link each are no duplicates."""


class OverlapKind(StrEnum):
    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two passages that a person should compare, `similarity` their cosine.

    `differing` are the words that contradict each other, as written in the first and in the second; empty for a
    duplicate. `why` says it in plain words.
    """

    kind: OverlapKind
    first: Passage
    second: Passage
    similarity: float
    differing: tuple[tuple[str, str], ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A version's passages with their vectors: rows agree, and the quotes of passage `row` are rows
    quote_starts[row]:quote_starts[row + 1] of `quote_vectors`.
    """

    passages: Sequence[Passage]
    passage_vectors: VectorRows
    quote_vectors: VectorRows
    quote_starts: Sequence[int]
    articles: Mapping[ArticleId, Article]


def find_overlaps(material: Material, now: datetime, limit: int = 200) -> list[Overlap]:
    """At most `limit` overlaps of the articles that are live at `now`, the likeliest real problem first."""
    return _Finder(material, now).overlaps(limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A passage as it is compared: all its stems, those of its text, those that name things, and its statements."""

    words: frozenset[str]
    body: frozenset[str]
    names: frozenset[str]
    statements: tuple[Statement, ...]


class _Finder:
    def __init__(self, material: Material, now: datetime) -> None:
        self._material = material
        live = [state_of(material.articles[one.article_id], now) is ArticleState.LIVE for one in material.passages]
        self._rows = [row for row, is_live in enumerate(live) if is_live]
        self._read = {row: _read(material.passages[row], material.quote_starts[row]) for row in self._rows}
        counts = Counter(word for read in self._read.values() for word in read.words)
        total = max(len(self._rows), 2)
        self._rarity = {word: math.log(1 + total / count) / math.log(1 + total) for word, count in counts.items()}

    def overlaps(self, limit: int) -> list[Overlap]:
        found: list[tuple[float, Overlap]] = []
        for (first, second), cosine in sorted(self._pairs().items()):
            if self._comparable(first, second):
                pair = _Pair(self._material, first, second, cosine)
                scored = self._contradiction(pair) or self._duplicate(pair)
                found += [scored] if scored else []
        found.sort(key=lambda scored: -scored[0])
        return _thinned([overlap for _, overlap in found])[:limit]

    def _pairs(self) -> dict[tuple[int, int], float]:
        """Rows of passages near each other, with their cosine: of each passage the nearest few."""
        vectors = np.ascontiguousarray(self._material.passage_vectors[self._rows])
        nearest = min(_NEIGHBOURS, len(vectors) - 1)
        found: dict[tuple[int, int], float] = {}
        for start in range(0, len(vectors) if nearest > 0 else 0, _BLOCK):
            cosines = vectors[start : start + _BLOCK] @ vectors.T
            own = np.arange(len(cosines))
            cosines[own, own + start] = -1.0
            for row, columns in enumerate(np.argpartition(cosines, -nearest, axis=1)[:, -nearest:]):
                for column in columns[cosines[row, columns] >= _NEAR]:
                    pair = sorted((self._rows[start + row], self._rows[int(column)]))
                    found[pair[0], pair[1]] = float(cosines[row, column])
        return found

    def _comparable(self, first: int, second: int) -> bool:
        one, two = (self._material.articles[self._material.passages[row].article_id] for row in (first, second))
        segments = one.audience.segments, two.audience.segments
        if all(segments) and segments[0].isdisjoint(segments[1]):
            return False  # members and dealers may be told different things
        return (one.language or "").split("-")[0] == (two.language or "").split("-")[0]

    def _duplicate(self, pair: _Pair) -> tuple[float, Overlap] | None:
        """How likely the one says what the other says: sentence by sentence, and word by word."""
        one, two = self._read[pair.rows[0]], self._read[pair.rows[1]]
        if pair.within or not pair.cosines.size or min(len(one.body), len(two.body)) < _MIN_WORDS:
            return None
        shared = self._weight(one.body & two.body) / min(self._weight(one.body), self._weight(two.body))
        strange = min(self._weight(one.names - two.words), self._weight(two.names - one.words), 1.0)
        score = 0.5 * pair.said_twice() + 0.3 * shared + 0.2 * pair.cosine - 0.2 * strange
        if score < _DUPLICATE[0]:
            return None
        return _likelihood(score, _DUPLICATE), pair.overlap(OverlapKind.DUPLICATE, (), _SAID_TWICE)

    def _contradiction(self, pair: _Pair) -> tuple[float, Overlap] | None:
        """The likeliest contradiction of a sentence of the one with a sentence of the other."""
        one, two = self._read[pair.rows[0]].statements, self._read[pair.rows[1]].statements
        best: tuple[float, Clash] | None = None
        for first in one:
            for second in two:
                near = pair.cosine_of(first, second)
                if near < _CLOSE or (pair.within and first.in_table and second.in_table):
                    continue
                found = clash(first, second)
                score = self._score(found, first, second, pair.within) if found else None
                if found and score is not None and (best is None or near + score > best[0]):
                    best = near + score, found
        if best is None or best[0] + pair.cosine < _CONTRADICTION[0]:
            return None
        why = _DENIED if best[1].polarity else _DIFFERS
        overlap = pair.overlap(OverlapKind.CONTRADICTION, best[1].differing, why)
        return _likelihood(best[0] + pair.cosine, _CONTRADICTION), overlap

    def _score(self, found: Clash, first: Statement, second: Statement, within: bool) -> float | None:
        """What words and names add to the cosines of a clash; None where it is likely none."""
        common = self._weight(first.words & second.words)
        shared = common / max(self._weight(first.words | second.words), 0.001)
        contained = common / max(min(self._weight(first.words), self._weight(second.words)), 0.001)
        if (within and (found.polarity or shared < 0.5)) or (found.polarity and contained < 0.4):
            return None  # one article says what may be done and, next to it, what may not
        if not found.policy and shared < 0.3:
            return None
        strange = sorted((self._weight(first.strange_to(second)), self._weight(second.strange_to(first))))
        penalty = min(strange[0], 1.0) + 0.15 * min(strange[1], 3.0)
        return 0.2 * shared + 0.1 * found.aligned - penalty - 0.15 * found.polarity - 0.15 * within

    def _weight(self, words: Collection[str]) -> float:
        """Words counted by their rarity: 1 for one of a single passage."""
        return sum(self._rarity.get(word, 1.0) for word in words)


class _Pair:
    def __init__(self, material: Material, first: int, second: int, cosine: float) -> None:
        self.rows = first, second
        self.cosine = cosine
        self._passages = material.passages[first], material.passages[second]
        self.within = self._passages[0].article_id == self._passages[1].article_id
        starts = material.quote_starts
        self._starts = starts[first], starts[second]
        one, two = (material.quote_vectors[starts[row] : starts[row + 1]].astype(np.float32) for row in (first, second))
        self.cosines: NDArray[np.float32] = one @ two.T

    def cosine_of(self, first: Statement, second: Statement) -> float:
        return float(self.cosines[first.quote - self._starts[0], second.quote - self._starts[1]])

    def said_twice(self) -> float:
        """How much of the one passage the other one says too: cosines of its sentences with their likest, by length."""
        sides: list[float] = []
        for passage, best in zip(self._passages, (self.cosines.max(axis=1), self.cosines.max(axis=0)), strict=True):
            sides.append(float(np.average(best, weights=[len(quote.text) for quote in passage.quotes])))
        return max(sides)

    def overlap(self, kind: OverlapKind, differing: tuple[tuple[str, str], ...], why: str) -> Overlap:
        first, second = self._passages
        words = differing[0] if differing else ("", "")
        return Overlap(
            kind=kind,
            first=first,
            second=second,
            similarity=self.cosine,
            differing=differing,
            why=why.format(*words),
        )


_SAID_TWICE: Final = "Both say nearly the same: keep one, or make each say what only it can."
_DIFFERS: Final = "Both seem to speak of the same thing, but one says “{}” and the other “{}”."
_DENIED: Final = "Both seem to speak of the same thing, but one denies what the other says: “{}”, “{}”."


def _thinned(overlaps: Sequence[Overlap]) -> list[Overlap]:
    """Without what every article repeats on purpose ("Contact us"), and only the first of what two articles share."""
    copies = Counter(
        passage.id for one in overlaps if one.kind is OverlapKind.DUPLICATE for passage in (one.first, one.second)
    )
    kept: list[Overlap] = []
    taken: Counter[tuple[str, str, str]] = Counter()
    for one in overlaps:
        boilerplate = min(copies[one.first.id], copies[one.second.id]) >= _BOILERPLATE
        pair = one.kind, one.first.article_id, one.second.article_id
        if (one.kind is OverlapKind.DUPLICATE and boilerplate) or taken[pair] >= _EACH:
            continue
        taken[pair] += 1
        kept.append(one)
    return kept


def _likelihood(score: float, scale: tuple[float, float]) -> float:
    return (score - scale[0]) / (scale[1] - scale[0])


def _read(passage: Passage, start: int) -> _Read:
    named = frozenset(tokens(f"{passage.title} {passage.heading}"))
    body = frozenset(tokens(plain(_LINK.sub("", passage.text))))
    statements = tuple(statements_of(passage, start))
    texts = (passage.title, passage.heading, *(plain(quote.text) for quote in passage.quotes))
    names = frozenset(name for text in texts for name in names_in(text))
    return _Read(words=named | body, body=body, names=names, statements=statements)
