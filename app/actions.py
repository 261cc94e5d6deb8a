"""What carries out actions in the running service, built around the record and a business that can act."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.cards import Card, Cards
from conversations.change import Change
from conversations.database import Database
from conversations.events import Bus
from conversations.model import AI_AGENT, ConversationId
from conversations.store import ConversationStore
from tools.action_ledger import ActionLedger
from tools.action_model import Action, Proposal
from tools.action_store import ActionStore, LedgerDamaged
from tools.action_worker import ActionWorker, Business
from tools.confirmation import ConfirmationTokens
from tools.order_requests import RequestDesk, address_tool, cancellation_tool
from tools.payments import NO_CHANGES
from tools.reconciling import Reconciliation, Report
from tools.refunds import RefundDesk, refund_tool
from tools.returns import exchange_tool, return_label_tool
from tools.tool import ToolFailed
from tools.toolbox import Toolbox

RECONCILE_EVERY: Final = timedelta(days=1)
FIRST_RECONCILED_AFTER: Final = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDesk:
    """`reports` holds the latest comparison with the provider's books, newest last."""

    ledger: ActionLedger
    refunds: RefundDesk
    worker: ActionWorker
    reconciliation: Reconciliation
    cards: Cards
    reports: list[tuple[datetime, Report]]
    clock: Callable[[], datetime]

    def work(self) -> Sequence[Coroutine[object, object, None]]:
        """What runs for as long as the service does."""
        return (self.worker.run_forever(), self._reconcile_daily())

    async def propose(self, change: Change, proposal: Proposal) -> None:
        """Put the AI agent's proposal on the record, in the transaction of its reply."""
        await self.ledger.propose(change, proposal, by=AI_AGENT)

    async def offered(self, conversation_id: ConversationId) -> list[Action]:
        """Everything that was offered in a conversation, as it stands now."""
        return await self.ledger.actions.of_conversation(conversation_id)

    async def for_brief(self, conversation_id: ConversationId) -> list[Action]:
        """The same for whoever takes over; a person must get the conversation even where the ledger is damaged."""
        try:
            return await self.offered(conversation_id)
        except LedgerDamaged as damage:
            log.error("%s", damage)
            return []

    async def customer_cards(self, conversation_id: ConversationId) -> list[Card]:
        """All cards of a conversation as its customer sees them, with the tokens of those that are open."""
        found = await self.ledger.actions.of_conversation(conversation_id)
        return [self.cards.card(action, for_customer=True) for action in found]

    async def reconcile(self) -> Report:
        """Compare now. Raises ToolFailed."""
        report = await self.reconciliation.run()
        self.reports[:] = [(self.clock(), report)]
        return report

    async def _reconcile_daily(self) -> None:
        await asyncio.sleep(FIRST_RECONCILED_AFTER.total_seconds())
        while True:
            try:
                await self.reconcile()
            except ToolFailed as away:
                log.warning("the provider's books cannot be read: %s", away)
            except OSError:
                log.exception("cannot reach the database to reconcile")
            except LedgerDamaged as damage:  # else the books would never be compared again
                log.error("%s", damage)
                await self.ledger.freeze(str(damage))
            await asyncio.sleep(RECONCILE_EVERY.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The record that actions are kept in."""

    database: Database
    store: ConversationStore
    bus: Bus
    clock: Callable[[], datetime]
    new_id: Callable[[], str]


def action_desk(business: Business, around: Around, *, key: str, toolbox: Toolbox | None) -> ActionDesk:
    """`key` signs the cards' tokens; the tools that make offers join the AI agent's `toolbox`."""
    actions = ActionStore(around.database)
    refunds = RefundDesk(business.orders, business.policy, actions, clock=around.clock)
    if toolbox is not None:
        desk = RequestDesk(orders=business.orders, quoting=refunds, policy_version=business.policy.policy.version)
        toolbox.add(refund_tool(refunds))
        # What the shop takes from nobody is not offered to anybody.
        changes = (cancellation_tool, address_tool, return_label_tool, exchange_tool)
        for tool in changes if business.changes is not NO_CHANGES else ():
            toolbox.add(tool(desk))
    ledger = ActionLedger(
        around.store,
        actions,
        tokens=ConfirmationTokens(key),
        limits=business.policy.policy.text.limits,
        clock=around.clock,
        new_id=around.new_id,
    )
    return ActionDesk(
        ledger=ledger,
        refunds=refunds,
        worker=ActionWorker(ledger, business, around.bus, clock=around.clock),
        reconciliation=Reconciliation(ledger, business.payments, clock=around.clock),
        cards=Cards(ledger),
        reports=[],
        clock=around.clock,
    )
