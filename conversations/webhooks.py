"""Where other systems want to hear what happens: endpoints, and the outbox rows they get with each change.

A row is written in the transaction of its event, so that neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import deliveries, tables
from conversations.database import Database
from conversations.deliveries import Channel, NewDelivery
from conversations.events import MESSAGE_CHANGED, MESSAGE_POSTED, TURN_FINISHED
from conversations.model import HumanAgentId, JsonObject, Message, MessageState
from conversations.rows import message_of

NOT_TOLD = frozenset({TURN_FINISHED})
"""Inner matters of the AI agent."""
_w = tables.webhook_endpoints.c
_ENABLED = select(_w.id).where(_w.enabled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    id: str
    url: str
    secret: str
    enabled: bool
    disabled_because: str | None
    created_at: datetime


class Webhooks:
    def __init__(self, database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    async def endpoints(self) -> list[Endpoint]:
        query = select(tables.webhook_endpoints).order_by(_w.created_at, _w.id)
        async with self._database.read() as connection:
            return [_endpoint(row) for row in await connection.execute(query)]

    async def endpoint(self, endpoint_id: str) -> Endpoint | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(tables.webhook_endpoints).where(_w.id == endpoint_id))).one_or_none()
        return None if row is None else _endpoint(row)

    async def add(self, url: str, *, secret: str, by: HumanAgentId) -> Endpoint:
        added = insert(tables.webhook_endpoints).values(
            id=self._new_id(), url=url, secret=secret, enabled=True, created_at=self._clock(), created_by=by
        )
        async with self._database.write() as connection:
            return _endpoint((await connection.execute(added.returning(tables.webhook_endpoints))).one())

    async def set_enabled(self, endpoint_id: str, enabled: bool, *, because: str | None = None) -> bool:
        """False where there is no such endpoint. While it is off, nothing is kept for it."""
        values = {"enabled": enabled, "disabled_because": because}
        changed = update(tables.webhook_endpoints).where(_w.id == endpoint_id).values(**values)
        async with self._database.write() as connection:
            return (await connection.execute(changed)).rowcount == 1

    async def remove(self, endpoint_id: str) -> None:
        """With everything that still waits to be sent there."""
        async with self._database.write() as connection:
            await connection.execute(delete(tables.deliveries).where(tables.deliveries.c.target == endpoint_id))
            await connection.execute(delete(tables.webhook_endpoints).where(_w.id == endpoint_id))


async def tell(connection: AsyncConnection, events: Sequence[Mapping[str, Any]], new_id: Callable[[], str]) -> bool:
    """Write an outbox row for each event and enabled endpoint; whether there is anything to send."""
    told = [event for event in events if event["kind"] not in NOT_TOLD]
    endpoints = (await connection.execute(_ENABLED)).scalars().all() if told else []
    if not endpoints:
        return False
    ids = {event["data"]["message_id"] for event in told if "message_id" in event["data"]}
    found = await connection.execute(select(tables.messages).where(tables.messages.c.id.in_(ids)))
    messages = {row.id: message_of(row) for row in found}
    rows = [
        deliveries.row_of(
            NewDelivery(channel=Channel.WEBHOOK, target=endpoint, payload=payload),
            delivery_id=f"msg_{new_id()}",
            conversation_id=event["conversation_id"],
            now=event["at"],
        )
        for event in told
        if (payload := payload_of(event, messages)) is not None
        for endpoint in endpoints
    ]
    if rows:
        await connection.execute(deliveries.INSERT, rows)
    return bool(rows)


def payload_of(event: Mapping[str, Any], messages: Mapping[str, Message]) -> JsonObject | None:
    """What a receiver gets, the same at every try. None for a message that is still being written."""
    data: JsonObject = {
        "conversation_id": event["conversation_id"],
        "seq": event["seq"],
        "public": event["public"],
        **event["data"],
    }
    kind = event["kind"]
    if kind in (MESSAGE_POSTED, MESSAGE_CHANGED):
        message = messages.get(str(event["data"].get("message_id")))
        if message is None or message.state is MessageState.WRITING:
            return None
        kind = MESSAGE_POSTED
        data["message"] = {
            "id": message.id,
            "author": {"kind": message.author.kind.value, "display_name": message.author.display_name},
            "visibility": message.visibility.value,
            "text": message.text,
        }
    return {"type": f"conversation.{kind}", "timestamp": event["at"].isoformat(), "data": data}


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        secret=row.secret,
        enabled=row.enabled,
        disabled_because=row.disabled_because,
        created_at=row.created_at,
    )
