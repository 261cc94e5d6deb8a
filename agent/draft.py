"""What a turn of the AI agent is given and what it gives back. Nothing here touches a database or the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from conversations.model import Citation, HandoffReason, Message
from tools.tool import Principal, ToolCall


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


ActivityListener = Callable[[Activity], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnInput:
    """One turn's view of a conversation: public messages of this episode, oldest first, ending with the customer's.

    `earlier` are messages of past episodes (context at most, never requests). `new_from` is the index in `messages`
    of the first customer message that no turn has answered yet.
    """

    messages: tuple[Message, ...]
    new_from: int
    principal: Principal
    earlier: tuple[Message, ...] = ()


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
    `fell_back` says in words why a better responder was not used, or "".
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
    request: str | None = None
    knowledge_version: str = ""
    fell_back: str = ""
