"""How small a change a number of samples can show, in a sentence that can be said before the work is done."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2, sqrt
from statistics import NormalDist
from typing import Final

_POWER: Final = 0.8
_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """`change` in a score's unit is seen four times in five; None where nothing varies yet, so that nobody can tell.

    `losses` is set where two runs were alike: so many samples that only lose are seen for certain.
    """

    samples: int
    change: float | None
    losses: int | None = None

    def __str__(self) -> str:
        if self.losses is not None and self.losses > self.samples:
            return f"{self.samples} samples are too few to see any loss: it takes {self.losses} that fail."
        if self.losses is not None and self.change is not None:
            return (
                f"No sample changed. With {self.samples} samples a loss shows from {self.losses} of them on "
                f"({100 * self.change:.1f} points)."
            )
        if self.change is None:
            return f"With {self.samples} samples that all came out alike nobody can say how small a change would show."
        return (
            f"With {self.samples} samples you can see a change of {100 * self.change:.1f} points, four times in five."
        )


def from_pairs(deviation: float, samples: int, *, tests: int = 1) -> Power:
    """By the deviation of the differences seen in a paired comparison.

    `tests` scores share the 5 % of false alarms; the test is one-sided, for a loss, as the gate's is.
    """
    if samples < 2 or not deviation > 0:
        return Power(samples=samples, change=None)
    return Power(samples=samples, change=_factor(tests) * deviation / sqrt(samples))


def from_share(passed: float, samples: int, *, tests: int = 1) -> Power:
    """Before there is anything to compare with: as if the other run were of other samples, which is the worst case."""
    return from_pairs(sqrt(2 * passed * (1 - passed)), samples, tests=tests)


def least_losses(samples: int, *, tests: int = 1) -> Power:
    """Where two runs were alike: the fewest samples which, all of them lost, no coin would give."""
    losses = ceil(log2(max(1, tests) / _ALPHA) - 1e-9)
    return Power(samples=samples, change=losses / samples if samples else None, losses=losses)


def samples_for(change: float, deviation: float, *, tests: int = 1) -> int:
    """How many samples show `change`, four times in five."""
    return int((_factor(tests) * deviation / change) ** 2) + 1


def _factor(tests: int) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - _ALPHA / max(1, tests)) + normal.inv_cdf(_POWER)
