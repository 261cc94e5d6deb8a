"""What models were asked and answered, kept for some weeks so that a turn can be replayed without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from conversations import model_use_tables as tables
from conversations.database import Database
from conversations.model import JsonObject, TurnId

_e = tables.model_exchanges.c


class Exchanges:
    """`kept` bounds the table in time; each turn's exchanges are bounded by the agent's steps and reply lengths."""

    def __init__(self, database: Database, *, kept: timedelta, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._kept = kept
        self._clock = clock

    async def keep(self, turn_id: TurnId, exchanges: Sequence[JsonObject]) -> None:
        """Those of one run of a turn, in the place of an earlier run's; forgets what is too old."""
        now = self._clock()
        async with self._database.write() as connection:
            await connection.execute(delete(tables.model_exchanges).where(_e.turn_id == turn_id))
            await connection.execute(delete(tables.model_exchanges).where(_e.at < now - self._kept))
            await connection.execute(
                insert(tables.model_exchanges).values(turn_id=turn_id, at=now, exchanges=list(exchanges))
            )

    async def of(self, turn_id: TurnId) -> list[JsonObject]:
        """In the order in which they happened; empty where no model was asked, or too long ago."""
        async with self._database.read() as connection:
            found = await connection.scalar(select(_e.exchanges).where(_e.turn_id == turn_id))
        return list(found or ())
