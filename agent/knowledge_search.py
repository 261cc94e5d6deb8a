"""The AI agent's port to the help center, and its fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from knowledge_base.model import Hit, SearchResult


class KnowledgeSearch(Protocol):
    """`search` blocks (it encodes the question): it is run in a thread, possibly several at once."""

    def search(self, question: str, *, limit: int) -> SearchResult: ...


class FakeSearch:
    """Answers from a script of question → hits; a question it does not know finds nothing."""

    def __init__(
        self,
        hits: Mapping[str, tuple[Hit, ...]] | None = None,
        *,
        coverage: float = 1.0,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._hits = dict(hits or {})
        self._coverage = coverage
        self._before = before
        self.asked: list[str] = []
        """Every question searched for, in order."""

    def search(self, question: str, *, limit: int) -> SearchResult:
        self._before()
        self.asked.append(question)
        hits = self._hits.get(question, ())[:limit]
        return SearchResult(
            question=question,
            vector=np.zeros(256, dtype=np.float32),
            hits=hits,
            version="scripted",
            coverage=self._coverage if hits else 0.0,
            unknown_words=(),
        )
