"""A kind of source whose articles a test puts there, and that breaks off where the test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from knowledge_base.model import Article
from knowledge_base.sources import KINDS, Skipped, SourceKind
from knowledge_base.sources.memory import Memory
from knowledge_base.sources.source import Field, Reading

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(slots=True)
class Shelves:
    """What each shelf holds, by its location; an exception among the articles is raised when reading gets there."""

    held: dict[str, Sequence[Article | Skipped | Exception]] = field(default_factory=dict)
    remembered: dict[str, list[str]] = field(default_factory=dict)
    """What the memory of each shelf held when it was read last."""
    gate: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def kinds(self) -> Mapping[str, SourceKind]:
        fields = (
            Field(name="location", words="Shelf", required=True),
            Field(name="token", words="Token", secret=True),
            Field(name="order", words="Order", choices=("up", "down")),
        )
        return {**KINDS, "shelf": SourceKind(name="shelf", words="Shelf", fields=fields, open=self._open)}

    def _open(self, options: Mapping[str, str]) -> _Shelf:
        return _Shelf(self, options["location"])


@dataclass(frozen=True, slots=True)
class _Shelf:
    shelves: Shelves
    location: str

    def articles(self, memory: Memory, reading: Reading) -> Iterator[Article | Skipped]:
        held = self.shelves.held[self.location]
        self.shelves.remembered[self.location] = memory.keys()
        for done, one in enumerate(held, start=1):
            if isinstance(one, Exception):
                raise one
            if isinstance(one, Article):
                memory.put(one.id, {"title": one.title})
            yield one
            reading(done, len(held))
        self.shelves.reached.set()
        assert self.shelves.gate.wait(20)
