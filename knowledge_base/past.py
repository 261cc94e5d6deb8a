"""A version of the knowledge as it was, for turns that are replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from knowledge_base.model import SearchResult, Viewer


class PastKnowledge:
    """Searches one version as it was."""

    def __init__(self, search: Callable[..., SearchResult]) -> None:
        self._search = search

    def search(self, question: str, *, limit: int, viewer: Viewer, earlier: Sequence[str] = ()) -> SearchResult:
        return self._search(question, limit=limit, viewer=viewer, earlier=earlier)
