"""What becomes of a language model's answer: a reply, a question back, a wish for a person, or nothing usable."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.confidence import certain
from agent.draft import Confidence, Decision, Draft, TurnKind
from agent.drafting import LLM, ORDER_TOLD, Found, not_found, shown_hits
from agent.guardrails import fold
from agent.hearing import Heard
from agent.responders.llm_model import Intent, IntentKind, LlmAnswer
from agent.wants_person import mentions_person
from conversations.model import HandoffReason

_LONGEST_DETAIL: Final = 300


def draft_of(answer: LlmAnswer, heard: Heard, found: Found, *, threshold: float) -> Draft | None:
    """The draft of a model's answer; None when it said nothing that may be shown, and quoting should be tried."""
    if answer.intents:
        return _wished(answer, answer.intents[0], heard, found)
    if not answer.text:
        return None
    if any(call.result.code == "sign_in_required" for call in answer.tool_calls):
        return replace(_said(answer, found, Decision.ANSWER, certain("own_order", 1.0)), request="sign_in")
    if not answer.citations and not answer.tool_calls and answer.text.rstrip().endswith("?"):
        return _said(answer, found, Decision.CLARIFY, found.confidence)
    confidence = confidence_of(answer, found)
    if confidence.value < threshold:
        return replace(not_found(found), responder=LLM, confidence=confidence, sentences=answer.sentences)
    return _said(answer, found, Decision.ANSWER, confidence)


def ungrounded(answer: LlmAnswer, found: Found) -> Draft:
    """Neither the model's sentences nor a quotation can be vouched for."""
    return replace(
        not_found(found),
        responder=LLM,
        reason=HandoffReason.UNGROUNDED,
        detail=f"{answer.dropped} sentence(s) of the model had no support in the help center.",
        sentences=answer.sentences,
        tool_calls=answer.tool_calls,
    )


def confidence_of(answer: LlmAnswer, found: Found) -> Confidence:
    """Half the search's evidence, half the share of sentences that are supported: a guess until it is calibrated."""
    if answer.tool_calls and not answer.citations:
        told = any(call.result.ok for call in answer.tool_calls)
        return certain("tool_result", ORDER_TOLD if told else found.confidence.value)
    written = len(answer.sentences)
    share = 1.0 - answer.dropped / written if written else 0.0
    supported = share if answer.citations else 0.0
    value = 0.5 * found.confidence.value + 0.5 * supported
    evidence = {**found.confidence.evidence, "supported": round(supported, 4)}
    return replace(found.confidence, value=round(value, 4), evidence=evidence)


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
