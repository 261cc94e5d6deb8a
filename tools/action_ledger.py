"""What may happen to an action, and who may do it. Every method is one transaction; none of them has an effect outside.

In: a proposal, a click of the customer or of a person, what a provider answered. Out: the action as it stands then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from conversations.change import Change
from conversations.model import SYSTEM, Actor, AuthorKind, ConversationId, CustomerId, HumanAgent
from conversations.store import ConversationStore
from tools import action_writes
from tools.action_model import Action, ActionId, ActionKind, ActionState, Funds, Proposal
from tools.action_store import PASSED_ON, ActionStore
from tools.action_writes import PieceTaken
from tools.confirmation import ConfirmationTokens
from tools.order_model import Money
from tools.policy import Piece
from tools.policy_rules import Limits

OFFER_LASTS: Final = timedelta(minutes=30)
"""How long a card may be confirmed."""
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
_S = ActionState
_OF_PIECES: Final = frozenset({ActionKind.REFUND, ActionKind.CANCEL_ORDER, ActionKind.EXCHANGE})
"""What happens to a piece of an order at most once. The others hold their order only while they are under way."""


class Refused(StrEnum):
    """Why a click changed nothing."""

    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SIGN_IN = "sign_in"
    OWN_REQUEST = "own_request"
    CHANGED = "changed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """`action` is the one that stands: with `again`, one that was confirmed before, perhaps from another card."""

    action: Action
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who confirms or declines: the customer of the session, and the shop's id that is proven for them, if any."""

    customer_id: CustomerId
    external_customer_id: str | None
    display_name: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor(kind=AuthorKind.CUSTOMER, id=self.customer_id, display_name=self.display_name)


class ActionLedger:
    """`actions` reads what is on the record; `tokens` makes what a card is confirmed with."""

    def __init__(
        self,
        conversations: ConversationStore,
        actions: ActionStore,
        *,
        tokens: ConfirmationTokens,
        limits: Limits,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._conversations = conversations
        self.actions = actions
        self.tokens = tokens
        self._limits = limits
        self._clock = clock
        self._new_id = new_id

    async def propose(
        self, change: Change, proposal: Proposal, *, by: Actor, requested_by: HumanAgent | None = None
    ) -> Action:
        """Put a proposal before the customer, in the transaction of the reply that offers it.

        An older offer about the same order is withdrawn: at most one card for it can be confirmed.
        """
        for older in await action_writes.open_proposals(change):
            if older.proposal.order_number == proposal.order_number:
                await action_writes.move(change, older, _S.WITHDRAWN, actor=by, detail="Another offer took its place.")
        action = Action(
            id=ActionId(change.new_id()),
            conversation_id=change.conversation.id,
            customer_id=change.conversation.customer_id,
            state=_S.PROPOSED,
            proposal=proposal,
            digest=proposal.digest,
            seq=0,
            proposed_at=change.now,
            expires_at=change.now + OFFER_LASTS,
            updated_at=change.now,
            approval=proposal.needs_person,
            requested_by=requested_by.id if requested_by else None,
        )
        return await action_writes.add(change, action, actor=by, external_customer_id=proposal.external_customer_id)

    async def confirm(
        self, conversation_id: ConversationId, action_id: ActionId, token: str, asking: Asking
    ) -> Confirmed | Refused:
        """The customer's click on the card. A second click, in whatever tab, finds what the first one did.

        Where another action holds a piece of the order already, that one is given back and nothing new happens.
        Raises ConversationNotFound.
        """
        try:
            return await self._confirm(conversation_id, action_id, token, asking)
        except PieceTaken:
            return await self._same_as_before(conversation_id, action_id, asking)

    async def _confirm(
        self, conversation_id: ConversationId, action_id: ActionId, token: str, asking: Asking
    ) -> Confirmed | Refused:
        async with self._conversations.change(conversation_id, customer_id=asking.customer_id) as change:
            action = await action_writes.find(change, action_id)
            if action is None or not self.tokens.fits(action, token):
                return Refused.NOT_FOUND
            if asking.external_customer_id != action.proposal.external_customer_id:
                return Refused.SIGN_IN
            if action.state is not _S.PROPOSED:
                ended = {_S.EXPIRED: Refused.EXPIRED, _S.WITHDRAWN: Refused.WITHDRAWN}.get(action.state)
                return ended or Confirmed(action=action, again=True)
            if change.now >= action.expires_at:
                await action_writes.move(change, action, _S.EXPIRED, actor=SYSTEM)
                return Refused.EXPIRED
            await action_writes.claim(change, action, pieces_of(action))
            due = None if action.approval else change.now
            confirmed = await action_writes.move(
                change, action, _S.CONFIRMED, actor=asking.actor, due_at=due, confirmed_at=change.now
            )
            return Confirmed(action=confirmed) if confirmed else Refused.WITHDRAWN

    async def _same_as_before(
        self, conversation_id: ConversationId, action_id: ActionId, asking: Asking
    ) -> Confirmed | Refused:
        async with self._conversations.change(conversation_id, customer_id=asking.customer_id) as change:
            action = await action_writes.find(change, action_id)
            if action is None:
                return Refused.NOT_FOUND
            if action.state is _S.PROPOSED:
                detail = "This was asked for already."
                await action_writes.move(change, action, _S.WITHDRAWN, actor=SYSTEM, detail=detail)
        holder = await self.actions.holder_of(action.proposal.order_number, pieces_of(action))
        return Confirmed(action=holder, again=True) if holder else Refused.WITHDRAWN

    async def decline(self, conversation_id: ConversationId, action_id: ActionId, asking: Asking) -> Action | Refused:
        """ "No, thanks". Possible until it is confirmed. Raises ConversationNotFound."""
        async with self._conversations.change(conversation_id, customer_id=asking.customer_id) as change:
            action = await action_writes.find(change, action_id)
            if action is None:
                return Refused.NOT_FOUND
            if action.state is not _S.PROPOSED:
                return Refused.SETTLED
            withdrawn = await action_writes.move(
                change, action, _S.WITHDRAWN, actor=asking.actor, detail="The customer said no."
            )
            return withdrawn or Refused.SETTLED

    async def expire(self, action: Action) -> Action | None:
        async with self._conversations.change(action.conversation_id) as change:
            return await action_writes.move(change, action, _S.EXPIRED, actor=SYSTEM)

    async def approve(self, action_id: ActionId, digest: str, by: HumanAgent) -> Action | Refused:
        """A person's yes to exactly the payload of that digest; never to what they asked for themselves."""
        return await self._judged(action_id, digest, by, _S.APPROVED, "")

    async def refuse(self, action_id: ActionId, digest: str, by: HumanAgent, why: str) -> Action | Refused:
        return await self._judged(action_id, digest, by, _S.REFUSED, why)

    async def _judged(
        self, action_id: ActionId, digest: str, by: HumanAgent, to: ActionState, why: str
    ) -> Action | Refused:
        found = await self.actions.action(action_id)
        if found is None:
            return Refused.NOT_FOUND
        if found.requested_by == by.id:
            return Refused.OWN_REQUEST
        async with self._conversations.change(found.conversation_id) as change:
            action = await action_writes.find(change, action_id)
            if action is None or not action.waits_for_person:
                return Refused.SETTLED
            if digest != action.digest:
                return Refused.CHANGED
            actor = Actor(kind=AuthorKind.HUMAN_AGENT, id=by.id, display_name=by.display_name)
            approved = to is _S.APPROVED
            due = {"due_at": change.now, "approved_by": by.id} if approved else {}
            judged = await action_writes.move(change, action, to, actor=actor, detail=why, **due)
            if judged is not None and not approved:
                await action_writes.release(change, action)
            return judged or Refused.SETTLED

    async def reserve(self, action: Action, funds: Funds | None) -> Action | None:
        """Put the money of a confirmed action aside, or say why a person must approve it, or that there is none left.

        `funds` are those of the action, by the shop's present books. None where it has moved on meanwhile.
        """
        async with self._conversations.change(action.conversation_id) as change:
            await action_writes.one_at_a_time(change, action.proposal.external_customer_id)
            if action.state is _S.CONFIRMED and (why := await self._over_limits(change, action)):
                return await action_writes.remark(change, action, actor=SYSTEM, detail=why, approval=why, due_at=None)
            if funds is not None and not await action_writes.reserve(change, funds):
                return await self._failed(change, action, "The shop gave money back for this order meanwhile.")
            return await action_writes.move(change, action, _S.RESERVED, actor=SYSTEM, due_at=change.now)

    async def _over_limits(self, change: Change, action: Action) -> str | None:
        """Sums over what is reserved and refunded, in the transaction that reserves: two at once count each other."""
        funds = action.proposal.funds
        if funds is None:
            return None
        if (reason := await action_writes.frozen(change)) is not None:
            return f"Refunds wait for people: {reason}"
        customer, currency = action.proposal.external_customer_id, funds.amount.currency
        most = self._limits.per_customer_day.get(currency)
        _, minor = await action_writes.refunded_since(change, customer, currency, change.now - DAY)
        if most is None or minor + funds.amount.minor > most:
            today = Money(minor=minor + funds.amount.minor, currency=currency)
            return f"With this one the customer gets {today} back within a day, more than goes without a person."
        times, _ = await action_writes.refunded_since(change, customer, currency, change.now - WEEK)
        if times + 1 > self._limits.refunds_per_customer_week:
            return f"This is the customer's refund number {times + 1} within a week."
        return None

    async def start_sending(self, action: Action, *, lease: timedelta) -> Action | None:
        """Commit the key before the provider is asked: after a crash it is known that it may have been.

        The key depends on the action alone, so that asking again can never be a second refund.
        """
        async with self._conversations.change(action.conversation_id) as change:
            return await action_writes.move(
                change,
                action,
                _S.SENDING,
                actor=SYSTEM,
                due_at=change.now + lease,
                key=action.key or key_of(action),
                sent_at=action.sent_at or change.now,
                attempts=action.attempts + 1,
            )

    async def unknown(
        self, action: Action, detail: str, *, look_after: timedelta, receipt: str | None = None
    ) -> Action | None:
        """It may have happened. The customer hears "pending"; it is looked up after a while."""
        async with self._conversations.change(action.conversation_id) as change:
            kept = {"due_at": change.now + look_after, "receipt": receipt or action.receipt}
            if action.state is _S.UNKNOWN:
                return await action_writes.remark(change, action, actor=SYSTEM, detail=detail, **kept)
            return await action_writes.move(change, action, _S.UNKNOWN, actor=SYSTEM, detail=detail, **kept)

    async def succeeded(self, action: Action, receipt: str) -> Action | None:
        async with self._conversations.change(action.conversation_id) as change:
            done = await action_writes.move(change, action, _S.SUCCEEDED, actor=SYSTEM, receipt=receipt)
            if done is None:
                return None
            if action.proposal.funds is not None:
                minor = action.proposal.funds.amount.minor
                await action_writes.settle(change, action.proposal.funds, reserved=-minor, succeeded=minor)
            if action.proposal.kind not in _OF_PIECES:
                await action_writes.release(change, action)
            return done

    async def failed(self, action: Action, detail: str) -> Action | None:
        """Nothing happened, or the bank undid it: what was held is free again."""
        async with self._conversations.change(action.conversation_id) as change:
            return await self._failed(change, action, detail)

    async def _failed(self, change: Change, action: Action, detail: str) -> Action | None:
        failed = await action_writes.move(change, action, _S.FAILED, actor=SYSTEM, detail=detail)
        if failed is None:
            return None
        await action_writes.release(change, action)
        if action.proposal.funds is not None:
            minor = action.proposal.funds.amount.minor
            if action.state is _S.SUCCEEDED:
                await action_writes.settle(change, action.proposal.funds, succeeded=-minor)
            elif action.state not in (_S.CONFIRMED, _S.APPROVED):
                await action_writes.settle(change, action.proposal.funds, reserved=-minor)
        return failed

    async def pass_on(self, change: Change, action: Action) -> bool:
        """Note that a person takes over; in the transaction that passes the conversation on. False: somebody did."""
        return await action_writes.enter_once(change, action, actor=SYSTEM, detail=PASSED_ON)

    async def freeze(self, reason: str) -> None:
        """From now on refunds wait for people. Freezing what is frozen changes nothing."""
        if await self.actions.frozen() is None:
            await self.actions.freeze(self._new_id(), reason, now=self._clock())

    async def unfreeze(self, by: HumanAgent) -> bool:
        return await self.actions.unfreeze(by.id, now=self._clock())


def key_of(action: Action) -> str:
    """The idempotency key: a function of what was confirmed, never of the attempt."""
    return hashlib.sha256(f"baton {action.id} {action.digest}".encode()).hexdigest()[:40]


def pieces_of(action: Action) -> tuple[Piece, ...]:
    """What an action holds: its pieces, or the order as a whole for its kind."""
    proposal = action.proposal
    if proposal.kind in _OF_PIECES and proposal.pieces:
        return proposal.pieces
    return ((f"*{proposal.kind.value}", 0),)
