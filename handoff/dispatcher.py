"""Drains the queue: gives those who wait to people with room, and takes back what belongs to people who are gone.

Any number of servers may run one. Each decision is made on what was read a moment ago and holds only if nothing has
changed since: the owner epoch guards the conversation, and the person's room is counted again inside the change.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from conversations.events import INBOX, Bus
from conversations.model import HumanAgent, HumanAgentId
from conversations.people import People
from conversations.store import ConversationStore
from handoff.desk import HandoffDesk
from handoff.desk_rules import DeskRules
from handoff.desk_store import DeskStore, Load
from handoff.routing import AtWork, Choice, capacity_of, choose

SWEEP_SECONDS = 0.5
"""Another server's change, or somebody's absence, is noticed this late; a change here at once."""
GATHER_SECONDS = 0.05
"""Changes that come this close together are looked at once."""

log = logging.getLogger(__name__)


class Dispatcher:
    def __init__(
        self,
        store: ConversationStore,
        desk: HandoffDesk,
        desk_store: DeskStore,
        people: People,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._desk = desk
        self._desk_store = desk_store
        self._people = people
        self._clock = clock

    async def run_forever(self, bus: Bus) -> None:
        with bus.subscribe(INBOX) as subscription:
            while True:
                started = time.thread_time()
                try:
                    await self.look()
                except OSError:  # the database is away: the queue is still in it when it comes back
                    log.exception("cannot reach the database for the queue")
                took = time.thread_time() - started
                await subscription.next(SWEEP_SECONDS)
                await asyncio.sleep(rest_after(took))

    async def look(self) -> int:
        """One look at everything; how many conversations were given to somebody."""
        rules, people = (await self._desk_store.rules()).rules, await self._people.human_agents()
        await self._take_back(rules, people)
        return await self._give_out(rules, people) if rules.automatic else 0

    async def _give_out(self, rules: DeskRules, people: Sequence[HumanAgent]) -> int:
        at_work = {person.id: person for person in await self.at_work(rules, people)}
        by_id = {person.id: person for person in people}
        given = 0
        async for waiting in self._desk_store.queue(sticky=timedelta(days=rules.sticky_days)):
            if not any(person.online and person.open < capacity_of(rules, person.id) for person in at_work.values()):
                break
            choice = choose(rules, waiting, list(at_work.values()), self._clock())
            if not isinstance(choice, Choice):
                continue
            if await self._desk.give(choice, by_id[choice.to], capacity=capacity_of(rules, choice.to)):
                at_work[choice.to] = at_work[choice.to].with_one_more(self._clock())
                given += 1
        return given

    async def at_work(self, rules: DeskRules, people: Sequence[HumanAgent]) -> list[AtWork]:
        """Everybody as routing sees them now."""
        loads, idle_after = await self._desk_store.loads(), timedelta(minutes=rules.idle_minutes)
        return [
            _at_work(
                person,
                loads.get(person.id, Load()),
                online=self._people.is_online(person) and not self._people.is_idle(person, idle_after),
            )
            for person in people
        ]

    async def _take_back(self, rules: DeskRules, people: Sequence[HumanAgent]) -> None:
        if rules.take_back_minutes is None:
            return
        before = self._clock() - timedelta(minutes=rules.take_back_minutes)
        gone = {person.id: person for person in people if self._gone_before(person, before)}
        if not gone:
            return
        for conversation in await self._store.unanswered(list(gone), before=before):
            assert conversation.assignee_id is not None  # noqa: S101  (it was asked for by assignee)
            name = gone[conversation.assignee_id].display_name
            why = f"{name} has been gone for {rules.take_back_minutes} min while the customer waits"
            await self._desk.take_back(conversation, why)

    def _gone_before(self, person: HumanAgent, before: datetime) -> bool:
        since = self._people.gone_since(person)
        return since is not None and since <= before


def rest_after(took: float) -> float:
    """Seconds until the next look, after one that saw `took` seconds of this thread's time go by.

    A long queue that nobody may take is looked through again and again, so looks should cost half of one core at most.
    But what else the server did meanwhile is counted too: a busy server must not keep customers waiting for it.
    """
    return min(max(GATHER_SECONDS, took), SWEEP_SECONDS)


def _at_work(person: HumanAgent, load: Load, *, online: bool) -> AtWork:
    return AtWork(
        id=HumanAgentId(person.id),
        name=person.display_name,
        online=online,
        open=load.open,
        given_last_hour=load.given_last_hour,
        last_given_at=load.last_given_at,
    )
