"""The nouns of the record: who said what, who holds the conversation, what was passed on.

Everything here is a frozen value. Instants are timezone-aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

CustomerId = NewType("CustomerId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
TurnId = NewType("TurnId", str)
HandoffId = NewType("HandoffId", str)
HumanAgentId = NewType("HumanAgentId", str)

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


class Status(StrEnum):
    """Who a conversation waits for: the AI agent, the queue, one person, or nobody."""

    AUTOMATED = "automated"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class AuthorKind(StrEnum):
    CUSTOMER = "customer"
    AI_AGENT = "ai_agent"
    HUMAN_AGENT = "human_agent"
    SYSTEM = "system"


class Visibility(StrEnum):
    """PUBLIC messages are shown to the customer; a NOTE is seen by the team only."""

    PUBLIC = "public"
    NOTE = "note"


class MessageState(StrEnum):
    """How far a message is: a reply may grow sentence by sentence, and may end before it is whole."""

    COMPLETE = "complete"
    WRITING = "writing"
    INTERRUPTED = "interrupted"


class TurnState(StrEnum):
    ACCEPTED = "accepted"
    RUNNING = "running"
    ANSWERED = "answered"
    HANDED_OFF = "handed_off"


class HandoffState(StrEnum):
    QUEUED = "queued"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    RESOLVED = "resolved"


class Role(StrEnum):
    """What a person may do in the console: each may all that the ones before it may."""

    VIEWER = "viewer"
    HUMAN_AGENT = "human_agent"
    LEAD = "lead"
    ADMIN = "admin"


class HandoffReason(StrEnum):
    """Why the AI agent passed a conversation on. The value is the reason code in events and metrics."""

    CUSTOMER_ASKED = "customer_asked"
    LOW_CONFIDENCE = "low_confidence"
    UNGROUNDED = "ungrounded"
    RESERVED_TOPIC = "reserved_topic"
    NEEDS_APPROVAL = "needs_approval"
    FRUSTRATION = "frustration"
    LOOP = "loop"
    TURN_CAP = "turn_cap"
    AI_UNAVAILABLE = "ai_unavailable"
    LANGUAGE = "language"
    ABUSE = "abuse"
    ACTION_STUCK = "action_stuck"


class Assurance(IntEnum):
    """How well it is proven who a customer is. Each level includes those below it.

    CLAIMED: a page named them and nobody can tell since when or by whom. SIGNED: the shop's server vouched for them
    minutes ago. VERIFIED: they entered a code that was sent to the address on file.
    """

    ANONYMOUS = 0
    CLAIMED = 1
    SIGNED = 2
    VERIFIED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A person asking. `external_id` is the shop's id for them, present once an identity token proved it; `claimed_id`
    is one that a page named without such a proof. A claim and a proof of the same id are two customers.

    `segments` are the groups that the shop put them in, by which articles may be kept for some.
    """

    id: CustomerId
    display_name: str | None
    email: str | None
    external_id: str | None
    created_at: datetime
    segments: frozenset[str] = frozenset()
    claimed_id: str | None = None

    @property
    def assurance(self) -> Assurance:
        """What is proven in all their conversations; a code entered in one of them proves more there."""
        if self.external_id is not None:
            return Assurance.SIGNED
        return Assurance.ANONYMOUS if self.claimed_id is None else Assurance.CLAIMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who caused a change. `id` is a customer's or human agent's id; None for the AI agent and the system."""

    kind: AuthorKind
    id: str | None = None
    display_name: str | None = None


AI_AGENT = Actor(kind=AuthorKind.AI_AGENT)
SYSTEM = Actor(kind=AuthorKind.SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One customer's conversation. `owner_epoch` rises with every move, so that a stale writer is noticed."""

    id: ConversationId
    customer_id: CustomerId
    status: Status
    owner_epoch: int
    episode: int
    assignee_id: HumanAgentId | None
    subject: str | None
    last_seq: int
    created_at: datetime
    updated_at: datetime
    queued_at: datetime | None
    team: str | None = None
    """Whose queue it waits in, or waited in last; None is everybody's."""
    ranked_at: datetime | None = None
    """Its place in the queue: when it was queued, less its head start."""
    reply_by_email: str | None = None
    """Where people's answers go too, because the customer did not want to wait here."""
    ai_meanwhile: bool = False
    """The customer asks the AI agent on while waiting for a person."""
    snoozed_until: datetime | None = None
    """When it wakes by itself; a message of its customer wakes it sooner."""

    @property
    def ai_answers(self) -> bool:
        return self.status is Status.AUTOMATED or (self.status is Status.QUEUED and self.ai_meanwhile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source shown under an answer. `marker` is the number used in the text as [1]; `quote` is verbatim."""

    marker: int
    article_id: str
    passage_id: str
    title: str
    heading: str
    url: str | None
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry. `seq` is its place in the conversation's event log; text is Markdown as its author wrote it."""

    id: MessageId
    conversation_id: ConversationId
    seq: int
    episode: int
    author: Actor
    visibility: Visibility
    text: str
    created_at: datetime
    client_message_id: str | None = None
    turn_id: TurnId | None = None
    citations: tuple[Citation, ...] = ()
    request: str | None = None
    """What the message asks the page to offer beside its text: "sign_in", "choose", or None."""
    state: MessageState = MessageState.COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Customer message(s) → reply or handoff. `fence` rises with each lease; only its newest holder may finish it."""

    id: TurnId
    conversation_id: ConversationId
    state: TurnState
    episode: int
    owner_epoch: int
    fence: int
    through_seq: int
    """The turn answers what the customer wrote up to here; what came later is another turn's."""
    attempts: int
    accepted_at: datetime
    deadline_at: datetime
    lease_until: datetime | None
    finished_at: datetime | None
    trace: JsonObject | None
    """What the AI agent saw and why it decided so: evidence, confidence, hits, tool results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    id: HandoffId
    conversation_id: ConversationId
    episode: int
    state: HandoffState
    reason: HandoffReason
    detail: str
    brief: JsonObject
    queued_at: datetime
    accepted_at: datetime | None
    accepted_by: HumanAgentId | None
    finished_at: datetime | None
    placement: JsonObject | None = None
    """Where routing put it and why; None where it was queued before there was any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the log. `seq` has no gaps within a conversation; `public` events are the customer's to see."""

    conversation_id: ConversationId
    seq: int
    kind: str
    public: bool
    at: datetime
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanAgent:
    id: HumanAgentId
    email: str
    display_name: str
    available: bool
    last_seen_at: datetime | None
    left_at: datetime | None = None
    """When their last console was closed; None while one is open, or was never heard of."""
    active_at: datetime | None = None
    """Their last sign of life: a key, a click, a touch."""
    role: Role = Role.ADMIN
    removed_at: datetime | None = None
    """When they left the team; the account stays for what they wrote."""
