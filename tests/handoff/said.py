"""Conversations written down in a line: messages by author, and the turn over them."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.draft import Confidence, Decision, Draft, TurnInput, TurnKind
from conversations.model import (
    Actor,
    Assurance,
    AuthorKind,
    Citation,
    ConversationId,
    CustomerId,
    Message,
    MessageId,
    TurnId,
    Visibility,
)
from tools.tool import Principal

RETURNS = Citation(
    marker=1,
    article_id="returns",
    passage_id="returns#0",
    title="Returns",
    heading="",
    url="/help/returns",
    quote="Within 30 days.",
)


def said(kind: AuthorKind, text: str, seq: int, **changes: object) -> Message:
    values: dict[str, object] = {
        "id": MessageId(f"m{seq}"),
        "conversation_id": ConversationId("c"),
        "seq": seq,
        "episode": 1,
        "author": Actor(kind=kind),
        "visibility": Visibility.PUBLIC,
        "text": text,
        "created_at": datetime(2026, 11, 22, tzinfo=UTC),
        "turn_id": TurnId(f"t{seq}") if kind is AuthorKind.AI_AGENT else None,
    }
    return Message(**(values | changes))  # type: ignore[arg-type]


def customer(text: str, seq: int = 1) -> Message:
    return said(AuthorKind.CUSTOMER, text, seq)


def ai(text: str, seq: int = 1, *citations: Citation) -> Message:
    return said(AuthorKind.AI_AGENT, text, seq, citations=citations)


def turn_of(*messages: Message, new_from: int | None = None) -> TurnInput:
    """A turn over these messages; without `new_from` only the last one is new."""
    return TurnInput(
        messages=messages,
        new_from=len(messages) - 1 if new_from is None else new_from,
        principal=Principal(customer_id=CustomerId("ava"), external_id=None, assurance=Assurance.ANONYMOUS),
    )


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "text": "Within 30 days. [1]",
        "decision": Decision.ANSWER,
        "kind": TurnKind.QUESTION,
        "question": "?",
        "confidence": Confidence(value=0.9, calibrated=False),
        "responder": "extractive",
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]
