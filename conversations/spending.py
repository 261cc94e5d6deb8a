"""What model calls may cost: reserved before each call, settled after it, counted where a restart does not forget it.

Counters per conversation, per customer and day, and per day of the whole service, in tokens, which every server bills
and most report. A crash between reserving and settling leaves the reservation standing: too much is counted, never too
little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import model_use_tables as tables
from conversations.database import Database
from conversations.model import ConversationId, CustomerId
from conversations.tables import Instant

KEPT = timedelta(days=40)
"""After that a counter is of no use: its day is over, or its conversation asleep."""
_s = tables.spend.c
_ADD = (
    update(tables.spend)
    .where(_s.scope == bindparam("in_scope"), _s.tokens + bindparam("more") <= bindparam("cap"))
    .values(tokens=_s.tokens + bindparam("more"), changed_at=bindparam("now", type_=Instant))
)
_NO_CAP = 2**60


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most tokens per conversation, per customer and day, and per day in all; 0 for no limit."""

    conversation: int = 0
    customer_day: int = 0
    day: int = 0


class _CapReached(Exception):
    """Undoes what was added to the counters before the one that is full."""


class Spending:
    def __init__(self, database: Database, caps: Caps, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._caps = caps
        self._clock = clock

    async def reserve(self, conversation_id: ConversationId, customer_id: CustomerId, tokens: int) -> bool:
        """Set the tokens aside in all three counters, or in none and say False where one would pass its cap."""
        scopes = self._scopes(conversation_id, customer_id)
        await self._begin(list(scopes))
        try:
            async with self._database.write() as connection:
                for scope, cap in scopes.items():
                    if not await self._add(connection, scope, tokens, cap or _NO_CAP):
                        raise _CapReached(scope)
        except _CapReached:
            return False
        return True

    async def settle(self, conversation_id: ConversationId, customer_id: CustomerId, *, by: int) -> None:
        """Correct what was reserved by the difference to what was used. What was used is counted also past a cap."""
        async with self._database.write() as connection:
            for scope in self._scopes(conversation_id, customer_id):
                await self._add(connection, scope, by, _NO_CAP)

    async def spent(self, scope: str) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(select(_s.tokens).where(_s.scope == scope)) or 0

    def _scopes(self, conversation_id: ConversationId, customer_id: CustomerId) -> dict[str, int]:
        """In one order for everybody, so that two transactions never wait for each other."""
        day = self._clock().date().isoformat()
        return {
            f"day {day}": self._caps.day,
            f"customer {customer_id} {day}": self._caps.customer_day,
            f"conversation {conversation_id}": self._caps.conversation,
        }

    async def _begin(self, scopes: list[str]) -> None:
        """Make the counters that are not there yet, and drop those that nothing needs any more."""
        async with self._database.read() as connection:
            known = set(await connection.scalars(select(_s.scope).where(_s.scope.in_(scopes))))
        now = self._clock()
        for scope in scopes:
            if scope in known:
                continue
            try:
                async with self._database.write() as connection:
                    await connection.execute(insert(tables.spend).values(scope=scope, tokens=0, changed_at=now))
                    await connection.execute(delete(tables.spend).where(_s.changed_at < now - KEPT))
            except IntegrityError:
                continue  # another turn made it at the same moment

    async def _add(self, connection: AsyncConnection, scope: str, tokens: int, cap: int) -> bool:
        values = {"in_scope": scope, "more": tokens, "cap": cap, "now": self._clock()}
        return (await connection.execute(_ADD, values)).rowcount == 1
