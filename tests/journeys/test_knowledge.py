"""The support lead looks after the help center, in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.journeys.pages import CustomerPage, HumanAgentPage, Photographer
from tests.journeys.running import ROOT, Server

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
KAYAKS = """---
id: kayaks
---
# Renting a kayak

A single kayak costs $25 for half a day. You can cancel a kayak rental free of charge up to 24 hours before it begins.
"""
CANCELLING = "# Cancelling a kayak\n\nYou can cancel a kayak rental free of charge up to 48 hours before it begins."
BROKEN = "---\nexpires_at: soon\n---\n# Broken\n\nText."
QUESTION = "What does it cost to rent a kayak for half a day?"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """The knowledge base lies in files; which database keeps the conversations makes no difference to it."""
    return f"sqlite:///{tmp_path / 'baton.db'}"


@pytest.fixture
def guides(tmp_path: Path) -> Path:
    folder = tmp_path / "guides"
    folder.mkdir()
    (folder / "cancelling.md").write_text(CANCELLING)
    (folder / "kayaks.md").write_text(KAYAKS)
    (folder / "broken.md").write_text(BROKEN)
    for n in range(30):
        text = f"# Trail {n}\n\n" + f"Trail {n} leads over the ridge and takes {n} hours. " * 20
        (folder / f"trail-{n}.md").write_text(text)
    return folder


@pytest.fixture
async def console(server: Server, browser: Browser, guides: Path) -> Page:
    """Somebody at the console of a started server, which may read the guides."""
    server.settings |= {"SOURCE_DIRS": json.dumps([str(guides.parent)])}
    await server.start()
    noor = await HumanAgentPage.sign_in(browser, server.url)
    return noor.page


async def test_from_a_new_source_to_a_corrected_answer(
    server: Server, browser: Browser, console: Page, guides: Path, photographer: Photographer
) -> None:
    await console.get_by_test_id("knowledge-sources").click()
    await expect(console.get_by_test_id("source")).to_have_count(1)
    await add_source(console, guides)
    await expect(console.get_by_test_id("sync-running")).to_be_visible()
    await photographer.take(console, "syncing")
    await console.reload()
    await expect(console.get_by_test_id("sync-finished")).to_contain_text("32 added")
    added = console.get_by_test_id("source").filter(has_text="Guides")
    await expect(added).to_contain_text("32 articles")
    await added.get_by_role("button", name="Last report").click()
    await expect(console.get_by_test_id("report")).to_contain_text("broken.md")
    await photographer.take(console, "report")

    await console.get_by_test_id("knowledge-search").click()
    await console.get_by_test_id("search-question").fill(QUESTION)
    await console.get_by_test_id("search-submit").click()
    first = console.get_by_test_id("hit").first
    await expect(first).to_contain_text("Renting a kayak")
    await expect(first.get_by_test_id("hit-why")).to_contain_text(re.compile("1st by (meaning|words)"))
    await expect(first.get_by_test_id("hit-why")).to_contain_text("kayak")
    await expect(first.locator("mark").first).to_be_visible()
    await photographer.take(console, "search")

    await console.get_by_test_id("knowledge-overlaps").click()
    overlap = console.get_by_test_id("overlap").filter(has_text="Cancelling a kayak").first
    await expect(overlap).to_contain_text("May contradict")
    for hours in ("24 hours", "48 hours"):
        await expect(overlap.locator("mark", has_text=hours)).to_have_count(1)
    await photographer.take(console, "overlaps")

    await overlap.get_by_role("link", name="Renting a kayak").click()
    await console.get_by_test_id("edit-article").click()
    text = console.get_by_test_id("article-text")
    await text.fill("A single kayak costs **$31** for half a day.")
    await expect(console.get_by_test_id("preview")).to_contain_text("A single kayak costs $31")
    await console.reload()
    await expect(text).to_have_value(re.compile("31"))
    await console.get_by_test_id("save-article").click()
    await expect(console.get_by_test_id("article-body")).to_contain_text("$31")
    await photographer.take(console, "article")

    visitor = await CustomerPage.open(browser, server.url)
    await visitor.say(QUESTION)
    await visitor.hears("ai_agent", "$31", count=1)
    await photographer.take(visitor.page, "answer")

    await console.get_by_test_id("knowledge-versions").click()
    await expect(console.get_by_test_id("version").first).to_contain_text("Live")
    await console.get_by_test_id("what-changed").first.click()
    await expect(console.get_by_test_id("diff")).to_contain_text("$31")
    await photographer.take(console, "versions")
    earlier = console.get_by_test_id("version").nth(1)
    await earlier.get_by_test_id("roll-back").click()
    await earlier.get_by_test_id("roll-back-confirm").click()
    await expect(earlier.get_by_test_id("live")).to_be_visible()
    visitor = await CustomerPage.open(browser, server.url)
    await visitor.say(QUESTION)
    await visitor.hears("ai_agent", "$25", count=1)


async def test_a_withdrawn_article_is_not_found_until_it_is_restored(console: Page) -> None:
    await console.get_by_test_id("knowledge-articles").click()
    await console.get_by_test_id("article-search").fill("gift card")
    row = console.get_by_test_id("article-row").first
    await expect(row).to_contain_text(re.compile("gift", re.IGNORECASE))
    title = (await row.get_by_role("link").inner_text()).strip()
    await row.get_by_role("link").click()
    await console.get_by_test_id("withdraw").click()
    await console.get_by_test_id("withdraw-confirm").click()
    await expect(console.get_by_test_id("state").first).to_have_text("Withdrawn")
    await console.get_by_test_id("knowledge-search").click()
    await console.get_by_test_id("search-question").fill(title)
    await console.get_by_test_id("search-submit").click()
    await expect(console.get_by_test_id("hit").first).to_be_visible()
    await expect(console.get_by_role("heading", name=title, exact=True).locator("a")).to_have_count(0)
    await console.go_back()
    await console.go_back()
    await console.get_by_test_id("restore").click()
    await expect(console.get_by_test_id("state").first).to_have_text("Live")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "390px"])
async def test_every_page_is_accessible(
    server: Server, browser: Browser, console: Page, guides: Path, size: ViewportSize, photographer: Photographer
) -> None:
    await console.get_by_test_id("knowledge-sources").click()
    await add_source(console, guides)
    await expect(console.get_by_test_id("sync-finished")).to_be_visible()
    # axe is put into the page as text, which the page's own policy rightly refuses.
    context = await browser.new_context(
        viewport=size, bypass_csp=True, storage_state=await console.context.storage_state()
    )
    pages = {
        "sources": "/sources",
        "adding": "/sources?add=1",
        "articles": "/articles",
        "article": "/articles/kayaks",
        "editor": "/articles/kayaks?edit=1",
        "write": "/write",
        "search": "/search?q=rent+a+kayak",
        "versions": "/versions?before=1&after=2",
        "overlaps": "/overlaps",
    }
    found = {}
    for theme in ("light", "dark"):
        for name, path in pages.items():
            page = await _ready(context, f"{server.url}/console/knowledge{path}", theme)
            await photographer.take(page, f"{name}-{theme}")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
            found[name, theme] = await _serious(page)
            await page.close()
    assert {where: what for where, what in found.items() if what} == {}


async def test_the_area_is_worked_by_keys_alone(console: Page) -> None:
    await console.get_by_test_id("knowledge-sources").focus()
    await console.keyboard.press("Tab")
    await console.keyboard.press("Enter")
    await expect(console.get_by_role("heading", name="Articles", level=1)).to_be_focused()
    await expect(console.get_by_test_id("knowledge-articles")).to_have_attribute("aria-current", "page")
    await console.keyboard.press("Tab")
    await expect(console.get_by_test_id("write-article")).to_be_focused()
    await console.get_by_test_id("article-row").first.get_by_role("link").press("Enter")
    await console.get_by_test_id("withdraw").press("Enter")
    await expect(console.get_by_role("button", name="Cancel")).to_be_focused()
    await console.keyboard.press("Escape")
    await expect(console.get_by_test_id("withdraw")).to_be_focused()


async def add_source(console: Page, folder: Path) -> None:
    await console.get_by_test_id("add-source").click()
    form = console.get_by_test_id("source-form")
    await form.get_by_label("Markdown files").check()
    await form.get_by_label("Name").fill("Guides")
    await form.get_by_label("Folder or file").fill(str(folder))
    await console.get_by_test_id("save-source").click()


async def _ready(context: BrowserContext, url: str, theme: str) -> Page:
    page = await context.new_page()
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    await page.goto(url)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator(".bone")).to_have_count(0)
    return page


async def _serious(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text())
    result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:200]}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
