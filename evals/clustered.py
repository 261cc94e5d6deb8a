"""Means over what was tried several times: rows of one conversation rise and fall together, so whole ones are drawn.

Taking each row for itself would make the intervals of four trials half as wide as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evals.statistics import Figure, Numbers, share

_RESAMPLES: Final = 2_000
_AT_ONCE: Final = 100
"""Resamples drawn together: more would hold the weights of all of them in memory."""


def clustered_means(columns: Numbers, clusters: Sequence[str], *, seed: int = 0) -> list[Figure]:
    """The mean of each column with its 95 % interval, whole clusters drawn; `n` counts the clusters that say anything.

    `columns` has shape (rows, scores), nan where a row says nothing about a score; `clusters` names each row's own.
    """
    names, place = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    said = ~np.isnan(columns)
    sums = _by_cluster(np.where(said, columns, 0.0), place, len(names))
    counts = _by_cluster(said.astype(np.float64), place, len(names))
    drawn = _drawn_means(sums, counts, seed) if len(names) else np.empty((0, columns.shape[1]))
    return [_figure(sums[:, one], counts[:, one], drawn[:, one]) for one in range(columns.shape[1])]


def clustered_mean(values: Sequence[float], clusters: Sequence[str], *, seed: int = 0) -> Figure:
    """As `clustered_means`, of one column."""
    return clustered_means(np.asarray(values, dtype=np.float64).reshape(-1, 1), clusters, seed=seed)[0]


def pass_hat(passed: Sequence[Sequence[bool]], k: int, *, clusters: Sequence[str] | None = None) -> Figure:
    """pass^k: the chance that k trials of a sample all pass, unbiased for any number of trials of at least k.

    `passed` holds each sample's trials. Of c passes among n trials, C(c, k) / C(n, k) of the choices of k all pass
    (tau-bench, Yao et al., 2024); samples with fewer than k trials say nothing.
    """
    told = [place for place, trials in enumerate(passed) if len(trials) >= k]
    chances = [comb(sum(passed[place]), k) / comb(len(passed[place]), k) for place in told]
    return clustered_mean(chances, [clusters[place] if clusters else str(place) for place in told])


def _by_cluster(columns: Numbers, place: NDArray[np.intp], clusters: int) -> Numbers:
    sums = np.zeros((clusters, columns.shape[1]))
    np.add.at(sums, place, columns)
    return sums


def _drawn_means(sums: Numbers, counts: Numbers, seed: int) -> Numbers:
    """Shape (resamples, scores): all scores share the draws, so that ten cost little more than one."""
    both = np.hstack([sums, counts])
    parts = [weights @ both for weights in _weights(len(sums), seed)]
    totals = np.vstack(parts)
    scores = sums.shape[1]
    with np.errstate(invalid="ignore"):  # a draw that holds nobody who says anything: 0 / 0, left out below
        return np.asarray(totals[:, :scores] / totals[:, scores:])


def _weights(clusters: int, seed: int) -> Iterator[Numbers]:
    """How often each cluster was drawn, for `_AT_ONCE` resamples at a time."""
    generator = np.random.default_rng(seed)
    for _ in range(_RESAMPLES // _AT_ONCE):
        drawn = generator.integers(0, clusters, (_AT_ONCE, clusters))
        flat = drawn + clusters * np.arange(_AT_ONCE)[:, None]
        yield np.bincount(flat.ravel(), minlength=clusters * _AT_ONCE).reshape(_AT_ONCE, clusters).astype(np.float64)


def _figure(sums: Numbers, counts: Numbers, drawn: Numbers) -> Figure:
    n = int((counts > 0).sum())
    if n == 0:
        return Figure(value=float("nan"), n=0, low=float("nan"), high=float("nan"))
    value = float(sums.sum() / counts.sum())
    if value in (0.0, 1.0):  # nothing varies, so nothing drawn does: the share's own interval still has a width
        whole = share([value == 1.0] * n)
        return Figure(value=value, n=n, low=whole.low, high=whole.high)
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Figure(value=value, n=n, low=float(low), high=float(high))
