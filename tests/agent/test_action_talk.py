from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.action_talk import ON_THE_CARD, told_about_action
from agent.hearing import Heard, hear
from tests.agent.cast import turn
from tools.action_model import Action, ActionId, ActionKind, ActionState, Funds, Proposal, ProposedLine
from tools.order_model import Money

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
USD = Money(minor=3400, currency="USD")
PROPOSAL = Proposal(
    kind=ActionKind.REFUND,
    external_customer_id="cust_1",
    order_number="NP-1001",
    lines=(ProposedLine(line="bottle", name="Bottle", units=(0,), amount=USD),),
    destination="Visa ending 4242",
    reason="damaged",
    policy_version="1",
    rule="wrong_on_arrival",
    funds=Funds(amount=USD, payment="pay_1", captured=USD, refunded_elsewhere=Money(minor=0, currency="USD")),
)


def an_action(state: ActionState) -> Action:
    return Action(
        id=ActionId("a"),
        conversation_id=turn("x").messages[0].conversation_id,
        customer_id=turn("x").principal.customer_id,
        state=state,
        proposal=PROPOSAL,
        digest=PROPOSAL.digest,
        seq=1,
        proposed_at=NOW,
        expires_at=NOW,
        updated_at=NOW,
    )


def heard(text: str) -> Heard:
    return hear(turn(text))


def told(text: str, state: ActionState) -> str:
    draft = told_about_action(heard(text), [an_action(state)])
    return draft.text if draft else ""


@pytest.mark.parametrize("text", ["yes", "yes yes", "Yes, confirm!", "confirm", "I agree", "go ahead", "ok", "do it"])
def test_a_yes_in_words_leads_to_the_card_and_confirms_nothing(text: str) -> None:
    assert told(text, ActionState.PROPOSED) == ON_THE_CARD


@pytest.mark.parametrize(
    "text", ["did it work?", "Did it go through?", "Is my refund done?", "where is my refund?", "was it approved?"]
)
def test_how_far_it_is_comes_from_the_record(text: str) -> None:
    for state in (ActionState.SENDING, ActionState.UNKNOWN, ActionState.RESERVED, ActionState.CONFIRMED):
        answer = told(text, state)
        assert "pending" in answer
        assert "was sent" not in answer
    assert "was sent to Visa ending 4242" in told(text, ActionState.SUCCEEDED)
    assert "did not go through" in told(text, ActionState.FAILED)


@pytest.mark.parametrize("text", ["How long do I have to return something?", "yes but how much is shipping to Canada"])
def test_other_questions_are_answered_as_ever(text: str) -> None:
    assert told_about_action(heard(text), [an_action(ActionState.SUCCEEDED)]) is None


def test_without_an_action_nothing_is_said_about_one() -> None:
    assert told_about_action(heard("did it work?"), []) is None


def test_what_waits_for_a_person_is_called_so() -> None:
    waiting = replace(an_action(ActionState.CONFIRMED), approval="above the limit")
    draft = told_about_action(heard("did it work?"), [waiting])
    assert draft is not None
    assert "waits for a person" in draft.text
