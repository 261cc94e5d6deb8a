"""The AI agent's port to a language model, and how what it says is shown while it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from agent.draft import Decision, Draft, TurnHost
from agent.pinned import Pinned
from agent.responders.llm_model import LlmAnswer, LlmRequest


class ModelResponder(Protocol):
    """A language model that answers from hits and read tools. Raises AgentUnavailable when it cannot."""

    @property
    def pins(self) -> Mapping[str, str]:
        """What its answers depend on beside the request."""
        ...

    def replaying(self, pinned: Pinned) -> ModelResponder:
        """The same over a recorded server, on another day, its tools answering as they did."""
        ...

    async def respond(self, request: LlmRequest) -> LlmAnswer: ...


class Showing:
    """Shows what the model has said so far, where it would be an answer if it ended there.

    `shown` tells that some of it was: then nothing else may take its place.
    """

    def __init__(self, host: TurnHost, judge: Callable[[LlmAnswer], Draft | None]) -> None:
        self._host, self._judge = host, judge
        self.shown = False

    async def __call__(self, answer: LlmAnswer) -> bool:
        draft = self._judge(answer)
        if draft is None or draft.decision is not Decision.ANSWER:
            return False
        went_out = await self._host.show(draft)
        self.shown = self.shown or went_out
        return went_out
