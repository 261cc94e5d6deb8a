"""Two rankings into one: nearness in meaning (cosine) plus shared words (BM25)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def fuse(
    dense: Sequence[int],
    lexical: Sequence[int],
    *,
    cosines: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    scores: NDArray[np.float32],
    limit: int,
) -> list[Ranked]:
    """The best `limit` of the rows that two rankings (best first) nominate.

    `cosines` gives the cosine of each row asked for; `scores` is the BM25 score of every row. Equal sums go by row, so
    that the same question gives the same order after a restart.
    """
    rows = np.array(sorted({*dense, *lexical}), dtype=np.int64)
    near = cosines(rows)
    fused = np.round(near + LEXICAL_WEIGHT * scores[rows], 6)
    best = np.argsort(-fused, kind="stable")[:limit]
    return [
        Ranked(
            row=(row := int(rows[place])),
            score=float(fused[place]),
            cosine=float(near[place]),
            dense_rank=_rank(row, dense),
            lexical_rank=_rank(row, lexical),
        )
        for place in best
    ]


def _rank(row: int, ranking: Sequence[int]) -> int | None:
    return ranking.index(row) + 1 if row in ranking else None
