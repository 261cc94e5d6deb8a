"""Keeps the clocks in step with what happens, and says once before one runs out and once when it has.

It may run on any number of servers, and may die between any two steps: the clocks are read anew from the record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from conversations.events import INBOX, SLA_BREACHED, SLA_WARNING, Bus
from conversations.model import ConversationId
from conversations.store import ConversationStore
from handoff.desk_rules import DeskRules
from handoff.desk_store import DeskStore
from handoff.hours import Hours
from handoff.sla import Reading, readings, target_of
from handoff.sla_store import AT_ONCE, KeptClock, SlaStore

SWEEP_SECONDS = 1.0
OVERLAP = timedelta(seconds=5)
"""Looked at again: a change may have been committed a little after its time was taken."""

log = logging.getLogger(__name__)


class SlaKeeper:
    def __init__(
        self, store: ConversationStore, desk_store: DeskStore, sla_store: SlaStore, *, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._desk_store = desk_store
        self._sla_store = sla_store
        self._clock = clock
        self._rules_number: int | None = None
        self._looked_at: datetime | None = None

    async def run_forever(self, bus: Bus) -> None:
        with bus.subscribe(INBOX) as subscription:
            while True:
                try:
                    await self.look()
                except OSError:  # the database is away; the record still holds what happened when it is back
                    log.exception("cannot reach the database for the clocks")
                await subscription.next(SWEEP_SECONDS)
                await asyncio.sleep(SWEEP_SECONDS / 2)

    async def look(self) -> None:
        saved, now = await self._desk_store.rules(), self._clock()
        if not saved.rules.sla and self._rules_number in (None, saved.number):
            return
        new_rules = saved.number != self._rules_number
        since = None if new_rules or self._looked_at is None else self._looked_at - OVERLAP
        await self._read(saved.rules, since, now)
        self._rules_number, self._looked_at = saved.number, now
        warn, breached = await self._sla_store.to_tell()
        await self._tell(SLA_WARNING, warn)
        await self._tell(SLA_BREACHED, breached)

    async def _read(self, rules: DeskRules, since: datetime | None, now: datetime) -> None:
        after = ""
        while True:
            cases = await self._sla_store.changed(since, after)
            found: dict[ConversationId, tuple[str, Sequence[Reading]]] = {}
            for case in cases:
                target = target_of(rules, case.asked)
                hours = Hours(rules.hours_of(case.team))
                read = readings(target, hours, case.happened, now) if target else []
                found[case.conversation_id] = (target.name if target else "", read)
            if found:
                await self._sla_store.keep(found)
            if len(cases) < AT_ONCE:
                return
            after = cases[-1].conversation_id

    async def _tell(self, kind: str, clocks: Sequence[KeptClock]) -> None:
        for kept in clocks:
            due = kept.reading.due_at
            async with self._store.change(kept.conversation_id) as change:
                change.record(
                    kind,
                    public=False,
                    data={
                        "clock": kept.reading.clock.value,
                        "target": kept.target,
                        "due_at": due.isoformat() if due else None,
                    },
                )
                change.topics.add(INBOX)
