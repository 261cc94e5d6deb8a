"""A sync that runs in the background of the service: one at a time, with progress to look at, and stoppable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from app.knowledge_schemas import ChangesShape, FinishedSync, RunningSync, SyncShape
from knowledge_base.knowledge_base import (
    InvalidSource,
    KnowledgeBase,
    KnowledgeBaseDamaged,
    KnowledgeBaseFull,
    Missing,
    SyncOvertaken,
    SyncReport,
    SyncRunning,
)

_MEASURED_S: Final = 1.5
"""A speed measured over less than this says nothing about the time that is left."""
_TOLD: Final = (InvalidSource, KnowledgeBaseDamaged, KnowledgeBaseFull, Missing, SyncOvertaken)
"""What a sync can fail with, in words for people."""
Outcome = Literal["done", "partly", "failed", "stopped"]


class _Stopped(Exception):
    """Raised from the progress of a sync that somebody stopped; the live version is as it was."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """One sync. The working thread writes the progress, the event loop reads it."""

    by: str
    source_ids: tuple[str, ...] | None
    started_at: datetime
    stop: bool = False
    stage: str = "reading"
    stage_began: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0

    def progress(self, stage: str, done: int, total: int) -> None:
        if self.stop:
            raise _Stopped
        if stage != self.stage or done < self.done:
            self.stage, self.stage_began = stage, time.monotonic()
        self.done, self.total = done, total

    def seconds_left(self) -> float | None:
        elapsed = time.monotonic() - self.stage_began
        if not self.total or not self.done or elapsed < _MEASURED_S:
            return None
        return max(0.0, elapsed / self.done * (self.total - self.done))


class KnowledgeSync:
    """`after` is called in a thread once a sync has ended."""

    def __init__(self, knowledge: KnowledgeBase, *, clock: Callable[[], datetime], after: Callable[[], None]) -> None:
        self._knowledge = knowledge
        self._clock = clock
        self._after = after
        self._run: _Run | None = None
        self._last: FinishedSync | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self._run is not None

    def start(self, source_ids: Sequence[str] | None, *, by: str) -> None:
        """Begin, and return at once. Raises SyncRunning."""
        if self._run is not None:
            raise SyncRunning
        chosen = tuple(source_ids) if source_ids is not None else None
        self._run = _Run(by=by, source_ids=chosen, started_at=self._clock())
        self._task = asyncio.create_task(self._work(self._run))

    def stop(self) -> None:
        if self._run is not None:
            self._run.stop = True

    async def close(self) -> None:
        """Stop, and wait for the working thread to notice."""
        self.stop()
        if self._task is not None:
            await self._task

    def state(self) -> SyncShape:
        return SyncShape(running=_running(self._run) if self._run else None, last=self._last)

    async def _work(self, run: _Run) -> None:
        began = time.monotonic()
        outcome: Outcome = "failed"
        changes: ChangesShape | None = None
        try:
            report = await asyncio.to_thread(self._sync, run)
            await asyncio.to_thread(self._after)
            outcome, words, changes = _outcome(report), _words(report), changes_of(report)
        except _Stopped:
            outcome, words = "stopped", ""
        except _TOLD as refusal:
            words = str(refusal)
        except OSError as failure:
            words = f"The server's disk gave an error: {failure.strerror or failure}."
        except SyncRunning:
            words = "Another sync runs on the server, begun from its command line; try again when it is over."
        finally:
            self._run = None
        self._last = FinishedSync(
            finished_at=self._clock(),
            started_by=run.by,
            source_ids=list(run.source_ids) if run.source_ids is not None else None,
            outcome=outcome,
            words=words,
            changes=changes,
            seconds=round(time.monotonic() - began, 1),
            version=self._knowledge.version,
        )

    def _sync(self, run: _Run) -> SyncReport:
        ids = list(run.source_ids) if run.source_ids is not None else None
        return self._knowledge.sync(ids, progress=lambda stage, done, total: run.progress(str(stage), done, total))


def _running(run: _Run) -> RunningSync:
    return RunningSync(
        started_at=run.started_at,
        started_by=run.by,
        source_ids=list(run.source_ids) if run.source_ids is not None else None,
        stage=run.stage,
        done=run.done,
        total=run.total,
        seconds_left=run.seconds_left(),
        stopping=run.stop,
    )


def changes_of(report: SyncReport) -> ChangesShape:
    return ChangesShape(
        added=report.added,
        changed=report.changed,
        removed=report.removed,
        unchanged=report.unchanged,
        skipped=len(report.skipped),
    )


def _outcome(report: SyncReport) -> Outcome:
    if not report.failed:
        return "done"
    return "partly" if len(report.failed) < len(report.sources) else "failed"


def _words(report: SyncReport) -> str:
    if report.failed:
        return " ".join(f"{one.name}: {one.failed}" for one in report.failed[:3])
    if not (report.added or report.changed or report.removed):
        return "Nothing had changed."
    return f"{report.added} added, {report.changed} changed, {report.removed} removed."
