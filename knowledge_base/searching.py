"""One question against one version: both rankers, their fusion, and what the hits look like from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge_base.embedding import Embedder
from knowledge_base.lexical import languages_of
from knowledge_base.model import Hit, MatchedWord, SearchResult, Vectors
from knowledge_base.nearest import Mask, Rows, VectorIndex, cosines
from knowledge_base.question import Question, question_of
from knowledge_base.ranking import DEPTH, Nominated, Quoted, Ranked, fuse
from knowledge_base.spelling import Speller
from knowledge_base.version import Version
from knowledge_base.word_index import LexicalIndex


class Searcher:
    """A version with its vector index. Never changes, so a search that holds it sees one version only."""

    def __init__(self, version: Version, index: VectorIndex) -> None:
        self.version = version
        self._index = index
        self._languages = languages_of(version.lexical.known)

    def question(
        self, text: str, earlier: Sequence[str], embedder: Embedder, vector: Vectors | None = None
    ) -> Question:
        """What to search this version for; `earlier` are the customer's messages before, `vector` the text's own."""
        speller = Speller(
            vocabulary=self.version.lexical, count_tokens=embedder.count_tokens, languages=self._languages
        )
        return question_of(text, earlier, speller, embedder, vector)

    def search(self, question: Question, limit: int, *, readable: Mask | None = None) -> SearchResult:
        """The `limit` best passages. Only `readable` rows are looked at where a mask is given."""
        lexical = self.version.lexical
        ranked = self._rank(question, limit, readable)
        matched = _matched(question, lexical, np.array([one.row for one in ranked], dtype=np.int64))
        return SearchResult(
            question=question.text,
            vector=question.vector,
            hits=tuple(self._hit(one, words) for one, words in zip(ranked, matched, strict=True)),
            version=str(self.version.number),
            coverage=_coverage(lexical, question.words, ranked[0].row) if ranked else 0.0,
            unknown_words=tuple(
                word for word, stems in _by_word(question.words).items() if not any(map(lexical.known, stems))
            ),
            mended=question.mended,
        )

    def _rank(self, question: Question, limit: int, readable: Mask | None) -> list[Ranked]:
        version = self.version
        if not version.passages:
            return []
        depth = max(DEPTH, limit)
        dense = self._index.nearest(question.vector, depth, readable)
        lexical = version.lexical.top(question.weights, depth, readable)
        rows = np.union1d(dense.rows, lexical.rows)
        if not len(rows):  # nothing that this viewer may read now
            return []
        nominated = Nominated(
            rows=rows,
            passage=cosines(version.passage_vectors[rows], question.vector),
            opening=self._openings(rows, question.vector),
            words=version.lexical.scores_of(rows, question.weights),
        )
        return fuse(
            nominated, lambda kept: self._quotes(kept, question.vector), dense=dense, lexical=lexical, limit=limit
        )

    def _openings(self, rows: Rows, vector: Vectors) -> NDArray[np.float32]:
        """The cosine of each row's article's first passage."""
        articles = self.version.article_of
        first, where = np.unique(np.searchsorted(articles, articles[rows]), return_inverse=True)
        return np.asarray(cosines(self.version.passage_vectors[first], vector)[where])

    def _quotes(self, rows: Rows, vector: Vectors) -> Quoted:
        starts = self.version.quote_starts
        sizes = starts[rows + 1] - starts[rows]
        ends = np.cumsum(sizes)
        wanted = np.repeat(starts[rows] - ends + sizes, sizes) + np.arange(int(ends[-1]) if len(ends) else 0)
        return Quoted(scores=cosines(self.version.quote_vectors[wanted].astype(np.float32), vector), ends=ends)

    def _hit(self, ranked: Ranked, matched: tuple[MatchedWord, ...]) -> Hit:
        return Hit(
            passage=self.version.passages[ranked.row],
            score=ranked.score,
            dense=ranked.cosine,
            lexical=ranked.lexical,
            dense_rank=ranked.dense_rank,
            lexical_rank=ranked.lexical_rank,
            quote_scores=ranked.quote_scores,
            parts=ranked.parts,
            matched=matched,
        )


def _matched(question: Question, lexical: LexicalIndex, rows: Rows) -> list[tuple[MatchedWord, ...]]:
    """The words that each row shares with the question."""
    found: list[dict[str, float]] = [{} for _ in range(len(rows))]
    for stem, weight in question.weights.items():
        word = question.written[stem]
        for own, added in zip(found, lexical.scores_of(rows, {stem: weight}).tolist(), strict=True):
            if added > 0:
                own[word] = own.get(word, 0.0) + added
    return [
        tuple(MatchedWord(word=word, weight=added) for word, added in sorted(own.items(), key=lambda one: -one[1]))
        for own in found
    ]


def _coverage(lexical: LexicalIndex, words: Mapping[str, str], row: int) -> float:
    rarity = {word: min(map(lexical.rarity, stems)) for word, stems in _by_word(words).items()}
    total = sum(rarity.values())
    if not total:
        return 0.0
    held = {word for stem, word in words.items() if lexical.holds(row, stem)}
    return sum(weight for word, weight in rarity.items() if word in held) / total


def _by_word(words: Mapping[str, str]) -> dict[str, list[str]]:
    """The stems of each word: one for each language that the articles are in."""
    found: dict[str, list[str]] = {}
    for stem, word in words.items():
        found.setdefault(word, []).append(stem)
    return found
