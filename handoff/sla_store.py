"""The clocks in the record: a projection of what happened, so that lists can show them and warnings can be found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, insert, or_, select, update

from conversations import tables
from conversations.database import Database
from conversations.events import MESSAGE_POSTED, STATUS_CHANGED
from conversations.model import AuthorKind, ConversationId, Status, Visibility
from handoff.routing import Asked, asked_in
from handoff.sla import Clock, ClockState, Happened, Reading, What

AT_ONCE = 200
_c = tables.conversations.c
_e = tables.events.c
_h = tables.handoffs.c
_m = tables.messages.c
_s = tables.sla_clocks.c
_WITH_PEOPLE = (Status.QUEUED.value, Status.ASSIGNED.value, Status.SNOOZED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A handoff that clocks are read for: what it is about, whose hours count, and what happened since."""

    conversation_id: ConversationId
    team: str | None
    asked: Asked
    happened: Sequence[Happened]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClock:
    conversation_id: ConversationId
    target: str
    reading: Reading


class SlaStore:
    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def changed(self, since: datetime | None, after: str = "") -> list[Case]:
        """Handoffs whose conversation changed since then, a page by id.

        With None all that people have now, and all whose clocks still run: they may have ended while no server looked.
        """
        clock_runs = exists().where(_s.conversation_id == _c.id, _s.stopped_at.is_(None))
        changed = or_(_c.status.in_(_WITH_PEOPLE), clock_runs) if since is None else _c.updated_at >= since
        newest = select(_h.id).where(_h.conversation_id == _c.id).order_by(_h.queued_at.desc(), _h.id).limit(1)
        query = (
            select(_c.id, _c.team, _h.brief, _h.queued_at, tables.customers.c.segments)
            .join(tables.handoffs, _h.id == newest.correlate(tables.conversations).scalar_subquery())
            .join(tables.customers, tables.customers.c.id == _c.customer_id)
            .where(changed, _c.id > after)
            .order_by(_c.id)
            .limit(AT_ONCE)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            if not rows:
                return []
            since_queued = {row.id: row.queued_at for row in rows}
            events = (await connection.execute(_events_of(list(since_queued), min(since_queued.values())))).all()
        happened: defaultdict[str, list[Happened]] = defaultdict(list)
        for event in events:
            what = _what(event)
            if what is not None and event.at >= since_queued[event.conversation_id]:
                happened[event.conversation_id].append(Happened(at=event.at, what=what))
        return [
            Case(
                conversation_id=row.id,
                team=row.team,
                asked=asked_in(row.brief, frozenset(row.segments or ())),
                happened=[Happened(at=row.queued_at, what=What.QUEUED), *happened[row.id]],
            )
            for row in rows
        ]

    async def keep(self, readings: Mapping[ConversationId, tuple[str, Sequence[Reading]]]) -> None:
        """Replace the clocks of these handoffs, with the name of their target. What was told stays told."""
        async with self._database.write() as connection:
            for conversation_id, (target, found) in readings.items():
                mine = list(found)
                known = {
                    (row.clock, row.started_at)
                    for row in await connection.execute(
                        select(_s.clock, _s.started_at).where(_s.conversation_id == conversation_id)
                    )
                }
                for reading in mine:
                    key = (reading.clock.value, reading.started_at)
                    await connection.execute(
                        update(tables.sla_clocks).where(*_is(conversation_id, *key)).values(**_values(reading, target))
                        if key in known
                        else insert(tables.sla_clocks).values(
                            conversation_id=conversation_id,
                            clock=key[0],
                            started_at=key[1],
                            **_values(reading, target),
                        )
                    )
                wanted = {(reading.clock.value, reading.started_at) for reading in mine}
                for key in known - wanted:
                    running = and_(*_is(conversation_id, *key), _s.stopped_at.is_(None))
                    await connection.execute(delete(tables.sla_clocks).where(running))

    async def to_tell(self) -> tuple[list[KeptClock], list[KeptClock]]:
        """Running clocks to warn of, and those whose time is used up, each told once."""
        now = self._clock()
        return (
            await self._told("warned_at", and_(_s.warned_at.is_(None), _s.warn_at <= now, _s.due_at > now)),
            await self._told("breach_told_at", and_(_s.breach_told_at.is_(None), _s.due_at <= now)),
        )

    async def _told(self, column: str, due: ColumnElement[bool]) -> list[KeptClock]:
        running = _s.stopped_at.is_(None)
        async with self._database.read() as connection:
            if (await connection.execute(select(_s.clock).where(running, due).limit(1))).one_or_none() is None:
                return []
        told = update(tables.sla_clocks).where(running, due).values({column: self._clock()})
        async with self._database.write() as connection:
            return [_kept(row) for row in await connection.execute(told.returning(tables.sla_clocks))]

    async def running(self, conversation_ids: Sequence[ConversationId]) -> dict[ConversationId, list[KeptClock]]:
        """Clocks that have not stopped, the next one due first."""
        query = (
            select(tables.sla_clocks)
            .where(_s.conversation_id.in_(conversation_ids), _s.stopped_at.is_(None))
            .order_by(_s.due_at)
        )
        found: defaultdict[ConversationId, list[KeptClock]] = defaultdict(list)
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                found[row.conversation_id].append(_kept(row))
        return dict(found)


def _events_of(ids: Sequence[str], since: datetime) -> Select[Any]:
    return (
        select(_e.conversation_id, _e.at, _e.kind, _e.data, _m.author_kind, _m.visibility)
        .outerjoin(tables.messages, and_(_m.conversation_id == _e.conversation_id, _m.seq == _e.seq))
        .where(_e.conversation_id.in_(ids), _e.at >= since)
        .where(or_(_e.kind == STATUS_CHANGED, _e.kind == MESSAGE_POSTED))
        .order_by(_e.conversation_id, _e.seq)
    )


def _what(event: Row[Any]) -> What | None:
    if event.kind == MESSAGE_POSTED:
        if event.visibility != Visibility.PUBLIC.value:
            return None
        who = {AuthorKind.CUSTOMER.value: What.CUSTOMER_WROTE, AuthorKind.HUMAN_AGENT.value: What.PERSON_REPLIED}
        return who.get(event.author_kind)
    to, was = event.data["to"], event.data["from"]
    if to in (Status.RESOLVED.value, Status.AUTOMATED.value):
        return What.ENDED
    if to == Status.SNOOZED.value:
        return What.SNOOZED
    return What.WOKE if was == Status.SNOOZED.value else None


def _is(conversation_id: str, clock: str, started_at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_s.conversation_id == conversation_id, _s.clock == clock, _s.started_at == started_at)


def _values(reading: Reading, target: str) -> dict[str, object]:
    return {
        "target": target,
        "state": reading.state.value,
        "warn_at": reading.warn_at,
        "due_at": reading.due_at,
        "stopped_at": reading.stopped_at,
    }


def _kept(row: Row[Any]) -> KeptClock:
    reading = Reading(
        clock=Clock(row.clock),
        started_at=row.started_at,
        warn_at=row.warn_at,
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        state=ClockState(row.state),
    )
    return KeptClock(conversation_id=row.conversation_id, target=row.target, reading=reading)
