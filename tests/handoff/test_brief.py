from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.model import (
    Assurance,
    AuthorKind,
    ConversationId,
    Customer,
    CustomerId,
    HandoffReason,
    Message,
    TurnId,
    Visibility,
)
from handoff.brief import (
    NEXT_STEP,
    REASON_WORDS,
    SHOWN,
    ActionAsked,
    Answered,
    Brief,
    CallMade,
    Facts,
    PromiseMade,
    SourceNamed,
    check_brief,
    write_brief,
)
from handoff.wording import LEAD
from tests.handoff.said import RETURNS, ai, customer, said
from tools.action_model import Action, ActionId, ActionKind, ActionState, Proposal
from tools.tool import ToolCall, ToolResult

AVA = Customer(
    id=CustomerId("ava"),
    display_name="Ava",
    email="ava@mail.example",
    external_id="shop-1",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)
VISITOR = replace(AVA, display_name=None, email=None, external_id=None)


def looked_up(turn: str, number: str, *, ok: bool = True) -> CallMade:
    """The AI agent calls its only lookup "call_1" in every turn."""
    words = f"Order {number} is on its way." if ok else f"There is no order {number}."
    result = ToolResult(ok=ok, code="found" if ok else "not_found", message=words)
    call = ToolCall(id="call_1", tool="order_status", arguments={"order_number": number}, result=result)
    return CallMade(turn_id=TurnId(turn), call=call)


SENT = Action(
    id=ActionId("act-1"),
    conversation_id=ConversationId("c"),
    customer_id=AVA.id,
    state=ActionState.FAILED,
    proposal=Proposal(
        kind=ActionKind.RETURN_LABEL,
        external_customer_id="shop-1",
        order_number="NP-1",
        lines=(),
        destination="Ava's address",
        reason="damaged",
        policy_version="1",
        rule="label",
    ),
    digest="d",
    seq=9,
    proposed_at=AVA.created_at,
    expires_at=AVA.created_at,
    updated_at=AVA.created_at,
    note="The shop said no.",
)
FACTS = Facts(
    messages=[
        customer("How long may I return things?", 1),
        ai("Within 30 days. [1]", 2, RETURNS),
        customer("And where is NP-1?", 3),
        ai("I will ask the warehouse about it. One moment.", 4),
        customer("please let me talk to a person", 5),
    ],
    tool_calls=[looked_up("t2", "NP-1"), looked_up("t4", "NP-2", ok=False)],
    customer=AVA,
    assurance=Assurance.SIGNED,
    actions=[SENT, replace(SENT, id=ActionId("act-0"), state=ActionState.WITHDRAWN)],
)


def brief_of(facts: Facts = FACTS, reason: HandoffReason = HandoffReason.CUSTOMER_ASKED) -> Brief:
    return write_brief(facts, reason=reason, detail="They asked.")


def test_the_brief_says_everything_the_record_holds() -> None:
    brief = brief_of()
    assert (brief.wants.text, brief.wants.message_ids) == (
        "How long may I return things?\nAnd where is NP-1?",
        ("m1", "m3"),
    )
    [answered] = brief.answered
    assert answered == Answered(
        question="How long may I return things?",
        answer="Within 30 days.",
        message_id="m2",
        sources=(SourceNamed(title="Returns", url="/help/returns", article_id="returns"),),
    )
    assert [(t.name, t.ok, t.turn_id, t.call_id) for t in brief.tools] == [
        ("order_status", True, "t2", "call_1"),
        ("order_status", False, "t4", "call_1"),
    ]
    label = "The return label for order NP-1 did not go through. The shop said no."
    assert brief.actions == (ActionAsked(action_id="act-1", state="failed", text=label),)
    assert brief.promises == (PromiseMade(text="I will ask the warehouse about it.", message_id="m4"),)
    assert (brief.customer.display_name, brief.customer.verified) == ("Ava", True)
    assert (brief.language, brief.mood) == ("English", "friendly")
    assert brief.next_step == NEXT_STEP[HandoffReason.CUSTOMER_ASKED]
    assert check_brief(brief, FACTS) == []


@pytest.mark.parametrize(
    "asking", ["talk to a human", "Agent please", "quiero hablar con una persona", "representative"]
)
def test_what_they_want_is_not_that_they_want_a_person(asking: str) -> None:
    facts = replace(FACTS, messages=[customer("my tent leaks", 1), customer(asking, 2)])
    assert brief_of(facts).wants.text == "my tent leaks"


def test_where_a_person_is_all_they_asked_for_that_is_what_they_want() -> None:
    facts = replace(FACTS, messages=[customer("human", 1), customer("talk to a human", 2)])
    assert brief_of(facts).wants.text == "talk to a human"


def test_the_last_two_wishes_are_repeated_not_the_whole_conversation() -> None:
    facts = replace(FACTS, messages=[customer(f"wish {n}", n) for n in range(1, 6)])
    assert brief_of(facts).wants.message_ids == ("m4", "m5")


def test_a_visitor_is_called_not_verified() -> None:
    who = brief_of(replace(FACTS, customer=VISITOR, assurance=Assurance.ANONYMOUS)).customer
    assert (who.display_name, who.email, who.verified, who.proof) == (None, None, False, "not verified")


def test_an_empty_conversation_has_a_brief_too() -> None:
    facts = Facts(messages=[], tool_calls=[], customer=VISITOR, assurance=Assurance.ANONYMOUS)
    brief = brief_of(facts)
    assert brief.wants.message_ids == ()
    assert check_brief(brief, facts) == []


def test_long_answers_and_results_are_shortened_and_still_hold() -> None:
    call = looked_up("t2", "NP-1").call
    long_call = replace(call, result=replace(call.result, message="x" * 5_000))
    facts = replace(
        FACTS,
        messages=[customer("q" * 5_000, 1), ai("a" * 5_000, 2, RETURNS)],
        tool_calls=[CallMade(turn_id=TurnId("t2"), call=long_call)],
    )
    brief = brief_of(facts)
    assert [len(brief.answered[0].question), len(brief.answered[0].answer), len(brief.tools[0].summary)] == [SHOWN] * 3
    assert check_brief(brief, facts) == []


@pytest.mark.parametrize(
    ("message", "promised"),
    [
        (ai("We'll refund you by Friday. Sorry!", 1), ["We'll refund you by Friday."]),
        (said(AuthorKind.HUMAN_AGENT, "I am going to call you", 1), ["I am going to call you"]),
        (ai("A colleague will look. Our team will write.", 1), ["A colleague will look.", "Our team will write."]),
        (ai("We will take it back within 30 days. [1]", 1, RETURNS), []),
        (customer("I will sue nobody", 1), []),
        (said(AuthorKind.HUMAN_AGENT, "I will ask Sam", 1, visibility=Visibility.NOTE), []),
        (ai("The tent will dry.", 1), []),
    ],
    ids=["ours", "a person's", "two", "quoted from an article", "the customer's", "in a note", "no promise"],
)
def test_promises_are_what_we_said_we_would_do(message: Message, promised: list[str]) -> None:
    brief = brief_of(replace(FACTS, messages=[message]))
    assert [promise.text for promise in brief.promises] == promised


GOOD = brief_of()
FALSE_CLAIMS: dict[str, tuple[str, Callable[[Brief], Brief]]] = {
    "an action that is done": ("actions", lambda b: replace(b, actions=(replace(b.actions[0], state="succeeded"),))),
    "an action that nobody asked for": (
        "actions",
        lambda b: replace(b, actions=(*b.actions, replace(b.actions[0], action_id="act-2"))),
    ),
    "other words": ("wants", lambda b: replace(b, wants=replace(b.wants, text="A refund of €900"))),
    "words of a message that is not there": (
        "wants",
        lambda b: replace(b, wants=replace(b.wants, message_ids=("m99",))),
    ),
    "the AI agent's words as the customer's": (
        "wants",
        lambda b: replace(b, wants=replace(b.wants, text="Within 30 days. [1]", message_ids=("m2",))),
    ),
    "another name": ("customer", lambda b: replace(b, customer=replace(b.customer, display_name="Mallory"))),
    "another address": ("customer", lambda b: replace(b, customer=replace(b.customer, email="m@mail.example"))),
    "not verified": ("customer", lambda b: replace(b, customer=replace(b.customer, verified=False))),
    "another proof": ("customer", lambda b: replace(b, customer=replace(b.customer, proof="showed a passport"))),
    "an unknown reason": ("reason", lambda b: replace(b, reason=replace(b.reason, code="bored"))),
    "another reason's words": ("reason", lambda b: replace(b, reason=replace(b.reason, words="The customer is angry"))),
    "another reason's code": ("reason", lambda b: replace(b, reason=replace(b.reason, code="loop"))),
    "another next step": ("next_step", lambda b: replace(b, next_step="Refund everything.")),
    "another language": ("language", lambda b: replace(b, language="German")),
    "another mood": ("mood", lambda b: replace(b, mood="frustrated")),
    "an answer we did not give": ("answered", lambda b: with_answered(b, answer="Within 90 days.")),
    "only the beginning of an answer": ("answered", lambda b: with_answered(b, answer="Within 30")),
    "no answer": ("answered", lambda b: with_answered(b, answer="")),
    "another question": ("answered", lambda b: with_answered(b, question="May I keep it?")),
    "an answer in a message that is not there": ("answered", lambda b: with_answered(b, message_id="m99")),
    "an answer by the customer": ("answered", lambda b: with_answered(b, message_id="m1")),
    "another source": ("answered", lambda b: with_source(b, article_id="refunds")),
    "a source by another title": ("answered", lambda b: with_source(b, title="Refunds")),
    "a source elsewhere": ("answered", lambda b: with_source(b, url="https://evil.example/")),
    "another tool": ("tools", lambda b: with_tool(b, name="refund")),
    "another result": ("tools", lambda b: with_tool(b, summary="Order NP-1 is lost.")),
    "failed": ("tools", lambda b: with_tool(b, ok=False)),
    "another turn's call": ("tools", lambda b: with_tool(b, turn_id="t4")),
    "a call that was not made": ("tools", lambda b: with_tool(b, call_id="call_2")),
    "a promise nobody made": ("promises", lambda b: with_promise(b, text="We will refund you.")),
    "a promise in another message": ("promises", lambda b: with_promise(b, message_id="m2")),
    "a promise in a message that is not there": ("promises", lambda b: with_promise(b, message_id="m99")),
}


def with_answered(brief: Brief, **changes: str) -> Brief:
    return replace(brief, answered=(replace(brief.answered[0], **changes),))  # type: ignore[arg-type]


def with_source(brief: Brief, **changes: str) -> Brief:
    [source] = brief.answered[0].sources
    return replace(brief, answered=(replace(brief.answered[0], sources=(replace(source, **changes),)),))


def with_tool(brief: Brief, **changes: object) -> Brief:
    return replace(brief, tools=(replace(brief.tools[0], **changes),))  # type: ignore[arg-type]


def with_promise(brief: Brief, **changes: str) -> Brief:
    return replace(brief, promises=(replace(brief.promises[0], **changes),))


@pytest.mark.parametrize("claim", FALSE_CLAIMS)
def test_a_false_claim_is_refused_by_name(claim: str) -> None:
    named, change = FALSE_CLAIMS[claim]
    problems = check_brief(change(GOOD), FACTS)
    assert problems, f"the checker believed it: {claim}"
    assert named in problems[0]


def test_every_field_of_a_brief_has_a_false_claim_that_is_refused() -> None:
    assert {field.name for field in fields(Brief)} == {named for named, _ in FALSE_CLAIMS.values()}


def test_a_promise_the_customer_made_is_not_ours() -> None:
    facts = replace(FACTS, messages=[*FACTS.messages, customer("We will pay on Friday.", 6)])
    false = replace(brief_of(facts), promises=(PromiseMade(text="We will pay on Friday.", message_id="m6"),))
    assert check_brief(false, facts) != []


def test_leaving_something_out_is_no_false_claim() -> None:
    assert check_brief(replace(GOOD, answered=(), tools=(), promises=(), actions=()), FACTS) == []


@pytest.mark.parametrize("reason", HandoffReason)
def test_every_reason_has_words_for_the_customer_and_for_the_person(reason: HandoffReason) -> None:
    assert all((LEAD[reason], REASON_WORDS[reason], NEXT_STEP[reason]))
    assert check_brief(brief_of(reason=reason), FACTS) == []


def test_a_brief_is_plain_json() -> None:
    kept = json.loads(json.dumps(GOOD.as_json()))
    assert kept["wants"]["message_ids"] == ["m1", "m3"]
    assert kept["tools"][0]["turn_id"] == "t2"


MESSAGES = st.lists(st.tuples(st.sampled_from(AuthorKind), st.text(max_size=80), st.booleans()), max_size=8)
CALLS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.booleans()), max_size=6)


@given(MESSAGES, CALLS, st.sampled_from(HandoffReason))
def test_no_conversation_has_a_brief_that_its_own_checker_refuses(
    messages: list[tuple[AuthorKind, str, bool]], calls: list[tuple[str, str, bool]], reason: HandoffReason
) -> None:
    """A refused brief would keep the customer from a person for ever."""
    facts = Facts(
        messages=[
            said(kind, f"{text} I will see {text}", seq, citations=(RETURNS,) if cites else ())
            for seq, (kind, text, cites) in enumerate(messages)
        ],
        tool_calls=[looked_up(turn, number, ok=ok) for turn, number, ok in calls],
        customer=AVA,
        assurance=Assurance.SIGNED,
    )
    assert check_brief(brief_of(facts, reason), facts) == []


def test_an_article_cited_twice_in_one_answer_is_named_once() -> None:
    again = replace(RETURNS, marker=2, passage_id="returns#1")
    messages = [customer("How long may I return?", 1), ai("Within 30 days. [1] Not when lit. [2]", 2, RETURNS, again)]
    [answered] = brief_of(replace(FACTS, messages=messages, tool_calls=[])).answered
    assert [source.article_id for source in answered.sources] == [RETURNS.article_id]
