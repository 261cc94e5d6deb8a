"""How good answers and confidence are on every set of labelled questions: the figures of docs/evaluation.md.

    python -m evals.answer_report --work FOLDER [--sets demo,arduino] [--splits 200] [--write docs/answers-report.md]

No figure is of a question that its weights were fitted on. A set's weights start from those fitted on the other
training sets and are weighed anew on the set itself by five folds, as `baton calibrate` does for an operator.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from agent.calibration import Promise
from agent.confidence import ConfidenceModel, Signal, shipped_model
from evals.calibration import Kept, Numbers, Scored, calibration_error, expected_error, keep_promise
from evals.fit_confidence import Sample, fit, gather
from evals.question_sets import DATASETS, TRAINING
from evals.questions import read_questions
from evals.refitting import Labelled, Resplit, out_of_fold, refit, resplit, standardised, weights_of
from evals.said import says_it
from evals.statistics import Figure, area_under_risk, auroc, mean

_ALL: Final = ("demo", "demo_customers", "arduino", "clapnq_dev", "mtrag_un", "stackfaq")
_ERRORS: Final = (0.05, 0.10, 0.20)
_SURE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A set's samples, its scores out of fold, and what promises need."""

    name: str
    samples: tuple[Sample, ...]
    labelled: Labelled
    prior: ConfidenceModel
    values: Numbers


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.answer_report", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--work", type=Path, required=True, help="folder for the sets' knowledge bases, kept")
    parser.add_argument("--sets", default=",".join(_ALL))
    parser.add_argument("--splits", type=int, default=200, help="random halves for each promise")
    parser.add_argument("--write", type=Path, help="where to write the report, Markdown")
    asked = parser.parse_args(arguments)
    console = Console()
    wanted = tuple(asked.sets.split(","))
    samples = gather(asked.work, console, tuple({*wanted, *TRAINING}))
    text = "\n".join(report(samples, wanted, splits=asked.splits)) + "\n"
    console.print(text, markup=False, highlight=False)
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")


def report(samples: Sequence[Sample], names: Sequence[str], *, splits: int) -> Iterator[str]:
    """Lines of Markdown."""
    scored = [_scores(samples, name) for name in names if any(one.source == name for one in samples)]
    yield f"# Answers and confidence, measured {datetime.now(UTC):%Y-%m-%d}\n"
    yield "Made by `python -m evals.answer_report`; docs/evaluation.md explains it. 95 % intervals by bootstrap.\n"
    yield "## Telling right from wrong\n"
    yield "| set | n | first article right | AUROC right | AUROC answerable | AURC | by similarity | perfect |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_telling(one) for one in scored)
    yield "\n## Is the confidence true?\n"
    yield "ECE over ten bins of equal size; *by chance* is what a true confidence would show at this n.\n"
    yield "| set | ECE | by chance | ECE of the shipped weights |"
    yield "|---|---|---|---|"
    yield from (_truth(one) for one in scored)
    yield f"\n## Promises, with {_SURE:.0%} confidence\n"
    yield f"On the whole set, and over {splits} random halves: made on one half, counted on the other.\n"
    yield (
        "| set | promised error | answered | wrong | coverage of the answerable | halves with a promise "
        "| of all halves held | mean error |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for one in scored:
        yield from _promises(one, splits)
    yield from _customers(scored)
    yield from _facts(scored)


def _scores(samples: Sequence[Sample], name: str) -> Scores:
    own = tuple(one for one in samples if one.source == name)
    prior = _model_of([one for one in samples if one.source in TRAINING and one.source != name])
    labelled = Labelled(
        rows=standardised(prior, [one.evidence for one in own]),
        right=np.array([one.right for one in own]),
        answerable=np.array([one.answerable for one in own]),
        groups=tuple(one.group for one in own),
    )
    values = out_of_fold(labelled, weights_of(prior))
    return Scores(name=name, samples=own, labelled=labelled, prior=prior, values=values)


def _model_of(samples: Sequence[Sample]) -> ConfidenceModel:
    found = fit(samples)
    signals = {
        name: Signal(weight=float(weight), mean=float(middle), deviation=float(deviation))
        for name, weight, middle, deviation in zip(found.names, found.weights, found.mean, found.deviation, strict=True)
    }
    return ConfidenceModel(intercept=found.intercept, signals=signals, threshold=shipped_model().threshold)


def _telling(one: Scores) -> str:
    right, answerable = one.labelled.right.tolist(), one.labelled.answerable.tolist()
    first = mean([sample.right for sample in one.samples if sample.answerable])
    similarity = [sample.evidence.get("dense", 0.0) for sample in one.samples]
    risks = [area_under_risk(values, right) for values in (one.values.tolist(), similarity, [float(r) for r in right])]
    shown = " | ".join(f"{risk:.3f}" for risk in risks)
    values = one.values.tolist()
    return f"| {one.name} | {len(right)} | {first} | {auroc(values, right)} | {auroc(values, answerable)} | {shown} |"


def _truth(one: Scores) -> str:
    shipped = weights_of(one.prior).scores(one.labelled.rows)
    right = one.labelled.right
    errors = (calibration_error(one.values, right), expected_error(one.values), calibration_error(shipped, right))
    return f"| {one.name} | " + " | ".join(f"{error:.3f}" for error in errors) + " |"


def _promises(one: Scores, splits: int) -> Iterator[str]:
    promises = [Promise(max_error=error, confidence=_SURE) for error in _ERRORS]
    halves = resplit(one.labelled, weights_of(one.prior), promises, splits=splits)
    yield from (_promise(one, promise, kept) for promise, kept in zip(promises, halves, strict=True))


def _promise(one: Scores, promise: Promise, halves: Resplit) -> str:
    kept, error = keep_promise(Scored(scores=one.values, right=one.labelled.right), promise), promise.max_error
    share = f"{halves.promised}/{halves.splits} | {halves.held / halves.splits:.3f} | {halves.error:.3f} |"
    if isinstance(kept, Kept):
        coverage = float((one.values >= kept.threshold)[one.labelled.answerable].mean())
        return f"| {one.name} | {error:.0%} | {kept.answered} | {kept.wrong} | {coverage:.3f} | {share}"
    needed = f"at least {kept.needed:,} questions" if kept.needed else "better answers"
    return f"| {one.name} | {error:.0%} | not promised: needs {needed} | | | {share}"


def _customers(scored: Sequence[Scores]) -> Iterator[str]:
    """Thresholds made on the demo's own questions, counted on those of its customers."""
    by_name = {one.name: one for one in scored}
    if not {"demo", "demo_customers"} <= by_name.keys():
        return
    made, counted = by_name["demo"], by_name["demo_customers"]
    found = refit(made.labelled, weights_of(made.prior))
    scores = found.scores(standardised(made.prior, [one.evidence for one in counted.samples]))
    yield "\n## The demo shop: promised on demo_questions, counted on demo_customers\n"
    yield "| promised error | threshold | answered | coverage | measured error | unanswerable answered |"
    yield "|---|---|---|---|---|---|"
    for error in (*_ERRORS, 0.15):
        kept = keep_promise(
            Scored(scores=made.values, right=made.labelled.right), Promise(max_error=error, confidence=_SURE)
        )
        if not isinstance(kept, Kept):
            yield f"| {error:.0%} | none can be promised | | | | |"
            continue
        given = scores >= kept.threshold
        answerable = counted.labelled.answerable
        wrong = mean((~counted.labelled.right[given]).tolist())
        yield (
            f"| {error:.0%} | {kept.threshold:.3f} | {int(given.sum())} | {given[answerable].mean():.3f} | {wrong} | "
            f"{given[~answerable].mean():.3f} |"
        )
    threshold = shipped_model().threshold
    shipped = weights_of(shipped_model()).scores(
        standardised(shipped_model(), [one.evidence for one in counted.samples])
    )
    yield f"\nThe surest failures of demo_customers at the shipped threshold {threshold:.2f}:\n"
    order = np.argsort(-shipped, kind="stable")
    for place in order[shipped[order] >= threshold]:
        if not counted.labelled.right[place]:
            sample = counted.samples[place]
            kind = "wrong article" if sample.answerable else "has no answer"
            yield f"- {sample.id} ({shipped[place]:.2f}, {kind}): {' '.join(sample.text.split())[:140]}"


def _facts(scored: Sequence[Scores]) -> Iterator[str]:
    """Of the answers, however unsure, how many state what they must and nothing that they must not."""
    yield "\n## Facts stated\n"
    yield "| set | n | states the fact | where the article is right | states a wrong one |"
    yield "|---|---|---|---|---|"
    files = {"demo": "demo_questions.jsonl", "demo_customers": "demo_customers.jsonl"}
    for one in scored:
        if one.name not in files:
            continue
        facts = {question.id: question for question in read_questions(DATASETS / files[one.name]) if question.says}
        rows = [(says_it(facts[sample.id], sample.text), sample.right) for sample in one.samples if sample.id in facts]
        stated = mean([said.stated for said, _ in rows])
        rightly: Figure = mean([said.stated for said, right in rows if right])
        wrong = mean([said.forbidden for said, _ in rows])
        yield f"| {one.name} | {len(rows)} | {stated} | {rightly} (n = {rightly.n}) | {wrong} |"
    for one in scored:
        supported = sum(sample.supported for sample in one.samples)
        yield f"\n{one.name}: every sentence is of a cited passage in {supported} of {len(one.samples)} answers."


if __name__ == "__main__":
    main()
