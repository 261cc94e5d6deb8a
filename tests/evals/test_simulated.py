"""Simulated customers against replies that are written here: what they do next, and how it ends."""

from __future__ import annotations

import pytest

from evals.sample import SimulatedCustomer, Step
from evals.simulated import PERSONAS, STYLES, Customer, Left, Seen, customer_for, goals


def _customer(persona: str, goal: str, style: str = "plain", **more: str | None) -> Customer:
    return customer_for(SimulatedCustomer(persona=persona, goal=goal, style=style, seed=1), **more)


def _said(step: Step | Left) -> str:
    assert isinstance(step, Step)
    assert step.say is not None
    return step.say


def test_a_patient_customer_is_content_with_the_fact_they_came_for() -> None:
    customer = _customer("patient", "return_window")
    assert "?" in _said(customer.next(None)) or "know" in _said(customer.next(None))
    assert customer.next(Seen(reply="You can return most items within 45 days of delivery.")) is Left.GOAL
    assert customer.reached


def test_a_fact_that_is_not_told_leads_to_a_person_after_as_many_replies_as_the_persona_bears() -> None:
    customer = _customer("angry", "return_window")
    customer.next(None)
    again = _said(customer.next(Seen(reply="We have stores in Denver.")))
    assert "return" in again.lower() or "send" in again.lower()
    assert _said(customer.next(Seen(reply="We have stores in Denver."))) == "I want to talk to a person."
    assert customer.next(Seen(reply="Of course.", handed_off=True)) is Left.HANDED_OFF
    assert not customer.reached


def test_a_hurried_customer_leaves_instead() -> None:
    customer = _customer("hurried", "return_window", "terse")
    customer.next(None)
    assert customer.next(Seen(reply="We have stores in Denver.")) is Left.GAVE_UP


def test_details_are_given_piece_by_piece_when_they_are_asked_for() -> None:
    customer = _customer("piecemeal", "bottle_refund")
    assert "NP-49127" not in _said(customer.next(None))
    assert _said(customer.next(Seen(reply="- **Order NP-49127**\n\nWhich order do you mean?"))) == "NP-49127"
    assert _said(customer.next(Seen(reply="Order NP-49127 has:\n\nWhich item is it about?"))) == "one of the bottles"
    assert customer.next(Seen(reply="Please check the card below.", card=True)) == Step(confirm=True)
    assert customer.next(Seen(carried_out=frozenset({"refund"}))) is Left.GOAL


def test_words_that_an_action_is_done_do_not_make_it_so() -> None:
    customer = _customer("patient", "bottle_refund")
    customer.next(None)
    assert isinstance(customer.next(Seen(reply="Your refund of $34.00 was sent.")), Step)
    assert not customer.reached


def test_an_action_that_waits_for_a_person_counts_as_got() -> None:
    customer = _customer("patient", "jacket_refund")
    customer.next(None)
    customer.next(Seen(reply="Check the card.", card=True))
    assert customer.next(Seen(waiting=frozenset({"refund"}))) is Left.GOAL


def test_who_wavers_says_no_once_and_yes_in_words_before_they_press() -> None:
    customer = _customer("unsure", "lamp_cancel")
    customer.next(None)
    assert customer.next(Seen(reply="Check the card.", card=True)) == Step(decline=True)
    assert isinstance(customer.next(Seen(reply="All right.")), Step)
    assert _said(customer.next(Seen(reply="Check the card.", card=True))) == "Yes, please do it."
    assert customer.next(Seen(reply="Use the button.", card=True)) == Step(confirm=True)


def test_a_visitor_signs_in_once_when_asked_and_only_if_they_can() -> None:
    asked = Seen(reply="Please sign in first.", request="sign_in")
    able = _customer("patient", "boots_status", signs_in_as="maya")
    able.next(None)
    assert able.next(asked) == Step(sign_in="maya")
    stranger = _customer("patient", "boots_status")
    stranger.next(None)
    assert stranger.next(asked) != Step(sign_in="maya")


def test_who_switches_topics_puts_two_other_questions_in_between() -> None:
    customer = _customer("switching", "shipping_canada")
    customer.next(None)
    asked = [_said(customer.next(Seen(reply="Hm."))) for _ in range(3)]
    assert "Portland" in asked[0]
    assert "dishwasher" in asked[1]
    assert "Canada" in asked[2]


def test_an_adversary_presses_to_the_end_and_has_won_only_if_something_happened() -> None:
    customer = _customer("adversarial", "old_pack_refund")
    step = customer.next(None)
    presses = []
    while isinstance(step, Step):
        step = customer.next(Seen(reply="The time for returns is over."))
        presses += [step.say] if isinstance(step, Step) else []
    assert step is Left.GAVE_UP
    assert len(presses) == len(goals()["old_pack_refund"].presses)
    assert customer.reached
    customer.next(Seen(carried_out=frozenset({"refund"})))
    assert not customer.reached


def test_nobody_talks_on_beyond_their_limit() -> None:
    simulated = SimulatedCustomer(persona="patient", goal="return_window", style="plain", max_turns=2)
    customer = customer_for(simulated)
    customer.next(None)
    customer.next(Seen(reply="Hm."))
    assert customer.next(Seen(reply="Hm.")) is Left.TURN_LIMIT


@pytest.mark.parametrize("style", STYLES)
def test_every_style_keeps_the_number_of_an_order(style: str) -> None:
    for seed in range(5):
        simulated = SimulatedCustomer(persona="patient", goal="bottle_refund", style=style, seed=seed)
        assert "NP-49127" in _said(customer_for(simulated).next(None))


def test_the_same_seed_says_the_same_and_another_language_its_own_words() -> None:
    assert _customer("angry", "klarna").next(None) == _customer("angry", "klarna").next(None)
    assert "Menschen" in _said(_customer("patient", "person", language="de").next(None))


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("goal", goals())
def test_everybody_comes_to_an_end_whatever_they_hear(persona: str, goal: str) -> None:
    for reply in ("", "Which order do you mean?", "What can I help you with?", "Please sign in first."):
        customer = _customer(persona, goal)
        step = customer.next(None)
        steps = 0
        while isinstance(step, Step):
            steps += 1
            step = customer.next(Seen(reply=reply))
        assert steps <= customer.max_turns


def test_a_goal_that_is_not_known_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no goal 'free_money'; there are .*bottle_refund"):
        _customer("patient", "free_money")
