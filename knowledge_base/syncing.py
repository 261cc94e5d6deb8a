"""Bringing the live version up to date with its sources: one sync at a time, and short changes beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from knowledge_base.building import IngestProgress, IngestStage
from knowledge_base.entries import Entry, Wanted, entries_of, keep_shadowed, read_shadowed
from knowledge_base.full_disk import full_disk_in_words
from knowledge_base.lock import alongside, exclusively, held
from knowledge_base.merging import Merged, Taken, merge, take
from knowledge_base.model import ArticleId
from knowledge_base.registry import Missing, SourceConfig, SourceRegistry, located
from knowledge_base.reports import SourceReport, SyncReport
from knowledge_base.running import RunningSync
from knowledge_base.sources import InvalidSource
from knowledge_base.sources.memory import BriefMemory
from knowledge_base.sources.source import Reading
from knowledge_base.sources.written import WRITTEN, WrittenArticle
from knowledge_base.version import Version
from knowledge_base.versions import Versions

_NAMED: Final = 3
"""Sources that the cause of a version names."""
_TURN_SECONDS: Final = 30.0
"""A sync that gave way goes on after so long, whoever waits."""


class KnowledgeBaseClosed(RuntimeError):
    """The process is ending; the next sync goes on from what this one has read and embedded."""


class _GivesWay(Exception):
    """A build of a sync that a short change waits for: what it has encoded so far is kept."""


class Syncing:
    """Safe to share between threads, and its folder between processes.

    One sync at a time, and short changes beside it. A sync reads its sources first and then builds; a change that
    comes while it embeds does not wait for its end: the sync gives way, and goes on from what it has embedded.
    """

    def __init__(
        self, folder: Path, registry: SourceRegistry, versions: Versions, *, clock: Callable[[], datetime]
    ) -> None:
        self._folder = folder
        self._registry = registry
        self._versions = versions
        self._clock = clock
        self._shadowed = folder / "shadowed.jsonl"
        self._built = folder / "building.lock"
        """Held by whoever builds a version, in whichever process."""
        self._waiting = folder / "waiting.lock"
        """Held by those whose change waits for a sync to give way."""
        self._building = threading.Lock()
        """Held while this process builds, so that closing can wait for that."""
        self._closed = threading.Event()
        self.running = RunningSync(folder, clock=clock)
        with exclusively(self._built, seconds=0) as alone:
            if alone:
                versions.tidy()

    def sync(self, ids: Sequence[str] | None, progress: IngestProgress) -> SyncReport:
        configs = self._registry.in_use() if ids is None else [self._registry.get(one) for one in ids]
        with self._only_sync(configs) as started:
            return self._synced(self._read(configs, progress), started, progress)

    def ingest(self, paths: Sequence[Path | str], progress: IngestProgress) -> SyncReport:
        found = [self._registry.at(located(str(path))) for path in paths]
        configs = list({config.id: config for config in found}.values())
        with self._only_sync(configs) as started:
            taken = self._read(configs, progress)
            for one in taken:
                if one.invalid:
                    raise InvalidSource(one.failed)
            for config in configs:
                self._registry.save(config)
            return self._synced(taken, started, progress)

    def remove(self, source_id: str, progress: IngestProgress) -> None:
        name = self._registry.get(source_id).name
        with full_disk_in_words():
            self._registry.remove(source_id)
            self._take_in_at_once((), f"source removed: {name}", progress)

    def write(self, article: WrittenArticle) -> None:
        with full_disk_in_words():
            self._registry.written.write(article, at=self._clock())
            self._take_written(f"article written: {article.title}")

    def delete(self, article_id: str) -> None:
        if not self._registry.written.holds(article_id):
            raise Missing(f"No article {article_id!r} was written here.")
        with full_disk_in_words():
            self._registry.written.delete(article_id)
            self._take_written(f"written article deleted: {article_id}")

    def renew(self, progress: IngestProgress) -> bool:
        """Embed the live articles anew where another encoder or release made their version; whether that was so."""
        before = self._versions.version
        if self._versions.current(before) and held(self._built):
            return False  # another process builds, perhaps for hours
        with full_disk_in_words():
            self._take_in_giving_way((), "embedded anew", self._until_closed(progress))
        return self._versions.version is not before

    def close(self) -> None:
        """Ends a sync at its next step, and waits for that."""
        self._closed.set()
        with self._building:
            pass

    @contextmanager
    def _only_sync(self, configs: Sequence[SourceConfig]) -> Iterator[float]:
        with self.running.begin([config.id for config in configs], _names(configs)), full_disk_in_words():
            yield time.perf_counter()

    def _read(self, configs: Sequence[SourceConfig], progress: IngestProgress) -> list[Taken]:
        taken: list[Taken] = []
        reading = _ReadingOn(self._watched(progress))
        for config in configs:
            taken.append(self._read_one(config, reading.source()))
        return taken

    def _read_one(self, config: SourceConfig, reading: Reading) -> Taken:
        live = self._versions.version.articles
        if config.id == WRITTEN:
            written = self._registry.written
            return take(config, lambda: written.articles(BriefMemory(), reading), live, self._folder)
        with self._registry.memory(config.id) as memory:
            opened = self._registry.opened
            return take(config, lambda: opened(config).articles(memory, reading), live, self._folder)

    def _take_written(self, cause: str) -> None:
        taken = self._read_one(self._registry.get(WRITTEN), lambda done, total: None)
        self._take_in_at_once((taken,), cause, lambda stage, done, total: None)

    def _synced(self, taken: Sequence[Taken], started: float, progress: IngestProgress) -> SyncReport:
        cause = f"sync of {_names([one.config for one in taken])}"
        before, merged = self._take_in_giving_way(taken, cause, self._watched(progress))
        self._versions.forget_encoded()
        version = self._versions.version
        for one in taken:
            merged.explain(one)
        reports = tuple(self._report(one, before, merged, version) for one in taken)
        for report in reports:
            if any(config.id == report.source for config in self._registry.configured()):
                self._registry.keep_report(report)
        return SyncReport(
            sources=reports,
            passages=len(version.passages),
            seconds=time.perf_counter() - started,
            version=str(version.number),
        )

    def _take_in_giving_way(
        self, taken: Sequence[Taken], cause: str, progress: IngestProgress
    ) -> tuple[dict[ArticleId, Entry], Merged]:
        def tell(stage: IngestStage, done: int, total: int) -> None:
            progress(stage, done, total)
            # Something was embedded since it began, so many changes cannot keep a sync from its end.
            if stage is IngestStage.ENCODING and 0 < done < total and held(self._waiting):
                raise _GivesWay

        while True:
            try:
                return self._take_in(taken, cause, tell)
            except _GivesWay:
                with exclusively(self._waiting, seconds=_TURN_SECONDS):
                    continue

    def _take_in_at_once(self, taken: Sequence[Taken], cause: str, progress: IngestProgress) -> None:
        with alongside(self._waiting):
            self._take_in(taken, cause, self._until_closed(progress))

    def _take_in(
        self, taken: Sequence[Taken], cause: str, progress: IngestProgress
    ) -> tuple[dict[ArticleId, Entry], Merged]:
        """The articles of the version that was live, and those of the one that is now."""
        with self._building, exclusively(self._built):
            progress(IngestStage.READING, 0, 0)
            version = self._versions.version
            entries = entries_of(version.articles, self._registry.owner)
            shadowed = read_shadowed(self._shadowed)
            merged = merge([*entries, *shadowed], taken, self._registry.configured())
            # Until the switch both: whichever version a crash leaves, what gives way in it is found again.
            both = [*merged.shadowed, *_others(shadowed, merged.shadowed)]
            self._keep_shadowed(both, kept=shadowed)
            if self._differs(merged.wanted, version):
                self._versions.build(Wanted(merged.wanted), cause=cause, progress=progress)
            self._keep_shadowed(merged.shadowed, kept=both)
            return {entry.id: entry for entry in entries}, merged

    def _differs(self, wanted: Sequence[Entry], version: Version) -> bool:
        articles = version.articles
        if len(wanted) != len(articles) or (len(articles) and not self._versions.current(version)):
            return True
        return any(
            one.id not in articles
            or articles.content_hash(one.id) != one.content_hash
            or articles.source(one.id) != one.source
            for one in wanted
        )

    def _keep_shadowed(self, shadowed: Sequence[Entry], *, kept: Sequence[Entry]) -> None:
        if _told_apart(shadowed) != _told_apart(kept):
            keep_shadowed(self._shadowed, shadowed)

    def _report(self, taken: Taken, before: dict[ArticleId, Entry], merged: Merged, version: Version) -> SourceReport:
        source = taken.config.id
        old = {key: entry.content_hash for key, entry in before.items() if entry.source == source}
        new = {entry.id: entry.content_hash for entry in merged.wanted if entry.source == source}
        kept = old.keys() & new.keys()
        changed = sum(old[key] != new[key] for key in kept)
        return SourceReport(
            source=source,
            name=taken.config.name,
            at=self._clock(),
            added=len(new) - len(kept),
            changed=changed,
            removed=len(old) - len(kept),
            unchanged=len(kept) - changed if taken.failed is None else 0,
            skipped=tuple(taken.lines.kept),
            skipped_more=taken.lines.more,
            passages=sum(len(version.articles.rows(key)) for key in new),
            seconds=taken.seconds,
            failed=taken.failed,
        )

    def _until_closed(self, progress: IngestProgress) -> IngestProgress:
        def tell(stage: IngestStage, done: int, total: int) -> None:
            if self._closed.is_set():
                raise KnowledgeBaseClosed("The knowledge base was closed during the sync; nothing was changed.")
            progress(stage, done, total)

        return tell

    def _watched(self, progress: IngestProgress) -> IngestProgress:
        """Of the one sync: to be seen, and to be stopped, from every process."""

        def tell(stage: IngestStage, done: int, total: int) -> None:
            self.running.tell(stage, done, total)
            progress(stage, done, total)

        return self._until_closed(tell)


class _ReadingOn:
    """One count for what several sources read, one after the other."""

    def __init__(self, progress: IngestProgress) -> None:
        self._progress = progress
        self._before = 0
        self._done = 0

    def source(self) -> Reading:
        self._before, self._done = self._before + self._done, 0

        def reading(done: int, total: int) -> None:
            self._done = done
            self._progress(IngestStage.READING, self._before + done, self._before + total if total else 0)

        return reading


def _names(configs: Sequence[SourceConfig]) -> str:
    names = [config.name for config in configs if config.id != WRITTEN]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more or "the articles written here"


def _told_apart(entries: Sequence[Entry]) -> set[tuple[str, str, str]]:
    return {(entry.source, entry.id, entry.content_hash) for entry in entries}


def _others(entries: Sequence[Entry], known: Sequence[Entry]) -> list[Entry]:
    """Those that are not known under the same id and source."""
    there = {(entry.source, entry.id) for entry in known}
    return [entry for entry in entries if (entry.source, entry.id) not in there]
