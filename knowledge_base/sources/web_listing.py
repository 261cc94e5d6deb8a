"""Which pages to read: what a sitemap lists, or what a crawl of links finds within a scope."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from knowledge_base.sources.fetching import Because, Fetched, Fetcher, NotFetched, Request
from knowledge_base.sources.sitemap import MAX_SITEMAP_BYTES, NoSitemap, Sitemap
from knowledge_base.sources.source import Skipped, SourceFailed
from knowledge_base.sources.web_address import astray, host_of, in_scope, key_of, normal, shape_of

MAX_SITEMAPS: Final = 200
_OF_ONE_SHAPE: Final = 100
"""Pages that differ in numbers alone, or in what follows "?": a calendar or a search has no last one."""
_WAITING: Final = 20
"""Times the limit of pages: links that wait to be followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The hosts and the path that pages must be in, and how many are taken."""

    hosts: frozenset[str]
    path: str
    limit: int

    def holds(self, url: str) -> bool:
        return host_of(url) in self.hosts and in_scope(url, self.path)


@dataclass(slots=True, kw_only=True)
class Listing:
    """Pages in order with the sitemap's word on when each changed, and lines for the report."""

    pages: dict[str, str] = field(default_factory=dict)
    lines: list[Skipped] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)

    def add(self, address: str, lastmod: str = "") -> None:
        url = normal(address)
        if url is None:
            self.lines.append(Skipped(where=address[:200], why="is no web address"))
        elif key_of(url) not in self._keys:
            self._keys.add(key_of(url))
            self.pages[url] = lastmod


def listed_by_hand(addresses: Sequence[str], limit: int) -> Listing:
    listing = Listing()
    for address in addresses[:limit]:
        listing.add(address)
    if len(addresses) > limit:
        listing.lines.append(Skipped(where="The list", why=_beyond(limit, f"{len(addresses) - limit} more pages")))
    return listing


def listed_in_sitemaps(fetcher: Fetcher, addresses: Sequence[str], scope: Scope) -> Listing:
    """The pages of these sitemaps and those they name, that are in scope, up to its limit.

    Raises SourceFailed where one cannot be read just now: its pages would seem to be gone. Raises NoSitemap where none
    of the addresses is one.
    """
    listing = Listing()
    waiting = deque(address for address in addresses if normal(address))
    seen = set(waiting)
    outside = read = 0
    refused = ""
    while waiting and read < MAX_SITEMAPS and len(listing.pages) < scope.limit:
        address = waiting.popleft()
        found = _sitemap(fetcher, address)
        if isinstance(found, str):
            refused = f"{address} {found}"
            listing.lines.append(Skipped(where=address, why=found))
            continue
        read += 1
        try:
            outside += _take(found, listing, scope, waiting, seen)
        except NoSitemap as reason:
            refused = f"{address} {reason}"
            if listing.pages or read > 1:
                raise SourceFailed(f"{refused}. Nothing was changed; sync again later.") from reason
            listing.lines.append(Skipped(where=address, why=str(reason)))
            read -= 1
        if found.cut:
            listing.lines.append(
                Skipped(where=address, why="is larger than 50 MB: only its beginning was read", kept=True)
            )
    if not read:
        raise NoSitemap(refused or "there is no sitemap")
    _tell_limits(listing, addresses[0], scope, outside=outside, unread=len(waiting))
    return listing


def _tell_limits(listing: Listing, where: str, scope: Scope, *, outside: int, unread: int) -> None:
    if outside:
        elsewhere = f"lists {outside} pages on other hosts or outside {scope.path or '/'}"
        listing.lines.append(Skipped(where=where, why=elsewhere))
    if len(listing.pages) >= scope.limit:
        listing.lines.append(Skipped(where=where, why=_beyond(scope.limit, "the pages that follow")))
    elif unread:
        listing.lines.append(
            Skipped(where=where, why=f"names more than {MAX_SITEMAPS} sitemaps; the rest was left out")
        )


def _take(found: Sitemap, listing: Listing, scope: Scope, waiting: deque[str], seen: set[str]) -> int:
    """Put its entries where they belong; how many are out of scope."""
    outside = 0
    for entry in found:
        if entry.index:
            if entry.url not in seen and host_of(entry.url) in scope.hosts and len(seen) <= 2 * MAX_SITEMAPS:
                seen.add(entry.url)
                waiting.append(entry.url)
        elif scope.holds(entry.url):
            listing.add(entry.url, entry.lastmod)
        else:
            outside += 1
        if len(listing.pages) >= scope.limit:
            break
    return outside


def _sitemap(fetcher: Fetcher, address: str) -> Sitemap | str:
    """A sitemap, or why there is none. Raises SourceFailed."""
    request = Request(
        url=address, max_bytes=MAX_SITEMAP_BYTES, cut=True, accept="application/xml,text/xml,text/plain,*/*;q=0.1"
    )
    reply = fetcher.get(request)
    if isinstance(reply, Fetched):
        return Sitemap(reply.body, cut=reply.cut)
    if isinstance(reply, NotFetched) and reply.because is not Because.FOR_NOW:
        return reply.why
    why = reply.why if isinstance(reply, NotFetched) else "sent nothing"
    raise SourceFailed(f"The sitemap {address} {why}. Nothing was changed; sync again later.")


class Frontier:
    """The pages that a crawl has found and not yet read: each once, none that leads it astray, in order."""

    def __init__(self, start: str, scope: Scope) -> None:
        self._scope = scope
        self._waiting = deque([start])
        self._seen = {key_of(start)}
        self._shapes: dict[str, int] = {}
        self.left_out = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def next(self) -> str | None:
        return self._waiting.popleft() if self._waiting else None

    def add(self, links: Iterable[str]) -> None:
        for link in links:
            url = normal(link)
            if url is None or not self._scope.holds(url) or astray(url) or key_of(url) in self._seen:
                continue
            self._seen.add(key_of(url))
            shape = shape_of(url)
            self._shapes[shape] = self._shapes.get(shape, 0) + 1
            if (shape and self._shapes[shape] > _OF_ONE_SHAPE) or len(self._seen) > _WAITING * self._scope.limit:
                self.left_out += 1
            else:
                self._waiting.append(url)


def _beyond(limit: int, what: str) -> str:
    return f"holds more than {limit:,} pages: {what} were left out; raise the limit of the source, or narrow its scope"


def limit_line(start: str, limit: int, waiting: int) -> Skipped:
    return Skipped(where=start, why=_beyond(limit, f"at least {waiting} more"))


def astray_line(start: str, left_out: int) -> Skipped:
    return Skipped(
        where=start,
        why=f"has {left_out} more pages that differ in numbers alone (a calendar, a search); they were left out",
    )
