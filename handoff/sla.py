"""How fast people promised to answer, and how they stand: clocks over what happened in one handoff. Pure.

A clock runs only while the team is there, and not while somebody waits for the customer (snoozed). It is met when it
stops in time, breached at the instant its time is used up, whether or not somebody answers later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handoff.desk_rules import DeskRules, SlaTarget
from handoff.hours import Hours
from handoff.routing import Asked, meant


class Clock(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


class What(StrEnum):
    QUEUED = "queued"
    CUSTOMER_WROTE = "customer_wrote"
    PERSON_REPLIED = "person_replied"
    SNOOZED = "snoozed"
    WOKE = "woke"
    ENDED = "ended"
    """Resolved, or returned to the AI agent: nothing is owed by people any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    at: datetime
    what: What


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One clock as it stands. `due_at` and `warn_at` are None while it is paused with time left, or was met."""

    clock: Clock
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    stopped_at: datetime | None
    state: ClockState


def target_of(rules: DeskRules, asked: Asked) -> SlaTarget | None:
    return next((target for target in rules.sla if meant(target.when, asked)), None)


def readings(target: SlaTarget, hours: Hours, happened: Sequence[Happened], now: datetime) -> list[Reading]:
    """Every clock that was started, in the order of starting; what happened comes in order of time."""
    found: list[Reading] = []
    for clock, minutes, runs in _clocks(target, happened):
        if minutes is not None:
            allowed = _Allowed(minutes=minutes, warn_at_percent=target.warn_at_percent, hours=hours)
            found.append(_read(clock, runs, allowed, now))
    return sorted(found, key=lambda reading: (reading.started_at, reading.clock))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """When a clock ran: stretches, the last one without an end while it still runs."""

    stretches: tuple[tuple[datetime, datetime | None], ...]
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    minutes: int
    warn_at_percent: int
    hours: Hours

    @property
    def time(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def until_warning(self) -> timedelta:
        return self.time * self.warn_at_percent / 100


def _clocks(target: SlaTarget, happened: Sequence[Happened]) -> Iterator[tuple[Clock, int | None, _Runs]]:
    queued = next((event.at for event in happened if event.what is What.QUEUED), None)
    if queued is None:
        return
    replies = [event.at for event in happened if event.what is What.PERSON_REPLIED]
    ended = next((event.at for event in happened if event.what is What.ENDED), None)
    first = min(filter(None, [replies[0] if replies else None, ended]), default=None)
    yield Clock.FIRST_RESPONSE, target.first_response_minutes, _one_run(queued, first)
    yield Clock.RESOLUTION, target.resolution_minutes, _without_snoozes(queued, happened, ended)
    if not replies:
        return
    for asked, answered in _next_questions(happened, after=replies[0]):
        yield Clock.NEXT_RESPONSE, target.next_response_minutes, _one_run(asked, answered)


def _one_run(start: datetime, end: datetime | None) -> _Runs:
    return _Runs(stretches=((start, end),), stopped_at=end)


def _next_questions(happened: Sequence[Happened], *, after: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """From the first message that waits for a person to the reply: several in a row are one question."""
    asked: datetime | None = None
    for event in happened:
        if event.at <= after:
            continue
        if event.what is What.CUSTOMER_WROTE and asked is None:
            asked = event.at
        elif event.what in (What.PERSON_REPLIED, What.ENDED) and asked is not None:
            yield asked, event.at
            asked = None
    if asked is not None:
        yield asked, None


def _without_snoozes(queued: datetime, happened: Sequence[Happened], ended: datetime | None) -> _Runs:
    stretches: list[tuple[datetime, datetime | None]] = []
    running: datetime | None = queued
    for event in happened:
        if event.what in (What.SNOOZED, What.ENDED) and running is not None:
            stretches.append((running, event.at))
            running = None
        elif event.what is What.WOKE and running is None:
            running = event.at
        if event.what is What.ENDED:
            break
    if running is not None:
        stretches.append((running, None))
    return _Runs(stretches=tuple(stretches), stopped_at=ended)


def _read(clock: Clock, runs: _Runs, allowed: _Allowed, now: datetime) -> Reading:
    due = _used_up(runs, allowed.hours, allowed.time)
    end = runs.stopped_at if runs.stopped_at is not None else now
    if due is not None and due < end:
        state = ClockState.BREACHED
    elif runs.stopped_at is not None:
        state = ClockState.MET
    else:
        state = ClockState.RUNNING if runs.stretches[-1][1] is None else ClockState.PAUSED
    return Reading(
        clock=clock,
        started_at=runs.stretches[0][0],
        warn_at=_used_up(runs, allowed.hours, allowed.until_warning),
        due_at=due,
        stopped_at=runs.stopped_at,
        state=state,
    )


def _used_up(runs: _Runs, hours: Hours, allowed: timedelta) -> datetime | None:
    """The instant by which the clock has run for `allowed`; None where it stopped or paused before."""
    left = allowed
    for start, end in runs.stretches:
        if end is None:
            return hours.after(start, left)
        ran = hours.open_time(start, end)
        if ran >= left:
            return hours.after(start, left)
        left -= ran
    return None
