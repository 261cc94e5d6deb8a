"""The turn of the AI agent, top to bottom: hear, understand, look up, answer, judge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from agent import drafting, replies
from agent.action_talk import told_about_action
from agent.asking_back import WORTH_ASKING, asked_back, is_thin, takes_none, told_of, topics_of
from agent.chat_model import AgentUnavailable
from agent.confidence import ConfidenceModel, evidence_of, nothing_found, shipped_model
from agent.draft import Activity, Decision, Draft, TurnHost, TurnInput, TurnKind
from agent.drafting import Found
from agent.errand_running import ErrandRunner
from agent.errands import errand_in
from agent.guardrails import fold
from agent.hearing import Asked, Heard, alone, hear
from agent.knowledge_search import KnowledgeSearch, in_language, viewer_of
from agent.llm_drafting import TOO_LITTLE, draft_of, is_unsure, looked_up, ungrounded
from agent.model_responder import ModelResponder, Showing
from agent.mood import anger_of
from agent.order_telling import OrderTeller, named_order
from agent.pinned import Pinned
from agent.responders import extractive
from agent.responders.llm_model import LlmAnswer, LlmRequest
from agent.several import together
from agent.standalone import Leaning, is_vague
from agent.tracing import step, unnoted
from agent.turn_rules import continues_order_status, declines, overrides_rules
from agent.understanding import FAR, Understanding, Understood
from knowledge_base.languages import ENGLISH
from knowledge_base.model import Hit, Viewer
from tools.toolbox import Toolbox

_HITS: Final = 8
_RESERVE_S: Final = 0.5
"""Kept back from the deadline, so that a turn that came to nothing is still stored as a handoff in time."""
_NOTHING_NEAR: Final = 0.3
"""Cosine below which the help center has nothing near a question: only then it can be declined as far off."""
_SURE: Final = 0.22
"""Answers less than this share of the way from the threshold to certainty say how to get a person."""
_SHARE_BEFORE_TOOL: Final = 0.7
"""Of the time left, what the model may use on an order; then the shop is asked without it."""
NO_ANSWER: Final = "The language model did not answer:"
"""How `Draft.fell_back` begins where the model was silent."""


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
        self._errands = ErrandRunner(toolbox)
        self._teller = OrderTeller(toolbox)
        self._llm = llm
        self._clock = clock
        self._confidence = confidence or shipped_model()
        self._pins = {"threshold": f"{self._confidence.threshold:.6f}", **(llm.pins if llm else {})}

    def replaying(self, pinned: Pinned) -> SupportAgent:
        """This agent over what an earlier turn was pinned to; without a model's server it quotes."""
        threshold = self._confidence.threshold if pinned.threshold is None else pinned.threshold
        return SupportAgent(
            knowledge=pinned.knowledge,
            understanding=self._understanding,
            toolbox=self._toolbox.replaying(pinned.results),
            llm=self._llm.replaying(pinned) if self._llm and pinned.model else None,
            clock=self._clock,
            confidence=replace(self._confidence, threshold=threshold),
        )

    async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
        """A draft within `deadline_s` seconds. Expected failures (no hit, a tool or the model down) are drafts too."""
        heard = hear(turn)
        with step("turn", unnoted, span="invoke_agent", gen_ai__operation__name="invoke_agent") as figures:
            draft = await self._reply(turn, heard, host=host, deadline_s=deadline_s)
            figures.add(decision=draft.decision.value, responder=draft.responder)
        text, anger = replies.said_in(draft.text, heard.language), max(draft.anger, anger_of(heard.text))
        return replace(draft, pins=self._pins, text=text, anger=anger, language=heard.language)

    async def _reply(self, turn: TurnInput, heard: Heard, *, host: TurnHost, deadline_s: float) -> Draft:
        asked = Asked(turn=turn, heard=heard, until=self._clock() + deadline_s - _RESERVE_S, host=host)
        told = told_about_action(heard, turn.actions)
        if told is not None:
            return told
        wish = self._wish(heard)
        if wish is not None:
            return drafting.wants_person(heard, wish)
        if heard.offered and declines(fold(heard.text)):
            return drafting.goes_on(heard)
        if heard.topic is not None:
            return await self._told_of(asked, heard.topic)
        errand = errand_in(turn.messages, turn.new_from, proven=turn.principal.proven)
        if errand is not None and self._errands.can(errand.kind):
            host.activity(Activity.CHECKING_ORDER)
            return await self._errands.run(errand, turn.principal, left=asked.left(self._clock))
        each = heard.each() if self._llm is None else (heard,)
        if len(each) == 1:
            return await self._drafted(asked)
        drafts = [await self._drafted(replace(asked, heard=one)) for one in each]
        return together(heard.asked.question, drafts)

    async def _drafted(self, asked: Asked) -> Draft:
        """The draft of one question: by its words alone, from the shop, or from the help center."""
        heard = asked.heard
        understood = self._by_words(heard)
        draft = self._without_search(heard, understood)
        if draft is not None:
            return draft
        about_order = understood is not None and understood.kind is TurnKind.ORDER_STATUS
        if about_order and (self._llm is None or not asked.turn.principal.proven):
            return await self._about_order(asked)
        found = await self._searched(asked, lambda viewer: self._look_up(heard, viewer))
        if found is None:
            return drafting.too_slow(heard)
        draft = await self._after_search(asked, found, about_order=about_order)
        return replace(draft, anger=self._understanding.anger(heard.asked.own, found.own))

    async def _searched(self, asked: Asked, look: Callable[[Viewer], Found]) -> Found | None:
        """What `look` finds for the customer, or None where that takes longer than the turn has."""
        asked.host.activity(Activity.SEARCHING)
        try:
            async with asyncio.timeout(max(0.0, asked.until - self._clock())):
                with step("search and quote", asked.host.note):
                    return await asyncio.to_thread(look, viewer_of(asked.turn.principal))
        except TimeoutError:
            return None

    async def _told_of(self, asked: Asked, topic: str) -> Draft:
        """What the article that the customer took says to the question before."""
        *earlier, question = asked.heard.earlier or (topic,)
        search = self._knowledge.search
        found = await self._searched(
            asked, lambda viewer: told_of(topic, search(question, limit=_HITS, viewer=viewer, earlier=earlier))
        )
        if found is None:
            return drafting.too_slow(asked.heard)
        return drafting.answered(found, sure=False) if found.answer.text else drafting.not_found(found)

    async def _after_search(self, asked: Asked, found: Found, *, about_order: bool) -> Draft:
        heard = asked.heard
        understood = self._by_likeness(heard, found)
        if about_order or understood.kind is TurnKind.ORDER_STATUS:
            return await self._about_order(asked, found)
        draft = self._without_search(heard, understood)
        if draft is not None:
            return draft
        asked.host.activity(Activity.WRITING)
        if self._llm is not None:
            return await self._written(self._llm, asked, found)
        left = asked.left(self._clock)()
        return await self._teller.instead(self._judged(heard, found), heard, asked.turn.principal, deadline_s=left)

    def _wish(self, heard: Heard) -> Understood | None:
        """A wish for a person in so many words, in whichever new message it stands, or a yes to the offer."""
        if heard.wants_offered or takes_none(heard):
            return Understood(kind=TurnKind.WANTS_PERSON, by="rule", score=1.0)
        understood = (self._understanding.by_rules(part) for part in heard.parts)
        return next((one for one in understood if one is not None and one.kind is TurnKind.WANTS_PERSON), None)

    def _by_words(self, heard: Heard) -> Understood | None:
        """What the words alone settle."""
        if heard.chosen_order is not None:
            return Understood(kind=TurnKind.ORDER_STATUS, by="rule", score=1.0)
        understood = self._understanding.by_rules(heard.asked.own)
        if understood is None and self._goes_on_about_order(heard):
            return Understood(kind=TurnKind.ORDER_STATUS, by="rule", score=1.0)
        if understood is not None and understood.kind is TurnKind.ORDER_STATUS and not self._teller.can:
            return None
        return understood

    def _by_likeness(self, heard: Heard, found: Found) -> Understood:
        # The vector of a follow-up is that of the question before it as well: likeness would judge the wrong one.
        if found.follow_up:
            return Understood(kind=TurnKind.FOLLOW_UP, by="rule", score=1.0)
        understood = self._understanding.by_examples(heard.asked.own, found.own)
        unknown_thing = understood.kind is TurnKind.ACTION_REQUEST and found.result.unknown_words
        if unknown_thing or (understood.kind is TurnKind.ORDER_STATUS and not self._teller.can):
            # "Cancel my flight" in a shop without flights is nothing that a person there could approve.
            return Understood(kind=TurnKind.QUESTION, by="examples", score=understood.score)
        return understood

    def _without_search(self, heard: Heard, understood: Understood | None) -> Draft | None:
        """The draft of a turn that needs nothing from the help center, or None."""
        if not heard.text:
            return drafting.unreadable()
        if understood is None:
            lost = is_vague(heard.asked.own) and heard.asked.leaning is Leaning.NONE
            return drafting.clarify(heard) if lost and not asked_back(heard) else None
        if understood.kind is TurnKind.WANTS_PERSON:
            return drafting.wants_person(heard, understood)
        if understood.kind is TurnKind.SMALL_TALK:
            return drafting.small_talk(heard, understood)
        if understood.kind is TurnKind.ABUSE:
            return drafting.abuse(heard)
        if understood.kind is TurnKind.OUT_OF_SCOPE:
            return drafting.out_of_scope(heard, understood)
        if understood.kind is TurnKind.ACTION_REQUEST:
            return drafting.needs_approval(heard, understood)
        return None

    def _goes_on_about_order(self, heard: Heard) -> bool:
        if heard.asked.leaning is Leaning.NONE or not self._teller.can:
            return False
        before = heard.asked.question.removesuffix(heard.asked.own)
        about_order = self._understanding.by_rules(before)
        earlier = about_order is not None and about_order.kind is TurnKind.ORDER_STATUS
        return earlier and continues_order_status(fold(heard.asked.own))

    async def _about_order(self, asked: Asked, found: Found | None = None) -> Draft:
        """The order's state from the shop. Whose orders are looked at is the session's business, never the text's."""
        if not asked.turn.principal.proven:
            return drafting.sign_in(asked.heard, asked.heard.asked.question)
        if self._llm is None or found is None:
            return await self._order_told(asked)
        return await self._order_written(self._llm, asked, found)

    async def _order_told(self, asked: Asked) -> Draft:
        asked.host.activity(Activity.CHECKING_ORDER)
        left = asked.left(self._clock)()
        return await self._teller.told(asked.heard, asked.turn.principal, deadline_s=left)

    async def _order_written(self, llm: ModelResponder, asked: Asked, found: Found) -> Draft:
        """The model's words, where it looked up the order that the customer named; else the shop's."""

        def judge(answer: LlmAnswer) -> Draft | None:
            draft = draft_of(answer, asked.heard, found, threshold=self._threshold(found))
            told = looked_up(answer, named_order(asked.heard))
            rests = draft is not None and (answer.intents or (told and draft.decision is Decision.ANSWER))
            return draft if rests else None

        left = max(0.0, asked.until - self._clock())
        request = self._request(asked, found, deadline_s=left * _SHARE_BEFORE_TOOL)
        try:
            draft = judge(await llm.respond(replace(request, show=Showing(asked.host, judge))))
        except AgentUnavailable as reason:
            why = f"{NO_ANSWER} {reason}"
        else:
            if draft is not None:
                return draft
            why = "What the language model wrote does not rest on the order that was asked about."
        return replace(await self._order_told(asked), fell_back=why)

    async def _written(self, llm: ModelResponder, asked: Asked, found: Found) -> Draft:
        """The model's answer; a quotation where the model cannot answer or nothing it wrote may be shown."""
        searched = [found]

        def judge(answer: LlmAnswer) -> Draft | None:
            surest = max((one.confidence for one in searched), key=lambda confidence: confidence.value)
            best = replace(found, confidence=surest)
            return draft_of(answer, asked.heard, best, threshold=self._threshold(found))

        left = max(0.0, asked.until - self._clock())
        request = self._request(asked, found, deadline_s=left, searched=searched)
        show = Showing(asked.host, judge)
        try:
            answer = await llm.respond(replace(request, show=show))
        except AgentUnavailable as reason:
            return replace(self._judged(asked.heard, found), fell_back=f"{NO_ANSWER} {reason}")
        draft = judge(answer)
        quoted = self._judged(asked.heard, found)
        if is_unsure(draft, answer) and quoted.decision is not Decision.HANDOFF and not show.shown:
            return replace(quoted, fell_back=TOO_LITTLE)
        return draft or ungrounded(answer, found)

    def _request(
        self, asked: Asked, found: Found, *, deadline_s: float, searched: list[Found] | None = None
    ) -> LlmRequest:
        """What the model is given; its own searches are added to `searched`."""
        viewer = viewer_of(asked.turn.principal)

        async def search(query: str) -> tuple[Hit, ...]:
            read = await asyncio.to_thread(self._read, alone(query), viewer, follow_up=False)
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
            host=asked.host,
        )

    def _look_up(self, heard: Heard, viewer: Viewer) -> Found:
        """Hits for the question. Where it may lean on the one before, both readings are tried, the surer is kept."""
        leaning = heard.asked.leaning
        if leaning is not Leaning.MAYBE:
            return self._read(heard, viewer, follow_up=leaning is Leaning.CLEARLY)
        alone = self._read(replace(heard, earlier=()), viewer, follow_up=False)
        leant = self._read(heard, viewer, follow_up=True)
        return leant if leant.confidence.value > alone.confidence.value else alone

    def _read(self, heard: Heard, viewer: Viewer, *, follow_up: bool) -> Found:
        asked = heard.asked
        question = asked.question if follow_up else asked.own
        own = question if asked.whole else asked.own
        earlier = () if asked.whole else heard.earlier
        result = self._knowledge.search(own, limit=_HITS, viewer=viewer, earlier=earlier)
        result = in_language(replace(result, question=question), heard.language)
        answer = extractive.answer(question, own, result.hits, mended=result.mended)
        evidence = evidence_of(result, answer, follow_up=follow_up)
        answers = (
            answer.text and not overrides_rules(fold(own)) and not (follow_up and heard.only_repeated_by(answer.text))
        )
        confidence = self._confidence.score(evidence) if answers else nothing_found(evidence)
        return Found(result=result, answer=answer, confidence=confidence, follow_up=follow_up)

    def _threshold(self, found: Found) -> float:
        return self._confidence.threshold_for(found.answer.citations[0].article_id if found.answer.citations else None)

    def _judged(self, heard: Heard, found: Found) -> Draft:
        """Answer if that is likely enough to be right; ask back once where too little is named; else hand off."""
        if heard.language not in (None, ENGLISH) and not found.speaks(heard.language):
            return drafting.other_language(found, heard.language or "")
        value, threshold = found.confidence.value, self._threshold(found)
        if value >= threshold:
            return drafting.answered(found, sure=value >= threshold + _SURE * (1.0 - threshold))
        if is_thin(heard, found) and not asked_back(heard):
            return drafting.clarify(heard, found)
        far = self._understanding.out_of_scope(heard.asked.own, found.own)
        if far >= FAR and found.nearest < _NOTHING_NEAR and not found.follow_up:
            return drafting.out_of_scope(heard, Understood(kind=TurnKind.OUT_OF_SCOPE, by="head", score=far))
        topics = topics_of(found)
        if topics and value >= WORTH_ASKING * threshold and not asked_back(heard):
            return drafting.which_topic(found, topics)
        return drafting.not_found(found)
