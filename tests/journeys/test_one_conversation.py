"""The six stories that everything else hangs on, in a real browser, on both databases."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, expect

from tests.journeys.cut_line import cut_line
from tests.journeys.pages import CustomerPage, HumanAgentPage, Photographer
from tests.journeys.running import Server, scripted_model

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

MAYA, TOM = "Maya", "Tom"
UNCOVERED = "Do you rent out kayaks?"


def with_model(server: Server, base_url: str) -> None:
    server.settings |= {"LLM_BASE_URL": base_url, "LLM_MODEL": "scripted"}


async def test_a_visitor_asks_and_gets_a_cited_answer(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    visitor = await CustomerPage.open(browser, server.url)
    await visitor.say("How long do I have to return something?")
    await visitor.hears("ai_agent", "45 days", count=1)
    await expect(visitor.messages("ai_agent").last).to_contain_text("AI agent")
    await photographer.take(visitor.page, "answer")
    await visitor.page.get_by_test_id("citation").first.click()
    await expect(visitor.page.get_by_test_id("article-view")).to_contain_text("45 days")
    await photographer.take(visitor.page, "article")


async def test_what_no_article_covers_goes_to_a_person_and_back(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    noor = await HumanAgentPage.sign_in(browser, server.url)
    visitor = await CustomerPage.open(browser, server.url)
    await visitor.say(UNCOVERED)
    await visitor.hears("ai_agent", "colleague", count=1)
    await noor.open_first()
    brief = noor.page.get_by_test_id("brief")
    await expect(brief).to_contain_text(UNCOVERED)
    await photographer.take(noor.page, "brief")
    await noor.claim()
    await noor.reply("We don't, but the harbor next door does.")
    await visitor.hears("human_agent", "the harbor next door", count=1)
    await photographer.take(visitor.page, "reply")
    await visitor.say("Great, how much is shipping to Canada?")
    await expect(noor.page.locator('[data-testid="message"][data-author="customer"]').last).to_contain_text("Canada")
    await asyncio.sleep(2)
    await expect(visitor.messages("ai_agent")).to_have_count(1)
    await noor.reply("Let me hand you back to our AI agent for that.")
    await noor.page.get_by_test_id("return-to-ai").click()
    await visitor.say("How much is shipping to Canada?")
    await visitor.hears("ai_agent", re.compile("Canada|\\$"), count=2)
    await photographer.take(visitor.page, "ai-agent-again")


async def test_a_customer_learns_about_their_own_order_only(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    maya = await CustomerPage.open(browser, server.url)
    await maya.say("where is my order NP-48213?")
    await maya.hears("ai_agent", "sign in", count=1)
    await maya.sign_in(MAYA)
    await maya.say("where is my order NP-48213?")
    await maya.hears("ai_agent", "NP-48213", count=2)
    told = await maya.messages("ai_agent").last.inner_text()
    await photographer.take(maya.page, "own-order")

    tom = await CustomerPage.open(browser, server.url)
    await tom.sign_in(TOM)
    await tom.say("where is my order NP-48213?")
    await expect(tom.messages("ai_agent")).to_have_count(1)
    foreign = await tom.messages("ai_agent").last.inner_text()
    await tom.say("where is my order NP-00000?")
    await expect(tom.messages("ai_agent")).to_have_count(2)
    missing = await tom.messages("ai_agent").last.inner_text()
    await photographer.take(tom.page, "foreign-order")
    without_numbers = [re.sub(r"NP-\d+|\d\d:\d\d( [AP]M)?", "", text) for text in (foreign, missing)]
    assert without_numbers[0] == without_numbers[1], "a foreign and a missing order must look the same"
    secrets = set(re.findall(r"\w{5,}", told)) - set(re.findall(r"\w{5,}", missing))
    assert "NP-48213" in told
    assert not secrets & set(re.findall(r"\w{5,}", foreign)), "a word of the foreign order was shown"


async def test_a_cut_line_loses_and_doubles_nothing(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    async with scripted_model(delay_s=2.0) as model:
        with_model(server, model)
        await server.start()
        async with cut_line(server.port) as line:
            visitor = await CustomerPage.open(browser, f"http://127.0.0.1:{line.port}")
            await visitor.say("How long do I have to return something?")
            await expect(visitor.page.get_by_test_id("activity")).to_be_visible()
            line.cut()
            await visitor.say("And what about sale items?")
            await asyncio.sleep(4)
            await photographer.take(visitor.page, "cut")
            await expect(visitor.messages("ai_agent")).to_have_count(0)
            line.mend()
            await visitor.hears("ai_agent", re.compile("."), count=2)
            await expect(visitor.messages("customer")).to_have_count(2)
            await photographer.take(visitor.page, "mended")
            await visitor.page.reload()
            await visitor.page.get_by_test_id("launcher").click()
            await expect(visitor.messages("ai_agent")).to_have_count(2)
            await expect(visitor.messages("customer")).to_have_count(2)


async def test_kill_9_in_the_middle_of_a_turn_ends_in_an_answer_or_a_handoff(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    async with scripted_model(delay_s=3.0) as model:
        with_model(server, model)
        await server.start()
        visitor = await CustomerPage.open(browser, server.url)
        await visitor.say("How long do I have to return something?")
        await expect(visitor.page.get_by_test_id("activity")).to_be_visible()
        await asyncio.sleep(0.5)
        server.kill()
        await expect(visitor.messages("ai_agent")).to_have_count(0)
        await server.start()
        await visitor.hears("ai_agent", re.compile(r"\w{4,}"), count=1)
        await photographer.take(visitor.page, "after-restart")
        await asyncio.sleep(2)
        await expect(visitor.messages("ai_agent")).to_have_count(1)
        await expect(visitor.messages("customer")).to_have_count(1)


async def test_a_person_takes_over_while_the_ai_agent_writes_and_it_stays_silent(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    async with scripted_model(delay_s=5.0) as model:
        with_model(server, model)
        await server.start()
        noor = await HumanAgentPage.sign_in(browser, server.url)
        visitor = await CustomerPage.open(browser, server.url)
        await visitor.say("How long do I have to return something?")
        await expect(visitor.page.get_by_test_id("activity")).to_be_visible()
        await noor.open_first("view-automated")
        await noor.claim()
        await noor.reply("Hi, I'm taking this one.")
        await visitor.hears("human_agent", "taking this one", count=1)
        await asyncio.sleep(7)
        await expect(visitor.messages("ai_agent")).to_have_count(0)
        await photographer.take(visitor.page, "only-the-person")
