"""A help center on the web: a list of pages, a sitemap, or what a crawl finds below an address.

Pages are read into memory first and become articles once all were looked at: an interrupted sync goes on where it was,
and a site that dies half-way changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from knowledge_base.model import Article
from knowledge_base.sources.converting import Converter
from knowledge_base.sources.fetching import Because, Fetched, Fetcher, NotFetched, Request, Rules, Validators
from knowledge_base.sources.guarding import Allowed, Forbidden, check_url
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.robots import Robots
from knowledge_base.sources.sitemap import NoSitemap
from knowledge_base.sources.source import Field, InvalidSource, Reading, Skipped, SourceFailed, SourceKind
from knowledge_base.sources.web_address import host_of, in_scope, normal
from knowledge_base.sources.web_articles import articles_of, masks_among
from knowledge_base.sources.web_listing import (
    Frontier,
    Listing,
    Scope,
    astray_line,
    limit_line,
    listed_by_hand,
    listed_in_sitemaps,
)
from knowledge_base.sources.web_reading import PageReader
from knowledge_base.sources.web_records import PageMemory

MODES: Final = ("auto", "page", "list", "sitemap", "crawl")
DEFAULT_LIMIT: Final = 2_000
MAX_LIMIT: Final = 20_000
DEFAULT_RATE: Final = 2.0
MAX_RATE: Final = 50.0
_SITEMAP: Final = re.compile(r"\.xml(?:\.gz)?$|sitemap[^/]*\.txt$", re.I)
_FILE: Final = re.compile(r"/[^/]*\.[a-z]{2,5}$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """What a source of web pages was told. `scope` is a path that pages must be in, "" for the default of the mode."""

    location: str
    mode: str = "auto"
    urls: tuple[str, ...] = ()
    scope: str = ""
    limit: int = DEFAULT_LIMIT
    rate: float | None = None

    @property
    def by_hand(self) -> bool:
        """Whether the pages were named one by one."""
        return self.mode in ("list", "page") or (self.mode == "auto" and bool(self.urls))

    @classmethod
    def parse(cls, options: Mapping[str, str], allowed: Allowed) -> WebOptions:
        """Raises InvalidSource."""
        mode = options.get("mode") or "auto"
        if mode not in MODES:
            raise InvalidSource(f"{mode!r} is no way to find pages: take one of {', '.join(MODES)}.")
        location, *more = options.get("location", "").split() or [""]
        urls = (*more, *options.get("urls", "").split())
        for url in (location, *urls):
            _check(url, allowed)
        limit = _number(options, "limit", DEFAULT_LIMIT, MAX_LIMIT)
        rate = _number(options, "rate", DEFAULT_RATE, MAX_RATE) if options.get("rate") else None
        scope = options.get("scope", "").strip()
        if "://" in scope:
            scope = urlsplit(scope).path
        return cls(
            location=location,
            mode=mode,
            urls=(location, *urls) if more else urls,
            scope=scope,
            limit=int(limit),
            rate=rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPages:
    options: WebOptions
    allowed: Allowed = Allowed()
    fetcher: Callable[[Rules], Fetcher] = Fetcher
    converter: Callable[[], AbstractContextManager[Converter]] = Converter
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        pages = PageMemory(memory)
        earlier = any(record.text and not record.why for url in pages.urls() if (record := pages.get(url)) is not None)
        pages.begin(self._digest(), self.clock())
        rules = Rules(allowed=self.allowed, rate=self.options.rate or DEFAULT_RATE)
        with self.fetcher(rules) as fetcher, self.converter() as converter:
            reader = PageReader(
                fetcher=fetcher,
                converter=converter,
                memory=pages,
                clock=self.clock,
                pace_given=self.options.rate is not None,
                any_host=self.options.by_hand,
            )
            order, lines = self._read(reader, fetcher, reading)
        masks = masks_among(pages, order)
        found, told = articles_of(pages, order)
        pages.finish((set(order) if found else pages.urls()) - masks)
        if masks:
            raise SourceFailed(
                f"{len(masks)} of {len(order)} pages say one and the same ({min(masks)}): is it a notice, or are they "
                "filled by scripts? Nothing was changed."
            )
        lines += told
        if not found:
            raise self._nothing(lines, earlier=earlier)
        yield from lines
        for article in found:
            yield article()

    def _digest(self) -> str:
        return hashlib.sha256(repr(self.options).encode()).hexdigest()

    def _nothing(self, lines: Sequence[Skipped], *, earlier: bool) -> Exception:
        reasons = "; ".join(f"{one.where} {one.why}" for one in lines[:3])
        why = f"No article was found at {self.options.location}{': ' + reasons if reasons else ''}."
        return SourceFailed(f"{why} The earlier ones stay.") if earlier else InvalidSource(why)

    def _read(self, reader: PageReader, fetcher: Fetcher, reading: Reading) -> tuple[list[str], list[Skipped]]:
        """Look at every page; those that are there, in order."""
        start = self._start(reader, fetcher)
        listing = self._listing(reader, fetcher, start)
        if listing is None:
            return self._crawl(reader, start, reading)
        order: list[str] = []
        lines = listing.lines
        for done, (url, lastmod) in enumerate(listing.pages.items(), start=1):
            look = reader.look(url, lastmod)
            lines += [look.line] if look.line else []
            order += [url] if look.record else []
            reading(done, len(listing.pages))
        reader.check()
        return order, lines

    def _crawl(self, reader: PageReader, start: str, reading: Reading) -> tuple[list[str], list[Skipped]]:
        limit = self.options.limit
        frontier = Frontier(start, self._scope(start))
        order: list[str] = []
        lines: list[Skipped] = []
        for done in range(1, limit + 1):
            url = frontier.next()
            if url is None:
                break
            look = reader.look(url)
            lines += [look.line] if look.line else []
            if look.record is not None:
                order.append(url)
                frontier.add(look.record.links if self.options.mode != "page" else ())
            if not len(frontier) and reader.failed:
                # What only a page that failed leads to is not gone: pages known from before are looked at themselves.
                frontier.add(sorted(reader.memory.urls()))
            reading(done, min(limit, done + len(frontier)))
        reader.check()
        lines += [limit_line(start, limit, len(frontier))] if len(frontier) else []
        lines += [astray_line(start, frontier.left_out)] if frontier.left_out else []
        return order, lines

    def _start(self, reader: PageReader, fetcher: Fetcher) -> str:
        """Where the address leads: https://help.acme.com may be a name for another host. Raises SourceFailed."""
        start = normal(self.options.location) or self.options.location
        if self.options.by_hand or _SITEMAP.search(urlsplit(start).path):
            return start
        robots = reader.robots_of(start)
        known = reader.memory.get(start)
        request = Request(url=start, known=known.validators if known is not None else Validators())
        reply = fetcher.get(request) if isinstance(robots, Robots) and robots.allows(start) else robots
        if isinstance(reply, NotFetched) and reply.because is Because.FOR_NOW:
            what = "its robots.txt " if reply is robots else ""
            raise SourceFailed(f"{start}: {what}{reply.why}. Nothing was changed; sync again later.")
        moved = isinstance(reply, Fetched) and host_of(reply.url) != host_of(start)
        return reply.url if moved and isinstance(reply, Fetched) else start

    def _listing(self, reader: PageReader, fetcher: Fetcher, start: str) -> Listing | None:
        """The pages as they are listed somewhere; None where links have to be followed."""
        options = self.options
        if options.mode in ("page", "crawl"):
            return None
        if options.by_hand:
            return listed_by_hand(options.urls or (options.location,), options.limit)
        if _SITEMAP.search(urlsplit(start).path):
            return self._of_sitemaps(fetcher, [start], options.scope)
        robots = reader.robots_of(start)
        said = robots.sitemaps if isinstance(robots, Robots) else ()
        named = [urljoin(start, one) for one in said] or [urljoin(start, "/sitemap.xml")]
        try:
            listing = listed_in_sitemaps(fetcher, named, self._scope(start))
        except NoSitemap as reason:
            if options.mode == "sitemap":
                raise InvalidSource(f"{reason}. Give the address of the sitemap, or let it crawl.") from reason
            return None
        return listing if len(listing.pages) > 1 or options.mode == "sitemap" else None

    def _of_sitemaps(self, fetcher: Fetcher, addresses: Sequence[str], path: str) -> Listing:
        scope = Scope(hosts=frozenset({host_of(addresses[0])}), path=path, limit=self.options.limit)
        try:
            return listed_in_sitemaps(fetcher, addresses, scope)
        except NoSitemap as reason:
            raise InvalidSource(f"{reason}. Give the address of a sitemap, or of the help center itself.") from reason

    def _scope(self, start: str) -> Scope:
        """By default what lies below the address; below its folder, where a crawl begins at a file."""
        given = urlsplit(self.options.location).path
        below = self.options.scope or re.sub(r"/(?:index|default)\.\w+$", "/", given)
        if not self.options.scope and self.options.mode == "crawl" and _FILE.search(below):
            below = below.rsplit("/", 1)[0]
        if not self.options.scope and not in_scope(start, below):
            below = urlsplit(start).path
        return Scope(hosts=frozenset({host_of(start)}), path=below, limit=self.options.limit)


def _check(url: str, allowed: Allowed) -> None:
    try:
        check_url(url, allowed)
    except Forbidden as reason:
        raise InvalidSource(
            f"{url or 'The address'} {reason}. Give an address like https://help.example.com."
        ) from reason
    if normal(url) is None:
        raise InvalidSource(f"{url[:200]} is no web address. Give one like https://help.example.com.")


def _number(options: Mapping[str, str], name: str, default: float, most: float) -> float:
    given = options.get(name, "").strip() or str(default)
    try:
        number = float(given)
    except ValueError:
        number = 0.0
    if not 0.01 <= number <= most or (name == "limit" and not number.is_integer()):
        raise InvalidSource(f"{name} must be a number up to {most:g}, not {given!r}.")
    return number


def kind(allowed: Allowed = Allowed()) -> SourceKind:  # noqa: B008 - frozen
    """The kind of source; `allowed` are the private hosts that the operator lets sources reach."""

    def open_pages(options: Mapping[str, str]) -> WebPages:
        return WebPages(options=WebOptions.parse(options, allowed), allowed=allowed)

    return SourceKind(name="web", words="Web pages", fields=_FIELDS, open=open_pages)


_FIELDS: Final = (
    Field(name="location", words="Address", hint="https://help.example.com", required=True),
    Field(name="mode", words="Find pages by", hint="auto: its sitemap, or else its links", choices=MODES),
    Field(name="urls", words="Further pages", hint="https://example.com/returns https://example.com/faq"),
    Field(name="scope", words="Only below this path", hint="/help"),
    Field(name="limit", words="Pages at most", hint=str(DEFAULT_LIMIT)),
    Field(name="rate", words="Pages a second at most", hint="2, or as slow as the site asks"),
)
KIND: Final = kind()
