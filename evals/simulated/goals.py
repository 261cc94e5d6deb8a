"""What simulated customers come for: what they say, know and answer, and by what they can tell that they have it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

_FILE: Final = Path(__file__).with_name("goals.toml")


class Goal(BaseModel):
    """A goal: exactly one of `told`, `action`, `person` and `nothing` says when it is reached.

    `told` are facts that must stand in the replies ("a|b" for one of several); `action` a kind of action that must
    have been carried out, or wait for a person's approval; `person` that a person took over; `nothing` that there is
    nothing to get: the customer presses until they have had enough. `opens` are openings with all details, `vague`
    ones without; `opens_in` by language. `answers` are theirs to Baton's questions: order, item, instead, address,
    subscription. `then` are further questions, asked one after another. `presses` is what they insist with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: list[str] = Field(min_length=1)
    vague: list[str] = Field(default_factory=list)
    opens_in: dict[str, list[str]] = Field(default_factory=dict)
    answers: dict[str, str] = Field(default_factory=dict)
    then: list[str] = Field(default_factory=list)
    presses: list[str] = Field(default_factory=list)
    told: list[str] = Field(default_factory=list)
    action: str | None = None
    person: bool = False
    nothing: bool = False


@cache
def goals() -> Mapping[str, Goal]:
    """By the name that samples use."""
    stored = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Goal.model_validate(goal) for name, goal in stored.items()}
