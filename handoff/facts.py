"""What the record holds about the present episode, gathered for a brief."""

from __future__ import annotations

from agent.trace import tool_calls_in
from conversations.model import ConversationId, Customer
from conversations.store import ConversationStore
from handoff.brief import CallMade, Facts

EPISODE_MESSAGES = 200
"""Newest messages of an episode that a brief is written from."""


async def gather_facts(
    store: ConversationStore,
    conversation_id: ConversationId,
    customer: Customer,
    *,
    episode: int,
    calls_now: tuple[CallMade, ...] = (),
) -> Facts:
    """Public messages and tool calls of the episode; `calls_now` are those of the turn that is ending."""
    messages = await store.messages(conversation_id, limit=EPISODE_MESSAGES, public_only=True, episode=episode)
    turn_ids = [message.turn_id for message in messages if message.turn_id is not None]
    traces = await store.traces(turn_ids)
    earlier = [
        CallMade(turn_id=turn_id, call=call)
        for turn_id in turn_ids
        if turn_id in traces
        for call in tool_calls_in(traces[turn_id])
    ]
    return Facts(messages=messages, tool_calls=[*earlier, *calls_now], customer=customer)
