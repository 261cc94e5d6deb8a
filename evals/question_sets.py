"""Every set of labelled questions with the help center it is about: what confidence is fitted and measured on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evals.public_sets import MissingSet, PublicSet, clapnq, mtrag, stackfaq
from evals.questions import LabelledQuestion, read_questions

ROOT: Final = Path(__file__).parent.parent
DATASETS: Final = ROOT / "evals" / "datasets"
TRAINING: Final = ("demo", "clapnq_dev", "mtrag_un", "stackfaq")
"""The sets that the shipped weights are fitted on; the others are only measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """`groups` names for each question those that must share a fold: paraphrases, one conversation.

    The articles lie in `articles`, or are `rows` of {"id", "title", "text"}.
    """

    name: str
    questions: tuple[LabelledQuestion, ...]
    groups: tuple[str, ...]
    articles: Path | None = None
    rows: tuple[dict[str, str], ...] = ()

    def source(self, folder: Path) -> Path:
        """A path to take the articles in from; `folder` is there for those that are rows."""
        if self.articles is not None:
            return self.articles
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "articles.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in self.rows), encoding="utf-8")
        return path


def question_sets() -> Iterator[QuestionSet | MissingSet]:
    """Those of this machine; the reason for each that is not here."""
    demo = ROOT / "demo" / "help_center"
    yield _own("demo", demo, "demo_questions.jsonl", fresh="demo")
    yield _own("demo_customers", demo, "demo_customers.jsonl")
    arduino = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data")) / "arduino_help" / "articles.jsonl"
    if arduino.exists():
        yield _own("arduino", arduino, "arduino_questions.jsonl", "arduino_retrieval.jsonl", fresh="arduino")
    else:
        yield MissingSet(f"{arduino} is not there: set BATON_PUBLIC_DATA to the folder of the public sets.")
    for read in (clapnq, mtrag, stackfaq):
        try:
            yield _public(read())
        except MissingSet as missing:
            yield missing


def _own(name: str, articles: Path, *files: str, fresh: str = "") -> QuestionSet:
    """Questions that ask for a clarification are left out: nothing that could be right answers them."""
    questions = [one for file in files for one in read_questions(DATASETS / file)]
    if fresh:
        questions += [one for one in read_questions(DATASETS / "fresh_questions.jsonl") if fresh in one.tags]
    kept = [one for one in questions if one.decision != "clarify"]
    return QuestionSet(name=name, questions=tuple(kept), groups=_ids(kept), articles=articles)


def _public(found: PublicSet) -> QuestionSet:
    return QuestionSet(name=found.name, questions=found.questions, groups=found.groups, rows=found.articles)


def _ids(questions: Sequence[LabelledQuestion]) -> tuple[str, ...]:
    return tuple(one.id for one in questions)
