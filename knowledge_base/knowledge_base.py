"""The help center as the rest of Baton sees it: sync sources, search, look an article up, go back to a version."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Self

import numpy as np

from knowledge_base.building import IngestProgress, IngestStage
from knowledge_base.embedding import Embedder
from knowledge_base.full_disk import KnowledgeBaseFull
from knowledge_base.history import ArticleChange, VersionDiff, VersionSummary
from knowledge_base.live import Serving
from knowledge_base.lock import KnowledgeBaseBusy, KnowledgeLock
from knowledge_base.model import ANYBODY, Article, ArticleHead, ArticleId, Passage, SearchResult, Vectors, Viewer
from knowledge_base.overlaps import Material, Overlap, find_overlaps
from knowledge_base.past import PastKnowledge
from knowledge_base.registry import Missing, SourceConfig, SourceRegistry, SourceState
from knowledge_base.reports import SourceReport, SyncReport
from knowledge_base.reranking import RERANKED, Reranker, reranked
from knowledge_base.running import SyncProgress, SyncRunning, SyncStopped
from knowledge_base.sources import KINDS, InvalidSource, Skipped, SourceKind
from knowledge_base.sources.written import InvalidArticle, WrittenArticle
from knowledge_base.syncing import KnowledgeBaseClosed, Syncing
from knowledge_base.vectors import VectorStore
from knowledge_base.version import KnowledgeBaseDamaged, Version
from knowledge_base.versions import EncoderChanged, SyncOvertaken, VectorIndexes, Versions

__all__ = [
    "ArticleChange",
    "EncoderChanged",
    "IngestProgress",
    "IngestStage",
    "InvalidArticle",
    "InvalidSource",
    "KnowledgeBase",
    "KnowledgeBaseBusy",
    "KnowledgeBaseClosed",
    "KnowledgeBaseDamaged",
    "KnowledgeBaseFull",
    "Missing",
    "Skipped",
    "SourceConfig",
    "SourceKind",
    "SourceReport",
    "SourceState",
    "SyncOvertaken",
    "SyncProgress",
    "SyncReport",
    "SyncRunning",
    "SyncStopped",
    "VersionDiff",
    "VersionSummary",
    "WrittenArticle",
]

KEEP_VERSIONS: Final = 5
_MAX_QUESTION: Final = 4000
"""Characters of a question that are searched for; the encoder's window ends long before."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class KnowledgeBase:
    """Safe to share between threads: a search sees the version that is live when it begins, whole.

    With `shared` several processes have the folder open. What one of them made live, took down or wrote, the others see
    from their next call on; once it has returned there, no process posts a reply inside `citing` that rests on what it
    took away. That needs a file system on which a rename and a lock hold for all of them at once: one machine's.
    """

    def __init__(
        self,
        embedder: Embedder,
        lock: KnowledgeLock,
        versions: Versions,
        registry: SourceRegistry,
        syncing: Syncing,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._embedder = embedder
        self._lock = lock
        self._versions = versions
        self._registry = registry
        self._syncing = syncing
        self._clock = clock
        self._reranker: Reranker | None = None
        self._comparing = threading.Lock()
        self._compared: tuple[object, list[Overlap]] | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        *,
        vectors: VectorIndexes | None = None,
        shared: bool = False,
        keep_versions: int = KEEP_VERSIONS,
        kinds: Mapping[str, SourceKind] = KINDS,
        clock: Callable[[], datetime] = _utc_now,
    ) -> Self:
        """The knowledge base in `folder`, made where there is none; `shared` with other processes that open it so.

        Raises KnowledgeBaseBusy where another process has it, KnowledgeBaseDamaged where files are missing, and
        VectorStoreUnreachable where Chroma is to answer and does not.
        """
        lock = KnowledgeLock.take(folder, shared=shared)
        try:
            store = vectors or VectorStore(folder)
            versions = Versions(folder, embedder, store, keep=keep_versions, clock=clock)
            registry = SourceRegistry(folder, kinds)
            registry.adopt(versions.version.articles)
            syncing = Syncing(folder, registry, versions, clock=clock)
            return cls(embedder, lock, versions, registry, syncing, clock=clock)
        except BaseException:
            lock.release()
            raise

    def rerank_with(self, reranker: Reranker) -> None:
        """Let a cross-encoder put the first hits in order, from the next search on."""
        self._reranker = reranker

    def announce(self, address: str) -> None:
        """Tell whoever finds this knowledge base busy where it is served."""
        self._lock.announce(address)

    def close(self) -> None:
        self._syncing.close()
        self._versions.close()
        self._lock.release()

    # What is live

    @property
    def version(self) -> str:
        """Names the live version; "0" before anything was taken in."""
        return str(self._versions.version.number)

    @property
    def passage_count(self) -> int:
        return len(self._versions.version.passages)

    def search(
        self,
        question: str,
        *,
        limit: int = 8,
        viewer: Viewer = ANYBODY,
        earlier: Sequence[str] = (),
        vector: Vectors | None = None,
        past: Serving | None = None,
    ) -> SearchResult:
        """The `limit` best passages that `viewer` may read now; `earlier` are their messages before, oldest first.

        `vector` is the question's, shape (dimensions,) or (1, dimensions), if known. `past` is searched in the
        place of the live version. Raises EncoderChanged.
        """
        live = past or self._versions.now
        if live.version.articles and not self._versions.current(live.version):
            raise EncoderChanged(
                "The encoder was changed, or this release splits articles in another way. Sync your sources to "
                "embed them again: baton sync"
            )
        said = [message[:_MAX_QUESTION] for message in earlier]
        asked = live.searcher.question(question[:_MAX_QUESTION], said, self._embedder, vector)
        readable = live.readers.rows(viewer)
        if self._reranker is None:
            return live.searcher.search(asked, limit, readable=readable)
        found = live.searcher.search(asked, max(limit, RERANKED), readable=readable)
        return reranked(found, asked.context, self._reranker, limit)

    def past(self, number: int, at: datetime) -> PastKnowledge:
        """A kept version as it could be searched at that instant. Raises Missing."""
        return PastKnowledge(partial(self.search, past=self._versions.past(number, at)))

    def article(self, article_id: str, viewer: Viewer | None = None) -> Article | None:
        """The article in any state, or, where a viewer is given, only if they may read it now."""
        live = self._versions.now
        if viewer is not None and not live.readers.may_read(article_id, viewer):
            return None
        stored = live.version.articles.get(ArticleId(article_id))
        return stored.article if stored is not None else None

    def articles(self) -> list[Article]:
        """All of the live version, whole, in the order of their sources."""
        articles = self._versions.version.articles
        return [articles[key].article for key in articles]

    def heads(self, viewer: Viewer | None = None) -> list[ArticleHead]:
        """Of the articles of the live version, in the order of their sources; with a viewer of those they may read."""
        live = self._versions.now
        heads = live.version.articles.heads()
        if viewer is None:
            return list(heads)
        return [heads[place] for place in np.flatnonzero(live.readers.articles(viewer)).tolist()]

    def passages_of(self, article_id: str) -> list[Passage]:
        version, key = self._versions.version, ArticleId(article_id)
        rows = version.articles.rows(key) if key in version.articles else range(0)
        return list(version.passages[rows.start : rows.stop])

    def source_of(self, article_id: str) -> str | None:
        """The id of the source that an article of the live version came from."""
        articles, key = self._versions.version.articles, ArticleId(article_id)
        return self._registry.owner(articles.source(key)) if key in articles else None

    def content_hash_of(self, article_id: str) -> str | None:
        """Changes with everything that a reader, or who may be one, depends on."""
        articles, key = self._versions.version.articles, ArticleId(article_id)
        return articles.content_hash(key) if key in articles else None

    def overlaps(self) -> list[Overlap]:
        """Near-duplicates and contradictions among the live articles, for a person to judge. Takes seconds at first."""
        live, now = self._versions.now, self._clock()
        asked = (live.version.number, self.withdrawn(), live.readers.between(now))
        with self._comparing:
            if self._compared is None or self._compared[0] != asked:
                self._compared = (asked, find_overlaps(_material(live.version, self.withdrawn()), now))
            return self._compared[1]

    def citing(self, article_ids: Collection[str], viewer: Viewer) -> AbstractContextManager[frozenset[str]]:
        """Post a reply inside: yields the ids that may be cited now. Whatever takes one away waits for the block."""
        return self._versions.citing(article_ids, viewer)

    def withdrawn(self) -> frozenset[ArticleId]:
        return self._versions.now.withdrawn

    def withdraw(self, article_id: str) -> None:
        """Let nobody read an article from now on, in no version, until `restore`."""
        self._versions.withdraw(lambda before: before | {ArticleId(article_id)})

    def restore(self, article_id: str) -> None:
        self._versions.withdraw(lambda before: before - {ArticleId(article_id)})

    # Sources

    def kinds(self) -> list[SourceKind]:
        return list(self._registry.kinds.values())

    def sources(self) -> list[SourceState]:
        """Every source in the order in which its articles count; the written ones once there were some."""
        articles, progress = self._versions.version.articles, self._syncing.running.progress()
        running = progress.sources if progress is not None else ()
        counts = Counter(self._registry.owner(articles.source(key)) for key in articles)
        return [
            self._registry.state(config, counts[config.id], running=config.id in running)
            for config in self._registry.in_use()
        ]

    def add_source(self, kind: str, name: str, options: Mapping[str, str]) -> SourceConfig:
        """Configure a source; the next sync reads it. Raises InvalidSource."""
        return self._registry.add(self._registry.new_source(kind, name, options))

    def change_source(self, source_id: str, name: str, options: Mapping[str, str]) -> SourceConfig:
        """Another name or other options; a secret that is not given stays. Raises Missing, InvalidSource."""
        return self._registry.change(source_id, name, options)

    def remove_source(self, source_id: str, *, progress: IngestProgress | None = None) -> None:
        """Its articles leave in a new version. Raises Missing, InvalidSource, KnowledgeBaseFull, SyncOvertaken."""
        self._syncing.remove(source_id, progress or _nobody)

    def sync(self, ids: Sequence[str] | None = None, *, progress: IngestProgress | None = None) -> SyncReport:
        """Read these sources, or all, and make what they have now live. A source that fails keeps its articles.

        Raises Missing, SyncRunning, SyncStopped, SyncOvertaken, KnowledgeBaseFull, and what `progress` raises; then
        nothing changed.
        """
        return self._syncing.sync(ids, progress or _nobody)

    def sync_progress(self) -> SyncProgress | None:
        """Of the sync that runs, whoever began it, in this process or another; None where none does."""
        return self._syncing.running.progress()

    def stop_sync(self) -> None:
        """End the running sync at its next step; it raises SyncStopped and changes nothing. Without one: nothing."""
        self._syncing.running.stop()

    def ingest(self, paths: Sequence[Path | str], *, progress: IngestProgress | None = None) -> SyncReport:
        """Sync what is at these paths or addresses, as sources of their own; articles of other sources stay.

        Raises InvalidSource, and changes nothing, where one holds no usable article; otherwise as `sync`.
        """
        return self._syncing.ingest(paths, progress or _nobody)

    def renew(self, *, progress: IngestProgress | None = None) -> bool:
        """Embed the articles anew where another encoder or release made the live version; False where none did."""
        return self._syncing.renew(progress or _nobody)

    # Articles written here

    def write_article(self, article: WrittenArticle) -> None:
        """Keep an article, in place of whichever has its id, until `delete_written`; it is live when this returns.

        Raises InvalidArticle, KnowledgeBaseFull, SyncOvertaken.
        """
        self._syncing.write(article)

    def delete_written(self, article_id: str) -> None:
        """The article of another source that it replaced is back. Raises Missing."""
        self._syncing.delete(article_id)

    # Versions

    def versions(self) -> list[VersionSummary]:
        """Those that are kept, newest first."""
        return self._versions.summaries()

    def roll_back(self, number: int) -> None:
        """Make a kept version live at once; the next sync builds on it. Raises Missing, EncoderChanged."""
        self._versions.roll_back(number, returning=self._bring_back_sources)

    def diff(self, before: int, after: int) -> VersionDiff:
        """Raises Missing."""
        return self._versions.diff(before, after)

    def _bring_back_sources(self, version: Version) -> None:
        self._registry.bring_back({version.articles.source(key) for key in version.articles})


def _material(version: Version, withdrawn: Collection[ArticleId]) -> Material:
    """What is compared; a withdrawn article counts as a draft."""
    return Material(
        passages=version.passages,
        passage_vectors=version.passage_vectors,
        quote_vectors=version.quote_vectors,
        quote_starts=version.quote_starts.tolist(),
        articles={
            key: replace(stored.article, published=stored.article.published and key not in withdrawn)
            for key, stored in version.articles.items()
        },
    )


def _nobody(stage: IngestStage, done: int, total: int) -> None:
    """Nobody watches."""
