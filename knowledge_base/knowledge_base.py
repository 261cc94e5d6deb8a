"""The help center as the rest of Baton sees it: ingest sources, search, look an article up."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from knowledge_base.building import (
    IngestProgress,
    IngestStage,
    build_version,
    known_articles,
)
from knowledge_base.embedding import Embedder
from knowledge_base.lock import KnowledgeBaseBusy, KnowledgeLock
from knowledge_base.model import Article, ArticleId, SearchResult, Vectors
from knowledge_base.searching import Searcher
from knowledge_base.sources import InvalidSource, Skipped, kind_of_path
from knowledge_base.sources.memory import BriefMemory
from knowledge_base.vectors import ChromaFolder, VectorIndex
from knowledge_base.version import (
    FORMAT,
    KnowledgeBaseDamaged,
    StoredArticle,
    Version,
    VersionFolder,
    empty_version,
)

__all__ = [
    "EncoderChanged",
    "IngestProgress",
    "IngestReport",
    "IngestStage",
    "InvalidSource",
    "KnowledgeBase",
    "KnowledgeBaseBusy",
    "KnowledgeBaseDamaged",
    "Skipped",
]

_MAX_QUESTION: Final = 4000
"""Characters of a question that are searched for; the encoder's window ends long before."""


class EncoderChanged(RuntimeError):
    """The live version was embedded by another encoder: its vectors cannot be compared. Ingest again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest changed, in articles; `passages` counts those of the whole version, `seconds` is wall time."""

    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    passages: int
    seconds: float
    version: str


class KnowledgeBase:
    """Safe to share between threads: a search sees the version that is live when it begins, whole."""

    def __init__(self, folder: Path, embedder: Embedder, lock: KnowledgeLock) -> None:
        self._embedder = embedder
        self._lock = lock
        self._folder = VersionFolder(folder)
        number = self._folder.current()
        version = empty_version(embedder.name, embedder.dimensions) if number is None else self._folder.load(number)
        self._chroma = ChromaFolder(folder / "chroma")
        self._ingesting = threading.Lock()
        self._live = Searcher(version, self._index_of(version))
        self._retired: list[weakref.ref[Searcher]] = []
        self._sweep()

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> Self:
        """The knowledge base in `folder`, made where there is none.

        Raises KnowledgeBaseBusy where another process has it, KnowledgeBaseDamaged where files are missing.
        """
        lock = KnowledgeLock.take(folder)
        try:
            return cls(folder, embedder, lock)
        except BaseException:
            lock.release()
            raise

    @property
    def version(self) -> str:
        """Names the live version; "0" before anything was ingested."""
        return str(self._live.version.number)

    @property
    def passage_count(self) -> int:
        return len(self._live.version.passages)

    def announce(self, address: str) -> None:
        """Tell whoever finds this knowledge base busy where it is served."""
        self._lock.announce(address)

    def close(self) -> None:
        with self._ingesting:
            self._chroma.close()
            self._lock.release()

    def article(self, article_id: str) -> Article | None:
        stored = self._live.version.articles.get(ArticleId(article_id))
        return stored.article if stored else None

    def articles(self) -> list[Article]:
        """Every article of the live version, in the order of its sources."""
        return [stored.article for stored in self._live.version.articles.values()]

    def search(self, question: str, *, limit: int = 8, vector: Vectors | None = None) -> SearchResult:
        """The `limit` best passages. `vector` is the question's, shape (dimensions,) or (1, dimensions), if known.

        Raises EncoderChanged.
        """
        live = self._live
        if live.version.encoder != self._embedder.name and live.version.passages:
            raise EncoderChanged("The encoder was changed. Ingest your sources again to embed them with it.")
        question = question[:_MAX_QUESTION]
        asked = self._embedder.encode([question])[0] if vector is None else vector.reshape(-1)
        return live.search(question, asked, limit)

    def ingest(self, paths: Sequence[Path], *, progress: IngestProgress | None = None) -> IngestReport:
        """Bring the articles of these sources up to date; articles of other sources stay.

        Raises InvalidSource, and changes nothing, where a path holds no usable article.
        """
        tell: IngestProgress = progress or (lambda stage, done, total: None)
        started = time.perf_counter()
        with self._ingesting:
            live = self._live.version
            taken = _read_sources(paths, live, tell)
            wanted = [*taken.untouched, *taken.articles]
            known = {key: stored.content_hash for key, stored in live.articles.items()}
            added = sum(one.article.id not in known for one in taken.articles)
            changed = sum(known.get(one.article.id, one.content_hash) != one.content_hash for one in taken.articles)
            removed = len(known.keys() - {one.article.id for one in wanted})
            current = live.encoder == self._embedder.name and live.format == FORMAT
            moved = any(live.articles.get(one.article.id) != one for one in wanted)
            if added or changed or removed or moved or not current:
                self._replace(wanted, reuse=current, progress=tell)
            return IngestReport(
                added=added,
                changed=changed,
                removed=removed,
                unchanged=len(taken.articles) - added - changed,
                skipped=tuple(taken.skipped),
                passages=self.passage_count,
                seconds=time.perf_counter() - started,
                version=self.version,
            )

    def _replace(self, wanted: Sequence[StoredArticle], *, reuse: bool, progress: IngestProgress) -> None:
        """Build a version beside the live one and switch. Whatever fails before the switch leaves the live one."""
        before = self._live.version
        number = self._folder.next_number()
        known = known_articles(self._folder, before) if reuse else {}
        building = self._folder.begin(number)
        ids, vectors = build_version(building, wanted, known, before, embedder=self._embedder, progress=progress)
        index = self._chroma.create(_collection(number))
        index.add(ids, vectors)
        self._folder.finish(number)
        after = self._folder.load(number)
        self._folder.switch(number)
        self._retired.append(weakref.ref(self._live))
        self._live = Searcher(after, index)
        progress(IngestStage.INDEXING, len(ids), len(ids))
        self._sweep()

    def _index_of(self, version: Version) -> VectorIndex:
        """The version's collection; built anew from its vectors where Chroma lost it."""
        name = _collection(version.number)
        index = self._chroma.open(name)
        if index is not None and index.count() == len(version.passages):
            return index
        index = self._chroma.create(name)
        index.add([passage.id for passage in version.passages], np.asarray(version.passage_vectors))
        return index

    def _sweep(self) -> None:
        """Remove every version but the live one and those that a search still reads, and unfinished builds."""
        self._retired = [retired for retired in self._retired if retired() is not None]
        reading = [retired.version.number for one in self._retired if (retired := one()) is not None]
        keep = [self._live.version.number, *reading]
        kept = {_collection(number) for number in keep}
        for name in self._chroma.names():
            if name not in kept:
                self._chroma.drop(name)
        self._folder.sweep(keep)


@dataclass(slots=True)
class _Taken:
    articles: list[StoredArticle]
    untouched: list[StoredArticle]
    skipped: list[Skipped]


def _read_sources(paths: Sequence[Path], live: Version, progress: IngestProgress) -> _Taken:
    sources = {str(path.resolve()): path for path in paths}
    untouched = [one for one in live.articles.values() if one.source not in sources]
    taken = _Taken(articles=[], untouched=untouched, skipped=[])
    owners: dict[ArticleId, str] = {one.article.id: one.source for one in untouched}
    for source, path in sources.items():
        before = len(taken.articles)
        opened = kind_of_path(path).open({"location": str(path)})
        for found in opened.articles(BriefMemory(), lambda done, total: None):
            if isinstance(found, Skipped):
                taken.skipped.append(found)
            elif found.id in owners:
                taken.skipped.append(_taken_id(found, owners[found.id], source))
            else:
                owners[found.id] = source
                stored = StoredArticle(article=found, source=source, content_hash=_content_hash(found))
                taken.articles.append(stored)
                progress(IngestStage.READING, len(taken.articles), 0)
        if len(taken.articles) == before:
            raise InvalidSource(_nothing_usable(path, taken.skipped))
    return taken


def _taken_id(article: Article, owner: str, source: str) -> Skipped:
    where = "this source" if owner == source else owner
    return Skipped(where=article.title, why=f"its id {article.id!r} is already used by an article of {where}")


def _nothing_usable(path: Path, skipped: Sequence[Skipped]) -> str:
    reasons = "; ".join(f"{one.where} {one.why}" for one in skipped[-3:])
    return f"{path} holds no usable article{': ' + reasons if reasons else ''}. Nothing was changed."


def _content_hash(article: Article) -> str:
    record = [
        article.title,
        article.text,
        article.url,
        article.updated_at.isoformat() if article.updated_at else None,
        sorted(article.metadata.items()),
        article.language,
        article.published,
        article.effective_at.isoformat() if article.effective_at else None,
        article.expires_at.isoformat() if article.expires_at else None,
        [article.audience.signed_in, sorted(article.audience.segments)],
    ]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


def _collection(number: int) -> str:
    return f"version-{number}"
