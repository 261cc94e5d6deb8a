"""Articles in, cited passages out: the values that cross this package's border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

import numpy as np
from numpy.typing import NDArray

ArticleId = NewType("ArticleId", str)
PassageId = NewType("PassageId", str)
Vectors = NDArray[np.float32]
"""Rows of unit length, shape (n, dimensions)."""


class QuoteKind(StrEnum):
    """What a quotable unit is in its article."""

    SENTENCE = "sentence"
    STEP = "step"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is asking: `signed_in` once the company vouched for them, with the `segments` it put them in."""

    signed_in: bool = False
    segments: frozenset[str] = frozenset()


ANYBODY: Final = Viewer()
"""A visitor who did not sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who may read an article: everyone; customers who signed in; or, of those, members of one of `segments`."""

    signed_in: bool = False
    segments: frozenset[str] = frozenset()

    def includes(self, viewer: Viewer) -> bool:
        if self.segments:
            return viewer.signed_in and not self.segments.isdisjoint(viewer.segments)
        return viewer.signed_in or not self.signed_in


EVERYONE: Final = Audience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A source article. `text` is Markdown; `metadata` keeps the source's further keys as strings.

    `language` is a BCP 47 tag ("en", "de-AT") where the source says. It is in force from `effective_at` until
    `expires_at`, if they are given, and only once `published`.
    """

    id: ArticleId
    title: str
    text: str
    url: str | None = None
    updated_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    published: bool = True
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    audience: Audience = EVERYONE


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleHead:
    """What a list shows of an article, without its text. `category` is that of its metadata, or ""."""

    id: ArticleId
    title: str
    category: str
    url: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The smallest piece an answer may quote.

    `text` is verbatim Markdown of the article (inline marks and links kept, no list bullet); a ROW reads
    "Column: value; Column: value". `lead` is the sentence that introduces a list or table ("To reset it:"), or "".
    """

    text: str
    kind: QuoteKind
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """An indexed piece of one article: at most the encoder's window, tables, lists and code blocks kept whole.

    `heading` is the path of headings above it, "Returns › Sale items", or "". `position` counts from 0 in the article.
    """

    id: PassageId
    article_id: ArticleId
    title: str
    heading: str
    text: str
    position: int
    url: str | None
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedWord:
    """A word of the question, as it was written, and what it adds to a passage's BM25 score."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreParts:
    """What a hit's score is the sum of: nearness in meaning of the passage, of its article's first passage and of its
    best quote, and the words it shares with the question."""

    passage: float = 0.0
    opening: float = 0.0
    quote: float = 0.0
    words: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage with its scores, and why it ranks where it does.

    `dense` is the cosine of question and passage, `lexical` the BM25 score; a rank counts from 1 and is None where
    that ranker did not return the passage. `score` is the fused one that the order follows, `parts` what it is the
    sum of. `quote_scores` are cosines of the question with each of the passage's quotes, in their order; `matched`
    are the words that it shares with the question, the most telling first. `reranked` is the score of a cross-encoder
    where one put the hits in order.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    dense_rank: int | None
    lexical_rank: int | None
    quote_scores: tuple[float, ...]
    parts: ScoreParts = ScoreParts()
    matched: tuple[MatchedWord, ...] = ()
    reranked: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Hits for one question, best first. `vector` is the unit vector searched for; `version` names the knowledge used.

    `own` is the question's own unit vector where `vector` holds some of the conversation before it, else None.

    `coverage` is the share, weighted by rarity, of the question's content words that occur in the best passage.
    `unknown_words` are content words of the question that no article contains; `mended` has the words whose spelling
    was put right, as typed and as they were looked up.
    """

    question: str
    vector: Vectors
    hits: tuple[Hit, ...]
    version: str
    coverage: float
    unknown_words: tuple[str, ...]
    own: Vectors | None = None
    mended: Mapping[str, str] = field(default_factory=dict)
