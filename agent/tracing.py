"""How long the steps of a turn took: kept with the turn, and as OpenTelemetry spans where an exporter is installed.

Spans carry GenAI names and figures and never what anybody wrote; without an SDK they cost nothing worth naming.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from opentelemetry import trace

Figure = str | int | float
_TRACER: Final = trace.get_tracer("baton")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """One step of a turn: `name` as the console shows it, and figures such as tokens by their short names."""

    name: str
    ms: float
    figures: dict[str, Figure] = field(default_factory=dict)


@dataclass(slots=True)
class Figures:
    """Filled in while a step runs."""

    values: dict[str, Figure] = field(default_factory=dict)

    def add(self, **values: Figure) -> None:
        self.values.update(values)


@contextmanager
def step(name: str, note: Callable[[StepTaken], None], *, span: str = "", **known: Figure) -> Iterator[Figures]:
    """Times the block and tells `note`; `known` are the span's attributes, dots written as double underscores."""
    attributes = {key.replace("__", "."): value for key, value in known.items()}
    figures = Figures()
    started = time.perf_counter()
    with _TRACER.start_as_current_span(span or name, attributes=attributes) as current:
        try:
            yield figures
        finally:
            for key, value in figures.values.items():
                current.set_attribute(_SPAN_NAMES.get(key, f"baton.{key}"), value)
            ms = round((time.perf_counter() - started) * 1_000, 2)
            note(StepTaken(name=name, ms=ms, figures=figures.values))


_SPAN_NAMES: Final = {
    "model": "gen_ai.request.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "finish_reason": "gen_ai.response.finish_reason",
    "tool": "gen_ai.tool.name",
}


def unnoted(_: StepTaken) -> None:
    """The whole turn has its time beside the steps, not among them."""
