"""The score that a scorer gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`value` is from 0 to 1, 1 is best; `passed` is what a gate and a summary count; `why` is one line for people."""

    name: str
    value: float
    passed: bool
    why: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"{self.name}: {self.value} is not from 0 to 1")
