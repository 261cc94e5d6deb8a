"""The versions of one folder: building one beside the live one, switching, going back, and sweeping old ones."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from knowledge_base.atomic_file import replace_text
from knowledge_base.building import IngestProgress, IngestStage, build_version
from knowledge_base.embedding import Embedder
from knowledge_base.entries import Wanted
from knowledge_base.full_disk import full_disk_in_words
from knowledge_base.history import VersionDiff, VersionSummary, describe, described, difference
from knowledge_base.live import Live
from knowledge_base.model import ArticleId
from knowledge_base.nearest import VectorIndex
from knowledge_base.registry import FileDamaged, Missing
from knowledge_base.searching import Searcher
from knowledge_base.version import FORMAT, Version, VersionFolder, empty_version

_SERVED: Final = "served"
"""The file that tells a version that was live from one that was finished by a process killed before the switch."""


class EncoderChanged(RuntimeError):
    """A version was embedded by another encoder, or split by an earlier release: it cannot be searched."""


class SyncOvertaken(RuntimeError):
    """Somebody went back to another version while one was built, so that one was not made live."""


class VectorIndexes(Protocol):
    """What answers searches by vector for each version (VectorStore)."""

    def index(self, version: Version) -> VectorIndex: ...

    def keep(self, numbers: Collection[int]) -> None:
        """Forget every other version."""
        ...

    def close(self) -> None: ...


class Versions:
    """Safe to share between threads; one `build` at a time, which `roll_back` and `withdraw` need not wait for."""

    def __init__(
        self, folder: Path, embedder: Embedder, vectors: VectorIndexes, *, keep: int, clock: Callable[[], datetime]
    ) -> None:
        """Raises KnowledgeBaseDamaged, and VectorStoreUnreachable where Chroma is to answer."""
        self._embedder = embedder
        self._vectors = vectors
        self._keep = keep
        self._clock = clock
        self._folder = VersionFolder(folder)
        self._withdrawn = folder / "withdrawn.json"
        self._switching = threading.Lock()
        self._retired: list[weakref.ref[Searcher]] = []
        number = self._folder.current()
        version = empty_version(embedder.name, embedder.dimensions) if number is None else self._folder.load(number)
        self.live = Live(Searcher(version, vectors.index(version)), read_withdrawn(self._withdrawn), clock=clock)
        if number is not None:
            self._remember(version)
        self._sweep()

    def close(self) -> None:
        self._vectors.close()

    @property
    def version(self) -> Version:
        return self.live.now.version

    def current(self, version: Version) -> bool:
        """Whether this release and encoder can search it as it is."""
        return version.encoder == self._embedder.name and version.format == FORMAT

    def build(self, wanted: Wanted, *, cause: str, progress: IngestProgress) -> None:
        """Build a version of these articles beside the live one and switch.

        Whatever fails before the switch leaves the live one: SyncOvertaken, KnowledgeBaseFull, what `progress` raises.
        """
        before = self.version
        number = self._folder.next_number()
        try:
            with full_disk_in_words():
                building = self._folder.begin(number)
                build_version(building, wanted, before, embedder=self._embedder, progress=progress)
                describe(building, _made(number, at=self._clock(), cause=cause))
                self._folder.finish(number)
                version = self._folder.load(number)
                searcher = Searcher(version, self._vectors.index(version))
                self._switch(searcher, before)
        finally:
            with self._switching:
                self._sweep()
        progress(IngestStage.INDEXING, len(version.passages), len(version.passages))

    def roll_back(self, number: int, *, returning: Callable[[Version], None]) -> None:
        """Make a kept version live again; `returning` is told which just before. Raises Missing, EncoderChanged."""
        with self._switching:
            if number == self.version.number:
                return
            version = self._loaded(number)
            if version.articles and not self.current(version):
                raise EncoderChanged(
                    f"Version {number} was made with another encoder or an earlier release of Baton, so it cannot be "
                    f"searched any more. Sync your sources instead."
                )
            searcher = Searcher(version, self._vectors.index(version))
            returning(version)
            self._serve(searcher)
            summary = described(self._folder.path(number))
            if summary is not None:
                describe(self._folder.path(number), replace(summary, rolled_back_at=self._clock()))

    def withdraw(self, change: Callable[[frozenset[ArticleId]], frozenset[ArticleId]]) -> None:
        """Hide other articles than until now, in every version, at once."""
        with self._switching, full_disk_in_words():
            withdrawn = change(self.live.withdrawn)
            replace_text(self._withdrawn, json.dumps(sorted(withdrawn)))
            self.live.hide(withdrawn)

    def summaries(self) -> list[VersionSummary]:
        """The kept versions, newest first."""
        live = self.version.number
        found = [(number, described(self._folder.path(number))) for number in reversed(self._served())]
        return [replace(summary, live=number == live) for number, summary in found if summary is not None]

    def diff(self, before: int, after: int) -> VersionDiff:
        """Raises Missing."""
        return difference(self._loaded(before), self._loaded(after))

    def _loaded(self, number: int) -> Version:
        live = self.version
        if number == live.number:
            return live
        kept = self._served()
        if number not in kept:
            there = ", ".join(str(one) for one in kept) or "none"
            raise Missing(f"There is no version {number} any more. Kept are: {there}.")
        return self._folder.load(number)

    def _switch(self, searcher: Searcher, before: Version) -> None:
        with self._switching:
            if self.version is not before:
                raise SyncOvertaken(
                    f"Somebody went to version {self.version.number} meanwhile, so nothing was changed. Sync again to "
                    f"take the sources in after all."
                )
            self._serve(searcher)

    def _serve(self, searcher: Searcher) -> None:
        """Make a version live on disk, then for everybody who asks; returns when no reply cites the one before."""
        self._folder.switch(searcher.version.number)
        self._remember(searcher.version)
        self._retired.append(weakref.ref(self.live.now.searcher))
        self.live.serve(searcher)

    def _remember(self, version: Version) -> None:
        folder = self._folder.path(version.number)
        summary = described(folder)
        if summary is None:
            at = datetime.fromtimestamp((folder / "version.json").stat().st_mtime, UTC)
            summary = _made(version.number, at=at, cause="made by an earlier release")
        with suppress(OSError):  # the disk is full: it is marked when it is opened next
            describe(folder, replace(summary, articles=len(version.articles), passages=len(version.passages)))
            (folder / _SERVED).touch()

    def _served(self) -> list[int]:
        return [number for number in self._folder.numbers() if (self._folder.path(number) / _SERVED).exists()]

    def _sweep(self) -> None:
        """Remove all but the newest versions, the live one and those that a search still reads."""
        self._retired = [retired for retired in self._retired if retired() is not None]
        reading = [searcher.version.number for one in self._retired if (searcher := one()) is not None]
        kept = {*self._served()[-self._keep :], self.version.number, *reading}
        self._vectors.keep(kept)
        self._folder.sweep(sorted(kept))


def _made(number: int, *, at: datetime, cause: str) -> VersionSummary:
    """Its articles and passages are counted when it goes live."""
    return VersionSummary(number=number, made_at=at, cause=cause, articles=0, passages=0, live=False)


def read_withdrawn(path: Path) -> frozenset[ArticleId]:
    """Raises KnowledgeBaseDamaged: with an empty list in its place, what was taken down would be cited again."""
    try:
        return frozenset(ArticleId(str(one)) for one in json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError) as failure:
        raise FileDamaged(path, "withdraw those articles again") from failure
