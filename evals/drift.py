"""Whether the confidences of real conversations still look like those that the calibration was made from.

Two signs, both of distributions alone, so that nothing needs a label: the population stability index over the sample's
deciles, and the Kolmogorov-Smirnov distance with its p-value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from conversations.model import JsonObject

LEAST: Final = 50
"""Fewer conversations than that say nothing: ten bins of five."""
_MOVED: Final = 0.25
"""A population stability index from here on is by custom a changed population; from _MOVING on one to watch."""
_MOVING: Final = 0.1
_RARE: Final = 0.01
_BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """`stability` is the index (0: the same), `distance` the largest gap of the two distributions with its `p`."""

    sample: int
    seen: int
    stability: float
    distance: float
    p: float

    @property
    def moved(self) -> bool:
        """Both signs: a large sample makes any difference significant, a small one makes the index jump."""
        return self.stability >= _MOVED and self.p < _RARE

    @property
    def in_words(self) -> str:
        if self.moved:
            return "They are no longer alike: label some new questions and run baton calibrate again."
        if self.stability >= _MOVING and self.p < _RARE:
            return "They begin to differ: look again soon."
        return "They are alike."


def drift(sample: Sequence[float], seen: Sequence[float]) -> Drift:
    """Both need at least one value."""
    known, new = np.sort(np.asarray(sample, dtype=np.float64)), np.sort(np.asarray(seen, dtype=np.float64))
    edges = np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])
    shares = [_shares(np.searchsorted(edges, values, "right"), len(values)) for values in (known, new)]
    stability = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    places = np.concatenate([known, new])
    gaps = np.searchsorted(known, places, "right") / len(known) - np.searchsorted(new, places, "right") / len(new)
    distance = float(np.abs(gaps).max())
    return Drift(
        sample=len(known), seen=len(new), stability=stability, distance=distance, p=_p(distance, len(known), len(new))
    )


def calibrated_confidences(traces: Sequence[JsonObject]) -> list[float]:
    """Those of turns that searched the help center while a calibration was in use."""
    found = []
    for trace in traces:
        confidence = trace.get("confidence")
        if trace.get("hits") and isinstance(confidence, dict) and confidence.get("calibrated") is True:
            value = confidence.get("value")
            found += [float(value)] if isinstance(value, int | float) else []
    return found


def _shares(bins: np.ndarray, total: int) -> np.ndarray:
    """The share of each bin; half an observation more in each, so that an empty one has a logarithm."""
    return np.asarray((np.bincount(bins, minlength=_BINS) + 0.5) / (total + _BINS / 2))


def _p(distance: float, first: int, second: int) -> float:
    """The chance of so large a distance between samples of one distribution (Kolmogorov's series)."""
    reach = distance * math.sqrt(first * second / (first + second))
    if reach < 0.2:  # the series does not converge there, and the chance is 1
        return 1.0
    terms = ((-1.0) ** (k - 1) * math.exp(-2 * (k * reach) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2.0 * math.fsum(terms)))
