"""What the service needs of the AI agent: one turn in, a draft out."""

from __future__ import annotations

from typing import Protocol

from agent.draft import Draft, TurnHost, TurnInput


class Answering(Protocol):
    async def reply(self, turn: TurnInput, *, host: TurnHost, deadline_s: float) -> Draft:
        """A draft within `deadline_s` seconds; raises only on defects."""
        ...
