"""Runs accepted turns to their end: an answer or a handoff, whatever happens on the way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from agent.draft import Draft, TurnInput
from agent.drafting import offering
from agent.trace import asked_json, trace_of
from app.turn_reply import Answerer, TurnOver, TurnReply, ai_sign
from conversations.events import TURNS, Bus
from conversations.model import (
    AuthorKind,
    Customer,
    HandoffReason,
    JsonObject,
    Message,
    Turn,
    TurnState,
)
from conversations.people import People
from conversations.ratings import ASKS_SOLVED
from conversations.store import ConversationStore
from conversations.turns import LEASE, TurnQueue
from handoff.brief import CallMade
from handoff.desk import HandoffDesk, PassingOn
from handoff.facts import gather_facts
from handoff.policy import HandoffDecision

MAX_ATTEMPTS = 3
"""A turn that crashed its runner this often goes to a person instead of crashing the next one."""
SWEEP_SECONDS = 1.0
CONTEXT_MESSAGES = 60
DRAFTS = 2
"""How often a reply is drafted when what it cites is taken down meanwhile; then a person answers."""
_TAKEN_DOWN = HandoffDecision(
    reason=HandoffReason.UNGROUNDED, detail="The articles that the answer rested on were taken down meanwhile."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The record and the people around a turn."""

    store: ConversationStore
    people: People
    turns: TurnQueue
    handoff: HandoffDesk
    bus: Bus


class TurnRunner:
    def __init__(
        self,
        desk: Desk,
        answerer: Answerer,
        *,
        clock: Callable[[], datetime],
        answer_seconds: float,
        at_once: int = 512,
    ) -> None:
        self._desk = desk
        self._answerer = answerer
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._places = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()

    async def run_forever(self) -> None:
        """Lease and run turns until cancelled; also finds turns whose runner died."""
        try:
            with self._desk.bus.subscribe(TURNS) as subscription:
                while True:
                    await self._places.acquire()
                    turn = await self._lease()
                    if turn is None:
                        self._places.release()
                        await subscription.next(SWEEP_SECONDS)
                        continue
                    task = asyncio.create_task(self._run(turn))
                    self._running.add(task)
                    task.add_done_callback(self._done)
        finally:
            await _cancelled(self._running)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._places.release()
        self._desk.bus.wake(TURNS)  # the conversation's next turn may be waiting for this one
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("turn could not be ended; its lease runs out and it is tried again", exc_info=error)

    async def _lease(self) -> Turn | None:
        try:
            return await self._desk.turns.lease()
        except OSError:  # the database is away: the turns are still in it when it comes back
            log.exception("cannot reach the database for turns")
            return None

    async def _run(self, turn: Turn) -> None:
        async with self._kept(turn):
            customer = await self._desk.people.customer_of(turn.conversation_id)
            await self._answer_or_hand_off(turn, customer)
        self._desk.bus.wake(turn.conversation_id, ai_sign(None))

    async def _answer_or_hand_off(self, turn: Turn, customer: Customer) -> None:
        started = self._clock()
        try:
            given_up = self._given_up(turn)
            if given_up is not None:
                await self._hand_off(turn, customer, decision=given_up)
                return
            turn_input = await self._turn_input(turn, customer)
            if turn_input.new_from == len(turn_input.messages):
                await self._nothing_new(turn)
                return
            reply = TurnReply(turn, turn_input, self._answerer, self._desk.store, self._desk.bus)
            if turn.attempts > 1:
                await reply.resume()
            passing = _TAKEN_DOWN
            for _ in range(DRAFTS):
                draft = await self._draft(turn, turn_input, reply)
                ms = (self._clock() - started).total_seconds() * 1000
                trace = trace_of(draft, duration_ms=ms, steps=reply.steps)
                trace["asked"] = asked_json(turn_input, at=started)
                await reply.keep_exchanges()
                decided = self._answerer.policy.decide(turn_input, draft)
                if isinstance(decided, HandoffDecision):
                    passing = decided
                    break
                if decided is not None:
                    draft, trace = offering(draft), {**trace, "rule": decided.rule, "rule_detail": decided.detail}
                if await reply.post(draft, trace):
                    return
            await self._hand_off(turn, customer, decision=passing, draft=draft, trace=trace)
        except TurnOver:
            return
        except Exception as error:  # noqa: BLE001  (the one broad except: a customer is never left in silence)
            log.exception("turn %s failed", turn.id)
            failed = HandoffDecision(
                reason=HandoffReason.AI_UNAVAILABLE, detail=f"The AI agent failed ({type(error).__name__})."
            )
            await self._hand_off(turn, customer, decision=failed)

    def _given_up(self, turn: Turn) -> HandoffDecision | None:
        if turn.attempts > MAX_ATTEMPTS:
            detail = f"The AI agent crashed {MAX_ATTEMPTS} times on this message."
        elif self._clock() >= turn.deadline_at:
            detail = "The AI agent did not answer in time."
        else:
            return None
        return HandoffDecision(reason=HandoffReason.AI_UNAVAILABLE, detail=detail)

    async def _draft(self, turn: Turn, turn_input: TurnInput, reply: TurnReply) -> Draft:
        left = (turn.deadline_at - self._clock()).total_seconds()
        deadline_s = min(self._answer_seconds, left)
        # The agent keeps its own deadline; this one catches an agent that does not.
        async with asyncio.timeout(deadline_s + 5):
            return await self._answerer.agent.reply(turn_input, host=reply, deadline_s=deadline_s)

    async def _turn_input(self, turn: Turn, customer: Customer) -> TurnInput:
        shown, answered = await asyncio.gather(
            self._desk.store.messages(turn.conversation_id, limit=CONTEXT_MESSAGES, public_only=True),
            self._desk.turns.answered_through(turn.conversation_id),
        )
        offers = self._answerer.offers
        offered = () if offers is None else await offers.offered(turn.conversation_id)
        # Our own "did that solve it?" is no part of the talk: the agent would take a "no" for an answer to it.
        shown = [message for message in shown if message.request != ASKS_SOLVED]
        episode = [message for message in shown if message.episode == turn.episode and message.seq <= turn.through_seq]
        before, new = _before_and_new(episode, answered)
        return TurnInput(
            messages=(*before, *new),
            new_from=len(before),
            principal=await self._answerer.prove(turn.conversation_id, customer),
            earlier=tuple(message for message in shown if message.episode < turn.episode),
            actions=tuple(offered),
        )

    async def _nothing_new(self, turn: Turn) -> None:
        """A person answered between the customer's message and this turn."""
        async with self._desk.store.change(turn.conversation_id) as change:
            if await change.still_running(turn):
                await change.finish_turn(turn.id, TurnState.ANSWERED, {"detail": "A person had answered already."})

    async def _hand_off(
        self,
        turn: Turn,
        customer: Customer,
        *,
        decision: HandoffDecision,
        draft: Draft | None = None,
        trace: JsonObject | None = None,
    ) -> None:
        calls = tuple(CallMade(turn_id=turn.id, call=call) for call in draft.tool_calls) if draft is not None else ()
        facts = await gather_facts(
            self._desk.store,
            turn.conversation_id,
            customer,
            episode=turn.episode,
            assurance=(await self._answerer.prove(turn.conversation_id, customer)).assurance,
            calls_now=calls,
            actions=()
            if self._answerer.offers is None
            else await self._answerer.offers.for_brief(turn.conversation_id),
        )
        kept: JsonObject = {**(trace or {}), "decision": "handoff", "reason": decision.reason.value}
        kept["detail"], kept["rule"] = decision.detail, decision.rule
        await self._desk.handoff.hand_off_turn(turn, PassingOn(decision=decision, facts=facts), kept)

    @asynccontextmanager
    async def _kept(self, turn: Turn) -> AsyncIterator[None]:
        """Extend the lease while the block runs."""
        keeper = asyncio.create_task(self._keep(turn))
        try:
            yield
        finally:
            await _cancelled([keeper])

    async def _keep(self, turn: Turn) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            if not await self._desk.turns.extend(turn):
                return  # someone else has the turn now; our write will be refused


async def _cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel and wait: whoever closes the database next must not close it under a statement that still runs."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _before_and_new(messages: list[Message], answered_through: int) -> tuple[list[Message], list[Message]]:
    """What was said before, and what the customer wrote that neither a turn nor a person has answered.

    A message that came while a turn ran stands before that turn's reply in the record, and is new all the same.
    """
    by_people = [message.seq for message in messages if message.author.kind is AuthorKind.HUMAN_AGENT]
    answered = max([answered_through, *by_people])
    new = [message for message in messages if message.author.kind is AuthorKind.CUSTOMER and message.seq > answered]
    return [message for message in messages if message not in new], new
