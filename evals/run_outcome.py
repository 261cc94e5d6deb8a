"""What a run means: beside its baseline, as a page to read, as a note for a pull request, and whether it may go in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.settings import Settings
from conversations.database import DatabaseUnavailable, DatabaseUnsafe
from evals.comparing import compare
from evals.gate import Verdict, judge
from evals.inspect_log import write_inspect_log
from evals.recording import record_run
from evals.rows import Row, read_rows, write_rows
from evals.run_command import CannotRun, Ran
from evals.run_report import RunReport, as_html, as_markdown, read_traces, wanted_traces
from evals.sample import Sample
from evals.trial import BadTrial


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be said about a run. `against` is a baseline: a file of results or of rows; `required` are scores that
    every trial must pass. `html`, `markdown`, `keep` (rows, to be a baseline) and `inspect` (a log for `inspect view`)
    are files to write; `record` are the settings of a service whose console shows the run.
    """

    against: Path | None = None
    required: tuple[str, ...] = ()
    html: Path | None = None
    markdown: Path | None = None
    keep: Path | None = None
    inspect: Path | None = None
    record: Settings | None = None

    def refuse_early(self) -> None:
        """Raise CannotRun for what would fail only when the run is over."""
        if self.against is not None and not self.against.is_file():
            raise CannotRun(f"{self.against} is not there: a baseline is a file of results, or what --keep wrote.")
        self.baseline({})
        for place in (self.html, self.markdown, self.keep, self.inspect):
            if place is not None and not place.parent.is_dir():
                raise CannotRun(f"{place.parent} is not a folder: make it first, or write {place.name} elsewhere.")

    def baseline(self, samples: Mapping[str, Sample]) -> list[Row]:
        """The baseline's rows; of results those of these samples. Raises CannotRun where it cannot be read, OSError."""
        try:
            return read_rows(self.against, samples) if self.against is not None else []
        except BadTrial as bad:
            raise CannotRun(f"The baseline cannot be compared with. {bad}") from None

    def conclude(self, ran: Ran) -> Verdict | None:
        """Write the files; None where nothing was asked that could fail. Raises CannotRun, OSError."""
        if not ran.rows:
            return None
        report = report_on(ran, self)
        if self.html is not None:
            self.html.write_text(as_html(report), encoding="utf-8")
        if self.markdown is not None:
            self.markdown.write_text(as_markdown(report), encoding="utf-8")
        if self.keep is not None:
            write_rows(self.keep, ran.rows)
        if self.inspect is not None:
            write_inspect_log(self.inspect, ran.path, ran.rows, ran.samples)
        if self.record is not None:
            _recorded(self.record, ran, report.verdict)
        return report.verdict


def _recorded(settings: Settings, ran: Ran, verdict: Verdict | None) -> None:
    try:
        asyncio.run(record_run(settings, ran, verdict.lines if verdict else ()))
    except (DatabaseUnavailable, DatabaseUnsafe) as failure:
        raise CannotRun(
            f"The run is in {ran.path}, but not in the console (--no-record leaves it out): {failure}"
        ) from None


def report_on(ran: Ran, asked: Asked) -> RunReport:
    """The run beside its baseline. Raises CannotRun where that cannot be read, OSError where it is not there."""
    comparison = compare(asked.baseline(ran.samples), ran.rows) if asked.against is not None else None
    gated = asked.against is not None or asked.required
    shown = wanted_traces(ran.rows, comparison)
    return RunReport(
        name=", ".join(ran.header.system.files),
        made_at=datetime.now(UTC),
        rows=ran.rows,
        comparison=comparison,
        verdict=judge(comparison, ran.rows, required=asked.required) if gated else None,
        against=asked.against.name if asked.against else "",
        traces=read_traces(ran.path, shown),
        earlier=read_traces(asked.against, shown) if asked.against else {},
    )
