"""The pages as the people of a story use them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from tests.journeys.running import ROOT

SCREENSHOTS = ROOT / "artifacts" / "journeys"
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Photographer:
    """Saves screenshots of one story, numbered."""

    folder: Path
    taken: int = 0

    async def take(self, page: Page, what: str) -> None:
        self.taken += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=self.folder / f"{self.taken:02d}-{what}.png")


@dataclass
class CustomerPage:
    page: Page

    @classmethod
    async def open(cls, browser: Browser, url: str, *, bypass_csp: bool = False) -> CustomerPage:
        """`bypass_csp` is for the accessibility checker only, which is put into the page."""
        context = await browser.new_context(viewport={"width": 1280, "height": 860}, bypass_csp=bypass_csp)
        page = await context.new_page()
        await page.goto(url)
        await page.get_by_test_id("launcher").click()
        return cls(page)

    async def sign_in(self, name: str) -> None:
        await self.page.get_by_role("button", name=re.compile("^Sign in")).first.click()
        await (
            self.page.get_by_role("button", name=re.compile(name))
            .or_(self.page.get_by_role("menuitem", name=re.compile(name)))
            .first.click()
        )

    async def say(self, text: str) -> None:
        await self.page.get_by_test_id("composer").fill(text)
        await self.page.get_by_test_id("send").click()

    def messages(self, author: str) -> Locator:
        return self.page.locator(f'[data-testid="message"][data-author="{author}"]')

    async def hears(self, author: str, text: str | re.Pattern[str], *, count: int | None = None) -> None:
        """The newest message of `author` says `text`; with `count`, they have said that many things in all."""
        if count is not None:
            await expect(self.messages(author)).to_have_count(count)
        await expect(self.messages(author).last).to_contain_text(text)


@dataclass
class HumanAgentPage:
    page: Page

    @classmethod
    async def sign_in(cls, browser: Browser, url: str, *, account: int = 0, bypass_csp: bool = False) -> HumanAgentPage:
        """As the demo account of that number."""
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=bypass_csp)
        # Replies leave at once: no story is about the seconds in which they can be taken back.
        await context.add_init_script("localStorage.setItem('baton.console.hold', '0')")
        page = await context.new_page()
        await page.goto(f"{url}/console")
        await page.get_by_test_id("demo-account").nth(account).click()
        await page.get_by_test_id("sign-in-submit").click()
        await expect(page.get_by_test_id("view-queue")).to_be_visible()
        return cls(page)

    async def open_first(self, view: str = "view-queue") -> None:
        await self.page.get_by_test_id(view).click()
        await self.page.get_by_test_id("row").first.click()

    async def claim(self) -> None:
        await self.page.get_by_test_id("claim").click()
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    async def reply(self, text: str) -> None:
        await self.page.get_by_test_id("composer").fill(text)
        await self.page.get_by_test_id("send").click()
