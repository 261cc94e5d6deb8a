"""The public data sets, each by one command: what we measure on it, beside what others published.

    python -m evals.public                       # the sets and their commands
    python -m evals.public NAME … [--write FILE] # run these ("all" for all that this command runs itself)

The sets are read where BATON_PUBLIC_DATA points (default ../shared/data). One that is not there counts as not run.
Figures are of Baton without a language model: it quotes, so what is published of models is beside it, not below it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from app.settings import Settings
from evals.public_runs import answer_pairs, attacks, personal_data, procedures
from evals.public_runs.line import Line
from evals.public_sets import MissingSet
from evals.rows import Row
from evals.run_command import Wanted, run_evals
from evals.sample import Sample

_REPORT: Final = "python -m evals.answer_report --work var/evals/sets --sets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """A set: `run` gives its lines; where another command measures it, `command` names that one."""

    about: str
    run: Callable[[], list[Line]] | None = None
    command: str = ""


def of_samples(
    make: Callable[[], list[Sample]], tell: Callable[[Sequence[Row]], list[Line]]
) -> Callable[[], list[Line]]:
    """A set that becomes samples, run on the demo shop in the sandbox of `baton eval`."""

    def run() -> list[Line]:
        samples = make()
        with tempfile.TemporaryDirectory(prefix="baton-public-") as folder:
            file = Path(folder) / "samples.jsonl"
            file.write_text("".join(f"{one.model_dump_json(exclude_defaults=True)}\n" for one in samples), "utf-8")
            wanted = Wanted(files=(file,), demo=True, results=Path(folder) / "results.jsonl")
            ran = run_evals(Settings(demo=True, _env_file=None), wanted, Console(stderr=True))
        if ran.errors or ran.missing:
            raise RuntimeError(f"{ran.missing} trials are missing, and these failed: {dict(ran.errors)}")
        return tell(ran.rows)

    return run


SETS: Final[dict[str, Public]] = {
    "pii_presidio": Public(about="what our redaction takes out of 1,500 sentences", run=personal_data.run),
    "ragchecker_meta": Public(
        about="whether measures of ours agree with two people on 280 pairs", run=answer_pairs.run
    ),
    "injection_giskard": Public(
        about="35 prompts that hijack or jailbreak", run=of_samples(attacks.giskard, attacks.lines_of_attacks)
    ),
    "injection_bipia": Public(
        about="75 instructions planted in what is read", run=of_samples(attacks.bipia, attacks.lines_of_attacks)
    ),
    "bfcl_irrelevance_multiturn": Public(
        about="240 of 1,124 requests that no tool fits",
        run=of_samples(attacks.irrelevance, attacks.lines_of_requests),
    ),
    "mtrag_un": Public(about="follow-ups: answer, abstain or clarify", command=f"{_REPORT} mtrag_un"),
    "clapnq_dev": Public(about="is this passage enough?", command=f"{_REPORT} clapnq_dev"),
    "stackfaq": Public(about="paraphrases of frequent questions", command=f"{_REPORT} stackfaq"),
    "arduino_help": Public(about="a real help center of 414 articles", command="python -m evals.suites"),
    "clinc150": Public(about="far and near questions out of scope", command="python -m evals.scope"),
    "bitext_intents": Public(about="turn kinds", command="python -m evals.train_understanding"),
    "nlupp_handoff_banking": Public(about="wishes for a person", command="python -m evals.train_understanding"),
    "goemotions_ekman": Public(about="anger", command="python -m evals.train_understanding"),
    "tau2_retail": Public(
        about="gold actions of a shop's tasks", command="python -m pytest -m proof -s tests/tools/test_retail_tasks.py"
    ),
    "tau1_retail": Public(
        about="gold actions of the first version's 520 tasks",
        command="python -m pytest -m proof -s tests/tools/test_retail_tasks.py",
    ),
    "abcd_kb": Public(about="55 guidelines for agents, their titles left out", run=procedures.run),
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.public", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("sets", nargs="*", metavar="NAME")
    parser.add_argument("--write", type=Path, metavar="FILE.md")
    asked = parser.parse_args(arguments)
    console = Console()
    unknown = [name for name in asked.sets if name not in SETS and name != "all"]
    if unknown:
        parser.error(f"there is no set {unknown[0]!r}; there are {', '.join(SETS)}")
    if not asked.sets:
        for name, one in SETS.items():
            ours = f"python -m evals.public {name}" if one.run else one.command or "not run"
            console.print(f"{name}: {one.about}\n    {ours}", markup=False, highlight=False)
        return
    names = [name for name, one in SETS.items() if one.run and (name in asked.sets or "all" in asked.sets)]
    for name in asked.sets:
        if name != "all" and SETS[name].run is None:
            console.print(f"{name} is measured by: {SETS[name].command or 'nothing yet'}", markup=False)
    told: list[str] = []
    missing = 0
    for name in names:
        lines = section(name, SETS[name])
        missing += lines is None
        part = lines or [f"## {name}", "Not run: the set is not there.", ""]
        console.print("\n".join(part), markup=False, highlight=False)
        told += part
    if asked.write is not None:
        made = f"Made by `python -m evals.public {' '.join(asked.sets)} --write FILE`, without a language model and"
        page = ["# Public data sets", "", made, *_INTRODUCTION, *told]
        asked.write.write_text("\n".join(page), encoding="utf-8")
    sys.exit(1 if missing else 0)


def section(name: str, public: Public) -> list[str] | None:
    """What is said of a set that this command runs; None where it is not there."""
    assert public.run is not None  # noqa: S101 - only such sets are asked for
    started = time.perf_counter()
    with suppress(MissingSet):
        lines = public.run()
        return [
            f"## {name}",
            f"{public.about}; `python -m evals.public {name}`, {time.perf_counter() - started:.0f} s.",
            "",
            "| measure | Baton | n | beside |",
            "|---|---|---:|---|",
            *(line.as_markdown() for line in lines),
            "",
        ]
    return None


_INTRODUCTION: Final = (
    "without a key. 95 % intervals are in brackets. An attack is said by a customer and planted in an article, and",
    "counts once.",
    "Without a model Baton quotes what answers the question and carries out nothing that it reads, so a planted attack",
    "has little to work on: these figures say nothing of a model. Instructions without a marker (all of BIPIA's) are",
    "found only where a reply repeats them whole. Of BFCL only requests that no tool fits are run: its missing",
    "functions and parameters are of tools that Baton has not. The other sets stand in",
    "[evaluation.md](evaluation.md) and [answers-report.md](answers-report.md); `python -m evals.public` names the",
    "command of each. Extensions of phone numbers and small letters in account numbers are redacted since the misses",
    "here were read.",
    "",
)

if __name__ == "__main__":
    main()
