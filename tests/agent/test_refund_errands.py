"""Refunds that are asked for without a model, with every tool of a deployment: what is offered, and what instead."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.draft import Draft, TurnHost
from agent.knowledge_search import FakeSearch
from agent.support_agent import SupportAgent
from conversations.database import open_database
from conversations.model import Assurance, CustomerId
from tests.agent.cast import turn
from tests.agent.test_hostile import MAYA, UNDERSTANDING, World, a_world
from tests.conftest import Record
from tools.action_model import ActionKind
from tools.tool import Principal
from tools.toolbox import Toolbox

WHO = Principal(customer_id=CustomerId("c-maya"), external_id=MAYA, assurance=Assurance.SIGNED)
BOTH = "I want to return the lamp of order NP-10427 and get my money back"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    database = await open_database(url)
    yield await a_world(Record(database=database, url=url))
    await database.close()


async def reply(toolbox: Toolbox, text: str) -> Draft:
    agent = SupportAgent(
        knowledge=FakeSearch({}), understanding=UNDERSTANDING, toolbox=toolbox, llm=None, clock=time.monotonic
    )
    return await agent.reply(turn(text, principal=WHO), host=TurnHost(), deadline_s=10)


@pytest.mark.parametrize("asked", [BOTH, "refund the lamp of order NP-10427 please, I don't want it any more"])
async def test_money_that_comes_once_the_goods_are_back_brings_the_label(world: World, asked: str) -> None:
    draft = await reply(world.toolbox, asked)
    assert draft.offer is not None
    assert draft.offer.kind is ActionKind.RETURN_LABEL
    assert [line.name for line in draft.offer.lines] == ["Lamp"]
    assert "return label" in draft.text
    assert "back" in draft.text.split("return label")[0], "and it says when the money comes"


async def test_what_arrived_broken_is_refunded_without_a_label(world: World) -> None:
    draft = await reply(world.toolbox, "the lamp of order NP-10427 arrived broken, I want my money back")
    assert draft.offer is not None
    assert draft.offer.kind is ActionKind.REFUND


async def test_a_shop_that_sends_no_labels_says_when_the_money_comes(world: World) -> None:
    without = Toolbox([tool for tool in world.toolbox.tools() if tool.name != "offer_return_label"])
    draft = await reply(without, "refund the lamp of order NP-10427 please, I don't want it any more")
    assert draft.offer is None
    assert "back" in draft.text
