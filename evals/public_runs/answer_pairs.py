"""ragchecker_meta: does a measure of ours prefer the answer that people prefer?

Two people rated 280 pairs of answers from -2 (the first is better) to 2. The measures here need no model: the share
of the reference's content words that an answer has (what our `says` asks of facts), and the F1 of its words.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from agent.responders.stems import stems
from evals.public_runs.line import Line
from evals.public_sets import folder_of
from evals.statistics import Numbers, figure

_PEOPLE: Final = "people among themselves .70; RAGChecker F1 .67; token F1 .52; difference in length .21"


def run() -> list[Line]:
    rows: list[dict[str, Any]] = json.loads(
        (folder_of("ragchecker_meta") / "human_labeled_data.json").read_text("utf-8")
    )
    rated: defaultdict[str, list[float]] = defaultdict(list)
    pairs: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = f"{row['instance_id']} {row['query_id']} {row['model1']['model_name']} {row['model2']['model_name']}"
        rated[key].append(float(row["overall_label"]))
        pairs[key] = row
    people = [float(np.mean(rated[key])) for key in pairs]
    return [
        _line("content words of the reference that an answer has", _recall, pairs, people, beside=_PEOPLE),
        _line("F1 of content words", _f1, pairs, people, beside=_PEOPLE),
    ]


def _line(
    name: str,
    measure: Callable[[str, str], float],
    pairs: dict[str, dict[str, Any]],
    people: Sequence[float],
    *,
    beside: str,
) -> Line:
    ours = [
        measure(row["model2"]["response"], row["gt_answer"]) - measure(row["model1"]["response"], row["gt_answer"])
        for row in pairs.values()
    ]
    found = figure(np.column_stack([ours, people]), _pearson)
    return Line(measure=f"agreement with people (Pearson): {name}", figure=found, beside=beside)


def _pearson(rows: Numbers) -> float:
    with np.errstate(invalid="ignore"):  # a draw in which one side is all alike correlates with nothing
        return float(np.corrcoef(rows[:, 0], rows[:, 1])[0, 1])


def _recall(answer: str, reference: str) -> float:
    wanted = set(stems(reference))
    return len(wanted & set(stems(answer))) / max(1, len(wanted))


def _f1(answer: str, reference: str) -> float:
    said = set(stems(answer))
    recall, precision = _recall(answer, reference), len(set(stems(reference)) & said) / max(1, len(said))
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0
