"""What the LLM responder is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from agent.draft import SentenceSupport, TurnHost
from conversations.model import Citation, Message
from knowledge_base.model import Hit
from tools.tool import Principal, ToolCall

SearchHelpCenter = Callable[[str], Awaitable[tuple[Hit, ...]]]
"""A search of the help center: a query in plain words, hits best first, an empty tuple when nothing fits."""


class IntentKind(StrEnum):
    """What the model wants to happen and cannot do itself."""

    HAND_OFF = "hand_off"
    REQUEST_REFUND = "request_refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A wish of the model, without effect. `words` and `order_number` are the model's, so untrusted."""

    kind: IntentKind
    words: str
    order_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmAnswer:
    """What the model said, reduced to what may be said.

    `text` holds only sentences that passed grounding, with markers [1]..[k] that match `citations`; "" if nothing
    passed, or if the model only wants something (`intents`). `sentences` are all it wrote, those with source None
    were dropped. `hits` are every passage that it was shown, in the order it was shown them.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    intents: tuple[Intent, ...] = ()
    sentences: tuple[SentenceSupport, ...] = ()
    hits: tuple[Hit, ...] = ()
    model: str = ""
    """The model that gave the answer, for the record."""
    steps: int = 0
    """How many times a model was called."""
    used: dict[str, int] = field(default_factory=dict)
    """Tokens by "input" and "output", as far as the server told."""

    @property
    def dropped(self) -> int:
        return sum(support.source is None for support in self.sentences)


ShowAnswer = Callable[[LlmAnswer], Awaitable[bool]]
"""Given the answer as far as it is verified: whether the customer has seen it now, so that it cannot be taken back."""


async def _show_nothing(_: LlmAnswer) -> bool:
    return False


_NOBODY: Final = TurnHost()


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmRequest:
    """One turn for the language model.

    `messages` are the public messages of the episode, oldest first, ending with the customer's; `question` is the last
    one made to stand alone. `hits` were found for it, best first. `deadline_s` is how many seconds are left in all.
    `show` is handed what the model has said so far, each time a sentence more of it is verified.
    """

    messages: tuple[Message, ...]
    question: str
    hits: tuple[Hit, ...]
    principal: Principal
    search: SearchHelpCenter
    deadline_s: float
    host: TurnHost = _NOBODY
    show: ShowAnswer = _show_nothing
