"""Passes conversations on in which what the customer confirmed failed, or stays without an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.actions import ActionDesk
from app.turn_reply import Prove
from conversations.change import Change
from conversations.events import ACTIONS, Bus
from conversations.model import HandoffReason
from conversations.people import People
from conversations.store import ConversationStore
from handoff.desk import HandoffDesk, PassingOn
from handoff.facts import gather_facts
from handoff.policy import HandoffDecision
from tools.action_model import Action
from tools.refunds import standing

UNKNOWN_FOR: Final = timedelta(minutes=30)
"""Without an answer for so long, a person looks: most answers that were lost are found again within a few minutes."""
PENDING_FOR: Final = timedelta(days=10)
"""A bank takes 5 to 10 business days; what the provider has accepted is not stuck before that."""
FAILED_WITHIN: Final = timedelta(days=1)
"""What failed longer ago, before this ran, is history."""
SWEEP_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckActions:
    """May run on any number of servers: whether somebody was told is on the record, in the transaction that tells."""

    actions: ActionDesk
    desk: HandoffDesk
    store: ConversationStore
    people: People
    prove: Prove
    clock: Callable[[], datetime]

    async def run_forever(self, bus: Bus) -> None:
        with bus.subscribe(ACTIONS) as subscription:
            while True:
                try:
                    await self.look()
                except OSError:  # the database is away; what is stuck then still is when it comes back
                    log.exception("cannot reach the database for stuck actions")
                await subscription.next(SWEEP_SECONDS)
                await asyncio.sleep(SWEEP_SECONDS / 5)

    async def look(self) -> int:
        """Pass on what is stuck now; how many actions that were."""
        now = self.clock()
        stuck = await self.actions.ledger.actions.stuck(
            failed_since=now - FAILED_WITHIN, unknown_before=now - UNKNOWN_FOR, pending_before=now - PENDING_FOR
        )
        return sum([await self._pass_on(action) for action in stuck])

    async def _pass_on(self, action: Action) -> bool:
        conversation = await self.store.conversation(action.conversation_id)
        customer = await self.people.customer_of(conversation.id)
        facts = await gather_facts(
            self.store,
            conversation.id,
            customer,
            episode=conversation.episode,
            assurance=(await self.prove(conversation.id, customer)).assurance,
            actions=await self.actions.for_brief(conversation.id),
        )
        detail = f"{standing(action)} {action.note}".strip()
        decision = HandoffDecision(reason=HandoffReason.ACTION_STUCK, detail=detail)

        async def due(change: Change) -> bool:
            return await self.actions.ledger.pass_on(change, action)

        return await self.desk.hand_off_unasked(conversation.id, PassingOn(decision=decision, facts=facts), if_due=due)
