"""A Zendesk help center on 127.0.0.1 for tests: the part of its Help Center API that lists things.

Written from the schemas at developer.zendesk.com (articles, sections, categories, user segments, paging, rate limits).
"""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.knowledge_base.web_server import Reply, WebServer

Fields = dict[str, Any]


class ZendeskServer(WebServer):
    """`articles`, `sections`, `categories` and `segments` are what the account holds; `key` is "e-mail/token:token"."""

    def __init__(self) -> None:
        super().__init__()
        self.articles: list[Fields] = []
        self.sections = [{"id": 10, "name": "Returns", "category_id": 100, "locale": "en-us"}]
        self.categories = [{"id": 100, "name": "Orders", "locale": "en-us"}]
        self.segments: list[Fields] = []
        self.key = ""
        self.page_size = 2
        self.busy = 0
        """How many of the next requests are answered 429."""
        self.broken_after: str | None = None
        """A cursor whose page is answered 500."""
        self.following = ""
        """Where every page says that the list goes on, if not where it does."""
        self.cut = False
        """Whether pages of articles end in the middle of their JSON."""
        self.expired: set[str] = set()
        self.pages = _Everything(self)  # type: ignore[assignment]

    def add(self, number: int, title: str, body: str, **fields: object) -> Fields:
        article = {
            "id": number,
            "url": f"{self.url}/api/v2/help_center/en-us/articles/{number}.json",
            "html_url": f"{self.url}/hc/en-us/articles/{number}",
            "author_id": 1,
            "title": title,
            "name": title,
            "body": body,
            "locale": "en-us",
            "source_locale": "en-us",
            "outdated": False,
            "draft": False,
            "promoted": False,
            "section_id": 10,
            "user_segment_id": None,
            "label_names": [],
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-02-03T04:05:06Z",
            "edited_at": "2026-02-03T04:05:06Z",
        } | fields
        self.articles.append(article)
        return article

    def answer(self, handler: BaseHTTPRequestHandler) -> Reply:
        parts = urlsplit(handler.path)
        what = parts.path.rsplit("/", 1)[1].removesuffix(".json")
        if self.busy:
            self.busy -= 1
            return Reply(b"", 429, {"Retry-After": "3"})
        signed_in = (
            self.key and handler.headers.get("Authorization") == "Basic " + base64.b64encode(self.key.encode()).decode()
        )
        if handler.headers.get("Authorization") and not signed_in:
            return _json({"error": "Couldn't authenticate you"}, 401)
        if "/help_center/" not in parts.path or what not in ("articles", "sections", "categories", "user_segments"):
            return _json({"error": "RecordNotFound"}, 404)
        if what == "user_segments":
            return _json({"user_segments": self.segments, "meta": {"has_more": False}}) if signed_in else _json({}, 403)
        if what != "articles":
            return _json({what: getattr(self, what), "meta": {"has_more": False}, "links": {"next": None}})
        locale = parts.path.split("/help_center/")[1].split("/")[0]
        seen = [one for one in self.articles if signed_in or (one["user_segment_id"] is None and not one["draft"])]
        return self._page(
            parts.path, [one for one in seen if locale in ("articles.json", one["locale"])], parse_qs(parts.query)
        )

    def _page(self, path: str, articles: list[Fields], query: dict[str, list[str]]) -> Reply:
        assert query["page[size]"] == ["100"]
        after = query.get("page[after]", [""])[0]
        if after in self.expired:
            return _json({"error": "InvalidPaginationParameter"}, 400)
        if self.broken_after == (after or "first"):
            return Reply(b"", 500)
        start = int(base64.b64decode(after)) if after else 0
        end = start + self.page_size
        cursor = base64.b64encode(str(end).encode()).decode()
        more = end < len(articles)
        following = self.following or f"{self.url}{path}?page%5Bafter%5D={cursor}&page%5Bsize%5D=100"
        page = {
            "articles": articles[start:end],
            "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": after},
            "links": {"next": following if more else None, "prev": None},
        }
        reply = _json(page)
        return Reply(reply.body[: len(reply.body) // 2], headers=reply.headers) if self.cut else reply


class _Everything(dict[str, object]):
    """Answers every path."""

    def __init__(self, server: ZendeskServer) -> None:
        super().__init__()
        self._server = server

    def get(self, key: str, default: object = None) -> object:
        return lambda handler: handler.send(self._server.answer(handler))


def _json(value: Fields, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json; charset=utf-8"})
