"""Figures with their uncertainty: shares and means with bootstrap intervals, AUROC, area under risk and coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_RESAMPLES = 2_000
_Z = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured value with n and its 95 % interval."""

    value: float
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean(values: Sequence[float], *, seed: int = 0) -> Figure:
    """Mean with a percentile bootstrap interval; nan for no values."""
    return figure(np.asarray(values, dtype=np.float64).reshape(-1, 1), lambda rows: float(rows.mean()), seed=seed)


def share(hits: Sequence[bool]) -> Figure:
    """A share with its Wilson interval, which is honest near 0 and 1 where resampling gives no width at all."""
    n = len(hits)
    if n == 0:
        return Figure(value=float("nan"), n=0, low=float("nan"), high=float("nan"))
    value, z2 = sum(hits) / n, _Z * _Z
    middle = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * ((value * (1 - value) + z2 / (4 * n)) / n) ** 0.5 / (1 + z2 / n)
    return Figure(value=value, n=n, low=max(0.0, middle - half), high=min(1.0, middle + half))


def auroc(scores: Sequence[float], positive: Sequence[bool], *, seed: int = 0) -> Figure:
    """How often a positive scores above a negative (ties count half), with a bootstrap interval over the questions."""
    rows = np.column_stack([np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=np.float64)])
    return figure(rows, _auroc, seed=seed)


def figure(rows: Numbers, of: Callable[[Numbers], float], *, seed: int = 0) -> Figure:
    """`of(rows)` with an interval from resampling whole rows."""
    if len(rows) == 0:
        return Figure(value=float("nan"), n=0, low=float("nan"), high=float("nan"))
    generator = np.random.default_rng(seed)
    drawn = [of(rows[generator.integers(0, len(rows), len(rows))]) for _ in range(_RESAMPLES)]
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Figure(value=of(rows), n=len(rows), low=float(low), high=float(high))


def area_under_risk(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Mean error of the answers kept, over all coverages, surest first. 0 is perfect."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    wrong = 1.0 - np.asarray(right, dtype=np.float64)[order]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean()) if len(wrong) else float("nan")


def _auroc(rows: Numbers) -> float:
    scores, positive = rows[:, 0], rows[:, 1] > 0
    count = int(positive.sum())
    if count in (0, len(rows)):
        return float("nan")
    ordered = np.sort(scores)
    # Mean rank of each score, ties sharing theirs: the Mann-Whitney form, n log n.
    ranks = (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right") + 1) / 2
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(rows) - count)))
