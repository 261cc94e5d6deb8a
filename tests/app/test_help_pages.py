from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from app.service import create_service
from app.settings import Settings
from app.wiring import Parts
from knowledge_base.model import Article, ArticleId
from tests.app.serving import COMPANY, Shelf, WrittenAgent

EVIL = "\"'><script>alert(1)</script>&amp;"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]


@asynccontextmanager
async def reading(tmp_path: Path, *articles: Article) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings(data_dir=tmp_path, link_hosts=["shop.example"], _env_file=None)
    service = create_service(settings, Parts(library=Shelf(*articles), agent=WrittenAgent(), company=COMPANY))
    transport = httpx2.ASGITransport(app=service)
    async with (
        service.router.lifespan_context(service),
        httpx2.AsyncClient(transport=transport, base_url="http://baton") as client,
    ):
        yield client


def article(text: str, **changes: object) -> Article:
    values: dict[str, object] = {"id": ArticleId("a"), "title": "Returns", "text": text}
    return Article(**(values | changes))  # type: ignore[arg-type]


async def page_of(tmp_path: Path, shown: Article) -> Elements:
    async with reading(tmp_path, shown) as client:
        answer = await client.get(f"/help/{shown.id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    return Elements(answer.text)


async def test_an_article_reads_without_scripts(tmp_path: Path) -> None:
    text = (
        "Intro with `code`.\n\n## Steps\n\n3. Pack it.\n4. Send it.\n\n- a\n- b\n\n> quote\n\n```\nls\n```\n\n---\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n[help](/help/b) and **bold** *em*\\\nnext"
    )
    page = await page_of(tmp_path, article(text, updated_at=datetime(2026, 3, 9, tzinfo=UTC)))
    for tag in (
        "h1",
        "h2",
        "ol",
        "ul",
        "li",
        "blockquote",
        "pre",
        "hr",
        "table",
        "th",
        "td",
        "a",
        "strong",
        "em",
        "br",
    ):
        assert tag in page.tags(), tag
    assert ("ol", {"start": "3"}) in page.found, "step 3 must not read as step 1"
    assert "Updated 9 March 2026" in page.text
    assert "Returns · Test Shop" in page.text


async def test_nothing_an_article_says_becomes_markup(tmp_path: Path) -> None:
    written = [
        EVIL,
        f"# {EVIL}",
        f"- {EVIL}",
        f"> {EVIL}",
        f"`{EVIL}`",
        f"```\n{EVIL}\n```",
        f"| {EVIL} |\n|---|\n| {EVIL} |",
        f"[{EVIL}](/help/b)",
        f"[a](</x{EVIL}>)",
        f"![{EVIL}](/x)",
        f"**{EVIL}**",
        f"<div>{EVIL}</div>",
    ]
    plain = await page_of(tmp_path, article("hello"))
    for text in written:
        page = await page_of(tmp_path, article(text))
        assert page.tags().count("script") == plain.tags().count("script") == 1, text
        assert all(not name.startswith("on") for _, attributes in page.found for name in attributes)
        assert "img" not in page.tags()


async def test_the_title_is_text(tmp_path: Path) -> None:
    page = await page_of(tmp_path, article("hello", title=EVIL))
    assert page.tags().count("script") == 1
    assert EVIL in page.text


async def test_links_out_of_an_article_lead_to_allowed_hosts_only(tmp_path: Path) -> None:
    text = "[a](https://shop.example/x) [b](https://evil.example) [c](javascript:alert(1)) [d](///evil.example) [e](/y)"
    page = await page_of(tmp_path, article(text))
    links = [attributes["href"] for tag, attributes in page.found if tag == "a"]
    assert links == ["/", "https://shop.example/x", "/y"]


async def test_a_title_with_braces_breaks_no_page(tmp_path: Path) -> None:
    page = await page_of(tmp_path, article("a {body} {0}", title="{title} {company!r}"))
    assert "{title} {company!r}" in page.text
    assert "a {body} {0}" in page.text


async def test_a_missing_article_is_404_and_paths_lead_nowhere(tmp_path: Path) -> None:
    async with reading(tmp_path) as client:
        for path in ("/help/missing", "/help/%2e%2e%2fsecrets.json", "/help/%00", "/static/help/..%2f..%2fservice.py"):
            answer = await client.get(path)
            assert answer.status_code == 404, path
        assert (await client.get("/static/help/help.css")).status_code == 200
        page = await client.get("/help/missing")
        assert page.headers["content-type"].startswith("text/html"), "a customer followed this link"
        assert "no longer here" in page.text


async def test_a_dangerous_address_of_an_article_is_not_shown(tmp_path: Path) -> None:
    shown = article("hello", url="https://evil.example\\@shop.example/")
    async with reading(tmp_path, shown) as client:
        session = (await client.post("/widget/v1/session", json={})).json()["session_token"]
        answer = await client.get("/widget/v1/articles/a", headers={"Authorization": f"Bearer {session}"})
    assert answer.json()["url"] is None


@pytest.mark.parametrize("article_id", ["returns/abroad", "../../x", "a b?c#d", "100%"])
async def test_an_article_is_found_whatever_signs_its_id_has(tmp_path: Path, article_id: str) -> None:
    async with reading(tmp_path, article("Within 30 days.", id=ArticleId(article_id))) as client:
        answer = await client.get(f"/help/{quote(article_id, safe='')}")
    assert answer.status_code == 200
    assert "Within 30 days." in answer.text
