"""The first three stories once more, answered by a language model. On SQLite only: the record is not what differs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, expect

from tests.journeys.pages import CustomerPage, HumanAgentPage, Photographer
from tests.journeys.running import Server, scripted_model

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

UNCOVERED = "Do you rent out kayaks?"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'baton.db'}"


@pytest.fixture
async def server_with_model(server: Server) -> AsyncIterator[Server]:
    async with scripted_model() as base_url:
        server.settings |= {"LLM_BASE_URL": base_url, "LLM_MODEL": "scripted"}
        await server.start()
        yield server


async def traces(server: Server) -> list[dict[str, Any]]:
    """What the console shows behind the AI agent's turns of all conversations, oldest conversation first."""
    async with httpx2.AsyncClient(base_url=server.url) as client:
        account = (await client.get("/console/v1/demo-sign-in")).json()["accounts"][0]
        body = {"email": account["email"], "password": account["password"]}
        (await client.post("/console/v1/session", json=body)).raise_for_status()
        found: dict[str, dict[str, Any]] = {}
        for view in ("automated", "queue", "open"):
            listed = (await client.get(f"/console/v1/conversations?view={view}")).json()["conversations"]
            found |= {one["id"]: one for one in listed}
        views = [(await client.get(f"/console/v1/conversations/{id_}")).json() for id_ in found]
    views.sort(key=lambda view: str(view["conversation"]["created_at"]))
    return [view["traces"][m["turn_id"]] for view in views for m in view["messages"] if m["turn_id"] in view["traces"]]


async def test_the_model_answers_a_visitor_with_a_citation_and_understands_the_follow_up(
    server_with_model: Server, browser: Browser, photographer: Photographer
) -> None:
    visitor = await CustomerPage.open(browser, server_with_model.url)
    await visitor.say("How long do I have to return something?")
    await visitor.hears("ai_agent", "45 days", count=1)
    await expect(visitor.messages("ai_agent").last).to_contain_text("AI agent")
    await photographer.take(visitor.page, "answer")
    await visitor.page.get_by_test_id("citation").first.click()
    await expect(visitor.page.get_by_test_id("article-view")).to_contain_text("45 days")
    await photographer.take(visitor.page, "article")

    other = await CustomerPage.open(browser, server_with_model.url)
    await other.say("How much is standard shipping to Australia?")
    await other.hears("ai_agent", "$19.95", count=1)
    await other.say("and for Canada?")
    await other.hears("ai_agent", "$12.95", count=2)
    await photographer.take(other.page, "follow-up")

    behind = await traces(server_with_model)
    assert [(trace["responder"], trace["decision"]) for trace in behind] == [("llm", "answer")] * 3
    assert "Canada" in behind[-1]["question"]
    assert all(sentence["source"] for trace in behind for sentence in trace["sentences"])


async def test_what_the_model_finds_nothing_on_goes_to_a_person_and_back(
    server_with_model: Server, browser: Browser, photographer: Photographer
) -> None:
    noor = await HumanAgentPage.sign_in(browser, server_with_model.url)
    visitor = await CustomerPage.open(browser, server_with_model.url)
    await visitor.say(UNCOVERED)
    await visitor.hears("ai_agent", "colleague", count=1)
    await noor.open_first()
    await expect(noor.page.get_by_test_id("brief")).to_contain_text(UNCOVERED)
    await photographer.take(noor.page, "brief")
    await noor.claim()
    await noor.reply("We don't, but the harbor next door does.")
    await visitor.hears("human_agent", "the harbor next door", count=1)
    await visitor.say("Great, how much is shipping to Canada?")
    await expect(noor.page.locator('[data-testid="message"][data-author="customer"]').last).to_contain_text("Canada")
    await asyncio.sleep(2)
    await expect(visitor.messages("ai_agent")).to_have_count(1)
    await noor.reply("Let me hand you back to our AI agent for that.")
    await noor.page.get_by_test_id("return-to-ai").click()
    await visitor.say("How long do I have to return something?")
    await visitor.hears("ai_agent", "45 days", count=2)
    await photographer.take(visitor.page, "ai-agent-again")

    behind = await traces(server_with_model)
    assert [(trace["responder"], trace["decision"]) for trace in behind] == [("llm", "handoff"), ("llm", "answer")]


async def test_the_model_tells_customers_about_their_own_orders_only(
    server_with_model: Server, browser: Browser, photographer: Photographer
) -> None:
    maya = await CustomerPage.open(browser, server_with_model.url)
    await maya.say("where is my order NP-48213?")
    await maya.hears("ai_agent", "sign in", count=1)
    await maya.sign_in("Maya")
    await maya.say("where is my order NP-48213?")
    await maya.hears("ai_agent", "NP-48213", count=2)
    told = await maya.messages("ai_agent").last.inner_text()
    await photographer.take(maya.page, "own-order")

    tom = await CustomerPage.open(browser, server_with_model.url)
    await tom.sign_in("Tom")
    await tom.say("where is my order NP-48213?")
    await tom.hears("ai_agent", "your recent orders.", count=1)  # the last words: a reply grows as it is written
    foreign = await tom.messages("ai_agent").last.inner_text()
    await tom.say("where is my order NP-00000?")
    await tom.hears("ai_agent", "your recent orders.", count=2)
    missing = await tom.messages("ai_agent").last.inner_text()
    await photographer.take(tom.page, "foreign-order")
    without_numbers = [re.sub(r"NP-\d+|\d\d?:\d\d( [AP]M)?", "", text) for text in (foreign, missing)]
    assert without_numbers[0] == without_numbers[1], "a foreign and a missing order must look the same"
    secrets = set(re.findall(r"\w{5,}", told)) - set(re.findall(r"\w{5,}", missing))
    assert "NP-48213" in told
    assert not secrets & set(re.findall(r"\w{5,}", foreign)), "a word of the foreign order was shown"

    asked_to_sign_in, *looked_up = await traces(server_with_model)
    assert (asked_to_sign_in["responder"], asked_to_sign_in["tool_calls"]) == ("extractive", [])
    assert [trace["responder"] for trace in looked_up] == ["llm"] * 3
    assert [trace["tool_calls"][0]["result"]["code"] for trace in looked_up] == ["order", "not_found", "not_found"]
