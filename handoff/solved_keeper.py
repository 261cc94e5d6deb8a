"""Asks whether an answer solved it, once its customer has been quiet for a while.

It may run on any number of servers: the question is asked inside a change, and once per episode. A server that was
down asks nothing about what is long past: the customer has left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.draft import Decision
from conversations.change import NewMessage
from conversations.database import Database
from conversations.model import AI_AGENT
from conversations.quiet_answers import QuietAnswer, quiet_answers
from conversations.ratings import ASKS_SOLVED, Scale, ask
from conversations.store import ConversationStore, StaleConversation
from handoff.aftercare import language_in
from handoff.desk_store import DeskStore
from handoff.wording import did_it_solve

SWEEP_SECONDS = 5.0
TOO_LATE = timedelta(minutes=10)
"""After the moment at which to ask: then whoever was there is gone."""

log = logging.getLogger(__name__)


class SolvedKeeper:
    def __init__(
        self, store: ConversationStore, desk_store: DeskStore, database: Database, *, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._desk_store = desk_store
        self._database = database
        self._clock = clock

    async def run_forever(self) -> None:
        while True:
            try:
                await self.look()
            except OSError:  # the database is away; what is quiet now still is when it comes back
                log.exception("cannot reach the database to ask what is solved")
            await asyncio.sleep(SWEEP_SECONDS)

    async def look(self) -> None:
        minutes = (await self._desk_store.rules()).rules.ask_solved_minutes
        if minutes is None:
            return
        until = self._clock() - timedelta(minutes=minutes)
        for found in await quiet_answers(self._database, since=until - TOO_LATE, until=until):
            if _seems_to_end_things(found):
                await self._ask(found)

    async def _ask(self, found: QuietAnswer) -> None:
        language = await language_in(self._store, found.conversation_id)
        try:
            async with self._store.change(found.conversation_id, owner_epoch=found.owner_epoch) as change:
                if change.conversation.last_seq != found.last_seq:
                    return
                if await ask(change, Scale.SOLVED, message_id=found.message_id) is not None:
                    text = did_it_solve(language)
                    await change.post(NewMessage(author=AI_AGENT, text=text, request=ASKS_SOLVED))
        except StaleConversation:
            return


def _seems_to_end_things(found: QuietAnswer) -> bool:
    """An answer with something behind it, that neither asks back nor offers anything itself."""
    rests_on_something = found.cites or bool(found.trace.get("tool_calls"))
    answers = found.trace.get("decision") == Decision.ANSWER.value
    return found.request is None and answers and rests_on_something
