"""The public help center as a reader finds it: without scripts, on a phone, with a search, and able to say "No"."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.accessibility import serious_violations
from tests.journeys.pages import Photographer
from tests.journeys.running import Server

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

PAGES = ("/help", "/help?topic=Returns", "/help?q=return+boots", "/help/return-window", "/help/return-window?said=no")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'baton.db'}"


async def opened(browser: Browser, *, width: int, dark: bool, scripts: bool) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        bypass_csp=True,  # for the checker only, which is put into the page
    )
    return await context.new_page()


async def test_a_reader_finds_an_article_and_says_whether_it_helped(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    page = await opened(browser, width=1280, dark=False, scripts=False)
    await page.goto(f"{server.url}/help")
    await photographer.take(page, "front")
    await page.get_by_role("searchbox").fill("how long can I send boots back")
    await page.get_by_role("button", name="Search").click()
    await photographer.take(page, "search")
    await page.get_by_role("link", name="How long do I have to return something?").click()
    await expect(page.get_by_role("article")).to_contain_text("45 days")
    await page.get_by_role("button", name="No").click()
    await page.get_by_role("textbox", name="What was missing or wrong?").fill("Says nothing about sale boots.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("Thank you")
    await photographer.take(page, "feedback")


async def test_every_page_is_accessible_on_a_desk_and_on_a_phone(
    server: Server, browser: Browser, photographer: Photographer
) -> None:
    await server.start()
    for width, dark in ((1280, False), (390, True)):
        page = await opened(browser, width=width, dark=dark, scripts=True)
        for path in PAGES:
            await page.goto(f"{server.url}{path}")
            assert await serious_violations(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        await photographer.take(page, f"article-{width}")
