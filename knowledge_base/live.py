"""What is live: the version that answers, and which of it a viewer may read at this instant."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import numpy as np

from knowledge_base.freshness import readable
from knowledge_base.model import ArticleId, Viewer
from knowledge_base.nearest import Mask
from knowledge_base.searching import Searcher
from knowledge_base.version import Version

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
                self._masks[viewer, between] = self._version.mask_of_rows(self._articles(viewer, now))
            self._masks.move_to_end((viewer, between))
            if len(self._masks) > _MASKS:
                self._masks.popitem(last=False)
            return self._masks[viewer, between]

    def between(self, now: datetime) -> int:
        """Equal for instants between which no article takes effect and none expires."""
        return int(np.searchsorted(self._changes, now.timestamp(), side="right"))

    def articles(self, viewer: Viewer) -> Mask:
        """The articles that `viewer` may read now, True for each, by place."""
        return self._articles(viewer, self._clock())

    def _articles(self, viewer: Viewer, now: datetime) -> Mask:
        articles = self._version.articles
        mask = articles.readable(viewer, now)
        mask[[place for key in self._withdrawn if (place := articles.place(key)) is not None]] = False
        return mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One version with its searcher and its readers: whoever holds it sees them agree."""

    searcher: Searcher
    readers: Readers
    withdrawn: frozenset[ArticleId]

    @classmethod
    def of(cls, searcher: Searcher, withdrawn: frozenset[ArticleId], clock: Callable[[], datetime]) -> Self:
        readers = Readers(searcher.version, withdrawn, clock)
        return cls(searcher=searcher, readers=readers, withdrawn=withdrawn)

    @property
    def version(self) -> Version:
        return self.searcher.version
