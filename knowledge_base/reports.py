"""What a sync did, source by source, and how the last report of each source is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Final

from knowledge_base.atomic_file import replace_text
from knowledge_base.sources.source import Skipped

MAX_LINES: Final = 1000
"""Lines of a report that are kept; a sitemap of a million pages could leave out each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one source brought, in articles; `failed` says why it brought nothing, and then its earlier ones stay.

    `skipped_more` counts the lines beyond the first MAX_LINES. `passages` are those of the source in the version that
    came of it, `seconds` is the wall time of reading it.
    """

    source: str
    name: str
    at: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: tuple[Skipped, ...] = ()
    skipped_more: int = 0
    passages: int = 0
    seconds: float = 0.0
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync changed; `passages` counts those of the whole version, `seconds` is wall time."""

    sources: tuple[SourceReport, ...]
    passages: int
    seconds: float
    version: str

    @property
    def added(self) -> int:
        return sum(one.added for one in self.sources)

    @property
    def changed(self) -> int:
        return sum(one.changed for one in self.sources)

    @property
    def removed(self) -> int:
        return sum(one.removed for one in self.sources)

    @property
    def unchanged(self) -> int:
        return sum(one.unchanged for one in self.sources)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(line for one in self.sources for line in one.skipped)

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        return tuple(one for one in self.sources if one.failed is not None)


class Lines:
    """Lines of a report as they come, the first MAX_LINES of them."""

    def __init__(self) -> None:
        self._kept: list[Skipped] = []
        self.more = 0

    def add(self, line: Skipped) -> None:
        if len(self._kept) < MAX_LINES:
            self._kept.append(line)
        else:
            self.more += 1

    @property
    def kept(self) -> Sequence[Skipped]:
        return self._kept


def keep_report(path: Path, report: SourceReport) -> None:
    record = {one.name: getattr(report, one.name) for one in fields(report)}
    record["at"] = report.at.isoformat()
    record["skipped"] = [[line.where, line.why, line.kept] for line in report.skipped]
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json.dumps(record, ensure_ascii=False))


def kept_report(path: Path) -> SourceReport | None:
    """The report at `path`; None where there is none that can be read: it is made anew by the next sync."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["at"] = datetime.fromisoformat(record["at"])
        record["skipped"] = tuple(Skipped(where=where, why=why, kept=kept) for where, why, kept in record["skipped"])
        return SourceReport(**record)
    except (OSError, ValueError, TypeError, KeyError):
        return None
