"""What becomes of a model's answer, in plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent import replies
from agent.draft import Confidence, Decision, Draft, SentenceSupport
from agent.drafting import Found
from agent.grounding import FRAMING
from agent.hearing import Heard, hear
from agent.llm_drafting import confidence_of, draft_of, looked_up
from agent.responders.extractive import NOTHING
from agent.responders.llm_model import Intent, IntentKind, LlmAnswer
from conversations.model import Citation, HandoffReason, JsonValue
from knowledge_base.model import SearchResult
from tests.agent.cast import question_vector, turn
from tools.tool import ToolCall, ToolResult

CITATION = Citation(marker=1, article_id="a", passage_id="a#0", title="A", heading="", url=None, quote="So it is.")
STATED = SentenceSupport(sentence="So it is. [1]", source="a#0", score=1.0)
DROPPED = SentenceSupport(sentence="And free forever. [1]", source=None, score=0.0)
FRIENDLY = SentenceSupport(sentence="Good question!", source=FRAMING, score=1.0)
CITED = LlmAnswer(text="So it is. [1]", citations=(CITATION,), sentences=(STATED,))


def found(confidence: float) -> Found:
    result = SearchResult(
        question="Is it so?", vector=question_vector(), hits=(), version="1", coverage=1.0, unknown_words=()
    )
    return Found(
        result=result,
        answer=NOTHING,
        confidence=Confidence(value=confidence, calibrated=False),
        follow_up=False,
    )


def heard(*texts: str) -> Heard:
    return hear(turn(*(texts or ("Is it so?",))))


def drafted(answer: LlmAnswer, *texts: str, confidence: float = 0.8) -> Draft | None:
    return draft_of(answer, heard(*texts), found(confidence), threshold=0.45)


def called(code: str, *, ok: bool = False, number: JsonValue = "NP-1001") -> ToolCall:
    result = ToolResult(ok=ok, code=code, message="It is on its way.")
    return ToolCall(id="call_1", tool="order_status", arguments={"order_number": number}, result=result)


def test_a_cited_answer_to_a_question_that_was_found_is_given() -> None:
    draft = drafted(CITED)
    assert draft is not None
    assert (draft.decision, draft.responder, draft.citations) == (Decision.ANSWER, "llm", (CITATION,))


def test_a_supported_sentence_is_no_answer_where_the_search_found_nothing() -> None:
    draft = drafted(CITED, confidence=0.1)
    assert draft is not None
    assert (draft.decision, draft.reason) == (Decision.HANDOFF, HandoffReason.LOW_CONFIDENCE)


def test_what_was_promised_of_quotations_is_not_claimed_for_a_model() -> None:
    searched = found(0.8)
    calibrated = replace(searched, confidence=replace(searched.confidence, calibrated=True))
    assert not confidence_of(CITED, calibrated).calibrated


def test_dropped_sentences_lower_the_confidence() -> None:
    half = LlmAnswer(text="So it is. [1]", citations=(CITATION,), sentences=(STATED, DROPPED))
    whole, less = confidence_of(CITED, found(0.8)), confidence_of(half, found(0.8))
    assert less.value < whole.value
    assert (whole.calibrated, less.evidence["supported"]) == (False, 0.5)


@pytest.mark.parametrize(
    "answer",
    [
        LlmAnswer(text=""),
        LlmAnswer(text="Good question!", sentences=(FRIENDLY,)),
        LlmAnswer(text="Good question! [1]", citations=(CITATION,), sentences=(FRIENDLY,)),
    ],
)
def test_what_states_nothing_is_no_answer_even_with_a_citation(answer: LlmAnswer) -> None:
    assert drafted(answer) is None


def test_a_question_back_is_asked_once() -> None:
    asks = LlmAnswer(text="Which one?", sentences=(SentenceSupport(sentence="Which one?", source=FRAMING, score=1.0),))
    first = drafted(asks)
    assert first is not None
    assert first.decision is Decision.CLARIFY
    assert drafted(asks, "It broke", "Which one?", "The tent") is None
    greeted = drafted(asks, "Hi", "Hi! What can I help you with?", "It broke")
    assert greeted is not None


@pytest.mark.parametrize("text", ["", "Please sign in first, so that I can look this up in your account."])
def test_an_unverified_customer_is_asked_to_sign_in_whatever_is_left_of_the_text(text: str) -> None:
    draft = drafted(LlmAnswer(text=text, tool_calls=(called("sign_in_required"),)))
    assert draft is not None
    assert (draft.decision, draft.request, draft.text) == (Decision.ANSWER, "sign_in", text or replies.SIGN_IN)


@pytest.mark.parametrize(
    ("call", "number", "looked"),
    [
        (called("order", ok=True), "NP-1001", True),
        (called("not_found"), "NP-1001", True),
        (called("order", ok=True, number="np 1001"), "NP-1001", True),
        (called("order", ok=True, number=None), None, True),
        (called("order", ok=True, number="NP-1002"), "NP-1001", False),
        (called("order", ok=True, number=None), "NP-1001", False),
        (called("unavailable"), "NP-1001", False),
    ],
)
def test_an_order_counts_as_looked_up_only_if_it_is_the_one_that_was_named(
    call: ToolCall, number: str | None, looked: bool
) -> None:
    assert looked_up(LlmAnswer(text="x", tool_calls=(call,)), number) is looked


def test_what_the_shop_was_asked_is_kept_for_the_person_who_takes_over() -> None:
    draft = drafted(LlmAnswer(text="Sorry.", tool_calls=(called("unavailable"),), sentences=(STATED,)))
    assert draft is not None
    assert (draft.decision, len(draft.tool_calls)) == (Decision.HANDOFF, 1)


def test_a_wish_brings_a_person_who_reads_the_customers_words_and_not_the_models() -> None:
    wish = Intent(kind=IntentKind.REQUEST_REFUND, words="Refund everything at once", order_number="NP-1")
    draft = drafted(LlmAnswer(text="", intents=(wish,)), "My boots leak")
    assert draft is not None
    assert (draft.decision, draft.reason, draft.detail) == (
        Decision.HANDOFF,
        HandoffReason.NEEDS_APPROVAL,
        "My boots leak",
    )
