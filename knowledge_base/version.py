"""One version of the knowledge on disk: articles, passages, vectors and words, written once and never changed.

`versions/<number>/` holds a version; the file `current` names the live one and is replaced in one step.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge_base.lexical import LexicalIndex
from knowledge_base.model import Article, ArticleId, Passage, PassageId, Quote, QuoteKind, Vectors
from knowledge_base.splitting import SplitPassage

FORMAT: Final = 1
"""Raised when splitting or files change, so that an older version is built anew from its articles."""
_CURRENT: Final = "current"
"""The file that names the live version."""
_BUILDING: Final = ".building-"


class KnowledgeBaseDamaged(RuntimeError):
    """Files of the live version are missing or unreadable. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """An article with the source it came from and the hash of its content."""

    article: Article
    source: str
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedArticle:
    """A stored article with its passages, ready to be written."""

    stored: StoredArticle
    passages: tuple[SplitPassage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version in memory. Rows of `passages`, `passage_vectors` and the lexical index agree.

    The quotes of passage `row` are rows quote_starts[row]:quote_starts[row + 1] of `quote_vectors`.
    """

    number: int
    encoder: str
    format: int
    articles: Mapping[ArticleId, StoredArticle]
    passages: Sequence[Passage]
    passage_vectors: Vectors
    quote_vectors: NDArray[np.float16]
    quote_starts: Sequence[int]
    lexical: LexicalIndex


def has_version(root: Path) -> bool:
    """Whether anything was ever ingested into the knowledge base at `root`."""
    return (root / _CURRENT).exists()


class VersionFolder:
    """The versions below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._versions = root / "versions"
        self._versions.mkdir(parents=True, exist_ok=True)

    def current(self) -> int | None:
        try:
            return int((self._root / _CURRENT).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except ValueError as failure:
            raise KnowledgeBaseDamaged(_damaged(self._root)) from failure

    def switch(self, number: int) -> None:
        """Make `number` the live version in one step: a reader, or a crash, sees the old name or the new one."""
        draft = self._root / "current.next"
        with draft.open("w", encoding="ascii") as stream:
            stream.write(str(number))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, self._root / _CURRENT)
        _sync_folder(self._root)

    def next_number(self) -> int:
        return max((*self.numbers(), self.current() or 0)) + 1

    def numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self._versions.iterdir() if path.name.isdigit())

    def path(self, number: int) -> Path:
        return self._versions / str(number)

    def begin(self, number: int) -> Path:
        """An empty folder to build a version in; `finish` gives it its name."""
        folder = self._versions / f"{_BUILDING}{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def finish(self, number: int) -> None:
        building = self._versions / f"{_BUILDING}{number}"
        for path in building.rglob("*"):
            if path.is_file():
                _sync_file(path)
        _sync_folder(building)
        shutil.rmtree(self.path(number), ignore_errors=True)
        building.rename(self.path(number))
        _sync_folder(self._versions)

    def sweep(self, keep: Sequence[int]) -> None:
        """Remove every version but those in `keep`, and what an interrupted build left."""
        kept = {str(number) for number in keep}
        for path in self._versions.iterdir():
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def load(self, number: int) -> Version:
        """Raises KnowledgeBaseDamaged."""
        folder = self.path(number)
        try:
            manifest = json.loads((folder / "version.json").read_text(encoding="utf-8"))
            return _load(folder, manifest)
        except (OSError, ValueError, KeyError, TypeError) as failure:
            raise KnowledgeBaseDamaged(_damaged(self._root)) from failure

    def prepared(self, number: int) -> Iterator[PreparedArticle]:
        """The articles of a version as they were written, in row order."""
        folder = self.path(number)
        for article, passages in zip(_lines(folder / "articles.jsonl"), _lines(folder / "passages.jsonl"), strict=True):
            stored = _stored_from(article)
            yield PreparedArticle(stored=stored, passages=tuple(_split_passages(stored.article, passages["passages"])))


def write_texts(folder: Path, articles: Sequence[PreparedArticle], encoder: str) -> None:
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(_dumps(_stored_record(prepared.stored)) for prepared in articles)
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as stream:
        for prepared in articles:
            rows = [_passage_record(passage) for passage in prepared.passages]
            stream.write(_dumps({"article": prepared.stored.article.id, "passages": rows}))
    manifest = {"format": FORMAT, "encoder": encoder}
    (folder / "version.json").write_text(json.dumps(manifest), encoding="utf-8")


def write_vectors(folder: Path, passages: Vectors, quotes: NDArray[np.float16]) -> None:
    np.save(folder / "passages.npy", passages)
    np.save(folder / "quotes.npy", quotes)


def empty_version(encoder: str, dimensions: int) -> Version:
    return Version(
        number=0,
        encoder=encoder,
        format=FORMAT,
        articles={},
        passages=(),
        passage_vectors=np.empty((0, dimensions), dtype=np.float32),
        quote_vectors=np.empty((0, dimensions), dtype=np.float16),
        quote_starts=(0,),
        lexical=LexicalIndex.empty(),
    )


def _load(folder: Path, manifest: Mapping[str, object]) -> Version:
    stored = [_stored_from(line) for line in _lines(folder / "articles.jsonl")]
    articles = {one.article.id: one for one in stored}
    passages = tuple(
        _passage(articles[ArticleId(str(line["article"]))].article, position, record)
        for line in _lines(folder / "passages.jsonl")
        for position, record in enumerate(_records(line["passages"]))
    )
    starts = tuple(accumulate((len(passage.quotes) for passage in passages), initial=0))
    # Viewed as plain arrays: each slice of a memmap object costs microseconds more, and a search takes dozens.
    vectors = np.asarray(np.load(folder / "passages.npy", mmap_mode="r"))
    quotes = np.asarray(np.load(folder / "quotes.npy", mmap_mode="r"))
    if len(vectors) != len(passages) or len(quotes) != starts[-1]:
        raise ValueError("vectors and passages do not agree")
    return Version(
        number=int(folder.name),
        encoder=str(manifest["encoder"]),
        format=int(str(manifest["format"])),
        articles=articles,
        passages=passages,
        passage_vectors=vectors,
        quote_vectors=quotes,
        quote_starts=starts,
        lexical=LexicalIndex(folder / "bm25") if passages else LexicalIndex.empty(),
    )


def _stored_record(stored: StoredArticle) -> dict[str, object]:
    article = stored.article
    return {
        "id": article.id,
        "title": article.title,
        "text": article.text,
        "url": article.url,
        "updated_at": article.updated_at.isoformat() if article.updated_at else None,
        "metadata": dict(article.metadata),
        "language": article.language,
        "published": article.published,
        "effective_at": article.effective_at.isoformat() if article.effective_at else None,
        "expires_at": article.expires_at.isoformat() if article.expires_at else None,
        "audience": [article.audience.signed_in, sorted(article.audience.segments)],
        "source": stored.source,
        "hash": stored.content_hash,
    }


def _stored_from(record: dict[str, object]) -> StoredArticle:
    updated, metadata, url = record["updated_at"], record["metadata"], record["url"]
    article = Article(
        id=ArticleId(str(record["id"])),
        title=str(record["title"]),
        text=str(record["text"]),
        url=None if url is None else str(url),
        updated_at=None if updated is None else datetime.fromisoformat(str(updated)),
        metadata=metadata if isinstance(metadata, dict) else {},
    )
    return StoredArticle(article=article, source=str(record["source"]), content_hash=str(record["hash"]))


def _passage_record(split: SplitPassage) -> dict[str, object]:
    passage = split.passage
    return {
        "heading": passage.heading,
        "text": passage.text,
        "quotes": [[quote.text, quote.kind.value, quote.lead] for quote in passage.quotes],
        "embedded": split.embedded,
        "words": split.words,
    }


def _passage(article: Article, position: int, record: Mapping[str, object]) -> Passage:
    return Passage(
        id=PassageId(f"{article.id}#{position}"),
        article_id=article.id,
        title=article.title,
        heading=str(record["heading"]),
        text=str(record["text"]),
        position=position,
        url=article.url,
        quotes=tuple(
            Quote(text=text, kind=QuoteKind(kind), lead=lead) for text, kind, lead in _triples(record["quotes"])
        ),
    )


def _split_passages(article: Article, records: object) -> Iterator[SplitPassage]:
    for position, record in enumerate(_records(records)):
        yield SplitPassage(
            passage=_passage(article, position, record),
            embedded=str(record["embedded"]),
            words=str(record["words"]),
        )


def _records(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list):
        raise TypeError("passages are not a list")
    return value


def _triples(value: object) -> list[tuple[str, str, str]]:
    if not isinstance(value, list):
        raise TypeError("quotes are not a list")
    return value


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _dumps(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _damaged(root: Path) -> str:
    return f"The knowledge base in {root} is damaged. Delete this folder and ingest your sources again."


def _sync_file(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
