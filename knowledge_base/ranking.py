"""Two rankings into one: nearness in meaning (cosine) plus shared words (BM25)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DEPTH: Final = 50
"""How many passages each ranker nominates."""
LEXICAL_WEIGHT: Final = 0.03
"""What one point of BM25 adds to a cosine. Fusing scores keeps how sure each ranker is; fusing ranks throws it away:

             stackfaq (1,249)   mtrag_un, last turn (332)   mtrag_un, all turns (332)
             hit@1  nDCG@10     hit@1  nDCG@10              hit@1  nDCG@10
dense         .948   .978        .747   .780                 .720   .766
BM25          .743   .866        .732   .781                 .762   .817
RRF, k=60     .904   .955        .786   .826                 .762   .824
this, .02     .952   .980        .801   .829                 .765   .829
this, .03     .950   .979        .804   .840                 .789   .839
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A passage's row with its fused score and its place in each ranking, counted from 1 (None: not nominated)."""

    row: int
    score: float
    cosine: float
    dense_rank: int | None
    lexical_rank: int | None


def candidates(dense: Sequence[int], lexical: Sequence[int]) -> NDArray[np.int64]:
    """The rows that either ranking nominates, in row order."""
    return np.union1d(np.asarray(dense, dtype=np.int64), np.asarray(lexical, dtype=np.int64))


def fuse(
    dense: Sequence[int],
    lexical: Sequence[int],
    *,
    cosines: NDArray[np.float32],
    scores: NDArray[np.float32],
    limit: int,
) -> list[Ranked]:
    """The best `limit` candidates of two rankings (rows, best first).

    `cosines` and `scores` (BM25) are those of `candidates(dense, lexical)`. Equal sums go by row, so that the same
    question gives the same order after a restart.
    """
    rows = candidates(dense, lexical)
    fused = np.round(cosines + LEXICAL_WEIGHT * scores, 6)
    best = np.lexsort((rows, -fused))[:limit]
    dense_ranks = {row: rank for rank, row in enumerate(dense, start=1)}
    lexical_ranks = {row: rank for rank, row in enumerate(lexical, start=1)}
    return [
        Ranked(
            row=(row := int(rows[place])),
            score=float(fused[place]),
            cosine=float(cosines[place]),
            dense_rank=dense_ranks.get(row),
            lexical_rank=lexical_ranks.get(row),
        )
        for place in best
    ]
