"""The one sync of a knowledge folder: who runs it, how far it is, and how to stop it, from any process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from knowledge_base.atomic_file import SeenFile
from knowledge_base.building import IngestStage
from knowledge_base.lock import exclusively, held

_TOLD_EVERY: Final = 0.25
"""Seconds between two notes of how far it is."""
_PROBED: Final = 0.2
"""Seconds that a sync waits for its lock: whoever asks whether one runs holds it for a moment."""
_MEASURED: Final = 1.5
"""A speed measured over fewer seconds says nothing about the time that is left."""


class SyncRunning(RuntimeError):
    """One sync at a time: a second one would wait, perhaps for hours, in a thread that searches need."""


class SyncStopped(RuntimeError):
    """Somebody stopped the sync; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far the running sync is in its stage; `total` is 0 where it is not known. Times in seconds since 1970."""

    sources: tuple[str, ...]
    """Ids of the sources that are synced."""
    names: str
    started_at: float
    stage: str = IngestStage.READING.value
    stage_began: float = 0.0
    done: int = 0
    total: int = 0
    stopping: bool = False

    def seconds_left(self, now: datetime) -> float | None:
        """Of this stage, by its speed so far; None until that is known."""
        elapsed = now.timestamp() - self.stage_began
        if not self.total or not self.done or elapsed < _MEASURED:
            return None
        return max(0.0, elapsed / self.done * (self.total - self.done))


class RunningSync:
    """At most one at a time in a folder."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime]) -> None:
        self._lock = folder / "sync.lock"
        self._note = folder / "sync.json"
        self._stop = folder / "sync.stop"
        self._clock = clock
        self._own: SyncProgress | None = None
        self._told = 0.0

    @contextmanager
    def begin(self, sources: Sequence[str], names: str) -> Iterator[None]:
        """Raises SyncRunning."""
        with exclusively(self._lock, seconds=_PROBED) as alone:
            if not alone:
                running = self.progress()
                named = f"A sync of {running.names}" if running is not None else "A sync"
                raise SyncRunning(f"{named} is running already; wait until it is done.")
            self._stop.unlink(missing_ok=True)
            now = self._clock().timestamp()
            self._own = SyncProgress(sources=tuple(sources), names=names, started_at=now, stage_began=now)
            self._keep(self._own)
            try:
                yield
            finally:
                self._own = None
                self._note.unlink(missing_ok=True)

    def tell(self, stage: IngestStage, done: int, total: int) -> None:
        """Note how far it is. Raises SyncStopped."""
        own = self._own
        if own is None:
            return
        if self._stop.exists():
            raise SyncStopped("The sync was stopped; nothing was changed.")
        new_stage = stage.value != own.stage or done < own.done
        began = self._clock().timestamp() if new_stage else own.stage_began
        self._own = replace(own, stage=stage.value, stage_began=began, done=done, total=total)
        if new_stage or time.monotonic() - self._told >= _TOLD_EVERY:
            self._keep(self._own)

    def progress(self) -> SyncProgress | None:
        """Of the sync that runs, in whichever process; None where none does."""
        found = self._own or self._noted()
        return found and replace(found, stopping=self._stop.exists())

    def stop(self) -> None:
        """End the running sync at its next step. Without one nothing happens."""
        if self.progress() is not None:
            self._stop.touch()

    def _noted(self) -> SyncProgress | None:
        if not self._note.exists() or not held(self._lock):  # a process that was killed leaves its note
            return None
        try:
            kept = json.loads(SeenFile(self._note).text or "{}")
            return SyncProgress(**{**kept, "sources": tuple(kept["sources"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, progress: SyncProgress) -> None:
        """Not forced to disk: after a crash nothing of it counts. A full disk is found by what matters."""
        self._told = time.monotonic()
        draft = self._note.with_suffix(".next")
        with suppress(OSError):
            draft.write_text(json.dumps(asdict(progress)), encoding="utf-8")
            os.replace(draft, self._note)
