"""A saved reply, from the lead who writes it to the customer who reads it, by the keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.journeys.accessibility import serious_violations
from tests.journeys.pages import CustomerPage, HumanAgentPage, Photographer
from tests.journeys.running import Server

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[Server]:
    """On SQLite: what differs between the databases is tested below the pages."""
    running = Server(data_dir, {})
    yield running
    running.stop()


async def test_a_saved_reply_is_written_taken_by_keyboard_filled_and_sent(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    noor = await HumanAgentPage.sign_in(browser, server.url, bypass_csp=True)
    page = noor.page
    await page.get_by_test_id("setup-replies").click()
    first = page.get_by_role("button", name="Write the first one")
    await expect(first).to_be_visible()
    await photographer.take(page, "no-replies-yet")
    await first.click()
    await page.get_by_label("Title").fill("Parcel is late")
    await page.get_by_label("Shortcut:").fill("late")
    await page.get_by_test_id("reply-text").fill("Hi {{customer.first_name}}, <b>{{order.number}}</b> is late.")
    await photographer.take(page, "form")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_test_id("saved-reply")).to_contain_text("Used 0 times")
    assert await serious_violations(page) == []

    maya = await CustomerPage.open(browser, server.url)
    await maya.sign_in("Maya")
    await maya.say("I want to talk to a person")
    await maya.hears("ai_agent", "colleague")
    await page.get_by_test_id("view-queue").click()
    await noor.open_first()
    await page.get_by_test_id("claim-and-reply").click()
    field = page.get_by_test_id("composer")
    await field.press_sequentially("and/or ")
    await expect(page.get_by_test_id("saved-menu")).to_have_count(0)
    await field.press_sequentially("/")
    await expect(page.get_by_test_id("saved-option")).to_have_count(1)
    await photographer.take(page, "menu")
    assert await serious_violations(page) == []
    await page.keyboard.type("nothing")
    await page.keyboard.press("Escape")
    await expect(field).to_have_value("and/or /nothing")
    await field.fill("")
    await field.press_sequentially("/")
    await page.keyboard.type("late")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("Hi Maya, <b>{{order.number}}</b> is late.")
    await expect(page.get_by_test_id("unfilled")).to_contain_text("{{order.number}}")
    await expect(page.get_by_test_id("send")).to_be_disabled()
    await photographer.take(page, "unfilled")
    await page.keyboard.press("Enter")
    await page.keyboard.type("NP-49127")
    await page.keyboard.press("Enter")
    await maya.hears("human_agent", "Hi Maya, <b>NP-49127</b> is late.")
