"""What `baton calibrate` does and says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.calibration import Promise, read_calibration
from app.printing import err, out
from app.settings import Settings
from conversations.database import open_database
from conversations.events import Bus
from conversations.model import JsonObject
from conversations.store import ConversationStore
from evals.calibrating import Measured, SnapshotSearch, Source, answer_all, measure
from evals.calibration_report import as_html, in_words
from evals.drift import LEAST, calibrated_confidences, drift
from evals.questions import RetrievalQuestion
from knowledge_base.atomic_file import replace_text
from knowledge_base.embedding import Embedder
from knowledge_base.snapshot import Snapshot

_TURNS: Final = 1_000
"""The newest turns that are compared: older ones may be of an older help center."""
_DRIFTED: Final = 2
"""Exit status of --check where conversations have moved away, so that a scheduled job can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrating:
    """What was asked for. `report` and the service's calibration are written only where that is wanted."""

    file: Path
    promise: Promise
    by_topic: bool
    report: Path | None
    write: bool


def run_calibration(
    settings: Settings,
    questions: Sequence[RetrievalQuestion],
    snapshot: Snapshot,
    embedder: Embedder,
    wanted: Calibrating,
) -> int:
    """The exit status: 0 where the promise can be made."""
    search = SnapshotSearch(snapshot=snapshot, embedder=embedder)
    cache = settings.data_dir / "encoder"
    with err.status("Asking…") as status:
        answered, without = answer_all(
            questions, search, cache, lambda done: status.update(f"Asked {done}/{len(questions)}")
        )
    if not answered:
        err.print("None of these questions leads to a search: there is nothing to calibrate.", style="red")
        return 1
    source = Source.of(wanted.file, search, datetime.now(UTC))
    measured = measure(answered, without, wanted.promise, source, by_topic=wanted.by_topic)
    out.print(in_words(measured, wanted.promise), markup=False)
    _print_figures(measured)
    if wanted.report is not None:
        wanted.report.write_text(as_html(measured, wanted.promise, wanted.file.stem), encoding="utf-8")
        err.print(f"The report is in {wanted.report}.", markup=False)
    if measured.calibration is None:
        return 1
    if wanted.write:
        settings.home.mkdir(parents=True, exist_ok=True)
        replace_text(settings.calibration_file, measured.calibration.model_dump_json(indent=1))
        err.print(
            f"Written to {settings.calibration_file}; a running service reads it at its next start.", markup=False
        )
    return 0


def check_drift(settings: Settings) -> int:
    """The exit status: 0 where real conversations are like the calibration's questions, or too few to say."""
    calibration = read_calibration(settings.calibration_file)
    if calibration is None:
        err.print("Nothing is calibrated yet: run baton calibrate FILE first.", style="red")
        return 1
    seen = calibrated_confidences(asyncio.run(_traces(settings)))
    if len(seen) < LEAST:
        out.print(f"{len(seen)} answers since the calibration; from {LEAST} on they can be compared.")
        return 0
    found = drift(calibration.sample, seen)
    out.print(
        f"{found.seen} answers against {found.sample} labelled questions: stability index {found.stability:.3f}, "
        f"largest gap {found.distance:.3f} (p = {found.p:.3f}). {found.in_words}",
        markup=False,
    )
    return _DRIFTED if found.moved else 0


async def _traces(settings: Settings) -> list[JsonObject]:
    database = await open_database(settings.record_url)
    try:
        store = ConversationStore(database, Bus(), clock=lambda: datetime.now(UTC), new_id=lambda: "")
        return await store.latest_traces(limit=_TURNS)
    finally:
        await database.close()


def _print_figures(measured: Measured) -> None:
    for name in ("coverage", "error", "auroc_right", "auroc_answerable", "aurc", "aurc_similarity", "ece"):
        if name in measured.figures:
            out.print(f"{name:18} {measured.figures[name]:.3f}", markup=False)
