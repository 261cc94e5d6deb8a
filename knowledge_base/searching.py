"""One question against one version: both rankers, their fusion, and what the hits look like from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge_base.embedding import Embedder
from knowledge_base.lexical import languages_of
from knowledge_base.model import Hit, MatchedWord, SearchResult, Vectors
from knowledge_base.nearest import Found, Mask, Rows, VectorIndex, cosines
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
        rows, dense, by_words = self._nominated(question, limit, readable)
        held = lexical.parts_of(rows, question.weights)
        ranked = self._ranked(question, rows, held, limit, dense=dense, lexical=by_words)
        best = held[:, np.searchsorted(rows, [one.row for one in ranked])]
        return SearchResult(
            question=question.text,
            vector=question.vector,
            hits=tuple(self._hit(one, words) for one, words in zip(ranked, _matched(question, best), strict=True)),
            version=str(self.version.number),
            coverage=_coverage(lexical, question, best[:, 0]) if ranked else 0.0,
            unknown_words=tuple(
                word for word, stems in _by_word(question.words).items() if not any(map(lexical.known, stems))
            ),
            mended=question.mended,
        )

    def _nominated(self, question: Question, limit: int, readable: Mask | None) -> tuple[Rows, Found, Found]:
        """The rows that either ranker names, ascending, and what each of them found."""
        depth = max(DEPTH, limit)
        dense = self._index.nearest(question.vector, depth, readable)
        lexical = self.version.lexical.top(question.weights, depth, readable)
        return np.union1d(dense.rows, lexical.rows), dense, lexical

    def _ranked(
        self, question: Question, rows: Rows, held: NDArray[np.float32], limit: int, *, dense: Found, lexical: Found
    ) -> list[Ranked]:
        if not len(rows):  # nothing is there, or nothing that this viewer may read now
            return []
        nominated = Nominated(
            rows=rows,
            passage=cosines(self.version.passage_vectors[rows], question.vector),
            opening=self._openings(rows, question.vector),
            words=held.sum(axis=0),
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


def _matched(question: Question, held: NDArray[np.float32]) -> list[tuple[MatchedWord, ...]]:
    """The words that each row shares with the question, given what each stem adds to each row."""
    found: list[tuple[MatchedWord, ...]] = []
    written = [question.written[stem] for stem in question.weights]
    for row in held.T.tolist():
        own: dict[str, float] = {}
        for word, added in zip(written, row, strict=True):
            if added > 0:
                own[word] = own.get(word, 0.0) + added
        ordered = sorted(own.items(), key=lambda one: -one[1])
        found.append(tuple(MatchedWord(word=word, weight=added) for word, added in ordered))
    return found


def _coverage(lexical: LexicalIndex, question: Question, held: NDArray[np.float32]) -> float:
    """The share of the question's own words, weighted by rarity, that a row holds."""
    rarity = {word: min(map(lexical.rarity, stems)) for word, stems in _by_word(question.words).items()}
    total = sum(rarity.values())
    if not total:
        return 0.0
    inside = {
        question.words[stem]
        for stem, added in zip(question.weights, held, strict=True)
        if added and stem in question.words
    }
    return sum(rarity[word] for word in inside) / total


def _by_word(words: Mapping[str, str]) -> dict[str, list[str]]:
    """The stems of each word: one for each language that the articles are in."""
    found: dict[str, list[str]] = {}
    for stem, word in words.items():
        found.setdefault(word, []).append(stem)
    return found
