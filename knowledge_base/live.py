"""What is live now: the version that answers, which of it a viewer may read at this instant, and who is citing it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from knowledge_base.freshness import readable
from knowledge_base.model import ArticleId, Viewer
from knowledge_base.nearest import Mask
from knowledge_base.searching import Searcher
from knowledge_base.version import Version

CITING_SECONDS: Final = 5.0
"""How long a switch waits for replies that are being posted; one that hangs must not hold up a withdrawal for ever."""
_MASKS: Final = 16
"""Kinds of viewers whose mask is kept: 1 MB each at a million passages."""


class Readers:
    """Who may read what of one version. Never changes, but for what it remembers of the last viewers."""

    def __init__(self, version: Version, withdrawn: frozenset[ArticleId], clock: Callable[[], datetime]) -> None:
        self._version = version
        self._clock = clock
        self._withdrawn = withdrawn & version.articles.keys()
        self._changes = version.articles.changes()
        self._masks: OrderedDict[tuple[Viewer, int], Mask | None] = OrderedDict()
        self._remembering = threading.Lock()

    def may_read(self, article_id: str, viewer: Viewer) -> bool:
        key = ArticleId(article_id)
        if key in self._withdrawn or key not in self._version.articles:
            return False
        return readable(self._version.articles.facts(key), viewer, self._clock())

    def rows(self, viewer: Viewer) -> Mask | None:
        """The rows whose article `viewer` may read now, True for each; None where that is all of them."""
        now = self._clock()
        between = self.between(now)
        with self._remembering:
            if (viewer, between) not in self._masks:
                self._masks[viewer, between] = self._mask(viewer, now)
            self._masks.move_to_end((viewer, between))
            if len(self._masks) > _MASKS:
                self._masks.popitem(last=False)
            return self._masks[viewer, between]

    def between(self, now: datetime) -> int:
        """Equal for instants between which no article takes effect and none expires."""
        return int(np.searchsorted(self._changes, now.timestamp(), side="right"))

    def _mask(self, viewer: Viewer, now: datetime) -> Mask | None:
        articles = self._version.articles
        mask = articles.readable(viewer, now)
        mask[[place for key in self._withdrawn if (place := articles.place(key)) is not None]] = False
        return self._version.mask_of_rows(mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One version with its searcher and its readers: whoever holds it sees them agree."""

    searcher: Searcher
    readers: Readers

    @property
    def version(self) -> Version:
        return self.searcher.version


class Live:
    """The version that is served, replaced in one step.

    A reply is posted inside `citing`; `serve` and `hide` return only when every such block that began before they
    took effect is over. So once they returned, nothing can be posted any more that cites what they took away.
    """

    def __init__(
        self,
        searcher: Searcher,
        withdrawn: frozenset[ArticleId],
        *,
        clock: Callable[[], datetime],
        patience: float = CITING_SECONDS,
    ) -> None:
        self._withdrawn = withdrawn
        self._patience = patience
        self._clock = clock
        self._now = self._serving(searcher, withdrawn)
        self._changed = threading.Condition()
        self._citing: set[object] = set()

    @property
    def now(self) -> Serving:
        return self._now

    @property
    def withdrawn(self) -> frozenset[ArticleId]:
        return self._withdrawn

    def serve(self, searcher: Searcher) -> None:
        """Put another version in place of this one."""
        self._replace(self._serving(searcher, self._withdrawn))

    def hide(self, withdrawn: frozenset[ArticleId]) -> None:
        """Let nobody read these articles, in this version and those to come."""
        self._withdrawn = withdrawn
        self._replace(self._serving(self._now.searcher, withdrawn))

    @contextmanager
    def citing(self, article_ids: Collection[str], viewer: Viewer) -> Iterator[frozenset[str]]:
        """The ids that may be cited now."""
        block = object()
        with self._changed:
            # In one step: a switch in between would neither wait for this block nor be seen by it.
            self._citing.add(block)
            readers = self._now.readers
        try:
            yield frozenset(one for one in article_ids if readers.may_read(one, viewer))
        finally:
            with self._changed:
                self._citing.discard(block)
                self._changed.notify_all()

    def _serving(self, searcher: Searcher, withdrawn: frozenset[ArticleId]) -> Serving:
        return Serving(searcher=searcher, readers=Readers(searcher.version, withdrawn, self._clock))

    def _replace(self, serving: Serving) -> None:
        until = time.monotonic() + self._patience
        with self._changed:
            self._now = serving
            before = frozenset(self._citing)
            while not before.isdisjoint(self._citing) and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
