"""The turn of the AI agent, top to bottom: hear, understand, look up, answer, judge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from agent import drafting, replies
from agent.chat_model import AgentUnavailable
from agent.confidence import ConfidenceModel, evidence_of, nothing_found, shipped_model
from agent.draft import Activity, ActivityListener, Decision, Draft, TurnInput, TurnKind
from agent.drafting import Found
from agent.guardrails import fold
from agent.hearing import Heard, hear
from agent.knowledge_search import KnowledgeSearch
from agent.llm_drafting import draft_of, ungrounded
from agent.responders import extractive
from agent.responders.llm_model import LlmAnswer, LlmRequest
from agent.standalone import Leaning, content_words, is_vague, leans
from agent.turn_rules import continues_order_status, is_yes, order_number
from agent.understanding import Understanding, Understood
from knowledge_base.model import Hit
from tools.orders import ORDER_STATUS
from tools.tool import ToolCall
from tools.toolbox import Toolbox

_HITS: Final = 8
_RESERVE_S: Final = 0.5
"""Kept back from the deadline, so that a turn that came to nothing is still stored as a handoff in time."""
_CLARIFYING: Final = frozenset((replies.UNREADABLE, replies.TELL_ME_MORE, replies.WHICH_THING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A turn on its way: `until` is the clock's time by which it must have come to something."""

    turn: TurnInput
    heard: Heard
    until: float
    on_activity: ActivityListener


class ModelResponder(Protocol):
    """A language model that answers from hits and read tools. Raises AgentUnavailable when it cannot."""

    async def respond(self, request: LlmRequest) -> LlmAnswer: ...


class SupportAgent:
    """Drafts the reply to one turn. Keeps nothing between turns and writes nothing."""

    def __init__(
        self,
        *,
        knowledge: KnowledgeSearch,
        understanding: Understanding,
        toolbox: Toolbox,
        llm: ModelResponder | None,
        clock: Callable[[], float],
        confidence: ConfidenceModel | None = None,
    ) -> None:
        """`clock` gives seconds that only move forward, as time.monotonic does; without `llm` answers are quotations."""
        self._knowledge = knowledge
        self._understanding = understanding
        self._toolbox = toolbox
        self._llm = llm
        self._clock = clock
        self._confidence = confidence or shipped_model()

    async def reply(self, turn: TurnInput, *, on_activity: ActivityListener, deadline_s: float) -> Draft:
        """A draft within `deadline_s` seconds. Expected failures (no hit, a tool or the model down) are drafts too."""
        heard = hear(turn)
        asked = Asked(turn=turn, heard=heard, until=self._clock() + deadline_s - _RESERVE_S, on_activity=on_activity)
        understood = self._by_words(heard)
        draft = self._without_search(heard, understood)
        if draft is not None:
            return draft
        if understood is not None and understood.kind is TurnKind.ORDER_STATUS:
            return await self._about_order(asked)
        on_activity(Activity.SEARCHING)
        try:
            async with asyncio.timeout(max(0.0, asked.until - self._clock())):
                found = await asyncio.to_thread(self._look_up, heard)
        except TimeoutError:
            return drafting.too_slow(heard)
        understood = self._by_likeness(heard, found)
        draft = self._without_search(heard, understood)
        if draft is not None:
            return draft
        if understood.kind is TurnKind.ORDER_STATUS:
            return await self._about_order(asked)
        on_activity(Activity.WRITING)
        if self._llm is None:
            return self._judged(heard, found)
        return await self._written(self._llm, asked, found)

    def _by_words(self, heard: Heard) -> Understood | None:
        """What the words alone settle. A request for a person counts in whichever of the new messages it stands."""
        if is_yes(fold(heard.text)) and replies.OFFER in heard.last_reply:
            return Understood(kind=TurnKind.WANTS_PERSON, by="rule", score=1.0)
        parts = [self._understanding.by_rules(part) for part in heard.parts]
        for part in parts:
            if part is not None and part.kind is TurnKind.WANTS_PERSON:
                return part
        understood = self._understanding.by_rules(heard.asked.own)
        if understood is None and self._goes_on_about_order(heard):
            return Understood(kind=TurnKind.ORDER_STATUS, by="rule", score=1.0)
        if understood is not None and understood.kind is TurnKind.ORDER_STATUS and not self._has_orders():
            return None
        return understood

    def _by_likeness(self, heard: Heard, found: Found) -> Understood:
        # The vector of a follow-up is that of the question before it as well: likeness would judge the wrong one.
        if found.follow_up:
            return Understood(kind=TurnKind.FOLLOW_UP, by="rule", score=1.0)
        understood = self._understanding.by_examples(heard.asked.own, found.result.vector)
        unknown_thing = understood.kind is TurnKind.ACTION_REQUEST and found.result.unknown_words
        if unknown_thing or (understood.kind is TurnKind.ORDER_STATUS and not self._has_orders()):
            # "Cancel my flight" in a shop without flights is nothing that a person there could approve.
            return Understood(kind=TurnKind.QUESTION, by="examples", score=understood.score)
        return understood

    def _without_search(self, heard: Heard, understood: Understood | None) -> Draft | None:
        """The draft of a turn that needs nothing from the help center, or None."""
        if not heard.text:
            return drafting.unreadable()
        if understood is None:
            lost = is_vague(heard.asked.own) and heard.asked.leaning is Leaning.NONE
            return drafting.clarify(heard) if lost and heard.last_reply not in _CLARIFYING else None
        if understood.kind is TurnKind.WANTS_PERSON:
            return drafting.wants_person(heard, understood)
        if understood.kind is TurnKind.SMALL_TALK:
            return drafting.small_talk(heard, understood)
        if understood.kind is TurnKind.ACTION_REQUEST:
            return drafting.needs_approval(heard, understood)
        return None

    def _has_orders(self) -> bool:
        return ORDER_STATUS in self._toolbox.names()

    def _goes_on_about_order(self, heard: Heard) -> bool:
        if heard.asked.leaning is Leaning.NONE or not self._has_orders():
            return False
        before = heard.asked.question.removesuffix(heard.asked.own)
        about_order = self._understanding.by_rules(before)
        earlier = about_order is not None and about_order.kind is TurnKind.ORDER_STATUS
        return earlier and continues_order_status(fold(heard.asked.own))

    async def _about_order(self, asked: Asked) -> Draft:
        """The order's state from the shop. Whose orders are looked at is the session's business, never the text's."""
        turn, heard = asked.turn, asked.heard
        question = heard.asked.question
        if not turn.principal.verified:
            return drafting.sign_in(heard, question)
        asked.on_activity(Activity.CHECKING_ORDER)
        number = order_number(fold(heard.asked.own)) or order_number(fold(question))
        result = await self._toolbox.call(
            turn.principal,
            ORDER_STATUS,
            {"order_number": number},
            deadline_s=max(0.0, asked.until - self._clock()),
        )
        if result.code == "sign_in_required":
            return drafting.sign_in(heard, question)
        call = ToolCall(id="call_1", tool=ORDER_STATUS, arguments={"order_number": number}, result=result)
        return drafting.order_told(question, call)

    async def _written(self, llm: ModelResponder, asked: Asked, found: Found) -> Draft:
        """The model's answer; a quotation where the model cannot answer or nothing it wrote may be shown."""
        request = LlmRequest(
            messages=asked.turn.messages,
            question=found.result.question,
            hits=found.result.hits,
            principal=asked.turn.principal,
            search=self._search_for_model,
            deadline_s=max(0.0, asked.until - self._clock()),
            listener=asked.on_activity,
        )
        try:
            answer = await llm.respond(request)
        except AgentUnavailable as reason:
            return replace(self._judged(asked.heard, found), fell_back=f"The language model did not answer: {reason}")
        draft = draft_of(answer, asked.heard, found, threshold=self._confidence.threshold)
        if draft is not None:
            return draft
        quoted = self._judged(asked.heard, found)
        if quoted.decision is Decision.HANDOFF:
            return ungrounded(answer, found)
        return replace(quoted, fell_back="Nothing the language model wrote had support in the help center.")

    async def _search_for_model(self, query: str) -> tuple[Hit, ...]:
        result = await asyncio.to_thread(self._knowledge.search, query, limit=_HITS)
        return result.hits

    def _look_up(self, heard: Heard) -> Found:
        """Hits for the question. Where it may lean on the one before, both readings are tried and the surer one kept."""
        asked = heard.asked
        if asked.leaning is not Leaning.MAYBE:
            return self._read(asked.question, asked.own, follow_up=asked.leaning is Leaning.CLEARLY)
        alone = self._read(asked.own, asked.own, follow_up=False)
        together = self._read(asked.question, asked.own, follow_up=True)
        return together if together.confidence.value > alone.confidence.value else alone

    def _read(self, question: str, own: str, *, follow_up: bool) -> Found:
        result = self._knowledge.search(question, limit=_HITS)
        answer = extractive.answer(question, own, result.hits)
        evidence = evidence_of(result, answer, follow_up=follow_up)
        confidence = self._confidence.score(evidence) if answer.text else nothing_found(evidence)
        return Found(result=result, answer=answer, confidence=confidence, follow_up=follow_up)

    def _judged(self, heard: Heard, found: Found) -> Draft:
        """Answer if it is likely enough to be right; ask back once where the question names too little; else hand off."""
        if found.confidence.value >= self._confidence.threshold:
            return drafting.answered(found)
        own = heard.asked.own
        thin = not found.follow_up and (leans(own) or len(content_words(own)) <= 1)
        if thin and heard.last_reply not in _CLARIFYING:
            return drafting.clarify(heard, found)
        return drafting.not_found(found)
