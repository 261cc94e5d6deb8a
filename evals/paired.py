"""Two runs of the same samples: is one better, by how much, and could it be luck?

Each sample is its own comparison (the mean of its trials in one run less that in the other), so that hard samples,
which are hard for both, take nothing from what can be seen. Were the runs alike, each difference could as well have had
the other sign: p is how often signs by chance give a difference as large. Where all differences are of one size (one
trial, passed or not) that is McNemar's exact test.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import NormalDist
from typing import Final

import numpy as np

from evals.clustered import clustered_mean
from evals.statistics import Figure, Numbers

_FLIPS: Final = 20_000
_AT_ONCE: Final = 500
_ENUMERATED: Final = 14
"""Up to so many differences all 2^14 signs are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """What changed from one run to the other, in a score's own unit.

    `difference` is the mean over samples with its clustered interval; above 0 is more than before. `effect` is
    the difference in standard deviations of the samples' differences (Cohen's d for pairs; 0.2 is small, 0.8 large; nan
    where all changed alike). `p` is two-sided, `p_loss` one-sided: the chance of so large a loss by luck. `least_p` is
    the smallest `p_loss` that so many changes could have given.
    """

    difference: Figure
    better: int
    worse: int
    same: int
    effect: float
    deviation: float
    p: float
    p_loss: float
    least_p: float


def compare_pairs(before: Numbers, after: Numbers, clusters: Sequence[str], *, seed: int = 0) -> Paired:
    """Shapes (n,), the same samples in the same order; no nan. Clusters name conversations: signs flip together."""
    differences = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    _, place = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    totals = np.bincount(place, weights=differences).astype(np.float64)
    # Sums of thirds and tenths that cancel leave 1e-17, which is no difference.
    totals = totals[np.abs(totals) > 1e-9]
    deviation = float(differences.std(ddof=1)) if len(differences) > 1 else float("nan")
    p, p_loss = _chances(totals, seed)
    return Paired(
        difference=clustered_difference(differences, clusters, seed=seed),
        better=int((differences > 1e-9).sum()),
        worse=int((differences < -1e-9).sum()),
        same=int((np.abs(differences) <= 1e-9).sum()),
        effect=float(differences.mean() / deviation) if deviation and deviation > 1e-12 else float("nan"),
        deviation=deviation,
        p=p,
        p_loss=p_loss,
        least_p=0.5 ** len(totals),
    )


def clustered_difference(differences: Numbers, clusters: Sequence[str], *, seed: int) -> Figure:
    """The mean with its interval. Where no sample changed, both are 0: that is what was seen, whatever n may hide."""
    if len(differences) and not np.abs(differences).max() > 1e-9:
        return Figure(value=0.0, n=len(set(clusters)), low=0.0, high=0.0)
    # Put into [0, 1] around a half, so that a difference of 1 everywhere gets the interval of a share, not none.
    moved = clustered_mean(((differences + 1) / 2).tolist(), clusters, seed=seed)
    low, high = 2 * moved.low - 1, 2 * moved.high - 1
    return Figure(value=2 * moved.value - 1, n=moved.n, low=low, high=high)


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """Each p raised so that, taken at 5 %, any false alarm among all of them has a chance of 5 % (Holm, 1979).

    nan, a comparison that says nothing, is no test and stays nan.
    """
    tested = sorted((p, name) for name, p in chances.items() if p == p)
    adjusted = dict.fromkeys(chances, float("nan"))
    largest = 0.0
    for place, (p, name) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - place)))
        adjusted[name] = largest
    return adjusted


def _chances(totals: Numbers, seed: int) -> tuple[float, float]:
    """(two-sided, one-sided for a loss)."""
    n = len(totals)
    if n == 0:
        return 1.0, 1.0
    sizes = np.abs(totals)
    if sizes.max() - sizes.min() < 1e-9:
        fewer = int((totals > 0).sum())
        loss = _at_most(fewer, n)
        return min(1.0, 2 * min(loss, _at_most(n - fewer, n))), loss
    return _by_signs(totals, seed)


def _at_most(successes: int, n: int) -> float:
    """The chance of at most so many heads in n throws of a fair coin."""
    # Whole numbers: 2^2000 is beyond any float.
    return sum(comb(n, k) for k in range(successes + 1)) / (1 << n) if n < 1_000 else _normal_at_most(successes, n)


def _normal_at_most(successes: int, n: int) -> float:
    from_middle = (successes + 0.5 - n / 2) / (n / 4) ** 0.5
    return NormalDist().cdf(from_middle)


def _by_signs(totals: Numbers, seed: int) -> tuple[float, float]:
    seen = float(totals.sum())
    slack = 1e-9 * float(np.abs(totals).sum())
    if len(totals) <= _ENUMERATED:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(totals))))
        sums = signs @ np.abs(totals)
        return float((np.abs(sums) >= abs(seen) - slack).mean()), float((sums <= seen + slack).mean())
    generator = np.random.default_rng(seed)
    as_far = as_low = 1  # what was seen is one of the possible signs, so that p is never 0
    for _ in range(_FLIPS // _AT_ONCE):
        signs = generator.integers(0, 2, (_AT_ONCE, len(totals)), dtype=np.int8).astype(np.float64) * 2 - 1
        sums = signs @ totals
        as_far += int((np.abs(sums) >= abs(seen) - slack).sum())
        as_low += int((sums <= seen + slack).sum())
    return as_far / (_FLIPS + 1), as_low / (_FLIPS + 1)
