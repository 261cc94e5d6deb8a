"""The model's server goes away under load and comes back: every turn ends in time, in an answer or with a person."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.scripted_model import create_scripted_model
from tests.app.llm_shop import Desk, Shop, Turn, agent_with_clock, model_server, open_shop, serving_shop
from tests.services import free_port

pytestmark = [pytest.mark.model]

QUESTIONS = ("How long do I have to return something?", "Do you rent out kayaks?", "How much is shipping to Canada?")
AT_ONCE = 3
ENDS_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, encoders: Path) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop"), encoders) as opened:
        yield opened


async def asked_until(desk: Desk, until: float) -> list[Turn]:
    """Customers who ask one question after the other until then, each in a conversation of its own."""

    async def customer(place: int) -> list[Turn]:
        turns: list[Turn] = []
        while time.monotonic() < until:
            turns.append(await (await desk.chat()).ask(QUESTIONS[(len(turns) + place) % len(QUESTIONS)]))
        return turns

    return [turn for turns in await asyncio.gather(*map(customer, range(AT_ONCE))) for turn in turns]


async def outage(shop: Shop, database: Path, seconds: float) -> tuple[list[Turn], list[Turn]]:
    """(turns while the server was away, turns after it came back). The breaker's clock is the machine's."""
    port, later = free_port(), 0.0
    agent = agent_with_clock(shop, f"http://127.0.0.1:{port}/v1", lambda: time.monotonic() + later)
    async with serving_shop(shop, database, agent) as desk:
        async with model_server(create_scripted_model(), port=port):
            await asked_until(desk, time.monotonic() + 1)
        away = await asked_until(desk, time.monotonic() + seconds)
        later = 31.0  # the pause after repeated failures is over
        async with model_server(create_scripted_model(), port=port):
            back = await asked_until(desk, time.monotonic() + 2)
    return away, back


def assert_served(away: list[Turn]) -> None:
    assert len(away) >= AT_ONCE
    assert all(turn.seconds < ENDS_WITHIN_S for turn in away)
    assert all(turn.status == "queued" or turn.trace["responder"] == "extractive" for turn in away)
    assert all(turn.text.strip() for turn in away)


@pytest.mark.timeout(120)
async def test_every_turn_ends_while_the_model_is_away_and_it_answers_again_after(shop: Shop, tmp_path: Path) -> None:
    away, back = await outage(shop, tmp_path / "b.db", seconds=3)
    assert_served(away)
    assert any(turn.trace["responder"] == "llm" for turn in back)


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_every_turn_ends_while_the_model_is_away_for_ten_minutes(shop: Shop, tmp_path: Path) -> None:
    away, back = await outage(shop, tmp_path / "b.db", seconds=600)
    print(f"\n{len(away)} turns, longest {max(turn.seconds for turn in away):.1f} s")  # noqa: T201
    assert_served(away)
    assert any(turn.trace["responder"] == "llm" for turn in back)
