"""What rules would have made of the handoffs of the past, before anybody lives with them. Pure.

Replayed are the handoffs as they came, what they were about, and how long a person really had each. People are taken
to be there from the first handoff that they took on a day to the last one they finished; conversations are given out
at once when somebody has room, and earlier helpers are not preferred.
"""

from __future__ import annotations

import heapq
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from conversations.model import ConversationId, HumanAgentId
from handoff.desk_rules import DeskRules
from handoff.desk_store import Handled
from handoff.routing import AtWork, Waiting, dispatch, place

TYPICAL = timedelta(minutes=10)
"""For a handoff that nobody has finished, where no other has been finished either."""
HOUR = timedelta(hours=1)

Shifts = Mapping[HumanAgentId, Sequence[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`left` never got a person; `waits` are of those who did, in seconds."""

    handoffs: int
    left: int
    median_wait_s: float | None
    p90_wait_s: float | None
    by_person: dict[str, int]
    by_team: dict[str, int]
    anybody: int
    """How many went outside their team because nobody of it came in time."""


def recorded(handled: Sequence[Handled]) -> Outcome:
    """What really happened."""
    waits = [one.waited for one in handled if one.waited is not None]
    return _outcome(
        waits,
        left=len(handled) - len(waits),
        by_person=Counter(str(one.by) for one in handled if one.by is not None),
        by_team=Counter(one.team or "everybody" for one in handled),
    )


def shifts_in(handled: Sequence[Handled]) -> dict[HumanAgentId, list[tuple[datetime, datetime]]]:
    """Who was there when, as far as what they took tells."""
    days: defaultdict[tuple[HumanAgentId, object], list[datetime]] = defaultdict(list)
    for one in handled:
        if one.by is not None and one.waited is not None:
            took_at = one.queued_at + one.waited
            days[one.by, took_at.date()] += [took_at, took_at + (one.took or timedelta(0))]
    shifts: defaultdict[HumanAgentId, list[tuple[datetime, datetime]]] = defaultdict(list)
    for (who, _), instants in days.items():
        shifts[who].append((min(instants), max(instants)))
    return dict(shifts)


def simulate(rules: DeskRules, handled: Sequence[Handled], shifts: Shifts) -> Outcome:
    """What these rules would have made of it."""
    return _Replay(rules, handled, shifts).run()


class _Replay:
    def __init__(self, rules: DeskRules, handled: Sequence[Handled], shifts: Shifts) -> None:
        known = [one.took.total_seconds() for one in handled if one.took is not None]
        typical = timedelta(seconds=statistics.median(known)) if known else TYPICAL
        self._rules = rules
        self._shifts = shifts
        self._took = {str(n): one.took or typical for n, one in enumerate(handled)}
        self._line: list[Waiting] = []
        self._open: Counter[HumanAgentId] = Counter()
        self._given: defaultdict[HumanAgentId, deque[datetime]] = defaultdict(deque)
        self._waits: list[timedelta] = []
        self._by_person: Counter[str] = Counter()
        self._by_team: Counter[str] = Counter()
        self._anybody = 0
        self._order = count()
        self._moments: list[tuple[datetime, int, Waiting | HumanAgentId | None]] = []
        for n, one in enumerate(handled):
            self._at(one.queued_at, self._arrival(n, one))
        for spans in shifts.values():
            for start, _ in spans:
                self._at(start, None)

    def _arrival(self, number: int, one: Handled) -> Waiting:
        placement = place(self._rules, one.asked)
        self._by_team[placement.team or "everybody"] += 1
        patience = self._rules.widen_after_minutes
        if patience is not None:
            self._at(one.queued_at + timedelta(minutes=patience), None)
        return Waiting(
            conversation_id=ConversationId(str(number)),
            owner_epoch=0,
            queued_at=one.queued_at,
            ranked_at=placement.ranked_at(one.queued_at),
            placement=placement,
        )

    def run(self) -> Outcome:
        while self._moments:
            now, _, what = heapq.heappop(self._moments)
            if isinstance(what, Waiting):
                self._line.append(what)
                self._line.sort(key=lambda waiting: (waiting.ranked_at, int(waiting.conversation_id)))
            elif what is not None:
                self._open[what] -= 1
            self._give_out(now)
        return _outcome(
            self._waits,
            left=len(self._line),
            by_person=self._by_person,
            by_team=self._by_team,
            anybody=self._anybody,
        )

    def _give_out(self, now: datetime) -> None:
        for choice in list(dispatch(self._rules, self._line, self._people(now), now)):
            self._line.remove(choice.waiting)
            self._open[choice.to] += 1
            self._given[choice.to].append(now)
            self._waits.append(now - choice.waiting.queued_at)
            self._by_person[choice.to] += 1
            self._anybody += any("anybody may" in why for why in choice.why)
            self._at(now + self._took[choice.waiting.conversation_id], choice.to)

    def _people(self, now: datetime) -> list[AtWork]:
        for given in self._given.values():
            while given and now - given[0] > HOUR:
                given.popleft()
        return [
            AtWork(
                id=who,
                name=who,
                online=any(start <= now < end for start, end in spans),
                open=self._open[who],
                given_last_hour=len(self._given[who]),
                last_given_at=self._given[who][-1] if self._given[who] else None,
            )
            for who, spans in self._shifts.items()
        ]

    def _at(self, when: datetime, what: Waiting | HumanAgentId | None) -> None:
        heapq.heappush(self._moments, (when, next(self._order), what))


def _outcome(
    waits: Sequence[timedelta],
    *,
    left: int,
    by_person: Mapping[str, int],
    by_team: Mapping[str, int],
    anybody: int = 0,
) -> Outcome:
    seconds = sorted(wait.total_seconds() for wait in waits)
    return Outcome(
        handoffs=len(waits) + left,
        left=left,
        median_wait_s=statistics.median(seconds) if seconds else None,
        p90_wait_s=seconds[min(len(seconds) - 1, int(0.9 * len(seconds)))] if seconds else None,
        by_person=dict(by_person),
        by_team=dict(by_team),
        anybody=anybody,
    )
