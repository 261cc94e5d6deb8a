"""The figures of a run: each score with its interval, by topic, over repeated trials; how true its confidence is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evals.calibration import calibration_error, expected_error
from evals.clustered import clustered_mean, clustered_means, pass_hat
from evals.comparing import OVERALL
from evals.power import Power, from_share
from evals.rows import Row
from evals.scorers.wording import MEANING
from evals.statistics import Figure, area_under_risk

RISK: Final = 0.05
"""The share of wrong answers at which coverage is told."""
_BINS: Final = 10
_POINTS: Final = 120
_FEWEST: Final = 20
"""Confidences below which no curve is drawn: it would show luck."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFigure:
    """`figure` counts samples, `failed` trials."""

    name: str
    meaning: str
    figure: Figure
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sureness:
    """How true the confidence is, over the trials that searched and whose right articles are known.

    `error` is the ECE, `by_chance` what a true confidence would show at this n; `risk` the area under risk and
    coverage; `coverage` the largest share that could be answered with at most `RISK` of it wrong, seen afterwards.
    `reliability` are (confidence, share right) by bin, `risk_coverage` (share answered, share wrong).
    """

    n: int
    error: float
    by_chance: float
    risk: float
    coverage: float
    reliability: tuple[Point, ...]
    risk_coverage: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """`overall` is the share of trials that pass; `pass_hats` by k, where samples were tried more than once.

    `median` and `p95` are seconds of each trial's slowest turn; `dollars` None where no price is known.
    """

    samples: int
    trials: int
    errors: int
    overall: Figure
    pass_hats: dict[int, Figure]
    scores: tuple[ScoreFigure, ...]
    by_tag: tuple[tuple[str, Figure], ...]
    sureness: Sureness | None
    median: float
    p95: float
    tokens: int
    dollars: float | None
    power: Power


def figures_of(rows: Sequence[Row]) -> RunFigures:
    """Of at least one row. Raises ValueError for none."""
    if not rows:
        raise ValueError("a run without a trial has no figures")
    seconds = np.array([row.seconds for row in rows])
    overall = clustered_mean([float(row.passed) for row in rows], [row.cluster for row in rows])
    prices = [row.dollars for row in rows if row.dollars is not None]
    return RunFigures(
        samples=len({row.sample for row in rows}),
        trials=len(rows),
        errors=sum(row.error is not None for row in rows),
        overall=overall,
        pass_hats=_pass_hats(rows),
        scores=_scores(rows),
        by_tag=_by_tag(rows),
        sureness=_sureness(rows),
        median=float(np.median(seconds)),
        p95=float(np.quantile(seconds, 0.95)),
        tokens=sum(row.tokens for row in rows),
        dollars=sum(prices) if prices else None,
        power=from_share(overall.value, overall.n),
    )


def _scores(rows: Sequence[Row]) -> tuple[ScoreFigure, ...]:
    order = [name for name in MEANING if name != OVERALL]
    there = {name for row in rows for name in row.values}
    names = [name for name in order if name in there] + sorted(there - set(order))
    if not names:
        return ()
    columns = np.array([[row.values.get(name, np.nan) for name in names] for row in rows], dtype=np.float64)
    found = clustered_means(columns, [row.cluster for row in rows])
    failed = Counter(name for row in rows for name in row.failed)
    return tuple(
        ScoreFigure(name=name, meaning=MEANING.get(name, ""), figure=figure, failed=failed[name])
        for name, figure in zip(names, found, strict=True)
    )


def _pass_hats(rows: Sequence[Row]) -> dict[int, Figure]:
    """From k = 2 to the number of trials that every sample has."""
    trials: dict[str, list[bool]] = defaultdict(list)
    clusters = {row.sample: row.cluster for row in rows}
    for row in rows:
        trials[row.sample].append(row.passed)
    most = min(map(len, trials.values()))
    own = [clusters[sample] for sample in trials]
    return {k: pass_hat(list(trials.values()), k, clusters=own) for k in range(2, most + 1)}


def _by_tag(rows: Sequence[Row]) -> tuple[tuple[str, Figure], ...]:
    """The share that passes by tag, the weakest first."""
    tagged: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for tag in row.tags:
            tagged[tag].append(row)
    found = {
        tag: clustered_mean([float(row.passed) for row in own], [row.cluster for row in own])
        for tag, own in tagged.items()
    }
    return tuple(sorted(found.items(), key=lambda pair: (pair[1].value, pair[0])))


def _sureness(rows: Sequence[Row]) -> Sureness | None:
    told = [(row.confidence, row.right) for row in rows if row.confidence is not None and row.right is not None]
    if len(told) < _FEWEST:
        return None
    confidence = np.array([value for value, _ in told])
    right = np.array([flag for _, flag in told])
    ranked = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(ranked) + 1)
    wrong = np.cumsum(~right[ranked]) / counts
    within = counts[wrong <= RISK]
    kept = np.unique(np.linspace(0, len(ranked) - 1, _POINTS).astype(int))
    bins = [part for part in np.array_split(ranked[::-1], _BINS) if len(part)]
    return Sureness(
        n=len(told),
        error=calibration_error(confidence, right),
        by_chance=expected_error(confidence),
        risk=area_under_risk(confidence.tolist(), right.tolist()),
        coverage=float(within.max() / len(ranked)) if len(within) else 0.0,
        reliability=tuple((float(confidence[part].mean()), float(right[part].mean())) for part in bins),
        risk_coverage=tuple((float(counts[at] / len(ranked)), float(wrong[at])) for at in kept),
    )
