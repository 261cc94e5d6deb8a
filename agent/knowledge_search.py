"""The AI agent's port to the help center, and its fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from knowledge_base.model import ANYBODY, Hit, SearchResult, Viewer
from tools.tool import Principal


class KnowledgeSearch(Protocol):
    """`search` blocks (it encodes the question): it is run in a thread, possibly several at once.

    Only what `viewer` may read now comes back.
    """

    def search(self, question: str, *, limit: int, viewer: Viewer) -> SearchResult: ...


def viewer_of(principal: Principal) -> Viewer:
    """Whose articles may be cited in a turn: those for everyone, and those for this customer where they signed in."""
    return Viewer(signed_in=principal.verified, segments=principal.segments)


class FakeSearch:
    """Answers from a script of question → hits; a question it does not know finds nothing."""

    def __init__(
        self,
        hits: Mapping[str, tuple[Hit, ...]] | None = None,
        *,
        coverage: float = 1.0,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self.found = dict(hits or {})
        """The script; may be changed on the way."""
        self._coverage = coverage
        self._before = before
        self.asked: list[str] = []
        """Every question searched for, in order."""
        self.viewers: list[Viewer] = []
        """For whom, in the same order."""

    def search(self, question: str, *, limit: int, viewer: Viewer = ANYBODY) -> SearchResult:
        self._before()
        self.asked.append(question)
        self.viewers.append(viewer)
        hits = self.found.get(question, ())[:limit]
        return SearchResult(
            question=question,
            vector=np.zeros(256, dtype=np.float32),
            hits=hits,
            version="scripted",
            coverage=self._coverage if hits else 0.0,
            unknown_words=(),
        )
