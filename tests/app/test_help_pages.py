from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import httpx2
import pytest

from app.service import create_service
from app.settings import Settings
from app.wiring import Baton, Parts
from knowledge_base.model import Article, ArticleId, Audience
from knowledge_base.usage_store import FeedbackCount
from tests.app.serving import COMPANY, WrittenAgent, library

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
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
async def reading(
    tmp_path: Path, *articles: Article, public_url: str | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings(data_dir=tmp_path, link_hosts=["shop.example"], public_url=public_url, _env_file=None)
    with library(tmp_path / "knowledge", *articles) as held:
        service = create_service(settings, Parts(library=held, agent=WrittenAgent(), company=COMPANY))
        transport = httpx2.ASGITransport(app=service)
        async with (
            service.router.lifespan_context(service),
            httpx2.AsyncClient(transport=transport, base_url="http://baton") as client,
        ):
            yield client


def article(text: str, **changes: object) -> Article:
    values: dict[str, object] = {"id": ArticleId("a"), "title": "Returns", "text": text}
    return Article(**(values | changes))  # type: ignore[arg-type]


def running_baton(client: httpx2.AsyncClient) -> Baton:
    baton: Baton = client._transport.app.state.baton  # type: ignore[attr-defined]  # noqa: SLF001
    return baton


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
    assert links == ["#content", "/", "/help", "https://shop.example/x", "/y"]


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


def in_topic(name: str, topic: str, **changes: object) -> Article:
    return article(f"About {name}.", id=ArticleId(name), title=name.title(), metadata={"category": topic}, **changes)


async def test_the_front_page_shows_what_everybody_may_read_by_topic(tmp_path: Path) -> None:
    articles = [in_topic(f"parcel {number}", "Shipping") for number in range(9)]
    articles += [in_topic("cards", "Account"), article("x", id=ArticleId("odd"), title="Odd one")]
    hidden = [
        in_topic("draft", "Secret", published=False),
        in_topic("past", "Secret", expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
        in_topic("insider", "Secret", audience=Audience(signed_in=True)),
    ]
    async with reading(tmp_path, *articles, *hidden) as client:
        front = await client.get("/help")
        assert (await client.get("/help/")).text == front.text
        assert "Secret" not in front.text
        headings = [text for text in ("Account", "Shipping", "Other articles") if text in front.text]
        assert sorted(headings, key=front.text.index) == ["Account", "Shipping", "Other articles"]
        assert front.text.count("/help/parcel%20") == 6
        assert "All 9 articles" in front.text
        topic = await client.get("/help", params={"topic": "Shipping"})
        assert topic.text.count("/help/parcel%20") == 9
        assert (await client.get("/help", params={"topic": "Secret"})).status_code == 404
        for one in hidden:
            assert (await client.get(f"/help/{one.id}")).status_code == 404


async def test_a_long_topic_has_pages(tmp_path: Path) -> None:
    articles = [in_topic(f"p{number:03}", "All") for number in range(205)]
    async with reading(tmp_path, *articles) as client:
        pages = [(await client.get("/help", params={"topic": "All", "page": number})).text for number in (1, 2, 3, 9)]
    assert [text.count("/help/p") for text in pages] == [100, 100, 5, 5]
    assert "Page 3 of 3" in pages[3]


async def test_an_empty_help_center_says_so(tmp_path: Path) -> None:
    async with reading(tmp_path) as client:
        assert "There are no articles yet" in (await client.get("/help")).text


async def test_a_search_shows_each_article_once_with_its_best_sentence(tmp_path: Path) -> None:
    about = "Pack it well.\n\nYou have **30 days** to send it back.\n\n# Sale\n\nWorn goods cannot be sent back."
    shown = article(about, id=ArticleId("returns"), metadata={"category": "Orders"})
    draft = article(about, id=ArticleId("draft"), published=False)
    async with reading(tmp_path, shown, draft, in_topic("lamps", "Orders")) as client:
        page = await client.get("/help", params={"q": " how many days to send it back "})
        assert page.text.count('href="/help/returns"') == 1
        assert "You have 30 days to send it back." in page.text
        assert "draft" not in page.text
        assert 'name="robots" content="noindex"' in page.text


@pytest.mark.parametrize("asked", ["xylophone quartet", EVIL])
async def test_a_search_that_nothing_fits_says_so_and_what_to_do(tmp_path: Path, asked: str) -> None:
    async with reading(tmp_path, in_topic("returns", "Orders"), in_topic("lamps", "Orders")) as client:
        nothing = await client.get("/help", params={"q": asked})
    assert "Nothing fits" in nothing.text
    assert "look through all topics" in nothing.text
    assert "/help/returns" not in nothing.text
    assert Elements(nothing.text).tags().count("script") == 1


async def test_a_word_that_an_article_has_is_always_enough(tmp_path: Path) -> None:
    long_text = " ".join(f"Sentence number {number} is about something else." for number in range(20))
    async with reading(tmp_path, article(f"{long_text} The xylophone is wooden.")) as client:
        assert 'href="/help/a"' in (await client.get("/help", params={"q": "xylophone"})).text
        assert "Nothing fits" in (await client.get("/help", params={"q": "xylophone quartet"})).text


async def test_readers_say_whether_an_article_helped(tmp_path: Path) -> None:
    async with reading(tmp_path, article("hello")) as client:
        asked = (await client.get("/help/a")).text
        assert "Did this help?" in asked
        answer = await client.post("/help/a", content=b"helpful=no", headers=FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, "/help/a?said=no#feedback")
        assert "What was missing" in (await client.get("/help/a?said=no")).text
        await client.post("/help/a", content=b"helpful=no&words=Which%20address%3F", headers=FORM)
        assert "will read it" in (await client.get("/help/a?said=words")).text
        other = httpx2.AsyncClient(transport=client._transport, base_url="http://baton")  # noqa: SLF001 - another browser
        await other.post("/help/a", content=b"helpful=yes", headers=FORM)
        usage = running_baton(client).usage
        assert await usage.feedback_counts() == {"a": FeedbackCount(helpful=1, not_helpful=1)}
        assert [one.words for one in await usage.feedback("a")] == ["", "Which address?"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"helpful=perhaps", {}, 422),
        (b"", {}, 422),
        (b"\xff\xfe=%00", {}, 422),
        (b"helpful=yes", {"Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_senseless_or_foreign_answer_is_refused(
    tmp_path: Path, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with reading(tmp_path, article("hello")) as client:
        assert (await client.post("/help/a", content=body, headers=FORM | headers)).status_code == status
        assert (await client.post("/help/missing", content=b"helpful=yes", headers=FORM)).status_code == 404
        assert await running_baton(client).usage.feedback_counts() == {}


async def test_search_engines_are_told_the_address_that_counts(tmp_path: Path) -> None:
    articles = [
        article("x", id=ArticleId("here & now"), url="/help/here", updated_at=datetime(2026, 3, 9, tzinfo=UTC)),
        article("x", id=ArticleId("elsewhere"), url="https://help.shop.example/elsewhere"),
        article("x", id=ArticleId("hidden"), published=False),
    ]
    async with reading(tmp_path, *articles, public_url="https://help.baton.example/") as client:
        sitemap = await client.get("/help/sitemap.xml")
        assert sitemap.headers["content-type"] == "application/xml"
        entries = ElementTree.fromstring(sitemap.content)  # noqa: S314 - written by ourselves
        places = [entry.text for entry in entries.iter() if entry.tag.endswith("loc")]
        assert places == ["https://help.baton.example/help/here%20%26%20now"]
        assert "<lastmod>2026-03-09</lastmod>" in sitemap.text
        page = (await client.get("/help/elsewhere")).text
        assert '<link rel="canonical" href="https://help.shop.example/elsewhere">' in page


async def test_a_page_says_its_language(tmp_path: Path) -> None:
    async with reading(tmp_path, article("Guten Tag", language="de-AT")) as client:
        assert '<html lang="de-AT">' in (await client.get("/help/a")).text
        assert '<html lang="en">' in (await client.get("/help")).text
