"""Several signs of a right passage into one score: nearness in meaning, at three sizes of text, and shared words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge_base.model import ScoreParts
from knowledge_base.nearest import Found, Rows

Numbers = NDArray[np.float32]

DEPTH: Final = 50
"""How many passages each ranker nominates."""
QUOTED: Final = 24
"""How many of them are compared quote by quote, which costs most. nDCG@10 falls by at most .001 on any set against
comparing all of them; with 12 by .005."""

_PASSAGE: Final = 0.60
_OPENING: Final = 0.24
_QUOTE: Final = 0.16
_WORDS: Final = 0.024
"""Weights of the cosines (together 1, so that a score is near a cosine) and of one point of BM25.

Chosen on six sets together; without the set at hand they would have been .57-.70, .18-.23, .11-.21 and .023-.029, and
no set loses more than .02 hit@1 by it. docs/decisions/0003 has the figures and what did not help.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominated:
    """Passages, with their cosine, that of their article's first passage, and their BM25 score; shapes (n,)."""

    rows: Rows
    passage: Numbers
    opening: Numbers
    words: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """The cosines of some passages' quotes, one passage after the other; those of passage i end at `ends[i]`."""

    scores: Numbers
    ends: NDArray[np.int64]

    def best(self, otherwise: Numbers) -> Numbers:
        """Each passage's highest; a passage without quotes, a lone picture's caption, is its own best quote."""
        sizes = np.diff(self.ends, prepend=0)
        found = otherwise.copy()
        having = np.flatnonzero(sizes)
        if len(having):
            found[having] = np.maximum.reduceat(self.scores, (self.ends - sizes)[having])
        return found

    def of(self, place: int) -> tuple[float, ...]:
        start = int(self.ends[place - 1]) if place else 0
        return tuple(self.scores[start : int(self.ends[place])].tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A passage's row with its fused score, cosine and BM25 score.

    `dense_rank` and `lexical_rank` are its places in the two rankings, counted from 1; None: not nominated.
    `quote_scores` are the cosines of its quotes.
    """

    row: int
    score: float
    cosine: float
    lexical: float
    dense_rank: int | None
    lexical_rank: int | None
    quote_scores: tuple[float, ...]
    parts: ScoreParts


def fuse(
    nominated: Nominated,
    quoted: Callable[[Rows], Quoted],
    *,
    dense: Found,
    lexical: Found,
    limit: int,
) -> list[Ranked]:
    """The best `limit` of the nominated passages, which `dense` and `lexical` found.

    `quoted` gives the cosines of the quotes of the rows asked for. Equal sums go by row, so that the same
    question gives the same order after a restart.
    """
    one = nominated
    at_first = (_PASSAGE + _QUOTE) * one.passage + _OPENING * one.opening + _WORDS * one.words
    kept = np.sort(np.argsort(-at_first, kind="stable")[: max(QUOTED, limit)])
    quotes = quoted(one.rows[kept])
    parts = (
        _PASSAGE * one.passage[kept],
        _OPENING * one.opening[kept],
        _QUOTE * quotes.best(one.passage[kept]),
        _WORDS * one.words[kept],
    )
    scores = np.round(sum(parts, np.zeros(len(kept), dtype=np.float32)), 6)
    places = {"dense": _places(dense), "lexical": _places(lexical)}
    return [
        Ranked(
            row=(row := int(one.rows[kept[place]])),
            score=float(scores[place]),
            cosine=float(one.passage[kept[place]]),
            lexical=float(one.words[kept[place]]),
            dense_rank=places["dense"].get(row),
            lexical_rank=places["lexical"].get(row),
            quote_scores=quotes.of(place),
            parts=ScoreParts(
                passage=float(parts[0][place]),
                opening=float(parts[1][place]),
                quote=float(parts[2][place]),
                words=float(parts[3][place]),
            ),
        )
        for place in np.argsort(-scores, kind="stable")[:limit].tolist()
    ]


def _places(found: Found) -> Mapping[int, int]:
    return {row: place for place, row in enumerate(found.rows.tolist(), start=1)}
