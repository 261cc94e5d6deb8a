"""Drafts by kind of outcome, so that the turn itself reads as its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent import replies
from agent.confidence import certain
from agent.draft import Confidence, Decision, Draft, ShownHit, TurnKind
from agent.hearing import Heard
from agent.responders.extractive import ExtractiveAnswer
from agent.understanding import Understood
from conversations.model import HandoffReason
from knowledge_base.model import Hit, SearchResult
from tools.tool import ToolCall

EXTRACTIVE: Final = "extractive"
LLM: Final = "llm"
_SHOWN_HITS: Final = 5
_LONGEST_DETAIL: Final = 300
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
    def kind(self) -> TurnKind:
        return TurnKind.FOLLOW_UP if self.follow_up else TurnKind.QUESTION


def unreadable() -> Draft:
    return _said(replies.UNREADABLE, TurnKind.QUESTION, "", Decision.CLARIFY, certain("readable", 0.0))


def small_talk(heard: Heard, understood: Understood) -> Draft:
    text = replies.SMALL_TALK[understood.small_talk] if understood.small_talk else replies.SOME_TALK
    confidence = certain("small_talk", understood.score)
    return _said(text, TurnKind.SMALL_TALK, heard.asked.own, Decision.ANSWER, confidence)


def clarify(heard: Heard, found: Found | None = None) -> Draft:
    if found is None:
        return _said(replies.TELL_ME_MORE, TurnKind.QUESTION, heard.asked.own, Decision.CLARIFY, certain("topic", 0.0))
    return _of_search(replies.WHICH_THING, found, Decision.CLARIFY)


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


def order_told(question: str, call: ToolCall) -> Draft:
    """What the order tool said, word for word; a handoff when it could not be reached."""
    down = call.result.code == "unavailable"
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
