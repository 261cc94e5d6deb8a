from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.sample_making import Past, Redaction, persons_words, proposed_sample
from conversations.model import (
    AI_AGENT,
    Actor,
    AuthorKind,
    Citation,
    Conversation,
    ConversationId,
    Customer,
    CustomerId,
    Handoff,
    HandoffId,
    HandoffReason,
    HandoffState,
    HumanAgent,
    HumanAgentId,
    Message,
    MessageId,
    Role,
    Status,
    Visibility,
)
from evals.sample import Sample

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CONVERSATION = Conversation(
    id=ConversationId("c1"), customer_id=CustomerId("u1"), status=Status.RESOLVED, owner_epoch=3, episode=1,
    assignee_id=None, subject=None, last_seq=9, created_at=NOW, updated_at=NOW, queued_at=None,
)  # fmt: skip
MAYA = Customer(
    id=CustomerId("u1"), display_name="Maya de Vries", email="maya@mail.example", external_id=None, created_at=NOW
)
NOOR = HumanAgent(
    id=HumanAgentId("h1"), email="noor@shop.example", display_name="Noor", role=Role.LEAD, available=True,
    last_seen_at=None,
)  # fmt: skip


def message(kind: AuthorKind, text: str, *cites: str) -> Message:
    author = AI_AGENT if kind is AuthorKind.AI_AGENT else Actor(kind=kind, id="x")
    citations = tuple(
        Citation(marker=1, article_id=one, passage_id="p", title=one, heading="", url=None, quote="") for one in cites
    )
    return Message(
        id=MessageId("m"), conversation_id=ConversationId("c1"), seq=1, episode=1, author=author,
        visibility=Visibility.PUBLIC, text=text, created_at=NOW, citations=citations,
    )  # fmt: skip


def customer(text: str) -> Message:
    return message(AuthorKind.CUSTOMER, text)


def ai(text: str, *cites: str) -> Message:
    return message(AuthorKind.AI_AGENT, text, *cites)


def person(text: str) -> Message:
    return message(AuthorKind.HUMAN_AGENT, text)


def past(*messages: Message, reason: HandoffReason | None = None, rated_low: bool = False) -> Past:
    handoff = None
    if reason is not None:
        handoff = Handoff(
            id=HandoffId("h"), conversation_id=ConversationId("c1"), episode=1, state=HandoffState.RESOLVED,
            reason=reason, detail="", brief={}, queued_at=NOW, accepted_at=None, accepted_by=None, finished_at=None,
        )  # fmt: skip
    return Past(
        conversation=CONVERSATION, customer=MAYA, messages=messages, handoff=handoff, people=[NOOR], rated_low=rated_low
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("I am Maya de Vries, maya@mail.example", "I am [name], [e-mail]"),
        ("MAYA here, thanks Noor", "[name] here, thanks [name]"),
        ("Call +31 (0)6 1234-5678 or 030/1234567", "Call [number] or [number]"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("IBAN NL91 ABNA 0417 1643 00 please", "IBAN [account] please"),
        ("my iban is nl91abna0417164300", "my iban is [account]"),
        ("call 555-010-0199x4587 or 555 010 0199 ext. 12", "call [number] or [number]"),
        ("see https://shop.example/o/123?t=abc", "see [link]"),
        ("np-49127 and NP 10427, order 49127 again", "NP-90001 and NP-90002, order 90001 again"),
        ("#49127, CARD 4111 1111 1111 1111", "#90001, CARD-[number]"),
        ("on 2026-12-01 I paid 59.90 for 2 pairs in size 42", "on 2026-12-01 I paid 59.90 for 2 pairs in size 42"),
        ("the mayan calendar, november", "the mayan calendar, november"),
    ],
)
def test_who_somebody_is_goes_and_what_they_ask_stays(said: str, kept: str) -> None:
    proposed = proposed_sample(past(customer(said), ai("x")))
    assert proposed is not None
    assert proposed["question"] == kept


def test_what_is_proposed_is_a_sample_of_the_format() -> None:
    for one in (
        past(customer("How long can I return it?"), ai("30 days [1].", "returns")),
        past(customer("Hi"), ai("Hello."), customer("A person!"), reason=HandoffReason.CUSTOMER_ASKED),
        past(customer("Hi"), ai("x"), person("y"), rated_low=True),
    ):
        proposed = proposed_sample(one)
        assert Sample.model_validate(proposed).origin == "conversation c1"


def test_an_answer_that_nobody_corrected_is_expected_again_with_its_articles() -> None:
    proposed = proposed_sample(past(customer("How long?"), ai("30 days [1].", "returns", "returns")))
    assert proposed is not None
    assert proposed["expect"] == {"decision": "answer", "relevant": ["returns"]}
    assert proposed["tags"] == ["from_production"]


def test_what_only_people_settle_is_expected_to_reach_them() -> None:
    proposed = proposed_sample(past(customer("A person please"), reason=HandoffReason.CUSTOMER_ASKED))
    assert proposed is not None
    assert proposed["expect"] == {"decision": "hand_off", "reasons": ["customer_asked"]}
    unsure = proposed_sample(past(customer("How long?"), person("30 days"), reason=HandoffReason.LOW_CONFIDENCE))
    assert unsure is not None
    assert unsure["expect"] == {"decision": "answer|hand_off"}
    assert unsure["tags"] == ["from_production", "handed_off_low_confidence"]


@pytest.mark.parametrize(
    ("one", "tag"),
    [
        (past(customer("How long?"), ai("60 days [1].", "old"), person("No, 30.")), "corrected"),
        (past(customer("How long?"), ai("60 days [1].", "old"), rated_low=True), "low_rating"),
    ],
)
def test_an_answer_that_was_corrected_or_disliked_is_not_held_up_as_right(one: Past, tag: str) -> None:
    proposed = proposed_sample(one)
    assert proposed is not None
    assert proposed["expect"] == {"decision": "answer|hand_off"}
    assert tag in proposed["tags"]  # type: ignore[operator]


def test_what_the_customer_said_to_a_person_is_not_asked_of_the_ai_agent() -> None:
    proposed = proposed_sample(
        past(customer("One"), ai("x"), customer("Two"), person("Hi, Maya"), customer("My address is Elm Street 5"))
    )
    assert proposed is not None
    assert proposed["says_in_turn"] == ["One", "Two"]


def test_people_are_quoted_without_names() -> None:
    assert persons_words(past(customer("Hi"), person("Hi Maya, it is 30 days. Noor"))) == [
        "Hi [name], it is 30 days. [name]"
    ]


def test_nothing_asked_is_no_sample() -> None:
    assert proposed_sample(past(person("Are you there?"))) is None
    assert proposed_sample(past()) is None


def test_an_endless_message_is_cut_to_what_the_format_takes() -> None:
    proposed = proposed_sample(past(customer("why " * 5_000)))
    assert proposed is not None
    Sample.model_validate(proposed)


def test_names_of_two_letters_stay_because_they_are_words() -> None:
    named = replace(past(customer("Can I, Al, do it?")), customer=replace(MAYA, display_name="Al"))
    proposed = proposed_sample(named)
    assert proposed is not None
    assert proposed["question"] == "Can I, Al, do it?"
    assert Redaction(names=()).of("x") == "x"
