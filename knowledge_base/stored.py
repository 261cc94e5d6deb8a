"""Articles and passages in the files of a version: written in row order, read one at a time when they are asked for.

Their texts never live in memory together. What is needed of all of them at once (ids, hashes, who may read what) is
kept in columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, overload

import numpy as np
from numpy.typing import NDArray

from knowledge_base.arrays import ArrayWriter, MappedFile, mapped
from knowledge_base.model import Article, ArticleHead, ArticleId, Audience, Passage, Viewer
from knowledge_base.nearest import Mask
from knowledge_base.records import (
    StoredArticle,
    audience_from,
    passage_from,
    passage_record,
    stored_from,
    stored_record,
)

_ARTICLES: Final = "articles.jsonl"
_PASSAGES: Final = "passages.jsonl"
_REMEMBERED: Final = 256
"""Passages kept as they were read, some 8 KB each: questions ask for the same ones, and reading ten takes .4 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """What is known of an article without reading its text."""

    id: ArticleId
    source: str
    content_hash: str
    published: bool
    effective_at: datetime | None
    expires_at: datetime | None
    audience: Audience


class KnowledgeBaseDamaged(RuntimeError):
    """Files of the live version are missing or unreadable. The message says what to do."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"The knowledge base in {root} is damaged. Delete this folder and ingest your sources again.")


class _Lines:
    """The lines of a file by number."""

    def __init__(self, path: Path) -> None:
        self._root = path.parents[2]
        self._ends: NDArray[np.int64] = mapped(path.with_suffix(".ends.npy"))
        size = int(self._ends[-1]) if len(self._ends) else 0
        if path.stat().st_size != size:
            raise ValueError(f"{path.name} is cut short")
        self._file = MappedFile(path)

    def __len__(self) -> int:
        return len(self._ends)

    def raw(self, lines: range) -> tuple[bytes, NDArray[np.int64]]:
        """Their bytes, and the size of each."""
        start = int(self._ends[lines.start - 1]) if lines.start else 0
        ends = self._ends[lines.start : lines.stop]
        return self._file.bytes[start : int(ends[-1]) if len(ends) else start], np.diff(ends, prepend=start)

    def record(self, line: int) -> dict[str, object]:
        start = int(self._ends[line - 1]) if line else 0
        try:
            found = json.loads(self._file.bytes[start : int(self._ends[line])])
        except ValueError as failure:
            raise KnowledgeBaseDamaged(self._root) from failure
        self._file.has_read(1)
        if not isinstance(found, dict):
            raise KnowledgeBaseDamaged(self._root)
        return found


class _LinesWriter:
    def __init__(self, path: Path) -> None:
        self._stream: BinaryIO = path.open("wb")
        self._ends = ArrayWriter(path.with_suffix(".ends.npy"), np.int64)
        self._end = 0

    def add(self, record: Mapping[str, object]) -> None:
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        self.copy(line, np.array([len(line)], dtype=np.int64))

    def copy(self, raw: bytes, sizes: NDArray[np.int64]) -> None:
        self._stream.write(raw)
        self._ends.append(np.cumsum(sizes) + self._end)
        self._end += len(raw)

    def close(self) -> None:
        self._stream.close()
        self._ends.close()


class Passages(Sequence[Passage]):
    """The passages of a version by row."""

    def __init__(self, lines: _Lines | None = None) -> None:
        self._lines = lines
        self._read = lru_cache(_REMEMBERED)(self._parsed)

    def __len__(self) -> int:
        return 0 if self._lines is None else len(self._lines)

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | Sequence[Passage]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        if self._lines is None or not -len(self) <= row < len(self):
            raise IndexError(row)
        return self._read(row % len(self))

    def _parsed(self, row: int) -> Passage:
        if self._lines is None:
            raise IndexError(row)
        return passage_from(self._lines.record(row))

    def raw(self, rows: range) -> tuple[bytes, NDArray[np.int64]]:
        return (b"", np.empty(0, dtype=np.int64)) if self._lines is None else self._lines.raw(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """What is known of every article without reading it, each in the order of the articles."""

    ids: list[ArticleId]
    sources: list[str]
    hashes: NDArray[np.bytes_]
    published: Mask
    effective: NDArray[np.float64]
    """Seconds since 1970; minus infinity where no date is set."""
    expires: NDArray[np.float64]
    audiences: list[Audience]
    """The different ones; `audience` counts in it."""
    audience: NDArray[np.int32]


class StoredArticles(Mapping[ArticleId, StoredArticle]):
    """The articles of a version, in the order of their rows. `articles[id]` reads one from disk (some 20 µs)."""

    def __init__(self, lines: _Lines | None, columns: _Columns, starts: NDArray[np.int64]) -> None:
        if not len(columns.ids) == len(starts) - 1 == (0 if lines is None else len(lines)):
            raise ValueError("the files of the articles do not agree")
        self._lines = lines
        self._columns = columns
        self._starts = starts
        self._places = {identity: place for place, identity in enumerate(columns.ids)}
        self._heads: list[ArticleHead] | None = None

    def __getitem__(self, identity: ArticleId) -> StoredArticle:
        place = self._places[identity]
        if self._lines is None:
            raise KeyError(identity)
        return stored_from(self._lines.record(place))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[ArticleId]:
        return iter(self._places)

    def __contains__(self, identity: object) -> bool:
        return identity in self._places

    def place(self, identity: ArticleId) -> int | None:
        """Where the article stands in the order, counted from 0."""
        return self._places.get(identity)

    def at(self, place: int) -> ArticleId:
        return self._columns.ids[place]

    def source(self, identity: ArticleId) -> str:
        return self._columns.sources[self._places[identity]]

    def content_hash(self, identity: ArticleId) -> str:
        return str(self._columns.hashes[self._places[identity]], "ascii")

    def facts(self, identity: ArticleId) -> ArticleFacts:
        columns, place = self._columns, self._places[identity]
        return ArticleFacts(
            id=identity,
            source=columns.sources[place],
            content_hash=self.content_hash(identity),
            published=bool(columns.published[place]),
            effective_at=_date(float(columns.effective[place])),
            expires_at=_date(float(columns.expires[place])),
            audience=columns.audiences[int(columns.audience[place])],
        )

    def rows(self, identity: ArticleId) -> range:
        """The rows of the article's passages."""
        place = self._places[identity]
        return range(int(self._starts[place]), int(self._starts[place + 1]))

    def readable(self, viewer: Viewer, now: datetime) -> Mask:
        """Which articles `viewer` may read now, by place: what `freshness.readable` says of each."""
        columns, moment = self._columns, now.timestamp()
        allowed = np.array([audience.includes(viewer) for audience in columns.audiences], dtype=np.bool_)
        inside = columns.published & (columns.effective <= moment) & (moment < columns.expires)
        return np.asarray(inside & allowed[columns.audience]) if len(allowed) else inside

    def heads(self) -> Sequence[ArticleHead]:
        """The head of every article, by place. Read from disk when asked for first (14 µs each), then kept."""
        if self._heads is None:
            self._heads = [_head(self[identity].article) for identity in self._places]
        return self._heads

    def changes(self) -> NDArray[np.float64]:
        """The instants at which an article takes effect or expires, in seconds since 1970, ascending."""
        both = np.concatenate([self._columns.effective, self._columns.expires])
        return np.unique(both[np.isfinite(both)])


class TextsWriter:
    """Takes the articles of a new version in their order, each followed by its passages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._articles = _LinesWriter(folder / _ARTICLES)
        self._passages = _LinesWriter(folder / _PASSAGES)
        self._starts = ArrayWriter(folder / "article_starts.npy", np.int64)
        self._starts.append(np.zeros(1))
        self._rows = 0
        self._columns: list[tuple[object, ...]] = []

    def article(self, stored: StoredArticle, passages: Sequence[Passage]) -> None:
        for passage in passages:
            self._passages.add(passage_record(passage))
        self._article(stored, len(passages))

    def copy(self, stored: StoredArticle, passages: Passages, rows: range) -> None:
        """An article whose passages are `rows` of an earlier version."""
        self._passages.copy(*passages.raw(rows))
        self._article(stored, len(rows))

    def close(self) -> None:
        self._articles.close()
        self._passages.close()
        self._starts.close()
        columns = [list(column) for column in zip(*self._columns, strict=True)] or [[] for _ in range(7)]
        (self._folder / "articles.columns.json").write_text(json.dumps(columns), encoding="utf-8")

    def _article(self, stored: StoredArticle, passages: int) -> None:
        self._rows += passages
        self._articles.add(stored_record(stored))
        self._starts.append(np.array([self._rows]))
        one = stored.article
        effective, expires = (at.timestamp() if at else None for at in (one.effective_at, one.expires_at))
        audience = json.dumps([one.audience.signed_in, sorted(one.audience.segments)])
        self._columns.append((one.id, stored.source, stored.content_hash, one.published, effective, expires, audience))


def open_texts(folder: Path) -> tuple[StoredArticles, Passages, NDArray[np.int64]]:
    """The articles and passages in `folder`, and where the rows of each article begin, shape (articles + 1,).

    Raises OSError, ValueError, KeyError or TypeError where files are missing or damaged.
    """
    starts: NDArray[np.int64] = mapped(folder / "article_starts.npy")
    passages = Passages(_Lines(folder / _PASSAGES))
    if int(starts[-1]) != len(passages):
        raise ValueError("articles and passages do not agree")
    columns = _columns(json.loads((folder / "articles.columns.json").read_text(encoding="utf-8")))
    return StoredArticles(_Lines(folder / _ARTICLES), columns, starts), passages, starts


def no_articles() -> StoredArticles:
    return StoredArticles(None, _columns([[] for _ in range(7)]), np.zeros(1, dtype=np.int64))


def read_articles(folder: Path) -> Iterator[StoredArticle]:
    """The articles alone, from the one file whose form is the same in every format of a version."""
    with (folder / _ARTICLES).open(encoding="utf-8", errors="surrogatepass") as stream:
        for line in stream:
            yield stored_from(json.loads(line))


def _columns(read: list[list[object]]) -> _Columns:
    ids, sources, hashes, published, effective, expires, audience = read
    kinds = {str(one): place for place, one in enumerate(dict.fromkeys(audience))}
    names: dict[str, str] = {}
    return _Columns(
        ids=[ArticleId(str(one)) for one in ids],
        # Interned by the dictionary: a string for each source, not for each article.
        sources=[names.setdefault(str(one), str(one)) for one in sources],
        hashes=np.array([str(one) for one in hashes], dtype=np.bytes_),
        published=np.array(published, dtype=np.bool_),
        effective=_moments(effective, -np.inf),
        expires=_moments(expires, np.inf),
        audiences=[audience_from(json.loads(one)) for one in kinds],
        audience=np.array([kinds[str(one)] for one in audience], dtype=np.int32),
    )


def _head(article: Article) -> ArticleHead:
    return ArticleHead(
        id=article.id,
        title=article.title,
        category=article.metadata.get("category", ""),
        url=article.url,
        updated_at=article.updated_at,
    )


def _moments(read: list[object], missing: float) -> NDArray[np.float64]:
    return np.array([missing if one is None else float(str(one)) for one in read], dtype=np.float64)


def _date(moment: float) -> datetime | None:
    return datetime.fromtimestamp(moment, UTC) if np.isfinite(moment) else None
