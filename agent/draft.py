"""What a turn of the AI agent is given and what it gives back. Nothing here touches a database or the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from agent.exchange import Exchange
from agent.tracing import StepTaken
from conversations.model import Citation, HandoffReason, Message
from tools.action_model import Action, Proposal
from tools.tool import Principal, ToolCall

OFFER_PERSON: Final = "offer_person"
"""A message's request: the customer may take a person with one press, or go on."""
CHOOSE: Final = "choose"
CHOOSE_TOPIC: Final = "choose_topic"
"""A message's request: each choice that its text lists may be taken with one press."""


class Decision(StrEnum):
    ANSWER = "answer"
    CLARIFY = "clarify"
    HANDOFF = "handoff"


class Activity(StrEnum):
    """What the AI agent is doing right now, shown to the customer as a line of text."""

    SEARCHING = "searching"
    CHECKING_ORDER = "checking_order"
    WRITING = "writing"


class TurnKind(StrEnum):
    """What the customer's message is, as far as the AI agent understands it."""

    QUESTION = "question"
    FOLLOW_UP = "follow_up"
    ORDER_STATUS = "order_status"
    ACTION_REQUEST = "action_request"
    WANTS_PERSON = "wants_person"
    SMALL_TALK = "small_talk"
    COMPLAINT = "complaint"
    OUT_OF_SCOPE = "out_of_scope"
    ABUSE = "abuse"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnInput:
    """One turn's view of a conversation: public messages of this episode, oldest first, ending with the customer's.

    `earlier` are messages of past episodes (context at most, never requests). `new_from` is the index in `messages`
    of the first customer message that no turn has answered yet. `actions` are what was offered in the conversation, as
    the ledger has it now, oldest first.
    """

    messages: tuple[Message, ...]
    new_from: int
    principal: Principal
    earlier: tuple[Message, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """How likely the answer is right, 0..1. `calibrated` is False until a threshold was fitted on labelled questions.

    `evidence` names each signal and its value; `contributions` the part each adds to the log-odds.
    """

    value: float
    calibrated: bool
    evidence: dict[str, float] = field(default_factory=dict)
    contributions: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHit:
    """A passage the turn considered, kept for "why this answer"."""

    passage_id: str
    article_id: str
    title: str
    heading: str
    score: float
    dense: float
    lexical: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceSupport:
    """One sentence of a drafted answer and the passage or tool call that supports it (None: it was dropped)."""

    sentence: str
    source: str | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the AI agent would say, and everything it knew. `reason` is set only where `decision` is HANDOFF.

    `text` is Markdown with citation markers [1]; for a HANDOFF it may be empty. `responder` is "extractive" or "llm";
    `anger` is how likely the customer is angry, 0..1, `language` what they write in. `fell_back` says in words why a
    better responder was not used, or "".
    """

    text: str
    decision: Decision
    kind: TurnKind
    question: str
    confidence: Confidence
    responder: str
    citations: tuple[Citation, ...] = ()
    hits: tuple[ShownHit, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    sentences: tuple[SentenceSupport, ...] = ()
    reason: HandoffReason | None = None
    detail: str = ""
    anger: float = 0.0
    language: str | None = None
    request: str | None = None
    knowledge_version: str = ""
    fell_back: str = ""
    pins: Mapping[str, str] = field(default_factory=dict)
    """What else the draft depends on, by name: hashes of prompts and weights, the model's name."""
    proposal: Proposal | None = None
    """An action that the customer is asked to confirm, on a card under the reply; stored with it or not at all."""

    @property
    def offer(self) -> Proposal | None:
        """The proposal, or the newest one that a tool made on the way to this reply."""
        made = [call.result.proposal for call in self.tool_calls if call.result.proposal is not None]
        return self.proposal or (made[-1] if made else None)


class TurnHost:
    """Whoever runs a turn: is told what the AI agent does, shows what may be shown, pays for the model's tokens.

    This one watches nothing, shows nothing before the end, and pays for everything.
    """

    def activity(self, activity: Activity) -> None:
        """What the AI agent is doing now."""

    def note(self, step: StepTaken) -> None:
        """A step that is over, for "why this answer"."""

    def keep(self, exchange: Exchange) -> None:
        """What a model was asked and answered, so that the turn can be replayed."""

    async def show(self, draft: Draft) -> bool:
        """Show the draft as far as it is verified; its text only ever grows. False where it is kept back for now.

        May raise what ends the turn: that nobody waits for its reply any more.
        """
        return False

    async def reserve(self, tokens: int) -> bool:
        """Set tokens aside for one model call; False where a spending cap would be passed."""
        return True

    async def settle(self, reserved: int, used: int) -> None:
        """What the call that reserved so much has really used."""
