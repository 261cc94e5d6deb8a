"""A turn comes out again from what it was pinned to, and otherwise where something is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.replaying import CannotReplay
from app.scripted_faults import FaultKind
from app.scripted_model import create_scripted_model
from conversations.model import TurnId
from tests.app.llm_shop import MAYA, Desk, ModelServer, Shop, Turn, model_server, open_shop, shop_with_model

pytestmark = [pytest.mark.model, pytest.mark.timeout(240)]

COVERED = "How long do I have to return something?"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, encoders: Path) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop"), encoders) as opened:
        yield opened


async def replayed(desk: Desk, turn: Turn, **changes: str) -> dict[str, object]:
    replaying = desk.served.baton.replaying
    assert replaying is not None
    return dict((await replaying.replay(TurnId(str(turn.reply["turn_id"])), changes)).as_json())


async def test_an_extractive_turn_repeats_byte_for_byte(shop: Shop, tmp_path: Path) -> None:
    async with shop_with_model(shop, tmp_path / "b.db", base_url=None) as desk:
        chat = await desk.chat(MAYA)
        turns = [await chat.ask(text) for text in (COVERED, "and for Canada?", "Where is my order NP-48213?")]
        for turn in turns:
            again = await replayed(desk, turn)
            assert again["same"], again
            assert again["now"] == turn.text
            assert again["pins_changed"] == []


@asynccontextmanager
async def modelled(
    shop: Shop, tmp_path: Path, *, model: str = "scripted", conversation_tokens: int = 200_000
) -> AsyncIterator[tuple[Desk, ModelServer]]:
    database = tmp_path / "b.db"
    async with (
        model_server(create_scripted_model()) as server,
        shop_with_model(
            shop, database, base_url=server.base_url, model=model, conversation_tokens=conversation_tokens
        ) as desk,
    ):
        yield desk, server


async def test_a_models_turn_repeats_from_its_recorded_exchanges(shop: Shop, tmp_path: Path) -> None:
    async with modelled(shop, tmp_path) as (desk, server):
        chat = await desk.chat(MAYA)
        turns = [await chat.ask(text) for text in (COVERED, "Where is my order NP-48213?")]
        asked = len(server.log.requests)
        for turn in turns:
            assert turn.trace["responder"] == "llm"
            again = await replayed(desk, turn)
            assert again["same"], again
            assert again["pins_changed"] == [], "it asked the model the very same"
        assert len(server.log.requests) == asked, "no model is asked"


async def test_another_responder_or_threshold_shows_what_would_differ(shop: Shop, tmp_path: Path) -> None:
    async with modelled(shop, tmp_path) as (desk, _):
        turn = await (await desk.chat()).ask(COVERED)
        quoted = await replayed(desk, turn, responder="extractive")
        strict = await replayed(desk, turn, threshold="0.9999")
    assert not quoted["same"]
    assert quoted["differences"]["responder"] == {"then": "llm", "now": "extractive"}  # type: ignore[index]
    assert strict["differences"]["decision"]["now"] == "clarify", "near the threshold it asks which article is meant"  # type: ignore[index]
    assert "threshold" in str(strict["pins_changed"])


async def test_a_turn_of_a_model_that_failed_repeats_its_quotation(shop: Shop, tmp_path: Path) -> None:
    async with modelled(shop, tmp_path, model=f"scripted:fault={FaultKind.SERVER_ERROR}") as (desk, _):
        turn = await (await desk.chat()).ask(COVERED)
        again = await replayed(desk, turn)
    assert again["same"], again


async def test_an_unknown_turn_is_said_to_be_unknown(shop: Shop, tmp_path: Path) -> None:
    async with shop_with_model(shop, tmp_path / "b.db", base_url=None) as desk:
        assert desk.served.baton.replaying is not None
        with pytest.raises(CannotReplay, match="no turn"):
            await desk.served.baton.replaying.replay(TurnId("nothing"), {})


async def test_past_the_spending_cap_answers_are_quotations(shop: Shop, tmp_path: Path) -> None:
    async with modelled(shop, tmp_path, conversation_tokens=3_000) as (desk, server):
        turn = await (await desk.chat()).ask(COVERED)
    assert server.log.requests == []
    assert turn.trace["responder"] == "extractive"
    assert "spending cap" in turn.trace["fell_back"]
    assert "45 days" in turn.text
