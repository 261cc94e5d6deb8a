"""A question back with choices, and the choice that is then pressed, typed or pointed at."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from agent import replies
from agent.choices import choices_in, chosen, order_of
from agent.draft import CHOOSE, OFFER_PERSON, Draft, TurnHost, TurnInput, TurnKind
from agent.knowledge_search import FakeSearch
from agent.support_agent import SupportAgent
from agent.understanding import Understanding
from knowledge_base.embedding import HashingEmbedder
from tests.agent.cast import MAYA, NOW, turn
from tests.agent.test_support_agent import ORDER
from tools.order_finding import find_order_tool
from tools.orders import FakeOrderSystem, order_status_tool
from tools.toolbox import Toolbox

UNDERSTANDING = Understanding(HashingEmbedder())
ORDERS = ("Order NP-48213", "Order NP-41952")
ASKED = "Where is my order?"


def shop_agent() -> SupportAgent:
    older = replace(ORDER, number="NP-41952", placed_at=ORDER.placed_at - timedelta(days=9))
    orders = FakeOrderSystem({"cust_1001": [ORDER, older]})
    tools = [order_status_tool(orders, clock=lambda: NOW), find_order_tool(orders, clock=lambda: NOW)]
    return SupportAgent(
        knowledge=FakeSearch({}),
        understanding=UNDERSTANDING,
        toolbox=Toolbox(tools),
        llm=None,
        clock=time.monotonic,
    )


async def reply(asked: TurnInput) -> Draft:
    return await shop_agent().reply(asked, host=TurnHost(), deadline_s=10.0)


async def after_choices(answer: str) -> Draft:
    """The draft after the agent asked which order is meant and the customer answered so."""
    first = await reply(turn(ASKED, principal=MAYA))
    assert first.request == CHOOSE
    said = turn(ASKED, first.text, answer, principal=MAYA)
    customer, agent, answered = said.messages
    return await reply(replace(said, messages=(customer, replace(agent, request=first.request), answered)))


async def test_several_orders_are_given_as_choices() -> None:
    draft = await reply(turn(ASKED, principal=MAYA))
    assert (draft.kind, draft.request) == (TurnKind.ORDER_STATUS, CHOOSE)
    assert choices_in(draft.text) == ORDERS


@pytest.mark.parametrize("answer", ["Order NP-41952", "np-41952", "the second one", "2", "the last one please"])
async def test_a_choice_is_answered_from_that_order(answer: str) -> None:
    draft = await after_choices(answer)
    assert draft.text.startswith("Order NP-41952 ")
    assert draft.request is None


@pytest.mark.parametrize(
    "asked",
    [
        "when does np 41952 get here",
        "any news of np 41952",
        "order NP-41952 how much was refunded",
    ],
)
async def test_who_names_their_order_is_told_about_it_however_they_put_it(asked: str) -> None:
    draft = await reply(turn(asked, principal=MAYA))
    assert draft.kind is TurnKind.ORDER_STATUS
    assert draft.text.startswith("Order NP-41952 ")


@pytest.mark.parametrize("answer", ["where is my order", "the fifth one, where is my parcel"])
async def test_which_order_is_not_asked_twice_in_a_row(answer: str) -> None:
    draft = await after_choices(answer)
    assert draft.request == OFFER_PERSON
    assert draft.text.endswith(replies.OFFER)
    assert "NP-41952" in draft.text


def test_choices_are_the_list_above_the_last_paragraph_and_no_other() -> None:
    listed = "- **Order A-1** is paid.\n- **Order A-2** is paid."
    assert choices_in(f"These fit:\n\n{listed}\n\nWhich one?") == ("Order A-1", "Order A-2")
    assert choices_in(f"{listed}\n\nAnother answer.\n\nWhich one?") == ()
    assert choices_in(listed) == ()
    assert choices_in("") == ()


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("the first", ORDERS[0]),
        ("number 2", ORDERS[1]),
        ("3", None),
        ("order np-41952, thanks", ORDERS[1]),
        ("neither", None),
        ("when i placed my first order with you there was a voucher", None),
    ],
)
def test_a_choice_is_taken_by_name_or_place(said: str, taken: str | None) -> None:
    assert chosen(said, ORDERS) == taken


def test_only_an_order_is_an_order() -> None:
    assert order_of("Shipping to Canada 2026") is None
    assert order_of("Order NP-41952") is not None
