"""What a tool is: a named function of the business, offered to the AI agent, run for the customer of the session.

A tool never takes a customer's id as an argument: it is handed the session's `Principal` by the toolbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel

from conversations.model import Assurance, CustomerId, JsonValue
from tools.action_model import Proposal


class ToolFailed(Exception):
    """The system behind a tool could not answer (down, slow, damaged). The only exception an adapter may raise."""


class Access(StrEnum):
    """What a call may lead to. READ tells something; PROPOSE prepares a change that the customer must confirm.

    There is no third kind: no call changes anything by itself.
    """

    READ = "read"
    PROPOSE = "propose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may take and give back: seconds, and characters of its message and of its data as JSON."""

    seconds: float = 5.0
    message_characters: int = 4_000
    data_characters: int = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """On whose behalf a turn runs, and how well that is proven; made from the session, never from what was said.

    `external_id` is the shop's id, present from SIGNED on and only then: a claim names nobody to a tool. `segments` are
    the groups that the shop put the customer in. Raises ValueError where id and level disagree.
    """

    customer_id: CustomerId
    external_id: str | None
    assurance: Assurance
    segments: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.external_id is not None) != self.proven:
            raise ValueError("a principal has the shop's id exactly from SIGNED on")

    @property
    def proven(self) -> bool:
        """Whether the shop's records about this person may be read to them."""
        return self.assurance >= Assurance.SIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool found. `message` is plain text for the customer; `data` is for the record and the model.

    `ok=False` is an expected outcome (not found, not signed in, system down), told apart by `code`.
    """

    ok: bool
    code: str
    message: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    proposal: Proposal | None = None
    """What a propose tool offers to do: nothing has happened, and nothing will before the customer confirms it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`arguments` is a strict pydantic model (extra keys forbidden); its docstring and fields are the model's text.

    `needs` is the least assurance of the customer; below it `run` is never called.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Principal, BaseModel], Awaitable[ToolResult]]
    access: Access = Access.READ
    needs: Assurance = Assurance.SIGNED
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call that was made in a turn, with its result, for the record."""

    id: str
    tool: str
    arguments: Mapping[str, JsonValue]
    result: ToolResult
