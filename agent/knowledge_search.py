"""The AI agent's port to the help center, and its fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from agent.languages import language_of
from knowledge_base.model import ANYBODY, Hit, Passage, SearchResult, Viewer
from tools.tool import Principal


class KnowledgeSearch(Protocol):
    """`search` blocks (it encodes the question): it is run in a thread, possibly several at once.

    Only what `viewer` may read now comes back. `earlier` are the customer's questions before, oldest first: the
    search takes from them what the question leans on.
    """

    def search(self, question: str, *, limit: int, viewer: Viewer, earlier: Sequence[str] = ()) -> SearchResult: ...


def passage_language(passage: Passage) -> str | None:
    """What a passage is written in, or None where it is too short to tell."""
    return language_of([f"{passage.title} {passage.heading} {passage.text}"])


def in_language(result: SearchResult, language: str | None) -> SearchResult:
    """`result` with the hits in `language` before those in others."""
    if language is None:
        return result
    foreign = [hit for hit in result.hits if passage_language(hit.passage) not in (language, None)]
    if not foreign:
        return result
    return replace(result, hits=(*(hit for hit in result.hits if hit not in foreign), *foreign))


def viewer_of(principal: Principal) -> Viewer:
    """Whose articles may be cited in a turn: those for everyone, and those for this customer where they signed in."""
    return Viewer(signed_in=principal.proven, segments=principal.segments)


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
        self.leant_on: list[tuple[str, ...]] = []
        """What was given as said earlier, in the same order."""
        self.viewers: list[Viewer] = []
        """For whom, in the same order."""

    def search(
        self, question: str, *, limit: int, viewer: Viewer = ANYBODY, earlier: Sequence[str] = ()
    ) -> SearchResult:
        self._before()
        self.asked.append(question)
        self.leant_on.append(tuple(earlier))
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
