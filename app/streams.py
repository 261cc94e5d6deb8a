"""Server-sent events: durable events by sequence number, live signs without one, a comment to keep the line open."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from fastapi.responses import StreamingResponse

from app.cards import Cards
from app.presenting import Presenter
from conversations.events import ACTION_CHANGED, TURN_FINISHED, Bus
from conversations.model import ConversationId, Event, JsonObject, Message, TurnId
from conversations.store import ConversationStore

KEEP_ALIVE_SECONDS = 15.0
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """Follows one conversation. `poll_seconds` bounds how late another process's change is noticed.

    `cards` is None where no shop is connected.
    """

    store: ConversationStore
    bus: Bus
    presenter: Presenter
    cards: Cards | None = None
    poll_seconds: float = KEEP_ALIVE_SECONDS

    async def follow(
        self, conversation_id: ConversationId, *, after: int, public_only: bool
    ) -> AsyncGenerator[bytes, None]:
        """Frames from sequence number `after` on, for ever. Subscribes first, so that nothing falls in between."""
        with self.bus.subscribe(conversation_id) as subscription:
            yield b": connected\n\n"
            look = True
            while True:
                page = await self._page(conversation_id, after, public_only) if look else []
                for event, message in page:
                    after = event.seq
                    data = self.presenter.event(event, message)
                    if event.kind == TURN_FINISHED:
                        data |= {"trace": await self._trace(event)}
                    if event.kind == ACTION_CHANGED and self.cards is not None:
                        data |= await self.cards.frame(str(event.data["action_id"]), for_customer=public_only)
                    yield frame(event.kind, data, seq=event.seq)
                if len(page) == PAGE:
                    continue
                woken = await subscription.next(self.poll_seconds)
                look = woken.look
                for sign in woken.signs:
                    if not public_only or sign.get("who") != "customer":
                        yield frame("activity", sign)
                if woken.timed_out:
                    yield b": keep-alive\n\n"

    async def _page(
        self, conversation_id: ConversationId, after: int, public_only: bool
    ) -> list[tuple[Event, Message | None]]:
        return await self.store.events(conversation_id, after=after, limit=PAGE, public_only=public_only)

    async def _trace(self, event: Event) -> JsonObject | None:
        turn_id = TurnId(str(event.data["turn_id"]))
        return (await self.store.traces([turn_id])).get(turn_id)


def frame(name: str, data: JsonObject, *, seq: int | None = None) -> bytes:
    head = f"id: {seq}\n" if seq is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def while_allowed(
    frames: AsyncGenerator[bytes, None], allowed: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """`frames` until `allowed` says no; asked before each, since a stream outlives the sign-in it was opened with."""
    async with aclosing(frames):
        async for one in frames:
            if not await allowed():
                return
            yield one


def stream_response(frames: AsyncIterator[bytes]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)
