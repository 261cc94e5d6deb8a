"""Money, as the customer and the people at the console see it move: once, and only after who must say yes has."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.journeys.accessibility import serious_violations
from tests.journeys.pages import CustomerPage, HumanAgentPage, Photographer
from tests.journeys.running import Server

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
WITHIN, ABOVE = "NP-49127", "NP-37492"


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[Server]:
    """On SQLite: what differs between the databases is tested below the pages."""
    running = Server(data_dir, {})
    yield running
    running.stop()


def refunds(server: Server, number: str) -> list[tuple[int, str]]:
    """(minor units, state) of what the provider's own books hold for an order."""
    with closing(sqlite3.connect(server.data_dir / "demo" / "payments.db")) as books:
        query = "SELECT amount, state FROM refunds WHERE payment = ? AND reference IS NOT NULL"
        return list(books.execute(query, (f"pay_{number}",)))


async def maya_asks(browser: Browser, server: Server) -> CustomerPage:
    maya = await CustomerPage.open(browser, server.url)
    await maya.sign_in("Maya")
    await maya.say("I want to talk to a person")
    await maya.hears("ai_agent", "colleague")
    return maya


async def offer(person: HumanAgentPage, number: str) -> None:
    await person.open_first()
    actions = person.page.get_by_test_id("conversation-actions")
    await actions.locator("summary").first.click()
    await person.page.get_by_test_id("offer-order").fill(number)
    await person.page.get_by_test_id("offer-refund").click()
    await expect(actions).to_contain_text("The customer confirms it")


async def test_a_refund_within_policy_is_made_once_though_confirmed_twice_in_two_tabs(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    noor = await HumanAgentPage.sign_in(browser, server.url)
    maya = await maya_asks(browser, server)
    await offer(noor, WITHIN)
    shown = maya.page.get_by_test_id("action-card")
    await expect(shown).to_contain_text("$113.95")
    await expect(shown).to_contain_text("Visa ending 4242")
    await photographer.take(maya.page, "card")
    second = await maya.page.context.new_page()
    await second.goto(server.url)
    await second.get_by_test_id("launcher").click()
    confirm = [page.get_by_test_id("confirm-action") for page in (maya.page, second)]
    await expect(confirm[1]).to_be_visible()
    assert refunds(server, WITHIN) == []
    clicks = await asyncio.gather(*(button.dblclick(timeout=5_000) for button in confirm), return_exceptions=True)
    assert None in clicks, "one of them at least was in time; the other may find no button any more"
    for page in (maya.page, second):
        await expect(page.get_by_test_id("action-card")).to_have_attribute("data-standing", "done")
    await photographer.take(maya.page, "done")
    await asyncio.sleep(2)
    assert refunds(server, WITHIN) == [(11_395, "succeeded")]
    await maya.page.reload()
    await maya.page.get_by_test_id("launcher").click()
    await expect(maya.page.get_by_test_id("action-card")).to_have_count(1)
    await expect(maya.page.get_by_test_id("confirm-action")).to_have_count(0)


async def test_a_refund_above_the_limit_is_approved_by_a_second_person(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    noor = await HumanAgentPage.sign_in(browser, server.url)
    sam = await HumanAgentPage.sign_in(browser, server.url, account=1)
    maya = await maya_asks(browser, server)
    await offer(noor, ABOVE)
    await maya.page.get_by_test_id("confirm-action").press("Enter")
    await expect(maya.page.get_by_test_id("action-card")).to_have_attribute("data-standing", "waiting")
    await photographer.take(maya.page, "waiting")
    await noor.page.get_by_test_id("view-actions").click()
    waiting = noor.page.get_by_test_id("action")
    await expect(waiting).to_contain_text("A colleague has to approve it")
    await expect(noor.page.get_by_test_id("approve")).to_have_count(0)
    await photographer.take(noor.page, "own-request")
    assert refunds(server, ABOVE) == []
    await sam.page.get_by_test_id("view-actions").click()
    await expect(sam.page.get_by_test_id("action")).to_contain_text("$199.00 is more than the $150.00")
    await photographer.take(sam.page, "approval")
    await sam.page.get_by_test_id("approve").click()
    await expect(maya.page.get_by_test_id("action-card")).to_have_attribute("data-standing", "done")
    assert refunds(server, ABOVE) == [(19_900, "succeeded")]
    await sam.page.get_by_test_id("reconcile").click()
    await expect(sam.page.get_by_test_id("report")).to_contain_text("1 agree")


async def test_cards_and_the_page_of_actions_hinder_nobody(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    noor = await HumanAgentPage.sign_in(browser, server.url, bypass_csp=True)
    maya = await CustomerPage.open(browser, server.url, bypass_csp=True)
    await maya.sign_in("Maya")
    await maya.say("I want to talk to a person")
    await maya.hears("ai_agent", "colleague")
    await offer(noor, ABOVE)
    await expect(maya.page.get_by_test_id("action-card")).to_be_visible()
    assert await serious_violations(maya.page) == []
    await maya.page.get_by_test_id("confirm-action").focus()
    await maya.page.keyboard.press("Enter")
    await expect(maya.page.get_by_test_id("action-card")).to_have_attribute("data-standing", "waiting")
    await noor.page.get_by_test_id("view-actions").click()
    await noor.page.get_by_test_id("policy-customer").fill("cust_1001")
    await noor.page.get_by_test_id("policy-order").fill(WITHIN)
    await noor.page.get_by_test_id("ask-policy").click()
    await expect(noor.page.get_by_test_id("outlook")).to_contain_text("Refunded automatically: $113.95")
    await photographer.take(noor.page, "policy")
    assert await serious_violations(noor.page) == []
