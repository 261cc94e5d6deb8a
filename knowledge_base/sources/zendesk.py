"""A Zendesk help center: through its API, page by page, or from an exported JSON file.

Every sync lists all articles, so that deletions are seen; an interrupted one goes on where it was.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from conversations.model import JsonObject
from knowledge_base.model import Article
from knowledge_base.sources.converting import Converter
from knowledge_base.sources.fetching import Because, Fetched, Fetcher, NotFetched, Request, Rules
from knowledge_base.sources.guarding import Allowed, Forbidden, check_url
from knowledge_base.sources.json_stream import BrokenJson, items_of
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import (
    MAX_ARTICLE_BYTES,
    Field,
    InvalidSource,
    Reading,
    Skipped,
    SourceFailed,
    SourceKind,
    location_of,
)
from knowledge_base.sources.zendesk_articles import (
    ArticleReader,
    HelpCenter,
    forget,
    help_center_of,
    is_outdated,
    recall,
    remembered,
    synced,
)

_PAGE_SIZE: Final = 100
_MAX_REPLY: Final = 50_000_000
_MAX_PAGES: Final = 2_000
_RATE: Final = 3.0
"""Requests a second: 180 a minute, under the 200 of the smallest plan."""
_PATIENCE: Final = 300.0
"""Seconds that 429s may ask for; Zendesk counts by the minute."""
_SYNC: Final = "sync"
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}", re.I)
_LISTS: Final = frozenset({"articles", "sections", "categories", "user_segments"})
Record = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZendeskOptions:
    """`base` is the address of the help center without a path; `locale` "" for the articles in their first language."""

    base: str
    locale: str = ""
    email: str = ""
    token: str = field(default="", repr=False)

    @classmethod
    def parse(cls, options: Mapping[str, str], allowed: Allowed) -> ZendeskOptions:
        """Raises InvalidSource."""
        location = options.get("location", "").strip()
        email, token = options.get("email", "").strip(), options.get("api_token", "").strip()
        try:
            check_url(location, allowed)
        except Forbidden as reason:
            raise InvalidSource(f"{location} {reason}. Give an address like https://acme.zendesk.com.") from reason
        parts = urlsplit(location)
        shown = re.match(r"/hc/([^/]+)", parts.path)
        locale = options.get("locale", "").strip().lower() or (shown[1].lower() if shown else "")
        if locale and not _LOCALE.fullmatch(locale):
            raise InvalidSource(f"{locale!r} is no language of a help center; give one like en-us.")
        if bool(email) != bool(token):
            raise InvalidSource("Give both the e-mail address and the API token, or neither for a public help center.")
        if token and parts.scheme != "https" and not allowed.names(parts.hostname or ""):
            raise InvalidSource("The API token would be sent readable for everyone: give the address with https://.")
        return cls(base=f"{parts.scheme}://{parts.netloc}", locale=locale, email=email, token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZendeskHelpCenter:
    options: ZendeskOptions
    allowed: Allowed = Allowed()
    fetcher: Callable[[Rules], Fetcher] = Fetcher
    converter: Callable[[], AbstractContextManager[Converter]] = Converter

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        rules = Rules(allowed=self.allowed, rate=_RATE, seconds=60.0, patience=_PATIENCE)
        with self.fetcher(rules) as fetcher, self.converter() as converter:
            api = _Api(fetcher=fetcher, options=self.options)
            center, lines = _center(api)
            state = _begin(memory, self.options)
            reader = ArticleReader(converter=converter, memory=memory, sync=state.number)
            lines += _read_all(api, memory, reader, state, reading)
        yield from _told(memory, state.number, center, lines, self.options.base)
        memory.put(_SYNC, {"number": state.number, "done": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class ZendeskExport:
    """A file with {"articles": […]}, a list, or JSON Lines; sections and categories in it give names."""

    path: Path
    converter: Callable[[], AbstractContextManager[Converter]] = Converter

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        number = _next_number(memory)
        lists: dict[str, list[Record]] = {name: [] for name in _LISTS}
        lines: list[Skipped] = []
        with self.converter() as converter:
            reader = ArticleReader(converter=converter, memory=memory, sync=number)
            for name, given in self._items():
                if name in ("", "articles"):
                    where = f"{self.path.name} item {len(reader.seen) + len(lines) + 1}"
                    line = reader.take(given, where)
                    lines += [line] if line else []
                    reading(len(reader.seen), 0)
                elif isinstance(given, dict):
                    lists[name].append(given)
        center = help_center_of(lists["sections"], lists["categories"], lists["user_segments"])
        yield from _told(memory, number, center, lines, self.path.name)
        memory.put(_SYNC, {"number": number, "done": True})

    def _items(self) -> Iterator[tuple[str, object]]:
        """Raises InvalidSource. Where pages of the API were saved one after the other, each holds its articles."""
        try:
            for name, given in items_of(self.path, _LISTS, largest=4 * MAX_ARTICLE_BYTES):
                pages = given.get("articles") if isinstance(given, dict) and not name else None
                for one in pages if isinstance(pages, list) else [given]:
                    yield name, one
        except (BrokenJson, OSError) as failure:
            raise InvalidSource(f"{self.path} {failure}. Export it again.") from failure


@dataclass(slots=True, kw_only=True)
class _State:
    number: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    fetcher: Fetcher
    options: ZendeskOptions

    def address(self, what: str) -> str:
        locale = f"/{self.options.locale}" if self.options.locale and what != "user_segments" else ""
        return f"{self.options.base}/api/v2/help_center{locale}/{what}.json?page[size]={_PAGE_SIZE}"

    def get(self, url: str) -> JsonObject | NotFetched:
        """A page of a list. Raises SourceFailed where it is no JSON."""
        headers = {}
        if self.options.token:
            pair = f"{self.options.email}/token:{self.options.token}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        reply = self.fetcher.get(Request(url=url, max_bytes=_MAX_REPLY, headers=headers, accept="application/json"))
        if isinstance(reply, NotFetched):
            return reply
        try:
            page = json.loads(reply.body) if isinstance(reply, Fetched) else None
        except (ValueError, RecursionError):
            page = None
        if not isinstance(page, dict):
            raise SourceFailed(f"{url} did not answer with JSON. Is this the address of a Zendesk help center?")
        return page

    def next(self, page: JsonObject, url: str) -> str | None:
        """Where the list goes on, on the same host; None where it ends. Raises SourceFailed where it breaks off."""
        meta, links = page.get("meta"), page.get("links")
        if isinstance(meta, dict):
            more = meta.get("has_more") is True
            target = links.get("next") if isinstance(links, dict) else None
        else:
            target = page.get("next_page")  # how lists are paged that know no cursors
            more = bool(target)
        if not more:
            return None
        if not isinstance(target, str) or _origin(target) != _origin(self.options.base) or target == url:
            raise SourceFailed(f"The list of articles breaks off at {url}. Nothing was changed; sync again later.")
        return target

    def all(self, what: str) -> list[Record] | str:
        """A whole list of sections or the like, or why it cannot be had."""
        found: list[Record] = []
        url: str | None = self.address(what)
        for _ in range(_MAX_PAGES):
            if url is None:
                break
            page = self.get(url)
            if isinstance(page, NotFetched):
                if page.because is Because.FOR_NOW:
                    raise SourceFailed(f"{url} {page.why}. Nothing was changed; sync again later.")
                return page.why
            items = page.get(what)
            found += [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
            url = self.next(page, url)
        return found


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc.lower()


def _center(api: _Api) -> tuple[HelpCenter, list[Skipped]]:
    """Names and segments; who may read an article is only looser where a segment is known to hold all customers."""
    lines: list[Skipped] = []
    lists: dict[str, list[Record]] = {}
    for what in ("sections", "categories", *(("user_segments",) if api.options.token else ())):
        found = api.all(what)
        if isinstance(found, str):
            lines.append(Skipped(where=what, why=f"{found}: articles come without them", kept=True))
        lists[what] = [] if isinstance(found, str) else found
    return help_center_of(lists["sections"], lists["categories"], lists.get("user_segments", [])), lines


def _begin(memory: Memory, options: ZendeskOptions) -> _State:
    """Go on where an interrupted sync of the same help center was; else begin at the first page."""
    state = memory.get(_SYNC) or {}
    url = state.get("next")
    if not state.get("done") and state.get("of") == _digest(options) and isinstance(url, str) and url:
        return _State(number=_number(memory), url=url)
    return _State(number=_next_number(memory), url="")


def _read_all(api: _Api, memory: Memory, reader: ArticleReader, state: _State, reading: Reading) -> list[Skipped]:
    """Every page of the list. Raises InvalidSource, SourceFailed."""
    lines: list[Skipped] = []
    done = sum(synced(memory, one) == state.number for one in remembered(memory)) if state.url else 0
    url, visited = state.url or api.address("articles"), set[str]()
    while url not in visited and len(visited) < _MAX_PAGES:
        visited.add(url)
        page = api.get(url)
        if isinstance(page, NotFetched):
            if url != state.url or page.because in (Because.FOR_NOW, Because.CLOSED):
                raise _refused(page, url)
            # The remembered place is too old: begin at the first page; what was read is not converted again.
            url, done = api.address("articles"), 0
            continue
        items = page.get("articles")
        if not isinstance(items, list):
            raise SourceFailed(f"{url} lists no articles. Nothing was changed; sync again later.")
        lines += [line for given in items if (line := reader.take(given, f"An article of {url}")) is not None]
        done += len(items)
        count = page.get("count")
        reading(done, count if isinstance(count, int) else 0)
        following = api.next(page, url)
        if following is None:
            _check_count(page, done)
            return lines
        url = following
        memory.put(_SYNC, {"number": state.number, "of": _digest(api.options), "next": url, "done": False})
    raise SourceFailed(f"The list of articles has no end, or turns in a circle at {url}. Nothing was changed.")


def _check_count(page: JsonObject, done: int) -> None:
    count = page.get("count")
    if isinstance(count, int) and done < count:
        raise SourceFailed(f"The list ended after {done} of {count} articles. Nothing was changed; sync again later.")


def _refused(page: NotFetched, url: str) -> Exception:
    if page.status in (401, 403):
        return InvalidSource(
            f"{url} {page.why}: check the e-mail address and the API token, and that the API is switched on."
        )
    if page.because is Because.FOR_NOW:
        return SourceFailed(f"{url} {page.why}. What was read is remembered; sync again to go on.")
    return InvalidSource(f"{url} {page.why}: check the address and the language of the help center.")


def _told(
    memory: Memory, number: int, center: HelpCenter, lines: list[Skipped], where: str
) -> Iterator[Article | Skipped]:
    """The articles that this sync saw, and lines; what it did not see is gone."""
    ids = remembered(memory)
    current = [identity for identity in ids if synced(memory, identity) == number]
    if ids and not current:
        raise SourceFailed(f"{where} lists no article any more. The earlier ones stay; check it and sync again.")
    for identity in set(ids) - set(current):
        forget(memory, identity)
    yield from lines
    for identity in current:
        article = recall(memory, identity, center)
        if article is None:
            continue
        if is_outdated(memory, identity):
            yield Skipped(where=f"Article {identity}", why="is marked as an outdated translation", kept=True)
        yield article


def _number(memory: Memory) -> int:
    number = (memory.get(_SYNC) or {}).get("number")
    return number if isinstance(number, int) else 0


def _next_number(memory: Memory) -> int:
    """Kept at once: what a sync that breaks off has seen must not count as seen by the next one."""
    number = _number(memory) + 1
    memory.put(_SYNC, {"number": number, "done": False})
    return number


def _digest(options: ZendeskOptions) -> str:
    return hashlib.sha256(f"{options.base} {options.locale} {options.email}".encode()).hexdigest()


def kind(allowed: Allowed = Allowed()) -> SourceKind:  # noqa: B008 - frozen
    """The kind of source; `allowed` are the private hosts that the operator lets sources reach."""

    def open_help_center(options: Mapping[str, str]) -> ZendeskHelpCenter | ZendeskExport:
        if "://" not in options.get("location", ""):
            path = location_of(options)
            if not path.is_file():
                raise InvalidSource(
                    f"{path} is no file: give the exported JSON, or an address like https://acme.zendesk.com."
                )
            return ZendeskExport(path=path)
        return ZendeskHelpCenter(options=ZendeskOptions.parse(options, allowed), allowed=allowed)

    return SourceKind(name="zendesk", words="Zendesk help center", fields=_FIELDS, open=open_help_center)


_FIELDS: Final = (
    Field(name="location", words="Address or exported file", hint="https://acme.zendesk.com", required=True),
    Field(name="locale", words="Language", hint="en-us"),
    Field(name="email", words="E-mail address of an agent", hint="only for articles that are not public"),
    Field(name="api_token", words="API token", hint="from Zendesk's Admin Center", secret=True),
)
KIND: Final = kind()
