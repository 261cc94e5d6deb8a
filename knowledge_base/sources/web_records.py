"""What a source of web pages remembers: each page as it was read last, and how far a sync came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from conversations.model import JsonObject
from knowledge_base.freshness import instant
from knowledge_base.sources.fetching import Validators
from knowledge_base.sources.memory import Memory

READING: Final = 1
"""Raised when pages are read better than before, so that remembered ones are read anew."""
_PAGE: Final = "page "
_SYNC: Final = "sync"
_RESUMES: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """A page as it was read. `url` is where redirects ended. There is no article where `why` says so.

    `lastmod` is what the sitemap said when it was read; `sync` the number of the sync that looked at it last.
    """

    sync: int
    url: str
    read_at: str
    title: str = ""
    text: str = ""
    why: str = ""
    language: str | None = None
    updated_at: str | None = None
    path: Sequence[str] = ()
    canonical: str = ""
    links: Sequence[str] = ()
    etag: str | None = None
    last_modified: str | None = None
    lastmod: str = ""
    reading: int = READING

    @property
    def validators(self) -> Validators:
        return Validators(etag=self.etag, last_modified=self.last_modified)


class PageMemory:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.sync = 0

    def begin(self, wanted: str, now: datetime) -> None:
        """Take up the sync that was interrupted if it wanted the same and is not old; else begin another."""
        state = self._memory.get(_SYNC) or {}
        number = state.get("number")
        number = number if isinstance(number, int) else 0
        begun = instant(state.get("begun"))
        same = not state.get("done") and state.get("wanted") == wanted
        resumes = same and begun is not None and now - begun < _RESUMES
        self.sync = number if resumes else number + 1
        at = begun if resumes and begun is not None else now
        self._memory.put(_SYNC, {"number": self.sync, "wanted": wanted, "done": False, "begun": at.isoformat()})

    def finish(self, kept: set[str]) -> None:
        """The sync is complete: pages it did not keep are forgotten."""
        for url in self.urls() - kept:
            self._memory.forget(_PAGE + url)
        state = self._memory.get(_SYNC) or {}
        self._memory.put(_SYNC, state | {"done": True})

    def urls(self) -> set[str]:
        keys = self._memory.keys()
        return {key.removeprefix(_PAGE) for key in keys if key.startswith(_PAGE)}

    def get(self, url: str) -> PageRecord | None:
        record = self._memory.get(_PAGE + url)
        if record is None or record.get("reading") != READING:
            return None
        try:
            return PageRecord(**record)  # type: ignore[arg-type]  # as `put` wrote it
        except TypeError:
            return None

    def put(self, url: str, record: PageRecord) -> None:
        stored: JsonObject = asdict(record)
        self._memory.put(_PAGE + url, stored)

    def looked_at(self, url: str, record: PageRecord, lastmod: str, now: datetime) -> PageRecord:
        """The same page, found unchanged."""
        same = replace(record, sync=self.sync, lastmod=lastmod, read_at=now.isoformat())
        self.put(url, same)
        return same

    def forget(self, url: str) -> None:
        self._memory.forget(_PAGE + url)
