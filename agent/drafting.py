"""Drafts by kind of outcome, so that the turn itself reads as its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent import replies
from agent.confidence import certain
from agent.draft import CHOOSE, CHOOSE_TOPIC, OFFER_PERSON, Confidence, Decision, Draft, ShownHit, TurnKind
from agent.guardrails import fold
from agent.hearing import Heard
from agent.knowledge_search import passage_language
from agent.languages import NAMES
from agent.responders.extractive import ExtractiveAnswer
from agent.turn_rules import provokes
from agent.understanding import Understood
from conversations.model import HandoffReason
from knowledge_base.model import Hit, SearchResult, Vectors
from tools.tool import ToolCall

EXTRACTIVE: Final = "extractive"
LLM: Final = "llm"
_SHOWN_HITS: Final = 5
_LONGEST_DETAIL: Final = 300
_SEVERAL_ORDERS: Final = frozenset({"orders", "which_order"})
ORDER_TOLD: Final = 0.95
"""Confidence of an order's state as the shop itself reports it: the facts are right, the order may be another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A search with what the extractive responder and the confidence score make of it."""

    result: SearchResult
    answer: ExtractiveAnswer
    confidence: Confidence
    follow_up: bool

    @property
    def own(self) -> Vectors:
        """The vector of what the customer wrote, without the conversation before it."""
        return self.result.vector if self.result.own is None else self.result.own

    @property
    def nearest(self) -> float:
        """The cosine of the nearest passage, 0 where nothing was found."""
        return max((hit.dense for hit in self.result.hits), default=0.0)

    def speaks(self, language: str) -> bool:
        """Whether some of what was found is in `language`, as far as it can be told."""
        return any(passage_language(hit.passage) in (language, None) for hit in self.result.hits)

    @property
    def kind(self) -> TurnKind:
        return TurnKind.FOLLOW_UP if self.follow_up else TurnKind.QUESTION


def unreadable() -> Draft:
    return _said(replies.UNREADABLE, TurnKind.QUESTION, "", Decision.CLARIFY, certain("readable", 0.0))


def small_talk(heard: Heard, understood: Understood) -> Draft:
    text = replies.SMALL_TALK[understood.small_talk] if understood.small_talk else replies.SOME_TALK
    confidence = certain("small_talk", understood.score)
    draft = _said(text, TurnKind.SMALL_TALK, heard.asked.own, Decision.ANSWER, confidence)
    return replace(draft, request=OFFER_PERSON) if replies.offers_person(text) else draft


def out_of_scope(heard: Heard, understood: Understood) -> Draft:
    confidence = certain("out_of_scope", min(1.0, understood.score))
    return _said(replies.OUT_OF_SCOPE, TurnKind.OUT_OF_SCOPE, heard.asked.own, Decision.ANSWER, confidence)


def abuse(heard: Heard) -> Draft:
    text = replies.CANNOT_SAY if provokes(fold(heard.text)) else replies.KEEP_IT_CIVIL
    return _said(text, TurnKind.ABUSE, heard.asked.own, Decision.ANSWER, certain("abuse", 1.0))


def other_language(found: Found, language: str) -> Draft:
    """The help center holds nothing in the customer's language, and quoting another would not be an answer."""
    name = NAMES.get(language, language)
    detail = f"The customer writes in {name}; the help center has no article in {name}."
    return replace(not_found(found), reason=HandoffReason.LANGUAGE, detail=detail)


def offering(draft: Draft) -> Draft:
    """The same reply with the offer of a person under it."""
    if draft.request is not None or replies.offers_person(draft.text):
        return draft
    text = draft.text.replace(f"\n\n{replies.IF_NOT_IT}", "")
    offer = replies.said_in(replies.OFFER, draft.language)
    return replace(draft, text=f"{text}\n\n{offer}", request=OFFER_PERSON)


def goes_on(heard: Heard) -> Draft:
    """The customer does not want the person they were offered."""
    return _said(replies.GOING_ON, TurnKind.SMALL_TALK, heard.asked.own, Decision.ANSWER, certain("small_talk", 1.0))


def clarify(heard: Heard, found: Found | None = None) -> Draft:
    if found is None:
        return _said(replies.TELL_ME_MORE, TurnKind.QUESTION, heard.asked.own, Decision.CLARIFY, certain("topic", 0.0))
    return _of_search(replies.WHICH_THING, found, Decision.CLARIFY)


def which_topic(found: Found, titles: Sequence[str]) -> Draft:
    """A question back over the articles that may be meant, with the offer of a person."""
    listed = "\n".join(f"- **{title}**" for title in titles)
    text = f"{replies.WHICH_TOPIC}\n\n{listed}\n\n{replies.SOMETHING_ELSE}"
    return replace(_of_search(text, found, Decision.CLARIFY), request=CHOOSE_TOPIC)


def wants_person(heard: Heard, understood: Understood) -> Draft:
    return _handed_over(heard, understood, replies.TO_A_PERSON, HandoffReason.CUSTOMER_ASKED)


def needs_approval(heard: Heard, understood: Understood) -> Draft:
    return _handed_over(heard, understood, replies.NEEDS_A_PERSON, HandoffReason.NEEDS_APPROVAL)


def sign_in(heard: Heard, question: str) -> Draft:
    return Draft(
        text=replies.SIGN_IN,
        decision=Decision.ANSWER,
        kind=TurnKind.ORDER_STATUS,
        question=question or heard.asked.own,
        confidence=certain("own_order", 1.0),
        responder=EXTRACTIVE,
        request="sign_in",
    )


def order_told(heard: Heard, call: ToolCall) -> Draft:
    """What the order tool said, word for word; a handoff when it could not be reached.

    Which order is meant is asked once: who does not find theirs among the choices is offered a person.
    """
    down = call.result.code == "unavailable"
    told = _order_said(heard.asked.question, call, down=down)
    if call.result.code not in _SEVERAL_ORDERS:
        return told
    if not heard.choices:
        return replace(told, request=CHOOSE)
    listed = told.text.rpartition("\n\n")[0]
    return replace(told, text=f"{listed}\n\n{replies.OFFER}", request=OFFER_PERSON)


def _order_said(question: str, call: ToolCall, *, down: bool) -> Draft:
    return Draft(
        text=replies.TOOL_DOWN if down else call.result.message,
        decision=Decision.HANDOFF if down else Decision.ANSWER,
        kind=TurnKind.ORDER_STATUS,
        question=question,
        confidence=certain("tool_result", 0.0 if down else ORDER_TOLD),
        responder=EXTRACTIVE,
        tool_calls=(call,),
        reason=HandoffReason.AI_UNAVAILABLE if down else None,
        detail="The order system did not answer." if down else "",
    )


def too_slow(heard: Heard) -> Draft:
    return Draft(
        text=replies.TOO_SLOW,
        decision=Decision.HANDOFF,
        kind=TurnKind.QUESTION,
        question=heard.asked.question,
        confidence=certain("searched", 0.0),
        responder=EXTRACTIVE,
        reason=HandoffReason.AI_UNAVAILABLE,
        detail="The search did not end within the turn's deadline.",
    )


def answered(found: Found, *, sure: bool) -> Draft:
    text = found.answer.text if sure else f"{found.answer.text}\n\n{replies.IF_NOT_IT}"
    return _of_search(text, found, Decision.ANSWER)


def not_found(found: Found) -> Draft:
    return _of_search(replies.NOT_FOUND, found, Decision.HANDOFF)


def shown_hits(hits: Sequence[Hit]) -> tuple[ShownHit, ...]:
    """The hits kept for "why this answer"."""
    return tuple(
        ShownHit(
            passage_id=hit.passage.id,
            article_id=hit.passage.article_id,
            title=hit.passage.title,
            heading=hit.passage.heading,
            score=hit.score,
            dense=hit.dense,
            lexical=hit.lexical,
            text=hit.passage.text,
        )
        for hit in hits[:_SHOWN_HITS]
    )


def _of_search(text: str, found: Found, decision: Decision) -> Draft:
    given = decision is Decision.ANSWER
    low = decision is Decision.HANDOFF
    return Draft(
        text=text,
        decision=decision,
        kind=found.kind,
        question=found.result.question,
        confidence=found.confidence,
        responder=EXTRACTIVE,
        citations=found.answer.citations if given else (),
        hits=shown_hits(found.result.hits),
        sentences=found.answer.sentences if given else (),
        reason=HandoffReason.LOW_CONFIDENCE if low else None,
        detail=_why_unsure(found) if low else "",
        knowledge_version=found.result.version,
    )


def _why_unsure(found: Found) -> str:
    """For the person who takes over: what was looked for and how near the help center came."""
    if not found.result.hits or not found.answer.text:
        return "The help center has nothing on this question."
    nearest = found.result.hits[0].passage.title
    sure = f"{found.confidence.value:.2f}"
    return f"The nearest article, “{nearest}”, does not seem to answer the question (confidence {sure})."


def _handed_over(heard: Heard, understood: Understood, text: str, reason: HandoffReason) -> Draft:
    return Draft(
        text=text,
        decision=Decision.HANDOFF,
        kind=understood.kind,
        question=heard.asked.own,
        confidence=certain(understood.kind.value, min(1.0, understood.score)),
        responder=EXTRACTIVE,
        reason=reason,
        detail=heard.text[:_LONGEST_DETAIL],
    )


def _said(text: str, kind: TurnKind, question: str, decision: Decision, confidence: Confidence) -> Draft:
    return Draft(
        text=text, decision=decision, kind=kind, question=question, confidence=confidence, responder=EXTRACTIVE
    )
