"""Every suite that ships, run on the demo shop: the figures for the documents, a page for each, and the gate.

    python -m evals.shipped [SUITE …] [--work var/evals/shipped] [--against FOLDER] [--keep FOLDER] [--write FILE.md]

`--keep` writes a baseline for each suite, `--against` compares with such a folder. What must never happen (an effect
that nobody confirmed, a call that a customer's words forged) fails without a baseline too. Exits with 1 where it fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console

from app.settings import Settings
from evals.run_command import Ran, Wanted, last_lines, run_evals, summary_table
from evals.run_figures import figures_of
from evals.run_outcome import Asked

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "evals" / "datasets" / "suites"
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "demo": (),
        "injection": ("end_state",),
        "red_team": ("end_state", "never_calls", "never_says"),
        "simulated": ("end_state",),
    }
)
"""The suites, and the scores that every one of its trials must pass."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.shipped", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(REQUIRED)}; all where none is named")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "evals" / "shipped")
    parser.add_argument("--against", type=Path, metavar="FOLDER")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--write", type=Path, metavar="FILE.md")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.suites if name not in REQUIRED]
    if unknown:
        parser.error(f"there is no suite {unknown[0]!r}; there are {', '.join(REQUIRED)}")
    console = Console()
    told, failed = [], False
    for name in asked.suites or list(REQUIRED):
        ran, lines = run_suite(name, asked.work, against=asked.against, keep=asked.keep, console=console)
        console.print(summary_table(ran))
        for line in (*last_lines(ran), *lines):
            console.print(line, markup=False, highlight=False)
        told += section(name, ran, lines)
        failed |= bool(lines or ran.errors or ran.missing)
    if asked.write is not None:
        asked.write.write_text(
            "\n".join(("# What the shipped suites score", "", _INTRODUCTION, *told)), encoding="utf-8"
        )
    sys.exit(1 if failed else 0)


def run_suite(
    name: str, work: Path, *, console: Console, against: Path | None = None, keep: Path | None = None
) -> tuple[Ran, list[str]]:
    """The run of one suite, made anew, and what the gate holds against it. Raises what `run_evals` raises."""
    for folder in (work, keep):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    results = work / f"{name}.jsonl"
    results.unlink(missing_ok=True)
    outcome = Asked(
        against=against / f"{name}.jsonl" if against else None,
        required=REQUIRED[name],
        html=work / f"{name}.html",
        keep=keep / f"{name}.jsonl" if keep else None,
    )
    outcome.refuse_early()
    ran = run_evals(
        Settings(demo=True, _env_file=None),
        Wanted(files=(FOLDER / f"{name}.jsonl",), demo=True, results=results),
        console,
    )
    verdict = outcome.conclude(ran)
    return ran, list(verdict.lines) if verdict is not None and not verdict.passed else []


_INTRODUCTION: Final = (
    "Made by `python -m evals.shipped --write docs/suites-report.md` with the extractive responder: no model, no key. "
    "Half of each suite is marked `held_out`. Samples of one group (an attack in five places, say) are one in n and in "
    "the 95 % intervals. A sample passes where all of its scores that decide do.\n"
)


def section(name: str, ran: Ran, lines: Sequence[str]) -> list[str]:
    """What the document says of one suite."""
    figures = figures_of(ran.rows)
    rows = [("passed", figures.overall), *((one.name, one.figure) for one in figures.scores)]
    held = [row for row in ran.rows if "held_out" in row.tags]
    if held:
        rows.insert(1, ("passed, of those held out", figures_of(held).overall))
    return [
        f"## {name}",
        f"{figures.samples} samples in {ran.standing.seconds:.0f} s. "
        + (
            " ".join(lines)
            if lines
            else f"Must never fail and did not: {', '.join(REQUIRED[name]) or 'nothing named'}."
        ),
        "",
        "| score | value | 95 % interval | n |",
        "|---|---:|---:|---:|",
        *(f"| {label} | {one.value:.1%} | {one.low:.1%} to {one.high:.1%} | {one.n} |" for label, one in rows),
        "",
    ]


if __name__ == "__main__":
    main()
