"""What a tool is: a named function of the business, offered to the AI agent, run for the customer of the session.

A tool never takes a customer's id as an argument: it is handed the session's `Principal` by the toolbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from conversations.model import CustomerId, JsonValue


class ToolFailed(Exception):
    """The system behind a tool could not answer (down, slow, damaged). The only exception an adapter may raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """On whose behalf a turn runs. `external_id` is the shop's id, present only while the session is verified.

    `segments` are the groups that the shop put the customer in.
    """

    customer_id: CustomerId
    external_id: str | None
    segments: frozenset[str] = frozenset()

    @property
    def verified(self) -> bool:
        return self.external_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool found. `message` is plain text for the customer; `data` is for the record and the model.

    `ok=False` is an expected outcome (not found, not signed in, system down), told apart by `code`.
    """

    ok: bool
    code: str
    message: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`arguments` is a strict pydantic model (extra keys forbidden); its docstring and fields are the model's text."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Principal, BaseModel], Awaitable[ToolResult]]
    needs_verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call that was made in a turn, with its result, for the record."""

    id: str
    tool: str
    arguments: Mapping[str, JsonValue]
    result: ToolResult
