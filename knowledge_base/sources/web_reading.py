"""Pages of a site, one by one: asked for politely, converted, remembered; an interrupted sync goes on where it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from knowledge_base.freshness import instant
from knowledge_base.sources.converting import Converted, Converter
from knowledge_base.sources.fetching import Because, Fetched, Fetcher, NotFetched, Request, Unchanged, Validators
from knowledge_base.sources.page_encoding import decoded
from knowledge_base.sources.robots import Robots, robots_of
from knowledge_base.sources.source import Skipped, SourceFailed
from knowledge_base.sources.web_address import host_of
from knowledge_base.sources.web_records import PageMemory, PageRecord

MAX_IN_A_ROW: Final = 5
FEW_FAILURES: Final = 3
FAILURE_SHARE: Final = 0.1
"""A site is given up after five pages in a row that fail for now, and a sync that had more than three such pages and
more than one in ten is not used: what is missing then says more of the site's health than of its articles."""
_TRUST_LASTMOD: Final = timedelta(days=7)
_CLOSED_FOR_GOOD: Final = timedelta(days=2)
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_TEXT_TYPES: Final = re.compile(r"text/html|application/xhtml\+xml|$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLook:
    """What a look at a page brought: its record, fresh or kept, or None where it is gone; and the line about it."""

    record: PageRecord | None
    line: Skipped | None = None


@dataclass(slots=True, kw_only=True)
class PageReader:
    """Raises SourceFailed once the site seems to be down."""

    fetcher: Fetcher
    converter: Converter
    memory: PageMemory
    clock: Callable[[], datetime]
    pace_given: bool = False
    """An operator's own rate goes before the delay that robots.txt asks for."""
    any_host: bool = False
    """Pages that were named one by one may lead to another host."""
    failed: int = 0
    """Pages that could not be read for now."""
    _robots: dict[str, Robots | NotFetched] = field(default_factory=dict)
    _tried: int = 0
    _in_a_row: int = 0

    def look(self, url: str, lastmod: str = "") -> PageLook:
        record = self.memory.get(url)
        if record is not None and self._elsewhere(url, record.url):
            record = None
        if record is not None and record.sync == self.memory.sync:
            return _told(url, record)  # read before this sync was interrupted
        if record is not None and _trusted(record, lastmod, self.clock()):
            self._counts(failed=False)
            return _told(url, self.memory.looked_at(url, record, lastmod, instant(record.read_at) or self.clock()))
        robots = self.robots_of(url)
        if isinstance(robots, NotFetched):
            return self._failing(url, record, f"has a robots.txt that {robots.why}")
        if not robots.allows(url):
            return self._left_out(url, "is not to be read by programs (robots.txt)")
        known = record.validators if record is not None else Validators()
        reply = self.fetcher.get(Request(url=url, known=known))
        if isinstance(reply, NotFetched):
            now = reply.because is Because.FOR_NOW or (reply.status == 403 and _read_lately(record, self.clock()))
            return self._failing(url, record, reply.why) if now else self._left_out(url, reply.why)
        self._counts(failed=False)
        if isinstance(reply, Unchanged):
            if record is None:
                return self._left_out(url, "was said to be unchanged, though it was never read")
            return _told(url, self.memory.looked_at(url, record, lastmod, self.clock()))
        return self._take(url, reply, lastmod)

    def robots_of(self, url: str) -> Robots | NotFetched:
        """What the site of `url` asks of us; NotFetched where that cannot be found out now."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            reply = self.fetcher.get(
                Request(url=f"{site}/robots.txt", max_bytes=500_000, cut=True, accept="text/plain")
            )
            missing = isinstance(reply, NotFetched) and reply.because is not Because.FOR_NOW
            found = robots_of(reply.body) if isinstance(reply, Fetched) else Robots()
            self._robots[site] = reply if isinstance(reply, NotFetched) and not missing else found
            if found.delay is not None and not self.pace_given:
                self.fetcher.slow_down(url, found.delay)
        return self._robots[site]

    def check(self) -> None:
        """Raises SourceFailed where too many pages failed for the rest to be a sync."""
        few = max(FEW_FAILURES, FAILURE_SHARE * self._tried)
        if self.failed and (self.failed == self._tried or self.failed > few):
            share = f"{self.failed} of {self._tried} pages"
            raise SourceFailed(f"{share} could not be read just now. Nothing was changed; sync again later.")

    def _take(self, url: str, reply: Fetched, lastmod: str) -> PageLook:
        if self._elsewhere(url, reply.url):
            return self._left_out(url, f"leads to another site, {reply.url[:200]}")
        if not _TEXT_TYPES.match(reply.content_type.strip()):
            return self._left_out(url, f"is no page but {reply.content_type.split(';')[0].strip()[:60]}")
        text, exact = decoded(reply.body, reply.content_type)
        found = self.converter.convert("web_page", _UTF8_MARK + text.encode("utf-8", errors="replace"), reply.url)
        record = self._record(reply, found, lastmod)
        self.memory.put(url, record)
        told = _told(url, record)
        if told.line is None and not exact:
            return PageLook(
                record=record,
                line=Skipped(where=url, why="some characters could not be read: its encoding is wrong", kept=True),
            )
        return told

    def _elsewhere(self, url: str, arrived: str) -> bool:
        return host_of(arrived) != host_of(url) and not self.any_host

    def _record(self, reply: Fetched, found: Converted | Skipped, lastmod: str) -> PageRecord:
        at = self.clock().isoformat()
        if isinstance(found, Skipped):
            return PageRecord(sync=self.memory.sync, url=reply.url, read_at=at, why=found.why, lastmod=lastmod)
        details = found.details
        hidden = "noindex" in reply.robots.lower() or "none" in reply.robots.lower().split(",")
        return PageRecord(
            sync=self.memory.sync,
            url=reply.url,
            read_at=at,
            title=found.title,
            text=found.text,
            why="asks not to be indexed (noindex)" if hidden else str(details.get("why") or ""),
            language=found.language,
            updated_at=found.updated_at.isoformat() if found.updated_at else None,
            path=_texts(details.get("path")),
            canonical=str(details.get("canonical") or ""),
            links=_texts(details.get("links")),
            etag=reply.etag,
            last_modified=reply.last_modified,
            lastmod=lastmod,
        )

    def _failing(self, url: str, record: PageRecord | None, why: str) -> PageLook:
        """It could not be read for now: an earlier copy stays."""
        self._counts(failed=True)
        if self._in_a_row >= MAX_IN_A_ROW:
            site = urlsplit(url).netloc
            raise SourceFailed(
                f"{site} stopped answering: {url} {why}. What was read is remembered; sync again to go on."
            )
        kept = record is not None and not record.why
        earlier = "; its earlier copy stays" if kept else ""
        return PageLook(record=record, line=Skipped(where=url, why=why + earlier, kept=kept))

    def _left_out(self, url: str, why: str) -> PageLook:
        self._counts(failed=False)
        return PageLook(record=None, line=Skipped(where=url, why=why))

    def _counts(self, *, failed: bool) -> None:
        self._tried += 1
        self.failed += failed
        self._in_a_row = self._in_a_row + 1 if failed else 0


def _told(url: str, record: PageRecord) -> PageLook:
    return PageLook(record=record, line=Skipped(where=url, why=record.why) if record.why else None)


def _trusted(record: PageRecord, lastmod: str, now: datetime) -> bool:
    """Whether the sitemap says that the page is as it was read. A date without a time may hide a second change on its
    day, and some sites never move theirs: after a week the page is asked for all the same."""
    read_at, changed = instant(record.read_at), instant(lastmod)
    if not lastmod or record.lastmod != lastmod or read_at is None or changed is None:
        return False
    day = timedelta(days=1) if len(lastmod) <= len("2026-01-31") else timedelta()
    return changed + day <= read_at and now - read_at < _TRUST_LASTMOD


def _read_lately(record: PageRecord | None, now: datetime) -> bool:
    """A page that was open until lately is more often shut off by a guard against programs than closed for good."""
    read_at = instant(record.read_at) if record is not None else None
    return read_at is not None and now - read_at < _CLOSED_FOR_GOOD


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
