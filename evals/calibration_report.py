"""A calibration to read: figures in plain words, reliability curve and risk-coverage curve, in one HTML file."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from agent.calibration import Promise
from evals.calibrating import Answered, Measured
from evals.calibration import NotEnough, upper_bound

_SIDE: Final = 320
_EDGE: Final = 44
_WORST: Final = 20
_BINS: Final = 10
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1c2024}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}"
    "figure{display:inline-block;margin:1rem 2rem 1rem 0}figcaption{max-width:24rem;font-size:.9rem}"
)
_NAMES: Final = {
    "questions": "labelled questions that were looked up",
    "coverage": "of the questions with an answer, answered",
    "answered": "questions answered in all",
    "error": "of these, wrong",
    "auroc_right": "a right answer has the higher confidence than a wrong one (AUROC)",
    "auroc_answerable": "a question with an answer has the higher confidence than one without (AUROC)",
    "aurc": "mean error over all coverages, the surest first (AURC)",
    "aurc_similarity": "the same by the similarity of the best passage alone",
    "aurc_perfect": "the same for a confidence that is always right",
    "ece": "mean distance between confidence and truth (ECE, ten bins)",
}


def in_words(measured: Measured, promise: Promise) -> str:
    """What can be promised, in a sentence or two."""
    share, sure = f"{promise.max_error:.0%}", f"{promise.confidence:.0%}"
    outcome = measured.outcome
    if isinstance(outcome, NotEnough):
        asked = f"With {outcome.questions} labelled questions it cannot be promised that at most {share} of the answers"
        needed = (
            f"It probably takes at least {outcome.needed:,} labelled questions like these."
            if outcome.needed is not None
            else "More questions like these would not help: the answers themselves must become better first."
        )
        return (
            f"Not enough labelled questions for this promise. {asked} are wrong, with {sure} confidence: "
            f"{outcome.why}. {needed}"
        )
    bound = upper_bound(outcome.wrong, outcome.answered, promise.confidence)
    return (
        f"From a confidence of {outcome.threshold:.3f} on, {outcome.answered} of {len(measured.answered)} questions "
        f"are answered, {measured.figures['coverage']:.0%} of those with an answer; {outcome.wrong} of these answers "
        f"are wrong. Of the next {outcome.answered} answers at most {share} will be wrong, with {sure} confidence; "
        f"in the long run at most {bound:.1%}."
    )


def as_html(measured: Measured, promise: Promise, name: str) -> str:
    """The whole report, without anything from elsewhere."""
    body = "\n".join(_parts(measured, promise, name))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Calibration: {html.escape(name)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _parts(measured: Measured, promise: Promise, name: str) -> Iterator[str]:
    yield f"<h1>Calibration: {html.escape(name)}</h1><p>{html.escape(in_words(measured, promise))}</p>"
    if measured.without_search:
        yield f"<p>{measured.without_search} questions were settled without a search, like a wish for a person.</p>"
    rows = [(_NAMES[key], f"{value:,.3f}".removesuffix(".000")) for key, value in measured.figures.items()]
    yield _table(("measure", "value"), rows)
    yield _reliability(measured)
    yield _risk(measured, promise)
    if measured.calibration is not None and measured.calibration.topics:
        topics = [
            (one.topic, str(one.questions), "never answered" if one.threshold is None else f"{one.threshold:.3f}")
            for one in measured.calibration.topics
        ]
        yield "<h2>Thresholds by topic</h2>" + _table(("topic", "questions", "from confidence"), topics)
    wrong = [(score, one) for score, one in zip(measured.scores, measured.answered, strict=True) if not one.right]
    wrong.sort(key=lambda pair: -pair[0])
    yield f"<h2>The surest wrong answers ({min(_WORST, len(wrong))} of {len(wrong)})</h2>"
    yield _table(("confidence", "question", "cited", "labelled"), [_wrong(score, one) for score, one in wrong[:_WORST]])


def _wrong(score: float, one: Answered) -> tuple[str, ...]:
    labelled = ", ".join(one.question.relevant) if one.question.answerable else "has no answer"
    return (f"{score:.2f}", one.question.said[-1], one.cited or "nothing", labelled)


def _reliability(measured: Measured) -> str:
    order = np.argsort(measured.scores, kind="stable")
    bins = [part for part in np.array_split(order, min(_BINS, len(order))) if len(part)]
    points = [(float(measured.scores[part].mean()), float(measured.labelled.right[part].mean())) for part in bins]
    drawing = _line([(0, 0), (1, 1)], "#b0b4ba", dashed=True) + _line(points, "#0b68cb") + _dots(points)
    told = "; ".join(f"{x:.2f}: {y:.2f}" for x, y in points)
    caption = "Reliability: the share of right answers by confidence. On the dashed line the confidence is true."
    return _figure(drawing, "confidence", "right", f"Reliability curve, confidence and share right: {told}", caption)


def _risk(measured: Measured, promise: Promise) -> str:
    order = np.argsort(-measured.scores, kind="stable")
    wrong = np.cumsum(~measured.labelled.right[order])
    counts = np.arange(1, len(order) + 1)
    keep = np.unique(np.linspace(0, len(order) - 1, 120).astype(int))
    points = [(float(counts[at] / len(order)), float(wrong[at] / counts[at])) for at in keep]
    drawing = _line([(0, promise.max_error), (1, promise.max_error)], "#b0b4ba", dashed=True) + _line(points, "#0b68cb")
    tenths = [points[min(len(points) - 1, round(len(points) * tenth / 10))] for tenth in range(1, 11)]
    told = "; ".join(f"{x:.2f}: {y:.3f}" for x, y in tenths)
    caption = "Risk and coverage: the share of wrong answers where so many questions are answered, the surest first."
    return _figure(
        drawing, "answered", "wrong", f"Risk-coverage curve, share answered and share wrong: {told}", caption
    )


def _figure(drawing: str, across: str, up: str, told: str, caption: str) -> str:
    size = _SIDE + 2 * _EDGE
    ticks = "".join(
        f'<text x="{_x(tick)}" y="{_y(0) + 18}" text-anchor="middle">{tick:g}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>'
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return (
        f'<figure><svg role="img" aria-label="{html.escape(told)}" width="{size}" height="{size}" '
        f'viewBox="0 0 {size} {size}" font-size="12" font-family="system-ui,sans-serif">'
        f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#d8dbdf"/>{drawing}{ticks}'
        f'<text x="{_x(0.5)}" y="{size - 6}" text-anchor="middle">{across}</text>'
        f'<text x="{_EDGE}" y="{_EDGE - 12}">{up}</text></svg><figcaption>{caption}</figcaption></figure>'
    )


def _line(points: Sequence[tuple[float, float]], color: str, *, dashed: bool = False) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"{dash}/>'


def _dots(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4" fill="#0b68cb"/>' for x, y in points)


def _x(value: float) -> float:
    return _EDGE + _SIDE * value


def _y(value: float) -> float:
    return _EDGE + _SIDE * (1 - value)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(one)}</th>" for one in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
