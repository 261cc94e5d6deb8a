"""Carries out confirmed actions: reserve, send, record. Whatever dies, the next worker goes on from the record.

The key is committed before the provider is asked. When the answer does not come, the action is `unknown` until the
provider's own books say what happened; only then, and only with the same key, is it asked again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from conversations.events import ACTIONS, Bus
from tools.action_ledger import ActionLedger
from tools.action_model import Action, ActionId, ActionKind, ActionState, Funds
from tools.action_store import LedgerDamaged
from tools.order_model import compact_number
from tools.orders import OrderSystem
from tools.payments import (
    Answer,
    ChangeRequest,
    Declined,
    EffectState,
    OrderChanges,
    Payments,
    Receipt,
    RefundRequest,
    Unsure,
)
from tools.policy import AskedLine, Quote, RefundPolicy
from tools.policy_rules import Reason
from tools.tool import ToolFailed

SEND_SECONDS: Final = 20.0
LEASE: Final = timedelta(seconds=60)
"""How long a worker has an action to itself: longer than every call it makes for it together."""
SWEEP_SECONDS: Final = 1.0
RETRY: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=6)
KEY_MARGIN: Final = timedelta(hours=1)
"""A key is not used again in the last hour of its window: clocks differ, and a request may travel a while."""
GONE: Final = "The shop's order does not allow it any more."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """Where actions take effect, and the policy that they are checked by once more before they do."""

    orders: OrderSystem
    payments: Payments
    changes: OrderChanges
    policy: RefundPolicy


class ActionWorker:
    def __init__(
        self,
        ledger: ActionLedger,
        business: Business,
        bus: Bus,
        *,
        clock: Callable[[], datetime],
        at_once: int = 8,
    ) -> None:
        self._ledger = ledger
        self._business = business
        self._bus = bus
        self._clock = clock
        self._places = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()

    async def run_forever(self) -> None:
        """Until cancelled. What is under way then is found again by the record."""
        try:
            with self._bus.subscribe(ACTIONS) as subscription:
                while True:
                    await self._places.acquire()
                    taken = await self._take()
                    if taken is None:
                        self._places.release()
                        await subscription.next(SWEEP_SECONDS)
                        continue
                    task = asyncio.create_task(self._advance(taken))
                    self._running.add(task)
                    task.add_done_callback(self._done)
        finally:
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._places.release()
        self._bus.wake(ACTIONS)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an action could not be advanced; it is tried again when its lease runs out", exc_info=error)

    async def _take(self) -> ActionId | None:
        try:
            return await self._ledger.actions.take(now=self._clock(), lease=LEASE)
        except OSError:  # the database is away: what is due is still in it when it comes back
            log.exception("cannot reach the database for actions")
            return None

    async def run_until_idle(self) -> int:
        """Take every step that is due now, one after the other; how many there were."""
        steps = 0
        while (taken := await self._take()) is not None:
            await self._advance(taken)
            steps += 1
        return steps

    async def _advance(self, action_id: ActionId) -> None:
        try:
            action = await self._ledger.actions.action(action_id)
        except LedgerDamaged as damage:
            log.error("%s", damage)
            await self._ledger.freeze(str(damage))
            await self._ledger.actions.put_off(action_id, None)
            return
        if action is None:
            return
        match action.state:
            case ActionState.PROPOSED:
                await self._ledger.expire(action)
            case ActionState.CONFIRMED | ActionState.APPROVED:
                await self._reserve(action)
            case ActionState.RESERVED:
                await self._send(action)
            case ActionState.SENDING:
                # Whoever sent it is gone: only a lease that ran out makes a sending action due.
                await self._ledger.unknown(action, "The worker stopped while it was sent.", look_after=timedelta(0))
            case ActionState.UNKNOWN:
                await self._look_up(action)
            case _:
                await self._ledger.actions.put_off(action_id, None)

    async def _reserve(self, action: Action) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                funds = await self._funds_now(action)
        except (ToolFailed, TimeoutError) as away:
            log.warning("action %s waits: the shop does not answer (%s)", action.id, type(away).__name__)
            await self._ledger.actions.put_off(action.id, self._clock() + RETRY)
            return
        if action.proposal.funds is not None and funds is None:
            await self._ledger.failed(action, GONE)
            return
        await self._ledger.reserve(action, funds)

    async def _funds_now(self, action: Action) -> Funds | None:
        """The action's money by the shop's books of now; None where the policy would not give exactly this any more.

        Time counts as it stood when the customer asked: waiting for a person costs nobody their window.
        """
        proposal = action.proposal
        if proposal.funds is None:
            return None
        number = compact_number(proposal.order_number) or proposal.order_number
        order = await self._business.orders.order(proposal.external_customer_id, number)
        if order is None:
            return None
        held = await self._ledger.actions.held(proposal.order_number, proposal.funds.payment, but=action.id)
        asked = [AskedLine(line=line.line, units=line.units) for line in proposal.lines]
        reason, then = Reason(proposal.reason), action.proposed_at
        quote = self._business.policy.quote(order, asked, reason=reason, now=then, held=held)
        same = isinstance(quote, Quote) and quote.lines == proposal.lines and quote.destination == proposal.destination
        if not same or not isinstance(quote, Quote) or quote.funds.payment != proposal.funds.payment:
            return None
        return quote.funds if quote.funds.amount == proposal.funds.amount else None

    async def _send(self, action: Action) -> None:
        sending = await self._ledger.start_sending(action, lease=LEASE)
        if sending is None:
            return
        answer = await self._asked(sending)
        if isinstance(answer, Declined) and sending.attempts > 1:
            answer = await self._booked_before(sending, answer)
        await self._record(sending, answer)

    async def _booked_before(self, action: Action, declined: Declined) -> Answer:
        """An earlier try under this key may have had its effect after all: the provider's books decide."""
        try:
            return await self._booked(action) or declined
        except (ToolFailed, TimeoutError):
            return Unsure(detail=declined.detail)

    async def _booked(self, action: Action) -> Receipt | None:
        """What the books of the provider say. Raises ToolFailed and TimeoutError."""
        async with asyncio.timeout(SEND_SECONDS):
            if action.proposal.kind is ActionKind.REFUND:
                return await self._business.payments.look_up(action.id)
            return await self._business.changes.look_up(action.id)

    async def _asked(self, action: Action) -> Answer:
        proposal, key = action.proposal, action.key
        if key is None:
            raise ValueError("an action is never sent before its key is on the record")
        try:
            async with asyncio.timeout(SEND_SECONDS):
                if proposal.kind is not ActionKind.REFUND or proposal.funds is None:
                    request = ChangeRequest(key=key, reference=action.id, proposal=proposal)
                    return await self._business.changes.apply(request)
                return await self._business.payments.refund(
                    RefundRequest(
                        key=key, reference=action.id, payment=proposal.funds.payment, amount=proposal.funds.amount
                    )
                )
        except (ToolFailed, TimeoutError) as failure:
            return Unsure(detail=f"The provider did not answer ({type(failure).__name__}).")

    async def _record(self, action: Action, answer: Answer) -> None:
        if isinstance(answer, Declined):
            await self._ledger.failed(action, answer.detail)
        elif isinstance(answer, Unsure):
            await self._ledger.unknown(action, answer.detail, look_after=self._wait(action))
        elif (wrong := _not_ours(action, answer)) is not None:
            log.error("action %s: %s", action.id, wrong)
            await self._ledger.freeze(f"Action {action.id}: {wrong}")
            await self._ledger.unknown(action, wrong, look_after=LONGEST_WAIT, receipt=answer.id)
        elif answer.state is EffectState.SUCCEEDED:
            await self._ledger.succeeded(action, answer.id)
        elif answer.state is EffectState.FAILED:
            await self._ledger.failed(action, "The provider says that it failed.")
        else:
            waits = "The provider has it, and it is not through yet."
            await self._ledger.unknown(action, waits, look_after=self._wait(action), receipt=answer.id)

    async def _look_up(self, action: Action) -> None:
        try:
            found = await self._booked(action)
        except (ToolFailed, TimeoutError):
            await self._ledger.actions.put_off(action.id, self._clock() + self._wait(action))
            return
        if found is not None and found.state is EffectState.PENDING and found.id == action.receipt:
            await self._ledger.actions.put_off(action.id, self._clock() + self._wait(action))
        elif found is not None:
            await self._record(action, found)
        elif self._key_is_good(action):
            await self._send(action)
        else:
            await self._ledger.failed(action, "The provider's books do not have it, and its key has run out.")

    def _key_is_good(self, action: Action) -> bool:
        window = self._business.payments.key_window - KEY_MARGIN
        return action.sent_at is None or self._clock() - action.sent_at < window

    def _wait(self, action: Action) -> timedelta:
        """Half of the time since it was first sent, between half a minute and six hours."""
        age = self._clock() - (action.sent_at or self._clock())
        return min(max(age / 2, RETRY), LONGEST_WAIT)


def _not_ours(action: Action, receipt: Receipt) -> str | None:
    """What is wrong with a receipt that carries our reference; None where it is the effect that was asked for."""
    funds = action.proposal.funds
    if funds is None or receipt.amount is None:
        return None
    if receipt.amount != funds.amount:
        return f"The provider booked {receipt.amount} instead of {funds.amount}."
    if receipt.payment is not None and receipt.payment != funds.payment:
        return "The provider booked it on another payment."
    return None
