"""What the record holds about the present episode, gathered for a brief."""

from __future__ import annotations

from collections.abc import Sequence

from agent.trace import tool_calls_in
from conversations.model import Assurance, ConversationId, Customer
from conversations.ratings import ASKS_SOLVED
from conversations.store import ConversationStore
from handoff.brief import CallMade, Facts
from tools.action_model import Action

EPISODE_MESSAGES = 200
"""Newest messages of an episode that a brief is written from."""


async def gather_facts(
    store: ConversationStore,
    conversation_id: ConversationId,
    customer: Customer,
    *,
    episode: int,
    assurance: Assurance | None = None,
    calls_now: tuple[CallMade, ...] = (),
    actions: Sequence[Action] = (),
) -> Facts:
    """Public messages and tool calls of the episode, and the `actions` of the conversation; `calls_now` are those
    of the turn that is ending.

    `assurance` is what was proven in this conversation; by default what is proven in all of the customer's.
    """
    messages = await store.messages(conversation_id, limit=EPISODE_MESSAGES, public_only=True, episode=episode)
    messages = [message for message in messages if message.request != ASKS_SOLVED]
    turn_ids = [message.turn_id for message in messages if message.turn_id is not None]
    traces = await store.traces(turn_ids)
    earlier = [
        CallMade(turn_id=turn_id, call=call)
        for turn_id in turn_ids
        if turn_id in traces
        for call in tool_calls_in(traces[turn_id])
    ]
    return Facts(
        messages=messages,
        tool_calls=[*earlier, *calls_now],
        customer=customer,
        assurance=customer.assurance if assurance is None else assurance,
        actions=actions,
    )
