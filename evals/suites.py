"""Every shipped question set against the help center it belongs to, one table each.

    python -m evals.suites [--folder var/evals]

The demo's sets need nothing; the Arduino ones read that help center from BATON_PUBLIC_DATA and are said to be not run
where it is absent.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from evals.answers import judge, offline_agent, table_of
from evals.questions import LabelledQuestion, read_questions
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase

ROOT = Path(__file__).parent.parent
DATASETS = ROOT / "evals" / "datasets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Questions on one help center; `fresh` are those of fresh_questions.jsonl with this suite's name as a tag."""

    name: str
    articles: Path

    def questions(self) -> dict[str, list[LabelledQuestion]]:
        sets = {self.name: read_questions(DATASETS / f"{self.name}_questions.jsonl")}
        customers = DATASETS / f"{self.name}_customers.jsonl"
        if customers.exists():
            sets[f"{self.name}, customers"] = read_questions(customers)
        fresh = DATASETS / "fresh_questions.jsonl"
        if fresh.exists():
            sets[f"{self.name}, fresh"] = [one for one in read_questions(fresh) if self.name in one.tags]
        return sets


def suites() -> list[Suite]:
    public = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data"))
    return [
        Suite(name="demo", articles=ROOT / "demo" / "help_center"),
        Suite(name="arduino", articles=public / "arduino_help" / "articles.jsonl"),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "evals")
    folder: Path = parser.parse_args(arguments).folder
    console = Console()
    for suite in suites():
        if suite.articles.exists():
            _run(suite, folder, console)
        else:
            console.print(f"[yellow]{suite.name}: not run, {suite.articles} is not there (BATON_PUBLIC_DATA)[/yellow]")


def _run(suite: Suite, folder: Path, console: Console) -> None:
    embedder = open_embedder(None, encoders=folder / "encoder", report=console.print)
    knowledge = KnowledgeBase.open(folder / suite.name, embedder)
    try:
        knowledge.ingest([suite.articles])
        agent = offline_agent(knowledge, embedder, folder / "encoder")
        for name, questions in suite.questions().items():
            console.print(table_of(asyncio.run(judge(agent, questions)), name))
    finally:
        knowledge.close()


if __name__ == "__main__":
    main()
