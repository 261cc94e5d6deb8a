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
from agent.knowledge_search import KnowledgeSearch, viewer_of
from agent.llm_drafting import draft_of, looked_up, ungrounded
from agent.responders import extractive
from agent.responders.llm_model import LlmAnswer, LlmRequest
from agent.standalone import Leaning, content_words, is_vague, leans
from agent.turn_rules import continues_order_status, is_no, is_yes, order_number, overrides_rules
from agent.understanding import Understanding, Understood
from knowledge_base.model import Hit, Viewer
from tools.orders import ORDER_STATUS
from tools.tool import ToolCall
from tools.toolbox import Toolbox

_HITS: Final = 8
_RESERVE_S: Final = 0.5
"""Kept back from the deadline, so that a turn that came to nothing is still stored as a handoff in time."""
_FEW_WORDS: Final = 2
"""A message this short ("size?") names too little to hand off before asking what is meant."""
_SURE: Final = 0.15
"""Answers less than this above the threshold say how to get a person."""
_SHARE_BEFORE_TOOL: Final = 0.7
"""Of the time left, what the model may use on an order; then the shop is asked without it."""
_NO_ANSWER: Final = "The language model did not answer:"
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
        """`clock` gives seconds that only move forward, like time.monotonic; without `llm` answers are quotations."""
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
        about_order = understood is not None and understood.kind is TurnKind.ORDER_STATUS
        if about_order and (self._llm is None or not turn.principal.verified):
            return await self._about_order(asked)
        on_activity(Activity.SEARCHING)
        try:
            async with asyncio.timeout(max(0.0, asked.until - self._clock())):
                found = await asyncio.to_thread(self._look_up, heard, viewer_of(turn.principal))
        except TimeoutError:
            return drafting.too_slow(heard)
        if about_order:
            return await self._about_order(asked, found)
        understood = self._by_likeness(heard, found)
        draft = self._without_search(heard, understood)
        if draft is not None:
            return draft
        if understood.kind is TurnKind.ORDER_STATUS:
            return await self._about_order(asked, found)
        on_activity(Activity.WRITING)
        if self._llm is None:
            return self._judged(heard, found)
        return await self._written(self._llm, asked, found)

    def _by_words(self, heard: Heard) -> Understood | None:
        """What the words alone settle. A request for a person counts in whichever of the new messages it stands."""
        accepts = is_yes(fold(heard.text)) and replies.OFFER in heard.last_reply
        if accepts or (is_no(fold(heard.text)) and replies.IF_NOT_IT in heard.last_reply):
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

    async def _about_order(self, asked: Asked, found: Found | None = None) -> Draft:
        """The order's state from the shop. Whose orders are looked at is the session's business, never the text's."""
        if not asked.turn.principal.verified:
            return drafting.sign_in(asked.heard, asked.heard.asked.question)
        if self._llm is None or found is None:
            return await self._order_told(asked)
        return await self._order_written(self._llm, asked, found)

    async def _order_told(self, asked: Asked) -> Draft:
        """What the shop itself says."""
        turn, heard = asked.turn, asked.heard
        question = heard.asked.question
        asked.on_activity(Activity.CHECKING_ORDER)
        number = _named_order(heard)
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

    async def _order_written(self, llm: ModelResponder, asked: Asked, found: Found) -> Draft:
        """The model's words, where it looked up the order that the customer named; else the shop's."""
        left = max(0.0, asked.until - self._clock())
        try:
            answer = await llm.respond(self._request(asked, found, deadline_s=left * _SHARE_BEFORE_TOOL))
        except AgentUnavailable as reason:
            why = f"{_NO_ANSWER} {reason}"
        else:
            draft = draft_of(answer, asked.heard, found, threshold=self._confidence.threshold)
            told = looked_up(answer, _named_order(asked.heard))
            if draft is not None and (answer.intents or (told and draft.decision is Decision.ANSWER)):
                return draft
            why = "What the language model wrote does not rest on the order that was asked about."
        return replace(await self._order_told(asked), fell_back=why)

    async def _written(self, llm: ModelResponder, asked: Asked, found: Found) -> Draft:
        """The model's answer; a quotation where the model cannot answer or nothing it wrote may be shown."""
        searched = [found]
        left = max(0.0, asked.until - self._clock())
        try:
            answer = await llm.respond(self._request(asked, found, deadline_s=left, searched=searched))
        except AgentUnavailable as reason:
            return replace(self._judged(asked.heard, found), fell_back=f"{_NO_ANSWER} {reason}")
        surest = max((one.confidence for one in searched), key=lambda confidence: confidence.value)
        draft = draft_of(answer, asked.heard, replace(found, confidence=surest), threshold=self._confidence.threshold)
        if draft is not None:
            return draft
        quoted = self._judged(asked.heard, found)
        if quoted.decision is Decision.HANDOFF:
            return ungrounded(answer, found)
        return replace(quoted, fell_back="Nothing the language model wrote had support in the help center.")

    def _request(
        self, asked: Asked, found: Found, *, deadline_s: float, searched: list[Found] | None = None
    ) -> LlmRequest:
        """What the model is given; its own searches are added to `searched`."""
        viewer = viewer_of(asked.turn.principal)

        async def search(query: str) -> tuple[Hit, ...]:
            read = await asyncio.to_thread(self._read, query, query, viewer, follow_up=False)
            if searched is not None:
                searched.append(read)
            return read.result.hits

        return LlmRequest(
            messages=asked.turn.messages,
            question=found.result.question,
            hits=found.result.hits,
            principal=asked.turn.principal,
            search=search,
            deadline_s=deadline_s,
            listener=asked.on_activity,
        )

    def _look_up(self, heard: Heard, viewer: Viewer) -> Found:
        """Hits for the question. Where it may lean on the one before, both readings are tried, the surer is kept."""
        asked = heard.asked
        if asked.leaning is not Leaning.MAYBE:
            return self._read(asked.question, asked.own, viewer, follow_up=asked.leaning is Leaning.CLEARLY)
        alone = self._read(asked.own, asked.own, viewer, follow_up=False)
        together = self._read(asked.question, asked.own, viewer, follow_up=True)
        return together if together.confidence.value > alone.confidence.value else alone

    def _read(self, question: str, own: str, viewer: Viewer, *, follow_up: bool) -> Found:
        result = self._knowledge.search(question, limit=_HITS, viewer=viewer)
        answer = extractive.answer(question, own, result.hits)
        evidence = evidence_of(result, answer, follow_up=follow_up)
        answers = answer.text and not overrides_rules(fold(own))
        confidence = self._confidence.score(evidence) if answers else nothing_found(evidence)
        return Found(result=result, answer=answer, confidence=confidence, follow_up=follow_up)

    def _judged(self, heard: Heard, found: Found) -> Draft:
        """Answer if that is likely enough to be right; ask back once where too little is named; else hand off."""
        value, threshold = found.confidence.value, self._confidence.threshold
        if value >= threshold:
            return drafting.answered(found, sure=value >= threshold + _SURE)
        own = heard.asked.own
        thin = not found.follow_up and (len(own.split()) <= _FEW_WORDS or (leans(own) and len(content_words(own)) <= 1))
        if thin and heard.last_reply not in _CLARIFYING:
            return drafting.clarify(heard, found)
        return drafting.not_found(found)


def _named_order(heard: Heard) -> str | None:
    """The number of the order that the customer means, as far as they gave one."""
    return order_number(fold(heard.asked.own)) or order_number(fold(heard.asked.question))
