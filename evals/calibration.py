"""From labelled answers to a promise: scores made probabilities, and the threshold that keeps a stated error.

A promise is about what an operator can count: of the next answers, as many as were labelled, at most the promised share
is wrong, with the promised confidence. The test is exact (hypergeometric: had labelled and next answers more wrong ones
than promised between them, how likely were so few among the labelled?), and stricter than a Clopper-Pearson bound on
the rate behind them, which leaves the luck of the next answers out.

Thresholds are tried from a strict one downwards (learn then test, fixed sequence; Angelopoulos et al., 2021), until one
cannot be promised; the last before is taken, so that the whole search costs one test's error. Where it starts
depends on sizes alone, never on which answers are right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.calibration import Promise

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SLACK: Final = 3
"""The search for a threshold starts where this many wrong answers would still be allowed: where none is, one unlucky
label would end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Labelled questions as the AI agent scored them; all of shape (n,).

    `scores` are probabilities before calibration, `right` says whether an answer would be right.
    """

    scores: Numbers
    right: Flags

    def rows(self, which: NDArray[np.int64]) -> Scored:
        return Scored(scores=self.scores[which], right=self.right[which])


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A threshold that keeps the promise. Of the questions, `answered` reach it, and `wrong` of these answers are."""

    threshold: float
    answered: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnough:
    """No threshold can be promised. `needed` labelled questions would probably do; None: more would not help."""

    questions: int
    needed: int | None
    why: str


def keep_promise(scored: Scored, promise: Promise) -> Kept | NotEnough:
    """The lowest threshold at which the promise can be made, or why it cannot."""
    order = np.argsort(-scored.scores, kind="stable")
    scores, wrong = scored.scores[order], np.cumsum(~scored.right[order])
    total = len(scores)
    least = most_answers_with(0, promise)
    if total < least:
        return NotEnough(questions=total, needed=_needed(scored, promise), why="there are too few of them")
    start = min(most_answers_with(_SLACK, promise), max(least, total // 2))
    kept: Kept | None = None
    for answered in range(start, total + 1):
        if answered < total and scores[answered] == scores[answered - 1]:
            continue  # a threshold cannot tell equal scores apart
        if not allows(int(wrong[answered - 1]), answered, promise):
            break
        kept = Kept(
            threshold=_below(scores, answered),
            answered=answered,
            wrong=int(wrong[answered - 1]),
        )
    if kept is not None:
        return kept
    return NotEnough(
        questions=total,
        needed=_needed(scored, promise),
        why=f"of the {start} surest answers {int(wrong[start - 1])} are wrong",
    )


def allows(wrong: int, answered: int, promise: Promise) -> bool:
    """True if so few as `wrong` of `answered` labelled answers were a rare luck, should the next break the promise.

    "Rare" is one minus the promised confidence.
    """
    over = math.floor(promise.max_error * answered + 1e-9) + 1
    return _few_of(wrong, wrong + over, answered) <= 1 - promise.confidence


def upper_bound(wrong: int, answered: int, confidence: float) -> float:
    """The Clopper-Pearson bound: the largest share that `wrong` of `answered` leaves possible."""
    if answered == 0 or wrong >= answered:
        return 1.0
    low, high = wrong / answered, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(wrong, answered, middle) <= 1 - confidence:
            high = middle
        else:
            low = middle
    return high


def most_answers_with(wrong: int, promise: Promise) -> int:
    """The least number of answers of which `wrong` may be wrong within the promise."""
    answered = wrong + 1
    while not allows(wrong, answered, promise):
        answered += max(1, answered // 50)
    while answered > wrong + 1 and allows(wrong, answered - 1, promise):
        answered -= 1
    return answered


def _needed(scored: Scored, promise: Promise) -> int | None:
    """About how many questions like these would do: as many as make the best of their thresholds provable."""
    total = len(scored.scores)
    if total == 0:
        return most_answers_with(0, promise)
    order = np.argsort(-scored.scores, kind="stable")
    wrong = np.cumsum(~scored.right[order])
    answered = np.arange(1, total + 1)
    # One wrong answer more than were seen: the next sample need not be as lucky.
    share = (wrong + 1) / (answered + 1)
    possible = (share < promise.max_error) & (answered >= total / 10)
    if not possible.any():
        return None
    # The normal approximation of the test: enough for "about how many".
    z = NormalDist().inv_cdf(promise.confidence)
    room = promise.max_error - share[possible]
    proofs = np.maximum(most_answers_with(0, promise), 2 * z * z * share[possible] * (1 - share[possible]) / room**2)
    # Where these were enough by that count and yet not in fact, luck or the order of the answers was against them.
    return max(int(np.min(proofs * total / answered[possible])) + 1, total + total // 2)


def _below(scores: Numbers, answered: int) -> float:
    """A threshold between the last score that is answered and the next, rounded down where that changes nothing."""
    last = float(scores[answered - 1])
    following = float(scores[answered]) if answered < len(scores) else 0.0
    rounded = math.floor(last * 1e4) / 1e4
    return rounded if rounded > following else last


def _few_of(few: int, total: int, half: int) -> float:
    """The chance that of `total` wrong ones among twice `half` answers at most `few` fall into the first half."""
    if total > 2 * half:
        return 0.0
    ways = _log_ways(2 * half, half)
    least = max(0, total - half)
    parts = (_log_ways(total, k) + _log_ways(2 * half - total, half - k) - ways for k in range(least, few + 1))
    return min(1.0, sum(map(math.exp, parts)))


def _log_ways(of: int, chosen: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def _at_most(wrong: int, answered: int, share: float) -> float:
    """The chance of at most `wrong` of `answered` where each is wrong with the chance `share`."""
    if share <= 0.0:
        return 1.0
    if share >= 1.0:
        return float(wrong >= answered)
    odds = math.log(share), math.log1p(-share)
    parts = (_log_ways(answered, k) + k * odds[0] + (answered - k) * odds[1] for k in range(wrong + 1))
    return min(1.0, sum(map(math.exp, parts)))


def calibration_error(values: Sequence[float] | Numbers, right: Sequence[bool] | Flags, *, bins: int = 10) -> float:
    """ECE over bins of equal size: how far the mean confidence of a bin is from the share that is right, on average."""
    order = np.argsort(np.asarray(values), kind="stable")
    sizes = [part for part in np.array_split(order, bins) if len(part)]
    confidence, truth = np.asarray(values, dtype=np.float64), np.asarray(right, dtype=np.float64)
    gaps = [abs(float(confidence[part].mean() - truth[part].mean())) * len(part) for part in sizes]
    return sum(gaps) / max(1, len(order))


def expected_error(values: Numbers, *, bins: int = 10, draws: int = 200, seed: int = 5) -> float:
    """The ECE that these confidences would show by chance alone, were they perfectly calibrated."""
    generator = np.random.default_rng(seed)
    return float(
        np.mean([calibration_error(values, generator.random(len(values)) < values, bins=bins) for _ in range(draws)])
    )
