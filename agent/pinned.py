"""What a turn that is replayed is pinned to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import httpx2

from agent.knowledge_search import KnowledgeSearch
from tools.tool import ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """`results` are what the tools answered, in order; `model` stands in for the models' server, None for no model.

    `threshold` is another one than the agent's own, or None.
    """

    knowledge: KnowledgeSearch
    results: Sequence[ToolCall]
    today: date
    model: httpx2.AsyncBaseTransport | None
    threshold: float | None = None
