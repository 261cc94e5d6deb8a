"""Whether turns are understood: kinds on held-out phrasings, and "I want a person" on the telephone of a bank.

    python -m evals.understanding [--encoders FOLDER] [--mistakes]

Nothing here is trained on either set; the examples the agent ships are written apart from both.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from agent.draft import TurnKind
from agent.guardrails import clean
from agent.understanding import Understanding
from evals.public_sets import MissingSet, banking_utterances
from evals.statistics import Numbers, figure
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder

_PHRASINGS: Final = Path("evals/datasets/phrasings.jsonl")


class Phrasing(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str
    label: TurnKind


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.understanding", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--encoders", default="var/knowledge/encoders", help="where exported encoders are kept")
    parser.add_argument("--mistakes", action="store_true", help="list what was understood wrongly")
    asked = parser.parse_args(arguments)
    console = Console()
    embedder = open_embedder(None, encoders=Path(asked.encoders), report=console.print)
    understanding = Understanding(embedder)
    phrasings = read_phrasings(_PHRASINGS)
    found = kinds_of([one.text for one in phrasings], understanding, embedder)
    table = Table(title="Turn kinds")
    for column in ("set", "kind", "n", "precision", "recall", "F1, 95 % interval"):
        table.add_column(column, justify="right")
    labels = [one.label for one in phrasings]
    for kind in dict.fromkeys(labels):
        _add(table, "phrasings", kind, labels, found)
    try:
        banking = banking_utterances()
        heard = kinds_of([one.text for one in banking], understanding, embedder)
        wanted = [TurnKind.WANTS_PERSON if one.wants_person else TurnKind.QUESTION for one in banking]
        _add(table, "nlupp banking", TurnKind.WANTS_PERSON, wanted, heard)
    except MissingSet as missing:
        console.print(f"[yellow]not run: {missing}")
    console.print(table)
    right = sum(label is kind for label, kind in zip(labels, found, strict=True))
    console.print(f"phrasings: {right} of {len(labels)} right, {right / len(labels):.3f}")
    if asked.mistakes:
        for one, kind in zip(phrasings, found, strict=True):
            if one.label is not kind:
                console.print(f"{one.label} taken for {kind}: {one.text}", markup=False)


def read_phrasings(path: Path) -> list[Phrasing]:
    return [Phrasing.model_validate_json(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def kinds_of(texts: Sequence[str], understanding: Understanding, embedder: Embedder) -> list[TurnKind]:
    """The kind of each text on its own, as the first message of a conversation."""
    cleaned = [clean(text) for text in texts]
    vectors = embedder.encode(cleaned)
    return [
        (understanding.by_rules(text) or understanding.by_examples(text, vector)).kind
        for text, vector in zip(cleaned, vectors, strict=True)
    ]


def _add(table: Table, name: str, kind: TurnKind, labels: Sequence[TurnKind], found: Sequence[TurnKind]) -> None:
    rows = np.array(
        [[label is kind, guess is kind] for label, guess in zip(labels, found, strict=True)], dtype=np.float64
    )
    count = int(rows[:, 0].sum())
    hits = float((rows[:, 0] * rows[:, 1]).sum())
    precision = hits / max(1.0, float(rows[:, 1].sum()))
    f1 = figure(rows, _f1)
    table.add_row(name, kind.value, str(count), f"{precision:.3f}", f"{hits / max(1, count):.3f}", str(f1))


def _f1(rows: Numbers) -> float:
    return float(2 * (rows[:, 0] * rows[:, 1]).sum() / max(1.0, rows.sum()))


if __name__ == "__main__":
    main()
