"""A new version from the live one and a set of articles: what did not change is copied, what did is embedded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.embedding import Embedder
from knowledge_base.lexical import build_lexical, passage_tokens
from knowledge_base.model import ArticleId, Vectors
from knowledge_base.splitting import split, spoken
from knowledge_base.version import (
    PreparedArticle,
    StoredArticle,
    Version,
    VersionFolder,
    write_texts,
    write_vectors,
)


class IngestStage(StrEnum):
    READING = "reading"
    SPLITTING = "splitting"
    ENCODING = "encoding"
    INDEXING = "indexing"


IngestProgress = Callable[[IngestStage, int, int], None]
"""Called with the stage, how much of it is done and how much there is (0: not known)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the live version holds of one article that can be used again."""

    prepared: PreparedArticle
    passage_rows: range
    quote_rows: range


def build_version(
    folder: Path,
    wanted: Sequence[StoredArticle],
    known: Mapping[ArticleId, Known],
    live: Version,
    *,
    embedder: Embedder,
    progress: IngestProgress,
) -> tuple[list[str], Vectors]:
    """Write a version of the `wanted` articles into `folder`; the ids and vectors of its passages come back."""
    articles = _prepare(wanted, known, embedder, progress)
    write_texts(folder, articles, embedder.name)
    passages, quotes = _Vectors(known, live, embedder, progress).of(articles)
    write_vectors(folder, passages, quotes)
    progress(IngestStage.INDEXING, 0, len(passages))
    splits = [passage for article in articles for passage in article.passages]
    if splits:
        build_lexical([passage_tokens(one.passage, one.words) for one in splits], folder / "bm25")
    return [one.passage.id for one in splits], passages


def known_articles(folder: VersionFolder, live: Version) -> dict[ArticleId, Known]:
    """The live version's articles with the rows of their vectors."""
    if live.number == 0:
        return {}
    found: dict[ArticleId, Known] = {}
    row = 0
    for prepared in folder.prepared(live.number):
        end = row + len(prepared.passages)
        found[prepared.stored.article.id] = Known(
            prepared=prepared,
            passage_rows=range(row, end),
            quote_rows=range(live.quote_starts[row], live.quote_starts[end]),
        )
        row = end
    return found


def _prepare(
    wanted: Sequence[StoredArticle],
    known: Mapping[ArticleId, Known],
    embedder: Embedder,
    progress: IngestProgress,
) -> list[PreparedArticle]:
    found: list[PreparedArticle] = []
    for done, stored in enumerate(wanted):
        before = known.get(stored.article.id)
        if before is not None and before.prepared.stored.content_hash == stored.content_hash:
            found.append(replace(before.prepared, stored=stored))
            continue
        passages = tuple(split(stored.article, embedder.count_tokens))
        found.append(PreparedArticle(stored=stored, passages=passages))
        progress(IngestStage.SPLITTING, done + 1, len(wanted))
    return found


class _Vectors:
    """Collects the rows of a new version: from the live one where the embedded text is the same, else encoded."""

    def __init__(
        self,
        known: Mapping[ArticleId, Known],
        live: Version,
        embedder: Embedder,
        progress: IngestProgress,
    ) -> None:
        self._known = known
        self._live = live
        self._embedder = embedder
        self._progress = progress

    def of(self, articles: Sequence[PreparedArticle]) -> tuple[Vectors, NDArray[np.float16]]:
        passages = np.empty((0, self._embedder.dimensions), dtype=np.float32)
        quotes = np.empty((0, self._embedder.dimensions), dtype=np.float16)
        plan = _Plan()
        for article in articles:
            self._plan(article, plan)
        fresh = self._encode(plan.texts)
        if plan.passages:
            passages = np.stack([self._live.passage_vectors[r] if kept else fresh[r] for kept, r in plan.passages])
        if plan.quotes:
            quotes = np.stack(
                [self._live.quote_vectors[r] if kept else fresh[r].astype(np.float16) for kept, r in plan.quotes]
            )
        return passages, quotes

    def _plan(self, article: PreparedArticle, plan: _Plan) -> None:
        known = self._known.get(article.stored.article.id)
        if known is not None and article.passages is known.prepared.passages:
            plan.passages += [(True, row) for row in known.passage_rows]
            plan.quotes += [(True, row) for row in known.quote_rows]
            return
        old_passages, old_quotes = _texts_of(known)
        for one in article.passages:
            plan.passages.append(plan.source(one.embedded, old_passages))
            plan.quotes += [plan.source(spoken(quote), old_quotes) for quote in one.passage.quotes]

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self._embedder.dimensions), dtype=np.float32)
        self._progress(IngestStage.ENCODING, 0, len(texts))
        return self._embedder.encode(
            texts, progress=lambda done: self._progress(IngestStage.ENCODING, done, len(texts))
        )


class _Plan:
    """Where each row comes from: (True, row of the live version) or (False, row of the newly encoded texts)."""

    def __init__(self) -> None:
        self.passages: list[tuple[bool, int]] = []
        self.quotes: list[tuple[bool, int]] = []
        self._rows: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        return list(self._rows)

    def source(self, text: str, old: Mapping[str, int]) -> tuple[bool, int]:
        if text in old:
            return True, old[text]
        return False, self._rows.setdefault(text, len(self._rows))


def _texts_of(known: Known | None) -> tuple[dict[str, int], dict[str, int]]:
    if known is None:
        return {}, {}
    passages = zip((one.embedded for one in known.prepared.passages), known.passage_rows, strict=True)
    quotes = (quote for one in known.prepared.passages for quote in one.passage.quotes)
    return dict(passages), {spoken(quote): row for quote, row in zip(quotes, known.quote_rows, strict=True)}
