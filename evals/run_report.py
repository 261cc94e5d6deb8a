"""The report of a run: one HTML file that needs nothing else, or a short Markdown for a pull request.

All text of customers, models and articles is escaped: the page has no script, and nothing in it can become one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evals.comparing import Changed, Comparison, Moved
from evals.drawing import bar, curve
from evals.gate import Verdict
from evals.rows import Row
from evals.run_figures import RISK, RunFigures, figures_of
from evals.scorers import DECIDING
from evals.scorers.wording import MEANING
from evals.trial import BadTrial, Trial, trial_of

_WORST: Final = 20
_IN_MARKDOWN: Final = 10
Key = tuple[str, int]
"""A trial: its sample and its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a report tells. `traces` holds the trials that are shown in full; `earlier` those of the baseline."""

    name: str
    made_at: datetime
    rows: Sequence[Row]
    comparison: Comparison | None = None
    verdict: Verdict | None = None
    against: str = ""
    traces: Mapping[Key, Trial] = field(default_factory=dict)
    earlier: Mapping[Key, Trial] = field(default_factory=dict)


def worst(rows: Sequence[Row]) -> list[Row]:
    """The failed trials that a report shows in full: those that failed most of what decides, one of each sample."""
    failed = sorted((row for row in rows if not row.passed), key=_how_bad)
    return list({row.sample: row for row in reversed(failed)}.values())[::-1][:_WORST]


def wanted_traces(rows: Sequence[Row], comparison: Comparison | None) -> set[Key]:
    """The trials that `as_html` shows in full."""
    keys = {(row.sample, row.number) for row in worst(rows)}
    return keys | ({(moved.sample, 0) for moved in _shown(comparison)} if comparison else set())


def read_traces(path: Path, wanted: Collection[Key]) -> dict[Key, Trial]:
    """Those trials of a file of trials; the others are read past. A file of rows has none."""
    found: dict[Key, Trial] = {}
    with path.open("rb") as lines:
        for line in lines:
            try:
                trial = trial_of(line)
            except BadTrial:
                continue
            if (trial.sample, trial.number) in wanted:
                found[(trial.sample, trial.number)] = trial
    return found


def as_html(report: RunReport) -> str:
    figures = figures_of(report.rows)
    sure = figures.sureness
    plots = None
    if sure is not None:
        diagonal, level = [(0.0, 0.0), (1.0, 1.0)], [(0.0, RISK), (1.0, RISK)]
        plots = {
            "reliability": curve(sure.reliability, guide=diagonal, across="confidence", up="share right", dots=True),
            "risk": curve(sure.risk_coverage, guide=level, across="share answered", up="share wrong"),
        }
    return (
        _templates()
        .get_template("run_report.html")
        .render(
            report=report,
            figures=figures,
            plots=plots,
            risk=RISK,
            worst=worst(report.rows),
            failed=sum(not row.passed for row in report.rows),
            changes=_notable(report.comparison),
            moved=_shown(report.comparison) if report.comparison else [],
            bar=bar,
            deciding=DECIDING,
            meaning=MEANING,
        )
    )


def as_markdown(report: RunReport) -> str:
    """For a pull request: the verdict, the figures, what changed."""
    figures = figures_of(report.rows)
    lines = [f"### Evals: {_cell(report.name)}", "", *_verdict(report), _headline(figures), ""]
    if report.comparison is not None:
        lines += _changes_table(report.comparison)
    else:
        lines += ["| score | value | 95 % interval | samples |", "|---|---:|---:|---:|"]
        lines += [
            f"| {one.name} | {one.figure.value:.1%} | {one.figure.low:.1%} to {one.figure.high:.1%} | {one.figure.n} |"
            for one in figures.scores
        ]
    return "\n".join(lines) + "\n"


def _headline(figures: RunFigures) -> str:
    overall = figures.overall
    repeated = "".join(f", pass^{k} {one.value:.1%}" for k, one in figures.pass_hats.items())
    cost = f" ${figures.dollars:.2f}." if figures.dollars is not None else ""
    return (
        f"**{overall.value:.1%}** of {figures.trials} trials of {figures.samples} samples passed (95 % interval "
        f"{overall.low:.1%} to {overall.high:.1%}){repeated}. Slowest turn: median {figures.median:.2f} s, "
        f"95 % within {figures.p95:.2f} s.{cost}"
    )


def _verdict(report: RunReport) -> list[str]:
    if report.verdict is None:
        return []
    mark = "✅ passed" if report.verdict.passed else "❌ failed"
    told = [f"- {_cell(line)}" for line in report.verdict.lines]
    return [f"**Gate {mark}**{f', against {_cell(report.against)}' if report.against else ''}", "", *told, ""]


def _changes_table(comparison: Comparison) -> list[str]:
    lines = ["| score | before | after | points | 95 % interval | p |", "|---|---:|---:|---:|---:|---:|"]
    for one in _notable(comparison):
        change = one.paired.difference
        lines.append(
            f"| {one.name} | {one.before:.1%} | {one.after:.1%} | {100 * change.value:+.1f} | "
            f"{100 * change.low:+.1f} to {100 * change.high:+.1f} | {one.paired.p:.2g} |"
        )
    if not comparison.moved:
        return [*lines, "", "No sample changed."]
    lost = sum(one.lost for one in comparison.moved)
    lines += ["", f"{lost} samples got worse, {len(comparison.moved) - lost} better."]
    lines += [
        f"- {'worse' if one.lost else 'better'}: {_code(one.sample)} {_cell(one.asked)[:120]} ({_cell(one.why)[:160]})"
        for one in comparison.moved[:_IN_MARKDOWN]
    ]
    return lines


def _notable(comparison: Comparison | None) -> list[Changed]:
    """The whole first, then every score that moved in either direction."""
    if comparison is None:
        return []
    return [one for place, one in enumerate(comparison.changes) if place == 0 or one.paired.better or one.paired.worse]


def _shown(comparison: Comparison) -> list[Moved]:
    return list(comparison.moved[:_WORST])


def _how_bad(row: Row) -> tuple[float, float]:
    told = [value for name, value in row.values.items() if name in DECIDING]
    # Of two that are as wrong the surer one is the worse.
    return sum(told) / max(1, len(told)), -(row.confidence or 0.0)


def _cell(text: str) -> str:
    """Text of strangers inside Markdown: one line, and nothing in it is a mark, a link, a mention or HTML."""
    flat = " ".join(text.split())
    marks = "\\`*_{}[]()#+!|~>"
    escaped = "".join(f"\\{sign}" if sign in marks else sign for sign in flat)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace("@", "@\u200b").replace("://", ":\u200b//")


def _code(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', '/')}`"


@cache
def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    found.trim_blocks = found.lstrip_blocks = True
    found.filters["percent"] = lambda value: f"{100 * value:.1f} %"
    found.filters["points"] = lambda value: f"{100 * value:+.1f}"
    return found
