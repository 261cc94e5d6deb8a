"""How long until a person answers, told as honestly as the past allows. Pure.

Waits that began at about the same place in the queue are looked up, and of those only the ones that lasted as long as
this one has already: whoever has waited ten minutes learns nothing from waits of five.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ALIKE = 60
"""Past waits that an answer is read from: those nearest in place."""
ENOUGH = 20
"""Fewer than this and nothing is promised: nine in ten of twenty is the second longest."""
STILL_ENOUGH = 8
"""Of those, so many must have lasted as long as this one; else it is simply longer than usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWait:
    """`place` when it was queued (1 was next), and how long it then took until a person had it."""

    place: int
    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """From now on: half wait no longer than `typical`, nine in ten no longer than `most`; read from `n` past waits."""

    typical: timedelta
    most: timedelta
    n: int


def past_waits(handoffs: Sequence[tuple[datetime, datetime]]) -> list[PastWait]:
    """From (queued, taken) pairs: each wait with the place it began at."""
    found: list[PastWait] = []
    taken: list[datetime] = []
    for queued_at, taken_at in sorted(handoffs):
        before = len(taken) - bisect_right(taken, queued_at)
        found.append(PastWait(place=before + 1, waited=taken_at - queued_at))
        insort(taken, taken_at)
    return found


def expected(past: Sequence[PastWait], *, place: int, waited: timedelta) -> Expected | None:
    """None where too little is known of waits like this one."""
    if len(past) < ENOUGH:
        return None
    alike = sorted(past, key=lambda one: abs(math.log(one.place / place)))[:ALIKE]
    left = sorted(one.waited - waited for one in alike if one.waited > waited)
    if len(left) < STILL_ENOUGH:
        return None
    return Expected(typical=_quantile(left, 0.5), most=_quantile(left, 0.9), n=len(left))


def _quantile(ordered: Sequence[timedelta], share: float) -> timedelta:
    """The (n + 1)-th rank, so that the share holds for the next wait and not just for those that were."""
    rank = min(len(ordered), math.ceil(share * (len(ordered) + 1)))
    return ordered[rank - 1]
