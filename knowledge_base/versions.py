"""The versions of one folder: building one beside the live one, switching, going back, and sweeping old ones."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from knowledge_base.atomic_file import SeenFile, replace_text
from knowledge_base.building import IngestProgress, IngestStage, build_version
from knowledge_base.chroma import VectorStoreUnreachable
from knowledge_base.embedding import Embedder
from knowledge_base.entries import Wanted
from knowledge_base.full_disk import full_disk_in_words
from knowledge_base.history import VersionDiff, VersionSummary, describe, described, difference
from knowledge_base.live import Serving
from knowledge_base.lock import Blocks, exclusively
from knowledge_base.model import ArticleId, Viewer
from knowledge_base.nearest import ScanIndex, VectorIndex
from knowledge_base.registry import FileDamaged, Missing
from knowledge_base.searching import Searcher
from knowledge_base.version import FORMAT, KnowledgeBaseDamaged, Version, VersionFolder, empty_version

_SERVED: Final = "served"
"""The file that tells a version that was live from one that was finished by a process killed before the switch."""
CITING_SECONDS: Final = 5.0
"""How long a switch waits for replies that are being posted; one that hangs must not hold up a withdrawal for ever."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is served, and the files that said so."""

    serving: Serving
    current: SeenFile
    withdrawn: SeenFile

    @property
    def outdated(self) -> bool:
        return self.current.replaced or self.withdrawn.replaced


class Versions:
    """Safe to share between threads, and its folder between processes: each sees at once what another made live.

    One `build` at a time, in whichever process, for which syncing.py cares; `roll_back` and `withdraw` need no turn.
    """

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
        self._switching = folder / "switching.lock"
        """Held while what is live is changed, so that each change builds on the one before."""
        self._replies = Blocks(folder / "citing.lock")
        self._adopting = threading.Lock()
        self._retired: list[weakref.ref[Searcher]] = []
        self._seen = self._look(None)

    def close(self) -> None:
        self._vectors.close()

    @property
    def now(self) -> Serving:
        """What is live, whichever process made it so. Where nothing changed a look costs 6 µs."""
        if self._seen.outdated:
            with self._adopting:
                if self._seen.outdated:
                    self._replace(self._look(self._seen.serving))
        return self._seen.serving

    @property
    def version(self) -> Version:
        return self.now.version

    @contextmanager
    def citing(self, article_ids: Collection[str], viewer: Viewer) -> Iterator[frozenset[str]]:
        """Post a reply inside: yields the ids that may be cited now.

        `roll_back`, `withdraw` and a `build` return only when every such block that began before they took effect is
        over, in every process. So once they returned, nothing can be posted that cites what they took away.
        """
        _ = self.now  # a version is loaded before, so that no switch waits for that
        with self._replies.block():
            # Looked at inside: whoever switches after this look waits for this block.
            readers = self.now.readers
            yield frozenset(one for one in article_ids if readers.may_read(one, viewer))

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
                self._switch(self._searcher(version), before)
        finally:
            with exclusively(self._switching):
                self._sweep()
        progress(IngestStage.INDEXING, len(version.passages), len(version.passages))

    def roll_back(self, number: int, *, returning: Callable[[Version], None]) -> None:
        """Make a kept version live again; `returning` is told which just before. Raises Missing, EncoderChanged."""
        with exclusively(self._switching):
            if number == self.version.number:
                return
            version = self._loaded(number)
            if version.articles and not self.current(version):
                raise EncoderChanged(
                    f"Version {number} was made with another encoder or an earlier release of Baton, so it cannot be "
                    f"searched any more. Sync your sources instead."
                )
            searcher = self._searcher(version)
            returning(version)
            self._serve(searcher)
            summary = described(self._folder.path(number))
            if summary is not None:
                describe(self._folder.path(number), replace(summary, rolled_back_at=self._clock()))

    def withdraw(self, change: Callable[[frozenset[ArticleId]], frozenset[ArticleId]]) -> None:
        """Hide other articles than until now, in every version, at once."""
        with exclusively(self._switching), full_disk_in_words():
            withdrawn = change(self.now.withdrawn)
            replace_text(self._withdrawn, json.dumps(sorted(withdrawn)))
            _ = self.now
            self._replies.outlast(CITING_SECONDS)

    def tidy(self) -> None:
        """Describe the live version where an earlier release did not, and remove what a killed process left.

        Only while no process builds.
        """
        if self.version.number:
            self._remember(self.version)
        with exclusively(self._switching):
            self._sweep()

    def forget_encoded(self) -> None:
        """What builds that were interrupted have encoded is of no more use: a whole sync is in a version."""
        self._folder.forget_encoded()

    def summaries(self) -> list[VersionSummary]:
        """The kept versions, newest first."""
        live = self.version.number
        found = [(number, described(self._folder.path(number))) for number in reversed(self._served())]
        return [replace(summary, live=number == live) for number, summary in found if summary is not None]

    def diff(self, before: int, after: int) -> VersionDiff:
        """Raises Missing."""
        return difference(self._loaded(before), self._loaded(after))

    def past(self, number: int, at: datetime) -> Serving:
        """A kept version as it could be read at that instant, without what was taken down since. Raises Missing."""
        version = self._loaded(number)
        searcher = Searcher(version, self._vectors.index(version))
        return Serving.of(searcher, self.now.withdrawn, lambda: at)

    def _loaded(self, number: int) -> Version:
        live = self.version
        if number == live.number:
            return live
        kept = self._served()
        if number not in kept:
            there = ", ".join(str(one) for one in kept) or "none"
            raise Missing(f"There is no version {number} any more. Kept are: {there}.")
        return self._folder.load(number)

    def _look(self, before: Serving | None) -> _Seen:
        """What the files say is live; its version is loaded unless `before` has it."""
        while True:
            withdrawn = SeenFile(self._withdrawn)
            number, current = self._folder.see_current()
            hidden = _withdrawn_in(withdrawn, self._withdrawn)
            try:
                searcher = self._searcher_of(number, before)
            except KnowledgeBaseDamaged:
                if current.replaced:  # swept by another process, which has made another one live
                    continue
                raise
            return _Seen(serving=Serving.of(searcher, hidden, self._clock), current=current, withdrawn=withdrawn)

    def _searcher_of(self, number: int | None, before: Serving | None) -> Searcher:
        if before is not None and (number or 0) == before.version.number:
            return before.searcher
        if number is None:
            return self._searcher(empty_version(self._embedder.name, self._embedder.dimensions))
        version = self._folder.load(number)
        try:
            return self._searcher(version)
        except VectorStoreUnreachable:
            if before is None:
                raise
            # Another process made it live: what it took away must not be found here for want of an index.
            return Searcher(version, ScanIndex(version.passage_vectors, version.codes))

    def _searcher(self, version: Version) -> Searcher:
        return Searcher(version, self._vectors.index(version))

    def _switch(self, searcher: Searcher, before: Version) -> None:
        with exclusively(self._switching):
            if self.version is not before:
                raise SyncOvertaken(
                    f"Somebody went to version {self.version.number} meanwhile, so nothing was changed. Sync again to "
                    f"take the sources in after all."
                )
            self._serve(searcher)

    def _serve(self, searcher: Searcher) -> None:
        """Make a version live on disk, then for everybody who asks; returns when no reply cites the one before."""
        with self._adopting:
            self._folder.switch(searcher.version.number)
            seen = self._look(Serving.of(searcher, frozenset(), self._clock))
            self._replace(seen)
        self._remember(searcher.version)
        self._replies.outlast(CITING_SECONDS)

    def _replace(self, seen: _Seen) -> None:
        before = self._seen.serving.searcher
        if seen.serving.searcher is not before:
            self._retired.append(weakref.ref(before))
        self._seen = seen

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
    """Raises KnowledgeBaseDamaged."""
    return _withdrawn_in(SeenFile(path), path)


def _withdrawn_in(seen: SeenFile, path: Path) -> frozenset[ArticleId]:
    """Raises KnowledgeBaseDamaged: with an empty list in its place, what was taken down would be cited again."""
    try:
        return frozenset(ArticleId(str(one)) for one in json.loads(seen.text or "[]"))
    except (ValueError, TypeError) as failure:
        raise FileDamaged(path, "withdraw those articles again") from failure
