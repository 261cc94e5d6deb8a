"""What routing reads and keeps in the record: the rules, the queue in its order, who is at work, what was handled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import tables
from conversations.database import Database
from conversations.events import INBOX, Bus
from conversations.model import Conversation, CustomerId, HumanAgentId, Status
from handoff.desk_rules import DeskRules
from handoff.routing import Asked, Placement, Waiting, asked_in, place

PAGE = 500
LATELY = timedelta(hours=1)
_c = tables.conversations.c
_h = tables.handoffs.c
_r = tables.desk_rules.c
_QUEUED = _c.status == Status.QUEUED.value
_WAITING_HANDOFF = and_(_h.conversation_id == _c.id, _h.state == "queued")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRules:
    """`number` counts how often rules were saved; 0 are the rules before anybody wrote any."""

    number: int
    rules: DeskRules
    saved_at: datetime | None = None
    saved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a person has to do, and what they were given in the last hour."""

    open: int = 0
    given_last_hour: int = 0
    last_given_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One handoff of the past: what it was about, how long it waited, and how long a person had it."""

    queued_at: datetime
    asked: Asked
    team: str | None
    waited: timedelta | None
    took: timedelta | None
    by: HumanAgentId | None


class RulesChanged(Exception):
    """Somebody saved other rules meanwhile."""


class DeskStore:
    def __init__(self, database: Database, bus: Bus, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock

    async def rules(self) -> SavedRules:
        [*newest] = await self.history(limit=1)
        return newest[0] if newest else SavedRules(number=0, rules=DeskRules())

    async def history(self, *, limit: int) -> list[SavedRules]:
        """Rules as they were saved, newest first."""
        query = select(tables.desk_rules).order_by(_r.number.desc()).limit(limit)
        async with self._database.read() as connection:
            return [_saved(row) for row in await connection.execute(query)]

    async def save(self, rules: DeskRules, *, over: int, by: HumanAgentId) -> SavedRules:
        """Make these the rules, and put whoever waits where they now say. Raises RulesChanged unless `over` is newest.

        Both in one transaction: whoever reads the queue sees the old order or the new one.
        """
        saved = SavedRules(number=over + 1, rules=rules, saved_at=self._clock(), saved_by=by)
        values = {"number": saved.number, "rules": rules.model_dump(mode="json")}
        values |= {"saved_at": saved.saved_at, "saved_by": by}
        try:
            async with self._database.write() as connection:
                if (await connection.scalar(select(func.max(_r.number))) or 0) != over:
                    raise RulesChanged
                await connection.execute(insert(tables.desk_rules).values(values))
                await _place_again(connection, rules)
        except IntegrityError:  # two servers saved at once
            raise RulesChanged from None
        self._bus.wake(INBOX)
        return saved

    async def queue(self, *, sticky: timedelta) -> AsyncIterator[Waiting]:
        """Everybody who waits, in order, a page at a time."""
        after: tuple[datetime, str] | None = None
        while True:
            query = _queue_page(after)
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).all()
                helped = await _last_helped(connection, rows, since=self._clock() - sticky) if sticky else {}
            for row in rows:
                yield _waiting(row, helped.get(row.customer_id))
            if len(rows) < PAGE:
                return
            after = (rows[-1].ranked_at, rows[-1].id)

    async def place_of(self, conversation: Conversation) -> int:
        """1 is next in its team's queue."""
        mine = conversation.ranked_at
        before = or_(_c.ranked_at < mine, and_(_c.ranked_at == mine, _c.id <= conversation.id))
        team = conversation.team
        query = select(func.count()).where(_QUEUED, before, _c.team == team if team else _c.team.is_(None))
        async with self._database.read() as connection:
            return await connection.scalar(query) or 1

    async def loads(self) -> dict[HumanAgentId, Load]:
        """Of everybody who has, or lately was given, something."""
        open_ones = select(_c.assignee_id, func.count().label("n")).where(_c.status == Status.ASSIGNED.value)
        given = select(_h.accepted_by, func.count().label("n"), func.max(_h.accepted_at).label("last"))
        given = given.where(_h.accepted_at >= self._clock() - LATELY)
        async with self._database.read() as connection:
            has = {row.assignee_id: row.n for row in await connection.execute(open_ones.group_by(_c.assignee_id))}
            got = {row.accepted_by: row for row in await connection.execute(given.group_by(_h.accepted_by))}
        return {
            human_agent_id: Load(
                open=has.get(human_agent_id, 0),
                given_last_hour=got[human_agent_id].n if human_agent_id in got else 0,
                last_given_at=got[human_agent_id].last if human_agent_id in got else None,
            )
            for human_agent_id in {*has, *got} - {None}
        }

    async def taken(self, *, since: datetime, team: str | None, limit: int) -> list[tuple[datetime, datetime]]:
        """When handoffs of a team's queue were queued and when a person had them; the newest `limit`."""
        query = (
            select(_h.queued_at, _h.accepted_at)
            .join(tables.conversations, _c.id == _h.conversation_id)
            .where(_h.queued_at >= since, _h.accepted_at.is_not(None))
            .where(_c.team == team if team else _c.team.is_(None))
            .order_by(_h.queued_at.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [(row.queued_at, row.accepted_at) for row in await connection.execute(query)]

    async def handled(self, *, since: datetime, limit: int) -> list[Handled]:
        """Handoffs queued since then, oldest first; at most the newest `limit`."""
        query = (
            select(tables.handoffs, tables.customers.c.segments, _c.team)
            .join(tables.conversations, _c.id == _h.conversation_id)
            .join(tables.customers, tables.customers.c.id == _c.customer_id)
            .where(_h.queued_at >= since)
            .order_by(_h.queued_at.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [_handled(row) for row in reversed(rows)]


def _saved(row: Row[Any]) -> SavedRules:
    rules = DeskRules.model_validate(row.rules)
    return SavedRules(number=row.number, rules=rules, saved_at=row.saved_at, saved_by=row.saved_by)


def _queue_page(after: tuple[datetime, str] | None) -> Select[Any]:
    query = (
        select(_c.id, _c.owner_epoch, _c.customer_id, _c.queued_at, _c.ranked_at, _h.placement)
        .outerjoin(tables.handoffs, _WAITING_HANDOFF)
        .where(_QUEUED)
        .order_by(_c.ranked_at, _c.id)
        .limit(PAGE)
    )
    if after is None:
        return query
    at, conversation_id = after
    return query.where(or_(_c.ranked_at > at, and_(_c.ranked_at == at, _c.id > conversation_id)))


async def _last_helped(
    connection: AsyncConnection, rows: Sequence[Row[Any]], *, since: datetime
) -> Mapping[CustomerId, HumanAgentId]:
    customers = {row.customer_id for row in rows}
    query = (
        select(_c.customer_id, _h.accepted_by)
        .join(tables.handoffs, _h.conversation_id == _c.id)
        .where(_c.customer_id.in_(customers), _h.accepted_by.is_not(None), _h.accepted_at >= since)
        .order_by(_h.accepted_at)
    )
    return {row.customer_id: row.accepted_by for row in await connection.execute(query)}


def _waiting(row: Row[Any], helped: HumanAgentId | None) -> Waiting:
    return Waiting(
        conversation_id=row.id,
        owner_epoch=row.owner_epoch,
        queued_at=row.queued_at,
        ranked_at=row.ranked_at,
        placement=Placement.from_json(row.placement),
        last_helped_by=helped,
    )


def _handled(row: Row[Any]) -> Handled:
    return Handled(
        queued_at=row.queued_at,
        asked=asked_in(row.brief, frozenset(row.segments or ())),
        team=row.team,
        waited=row.accepted_at - row.queued_at if row.accepted_at else None,
        took=row.finished_at - row.accepted_at if row.accepted_at and row.finished_at else None,
        by=row.accepted_by,
    )


async def _place_again(connection: AsyncConnection, rules: DeskRules) -> None:
    rows = await connection.execute(
        select(_h.id, _h.brief, _c.id.label("conversation_id"), _c.queued_at, tables.customers.c.segments)
        .join(tables.conversations, _WAITING_HANDOFF)
        .join(tables.customers, tables.customers.c.id == _c.customer_id)
        .where(_QUEUED)
        .with_for_update(of=tables.conversations)
    )
    placed = [(row, place(rules, asked_in(row.brief, frozenset(row.segments or ())))) for row in rows.all()]
    if not placed:
        return
    await connection.execute(
        update(tables.handoffs).where(_h.id == bindparam("handoff")).values(placement=bindparam("placed")),
        [{"handoff": row.id, "placed": placement.as_json()} for row, placement in placed],
    )
    await connection.execute(
        update(tables.conversations)
        .where(_c.id == bindparam("conversation"))
        .values(team=bindparam("to_team"), ranked_at=bindparam("rank", type_=tables.Instant)),
        [
            {
                "conversation": row.conversation_id,
                "to_team": placement.team,
                "rank": placement.ranked_at(row.queued_at),
            }
            for row, placement in placed
        ],
    )
