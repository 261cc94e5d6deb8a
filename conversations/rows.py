"""Database rows to values and back, in one place."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from sqlalchemy import Row

from conversations.model import (
    Actor,
    AuthorKind,
    Citation,
    Conversation,
    Customer,
    Event,
    Handoff,
    HandoffReason,
    HandoffState,
    HumanAgent,
    JsonObject,
    Message,
    MessageState,
    Role,
    Status,
    Turn,
    TurnState,
    Visibility,
)


def conversation_of(row: Row[tuple[object, ...]]) -> Conversation:
    return Conversation(
        id=row.id,
        customer_id=row.customer_id,
        status=Status(row.status),
        owner_epoch=row.owner_epoch,
        episode=row.episode,
        assignee_id=row.assignee_id,
        subject=row.subject,
        last_seq=row.last_seq,
        created_at=row.created_at,
        updated_at=row.updated_at,
        queued_at=row.queued_at,
        team=row.team,
        ranked_at=row.ranked_at,
        reply_by_email=row.reply_by_email,
        ai_meanwhile=row.ai_meanwhile,
        snoozed_until=row.snoozed_until,
    )


def conversation_values(conversation: Conversation) -> dict[str, object]:
    """What may change of it."""
    c = conversation
    return {
        "status": c.status.value,
        "owner_epoch": c.owner_epoch,
        "episode": c.episode,
        "assignee_id": c.assignee_id,
        "subject": c.subject,
        "last_seq": c.last_seq,
        "updated_at": c.updated_at,
        "queued_at": c.queued_at,
        "team": c.team,
        "ranked_at": c.ranked_at,
        "reply_by_email": c.reply_by_email,
        "ai_meanwhile": c.ai_meanwhile,
        "snoozed_until": c.snoozed_until,
    }


def customer_of(row: Row[tuple[object, ...]]) -> Customer:
    return Customer(
        id=row.id,
        display_name=row.display_name,
        email=row.email,
        external_id=row.external_id,
        created_at=row.created_at,
        segments=frozenset(row.segments or ()),
        claimed_id=row.claimed_id,
    )


def human_agent_of(row: Row[tuple[object, ...]]) -> HumanAgent:
    return HumanAgent(
        id=row.id,
        email=row.email,
        display_name=row.display_name,
        available=row.available,
        last_seen_at=row.last_seen_at,
        left_at=row.left_at,
        active_at=row.active_at,
        role=Role(row.role),
        removed_at=row.removed_at,
    )


def message_of(row: Row[tuple[object, ...]]) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        episode=row.episode,
        author=Actor(kind=AuthorKind(row.author_kind), id=row.author_id, display_name=row.author_name),
        visibility=Visibility(row.visibility),
        text=row.text,
        created_at=row.created_at,
        client_message_id=row.client_message_id,
        turn_id=row.turn_id,
        citations=tuple(Citation(**entry) for entry in row.citations),
        request=row.request,
        state=MessageState(row.state),
    )


def message_values(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "episode": message.episode,
        "author_kind": message.author.kind.value,
        "author_id": message.author.id,
        "author_name": message.author.display_name,
        "visibility": message.visibility.value,
        "text": message.text,
        "created_at": message.created_at,
        "client_message_id": message.client_message_id,
        "turn_id": message.turn_id,
        "citations": [asdict(citation) for citation in message.citations],
        "request": message.request,
        "state": message.state.value,
    }


def turn_of(row: Row[tuple[object, ...]]) -> Turn:
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        state=TurnState(row.state),
        episode=row.episode,
        owner_epoch=row.owner_epoch,
        fence=row.fence,
        through_seq=row.through_seq or 0,
        attempts=row.attempts,
        accepted_at=row.accepted_at,
        deadline_at=row.deadline_at,
        lease_until=row.lease_until,
        finished_at=row.finished_at,
        trace=cast("JsonObject | None", row.trace),
    )


def handoff_of(row: Row[tuple[object, ...]]) -> Handoff:
    return Handoff(
        id=row.id,
        conversation_id=row.conversation_id,
        episode=row.episode,
        state=HandoffState(row.state),
        reason=HandoffReason(row.reason),
        detail=row.detail,
        brief=cast("JsonObject", row.brief),
        queued_at=row.queued_at,
        accepted_at=row.accepted_at,
        accepted_by=row.accepted_by,
        finished_at=row.finished_at,
        placement=cast("JsonObject | None", row.placement),
    )


def event_of(row: Row[tuple[object, ...]]) -> Event:
    return Event(
        conversation_id=row.conversation_id,
        seq=row.seq,
        kind=row.kind,
        public=row.public,
        at=row.at,
        data=cast("JsonObject", row.data),
    )
