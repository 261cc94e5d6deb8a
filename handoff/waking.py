"""Wakes what was set aside, when its time has come. It may run on any number of servers, and may die at any point."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from conversations.database import Database
from conversations.model import SYSTEM, ConversationId, Status
from conversations.snoozing import due, wake
from conversations.store import ConversationStore

SWEEP_SECONDS = 1.0

log = logging.getLogger(__name__)


class Waker:
    def __init__(self, store: ConversationStore, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._database = database
        self._clock = clock

    async def run_forever(self) -> None:
        while True:
            try:
                await self.look()
            except OSError:  # the database is away; what is due still is when it comes back
                log.exception("cannot reach the database for what is snoozed")
            await asyncio.sleep(SWEEP_SECONDS)

    async def look(self) -> None:
        for conversation_id in await due(self._database, self._clock()):
            await self._wake(conversation_id)

    async def _wake(self, conversation_id: ConversationId) -> None:
        async with self._store.change(conversation_id) as change:
            until = change.conversation.snoozed_until
            # Another server, or its customer, may have been faster.
            if change.conversation.status is Status.SNOOZED and until is not None and until <= change.now:
                await wake(change, SYSTEM)
