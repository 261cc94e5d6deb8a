"""The public help center: what everybody may read, as plain pages with search, for citations to point at."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

from fastapi import APIRouter, Cookie, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.errors import Problem, Refused
from app.pages import article_path, page
from app.widget_api import BatonHere, article_shape
from app.wiring import Baton
from knowledge_base.lexical import content_words
from knowledge_base.markup import plain
from knowledge_base.model import ANYBODY, Article, ArticleHead, Hit

router = APIRouter(include_in_schema=False)

TITLES_ON_FRONT: Final = 6
TITLES_ON_PAGE: Final = 100
OTHERS: Final = 6
FOUND: Final = 10
HITS: Final = 40
"""Passages looked at for `FOUND` articles: one article often has several of the best."""
FITS: Final = 0.28
"""Score below which an article fits only if it has every word asked for. Of 126 questions about other things 26 % find
something on the demo's help center and 53 % on Arduino's, where all did; of their own questions 97.0 % find their
article instead of 99.6 (234), and 91.5 instead of 93.5 (200)."""
SNIPPET: Final = 220
MAX_IN_SITEMAP: Final = 50_000
"""The limit of the sitemap protocol for one file."""
READER_COOKIE: Final = "baton_reader"
READER_SECONDS: Final = 365 * 24 * 3600
NO_TOPIC: Final = "Other articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Articles under one heading, of which some are shown."""

    name: str
    articles: Sequence[ArticleHead]
    total: int

    @property
    def address(self) -> str:
        return f"/help?topic={quote(self.name, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An article that fits a search, with the words that made it fit."""

    article: Article
    words: str


@router.get("/help")
@router.get("/help/")
async def front(
    request: Request,
    baton: BatonHere,
    q: Annotated[str, Query(max_length=400)] = "",
    topic: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """All topics, one of them, or what fits a search."""
    if q.strip():
        address = request.client.host if request.client else "unknown"
        await baton.limits.check("help-search", address, limit="60/minute")
        found = await asyncio.to_thread(_search, baton, q.strip())
        return page(baton, "help_search.html", asked=q.strip(), found=found)
    return await asyncio.to_thread(_topics_page, request, baton, topic, number)


@router.get("/help/sitemap.xml")
def sitemap(request: Request, baton: BatonHere) -> Response:
    home = _home(request, baton)
    articles = baton.library.heads(ANYBODY)[:MAX_IN_SITEMAP]
    lines = [
        f"<url><loc>{escape(canonical)}</loc>{_last_changed(article)}</url>"
        for article in articles
        if (canonical := _canonical(article, home)).startswith(home)
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return Response("\n".join([head, *lines, "</urlset>"]), media_type="application/xml")


@router.get("/help/{article_id:path}")
def article_page(
    request: Request, article_id: str, baton: BatonHere, said: Annotated[str, Query(max_length=10)] = ""
) -> HTMLResponse:
    # Not async, so in a thread: 100 kB of Markdown take a second, in which no conversation would move.
    article = baton.library.article(article_id, ANYBODY)
    if article is None:
        return page(baton, "help_gone.html", status=404)
    name = article.metadata.get("category", "")
    same = [one for one in baton.library.heads(ANYBODY) if one.category == name] if name else []
    return page(
        baton,
        "help_article.html",
        article=article,
        language=article.language,
        body=article_shape(baton, article_id, ANYBODY).body,
        canonical=_canonical(article, _home(request, baton)),
        topic=Topic(name=name, articles=(), total=len(same)) if name else None,
        others=[one for one in same if one.id != article.id][:OTHERS],
        said=said,
    )


@router.post("/help/{article_id:path}")
async def did_it_help(
    request: Request, article_id: str, baton: BatonHere, baton_reader: Annotated[str | None, Cookie()] = None
) -> Response:
    """The answer to "Did this help?", one for each reader and article, told apart by a cookie set with the first."""
    _refuse_foreign_form(request)
    address = request.client.host if request.client else "unknown"
    await baton.limits.check("help-feedback", address, limit="30/5 minutes")
    article = await asyncio.to_thread(baton.library.article, article_id, ANYBODY)
    if article is None:
        return page(baton, "help_gone.html", status=404)
    given = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    helpful, words = given.get("helpful", [""])[0], given.get("words", [""])[0].strip()
    if helpful not in ("yes", "no"):
        raise Refused(Problem(status=422, code="invalid", detail="Say whether the article helped: yes or no."))
    reader = baton_reader if baton_reader and len(baton_reader) <= 64 else secrets.token_urlsafe(16)
    await baton.usage.give_feedback(article.id, helpful=helpful == "yes", words=words, given_by=reader)
    said = "words" if words else helpful
    answer = RedirectResponse(f"{article_path(article)}?said={said}#feedback", status_code=303)
    answer.set_cookie(
        READER_COOKIE,
        reader,
        max_age=READER_SECONDS,
        path="/help",
        httponly=True,
        samesite="lax",
        secure=baton.settings.secure_cookies,
    )
    return answer


def _topics_page(request: Request, baton: Baton, name: str, number: int) -> HTMLResponse:
    home = _home(request, baton)
    topics = _topics(baton.library.heads(ANYBODY))
    if not name:
        shown = [Topic(name=one.name, articles=one.articles[:TITLES_ON_FRONT], total=one.total) for one in topics]
        return page(baton, "help_index.html", topics=shown, canonical=f"{home}/help")
    topic = next((one for one in topics if one.name == name), None)
    if topic is None:
        return page(baton, "help_gone.html", status=404)
    pages = math.ceil(topic.total / TITLES_ON_PAGE)
    number = min(number, pages)
    start = (number - 1) * TITLES_ON_PAGE
    part = Topic(name=topic.name, articles=topic.articles[start : start + TITLES_ON_PAGE], total=topic.total)
    canonical = f"{home}{topic.address}" + (f"&page={number}" if number > 1 else "")
    return page(baton, "help_topic.html", topic=part, page=number, pages=pages, canonical=canonical)


def _topics(articles: Sequence[ArticleHead]) -> list[Topic]:
    """By category, in alphabetical order; what has none comes last."""
    by_name: dict[str, list[ArticleHead]] = {}
    for article in articles:
        by_name.setdefault(article.category or NO_TOPIC, []).append(article)
    return [
        Topic(name=name, articles=sorted(found, key=lambda one: one.title.casefold()), total=len(found))
        for name, found in sorted(by_name.items(), key=lambda item: (item[0] == NO_TOPIC, item[0].casefold()))
    ]


def _search(baton: Baton, asked: str) -> list[Found]:
    """The best articles that fit, each with its best sentence."""
    found: dict[str, Found] = {}
    words = len(set(content_words(asked).values()))
    for hit in baton.library.search(asked, limit=HITS, viewer=ANYBODY).hits:
        if hit.score < FITS and not 0 < words <= len(hit.matched):
            continue
        article = None if hit.passage.article_id in found else baton.library.article(hit.passage.article_id, ANYBODY)
        if article is not None:
            found[article.id] = Found(article=article, words=_best_words(hit))
    return list(found.values())[:FOUND]


def _best_words(hit: Hit) -> str:
    scored = zip(hit.quote_scores, hit.passage.quotes, strict=True)
    best = max(scored, key=lambda pair: pair[0], default=None)
    words = " ".join(plain(best[1].text if best else hit.passage.text).split())
    return words if len(words) <= SNIPPET else words[: words.rfind(" ", 0, SNIPPET)] + " …"


def _home(request: Request, baton: Baton) -> str:
    return (baton.settings.public_url or str(request.base_url)).rstrip("/")


def _canonical(article: Article | ArticleHead, home: str) -> str:
    """The company's own page of this article where it has one elsewhere, else ours."""
    elsewhere = article.url is not None and article.url.startswith("https://")
    return article.url if elsewhere and article.url else f"{home}{article_path(article)}"


def _last_changed(article: ArticleHead) -> str:
    return f"<lastmod>{article.updated_at:%Y-%m-%d}</lastmod>" if article.updated_at else ""


def _refuse_foreign_form(request: Request) -> None:
    """Another site's page must not vote in its readers' name."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(Problem(status=403, code="foreign_form", detail="Please answer on the article's own page."))
