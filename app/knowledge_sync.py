"""A sync that runs in the background of the service: one at a time, with progress to look at, and stoppable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from app.knowledge_schemas import ChangesShape, FinishedSync, RunningSync, SyncShape
from knowledge_base.knowledge_base import (
    IngestStage,
    InvalidSource,
    KnowledgeBase,
    KnowledgeBaseDamaged,
    KnowledgeBaseFull,
    Missing,
    SyncOvertaken,
    SyncProgress,
    SyncReport,
    SyncRunning,
    SyncStopped,
)

_TOLD: Final = (InvalidSource, KnowledgeBaseDamaged, KnowledgeBaseFull, Missing, SyncOvertaken)
"""What a sync can fail with, in words for people."""
_ELSEWHERE: Final = "the command line"
"""Who began a sync that nobody began in this service's console."""
Outcome = Literal["done", "partly", "failed", "stopped"]


@dataclass(slots=True, kw_only=True)
class _Run:
    """A sync that this service began."""

    by: str
    source_ids: tuple[str, ...] | None
    started_at: datetime
    stop: bool = False
    """Set before its working thread has begun, too."""


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
        """Whether a sync runs, also one that the command line or another process began."""
        return self._run is not None or self._knowledge.sync_progress() is not None

    def start(self, source_ids: Sequence[str] | None, *, by: str) -> None:
        """Begin, and return at once. Raises SyncRunning."""
        if self.running:
            raise SyncRunning
        chosen = tuple(source_ids) if source_ids is not None else None
        self._run = _Run(by=by, source_ids=chosen, started_at=self._clock())
        self._task = asyncio.create_task(self._work(self._run))

    def stop(self) -> None:
        """End whichever sync runs at its next step."""
        if self._run is not None:
            self._run.stop = True
        self._knowledge.stop_sync()

    async def close(self) -> None:
        """Stop what this service began, and wait for the working thread to notice."""
        if self._run is not None:
            self._run.stop = True
        if self._task is not None:
            await self._task

    def state(self) -> SyncShape:
        progress = self._knowledge.sync_progress()
        if progress is None and self._run is not None:  # its thread begins in a moment
            began = self._run.started_at.timestamp()
            progress = SyncProgress(sources=(), names="", started_at=began, stage_began=began)
        return SyncShape(running=_running(progress, self._run, self._clock()) if progress else None, last=self._last)

    async def _work(self, run: _Run) -> None:
        began = time.monotonic()
        outcome: Outcome = "failed"
        changes: ChangesShape | None = None
        try:
            report = await asyncio.to_thread(self._sync, run)
            await asyncio.to_thread(self._after)
            outcome, words, changes = _outcome(report), _words(report), changes_of(report)
        except SyncStopped:
            outcome, words = "stopped", ""
        except _TOLD as refusal:
            words = str(refusal)
        except OSError as failure:
            words = f"The server's disk gave an error: {failure.strerror or failure}."
        except SyncRunning:
            words = "Another sync began first; try again when it is over."
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
        def progress(stage: IngestStage, done: int, total: int) -> None:
            if run.stop:
                raise SyncStopped

        return self._knowledge.sync(list(run.source_ids) if run.source_ids is not None else None, progress=progress)


def _running(progress: SyncProgress, own: _Run | None, now: datetime) -> RunningSync:
    return RunningSync(
        started_at=datetime.fromtimestamp(progress.started_at, UTC),
        started_by=own.by if own is not None else _ELSEWHERE,
        source_ids=list(own.source_ids) if own is not None and own.source_ids is not None else None,
        stage=progress.stage,
        done=progress.done,
        total=progress.total,
        seconds_left=progress.seconds_left(now),
        stopping=progress.stopping or (own is not None and own.stop),
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
