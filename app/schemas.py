"""The shapes of requests and responses, as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

MAX_MESSAGE_CHARS = 8_000

ClientId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")]
Block = dict[str, JsonValue]


class Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class StartSession(Request):
    identity_token: str | None = Field(default=None, max_length=4_096)
    identifier: str | None = Field(default=None, max_length=200)
    identifier_hash: str | None = Field(default=None, max_length=64)
    session_token: str | None = Field(default=None, max_length=4_096)


class StartConversation(Request):
    client_conversation_id: ClientId


class SendMessage(Request):
    client_message_id: ClientId
    text: str


class AskForCode(Request):
    """Both for a customer who is not signed in; a signed-in one is known, and need give neither."""

    order_number: str | None = Field(default=None, max_length=64)
    email: str | None = Field(default=None, max_length=320)


class EnterCode(Request):
    code: str = Field(min_length=1, max_length=32)


class CodePromised(Shape):
    """The answer is the same whether a code was sent or not; `sent_to` is for signed-in customers only."""

    expires_at: datetime
    sent_to: str | None


class CodeRight(Shape):
    verified_until: datetime


class AskForPerson(Request):
    client_message_id: ClientId


class Empty(Request):
    pass


class SignIn(Request):
    email: str = Field(max_length=320)
    password: str = Field(max_length=1_024)


class SetPresence(Request):
    available: bool


class Move(Request):
    owner_epoch: int


class Assign(Move):
    human_agent_id: str = Field(max_length=64)


class Reply(SendMessage):
    owner_epoch: int


class AuthorShape(Shape):
    kind: str
    id: str | None
    display_name: str | None


class CitationShape(Shape):
    marker: int
    article_id: str
    passage_id: str
    title: str
    heading: str
    url: str | None
    quote: str


class MessageShape(Shape):
    id: str
    seq: int
    episode: int
    author: AuthorShape
    visibility: str
    text: str
    body: list[Block]
    citations: list[CitationShape]
    request: str | None
    client_message_id: str | None
    turn_id: str | None
    state: str
    created_at: datetime


class CustomerShape(Shape):
    id: str
    display_name: str | None
    email: str | None = None
    verified: bool
    """Signed in to the shop, or verified by a code in this conversation."""
    assurance: str
    verified_until: datetime | None = None


class AssigneeShape(Shape):
    id: str
    display_name: str


class ConversationShape(Shape):
    id: str
    status: str
    episode: int
    owner_epoch: int
    subject: str | None
    assignee: AssigneeShape | None
    created_at: datetime
    updated_at: datetime
    queued_at: datetime | None
    snoozed_until: datetime | None
    last_seq: int
    customer: CustomerShape


class RatingShape(Shape):
    id: str
    episode: int
    scale: str
    about: str | None
    message_id: str | None
    asked_at: datetime
    score: int | None
    remark: str | None
    answered_at: datetime | None
    via: str | None


class SessionShape(Shape):
    session_token: str
    expires_at: datetime
    customer: CustomerShape


class WidgetConfig(Shape):
    name: str
    ai_name: str
    greeting: str
    suggestions: list[str]
    online: bool
    away_text: str
    codes: bool
    """Whether a customer can prove who they are by a code that is sent by e-mail."""


class ListedConversation(ConversationShape):
    preview: str


class ConversationList(Shape):
    conversations: list[ListedConversation]
    next_cursor: str | None


class MessagePage(Shape):
    messages: list[MessageShape]
    older_cursor: int | None


class EventShape(Shape):
    """A change between two messages. `kind` and `data` are those of the event stream."""

    seq: int
    kind: str
    data: dict[str, JsonValue]


class OlderMessages(MessagePage):
    events: list[EventShape]


class ConversationView(MessagePage):
    conversation: ConversationShape
    last_seq: int


class Accepted(Shape):
    message: MessageShape
    turn_id: str | None


class Moved(Shape):
    conversation: ConversationShape


class ArticleShape(Shape):
    id: str
    title: str
    url: str | None
    updated_at: datetime | None
    body: list[Block]


class HumanAgentShape(Shape):
    id: str
    email: str
    display_name: str
    available: bool
    online: bool
    role: str


class ConsoleSessionShape(Shape):
    human_agent: HumanAgentShape
    csrf_token: str


class HumanAgentList(Shape):
    human_agents: list[HumanAgentShape]


class PresenceShape(Shape):
    human_agent: HumanAgentShape


class Preview(Shape):
    author_kind: str
    text: str


class ClockShape(Shape):
    """What was promised and runs: `due_at` is None while it is paused. The page tells a breach by its own clock."""

    clock: str
    target: str
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None


class Summary(ConversationShape):
    reason: str | None
    detail: str | None
    preview: Preview | None
    waiting_since: datetime | None
    team: str | None
    head_start_minutes: int
    placed_because: list[str]
    clocks: list[ClockShape]
    tags: list[str]


class Inbox(Shape):
    conversations: list[Summary]
    next_cursor: str | None


class HandoffShape(Shape):
    id: str
    state: str
    reason: str
    detail: str
    queued_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None


class ConsoleMessagePage(MessagePage):
    traces: dict[str, dict[str, JsonValue]]


class ConsoleOlderMessages(ConsoleMessagePage):
    events: list[EventShape]


class ConsoleConversation(ConsoleMessagePage):
    clocks: list[ClockShape]
    tags: list[str]
    conversation: ConversationShape
    customer: CustomerShape
    handoff: HandoffShape | None
    brief: dict[str, JsonValue] | None
    last_seq: int


class ConsoleReply(Shape):
    message: MessageShape
    conversation: ConversationShape


class NoteWritten(Shape):
    message: MessageShape
