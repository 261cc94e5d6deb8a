"""What has to leave the house: mails and webhooks, kept in the transaction of what they tell, sent until they arrive.

The table is the queue. A delivery's id never changes, so that whoever receives it twice can tell. A sender that dies
loses its lease and the delivery is tried again: at least once, never silently not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from conversations import tables
from conversations.database import Database
from conversations.events import DELIVERIES, Bus
from conversations.model import ConversationId, JsonObject

LEASE = timedelta(seconds=60)
"""A sender has this long for one try."""
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between one failed try and the next, as Standard Webhooks has it: ten tries in 75 hours and 35 minutes."""
KEPT_DELIVERED = timedelta(days=7)

_d = tables.deliveries.c


class Channel(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; it stays and may be sent again by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """`target` is an e-mail address, or the id of a webhook endpoint."""

    channel: Channel
    target: str
    payload: JsonObject
    after: timedelta = timedelta(0)
    """Not before this much later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    id: str
    channel: Channel
    target: str
    conversation_id: ConversationId | None
    payload: JsonObject
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime
    problem: str | None
    """Why the last try failed, in words for a lead."""


class Deliveries:
    def __init__(self, database: Database, bus: Bus, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock

    async def lease(self) -> Delivery | None:
        """The delivery that is due longest, ours for `LEASE`; None where nothing is due."""
        now = self._clock()
        due = select(_d.id).where(_d.state == DeliveryState.PENDING.value, _d.due_at <= now)
        oldest = due.order_by(_d.due_at, _d.id).limit(1).with_for_update(skip_locked=True)
        leased = (
            update(tables.deliveries)
            .where(_d.id == oldest.scalar_subquery())
            .values(attempts=_d.attempts + 1, due_at=now + LEASE)
            .returning(tables.deliveries)
        )
        async with self._database.read() as connection:  # most looks find nothing, and need no write lock for that
            if (await connection.execute(due.limit(1))).one_or_none() is None:
                return None
        async with self._database.write() as connection:
            row = (await connection.execute(leased)).one_or_none()
        return None if row is None else _delivery(row)

    async def delivered(self, delivery: Delivery) -> None:
        await self._finish(delivery, state=DeliveryState.DELIVERED.value, problem=None, finished_at=self._clock())

    async def failed(self, delivery: Delivery, problem: str, *, after: timedelta | None, give_up: bool) -> None:
        """Try again after the table's pause, or `after` where that is longer; after the last try it is dead."""
        if give_up or delivery.attempts > len(RETRY_AFTER):
            dead = {"state": DeliveryState.DEAD.value, "finished_at": self._clock()}
            await self._finish(delivery, problem=problem, **dead)
            return
        pause = max(RETRY_AFTER[delivery.attempts - 1], after or timedelta(0))
        await self._finish(delivery, problem=problem, due_at=self._clock() + pause)

    async def _finish(self, delivery: Delivery, **values: object) -> None:
        """Only the newest try may write: a sender that lost its lease to another changes nothing."""
        mine = (_d.id == delivery.id, _d.attempts == delivery.attempts, _d.state == DeliveryState.PENDING.value)
        async with self._database.write() as connection:
            await connection.execute(update(tables.deliveries).where(*mine).values(**values))

    async def send_again(self, ids: Sequence[str]) -> int:
        """Dead ones start anew, with their ids; how many did."""
        dead = (_d.id.in_(ids), _d.state == DeliveryState.DEAD.value)
        again = {"state": DeliveryState.PENDING.value, "attempts": 0, "due_at": self._clock(), "finished_at": None}
        async with self._database.write() as connection:
            changed = await connection.execute(update(tables.deliveries).where(*dead).values(**again))
        self._bus.wake(DELIVERIES)
        return changed.rowcount

    async def newest(
        self, *, target: str | None = None, state: DeliveryState | None = None, limit: int
    ) -> list[Delivery]:
        query = select(tables.deliveries).order_by(_d.created_at.desc(), _d.id).limit(limit)
        if target is not None:
            query = query.where(_d.target == target)
        if state is not None:
            query = query.where(_d.state == state.value)
        async with self._database.read() as connection:
            return [_delivery(row) for row in await connection.execute(query)]

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        """By target and state."""
        query = select(_d.target, _d.state, func.count().label("n")).group_by(_d.target, _d.state)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {(row.target, DeliveryState(row.state)): row.n for row in rows}

    async def forget_delivered(self) -> None:
        old = (_d.state == DeliveryState.DELIVERED.value, _d.finished_at < self._clock() - KEPT_DELIVERED)
        async with self._database.write() as connection:
            await connection.execute(delete(tables.deliveries).where(*old))


INSERT = insert(tables.deliveries)


def row_of(
    new: NewDelivery, *, delivery_id: str, conversation_id: ConversationId | None, now: datetime
) -> dict[str, object]:
    return {
        "id": delivery_id,
        "channel": new.channel.value,
        "target": new.target,
        "conversation_id": conversation_id,
        "payload": new.payload,
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "created_at": now,
        "due_at": now + new.after,
    }


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        channel=Channel(row.channel),
        target=row.target,
        conversation_id=row.conversation_id,
        payload=row.payload,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        problem=row.problem,
    )
