"""Fits the weights of agent/confidence.py on labelled questions and writes them with their provenance.

    python -m evals.fit_confidence --work FOLDER [--write agent/confidence_weights.json]

A question counts as right when it has an answer and the first article that the AI agent would cite, however unsure,
holds it. The public sets and the demo questions weigh the same, whatever their size. Figures are out of fold: each set
scored by weights fitted on the others, the demo questions by five-fold cross-validation with the public sets always
in. Arduino questions and those of demo_customers.jsonl are never read here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from agent.confidence import shipped_model
from evals.answers import judge, offline_agent
from evals.question_sets import TRAINING, QuestionSet, question_sets
from evals.statistics import auroc
from knowledge_base.embedding import Embedder
from knowledge_base.encoders import open_embedder
from knowledge_base.knowledge_base import KnowledgeBase

Numbers = NDArray[np.float64]

_PENALTY: Final = 0.003
"""L2 on standardised weights, for a mean loss. Between 0.0003 and 0.01 no figure moves by more than .004."""
_FOLDS: Final = 5
_SEED: Final = 11
_MEANS: Final = {
    "dense": 1, "dense_margin": 1, "lexical": 1, "lexical_margin": 1, "fused_margin": 1, "agreement": 1, "coverage": 1,
    "unknown": -1, "opening": 1, "word_rank": 1, "quote": 1, "quote_lead": 1, "quoted_words": 1, "said": 1,
}  # fmt: skip
"""Which way a signal must point, where that is plain. `named` takes back what a title's words lend to a likeness."""
_MOST_ERROR: Final = 0.12
"""Of the answers given on the demo questions, at most this share may cite a wrong article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Evidence of one question and the answer that would be given.

    `right`: it would cite a right article first; `fold` and `group` keep paraphrases together.
    """

    id: str
    group: str
    text: str
    source: str
    evidence: dict[str, float]
    right: bool
    answerable: bool
    fold: int
    supported: bool = True
    """Every sentence of the answer is of a passage that it cites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    names: tuple[str, ...]
    weights: Numbers
    intercept: float
    mean: Numbers
    deviation: Numbers

    def scores(self, samples: Sequence[Sample]) -> Numbers:
        rows = (_matrix(samples, self.names) - self.mean) / self.deviation
        return np.asarray(1.0 / (1.0 + np.exp(-(rows @ self.weights + self.intercept))), dtype=np.float64)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.fit_confidence", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--work", required=True, help="folder for the sets' knowledge bases, kept between runs")
    parser.add_argument("--write", help="where to write the weights")
    asked = parser.parse_args(arguments)
    console = Console()
    samples = gather(Path(asked.work), console)
    demo = [sample for sample in samples if sample.source == "demo"]
    scores = out_of_fold(samples, demo)
    threshold = chosen_threshold(scores, demo)
    console.print(_report(samples, scores, demo, threshold))
    if asked.write:
        text = weights_json(fit(samples), samples, threshold, _measured(scores, demo, threshold))
        Path(asked.write).write_text(text, encoding="utf-8")


def gather(work: Path, console: Console, names: Sequence[str] = TRAINING) -> list[Sample]:
    """Evidence of every question of the sets of these names that are on this machine."""
    embedder = open_embedder(None, encoders=work / "encoders", report=console.print)
    samples: list[Sample] = []
    for found in question_sets():
        if not isinstance(found, QuestionSet):
            console.print(f"[yellow]not run: {found}")
        elif found.name in names:
            samples += _samples(found, work / found.name, embedder)
    return samples


def fit(samples: Sequence[Sample]) -> Fitted:
    """Logistic regression without the signals that would count against their meaning.

    Signals overlap (unknown words lower the coverage), so that a free fit gives some the opposite sign: better by .001
    on the sets, impossible to explain to a person who reads why a turn was handed off.
    """
    names = tuple(sorted(set.intersection(*(set(one.evidence) for one in samples))))
    while True:
        fitted = _logistic(samples, names)
        wrong = [place for place, name in enumerate(names) if fitted.weights[place] * _MEANS.get(name, 0) < 0]
        if not wrong:
            return fitted
        worst = max(wrong, key=lambda place: abs(fitted.weights[place]))
        names = (*names[:worst], *names[worst + 1 :])


def _logistic(samples: Sequence[Sample], names: tuple[str, ...]) -> Fitted:
    """Newton's method on standardised signals; every source has the same weight in all."""
    rows = _matrix(samples, names)
    share = {source: sum(one.source == source for one in samples) for source in {one.source for one in samples}}
    weights = np.array([1.0 / (len(share) * share[one.source]) for one in samples])
    mean = weights @ rows
    deviation = np.sqrt(weights @ (rows - mean) ** 2)
    deviation[deviation < 1e-6] = 1.0
    standard = np.column_stack([(rows - mean) / deviation, np.ones(len(rows))])
    target = np.array([one.right for one in samples], dtype=np.float64)
    found = np.zeros(standard.shape[1])
    penalty = np.full(standard.shape[1], _PENALTY)
    penalty[-1] = 0.0
    for _ in range(30):
        predicted = 1.0 / (1.0 + np.exp(-(standard @ found)))
        slope = standard.T @ (weights * (predicted - target)) + penalty * found
        bend = (standard * (weights * predicted * (1 - predicted))[:, None]).T @ standard + np.diag(penalty + 1e-9)
        found = found - np.linalg.solve(bend, slope)
    return Fitted(names=names, weights=found[:-1], intercept=float(found[-1]), mean=mean, deviation=deviation)


def out_of_fold(samples: Sequence[Sample], demo: Sequence[Sample]) -> Numbers:
    """Scores of the demo questions, each by weights that never saw its fold."""
    scores = np.zeros(len(demo))
    for fold in range(_FOLDS):
        fitted = fit([one for one in samples if one.source != "demo" or one.fold != fold])
        held = np.array([one.fold == fold for one in demo])
        scores[held] = fitted.scores([one for one in demo if one.fold == fold])
    return scores


def chosen_threshold(scores: Numbers, demo: Sequence[Sample]) -> float:
    """The lowest threshold from which on the error of the answers given stays within _MOST_ERROR."""
    right = np.array([one.right for one in demo])
    candidates = np.round(np.arange(0.30, 0.90, 0.01), 2)
    errors = [
        float((~right[scores >= candidate]).mean()) if (scores >= candidate).any() else 0.0 for candidate in candidates
    ]
    over = [place for place, error in enumerate(errors) if error > _MOST_ERROR]
    return float(candidates[min(over[-1] + 1, len(candidates) - 1)]) if over else float(candidates[0])


def weights_json(fitted: Fitted, samples: Sequence[Sample], threshold: float, measured: dict[str, float]) -> str:
    sources = sorted({one.source for one in samples})
    stored = {
        "provenance": {
            "fitted_by": "evals/fit_confidence.py",
            "questions": {source: sum(one.source == source for one in samples) for source in sources},
            "demo_out_of_fold": measured,
        },
        "intercept": round(fitted.intercept, 4),
        "threshold": threshold,
        "signals": {
            name: {"weight": round(float(w), 4), "mean": round(float(m), 4), "deviation": round(float(d), 4)}
            for name, w, m, d in zip(fitted.names, fitted.weights, fitted.mean, fitted.deviation, strict=True)
        },
    }
    return json.dumps(stored, indent=2) + "\n"


def _samples(found: QuestionSet, folder: Path, embedder: Embedder) -> list[Sample]:
    """Every question as the AI agent would answer it without a threshold; those it needs no search for are left out."""
    places = {group: place for place, group in enumerate(dict.fromkeys(found.groups))}
    folds = np.random.default_rng(_SEED).permutation(len(places)) % _FOLDS
    folder.mkdir(parents=True, exist_ok=True)
    knowledge = KnowledgeBase.open(folder / "knowledge", embedder)
    try:
        knowledge.ingest([found.source(folder)])
        agent = offline_agent(knowledge, embedder, folder, replace(shipped_model(), threshold=0.0))
        judged = asyncio.run(judge(agent, found.questions))
    finally:
        knowledge.close()
    return [
        Sample(
            id=one.question.id,
            group=group,
            text=one.draft.text,
            source=found.name,
            evidence=one.draft.confidence.evidence,
            right=one.question.answerable and one.cited,
            answerable=one.question.answerable,
            fold=int(folds[places[group]]),
            supported={sentence.source for sentence in one.draft.sentences}
            <= {citation.passage_id for citation in one.draft.citations},
        )
        for one, group in zip(judged, found.groups, strict=True)
        if one.draft.hits
    ]


def _matrix(samples: Sequence[Sample], names: Sequence[str]) -> Numbers:
    return np.array([[one.evidence[name] for name in names] for one in samples], dtype=np.float64)


def _measured(scores: Numbers, demo: Sequence[Sample], threshold: float) -> dict[str, float]:
    given = scores >= threshold
    right = np.array([one.right for one in demo])
    answerable = np.array([one.answerable for one in demo])
    return {
        "n": len(demo),
        "auroc_right": round(auroc(scores.tolist(), right.tolist()).value, 3),
        "auroc_answerable": round(auroc(scores.tolist(), answerable.tolist()).value, 3),
        "coverage_of_answerable": round(float(given[answerable].mean()), 3),
        "error_of_answers_given": round(float((~right[given]).mean()), 3),
        "unanswerable_answered": round(float(given[~answerable].mean()), 3),
    }


def _report(samples: Sequence[Sample], scores: Numbers, demo: Sequence[Sample], threshold: float) -> Table:
    table = Table(title=f"Confidence, out of fold; threshold {threshold:.2f}")
    for column in ("set", "n", "first citation right", "AUROC right", "AUROC answerable"):
        table.add_column(column, justify="right")
    for source in sorted({one.source for one in samples}):
        own = [one for one in samples if one.source == source]
        values = scores if source == "demo" else fit([one for one in samples if one.source != source]).scores(own)
        answerable = [one for one in own if one.answerable]
        right = auroc(values.tolist(), [one.right for one in own])
        found = auroc(values.tolist(), [one.answerable for one in own])
        share = sum(one.right for one in answerable) / len(answerable)
        table.add_row(source, str(len(own)), f"{share:.3f}", str(right), str(found))
    for name, value in _measured(scores, demo, threshold).items():
        table.add_row(f"demo: {name}", "", "", str(value), "")
    return table


if __name__ == "__main__":
    main()
