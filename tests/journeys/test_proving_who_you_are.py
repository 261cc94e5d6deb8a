"""A customer proves by a code who they are, or does not, in a real browser."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.pages import CustomerPage, Photographer
from tests.journeys.running import Server

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
ORDER, EMAIL = "NP-31058", "aisha.rahman@example.org"
"""Aisha has no way to sign in on the demo's page: a code is the only proof she can give."""


async def code_in_mailbox(server: Server) -> str:
    async with httpx2.AsyncClient(base_url=server.url) as client:
        for _ in range(100):
            mails = (await client.get("/demo/v1/mail")).json()["mails"]
            if mails:
                assert mails[0]["to"] == EMAIL
                found = re.search(r"\b\d{6}\b", mails[0]["text"])
                assert found is not None
                return found.group()
    raise AssertionError("no mail came")


async def ask_for_code(page: Page, email: str) -> None:
    await page.get_by_test_id("code-instead").click()
    form = page.get_by_test_id("ask-for-code")
    await expect(form.get_by_label("Order number")).to_have_value(ORDER)
    await form.get_by_label(re.compile("E-mail")).fill(email)
    await form.get_by_role("button", name="Send me a code").click()
    await expect(page.get_by_label("Code from the e-mail")).to_be_focused()


async def test_a_stranger_proves_by_a_code_whose_order_it_is(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    aisha = await CustomerPage.open(browser, server.url)
    page = aisha.page
    await aisha.say(f"Where is my order {ORDER}?")
    await aisha.hears("ai_agent", "sign in", count=1)
    await photographer.take(page, "asked-to-prove")
    await ask_for_code(page, EMAIL)
    await photographer.take(page, "code-asked")
    await page.get_by_label("Code from the e-mail").fill(await code_in_mailbox(server))
    await page.keyboard.press("Enter")
    await aisha.hears("ai_agent", "was delivered", count=2)
    await photographer.take(page, "order-told")


async def test_three_wrong_codes_are_the_end_of_it(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    thief = await CustomerPage.open(browser, server.url)
    page = thief.page
    await thief.say(f"Where is my order {ORDER}?")
    await thief.hears("ai_agent", "sign in", count=1)
    await ask_for_code(page, EMAIL)
    code = await code_in_mailbox(server)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    form = page.get_by_test_id("enter-code")
    for said in ("2 more tries", "one more try", "no longer works"):
        await page.get_by_label("Code from the e-mail").fill(wrong)
        await form.get_by_role("button", name="Confirm").click()
        await expect(form.get_by_role("alert")).to_contain_text(said)
    await expect(page.get_by_label("Code from the e-mail")).to_have_count(0)
    await photographer.take(page, "code-over")
    await expect(thief.messages("ai_agent")).to_have_count(1)
    await page.get_by_test_id("new-code").click()
    await expect(page.get_by_test_id("ask-for-code")).to_be_visible()
