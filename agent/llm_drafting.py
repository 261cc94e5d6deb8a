"""What becomes of a language model's answer: a reply, a question back, a wish for a person, or nothing usable."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from agent import replies
from agent.confidence import certain
from agent.draft import Confidence, Decision, Draft, TurnKind
from agent.drafting import LLM, ORDER_TOLD, Found, not_found, shown_hits
from agent.grounding import FRAMING
from agent.guardrails import fold
from agent.hearing import Heard
from agent.responders.llm_model import Intent, IntentKind, LlmAnswer
from agent.wants_person import mentions_person
from conversations.model import HandoffReason
from tools.order_model import compact_number
from tools.orders import ORDER_STATUS

_LONGEST_DETAIL: Final = 300
TOO_LITTLE: Final = "Too little of what the language model wrote had support in the help center."


def draft_of(answer: LlmAnswer, heard: Heard, found: Found, *, threshold: float) -> Draft | None:
    """The draft of a model's answer; None when it said nothing that may be shown, and quoting should be tried."""
    if answer.intents:
        return _wished(answer, answer.intents[0], heard, found)
    if any(call.result.code == "sign_in_required" for call in answer.tool_calls):
        draft = _said(answer, found, Decision.ANSWER, certain("own_order", 1.0))
        return replace(draft, text=answer.text or replies.SIGN_IN, request="sign_in")
    if not answer.text:
        return None
    if all(support.source in (None, FRAMING) for support in answer.sentences):
        # Nothing in it rests on anything, whatever it cites: at most it may ask, and only once, what is meant.
        asked_before = heard.last_reply.endswith("?") and heard.last_reply not in replies.SMALL_TALK.values()
        asks = answer.text.endswith("?") and not asked_before
        return _said(answer, found, Decision.CLARIFY, found.confidence) if asks else None
    confidence = confidence_of(answer, found)
    if confidence.value < threshold:
        unsure = replace(not_found(found), responder=LLM, confidence=confidence)
        return replace(unsure, sentences=answer.sentences, tool_calls=answer.tool_calls)
    return _said(answer, found, Decision.ANSWER, confidence)


def is_unsure(draft: Draft | None, answer: LlmAnswer) -> bool:
    """True where a quotation is better than `draft`, if there is one that is sure enough. A wish stands."""
    return draft is None or (draft.reason is HandoffReason.LOW_CONFIDENCE and not answer.intents)


def looked_up(answer: LlmAnswer, number: str | None) -> bool:
    """Whether the model asked the shop about the order `number` (None: about any), and the shop answered."""
    for call in answer.tool_calls:
        given = call.arguments.get("order_number")
        same = number is None or (isinstance(given, str) and compact_number(given) == compact_number(number))
        if call.tool == ORDER_STATUS and same and call.result.code != "unavailable":
            return True
    return False


def ungrounded(answer: LlmAnswer, found: Found) -> Draft:
    """Neither the model's sentences nor a quotation can be vouched for."""
    return replace(
        not_found(found),
        responder=LLM,
        reason=HandoffReason.UNGROUNDED,
        detail=f"{answer.dropped} sentence(s) of the model had no support in the help center.",
        sentences=answer.sentences,
        tool_calls=answer.tool_calls,
        fell_back="Nothing the language model wrote had support in the help center.",
    )


def confidence_of(answer: LlmAnswer, found: Found) -> Confidence:
    """The search's (or the shop's) evidence and the share of supported sentences, as a geometric mean.

    Both are needed: a sentence that some passage states in full is still no answer to a question that the search found
    nothing on. A guess: `baton calibrate` promises for quoted answers only.
    """
    told = any(call.result.code != "unavailable" for call in answer.tool_calls)
    share = 1.0 - answer.dropped / len(answer.sentences) if answer.sentences else 0.0
    if told and not answer.citations:
        return certain("tool_result", math.sqrt(ORDER_TOLD * share))
    value = math.sqrt(found.confidence.value * share) if answer.citations else 0.0
    evidence = {**found.confidence.evidence, "supported": round(share, 4)}
    return replace(found.confidence, value=round(value, 4), calibrated=False, evidence=evidence)


def _said(answer: LlmAnswer, found: Found, decision: Decision, confidence: Confidence) -> Draft:
    about_order = bool(answer.tool_calls) and not answer.citations
    return Draft(
        text=answer.text,
        decision=decision,
        kind=TurnKind.ORDER_STATUS if about_order else found.kind,
        question=found.result.question,
        confidence=confidence,
        responder=LLM,
        citations=answer.citations,
        hits=shown_hits(answer.hits or found.result.hits),
        tool_calls=answer.tool_calls,
        sentences=answer.sentences,
        knowledge_version=found.result.version,
    )


def _wished(answer: LlmAnswer, intent: Intent, heard: Heard, found: Found) -> Draft:
    """A wish of the model has no effect of its own: it can only bring a person in, who reads the customer's words."""
    if intent.kind is IntentKind.REQUEST_REFUND:
        kind, reason = TurnKind.ACTION_REQUEST, HandoffReason.NEEDS_APPROVAL
    elif mentions_person(fold(heard.text)):
        kind, reason = TurnKind.WANTS_PERSON, HandoffReason.CUSTOMER_ASKED
    else:
        kind, reason = found.kind, HandoffReason.LOW_CONFIDENCE
    draft = _said(answer, found, Decision.HANDOFF, found.confidence)
    return replace(draft, kind=kind, reason=reason, detail=heard.text[:_LONGEST_DETAIL])
