"""One question against one version: both rankers, their fusion, and what the hits look like from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge_base.lexical import LexicalIndex, content_words
from knowledge_base.model import Hit, SearchResult, Vectors
from knowledge_base.ranking import DEPTH, Ranked, fuse
from knowledge_base.vectors import VectorIndex
from knowledge_base.version import Version


class Searcher:
    """A version with its vector index. Never changes, so a search that holds it sees one version only."""

    def __init__(self, version: Version, index: VectorIndex) -> None:
        self.version = version
        self._index = index
        self._rows = {str(passage.id): row for row, passage in enumerate(version.passages)}

    def search(self, question: str, vector: Vectors, limit: int) -> SearchResult:
        """The `limit` best passages for a question whose unit vector, shape (dimensions,), is `vector`."""
        version = self.version
        words = content_words(question)
        ranked, lexical = self._rank(list(words), vector, limit)
        return SearchResult(
            question=question,
            vector=vector,
            hits=tuple(self._hit(one, vector, float(lexical[one.row])) for one in ranked),
            version=str(version.number),
            coverage=_coverage(version.lexical, words, ranked[0].row) if ranked else 0.0,
            unknown_words=tuple(w for stem, w in words.items() if not version.lexical.known(stem)),
        )

    def _rank(self, stems: Sequence[str], vector: Vectors, limit: int) -> tuple[list[Ranked], NDArray[np.float32]]:
        """The best rows, and the BM25 score of every row."""
        if not self._rows:
            return [], np.empty(0, dtype=np.float32)
        lexical = self.version.lexical.scores(stems)
        nearest = self._index.query(vector, min(DEPTH, len(self._rows)))
        dense = [self._rows[identity] for identity, _ in nearest]

        def cosines(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            # einsum, as a product through BLAS wakes its threads: 5 ms instead of 0.02 where the cores are busy.
            return np.asarray(np.einsum("rd,d->r", self.version.passage_vectors[rows], vector))

        ranked = fuse(dense, _best_rows(lexical), cosines=cosines, scores=lexical, limit=limit)
        return ranked, lexical

    def _hit(self, ranked: Ranked, vector: Vectors, lexical: float) -> Hit:
        version, row = self.version, ranked.row
        quotes = version.quote_vectors[version.quote_starts[row] : version.quote_starts[row + 1]]
        return Hit(
            passage=version.passages[row],
            score=ranked.score,
            dense=ranked.cosine,
            lexical=lexical,
            dense_rank=ranked.dense_rank,
            lexical_rank=ranked.lexical_rank,
            quote_scores=tuple(np.einsum("qd,d->q", quotes.astype(np.float32), vector).tolist()),
        )


def _best_rows(scores: NDArray[np.float32]) -> list[int]:
    """Rows with a score above zero, best first, at most DEPTH; equal scores in row order."""
    found = np.flatnonzero(scores > 0)
    if len(found) > DEPTH:
        edge = np.partition(scores[found], -DEPTH)[-DEPTH]
        found = found[scores[found] >= edge]
    order = np.argsort(-scores[found], kind="stable")
    return [int(row) for row in found[order][:DEPTH]]


def _coverage(lexical: LexicalIndex, words: Mapping[str, str], row: int) -> float:
    weights = {stem: lexical.rarity(stem) for stem in words}
    total = sum(weights.values())
    if not total:
        return 0.0
    return sum(weight for stem, weight in weights.items() if lexical.holds(row, stem)) / total
