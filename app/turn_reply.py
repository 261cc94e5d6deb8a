"""The reply of one running turn: shown sentence by sentence, stored as it is shown, ended exactly once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from agent.continuing import continued
from agent.draft import Activity, Draft, TurnHost, TurnInput
from agent.exchange import Exchange
from agent.knowledge_search import viewer_of
from agent.tracing import StepTaken
from app.answering import Answering
from conversations.change import Change, NewMessage
from conversations.events import Bus
from conversations.exchanges import Exchanges
from conversations.model import (
    AI_AGENT,
    ConversationId,
    Customer,
    JsonObject,
    Message,
    MessageState,
    Turn,
    TurnState,
)
from conversations.spending import Spending
from conversations.store import ConversationStore
from handoff.policy import HandoffDecision, HandoffPolicy
from knowledge_base.model import Viewer
from tools.action_model import Action, Proposal
from tools.tool import Principal

Citing = Callable[[Collection[str], Viewer], AbstractContextManager[Collection[str]]]
"""Given ids of articles and who reads: which of them may be cited, for as long as the block lasts."""


class Offers(Protocol):
    """What customers are asked to confirm."""

    async def propose(self, change: Change, proposal: Proposal) -> None:
        """Put a proposal before the customer, in the transaction of the reply that offers it."""

    async def offered(self, conversation_id: ConversationId) -> list[Action]:
        """Everything that was offered in a conversation, as it stands now, oldest first."""

    async def for_brief(self, conversation_id: ConversationId) -> list[Action]:
        """The same for a person who takes over; never raises LedgerDamaged."""


Prove = Callable[[ConversationId, Customer], Awaitable[Principal]]
"""On whose behalf a turn of a conversation runs, as far as that is proven at this moment."""


class TurnOver(Exception):
    """The turn is nobody's to answer any more: a person took over, or a newer lease. What was shown stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """What comes to a reply: the AI agent that drafts it, the policy that may hand off instead, the articles' state,
    and who the customer is proven to be.

    `offers` is None where no shop is connected, `models` where nothing is to be counted.
    """

    agent: Answering
    policy: HandoffPolicy
    citing: Citing
    prove: Prove
    offers: Offers | None = None
    models: ModelUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """What model calls may cost, and where their exchanges are kept."""

    spending: Spending
    exchanges: Exchanges


class TurnReply(TurnHost):
    """Writes the reply of `turn` into the record. `shown` is what the customer has of it already.

    Every write commits only while the AI agent owns the conversation at the epoch of the lease, else it is TurnOver.
    """

    def __init__(
        self, turn: Turn, turn_input: TurnInput, answerer: Answerer, store: ConversationStore, bus: Bus
    ) -> None:
        self.shown: Message | None = None
        self.steps: list[StepTaken] = []
        self._exchanges: list[Exchange] = []
        self._turn = turn
        self._input = turn_input
        self._answerer = answerer
        self._store = store
        self._bus = bus

    async def resume(self) -> None:
        """Take over what a runner that died had shown."""
        self.shown = await self._store.reply_of(self._turn.id)

    def activity(self, activity: Activity) -> None:
        self._bus.wake(self._turn.conversation_id, ai_sign(activity))

    def note(self, step: StepTaken) -> None:
        self.steps.append(step)

    def keep(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)

    async def reserve(self, tokens: int) -> bool:
        models, turn = self._answerer.models, self._turn
        if models is None:
            return True
        return await models.spending.reserve(turn.conversation_id, self._input.principal.customer_id, tokens)

    async def settle(self, reserved: int, used: int) -> None:
        if self._answerer.models is not None and used != reserved:
            customer = self._input.principal.customer_id
            await self._answerer.models.spending.settle(self._turn.conversation_id, customer, by=used - reserved)

    async def keep_exchanges(self) -> None:
        """Before the turn ends, so that an ended turn can always be replayed."""
        if self._exchanges and self._answerer.models is not None:
            kept = [exchange.as_json() for exchange in self._exchanges]
            await self._answerer.models.exchanges.keep(self._turn.id, kept)

    async def show(self, draft: Draft) -> bool:
        """False where the draft would be handed off if it ended here, or cites what was taken down."""
        if isinstance(self._answerer.policy.decide(self._input, draft), HandoffDecision):
            return False
        return await self._write(draft, MessageState.WRITING)

    async def post(self, draft: Draft, trace: JsonObject) -> bool:
        """End the turn with the whole reply. False, and nothing said, where it cites what was taken down."""
        return await self._write(draft, MessageState.COMPLETE, trace)

    async def _write(self, draft: Draft, state: MessageState, trace: JsonObject | None = None) -> bool:
        draft = continued(self.shown, draft)
        cited = {citation.article_id for citation in draft.citations}
        # Whoever takes an article down waits for this block: a check before the commit alone would come too early.
        with self._answerer.citing(cited, viewer_of(self._input.principal)) as citable:
            if not cited <= set(citable):
                return False
            self.shown = await self._commit(draft, state, trace)
        return True

    async def _commit(self, draft: Draft, state: MessageState, trace: JsonObject | None) -> Message:
        new = NewMessage(
            author=AI_AGENT,
            text=draft.text,
            turn_id=self._turn.id,
            citations=draft.citations,
            request=draft.request,
            state=state,
        )
        async with self._store.change(self._turn.conversation_id) as change:
            if not await change.still_running(self._turn):
                raise TurnOver(self._turn.id)
            message = await (change.post(new) if self.shown is None else change.rewrite(self.shown, new))
            if trace is not None:
                if draft.offer is not None and self._answerer.offers is not None:
                    await self._answerer.offers.propose(change, draft.offer)
                await change.finish_turn(self._turn.id, TurnState.ANSWERED, trace)
        return message


def ai_sign(activity: Activity | None) -> JsonObject:
    """What the pages show beside the conversation while the AI agent works; None ends it."""
    return {"who": "ai_agent", "activity": activity.value if activity else None, "display_name": None}
